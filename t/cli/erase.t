# htanshin user delete --erase (IDN-2): of the person nothing is left in the state directory, deleted records included.
use strict;
use warnings;
use lib 't/lib';
use Cwd ();
use File::Find ();
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END_OF_LINES')->start;
AnshinLoginMethods password otp certificate
AnshinNotices password login reissue terminal
END_OF_LINES
my ($id, $address) = ('kieru-hito', 'kieru.person@mailbox.example');

# The files that hold the ID or the address, whatever the letters.
sub traces {
    my @found;
    File::Find::find({ no_chdir => 1, wanted => sub {
        return unless -f;
        my $text = Anshin::PKI::read_text($_);
        push @found, $_ if $text =~ /\Q$id\E|\Q$address\E|Kieru (?:Tarou|Yakkyoku)|kieru-group|kieru memo/i;
    } }, $s->state);
    return map { s{.*/state/}{}r } sort @found;
}

my $other = Anshin::Person->add($s, 'nokoru-hito');
$other->register;
my $there = $s->client;
is($other->login($there)->status, 303, 'another user is logged in');

my $locked;
for (1 .. 10) { $locked = $other->login($s->client, user => $id); last if $locked->status == 403 }
my ($number) = $locked->text =~ /(AN-\w{8})/;
like($s->htanshin('find', $number)->{out}, qr/^typed: +$id$/m, 'U18: the number on the page of a lock finds what was typed');

# What strangers typed before there was such a user, and what is left of one who had the ID before.
$other->login($s->client, user => $_) for uc $id, " $id x", 'kieru-hit0';
my $first = Anshin::Person->add($s, $id, address => "first.$address");
$first->register;
$first->login($s->client);
is($s->htanshin('user', 'delete', $id)->{status}, 0, 'a former holder is deleted');

my $person = Anshin::Person->add($s, $id, address => $address, method => 'certificate');
my @attributes = ('Kieru Tarou', 'Kieru Yakkyoku KK', 'kieru-group', 'kieru memo text');
is($s->htanshin('user', 'set', $id, map { ("--$_->[0]", $_->[1]) } [ name => $attributes[0] ], [ organisation => $attributes[1] ], [ groups => $attributes[2] ], [ memo => $attributes[3] ])->{status}, 0,
    'ATT-1: the person has attributes');
$person->register;
my $pem = $person->fetch;
$person->login($s->client(cert => $pem), password => 'wrong-Pass-1');
my $c = $s->client(cert => $pem);
is($person->login($c)->status, 303, 'the person is logged in');
$c->submit($c->get('/anshin/reissue/password'), { user => $id, address => $address });
$person->reissue_path('password');
my @mail = grep { /$address/ } $s->mail;
cmp_ok(scalar @mail, '>', 1, 'mail lies in the spool');
my @before = traces();
ok((grep { /^store/ } @before) && (grep { /^mail/ } @before), "traces before: @before");
my ($serial) = map { $_->{serial} } @{ decode_json($s->htanshin('--json', 'cert', 'list', '--user', $id, '--state', 'active')->{out}) };

$other->login($s->client, user => $address);
like($s->htanshin('history', '--unknown')->{out}, qr/\Q$address\E/, 'somebody typed the address for an ID');
my $plain = decode_json($s->htanshin('--json', 'user', 'delete', $id)->{out});
cmp_ok($plain->{messages_in_spool}, '>=', 2, 'IDN-2: delete removes the mail that lies in the spool');
is(scalar(grep { /\Q$address\E/ } $s->mail), 0, 'IDN-2: and none of it is left');
unlike($s->htanshin('history', '--unknown')->{out}, qr/\Q$address\E/, 'IDN-2: nor what was typed of the address, which nobody knows of any more');
like($plain->{stays}, qr/history.*--erase/, 'IDN-2: delete says what stays, and what removes it');
# Requests for a reissue wait sealed, under nobody's name.
{
    my $wisher = Anshin::Person->add($s, 'kieru-negai', address => 'negai@mailbox.example');
    $wisher->register;
    my ($worker) = map { m{(\d+)$} } grep { (readlink("$_/exe") // '') eq $s->root . '/bin/anshin-ca' } glob '/proc/[0-9]*';
    my $sealed = sub { return scalar(() = glob $s->state . '/store/blobs/*/*') };
    ok($worker && kill(STOP => $worker), 'a worker that does nothing');
    my $before = $sealed->();
    my $wishes = $s->client;
    $wishes->submit($wishes->get('/anshin/user-id'), { address => $_ }) for 'NEGAI@mailbox.example', 'x@mailbox.example';
    for ([ 'Kieru-Negai ', 'x@mailbox.example' ], [ 'whoever', 'Negai@mailbox.example' ], [ 'nokoru-hito', 'x@mailbox.example' ]) {
        my $c = $s->client;
        $c->submit($c->get('/anshin/reissue/password'), { user => $_->[0], address => $_->[1] });
    }
    is($sealed->(), $before + 5, 'five requests wait');
    is($s->htanshin('user', 'delete', 'kieru-negai')->{status}, 0, 'IDN-2: the user is deleted');
    is($sealed->(), $before + 2, 'IDN-2, HLP-23: what asked for a reissue or the ID by its ID or its address is gone, what others ask for is not');
    kill CONT => $worker;
    ok(Anshin::Server::wait_for(20, sub { $sealed->() == $before }), 'which the worker goes on with');
}

my $r = $s->htanshin('--json', 'user', 'delete', '--erase', uc $id);
is($r->{status}, 0, 'IDN-2: a user who was deleted is erased') or diag $r->{err};
my $done = decode_json($r->{out});
cmp_ok($done->{records}, '>', 10, "records went: $done->{records}");
like($done->{stays}, qr/serial numbers of \d revoked certificates/, 'IDN-2: it says what remains, and why');
is(join(' ', traces()), '', 'IDN-2: nothing in the state directory tells of the person');
is($s->htanshin('find', $number)->{status}, 1, 'IDN-2: the number finds nothing any more');

# Straight from an account that is there, while httpd reads and writes.
my $again = Anshin::Person->add($s, $id, address => $address);
$again->register;
$again->login($s->client, password => 'wrong-Pass-1');
$other->login($s->client, user => $_) for $address, "<$address>";
is($again->login($s->client)->status, 303, 'the ID is given anew, and used');
$c->submit($c->get('/anshin/reissue/password'), { user => $id, address => $address });
$again->reissue_path('password');
$r = $s->htanshin('--json', 'user', 'delete', '--erase', $id);
is($r->{status}, 0, 'IDN-2: a user is deleted and erased in one') or diag $r->{err};
cmp_ok(decode_json($r->{out})->{messages_in_spool}, '>=', 1, 'IDN-2: mail in the spool as well');
is(join(' ', traces()), '', 'IDN-2: nothing is left, retired files of the store included');

is($there->get('/members/')->status, 200, 'the other user is logged in as before');
like($s->htanshin('history', 'nokoru-hito')->{out}, qr/login_ok/, 'with the history');
like($s->htanshin('history', '--unknown')->{out}, qr/kieru-hit0/, 'what was typed of others stays');
my $cert = $s->htanshin('cert', 'show', $serial);
like($cert->{out}, qr/state: +revoked/, 'IDN-2: the certificate stays revoked, by its serial');
unlike($cert->{out}, qr/kieru/, 'without a name');
$r = $s->htanshin('user', 'delete', '--erase', $id);
is($r->{status}, 1, 'who is erased is not found');
like($r->{err}, qr/has no user/, 'and that is said');

# The contract gets another name, and is removed in the end, while httpd runs.
$r = $s->htanshin('contract', 'rename', 'p-01', 'p-main', '--yes');
is($r->{status}, 1, 'BAK-2: a name that is not declared takes nothing over');
like($r->{err}, qr/p-main: is not declared/, 'and that is said');
$s->{name} = 'p-main';
$s->configure;
$s->graceful(alone => 1);
isnt($there->get('/members/')->status, 200, 'BAK-2: sessions of the old name end with the reload');
$r = $s->htanshin('--json', 'contract', 'rename', 'p-01', 'p-main', '--dry-run');
is(decode_json($r->{out})->{users}, 1, 'BAK-2: a rehearsal tells what there is');
is($s->htanshin('contract', 'rename', 'p-01', 'p-main')->{status}, 2, 'where nobody can be asked, nothing is done without --yes');
# What kills it is preloaded, which a sanitized command does not take: so this is the one as it is shipped.
my $shipped = Cwd::abs_path('apxs-build/out');
my @faults = ("LD_PRELOAD=$shipped/faults.so", 'ANSHIN_FAULTS=' . $s->root . '/fault', 'ANSHIN_FAULTS_BELOW=' . $s->state);
Anshin::PKI::write_text($s->root . '/fault', 'killed');
$r = $s->run('/usr/bin/env', @faults, "$shipped/htanshin", '-d', $s->state, 'contract', 'rename', 'p-01', 'p-main', '--yes', { env => 1 });
is($r->{status}, 128 + 9, 'BAK-2: killed when it has begun');
if (Anshin::Server::unlogged()) {    # when whoever had it approved is gone
    $s->{contract} .= "AnshinFourEyes bulk\n";
    $s->configure;
    $s->graceful(alone => 1);
}
my @marks = map { $_->{problem} } @{ decode_json($s->htanshin('--json', 'check')->{out})->{problems} };
like("@marks", qr/p-01.*p-main/, 'ADM-1: which check tells');
$r = $s->htanshin('--json', 'contract', 'rename', 'p-01', 'p-main', '--yes');
is($r->{status}, 0, 'BAK-2, ROL-4: whoever may run it ends one that was begun, without another approval') or diag $r->{err};
my $renamed = decode_json($r->{out});
is($renamed->{users}, 1, "with its user: $renamed->{records} records, $renamed->{records_that_ended} ended");
is($other->login($there)->status, 303, 'BAK-2: who was there logs in as before');
like($s->htanshin('history', 'nokoru-hito')->{out}, qr/registered/, 'with the history of before');
unlike($s->htanshin('check')->{out}, qr/p-01/, 'nothing is left under the old name');
like($s->htanshin('audit', 'show')->{out}, qr/contract_renamed/, 'the trail tells of it');
$r = $s->htanshin('--json', 'contract', 'rename', 'p-01', 'p-main');
is($r->{status} . ' ' . decode_json($r->{out} || '{}')->{done}, '0 has been renamed already', 'BAK-2: said again, it says so, and asks nobody');

is($s->htanshin('contract', 'remove', 'p-main', '--yes', '--without-backup')->{status}, 2, 'BAK-3: a contract that is declared is not removed');
$s->{name} = 'p-next';
$s->configure;
$s->graceful(alone => 1);
is($s->htanshin('contract', 'remove', 'p-main', '--yes')->{status}, 1, 'BAK-3: nor one that no backup brings back');
my @remove = ('--json', 'contract', 'remove', 'p-main', '--yes', '--without-backup', '--erase');
if (Anshin::Server::unlogged()) {
    my $as = sub { my ($person, @words) = @_; return $s->run('/usr/bin/env', "SUDO_USER=$person", $s->root . '/bin/htanshin', '-d', $s->state, @words, { env => 1 }) };
    like($s->htanshin(@remove)->{err}, qr/AN1842/, 'ROL-4: whoever may be anybody removes no contract alone');
    unlike($s->htanshin('user', 'add', '-', { stdin => "once,x\nonce,x\n" })->{err}, qr/AN1842/, 'ROL-4: the same user twice is one, and not many');
    like($s->htanshin('user', 'add', '-', { stdin => "one,x\nother,x\n" })->{err}, qr/AN1842/, 'ROL-4: two are');
    pipe my $silent, my $write or die "pipe: $!";
    my $reading = fork // die "fork: $!";
    if (!$reading) {
        open STDIN, '<&', $silent;
        close $write;
        open STDERR, '>', $s->root . '/stopped';
        $SIG{TERM} = 'DEFAULT';
        exec $s->root . '/bin/htanshin', '-d', $s->state, 'user', 'import', '-' or POSIX::_exit(127);
    }
    syswrite $write, "user\n";
    my $left = pack 'i', 0;
    my $FIONREAD = 0x541b;
    Anshin::Server::wait_for(30, sub { ioctl($silent, $FIONREAD, $left) && unpack('i', $left) == 0 });    # it reads
    select undef, undef, undef, 0.2;
    kill TERM => $reading;
    ok(Anshin::Server::wait_for(10, sub { waitpid($reading, POSIX::WNOHANG()) != 0 }), 'ROL-4: what is read for a second operator can be stopped') or kill KILL => $reading;
    close $write;
    like(Anshin::Server::text_of($s->root . '/stopped'), qr/stopped before the first line: nothing is done/, 'ROL-4: which it says');
    my ($waits) = $as->('bin', @remove)->{err} =~ /approval give (\w{32})/;
    is($as->('games', 'approval', 'give', $waits // 'none')->{status}, 0, 'ROL-4: two persons do');
    $r = $as->('bin', @remove);
} else {
    $r = $s->htanshin(@remove);
}
is($r->{status}, 0, 'BAK-3: else it is removed') or diag $r->{err};
cmp_ok(decode_json($r->{out})->{records}, '>', 10, 'with all its records');
($id, $address) = ('nokoru-hito', 'nokoru-hito@example');
is(join(' ', traces()), '', 'BAK-3: nothing in the state directory tells of its users');
is($s->htanshin('audit', 'verify')->{status}, 0, 'BAK-3: the trail is whole');

# Of a contract without users, that is declared no more, attempts are left.
my $found = sub { my ($id) = @_; return map { $_->{problem} } grep { $_->{id} eq $id } @{ decode_json($s->htanshin('--json', 'check')->{out})->{problems} } };
$other->login($s->client, user => 'atode');
is(join(' ', $found->('remains')), '', 'what a declared contract has of unknown users is in order');
$s->{name} = 'p-last';
$s->configure;
$s->graceful(alone => 1);
like(join(' ', $found->('remains')), qr/^contract p-next: is not declared, and has no users, but \d+ records? of counters, history and the like$/, 'BAK-3: check tells what is left of a contract that is not declared');
$s->finish;
done_testing;
