# What no browser sends: wrong types, sizes, encodings, methods, repeated fields, forged origins. Clear answers, no crash.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate', vhost => <<'END')->start;
<Location "/elsewhere">
        SetHandler anshin
        Require all granted
    </Location>
END
my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;
my $form = 'application/x-www-form-urlencoded';
my $c = $s->client;
my $page = $c->get('/anshin/login');
my $csrf = $page->field('csrf');
utf8::downgrade($csrf);
my $good = "csrf=$csrf&user=p-01-usr001&password=Umi-to-yama-7";

sub send_body { my ($body, %headers) = @_; return $c->post('/anshin/login', $body, 'Content-Type' => $form, %headers) }

# Content types.
for my $type ('multipart/form-data; boundary=x', 'text/plain', 'application/json', "${form}x", '') {
    is(send_body($good, 'Content-Type' => $type)->status, 415, "Content-Type '$type' (S32)");
}
is(send_body($good, 'Content-Type' => undef)->status, 415, 'no Content-Type (S32)');
is(send_body($good, 'Content-Encoding' => 'gzip')->status, 415, 'an encoded body (S32)');
for my $type ("$form; charset=UTF-8", uc $form, "$form ;x=y") {
    is(send_body("csrf=$csrf&user=p-01-usr001&password=wrong", 'Content-Type' => $type)->status, 401, "Content-Type '$type' is a form");
}
$s->htanshin('user', 'unlock', $person->{user});

# Sizes.
is(send_body("$good&x=" . 'x' x 16384)->status, 413, 'a body over 16 KiB (S32)');
is($c->post('/anshin/login', undef, 'Content-Type' => $form, 'Content-Length' => 99999999999)->status, 413,
    'one that is only announced (S32)');
my $chunk = sprintf "%x\r\n%s\r\n", 4096, 'x' x 4096;
my $host = "localhost:" . $s->port;
my $cookie = "__Host-anshin-browser=$c->{cookies}{'__Host-anshin-browser'}";
my $head = "POST /anshin/login HTTP/1.1\r\nHost: $host\r\nContent-Type: $form\r\nCookie: $cookie\r\n";
is($s->client->raw($head . "Transfer-Encoding: chunked\r\n\r\n" . $chunk x 5 . "0\r\n\r\n", 'POST')->status, 413,
    'one that announces nothing (S32)');
my $small = "csrf=$csrf&user=p-01-usr001&password=wrong";
is($s->client->raw(sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", $head, length $small, $small), 'POST')->status,
    401, 'a chunked form of the right size is a form');
is($s->client->raw($head . "Expect: 100-continue\r\nContent-Length: " . length($small) . "\r\n\r\n$small", 'POST')->status, 401,
    'and so is one that asks first');
is($s->client->raw($head . "Transfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n0\r\n\r\n", 'POST')->status, 400, 'broken chunks');
is($s->client->raw($head . "Content-Length: abc\r\n\r\n", 'POST')->status, 400, 'a length that is none');
is(send_body("$good&" . join('&', map { "f$_=x" } 1 .. 40))->status, 400, 'too many fields (S32)');
is(send_body("csrf=$csrf&user=" . 'u' x 5000 . '&password=x')->status, 400, 'a field beyond every use (S32)');
is(send_body("csrf=$csrf&user=" . 'u' x 1000 . '&password=x')->status, 422, 'a field too long for its use (S32)');
is(send_body("csrf=$csrf&" . 'n' x 100 . '=x')->status, 400, 'a name too long (S32)');
is(send_body('')->status, 403, 'an empty body has no CSRF token (S10)');
is(send_body("csrf=$csrf")->status, 422, 'missing fields are complaints (S32)');

# Encodings.
for my $bad ('%ff', '%c0%af', '%ed%a0%80', '%e3%81', '%00', 'a%00b', '%', '%4', '%zz', "a\0b", "\xff") {
    (my $shown = $bad) =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ge;
    is(send_body("csrf=$csrf&user=$bad&password=x")->status, 400, "'$shown' in a field (S27, S32)");
    is(send_body("csrf=$csrf&$bad=x&user=u&password=x")->status, 400, "'$shown' in a name (S32)");
}
for my $query ('return=%ff', 'return=%', 'lang=ja&lang=en', 'a=%00') {
    is($s->client->get("/anshin/login?$query")->status, 400, "a query that cannot be read: $query (S32)");
}
is($s->client->get('/anshin/login?utm_source=x&%E3%81%82=y')->status, 200, 'one that merely says nothing to us is ignored');

# Repeated fields.
is(send_body("$good&password=other")->status, 400, 'a repeated field (S32)');
is(send_body("$good&csrf=$csrf")->status, 400, 'even a token that is the same');
is(send_body("$good&pass%77ord=other")->status, 400, 'written otherwise');

# The same over HTTP/2.
my $h2 = $s->client(http => 2);
my $h2page = $h2->get('/anshin/login');
is($h2->submit($h2page, { user => 'p-01-usr001', password => 'Umi-to-yama-7' })->status, 303, 'HTTP/2: a form');
is($h2->post('/anshin/login', 'x' x 20000, 'Content-Type' => $form)->status, 413, 'HTTP/2: too much of it (S32)');
is($h2->post('/anshin/login', 'a=%', 'Content-Type' => $form)->status, 400, 'HTTP/2: one that cannot be read (S32)');
is($h2->get('/anshin/')->status, 200, 'HTTP/2: and the session stays');

# Methods.
for my $path (qw(/login /logout /register /register/credentials /download /download/done)) {
    my $r = $c->request('PUT', "/anshin$path", 'x');
    is($r->status, 405, "PUT $path");
    is($r->header('Allow'), 'GET, HEAD, POST', 'with what is allowed');
}
for my $path ('/', '/account', '/help/import', '/help/certificate', '/static/anshin.css') {
    my $r = $c->post("/anshin$path", { csrf => $csrf });
    is($r->status, 405, "POST $path");
    is($r->header('Allow'), 'GET, HEAD', 'with what is allowed');
}
is($c->request($_, '/anshin/login')->status, 405, $_) for qw(DELETE PATCH OPTIONS);

# Places that are none.
for my $path (
    '/anshin/nothing', '/anshin/login/', '/anshin/login/x', '/anshin/LOGIN', '/anshin/static/', '/anshin/static/../lang/ja.json',
    '/anshin/static/%2e%2e/lang/ja.json', '/anshin/static/..%2flang/ja.json', '/anshin/static/.git', '/anshin/static//anshin.css/',
    '/anshin/static/anshin.css%00.js', '/anshin/static/anshin.mustache', '/anshin/static/' . 'a/' x 90 . 'b.css',
    '/anshin/static/icon.svg/x.css', '/anshin//nothing', '/anshin/%ff', '/anshin/%E3%81%82', '/anshin/x%0d%0aSet-Cookie:%20a=b', '/anshin/%22%3E%3Cscript%3E'
) {
    is($s->client->get($path)->status, 404, "no such page: " . substr $path, 0, 60);
}

is($s->client->get('/elsewhere/login')->status, 404, 'a Location that is not where AnshinPortalURL says');
like($s->log, qr{AN0625: /elsewhere/login is not below https://localhost:\d+/anshin, the portal of contract p-01}, 'and the log tells the operator');

# Who sent the form.
my $origin = $c->origin;
for my $bad ('https://evil.example', 'null', "$origin.evil.example", 'http://localhost:' . $s->port, 'https://localhost', "$origin/") {
    is(send_body($good, Origin => $bad)->status, 403, "a form of origin $bad (S10)");
}
for my $site ('cross-site', 'same-site', 'new-word') {
    is(send_body($good, 'Sec-Fetch-Site' => $site)->status, 403, "Sec-Fetch-Site $site (S10)");
}
is(send_body($good, Cookie => "__Host-anshin-browser=" . 'A' x 43)->status, 403, 'the token of another browser (S10)');
is(send_body($good, Cookie => "__Host-anshin-browser=" . 'A' x 43 . "; $cookie")->status, 403, 'two browser cookies: neither is believed (S10)');
is(send_body($good, Cookie => 'x=y')->status, 403, 'no browser cookie at all (S10)');
is(send_body("user=p-01-usr001&password=Umi-to-yama-7")->status, 403, 'no token (S10)');
is(send_body("csrf=&user=p-01-usr001&password=Umi-to-yama-7")->status, 403, 'an empty token (S10)');
is(send_body("csrf=" . 'A' x 64 . "&user=p-01-usr001&password=Umi-to-yama-7")->status, 403, 'a token that nobody made (S10)');
my $refused = send_body("user=p-01-usr001&password=Umi-to-yama-7");
like($refused->text, qr/<h1>[^<]/, 'each with a page that says what to do');
is(scalar(grep { /^__Host-anshin-p-01=/ } $refused->headers('Set-Cookie')), 0, 'and nobody is logged in');
$s->htanshin('user', 'unlock', $person->{user});
my $fresh = $c->get('/anshin/login')->field('csrf');    # the answers above gave the browser a new id
$good =~ s/csrf=[\w-]+/csrf=$fresh/;
is(send_body($good, Origin => undef)->status, 303, 'a browser that sends neither header is judged by the token');
is(send_body($good, Origin => uc($origin) =~ s/HTTPS/https/r, 'Sec-Fetch-Site' => 'same-origin')->status, 303, 'our own form');

# The cookies that we are sent.
for my $value ('', 'x', 'A' x 5000, "a\x01b", '"quoted"', '=;=;=', '%00') {
    my $d = $s->client(cookies => { '__Host-anshin-flow.p-01.0123456789abcdef' => $value, '__Host-anshin-p-01' => $value, 'anshin-lang' => $value });
    isnt($d->get('/anshin/login')->status, 500, 'a hostile cookie');
    cmp_ok($d->get('/anshin/register')->status, '>=', 400, 'opens no flow (S29)');
    cmp_ok($d->get('/anshin/')->status, '!=', 200, 'and no session (S18)');
}
is($s->client->get('/anshin/login')->status, 200, 'after all this the page is there');
$s->finish;
done_testing;
