package Anshin::Held;
# One HTTP/2 connection that stays open between requests, which those of Anshin::Client do not (t/tools/held_http2.mjs).
#
#   my $h = Anshin::Held->new($client);    by the host, certificate and cookies of an Anshin::Client
#   $h->get('/members/')                   the status; 0 when the connection has ended
#   $h->close
use strict;
use warnings;
use IO::Handle;
use IPC::Open2 qw(open2);
use Anshin::Server;

sub new {
    my ($class, $client) = @_;
    my $cookies = join '; ', map { "$_=$client->{cookies}{$_}" } sort keys %{ $client->{cookies} };
    my @command = ('node', Anshin::Server::top() . '/t/tools/held_http2.mjs', @$client{qw(host port)}, $cookies);
    my $self = bless { patience => $client->patience }, $class;
    $self->{pid} = open2(@$self{qw(out in)}, @command, $client->{cert} // ());
    $self->{in}->autoflush(1);
    return $self;
}

sub get {
    my ($self, $path) = @_;
    my ($in, $out) = @$self{qw(in out)};
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "no answer over HTTP/2 for $path\n" };
    alarm $self->{patience};
    print $in "$path\n";
    my $status = <$out>;
    alarm 0;
    return int($status // 0);
}

sub close {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    CORE::close $self->{in};
    waitpid $pid, 0;
    return;
}

sub DESTROY { my ($self) = @_; local ($?, $@); $self->close; return }

1;
