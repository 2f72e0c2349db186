# Who has a session is let in, and the site learns who it is (LOG-8, LOG-9, APP-1, ATT-1, S14, S16, S18, S20, S22).
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use POSIX ();
use Test::More;
use Anshin::Person;
use Anshin::Server;

# A user with a certificate, and a browser with the session that begins at the protected place.
sub person {
    my ($server, $user, %want) = @_;
    my $person = Anshin::Person->add($server, $user, %want);
    $person->register;
    $person->fetch if ($want{method} // '') eq 'certificate';
    return $person;
}

sub logged_in {
    my ($server, $person) = @_;
    my $client = $server->client($person->{pem} ? (cert => $person->{pem}) : ());
    my $login = Anshin::Person::expect($client->follow($client->get('/members/', 'Sec-Fetch-Mode' => 'navigate')), 200);
    my $in = Anshin::Person::expect($client->submit($login, { user => $person->{user}, password => $person->{password} }), 303);
    is($in->header('Location') =~ s{^https://[^/]+}{}r, '/members/', "LOG-1: the login of $person->{user} leads back to the place");
    Anshin::Person::expect($client->follow($in), 200);
    return $client;
}

# What a back end is told of the login of this cookie.
sub login_time {
    my ($client, $cookie) = @_;
    my ($time) = $client->get('/members/proxied/x', Cookie => $cookie)->body =~ /^Anshin-Login-Time: (.*?)\r?$/m;
    return $time;
}

my $s = Anshin::Server->new(clock => 1, contract => 'AnshinLoginMethods password certificate', vhost => <<'END')->start;
SetEnvIf X-Forged "^(.+)$" ANSHIN_USER=$1
    Header set X-Told "%{ANSHIN_USER}e" env=ANSHIN_USER
    <Location "/by-certificate">
        AuthType Anshin
        Require anshin method certificate
    </Location>
    <Location "/by-password">
        AuthType Anshin
        Require anshin method password otp
    </Location>
    <Location "/by-pc">
        AuthType Anshin
        Require anshin terminal pc
    </Location>
    <Location "/by-phone">
        AuthType Anshin
        Require anshin terminal smartphone mobile
    </Location>
    <Location "/by-contract">
        AuthType Anshin
        Require anshin contract p-01
    </Location>
    <Location "/by-name">
        AuthType Anshin
        Require user somebody-else
    </Location>
    <Location "/by-group">
        AuthType Anshin
        Require anshin group hr SALES
    </Location>
    <Location "/by-organisation">
        AuthType Anshin
        Require anshin organisation "㈱安心薬局" "Another one"
    </Location>
    <Location "/by-either">
        AuthType Anshin
        <RequireAny>
            Require anshin group hr
            Require anshin organisation ㈱安心薬局
        </RequireAny>
    </Location>
    <Location "/by-neither">
        AuthType Anshin
        <RequireAll>
            Require valid-user
            Require not anshin group sales
        </RequireAll>
    </Location>
    <Location "/not">
        AuthType Anshin
        <RequireAll>
            Require valid-user
            Require not anshin method certificate
        </RequireAll>
    </Location>
    <Location "/cached">
        AuthType Anshin
        Require valid-user
        Header set Cache-Control "public, max-age=60"
    </Location>
    AliasMatch "^/(?:by-\w+|not|cached)" "@ROOT@/htdocs/open/index.html"
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    ProxyPass "/proxied/" "http://127.0.0.1:@BACKEND@/"
    RewriteEngine on
    RewriteRule "^/members/short$" "/members/cgi-bin/env.cgi" [PT]
    ErrorDocument 403 /cgi-bin/env.cgi
END

my $who = person($s, 'p-01-usr001', method => 'certificate');
my $c   = logged_in($s, $who);
my ($cookie) = map { "$_=$c->{cookies}{$_}" } grep { /^__Host-anshin-p-01$/ } keys %{ $c->{cookies} };
ok($cookie, 'S18: the session is the cookie __Host-anshin-CONTRACT');

# --- what the site learns (APP-1) ---

my $r   = $c->get('/members/cgi-bin/env.cgi');
my %env = $r->body =~ /^(\w+)=(.*)$/mg;
is($r->status, 200, 'let in');
is($env{REMOTE_USER}, 'p-01-usr001', 'APP-1: REMOTE_USER');
is($env{AUTH_TYPE}, 'Anshin', 'APP-1: AUTH_TYPE');
my %told = (USER => 'p-01-usr001', CONTRACT => 'p-01', METHOD => 'certificate', TERMINAL => '1', TERMINAL_KIND => 'pc');
is($env{"ANSHIN_$_"}, $told{$_}, "APP-1: ANSHIN_$_") for sort keys %told;
like($env{ANSHIN_CERTIFICATE_SERIAL}, qr/^[0-9a-f]{2,40}$/, 'APP-1: ANSHIN_CERTIFICATE_SERIAL');
like($env{ANSHIN_LOGIN_TIME}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'APP-1: ANSHIN_LOGIN_TIME');
unlike($env{HTTP_COOKIE} // '', qr/__Host-anshin/, 'no program sees the session cookie');
$r = $c->get('/members/proxied/x', Cookie => "a=1; $cookie; b=2");
like($r->body, qr/^Anshin-User: p-01-usr001\r?$/m, 'APP-1: a back end learns the user by header');
like($r->body, qr/^Anshin-Method: certificate\r?$/m, 'APP-1: and the method');
like($r->body, qr/^Cookie: a=1; b=2\r?$/m, 'it sees all cookies but ours');
is($r->header('Cache-Control'), 'private, no-cache', 'a page for one person is not for shared caches, and asked for each time (LOG-9)');
is($c->get('/cached/')->header('Cache-Control'), 'private, max-age=60', 'S34: how long is for the site to say, but not that others may keep it');
unlike($c->get('/open/')->header('Cache-Control') // '', qr/private/, 'open pages are left alone');
unlike($c->get('/cgi-bin/env.cgi')->body, qr/^(?:REMOTE_USER|ANSHIN_\w+|HTTP_COOKIE)=/m, 'a program at an open place learns nothing, and has no cookie of ours');
unlike($c->get('/proxied/')->body, qr/^(?:Anshin-\w+|Cookie):/m, 'nor a back end');
$r = $c->get('/members/short');
like($r->body, qr/^ANSHIN_USER=p-01-usr001$/m, 'APP-1: also behind a rewritten address');
is($c->get('/by-contract/', 'X-Forged' => 'p-01-usr999')->header('X-Told'), 'p-01-usr001',
    'APP-1: what SetEnvIf made of a header under our names is gone');
like($c->get('/members/')->body, qr/the members' page/, 'the index of the place');
my ($line) = grep { m{ "GET /members/proxied/x } } split /\n/, $s->access_log;
like($line, qr/ p-01-usr001$/, 'APP-1: the user is in the access log');

# --- what clients send under our names is dropped (S22) ---

my %forged = (
    'Anshin-User' => 'root', 'X-Anshin-User' => 'root', 'Anshin_User' => 'root', 'ANSHIN-METHOD' => 'certificate', 'Remote-User' => 'root',
    'X-Remote-User' => 'root', 'remote_user' => 'root', 'Client-Cert' => ':AAAA:', 'Client-Cert-Chain' => ':AAAA:', 'X-Other' => 'kept'
);
for my $http (1, 2) {
    my $client = $s->client(http => $http, cert => $who->{pem});
    $r = $client->get('/proxied/', %forged);
    unlike($r->body, qr/root|AAAA|Anshin/, "S22: HTTP/$http: at an open place");
    like($r->body, qr/^X-Other: kept\r?$/mi, 'other headers pass');
    unlike($client->get('/cgi-bin/env.cgi', %forged)->body, qr/=root$|AAAA|ANSHIN/m, "S22: HTTP/$http: for a program");
    $client->{cookies} = { %{ $c->{cookies} } };
    my @users = $client->get('/members/proxied/', %forged)->body =~ /^(?:X-)?(?:Anshin|Remote)[-_]User: (.*?)\r?$/mig;
    is_deeply(\@users, ['p-01-usr001'], "S22: HTTP/$http: at a protected place only ours is left");
    is($s->client(http => $http)->get('/members/', %forged)->status, 401, "S22: HTTP/$http: nobody gets in by headers");
}

# --- Require ---

my %enter = (certificate => 200, password => 403, pc => 200, phone => 403, contract => 200, name => 403);
for my $by (sort keys %enter) {
    $r = $c->get("/by-$by/");
    is($r->status, $enter{$by}, "APP-1: Require by $by");
    is($s->client->get("/by-$by/")->status, 401, "APP-1: without a session 401, by $by");
    is($s->client->get("/by-$by/", 'Sec-Fetch-Mode' => 'navigate')->status, 303, 'or the login');
}
is($c->get('/not/')->status, 403, 'APP-1: Require not');
like($c->get('/by-name/')->body, qr/^REDIRECT_ANSHIN_USER=p-01-usr001$/m, 'an error document learns who was refused');
is($c->get('/by-name/')->header('WWW-Authenticate'), undef, '403 asks for no login');

# --- what the operator writes of a user (ATT-1): it counts from the next request on, also on a connection that is open ---

sub set_user { my $made = $s->htanshin('user', 'set', 'p-01-usr001', @_); is($made->{status}, 0, "user set @_") or diag $made->{err}; return }

# Who may enter now: by group, organisation, either, without the group.
sub doors {
    my ($what, @wanted) = @_;
    is(join(' ', map { $c->get("/by-$_/")->status } qw(group organisation either neither)), "@wanted", "ATT-1: $what");
    return;
}

doors('who has no attribute', 403, 403, 403, 200);
is($c->get('/by-group/', 'Sec-Fetch-Mode' => 'navigate')->status, 403, 'ATT-1: who is logged in and not in the group gets 403, no login');
unlike($c->get('/members/cgi-bin/env.cgi')->body, qr/^ANSHIN_(?:NAME|ORGANISATION|GROUPS)=/m, 'ATT-1: what there is nothing of is left out');
set_user('--name', '安心 太郎 100%', '--organisation', '㈱安心薬局', '--groups', 'Sales,admin');
doors('the next request has them', 200, 200, 200, 403);
%env = $c->get('/members/cgi-bin/env.cgi')->body =~ /^(\w+)=(.*)$/mg;
is_deeply([ @env{qw(ANSHIN_NAME ANSHIN_ORGANISATION ANSHIN_GROUPS)} ], [ '安心 太郎 100%', '㈱安心薬局', 'admin,sales' ], 'ATT-1: variables, in UTF-8');
my %said = $c->get('/members/proxied/x', 'Anshin-Groups' => 'hr', 'Anshin-Name' => 'root', 'X-Anshin-Groups' => 'hr')->body =~ /^((?:X-)?Anshin-(?:Name|Organisation|Groups)): (.*?)\r?$/mg;
is_deeply(\%said, { 'Anshin-Name' => '%E5%AE%89%E5%BF%83 %E5%A4%AA%E9%83%8E 100%25', 'Anshin-Organisation' => '%E3%88%B1%E5%AE%89%E5%BF%83%E8%96%AC%E5%B1%80',
    'Anshin-Groups' => 'admin,sales' }, "ATT-1, S22: headers, percent-encoded; a client's are dropped");
set_user('--groups', 'admin');
doors('who has left a group is out at once', 403, 200, 200, 200);
set_user('--organisation', '安心薬局');
doors('and whose organisation is another one', 403, 403, 403, 200);
set_user('--groups', '', '--organisation', '', '--name', '');
doors('and who has none', 403, 403, 403, 200);
unlike($c->get('/members/cgi-bin/env.cgi')->body, qr/^ANSHIN_(?:NAME|ORGANISATION|GROUPS)=/m, 'ATT-1: the variables are gone as well');

# --- the session belongs to its certificate (LOG-8, S20) ---

my $other = person($s, 'p-01-usr002', method => 'certificate');
for my $tls ('1.2', '1.3') {
    for my $http (1, 2) {
        my %on = (tls => $tls, http => $http, cookies => { %{ $c->{cookies} } });
        my $at = "TLS $tls, HTTP/$http";
        is($s->client(%on, cert => $who->{pem})->get('/members/')->status, 200, "LOG-8: $at: with its certificate");
        is($s->client(%on)->get('/members/')->status, 401, "LOG-8: $at: without one");
        is($s->client(%on, cert => $other->{pem})->get('/members/')->status, 401, "LOG-8: $at: with somebody else's");
        is($s->client(%on, cert => $s->pki->issue('p-01-usr001'))->get('/members/')->status, 401, "S20: $at: with one of the same name that we never issued");
        is($s->client(%on, cert => $s->foreign->issue('p-01-usr001'))->get('/members/')->status, 401, "LOG-8: $at: with a foreign one");
    }
}
my $resuming = $c->clone(tls => '1.2', resume => 1);
is($resuming->get('/members/')->status, 200, 'TLS 1.2: a first connection');
$resuming->close;
is($resuming->get('/members/')->status, 200, 'S20: a resumed one');
ok($resuming->resumed, 'is resumed');
like($s->log, qr/AN0560/, 'LOG-8: the log tells of the refusals');

# --- it lasts over restarts, and ends at once (S16, LOG-9) ---

$s->graceful;
is($c->get('/members/')->status, 200, 'a session survives a graceful restart');
$s->restart;
is($c->get('/members/')->status, 200, 'and a full one');
my $second = logged_in($s, $other);
is($second->get('/members/')->status, 200, 'another user');
is($s->htanshin('user', 'lock', 'p-01-usr002')->{status}, 0, 'the operator locks it');
is($second->get('/members/')->status, 401, 'S16: its session ends with the very next request');
is($c->get('/members/')->status, 200, 'others go on');
my $third_one = person($s, 'p-01-usr005');
my $while = logged_in($s, $third_one);
is($s->htanshin('user', 'set', 'p-01-usr005', '--valid-until', POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + 1200))->{status}, 0, 'ATT-1: a user is valid for twenty minutes more');
is($while->get('/members/')->status, 200, 'ATT-1: until then the session goes on');
$s->later(1230);
is($while->get('/members/')->status, 401, 'ATT-1: it ends with the validity');
my $late = $s->client;
my @refused = map { $late->submit($late->get('/anshin/login'), { user => $_, password => $third_one->{password} }) } 'p-01-usr005', 'p-01-nobody';
is(join(' ', map { $_->status } @refused), '401 401', 'ATT-1, LOG-4: a right password gets what an unknown ID gets');
my ($past) = @{ JSON::PP::decode_json($s->htanshin('--json', 'history', 'p-01-usr005')->{out}) };
is($past->{result}, 'not_valid', 'ATT-1: the history has a word of its own');
is($s->htanshin('cert', 'revoke', $env{ANSHIN_CERTIFICATE_SERIAL})->{status}, 0, 'the operator revokes a certificate');
is($c->get('/members/')->status, 401, 'S20: its session ends with the very next request');
$s->finish;

# --- limits, kept on the server (S15) ---

$s = Anshin::Server->new(server => 'AnshinCAWorker off', contract => "AnshinLoginMethods password\nAnshinSessionIdle 60s\nAnshinSessionLifetime 60s")->start;
$c = logged_in($s, person($s, 'p-01-usr003'));
is($c->get('/by-nothing/../members/')->status, 200, 'a session without a certificate');

# One connection may bring several users' requests (a proxy's), again and again; nobody gets what is remembered of another.
my $proxy = $s->client;
my ($name) = grep { /^__Host-anshin-p-01$/ } keys %{ $c->{cookies} };
sleep 1;    # the two log in at different times
my %session = (
    'p-01-usr003' => "$name=$c->{cookies}{$name}",
    'p-01-usr004' => "$name=" . logged_in($s, person($s, 'p-01-usr004'))->{cookies}{$name}
);
my ($third, $fourth) = @session{qw(p-01-usr003 p-01-usr004)};
my %since = map { $_ => login_time($s->client, $session{$_}) } keys %session;
isnt($since{'p-01-usr003'}, $since{'p-01-usr004'}, 'two users have logged in one after the other');
my $spoilt = substr($fourth, 0, -1) . (substr($fourth, -1) eq 'A' ? 'E' : 'A');
for my $sent (
    [ $third, 'p-01-usr003', '' ], [ $fourth, 'p-01-usr004', '' ], [ $fourth, 'p-01-usr004', '' ], [ $third, 'p-01-usr003', '' ],
    [ $spoilt ], [ "$third; $fourth" ], [ $fourth, 'p-01-usr004', '' ],
    map { ([ "a=1; $_->[0]; b=2", $_->[1], 'a=1; b=2' ]) x 3 } [ $third, 'p-01-usr003' ], [ $fourth, 'p-01-usr004' ]
) {
    my ($header, $user, $site) = @$sent;
    my $kept = $proxy->{socket};
    my $answer = $proxy->get('/members/proxied/x', Cookie => $header);
    my ($told, $time, $left) = map { $answer->body =~ /^$_: (.*?)\r?$/m ? $1 : '' } qw(Anshin-User Anshin-Login-Time Cookie);
    is($answer->status, $user ? 200 : 401, 'LOG-8: on a connection of several users: ' . ($user // 'nobody'));
    is_deeply([ $told, $time, $left ], [ $user, $since{$user}, $site ], "APP-1: the site learns of $user and that login, and has its own cookies") if $user;
    is($proxy->{socket}, $kept, 'on the same connection') if $kept;
}
is($c->clone(cert => $s->foreign->issue('x'))->get('/members/')->status, 200, 'is not held against one');
$s->{contract} = 'AnshinLoginMethods certificate';
$s->configure;
$s->graceful;
is($c->get('/members/')->status, 401, 'S15: once the contract admits certificates alone, a session by password ends');
$s->finish;
done_testing;
