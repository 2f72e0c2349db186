# OCSP: others ask whether a certificate is revoked, by http and https (CRT-6, CRT-9; RFC 6960, 5019, 9654).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use HTTP::Request;
use LWP::UserAgent;
use MIME::Base64 qw(encode_base64);
use URI::Escape qw(uri_escape);
use Anshin::Person;
use Anshin::Processes;
use Anshin::Server;

my $plain = Anshin::Server::free_port();
my $s = Anshin::Server->new(clock => 1, contract => "AnshinCAURL http://localhost:$plain/anshin/ca/", extra => <<"END");
Listen 127.0.0.1:$plain
<VirtualHost 127.0.0.1:$plain>
ServerName localhost
<Location /anshin>
    SetHandler anshin
    Require all granted
</Location>
<Location /elsewhere>
    Require all granted
</Location>
</VirtualHost>
END
my $ca = $s->state . '/ca/ca.crt';
my @origins = ("http://localhost:$plain", "https://localhost:$s->{port}");
my $place = '/anshin/ca/ocsp';
my $agent = LWP::UserAgent->new(max_redirect => 0, ssl_opts => { SSL_ca_file => $s->server_ca });

sub run { my $r = $s->run(@_, { env => 1 }); return $r->{out} . $r->{err} }
sub file { my ($name, $content) = @_; my $path = $s->root . "/$name"; Anshin::PKI::write_text($path, $content) if defined $content; return $path }
# A request in DER, as openssl makes it; about a certificate, or a serial of the CA.
sub request {
    my ($what, @options) = @_;
    my @about = map { /^0x/ ? ('-serial', $_) : ('-cert', $_) } ref $what ? @$what : $what;
    my $path = file('request.der');
    unlink $path;
    run(qw(openssl ocsp), grep({ /^-sha/ } @options), '-issuer', $ca, @about, grep({ !/^-sha/ } @options), '-reqout', $path);
    return Anshin::PKI::read_text($path);
}
sub ask {
    my ($origin, $method, $path, $content, @headers) = @_;
    return $agent->request(HTTP::Request->new($method, "$origin$path", \@headers, $content // ()));
}
sub post { my ($der, $origin) = @_; return ask($origin // $origins[0], 'POST', $place, $der, 'Content-Type' => 'application/ocsp-request') }
sub get { my ($der, $origin, @headers) = @_; return ask($origin // $origins[0], 'GET', "$place/" . uri_escape(encode_base64($der, ''), '^A-Za-z0-9'), undef, @headers) }
# What an answer says, verified by openssl with nothing but the CA.
sub says {
    my ($r, $what, @request) = @_;
    return 'HTTP ' . $r->code unless $r->code == 200 && $r->header('Content-Type') eq 'application/ocsp-response';
    my $text = run(qw(openssl ocsp -no_nonce -respin), file('answer.der', $r->content), '-CAfile', $ca, '-issuer', $ca, $what =~ /^0x/ ? '-serial' : '-cert', $what);
    return $text =~ /Responder Error: (\w+)/ ? $1 : $text =~ /Response verify OK/ && $text =~ /^\Q$what\E: (\w+)/m ? $1 : $text;
}
sub status { my ($r) = @_; return $r->code == 200 && $r->content =~ /\A\x30\x03\x0a\x01(.)\z/s ? ord $1 : 0 }
my ($MALFORMED, $INTERNAL, $LATER, $UNAUTHORIZED) = (1, 2, 3, 6);
sub text { return run(qw(openssl ocsp -noverify -text -respin), file('answer.der', $_[0]->content)) }

$s->start;
my @users = map { my $user = Anshin::Person->add($s, "p-01-usr00$_", method => 'certificate'); $user->register; $user->fetch; $user } 1 .. 2;
my ($first, $second) = map { $_->{pem} } @users;

# --- made ahead: while the worker stands still nobody but the store can answer ---

my ($ahead) = Anshin::Processes->new($s)->of('worker');
sub made_ahead {
    my ($pem, $what) = @_;
    my $said = '';
    my $asks = request($pem, '-no_nonce');
    Anshin::Server::wait_for(30, sub { kill STOP => $ahead; $said = says(get($asks), $pem); kill CONT => $ahead; $said eq $what });
    return $said;
}
is(made_ahead($_, 'good'), 'good', 'CRT-6: the answer lies there before anybody has asked') for $first, $second;

# --- asked by openssl and GnuTLS, as others do ---

like(run(qw(openssl x509 -noout -ocsp_uri -in), $first), qr{^http://localhost:$plain/anshin/ca/ocsp$}m, 'CRT-6: AnshinCAURL: certificates say whom to ask');
for my $way ([qw(-sha1 -no_nonce)], [qw(-sha256 -no_nonce)], [qw(-sha1 -nonce)], [qw(-sha256 -nonce)]) {
    my ($digest, $nonce) = @$way;
    my $printed = run(qw(openssl ocsp), '-url', "$origins[0]$place", $digest, '-issuer', $ca, '-CAfile', $ca, '-cert', $first, $nonce);
    like($printed, qr/Response verify OK/, "CRT-6: openssl takes the answer (@$way)");
    like($printed, qr/: good$/m, 'CRT-6: the certificate is good');
    unlike($printed, qr/WARNING/, 'CRT-6: with the nonce that was asked for');
}
my $tool = run('ocsptool', "--ask=$origins[0]$place", '--load-cert', $first, '--load-issuer', $ca, '--load-trust', $ca);
like($tool, qr/Certificate Status: good/, 'CRT-6: GnuTLS ocsptool: good');
like($tool, qr/Verifying OCSP Response: Success/, 'CRT-6: and it takes the signature');

# --- HTTP (CRT-9) ---

my $der = request($first, '-no_nonce');
for my $origin (@origins) {
    for my $r (post($der, $origin), get($der, $origin)) {
        is(says($r, $first), 'good', 'CRT-9: ' . $r->request->method . " by $origin");
        is_deeply([ map { scalar $r->header($_) } qw(Set-Cookie Location) ], [ undef, undef ], 'CRT-9: without cookie and redirect');
        my ($age) = ($r->header('Cache-Control') // '') =~ /^public, max-age=(\d+), no-transform, must-revalidate$/;
        cmp_ok($age // 0, '>', 40000, 'CRT-6: to be cached as long as it counts (RFC 5019)');
        cmp_ok($age // 1e9, '<=', 43200, 'CRT-6: and no longer');
        ok($r->header($_), "CRT-6: has $_") for qw(ETag Last-Modified Expires);
    }
}
my @tags;    # the worker may put a newer answer between two of them
for (1 .. 5) { @tags = map { get($der, $_)->header('ETag') } @origins; last if $tags[0] eq $tags[1] }
is($tags[1], $tags[0], 'CRT-6: one answer for all who ask');
for my $if ([ 'If-None-Match', 'ETag' ], [ 'If-Modified-Since', 'Last-Modified' ]) {
    my $same;
    for (1 .. 5) {
        $same = get($der, undef, $if->[0], get($der)->header($if->[1]));
        last if $same->code == 304;
    }
    is_deeply([ $same->code, $same->content ], [ 304, '' ], "CRT-6: $if->[0]: 304");
}
my $nonced = post(request($first, '-nonce'));
is_deeply([ says($nonced, $first), map { scalar $nonced->header($_) } qw(Cache-Control ETag) ], [ 'good', 'no-store', undef ], 'CRT-6: with a nonce it is in no cache');
isnt(post(request($first, '-nonce'))->content, $nonced->content, 'CRT-6: and made for this one request');
like(text($nonced), qr/X509v3 Extended Key Usage: *\s+OCSP Signing\s.*OCSP No Check/s, 'CRT-6: by a key that the CA lets do this alone');

# Base64 with slashes, one behind the other, encoded and not.
my ($hex, $slashes) = map { ($_, request("0x$_", '-no_nonce')) } 'ff' x 17;
like(encode_base64($slashes, ''), qr{//}, 'a request with two slashes in base64');
is(says(get($slashes), '0x' . uc $hex), 'unknown', 'CRT-9: slashes of base64 as %2F%2F');
is(says(ask($origins[0], 'GET', "$place/" . encode_base64($slashes, '')), '0x' . uc $hex), 'unknown', 'CRT-9: and as they are');
is(ask($origins[0], 'GET', '/elsewhere/ca/ocsp/a%2Fb')->code, 404, 'CRT-9: beside the portal AllowEncodedSlashes is as it was');
is(ask($origins[0], 'HEAD', "$place/" . uri_escape(encode_base64($der, ''), '^A-Za-z0-9'))->header('Content-Type'), 'application/ocsp-response', 'CRT-9: HEAD');
is(ask($origins[0], 'GET', $place)->code, 405, 'CRT-9: no request, no GET');
is(ask($origins[0], 'PUT', $place, $der, 'Content-Type' => 'application/ocsp-request')->code, 405, 'CRT-9: no PUT');
is(ask($origins[0], 'POST', $place, $der, 'Content-Type' => 'application/x-www-form-urlencoded')->code, 415, 'CRT-9: another type: 415');
is(post('x' x 8193)->code, 413, 'S32: too long: 413');
is(ask($origins[0], 'GET', "/anshin/ca/$_")->code, 404, "CRT-9: no /ca/$_") for 'ocspx', 'ocs';

# --- what is not answered ---

is(says(post(request('0x4141')), '0x4141'), 'unknown', 'CRT-6: a serial that nobody has: unknown');
is(post(request('0x4141', '-no_nonce'))->header('Cache-Control'), 'no-store', 'CRT-6: it may be issued tomorrow');
is(status(post('')), $MALFORMED, 'CRT-6: nothing: malformedRequest');
is(status(post(substr $der, 0, -1)), $MALFORMED, 'CRT-6: a part of a request: malformedRequest');
is(status(ask($origins[0], 'GET', "$place/%25%25")), $MALFORMED, 'CRT-9: no base64: malformedRequest');
is(status(ask($origins[0], 'GET', "$place/")), $MALFORMED, 'CRT-9: an empty one: malformedRequest');
my $both = post(request([ $first, '0x4141' ], '-no_nonce'));
is(says($both, $first) . ' ' . says($both, '0x4141'), 'good unknown', 'CRT-6: two certificates in one request');
is(status(post(request([ map { sprintf '0x%x', 100 + $_ } 1 .. 9 ], '-no_nonce'))), $MALFORMED, 'S32: nine are too many');
my $foreign = $s->foreign;
my $request = file('foreign.der');
run(qw(openssl ocsp -no_nonce -issuer), $foreign->certificate, qw(-serial 1 -reqout), $request);
is(status(post(Anshin::PKI::read_text($request))), $UNAUTHORIZED, 'CRT-6: about another CA: unauthorized');

# Requests of others (python3-cryptography-vectors): each about a CA that is not ours, and three that are none.
my $vectors = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/ocsp';
my %right = (
    'req-duplicate-ext' => $MALFORMED, 'req-ext-nonce' => $UNAUTHORIZED, 'req-ext-unknown-oid' => $UNAUTHORIZED,
    'req-invalid-hash-alg' => $UNAUTHORIZED, 'req-multi-sha1' => $UNAUTHORIZED, 'req-sha1' => $UNAUTHORIZED,
    'ocsp-army.valid-req' => $UNAUTHORIZED, 'ocsp-army.revoked-req' => $UNAUTHORIZED, 'ocsp-army.inapplicable-req' => $UNAUTHORIZED,
);
is(status(post(Anshin::PKI::read_text("$vectors/$_.der"))), $right{$_}, "CRT-6: $_: the right refusal") for sort keys %right;
is(status(post(Anshin::PKI::read_text("$vectors/resp-revoked.der"))), $MALFORMED, 'CRT-6: an answer is no request');

# --- revoked: at once ---

my $other = request($second, '-no_nonce');
is(says(get($other), $second), 'good', 'the second one is good');
is($s->htanshin('cert', 'revoke', '--user', 'p-01-usr002', '--reason', 'keyCompromise')->{status}, 0, 'it is revoked');
is(made_ahead($second, 'revoked'), 'revoked', 'CRT-6: and the new answer lies there');
my $revoked = get($other);
is(says($revoked, $second), 'revoked', 'CRT-6: the next answer says so, at once');
like(text($revoked), qr/Revocation Reason: keyCompromise/, 'CRT-6: with its reason');
is(says(post(request($second, '-nonce')), $second), 'revoked', 'CRT-6: with a nonce as well');
if (!$ENV{ANSHIN_SANITIZE}) {    # Java reads the same files again
    my $list = $s->state . '/crl/ca.crl';
    Anshin::Server::wait_for(30, sub { run(qw(openssl crl -inform DER -noout -text -in), $list) =~ /Serial Number/ }) or diag($s->log);
    my @answers = (file('good.der', get(request($first, '-no_nonce'))->content), file('revoked.der', $revoked->content));
    my $java = run(qw(java -XX:TieredStopAtLevel=1 t/tools/Revocation.java), $ca, $list, $first => $answers[0], $second => $answers[1]);
    like($java, qr/^\Q$first\E $_: OK$/m, "CRT-6: Java's CertPathValidator takes our answer: good ($_)") or diag($java) for qw(ocsp crl);
    like($java, qr/^\Q$second\E $_: revoked KEY_COMPROMISE$/m, "CRT-6: and revoked, with its reason ($_)") or diag($java) for qw(ocsp crl);
}

# --- made anew by the worker when half of its time is over (the signer's clock is not put forward) ---

my $etag = get($der)->header('ETag');
$s->later(6 * 3600 + 60);
ok(Anshin::Server::wait_for(20, sub { get($der)->header('ETag') ne $etag }), 'CRT-6: what is kept is made anew ahead');
$s->later(0);

# --- the worker is away ---

my $socket = $s->state . '/run/ocsp.sock';
is(sprintf('%o', (stat $socket)[2] & 07777), '660', 'S31: the socket is for the group alone');
rename $socket, "$socket.away" or die "$socket: $!";
is(says(get($der), $first), 'good', 'CRT-6: without the worker: what is kept serves');
is(status(post(request($first, '-nonce'))), $LATER, 'CRT-6: a nonce: tryLater');
is(post(request($first, '-nonce'))->header('Cache-Control'), 'no-store', 'CRT-6: which nobody keeps');
rename "$socket.away", $socket or die "$socket: $!";
my ($worker) = Anshin::Processes->new($s)->of('worker');
kill STOP => $worker;
is(says(get($der), $first), 'good', 'CRT-6: it hangs: what is kept serves');
is(status(post(request($first, '-nonce'))), $LATER, 'CRT-6: a nonce: tryLater, within its second');
kill CONT => $worker;
is(says(post(request($first, '-nonce')), $first), 'good', 'CRT-6: it goes on, and answers');

$s->finish;
done_testing;
