#!/usr/bin/perl
# The whole server under kill -9: does it keep what it acknowledged? TAP.
#
#   t/crash/server.t            25 seconds, part of make test
#   t/crash/server.t --long     ten minutes; make crash runs it after the harness of the store
#
# ANSHIN_CRASH_SEED repeats a run's choices (not its timing); ANSHIN_KEEP leaves the server's directory. make all first.
#
# A private httpd with worker and signer serves client processes (Anshin::Load) that register, log in, change
# passwords, guess, and fetch certificates, each with a ledger of every answer it got. Meanwhile children of httpd, the
# worker, the signer, commands of the operator and httpd's first process are killed at random moments. After the first
# process worker and signer must end by themselves, what remains of httpd goes on for a moment and is killed as an init
# system would, and httpd is started again. After every other kill, and all of the first process, somebody must soon be
# served.
#
# In the end httpd is stopped and started once more, and Anshin::Ledger compares: all that was acknowledged is there,
# what got no answer is there wholly or not at all, mail and certificates are there exactly once. Before that is
# believed, the ledger and the facts are doctored in several ways, and each must be complained of.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Fcntl qw(:flock);
use List::Util qw(sum);
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Ledger;
use Anshin::Load;
use Anshin::Processes;
use Anshin::Server;

my $long = grep { $_ eq '--long' } @ARGV;
my ($seconds, $clients) = $long ? (600, 5) : (12, 4);
my $seed = $ENV{ANSHIN_CRASH_SEED} // time ^ $$;
$seed = int $seed;
srand $seed;
diag("ANSHIN_CRASH_SEED=$seed");

my %kills;         # kind => how often
my $others = 0;    # of them not httpd's first process
my (@widows, @outlived);    # workers and signers whose httpd was killed, and those that did not end after that
my (%served, @unserved);    # kind => how often somebody was served after such a kill, and kinds after which nobody was

my $s = Anshin::Server->new(loglevel => 'notice', contract => Anshin::Load::contract())->start;
my $processes = Anshin::Processes->new($s);
my @ledgers = map { $s->root . "/ledger-$_" } 0 .. $clients;
my $witness = Anshin::Load->new($s, 0, ledger => $ledgers[0]);
$witness->person;

# --- killing ---

# Children twice as often as all others; httpd's first process about every tenth time.
my @victims = (('child') x 11, ('worker') x 4, ('signer') x 2, ('command') x 2, ('parent') x 2);

sub strike {
    my $kind = $victims[ rand @victims ];
    my @them = sort $processes->of($kind);
    return unless @them;
    if ($kind eq 'parent') { $kills{parent}++; strike_parent() }
    else { $kills{$kind}++ if kill KILL => $them[ rand @them ] }
    see_served($kind) if $kind eq 'parent' || ++$others % 2;
    return;
}

# A login and a change that is durable. How often it must be tried shall not change what is chosen after it.
sub see_served {
    my ($kind) = @_;
    my $next = int rand 2**31;
    if ($witness->serves(60)) { $served{$kind}++ }
    else { push @unserved, $kind }
    srand $next;
    return;
}

# Every other time worker and signer are there for certain, not about to be started again after a death of theirs.
sub strike_parent {
    Anshin::Server::wait_for(20, sub { return $processes->of('worker') && $processes->of('signer') }) if $kills{parent} % 2;
    my @those = $processes->kill_httpd(rand() < 0.6 ? rand 0.7 : 0);
    $s->start;
    push @widows,   @those;
    push @outlived, $processes->widows(@those);
    return;
}

sub is_free {
    my ($file) = @_;
    open my $slot, '+<', $file or return 0;
    return flock $slot, LOCK_EX | LOCK_NB;
}

# --- the run ---

# What a run must have seen to prove anything. On a machine that is busy it may take longer than planned. A worker that was
# killed several times waits before its next start, then longer than strike_parent does: httpd may die without widows.
my @acknowledged = map { "${_}s acknowledged" } qw(register login change guess download);
my @killed = qw(child parent worker);

sub has_seen_enough {
    my ($ledger) = @_;
    return !grep { !$_ } @kills{@killed}, scalar @widows, @{ $ledger->tally }{@acknowledged};
}

my $stop = $s->root . '/stop';
my $end = time + $seconds;
my @actors = map {
    Anshin::Load->start($s, $_, stop => $stop, ledger => $ledgers[$_], seed => $seed + $_)
} 1 .. $clients;
my $waited = 0;

# A request that takes long on a busy machine is no fault; where it was is written down for those who look into it.
sub look_for_waiting {
    my @long = grep { length } map { $_->waits_for(10) } @actors;
    return if !@long || time < $waited + 10;
    $waited = time;
    my $file = $s->root . "/waiting-" . int $waited;
    Anshin::PKI::write_text($file, join("\n", @long, Anshin::Server::text_of('/proc/pressure/io'), $processes->stacks));
    diag("@long: waits for more than 10 s; see $file, when it is left");
    return;
}

while (time < $end || (time < $end + 180 && !has_seen_enough(Anshin::Ledger->read(@ledgers)))) {
    sleep 0.05 + rand 0.5;
    strike();
    look_for_waiting();
}
sleep 2;    # calm, so that everybody comes to the end of something
Anshin::PKI::write_text($stop, '');
Anshin::Server::wait_for(200, sub { look_for_waiting(); return !grep { !$_->ended } @actors });
is(scalar(grep { !$_->wait(1) } @actors), 0, 'every client came to its end: nothing hung');
$witness->finish;

my $ledger = Anshin::Ledger->read(@ledgers);
my $tally = $ledger->tally;
my @deaths = map { ($kills{$_} // 0) . " $_" } qw(child parent worker signer command);
diag("killed: " . join ', ', @deaths);
diag(join ', ', map { "$_ " . ($tally->{$_} // 0) } qw(requests answered refused broken cut unavailable error hung));
diag(sprintf 'longest request %.1f s', $tally->{longest} // 0);
diag(join ', ', map { "$tally->{$_} $_" } grep { /acknowledged/ } sort keys %$tally);
is(join("\n", $ledger->complaints), '', 'no answer contradicted an earlier one (STO-1, STO-3)');
is($tally->{hung} // 0, 0, 'no request met its deadline');
is($tally->{error} // 0, 0, 'no answer was an error other than 503');
cmp_ok($kills{$_} // 0, '>', 0, "killed: $_") for @killed;
my $killed = sum(0, grep { defined } values %kills);
is("@unserved", '', 'a login and a change were soon acknowledged after kills (STO-3)');
cmp_ok(sum(0, values %served), '>=', int $killed / 2, join ', ', map { "$served{$_} $_" } sort keys %served);
is($served{parent}, $kills{parent}, "each time after httpd's first process");
cmp_ok($tally->{unavailable} // 0, '<=', $killed * @ledgers, 'no more answers 503 than one for each client at each kill');
cmp_ok($tally->{$_} // 0, '>', 0, $_) for @acknowledged;

# --- what it left ---

# While httpd is up: when its processes are gone, the kernel has taken their locks from them.
my @slots = grep { -f } glob $s->state . '/slots/slot.*';    # alive.*: held while its process lives
my (@taken, @held);
Anshin::Server::wait_for(20, sub {
    @taken = grep { !is_free($_) } @slots;
    @held  = $processes->locks($s->state . '/store');
    return !@taken && !grep { / WRITE / } @held;
});
is("@taken", '', 'nobody at work: every hash slot is free');
cmp_ok(scalar @slots, '>', 0, 'of ' . @slots);
is(join("\n", grep { / WRITE / } @held), '', 'and nobody holds a lock of those who write');
cmp_ok(scalar(grep { / READ / } @held), '>', 0, 'of all locks on the store, those of its readers are seen');
is($s->htanshin('user', 'add', 'p-01-late', '--address', 'late@example.jp')->{status}, 0, 'a new writer gets its turn');
is($s->htanshin('user', 'delete', 'p-01-late')->{status}, 0, 'and another');
is("@outlived", '', 'worker and signer of an httpd that was killed end by themselves');
cmp_ok(scalar @widows, '>', 0, 'of ' . @widows);
ok($s->stop, 'httpd stops');
ok(Anshin::Server::wait_for(20, sub { !$processes->all }), 'no process is left') or diag(join ' ', $processes->all);
$s->start;

# Jobs of workers that died may wait before they are begun again.
my $facts;
Anshin::Server::wait_for(120, sub { $facts = Anshin::Ledger::facts($s); return !$ledger->unsent($facts) });
$facts = Anshin::Ledger::facts($s, $ledger->people);
my @complaints = $ledger->against($facts);
is(join("\n", @complaints), '',
    'all that was acknowledged is there; mail and certificates exactly once (STO-3, MAI-1, CRT-1)');
diag(join ', ', map { "$_ " . keys(%{ $facts->{$_} }) } 'users');
diag(join ', ', map { "$_ " . @{ $facts->{$_} } } 'mail', 'certificates');

# Half-made blobs are nobody's: housekeeping wipes them after an hour. One for each that was killed at most.
my ($stray, $blobs) = $processes->stray_files($s->state . '/store');
is("@$stray", '', 'no half-made file of the store is left');
cmp_ok(scalar @$blobs, '<=', $killed, 'half-made blobs for housekeeping: ' . @$blobs);

# --- the checker sees what it should ---

sub sees {
    my ($what, $change) = @_;
    my ($book, $known) = (dclone($ledger), dclone($facts));
    eval { $change->($book, $known); 1 } or return ok(0, "$what: could not be doctored: $@");
    my @seen = $book->against($known);
    cmp_ok(scalar @seen, '>', scalar @complaints, "the checker sees $what") or diag(join "\n", @seen);
    note($_) for @seen;
    return;
}

my ($changed) = grep { $_->{changes} && $_->{registered} } $ledger->people;
my ($holder)  = grep { @{ $_->{files} || [] } } $ledger->people;
my ($other)   = grep { @{ $_->{files} || [] } && $_ != $holder } $ledger->people;
my ($guessed) = grep { $_->{guesses} && $_->{registered} } $ledger->people;
sees('a mail that is missing',         sub { shift @{ $_[1]{spool} } });
sees('a mail that lies there twice',   sub { push @{ $_[1]{spool} }, $_[1]{spool}[0] });
sees('a mail that was not delivered',  sub { $_[1]{mail}[0]{state} = 'waiting' });
sees('a mail that was written twice',  sub { push @{ $_[1]{mail} }, { %{ $_[1]{mail}[0] }, id => 'f' x 32 } });
sees('a certificate that is missing',  sub { shift @{ $_[1]{certificates} } });
sees('a second certificate', sub { push @{ $_[1]{certificates} }, { %{ $_[1]{certificates}[0] }, serial => '77' } });
sees('a serial used twice',            sub { push @{ $_[1]{certificates} }, $_[1]{certificates}[0] });
sees('a user who is gone',             sub { delete $_[1]{users}{ $changed->{user} } });
sees('a registration that is gone',    sub { $_[1]{users}{ $changed->{user} }{state} = 'pending' });
sees('a history that ends too early',  sub { $_[1]{history}{ $changed->{user} }{password_changed}-- });
sees('an acknowledged login too many', sub { $_->{logins} += $_->{open} + 1 for $_[0]{people}{ $changed->{user} } });
sees("another's certificate in a file", sub {
    $_[0]{people}{ $holder->{user} }{files} = $other->{files};
    $_[0]{people}{ $holder->{user} }{secret} = $other->{secret};
    delete $_[0]{people}{ $holder->{user} }{serials};
}) if $other;

# Live: each of these lines was written by no client.
my $book = dclone($ledger);
my @none = $book->probe($s, $book->{people}{ $changed->{user} });
is("@none", '', "before it is doctored, $changed->{user} is as the ledger says");
for (
    [
        'a session that is lost',
        { op => 'login', phase => 'begin' },
        { op => 'login', phase => 'done', session => 'x' x 43 }
    ],
    [
        'a change that is lost',
        { op => 'change', phase => 'begin', password => 'Pw-of-nobody-1' },
        { op => 'change', phase => 'done',  session  => (keys %{ $changed->{sessions} })[0] // 'x' }
    ],
    [ 'an ended session that is open', { op => 'open' } ]
) {
    my ($what, @lines) = @$_;
    my $doctored = dclone($ledger);
    my $person = $doctored->{people}{ $changed->{user} };
    if ($lines[0]{op} eq 'open') {
        my $c = $s->client;
        $c->submit($c->get('/anshin/login'), { user => $person->{user}, password => $person->{password} });
        $person->{ended}{ $c->{cookies}{'__Host-anshin-p-01'} } = 1;
    }
    else { $doctored->add({ user => $person->{user}, password => '', %$_ }) for @lines }
    my @seen = $doctored->probe($s, $person);
    cmp_ok(scalar @seen, '>', 0, "the checker sees $what");
    note($_) for @seen;
}
if ($guessed) {
    my $doctored = dclone($ledger);
    my $person = $doctored->{people}{ $guessed->{user} };
    $person->{$_} += 9 for qw(guesses guesses_begun);
    my @seen = $doctored->probe($s, $person);
    cmp_ok(scalar @seen, '>', 0, 'the checker sees attempts that are not counted any more');
    note($_) for @seen;
    delete $ledger->{people}{ $guessed->{user} }{$_} for qw(guesses guesses_begun);    # its counter began anew
}

# --- sessions and passwords ---

my @lost = $ledger->probe($s);
is(join("\n", @lost), '', 'every session and every password is as acknowledged, every attempt counted (STO-3, LCK-1)');
diag(join ', ', map { "$tally->{$_} $_" } grep { / tried$| read$/ } sort keys %$tally);
cmp_ok($tally->{'sessions tried'} // 0, '>', 0, 'sessions tried');
cmp_ok($tally->{'former passwords tried'} // 0, '>', 0, 'former passwords tried');

my @faults = grep { !/exit signal Killed|signal 9/ } $s->faults;
is(join('', @faults), '', 'nothing died but what was killed');
ok($s->stop, 'httpd stops');
if (Test::More->builder->is_passing) { $s->remove }
else { diag('logs, ledgers and store are left in ' . $s->root) }
done_testing;
