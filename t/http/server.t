# The frame itself: a bare server, so that what the other suites rest on is known to see.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;

my $s = Anshin::Server->new(bare => 1, vhost => <<'END')->start;
SSLVerifyClient optional_no_ca
    SSLCACertificateFile "@ROOT@/tls/ca.crt"
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    SSLOptions +StdEnvVars
    ProxyPass "/proxied/" "http://127.0.0.1:@BACKEND@/"
    Header set Set-Cookie "seen=1; Path=/"
END

like(Anshin::Server::text_of('/proc/' . $s->pid . '/maps'), qr{/libasan\.so.*/bin/pieces\.so}s, 'sanitized: memory of pools is looked at')
    if $ENV{ANSHIN_SANITIZE};

for my $tls ('1.2', '1.3') {
    for my $http (1, 2) {
        my $c = $s->client(tls => $tls, http => $http);
        my $r = $c->get('/open/');
        is($r->status, 200, "TLS $tls, HTTP/$http: a page") or diag($r->error);
        like($r->body, qr/an open page/, 'its body');
        is($r->http, $http == 2 ? '2' : '1.1', 'the protocol asked for');
        is($c->{cookies}{seen}, '1', 'cookie kept');
        $r = $c->get('/cgi-bin/env.cgi');
        like($r->body, qr/^HTTP_COOKIE=seen=1$/m, 'cookie sent');
        (my $version = $tls) =~ s/^1/TLSv1/;
        like($r->body, qr/^SSL_PROTOCOL=\Q$version\E$/m, 'the TLS version asked for');
        like($r->body, qr/^SSL_CLIENT_VERIFY=NONE$/m, 'no certificate');
        $r = $s->client(tls => $tls, http => $http, cert => $s->foreign->issue('somebody'))->get('/cgi-bin/env.cgi');
        like($r->body, qr/^SSL_CLIENT_S_DN_CN=somebody$/m, 'client certificate presented') or diag($r->error);
        $r = $c->post('/proxied/', { a => 'b c' });
        like($r->body, qr/^Content-Length: 7\r?$/mi, 'form posted through the proxy');
    }
}

my $c = $s->client(tls => '1.2', resume => 1);
is($c->get('/open/')->status, 200, 'a first connection');
$c->close;
is($c->get('/open/')->status, 200, 'a second');
ok($c->resumed, 'whose TLS session is resumed');

my $none = $s->client(tls => '1.2', ca => $s->foreign->certificate)->get('/');
is($none->status, 0, 'a server certificate of another CA is refused');
like($none->error, qr/certificate/i, 'with the reason');

$s->graceful;
is($s->client->get('/open/')->status, 200, 'after a graceful restart');
$s->restart;
is($s->client->get('/open/')->status, 200, 'after a full restart');
is($s->client->get('/open/../members/')->status, 200, 'bare: nothing is protected');
$s->finish;
done_testing;
