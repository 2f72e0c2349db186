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
my %port = (pem => Anshin::Server::free_port(), xfcc => Anshin::Server::free_port());    # hosts with a header of their own

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
    contract => 'AnshinPortalURL https://localhost:' . $front->port . "/anshin\nAnshinLoginMethods certificate",
    vhost    => 'AnshinTrustedProxy none'
);
$s->{extra} = "Listen 127.0.0.1:$behind\n<VirtualHost 127.0.0.1:$behind>\nServerName localhost\n" . $s->vhost_lines . "</VirtualHost>\n";
$s->{extra} .= host($port{pem},  "AnshinTrustedProxy 127.0.0.3\nAnshinClientCertHeader X-SSL-Client-Cert pem-url");
$s->{extra} .= host($port{xfcc}, 'AnshinClientCertHeader X-Forwarded-Client-Cert xfcc');
my $led = $s->root . '/led';    # a site whose every page is led on to one in another place
for my $place ($led, "$led/members") {
    mkdir $place, 0755 or die "$place: $!";
    Anshin::PKI::write_text("$place/index.html", "a page inside\n");
}
my $led_port = Anshin::Server::free_port();
$s->{extra} .= host($led_port, <<"END");
DocumentRoot "$led"
ErrorDocument 400 /members/index.html
<Directory "$led">
    AuthType Anshin
    Require valid-user
    Options FollowSymLinks
    RewriteEngine on
    RewriteCond "%{REQUEST_FILENAME}" "!-f"
    RewriteRule "." "/members/index.html" [L]
</Directory>
END
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

# --- a direct client, at a host that believes no proxy (STO: whoever sits where a proxy sits) ---

is($s->client(%with, from => '127.0.0.2', cert => $who->{pem})->get('/members/')->status, 200,
    'APP-2: at a host with AnshinTrustedProxy none a client at the proxy\'s address is asked for its own certificate');
is($s->client(%with, from => '127.0.0.2')->get('/members/', 'Client-Cert' => ':' . der($who->{pem}) . ':')->status, 401,
    'S22: and its header counts for nothing there');

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

# --- requests that httpd leads on by itself ---

my $controlled = plain('127.0.0.2', $led_port, '/a/page');
like($controlled->("Client-Cert: :$der:"), qr{^HTTP/1\.1 200.*a page inside}s, 'APP-2: with the certificate to the front controller of a site');
like($controlled->('X: y'), qr{^HTTP/1\.1 401}, 'LOG-8: and not without');
my $forged = $controlled->('Client-Cert: forged');
like($forged, qr{^HTTP/1\.1 400}, 'S22: a header that is none: the ErrorDocument lies in a protected place');
unlike($forged, qr/a page inside/, 'S22: and stays there');

like($plain->("Client_Cert: :$der:"), qr{^HTTP/1\.1 4}, 'S22: a name that is folded to it is another header');

# --- other headers and forms, host by host ---

my $pem = Anshin::PKI::read_text($who->{pem}) =~ /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/s ? $1 : die;
my $url = $pem =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/gers;
like(plain('127.0.0.3', $port{pem})->("X-SSL-Client-Cert: $url"), qr{^HTTP/1\.1 200}, 'APP-2: pem-url, as nginx has it');
like(plain('127.0.0.2', $port{pem})->("X-SSL-Client-Cert: $url"), qr{^HTTP/1\.1 401}, 'S22: from the proxy of another host it is not believed');
like(plain('127.0.0.3', $port{pem})->("Client-Cert: :$der:"), qr{^HTTP/1\.1 401}, 'S22: nor the header of another host');
like(plain('127.0.0.3', $port{pem})->("X-SSL-Client-Cert: :$der:"), qr{^HTTP/1\.1 400}, 'APP-2: 400 for another form');
like($s->log, qr/AN0522: .*X-SSL-Client-Cert.*pem-url/, 'the log names header and form');
like(plain('127.0.0.3', $port{pem})->("X-SSL-Client-Cert: $url\r\nX-SSL-Client-Cert: $url"), qr{^HTTP/1\.1 400}, 'S22: 400 for two');
like(plain('127.0.0.3')->("Client-Cert: :$der:"), qr{^HTTP/1\.1 401}, 'S22: the proxy of one host is none of another');
my $xfcc = plain('127.0.0.2', $port{xfcc});
my $element = qq{By=spiffe://a/b;Hash=00;Subject="CN=a\\",b";Cert="$url"};
like($xfcc->("X-Forwarded-Client-Cert: $element"), qr{^HTTP/1\.1 200}, 'APP-2: xfcc, as Envoy has it');
like($xfcc->("X-Forwarded-Client-Cert: $element,$element"), qr{^HTTP/1\.1 400}, 'S22: 400 for the elements of two proxies');
like($xfcc->('X-Forwarded-Client-Cert: Hash=00'), qr{^HTTP/1\.1 400}, 'APP-2: 400 for one without Cert');
my $shown = plain('127.0.0.2', $port{xfcc}, '/members/cgi-bin/env.cgi')->("X-Forwarded-Client-Cert: $element\r\nX-SSL-Client-Cert: $url");
like($shown, qr/^ANSHIN_METHOD=certificate/m, 'APP-2: the application learns who it is');
unlike($shown, qr/CLIENT_CERT/, 'S22: and sees none of the headers of any host');

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

my %header = (
    'Client-Cert'         => qr/AN1751: .*name of a header and one of: rfc9440 pem-url xfcc/,
    'Client-Cert pem'     => qr/AN1753: .*"pem": this form is not known; give one of: rfc9440/,
    'Client_Cert rfc9440' => qr/AN1752: .*"Client_Cert": give a name of letters/,
    'Cookie pem-url'      => qr/AN1752: .*"Cookie"/
);
for my $value (sort keys %header) {
    $s->{server} = "AnshinTrustedProxy 127.0.0.2\nAnshinClientCertHeader $value";
    $s->configure;
    my $test = $s->configtest;
    isnt($test->{status}, 0, "configtest stops at AnshinClientCertHeader $value");
    like($test->{err}, $header{$value}, 'and says what is allowed');
}
$s->{extra} =~ s/^AnshinTrustedProxy.*\n//mg;
is(told(''), 'AN1754 AN1754', 'configtest tells of headers for which nobody is believed');

# --- what makes a proxy weaker or useless is told (LCK-4) ---

sub told {
    my ($lines) = @_;
    $s->{server} = $lines;
    $s->configure;
    my $test = $s->configtest;
    is($test->{status}, 0, 'configtest takes ' . $lines =~ s/\n/, /gr) or diag($test->{err});
    return join ' ', $test->{err} =~ /(AN094[567]|AN1754)/g;
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

# A host that a proxy leads to by plain http.
sub host {
    my ($port, $lines) = @_;
    return "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost\n$lines\n" . $s->vhost_lines . "</VirtualHost>\n";
}

# Requests with the session's cookie over plain HTTP, from one of our own addresses.
sub plain {
    my ($from, $port, $path) = @_;
    my $cookie = join '; ', map { "$_=$with{cookies}{$_}" } sort keys %{ $with{cookies} };
    return sub {
        my ($header) = @_;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port // $behind, LocalAddr => $from, Timeout => 10)
            or die "connect: $!";
        print $socket "GET " . ($path // '/members/') . " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: $cookie\r\n$header\r\n\r\n";
        local $/;
        return scalar <$socket>;
    };
}
