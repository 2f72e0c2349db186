# The attacker with a stop watch: does the time of an answer tell who exists? (S8)
#
# Cases are measured by turns, in an order drawn anew for each round, so that whatever else the machine does falls on all of them
# alike. Two cases are held against each other by what separates their distributions: the Mann-Whitney statistic as the chance A that
# one takes longer than the other (1/2: none tells), and the largest distance D of their distribution functions (Kolmogorov-Smirnov).
# They differ when each of these holds:
#   - A is beyond 1/2 +- 0.3 or D beyond 0.5, more than a busy machine mostly makes of one distribution;
#   - its distance from 1/2 is beyond five deviations of what swapping the two cases at random within each round gives, or D beyond
#     what chance gives once in a million;
#   - the two halves of the measurement agree, and one case's own halves do not differ so much.
# A machine that changes its pace meanwhile was seen to do that now and then. So what differs is measured once more from the start,
# and counts when it differs again, to the same side: what a program does it does each time. Chance alone does that less than once in a million runs. A request that skips the hash shows in every run: it is measured along.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use List::Util qw(max shuffle sum);
use Test::More;
use Time::HiRes ();
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $FLOOR  = 0.3;
my $ROUNDS = 60;

# --- statistics ---

# The values of two cases in order, each with the case it comes from.
sub merged {
    my ($one, $two) = @_;
    my @both = ((map { [$_, 0] } @$one), (map { [$_, 1] } @$two));
    @both = sort { $a->[0] <=> $b->[0] } @both;
    return @both;
}

# The chance that one of the first takes longer than one of the second; equal times do not come about.
sub chance {
    my ($one, $two) = @_;
    my ($below, $longer) = (0, 0);
    for (merged($one, $two)) { $_->[1] ? $below++ : ($longer += $below) }
    return $longer / (@$one * @$two);
}

sub distance {
    my ($one, $two) = @_;
    my ($apart, $most) = (0, 0);
    for (merged($one, $two)) {
        $apart += $_->[1] ? -1 / @$two : 1 / @$one;
        $most = max($most, abs $apart);
    }
    return $most;
}

# What swapping the cases at random within each round makes of the chance: its deviation from 1/2.
sub deviation {
    my ($one, $two) = @_;
    my @seen;
    for (1 .. 50) {
        my @swap = map { rand() < 0.5 } @$one;
        my @x = map { $swap[$_] ? $two->[$_] : $one->[$_] } 0 .. $#swap;
        my @y = map { $swap[$_] ? $one->[$_] : $two->[$_] } 0 .. $#swap;
        push @seen, (chance(\@x, \@y) - 0.5)**2;
    }
    return sqrt(sum(@seen) / @seen);
}

# Every second value from the first or the second on; the values up to the middle or from there.
sub turns  { my ($all) = @_; return map { my $odd = $_; [@$all[ grep { $_ % 2 == $odd } 0 .. $#$all ]] } 0, 1 }
sub halves { my ($all) = @_; return [@$all[ 0 .. @$all / 2 - 1 ]], [@$all[ @$all / 2 .. $#$all ]] }

# What tells two cases apart, in words; nothing when they are one distribution as far as can be seen.
sub difference {
    my ($one, $two) = @_;
    my $away = chance($one, $two) - 0.5;
    my $far  = distance($one, $two);
    my $by_rank  = abs $away > $FLOOR && abs $away > 5 * deviation($one, $two);
    my $by_shape = $far > 0.5 && $far > sqrt(log(2e6) / @$one);    # chance: once in a million, for two samples of one size
    return '' unless $by_rank || $by_shape;
    my ($early, $late) = map { [$_->[0], $_->[1]] } [(halves($one))[0], (halves($two))[0]], [(halves($one))[1], (halves($two))[1]];
    my $own = max(distance(turns($one)), distance(turns($two)));
    return '' unless $far > $own && distance(@$early) > $FLOOR && distance(@$late) > $FLOOR;
    return '' if !$by_shape && (chance(@$early) - 0.5) * (chance(@$late) - 0.5) <= 0;
    return sprintf 'A %.2f, D %.2f (own halves %.2f)', $away + 0.5, $far, $own;
}

# The statistics themselves: found where something is, silent where nothing is.
{
    srand 1;
    my $noise = sub { my ($shift) = @_; return [map { 10 + rand() + rand() + (rand() < 0.1 ? 20 * rand() : 0) + $shift } 1 .. $ROUNDS] };
    my $alarms = grep { difference($noise->(0), $noise->(0)) } 1 .. 200;
    is($alarms, 0, 'of 200 pairs of one distribution none is called different');
    is(scalar(grep { !difference($noise->(0), $noise->(1.5)) } 1 .. 20), 0, 'a shift is, each time');
    srand;
}

# --- measuring ---

# name => a sub that is given 0 and 1 by turns and returns what is timed. name => [ times in the order of rounds ].
sub measure {
    my ($rounds, %case) = @_;
    my %took;
    for my $round (-4 .. $rounds - 1) {    # the first warm up
        for my $name (shuffle sort keys %case) {
            my $request = $case{$name}->($round % 2);
            my $began = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
            $request->();
            my $time = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) - $began;
            push @{ $took{$name} }, 1000 * $time if $round >= 0;
        }
    }
    for my $name (sort keys %took) {
        my @sorted = sort { $a <=> $b } @{ $took{$name} };
        note sprintf '%-40s %7.2f %7.2f %7.2f ms (quartiles)', $name, @sorted[map { $_ * $#sorted / 4 } 1 .. 3];
    }
    return %took;
}

# Each case against the one of that name: name => what tells it apart, twice in a row.
sub apart {
    my ($against, %case) = @_;
    my $first = { measure($ROUNDS, %case) };
    my %again;
    my %found = map { $_ => difference($first->{$_}, $first->{$against}) } grep { $_ ne $against } keys %case;
    for my $name (grep { $found{$_} } sort keys %found) {
        %again = measure($ROUNDS, %case) unless %again;
        my $second = difference($again{$name}, $again{$against});
        my @sides = map { chance($_->{$name}, $_->{$against}) <=> 0.5 } $first, \%again;
        note "$name: first $found{$name}, then ", $second || 'nothing';
        $found{$name} = '' unless $second && $sides[0] == $sides[1];
    }
    return %found;
}

# How wide a case is spread: the middle half of its times, as a part of the median.
sub spread {
    my ($all) = @_;
    my @sorted = sort { $a <=> $b } @$all;
    my ($low, $median, $high) = @sorted[map { $_ * $#sorted / 4 } 1 .. 3];
    return ($high - $low) / $median;
}

# A control: 'less', which takes less time for certain, shall be found; if need be by measuring again, for longer. Where it is not
# and one case alone is spread as wide as $most or wider, it is the machine that cannot tell: that is said, and fails nothing.
sub control {
    my ($what, $most, %case) = @_;    # 0: it never fails
    my ($wide, $away);
    for my $rounds ($ROUNDS, 2 * $ROUNDS) {
        my %took = measure($rounds, %case);
        my ($less, $full) = @took{'less', 'unknown ID'};
        $away = chance($less, $full);
        my $found = $away < 0.5 ? difference($less, $full) : '';
        return pass("$what is seen: $found") if $found;
        $wide = max(map { spread($_) } $less, $full);
    }
    my $told = sprintf '%s is not seen: A %.2f, a case is spread over %.0f %%', $what, $away, 100 * $wide;
    return fail($told) if $wide < $most;
    diag("on this machine, now, $told");
    SKIP: { skip 'the machine is too busy to tell, or its memory too uneven', 1 }
    return;
}

my $contract = <<'END';
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinPasswordAttempts 100
AnshinShowLocked off
AnshinShowAttempts off
AnshinAddressAttempts 1000000
END
my $s = Anshin::Server->new(server => 'AnshinHashMemory 12288', contract => $contract)->start;

# Two of each kind, and two more for the last section, so that none meets its limit, measured twice.
my %people;
for my $kind (qw(password certificate operated)) {
    for my $n (0 .. ($kind eq 'password' ? 3 : 1)) {
        my $p = Anshin::Person->add($s, "$kind-$n", method => $kind eq 'certificate' ? $kind : 'password');
        $p->register;
        push @{ $people{$kind} }, $p;
    }
}
command($s, 'user', 'lock', 'operated-0');
command($s, 'user', 'disable', 'operated-1');
Anshin::Person->add($s, "pending-$_") for 0, 1;
my $guessed = Anshin::Person->add($s, 'guessed');
$guessed->register;

# The attacker has an account and a certificate. Each case is the same connection, the same page, the same form.
my $own = Anshin::Person->add($s, 'attacker', method => 'certificate');
$own->register;
my $c = $s->client(cert => $own->fetch);
my $token = csrf($c->get('/anshin/login'));
sub login_as {
    my ($user, $password) = @_;
    return sub {
        my $r = $c->post('/anshin/login', { csrf => $token, user => $user, password => $password // 'a-wrong-one' });
        $r->status == 401 or die 'status ' . $r->status . " for $user";
    };
}
login_as('guessed')->() for 1 .. 100;
my %state = results($s, 'guessed');
is($state{now_locked}, 1, 'an account that guesses have locked');

sub with_password { my ($kind, $n) = @_; my $p = $people{$kind}[$n]; return login_as($p->{user}, $p->{password}) }
my %told = apart(
    'unknown ID',
    'unknown ID'                         => sub { login_as("nobody-$_[0]") },
    'a wrong password'                   => sub { login_as("password-$_[0]") },
    'the right one without its certificate' => sub { with_password('certificate', $_[0]) },
    'locked by guesses'                  => sub { login_as('guessed') },
    'locked by guesses, the right one'   => sub { login_as('guessed', $guessed->{password}) },
    'locked or disabled by the operator' => sub { with_password('operated', $_[0]) },
    'not registered yet'                 => sub { login_as("pending-$_[0]") },
    'no password, so no hash'            => sub { sub { $c->post('/anshin/login', { csrf => $token, user => 'nobody', password => '' }) } }
);
like(delete $told{'no password, so no hash'}, qr/^A 0\.[01]/, 'a request without a hash is told apart: the measurement sees what it looks for');
is($told{$_}, '', "S8: the time of an answer does not tell an unknown ID from: $_") for sort keys %told;

# How small a leak shows: the same of a server whose hash takes a fifth less. Another process may have its memory in other pages,
# which weighs as much, so that this one only tells.
{
    my $smaller = Anshin::Server->new(server => "AnshinCAWorker off\nAnshinHashMemory 9830", contract => $contract)->start;
    my $d = $smaller->client;
    my $other = csrf($d->get('/anshin/login'));
    my %wrong = (csrf => $other, password => 'a-wrong-one');
    control('a hash that is a fifth smaller', 0,
        'unknown ID' => sub { login_as("nobody-$_[0]") },
        'less'       => sub { my %form = (%wrong, user => "nobody-$_[0]"); return sub { $d->post('/anshin/login', \%form) } });
    $smaller->finish;
}

# --- reissue, and what is asked for alike: does the address belong to the user, or to anybody? ---

sub ask {
    my ($what, $user, $address) = @_;
    return sub {
        my $r = $c->post("/anshin/$what", { csrf => $token, user => $user, address => $address });
        $r->status == 303 or die "status " . $r->status;
    };
}
for my $what (qw(reissue/password reissue/certificate resend user-id)) {
    my $match = $people{ $what eq 'reissue/password' ? 'password' : 'certificate' };
    %told = apart(
        'unknown ID',
        'unknown ID'             => sub { ask($what, "nobody-$_[0]", 'nobody@example.jp') },
        'the address of another' => sub { ask($what, $match->[ $_[0] ]{user}, 'nobody@example.jp') },
        'the right address'      => sub { my $p = $match->[ $_[0] ]; ask($what, $p->{user}, $p->{address}) }
    );
    is($told{$_}, '', "S8: $what: the time of an answer does not tell an unknown ID from: $_")
        for 'the address of another', 'the right address';
    next unless $what =~ /^reissue/;    # the others queue by the same verb
    my %nothing = (csrf => $token, user => 'nobody', address => '');
    control("a request for $what that queues nothing", 0.3,
        'unknown ID' => sub { ask($what, "nobody-$_[0]", 'nobody@example.jp') },
        'less'       => sub { return sub { $c->post("/anshin/$what", \%nothing) } });
}

# --- the page of a QR code: does somebody fetch a certificate just now? (HLP-19) ---

{
    my $shows = $s->client;
    my $page = $shows->follow($shows->get($people{certificate}[0]->download_path));
    my $shown = $shows->follow($shows->submit($page, {}, qr{/download/phone}));
    my ($flow) = $shown->{path} =~ m{^/anshin/phone\?flow=([\w-]+)$} or die "no page of a QR code: $shown->{path}";
    my $gone = sub { my ($tried) = @_; return sub { my $r = $c->get("/anshin/phone?flow=$tried"); $r->status == 410 or die 'status ' . $r->status } };
    %told = apart(
        'one that never was',
        'one that never was'  => sub { $gone->($flow =~ tr/A-Za-z0-9/B-ZAb-za1-90/r) },
        'another browser\'s' => sub { $gone->($flow) }
    );
    is($told{'another browser\'s'}, '', 'S8: phone: the time of an answer does not tell a QR code that another browser shows from none');
}

# --- while hashes of another system remain: whose are they? (IMP-2) ---

my $old = '$2y$08$xWT8lXipKw2xVuj7UWQdYuNKf0pwyCb5WFlxjrNViN7bI9D6CSzay';
command($s, 'user', 'import', '-', '--method', 'password', { stdin => "user,address,password-hash\n" . join '', map { "moved-$_,moved\@example.jp,$old\n" } 0, 1 });
my $d = $s->client;
my $theirs = csrf($d->get('/anshin/login'));
my $moved = sub {
    my ($user) = @_;
    return sub {
        my $answer = $d->post('/anshin/login', { csrf => $theirs, user => $user, password => 'a-wrong-one' });
        $answer->status == 401 or die 'status ' . $answer->status . " for $user";
    };
};
%told = apart(
    'unknown ID',
    'unknown ID'                          => sub { $moved->("nobody-$_[0]") },
    'a wrong password, imported hash'     => sub { $moved->("moved-$_[0]") },
    'a wrong password, hash of ours'      => sub { $moved->('password-' . $_[0]) }
);
is($told{$_}, '', "S8: while imported hashes remain, the time of an answer does not tell an unknown ID from: $_") for sort keys %told;
$d->close;

# --- after the parameters of the hash were raised: those who have not logged in since ---

$s->{server} = 'AnshinHashMemory 24576';
$s->configure;
$s->graceful;
$c->close;
%told = apart(
    'unknown ID',
    'unknown ID'                 => sub { login_as("nobody-$_[0]") },
    'a wrong password, old hash' => sub { login_as('password-' . (2 + $_[0])) }
);
is($told{'a wrong password, old hash'}, '', 'S8: nor does it tell whose hash is of older parameters than the server has now');
$s->finish;
done_testing;
