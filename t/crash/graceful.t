#!/usr/bin/perl
# Graceful restarts every two seconds under load: no session and no mail is lost, and no more requests than bare httpd
# loses. TAP.
#
#   t/crash/graceful.t          ten restarts, part of make test
#   t/crash/graceful.t --long   two minutes; make crash runs it
#
# Two servers are restarted at the same moments: ours, and the same httpd without our modules. Pairs of clients send
# each of them the same requests in turns, on kept and on new connections: protected pages with a session against plain
# pages, logins against POSTs. Meanwhile clients of Anshin::Load register, change passwords, and fetch certificates.
#
# What a restart may not do at all must be zero on ours: an error, a redirect to the login for a session that is open,
# half an answer, a deadline met. What httpd itself does is counted on both: it closes kept connections when a child
# ends, and a request on its way meets a closed door. There chance decides, so that the two counts are compared as such:
# of each kind ours may exceed the bare one's by three standard deviations of their difference and three. The losses of
# all kinds, as shares of the requests, may differ by three standard deviations of the difference of two shares, with
# nothing added: where bare httpd loses none, ours may lose 9 in the whole run. All are printed.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use JSON::PP ();
use List::Util qw(sum0);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Ledger;
use Anshin::Load;
use Anshin::Person;
use Anshin::Processes;
use Anshin::Server;

my $long = grep { $_ eq '--long' } @ARGV;
my ($seconds, $pairs, $actors) = $long ? (120, 3, 2) : (20, 2, 1);
my $pause = 2;

my $s = Anshin::Server->new(loglevel => 'notice', contract => Anshin::Load::contract())->start;
my $bare = Anshin::Server->new(loglevel => 'notice', bare => 1)->start;
my $processes = Anshin::Processes->new($s);
my $stop = $s->root . '/stop';
my $asked_files = $s->root . '/asked';    # an octet for each request of a pair

# --- a pair of clients ---

# One side of a pair: counts how its requests end. Kept connections are told from new ones.
sub ask {
    my ($side, $kept, $send, @right) = @_;
    my $c = $side->{client};
    syswrite $side->{asked}, '.';
    $c->close unless $kept;
    $kept = $c->{socket} ? 1 : 0;
    my $begin = time;
    my $response = $send->($c);
    my $took = time - $begin;
    $side->{longest} = $took if $took > $side->{longest};
    my $outcome = Anshin::Load::Browser::outcome($response);
    my $right = grep { $_ == $response->status } @right;
    $outcome = 'wrong' if $outcome eq 'answered' && !$right;
    $outcome .= $kept ? ' kept' : ' new' if $outcome eq 'broken' || $outcome eq 'refused';
    $side->{count}{$outcome}++;
    $side->{count}{requests}++;
    push @{ $side->{notes} }, "$response->{path}: status $response->{status} $response->{error}"
        if $outcome =~ /^(?:wrong|error|unavailable|cut|hung)/;
    return $response;
}

sub pair {
    my ($number, $end, $person, $guest, $file) = @_;
    srand $number;
    open my $asked, '>>', "$asked_files-$number" or die "$asked_files-$number: $!";
    my %sides = map { $_->[0] => {
        client => Anshin::Load::Once->new(port => $_->[1]->port, ca => $_->[1]->server_ca, timeout => 120),
        count => {}, notes => [], longest => 0, asked => $asked
    } } [ ours => $s ], [ bare => $bare ];
    my ($ours, $plain) = @sides{qw(ours bare)};
    my $session = $person->{session};
    $ours->{client}{cookies} = { '__Host-anshin-p-01' => $session };
    until (time >= $end && -e $stop) {
        my $kept = rand() < 0.7;
        if (rand() < 0.85) {
            my @order = ([ $ours, '/members/' ], [ $plain, '/members/' ]);
            @order = reverse @order if rand() < 0.5;
            ask($_->[0], $kept, sub { $_[0]->get('/members/') }, 200) for @order;
            next;
        }
        # A login from another browser's cookies on the same connection.
        my $form = ask($ours, $kept, sub { local $_[0]{cookies} = {}; $_[0]->get('/anshin/login') }, 200);
        ask($plain, $kept, sub { $_[0]->get('/open/') }, 200);
        next unless $form->{whole};
        my %body = (user => $guest->{user}, password => $guest->{password}, csrf => $form->field('csrf'));
        ask($ours, 1, sub {
            my %cookies = map { /^(__Host-\S+?)=([^;]*)/ ? ($1, $2) : () } $form->headers('Set-Cookie');
            local $_[0]{cookies} = \%cookies;
            $_[0]->post('/anshin/login', \%body);
        }, 303);
        ask($plain, 1, sub { $_[0]->post('/open/', \%body) }, 200, 405);
    }
    Anshin::PKI::write_text($file, JSON::PP->new->encode({
        map { my $side = $sides{$_}; $_ => { map { $_ => $side->{$_} } qw(count notes longest) } } keys %sides
    }));
    POSIX::_exit(0);
}

# --- the run ---

# Of each pair one person stays logged in; another logs in again and again, which ends that one's oldest sessions.
my @people = map { Anshin::Person->add($s, "p-01-stay$_") } 1 .. $pairs;
my @guests = map { Anshin::Person->add($s, "p-01-come$_") } 1 .. $pairs;
$_->register for @people, @guests;
for my $person (@people) {
    my $c = $s->client;
    $person->login($c);
    $person->{session} = $c->{cookies}{'__Host-anshin-p-01'};
}
my $end = time + $seconds;
my @ledgers = map { $s->root . "/ledger-$_" } 1 .. $actors;
my @load = map { Anshin::Load->start($s, $_, stop => $stop, ledger => $ledgers[ $_ - 1 ], seed => $_) } 1 .. $actors;
my %pid;
for my $number (1 .. $pairs) {
    my $file = $s->root . "/pair-$number";
    my $pid = fork // die "fork: $!";
    pair($number, $end, $people[ $number - 1 ], $guests[ $number - 1 ], $file) unless $pid;
    $pid{$pid} = $file;
}
my $restarts = 0;
my $enough = $seconds / $pause / 2;
while (time < $end - $pause || ($restarts < $enough && time < $end + 180)) {    # a busy machine takes longer for as many
    my $next = time + $pause;
    kill USR1 => $bare->pid;    # told first, waited for last
    $s->graceful;
    $restarts++;
    # A busy machine takes longer for as many requests between two restarts.
    sleep 0.01 while time < $next || (sum0(map { -s } glob "$asked_files-*") < 22 * $restarts && time < $next + 60);
}
Anshin::PKI::write_text($stop, '');
is(scalar(grep { !$_->wait(200) } @load), 0, 'every client came to its end: nothing hung');
my $left = keys %pid;
Anshin::Server::wait_for(200, sub { $left-- while $left && waitpid(-1, POSIX::WNOHANG) > 0; return !$left });
is($left, 0, 'and so did the pairs');
my $ended = () = $bare->log =~ /resuming normal operations/g;
cmp_ok($restarts, '>=', $enough, "$restarts graceful restarts");
cmp_ok($ended, '>', $restarts / 2, "and $ended of bare httpd");

# --- what the pairs saw ---

my %sum = (ours => {}, bare => {});
my %longest = (ours => 0, bare => 0);
my @notes;
for my $file (values %pid) {
    my $side = JSON::PP->new->decode(Anshin::PKI::read_text($file));
    for my $which (keys %$side) {
        $sum{$which}{$_} += $side->{$which}{count}{$_} for keys %{ $side->{$which}{count} };
        $longest{$which} = $side->{$which}{longest} if $side->{$which}{longest} > $longest{$which};
        push @notes, map { "$which: $_" } @{ $side->{$which}{notes} };
    }
}
my @never = qw(wrong error unavailable cut hung);
my @outcomes = ('requests', 'answered', 'broken kept', 'broken new', 'refused new', @never);
for my $which (qw(ours bare)) {
    my @counts = map { "$_ " . ($sum{$which}{$_} // 0) } @outcomes;
    diag("$which: " . join ', ', @counts, sprintf 'longest %.2f s', $longest{$which});
}
for my $none (@never) {
    is($sum{ours}{$none} // 0, 0, "no request of ours ended: $none")
        or diag(join "\n", grep { defined } @notes[0 .. 19]);
}
my @chances = ('broken kept', 'broken new', 'refused new');
for my $chance (@chances) {
    my ($ours, $theirs) = map { $sum{$_}{$chance} // 0 } qw(ours bare);
    my $most = $theirs + 3 * sqrt($ours + $theirs) + 3;
    cmp_ok($ours, '<=', $most, "$chance: $ours, bare httpd $theirs, no more than chance");
}
my %lost = map { my $side = $sum{$_}; $_ => sum0(map { $_ // 0 } @$side{@chances}) } qw(ours bare);
my ($ours, $bare_share) = map { $lost{$_} / $sum{$_}{requests} } qw(ours bare);
my $both = sum0(values %lost) / ($sum{ours}{requests} + $sum{bare}{requests});
my $deviation = sqrt($both * (1 - $both) * (1 / $sum{ours}{requests} + 1 / $sum{bare}{requests}));
cmp_ok($ours - $bare_share, '<=', 3 * $deviation,
    sprintf 'lost in all: %.3f%%, bare httpd %.3f%%, deviation %.3f%%', map { 100 * $_ } $ours, $bare_share, $deviation);
cmp_ok($sum{$_}{requests}, '>', $restarts * 10, "$_: $sum{$_}{requests} requests") for qw(ours bare);

# --- what is left ---

for my $person (@people) {
    my $c = $s->client(cookies => { '__Host-anshin-p-01' => $person->{session} });
    is($c->get('/members/')->status, 200, "$person->{user}: the session is still open");
}
my $ledger = Anshin::Ledger->read(@ledgers);
is(join("\n", $ledger->complaints), '', 'no answer contradicted an earlier one');
my $tally = $ledger->tally;
is($tally->{$_} // 0, 0, "no request of those who change something ended: $_") for grep { $_ ne 'wrong' } @never;
my $facts;
Anshin::Server::wait_for(60, sub { $facts = Anshin::Ledger::facts($s); return !$ledger->unsent($facts) });
$facts = Anshin::Ledger::facts($s, $ledger->people);
is(join("\n", $ledger->against($facts)), '', 'all that was acknowledged is there, mail and certificates exactly once');
is(join("\n", $ledger->probe($s)), '', 'every session and every password is as acknowledged');
diag(join ', ', map { "$tally->{$_} $_" } grep { /acknowledged|tried/ } sort keys %$tally);
cmp_ok($tally->{'sessions tried'} // 0, '>', 0, 'sessions tried');
is(scalar(my @workers = $processes->of('worker')), 1, 'one worker is left of those that were begun');
my @slow = Anshin::Server::wait_for(20, sub { return $processes->of('child') <= 8 });
ok($slow[0], 'and no more children than a server has');

is(join('', $s->faults), '', 'no child crashed');
ok($_->stop, 'httpd stops') for $s, $bare;
$_->remove for $s, $bare;
done_testing;

package Anshin::Load::Once;
# Anshin::Client that sends nothing twice.
use strict;
use warnings;
BEGIN { our @ISA = ('Anshin::Client') }
sub raw { my ($self, $bytes, $method) = @_; return $self->exchange($bytes, $method || 'GET') }
