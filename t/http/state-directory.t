# Who may touch the state directory (S31, S36): httpd's children take its group by themselves, no daemon and no program of the
# site has it; what a child that was taken over can exchange moves nothing outside. And what a start, a restart and configtest
# do when it is not as it must be.
#
# --long: 100 restarts and 500 commands under attack (make crash), else a few.
use strict;
use warnings;
use lib 't/lib';
use Fcntl qw(:mode);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Processes;
use Anshin::Server;

my $long = grep { $_ eq '--long' } @ARGV;
my $root = $> == 0;
my $fcgid = Anshin::Server::libexec() . '/mod_fcgid.so';
my ($fpm) = glob '/usr/sbin/php-fpm*';

# --- a site with programs of every kind ---

my $look = <<'END_OF_LOOK';
#!/usr/bin/perl
# What a program of the site can reach: prints a line for each thing.
use POSIX ();
my ($state, @more) = @ARGV ? @ARGV : do { open my $in, '<', '@ROOT@/look.conf'; map { chomp; $_ } <$in> };
sub look {
    my $text = "uid $< groups $)\n";
    open my $status, '<', '/proc/self/status';
    $text .= $_ for grep { /^Cap(?:Inh|Prm|Eff|Amb)/ } <$status>;
    for my $name (qw(seal.key config.json store slots run mail ca/ca.key), map { "$_/*" } qw(store mail mail/new run slots)) {
        my @found = glob "$state/$name";
        $text .= "REACHED $_\n" for grep { -e } @found;
    }
    for my $name (qw(seal.key config.json)) { $text .= "READ $name\n" if open my $in, '<', "$state/$name" }
    $text .= "LISTED\n" if opendir my $dir, $state;
    $text .= "INHERITED $_\n" for grep { index($_, $state) == 0 } map { readlink // '' } glob '/proc/self/fd/*';
    for my $memory (glob '/proc/[0-9]*/mem') {
        my ($pid) = $memory =~ /(\d+)/;
        open my $comm, '<', "/proc/$pid/comm" or next;
        next if <$comm> !~ /^apache2|^httpd|^anshin/;
        $text .= "MEMORY $pid\n" if open my $in, '<', $memory;
    }
    return $text;
}
END_OF_LOOK
my $cgi  = $look . qq(print "Content-Type: text/plain\\n\\n", look();\n);
my $fast = $look . <<'END_OF_FAST';
# The smallest FastCGI responder: mod_fcgid hands the listening socket over as standard input.
while (accept my $peer, \*STDIN) {
    while (sysread($peer, my $head, 8) == 8) {
        my (undef, $type, $id, $length, $padding) = unpack 'CCnnCx', $head;
        sysread $peer, my $body, $length + $padding if $length + $padding;
        next unless $type == 5 && $length == 0;
        my $text = "Content-Type: text/plain\r\n\r\n" . look();
        syswrite $peer, pack('CCnnCx', 1, 6, $id, length $text, 0) . $text . pack('CCnnCx', 1, 3, $id, 8, 0) . "\0" x 8;
        last;
    }
    close $peer;
}
END_OF_FAST

my (@undo, $s);
END { local $?; $_->() for @undo }

# The programs of a daemon of mod_fcgid that was killed outlive it, and httpd.
sub left_behind {
    my $program = $s->root . '/fast/look.fcgi';
    my @left = grep { (Anshin::Processes::arguments($_)) =~ /\0\Q$program\E\0/ } Anshin::Processes::numbers();
    kill KILL => @left;
    return @left;
}
push @undo, sub { left_behind() if $s };

my $libexec = Anshin::Server::libexec();
my $lines = '';
$lines .= "LoadModule fcgid_module $fcgid\nFcgidIPCDir \@ROOT\@/run/fcgid\nFcgidProcessTableFile \@ROOT\@/run/fcgid_shm\n" if -e $fcgid;
$lines .= "LoadModule proxy_fcgi_module $libexec/mod_proxy_fcgi.so\n" if $fpm;
$lines .= qq(LoadModule ext_filter_module $libexec/mod_ext_filter.so\nExtFilterDefine forked cmd="\@ROOT\@/cgi-bin/forked"\n);
my $www = "/var/www/anshin-test-$$";

# A user whom suexec takes (Debian: from 100 on), and who is none of ours; files of the site are his.
my ($scripts) = grep { $_->[2] >= 100 && $_->[3] >= 100 && $_->[0] !~ /^(?:nobody|anshin)/ } map { [ split /:/ ] } split /\n/, Anshin::Server::text_of('/etc/passwd');
my $suexec = $root && -x '/usr/lib/apache2/suexec' && -d '/var/www' && $scripts;
$lines .= "LoadModule suexec_module $libexec/mod_suexec.so\nSuexec On\n" if $suexec;
$s = Anshin::Server->new(no_ca => 1, hosts => ['suexec'], contract => 'AnshinLoginMethods password', server => $lines, vhost => <<"END_OF_HOST", extra => <<"END_OF_EXTRA");
    ScriptAlias "/cgid/" "\@ROOT\@/cgi-bin/"
    Alias "/fast/" "\@ROOT\@/fast/"
    <Directory "\@ROOT\@/fast">
        Options ExecCGI
        SetHandler fcgid-script
        Require all granted
    </Directory>
    <Location "/php/">
        SetHandler "proxy:unix:\@ROOT\@/run/fpm.sock|fcgi://localhost"
    </Location>
    Alias "/php/" "\@ROOT\@/htdocs/"
    <Location "/open/forked">
        SetOutputFilter forked
    </Location>
END_OF_HOST
<VirtualHost 127.0.0.1:\@PORT\@>
    ServerName suexec.localhost:\@PORT\@
    SSLEngine on
    AnshinUse none
    @{[ $suexec ? "SuexecUserGroup #$scripts->[2] #$scripts->[3]" : '' ]}
    ScriptAlias "/" "$www/"
    <Directory "$www">
        Require all granted
    </Directory>
</VirtualHost>
END_OF_EXTRA
my ($state, $top) = ($s->state, $s->root);
mkdir "$top/htdocs/open";
Anshin::PKI::write_text("$top/htdocs/open/forked", "static\n");
Anshin::PKI::write_text("$top/cgi-bin/forked", "#!/bin/sh\ncat >/dev/null\nexec ls -l /proc/self/fd\n");
chmod 0755, "$top/cgi-bin/forked";
mkdir "$top/fast";
mkdir "$top/run/fcgid";
chown scalar(getpwnam $s->{user}), -1, "$top/run/fcgid" if $root;
Anshin::PKI::write_text("$top/look.conf", "$state\n");
for my $file ([ "$top/cgi-bin/look.cgi", $cgi ], [ "$top/fast/look.fcgi", $fast ]) {
    Anshin::PKI::write_text($file->[0], $file->[1] =~ s/\@ROOT\@/$top/gr);
    chmod 0755, $file->[0];
}
Anshin::PKI::write_text("$top/htdocs/look.php", "<?php header('Content-Type: text/plain'); passthru('$top/cgi-bin/look.cgi $state');\n");

sub start_fpm {
    Anshin::PKI::write_text("$top/fpm.conf", <<"END_OF_FPM");
[global]
error_log = $top/logs/fpm.log
daemonize = no
[www]
user = $s->{user}
group = $s->{user}
listen = $top/run/fpm.sock
listen.owner = $s->{user}
pm = static
pm.max_children = 1
END_OF_FPM
    my $pid = fork // die "fork: $!";
    if (!$pid) { open STDERR, '>', '/dev/null'; exec $fpm, '-n', '-y', "$top/fpm.conf", '-F' or POSIX::_exit(127) }
    push @undo, sub { kill TERM => $pid; waitpid $pid, 0 };
    return Anshin::Server::wait_for(10, sub { -S "$top/run/fpm.sock" });
}

sub make_suexec {
    mkdir $www or die "$www: $!";
    push @undo, sub { unlink "$www/look.cgi"; rmdir $www };
    my $logs = '/var/log/apache2';    # without a log suexec runs nothing
    push @undo, sub { unlink "$logs/suexec.log"; rmdir $logs } if mkdir $logs, 0750;
    Anshin::PKI::write_text("$www/look.cgi", $cgi =~ s/\@ROOT\@/$top/gr);
    chmod 0755, $www, "$www/look.cgi";
    chown $scripts->[2], $scripts->[3], $www, "$www/look.cgi";
    return 1;
}

# Field of /proc/PID/status.
sub field { my ($pid, $name) = @_; my ($value) = Anshin::Server::text_of("/proc/$pid/status") =~ /^$name:[ \t]*(.*)$/m; return $value // '' }

# Processes of httpd below its first one: pid to what kind, "child" with the group, "daemon" without.
sub processes {
    my $group = getgrnam $s->{group};
    my %kind;
    for my $pid (split ' ', Anshin::Server::text_of("/proc/$s->{pid}/task/$s->{pid}/children")) {
        next if Anshin::Server::text_of("/proc/$pid/comm") !~ /^apache2|^httpd/;
        $kind{$pid} = (grep { $_ == $group } split ' ', field($pid, 'Groups')) ? 'child' : 'daemon';
    }
    return %kind;
}

# Processes of httpd's user that keep a capability.
sub capable { return join ' ', grep { my $pid = $_; grep { field($pid, $_) =~ /[1-9a-f]/ } qw(CapInh CapPrm CapEff CapAmb) } grep { field($_, 'Uid') !~ /^0/ } @_ }

sub closed {
    my ($what, $body) = @_;
    like($body, qr/^uid \d+ groups/m, "$what runs") or return;
    unlike($body, qr/^(?:REACHED|READ|LISTED|INHERITED)/m, "S36, ISO-5: $what reaches neither store, keys nor mail");
    my %now = processes();
    is(join(' ', grep { ($now{$_} // '') eq 'child' } $body =~ /^MEMORY (\d+)/mg), '', "S36: $what cannot look into a child");
    unlike($body, qr/^Cap\w+:\s*0*[1-9a-f]/m, "S36: $what has no capability");
    return;
}

# A daemon that was just started may not listen yet.
sub answer_of {
    my ($path, @where) = @_;
    my $r;
    Anshin::Server::wait_for(30, sub { $r = $s->client(@where)->get($path); return $r->status == 200 && $r->body =~ /^uid/m });
    return $r->body;
}

sub programs {
    my ($when) = @_;
    closed("a script by mod_cgid, $when", answer_of('/cgid/look.cgi'));
    closed("a script by mod_fcgid, $when", answer_of('/fast/look.fcgi')) if -e $fcgid;
    return;
}

if (!$root) {
    $s->start;
    is(sprintf('%04o', S_IMODE((stat $state)[2])), '0750', 'S31: without root all is one user\'s: there is nobody to keep out but the world');
    $s->finish;
    done_testing;
    exit;
}

# --- who has the group ---

chmod 02770, $state;
like($s->configtest->{err}, qr/Syntax OK/, 'a state directory of former times: configtest takes it');
$s->start;
is(sprintf('%04o', S_IMODE((stat $state)[2])), '0750', 'S31: it is closed by the start');
is(scalar(() = $s->log =~ /AN1030: \S+ had mode 2770/g), 1, 'which says so, once');
like($s->log, qr/AN1036: CoreDumpDirectory has no effect/, 'S36: and that there are no cores');
my %kind;
Anshin::Server::wait_for(20, sub { %kind = processes(); return 2 <= grep { $_ eq 'child' } values %kind });    # slow with sanitizers
my @children = grep { $kind{$_} eq 'child' } keys %kind;
my @daemons  = grep { $kind{$_} eq 'daemon' } keys %kind;
cmp_ok(scalar @children, '>=', 2, 'S36: children have the group: ' . @children);
cmp_ok(scalar @daemons, '>=', -e $fcgid ? 2 : 1, 'daemons have not: ' . @daemons);
is(capable(keys %kind), '', 'S36: nobody keeps a capability');
is(join(' ', grep { (stat "/proc/$_/environ")[4] != 0 } @children), '', 'S36: the memory of every child is closed');
is($s->client->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate')->status, 303, 'and they have their store');
programs('after the start');

# What is forked from a child has the group (AN1035 says so); one that becomes another user, as suexec does, would still
# have what it inherited. All children have read the store by now.
my %inherits;
for (1 .. 20) { $inherits{$_}++ for $s->client->get('/open/forked')->body =~ / -> (\S+)/g }
is(join(' ', grep { /^\Q$state\E/ } sort keys %inherits), '', 'S36: a program that is forked from a child inherits no file of ours');
cmp_ok(scalar keys %inherits, '>=', 2, 'descriptors seen: ' . join ' ', map { s/\d+/N/r } sort keys %inherits);
if ($fpm && start_fpm()) { closed('php-fpm', answer_of('/php/look.php')) }
if ($suexec && make_suexec()) { closed('a script by suexec', answer_of('/look.cgi', host => 'suexec.localhost')) }

# One after the other: mod_fcgid restarts httpd when its daemon dies, and two at once are too much for mod_cgid.
for my $daemon (sort { field($b, 'Uid') cmp field($a, 'Uid') } @daemons) {
    my $resumed = () = $s->log =~ /resuming normal operations/g;
    my $root_s = field($daemon, 'Uid') =~ /^0/;
    kill KILL => $daemon;
    Anshin::Server::wait_for(20, sub {
        my %now = processes();
        my $times = () = $s->log =~ /resuming normal operations/g;
        return !$now{$daemon} && (grep { $_ eq 'daemon' } values %now) >= @daemons && (!$root_s || $times > $resumed);
    });
    answer_of('/cgid/look.cgi');
}
programs('when their daemons were killed and started anew');
$s->graceful(alone => 1);
programs('after a graceful restart');
%kind = processes();
is(capable(keys %kind), '', 'S36: nobody keeps a capability, after all that');
cmp_ok(scalar(grep { $_ eq 'child' } values %kind), '>=', 2, 'and children have the group');

# --- a failure of ours never ends httpd at a restart; configtest refuses ---

sub aside {
    my ($what, $id, $tested) = @_;
    my $test = $s->configtest;
    isnt($test->{status}, 0, "A1: $what: configtest refuses");
    like($test->{err}, $tested // qr/$id/, 'and says why');
    $s->graceful(alone => 1);
    is($s->client->get('/open/')->status, 200, "A1: $what: a restart goes on with the other places");
    is($s->client->get('/members/')->status, 503, 'places of Anshin answer 503');
    is($s->client->get('/anshin/login')->status, 503, 'and so does the portal');
    like($s->log, qr/\[anshin_auth:emerg\] .*$id.*httpd goes on/, 'A6: and the log says why, with its level');
    return;
}

sub back {
    my ($what) = @_;
    is($s->configtest->{status}, 0, "$what: mended") or diag($s->configtest->{err});
    $s->graceful(alone => 1);
    isnt($s->client->get('/members/')->status, 503, 'and a reload brings all back');
    return;
}

chmod 02775, $state;
aside('a directory open to the world', 'AN0544');
is($s->htanshin('state', 'prepare')->{status}, 0, 'htanshin state prepare mends it');
back('the directory');
rename "$state/seal.key", "$state/seal.away" or die "seal.key: $!";
aside('S39: the seal key is lost', 'AN1025');
ok(!-e "$state/seal.key", 'S39: no new one was made');
rename "$state/seal.away", "$state/seal.key";
back('the seal key');
my $conf = "$top/httpd.conf";
my $good = Anshin::PKI::read_text($conf);
Anshin::PKI::write_text($conf, $good =~ s/AuthType Anshin/AnshinUse p-09\n    AuthType Anshin/r);
aside('a contract that is not declared', 'AN1037', qr/AN0516: line \d+ of/);
Anshin::PKI::write_text($conf, $good);
back('the contract');

my $guild = "anshin-t$$";
system('groupadd', $guild) == 0 or die 'groupadd';
push @undo, sub { system "groupdel $guild 2>/dev/null" };
Anshin::PKI::write_text($conf, $good =~ s/^AnshinGroup .*/AnshinGroup $guild/mr);
system("gpasswd -a $s->{user} $guild >/dev/null") == 0 or die 'gpasswd';
my $member = $s->configtest;
like($member->{err}, qr/AN1029: httpd's user $s->{user} is a member of AnshinGroup $guild/, 'S36: a user of httpd who is of the group is refused');
my ($undo) = $member->{err} =~ /undo it \((.*?)\)/;
system("$undo >/dev/null") == 0 or diag("$undo failed");
unlike($s->configtest->{err}, qr/AN1029/, 'and the command that undoes it is right: ' . ($undo // 'none'));
Anshin::PKI::write_text($conf, $good =~ s/^Group .*/Group $s->{group}/mr);
like($s->configtest->{err}, qr/AN0542: httpd's Group is AnshinGroup/, 'S36: and so is a Group of httpd that is it');
Anshin::PKI::write_text($conf, $good =~ s{^(LoadModule cgid_module .*)}{$1\nLoadModule ext_filter_module "$libexec/mod_ext_filter.so"}mr =~ s/^AnshinLoginMethods .*//mr);
$s->graceful(alone => 1);
like($s->log, qr/AN1035: mod_ext_filter\.c: what these run/, 'S36: a module whose programs are forked from children is named by the start');
like($s->htanshin('check')->{out}, qr/mod_ext_filter\.c: what these run can read/, 'and by htanshin check');
like($s->htanshin('check')->{out}, qr/the CA certificate \S+: No such file/, 'A12: and so is a CA that is missing');
like($s->configtest->{err}, qr/AN0520: client certificates cannot be asked for/, 'A12: configtest tells it, too, and does not refuse');
is($s->configtest->{status}, 0, 'since the rest works');
# mod_fcgid loses a SIGTERM that comes before its daemon is ready, and httpd then waits for it for good: without it, since
# here one restart follows on another.
Anshin::PKI::write_text($conf, $good =~ s/^(?:LoadModule fcgid_module|Fcgid).*\n//gmr);
$s->graceful(alone => 1);

# --- a child that was taken over ---

my $outside = "$top/outside";
mkdir $outside, 0700;
Anshin::PKI::write_text("$outside/file", "root's own\n");
chmod 0600, "$outside/file";
sub outside { return join ' ', map { join ':', (lstat)[ 2, 3, 4, 5, 7, 9, 10 ] } $outside, "$outside/file" }
my $before = outside();

# Whatever lies below STATE is exchanged for a link to what is outside, and put back.
sub attack {
    my ($number) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    my ($uid, $gid, $group) = ((getpwnam $s->{user})[ 2, 3 ], scalar getgrnam $s->{group});
    $) = "$gid $gid $group";
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    my $round = $number;
    local $SIG{TERM} = sub { POSIX::_exit(0) };
    while (1) {
        for my $name (glob("$state/*"), glob("$state/*/*")) {
            my $target = $round++ % 2 ? $outside : "$outside/file";
            next unless rename $name, "$name.away";
            $round % 3 ? symlink($target, $name) : link($target, $name) || symlink $target, $name;
            sleep 0.001;
            unlink $name;
            rmdir $name;
            rename "$name.away", $name;
        }
        sleep 0.001;
    }
    POSIX::_exit(0);
}
my @attackers = map { attack($_) } 1 .. 2;
push @undo, sub { kill KILL => @attackers; waitpid $_, 0 for @attackers; @attackers = () };
my ($restarts, $commands) = $long ? (100, 500) : $ENV{ANSHIN_SANITIZE} ? (3, 9) : (8, 24);
my @verbs = (['user', 'list'], ['state', 'prepare'], ['check'], ['ca', 'create', '--signer-user', $s->{signer}], ['mail', 'list']);
for my $n (1 .. $restarts) {
    kill USR1 => $s->pid;
    for my $m (1 .. $commands / $restarts) { $s->htanshin(@{ $verbs[ ($n * 7 + $m) % @verbs ] }) }
    sleep 0.15;
}
$undo[-1]->();
is(outside(), $before, "S36: $restarts restarts and $commands commands beside a child that was taken over: nothing outside has changed");
is((stat $state)[4] . ' ' . sprintf('%04o', S_IMODE((stat $state)[2])), '0 0750', 'S36: STATE is as it was');
is(eval { $s->client->get('/open/')->status } // $@, 200, 'and httpd goes on');
is($s->htanshin('state', 'prepare')->{status}, 0, 'what was left behind is put right');
$s->stop;
$s->start;
is($s->client->get('/open/')->status, 200, 'and it starts');
$s->finish;
ok(Anshin::Server::wait_for(10, sub { return !left_behind() }), 'none of its programs is left');
done_testing;
