# More logins at once than the machine can hash: the surplus is told to come back, everybody is answered, whoever is served is
# served right, memory stays what the slots allow (S4), and the pages of those who are logged in go on.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Fcntl qw(:flock);
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Bench ();
use Anshin::Crowd;
use Anshin::Person;
use Anshin::Server;

my $slow   = $ENV{ANSHIN_SANITIZE} || $ENV{ANSHIN_VALGRIND} ? 1 : 0;
my $memory = $slow ? 8192 : 47104;                                     # KiB of one hash
my $people = 80;
my $password = 'Correct-horse-9-battery';                              # that of t/tools/users
my $s = Anshin::Server->new(
    contract => "AnshinLoginMethods password\nAnshinPasswordAttempts 3\nAnshinAddressAttempts 1000000", # a refusal for the crowd counts as one
    server => "AnshinHashMemory $memory\nAnshinHashSlots 1\nAnshinHashWait 20s"
)->start;
my $made = $s->run(Anshin::Server::out() . '/tools/users', $s->state, 'p-01-usr', $people, $memory, { env => 1 });
is($made->{status}, 0, "$people users") or BAIL_OUT($made->{err});
my $known = Anshin::Person->add($s, 'p-01-known1');
$known->register;
my $client = $s->client;
is($known->login($client)->status, 303, 'one of them has logged in before');

sub crowd {
    my ($word, @numbers) = @_;
    my $crowd = Anshin::Crowd->new($s);
    $crowd->add("p-01-usr$_", $word) for @numbers;
    return $crowd;
}

sub hold_slots {
    my @held;
    for my $file (glob $s->state . '/slots/slot.*') {
        open my $slot, '+<', $file or die "$file: $!";
        flock $slot, LOCK_EX or die "$file: $!";
        push @held, $slot;
    }
    return @held;
}

sub of_status { my ($crowd, $status) = @_; return grep { $_->{response}->status == $status } @{ $crowd->{people} } }

# --- no hash can be computed at all: more logins than httpd has threads ---

{
    my $crowd = crowd($password, 1 .. $people);
    my ($begun, $freed, $waiting) = (0, 0, 0);
    my $watch = Anshin::Crowd::Watch->start($s, $client->clone(timeout => 15), '/members/', 0.2);
    my @held  = hold_slots();    # after the fork: a lock is held as long as anybody has the file
    cmp_ok(scalar @held, '>', 0, 'another process computes in every slot');
    $crowd->{tick} = sub {
        # given back when the surplus has its answers and the rest has waited a while
        $begun ||= time;
        my $answered = grep { $_->{response} } @{ $crowd->{people} };
        return if $freed || time < $begun + 5 || ($answered < $people / 4 && time < $begun + 15);
        $waiting = $people - $answered;
        $freed   = time;
        close $_ for splice @held;
    };
    $crowd->fire(90);
    my @watched = $watch->stop;
    my @busy   = of_status($crowd, 503);
    my @served = of_status($crowd, 303);
    diag(scalar(@busy) . " of $people refused, $waiting waited, " . scalar(@served) . ' served');
    is(@busy + @served, $people, 'everybody is answered') or diag(map { "$_->{user}: $_->{error}\n" } @{ $crowd->{people} });
    cmp_ok(scalar @busy,   '>', 0, 'S4: the surplus is refused while others wait');
    cmp_ok(scalar @served, '>', 0, 'and those who waited are served when a slot is free');
    is(scalar(grep { ($_->{response}->header('Retry-After') // '') =~ /^[1-9]\d*$/ } @busy), scalar @busy,
        'S4: each refusal says when to come back');
    my @let_in = grep { "@{[ $_->{response}->headers('Set-Cookie') ]}" =~ /anshin-p-01=\w/ } @busy;
    is(scalar @let_in, 0, 'and logs nobody in');
    my ($one) = @busy;
    like($one ? $one->{response}->text : '', qr/<h1[^>]*>ただいま混み合っています</, 'the refusal is a page that says to come back in a moment');
    my @before = grep { $_->{at} > $begun + 2 && $_->{at} + $_->{seconds} < $freed } @watched;
    cmp_ok(scalar @before, '>', 2, 'protected pages answer while logins wait: ' . @before);
    is(scalar(grep { $_->{status} != 200 } @watched), 0, 'with 200, all of them');
}

# --- counters ---

{
    my @again = map { "p-01-usr$_" } 1 .. $people;
    my ($user) = @again;
    my @answers;
    for my $word ('wrong-1-Wrong', 'wrong-2-Wrong', $password) {
        push @answers, Anshin::Person::login({ user => $user, password => $word }, $s->client)->status;
    }
    is("@answers", '401 401 303', 'a refusal costs no attempt: two wrong ones of three, and the right one lets in');
}

# --- slots at work ---

sub resident { return Anshin::Bench::memory_of_children($s)->{held} }

{
    my $crowd = crowd($password, 1 .. $people);
    my $idle  = resident();
    my $peak  = 0;
    my $watch = Anshin::Crowd::Watch->start($s, $client, '/members/', 0.1);
    $crowd->{tick} = sub { my $now = resident(); $peak = $now if $now > $peak };
    $crowd->fire(90);
    my @watched = $watch->stop;
    my @served  = of_status($crowd, 303);
    is(@served + of_status($crowd, 503), $people, 'everybody is answered');
    cmp_ok(scalar @served, '>', 1, scalar(@served) . ' are served');
    my @wrong = grep {
        my $page = $_->{client}->get('/members/cgi-bin/env.cgi');
        $page->status != 200 || $page->body !~ /^REMOTE_USER=\Q$_->{user}\E$/m
    } @served;
    is(join(' ', map { $_->{user} } @wrong), '', 'each of them is who logged in');
    is(scalar(grep { $_->{status} != 200 } @watched), 0, 'protected pages answered all the while: ' . @watched)
        or diag(join ' ', map { sprintf '%s after %.1f s', $_->{status}, $_->{seconds} } @watched);
    SKIP: {
        skip 'memory of a sanitized program says nothing', 1 if $slow;
        my $arena = $memory / 1024;
        diag(sprintf 'memory of all children: %.0f MiB at rest, %.0f at most', $idle, $peak);
        cmp_ok($peak - $idle, '<', 1.5 * $arena + 30, "S4: one slot, one arena of $arena MiB, whoever asks");
    }
}
$s->finish;
done_testing;
