package Anshin::Crowd;
# Many browsers at once, in one process: each has its cookies and its next request ready; then all connect, shake hands and
# ask together, and every answer is kept with the time it took from the moment all began.
#
#   my $crowd = Anshin::Crowd->new($server);
#   $crowd->add('p-01-usr1', $password) for ...;    one browser, with the login page open
#   $crowd->add_page('/open/') for ...;             one that asks for a page, without cookies
#   $crowd->fire(60);                               all log in at once; at most so many seconds for all
#   $crowd->{people}                                [ { user, response => Anshin::Response, seconds, error } ]
#
#   my $watch = Anshin::Crowd::Watch->start($server, $client, '/members/', $pause, $keep);
#                                                   another process, which asks for a page all the time, on a new connection
#                                                   each time, or on one that it keeps
#   my @seen = $watch->stop;                        [ { at, seconds, status } ], at as time() says
#
# fire() calls $crowd->{tick} some hundred times a second, when it is set.
use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR);
use IO::Select;
use IO::Socket::SSL;
use Time::HiRes qw(sleep time);
use Anshin::Client;

sub new { my ($class, $server) = @_; return bless { server => $server, people => [] }, $class }

sub add {
    my ($self, $user, $password) = @_;
    my $client = $self->{server}->client;
    my $page = $client->get('/anshin/login');
    $page->status == 200 or die "login page: " . $page->status . $page->error;
    my $form = Anshin::Client::encode_form({ csrf => $page->field('csrf'), user => $user, password => $password });
    my $cookie = join '; ', map { "$_=$client->{cookies}{$_}" } sort keys %{ $client->{cookies} };
    my $host = "localhost:" . $self->{server}->port;
    my $bytes = join "\r\n", 'POST /anshin/login HTTP/1.1', "Host: $host", "Origin: https://$host", "Cookie: $cookie",
        'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $form, 'Connection: close', '', $form;
    $client->close;
    push @{ $self->{people} }, { user => $user, client => $client, out => $bytes };
    return;
}

sub add_page {
    my ($self, $path) = @_;
    my $bytes = join "\r\n", "GET $path HTTP/1.1", 'Host: localhost:' . $self->{server}->port, 'Connection: close', '', '';
    push @{ $self->{people} }, { user => $path, client => $self->{server}->client, out => $bytes };
    return;
}

# All at once. Every person ends with a response, or with an error.
sub fire {
    my ($self, $seconds) = @_;
    my ($reading, $writing) = (IO::Select->new, IO::Select->new);
    my $context = IO::Socket::SSL::SSL_Context->new(SSL_ca_file => $self->{server}->server_ca, SSL_session_cache_size => 0);
    my $began = time;
    my %by_file;
    for my $person (@{ $self->{people} }) {
        @$person{qw(in began)} = ('', $began);
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{server}->port, Blocking => 0);
        if (!$socket) { $person->{error} = "connect: $!"; next }
        $person->{socket} = $socket;
        $by_file{ fileno $socket } = $person;
        $writing->add($socket);
    }
    while (%by_file && time < $began + $seconds) {
        my ($in, $out) = IO::Select->select($reading, $writing, undef, 0.005);
        for my $socket (@{ $in || [] }, @{ $out || [] }) {
            my $file   = fileno $socket;
            my $person = defined $file ? $by_file{$file} : undef;
            next unless $person;
            my $next = go_on($person, $context);
            $_->remove($socket) for $reading, $writing;
            if    ($next eq 'read')  { $reading->add($person->{socket}) }
            elsif ($next eq 'write') { $writing->add($person->{socket}) }
            else                     { delete $by_file{$file}; finish($person) }
        }
        $self->{tick}->() if $self->{tick};
    }
    for my $person (values %by_file) { $person->{error} = 'no answer in time'; finish($person) }
    return time - $began;
}

# One step of one browser: what it waits for next, or 'done'.
sub go_on {
    my ($person, $context) = @_;
    my $socket = $person->{socket};
    if (!$person->{tls}) {
        $socket = IO::Socket::SSL->start_SSL($socket,
            SSL_startHandshake => 0, SSL_reuse_ctx => $context, SSL_hostname => 'localhost', SSL_verifycn_name => 'localhost',
            SSL_verifycn_scheme => 'http') or return failed($person, "TLS: $IO::Socket::SSL::SSL_ERROR");
        @$person{qw(socket tls)} = ($socket, 1);
    }
    if (!$person->{connected}) {
        if (!$socket->connect_SSL) { return wanted($person, 'handshake') }
        $person->{connected} = 1;
    }
    while (length $person->{out}) {
        my $sent = $socket->syswrite($person->{out});
        return wanted($person, 'write') unless defined $sent;
        substr $person->{out}, 0, $sent, '';
    }
    while (1) {
        my $got = $socket->sysread($person->{in}, 16384, length $person->{in});
        return wanted($person, 'read') unless defined $got;
        return 'done' unless $got;    # the answer ends with the connection
    }
}

sub wanted {
    my ($person, $where) = @_;
    return 'read'  if $IO::Socket::SSL::SSL_ERROR == SSL_WANT_READ;
    return 'write' if $IO::Socket::SSL::SSL_ERROR == SSL_WANT_WRITE;
    return 'read'  if $! == EAGAIN || $! == EINTR || $! == EINPROGRESS;
    return failed($person, "$where: $! $IO::Socket::SSL::SSL_ERROR");
}

sub failed { my ($person, $text) = @_; $person->{error} = $text unless length $person->{in}; return 'done' }

# What came is made a response; the connection and the buffers go.
sub finish {
    my ($person) = @_;
    $person->{seconds} = time - $person->{began};
    my ($head, $body) = split /\r\n\r\n/, $person->{in}, 2;
    my ($first, @lines) = split /\r\n/, $head // '';
    my ($status) = ($first // '') =~ m{^HTTP/1\.1 (\d{3})};
    $person->{error} //= 'no answer' unless $status;
    $person->{response} = bless {
        status => $status // 0, headers => [ map { /^([^:]+):\s*(.*)$/ ? [ $1, $2 ] : () } @lines ], body => $body // '',
        path => '/anshin/login', error => $person->{error} // ''
    }, 'Anshin::Response';
    $person->{client}->keep_cookies($person->{response});
    delete @$person{qw(socket in out tls connected)};
    return;
}

package Anshin::Crowd::Watch;
use POSIX ();
use Time::HiRes qw(sleep time);

sub start {
    my ($class, $server, $client, $path, $pause, $keep) = @_;
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $going = 1;
        local $SIG{TERM} = sub { $going = 0 };
        close $from;
        delete $client->{socket};    # the parent's connection is not this process's
        my $term = POSIX::SigSet->new(POSIX::SIGTERM());
        while ($going) {
            my $at = time;
            POSIX::sigprocmask(POSIX::SIG_BLOCK(), $term);      # a signal would cut the request short
            my $status = $client->get($path)->status;
            $client->close unless $keep;
            POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), $term);
            printf $to "%.6f %.6f %d\n", $at, time - $at, $status;
            sleep $pause // 0.02;
        }
        close $to;
        POSIX::_exit(0);
    }
    close $to;
    return bless { pid => $pid, from => $from }, $class;
}

sub stop {
    my ($self) = @_;
    kill TERM => $self->{pid};
    my @seen = map { my %one; @one{qw(at seconds status)} = split; \%one } readline $self->{from};
    waitpid $self->{pid}, 0;
    return @seen;
}

1;
