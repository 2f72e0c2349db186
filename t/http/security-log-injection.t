# The attacker who writes into the logs: line ends, NUL, terminal sequences and whole forged lines in everything of a request
# that a log may quote, and in a certificate. A line begins with what httpd or a program of ours has written, and nothing in it
# does more than be read (S27, S28).
use strict;
use warnings;
use lib 't/lib';
use IO::Socket::UNIX;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

# Unsafe: what httpd refuses by itself otherwise comes to us, too. The second log quotes all that the first leaves out.
my $quoting = '%a %{%FT%T%z}t \"%r\" %>s \"%{Referer}i\" \"%{User-Agent}i\" \"%{Cookie}i\" \"%{Client-Cert}i\" %U %q %u'
    . ' %{ANSHIN_USER}e %{SSL_CLIENT_S_DN_CN}e %{SSL_CLIENT_S_DN_CN}x %{SSL_CLIENT_S_DN}x';
my $s = Anshin::Server->new(
    loglevel => 'debug',
    contract => "AnshinLoginMethods password certificate\nAnshinAddressAttempts 1000000",
    sites    => { holders => "AnshinLoginMethods certificate\nAnshinAddressAttempts 1000000" },
    server   => <<"END", vhost => 'SSLOptions +StdEnvVars')->start;
HttpProtocolOptions Unsafe LenientMethods Allow0.9
AnshinTrustedProxy 127.0.0.2
LogFormat "$quoting" quoting
CustomLog "\@ROOT\@/logs/quoting_log" quoting
END
my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $c = $s->client;
is($p->login($c)->status, 303, 'somebody is logged in');

my $FORGED = '[Fri Jan 01 00:00:00.000000 1999] [anshin_portal:error] [pid 1:tid 1] AN0612: forged';
my $ASKED  = '127.0.0.1 1999-01-01T00:00:00+0000 "GET /forged HTTP/1.1" 200 1 forged';
my $FORM   = 'application/x-www-form-urlencoded';
my @hostile = (
    "evil\r\n$FORGED\r\n", "evil\n$ASKED\n", "evil\r$FORGED", "evil\0nul", "evil\x1b]0;title\x07\x1b[2J\x1b[31m",
    "evil\x7f\x08\x0b\x0c", "evil\x9b31m\x85$FORGED", "evil\xc2\x9b31m\xc2\x85$ASKED\xe2\x80\xa8$FORGED",
    'evil" 200 0 "-" "forged', 'evil%0d%0a%s%n%{x}e\\n\\x1b'
);
sub shown { my ($text) = @_; $text =~ s/[^ -~]/sprintf '\\x%02x', ord $&/ge; return substr $text, 0, 24 }
my $asked = 0;

# A connection of its own for each, since many of them end it.
sub ask {
    my ($bytes, %want) = @_;
    my $d = $s->client(timeout => 30, %want);
    my $r = $d->exchange($bytes, 'POST');
    $d->close;
    $asked++ if $r->status;
    return $r->status;
}
sub head { my ($line, @more) = @_; return join "\r\n", $line, 'Host: localhost:' . $s->port, 'Connection: close', @more, '', '' }

# --- what of a request may be quoted ---

my @places = qw(
    /anshin/ /anshin/login/ /anshin/login?return= /anshin/login?lang= /anshin/register?t= /anshin/history?n= /anshin/static/
    /anshin/help/ /members/ /members/? /members/cgi-bin/env.cgi/ /members/proxied/ /open/
);
my @fields = (
    'Referer', 'User-Agent', 'Cookie: __Host-anshin-p-01=', 'Cookie: __Host-anshin-flow=', 'Cookie: anshin-lang=', 'Cookie: x=',
    'Client-Cert', 'Authorization: Basic ', 'Origin', 'Sec-Fetch-Site', 'Content-Type', 'Accept-Language',
    'X-Forwarded-For', 'Anshin-User', 'Host'
);
my %status;
for my $text (@hostile) {
    my $escaped = Anshin::Client::escape($text);
    (my $raw = $text) =~ s/[\r\n\0 ].*//s;
    for my $place (@places) {
        $status{ ask(head("GET $place$escaped HTTP/1.1")) }++;
    }
    $status{ ask(head("GET /anshin/$raw HTTP/1.1")) }++;
    $status{ ask(head("GET /anshin/login?$raw HTTP/1.1")) }++;
    $status{ ask(head("EVIL$raw /anshin/login HTTP/1.1")) }++;
    $status{ ask(head('GET /anshin/login HTTP/1.1', "$raw: $text")) }++;
    for my $field (@fields) {
        my $line = ($field =~ /:/ ? $field : "$field: ") . ($field =~ /Basic/ ? encode_base64("$text:$text", '') : $text);
        my @form = $field =~ /Origin|Sec|Type/ ? ("Content-Type: $FORM", 'Content-Length: 6', '', 'csrf=x') : ();
        my $first = @form ? 'POST /anshin/login' : $field eq 'Accept-Language' ? 'GET /members/' : 'GET /anshin/login';
        $status{ ask(head("$first HTTP/1.1", $line, @form)) }++;
    }
}
note explain \%status;
is(join(' ', grep { $_ >= 500 } sort keys %status), '', 'S27: hostile text everywhere in a request is no fault of the server');
cmp_ok($status{200} // 0, '>', 50, 'S27: much of it is taken');

# --- from a TLS terminator, and in certificates: one of a foreign CA is seen by nobody before us ---

my @certificates;
for my $cn ("evil\n[Fri Jan 01 00:00:00 1999] [error] forged", "evil\n127.0.0.1 1999-01-01T00:00:00+0000 \"GET /forged",
    "evil\x1b]0;title\x07\x1b[2J", 'evil" 200 0 "forged') {
    (my $plain = $cn) =~ s{([/\\+])}{\\$1}g;
    push @certificates, map { $_->issue($plain) } $s->foreign, $s->pki;
}
my ($taken, $judged) = (0, 0);
for my $pem (@certificates) {
    my ($der) = Anshin::PKI::read_text($pem) =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s;
    $der =~ s/\s+//g;
    for my $tls ('1.2', '1.3') {
        for my $host ('localhost', 'holders.localhost') {
            my $d = $s->client(cert => $pem, tls => $tls, host => $host, ca => undef);
            $asked += 4;
            my @got = map { $d->get($_, 'Sec-Fetch-Mode' => 'navigate')->status }
                '/members/', '/anshin/login', '/anshin/help/certificate', '/open/';
            $taken++ if $got[3] == 200;
            $judged++ if $got[0] == 401;
        }
    }
    my $value = ":$der:";
    $status{"a terminator's: " . ask(head('GET /members/ HTTP/1.1', "Client-Cert: $value"), from => '127.0.0.2') }++;
}
$status{"a terminator's: " . ask(head('GET /members/ HTTP/1.1', "Client-Cert: $_"), from => '127.0.0.2') }++ for @hostile;
is($taken, 4 * @certificates, 'S27: connections with a hostile name in the certificate: ' . $taken);
is($judged, 2 * @certificates, 'S27: judged by us where only certificates count');
cmp_ok($status{"a terminator's: 400"} // 0, '>', 5, 'S27: hostile text is no certificate of a terminator')
    or diag explain \%status;

# --- what comes to worker and signer ---

my $guest = $s->client;
for my $text (@hostile) {
    my $page = $guest->get('/anshin/reissue/password');
    $guest->post('/anshin/reissue/password', { csrf => csrf($page), user => $text, address => "$text\@example.jp" });
    $p->login($guest, user => $text, password => $text);
    $asked += 4;
    for my $kind (SOCK_DGRAM, SOCK_STREAM) {
        my $bell = IO::Socket::UNIX->new(Type => $kind, Peer => $s->state . '/run/ca.sock') or next;
        local $SIG{PIPE} = 'IGNORE';
        $bell->send($text);
    }
}
ok(reissue_path($s->client, 'password', $p), 'S27: the worker is at work after it');

# --- the logs ---

$s->stop;    # all is written
my %log = (error => $s->log, access => $s->access_log, quoting => Anshin::Server::text_of($s->root . '/logs/quoting_log'));
my $asked_line = qr/^127\.0\.0\.[12] 20\d\d-\d\d-\d\dT[\d:]{8}[+-]\d{4} "/;
my %begins = (error => qr/^\[\w{3} \w{3} [ \d]\d [\d:.]+ 20\d\d\] \[/, access => $asked_line, quoting => $asked_line);
for my $name (sort keys %log) {
    my @lines = split /\n/, $log{$name}, -1;
    is(pop @lines, '', "S28: the $name log ends with a line");
    cmp_ok(scalar(grep { /evil.*forged/ } @lines), '>', 20, "S27: the $name log quotes what was forged");
    my $count = @lines;
    my @strange = grep { !/$begins{$name}/ } @lines;
    is(join("\n", map { shown($_) } @strange), '', "S27: but each of its lines ($count) is httpd's or ours");
    is(join("\n", map { shown($_) } grep { /[^\x20-\x7e]/ } @lines), '', 'S27: and holds nothing but what can be read');
}
my @of_worker = grep { /\] anshin-ca\[\d+\]: / } split /\n/, $log{error};
cmp_ok(scalar @of_worker, '>', 0, 'S27: lines of the worker among them: ' . @of_worker);
my $count = () = $log{access} =~ /\n/g;
cmp_ok($count, '>=', $asked, "S28: what was answered ($asked) stands in the access log");
is($count, scalar(() = $log{quoting} =~ /\n/g), 'S28: a line for each request in either');
unlike($log{error} . $log{access}, qr/\Q$c->{cookies}{'__Host-anshin-p-01'}\E|\Q$p->{password}\E/, 'S28: no secret among it');
ok(!$s->faults, 'the server stopped cleanly, without a crash or a sanitizer report') or diag $s->faults;
$s->remove;
done_testing;
