package Anshin::Token;
# A token without hardware (softhsm), with one key, for the CA (CAS-3).
#
#   my $t = Anshin::Token->new("$root/token", owner => 'nobody', key => $pem);   # PKCS#8 file; the key is called "ca"
#   $t->uri;                      # for AnshinCAKey
#   my $program = $t->program;    # for AnshinCAPassphrase: prints what say() has set last, the right PIN at first
#   $t->say('Another-pin');       # pin(): the right one
#   $t->logins;                   # how many PINs the token has got by our module, right or wrong
#   $t->remove;  $t->return;      # no signature any more, and again
#   $t->forget;                   # the token does not tell any more that it got a wrong PIN
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use Anshin::PKI;
use Anshin::Server;

# Such as no number or digest in a log holds by chance.
my $pin = 'Pin-of-the-token';

sub pin { return $pin }

sub new {
    my ($class, $directory, %want) = @_;
    my $self = bless { directory => $directory, %want }, $class;
    make_path("$directory/tokens");
    my ($module) = grep { -e } map { "$_/token.so" } Anshin::Server::out(), Anshin::Server::top() . '/apxs-build/out';
    copy($module, "$directory/token.so") or die "token.so: $!";
    Anshin::PKI::write_text("$directory/softhsm2.conf", "directories.tokendir = $directory/tokens\nobjectstore.backend = file\nlog.level = ERROR\n");
    Anshin::PKI::write_text("$directory/logins", '');
    $self->tool('--init-token', '--free', '--label', 'anshin test', '--so-pin', '5678', '--pin', $pin);
    $self->import_key($want{key}, 'ca', 'a1');
    chmod 0755, $directory;
    $self->say($pin);
    return $self;
}

# One more key.
sub import_key {
    my ($self, $file, $label, $id) = @_;
    $self->tool('--import', $file, '--token', 'anshin test', '--label', $label, '--id', $id, '--pin', $pin);
    my $directory = $self->{directory};
    chown +(getpwnam $self->{owner})[2], -1, split /\n/, `find $directory/tokens $directory/logins` if $> == 0;
    return;
}

sub tool {
    my ($self, @arguments) = @_;
    local $ENV{SOFTHSM2_CONF} = "$self->{directory}/softhsm2.conf";
    my $quoted = join ' ', map { "'$_'" } @arguments;
    my $said = `softhsm2-util $quoted 2>&1`;
    die "softhsm2-util: $said" if $?;
    return;
}

sub uri { my ($self) = @_; return "pkcs11:token=anshin%20test;object=ca;id=%A1?module-path=$self->{directory}/token.so" }
sub program { return "$_[0]{directory}/pin" }

sub say {
    my ($self, $said) = @_;
    Anshin::PKI::write_text($self->program, "#!/bin/sh\necho '$said'\n");
    chmod 0755, $self->program;
    return;
}

sub logins { my ($self) = @_; return length Anshin::PKI::read_text("$self->{directory}/logins") }
sub remove { my ($self) = @_; return Anshin::PKI::write_text("$self->{directory}/removed", '') }
sub return { my ($self) = @_; return unlink "$self->{directory}/removed" }
sub forget { my ($self) = @_; return Anshin::PKI::write_text("$self->{directory}/forgets", '') }

1;
