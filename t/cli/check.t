# htanshin check: exit code and remedy of each thing that hinders an installation, and departures that are accepted (ADM-1, D2).
use strict;
use warnings;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $extra = <<'END';
<AnshinContract p-02 modern>
AnshinPortalURL https://localhost:@PORT@/other
AnshinMailFrom other@example.com
</AnshinContract>
END
my $apple = <<'END';
AnshinAppleProfileCertificate "@ROOT@/apple.crt"
AnshinAppleProfileKey "@ROOT@/apple.key"
END
my $other = '<Location "/other">
        AnshinUse p-02
        SetHandler anshin
    </Location>';
my $s = Anshin::Server->new(clock => 1, server => $apple, extra => $extra, vhost => $other, contract => 'AnshinLoginMethods password certificate');

sub check {
    my $r = $s->htanshin('--json', 'check', @_);
    return { status => $r->{status}, %{ $r->{out} ? decode_json($r->{out}) : {} } };
}

sub ids { return join ' ', sort map { $_->{id} } @{ $_[0] } }

sub finds {
    my ($name, $status, $severity, $problem, $remedy) = @_;
    my $c = check();
    my ($found, @more) = @{ $c->{problems} };
    is($c->{status}, $status, "$name: exit code $status");
    is($found->{severity}, $severity, "$name: $severity");
    like($found->{problem}, $problem, "$name: what was found");
    like($found->{remedy}, $remedy, "$name: what to do");
    is(scalar @more, 0, "$name: and nothing else") or diag(explain(\@more));
    return;
}

# What profiles for Apple devices are signed with: made by write_apple(from, to).
sub write_apple {
    my $pem = $s->foreign->issue('Example Bank', from => $_[0], to => $_[1]);
    Anshin::PKI::write_text($s->root . "/apple.$_", Anshin::PKI::read_text($pem =~ s/pem$/$_/r)) for qw(crt key);
    chmod 0600, $s->root . '/apple.key';
    chown((getpwnam $s->{signer})[2], -1, $s->root . '/apple.key') if $s->{user};
    return;
}
write_apple(-1, 365);
$s->start;
ok(Anshin::Server::wait_for(10, sub { !@{ check()->{problems} } }), 'a server that is well has no problem');
my $well = check();
is(ids($well->{advice}), 'hsts', 'ADM-1: what is no problem is advice, which does not count: HSTS');
like($well->{advice}[0]{source}, qr/^RFC 9325 3\.2\b/, 'ADM-1: with who asks for it');
is($well->{status}, 0, 'CON-4: a departure is the decision of an operator: exit code 0');
my $sent = check('--mail', 'probe@mailbox.example');
is("$sent->{status} $sent->{mail}{state}", '0 spooled', 'ADM-1: check --mail sends a test mail, and tells that it was handed over');
is(scalar(grep { /^To: probe\@mailbox\.example$/m } $s->mail), 1, 'ADM-1: it lies where all mail does');
rename $s->state . '/seal.key', $s->state . '/seal.away' or die "seal.key: $!";
my $shut = check('--mail', 'probe@mailbox.example');
rename $s->state . '/seal.away', $s->state . '/seal.key' or die "seal.key: $!";
is($shut->{status}, 2, 'ADM-1: a test mail that cannot even be queued is a finding');
like((grep { $_->{id} eq 'mail-test' } @{ $shut->{problems} || [] })[0]{problem}, qr{^the test mail to probe\@mailbox\.example: .*seal\.key.* \(AN\d{4}\)$}, 'ADM-1: with the reason');
is(ids($shut->{advice} || []), 'hsts', 'ADM-1: and what else was found is told');
my $wrong = $s->htanshin('check', '--mail', 'nobody at all');
is($wrong->{status}, 2, 'ADM-1: what is no address is a mistake of the command line');
like($wrong->{err}, qr/^htanshin: --mail nobody at all: .*\(AN1678\)$/, 'ADM-1: and is named');
is($well->{store}, 'dbm, files of type db', 'INS-2: the type of the store\'s files is told');
my $count = @{ $well->{departures} };
cmp_ok($count, '>', 5, "CON-4: but it is told: $count");
my $policy = check('--policy');
is($policy->{status}, 1, 'CON-4: --policy asks for it: exit code 1');
is(scalar @{ $policy->{departures} }, $count, 'with the same departures');

# A worker that is stopped holds its lock and answers nothing: what it does not deliver is seen by the mail's age.
my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'password');
$p->register;
my ($worker) = map { m{(\d+)$} } grep { (readlink("$_/exe") // '') eq $s->root . '/bin/anshin-ca' } glob '/proc/[0-9]*';
ok($worker, 'the worker is found');
kill STOP => $worker;
my $ended = $s->run('sh', '-c', '"$1" -d "$2" --json check --mail probe@mailbox.example & asked=$!; for i in $(seq 200); do
    test -z "$("$1" -d "$2" --contract p-01 mail list --state waiting)" || break; sleep 0.1; done; kill -TERM $asked; wait $asked', 'sh', $s->root . '/bin/htanshin', $s->state);
is($ended->{status}, 2, 'ADM-1: check --mail that is ended tells what it has found');
like($ended->{out}, qr/stopped: the test mail to probe\@mailbox\.example is taken back/, 'ADM-1: and that the mail is taken back');
my $waiting = $s->htanshin('--contract', 'p-01', '--json', 'mail', 'list', '--state', 'waiting');
is_deeply($waiting->{status} ? $waiting : decode_json($waiting->{out}), [], 'ADM-1: nothing of it goes out later');
$s->later(-3600);
my $c = $s->client;
$p->login($c);
my %new = (password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
is($c->submit($c->get('/anshin/password'), { current => $p->{password}, %new })->status, 303, 'a change that a mail tells of');
finds('mail that waits', 2, 'critical', qr/^the oldest mail has waited for (?:59|6\d) minutes$/, qr/CA worker runs.*mail list --state waiting/);
kill CONT => $worker;
ok(Anshin::Server::wait_for(20, sub { !@{ check()->{problems} } }), 'and no longer when it is delivered');
$s->later(0);

# The CA (A12): its end, and one that httpd has not read.
my $ca = $s->state . '/ca/ca.crt';
my $kept = Anshin::PKI::read_text($ca);
rename $ca, "$ca.away" or die "$ca: $!";
like(check()->{problems}[0]{problem}, qr/^the CA certificate .* No such file/, 'A12: a CA that is not there');
rename "$ca.away", $ca or die "$ca: $!";
finds('A12: a CA that was put back', 1, 'warning', qr/after httpd was started/, qr/reload httpd/);
for my $end ([ 'has ended', -1, 'critical', 'ended' ], [ 'ends soon', 20, 'warning', 'ends' ]) {
    my ($name, $days, $severity, $word) = @{$end};
    Anshin::PKI::write_text($ca, Anshin::PKI::read_text($s->foreign->issue('ca', authority => 1, from => -10, to => $days)));
    my ($found) = grep { $_->{problem} =~ /^the CA certificate \S+ $word on \d{4}-.*UTC/ } @{ check()->{problems} };
    is($found->{severity}, $severity, "A12: a CA that $name");
    like($found->{remedy}, qr/ca create --next .*Roll-over/, "A12: a CA that $name: what to do");
    like($s->configtest->{err}, qr/AN1164: the CA certificate \S+ $word on/, "A12: and configtest says so");
}
Anshin::PKI::write_text($ca, $kept);
$s->restart;
ok(Anshin::Server::wait_for(20, sub { !@{ check()->{problems} } }), 'A12: read by a restart, and well');

# The certificate for Apple profiles (CRT-3).
for my $end ([ -10, -1, qr/ ended on \d{4}-/ ], [ -10, 20, qr/ ends on \d{4}-/ ]) {
    my ($from, $to, $told) = @{$end};
    write_apple($from, $to);
    my ($found, @more) = grep { $_->{problem} =~ /Apple/ } @{ check()->{problems} };
    like($found->{problem}, qr/^profiles for Apple devices: .*$told/, 'CRT-3: check tells of the end of the certificate for Apple profiles');
    is($found->{severity} . scalar @more, 'warning0', 'CRT-3: as a warning, once');
    like($s->configtest->{err}, qr/AN1252: profiles for Apple devices: AN1251: .*$told/, 'CRT-3: and configtest tells it as well');
}
unlink $s->root . '/apple.crt';
ok((grep { $_->{problem} =~ /^profiles for Apple devices: \S+apple.crt: No such file/ } @{ check()->{problems} }), 'CRT-3: check tells of one that is not there');
write_apple(-1, 365);
ok((grep { $_->{problem} =~ /apple.crt was put there after httpd was started/ } @{ check()->{problems} }), 'CRT-3: and of one that is not used yet');

# Its key, which only the signer may read: check goes by what the signer has said.
my $own_key = Anshin::PKI::read_text($s->root . '/apple.key');
my $use_key = sub { open my $key, '>', $s->root . '/apple.key' or die "apple.key: $!"; print {$key} @_; close $key or die "apple.key: $!"; return };
$use_key->(Anshin::PKI::read_text($s->foreign->issue('Another', from => -1, to => 365) =~ s/pem$/key/r));
$s->restart;
my $told = qr/^profiles for Apple devices: AnshinAppleProfileKey: is not that of AnshinAppleProfileCertificate$/;
ok(Anshin::Server::wait_for(20, sub { grep { $_->{problem} =~ $told } @{ check()->{problems} } }), 'CRT-3: check tells that the key is another certificate\'s') or diag(explain(check()));
finds('CRT-3: a key that is another certificate\'s', 1, 'warning', $told, qr/its own key .*reload httpd/);
$use_key->($own_key);
$s->restart;
ok(Anshin::Server::wait_for(20, sub { !@{ check()->{problems} } }), 'CRT-3: after a restart there is no problem');

# --- a clock that was set: what is told of it (the worker looks every five seconds) ---

# A worker that is at work has noted the clock.
ok(Anshin::Server::wait_for(20, sub { my $starts = () = $s->log =~ /AN0760/g; return $starts >= 4 }), 'the fourth worker is at work');
my $until = qr/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?: \S+)?/;
$s->later(100 * 86400);
my $set = qr/the clock was put forward by (?:99|100) days, or the machine was off for long/;
ok($s->wait_log(qr/\[anshin_auth:warn\] .* AN1161: $set\. Until $until nothing is removed by it\. Set the clock if it is wrong; if it is right, do nothing$/m, 60),
    'a clock that was put forward: the error log says since when, until when, and what to do');
finds('a clock that was put forward', 1, 'warning', qr/^$set$/, qr/^set it if it is wrong; if it is right, do nothing\. Until $until nothing is removed by it$/);
$s->later(0);
ok($s->wait_log(qr/\[anshin_auth:notice\] .* AN1162: the clock is believed again$/m, 60), 'it was set right, back by as much: housekeeping goes on, and the error log says so');
ok(Anshin::Server::wait_for(20, sub { !@{ check()->{problems} } }), 'and check is content');

$s->stop;
finds('no worker', 2, 'critical', qr/^the CA worker does not run/, qr/start httpd/);

my $made = $s->htanshin('--contract', 'p-02', 'user', 'add', 'p-02-usr001', '--address', 'usr001@example.jp');
is($made->{status}, 0, 'a user of another contract') or diag($made->{err});
$s->{extra} = $s->{vhost} = '';
is($s->run('script', '-qec', "'$s->{root}/bin/htanshin' -d '$s->{root}/state' --contract p-01 user list --state disabled", '/dev/null', { env => 1 })->{out},
    "none\r\n", 'D10: on a terminal an empty list says so');
is($s->htanshin('--contract', 'p-01', 'user', 'list', '--state', 'disabled')->{out}, '', 'D10: and in a pipe it is empty');
$s->{contract} .= "\nAnshinCertificateKey ed25519\nAnshinReissueGap none\nAnshinCertificateName %{user}";
$s->configure;
$s->start;
ok(Anshin::Server::wait_for(10, sub { @{ check()->{problems} } == 2 }), 'the worker is back');
my ($stranger, $key) = @{ check()->{problems} };
is($stranger->{severity}, 'critical', 'a contract that is not declared any more: critical');
like($stranger->{problem}, qr/^contract p-02: is not declared, but has 1 user, who/, 'a contract that is not declared any more');
is($key->{severity}, 'warning', 'a key that Firefox cannot import (B31): a warning');
like($key->{problem}, qr/^contract p-01: Firefox cannot import .*ed25519/, 'a key that Firefox cannot import (B31)');
is(check()->{status}, 2, 'the worst of them is the exit code');
my ($alike) = grep { $_->{directive} eq 'AnshinCertificateName' } @{ check()->{departures} };
like($alike->{why}, qr/old and new certificate look alike/, 'LST-1: check tells when two valid certificates could look alike');
my $useless = $s->htanshin('user', 'code', 'p-01-usr001');
is($useless->{status}, 1, 'a code that no page asks for is not given out');
like($useless->{err}, qr/AnshinReissueProof question, AnshinReissueGap none/, 'and why');
like($s->htanshin('check')->{out}, qr/severity.*\n.*critical/, 'as text, too');

# A clock that was put back since somebody logged in.
$s->later(7200);
$p->{password} = $new{password};
$p->login($s->client);
$s->later(0);
my ($behind) = grep { $_->{id} eq 'clock-behind' } @{ check()->{problems} };
like($behind->{problem} // '', qr/^the clock is behind what was written here last, at \d{4}-/, 'ADM-1: a clock that is behind its own last entries');
is($behind->{severity}, 'warning', 'ADM-1: as a warning');
$s->finish;

# --- httpd's own configuration, and the machine (ADM-1): many faults in one server, then none ---

# An RSA certificate for six days, of which so many are left.
my $short = sub {
    my ($left) = @_;
    my $pem = Anshin::PKI->new($s->root . '/tls/short')->issue('localhost', from => $left - 6, to => $left, usage => 'serverAuth', algorithm => 'rsa');
    for my $end (qw(key crt)) { rename $pem =~ s/pem$/$end/r, $s->root . "/tls/rsa.$end" or die "$end: $!" }
    return;
};
my $hosts = <<'END';
<VirtualHost 127.0.0.1:@PORT@>
    ServerName open.localhost:@PORT@
    SSLEngine on
    @OPEN@
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName late.localhost:@PORT@
    SSLEngine on
    AnshinUse none
    Redirect "/" "https://localhost:@PORT@/"
    SSLCACertificateFile "@ROOT@/tls/server.pem"
    @LATE@
</VirtualHost>
END
my $site = sub { my ($open, $late) = @_; return $hosts =~ s/\@OPEN\@/$open/r =~ s/\@LATE\@/$late/r };
my $tls = "SSLCertificateFile \"\@ROOT\@/tls/rsa.crt\"\nSSLCertificateKeyFile \"\@ROOT\@/tls/rsa.key\"\n";
my $remoteip = "LoadModule remoteip_module \"\@LIBEXEC\@/mod_remoteip.so\"\nRemoteIPHeader X-Forwarded-For\n";
$s = Anshin::Server->new(
    contract => 'AnshinTryURL https://nowhere.example/anshin',
    server   => "AnshinMailCommand /bin/false\nRequestReadTimeout header=0 body=20\n$remoteip" . "<Directory \"\@ROOT\@/state\">\nRequire all granted\n</Directory>",
    vhost    => $tls . "TraceEnable on\nSSLProtocol all -SSLv3\nSSLCipherSuite DEFAULT\@SECLEVEL=0\nSSLInsecureRenegotiation on\nProxyRequests on\nAlias \"/state\" \"\@ROOT\@/state\"",
    extra    => $extra . $site->('', "<Location \"/late\">\nSSLVerifyClient require\n</Location>")
);
$short->(1.9);
chmod 0644, $s->root . '/tls/rsa.key';
$s->start;
chmod 0777, $s->root . '/bin/anshin-ca';
chmod 0777, $s->state . '/run';
my %told;
Anshin::Server::wait_for(10, sub { %told = map { $_->{id} => $_ } @{ check()->{problems} }; return !$told{worker} });
my %wanted = (
    'tls-versions'      => qr/^host localhost:\d+: TLS of before 1\.2/,
    'tls-renegotiation' => qr/^host localhost:\d+: insecure renegotiation/,
    'tls-ends'          => qr/^host localhost:\d+: the TLS certificate ends on \d{4}-/,
    'tls-key'           => qr{^host localhost:\d+, \S+/tls/rsa\.key: the key},
    'verify-client'     => qr{^host late\.localhost:\d+, line \d+ of \S+/httpd\.conf: TLS 1\.3},
    reqtimeout          => qr{^line \d+ of \S+/httpd\.conf: whoever sends},
    remoteip            => qr{^host localhost:\d+, line \d+ of \S+/httpd\.conf: whoever asks},
    'forward-proxy'     => qr{^host localhost:\d+, line \d+ of \S+/httpd\.conf: httpd asks other servers},
    'open-elsewhere'    => qr{^host open\.localhost:\d+, /members, which is /members of host localhost:\d+: what is protected},
    'state-served'      => qr{^host localhost:\d+, /state/seal\.key: the state directory},
    'portal-host'       => qr{^contract p-01: AnshinTryURL https://nowhere\.example/anshin: no virtual host},
    'portal-place'      => qr{^contract p-02: AnshinPortalURL \S+/other: no <Location>},
    program             => qr{^\S+/bin/anshin-ca, which Anshin Login runs: mode 0777},
    state               => qr{/run has mode 0777, which lets everybody in}
);
is(join(' ', sort keys %told), join(' ', sort keys %wanted), 'ADM-1: check tells of all that is wrong with this server and of nothing else') or diag(explain(\%told));
like($told{$_}{problem}, $wanted{$_}, "ADM-1: $_") for sort keys %wanted;
is(ids(check()->{advice}), 'hsts tls-secrecy trace', 'ADM-1: and gives advice');
is(check()->{status}, 2, 'ADM-1: something critical is among it');
my $unsent = check('--mail', 'probe@mailbox.example');
is($unsent->{mail}{state}, 'failed', 'ADM-1: check --mail tells that a test mail failed');
like((grep { $_->{id} eq 'mail-test' } @{ $unsent->{problems} })[0]{problem}, qr{^the test mail to probe\@mailbox\.example failed: mail: /bin/false ended with 1$}, 'ADM-1: and why');
is(ids(check()->{problems}), join(' ', sort keys %wanted), 'ADM-1: nothing of it is left that would be a failed mail');
is(join(' ', map { $_->{severity} } @told{qw(open-elsewhere state-served state)}), 'critical critical critical', 'ADM-1: what lets strangers in is');

# Put right.
$short->(2.1);
chmod 0600, $s->root . '/tls/rsa.key';
chmod 0755, $s->root . '/bin/anshin-ca';
chmod 02770, $s->state . '/run';
$s->{contract} = '';
$s->{server}   = "RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500\n$remoteip" . "RemoteIPInternalProxy 192.0.2.1";
$s->{vhost}    = $tls . "SSLCipherSuite HIGH:!aNULL:!kRSA\nHeader always set Strict-Transport-Security max-age=31536000\n$other";
$s->{extra}    = $extra . $site->('Redirect permanent "/" "https://localhost:@PORT@/"', '');
$s->configure;
$s->restart;
ok(Anshin::Server::wait_for(10, sub { !@{ check()->{problems} } }), 'ADM-1: mended, it has nothing to tell, nor of a certificate of six days with more than a third of them left') or diag(explain(check()->{problems}));
is(ids(check()->{advice}), '', 'ADM-1: nor any advice');

# Proxies; and the other ways to close what another host protects.
$s->{server} = "AnshinTrustedProxy 192.0.2.0/24";
for my $closed ("RewriteEngine on\nRewriteRule ^ https://localhost%{REQUEST_URI} [R=301,L]", "<Location \"/members\">\nRequire all denied\n</Location>", 'Alias "/members" "@ROOT@/htdocs/open"') {
    $s->{extra} = $extra . $site->($closed, '');
    $s->configure;
    $s->graceful;
    ok(Anshin::Server::wait_for(10, sub { ids(check()->{problems}) eq 'proxy-address proxy-network' }), "ADM-1: a network of proxies, without mod_remoteip; closed elsewhere by " . $closed =~ s/\n.*//sr) or diag(explain(check()->{problems}));
}
$s->finish;
done_testing;
