# The attacker on the machine, and the accident: files that are wider than they should be, files that are broken, programs that are
# spoken to by whom they do not know; and what every answer and every line of the history carries whatever happens (S19, S21, S28, S30,
# S31).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use IO::Socket::UNIX;
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my $contract = "AnshinLoginMethods password certificate\nAnshinCertificateKey p256\nAnshinAddressAttempts 1000000";
my $s = Anshin::Server->new(contract => $contract)->start;
sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }
my $p = person('p-01-usr001');
my $c = $s->client;
is($p->login($c)->status, 303, 'somebody is logged in');

# --- S19: the headers of every answer of every page ---

{
    my @paths = map { "/anshin$_->{path}" } routes();
    cmp_ok(scalar @paths, '>=', 35, 'pages: ' . @paths);
    my $form = 'application/x-www-form-urlencoded';
    my %ask = (
        'GET' => sub { $_[0]->get($_[1]) }, 'HEAD' => sub { $_[0]->head($_[1]) }, 'DELETE' => sub { $_[0]->request('DELETE', $_[1]) },
        'no token' => sub { $_[0]->post($_[1], {}) }, 'another origin' => sub { $_[0]->post($_[1], {}, Origin => 'https://evil.example') },
        'too much' => sub { $_[0]->post($_[1], 'x' x 20_000, 'Content-Type' => $form) }, 'no form' => sub { $_[0]->post($_[1], '{}', 'Content-Type' => 'application/json') },
        'a query that cannot be read' => sub { $_[0]->get("$_[1]?a=%") }
    );
    for my $how (sort keys %ask) {
        my (@without, %status);
        for my $path (@paths, '/anshin/nothing', '/anshin/register?t=' . 'A' x 43) {
            next if $how eq 'GET' && $path =~ /logout/;
            my $r = $ask{$how}->($c->clone, $path);
            $status{ $r->status }++;
            push @without, map { "$path (" . $r->status . "): $_" } without_headers($r);
        }
        is(join("\n", @without), '', "S19: $how: every answer has the headers, each once (" . join(' ', sort keys %status) . ')');
    }
    is($c->get('/members/')->status, 200, 'the session lives');
}

# --- S28: a line for each attempt, with all that it takes ---

{
    my $q = person('p-01-usr002', method => 'certificate');
    my $with = $s->client(cert => $q->fetch);
    $q->login($with, password => 'wrong');
    $q->login($with);
    $q->login($s->client);
    $q->login($s->client(http => 2), user => "nobody\r\nforged: 1");
    my @lines = entries($s, $q->{user});
    my @told = map { $_->{result} } @lines;
    is("@told[-3 .. -1]", 'wrong_password login_ok wrong_certificate', 'S28: each attempt, in order') or diag "@told";
    is(scalar(grep { $_->{at} !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/ } @lines), 0, 'S28: with time and offset from UTC') or diag explain \@lines;
    is(scalar(grep { ($_->{address} // '') ne '127.0.0.1' } grep { $_->{result} =~ /wrong|login/ } @lines), 0, 'S28: with the address');
    like($lines[-2]{certificate} // '', qr/^[0-9a-f]{10,40}$/, 'S28: with the certificate that was a factor');
    is($lines[-1]{certificate}, undef, 'S28: or without');
    my @strangers = @{ JSON::PP::decode_json(command($s, '--json', 'history', '--unknown')) };
    is($strangers[0]{typed}, '(no user ID)', 'S28: what has no form of a user ID may be a password, and is not kept (S-19)');
    my $id = $c->{cookies}{'__Host-anshin-p-01'};
    unlike($s->log . $s->access_log, qr/\Q$id\E|\Q$q->{password}\E|\Q$q->{download_password}\E/, 'S28: no secret and no session id in a log');
}

# --- S30: worker and signer ---

sub program { my ($name) = @_; return grep { (readlink("/proc/$_/exe") // '') eq $s->root . "/bin/$name" } map { m{(\d+)$} } glob '/proc/[0-9]*' }
sub field { my ($pid, $name) = @_; my ($value) = Anshin::PKI::read_text("/proc/$pid/status") =~ /^$name:\s*(.*)$/m; return $value // '' }
{
    my ($worker) = program('anshin-ca');
    my ($signer) = program('anshin-signer');
    ok($worker && $signer, 'S30: worker and signer are programs of their own');
    SKIP: {
        skip 'needs root', 2 if $> != 0;
        my %user = map { $_ => (split ' ', field($_, 'Uid'))[0] } $worker, $signer;
        is(join(' ', map { scalar getpwuid $_ } @user{ $worker, $signer }), "$s->{worker} $s->{signer}", 'S30: of users of their own, neither root nor that of httpd');
        is(join(' ', map { my %once = map { $_ => 1 } split ' ', field($_, 'Uid') . ' '; scalar keys %once } $worker, $signer), '1 1', 'S30: for good');
    }
    is(join(' ', map { field($_, 'CapEff') =~ /^0+$/ ? 'none' : 'some' } $worker, $signer), 'none none', 'S30: without capabilities');
    is(join(' ', map { field($_, 'NoNewPrivs') } $worker, $signer), '1 1', 'S30: and gain none');
    is(field($signer, 'Seccomp'), 2, 'S30: the signer may make few system calls');
    my %network = map { (split)[9] => 1 } map { split /\n/, Anshin::PKI::read_text($_) } grep { -r } glob '/proc/net/{tcp,tcp6,udp,udp6}';
    for my $one ([ 'worker', $worker ], [ 'signer', $signer ]) {
        my ($name, $pid) = @$one;
        my @open = map { readlink($_) // () } glob "/proc/$pid/fd/*";
        is(scalar(grep { /^socket:\[(\d+)\]/ && $network{$1} } @open), 0, "S30: the $name has no socket of the network");
        is(join(' ', grep { m{^/} && m{/store/|/seal\.key} } @open), '', 'S30: the signer has nothing of the store') if $name eq 'signer';
        is(join(' ', grep { m{/ca\.key} } @open), '', "S30: nor has the $name the file of the key open");
    }
    my $bell = $s->state . '/run/ca.sock';
    my $type = -S $bell ? 1 : 0;
    is($type, 1, 'the doorbell of the worker');
    for my $junk ("\0" x 65536, 'A' x 65536, "\xff\xff\xff\xff", "sign\n", '', map { join '', map { chr int rand 256 } 1 .. 1000 } 1 .. 40) {
        for my $kind (SOCK_DGRAM, SOCK_STREAM) {
            my $socket = IO::Socket::UNIX->new(Type => $kind, Peer => $bell) or next;
            $socket->blocking(0);
            local $SIG{PIPE} = 'IGNORE';
            $socket->send($junk);
        }
    }
    my $q = person('p-01-usr003', method => 'certificate');
    ok($q->fetch, 'S30: whoever shouts through it, it issues');
    is(join(' ', program('anshin-ca'), program('anshin-signer')), "$worker $signer", 'S30: by the same processes');
}

# --- S21: what is broken under a running server denies ---

# What must be seen of a page, the account and a login; with | in it, each way to put it stands for itself.
sub denied { my ($expected) = @_; return qr/^(?:$expected)$/ }
{
    my $state = $s->state;
    my $bearer = person('p-01-usr006', method => 'certificate');
    my $with = $s->client(cert => $bearer->fetch);
    is($bearer->login($with)->status, 303, 'a user of a certificate, too');
    my $file = sub {
        my ($name, $text) = @_;
        my $right = Anshin::PKI::read_text("$state/$name");
        my $put = sub { open my $out, '+<', "$state/$name" or die "$name: $!"; truncate $out, 0; print $out $_[0]; close $out or die "$name: $!" };
        $put->(ref $text ? $text->($right) : $text);
        return sub { $put->($right) };
    };
    my %all = (password => '503 503 503', certificate => '503 503 503');
    for my $break (
        [ 'the seal key is empty', sub { $file->('seal.key', '') }, \%all ],
        [ 'the seal key is cut', sub { $file->('seal.key', sub { substr $_[0], 0, 20 }) }, \%all ],
        [ 'the CA is no certificate', sub { $file->('ca/ca.crt', "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
            { password => '200 200 303', certificate => '(?:401|503) (?:303|503) (?:401|503)' } ],
        [ 'the journal has gone', sub { my ($name) = sort glob "$state/store/journal.*"; rename $name, "$name.away"; return sub { unlink $name; rename "$name.away", $name } }, \%all, 'stopped' ]
    ) {
        my ($what, $do, $expected, $stopped) = @$break;
        my @unseen = grep { "200 200 $_" =~ denied($expected->{certificate}) } 303, 401, 503;
        is("@unseen", '', 'a user of a certificate who is let in would be seen');
        $s->stop if $stopped;
        my $mend = $do->();
        truncate $s->root . '/logs/error_log', 0;
        $stopped ? $s->start : $s->graceful;
        for my $one ([ 'password', $p, $c ], [ 'certificate', $bearer, $with ]) {
            my ($kind, $who, $client) = @$one;
            $client->close;
            my $d = $client->clone(cookies => {});
            my $r = eval { $who->login($d) };
            my $login = $r ? $r->status : $@ =~ /status (\d+)/ ? $1 : 0;
            like(join(' ', $client->get('/members/')->status, $client->get('/anshin/account')->status, $login), denied($expected->{$kind}), "S21: $what: a user of a $kind");
        }
        is($s->client->get('/open/')->status, 200, 'S21: what is not protected is served');
        like($s->log, qr/AN0\d{3}: /, 'S21: the log says why');
        $s->stop if $stopped;
        $mend->();
        $stopped ? $s->start : $s->graceful;
        $_->close for $c, $with;
        is(join(' ', map { $_->get('/members/')->status } $c, $with), '200 200', 'mended, the sessions live');
    }
}

# --- S31: what is wider than it may be is refused ---

SKIP: {
    skip 'needs root', 1 if $> != 0;
    my $state = $s->state;
    my $try = sub {
        my ($name, $mode, $do) = @_;
        my $right = (stat "$state/$name")[2] & 07777;
        chmod $mode, "$state/$name";
        truncate $s->root . '/logs/error_log', 0;
        $do->(sprintf('S31: %s of mode %04o', $name, $mode), sprintf 'has mode %04o', $mode);
        chmod $right, "$state/$name";
    };
    for my $mode (0644, 0660, 0642, 04640) {
        $try->('seal.key', $mode, sub {
            my ($what, $told) = @_;
            $s->graceful;
            $c->close;
            is(join(' ', $s->client->get('/anshin/login')->status, $c->get('/members/')->status, $s->client->get('/open/')->status), '503 503 200', "$what: nobody is let in");
            like($s->log, qr/AN1027: \S+seal\.key must be root's/, 'the log says why');
        });
    }
    for (['ca/ca.key', 0640], ['ca/ca.key', 0604], ['ca/ca.key', 0660], ['mail', 02775], ['mail/new', 02773]) {
        $try->(@$_, sub {
            my ($what, $told) = @_;
            $s->graceful;
            ok($s->wait_log(qr/$told(?:: make it 0600|, which lets everybody in)/), "$what: the worker refuses it, and the log says so") or diag $s->log;
        });
    }
    $s->stop;
    for (['.', 02775], ['.', 02771], ['.', 02777], ['store', 02775], ['store', 02771], ['run', 02772], ['slots', 02777]) {
        $try->(@$_, sub {
            my ($what, $told) = @_;
            ok(!eval { $s->start; 1 }, "$what: httpd does not start");
            like($s->log, qr/$told/, 'the log says why');
        });
    }
    $s->start;
    $c->close;
    is($c->get('/members/')->status, 200, 'mended, all is well');
    my $q = person('p-01-usr005', method => 'certificate');
    ok($q->fetch, 'and certificates are made');
    my @wide = grep { my $mode = (lstat $_)[2]; defined $mode && !-l _ && ($mode & 07) && !m{/(?:ca/ca\.crt|crl/ca\.crl(?:\.pem)?)$} } glob "$state/{,*/,*/*/,*/*/*/}*";
    is("@wide", '', 'S31: nothing in the state directory is for the world, but the certificate of the CA and its CRL');
}
$s->finish;
done_testing;
