# The attacker who has got hold of a session, a certificate or a TLS session, or waits for one to be left behind: fixed and stolen ids,
# other certificates, resumed connections, and limits in time, which httpd's clock is put forward for.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP qw(decode_json);
use List::Util qw(max);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Anshin::Attack;
use Anshin::Held;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my $SESSION = '__Host-anshin-p-01';
my $s = Anshin::Server->new(clock => 1, contract => <<'END', sites => { strict => 'AnshinLoginMethods certificate' }, extra => <<'MORE')->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
END
<VirtualHost 127.0.0.1:@PORT@>
    ServerName open.localhost:@PORT@
    AnshinUse none
    SSLEngine on
</VirtualHost>
MORE
sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }
sub inside { my ($p, @want) = @_; my $c = $s->client(@want); is($p->login($c)->status, 303, "$p->{user} is logged in"); return $c }

# A certificate that will have expired when it is used again, though TLS sessions live on, for five minutes.
my $short_end = time + 120;
my $short = $s->pki->issue('p-01-usr001', to => 120 / 86400);

# One request by a connection that is resumed from a file or leaves its session in one, of the TLS version that IO::Socket::SSL does not
# resume: ("New" or "Reused", status, body).
sub tls13 {
    my ($path, %want) = @_;
    my $port = $s->port;
    my $host = $want{host} // 'localhost';
    my $request = "GET $path HTTP/1.1\r\nHost: $host:$port\r\nConnection: close\r\n" . ($want{cookie} ? "Cookie: $SESSION=$want{cookie}\r\n" : '') . "\r\n";
    my @command = (
        qw(openssl s_client -ign_eof -tls1_3 -connect), "127.0.0.1:$port", '-servername', $want{sni} // $host, '-CAfile', $s->server_ca,
        $want{cert} ? ('-cert', $want{cert}, '-key', $want{cert}) : (), $want{from} ? ('-sess_in', $want{from}) : (), $want{to} ? ('-sess_out', $want{to}) : ()
    );
    my $out = $s->run(@command, { stdin => $request, env => 1 })->{out};
    my ($how) = $out =~ /^(New|Reused), TLSv1\.3/m;
    my ($status) = $out =~ m{^HTTP/1\.1 (\d+)}m;
    return ($how // 'none', $status // 0, $out);
}

my $session_file = $s->root . '/run/tls13-short';
{
    my ($how, undef, $out) = tls13('/members/', host => 'strict.localhost', cert => $short, to => $session_file);
    like($out, qr/"certificate":"unknown"/, "TLS 1.3: $how: a certificate in date that we do not know");
}
my $resuming_short = $s->client(host => 'strict.localhost', ca => undef, cert => $short, tls => '1.2', resume => 1);
like($resuming_short->get('/members/')->body, qr/"certificate":"unknown"/, 'TLS 1.2: the same');
$resuming_short->close;

# --- S14: the id of a session is new at login and at every re-authentication; no cookie that was planted survives ---

my $p = person('p-01-usr001');
{
    my $attacker = $s->client;
    $attacker->get('/anshin/login');
    my %planted = (%{ $attacker->{cookies} }, $SESSION => 'A' x 43);
    my $c = $s->client(cookies => {%planted});
    is($p->login($c)->status, 303, 'somebody logs in with the cookies that an attacker has planted');
    my $id = $c->{cookies}{$SESSION};
    isnt($id, 'A' x 43, 'S14: the session has an id of its own');
    is($s->client(cookies => {%planted})->get('/members/')->status, 401, 'S14: the planted one opens nothing');
    my $old = inside($p);
    my $theirs = $old->{cookies}{$SESSION};
    my $again = $s->client(cookies => { $SESSION => $theirs });
    is($p->login($again)->status, 303, 'who logs in with a session of an own') if $again->get('/anshin/login')->status == 200;
    my @ids = ($id, $theirs);
    for my $way (
        [ 'a re-authentication', sub { $c->submit($c->get('/anshin/reauthenticate'), { password => $p->{password} }) } ],
        [ 'a second one',        sub { $c->submit($c->get('/anshin/reauthenticate'), { password => $p->{password} }) } ],
        [ 'a change of the question', sub { $c->submit($c->get('/anshin/question'), { current => $p->{password}, question => 'food', answer => 'すし' }) } ],
        [ 'a change of the password', sub { $c->submit($c->get('/anshin/password'), { current => $p->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' }) } ]
    ) {
        my ($what, $do) = @$way;
        my $before = $c->{cookies}{$SESSION};
        is($do->()->status, 303, $what);
        isnt($c->{cookies}{$SESSION}, $before, "S14: gives the session a new id: $what");
        is($s->client(cookies => { $SESSION => $before })->get('/members/')->status, 401, 'S14: and the old one opens nothing');
        is($c->get('/members/')->status, 200, 'the new one does');
        push @ids, $c->{cookies}{$SESSION};
    }
    $p->{password} = 'Kawa-to-mori-8';
    is($old->get('/members/')->status, 401, 'S16: the change of the password has ended the other sessions');
    my $wrong = $c->{cookies}{$SESSION};
    is($c->submit($c->get('/anshin/reauthenticate'), { password => 'wrong' })->status, 422, 'a wrong password');
    is($c->{cookies}{$SESSION}, $wrong, 'S14: changes nothing');
    my %once = map { $_ => 1 } @ids;
    is(scalar keys %once, scalar @ids, 'S18: no id came twice');
}

# --- S18: every cookie of a walk; S17: whose sessions one sees and ends ---

{
    my (%line, @ids);
    my $note = sub { my ($r) = @_; $line{$_}++ for $r->headers('Set-Cookie'); return $r };
    for (1 .. 24) {
        my $c = $s->client;
        my $page = $note->($c->get('/anshin/login'));
        $note->($c->submit($page, { user => $p->{user}, password => $p->{password} }));
        push @ids, $c->{cookies}{$SESSION};
        next if @ids < 24;
        $note->($c->$_) for map { my $path = $_; sub { $_[0]->get("/anshin/$path") } } qw(login?lang=en account sessions register?t=), 'register?t=' . 'A' x 43;
        $note->($c->submit($c->get('/anshin/terminal/add'), { address => 'a@example.jp', address_confirm => 'a@example.jp', kind => 'pc' }));
        $note->($c->submit($c->get('/anshin/logout'), {}, qr/logout/));
    }
    my %name = map { /^([^=]+)=/ => 1 } keys %line;
    cmp_ok(scalar keys %name, '>=', 4, 'the cookies of a walk: ' . join ' ', sort keys %name);
    my @loose = grep { !/^(?:__Host-anshin-(?:[\w-]+|flow\.p-01\.[0-9a-f]{16}|known\.p-01)|anshin-lang)=[\w-]*; Path=\/; Secure; HttpOnly; SameSite=Lax(?:; Max-Age=\d+)?$/ } keys %line;
    is("@loose", '', 'S18: every cookie is __Host-, Secure, HttpOnly, SameSite=Lax and of no domain (that of the language holds a language)');
    is(scalar(grep { !/^[\w-]{43}$/ } @ids), 0, 'S18: ids of 256 bits');
    my @columns = map { my $at = $_; my %signs = map { substr($_, $at, 1) => 1 } @ids; scalar keys %signs } 0 .. 41;
    cmp_ok((sort { $a <=> $b } @columns)[0], '>', 5, 'S18: in which no place is fixed');
    my $store = join '', map { -f $_ ? Anshin::PKI::read_text($_) : '' } glob $s->state . '/store/*';
    is(scalar(grep { index($store, $_) >= 0 } @ids), 0, 'S18: and of which the store has none');
}
{
    my $q = person('p-01-usr002');
    command($s, 'session', 'end', $p->{user});
    my @mine = map { inside($p) } 1 .. 3;
    my @theirs = map { inside($q) } 1 .. 2;
    my $keys = sub { my ($c) = @_; my %once = map { $_ => 1 } $c->get('/anshin/sessions')->text =~ /name="key" value="([0-9a-f]{64})"/g; return keys %once };
    my @shown = $keys->($mine[0]);
    is(scalar @shown, 2, 'S17: one sees the own other sessions');
    my @others = $keys->($theirs[0]);
    is(scalar @others, 1, 'S17: and none of somebody else');
    my $token = csrf($mine[0]->get('/anshin/sessions'));
    for my $key ((map { ($_, uc $_, " $_", "$_\x{200b}", "p-01/$_") } @others), '../' x 10, '*', '0' x 64) {
        $mine[0]->post('/anshin/sessions', { csrf => $token, key => $key });
    }
    $mine[0]->post('/anshin/sessions', { csrf => $token, all => 1, user => $q->{user}, key => $others[0] });
    is($_->get('/members/')->status, 200, "S17: nobody ends another user's session") for @theirs;
    is(join(' ', map { $_->get('/members/')->status } @mine), '200 401 401', 'S17: one ends the own others');
    my ($id) = command($s, 'session', 'list', $q->{user}) =~ /([0-9a-f]{16,64})/;
    command($s, 'session', 'end', $q->{user}, $id);
    is(join(' ', sort map { $_->get('/members/')->status } @theirs), '200 401', 'S17: the operator ends any one');
    command($s, 'session', 'end', $q->{user});
    is(join(' ', sort map { $_->get('/members/')->status } @theirs), '401 401', 'S17: or all');
}

# --- S16: whatever ends a session ends it with the very next request, on connections that are open, on all pages ---

my $holder = person('p-01-usr003', method => 'certificate');
my $pem = $holder->fetch;
{
    my $q = person('p-01-usr004');
    my $unlock = sub { command($s, 'user', 'unlock', $q->{user}) };
    for my $end (
        [ 'logout in another window', sub { my $w = $_[0]->clone; $w->submit($w->get('/anshin/logout'), {}, qr/logout/) } ],
        [ 'lock by the operator',     sub { command($s, 'user', 'lock', $q->{user}) }, $unlock ],
        [ 'disable',                  sub { command($s, 'user', 'disable', $q->{user}) }, $unlock ],
        [ 'the password was reissued', sub {
            my $c = $s->client;
            my $done = $c->follow($c->submit(open_flow($c, reissue_path($c, 'password', $q)), { question => $q->{question}, answer => $q->{answer} }));
            $q->{password} = secret_of($done);
            my $login = $s->client;
            $login->submit($login->follow($q->login($login)), { password => 'Sora-to-kumo-5', password_confirm => 'Sora-to-kumo-5' });
            $q->{password} = 'Sora-to-kumo-5';
        } ],
        [ 'guesses within the session', sub { my $w = $_[0]->clone; $w->submit($w->get('/anshin/reauthenticate'), { password => "guess$_" }) for 1 .. 5 }, $unlock ],
        [ 'another method',           sub { my $w = inside($q); $w->submit($w->follow($w->submit($w->get('/anshin/method'), { method => 'otp' })), {}) }, sub { $q = person('p-01-usr005') } ],
        [ 'deletion',                 sub { command($s, 'user', 'delete', $q->{user}) } ]
    ) {
        my ($what, $do, $undo) = @$end;
        my ($c, $h2) = (inside($q));
        $h2 = $s->client(http => 2, cookies => { %{ $c->{cookies} } });
        is($c->get('/members/')->status, 200, 'a session on a connection that stays open');
        $do->($c);
        is($c->get('/members/')->status, 401, "S16: over at once: $what");
        is($h2->get('/members/')->status, 401, 'S16: over HTTP/2 as well');
        is($c->get($_)->status, 303, "S16: and for $_") for qw(/anshin/account /anshin/password);
        isnt($c->get('/members/cgi-bin/env.cgi')->status, 200, 'S16: and for programs');
        $undo->() if $undo;
    }
}

# A terminal that another of the same user deletes: on connections that are open, and on those that resume a TLS session.
{
    my $q = person('p-01-usr007', method => 'certificate');
    my $desk = inside($q, cert => $q->fetch);
    my %new = (address => 'pocket@example.jp', address_confirm => 'pocket@example.jp', kind => 'mobile');
    my $form = $desk->follow($desk->submit($desk->get('/anshin/terminal/add'), \%new));
    my $done = $desk->follow($desk->submit($form, {}));
    my $pocket = $q->at_terminal(2, address => $new{address}, download_password => secret_of($done));
    my $own = $pocket->fetch;
    my $c = inside($pocket, cert => $own);
    my $cookie = $c->{cookies}{$SESSION};
    my $held = Anshin::Held->new($c);
    my $resuming = $c->clone(tls => '1.2', resume => 1);
    my $file = $s->root . '/run/tls-pocket';
    my %tls = (cert => $own, cookie => $cookie);
    my @open = ($c->get('/members/')->status, $held->get('/members/'), $resuming->get('/members/')->status);
    is("@open", '200 200 200', 'the session of a second terminal');
    $resuming->close;
    is(join(' ', (tls13('/members/', %tls, to => $file))[ 0, 1 ]), 'New 200', 'on many connections');
    my $gone = $desk->submit($desk->follow($desk->get('/anshin/terminal/delete?n=2')), {});
    is($gone->status, 303, 'the first terminal deletes the second');
    is($c->get('/members/')->status, 401, 'S16: over at once, on a connection that was open (LOG-9)');
    is($held->get('/members/'), 401, 'S16: on one of HTTP/2 as well');
    is($resuming->get('/members/')->status . ' ' . $resuming->resumed, '401 1', 'S16: and on a resumed TLS session, of TLS 1.2');
    is(join(' ', (tls13('/members/', %tls, from => $file))[ 0, 1 ]), 'Reused 401', 'S16: of TLS 1.3');
    is($c->get('/anshin/account')->status, 303, 'S16: and for the portal');
    is($desk->get('/members/')->status, 200, 'the terminal that is left goes on');
    my @known = command($s, 'session', 'list', $q->{user}) =~ /127\.0\.0\.1/g;
    is(scalar @known, 1, 'S16: with the only session that the server knows');
}

# --- S20: a stolen session on a connection with another certificate or none ---

my $thief = person('p-01-usr006', method => 'certificate');
my $theirs = $thief->fetch;
{
    my $c = inside($holder, cert => $pem);
    is($c->get('/anshin/account')->status, 200, 'the session of a certificate user');
    my $token = csrf($c->get('/anshin/password'));
    my $before = standing($s, $holder->{user});
    my @member = map { "/anshin$_->{path}" } grep { $_->{flags} =~ /^(?:MEMBER|FRESH)/ } routes();
    cmp_ok(scalar @member, '>', 10, 'pages for who is logged in: ' . @member);
    my %stolen = %{ $c->{cookies} };
    my %form = (csrf => $token, current => $holder->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8', all => 1, method => 'password', kind => 'pc',
        address => 'z@example.jp', address_confirm => 'z@example.jp', question => 'pet', answer => 'x', action => 'remove');
    my %on = (none => {}, 'of another user' => { cert => $theirs }, 'of the same name, never issued' => { cert => $s->pki->issue($holder->{user}) });
    for my $how (sort keys %on) {
        my (@entered, @posted);
        for my $path (@member) {
            my $d = $s->client(%{ $on{$how} }, cookies => {%stolen});
            push @entered, $path if $d->get("$path?n=1")->status == 200;
            $d->{cookies} = {%stolen};
            my $r = $d->post($path, \%form);
            push @posted, $path unless $r->status == 405 || ($r->status == 303 && $r->header('Location') =~ m{^/anshin/login});
        }
        is("@entered", '', "S20: a stolen session on a connection with a certificate $how sees no page");
        is("@posted", '', 'S20: and sends no form');
        my $out = $s->client(%{ $on{$how} }, cookies => {%stolen});
        $out->post('/anshin/logout', { csrf => $token });
        is($c->get('/anshin/account')->status, 200, 'whose owner goes on');
    }
    is(standing($s, $holder->{user}), $before, 'S20: nothing has changed');

    # the header of a proxy that nobody has named, with the very certificate (S22)
    my ($der) = Anshin::PKI::read_text($pem) =~ /-----BEGIN CERTIFICATE-----\n(.*?)-----END/s;
    $der =~ tr/\n//d;
    my ($whole) = Anshin::PKI::read_text($pem) =~ /(-----BEGIN CERT.*?-----END CERTIFICATE-----)/s;
    my %claim = (
        'Client-Cert' => ":$der:", 'Client-Cert-Chain' => ":$der:", 'X-SSL-Client-Cert' => Anshin::Client::escape($whole), 'SSL-Client-Cert' => $der, 'SSL_CLIENT_CERT' => $der,
        'X-SSL-Client-Verify' => 'SUCCESS', 'SSL_CLIENT_VERIFY' => 'SUCCESS', 'X-Client-Verified' => 'SUCCESS', 'X-SSL-Client-S-DN' => "CN=$holder->{user}", 'X-ARR-ClientCert' => $der
    );
    for my $http (1, 2) {
        for my $cert (undef, $theirs) {
            my %with = (http => $http, $cert ? (cert => $cert) : (), headers => {%claim});
            my $how = "HTTP/$http, " . ($cert ? "with another user's certificate" : 'without one');
            isnt($holder->login($s->client(%with))->status, 303, "S22: $how: a certificate in headers logs nobody in");
            is($s->client(%with, cookies => {%stolen})->get('/members/')->status, 401, "S22: $how: nor brings a stolen session to life");
        }
    }
}

# --- S20: resumed TLS sessions whose certificate has gone bad since ---

for my $tls ('1.2', '1.3') {
    my $q = person('p-01-usr01' . substr($tls, 2), method => 'certificate');
    my $own = $q->fetch;
    my $cookie = inside($q, cert => $own)->{cookies}{$SESSION};
    my $file = $s->root . "/run/tls-$tls";
    my $c = $s->client(cert => $own, tls => '1.2', resume => 1, cookies => { $SESSION => $cookie });
    my $go = $tls eq '1.3'
        ? sub { my ($path, $id) = @_; my ($how, $status) = tls13($path, cert => $own, cookie => $id // $cookie, (-e $file ? 'from' : 'to') => $file); return "$how $status" }
        : sub {
            my ($path, $id) = @_;
            $c->close;
            my $r = $c->get($path, $id ? (Cookie => "$SESSION=$id") : ());
            return ($c->resumed ? 'Reused' : 'New') . ' ' . $r->status;
        };
    is($go->('/members/'), 'New 200', "TLS $tls: a session with its certificate");
    is($go->('/members/'), 'Reused 200', "TLS $tls: resumed");
    is($go->('/members/', inside($thief, cert => $theirs)->{cookies}{$SESSION}), 'Reused 401', "S20: TLS $tls: a session of another certificate is none on a resumed connection");
    my $open = $s->client(cert => $own, tls => $tls, cookies => { $SESSION => $cookie });
    is($open->get('/members/')->status, 200, 'a connection that stays open');
    my $form = $s->client(cert => $own, tls => $tls);
    my $page = $form->get('/anshin/login');
    command($s, 'cert', 'revoke', '--user', $q->{user});
    is($open->get('/members/')->status, 401, "S20: TLS $tls: revoked, on a connection that was open");
    is($go->('/members/'), 'Reused 401', "S20: TLS $tls: revoked, on a resumed connection");
    is($form->submit($page, { user => $q->{user}, password => $q->{password} })->status, 401, "S20: TLS $tls: it logs nobody in, on a connection that was open");
    is($go->('/anshin/account'), 'Reused 303', "S20: TLS $tls: and the portal leads to the login");
}
{
    my $own = $pem;
    my $cookie = inside($holder, cert => $own)->{cookies}{$SESSION};
    my $file = $s->root . '/run/tls-open';
    my ($how, $status) = tls13('/open/', cert => $own, sni => 'open.localhost', to => $file);
    is("$how $status", 'New 421', 'a TLS session of a host that does not ask for certificates');
    ($how, $status) = tls13('/members/', cert => $own, cookie => $cookie, from => $file);
    like("$how $status", qr/^(?:New 200|Reused (?:401|421))$/, "S20: resumed at one that asks it is none, or one without a certificate: $how $status");
    ($how, $status) = tls13('/members/', cookie => $cookie, from => $s->root . '/run/tls-1.3');
    isnt("$status", '200', "S20: nor does anybody's session carry another's cookie: $how $status");
}
$s->later(max(0, $short_end + 3 - time));
{
    my ($how, undef, $out) = tls13('/members/', host => 'strict.localhost', cert => $short, from => $session_file);
    like($out, qr/"certificate":"expired"/, "S20: TLS 1.3: $how: resumed, a certificate that has expired since is told for what it is");
    is($how, 'Reused', 'and it was resumed');
    like($resuming_short->get('/members/')->body, qr/"certificate":"expired"/, 'S20: TLS 1.2: the same');
    is($resuming_short->resumed, 1, 'resumed as well');
}
$s->finish;

# --- limits in time: S15, S12, S9, S25, LCK-2 ---

$s = Anshin::Server->new(clock => 1, contract => <<'END')->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinSessionIdle 10m
AnshinSessionLifetime 1h
AnshinReauthenticate 5m
AnshinUnlockAfter 2h
AnshinPasswordAttempts 3
END
my $now = 0;
sub minutes { my ($more) = @_; $now += 60 * $more; $s->later($now); return }

$p = person('p-01-usr001');
{
    my $c = inside($p);
    my $idle = inside($p);
    for my $n (1 .. 6) {
        minutes(9);
        is($c->get('/members/')->status, 200, 'S15: a session in use, minute ' . 9 * $n) if $n < 7;
        is($idle->get('/members/')->status, 401, 'S15: one that was idle for more than 10 minutes is over, whatever the browser keeps') if $n == 2;
    }
    minutes(7);
    is($c->get('/members/')->status, 401, 'S15: after an hour it is over, in use as it was');
    my $over = $c->get('/anshin/account');
    is($over->status, 303, 'S15: for the portal as well');
    like($c->follow($over)->text, qr/一定の時間が過ぎたため/, 'U28: which says that its time was over');
    is($p->login($c)->status, 303, 'S15: another login');
    minutes(9.5);
    is($c->get('/members/')->status, 200, 'S15: just before the limit');
    minutes(10.5);
    is($c->get('/members/')->status, 401, 'S15: just behind it');
}
{
    my $c = inside($p);
    my @fresh = map { "/anshin$_->{path}" } grep { $_->{flags} =~ /^FRESH/ && $_->{path} !~ m{^/(?:terminal|method)/confirm$} } routes();
    cmp_ok(scalar @fresh, '>=', 5, "pages of address, terminal and method: @fresh");
    ok(grep({ $_ eq '/anshin/sessions' } @fresh), 'ACC-8: the list of sessions, too, asks for the password again');
    unlike($c->get("$_?n=1")->header('Location') // '', qr/reauthenticate/, "S12: $_ within five minutes") for @fresh;
    my $form = $c->follow($c->submit($c->get('/anshin/terminal/add'), { address => 'n@example.jp', address_confirm => 'n@example.jp', kind => 'pc' }));
    my $token = csrf($form);
    my $add = $c->get('/anshin/terminal/add');
    minutes(6);
    my %asked;
    for my $path (@fresh, '/anshin/terminal/confirm', '/anshin/method/confirm') {
        for my $r ($c->get("$path?n=1"), $c->post($path, { csrf => $token, address => 'n@example.jp', address_confirm => 'n@example.jp', kind => 'pc', method => 'otp', code => '1', action => 'remove' })) {
            $asked{ $r->status . ' ' . (($r->header('Location') // '') =~ s/\?.*//r) }++;
        }
    }
    is_deeply([ grep { $_ ne '303 /anshin/reauthenticate' && $_ ne '405 ' } sort keys %asked ], [], 'S12: later each page and each form asks for the password first') or diag explain \%asked;
    my %told = results($s, $p->{user});
    is($told{terminal_added} // 0, 0, 'S12: and nothing was done');
    is($c->submit($c->get('/anshin/reauthenticate'), { password => 'wrong' })->status, 422, 'S12: a wrong one');
    is($c->get('/anshin/terminal/add')->status, 303, 'S12: does not do');
    my %typed = (address => 'kept@example.jp', address_confirm => 'kept@example.jp', kind => 'smartphone', label => '窓口2');
    my $asked = $c->submit($add, \%typed);
    like($asked->header('Location'), qr{^/anshin/reauthenticate\?return=[\w-]+&kept=form$}, 'U14: what was typed into a form waits');
    my $again = $c->follow($asked);
    like($again->text, qr/まだ受け付けられていません.*入力した内容が残った画面/, 'U14: which the page says');
    my $right = $c->submit($again, { password => $p->{password} });
    is($right->place =~ s/=.*/=/r, '/anshin/terminal/add?typed=', 'S12: the right one leads back');
    like($c->follow($right)->text, qr/name="label" value="窓口2".*name="address" value="kept\@example.jp".*name="address_confirm" value="kept\@example.jp"/s,
        'U14: to the form as it was typed');
    is($c->submit($form, {})->status, 303, 'S12: does: the terminal is added');
    is({ results($s, $p->{user}) }->{terminal_added}, 1, 'once');
}
{
    my $c = inside($p);
    my $add = $c->get('/anshin/terminal/add');
    minutes(11);
    my $asked = $c->submit($add, { address => 'kept@example.jp', address_confirm => 'kept@example.jp', kind => 'smartphone', label => '' });
    like($asked->header('Location'), qr{^/anshin/login\?return=[\w-]+&kept=form$}, 'U14: a session that was over meanwhile loses nothing of what was typed');
    my $page = $c->follow($asked);
    like($page->text, qr/入力した内容が残った画面/, 'U14: which the page says');
    my $other = person('p-01-usr004');
    my $taken = $c->clone;
    my $theirs = $taken->follow($taken->submit($page, { user => $other->{user}, password => $other->{password} }));
    is($theirs->status, 200, 'somebody else who logs in there');
    unlike($theirs->text, qr/kept\@example/, 'U14: sees nothing of it');
    like($c->follow($c->submit($page, { user => $p->{user}, password => $p->{password} }))->text, qr/name="address" value="kept\@example.jp"/,
        'U14: after the login the form is as it was typed');
    my %long = ((marks($c->get('/anshin/terminal/add'))), map { $_ => '"' x 600 } qw(label address address_confirm kind));
    minutes(11);
    like($c->post('/anshin/terminal/add', \%long)->header('Location'), qr/&lost=form$/, 'U14: what no address holds is lost, and the page says so');
}

# The warning before the end: what its page knows, asks for, and can put off.
{
    # Of what is left the seconds are missing that all this has taken: none of them, on a machine that has nothing else to do.
    my $begun = time;
    my $whole = sub { my ($left, $full) = @_; return $left <= $full && $left >= $full - (time - $begun) - 1 ? $full : $left };
    my ($c, $d) = (inside($p), inside(person('p-01-usr007')));
    my $asks = sub {
        my ($client, $full) = @_;
        my $r = $client->get('/anshin/session');
        my $told = $r->status == 200 ? decode_json($r->body) : { status => $r->status };
        $told->{left} = $whole->($told->{left}, $full) if $full;
        return $told;
    };
    my $end = sub { my ($where, $full) = @_; return $c->get("/anshin/$where")->text =~ s/data-end="(\d+)"/'data-end="' . $whole->($1, $full) . '"'/er };
    my $page = $c->get('/anshin/terminal/add');
    my %told = $page->text =~ /\bdata-(end|before|kept|of)="([^"]*)"/g;
    my $of = delete $told{of};
    $told{end} = $whole->($told{end}, 600);
    is_deeply(\%told, { end => 600, before => 120, kept => 'label address address_confirm kind' }, 'S15: a page knows when its login ends, and what of it waits');
    like($page->header('Content-Security-Policy'), qr/; connect-src 'self'; base-uri/, 'S15: its script may ask this site');
    my $guest = $s->client->get('/anshin/login');
    unlike($guest->header('Content-Security-Policy') . $guest->text, qr/connect-src|session-end/, 'S15: that of a page without a login may not, nor does it warn');
    unlike($c->get("/anshin/$_")->text, qr/data-kept/, "S15: nothing of /$_ waits") for qw(password sessions account nothing);
    like($end->($_, 600), qr/data-end="600" data-before="120"/, "S15: /$_ warns as well") for qw(nothing help account);
    my $form = $c->get('/anshin/password');
    minutes(9);
    is_deeply($asks->($c, 60), { left => 60, final => JSON::PP::false(), of => $of }, 'S15: what is left of it');
    is($asks->($c, 60)->{left}, 60, 'S15: asking for it is no use of it');
    is($c->post('/anshin/session', {})->status, 403, 'S15: a form without a token puts nothing off (S10)');
    is($c->post('/anshin/session', { csrf => csrf($d->get('/anshin/account')) })->status, 403, "S15: nor does another browser's");
    is($asks->($c, 60)->{left}, 60, 'S15: as was to be seen');
    my $on = $c->post('/anshin/session', { csrf => csrf($form) });
    my $put_off = decode_json($on->body);
    $put_off->{left} = $whole->($put_off->{left}, 600);
    is_deeply($put_off, { left => 600, final => JSON::PP::false(), of => $of }, 'S15: going on puts it off');
    minutes(9);
    is($asks->($c, 60)->{left}, 60, 'S15: on the server, too (S15)');
    is($c->submit($c->get('/anshin/reauthenticate'), { password => $p->{password} })->status, 303, 'the password again');
    is($asks->($c)->{of}, $of, 'S15: leaves it the same login for other tabs');
    minutes($_), $c->get('/anshin/account') for (9) x 4;
    minutes(3);
    my $last = $asks->($c, 180);
    is_deeply([ @$last{qw(left final)} ], [ 180, JSON::PP::true() ], 'S15: where its time is over whatever is done, that is told');
    my $kept = decode_json($c->post('/anshin/session', { csrf => csrf($form) })->body);
    $kept->{left} = $whole->($kept->{left}, 180);
    is_deeply($kept, $last, 'S15: and cannot be put off (S15)');
    like($end->('account', 180), qr/data-end="180" data-before="120" [^>]* data-final/, 'S15: nor does its page offer to');
    minutes(4);
    is($asks->($c)->{status}, 303, 'S15: then it is over');
    is($c->post('/anshin/session', { csrf => csrf($form) })->status, 303, 'S15: for good');
    my $taken = $c->clone;
    is($taken->submit($taken->get('/anshin/login'), { user => 'p-01-usr007', password => $p->{password} })->status, 303, 'another user logs in there');
    isnt($asks->($taken)->{of}, $of, 'S15: which is another login');
    is($taken->post('/anshin/session', { csrf => csrf($form) })->status, 410, "S15: and the page of the one before does not put it off (FLO-1)");
}

# What a page's script keeps of a form, since the login had ended there: it is never carried out, whoever sends it so.
{
    my ($c, $one) = (undef, person('p-01-usr008'));
    my %typed = (address => 'draft@example.jp', address_confirm => '', label => '窓口2', question => 'food', method => 'otp', draft => 1,
        current => $one->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8', answer => 'すし', all => 1, action => 'remove', code => 1);
    my @posts = grep { $_->{post} && $_->{flags} =~ /MEMBER|FRESH/ && $_->{path} ne '/session' } routes();
    cmp_ok(scalar @posts, '>', 7, 'forms behind the login: ' . @posts);
    $c = inside($one);
    my $token = csrf($c->get('/anshin/account'));
    my $before = standing($s, $one->{user});
    for my $route (@posts) {
        my $r = $c->post("/anshin$route->{path}", { csrf => $token, %typed });
        my $kept = $route->{kept} ? '\?typed=[\w-]+&draft=1' : '';
        like($r->status . ' ' . ($r->header('Location') // ''), qr{^(?:303 /anshin\Q$route->{path}\E$kept|410 )$}, "FLO-2: a draft of $route->{path} is shown again, and nothing is done");
    }
    is(standing($s, $one->{user}), $before, 'FLO-2: as the operator sees');
    my $add = $c->get('/anshin/terminal/add');
    minutes(11);
    my $asked = $c->submit($add, { %typed });
    like($asked->header('Location'), qr{^/anshin/login\?return=[\w-]+&kept=form$}, 'U14: where the login has ended it waits for the next one');
    my $back = $c->follow($c->submit($c->follow($asked), { user => $one->{user}, password => $one->{password} }));
    like($back->text, qr/入力した内容が残っています。まだ送信されていません.*name="label" value="窓口2".*name="address" value="draft\@example.jp"/s, 'U14: behind which it is as it was');
    unlike($back->text, qr/field-errors|id="summary"/, 'U14: and nothing is complained about yet');
}

# What waits: every field of the account's forms but passwords, codes and answers; whatever the end of the session was.
{
    my ($one, $two) = (person('p-01-usr005'), person('p-01-usr006'));
    my %typed = (
        '/terminal/add' => { address => 'kept@example.jp', address_confirm => 'kept@example.jp', kind => 'smartphone', label => '窓口2' },
        '/terminal/change?n=1' => { address => 'kept@example.jp', address_confirm => 'kept@example.jp', kind => 'smartphone', label => '窓口2' },
        '/method' => { method => 'certificate' },
        '/question' => { question => 'food', answer => 'すし', current => $one->{password} },
    );
    my %shows = map { $_ => qr/value="kept\@example.jp"/ } '/terminal/add', '/terminal/change?n=1';
    @shows{ '/method', '/question' } = (qr/value="certificate" checked/, qr/value="food" selected/);
    my %form = map { $_->{path} => 1 } grep { $_->{kept} && $_->{flags} =~ /MEMBER|FRESH/ } routes();
    is_deeply([ sort keys %form ], [ sort map { s/\?.*//r } keys %typed ], 'U14: every form of the account with something to keep');
    my %ends = (
        'its time was over' => sub { minutes(11) },
        'its time was over, and the store has forgotten it' => sub { minutes(11); inside($one) },
        'somebody else ended it' => sub { my $other = inside($one); $other->submit($other->get('/anshin/sessions'), { all => 1 }) },
    );
    for my $end (sort keys %ends) {
        for my $path (sort keys %typed) {
            my $c = inside($one);
            my $form = $c->get("/anshin$path");
            my @same = $path eq '/question' ? $shows{$path} : ();
            unlike($form->text, $_, "$path: its page as it was") for @same;
            $ends{$end}->();
            my $asked = $c->submit($form, $typed{$path});
            like($asked->header('Location'), qr{^/anshin/login\?return=[\w-]+&kept=form$}, "U14: $path: what was typed waits: $end");
            my $login = $c->follow($asked);
            my $word = $end =~ /somebody/ ? qr/運営側の操作により.*入力した内容が残った画面.*お心当たりがない/s : qr/入力した内容が残った画面/;
            like($login->text, $word, 'U14: which the page says, and by whom it was ended');
            my $taken = $c->clone;
            my $theirs = $taken->follow($taken->submit($login, { user => $two->{user}, password => $two->{password} }));
            unlike($theirs->text, qr/kept\@example|"certificate" checked|"food" selected/, "U14: $path: somebody else who logs in there sees nothing of it");
            my $back = $c->follow($c->submit($login, { user => $one->{user}, password => $one->{password} }));
            like($back->text, $shows{$path}, "U14: $path: the same user does");
            unlike($back->text, qr/すし|\Q$one->{password}\E/, 'U14: but neither answer nor password');
        }
    }
    my $c = inside($one);
    my $form = $c->get('/anshin/method');
    minutes(11);
    my $login = $c->follow($c->submit($form, $typed{'/method'}));
    minutes(31);
    my $late = $c->follow($c->submit($login, { user => $one->{user}, password => $one->{password} }));
    unlike($late->text, qr/"certificate" checked/, 'U14: it does not wait for longer than any flow');
}
{
    my $q = person('p-01-usr002', method => 'otp');
    my $path = reissue_path($s->client, 'password', $q);
    my $new = Anshin::Person->add($s, 'p-01-usr003');
    my $c = $s->client;
    my $sent = send_code($c, $c->follow($q->login($c)));
    my $code = $q->wait_text(qr/\b(\d{6})\b/);
    my $flow = $s->client;
    my $begun = open_flow($flow, $path);
    minutes(5.1);
    is($c->submit($sent, { code => $code })->status, 422, 'S9: a mailed code is good for five minutes');
    minutes(26);
    is($flow->submit($begun, { question => $q->{question}, answer => $q->{answer} })->status, 410, 'S9: steps of half an hour');
    is(open_flow($s->client, $path)->status, 200, 'S9: the link itself for an hour');
    minutes(30);
    my $late = $s->client;
    is($late->follow($late->get($path))->status, 410, 'S9: and no longer');
    is(open_flow($s->client, $new->{path})->status, 200, 'S9: what the operator hands out is good for longer');
    minutes(14 * 24 * 60);
    is($late->follow($late->get($new->{path}))->status, 410, 'S9: but not for ever');
    my $conf = $s->root . '/more.conf';
    for my $option (qw(AnshinLinkLifetime AnshinDownloadLifetime)) {
        Anshin::PKI::write_text($conf, Anshin::PKI::read_text($s->root . '/httpd.conf') =~ s/AnshinUnlockAfter 2h/$option 25h/r);
        like($s->run(Anshin::Server::httpd(), '-f', $conf, '-t')->{err}, qr/$option: "25h" is not allowed/, "S9: what is mailed is good for 24 hours at most: $option");
    }

    # TOTP: the server's clock counts, not what the browser says
    $c = $s->client;
    is($c->submit(send_code($c, $c->follow($q->login($c))), { code => 'x' })->status, 422, 'a new code is on its way');
    my $second;
    Anshin::Server::wait_for(60, sub { my @codes = map { /\b(\d{6})\b/ } $q->texts; $second = $codes[-1]; return @codes == 2 });
    is($c->submit($c->get('/anshin/login/code'), { code => $second })->status, 303, 'S9: which is good');
    my $page = $c->get('/anshin/account/authenticator');
    my $secret = app_secret($page);
    is($c->submit($page, { code => totp($secret) })->status, 422, "S25: a code of the machine's time, weeks behind the server's, is none");
    is($c->submit($c->get('/anshin/account/authenticator'), { code => totp($secret, $now / 30) })->status, 303, "S25: one of the server's time is") or diag $c->get('/anshin/account/authenticator')->text;
    my $d = $s->client(headers => { Date => 'Thu, 01 Jan 1970 00:00:00 GMT', 'X-Time' => '0' });
    my $step = $d->follow($q->login($d));
    is($d->submit($step, { code => totp($secret, $now / 30 + $_) })->status, 422, "S25: nor is one $_ steps away") for -30, -4, 4, 30;
    command($s, 'user', 'unlock', $q->{user});
    is($d->submit($step, { code => totp($secret, $now / 30 + 1) })->status, 303, 'S25: the next one is good');
    $d = $s->client;
    is($d->submit($d->follow($q->login($d)), { code => totp($secret, $now / 30) })->status, 422, 'S25: one from before the last that was used is none');
}
{
    my $c = $s->client;
    my $in = inside($p);
    is($in->get("/anshin/$_")->status, 200, "/$_") for qw(password question reauthenticate);
    $p->login($c, password => 'wrong') for 1 .. 3;
    is($p->login($c)->status, 403, 'locked');
    is($in->get('/anshin/account')->status, 200, 'whoever is in stays there (LCK-2)');
    for my $path (qw(password question reauthenticate)) {
        my $told = $in->get("/anshin/$path");
        is($told->status, 403, "U18: /$path, whose form would be refused, says so before anything is typed");
        like($told->text, qr/<h1>アカウントがロックされました.*に自動で解除されます/s, 'U18: and until when');
        like($told->text, qr{<p><time datetime="\d{4}-\d\d-\d\dT[\d:]+Z">\d+年\d+月\d+日 \d+時\d+分[^<]*</time>に自動で}, 'U15: a time within a sentence is one for programs as well');
        like($told->text, qr{^(?:(?!<ul class="links">).)*AN-\w{8}.*<ul class="links">}s, 'U18: number and help desk stand above the links');
    }
    minutes(119);
    is($p->login($s->client)->status, 403, 'LCK-2: until the time that the contract says');
    minutes(2);
    is($p->login($s->client)->status, 303, 'LCK-2: has passed');
}
$s->finish;
done_testing;
