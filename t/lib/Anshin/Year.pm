package Anshin::Year;
# A simulated year of a number of users (t/year/README.md): real worker, signer and store under one clock that is put forward day
# by day; people who register, renew early, late, after the end or never; processes that are killed. What must be true is looked
# at by Anshin::YearBook.
#
#   my $y = Anshin::Year->new(users => 60, days => 365, life => 100, kills => 20, seed => 1);
#   whole => 30: everything is read and judged after so many days and on the last; else what has changed.
#   http => 10: every tenth person also comes over HTTP, to an httpd that is killed as well.
#   my @complaints = $y->run;        # stops on the first day that has any
#   $y->figures;                     # of the year, in a line
#   $y->finish;
use strict;
use warnings;
use File::Copy qw(copy);
use IO::Handle;
use IO::Socket::UNIX;
use IPC::Open2 qw(open2);
use List::Util qw(sum0);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use Anshin::Server;
use Anshin::Worker;
use Anshin::YearBook;
use Anshin::YearSite;

use constant { DAY => 86400, MORNING => 6 * 3600, NOON => 11 * 3600, SLACK => 3 * 3600, WINDOW => 40, PATIENCE => 60, OLD => 50 };

sub new {
    my ($class, %want) = @_;
    my $self = bless { users => 60, days => 365, life => 100, kills => 20, whole => 5, seed => time ^ $$, later => 0, looked => 0, %want }, $class;
    # Nothing that is made while people are about ends, or is reminded of, while they are about: see the README.
    local $ENV{TMPDIR} = memory() // $ENV{TMPDIR};
    my %policy = (
        AnshinLoginMethods        => 'certificate',
        AnshinCertificateLifetime => $self->{life} * 24 + 4 . 'h',
        AnshinDownloadLifetime    => '9h'
    );
    my $w = $self->{worker} = Anshin::Worker->new(group_name => 'daemon', policy => \%policy);
    $self->make_clock;
    $self->{site}    = Anshin::YearSite->new($w, \%policy) if $self->{http};
    $self->{reader}  = $self->open_tool('reader', $w->state . '/crl/ca.crl', $w->state . '/ca/ca.crt');
    $self->{book}    = Anshin::YearBook->new;
    $self->{count}   = { map { $_ => 0 } qw(renewals logins refused), map { "killed $_" } $self->mortals };
    $self->{begun}   = time;
    $self->{started} = time;
    $self->start_visitor;
    $self->{at_work} = $w->spawn;
    srand $self->{seed};
    return $self;
}

# Where a sync costs nothing: processes die here, disks do not. Not where no program may be run.
sub memory {
    open my $mounts, '<', '/proc/mounts' or return;
    my ($options) = map { m{^\S+ /dev/shm \S+ (\S+)} } <$mounts>;
    return defined $options && $options !~ /\bnoexec\b/ && -w '/dev/shm' ? '/dev/shm' : undef;
}

# All that runs goes by it; the signer, which gets no environment, by a script in its place.
sub make_clock {
    my ($self) = @_;
    my $w      = $self->{worker};
    my $root   = $w->{root};
    my $script = "$root/bin/clocked/anshin-signer";
    copy(Anshin::Server::out() . '/later.so', "$root/later.so") or die "later.so: $! (make all comes first)";
    for my $tool (qw(visitor reader)) {
        copy(Anshin::Server::out() . "/tools/$tool", "$root/bin/$tool") or die "$tool: $!";
        chmod 0755, "$root/bin/$tool";
    }
    my %environment = (LD_PRELOAD => "$root/later.so", ANSHIN_LATER => "$root/later", ANSHIN_LATER_UPTIME => 1);
    mkdir "$root/$_" for qw(bin/clocked people);
    chown scalar(getpwnam 'daemon'), -1, "$root/people" if $> == 0;
    chmod 0700, "$root/people";
    Anshin::PKI::write_text($script, join ' ', "#!/bin/sh\n", (map { "$_=$environment{$_}" } sort keys %environment),
        "exec $root/bin/anshin-signer \"\$@\"\n");
    chmod 0755, "$root/bin/clocked", $script;
    $w->{environment} = \%environment;
    $w->{server}{AnshinProgramDir} = "$root/bin/clocked";
    $w->configure;
    $self->later(0);
    return;
}

sub now { return time + $_[0]{later} }

sub later {
    my ($self, $seconds) = @_;
    $self->{later} = $seconds;
    open my $out, -e "$self->{worker}{root}/later" ? '+<' : '>', "$self->{worker}{root}/later" or die "later: $!";
    syswrite($out, pack 'q', $seconds) == 8 or die "later: $!";
    close $out or die "later: $!";
    return;
}

# Put the clock on to so long after the beginning; never back.
sub on_to {
    my ($self, $day, $hours) = @_;
    my $wanted = int($self->{begun} + $day * DAY + $hours - time);
    $self->{latest} = $self->{begun} + $day * DAY + $hours + SLACK;
    $self->later($wanted) if $wanted > $self->{later};
    return;
}

# --- processes ---

sub open_tool {
    my ($self, $name, @arguments) = @_;
    my $w = $self->{worker};
    local %ENV = (%ENV, %{ $w->{environment} });
    my @whose = $> == 0 ? ('setpriv', '--reuid', 'daemon', '--regid', $w->{group}, '--clear-groups') : ();
    my $pid = open2(my $out, my $in, @whose, "$w->{root}/bin/$name", $w->state, @arguments);
    return { pid => $pid, in => $in, out => $out };
}

# One line to it, one line from it.
sub say_to {
    my ($tool, $line) = @_;
    local $SIG{ALRM} = sub { die "no answer in time to: $line\n" };
    alarm PATIENCE;
    print { $tool->{in} } "$line\n";
    $tool->{in}->flush;
    my $answer = readline $tool->{out};
    alarm 0;
    chomp $answer if defined $answer;
    return $answer;
}

sub end_tool {
    my ($tool) = @_;
    CORE::kill(KILL => $tool->{pid});
    waitpid $tool->{pid}, 0;
    return;
}

sub start_visitor { my ($self) = @_; $self->{visitor} = $self->open_tool('visitor'); return }

# An act of a person. The one that is to die under way is given some time, then the person looks whether it was done, or does it
# again.
sub visit {
    my ($self, $line, $looks) = @_;
    if ($self->{doomed}{visitor}) {
        delete $self->{doomed}{visitor};
        my $visitor = $self->{visitor};
        print { $visitor->{in} } "$line\n";
        $visitor->{in}->flush;
        sleep rand 0.006;
        end_tool($visitor);
        $self->{count}{'killed visitor'}++;
        $self->start_visitor;
        my $answer = $looks && $looks->();
        return $answer if defined $answer;
    }
    my $answer = say_to($self->{visitor}, $line);
    return $answer if defined $answer;
    waitpid $self->{visitor}{pid}, 0;
    die "the visitor has died ($?) over: $line\n" . $self->{worker}->log;
}

# Who may die today, as often as it is there.
sub mortals { my ($self) = @_; return (qw(worker visitor signer visitor worker), ($self->{site} ? 'httpd' : ())) }
sub killed { my ($self) = @_; return sum0(map { $self->{count}{$_} } grep { /^killed / } keys %{ $self->{count} }) }

sub kill_worker {
    my ($self, $which) = @_;
    my $w   = $self->{worker};
    my $pid = $which eq 'signer' ? $w->signer_of($self->{at_work}) : $self->{at_work}{pid};
    my $killed = $pid ? CORE::kill(KILL => $pid) : 0;
    $self->{count}{"killed $which"} += $killed;
    return $killed;
}

# A worker that has gone is started again, as httpd does; not while it is to be away.
sub tend {
    my ($self) = @_;
    return if !$self->{at_work} || waitpid($self->{at_work}{pid}, WNOHANG) == 0;
    my $w = $self->{worker};
    $w->{workers} = [ grep { $_ != $self->{at_work} } @{ $w->{workers} } ];
    $self->{at_work} = $self->{away} ? undef : $w->spawn;
    return;
}

sub ring {
    my ($self) = @_;
    my $bell = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Blocking => 0, Peer => $self->{worker}->state . '/run/ca.sock') or return;
    $bell->send('!');
    return;
}

# Time goes on where nothing else does, for example until a round of housekeeping; but to no hour at which anything ends.
sub wait_on {
    my ($self) = @_;
    $self->later($self->{later} + 5) if $self->now < $self->{latest};
    return;
}

# Until the store has nothing to do.
sub settle {
    my ($self) = @_;
    my ($end, $last, $old) = (time + PATIENCE, '', 0);
    while (time < $end) {
        $self->tend;
        $self->ring;
        sleep 0.002;
        if (my $which = delete $self->{doomed}{worker}) {
            sleep rand 0.03;
            next if $self->kill_worker($which);
            $self->{doomed}{worker} = $which;    # there is none just now
        }
        my $due = say_to($self->{reader}, 'due') // die 'the reader has died';
        # A list that was being written when the clock was put on may come late, as long as the one before counts.
        return if $due =~ /^0 in queues, 0 ended, list (?:fresh|(old))/ && (!$1 || ++$old > OLD);
        $self->wait_on if $due eq $last || $due =~ /^0 in queues/;
        $last = $due;
    }
    $self->{book}->complain("the worker does not come to an end, it has $last");
    return;
}

# --- people ---

sub comes_over_http { my ($self, $p) = @_; return $self->{http} && $p->{user} =~ /(\d+)/ && $1 % $self->{http} == 0 }
sub person { my ($self, $number) = @_; return $self->{people}[$number] //= { user => sprintf 'u%05d', $number } }

sub plan {
    my ($self, $in, $person, $act) = @_;
    my $day = $self->{day} + ($in < 1 ? 1 : int $in);
    push @{ $self->{agenda}{$day} }, [ $person, $act ];
    return;
}

# One of them at random, none of them again before all have had their turn: so all occur, whatever the seed.
sub deal {
    my ($self, $deck, @cards) = @_;
    my $left = $self->{decks}{$deck} ||= [];
    @$left = @cards if !@$left;
    my ($card) = splice @$left, rand @$left, 1;
    return $card;
}

sub certificate { my ($held) = @_; return join ' ', @$held{qw(serial fingerprint from to)} }
sub has_ended { my ($self, $held) = @_; return $held->{to} <= $self->now }

# The password of a download that an act asked for: answered, or looked up after a death.
sub password_by {
    my ($self, $person, $line) = @_;
    my $since  = $self->now;
    my $answer = $self->visit($line, sub { return $self->waiting($person, $since) });
    $answer = $self->waiting($person, 0) // $answer if $answer eq 'done';
    ($person->{password}) = $answer =~ /^ok (\S{8,})$/;
    $self->{book}->complain("$person->{user}: $line: $answer") unless $person->{password};
    return defined $person->{password};
}

sub waiting {
    my ($self, $person, $since) = @_;
    my ($created) = say_to($self->{reader}, "waits $person->{user}") =~ /^(\d+) /;
    return defined $created && $created / 1e6 >= $since - 1 ? say_to($self->{visitor}, "waits $person->{user} $created") : undef;
}

# What comes back is done in the same morning, once the worker has done its part.
my %acts = (
    register => sub {
        my ($self, $p) = @_;
        return $self->password_by($p, "register $p->{user}") ? 'import' : ();
    },
    import => sub {
        my ($self, $p) = @_;
        my $token  = $self->{book}->link($p->{user}, 'ready') // '-';
        my $pem    = $self->comes_over_http($p) ? "$self->{worker}{root}/people/" . ++$self->{files} . '.pem' : '-';
        my $answer = $self->visit("fetch $token $p->{password} $pem");
        my %held;
        if (@held{qw(serial fingerprint from to)} = $answer =~ /^ok (\S+) (\S+) (\S+) (\S+)$/) {
            $held{pem} = $pem if $pem ne '-';
            $p->{next} = \%held;
            $self->{book}->hold($p->{user}, $held{serial});
            $self->visit("finish $token") if rand() < 0.3;
            return 'first' if !$p->{certificate} || $p->{lost} || $self->has_ended($p->{certificate}) || rand() < 0.7;
            $self->plan(1 + rand 6, $p, $_) for qw(between first);
            return ();
        }
        $self->{book}->complain("$p->{user}: the file is not there: $answer");
        return ();
    },
    first => \&first,
    visit => sub {
        my ($self, $p) = @_;
        $self->log_in($p, $p->{certificate}) if !$p->{lost} && !$self->has_ended($p->{certificate});
        return ();
    },

    # The old one works until the new one was used.
    between => sub {
        my ($self, $p) = @_;
        $self->log_in($p, $p->{certificate}) if $p->{next} && $p->{certificate} && !$self->has_ended($p->{certificate});
        return ();
    },
    early => sub { my ($self, $p) = @_; return $self->renew($p, 'import') },
    late  => sub { my ($self, $p) = @_; return $self->renew($p, 'import') },
    twice => sub { my ($self, $p) = @_; return $self->renew($p, 'early') },

    # Nobody fetches it; some days later there is another one.
    leave => sub {
        my ($self, $p) = @_;
        $self->renew($p);
        $self->plan(2 + rand 3, $p, 'early');
        return ();
    },
    # Or so that a reminder comes due while it waits, which nobody gets at noon, and somebody at night.
    forget => sub { my ($self, $p) = @_; $self->renew($p); $self->{noon} = 1; $self->plan(2 + rand 3, $p, 'early'); return () },
    never => sub { my ($self, $p) = @_; $self->refused($p, $p->{certificate}, 'has ended'); return () },
    ended => sub {
        my ($self, $p) = @_;
        $self->refused($p, $p->{certificate}, 'has ended');
        return () unless $self->password_by($p, "ended $p->{user} " . certificate($p->{certificate}));
        $self->{book}->expect($p->{user}, 'renewed');
        return 'import';
    },
    lost => sub {
        my ($self, $p) = @_;
        my $held = $p->{certificate};
        $self->log_in($p, $held);
        $p->{lost} = 1;
        $self->{book}->lose($p->{user});
        $self->visit("revoke $held->{serial}");
        $self->refused($p, $held, 'is revoked');
        return 'ask';
    },
    anew => sub { my ($self, $p) = @_; $p->{lost} = 1; return 'ask' },    # while the old one works
    ask => sub {
        my ($self, $p) = @_;
        $self->visit("ask $p->{user}");
        $self->{book}->expect($p->{user}, 'ask');
        return 'reissue';
    },
    reissue => sub {
        my ($self, $p) = @_;
        $self->{book}->lose($p->{user});
        my $token = $self->{book}->link($p->{user}, 'ask') // '-';
        return () unless $self->password_by($p, "reissue $p->{user} $token");
        $self->{book}->expect($p->{user}, 'reissued');
        return 'import';
    },
);

sub renew {
    my ($self, $p, @then) = @_;
    return 'ended' if $self->has_ended($p->{certificate});    # while the worker was away
    return () unless $self->password_by($p, "renew $p->{user} " . certificate($p->{certificate}));
    $self->{count}{renewals}++;
    $self->{book}->expect($p->{user}, 'renewed');
    return @then;
}

sub log_in {
    my ($self, $p, $held) = @_;
    my $answer = $self->visit("login $p->{user} " . certificate($held));
    $self->{count}{logins}++;
    ($p->{session}) = $answer =~ /^ok (\S+)$/;
    $self->{book}->complain("$p->{user} cannot log in with $held->{serial}: $answer") unless $p->{session};
    $self->over_http($p, 'cannot log in', $self->{site}->log_in($p->{user}, $held)) if $held->{pem} && $p->{session};
    return defined $p->{session};
}

# At once: no login, no verdict but a bad one, and no session that is left.
sub refused {
    my ($self, $p, $held, $why) = @_;
    my $shown = certificate($held);
    my %seen  = (
        login   => say_to($self->{visitor}, "login $p->{user} $shown"),
        verdict => say_to($self->{visitor}, "verdict $shown"),
        session => $p->{session} ? say_to($self->{visitor}, "session $p->{session} $shown") : 'no',
    );
    $self->{count}{refused}++;
    my $good = $seen{login} =~ /^ok/ || $seen{verdict} =~ /^ok good/ || $seen{session} =~ /^ok/;
    $self->{book}->complain("$p->{user}: $held->{serial} $why, and is let in ($seen{login}, $seen{verdict}, $seen{session})") if $good;
    $self->over_http($p, "$held->{serial} $why, and is let in", $self->{site}->let_in($held)) if $held->{pem};
    delete $p->{session};
    return;
}

sub over_http {
    my ($self, $p, $what, $wrong) = @_;
    $self->{count}{'over http'}++;
    $self->{book}->complain("$p->{user} over HTTP: $what: $wrong") if $wrong;
    return;
}

# What people do about the end of a certificate that has so many days left: how often, and on which day from now on.
my %fates = (
    early => { often => 5, in => sub { return $_[0] - (WINDOW - 1) + rand 4 } },
    twice => { often => 2, in => sub { return $_[0] - rand(WINDOW - 1) } },
    leave => { often => 1, in => sub { return $_[0] - 10 - rand 25 } },
    forget => { often => 1, in => sub { return $_[0] - 10 } },
    late  => { often => 3, in => sub { return $_[0] - 1 } },
    ended => { often => 4, in => sub { return $_[0] + 1 + rand 30 } },
    lost  => { often => 2, in => sub { return 3 + rand($_[0] - WINDOW - 4) } },
    anew  => { often => 1, in => sub { return 3 + rand($_[0] - WINDOW - 4) } },
    ask   => { often => 1, in => sub { return $_[0] + 20 + rand 30 } },
    never => { often => 1, in => sub { return $_[0] + 1 } },
);

# The first use: the old one is refused from here on.
sub first {
    my ($self, $p) = @_;
    my ($old, $new) = ($p->{certificate}, delete $p->{next});
    return () unless $new;
    my $before = $p->{session};
    $self->log_in($p, $new) or return ();
    if ($old) {
        my $session = $p->{session};
        $p->{session} = $before;
        $self->refused($p, $old, $self->has_ended($old) ? 'has ended' : 'was followed');
        $p->{session} = $session;
    }
    $p->{certificate} = $new;
    delete $p->{lost};
    $self->{book}->use($p->{user}, $new->{serial});
    my $left = int(($new->{to} - $self->now) / DAY);
    my $fate = $self->deal('fates', map { ($_) x $fates{$_}{often} } sort keys %fates);
    $self->plan(rand($left - 1), $p, 'visit');
    $self->plan($fates{$fate}{in}->($left), $p, $fate);
    return ();
}

# --- days ---

# Who is to die today. Every day is as likely as another, until enough have.
sub doom {
    my ($self) = @_;
    my $left = $self->{days} - $self->{day};
    return if $self->{away} || rand($left > 1 ? 2 * $left : 1) >= $self->{kills} - $self->killed;
    my $which = $self->deal('dooms', $self->mortals);
    if    ($which eq 'visitor') { $self->{doomed}{visitor} = 1 }
    elsif ($which eq 'httpd')   { $self->{site}->doom(sub { $self->{count}{'killed httpd'}++ }) }
    else                        { $self->{doomed}{worker} = $which }
    return;
}

# The worker dies before a night begins of which it could do a part, and stays away for some days. 1: it comes back tonight.
sub send_away {
    my ($self) = @_;
    return --$self->{away} == 0 if $self->{away};
    return 0 if rand() >= 0.015;
    $self->{away} = 1 + int rand 4;
    $self->kill_worker('worker');
    $self->tend while $self->{at_work};
    return 0;
}

sub look {
    my ($self, $all) = @_;
    $self->settle;
    $self->{book}->read_mail($self->{worker}->state . '/mail/new');
    $self->{book}->read_store($self->{reader}, $all);
    return;
}

# What has changed since the last look, and at times everything.
sub check {
    my ($self, $what) = @_;
    my $book = $self->{book};
    my $all  = $what eq 'end' || $self->{looked} <= $self->{day} - $self->{whole};
    $self->{looked} = $self->{day} if $all;
    $self->look($all);
    # The list follows a moment behind.
    for (my $end = time + PATIENCE; $book->lags($self->now) && time < $end;) {
        $self->wait_on;
        $self->ring;
        sleep 0.002;
        $self->look(0);
    }
    $book->check($self->now);
    return map { "day $self->{day}, $what: $_" } $book->complaints;
}

# People act, the worker does its part, and they go on with that.
sub day {
    my ($self, $day) = @_;
    $self->{day} = $day;
    my $comes_back = $self->send_away;
    $self->on_to($day, 0);
    $self->{at_work} = $self->{worker}->spawn if $comes_back;
    $self->doom;
    my @todo = @{ delete $self->{agenda}{$day} || [] };
    # A night in which nothing is due needs no look, where the day has one.
    my $idle = @todo && say_to($self->{reader}, 'due') =~ /^0 in queues, 0 ended/;
    my @complaints = $idle || $self->{away} ? () : $self->check('night');
    $self->on_to($day, MORNING) if @todo;
    $self->doom if @todo;
    while (@todo && !@complaints) {
        # While the worker is away, what it is to do waits for another day, and people with it.
        if ($self->{away}) {
            push @{ $self->{agenda}{ $day + 1 } }, @todo;
            last;
        }
        @todo = map { my ($p, $act) = @$_; $self->{count}{$act}++; map { [ $p, $_ ] } $acts{$act}->($self, $p) } @todo;
        @complaints = $self->check('day');
    }
    if (delete $self->{noon} && !@complaints) {
        $self->on_to($day, NOON);
        @complaints = $self->check('noon');
    }
    return @complaints;
}

sub run {
    my ($self) = @_;
    my $crowd = $self->{users} / ($self->{life} / 2);
    $self->{day} = 0;
    for my $number (1 .. $self->{users}) { $self->plan($number / $crowd, $self->person($number), 'register') }
    my @complaints;
    for my $day (1 .. $self->{days}) {
        @complaints = $self->day($day);
        $self->{report}->($self) if $self->{report};
        last if @complaints;
    }
    return @complaints if @complaints;
    $self->{at_work} //= $self->{worker}->spawn if delete $self->{away};
    return $self->check('end');
}

sub figures {
    my ($self) = @_;
    my $count = { %{ $self->{count} }, %{ $self->{book}{count} } };
    return join ', ', "users $self->{users}", "days $self->{day}", (map { "$_ $count->{$_}" } sort keys %$count),
        sprintf 'seconds %.1f', time - $self->{started};
}

sub finish {
    my ($self) = @_;
    end_tool($self->{$_}) for qw(visitor reader);
    $self->{site}->finish if $self->{site};
    $self->{worker}->finish;
    return;
}

1;
