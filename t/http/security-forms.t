# The attacker who fills in forms, makes others send them, and sends slowly or too much: every field of every form by itself, forms
# of other sites, places to return to, and connections that dawdle.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode ();
use HTML::Form;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use URI;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my %navigation = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
my $s = Anshin::Server->new(server => 'RequestReadTimeout handshake=0 header=5 body=5', contract => <<'END')->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
AnshinAnswerAttempts 100
AnshinCodeAttempts 100
AnshinDownloadAttempts 100
END
sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }
sub inside { my ($p, @want) = @_; my $c = $s->client(@want); is($p->login($c)->status, 303, "$p->{user} is logged in"); return $c }

my $p = person('p-01-usr001');
my $coded = person('p-01-usr002', method => 'otp');
my $waiting = person('p-01-usr003', method => 'certificate');
my $new = Anshin::Person->add($s, 'p-01-usr004');
my $c = inside($p);

# Every page with a form, and what is right in its fields: name => [browser, page, fields].
my %form;
{
    my $guest = $s->client;
    my $keep = sub { my ($name, $browser, $page, $fields) = @_; $form{$name} = [$browser->clone, $page, $fields]; return $page };
    $keep->('login', $guest, $guest->get('/anshin/login'), { user => $p->{user}, password => 'wrong' });
    $keep->("reissue of a $_", $guest, $guest->get("/anshin/reissue/$_"), { user => $p->{user}, address => 'x@example.jp' }) for qw(password certificate);
    my $r = $s->client;
    $keep->('registration code', $r, open_flow($r, $new->{path}), { code => 'wrong' });
    $keep->('credentials', $r, $new->to_credentials($r), { %{ $new->credentials }, password => 'short' });
    my $d = $s->client;
    $keep->('download', $d, open_flow($d, $waiting->download_path), { download_password => 'wrong', profile => 'modern' });
    my $e = $s->client;
    $keep->('proof', $e, open_flow($e, reissue_path($e, 'password', $p)), { question => 'pet', answer => 'wrong' });
    my $o = $s->client;
    my $step = $keep->('login code', $o, $o->follow($coded->login($o)), { code => '000000' });
    $o->submit($step, { send => 1 });
    is($o->submit($step, { code => $coded->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'a user of codes');
    $keep->('authenticator', $o, $o->get('/anshin/account/authenticator'), { code => '000000' });
    $keep->($_, $c, $c->get("/anshin/$_"), {}) for qw(method terminal/change?n=1);
    inside($p);
    $keep->('sessions', $c, $c->get('/anshin/sessions'), { key => 'f' x 64 });
    $keep->('reauthenticate', $c, $c->get('/anshin/reauthenticate'), { password => 'wrong' });
    $keep->('password', $c, $c->get('/anshin/password'), { current => 'wrong', password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' });
    $keep->('question', $c, $c->get('/anshin/question'), { current => 'wrong', question => 'food', answer => 'すし' });
    $keep->('terminal', $c, $c->get('/anshin/terminal/add'), { address => 'b@example.jp', address_confirm => 'c@example.jp', kind => 'pc' });
    $keep->('terminal, confirmed', $c, $c->follow($c->submit($c->get('/anshin/terminal/add'), { address => 'b@example.jp', address_confirm => 'b@example.jp', kind => 'pc' })), {});
}
my %field;    # form => { name => value as the page has it }, and where it goes
for my $name (sort keys %form) {
    my ($browser, $page, $fields) = @{ $form{$name} };
    is($page->status, 200, "the form: $name");
    my ($parsed) = grep { $_->method eq 'POST' && $_->action !~ m{/logout$} } HTML::Form->parse($page->text, base => $s->url($page->{path}));
    my @inputs = grep { defined $_->name } $parsed->inputs;
    $field{$name} = { action => $parsed->action->path_query, own => { map { $_->name => $_->value // '' } grep { $_->type !~ /^(?:submit|button|image|reset)$/ } @inputs }, all => [map { $_->name } @inputs] };
}
my $fields = 0;
$fields += @{ $field{$_}{all} } for keys %field;
cmp_ok($fields, '>=', 40, "fields to try: $fields");

# --- S27: each field of each form, alone, with what would begin a header, a line of a log, a mail or markup ---

my @hostile = (
    "x\r\nSet-Cookie: evil=1\r\nLocation: https://evil.example/\r\n\r\n<script>alert(1)</script>", "x\nBcc: evil\@evil.example\n\n.\n", "b\@example.jp\r\nBcc: evil\@evil.example",
    "\r\n[Sun Jan 01 00:00:00 2026] [error] forged\r\n1.2.3.4 forged", "\x{2028}\x{85}\x{0b}evil: 1", "\"'><img src=x onerror=alert(1)>{{page}}{{{evil}}}%s%n\${evil}", "nul\0evil: 1",
    "=?UTF-8?B?ZXZpbA==?= <evil\@evil.example>, a", "\x1b]0;evil\x07\x1b[2J"
);
for my $name (sort keys %form) {
    my ($browser, $page, $right) = @{ $form{$name} };
    my @bad;
    for my $one (@{ $field{$name}{all} }, 'unasked') {
        for my $text (@hostile) {
            my $d = $browser->clone;
            my $r = $d->post($field{$name}{action}, { %{ $field{$name}{own} }, %$right, $one => $text });
            $d->close;
            my $shown = "$one (" . $r->status . ')';
            push @bad, "$shown: status" unless $r->status =~ /^(?:303|400|401|403|410|422)$/ || ($one eq 'send' && $r->status == 200);
            push @bad, "$shown: header" if grep { $_->[0] =~ /evil/i || $_->[1] =~ /evil|forged|[\x00-\x08\x0a-\x1f]/ } @{ $r->{headers} };
            push @bad, "$shown: markup" if $r->body =~ /<script>alert|<img src=x|\[error\] forged\r?\n1\.2\.3\.4 forged<\/(?!textarea)\w+><script/;
        }
    }
    is(join("\n", @bad), '', "S27: $name: no field takes line ends, NUL or markup anywhere");
}
my @log = split /\n/, $s->log;
my @forged = grep { !/^\[\w{3} \w{3} [ \d]\d [\d:.]+ \d{4}\] \[/ } @log;
cmp_ok(scalar @log, '>', 100, 'the error log has lines: ' . @log);
is(join("\n", @forged), '', 'S27: each of which httpd has written');
is(scalar(grep { /[\x00-\x08\x0b-\x1f\x7f]|\x1b/ } @log), 0, 'S27: and none has control characters');
is(scalar(grep { !/^127\.0\.0\.1 \d{4}-\d\d-\d\dT[\d:]+[+-]\d{4} "/ } split /\n/, $s->access_log), 0, 'S27: the access log as well');
my @mail = $s->mail;
cmp_ok(scalar @mail, '>', 2, 'mail was sent: ' . @mail);
for my $mail (@mail) {
    my ($head) = split /\r?\n\r?\n/, $mail, 2;
    my %seen;
    $seen{ lc $1 }++ while $head =~ /^([\w-]+):/mg;
    unlike($head, qr/evil|forged/, 'S27: no field has come into the head of a mail');
    is(join(' ', grep { $seen{$_} > 1 || /^(?:bcc|cc|reply-to)$/ } sort keys %seen), '', 'S27: which has each header once');
}
unlike(command($s, 'history', $p->{user}, '--limit', '5000') . command($s, 'history', '--unknown', '--limit', '5000'), qr/^(?:Bcc|Set-Cookie|1\.2\.3\.4|\[Sun)|[\x00-\x08\x0b-\x1f\x7f]/m,
    'S27: what the operator reads has no line of theirs');
is($c->get('/members/')->status, 200, 'the session of the forms lives');

# --- S10: forms that others make one send ---

{
    my $token = csrf($c->get('/anshin/password'));
    my %change = (csrf => $token, current => $p->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
    my %bare = %change;
    delete $bare{csrf};
    my $text = Anshin::Client::encode_form(\%change);
    my $strange = csrf($s->client->get('/anshin/login'));
    my @tricks = (
        [ 'without Origin and token',      'POST', \%bare, Origin => undef ],
        [ 'without Origin, with a token of another browser', 'POST', { %bare, csrf => $strange }, Origin => undef ],
        [ 'without Origin, from another site', 'POST', \%change, Origin => undef, 'Sec-Fetch-Site' => 'cross-site' ],
        [ 'without Origin, from another host of the site', 'POST', \%change, Origin => undef, 'Sec-Fetch-Site' => 'same-site' ],
        [ 'our Origin, but from another site', 'POST', \%change, 'Sec-Fetch-Site' => 'cross-site' ],
        [ 'Origin null, as of a sandboxed frame', 'POST', \%change, Origin => 'null' ],
        [ 'an Origin that begins with ours', 'POST', \%change, Origin => $c->origin . '.evil.example' ],
        [ 'an Origin that ends with ours', 'POST', \%change, Origin => 'https://evil.example/' . $c->origin ],
        [ 'ours with a user',              'POST', \%change, Origin => 'https://evil@localhost:' . $s->port ],
        [ 'ours without TLS',              'POST', \%change, Origin => 'http://localhost:' . $s->port ],
        [ 'a list of Origins',             'POST', \%change, Origin => $c->origin . ', https://evil.example' ],
        [ 'a form as text, as fetch() may send it', 'POST', $text, 'Content-Type' => 'text/plain' ],
        [ 'a form of no type, as a Blob is', 'POST', $text, 'Content-Type' => undef ],
        [ 'JSON',                          'POST', '{"csrf":"' . $token . '"}', 'Content-Type' => 'application/json' ],
        [ 'multipart',                     'POST', "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n$token\r\n--x--\r\n", 'Content-Type' => 'multipart/form-data; boundary=x' ],
        [ 'GET with all in the address',   'GET', "?$text" ],
        [ 'GET that says it is a POST',    'GET', "?$text&_method=POST", 'X-HTTP-Method-Override' => 'POST', 'X-HTTP-Method' => 'POST', 'X-Method-Override' => 'POST' ],
        [ 'HEAD',                          'HEAD', "?$text" ]
    );
    for my $trick (@tricks) {
        my ($what, $method, $content, %headers) = @$trick;
        my $d = $c->clone;
        my $r = $method eq 'POST' ? $d->post('/anshin/password', $content, %headers) : $d->request($method, "/anshin/password$content", undef, %headers);
        my $expected = $method ne 'POST' ? 200 : ref $content ? 403 : 415;
        is($r->status, $expected, "S10: $what");
    }
    my $twice = $c->clone->raw("POST /anshin/password HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nOrigin: " . $c->origin . "\r\nOrigin: https://evil.example\r\n"
            . 'Cookie: ' . join('; ', map { "$_=$c->{cookies}{$_}" } sort keys %{ $c->{cookies} }) . "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($text) . "\r\n\r\n$text", 'POST');
    is($twice->status, 403, 'S10: two Origins');
    is({ results($s, $p->{user}) }->{password_changed} // 0, 0, 'S10: nobody has changed the password');
    my $login = $s->client;
    my $mine = csrf($login->get('/anshin/login'));
    my $victim = $s->client;
    $victim->get('/anshin/login');
    is($victim->post('/anshin/login', { csrf => $mine, user => $p->{user}, password => $p->{password} })->status, 403, 'S10: nobody is logged in by a form of another browser');
    is($c->clone->post('/anshin/password', \%change, Origin => undef)->status, 303, 'S10: our own form, without either header, is judged by its token');
    $p->{password} = 'Kawa-to-mori-8';
    $c = inside($p);
}

# --- S26: places to return to, followed to the end as a browser would ---

{
    my @targets = (
        '//evil.example/members/', '///evil.example/members/', '/\\evil.example/members/', '/members//evil.example', '/members/..//evil.example/', '/members/%2e%2e//evil.example/', '/members/?//evil.example',
        '/members/\\evil.example', '/%5cevil.example/members/', '/%2f%2fevil.example/../members/', '/members/%0d%0aLocation:%20https://evil.example/', '/members/@evil.example/', '/members/;@evil.example',
        '/members/?x=%0d%0aSet-Cookie:%20evil=1', '/members/<script>', '/members/"onload="alert(1)', '/members/?' . 'x' x 1500, '/members/%09//evil.example', '/.//evil.example/../../members/', '/members/%ff%fe', '/members/javascript:alert(1)',
        'https://evil.example/members/', 'http://localhost@evil.example/members/', '//localhost:' . $s->port . '@evil.example/members/'
    );
    my $led = 0;
    for my $target (@targets) {
        my $r = $s->client->raw("GET $target HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        my ($sealed) = ($r->header('Location') // '') =~ /[?&]return=([^&]+)/ or next;
        my $d = $s->client;
        for my $end (
            sub { $p->login($d, return => $sealed) },
            sub { my $again = $d->get("/anshin/login?lang=en&return=$sealed"); my $n = $s->client; $n->follow($again) if $again->status == 303; return $p->login($n, return => $sealed) }
        ) {
            my $to = $end->()->header('Location');
            my $where = URI->new_abs($to =~ tr{\\}{/}r =~ s/[\t\r\n]//gr, $s->url('/anshin/login'));
            is($where->can('host_port') ? $where->scheme . '://' . $where->host_port : "$where", 'https://localhost:' . $s->port, 'S26: ' . substr($target, 0, 40) . ' leads to this site: ' . substr $to, 0, 60);
            unlike($to, qr{^/[/\\]|[\r\n\t<"]}, 'S26: by a path');
            $led++;
        }
    }
    cmp_ok($led, '>', 10, "targets that led through the login: $led");
    for my $path ('/anshin/terminal/change?n=1%0d%0aLocation:%20https://evil.example', '/anshin/history?page=1&x=//evil.example', '/anshin/history?//evil.example/', '/anshin/account?return=https://evil.example') {
        my $d = $s->client;
        my $to = $p->login($d, return => ($d->get($path)->header('Location') =~ /return=([^&]+)/)[0] // '')->header('Location');
        like($to, qr{^/anshin/(?:terminal/change|history|account)(?:\?[^\r\n\\]*)?$}, "S26: a page of the portal leads back to itself: $path");
    }
}

# --- S32: too much of everything ---

{
    my $port = $s->port;
    $c = inside($p);
    my $token = csrf($c->get('/anshin/password'));
    my $ok = "GET /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n";
    my $post = sub { my ($body, $more) = @_; return "POST /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n" . ($more // '') . 'Content-Length: ' . length($body) . "\r\n\r\n$body" };
    my %too_much = (
        'an address of 1 MB'      => "GET /anshin/login?" . 'a' x 1_000_000 . " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        'an address of 7 KB'      => "GET /anshin/login?" . 'a=%41' x 1400 . " HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n\r\n",
        'a path of 7 KB'          => 'GET /anshin/' . 'a/' x 3500 . " HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n\r\n",
        'a method of 8 KB'        => 'A' x 8000 . " /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\n\r\n",
        'a header of 1 MB'        => "${ok}X: " . 'a' x 1_000_000 . "\r\n\r\n",
        'a name of a header of 1 MB' => $ok . 'X' x 1_000_000 . ": a\r\n\r\n",
        'ten thousand headers'    => $ok . join('', map { "X-$_: a\r\n" } 1 .. 10_000) . "\r\n",
        'a cookie of 1 MB'        => "${ok}Cookie: __Host-anshin-p-01=" . 'a' x 1_000_000 . "\r\n\r\n",
        'a cookie of 8 KB'        => "${ok}Cookie: __Host-anshin-flow=" . 'a' x 8000 . "\r\n\r\n",
        'two thousand cookies'    => "${ok}Cookie: " . join('; ', map { "c$_=" } 1 .. 1200) . "\r\n\r\n",
        'a body of 10 MB'         => $post->('a=' . 'x' x 10_000_000),
        'a body of 16 KB and one' => $post->('a' x 16385),
        'a field of 16 KB'        => $post->('csrf=x&user=' . 'u' x 16000),
        'a field of escapes'      => $post->('csrf=x&user=' . '%41' x 5000),
        'five thousand fields'    => $post->(join '&', map { "f$_" } 1 .. 3000),
        'five thousand ampersands' => $post->('&' x 16000),
        'ten thousand equal signs' => $post->('=' x 16000),
        'a length that is not true' => "POST /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9223372036854775807\r\n\r\n",
        'chunks of a byte without end' => "POST /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n" . "1\r\na\r\n" x 50_000 . "0\r\n\r\n",
        'an extension of a chunk of 1 MB' => "POST /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n1;" . 'x' x 1_000_000 . "\r\na\r\n0\r\n\r\n"
    );
    for my $what (sort keys %too_much) {
        my $r = $s->client(timeout => 60)->exchange($too_much{$what}, 'POST');
        ok($r->status == 0 || ($r->status >= 400 && $r->status < 500) || ($r->status == 200 && $what =~ /7 KB|cookie/), "S32: $what: " . ($r->status || 'closed'));
    }
    my $h2 = $s->client(http => 2);
    is($h2->post('/anshin/login', 'a' x 20_000, 'Content-Type' => 'application/x-www-form-urlencoded')->status, 413, 'S32: HTTP/2: a body');
    is($s->client->get('/anshin/login')->status, 200, 'S32: the page is there afterwards');
    is($c->post('/anshin/reissue/password', { csrf => $token, user => 'u' x 2000, address => 'a@example.jp' })->status, 422, 'S32: what is too long for its use is not stored');
}

# --- S32: what dawdles is ended, and keeps nobody else waiting ---

{
    my $head = "POST /anshin/login HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    my @slow;
    for my $n (1 .. 24) {
        my $d = $s->client;
        my $socket = $d->connect or die "no connection: $d->{error}";
        my $kind = ('a body', 'a body in chunks', 'headers')[ $n % 3 ];
        $socket->syswrite($kind eq 'a body' ? "${head}Content-Length: 5000\r\n\r\ncsrf=" : $kind eq 'headers' ? "${head}X-1: " : "${head}Transfer-Encoding: chunked\r\n\r\n5\r\ncsrf=\r\n");
        push @slow, { client => $d, socket => $socket, kind => $kind, drip => $kind eq 'a body in chunks' ? "1\r\na\r\n" : 'a' };
    }
    my @while;
    local $SIG{PIPE} = 'IGNORE';
    for (1 .. 10) {
        for my $one (@slow) { $one->{socket}->syswrite($one->{drip}) if $one->{socket}->opened }
        push @while, $s->client->get('/anshin/login')->status, $c->get('/members/')->status;
        push @while, $p->login($s->client)->status;
        sleep 0.05;
    }
    is(join(' ', sort @while), join(' ', (200) x 20, (303) x 10), 'S32: while 24 connections dawdle others log in and read');
    my %end;
    for my $one (@slow) {
        my $r = bless { status => 0, headers => [], body => '' }, 'Anshin::Response';
        eval { local $SIG{ALRM} = sub { die "slow\n" }; alarm 60; $one->{client}->read_response($one->{socket}, $r, 'POST'); 1 } or $r->{status} = $@ =~ /^slow/ ? 'open' : 0;
        alarm 0;
        $end{"$one->{kind}: " . ($r->{status} || 'closed')}++;
        $one->{client}->close;
    }
    is_deeply([ grep { !/: (?:408|400|closed)$/ } sort keys %end ], [], 'S32: in the end each is told so or closed') or diag explain \%end;
    note explain \%end;
    is($s->client->get('/anshin/login')->status, 200, 'S32: and all is as before');
}
unlike($s->log, qr/AN0612|AN0564|AN0562/, 'no page that could not be drawn');
$s->finish;
done_testing;
