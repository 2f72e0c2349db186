# The attacker who makes others send forms, or sends too much: forms of other sites, places to return to, bodies beyond their
# limits. What he writes into fields is in security-fields.t, how slowly in security-slow-clients.t.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use URI;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinLoginMethods password
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
END
sub inside { my ($p, @want) = @_; my $c = $s->client(@want); is($p->login($c)->status, 303, "$p->{user} is logged in"); return $c }

my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $c = inside($p);

# --- S10: forms that others make one send ---

{
    my $token = csrf($c->get('/anshin/password'));
    my %change = (csrf => $token, current => $p->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
    my %bare = %change;
    delete $bare{csrf};
    my $text = Anshin::Client::encode_form(\%change);
    my $strange = csrf($s->client->get('/anshin/login'));
    my @tricks = (
        [ 'without Origin and token',      'POST', \%bare, Origin => undef ],
        [ 'without Origin, with a token of another browser', 'POST', { %bare, csrf => $strange }, Origin => undef ],
        [ 'without Origin, from another site', 'POST', \%change, Origin => undef, 'Sec-Fetch-Site' => 'cross-site' ],
        [ 'without Origin, from another host of the site', 'POST', \%change, Origin => undef, 'Sec-Fetch-Site' => 'same-site' ],
        [ 'our Origin, but from another site', 'POST', \%change, 'Sec-Fetch-Site' => 'cross-site' ],
        [ 'Origin null, as of a sandboxed frame', 'POST', \%change, Origin => 'null' ],
        [ 'an Origin that begins with ours', 'POST', \%change, Origin => $c->origin . '.evil.example' ],
        [ 'an Origin that ends with ours', 'POST', \%change, Origin => 'https://evil.example/' . $c->origin ],
        [ 'ours with a user',              'POST', \%change, Origin => 'https://evil@localhost:' . $s->port ],
        [ 'ours without TLS',              'POST', \%change, Origin => 'http://localhost:' . $s->port ],
        [ 'a list of Origins',             'POST', \%change, Origin => $c->origin . ', https://evil.example' ],
        [ 'a form as text, as fetch() may send it', 'POST', $text, 'Content-Type' => 'text/plain' ],
        [ 'a form of no type, as a Blob is', 'POST', $text, 'Content-Type' => undef ],
        [ 'JSON',                          'POST', '{"csrf":"' . $token . '"}', 'Content-Type' => 'application/json' ],
        [ 'multipart',                     'POST', "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n$token\r\n--x--\r\n", 'Content-Type' => 'multipart/form-data; boundary=x' ],
        [ 'GET with all in the address',   'GET', "?$text" ],
        [ 'GET that says it is a POST',    'GET', "?$text&_method=POST", 'X-HTTP-Method-Override' => 'POST', 'X-HTTP-Method' => 'POST', 'X-Method-Override' => 'POST' ],
        [ 'HEAD',                          'HEAD', "?$text" ]
    );
    for my $trick (@tricks) {
        my ($what, $method, $content, %headers) = @$trick;
        my $d = $c->clone;
        my $r = $method eq 'POST' ? $d->post('/anshin/password', $content, %headers) : $d->request($method, "/anshin/password$content", undef, %headers);
        my $expected = $method ne 'POST' ? 200 : ref $content ? 403 : 415;
        is($r->status, $expected, "S10: $what");
    }
    my $twice = $c->clone->raw("POST /anshin/password HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nOrigin: " . $c->origin . "\r\nOrigin: https://evil.example\r\n"
            . 'Cookie: ' . join('; ', map { "$_=$c->{cookies}{$_}" } sort keys %{ $c->{cookies} }) . "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($text) . "\r\n\r\n$text", 'POST');
    is($twice->status, 403, 'S10: two Origins');
    is({ results($s, $p->{user}) }->{password_changed} // 0, 0, 'S10: nobody has changed the password');
    my $login = $s->client;
    my $mine = csrf($login->get('/anshin/login'));
    my $victim = $s->client;
    $victim->get('/anshin/login');
    is($victim->post('/anshin/login', { csrf => $mine, user => $p->{user}, password => $p->{password} })->status, 403, 'S10: nobody is logged in by a form of another browser');
    is($c->clone->post('/anshin/password', \%change, Origin => undef)->status, 303, 'S10: our own form, without either header, is judged by its token');
    $p->{password} = 'Kawa-to-mori-8';
    $c = inside($p);
}

# --- S26: places to return to, followed to the end as a browser would ---

{
    my @targets = (
        '//evil.example/members/', '///evil.example/members/', '/\\evil.example/members/', '/members//evil.example', '/members/..//evil.example/', '/members/%2e%2e//evil.example/', '/members/?//evil.example',
        '/members/\\evil.example', '/%5cevil.example/members/', '/%2f%2fevil.example/../members/', '/members/%0d%0aLocation:%20https://evil.example/', '/members/@evil.example/', '/members/;@evil.example',
        '/members/?x=%0d%0aSet-Cookie:%20evil=1', '/members/<script>', '/members/"onload="alert(1)', '/members/?' . 'x' x 1500, '/members/%09//evil.example', '/.//evil.example/../../members/', '/members/%ff%fe', '/members/javascript:alert(1)',
        'https://evil.example/members/', 'http://localhost@evil.example/members/', '//localhost:' . $s->port . '@evil.example/members/'
    );
    my $led = 0;
    for my $target (@targets) {
        my $r = $s->client->raw("GET $target HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        my ($sealed) = ($r->header('Location') // '') =~ /[?&]return=([^&]+)/ or next;
        my $d = $s->client;
        for my $end (
            sub { $p->login($d, return => $sealed) },
            sub { my $again = $d->get("/anshin/login?lang=en&return=$sealed"); my $n = $s->client; $n->follow($again) if $again->status == 303; return $p->login($n, return => $sealed) }
        ) {
            my $to = $end->()->header('Location');
            my $where = URI->new_abs($to =~ tr{\\}{/}r =~ s/[\t\r\n]//gr, $s->url('/anshin/login'));
            is($where->can('host_port') ? $where->scheme . '://' . $where->host_port : "$where", 'https://localhost:' . $s->port, 'S26: ' . substr($target, 0, 40) . ' leads to this site: ' . substr $to, 0, 60);
            unlike($to, qr{^/[/\\]|[\r\n\t<"]}, 'S26: by a path');
            $led++;
        }
    }
    cmp_ok($led, '>', 10, "targets that led through the login: $led");
    for my $path ('/anshin/terminal/change?n=1%0d%0aLocation:%20https://evil.example', '/anshin/history?page=1&x=//evil.example', '/anshin/history?//evil.example/', '/anshin/account?return=https://evil.example') {
        my $d = $s->client;
        my $to = $p->login($d, return => ($d->get($path)->header('Location') =~ /return=([^&]+)/)[0] // '')->header('Location');
        like($to, qr{^/anshin/(?:terminal/change|history|account)(?:\?[^\r\n\\]*)?$}, "S26: a page of the portal leads back to itself: $path");
    }
}

# --- S32: too much of everything ---

# The status; what answers nothing in time is no closed connection.
sub outcome { my ($r) = @_; return $r->status || ($r->error =~ /^timeout/ ? 'open' : 'closed') }

{
    my $port = $s->port;
    my $ok = "GET /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n";
    my $long = sub { return "GET /anshin/$_[0] HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n\r\n" };
    my $form = "POST /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    my $chunks = "${form}Transfer-Encoding: chunked\r\n\r\n";
    my %too_much = (
        'an address of 1 MB'              => [ 414, $long->('login?' . 'a' x 1_000_000) ],
        'an address of 7 KB'              => [ 400, $long->('login?' . 'a=%41' x 1400) ],
        'a path of 7 KB'                  => [ 403, $long->('a/' x 3500) ],
        'a method of 8 KB'                => [ 405, 'A' x 8000 . " /anshin/login HTTP/1.1\r\nHost: localhost:$port\r\n\r\n" ],
        'a header of 1 MB'                => [ 400, "${ok}X: " . 'a' x 1_000_000 . "\r\n\r\n" ],
        'a name of a header of 1 MB'      => [ 400, $ok . 'X' x 1_000_000 . ": a\r\n\r\n" ],
        'ten thousand headers'            => [ 400, $ok . join('', map { "X-$_: a\r\n" } 1 .. 10_000) . "\r\n" ],
        'a cookie of 1 MB'                => [ 400, "${ok}Cookie: __Host-anshin-p-01=" . 'a' x 1_000_000 . "\r\n\r\n" ],
        'a cookie of 8 KB'                => [ 200, "${ok}Cookie: __Host-anshin-flow=" . 'a' x 8000 . "\r\n\r\n" ],
        'a thousand cookies'              => [ 200, "${ok}Cookie: " . join('; ', map { "c$_=" } 1 .. 1000) . "\r\n\r\n" ],
        'two thousand cookies'            => [ 400, "${ok}Cookie: " . join('; ', map { "c$_=" } 1 .. 2000) . "\r\n\r\n" ],
        'a body of 10 MB'                 => [ 413, "${form}Content-Length: 10000002\r\n\r\na=" . 'x' x 10_000_000 ],
        'a length that is not true'       => [ 413, "${form}Content-Length: 9223372036854775807\r\n\r\n" ],
        'chunks of a byte without end'    => [ 413, $chunks . "1\r\na\r\n" x 50_000 . "0\r\n\r\n" ],
        'an extension of a chunk of 1 MB' => [ 413, "${chunks}1;" . 'x' x 1_000_000 . "\r\na\r\n0\r\n\r\n" ]
    );
    for my $what (sort keys %too_much) {
        my ($status, $bytes) = @{ $too_much{$what} };
        my $got = outcome($s->client(timeout => 60)->exchange($bytes, 'POST'));
        $got = $status if $got eq 'closed' && length $bytes > 100_000;    # may end before all is sent, and the answer be lost
        is($got, $status, "S32: $what");
    }
    my $h2 = $s->client(http => 2);
    is($h2->post('/anshin/login', 'a' x 20_000, 'Content-Type' => 'application/x-www-form-urlencoded')->status, 413, 'S32: HTTP/2: a body');
    is($s->client->get('/anshin/login')->status, 200, 'S32: the page is there afterwards');
}

# --- S32: a form with its token, at each limit and one beyond ---

{
    my $guest = $s->client(timeout => 60);
    my $first = 'user=nobody&password=wrong&csrf=' . csrf($guest->get('/anshin/login'));
    my %form = ('Content-Type' => 'application/x-www-form-urlencoded');
    my $send = sub { my ($body) = @_; return outcome($guest->post('/anshin/login', $body, %form)) };
    my $up_to = sub { my ($length) = @_; return substr join('&', $first, map { "f$_=" . 'x' x 4000 } 1 .. 5), 0, $length };
    my @limits = (
        [ 'a body of octets',               16_384, 413, $up_to ],
        [ 'a value of octets',               4_096, 400, sub { return "$first&a=" . 'x' x $_[0] } ],
        [ 'a value of octets, each escaped', 4_096, 400, sub { return "$first&a=" . '%41' x $_[0] } ],
        [ 'a name of octets',                   64, 400, sub { return "$first&" . 'n' x $_[0] . '=1' } ],
        [ 'fields',                             32, 400, sub { return join '&', $first, map { "f$_" } 4 .. $_[0] } ]
    );
    for (@limits) {
        my ($what, $most, $status, $body) = @$_;
        is($send->($body->($most)), 401, "S32: $what: $most are read");
        is($send->($body->($most + 1)), $status, "S32: $what: one more is refused");
    }
    my %odd = (
        'ten thousand ampersands'  => [ 401, $first . '&' x 10_000 ],
        'ten thousand equal signs' => [ 400, "$first&" . '=' x 10_000 ]
    );
    for my $what (sort keys %odd) {
        my ($status, $body) = @{ $odd{$what} };
        is($send->($body), $status, "S32: $what");
    }
}

unlike($s->log, qr/AN0612|AN0564|AN0562/, 'no page that could not be drawn');
$s->finish;
done_testing;
