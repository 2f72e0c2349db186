# What others learn of revocations: the list of revoked certificates as files for web servers, and served by http and https
# (CRT-6, CRT-9).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use HTTP::Request;
use LWP::UserAgent;
use Anshin::Person;
use Anshin::Server;

my $plain = Anshin::Server::free_port();
my $s = Anshin::Server->new(contract => "AnshinCAURL http://localhost:$plain/anshin/ca/", extra => <<"END");
Listen 127.0.0.1:$plain
<VirtualHost 127.0.0.1:$plain>
ServerName localhost
<Location /anshin>
    SetHandler anshin
    Require all granted
</Location>
</VirtualHost>
END
my $dir = $s->state . '/crl';
my ($der, $pem) = ("$dir/ca.crl", "$dir/ca.crl.pem");

sub out_of { my $r = $s->run(@_, { env => 1 }); return $r->{out} . $r->{err} }
sub text { return out_of(qw(openssl crl -inform DER -noout -text -in), $_[0] // $der) }
sub number { return text() =~ /CRL Number: *\s+(0x)?([0-9A-F]+)/ ? ($1 ? hex $2 : $2) : 0 }
sub wait_number { my ($above) = @_; return Anshin::Server::wait_for(15, sub { -e $pem && number() > $above }) }
sub mode { my @facts = stat $_[0]; return @facts ? sprintf('%04o', $facts[2] & 07777) : 'none' }

my @origins = ("https://localhost:$s->{port}", "http://localhost:$plain");
my $agent = LWP::UserAgent->new(max_redirect => 0, ssl_opts => { SSL_ca_file => $s->server_ca });
sub ask {
    my ($origin, $method, $path, $content, @headers) = @_;
    return $agent->request(HTTP::Request->new($method, "$origin$path", \@headers, $content // ()));
}

$s->start;

# --- a list before anything was revoked ---

ok(wait_number(0), 'CRT-6: the worker writes a CRL when it starts') or diag($s->log);
my $first = number();
is(mode($der) . ' ' . mode($pem), '0644 0644', 'CRT-6: for everybody to read, in DER and PEM');
my $ca = $s->state . '/ca/ca.crt';
like(out_of(qw(openssl crl -inform DER -noout -verify -CAfile), $ca, '-in', $der), qr/verify OK/, 'CRT-6: signed by the CA');
like(text(), qr/No Revoked Certificates/, 'CRT-6: nobody is on it');
unlike(text(), qr/Delta/, 'CRT-6: it is whole, not a delta');

# --- revoked ---

my @users = map { my $user = Anshin::Person->add($s, "p-01-usr00$_", method => 'certificate'); $user->register; $user->fetch; $user } 1 .. 2;
sub verify { my ($user) = @_; return out_of(qw(openssl verify -crl_check -CRLfile), $pem, '-CAfile', $ca, $user->{pem}) }
like(verify($users[0]), qr/: OK$/m, 'CRT-6: openssl takes a certificate that is not on the list');
my $revoked = $s->htanshin('cert', 'revoke', '--user', 'p-01-usr001', '--reason', 'keyCompromise');
is($revoked->{status}, 0, 'one is revoked') or diag($revoked->{err});
ok(wait_number($first), 'CRT-6: a list with a higher number follows') or diag($s->log);
like(verify($users[0]), qr/certificate revoked/, 'CRT-6: the certificate is revoked for openssl');
like(verify($users[1]), qr/: OK$/m, 'CRT-6: another one is not');
my ($serial) = out_of(qw(openssl x509 -noout -serial -in), $users[0]{pem}) =~ /serial=(\w+)/;
like(text(), qr/Serial Number: $serial\s+Revocation Date: .*\s+CRL entry extensions:\s+X509v3 CRL Reason Code: *\s+Key Compromise/,
    'CRT-6: serial, time and reason are on it');
is(out_of(qw(openssl crl -inform DER -outform PEM -in), $der), Anshin::PKI::read_text($pem), 'CRT-6: both files hold the same list');
like(out_of(qw(certtool --verify-crl --load-ca-certificate), $ca, '--infile', $pem), qr/verified/i, 'CRT-6: GnuTLS takes it');

# --- served (CRT-9) ---

my $file = Anshin::PKI::read_text($der);
for my $origin (@origins) {
    my $r = ask($origin, 'GET', '/anshin/ca/ca.crl');
    is($r->code, 200, "CRT-9: the list, by $origin");
    ok($r->content eq $file, 'CRT-9: it is the file');
    is($r->header('Content-Type'), 'application/pkix-crl', 'CRT-9: of its type');
    is_deeply([ map { scalar $r->header($_) } qw(Set-Cookie Location) ], [ undef, undef ], 'CRT-9: without cookie and redirect');
    my ($age) = ($r->header('Cache-Control') // '') =~ /^public, max-age=(\d+)$/;
    cmp_ok($age, '<=', 86400, 'CRT-9: not cached longer than it counts');
    cmp_ok($age, '>', 80000, 'CRT-9: and as long as it does');
    ok($r->header($_), "CRT-9: has $_") for qw(ETag Last-Modified);
    my $head = ask($origin, 'HEAD', '/anshin/ca/ca.crl');
    is_deeply([ $head->code, $head->header('Content-Length'), $head->content ], [ 200, length $file, '' ], 'CRT-9: HEAD');
    for my $if ([ 'If-None-Match', $r->header('ETag') ], [ 'If-Modified-Since', $r->header('Last-Modified') ]) {
        my $same = ask($origin, 'GET', '/anshin/ca/ca.crl', undef, @$if);
        is_deeply([ $same->code, $same->content ], [ 304, '' ], "CRT-9: $if->[0]: 304");
    }
    is(ask($origin, 'POST', '/anshin/ca/ca.crl', 'a=b')->code, 405, 'CRT-9: no POST');
    is(ask($origin, 'GET', "/anshin/ca/$_")->code, 404, "CRT-9: no /ca/$_") for 'ca.key', 'ca.crl.pem', '..%2fca.key', 'ca.crl/';
}
is(ask($origins[1], 'GET', '/anshin/login')->code, 303, 'ISO-3: pages answer at the https origin alone as before');
my $printed = out_of(qw(openssl x509 -noout -text -in), $users[1]{pem});
like($printed, qr{URI:\Qhttp://localhost:$plain/anshin/ca/ca.crl\E$}m, 'CRT-6: AnshinCAURL: certificates say where the list is');

# --- no list can be written ---

unlink $der;
mkdir $der;
for my $origin (@origins) {
    my $r = ask($origin, 'GET', '/anshin/ca/ca.crl');
    is($r->code, 503, "CRT-9: no list, by $origin: 503");
    like($r->header('Retry-After'), qr/^\d+$/, 'CRT-9: with Retry-After');
}
is($s->htanshin('cert', 'revoke', '--user', 'p-01-usr002')->{status}, 0, 'another one is revoked');
ok($s->wait_log(qr/AN1224: .*AN1222/), 'CRT-6: a list that cannot be written is told of');
rmdir $der;
ok($s->wait_log(qr/AN1225/), 'CRT-6: and written as soon as it can be');
like(verify($users[1]), qr/certificate revoked/, 'CRT-6: with what was revoked meanwhile');

# --- the worker starts anew: all are on the list, and the number goes on ---

my $second = number();
$s->restart;
ok(wait_number($second), 'CRT-6: a worker that starts writes a list with a higher number') or diag($s->log);
like(text(), qr/Serial Number: $serial/, 'CRT-6: which still has the certificate');
is(scalar(grep { /\.new$/ } glob "$dir/*"), 0, 'CRT-6: nothing is left beside the files');

$s->finish;
done_testing;
