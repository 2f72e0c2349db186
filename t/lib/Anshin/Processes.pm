package Anshin::Processes;
# The processes of a suite's server, by kind: parent, child (of httpd, cgid among them), worker, signer, command.
#
#   my $p = Anshin::Processes->new($server);
#   $p->of('child')             numbers
#   $p->all                     "number kind", of all but commands
#   $p->answered                numbers of the children whose lines about clients stand in the error log
#   $p->is_ours($number)        still that server's, not a number used again
#   spread()                    directives by which all children answer, whoever wakes first
#   $p->stacks                  where each thread is in the kernel, for those who find out why something hangs
#   $p->kill_httpd($pause)      kill -9 for httpd, its first process first; worker and signer are left to end
#   $p->widows(@numbers)        those of them that have not ended in time
#   $p->locks($directory)       locks that the kernel holds on files there
#   my ($files, $blobs) = $p->stray_files($store)      what a process that died left half made
use strict;
use warnings;
use File::Find ();
use Time::HiRes qw(sleep);
use Anshin::Server;

my %kind_of = ('anshin-ca' => 'worker', 'anshin-signer' => 'signer', htanshin => 'command');

sub new { my ($class, $server) = @_; return bless { server => $server }, $class }

# The kind of a process of this server, or undef. By what it was called by, which everybody may read.
sub kind {
    my ($self, $number) = @_;
    my $server = $self->{server};
    my $root = $server->root;
    my ($program, @arguments) = split /\0/, arguments($number) or return undef;
    return undef unless index("@arguments", $root) >= 0;
    return $kind_of{$1} if $program =~ m{^(?:\Q$root\E/bin/)?(anshin-\w+|htanshin)$};
    return undef unless $program =~ m{/(?:apache2|httpd)$};
    return $number == ($server->pid // 0) ? 'parent' : 'child';
}

# Without text for a process that is gone, or only waits to be reaped.
sub arguments { my ($number) = @_; return proc("$number/cmdline") }

sub proc {
    my ($name) = @_;
    open my $in, '<', "/proc/$name" or return '';
    local $/;
    return scalar(<$in>) // '';
}

sub is_ours { my ($self, $number) = @_; return defined $self->kind($number) }

# Directives by which connections go to the children by their ports, not to whichever of them wakes first: a busy machine may
# wake the same one each time. With one core there is no such thing.
sub spread {
    my $cores = () = Anshin::PKI::read_text('/proc/cpuinfo') =~ /^processor\s*:/mg;
    return $cores > 1 ? 'ListenCoresBucketsRatio 1' : '';
}

sub numbers { return map { m{(\d+)$} } glob '/proc/[0-9]*' }

sub of {
    my ($self, $kind) = @_;
    return grep { ($self->kind($_) // '') eq $kind } numbers();
}

sub all {
    my ($self) = @_;
    my %kind = map { $_ => $self->kind($_) } numbers();
    return map { "$_ $kind{$_}" } grep { defined $kind{$_} && $kind{$_} ne 'command' } sort keys %kind;
}

# httpd's first process. Its children do not notice, and serve on for $pause seconds; then comes what an init system does
# with the rest of the service. Answers the numbers of worker and signer, which must end by themselves.
sub kill_httpd {
    my ($self, $pause) = @_;
    my $server = $self->{server};
    my %left = map { $_ => 1 } $self->of('worker'), $self->of('signer');
    kill KILL => $server->pid;
    waitpid $server->pid, 0;
    $left{$_} = 1 for $self->of('worker'), $self->of('signer');
    sleep $pause;
    # Those who started a moment ago are found the next time; the port is free when the last is quite gone.
    my $gone = Anshin::Server::wait_for(20, sub {
        my @rest = $self->of('child');
        kill KILL => @rest;
        return !@rest && !$server->listening;
    });
    die "what remains of httpd does not end\n" unless $gone;
    delete $server->{pid};
    return keys %left;
}

sub widows {
    my ($self, @numbers) = @_;
    Anshin::Server::wait_for(20, sub { return !grep { $self->is_ours($_) } @numbers });
    return grep { $self->is_ours($_) } @numbers;
}

# By their lines, since the parent and the worker write there as well, but about no client.
sub answered {
    my ($self) = @_;
    my %seen = map { $_ => 1 } map { /\[pid (\d+)[^\]]*\] \[(?:client|remote) / } split /\n/, $self->{server}->log;
    delete $seen{ $self->{server}->pid };
    my @numbers = sort keys %seen;
    return @numbers;
}

sub stacks {
    my ($self) = @_;
    my $text = '';
    for my $number (grep { $self->is_ours($_) } numbers()) {
        for my $thread (glob "/proc/$number/task/*") {
            my @calls = map { s/^\[<0>\] |\+0x.*//gr } split /\n/, proc($thread =~ s{^/proc/}{}r . '/stack');
            $text .= "$thread: " . join(' < ', @calls) . "\n";
        }
    }
    return $text;
}

sub locks {
    my ($self, $directory) = @_;
    my %name;
    File::Find::find({ no_chdir => 1, wanted => sub { $name{ (stat)[1] } = $_ if -f } }, $directory);
    my @held;
    for my $line (split /\n/, Anshin::PKI::read_text('/proc/locks')) {
        my ($inode) = $line =~ /\s[0-9a-f]+:[0-9a-f]+:(\d+)\s/ or next;
        push @held, "$name{$inode}: $line" if $name{$inode};
    }
    return @held;
}

# What is made under another name first: lists of the store's own such files, and of blobs.
sub stray_files {
    my ($self, $store) = @_;
    my (@stray, @blobs);
    File::Find::find({ no_chdir => 1, wanted => sub {
        return unless -f;
        push @stray, $_ if m{/(?:[^/]*\.(?:new|next|tmp)|control\.\d+)$};
        push @blobs, $_ if m{/[0-9a-f]{32}\.[\d.]+$};
    } }, $store);
    return (\@stray, \@blobs);
}

1;
