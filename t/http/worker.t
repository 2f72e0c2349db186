# The CA worker's life under httpd: started, started again when it dies, ended with httpd (CRT-1, S30).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Server;
use Anshin::SystemLog;

# Processes whose program is this server's own copy: number => user.
sub processes {
    my ($server, $program) = @_;
    my %found;
    for my $place (glob '/proc/[0-9]*') {
        my $file = readlink "$place/exe" // next;
        next unless $file eq $server->root . "/bin/$program";
        $found{ $place =~ s{.*/}{}r } = getpwuid((stat $place)[4]) // '?';
    }
    return \%found;
}

sub workers { my ($server) = @_; my @numbers = keys %{ processes($server, 'anshin-ca') }; return @numbers }

# The processes that write what the worker says: number => user.
sub logs {
    my ($server) = @_;
    my %found;
    for my $stat (grep { text($_) =~ /^\d+ \(anshin-log\)/ } glob '/proc/[0-9]*/stat') {
        my ($pid) = $stat =~ /(\d+)/;
        $found{$pid} = getpwuid((stat "/proc/$pid/task")[4]) // '?' if text("/proc/$pid/cmdline") =~ m{\Q@{[$server->root]}/\E};
    }
    return \%found;
}

sub text   { my ($stat) = @_; open my $file, '<', $stat or return ''; return <$file> // '' }
sub parent { my ($stat) = @_; return text($stat) =~ /^\d+ \(.*\) \S (\d+)/ ? $1 : 0 }

sub descriptors { my ($server) = @_; return scalar(() = glob '/proc/' . $server->pid . '/fd/*') }

my $s = Anshin::Server->new;
my $no_fork = $s->preload('no_fork', 'ANSHIN_NO_FORK');
$s->start;
ok($s->wait_log(qr/AN0760/), 'the worker is at work');
my ($first) = workers($s);
is(scalar workers($s), 1, 'one worker');
SKIP: {
    skip 'needs root', 2 if $> != 0;
    is_deeply([values %{ processes($s, 'anshin-ca') }], [$s->{worker}], 'S30: as a user of its own');
    is_deeply([values %{ processes($s, 'anshin-signer') }], [$s->{signer}], 'S30: and so is the signer');
}
ok($s->wait_log(qr/^\[[^]]+\] \[anshin_auth:notice\] \[pid \d+:tid \d+\] anshin-ca\[$first\]: AN0760: at work/m), 'B23: its lines are httpd\'s own');
my ($log, @more) = keys %{ logs($s) };
is(scalar @more, 0, 'B23: one process writes them');
SKIP: {
    skip 'needs root', 3 if $> != 0;
    my $user = getpwnam $s->{user};
    is(Anshin::Server::text_of("/proc/$log/status") =~ /^Uid:\t(.*)/m && $1, join("\t", ($user) x 4), 'B23, S30: as httpd\'s user');
    is(Anshin::Server::text_of("/proc/$log/status") =~ /^Groups:[ \t]*(.*)/m && $1, '', 'B23, S36: without the group of the state directory');
    is((stat "/proc/$log/environ")[4], 0, 'B23, S36: its memory is closed to programs of the site');
}
is(scalar(grep { /^socket:|\/state\// } map { readlink // '' } glob "/proc/$log/fd/*"), 0, 'B23: it has no socket of httpd\'s and nothing of ours');
is((stat $s->state . '/run/ca.sock')[2] & 0007, 0, 'S31: its doorbell is not for the world');

# --- killed: started again, and it goes on ---

kill KILL => $first;
ok($s->wait_log(qr/AN0593: the CA worker has died \(signal 9\); it is started again in \d+ s/), 'a dead worker is in the log');
is($s->client->get('/anshin/login', 'Sec-Fetch-Mode' => 'navigate')->status, 401, 'pages go on without it');
ok(Anshin::Server::wait_for(20, sub { my @now = workers($s); return @now == 1 && $now[0] != $first }), 'a new one has taken its place');
my $person = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$person->register;
ok($person->fetch, 'CRT-1: it issues');

# --- who writes its lines is killed: another goes on with them ---

kill KILL => $log;
ok($s->wait_log(qr/AN1193: .* has died \(signal 9\); it is started again in \d+ s/), 'B23: the death of who writes them is in the log');
ok(Anshin::Server::wait_for(20, sub { keys %{ logs($s) } == 1 && !logs($s)->{$log} }), 'B23: another has taken its place');

# --- killed when no process can be made: started as soon as one can (fork() is that of t/tools/fork/no_fork.c) ---

my $descriptors = -1;    # once it has closed what it has just given to another
Anshin::Server::wait_for(20, sub { my $before = $descriptors; $descriptors = descriptors($s); return $descriptors == $before });
Anshin::PKI::write_text($no_fork, '');
kill KILL => workers($s);
ok($s->wait_log(qr/Resource temporarily unavailable: AN0592: the CA worker cannot be started/), 'a fork that fails is in the log');
is(scalar workers($s), 0, 'and there is no worker');
unlink $no_fork;
ok(Anshin::Server::wait_for(40, sub { workers($s) == 1 }), 'when processes can be made again there is one');
Anshin::Server::wait_for(20, sub { descriptors($s) == $descriptors });
is(descriptors($s), $descriptors, 'and httpd holds no more descriptors than before');

# --- httpd restarts gracefully: the old one ends, a new one works ---

my ($old) = workers($s);
$s->graceful;
ok(Anshin::Server::wait_for(20, sub { my @now = workers($s); return @now == 1 && $now[0] != $old }), 'a graceful restart brings a new worker');
$person = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
$person->register;
ok($person->fetch, 'CRT-1: which issues');
is(scalar(() = $s->log =~ /AN0593/g), 2, 'and no other death was told of');
ok($s->wait_log(qr/^\[[^]]+\] \[anshin_auth:info\] \[pid \d+:tid \d+\] anshin-ca\[\d+\]: AN0781: certificate \w+ issued/m), 'B23: LogLevel info tells what it issues');
ok(Anshin::Server::wait_for(20, sub { keys %{ logs($s) } == 1 }), 'B23: its lines are written, and who wrote them has ended');

# --- an end that was ordered is no death ---

($old) = workers($s);
kill TERM => $old;
ok($s->wait_log(qr/AN1115: the CA worker has ended; a new one begins/), 'a worker that was told to end is told of as such');
ok(Anshin::Server::wait_for(20, sub { my @now = workers($s); return @now == 1 && $now[0] != $old }), 'and followed by another');
($old) = workers($s);
kill HUP => $old;
sleep 1;
is_deeply([ workers($s) ], [$old], 'httpd\'s own signal to its process group means nothing to it');
is(scalar(() = $s->log =~ /AN0593/g), 2, 'still no other death was told of');
unlike($s->log, qr/long lost child/, 'nor are those that ended with the configuration of before taken for lost children');

# --- httpd stops: so does the worker ---

my $pid = $s->pid;
$s->stop;
ok(Anshin::Server::wait_for(20, sub { !workers($s) && !%{ processes($s, 'anshin-signer') } && !%{ logs($s) } }), 'with httpd worker, signer and who writes for them end');
like($s->log, qr/anshin-ca\[\d+\]: AN0762: ended\n\z/, 'B23: and the last word is the worker\'s');

# --- httpd is killed: the pipe ends, and so does the worker ---

$s->start;
ok(Anshin::Server::wait_for(20, sub { workers($s) == 1 }), 'a full start brings one again');
my $stopped = sub { text('/proc/' . $s->pid . '/stat') =~ /^\d+ \(.*\) T/ };
kill STOP => $s->pid;                                   # so that it makes no child while we look for them
Anshin::Server::wait_for(20, $stopped);
my @children = map { m{(\d+)/stat$} } grep { parent($_) == $s->pid } glob '/proc/[0-9]*/stat';
kill KILL => $s->pid, grep { (readlink("/proc/$_/exe") // '') !~ /anshin-ca$/ } @children;
waitpid $s->pid, 0;
ok(Anshin::Server::wait_for(20, sub { !workers($s) && !%{ logs($s) } }), 'when httpd is killed the worker ends by itself');
Anshin::Server::wait_for(20, sub { !$s->listening });    # killed children keep the port until they are gone
unlink $s->root . '/run/httpd.pid';
delete $s->{pid};

# --- one that cannot start is not started in a loop; a format of the site's own, and little to be logged ---

rename $s->root . '/bin/anshin-ca', $s->root . '/bin/away';
$s->{extra} = qq(ErrorLogFormat "site=%l %m %M"\nLogLevel info anshin_auth:warn\n);
$s->configure;
truncate $s->root . '/logs/error_log', 0;
$s->start;
ok($s->wait_log(qr/^site=error anshin_auth AN0591: cannot start \S+anshin-ca: No such file/m), 'B23: a worker that is not there is told of');
ok($s->wait_log(qr/AN0593: the CA worker has died \(exit status 1\); it is started again in 1 s/), 'and tried again after a pause: an exit status is no signal');
ok($s->wait_log(qr/AN0593.*in 2 s/), 'that grows');
ok($s->wait_log(qr/AN0593.*in 4 s/), 'and grows');
is($s->client->get('/open/')->status, 200, 'the server serves');
rename $s->root . '/bin/away', $s->root . '/bin/anshin-ca';
ok(Anshin::Server::wait_for(30, sub { workers($s) == 1 && -S $s->state . '/run/ca.sock' }), 'once it is there it runs');
$person = Anshin::Person->add($s, 'p-01-usr003', method => 'certificate');
$person->register;
ok($person->fetch, 'CRT-1: and issues');
$s->stop;
ok(Anshin::Server::wait_for(20, sub { !workers($s) && !%{ logs($s) } }), 'and ends');
like($s->log, qr/^site=notice anshin_auth anshin-ca\[\d+\]: AN0762: ended$/m, 'B23: ErrorLogFormat is the site\'s');
unlike($s->log, qr/AN0781/, 'B23: and LogLevel kept from the log what it issued');
$s->{extra} = '';
$s->{server} = 'AnshinCAWorker off';
$s->configure;
$s->start;
sleep 1;
is(scalar workers($s), 0, 'AnshinCAWorker off: none is started');
$s->finish;

# --- httpd's log is the system's: so is that of the worker, of the signer, and of one that cannot start (B23) ---

SKIP: {
    my $s = Anshin::Server->new(extra => "ErrorLog syslog:local1:anshin-test\n");
    my $log = Anshin::SystemLog->new($s) or skip 'not root, or no mount namespaces here', 11;
    my $tag = qr/\S+ +\d+ [\d:]+ anshin-test\[\d+\]:/;
    chmod 0640, $s->state . '/ca/ca.key';
    $s->start;
    ok($s->wait_log(qr/^<141>$tag .*resuming normal operations/m), 'B23: httpd logs to the system');
    ok($s->wait_log(qr/^<141>$tag \[anshin_auth:notice\] \[pid \d+:tid \d+\] anshin-ca\[\d+\]: AN0760: at work/m), 'B23: the worker too, under httpd\'s facility and tag');
    ok($s->wait_log(qr/^<139>$tag \[anshin_auth:error\] \[pid \d+:tid \d+\] anshin-signer\[\d+\]: AN0724: no certificates/m), 'B23: and the signer, whose last words these are');
    ok($s->stop, 'B23: httpd stops');
    ok($s->wait_log(qr/^<141>$tag \[anshin_auth:notice\] \[pid \d+:tid \d+\] anshin-ca\[\d+\]: AN0762: ended/m), 'B23: and the worker, which says so');
    ok(Anshin::Server::wait_for(20, sub { !workers($s) }), 'B23: nobody is left');
    chmod 0600, $s->state . '/ca/ca.key';
    rename $s->root . '/bin/anshin-ca', $s->root . '/bin/away';
    $s->start;
    ok($s->wait_log(qr/^<139>$tag \[anshin_auth:error\] \[pid \d+:tid \d+\] AN0591: cannot start \S+anshin-ca: No such file/m), 'B23: a worker that is not there is told of');
    rename $s->root . '/bin/away', $s->root . '/bin/anshin-ca';
    ok($s->wait_log(qr/AN0762.*AN0760/s), 'B23: and then one works');
    my ($signer) = keys %{ processes($s, 'anshin-signer') };
    ok(Anshin::Server::wait_for(20, sub { Anshin::Server::text_of("/proc/$signer/status") =~ /^Seccomp:\t2$/m }), 'CRT-7: the signer has shut itself in');
    is(join(' ', map { (readlink // '') =~ s/:.*//r } sort glob "/proc/$signer/fd/*"), 'socket /dev/null pipe', 'B23, CRT-7: the signer has its socket, and a pipe for what it says');
    $s->stop;
    is(join('', $s->faults), '', 'B23: without a crash or a sanitizer report');
    $log->finish;
    $s->remove;
}
done_testing;
