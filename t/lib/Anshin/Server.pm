package Anshin::Server;
# A complete private server for one suite: Debian's httpd with our modules, in a directory of its own, on 127.0.0.1 and
# a free port. It starts in a few hundredths of a second, so each suite has its own and none sees another's traces.
#
#   my $s = Anshin::Server->new(
#       contract => 'AnshinSessionIdle 60s',      # lines inside <AnshinContract p-01>
#       preset   => 'classic',
#       server   => '...', vhost => '...',        # further lines at server level, and in the virtual host
#       shares   => $other,                       # a second httpd on the state directory of another
#       clock    => 1,                            # httpd's time of day can be put forward: $s->later(3600)
#       bare     => 1, no_ca => 1,                # without our modules; without the CA made before the start
#       no_state => 1, no_ca => 1,                # without even a state directory
#       sites    => { b => 'AnshinTerminals 3' },  # further contracts, each with its site at NAME.localhost;
#                                                 # [ 'AnshinTerminals 3', 'modern' ]: with a preset other than classic
#       environment => { NAME => '...' },         # of httpd
#       under    => [ 'strace', '-f' ], alone => 1,   # httpd is started by this command; as one process (-X)
#       extra    => '...'                         # at the end: hosts of another kind; @PORT@ and @ROOT@ are filled in
#   );
#   $s->start;  $s->graceful;  $s->restart;  $s->stop;
#   $s->htanshin('user', 'add', ...)              # { status, out, err }
#   my $c = $s->client(cert => $pem);             # Anshin::Client
#   $s->pki                                       # Anshin::PKI over the CA that Anshin issues with
#   $s->foreign                                   # Anshin::PKI of a CA that Anshin does not know
#   like($s->log, qr/AN0123/);                    # the error log so far
#
# The site: /members/ is protected, /members/cgi-bin/env.cgi prints its environment, /members/proxied/ goes to a back end of
# ours that prints the request's headers, /open/ is not protected, /anshin/ is the portal.
#
# The programs are those of ANSHIN_OUT (apxs-build/out); with ANSHIN_SANITIZE set they are sanitized ones, and any report
# of a sanitizer fails the suite; with ANSHIN_VALGRIND everything runs under valgrind (Anshin::Valgrind). The checkout may
# lie where httpd's run user cannot read, so that everything is copied.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Find ();
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Socket::INET;
use List::Util qw(max min);
use POSIX qw(:sys_wait_h);
use Socket qw(SOL_SOCKET SO_REUSEADDR);
use Test::More ();
use Time::HiRes qw(sleep time);
use Anshin::Client;
use Anshin::PKI;
use Anshin::Valgrind;

my $top    = abs_path(dirname(__FILE__) . '/../../..');
my $owner  = $$;
my $looked = 0;
my %alive;

sub top { return $top }
sub out { my $out = $ENV{ANSHIN_OUT} || 'apxs-build/out'; return $out =~ m{^/} ? $out : "$top/$out" }

sub new {
    my ($class, %want) = @_;
    my $self = bless { preset => 'classic', contract => '', name => 'p-01', sites => {}, loglevel => 'info', %want }, $class;
    $self->{root} = File::Temp::tempdir('anshin-XXXXXXXX', TMPDIR => 1);
    chmod 0755, $self->{root};
    $self->{port} = free_port();
    make_path(map { "$self->{root}/$_" } qw(run logs tls modules bin share htdocs/members htdocs/open cgi-bin));
    $self->install;
    $self->make_users;
    $self->make_site;
    $self->make_certificates;
    $self->make_database if $self->socket_of && !$self->{bare} && !$self->{shares};
    $self->prepare_state unless $self->{bare} || $self->{no_state} || $self->{shares};
    $self->copy_keys if $self->{node_of} && !$self->{own_key};
    $self->make_ca unless $self->{bare} || $self->{no_ca} || $self->{shares} || $self->{node_of};
    $self->configure;
    $self->make_clock if $self->{clock};
    return $self;
}

sub root  { return $_[0]{root} }
sub port  { return $_[0]{port} }
sub state { my ($self) = @_; return ($self->{shares} // $self)->{root} . '/state' }
sub url   { my ($self, $path) = @_; return "https://localhost:$self->{port}" . ($path // '/') }

# --- what it is made of ---

sub install {
    my ($self) = @_;
    for my $module (qw(mod_anshin_auth.so mod_anshin_portal.so)) {
        next if $self->{bare};
        copy(out() . "/$module", "$self->{root}/modules/$module") or die "$module: $! (make all comes first)";
    }
    if ($self->socket_of && !$self->{bare}) {
        copy(out() . '/anshin_store_pgsql.so', "$self->{root}/bin/anshin_store_pgsql.so") or die "anshin_store_pgsql.so: $!";
    }
    for my $program (qw(anshin-ca anshin-signer htanshin)) {
        my $built = ($program eq 'htanshin' ? command_out() : out()) . "/$program";
        next unless -e $built;
        copy($built, "$self->{root}/bin/$program") or die "$program: $!";
        chmod 0755, "$self->{root}/bin/$program";
    }
    $self->install_sanitizer if $ENV{ANSHIN_SANITIZE};
    copy_tree("$top/htdocs", "$self->{root}/share");
    return;
}

sub install_sanitizer {
    my ($self) = @_;
    copy(out() . '/pieces.so', "$self->{root}/bin/pieces.so") or die "pieces.so: $! (make SANITIZE=1 all comes first)";
    copy("$top/t/conf/asan.supp", "$self->{root}/bin/asan.supp") or die "asan.supp: $!";
    return;
}

# The command is sanitized where it is the subject. Elsewhere it prepares and looks on, and would take half of the time.
sub command_out { return $ENV{ANSHIN_SANITIZE} && $0 !~ m{/(?:cli|crash)/} ? "$top/apxs-build/out" : out() }

# httpd started by root drops to a user; the worker and the signer have users of their own (S30), and the state directory
# a group that httpd's user is not in (S36).
sub make_users {
    my ($self) = @_;
    $self->{user} = $self->{group} = '';
    return if $> != 0;
    @$self{qw(user group worker signer)} = qw(www-data daemon daemon nobody);
    chown 0, scalar(getgrnam $self->{user}), "$self->{root}/run", "$self->{root}/logs";
    chmod 0770, "$self->{root}/run", "$self->{root}/logs";
    return;
}

# As an operator makes it before the first start. no_state: the suite does that itself.
sub prepare_state {
    my ($self) = @_;
    my @whose = $self->{group} ? ('--group', $self->{group}, '--signer-user', $self->{signer}) : ();
    my $made = $self->htanshin('state', 'prepare', @whose);
    die "htanshin state prepare: $made->{err}" if $made->{status};
    return;
}

# With ANSHIN_TEST_PGSQL, the directory of an Anshin::Postgres, or postgres => one: the store is a database of its own there.
sub socket_of { my ($self) = @_; return $self->{postgres} ? $self->{postgres}->directory : $ENV{ANSHIN_TEST_PGSQL} }

sub make_database {
    my ($self) = @_;
    my ($name) = $self->{root} =~ m{([^/]+)$};
    return $self->{database} = $self->{node_of}{database} if $self->{node_of};
    $self->{database} = lc($name =~ s/\W/_/gr);
    my $template = $self->{empty_database} ? 'template0' : 'anshin_template';
    system('createdb', '-h', $self->socket_of, '-U', 'postgres', '-O', 'anshin', '-T', $template, $self->{database}) == 0 or die 'createdb';
    return;
}

# node_of => another server: one more machine of its store, behind its address, as the guide says what is copied to one.
sub copy_keys {
    my ($self) = @_;
    my ($from, $to) = map { $_->state } $self->{node_of}, $self;
    system('cp', '-p', "$from/seal.key", "$to/seal.key") == 0 && system("cp -pR $from/ca/. $to/ca/") == 0 or die "cp: $from";
    return;
}

sub store_line {
    my ($self) = @_;
    my $whose = $self->{shares} // $self;
    my $socket = $whose->socket_of;
    my $peer = $> == 0 ? '' : ' requirepeer=' . getpwuid $>;    # as root the server is postgres's
    return $whose->{database} ? ("AnshinStore \"pgsql:host=$socket user=anshin dbname=$whose->{database}$peer\"", "AnshinStorePassword \"$socket/password\"") : ();
}

sub make_site {
    my ($self) = @_;
    my $root = $self->{root};
    Anshin::PKI::write_text("$root/htdocs/members/index.html", "<!DOCTYPE html><title>members</title><p>the members' page</p>\n");
    Anshin::PKI::write_text("$root/htdocs/open/index.html", "<!DOCTYPE html><title>open</title><p>an open page</p>\n");
    Anshin::PKI::write_text("$root/cgi-bin/env.cgi", <<'END');
#!/usr/bin/perl
print "Content-Type: text/plain; charset=utf-8\n\n";
print map { "$_=$ENV{$_}\n" } sort keys %ENV;
END
    chmod 0755, "$root/cgi-bin/env.cgi";
    return;
}

sub make_certificates {
    my ($self) = @_;
    my $tls = Anshin::PKI->new("$self->{root}/tls", name => 'Anshin test server CA');
    my @sites = map { "$_.localhost" } sort(keys %{ $self->{sites} }), @{ $self->{hosts} || [] };    # browsers refuse *.localhost
    my $names = join ',', 'IP:127.0.0.1', map { "DNS:$_" } 'localhost', '*.localhost', @sites;
    my $pem = $tls->issue('localhost', usage => 'serverAuth', names => $names);
    rename $pem, "$self->{root}/tls/server.pem" or die "server.pem: $!";
    $self->{server_ca} = $tls->certificate;
    return;
}

# A library of t/tools into httpd and what it starts, which learns by a variable of the file that the suite tells it by.
sub preload {
    my ($self, $name, $variable) = @_;
    my $run = "$self->{root}/run";
    my ($library) = grep { -e } map { "$_/$name.so" } out(), "$top/apxs-build/out";    # the sanitized build has none
    copy($library // '', "$run/$name.so") or die "$name.so: $! (make all comes first)";
    my %before = ($self->sanitizer, %{ $self->{environment} || {} });
    my $all = join ':', grep { defined } $before{LD_PRELOAD}, "$run/$name.so";
    $self->{environment} = { %{ $self->{environment} || {} }, LD_PRELOAD => $all, $variable => "$run/$name" };
    return "$run/$name";
}

# t/tools/clock/later.c, and the file that tells it how late it is.
sub make_clock {
    my ($self) = @_;
    $self->preload('later', 'ANSHIN_LATER');
    return $self->later(0);
}

# Put httpd's time of day so many seconds before the machine's, at once and for all its processes.
sub later {
    my ($self, $seconds) = @_;
    my $file = "$self->{root}/run/later";
    open my $out, -e $file ? '+<' : '>', $file or die "$file: $!";
    syswrite($out, pack 'q', $seconds) == 8 or die "$file: $!";
    close $out or die "$file: $!";
    chmod 0644, $file;
    return $self;
}

# The CA that Anshin issues with, as an operator makes it before the first start. no_ca: the suite does that itself.
sub make_ca {
    my ($self) = @_;
    my @user = $self->{signer} ? ('--signer-user', $self->{signer}) : ();
    my $made = $self->htanshin('ca', 'create', '--name', 'Anshin test CA', '--key', 'p256', @user);
    die "htanshin ca create: $made->{err}" if $made->{status};
    return;
}

sub server_ca { return $_[0]{server_ca} }

# The CA that Anshin issues with, for certificates that it would not make itself: expired, of another purpose.
sub pki {
    my ($self) = @_;
    return $self->{pki} //= Anshin::PKI->new(
        "$self->{root}/pki",
        certificate => $self->state . '/ca/ca.crt',
        key         => $self->state . '/ca/ca.key'
    );
}

sub foreign {
    my ($self) = @_;
    return $self->{foreign} //= Anshin::PKI->new("$self->{root}/foreign", name => 'Some other CA');
}

sub configure {
    my ($self) = @_;
    my $root = $self->{root};
    my ($modules, $server, $vhost) = ('', '', '');
    if (!$self->{bare}) {
        $modules = join "\n", map { "LoadModule anshin_${_}_module \"$root/modules/mod_anshin_$_.so\"" } qw(auth portal);
        $server  = $self->anshin_lines;
        $vhost   = $self->vhost_lines;
    }
    my %token = (
        ROOT     => $root,
        LIBEXEC  => libexec(),
        PORT     => $self->{port},
        USER     => $self->{user} ? "User $self->{user}\nGroup $self->{user}" : '',
        MODULES  => $modules,
        LOGLEVEL => $self->{loglevel},
        SERVER   => $server . "\n" . ($self->{server} // ''),
        VHOST    => $vhost . "\n" . ($self->{vhost} // ''),
        EXTRA    => join '', (map { site($_, $self->{sites}{$_}) } sort keys %{ $self->{sites} }), $self->{extra} // ''
    );
    my $text = Anshin::PKI::read_text("$top/t/conf/httpd.conf.in");
    $text =~ s/\@(USER|MODULES|SERVER|VHOST|EXTRA)\@/$token{$1}/g;
    $text =~ s/\@(ROOT|LIBEXEC|PORT|BACKEND|LOGLEVEL)\@/$token{$1} \/\/ $self->backend/ge;
    Anshin::PKI::write_text("$root/httpd.conf", $text);
    return;
}

sub anshin_lines {
    my ($self) = @_;
    my @lines = (
        $self->store_line,
        'AnshinStateDir "' . $self->state . '"', 'AnshinShareDir "@ROOT@/share"',
        'AnshinProgramDir "@ROOT@/bin"', 'AnshinHashMemory 8192'
    );
    push @lines, 'AnshinMailSpool "' . $self->state . '/mail"' unless ($self->{server} // '') =~ /AnshinMail(?:Spool|Command)/;
    push @lines, "AnshinCAUser $self->{worker}", "AnshinSignerUser $self->{signer}", "AnshinGroup $self->{group}"
        if $self->{user};
    push @lines, "AnshinNode $self->{node}" if $self->{node};
    my $contract = contract_lines($self->{name}, $self->{preset}, 'localhost', $self->{contract});
    $contract =~ s/\@PORT\@/$self->{node_of}{port}/g if $self->{node_of};
    return join "\n", @lines, $contract;
}

sub contract_lines {
    my ($name, $preset, $host, $lines) = @_;
    return join "\n",
        "<AnshinContract $name $preset>",
        "AnshinPortalURL https://$host:\@PORT\@/anshin",
        'AnshinMailFrom anshin@example.com',
        $lines,
        '</AnshinContract>';
}

sub vhost_lines { my ($self) = @_; return login_lines($self->{name}) . site_lines() }

# What makes a contract serve a virtual host: its portal, and pages behind its login.
sub login_lines {
    my ($contract) = @_;
    return <<"END";
AnshinUse $contract
    <Location "/anshin">
        SetHandler anshin
        Require all granted
    </Location>
    <Location "/members">
        AuthType Anshin
        Require valid-user
    </Location>
END
}

# A further contract, and its site.
sub site {
    my ($name, $contract) = @_;
    my ($lines, $preset) = ref $contract ? @$contract : $contract;
    return join "\n", contract_lines($name, $preset // 'classic', "$name.localhost", $lines),
        '<VirtualHost 127.0.0.1:@PORT@>', "ServerName $name.localhost:\@PORT\@", 'SSLEngine on', login_lines($name),
        "</VirtualHost>\n";
}

# What the site has besides its login.
sub site_lines {
    return <<'END';
    ScriptAlias "/members/cgi-bin/" "@ROOT@/cgi-bin/"
    ProxyPass "/members/proxied/" "http://127.0.0.1:@BACKEND@/"
END
}

# --- running ---

sub start {
    my ($self) = @_;
    my $log = "$self->{root}/logs/start";
    my %environment = (PATH => $ENV{PATH}, LANG => 'C.UTF-8', $self->sanitizer, %{ $self->{environment} || {} });
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgrp;
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        umask 0022;
        %ENV = %environment;
        my @command = (@{ $self->{under} || [] }, httpd(), '-f', "$self->{root}/httpd.conf", $self->{alone} ? '-X' : '-DFOREGROUND');
        exec Anshin::Valgrind::command("$self->{root}/valgrind", @command) or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $alive{$self} = $self;
    my $end = time + Anshin::Valgrind::stretch(120);
    while (time < $end) {
        # httpd listens before post_config has run; its pid file comes after that. One that was killed has left its own.
        return $self if text_of("$self->{root}/run/httpd.pid") =~ /^$pid$/ && $self->listening;
        if (waitpid($pid, WNOHANG) == $pid) {
            delete $self->{pid};
            my $how = $? & 127 ? 'signal ' . ($? & 127) : 'exit status ' . ($? >> 8);
            die "httpd ended at its start ($how):\n" . Anshin::PKI::read_text($log) . $self->log . join '', $self->reports;
        }
        sleep 0.05;
    }
    die "httpd does not answer:\n" . $self->log . join '', $self->reports;
}

sub pid { return $_[0]{pid} }

sub listening {
    my ($self) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 1);
    return $socket ? 1 : 0;
}

# A child of the event MPM that is told to end may crash on its own account while a worker is at a connection: it closes
# the workers' sockets under them (close_worker_sockets, seen in 1 of 60 stops on a busy machine). So whoever ends httpd waits
# until they rest.
sub rest {
    my ($pid) = @_;
    my $rests = 0;
    return wait_for(5, sub { $rests = at_rest($pid) ? $rests + 1 : 0; return $rests > 3 });
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    delete $alive{$self};
    rest($pid);
    kill TERM => $pid;
    my $gone = wait_for(30, sub { waitpid($pid, WNOHANG) != 0 });
    if (!$gone) { kill KILL => -$pid; waitpid $pid, 0 }
    Test::More::diag("httpd had to be killed") unless $gone;
    return $gone;
}

sub restart { my $self = shift; $self->stop; return $self->start }

# Tell httpd to restart gracefully and wait until the new generation answers; alone => 1: until those of before are gone.
sub graceful {
    my ($self, %want) = @_;
    my $before = () = $self->log =~ /resuming normal operations/g;
    my $pid = $self->{pid};
    my @old = grep { text_of("/proc/$_/comm") eq text_of("/proc/$pid/comm") } split ' ', text_of("/proc/$pid/task/$pid/children");
    kill USR1 => $pid;
    my $resumed = sub { my $count = () = $self->log =~ /resuming normal operations/g; return $count > $before };
    wait_for(30, $resumed) or die "no graceful restart:\n" . $self->log;
    wait_for(10, sub { return !grep { -d "/proc/$_" } @old }) if $want{alone};
    return $self;
}

# httpd -t or another look at the configuration: { status, out, err }.
sub configtest { my ($self, @more) = @_; return $self->run(httpd(), '-f', "$self->{root}/httpd.conf", '-t', @more) }

sub htanshin {
    my ($self, @arguments) = @_;
    my %more = ref $arguments[-1] ? %{ pop @arguments } : ();
    my @command = ("$self->{root}/bin/htanshin", '-d', $self->state, @arguments);
    return $self->run(@command, { env => 1, %more }) if $0 =~ m{/(?:cli|crash)/} || Anshin::Valgrind::stretch(1) != 1 || grep { /^GCOV_/ } keys %ENV;
    my ($in, $out, $err) = map { unnamed() } 1 .. 3;
    print $in $more{stdin} // '';
    seek $in, 0, 0 or die "standard input: $!";
    my $status = $self->loaded(shift @command, (map { "/proc/$$/fd/" . fileno($_) } $in, $out, $err), @command);
    return { status => $status, out => whole($out), err => whole($err) };
}

# The command without its start: a program that t/tools/fork/served.c has made one that waits, and forks for each call. It costs a
# third. The suites of t/cli, whose subject it is, and of t/crash, which kill it, start it each time.
sub loaded {
    my ($self, $program, @texts) = @_;
    my $own = $self->{loaded}{$$} //= $self->load($program);    # a process that was forked has its own
    my $request = join '', map { "$_\0" } @texts;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $own->{to}, pack('L', length $request) . $request or die "$program: $!";
    (sysread($own->{from}, my $answer, 4) // 0) == 4 or die "$program does not answer\n";
    my $status = unpack 'l', $answer;
    return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}

sub load {
    my ($self, $program) = @_;
    my ($library) = grep { -e } map { "$_/served.so" } out(), "$top/apxs-build/out";
    die "served.so: make all comes first\n" unless $library;
    my %sanitizer = command_out() eq out() ? $self->sanitizer : ();
    my $first = join ':', grep { defined } $sanitizer{LD_PRELOAD}, $library;
    pipe my $requests, my $to      or die "pipe: $!";
    pipe my $from,     my $answers or die "pipe: $!";
    local %ENV = (PATH => $ENV{PATH}, LANG => 'C.UTF-8', %sanitizer, LD_PRELOAD => $first);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<&', $requests;
        open STDOUT, '>&', $answers;
        open STDERR, '>>', "$self->{root}/logs/start";
        exec $program or POSIX::_exit(127);
    }
    return { to => $to, from => $from, pid => $pid };
}

# Run a command: { status, out, err }. { stdin => text } gives it input, { lang => 'ja_JP.UTF-8' } a language.
sub run {
    my ($self, @command) = @_;
    my %more = ref $command[-1] ? %{ pop @command } : ();
    my ($in, $out, $err) = map { unnamed() } 1 .. 3;
    print $in $more{stdin} // '';
    seek $in, 0, 0 or die "standard input: $!";    # which also writes what is buffered
    my @sanitizer = $self->sanitizer;
    my $pid;
    {
        local %ENV = (PATH => $ENV{PATH}, LANG => $more{lang} // 'C.UTF-8', @sanitizer);    # before the fork: after it each page costs a copy
        delete $ENV{LD_PRELOAD} if $more{env} || $command[0] !~ m{^(?:/usr/sbin/|\Q@{[$self->{root} // '']}\E/)};    # openssl and others need none
        $pid = fork // die "fork: $!";
        if (!$pid) {
            open STDIN,  '<&', $in;
            open STDOUT, '>&', $out;
            open STDERR, '>&', $err;
            exec Anshin::Valgrind::command("$self->{root}/valgrind", @command) or POSIX::_exit(127);
        }
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return { status => $status, out => whole($out), err => whole($err) };
}

# Forget with whom the kernel has this test logged in, so that what it starts as root is whom SUDO_USER names (htanshin/actor.c).
# 1: it is so now.
sub unlogged {
    open my $login, '+<', '/proc/self/loginuid' or return $> == 0;
    my $nobody = 2**32 - 1;
    return 1 if $> == 0 && <$login> == $nobody;
    return $> == 0 && defined syswrite $login, $nobody;
}

# A file without a name, for what a program reads or writes.
sub unnamed { open my $file, '+>', undef or die "file without a name: $!"; return $file }

sub whole {
    my ($file) = @_;
    seek $file, 0, 0 or die "output: $!";
    local $/;
    return scalar(<$file>) // '';
}

# httpd itself is not sanitized, so that the runtime must be there before it, and with it what lets it see the memory of pools
# (t/tools/memory/pieces.c). Coverage is told where to write to.
sub sanitizer {
    my ($self) = @_;
    return map { $_ => $ENV{$_} } grep { /^GCOV_/ } keys %ENV unless $ENV{ANSHIN_SANITIZE};
    my $root = $self->{root} // '';
    my $runtime = join ':', (map { asked("gcc -print-file-name=lib$_.so") } qw(asan ubsan)), grep { -e } "$root/bin/pieces.so";
    my $log = "$root/logs/sanitizer";
    my @options = ("log_path=$log", qw(detect_leaks=0 abort_on_error=0 quarantine_size_mb=16 thread_local_quarantine_size_kb=64));
    return (
        LD_PRELOAD   => $runtime,
        ASAN_OPTIONS => join(':', @options, map { "suppressions=$_" } grep { -e } "$root/bin/asan.supp"),
        UBSAN_OPTIONS => "log_path=$log:print_stacktrace=1"
    );
}

sub client {
    my ($self, %want) = @_;
    return Anshin::Client->new(port => $self->{port}, ca => $self->{server_ca}, %want);
}

# --- what it left ---

sub log        { my $self = shift; return text_of("$self->{root}/logs/error_log") }
sub access_log { my $self = shift; return text_of("$self->{root}/logs/access_log") }

# Wait until the error log says it.
sub wait_log { my ($self, $pattern, $seconds) = @_; return wait_for($seconds // 15, sub { $self->log =~ $pattern }) }

# The mail that lies in the spool, and in those of nodes => [servers] of the same store: raw texts in the order of arrival.
sub mail {
    my ($self) = @_;
    my @files = map { glob $_->state . '/mail/new/*' } $self, @{ $self->{nodes} || [] };
    return map { text_of($_) } sort { (Time::HiRes::stat($a))[9] <=> (Time::HiRes::stat($b))[9] || $a cmp $b } @files;
}

# Wait for the mail number $count and return all.
sub wait_mail {
    my ($self, $count, $seconds) = @_;
    wait_for($seconds // 30, sub { my @mail = $self->mail; return @mail >= $count });
    return $self->mail;
}

# What sanitizers told, without the map of memory at its end.
sub reports { my ($self) = @_; return map { "$_:\n" . text_of($_) =~ s/^Shadow bytes around .*//msr } glob "$self->{root}/logs/sanitizer*" }

# The same, and what crashed children and libraries told; empty when all is well.
sub faults {
    my ($self) = @_;
    my @faults = $self->reports;
    push @faults, Anshin::Valgrind::faults("$self->{root}/valgrind");
    push @faults, grep { /exit signal|Segmentation fault|Aborted|AddressSanitizer|runtime error:/ } split /^/, $self->log;
    return @faults;
}

# The last test of a suite: stop, and look for what no response shows.
sub finish {
    my ($self) = @_;
    my $gone = $self->stop;
    my @faults = $self->faults;
    Test::More::ok($gone && !@faults, 'the server stopped cleanly, without a crash or a sanitizer report')
        or Test::More::diag(join '', @faults);
    $self->remove;
    return;
}

sub remove { my $self = shift; delete $self->{loaded}; remove_tree($self->{root}) unless $ENV{ANSHIN_KEEP}; return }

# --- small helps ---

my $patience = 3;    # a machine may be so many times as slow as those on which the seconds were chosen

# 1 when every thread of the children sleeps.
sub at_rest {
    my ($pid) = @_;
    for my $child (split ' ', text_of("/proc/$pid/task/$pid/children")) {
        for my $stat (glob "/proc/$child/task/*/stat") {
            open my $in, '<', $stat or next;
            return 0 if (<$in> // '') =~ /\) [RD] /;
        }
    }
    return 1;
}

# A condition that is costly, some commands of htanshin for example, is looked at less often: what is waited for needs the time, too.
sub wait_for {
    my ($seconds, $condition) = @_;
    my $end = time + Anshin::Valgrind::stretch($patience * $seconds);
    for (;;) {
        my $began = time;
        return 1 if $condition->();
        my $now = time;
        return 0 if $now > $end;
        sleep max(0.02, min(0.5, 4 * ($now - $began)));
    }
}

sub text_of { my ($file) = @_; return -e $file ? Anshin::PKI::read_text($file) : '' }

sub httpd {
    for my $name (qw(/usr/sbin/apache2 /usr/sbin/httpd)) { return $name if -x $name }
    die 'no httpd';
}

# What a command answers that always answers the same: asked once in a suite.
my %answer;

sub asked {
    my ($command) = @_;
    return $answer{$command} //= do { chomp(my $answer = `$command`); $answer };
}

# Asked once for all suites by apxs-build/test.
sub libexec { return $ENV{ANSHIN_LIBEXEC} || asked('apxs -q LIBEXECDIR') }

# A port below those that the kernel gives to outgoing connections: one of those could be taken while a suite restarts its
# server, for SO_REUSEADDR does not help against a port that a client of another suite was given. It stays bound as long as the
# suite runs, so that no other suite finds it free while its server is not there yet, or not any more; who comes with
# SO_REUSEADDR, as httpd does, can have it beside a socket that has the option as well and does not listen.
my @held_ports;

sub free_port {
    my ($first_ephemeral) = Anshin::PKI::read_text('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
    my ($lowest, $highest) = $first_ephemeral > 12_000 ? (10_000, $first_ephemeral - 1) : (61_000, 65_535);
    for (1 .. 200) {
        my $port = $lowest + int rand($highest - $lowest + 1);
        my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'tcp') or next;
        setsockopt $free, SOL_SOCKET, SO_REUSEADDR, 1 or die "SO_REUSEADDR: $!";
        push @held_ports, $free;
        return $port;
    }
    die "no free port from $lowest to $highest: $!";
}

sub copy_tree {
    my ($from, $to) = @_;
    return unless -d $from;
    File::Find::find({ no_chdir => 1, wanted => sub {
        my $place = $to . substr $File::Find::name, length $from;
        if (-d) { make_path($place) }
        else { copy($_, $place) or die "$_: $!" }
    } }, $from);
    return;
}

# A back end behind ProxyPass: answers every request with the header lines it got. Its port.
sub backend {
    my ($self) = @_;
    return $self->{backend} if $self->{backend};
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16) or die "backend: $!";
    $self->{backend} = $listener->sockport;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        local $SIG{TERM} = sub { POSIX::_exit(0) };
        while (my $peer = $listener->accept) {
            my $seen = '';
            while (defined(my $line = <$peer>)) { last if $line =~ /^\r?\n$/; $seen .= $line }
            printf $peer "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
                length $seen, $seen;
            close $peer;
        }
        POSIX::_exit(0);
    }
    $self->{backend_pid} = $pid;
    return $self->{backend};
}

sub end_backend {
    my ($self) = @_;
    my $pid = delete $self->{backend_pid} or return;
    kill TERM => $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $owner;
    local ($?, $@, $!);
    $self->end_backend;
    $self->stop;
    return;
}

END {
    if ($$ == $owner) {
        local $?;
        $_->stop for values %alive;
    }
}

1;
