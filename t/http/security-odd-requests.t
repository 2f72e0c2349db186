# The attacker at the door of the protected site: odd addresses, methods, versions, hosts and headers; internal redirects, error
# documents and parts of pages. Whatever is tried, nobody without a session sees a protected page.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my %navigation = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');

my $s = Anshin::Server->new(
    contract => "AnshinLoginMethods password certificate\nAnshinAddressAttempts 1000000",
    sites    => {
        strict => 'AnshinLoginMethods certificate', wary => "AnshinLoginMethods password\nAnshinAddressAttempts 5",
        staff => "AnshinLoginMethods password\nAnshinStaff on\nAnshinReauthenticate 1h", customers => "AnshinLoginMethods password\nAnshinOperators staff"
    },
    server   => <<'END', vhost => <<'MORE');
LoadModule include_module "@LIBEXEC@/mod_include.so"
<Directory "@ROOT@/htdocs/secret">
    AuthType Anshin
    Require valid-user
</Directory>
<Directory "@ROOT@/htdocs/parts">
    Options Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
END
    Alias "/alias" "@ROOT@/htdocs/secret"
    AliasMatch "^/case/(.*)$" "@ROOT@/htdocs/secret/$1"
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    ProxyPass "/proxied/" "http://127.0.0.1:@BACKEND@/"
    RewriteEngine on
    RewriteRule "^/short$" "/members/index.html" [PT]
    RewriteRule "^/file$" "@ROOT@/htdocs/secret/index.html" [L]
    <Location "/broken">
        ErrorDocument 404 /members/index.html
        ErrorDocument 403 /secret/index.html
    </Location>
    <Location "/broken/forbidden">
        Require all denied
    </Location>
    <Location "/double">
        AuthType Anshin
        Require valid-user
        ErrorDocument 401 /members/index.html
    </Location>
MORE
for my $directory (qw(secret parts)) { mkdir $s->root . "/htdocs/$directory" or die $! }
Anshin::PKI::write_text($s->root . '/htdocs/secret/index.html', "<!DOCTYPE html><title>s</title><p>the members' page</p>\n");
Anshin::PKI::write_text($s->root . '/htdocs/parts/page.shtml', "<p>around</p><!--#include virtual=\"/members/index.html\" -->\n");
$s->start;

my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;
my $in = $s->client;
$person->login($in);
my $id = $in->{cookies}{'__Host-anshin-p-01'};

sub closed {
    my ($r, $what) = @_;
    ok($r->body !~ /members' page|REQUEST_METHOD|Anshin-User/ && $r->status != 200 && $r->status != 500, "$what (" . $r->status . ')')
        or diag substr $r->body, 0, 300;
    return;
}

# --- addresses that mean the same, or look as if they did ---

my @ways = (
    '/members/', '/members/index.html', '//members/', '///members//index.html', '/./members/', '/open/../members/', '/anshin/../members/',
    '/anshin/%2e%2e/members/', '/anshin/static/../../members/', '/%6dembers/', '/%6d%65%6D%62ers/index.html', '/members/.', '/members/./index.html',
    '/members/x/../index.html', '/members/cgi-bin/env.cgi', '/members//cgi-bin/env.cgi', '/open/../members/cgi-bin/env.cgi/info',
    '/members/proxied/', '/%6dembers/proxied/x', '//members//proxied/', '/secret/', '/alias/', '/alias/index.html', '/case/index.html',
    '/short', '/file', '/members/?x=/open/', '/members/;/open/', '/members/index.html?a=%00', '/members/index.html#x', '/secret/../alias/'
);
for my $http (1, 2) {
    my $c = $s->client(http => $http);
    closed($c->get($_, %navigation), "HTTP/$http: $_ needs a session (LOG-1)") for @ways;
}
is($in->get($_)->status, 200, "with one $_ is there (APP-1)") for '//members/', '/alias/', '/short', '/file', '/case/index.html';
my @tricks = (
    '/members%2findex.html', '/members%00/', '/members/%00', '/members;x=1/', '/members%3b/index.html', '/Members/', '/MEMBERS/index.html',
    '/open/..%2fmembers/', '/open/%2e%2e%2fmembers/', '/open/..;/members/', '/open/..%5cmembers/', '\\members\\', '/open/%252e%252e/members/',
    '/members%20/', '/%ffmembers/', '/members/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/../members/', '/anshin/login/../../members/index.html', '*'
);
for my $target (@tricks) {
    my $r = $s->client->raw("GET $target HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nConnection: close\r\n\r\n");
    ok($r->body !~ /members' page|REQUEST_METHOD|root:/, "no trick: $target (" . $r->status . ')');
}

# --- methods, versions, bodies ---

for my $method (qw(HEAD POST PUT DELETE OPTIONS TRACE PATCH PROPFIND CONNECT ANSHIN get)) {
    for my $path ('/members/', '/members/cgi-bin/env.cgi') {
        my $r = $s->client(timeout => 5)->request($method, $path);
        ok($r->status >= 300 && $r->status != 500 && $r->body !~ /members' page|GATEWAY_INTERFACE/, "$method $path (" . $r->status . ')');
    }
}
my $port = $s->port;
for my $bytes (
    "GET /members/ HTTP/1.0\r\n\r\n", "GET /members/index.html HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", "GET /members/\r\n\r\n",
    "GET /members/ HTTP/1.1\r\n\r\n", "GET /members/ HTTP/9.9\r\nHost: x\r\n\r\n", "GET  /members/  HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET https://localhost:$port/members/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "GET http://evil.example/members/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET /members/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "GET /open/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /members/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /members/ HTTP/1.1\r\nHost: localhost\r\nCookie: " . join('; ', map { "__Host-anshin-p-01=$_" } 1 .. 200) . "\r\nConnection: close\r\n\r\n",
    "GET /members/?" . 'q' x 8100 . " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET /members/ HTTP/1.1\r\nHost: localhost\r\nCookie: " . 'c' x 9000 . "\r\nConnection: close\r\n\r\n",
    "GET /members/ HTTP/1.1\r\nHost: localhost\r\n" . join('', map { "X-$_: y\r\n" } 1 .. 150) . "Connection: close\r\n\r\n"
) {
    my $r = $s->client(timeout => 10)->raw($bytes);
    ok($r->body !~ /members' page/ && $r->status != 500, 'odd bytes: ' . substr($bytes =~ s/\r\n/ /gr, 0, 70) . ' (' . $r->status . ')');
}

# --- internal redirects, error documents, parts of pages ---

for my $path ('/broken/nothing', '/broken/forbidden/', '/double/x') {
    my $r = $s->client->get($path, %navigation);
    ok($r->body !~ /members' page/ && $r->status != 500, "$path: an error document behind the door stays there (" . $r->status . ')');
    $r = $s->client->get($path);
    ok($r->body !~ /members' page/ && $r->status != 500, "$path: for a program as well (" . $r->status . ')');
}
my $part = $s->client->get('/parts/page.shtml');
is($part->status, 200, 'an open page with a protected part');
ok($part->body =~ /around/ && $part->body !~ /members' page/, 'is shown without it');
$part = $in->get('/parts/page.shtml');
like($part->body, qr/around.*members' page/s, 'and with it to whoever has a session');

# --- a site's query is none of ours: the help about the certificate comes whatever it holds (LOG-3) ---

for my $query ('a=1&a=2', 'a=%E9', 'a=%zz', '=', join('&', map { "f$_=1" } 1 .. 100), 'lang=en&return=x', 't=' . 'A' x 43) {
    my $c = $s->client(host => 'strict.localhost', ca => undef);
    my $r = $c->get("/members/?$query", %navigation);
    is($r->status, 401, 'LOG-3: the certificate help for /members/?' . substr $query, 0, 20);
    like($r->text, qr/AN-[2-9B-Z]{8}/, 'with the number for the help desk');
    unlike($r->body, qr/lang=\w+&(?:amp;)?return=x/, 'and nothing of the query in its links');
}

# --- links never come from the request (CON-1) ---

my $evil = 'evil.example';
for my $headers (
    { Host => $evil }, { Host => "$evil:$port" }, { 'X-Forwarded-Host' => $evil }, { Forwarded => "host=$evil;proto=http" },
    { 'X-Original-URL' => "https://$evil/" }, { 'X-Rewrite-URL' => "//$evil/" }, { Referer => "https://$evil/" }, { 'X-Forwarded-Proto' => $evil }
) {
    my ($name) = %$headers;
    for my $path ('/members/', '/anshin/', '/anshin/login', '/anshin/reissue/password', '/anshin/help', '/anshin/nothing', '/anshin/register', '/anshin/account') {
        my $r = $s->client->get($path, %navigation, %$headers);
        my $all = join "\n", $r->body, map { "$_->[0]: $_->[1]" } @{ $r->{headers} };
        unlike($all, qr/\Q$evil\E/, "$name at $path appears nowhere (CON-1, S26)");
    }
}
{
    my $c = $s->client;
    my $led = $c->get('/anshin/reissue/password', Host => $evil);
    is($led->status . ' ' . $led->header('Location'), '303 ' . $s->url('/anshin/reissue/password'), 'ISO-3: a page under another host name is led to the portal');
    my $page = $c->get('/anshin/reissue/password');
    my $token = $page->field('csrf');
    utf8::downgrade($token);
    my %fields = (csrf => $token, user => $person->{user}, address => $person->{address});
    is($c->post('/anshin/reissue/password', \%fields, Host => $evil)->status, 403, 'ISO-3: a form under another host name is refused');
    my $r = $c->post('/anshin/reissue/password', \%fields, 'X-Forwarded-Host' => $evil);
    is($r->status, 303, 'a reissue asked for with another host name beside ours');
    my $link = $person->wait_text(qr{(https?://\S+/reissue/password/prove)});
    is($link, $s->url('/anshin/reissue/password/prove'), 'is mailed with a link to the portal (CON-1)');
}

# --- the help desk: for whoever is logged in there, at its own address, by its own methods (ROL-2) ---

{
    my $known = 'himitsu@customer.example';
    command_in($s, 'customers', 'user', 'add', 'kyaku-1', '--address', $known, '--name', 'Himitsu');
    my $operator = Anshin::Person->add($s, 'ope-1', contract => 'staff');
    my $c = $s->client(host => 'staff.localhost', ca => undef);
    $operator->register($c);
    command_in($s, 'staff', 'user', 'set', 'ope-1', '--role', 'admin');
    expect_link($operator->login($c), 303);
    my $user = $c->follow($c->follow($c->submit($c->get('/anshin/desk'), { q => 'kyaku-1' }, qr{/desk$})));
    like($user->text, qr/\Q$known\E/, 'an operator sees a user');
    my ($who) = $user->{path} =~ /who=([\w-]+)/;
    my ($token, @routes) = (csrf($user), routes(desk => 1));
    my %query = map { $_->{path} => $_->{path} =~ m{/list} ? '?about=invited&verb=disable&rows=' : "?who=$who&verb=disable" } @routes;
    my $state = sub { return command_in($s, 'customers', '--json', 'user', 'show', 'kyaku-1') =~ s/"last_\w+": .*//gr };
    my $before = $state->();
    my %no = (
        'nobody' => $s->client(host => 'staff.localhost', ca => undef), 'a user of another contract' => $in,
        'the session of another contract' => $c->clone(cookies => { '__Host-anshin-staff' => $id }), 'the operator at another contract' => $c->clone(host => 'customers.localhost', cookies => { %{ $c->{cookies} }, '__Host-anshin-customers' => $c->{cookies}{'__Host-anshin-staff'} })
    );
    for my $route (@routes) {
        my $path = "/anshin$route->{path}";
        for my $whose (sort keys %no) {
            my @answers = ($no{$whose}->get("$path$query{$route->{path}}"), $no{$whose}->post("$path$query{$route->{path}}", { csrf => $token, q => 'kyaku-1' }));
            is(join(' ', grep { $_ < 300 || $_ > 499 } map { $_->status } @answers), '', "ROL-2: $path: not for $whose");
            ok(!(grep { $_->body =~ /kyaku|Himitsu|himitsu/ } @answers), 'who learns nothing');
        }
        my %odd = map { $_ => $c->request($_, "$path$query{$route->{path}}")->status } qw(PUT DELETE OPTIONS TRACE PATCH PROPFIND ANSHIN get), $route->{post} ? () : 'POST';
        is(join(' ', map { "$_ $odd{$_}" } grep { $odd{$_} !~ /^4(?:0[035]|13)$/ && !($_ eq 'OPTIONS' && $odd{$_} == 200) && $odd{$_} != 501 } sort keys %odd), '', "$path: its own methods alone");
    }
    for my $odd ("?who=$who&who=$who", '?who=', '?who=' . 'A' x 4000, "?who=$who%00", "?who=${who}A", '?who=' . substr($who, 1), "?who=$who%ff", '?who[]=' . $who, "?who=../../$who", '?who=%0d%0aSet-Cookie:%20evil=1') {
        for my $path ('desk/user', 'desk/act') {
            my $r = $c->get("/anshin/$path$odd&verb=disable");
            like($r->status, qr/^4\d\d$/, "/anshin/$path" . substr($odd, 0, 20) . ' names nobody');
            unlike($r->body, qr/\Q$known\E|evil/, 'and shows nobody');
        }
    }
    for my $path ('/anshin//desk/user', '/anshin/./desk/user', '/anshin/x/../desk/user', '/anshin/%64esk/user', '/anshin/desk/user/', '/anshin/desk/user/x', '/anshin/desk%2fuser', '/anshin/DESK/user', '/anshin/desk/user;x') {
        my $r = $no{nobody}->get("$path?who=$who");
        ok($r->status != 200 && $r->status < 500 && $r->body !~ /\Q$known\E/, "$path is no way in (" . $r->status . ')');
    }
    is($state->(), $before, 'ROL-2: nothing of all this has changed anything');
    is($c->get($user->{path})->status, 200, 'and the operator is where he was');
}

# --- addresses are believed of nobody (LCK-4) ---

{
    my $c = $s->client(host => 'wary.localhost', ca => undef);
    my @answers;
    for my $n (1 .. 7) {
        my $page = $c->get('/anshin/login');
        my $token = $page->field('csrf');
        utf8::downgrade($token);
        my %claims = map { $_ => "198.51.100.$n" } qw(X-Forwarded-For X-Real-IP Client-IP X-Client-IP True-Client-IP CF-Connecting-IP);
        my $r = $c->post('/anshin/login', { csrf => $token, user => "nobody$n", password => 'x' }, %claims, Forwarded => "for=198.51.100.$n");
        push @answers, $r->status;
    }
    is("@answers", '401 401 401 401 401 429 429', 'an address that claims to be others is throttled all the same (LCK-4, S6)');
    unlike($s->htanshin('--contract', 'wary', 'history', '--unknown', '--limit', '50')->{out}, qr/198\.51\.100/, 'and the history knows who it was (S28)');
}

# --- what back ends and programs are told cannot be bent (S22) ---

for my $name ('Anshin-User', 'close, Anshin-User', 'anshin_user', 'Keep-Alive,ANSHIN-USER , Anshin-Method') {
    my $r = $in->get('/members/proxied/', Connection => $name, 'Anshin-User' => 'root');
    my @users = $r->body =~ /^Anshin-User: (.*?)\r?$/mg;
    is_deeply(\@users, [$person->{user}], "Connection: $name takes the user from no back end (S22, APP-1)");
    like($r->body, qr/^Anshin-Method: password\r?$/m, 'nor the method');
    $in->close;
}
{
    my $body = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: Anshin-User\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nAnshin-User: root\r\nRemote-User: root\r\n\r\n";
    for my $path ('/cgi-bin/env.cgi', '/proxied/') {
        my $r = $s->client->raw("POST $path HTTP/1.1\r\nHost: localhost:$port\r\n$body", 'POST');
        unlike($r->body, qr/=root|: root/, "a trailer tells $path nothing (S22)");
    }
}
for my $path ('/proxied/', '/cgi-bin/env.cgi', '/members/proxied/', '/members/cgi-bin/env.cgi') {
    for my $lines ("Cookie: a=1\r\nCookie: __Host-anshin-p-01=$id", "Cookie: __Host-anshin-p-01=$id\r\nCookie: a=1", "Cookie: a=1,__Host-anshin-p-01=$id",
        "Cookie: a=1;;  __Host-anshin-p-01=$id ; b=2", "Cookie: a=1;\t__Host-anshin-p-01=$id", "cookie: __Host-anshin-p-01=$id; __Host-anshin-p-01=$id") {
        my $r = $s->client->raw("GET $path HTTP/1.1\r\nHost: localhost:$port\r\n$lines\r\nConnection: close\r\n\r\n");
        unlike($r->body, qr/\Q$id\E/, "$path does not see the session: " . ($lines =~ s/\r\n/, /r =~ s/\Q$id\E/ID/gr) . ' (' . $r->status . ')');
    }
}
for my $value ($id . 'A', substr($id, 0, -1), lc($id) eq $id ? uc $id : lc $id, "\"$id\"", " $id", "$id,x", "%$id") {
    closed($s->client->get('/members/', Cookie => "__Host-anshin-p-01=$value"), 'a session id is exact (S18)') unless $value eq " $id";
}
closed($s->client->get('/members/', Cookie => "$_=$id"), "the cookie's name is exact: $_ (S18)")
    for '__host-anshin-p-01', '__Host-anshin-P-01', '__Host-anshin-', '__Secure-anshin-p-01', 'anshin-p-01', '__Host-anshin-flow', ' x__Host-anshin-p-01';
for my $pair ("__Host-anshin-p-01=$id; __Host-anshin-p-01=" . 'B' x 43, '__Host-anshin-p-01=' . 'B' x 43 . "; __Host-anshin-p-01=$id") {
    closed($s->client->get('/members/', Cookie => $pair), 'of two session cookies neither is believed (S14)');
}
is($s->client->get('/members/', Cookie => "__Host-anshin-p-01=$id")->status, 200, 'after all this the session lives');

unlike($s->log . $s->access_log, qr/\Q$id\E/, 'the session id is in no log (S28)');
$s->finish;
done_testing;
