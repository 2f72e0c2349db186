package Anshin::Postgres;
# A PostgreSQL server of a suite's own, on a socket in a directory of its own; gone when the object is.
#
#   my $p = Anshin::Postgres->new;            # a database "anshin_template" with the tables of the store
#   $p->directory;  $p->create($database);  $p->query($database, $sql);  $p->pid;
#   $p->stop('immediate');  $p->start;        # smart, fast, immediate
#   $p->standby;                              # another server, which follows; gone with it
#   my $held = $p->hold($database, %environment);    # a transaction that stays open as long as the object lives
#   $p->environment;                          # of libpq's programs, as the server's own user
#
#   $p->password;                             # of the role anshin: the name of the file, for AnshinStorePassword
#
# Who may connect is what the guide says: the role anshin, whoever has its password.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Path qw(remove_tree);
use File::Temp;
use IO::Handle;
use POSIX ();
use Anshin::PKI;
use Anshin::Server;

sub new {
    my ($class, %want) = @_;
    my $self = bless { owner => $$, directory => File::Temp::tempdir('anshin-pg-XXXXXXXX', TMPDIR => 1), settings => $want{settings} // '' }, $class;
    ($self->{bin}) = grep { -x "$_/initdb" && -x "$_/psql" } split(/:/, $ENV{PATH}), reverse sort glob '/usr/lib/postgresql/*/bin';
    $self->{bin} or die "no initdb: apxs-build/deps test installs PostgreSQL\n";
    chmod 0755, $self->{directory};
    $self->{user} = $> == 0 ? 'postgres' : scalar getpwuid $>;
    chown +(getpwnam 'postgres')[2, 3], $self->{directory} if $> == 0;
    $self->program('initdb', '-D', "$self->{directory}/data", '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '-N');
    $self->admit;
    $self->start;
    $self->guided('createuser');
    $self->make_password;
    $self->make_template;
    return $self;
}

sub directory   { return $_[0]{directory} }
sub password    { return "$_[0]{directory}/password" }
sub environment { my ($self) = @_; return (PGHOST => $self->{directory}, PGUSER => 'postgres', $> == 0 ? () : (PGREQUIREPEER => $self->{user})) }

# The server's own programs will not run as root.
sub program {
    my ($self, $name, @arguments) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', '/dev/null' or POSIX::_exit(1);
        if ($> == 0) {
            my ($uid, $gid) = (getpwnam $self->{user})[2, 3];
            $( = $gid;
            $) = "$gid $gid";
            POSIX::setuid($uid);
        }
        chdir $self->{directory} or POSIX::_exit(1);
        exec { "$self->{bin}/$name" } $name, @arguments or POSIX::_exit(1);
    }
    waitpid $pid, 0;
    $? == 0 or die "$name: exit status $?\n" . Anshin::Server::text_of("$self->{directory}/log");
    return;
}

# A line of the guide's section, which is set in; what it begins with.
sub guide {
    my ($begins, $language) = @_;
    my ($section) = Anshin::Server::text_of(Anshin::Server::top() . '/htdocs/manual/' . ($language // 'en') . '/operator.md') =~ /^(## [^\n]*PostgreSQL.*?)^## /ms;
    my ($line) = $section =~ /^    (\Q$begins\E.*?)(?: +#.*)?$/m or die "the guide has no line \"$begins\"\n";
    return $line;
}

# Its users; here any database will do.
sub admit {
    my ($self) = @_;
    my $admits = guide('local ') =~ s/^local anshin/local all/r;
    Anshin::PKI::write_text("$self->{directory}/data/pg_hba.conf", "local all postgres trust\nlocal replication postgres trust\n$admits\n");
    return;
}

# In its file, whose mode and group the guide names; the group is Anshin::Server's AnshinGroup.
sub make_password {
    my ($self) = @_;
    my ($mode) = guide('sudo install -m ') =~ /-m (\d+)/;
    my $password = unpack 'H*', join '', map { chr int rand 256 } 1 .. 24;
    Anshin::PKI::write_text($self->password, "$password\n");
    chmod oct $mode, $self->password;
    chown 0, scalar(getgrnam 'daemon'), $self->password if $> == 0;
    $self->query('postgres', "ALTER ROLE anshin PASSWORD '$password'");
    return;
}

# One of its commands, as the server's own user; name in place of the last word.
sub guided {
    my ($self, $command, $name) = @_;
    my (undef, undef, undef, $program, @arguments) = split ' ', guide("sudo -u postgres $command ");
    $arguments[-1] = $name // $arguments[-1];
    local @ENV{qw(PGHOST PGUSER)} = ($self->{directory}, 'postgres');
    $self->program($program, @arguments);
    return;
}

sub start {
    my ($self) = @_;
    my $options = join ' ', "-k $self->{directory}", map { "-c $_" } 'listen_addresses=', 'max_connections=100', 'shared_buffers=32MB', split / /, $self->{settings};
    $self->program('pg_ctl', 'start', '-w', '-D', "$self->{directory}/data", '-l', "$self->{directory}/log", '-o', $options);
    return;
}

sub stop {
    my ($self, $how) = @_;
    $self->program('pg_ctl', 'stop', '-w', '-m', $how // 'immediate', '-D', "$self->{directory}/data");
    return;
}

sub standby {
    my ($self) = @_;
    my $its = "$self->{directory}/standby";
    $self->program('pg_basebackup', '-h', $self->{directory}, '-U', 'postgres', '-D', $its, '-R', '-c', 'fast');
    mkdir "$self->{directory}/second" or die "second: $!";
    chown +(getpwnam 'postgres')[2, 3], "$self->{directory}/second" if $> == 0;
    my $options = join ' ', "-k $self->{directory}/second", map { "-c $_" } 'listen_addresses=', 'max_connections=100', 'shared_buffers=32MB';
    $self->program('pg_ctl', 'start', '-w', '-D', $its, '-l', "$self->{directory}/standby.log", '-o', $options);
    $self->{standby} = $its;
    return;
}

sub hold {
    my ($self, $database, %as) = @_;
    local @ENV{qw(PGHOST PGUSER), keys %as} = ($self->{directory}, 'postgres', values %as);
    open my $to, '|-', "$self->{bin}/psql", '-XAtq', '-d', $database or die "psql: $!";
    $to->autoflush(1);
    print $to "BEGIN; SELECT txid_current() > 0 AS held \\gset\n";
    return $to;
}

sub query {
    my ($self, $database, $sql) = @_;
    local @ENV{qw(PGHOST PGUSER)} = ($self->{directory}, 'postgres');
    open my $from, '-|', "$self->{bin}/psql", '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-c', $sql or die "psql: $!";
    local $/;
    my $said = <$from> // '';
    close $from or die "psql: $sql\n";
    $said =~ s/\n\z//;
    return $said;
}

sub create {
    my ($self, $name, $template) = @_;
    $self->query('postgres', qq{CREATE DATABASE "$name" OWNER anshin} . ($template ? qq{ TEMPLATE "$template"} : ''));
    return;
}

sub make_template {
    my ($self) = @_;
    $self->guided('createdb', 'anshin_template');
    $self->query('anshin_template', "SET ROLE anshin;\n" . Anshin::Server::text_of(Anshin::Server::top() . '/schema/postgresql/001_store.sql'));
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $? = 0;
    eval { $self->program('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', $self->{standby}) } if $self->{standby};
    eval { $self->stop };
    remove_tree($self->{directory}) unless $ENV{ANSHIN_KEEP};
    return;
}

1;
