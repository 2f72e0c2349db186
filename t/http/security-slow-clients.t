# The attacker who sends slowly, and who reads slowly, by more connections than httpd has threads: each is ended, and whoever
# comes meanwhile waits a moment and is served (S32).
use strict;
use warnings;
use lib 't/lib';
use Errno qw(EAGAIN);
use POSIX qw(:sys_wait_h);
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Attack qw(csrf);
use Anshin::Person;
use Anshin::Server;
use Anshin::Valgrind;

my $THREADS = 8;
my $H2 = 4;
my $GIVE_UP = Anshin::Valgrind::stretch(60);    # what is open after so many seconds was not ended
my $slower = $ENV{ANSHIN_VALGRIND} ? 4 : $ENV{ANSHIN_SANITIZE} ? 2 : 1;    # an honest handshake, too
my ($two, $three) = (2 * $slower, 3 * $slower);
my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password', server => <<"END")->start;
ServerLimit 2
ThreadsPerChild @{[ $THREADS / 2 ]}
MaxRequestWorkers $THREADS
MinSpareThreads 1
MaxSpareThreads $THREADS
SendBufferSize 16384
Timeout $three
H2StreamTimeout 90
AnshinBodyTimeout ${three}s
RequestReadTimeout handshake=$three header=$two body=$two
END
my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $reader = Anshin::Person->add($s, 'p-01-usr002');    # a user's oldest session makes way for the newest
$reader->register;
my $c = $s->client;
is($reader->login($c)->status, 303, 'somebody is logged in');

my $host = 'Host: localhost:' . $s->port;
my $form = 'Content-Type: application/x-www-form-urlencoded';
my $post = "POST /anshin/login HTTP/1.1\r\n$host\r\n$form\r\n";
my %begin = (
    'a body'           => [ "${post}Content-Length: 5000\r\n\r\ncsrf=", 'a' ],
    'a body in chunks' => [ "${post}Transfer-Encoding: chunked\r\n\r\n5\r\ncsrf=\r\n", "1\r\na\r\n" ],
    'headers'          => [ "${post}X-1: ", 'a' ],
    'a handshake'      => [ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 'a' ]
);

# A further process that does it; what it returns is read from the handle.
sub aside {
    my ($do) = @_;
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $from;
        local $SIG{PIPE} = 'IGNORE';
        syswrite $to, eval { $do->() } // "died: $@";
        POSIX::_exit(0);
    }
    return { pid => $pid, from => $from };
}

# One connection that begins and then sends a drop a second without end: how it was ended.
sub drip {
    my ($kind) = @_;
    my ($first, $drop) = @{ $begin{$kind} };
    my $d = $s->client(timeout => 60);
    my $socket = $kind eq 'a handshake' ? IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port) : $d->connect;
    $socket or return "$kind: no connection";
    $socket->syswrite($first);
    $socket->blocking(0);
    my $end = time + $GIVE_UP;
    while (time < $end) {
        sleep 1;
        my $got = $socket->sysread(my $answer, 4096);    # undef: nothing yet, but perhaps a TLS session ticket
        return "$kind: " . ($got && $answer =~ m{^HTTP/1\.1 (\d{3}) } ? $1 : 'closed') if defined $got || $! != EAGAIN;
        $socket->syswrite($drop) or return "$kind: closed";
    }
    return "$kind: open";
}

# The same as a form over HTTP/2; or one that begins and says no more. mod_reqtimeout sees nothing of it, and the stream itself
# may last longer than anybody waits (H2StreamTimeout). $path: where nobody is logged in, or a form of another site, the body
# is not even waited for.
sub drip_h2 {
    my ($drops, $path, $status, @headers) = @_;
    my $curl = join ' ', 'curl --silent --http2 --max-time 90 --request POST --upload-file - --header Expect: --output /dev/null',
        (map { "--header '$_'" } $form, @headers), '--cacert', $s->server_ca, '--resolve', 'localhost:' . $s->port . ':127.0.0.1',
        $s->url($path);
    my $pid = open my $to, '|-', "exec $curl" or die "curl: $!";
    my $end = time + $GIVE_UP;
    syswrite $to, 'csrf=';
    while (time < $end && waitpid($pid, WNOHANG) == 0) {
        sleep 1;
        syswrite $to, 'a' if $drops;
        return 'HTTP/2: ended' if (() = $s->access_log =~ m{"POST $path HTTP/2\.0" $status}g) >= $H2;
    }
    return time < $end ? 'HTTP/2: ended' : 'HTTP/2: open';
}

# Others log in and read as long as those go on; what they get, and what those tell at last.
sub meanwhile {
    my @aside = @_;
    my (%got, %told);
    my $began = time;
    do {
        my $guest = $s->client(timeout => 60);
        my $page = $guest->get('/anshin/login');
        my $login = $page->status == 200 ? $guest->submit($page, { user => $p->{user}, password => $p->{password} }) : $page;
        $got{$_}++ for $page->status, $login->status, $c->clone(timeout => 60)->get('/members/')->status;
        sleep 0.1;
        $_->{gone} //= waitpid($_->{pid}, WNOHANG) || undef for @aside;
    } while (grep { !$_->{gone} } @aside);
    $told{ readline $_->{from} }++ for @aside;
    note sprintf 'for %.1f s', time - $began;
    return (\%got, \%told);
}

# --- more senders than threads; by HTTP/2 some say nothing more at all ---

{
    my @kinds = sort keys %begin;
    my @h1 = map { my $kind = $kinds[ $_ % @kinds ]; sub { drip($kind) } } 1 .. 3 * @kinds;
    my @where = ([ '/anshin/login', 408 ], [ '/members/', 401 ], [ '/anshin/logout', 403, 'Origin: https://evil.example' ]);
    my @h2 = map { my $drops = $_ % 2; map { my $where = $_; sub { drip_h2($drops, @$where) } } @where } 1 .. $H2;
    my ($got, $told) = meanwhile(map { aside($_) } @h2, @h1);
    is_deeply([ sort keys %$got ], [ 200, 303 ], 'S32: while twice as many drip as there are threads, others log in and read')
        or diag explain $got;
    my $right = qr/^a body.*: 408$|^headers: (?:408|400|closed)$|^a handshake: closed$|^HTTP.2: ended$/;
    is_deeply([ grep { !/$right/ } sort keys %$told ], [], 'S32: though each drips on without end, it is told so or closed')
        or diag explain $told;
    is(scalar(keys %{ { map { s/:.*//r => 1 } keys %$told } }), 1 + @kinds, 'S32: of every kind') or diag explain $told;
    for my $where (@where) {
        my ($path, $status) = @$where;
        my $told = sub { return scalar(() = $s->access_log =~ m{"POST $path HTTP/2\.0" $status}g) };
        Anshin::Server::wait_for(20, sub { $told->() >= $H2 });    # a line comes behind its answer
        is($told->(), $H2, "S32: by HTTP/2 at $path with $status");
    }
    ok($s->log =~ /AH01382: Request body read timeout/, 'S32: as RequestReadTimeout says');
    ok($s->log =~ m{AN0623: POST /login: body refused with 408}, 'S32: which our log has, too');
}

# --- more readers than threads, who ask for much and take nothing ---

sub server_side {
    my %port = map { sprintf('%04X', $_) => 1 } @_;
    my $own = sprintf '%04X', $s->port;
    my @established = map { /^\s*\d+: \w+:$own \w+:(\w+) 01 / ? $1 : () } split /\n/, Anshin::PKI::read_text('/proc/net/tcp');
    return scalar grep { $port{$_} } @established;
}

{
    my @slow;
    my $cookie = "Cookie: __Host-anshin-p-01=$c->{cookies}{'__Host-anshin-p-01'}";
    my $ask = join '', map { "GET $_ HTTP/1.1\r\n$host\r\n$cookie\r\n\r\n" } ('/anshin/help/import', '/members/') x 40;
    for (1 .. 2 * $THREADS) {
        my $d = $s->client(timeout => 60);
        my $socket = $d->connect or die "no connection: $d->{error}";
        setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack 'i', 2048;
        $socket->syswrite($ask);
        push @slow, $d;
    }
    my @ports = map { $_->{socket}->sockport } @slow;
    my $open = server_side(@ports);
    my ($got) = meanwhile(aside(sub { return Anshin::Server::wait_for(60, sub { server_side(@ports) == 0 }) }));
    is_deeply([ sort keys %$got ], [ 200, 303 ], 'S32: while twice as many ask and do not read, others log in and read')
        or diag explain $got;
    cmp_ok($open, '>', 0, "S32: these were held ($open)");
    is(server_side(@ports), 0, 'S32: and httpd lets go of each');
    $_->close for @slow;
    my $said = () = $s->access_log =~ m{"GET /anshin/help/import HTTP/1\.1" 200}g;
    cmp_ok($said, '<', 40 * @slow, "S32: before it has said everything ($said)");
}
is(scalar(grep { $s->client->get('/anshin/login')->status == 200 } 1 .. 2 * $THREADS), 2 * $THREADS, 'S32: and all is as before');
is($c->get('/members/')->status, 200, 'S32: the session of before lives');
$s->finish;
done_testing;
