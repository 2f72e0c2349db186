package Anshin::SystemLog;
# A receiver of the system's log for one server: its httpd has a /dev of its own (a mount namespace), and in it a log.
# What comes is in the server's error_log, one line a message, as sent: "<141>Nov 29 03:40:02 tag[123]: text".
#
#   my $log = Anshin::SystemLog->new($server) or plan skip_all => 'not root, or no namespaces';
#   $server->start;  $server->wait_log(qr/^<141>.*AN0760/m);  $server->stop;  $log->finish;
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_DGRAM);

my $own_dev = <<'END';
for name in null zero full random urandom shm; do mount --bind /dev/$name "$0/$name" || exit 1; done
mount --rbind "$0" /dev && exec "$@"
END

sub new {
    my ($class, $server) = @_;
    my $dev = $server->root . '/dev';
    mkdir $_ for $dev, "$dev/shm";
    Anshin::PKI::write_text("$dev/$_", '') for qw(null zero full random urandom);
    my @under = ('unshare', '--mount', 'sh', '-c', $own_dev, $dev);
    return if $> != 0 || system("@under[0, 1] true 2>/dev/null") || system(@under, 'true');
    $server->{under} = \@under;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dev/log") or die "$dev/log: $!";
    chmod 0666, "$dev/log";
    my $owner = $$;
    my $pid = fork // die "fork: $!";
    return bless { pid => $pid }, $class if $pid;
    # A process of its own: who sends waits when nobody receives.
    open my $log, '>>', $server->root . '/logs/error_log' or POSIX::_exit(1);
    $log->autoflush;
    my $select = IO::Select->new($socket);
    while (getppid == $owner) {
        next unless $select->can_read(1);
        print $log "$_\n" if defined $socket->recv($_, 65536);
    }
    POSIX::_exit(0);
}

sub finish {
    my ($self) = @_;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
