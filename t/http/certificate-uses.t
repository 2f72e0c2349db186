# Whoever protects by client certificates beside Anshin is protected as by mod_ssl alone (ISO-1, S33): each use of a certificate, on
# hosts beside Anshin's and in .htaccess of Anshin's own host; with a certificate of the right CA, one that says the same of itself, and
# one of Anshin's CA that does; TLS 1.2 and 1.3, HTTP/1.1 and 2, with the host's own SNI and with that of Anshin's host; beside one
# contract and beside two. Every answer is compared with that of a bare httpd of the same lines.
use strict;
use warnings;
use lib 't/lib';
use IO::Socket::SSL;
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $subject = 'partner/O=Partner';
my $ask     = 'SSLCACertificateFile "@PARTNER@/ca.crt"' . "\nSSLVerifyClient";
my $basic   = "AuthType Basic\nAuthName partners\nAuthBasicProvider file\nAuthUserFile \"\@PARTNER\@/users\"\nRequire valid-user";
my $by_name = "Require expr \"%{SSL_CLIENT_S_DN_O} == 'Partner'\"";

# Uses of certificates: lines of the host, lines of its place.
my %uses = (
    require        => ["$ask require",                                                ''],
    place          => ['SSLCACertificateFile "@PARTNER@/ca.crt"',                     'SSLVerifyClient require'],
    username       => ["$ask optional",                                               "SSLUserName SSL_CLIENT_S_DN_CN\n$basic"],
    expression     => ["$ask optional",                                               $by_name],
    fake           => ["$ask optional",                                               "SSLOptions +FakeBasicAuth\n$basic"],
    boolean        => ["$ask optional",                                               'SSLRequire %{SSL_CLIENT_S_DN_O} eq "Partner"'],
    ocsp           => ["$ask require\nSSLOCSPEnable on\nSSLOCSPDefaultResponder http://127.0.0.1:1/\nSSLOCSPOverrideResponder on", ''],
    crl            => ["$ask require\nSSLCARevocationFile \"\@PARTNER\@/crl.pem\"\nSSLCARevocationCheck leaf", ''],
    'not-expr'     => ['',                                                            $by_name],
    'not-username' => ['',                                                            "SSLUserName SSL_CLIENT_S_DN_CN\n$basic"],
    'not-fake'     => ['',                                                            "SSLOptions +FakeBasicAuth\n$basic"],
);

# The same in .htaccess of Anshin's own host.
my %files = (
    'ht-require'  => 'SSLVerifyClient require',
    'ht-optional' => "SSLVerifyClient optional\n$by_name",
    'ht-username' => "SSLUserName SSL_CLIENT_S_DN_CN\n$basic",
    'ht-expr'     => $by_name,
    'ht-fake'     => "SSLOptions +FakeBasicAuth\n$basic",
    'ht-boolean'  => 'SSLRequire %{SSL_CLIENT_S_DN_O} eq "Partner"',
);

# --- the partner's CA, three servers ---

my $root    = File::Temp::tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $partner = Anshin::PKI->new("$root/ca", name => 'Partner CA');
my %cert    = (good => $partner->issue($subject), revoked => $partner->issue($subject));
my @ca      = ('-config', "$root/ca/openssl.cnf", '-cert', $partner->certificate, '-keyfile', "$root/ca/ca.key");
Anshin::PKI::write_text("$root/ca/openssl.cnf", "[ca]\ndefault_ca = partner\n[partner]\ndatabase = $root/ca/index\ndefault_md = sha256\n");
Anshin::PKI::write_text("$root/ca/index", '');
Anshin::PKI::openssl('ca', @ca, '-revoke', $cert{revoked} =~ s/pem$/crt/r);
Anshin::PKI::openssl('ca', @ca, '-gencrl', '-crldays', 30, '-out', "$root/ca/crl.pem");
Anshin::PKI::openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', "/CN=$subject", '-days', 30,
    '-keyout', "$root/self.key", '-out', "$root/self.crt");
Anshin::PKI::write_text($cert{self} = "$root/self.pem", join '', map { Anshin::PKI::read_text("$root/self.$_") } qw(crt key));

sub extra {
    my $text = "<Directory \"\@ROOT\@/htdocs/files\">\nAllowOverride All\n</Directory>\n";
    for my $use (sort keys %uses) {
        my ($host, $place) = @{ $uses{$use} };
        $text .= "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName $use.localhost:\@PORT\@\nSSLEngine on\n$host\n<Location />\n$place\n</Location>\n</VirtualHost>\n";
    }
    return $text;
}

# Files that httpd reads lie in its own directory, where its run user may.
sub server {
    my (%want) = @_;
    my $s = Anshin::Server->new(%want, vhost => 'SSLCACertificateFile "@PARTNER@/ca.crt"', extra => extra());
    my $directory = $s->root . '/partner';
    mkdir $directory or die $!;
    Anshin::PKI::write_text("$directory/$_", Anshin::PKI::read_text("$root/ca/$_")) for qw(ca.crt crl.pem);
    Anshin::PKI::write_text("$directory/users", "/CN=$subject:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");    # "password", as FakeBasicAuth has it
    my $conf = $s->root . '/httpd.conf';
    Anshin::PKI::write_text($conf, Anshin::PKI::read_text($conf) =~ s/\@PARTNER\@/$directory/gr);
    mkdir $s->root . '/htdocs/files' or die $!;
    for my $file (sort keys %files) {
        my $at = $s->root . "/htdocs/files/$file";
        mkdir $at or die $!;
        Anshin::PKI::write_text("$at/.htaccess", $files{$file} =~ s/\@PARTNER\@/$directory/gr);
        Anshin::PKI::write_text("$at/index.html", "the partner's page");
    }
    Anshin::PKI::write_text($s->root . '/htdocs/index.html', "the partner's page");
    return $s->start;
}

my %anshin = (contract => 'AnshinLoginMethods password certificate', server => 'AnshinCAWorker off');
my $bare = server(bare => 1);
my %beside = ('one contract' => server(%anshin), 'two contracts' => server(%anshin, sites => { b => 'AnshinLoginMethods certificate' }));

# --- one request: 1 when the page came ---

my %contexts;

# A client that can be asked for its certificate behind the handshake of TLS 1.3, as curl can.
sub context {
    my ($cert, $tls, $http) = @_;
    my $context = IO::Socket::SSL::SSL_Context->new(
        SSL_verify_mode => SSL_VERIFY_NONE, SSL_version => 'TLSv' . ($tls =~ tr/./_/r), SSL_alpn_protocols => [$http == 2 ? 'h2' : 'http/1.1'],
        defined $cert ? (SSL_cert_file => $cert, SSL_key_file => $cert) : ()
    ) or die "context: $IO::Socket::SSL::SSL_ERROR";
    Net::SSLeay::CTX_set_post_handshake_auth($context->{context}, 1);
    return $context;
}

sub opens {
    my ($server, $cert, $tls, $http, $sni, $host, $path) = @_;
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "too slow\n" };
    my $context = $contexts{ join ' ', $cert // '', $tls, $http } //= context($cert, $tls, $http);
    my ($sni_name, $name) = map { $_ eq 'localhost' ? $_ : "$_.localhost" } $sni, $host;
    my $authority = "$name:" . $server->port;
    my $body = eval {
        alarm Anshin::Valgrind::stretch(20);
        my $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $server->port, SSL_reuse_ctx => $context,
            SSL_hostname => $sni_name) or return '';
        my $got = $http == 2 ? ask2($socket, $authority, $path) : ask1($socket, $authority, $path);
        $socket->close(SSL_fast_shutdown => 1);
        $got;
    } // '';
    alarm 0;
    return $body =~ /the partner's page/ ? 1 : 0;
}

sub ask1 {
    my ($socket, $authority, $path) = @_;
    $socket->syswrite("GET $path HTTP/1.1\r\nHost: $authority\r\nConnection: close\r\n\r\n");
    my $got = '';
    1 while $socket->sysread($got, 65536, length $got);
    return $got;
}

# HTTP/2 (RFC 9113): the preface, SETTINGS, one HEADERS of literals; read until the stream ends, or the connection.
sub ask2 {
    my ($socket, $authority, $path) = @_;
    my $literal = sub { my ($name, $value) = @_; return pack 'C C/a C/a', 0, $name, $value };
    my $headers = join '', map { $literal->(@$_) } [':method', 'GET'], [':scheme', 'https'], [':authority', $authority], [':path', $path];
    my $frame = sub { my ($type, $flags, $stream, $data) = @_; return substr(pack('N', length $data), 1) . pack('C C N', $type, $flags, $stream) . $data };
    $socket->syswrite("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $frame->(4, 0, 0, '') . $frame->(1, 5, 1, $headers));
    my ($got, $body, $ended) = ('', '', 0);
    while (!$ended && $socket->sysread($got, 65536, length $got)) {
        while (length $got >= 9 && length $got >= 9 + unpack 'N', "\0" . substr $got, 0, 3) {
            my ($type, $flags, $stream) = unpack 'C C N', substr $got, 3, 6;
            my $data = substr $got, 9, unpack 'N', "\0" . substr $got, 0, 3;
            substr $got, 0, 9 + length $data, '';
            $body .= $data if $type == 0;
            $ended ||= $type == 3 || $type == 7 || ($stream == 1 && $type <= 1 && $flags & 1);
        }
    }
    return $body;
}

# --- the matrix ---

my (@looked, %plain_opens, %count);

sub compare {
    my ($use, $host, $path, @certs) = @_;
    for my $way (map { my $tls = $_; map { [$tls, $_] } 1, 2 } '1.2', '1.3') {
        my ($tls, $http) = @$way;
        for my $sni ($host eq 'localhost' ? $host : ($host, 'localhost')) {
            for my $cert (@certs) {
                my $on = "TLS $tls, HTTP/$http, SNI " . ($sni eq $host ? 'its own' : 'of Anshin') . ", certificate $cert";
                my $plain = opens($bare, $cert{$cert}, $tls, $http, $sni, $host, $path);
                $plain_opens{$use} ||= $plain;
                $plain_opens{"$use $tls"} ||= $plain;
                for my $beside (sort keys %beside) {
                    my $opens = opens($beside{$beside}, $cert eq 'ours' ? $cert{$beside} : $cert{$cert}, $tls, $http, $sni, $host, $path);
                    $count{ $plain ? 'plain opens' : 'plain refuses' }++;
                    push @looked, "$use beside $beside, $on: opens" if $opens && !$plain;
                    push @looked, "$use beside $beside, $on: refused" if $plain && !$opens && $sni eq $host && $host ne 'localhost';
                }
            }
        }
    }
    return;
}

$cert{$_} = $beside{$_}->pki->issue($subject) for keys %beside;
$cert{ours} = $cert{'one contract'};    # what plain mod_ssl is shown
for my $use (sort keys %uses) {
    @looked = ();
    compare($use, $use, '/', qw(good self ours), $use eq 'crl' ? 'revoked' : (), $use =~ /^(?:place|require)$/ ? 'none' : ());
    is(join("\n", @looked), '', "ISO-1, S33: $use: as strong beside Anshin as without, and open to the same");
}
for my $file (sort keys %files) {
    @looked = ();
    compare($file, 'localhost', "/files/$file/", qw(good self ours));
    is(join("\n", @looked), '', "ISO-1, S33: .htaccess on Anshin's host, $file: as strong as without");
}
is(join(' ', grep { $plain_opens{$_} } sort keys %uses), 'boolean crl expression fake place require username',
    'control: what the right certificate opens at plain mod_ssl');
is($plain_opens{"place $_"}, 1, "control: TLS $_: a place that asks behind the handshake") for '1.2', '1.3';
cmp_ok($count{$_} // 0, '>', 50, "answers compared where $_: " . ($count{$_} // 0)) for 'plain opens', 'plain refuses';

# A TLS session that began with any certificate at Anshin's host is no way into another (S33).
for my $beside (sort keys %beside) {
    my $s = $beside{$beside};
    for my $tls ('1.2', '1.3') {
        my $c = $s->client(tls => $tls, cert => $cert{self}, ca => undef, resume => 1);
        is($c->get('/')->status, 200, "beside $beside, TLS $tls: a session with any certificate");
        $c->close;
        @$c{qw(host sni)} = ('require.localhost') x 2;
        unlike($c->get('/')->body, qr/partner's page/, 'is not taken where one is required');
    }
}

$_->finish for $bare, values %beside;

# --- AuthType Anshin: nobody is a user unless we said so (S33) ---

my $s = Anshin::Server->new(
    contract => "AnshinLoginMethods password certificate", server => "LoadModule lua_module \"\@LIBEXEC\@/mod_lua.so\"\nAnshinCAWorker off",
    vhost => join "\n", map { <<"END" } ['early', 'LuaHookAccessChecker', 'early'], ['late', 'LuaHookAccessChecker', 'late'], ['authz', 'LuaHookAuthChecker', 'early'], ['fixups', 'LuaHookFixups', '']);
    <Location "/by-$_->[0]">
        AuthType Anshin
        <RequireAny>
            Require user p-01-usr001
            Require valid-user
        </RequireAny>
        $_->[1] "\@ROOT\@/user.lua" hook $_->[2]
    </Location>
    Alias "/by-$_->[0]" "\@ROOT\@/htdocs/members"
END
Anshin::PKI::write_text($s->root . '/user.lua', "require 'apache2'\nfunction hook(r)\n    r.user = 'p-01-usr001'\n    return apache2.DECLINED\nend\n");
mkdir $s->root . '/htdocs/named' or die $!;
Anshin::PKI::write_text($s->root . '/htdocs/named/.htaccess', "SSLUserName SSL_CLIENT_S_DN_CN\n");
Anshin::PKI::write_text($s->root . '/htdocs/named/index.html', "the members' page");
my $conf = Anshin::PKI::read_text($s->root . '/httpd.conf');
Anshin::PKI::write_text($s->root . '/httpd.conf',
    "$conf\n<Directory \"" . $s->root . "/htdocs/named\">\nAllowOverride AuthConfig\nAuthType Anshin\nRequire valid-user\n</Directory>\n");
$s->start;
my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;
my %by = (cert => $s->foreign->issue('p-01-usr001'));
for my $tls ('1.2', '1.3') {
    is($s->client(tls => $tls, %by)->get('/named/')->status, 401, "S33: TLS $tls: SSLUserName in .htaccess makes nobody a user");
    is($s->client(tls => $tls, cert => $s->pki->issue('p-01-usr001'))->get('/named/')->status, 401, "S33: TLS $tls: nor with a certificate of our CA");
}
for my $hook (qw(early late authz fixups)) {
    my $r = $s->client->get("/by-$hook/index.html");
    is($r->status, 401, "S33: r->user set by another module ($hook): no entry without a session");
    unlike($r->body, qr/members' page/, 'and no page');
}
my $in = $s->client;
is($person->login($in)->status, 303, 'with a session');
is($in->get('/named/')->status, 200, 'APP-1: the place opens');
is($in->get('/by-early/index.html')->status, 200, 'APP-1: the session makes the user, whatever was there before');
is($in->get('/by-authz/index.html')->status, 200, 'APP-1: the same user by another module is the same user');
Anshin::PKI::write_text($s->root . '/user.lua', Anshin::PKI::read_text($s->root . '/user.lua') =~ s/usr001/usr002/r);
for my $hook (qw(authz fixups)) {
    my $r = $in->get("/by-$hook/index.html");
    is($r->status, 500, "S33: another module makes another user of a session's ($hook): no answer");
    unlike($r->body, qr/members' page/, 'and no page');
}
like($s->log, qr/AN0943: .*"p-01-usr002"/, 'the log tells whom');
$s->finish;
done_testing;
