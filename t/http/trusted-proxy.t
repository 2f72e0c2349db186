# Behind a TLS terminator: the client certificate comes in the header of RFC 9440 (APP-2), and from nobody else (S22).
# The terminator is a second httpd that asks for certificates, takes any, and hands them on over plain HTTP.
use strict;
use warnings;
use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use Test::More;
use Anshin::Client;
use Anshin::Person;
use Anshin::Server;

my $behind = Anshin::Server::free_port();

# mod_headers turns the line ends of the PEM form into blanks.
my $front = Anshin::Server->new(bare => 1, vhost => <<"END")->start;
SSLVerifyClient optional_no_ca
    RequestHeader unset Client-Cert
    RequestHeader set Client-Cert "%{SSL_CLIENT_CERT}s" "expr=-n %{SSL_CLIENT_CERT}"
    RequestHeader edit* Client-Cert "-----[A-Z ]+-----| " ""
    RequestHeader edit Client-Cert "^(.+)\$" ":\$1:"
    ProxyPreserveHost on
    ProxySourceAddress 127.0.0.2
    ProxyPass "/" "http://127.0.0.1:$behind/"
END

my $s = Anshin::Server->new(
    server   => 'AnshinTrustedProxy 192.0.2.0/24 127.0.0.2',
    contract => 'AnshinPortalURL https://localhost:' . $front->port . "/anshin\nAnshinLoginMethods certificate"
);
$s->{extra} = "Listen 127.0.0.1:$behind\n<VirtualHost 127.0.0.1:$behind>\nServerName localhost\n" . $s->vhost_lines . '</VirtualHost>';
$s->configure;
$s->start;

sub through { return Anshin::Client->new(port => $front->port, ca => $front->{server_ca}, @_) }

# --- a person behind the terminator ---

my $who = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$who->register(through());
$who->fetch(through());
my $c = through(cert => $who->{pem});
is($who->login($c)->status, 303, 'APP-2: a login with the certificate that the terminator handed on');
my $page = $c->get('/members/cgi-bin/env.cgi');
is($page->status, 200, 'APP-2: the session is let in');
like($page->body, qr/^ANSHIN_METHOD=certificate$/m, 'APP-2: by certificate');
like($page->body, qr/^ANSHIN_CERTIFICATE_SERIAL=[0-9a-f]+$/m, 'APP-2: of this serial');
unlike($page->body, qr/^HTTP_CLIENT_CERT/m, 'the site sees nothing of the header');

my %with = (cookies => { %{ $c->{cookies} } });
is(through(%with)->get('/members/')->status, 401, 'LOG-8: the session without the certificate');
is(through(%with, cert => $s->foreign->issue('p-01-usr001'))->get('/members/')->status, 401, 'LOG-8: with a foreign one');
is(through(%with, cert => $s->pki->issue('p-01-usr001'))->get('/members/')->status, 401, 'S20: with one that we never issued');

my %asks = ('Sec-Fetch-Mode' => 'navigate', 'Accept-Language' => 'en');
my %help = (
    'there is none' => [ undef, qr/no certificate|certificate was not/i ],
    'it is foreign' => [ $s->foreign->issue('p-01-usr001'), qr/not (?:one )?of this|another|not issued/i ]
);
for my $case (sort keys %help) {
    my ($cert, $text) = @{ $help{$case} };
    my $answer = through($cert ? (cert => $cert) : ())->get('/members/', %asks);
    is($answer->status, 401, "LOG-3: $case: the help page");
    like($answer->text, $text, "LOG-3: says that $case");
}

# --- who may say so ---

my $der = der($who->{pem});
my $direct = $s->client(%with);
is($direct->get('/members/', 'Client-Cert' => ":$der:")->status, 401, 'S22: a client cannot bring its certificate by header');
my $plain = plain('127.0.0.1');
like($plain->("Client-Cert: :$der:"), qr{^HTTP/1\.1 401}, 'S22: nor from an address that was not named');
$plain = plain('127.0.0.2');
like($plain->("Client-Cert: :$der:"), qr{^HTTP/1\.1 200}, 'APP-2: from the terminator it is believed');
like($plain->("client-cert:\t:$der: "), qr{^HTTP/1\.1 200}, 'in any letter case, with blanks around it');
like($plain->('X: y'), qr{^HTTP/1\.1 401}, 'APP-2: and without the header there is no certificate');
my $old = der($s->pki->issue('old', from => -10, to => -1));
like($plain->("Client-Cert: :$old:\r\nSec-Fetch-Mode: navigate\r\nAccept-Language: en"), qr{^HTTP/1\.1 401.*expired}s,
    'LOG-3: of one that has expired the help page says so');
like($plain->("Client_Cert: :$der:"), qr{^HTTP/1\.1 4}, 'S22: a name that is folded to it is another header');

# --- what is not as RFC 9440 has it ---

my %wrong = (
    'without colons'   => $der, 'empty' => '::', 'cut' => ':' . substr($der, 0, 101) . ':', 'of base64url' => ':_-_-:',
    'with parameters'  => ":$der:;a=1", 'of two values' => ":$der:, :$der:", 'a string' => '"x"', 'with a blank' => ':AA AA:',
    'with too much padding' => ':A===:', 'padded within' => ':AA==AAAA:'
);
like($plain->("Client-Cert: $wrong{$_}"), qr{^HTTP/1\.1 400}, "APP-2: 400 for a header $_") for sort keys %wrong;
like($plain->("Client-Cert: :$der:\r\nClient-Cert: :$der:"), qr{^HTTP/1\.1 400}, 'S22: 400 for two headers');
like($plain->('Client-Cert: :' . encode_base64("\x30\x03\x02\x01\x00", '') . ':'), qr{^HTTP/1\.1 401},
    'APP-2: octets that are no certificate open nothing');
like($s->log, qr/AN0522/, 'the log tells the operator of the terminator');

# --- revoked ---

my ($serial) = $page->body =~ /^ANSHIN_CERTIFICATE_SERIAL=(\w+)/m;
is($s->htanshin('cert', 'revoke', $serial)->{status}, 0, 'the operator revokes the certificate');
is($c->get('/members/')->status, 401, 'S20: the very next request behind the terminator is refused');

# --- the directive ---

for my $value ('proxy.example.jp', '127.0.0.300', '192.0.2.0/33', '2001:db8::/x') {
    $s->{server} = "AnshinTrustedProxy $value";
    $s->configure;
    my $test = $s->configtest;
    isnt($test->{status}, 0, "configtest stops at AnshinTrustedProxy $value");
    like($test->{err}, qr/AnshinTrustedProxy "\Q$value\E": give addresses or networks/, 'and says what is allowed');
}

# --- what makes a proxy weaker or useless is told (LCK-4) ---

sub told {
    my ($lines) = @_;
    $s->{server} = $lines;
    $s->configure;
    my $test = $s->configtest;
    is($test->{status}, 0, 'configtest takes ' . $lines =~ s/\n/, /gr) or diag($test->{err});
    return join ' ', $test->{err} =~ /(AN094[567])/g;
}
my $remoteip = "LoadModule remoteip_module \"\@LIBEXEC\@/mod_remoteip.so\"\nRemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.2";
is(told('AnshinTrustedProxy 192.0.2.0/24 127.0.0.2'), 'AN0945 AN0946', 'S22, LCK-4: it warns of a network, and of a missing mod_remoteip');
is(told("AnshinTrustedProxy 192.0.2.4/32 127.0.0.2 2001:db8::1/128\n$remoteip"), '', 'S22, LCK-4: of neither where there is none');
$s->restart;
my $before = length $s->log;
$plain = plain('127.0.0.2');
$plain->("Client-Cert: :$der:\r\nX-Forwarded-For: 198.51.100.7");
unlike(substr($s->log, $before), qr/AN0947/, 'LCK-4: an address that counts');
$plain->("Client-Cert: :$der:\r\nX-Forwarded-For: 198.51.100.7:4711") for 1 .. 3;
like(substr($s->log, $before), qr/AN0947: .*"X-Forwarded-For: 198\.51\.100\.7:4711"/, 'LCK-4: one that does not is told of');
$s->finish;
$front->finish;
done_testing;

# The certificate of a PEM file as RFC 9440 has it, without the colons.
sub der {
    my ($pem) = @_;
    return Anshin::PKI::read_text($pem) =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s ? $1 =~ s/\s+//gr : die "no certificate in $pem";
}

# Requests with the session's cookie over plain HTTP, from one of our own addresses.
sub plain {
    my ($from) = @_;
    my $cookie = join '; ', map { "$_=$with{cookies}{$_}" } sort keys %{ $with{cookies} };
    return sub {
        my ($header) = @_;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $behind, LocalAddr => $from, Timeout => 10)
            or die "connect: $!";
        print $socket "GET /members/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: $cookie\r\n$header\r\n\r\n";
        local $/;
        return scalar <$socket>;
    };
}
