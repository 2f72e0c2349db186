# The attacker at every page of the portal, taken from its route table: methods, CSRF tokens, origins, bodies and queries. What
# is refused changes nothing: account, history and session are the same afterwards.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Attack qw(csrf marks send_code);
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my $FORM = 'application/x-www-form-urlencoded';
my $s = Anshin::Server->new(
    server   => "AnshinCAThreads 1\nRequestReadTimeout header=20 body=1",
    contract => <<'END', sites => { other => '' })->start; # where mail has links: pages that are not there without (NOM-1)
AnshinLoginMethods password otp certificate
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
AnshinCodeAttempts 100
AnshinMailLinks off
END

my @routes = map { { %$_, path => "/anshin$_->{path}" } } routes();
cmp_ok(scalar @routes, '>=', 35, 'the route table has many rows');
my @posts = grep { $_->{post} } @routes;
cmp_ok(scalar @posts, '>=', 20, 'more than twenty take forms');

# A user of codes who is logged in, whose pages do the most.
my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'otp');
$p->register;
my $c = $s->client;
{
    my $sent = send_code($c, $c->follow($p->login($c)));
    my $code = $p->wait_text(qr/\b(\d{6})\b/);
    is($c->post('/anshin/login/code', { marks($sent), code => $code })->status, 303, 'somebody is logged in');
}

# What the operator sees of the account, and how much stands in its history.
sub state_of {
    my $shown = $s->htanshin('--contract', 'p-01', '--json', 'user', 'show', $p->{user});
    my $history = $s->htanshin('--contract', 'p-01', 'history', $p->{user}, '--limit', '5000');
    $shown->{status} == 0 && $history->{status} == 0 or die $shown->{err} . $history->{err};
    my $sessions = $s->htanshin('--contract', 'p-01', 'session', 'list', $p->{user});
    return join "\n", $shown->{out}, $history->{out} =~ tr/\n//, $sessions->{out} =~ tr/\n//, scalar $s->mail;
}

my $before = state_of();
my $token = csrf($c->get('/anshin/password'));
my $stranger = $s->client;
my $theirs = csrf($stranger->get('/anshin/login'));
my $elsewhere = csrf($s->client(host => 'other.localhost', ca => undef)->get('/anshin/reissue/password'));
my %linked = map { $_->{path} => 1 } grep { $_->{flags} =~ /ROUTE_LINKED/ } @routes;
cmp_ok(scalar keys %linked, '==', 3, 'pages of mail with links');
my $with_links = $s->client(host => 'other.localhost', ca => undef);
my $session = $c->{cookies}{'__Host-anshin-p-01'};
my %cookies = %{ $c->{cookies} };

# Any page of ours may drop a flow or set a language: each request begins with the same cookies.
sub ask {
    my ($method, $path, $body, %headers) = @_;
    my $to = $linked{ $path =~ s/\?.*//sr } ? $with_links : $c;
    $to->{cookies} = $to == $c ? {%cookies} : {};
    my $r = $method eq 'POST' ? $to->post($path, $body, 'Content-Type' => $FORM, %headers) : $to->request($method, $path, $body, %headers);
    if (($r->header('Connection') // '') eq 'close') { $to->close }
    return $r;
}

# All fields that any page knows, so that what slips through would do something.
my $all = join '&', "csrf=$token", 'user=p-01-usr001', "password=$p->{password}", 'password_confirm=x', "current=$p->{password}", 'code=000000', 'all=1',
    'action=remove', 'method=password', 'kind=pc', 'address=z%40example.jp', 'address_confirm=z%40example.jp', 'question=pet', 'answer=x', 'terminal=1', 'profile=modern';
my $bare = $all =~ s/^csrf=[^&]*&//r;

# --- methods ---

for my $route (@routes) {
    my $path = $route->{path};
    my $allow = $route->{post} ? 'GET, HEAD, POST' : 'GET, HEAD';
    for my $method (qw(PUT DELETE PATCH OPTIONS TRACE PROPFIND MOVE get)) {
        my $r = ask($method, $path, $method eq 'TRACE' ? undef : $all, 'Content-Type' => $FORM);
        is($r->status, 405, "$method $path (S10)");
        is($r->header('Allow'), $allow, 'with what is allowed') unless $method eq 'TRACE'; # which is httpd's answer
        unlike($r->body, qr/\Q$session\E/, 'and no cookie in it');
    }
    is(ask('POST', $path, $all)->status, 405, "POST $path (S10)") unless $route->{post};
}

# --- CSRF: no form without a token of this browser and this contract, whatever else is right (S10) ---

for my $route (@posts) {
    my $path = $route->{path};
    my %refused = (
        'no token' => $bare, 'an empty token' => "csrf=&$bare", 'the token of another browser' => "csrf=$theirs&$bare",
        'the token of another contract' => "csrf=$elsewhere&$bare", 'a cut token' => 'csrf=' . substr($token, 0, 63) . "&$bare",
        'a bent token' => 'csrf=' . ($token =~ s/(.)$/$1 eq 'A' ? 'Q' : 'A'/er) . "&$bare", 'a token in the wrong case' => 'csrf=' . (lc $token ne $token ? lc $token : uc $token) . "&$bare",
        'the name in the wrong case' => "CSRF=$token&$bare"
    );
    is(ask('POST', $path, $refused{$_})->status, 403, "$path: $_ (S10)") for sort keys %refused;
    is(ask('POST', "$path?csrf=$token", $bare)->status, 403, "$path: a token in the address is none (S10)");
    is(ask('POST', $path, "$all&csrf=$token")->status, 400, "$path: the token twice (S10)");
    is(ask('POST', $path, "csrf=$theirs&$all")->status, 400, "$path: two tokens (S10)");
    for my $origin ('null', 'https://evil.example', 'http://localhost:' . $s->port, 'https://localhost', 'https://other.localhost:' . $s->port, '') {
        is(ask('POST', $path, $all, Origin => $origin)->status, 403, "$path: Origin '$origin' (S10)");
    }
    for my $site (qw(cross-site same-site), '') {
        is(ask('POST', $path, $all, 'Sec-Fetch-Site' => $site)->status, 403, "$path: Sec-Fetch-Site '$site' (S10)");
    }
    $c->{cookies} = {};
    is($s->client(cookies => { '__Host-anshin-p-01' => $session })->post($path, $all, 'Content-Type' => $FORM)->status, 403,
        "$path: the session without the browser's cookie (S10)");
}
is(state_of(), $before, 'nothing of all this has changed anything (S10)');

# --- bodies (S32, S27) ---

my $chunked = sub {
    my ($path, @chunks) = @_;
    my $cookie = join '; ', map { "$_=$cookies{$_}" } sort keys %cookies;
    my $text = "POST $path HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nOrigin: " . $c->origin . "\r\nCookie: $cookie\r\nContent-Type: $FORM\r\nTransfer-Encoding: chunked\r\n\r\n";
    $text .= sprintf("%x\r\n%s\r\n", length, $_) for @chunks;
    return $s->client->raw("${text}0\r\n\r\n", 'POST');
};
for my $route (@posts) {
    my $path = $route->{path};
    my %answer = (
        400 => { 'NUL' => "csrf=$token&a=%00", 'a NUL byte' => "csrf=$token&a=\0", 'UTF-8 that is none' => "csrf=$token&a=%ff%fe", 'a surrogate' => "csrf=$token&a=%ED%A0%80",
            'an overlong form' => "csrf=$token&a=%C0%AF", 'half an escape' => "csrf=$token&a=%4", 'a field twice' => "csrf=$token&a=1&a=1",
            'a field without a name' => "csrf=$token&=1", 'too many fields' => join('&', "csrf=$token", map { "f$_=" } 1 .. 2000) },
        413 => { 'too much' => "csrf=$token&a=" . 'x' x 100_000 },
        415 => {}
    );
    for my $status (sort keys %answer) {
        is(ask('POST', $path, $answer{$status}{$_})->status, $status, "$path: $_ (S32)") for sort keys %{ $answer{$status} };
    }
    is(ask('POST', $path, $all, 'Content-Type' => $_)->status, 415, "$path: Content-Type $_ (S32)") for 'application/json', "text/plain; x=$FORM", 'multipart/form-data; boundary=x';
    is($chunked->($path, "csrf=$token&a=", ('x' x 8000) x 10)->status, 413, "$path: too much in chunks (S32)");
    is($chunked->($path, split //, "csrf=x&a=1")->status, 403, "$path: a body a byte a chunk is read (S32)");
    next if $path =~ m{/logout$}; # with a token it does what it says
    my $r = ask('POST', $path, "csrf=$token&" . join '&', map { "$_=" . Anshin::Client::escape("<script>alert(1)</script>\"'\r\nSet-Cookie: evil=1\r\n\x{202e}\x{feff}") }
        qw(user password current code terminal question answer address address_confirm kind method key download_password profile return password_confirm action access_code));
    cmp_ok($r->status, '<', 500, "$path: hostile text in every field (S27, " . $r->status . ')');
    unlike($r->body, qr/<script>alert/, 'is escaped (S27)');
    is(scalar(grep { ($_->[1] // '') =~ /evil/ || $_->[0] =~ /evil/i } @{ $r->{headers} }), 0, 'and in no header (S27)');
    is($s->client->post($path, { csrf => 'x' })->status, 403, "$path: a stranger without a cookie (S10)");
}

{
    my $path = '/anshin/login';
    my $slow = $s->client(timeout => 15);
    my $socket = $slow->connect or die 'no connection';
    my $cookie = join '; ', map { "$_=$cookies{$_}" } sort keys %cookies;
    $socket->syswrite("POST $path HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nCookie: $cookie\r\nContent-Type: $FORM\r\nContent-Length: 300\r\n\r\ncsrf=");
    my $began = time;
    my $r = bless { status => 0, headers => [], body => '' }, 'Anshin::Response';
    eval { local $SIG{ALRM} = sub { die "slow\n" }; alarm 15; $slow->read_response($socket, $r, 'POST') };
    alarm 0;
    is($r->status, 408, 'a body that does not come is waited for as httpd is told (S32)');
    cmp_ok(time - $began, '<', 14, 'and no longer');
    my $half = $s->client->connect;
    $half->syswrite("POST $path HTTP/1.1\r\nHost: localhost\r\nContent-Type: $FORM\r\nContent-Length: 300\r\n\r\ncsrf=");
    $half->close(SSL_fast_shutdown => 1);
}

# --- GET and HEAD, with whatever query and body, change nothing (S10) ---

$before = state_of(); # passwords that are markup were wrong ones

my @queries = (
    '', '?all=1&action=remove&send=1&csrf=' . $token . '&key=' . 'f' x 64 . '&code=000000&method=password', '?n=1', '?n=-1', '?n=99999999999999999999', '?page=9223372036854775807',
    '?return=%2F%2Fevil.example%2F', '?return=' . 'A' x 2000, '?lang=en%0d%0aSet-Cookie:%20evil=1', '?lang=../../etc', '?lang=en&return=%0d%0aevil:1', '?x=%3Cscript%3Ealert(1)%3C/script%3E', '?' . 'q' x 7000,
    '?%00', '?a=%ff', '?a=1&a=2', '?t=' . 'A' x 43, '?t=..%2f..%2fx', '?done=1', '?' . join '&', map { "f$_=1" } 1 .. 500
);
for my $route (@routes) {
    for my $query (@queries) {
        my $method = $query =~ /^\?n=1$|^$/ ? 'HEAD' : 'GET';
        for my $how ($method eq 'HEAD' ? ('HEAD', 'GET') : 'GET') {
            my $r = ask($how, $route->{path} . $query, $how eq 'GET' && length $query > 60 && length $query < 200 ? 'all=1&action=remove' : undef, 'Content-Type' => $FORM);
            my $name = "$how $route->{path}" . substr $query, 0, 40;
            ok($r->status >= 200 && $r->status < 500, "$name: " . $r->status . ' (S10)');
            my $whole = join "\n", $r->body, map { "$_->[0]: $_->[1]" } @{ $r->{headers} };
            unlike($whole, qr{<script>alert|^evil|^Set-Cookie: evil|Location: (?:https?:)?//|/etc/passwd}m, 'gives nothing away (S26, S27)');
        }
    }
}
# --- headers that pages look at ---

my @values = ('', ',' x 4000, ';q=' x 2000, 'ja;q=' . '9' x 2000, '*' x 7000, "\xff\xfe\x80", 'en-' . 'x' x 7000, '%s%n%s', '"', "'\"><script>alert(1)</script>", 'bytes=0-0,0-0,' . '1-1,' x 500, 'bytes=-0');
for my $name (qw(Accept-Language User-Agent Accept Range If-None-Match If-Modified-Since If-Match Expect Upgrade X-Requested-With Sec-Fetch-Mode Authorization)) {
    for my $value (@values) {
        for my $path ('/anshin/login', '/anshin/account', '/anshin/help/import', '/anshin/static/anshin.css', '/members/') {
            my $r = ask('GET', $path, undef, $name => $value);
            ok($r->status >= 200 && $r->status < 500 && $r->body !~ /<script>alert/, "$name: " . substr($value, 0, 12) . " at $path (" . $r->status . ')') or diag $r->error;
        }
    }
}
is(state_of(), $before, 'nothing of all this has changed anything (S10)');
is($s->client(cookies => { '__Host-anshin-p-01' => $session })->get('/members/')->status, 200, 'the session lives, and the server');
unlike($s->log, qr/AN0612|AN0564|AN0562/, 'no fault, no page that could not be drawn') or diag join "\n", (grep { /AN0612|AN056/ } split /\n/, $s->log)[0 .. 5];
unlike($s->log . $s->access_log, qr/\Q$session\E|\Q$p->{password}\E/, 'neither session nor password in a log (S28)');
$s->finish;
done_testing;
