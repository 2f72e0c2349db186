package Anshin::Bench;
# Measuring whole requests for the programs of t/bench: alternatives in turns, CPU time of httpd to the nanosecond, ratios
# of each round, and the rows of the one table (t/bench/run).
#
#   my %option = Anshin::Bench::options(rounds => 15, requests => 4000);      --rounds N --requests N
#   my $s = Anshin::Bench::server(contract => '...');                         Anshin::Server with one child of one size
#   in_turns($rounds, \@cases, sub { my ($case) = @_; return { rate => ..., cpu => ... } });
#   row(section => ..., name => ..., unit => 'requests/s', value => [...], ratio => [...], cpu => 1.5, goal => '>= 1', met => 1);
#
# How noise is kept out: the children of httpd are bound to one core and the load to the others, so that neither waits for
# the other's; the rounds are short, and each begins with another case; only values of one round are set against each
# other; CPU time is read from the kernel's clock of the process (clock_gettime(2) of another process), not from ticks.
use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use Getopt::Long ();
use List::Util qw(sum);
use MIME::Base64 ();
use Time::HiRes ();
use Anshin::Person;
use Anshin::Server;

our @EXPORT = qw(in_turns median spread ratios row more cpu_of load load_of_each);

sub options {
    my (%option) = @_;
    Getopt::Long::GetOptions(map { ("$_=s" => \$option{$_}) } keys %option) or die "usage: $0 [--rounds N] ...\n";
    return %option;
}

# --- the server ---

# One child that lives as long as the server: its clock is the whole of what requests cost. Two cores or more: it has the
# last one for itself. One without our modules (bare) is the same site for the rest.
sub server {
    my (%want) = @_;
    my $more = delete $want{server} // '';
    my $made = delete $want{made};    # before the start
    $want{vhost} = Anshin::Server::site_lines() . ($want{vhost} // '') if $want{bare};
    my $s = Anshin::Server->new(loglevel => 'warn', %want, server => "$more\n" . one_child());
    make_pages($s);
    $made->($s) if $made;
    $s->start;
    Anshin::Server::wait_for(10, sub { return children($s) == 1 }) or die 'not one child of httpd: ' . join ' ', children($s);
    bind_to(last_core(), children($s)) if cores() > 1;
    return $s;
}

# A server of ours with one user who has logged in: server, client, ab's arguments for the certificate and the cookie.
sub ours {
    my ($method, $methods, %want) = @_;
    my $s = server(contract => "AnshinLoginMethods $methods", %want);
    my $user = Anshin::Person->add($s, 'p-01-usr001', method => $method);
    $user->register;
    $user->fetch if $method eq 'certificate';
    my $client = $s->client($user->{pem} ? (cert => $user->{pem}) : ());
    $user->login($client)->status == 303 or die "no login with $method";
    return ($s, $client, [ $user->{pem} ? ('-E', $user->{pem}) : (), '-C', cookie_of($client) ]);
}

# A server without ours that has these modules of httpd, and the lines for its virtual host.
sub server_of {
    my ($names, $lines, %want) = @_;
    my $load = join "\n", map { "LoadModule ${_}_module \"@{[Anshin::Server::libexec()]}/mod_$_.so\"" } @$names;
    return server(bare => 1, %want, server => $load . "\n" . ($want{server} // ''), vhost => $lines);
}

# A server whose /members mod_auth_pubtkt protects: server, ab's arguments for a ticket.
sub pubtkt {
    my $s = server_of(['auth_pubtkt'], <<'END', server => "TKTAuthPublicKey \"\@ROOT\@/tls/ticket.pub\"\nTKTAuthDigest SHA256", made => \&ticket_key);
    <Location "/members">
        AuthType mod_auth_pubtkt
        TKTAuthLoginURL https://localhost:@PORT@/open/kib.html
        Require valid-user
    </Location>
END
    my $ticket = 'uid=user;validuntil=' . (time + 86400);
    my $signed = File::Temp->new;
    print $signed $ticket;
    close $signed;
    my $signature = MIME::Base64::encode_base64(scalar `openssl dgst -sha256 -sign @{[$s->root]}/tls/ticket.key $signed`, '');
    return ($s, [ '-C', 'auth_pubtkt=' . Anshin::Client::escape("$ticket;sig=$signature") ]);
}

sub ticket_key {
    my ($s) = @_;
    my $key = $s->root . '/tls/ticket';
    system("openssl genrsa -out $key.key 2048 2>/dev/null && openssl rsa -in $key.key -pubout -out $key.pub 2>/dev/null") == 0
        or die 'openssl';
    return;
}

sub cookie_of {
    my ($client) = @_;
    return join '; ', map { "$_=$client->{cookies}{$_}" } sort keys %{ $client->{cookies} };
}

sub one_child {
    return <<'END';
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
MaxKeepAliveRequests 0
END
}

# The pages that are asked for: nothing, and 1 KiB.
sub make_pages {
    my ($s) = @_;
    for my $folder (qw(open members)) {
        Anshin::PKI::write_text($s->root . "/htdocs/$folder/zero.html", '');
        Anshin::PKI::write_text($s->root . "/htdocs/$folder/kib.html", 'x' x 1024);
    }
    return;
}

sub cores { my $count = () = Anshin::Server::text_of('/proc/cpuinfo') =~ /^processor\s*:/mg; return $count || 1 }

sub last_core  { return cores() - 1 }
sub load_cores { return cores() > 1 ? '0-' . (cores() - 2) : '0' }

sub bind_to {
    my ($core, @pids) = @_;
    for my $pid (@pids) {
        # once more where a thread has ended while taskset went over them
        my $bound = grep { system("taskset -a -p -c $core $pid >/dev/null 2>&1") == 0 } 1 .. 3;
        die "taskset of $pid" unless $bound;
    }
    return;
}

# The processes of httpd that answer: its children that run its program and have started their threads.
sub children {
    my ($s) = @_;
    my $pid = $s->pid;
    my ($program) = Anshin::Server::text_of("/proc/$pid/comm");
    return grep {
        Anshin::Server::text_of("/proc/$_/comm") eq $program && (() = glob "/proc/$_/task/*") > 16
    } split ' ', Anshin::Server::text_of("/proc/$pid/task/$pid/children");
}

# CPU seconds, user and system, of all threads of these processes, those that have ended included.
sub cpu_of {
    my (@pids) = @_;
    my $sum = 0;
    for my $pid (@pids) {
        use integer;
        my $clock = (~(0 + $pid) << 3) | 2;    # CPUCLOCK_SCHED of the whole process, as clock_getcpuclockid(3) makes it
        my $now = Time::HiRes::clock_gettime($clock);
        no integer;
        $now > 0 or die "no CPU clock of process $pid";
        $sum += $now;
    }
    return $sum;
}

# --- memory ---

# Of one process, MiB: what it holds (its own, and its share of what it shares), and what the kernel may take back at once. Nothing
# of a process that has ended.
sub memory_of {
    my ($pid) = @_;
    open my $map, '<', "/proc/$pid/smaps_rollup" or return;
    my %kib = map { /^(\w+):\s+(\d+) kB/ ? ($1 => $2) : () } <$map>;
    return unless defined $kib{Pss};
    return { held => ($kib{Pss} - $kib{LazyFree}) / 1024, lazy => $kib{LazyFree} / 1024 };
}

# Of all children of httpd together.
sub memory_of_children {
    my ($s) = @_;
    my %sum = (held => 0, lazy => 0);
    for my $child (split ' ', Anshin::Server::text_of("/proc/@{[$s->pid]}/task/@{[$s->pid]}/children")) {
        my $one = memory_of($child) or next;
        $sum{$_} += $one->{$_} for keys %sum;
    }
    return \%sum;
}

# --- load ---

# ab over kept-alive TLS 1.3: requests a second, CPU us of httpd a request, ms a request of one connection.
#   load($s, '/open/zero.html', requests => 4000, clients => 4, with => [ '-E', $pem ], status => 2);    every answer is 2xx
sub load {
    my ($s, $path, %want) = @_;
    my $requests = $want{requests} || 4000;
    my $clients  = $want{clients}  || 4;
    my @pids     = children($s);
    my @command  = (
        'taskset', '-c', load_cores(), 'ab', '-q', '-k', '-n', $requests, '-c', $clients, '-f', 'TLS1.3', @{ $want{with} || [] },
        'https://127.0.0.1:' . $s->port . $path
    );
    my $before = cpu_of(@pids);
    my $report = do { open my $ab, '-|', @command or die "ab: $!"; local $/; <$ab> };
    my $cpu = cpu_of(@pids) - $before;
    my ($rate) = $report =~ /^Requests per second:\s+([\d.]+)/m or die "ab: $report";
    my $others = $report =~ /^Non-2xx responses:\s+(\d+)/m ? $1 : 0;
    my $wanted = ($want{status} || 2) == 2 ? 0 : $requests;
    $others == $wanted or die "$path does not answer as it should:\n$report" . substr $s->log, -2000;
    $report =~ /^Failed requests:\s+0$/m or die $report;
    "@pids" eq "@{[children($s)]}" or die 'another child of httpd took over: its CPU time is not known';
    return { rate => $rate, cpu => $cpu / $requests * 1e6 };
}

# Servers that are alike, each with what ab needs for it, in turns: the mean. One process is always some per cent faster than
# another of the same program and configuration; several take a part of that luck out of a comparison.
sub load_of_each {
    my ($copies, $path, %want) = @_;
    my $requests = int $want{requests} / @$copies;
    my @seen = map { load($_->{s}, $path, requests => $requests, with => $_->{with}) } @$copies;
    return { map { my $key = $_; $key => sum(map { $_->{$key} } @seen) / @seen } keys %{ $seen[0] } };
}

# Each case once a round, every round from another case on; the first round warms up. What the measure returns is kept in the
# case: $case->{seen}{rate} is one value a round.
sub in_turns {
    my ($rounds, $cases, $measure) = @_;
    for my $round (0 .. $rounds) {
        for my $turn (0 .. $#$cases) {
            my $case = $cases->[ ($turn + $round) % @$cases ];
            my $one  = $measure->($case);
            next unless $round;
            push @{ $case->{seen}{$_} }, $one->{$_} for keys %$one;
        }
    }
    return;
}

# --- figures ---

sub median {
    my @sorted = sort { $a <=> $b } @_ or die 'the median of nothing';
    return @sorted % 2 ? $sorted[ $#sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# Median, lowest, highest.
sub spread { my @sorted = sort { $a <=> $b } @_; return (median(@sorted), $sorted[0], $sorted[-1]) }

# CPU us more than the other, round by round, for people.
sub more {
    my ($these, $those) = @_;
    return sprintf '%+.1f us (%+.1f..%+.1f)', spread(map { $these->{cpu}[$_] - $those->{cpu}[$_] } 0 .. $#{ $these->{cpu} });
}

# One against the other, round by round.
sub ratios { my ($these, $those) = @_; return [ map { $these->[$_] / $those->[$_] } 0 .. $#$these ] }

my $section = '';

# One row of the table: for people, and behind a tab for t/bench/run. value and ratio: one a round.
sub row {
    my (%row) = @_;
    my @value = map { figure($_) } spread(@{ $row{value} });
    my @ratio = $row{ratio} ? map { sprintf '%.3f', $_ } spread(@{ $row{ratio} }) : ('') x 3;
    my $cpu   = defined $row{cpu} ? figure($row{cpu}) : '';
    my $met   = defined $row{met} ? ($row{met} ? 'met' : 'missed') : '';
    print "$row{section}:\n" if $section ne $row{section};
    $section = $row{section};
    printf "%-58s %10s %-11s %6s %15s %8s  %s\n", $row{name}, $value[0], $row{unit}, $ratio[0],
        $row{ratio} ? "$ratio[1]..$ratio[2]" : '', $cpu ne '' ? "$cpu us" : '',
        join ' ', grep { length } $row{more} // '', $row{goal} ? "goal $row{goal}: $met" : '';
    print join("\t", 'row', $row{section}, $row{name}, $row{unit}, @value, @ratio, $cpu, $row{goal} // '', $met), "\n";
    return $met eq 'missed' ? 1 : 0;
}

# Four digits that matter.
sub figure {
    my ($value) = @_;
    return abs $value >= 1000 ? sprintf '%.0f', $value : abs $value >= 100 ? sprintf '%.1f', $value : sprintf '%.2f', $value;
}

1;
