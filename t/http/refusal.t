# What a request without a session gets (LOG-1, LOG-3), and one that cannot be decided (S21); never the protected page.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use JSON::PP ();
use Anshin::Attack qw(without_headers);
use Anshin::Server;

my %navigation = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');

# --- a mixed contract: people are led to the login, programs are told (LOG-1) ---

my $s = Anshin::Server->new(server => 'AnshinCAWorker off', contract => 'AnshinLoginMethods password certificate')->start;
my $login = $s->url('/anshin/login');

for my $http (1, 2) {
    my $c = $s->client(http => $http);
    my $r = $c->get('/members/?a=1', %navigation);
    is($r->status, 303, "LOG-1: HTTP/$http: a navigation is led on");
    like($r->header('Location'), qr{^\Q$login\E\?return=[A-Za-z0-9_-]+$}, 'to the login, with the sealed place to return to');
    is(join(' ', without_headers($r)), '', 'S19: which no cache keeps, with the other headers of our pages');
    unlike($r->body, qr/members' page/, 'nothing of the page is in it');
    $r = $c->head('/members/', %navigation);
    is($r->status, 303, 'LOG-1: HEAD as well');
    $r = $c->get('/members/', Accept => 'text/html,*/*;q=0.8');
    is($r->status, 303, 'LOG-1: a browser without Sec-Fetch-Mode');
    $r = $c->post('/members/?a=1', { x => 'y' }, %navigation);
    is($r->status, 303, 'LOG-1: a form is led on, too') or diag($r->error);
    is($r->header('Location'), "$login?lost=form", 'which says that what it held is lost');
    $r = $c->post('/members/?a=1', { x => 'y' }, %navigation, Referer => $s->url('/members/form?b=2'));
    like($r->header('Location'), qr{^\Q$login\E\?return=[A-Za-z0-9_-]+&lost=form$}, 'LOG-1: and leads back to the page that had it');
    like($c->follow($r)->text, qr/送信した内容は受け付けられていません/, 'LOG-1: the login page says so') if $http == 1;
    $r = $c->post('/members/?a=1', { x => 'y' }, %navigation, Referer => 'https://evil.example/members/');
    is($r->header('Location'), "$login?lost=form", 'S26: but not to a page of another site');

    for my $program ([Accept => 'application/json'], ['Sec-Fetch-Mode' => 'cors', Accept => 'text/html'],
        [Accept => 'text/html', 'X-Requested-With' => 'XMLHttpRequest'], []) {
        $r = $c->get('/members/', @$program);
        is($r->status, 401, "LOG-1: HTTP/$http: a program (@$program) gets 401") or diag($r->error);
        is($r->header('WWW-Authenticate'), 'Anshin realm="p-01"', 'for which no browser opens a window');
        is($r->header('Content-Type'), 'application/problem+json', 'as a problem document');
        is(join(' ', without_headers($r)), '', 'S19: which no cache keeps, with the other headers of our pages');
        my $problem = JSON::PP::decode_json($r->body);
        is_deeply([@$problem{qw(status login)}], [401, $login], 'that tells where the login is');
    }
    $r = $c->request('PUT', '/members/', undef, %navigation);
    is($r->status, 401, 'LOG-1: a method that no person uses');
    $r = $c->request('DELETE', '/members/x', undef);
    is($r->status, 401, 'LOG-1: another');
    $r = $c->head('/members/');
    is($r->status, 401, 'LOG-1: HEAD of a program');
    is($r->body, '', 'without a body') if $http == 1;    # curl prints the head there
    like($c->get('/members/?' . 'a' x 5000, %navigation)->header('Location'), qr{^\Q$login\E\?return=[\w-]+$}, 'LOG-1: a long path is kept');
    is($c->get('/members/?' . 'a' x 6000, %navigation)->header('Location'), "$login?lost=address", 'LOG-1: of one too long the login says so');
    like($c->get("/members/?q='a'\\b", %navigation)->header('Location'), qr{^\Q$login\E\?return=[\w-]+$}, 'LOG-1: what browsers do not encode is kept');
    $r = $c->get('/members/', %navigation, 'Sec-Fetch-Dest' => 'iframe', Referer => $s->url('/open/frames?x'));
    is($r->status, 401, "LOG-1: HTTP/$http: a frame of the site gets a page of its own");
    like($r->header('Content-Security-Policy'), qr/frame-ancestors 'self'/, 'which this site may frame');
    is($r->header('X-Frame-Options'), 'SAMEORIGIN', 'and nobody else');
    like($r->text, qr{<a class="button" href="\Q$login\E\?return=[\w-]+" target="_top">}, 'LOG-1: it leads out of the frame');
    unlike($r->text, qr/<form|<script/, 'and nothing else can be done on it');
}

my $c = $s->client;
for my $target ('//evil.example/members/', '/members//evil', 'https://evil.example/members/', '/\\evil.example/') {
    my $r = $c->raw("GET $target HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n");
    ok(!defined $r->header('Location') || $r->header('Location') =~ m{^\Q$login\E(?:\?return=[\w-]+)?$},
        "S26: $target leads to the login or nowhere (" . $r->status . ')');
}
my $r = $c->get('/members/', %navigation, Cookie => '__Host-anshin-p-01=' . 'A' x 43);
is($r->status, 303, 'S18: a session that does not exist');
$r = $c->get('/members/', %navigation, Cookie => '__Host-anshin-p-01=x; __Host-anshin-p-01=y');
is($r->status, 303, 'S14: two sessions at once');
$r = $c->get('/members/', %navigation, Cookie => '__Host-anshin-p-01=' . '%00' x 2000);
is($r->status, 303, 'S32: an endless session id');
is($c->get('/members/cgi-bin/env.cgi')->status, 401, 'a program below the place');
is($c->get('/members/proxied/')->status, 401, 'a back end below the place');
is($c->get('/open/')->status, 200, 'what is not protected is open');
is($c->get('/members', %navigation)->status, 303, 'the place without its slash');
for my $path ('/open/../members/', '/./members/', '//members/', '/open/%2e%2e/members/', '/members/%2e/', '/%6dembers/') {
    unlike($c->get($path)->body, qr/the members' page/, "no way around by $path");
}
$s->finish;

# --- certificate users only: what is wrong with the certificate comes first (LOG-3, S20) ---

$s = Anshin::Server->new(server => 'AnshinCAWorker off', vhost => <<'END')->start;
<Location "/verified">
        Require ssl-verify-client
    </Location>
    Alias "/verified" "@ROOT@/htdocs/open"
    <Location "/expression">
        Require expr "%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
    </Location>
    Alias "/expression" "@ROOT@/htdocs/open"
END
my %cert = (
    none       => undef,
    unknown    => $s->pki->issue('p-01-usr001'),
    expired    => $s->pki->issue('p-01-usr001', from => -10, to => -1),
    not_yet    => $s->pki->issue('p-01-usr001', from => 1, to => 10),
    unsuitable => $s->pki->issue('p-01-usr001', usage => 'serverAuth'),
    foreign    => $s->foreign->issue('p-01-usr001'),
);
my %verify = (none => 'NONE', unknown => 'SUCCESS');

for my $what (sort keys %cert) {
    for my $tls ('1.2', '1.3') {
        for my $http (1, 2) {
            my $on = "$what, TLS $tls, HTTP/$http";
            my $c = $s->client(tls => $tls, http => $http, resume => 1, ($cert{$what} ? (cert => $cert{$what}) : ()));
            my $r = $c->get('/members/');
            is($r->status, 401, "LOG-3: $on: a program gets 401") or diag($r->error);
            is(eval { JSON::PP::decode_json($r->body)->{certificate} }, $what, 'that says what is wrong');
            my $place = $http == 2 ? '/expression/' : '/verified/';    # over HTTP/2 mod_ssl denies ssl-verify-client always
            is($c->get($place)->status, $what eq 'unknown' ? 200 : 403, "S20: $on: Require ssl-verify-client tells the truth");
            is($c->get('/open/')->status, 200, 'and an open page is served on such a connection');
            $r = $c->get('/members/', %navigation);
            is($r->status, 401, "LOG-3: $on: a person gets a page with 401, not 403");
            is($r->header('WWW-Authenticate'), 'Anshin realm="p-01"', 'for which no browser opens a window');
            like($r->header('Content-Type'), qr{^text/html}, 'a page');
            unlike($r->body, qr/members' page/, 'not the protected one');
            is(join(' ', without_headers($r)), '', 'S19: with the headers of our pages');
            next if $http == 2;
            is(lc $r->header('Connection'), 'close', 'LOG-3: the connection is closed');
            $c->close;
            $r = $c->get('/members/');
            ok($c->resumed, "$on: the TLS session is resumed") if $tls eq '1.2';
            is(eval { JSON::PP::decode_json($r->body)->{certificate} }, $what, "S20: $on: the same on a further connection");
            is($c->get('/verified/')->status, $what eq 'unknown' ? 200 : 403, 'S20: also for Require ssl-verify-client');
        }
    }
    my ($line) = grep { m{ "GET /(?:verified|expression)/ } } reverse split /\n/, $s->access_log;
    my $expected = $verify{$what} // 'FAILED:';
    like($line, qr/ TLSv1\.3 \Q$expected\E/, "S20: $what: SSL_CLIENT_VERIFY in the log says $expected");
}
$r = $s->client->post('/members/', { a => 1 }, %navigation);
is($r->status, 401, 'LOG-3: a form gets the help, too');
is(scalar(my @once = $r->headers('Cache-Control')), 1, 'each header once');

# HTTP/2 has no "Connection: close": the server says GOAWAY, and the client's next request goes by a new connection.
sub connections {
    my @paths = @_;
    my @curl = (qw(curl --silent --http2 --header), 'Sec-Fetch-Mode: navigate', '--cacert', $s->server_ca, '--resolve',
        'localhost:' . $s->port . ':127.0.0.1', '--write-out', '%{http_code}/%{num_connects} ');
    my $run = $s->run(@curl, (map { ('--output', '/dev/null', $s->url($_)) } @paths), { env => 1 });
    return $run->{out};
}
is(connections('/open/', '/open/', '/open/'), '200/1 200/0 200/0 ', 'HTTP/2: open pages by one connection');
is(connections('/open/', '/members/', '/open/', '/open/'), '200/1 401/0 200/1 200/0 ', 'LOG-3: HTTP/2: the help ends it (GOAWAY)');
is(connections('/anshin/login', '/open/'), '401/1 200/1 ', "LOG-3: HTTP/2: so does the portal's");
is(connections('/anshin/help/certificate', '/open/'), '200/1 200/1 ', 'LOG-3: HTTP/2: and the help that was looked for');
$s->finish;

# --- a connection that was never asked (S20) ---

$s = Anshin::Server->new(server => 'AnshinCAWorker off', extra => <<'END')->start;
<VirtualHost 127.0.0.1:@PORT@>
    ServerName open.localhost:@PORT@
    AnshinUse none
    SSLEngine on
    <Location "/members">
        AuthType Anshin
        Require valid-user
    </Location>
</VirtualHost>
END
for my $tls ('1.2', '1.3') {
    my $c = $s->client(tls => $tls, sni => 'open.localhost', cert => $s->pki->issue('p-01-usr001'));
    my %open = (Host => 'open.localhost:' . $s->port);
    is($c->get('/open/', %open)->status, 200, "TLS $tls: a host without a contract");
    my $r = $c->get('/open/', Host => 'localhost:' . $s->port);
    is($r->status, 421, "S20: TLS $tls: another host on its connection, which was never asked: 421");
    is($c->get('/members/', %open)->status, 500, 'AuthType Anshin where no contract serves lets nobody in');
    $c = $s->client(tls => $tls, cert => $s->pki->issue('p-01-usr001'));
    is($c->get('/open/')->status, 200, "TLS $tls: a host that asks");
    is($c->get('/open/', %open)->status, 421, 'S33: a host that does not ask does not take the connection of one that was shown a certificate');
    $c = $s->client(tls => $tls);
    is($c->get('/open/')->status, 200, "TLS $tls: without a certificate");
    is($c->get('/open/', %open)->status, 200, 'a host that does not ask may share its connection');
}
like($s->log, qr/AN0521/, 'the log says why');
like($s->log, qr/AN0561/, 'and that');
$s->finish;

# --- undecided (S21) ---

$s = Anshin::Server->new(server => 'AnshinCAWorker off', contract => 'AnshinLoginMethods password')->start;
is($s->client->get('/members/', %navigation)->status, 303, 'all is well');
chmod 0644, $s->state . '/seal.key';
$s->graceful(alone => 1);
$r = $s->client->get('/members/', %navigation, Cookie => '__Host-anshin-p-01=' . 'A' x 43);
is($r->status, 503, 'S21: keys that the world may read are not used: 503');
ok($r->header('Retry-After'), 'with Retry-After');
is(join(' ', without_headers($r)), '', 'S19: and the headers of our pages');
unlike($r->body, qr/members' page/, 'nothing is let through');
$r = $s->client->get('/members/');
is($r->status . ' ' . ($r->header('Cache-Control') // ''), '503 no-store', 'S21: a program, too');
is($s->client->get('/anshin/login', %navigation)->status, 503, 'S21: and the login');
is($s->client->get('/open/')->status, 200, 'what is not protected is served');
like($s->log, qr/AN0570: nobody is let in: AN1027: \S+seal\.key must be root's/, 'S21: the log says why');
chmod 0640, $s->state . '/seal.key';
$s->graceful(alone => 1);
is($s->client->get('/members/', %navigation)->status, 303, 'mended');
$s->finish;

# --- before there is a CA (S21) ---

$s = Anshin::Server->new(server => 'AnshinCAWorker off', no_ca => 1)->start;
like($s->log, qr/AN0520: client certificates cannot be asked for/, 'S21: without a CA certificate httpd starts, and says what is missing');
is($s->client->get('/members/', %navigation)->status, 503, 'S21: who needs a certificate is not let in');
is($s->client->get('/members/')->status, 503, 'S21: nor a program');
is($s->client->get('/open/')->status, 200, 'what is not protected is served');
$s->make_ca;
$s->graceful(alone => 1);
is($s->client->get('/members/', %navigation)->status, 401, 'LOG-3: with a CA, certificates are asked for');
is($s->client(cert => $s->pki->issue('x'))->get('/members/')->body =~ /"certificate":"(\w+)"/ && $1, 'unknown', 'and judged');
$s->finish;
done_testing;
