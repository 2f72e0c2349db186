# 200 wrong guesses at once, over several processes of httpd: no more are checked than the contract allows.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use JSON::PP qw(decode_json);
use Anshin::Server;
use Anshin::Person;
use Anshin::Processes;

my $GUESSERS = 20;
my $EACH     = 10;

my $s = Anshin::Server->new(contract => <<'END', extra => <<"MORE")->start;
AnshinLoginMethods password
AnshinPasswordAttempts 7
AnshinAddressAttempts 1000000
END
StartServers 4
@{[Anshin::Processes::spread()]}
MinSpareThreads 100
MaxSpareThreads 400
ThreadsPerChild 64
MaxRequestWorkers 256
MORE

my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;

# A quarter of a process's threads may wait for other attempts at an account: here 16, and no more than 13 have to.

# One attempt, made again while the answer is that nothing was tried (503, with Retry-After): on a busy machine it can be. A place
# that is not given back would have it answered for ever.
sub attempt {
    my ($c, $page, $password) = @_;
    my $r;
    for (1 .. 60) {
        delete $c->{cookies}{'__Host-anshin-p-01'};
        $r = eval { $c->submit($page, { user => $p->{user}, password => $password }) };
        last unless $r && $r->status == 503;
        sleep $r->header('Retry-After') // 1;
    }
    return $r;
}

# Children log in with a password each and tell what they got, one character an answer.
sub guess {
    my ($password) = @_;
    my (@children, @answers);
    for my $n (1 .. $GUESSERS) {
        pipe(my $read, my $write) or die $!;
        my $pid = fork // die $!;
        if (!$pid) {
            close $read;
            my $c = $s->client;
            my $page = $c->get('/anshin/login');
            for (1 .. $EACH) {
                my $r = attempt($c, $page, $password);
                syswrite $write, ($r ? $r->status : 0) . "\n";
            }
            require POSIX;
            POSIX::_exit(0);
        }
        close $write;
        push @children, [ $pid, $read ];
    }
    for my $child (@children) {
        my $in = $child->[1];
        chomp(my @got = <$in>);
        push @answers, @got;
        waitpid $child->[0], 0;
    }
    my %count;
    $count{$_}++ for @answers;
    return \%count;
}

sub history {
    my $made = $s->htanshin('--contract', 'p-01', '--json', 'history', $p->{user}, '--limit', '5000');
    my $list = decode_json($made->{out});
    $list = $list->{history} // $list->{entries} if ref $list eq 'HASH';
    my %count;
    $count{ $_->{result} }++ for @$list;
    return \%count;
}

my $right = guess($p->{password});
is($right->{303} // 0, $GUESSERS * $EACH, 'parallel right logins all succeed: a success gives its reservation back (LCK-1)')
  or diag explain $right;

my $wrong = guess('wrong-password-1');
my $after = history();
is(($after->{wrong_password} // 0) + ($after->{now_locked} // 0), 7, 'of 200 parallel wrong guesses exactly 7 were checked (LCK-1, S5)')
  or diag explain $after;
is($after->{now_locked}, 1, 'one of them locked the account');
is($wrong->{303}, undef, 'none got in');
is($p->login($s->client)->status, 403, 'the account is locked, the right password does not open it (LCK-2)');
my @children = Anshin::Processes->new($s)->answered;
cmp_ok(scalar @children, '>', 1, "several children of httpd were at work: @children");

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
