package Anshin::Worker;
# The CA worker by itself, on a state directory of its own, without httpd: what httpd would leave there is written here.
#
#   my $w = Anshin::Worker->new(key => 'p256', threads => 2, server => { AnshinMailCommand => '...' });
#   my %password = $w->people('u', 10);     # ten users who have just registered; user => download password
#   my $w = Anshin::Worker->new(no_ca => 1);  $w->ca('create', '--passphrase', $program);
#   $w->start;  $w->kill('KILL');  my $status = $w->stop;
#   $w->wait_mail(10);  my @certificates = $w->certificates;  like($w->log, qr/AN0760/);
#   $w->finish;
#
# environment => { ... }: of the worker; policy => { ... }: further lines of the contract; group_name => 'daemon': whose the store
# is, where an httpd of www-data shares it.
#
# Started by root, the worker, the signer and the store's users are daemon, nobody and the group www-data, as in Anshin::Server.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX qw(:sys_wait_h SIGTERM);
use Test::More ();
use Time::HiRes qw(sleep time);
use Anshin::Server;

my $owner = $$;

sub new {
    my ($class, %want) = @_;
    my $self = bless { key => 'p256', group_name => 'www-data', threads => 2, server => {}, workers => [], %want }, $class;
    $self->{root} = File::Temp::tempdir('anshin-ca-XXXXXXXX', TMPDIR => 1);
    chmod 0755, $self->{root};
    make_path(map { "$self->{root}/$_" } qw(bin logs));
    for my $program (qw(anshin-ca anshin-signer htanshin tools/users tools/fetch)) {
        my $name = $program =~ s{.*/}{}r;
        copy(Anshin::Server::out() . "/$program", "$self->{root}/bin/$name") or die "$program: $!";
        chmod 0755, "$self->{root}/bin/$name";
    }
    Anshin::Server::copy_tree(Anshin::Server::top() . '/htdocs', "$self->{root}/share");
    $self->{group} = $> == 0 ? (getgrnam $self->{group_name})[2] : $) + 0;
    my @whose = $> == 0 ? ('--group', $self->{group_name}, '--signer-user', 'nobody') : ();
    my $prepared = $self->htanshin('state', 'prepare', @whose);
    die "state prepare: $prepared->{err}" if $prepared->{status};
    $self->configure;
    my @signer = $> == 0 ? ('--signer-user', 'nobody') : ();
    $self->{signer} = \@signer;
    return $self if $self->{no_ca};
    my $made = $self->htanshin('ca', 'create', '--name', 'Anshin test CA', @signer);
    die "ca create: $made->{err}" if $made->{status};
    return $self;
}

# htanshin ca VERB, with whose key it is.
sub ca { my ($self, @arguments) = @_; return $self->htanshin('ca', @arguments, @{ $self->{signer} }) }

sub state { return "$_[0]{root}/state" }

# The snapshot that httpd would write.
sub configure {
    my ($self, %more) = @_;
    my %server = (
        AnshinStateDir   => $self->state,
        AnshinShareDir   => "$self->{root}/share",
        AnshinProgramDir => "$self->{root}/bin",
        AnshinHashMemory => '8192',
        AnshinCAThreads  => "$self->{threads}",
        %{ $self->{server} }, %more
    );
    @server{qw(AnshinCAUser AnshinSignerUser AnshinGroup)} = ('daemon', 'nobody', $self->{group_name}) if $> == 0;
    my %policy = (
        AnshinPortalURL => 'https://localhost:8443/anshin', AnshinMailFrom => 'テスト <anshin@example.com>',
        AnshinCertificateKey => $self->{key}, %{ $self->{policy} || {} }
    );
    my $file = $self->state . '/config.json';
    Anshin::PKI::write_text($file, JSON::PP->new->encode(
        { version => 1, ($self->{line} ? (line => $self->{line}) : ()), server => \%server, contracts => [ { name => 'p-01', preset => 'classic', policy => \%policy } ] }
    ));
    chown -1, $self->{group}, $file;
    chmod 0640, $file;
    return;
}

# --- programs ---

# Run a program as the user who shares the store, or with root => 1 as whoever we are: { status, out, err }.
sub run {
    my ($self, $more, @command) = @_;
    my ($out, $err) = map { File::Temp->new } 1 .. 2;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', "$out";
        open STDERR, '>', "$err";
        umask 0007;
        if ($> == 0 && !$more->{root}) {
            $) = "$self->{group} $self->{group}";
            POSIX::setgid($self->{group});
            POSIX::setuid((getpwnam 'daemon')[2]);
        }
        %ENV = (PATH => $ENV{PATH}, LANG => 'C.UTF-8', ASAN_OPTIONS => 'detect_leaks=0:quarantine_size_mb=16:thread_local_quarantine_size_kb=64', map { $_ => $ENV{$_} } grep { /^GCOV_/ } keys %ENV);
        exec Anshin::Valgrind::command("$self->{root}/valgrind", @command) or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return { status => $status, out => Anshin::PKI::read_text("$out"), err => Anshin::PKI::read_text("$err") };
}

sub htanshin {
    my ($self, @arguments) = @_;
    return $self->run({ root => 1 }, "$self->{root}/bin/htanshin", '-d', $self->state, @arguments);
}

sub people {
    my ($self, $prefix, $count) = @_;
    my $made = $self->run({}, "$self->{root}/bin/users", $self->state, $prefix, $count);
    die "users: $made->{err}" if $made->{status};
    return map { split / / } split /\n/, $made->{out};
}

sub fetch {
    my ($self, $token, $password, $profile) = @_;
    return $self->run({}, "$self->{root}/bin/fetch", $self->state, $token, $password, $profile);
}

# --- the worker ---

sub spawn {
    my ($self) = @_;
    pipe my $input, my $lifeline or die "pipe: $!";
    my $log = "$self->{root}/logs/error_log";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $lifeline;
        open STDIN,  '<&', $input or POSIX::_exit(126);
        open STDOUT, '>',  '/dev/null';
        open STDERR, '>>', $log;
        my @command = ("$self->{root}/bin/anshin-ca", '-d', $self->state, '-v');
        %ENV = (%ENV, %{ $self->{environment} || {} });
        exec Anshin::Valgrind::command("$self->{root}/valgrind", @command) or POSIX::_exit(127);
    }
    close $input;
    my $worker = { pid => $pid, lifeline => $lifeline };
    push @{ $self->{workers} }, $worker;
    return $worker;
}

# Start one and wait until it is at work.
sub start {
    my ($self) = @_;
    my $before = () = $self->log =~ /AN0760/g;
    my $worker = $self->spawn;
    my $begun = Anshin::Server::wait_for(30, sub { my $now = () = $self->log =~ /AN0760/g; return $now > $before });
    die "the worker does not begin:\n" . $self->log unless $begun;
    return $self->{worker} = $worker;
}

# End one: its exit status, or 128 and the signal. undef: it does not end.
sub wait_end {
    my ($self, $worker, $seconds) = @_;
    my $gone = Anshin::Server::wait_for($seconds // 30, sub { return waitpid($worker->{pid}, WNOHANG) != 0 });
    return undef unless $gone;
    my $status = $?;
    $self->{workers} = [ grep { $_ != $worker } @{ $self->{workers} } ];
    return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}

sub kill {
    my ($self, $signal, $worker) = @_;
    $worker //= $self->{worker};
    CORE::kill($signal => $worker->{pid});
    return $self->wait_end($worker);
}

# Wait until it takes SIGTERM as an order, which would end it as it stands before.
sub wait_order {
    my ($self, $worker) = @_;
    my $bit = 1 << SIGTERM - 1;
    return Anshin::Server::wait_for(30, sub {
        my $status = Anshin::Server::text_of("/proc/$worker->{pid}/status");
        return grep { hex($_) & $bit } $status =~ /^Sig(?:Blk|Cgt):\s*[0-9a-f]+([0-9a-f]{8})$/mg;
    });
}

sub stop { my ($self, $worker) = @_; return $self->kill('TERM', $worker) }

# The signer of a worker: pid, or nothing.
sub signer_of {
    my ($self, $worker) = @_;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my ($pid, $name, $parent) = (<$in> // '') =~ /^(\d+) \((.*)\) \S (\d+)/ or next;
        return $pid if $name eq 'anshin-signer' && $parent == $worker->{pid};
    }
    return;
}

# --- what it did ---

sub log { my ($self) = @_; return Anshin::Server::text_of("$self->{root}/logs/error_log") }
sub wait_log { my ($self, $pattern, $seconds) = @_; return Anshin::Server::wait_for($seconds // 15, sub { $self->log =~ $pattern }) }

# Messages of new and cur.
sub mail { my ($self) = @_; return map { Anshin::Server::text_of($_) } glob $self->state . '/mail/{new,cur}/*' }

sub wait_mail {
    my ($self, $count, $seconds) = @_;
    Anshin::Server::wait_for($seconds // 30, sub { my @files = glob $self->state . '/mail/{new,cur}/*'; return @files >= $count });
    return $self->mail;
}

# The body of a message, decoded.
sub body { my ($self, $message) = @_; return decode_base64((split /\n\n/, $message, 2)[1] // '') }

sub list {
    my ($self, @what) = @_;
    my $list = $self->htanshin('--json', @what);
    die "@what: $list->{err}" if $list->{status};
    return @{ JSON::PP->new->decode($list->{out}) };
}

sub certificates { my ($self) = @_; return $self->list('cert', 'list', @_[ 1 .. $#_ ]) }

sub finish {
    my ($self) = @_;
    for my $worker (@{ $self->{workers} }) { CORE::kill(KILL => $worker->{pid}); waitpid $worker->{pid}, 0 }
    $self->{workers} = [];
    my @faults = grep { /AddressSanitizer|runtime error:|Segmentation fault/ } split /^/, $self->log;
    push @faults, Anshin::Valgrind::faults("$self->{root}/valgrind");
    Test::More::is(join('', @faults), '', 'no crash and no report of a sanitizer or valgrind');
    remove_tree($self->{root}) unless $ENV{ANSHIN_KEEP};
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $owner;
    for my $worker (@{ $self->{workers} }) { CORE::kill(KILL => $worker->{pid}) }
    return;
}

1;
