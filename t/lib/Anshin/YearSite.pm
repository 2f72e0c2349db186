package Anshin::YearSite;
# The site of a simulated year (Anshin::Year): real httpd on the year's state directory and under its clock, for those people who
# come over HTTP and TLS; killed with all its children in the midst of a login where that is wanted, and started again.
#
#   my $site = Anshin::YearSite->new($worker, { AnshinLoginMethods => 'certificate' });
#   my $wrong = $site->log_in($user, $held);     # '': in, and the protected page is there; $held->{pem}: key and certificate
#   $wrong = $site->let_in($held);               # '': refused, on a new connection and on that of the login
#   $site->doom(sub { ... });                    # the next login dies under way; what is called then
#   $site->finish;
use strict;
use warnings;
use File::Copy qw(copy);
use POSIX ();
use Time::HiRes qw(sleep);
use Anshin::Server;

use constant { PASSWORD => 'Correct-horse-9-battery', MOMENT => 0.08 };

# The worker is the year's own, and so is its signer, which goes by the clock as well.
sub new {
    my ($class, $worker, $policy) = @_;
    my $server = Anshin::Server->new(
        shares      => $worker,
        environment => $worker->{environment},
        server      => 'AnshinCAWorker off',
        contract    => join("\n", 'AnshinCertificateKey p256', map { "$_ $policy->{$_}" } sort keys %$policy)
    );
    copy("$worker->{root}/bin/clocked/anshin-signer", "$server->{root}/bin/anshin-signer") or die "anshin-signer: $!";
    return bless { server => $server->start }, $class;
}

sub doom { my ($self, $told) = @_; $self->{doomed} = $told; return }

sub log_in {
    my ($self, $user, $held) = @_;
    $self->die_under($user, $held) if $self->{doomed};
    return eval { $self->enter($user, $held) } // "no answer: $@";
}

sub enter {
    my ($self, $user, $held) = @_;
    my $client = $self->{server}->client(cert => $held->{pem});
    my $page   = $client->get('/anshin/login');
    return 'the login page answers ' . $page->status if $page->status != 200;
    my $sent = $client->submit($page, { user => $user, password => PASSWORD });
    return 'the login answers ' . $sent->status if $sent->status != 303;
    my $inside = $client->get('/members/')->status;
    $held->{client} = $client;
    return $inside == 200 ? '' : "behind the login there is $inside";
}

sub let_in {
    my ($self, $held) = @_;
    my $former = delete $held->{client};
    my $fresh  = $self->{server}->client(cert => $held->{pem});
    my %status = (page => $fresh->get('/members/')->status, login => $fresh->get('/anshin/login')->status);
    $status{session} = $former->get('/members/')->status if $former;
    return join ', ', map { "$_ $status{$_}" } grep { $status{$_} != 401 && $status{$_} != 403 } sort keys %status;
}

# Somebody logs in while httpd dies; whether that came to anything nobody knows.
sub die_under {
    my ($self, $user, $held) = @_;
    my $server = $self->{server};
    my $httpd  = $server->pid;
    my $killer = fork // die "fork: $!";
    if (!$killer) {
        sleep rand MOMENT;
        kill KILL => -$httpd;
        POSIX::_exit(0);
    }
    eval { $self->enter($user, $held) };
    waitpid $_, 0 for $killer, $httpd;
    (delete $self->{doomed})->();
    $server->start;
    return;
}

sub finish { my ($self) = @_; return $self->{server}->finish }

1;
