package Anshin::Sample;
# A state directory that an earlier commit left, of t/store-2d05b07 or t/store-gdbm.
#
#   my $known = Anshin::Sample::known('store-gdbm');    # what its known.json says
#   Anshin::Sample::give('store-gdbm', $server);        # into the state directory of a server that does not run
#   my ($said, $place) = Anshin::Sample::restored('store-gdbm', $server);
use strict;
use warnings;
use JSON::PP ();
use Anshin::Server;

sub folder { my ($name) = @_; return Anshin::Server::top() . "/t/$name" }
sub known  { my ($name) = @_; return JSON::PP->new->utf8->decode(Anshin::PKI::read_text(folder($name) . '/known.json')) }

# In the hands of those who have it here.
sub give {
    my ($name, $s) = @_;
    my $state = $s->state;
    my $lists = $s->run('tar', '-xzpf', folder($name) . '/state.tar.gz', '--no-same-owner', '-C', $s->root . '/run', 'ca', 'store', 'seal.key', 'mail');
    die $lists->{err} if $lists->{status};
    for my $file (qw(ca.crt ca.key)) {    # over what was just made, with its owner and mode
        Anshin::PKI::write_text("$state/ca/$file", Anshin::PKI::read_text($s->root . "/run/ca/$file"));
    }
    $s->run('sh', '-c', 'rm -rf "$2/store" "$2/mail"; mv "$1/store" "$1/mail" "$1/seal.key" "$2/"', 'sh', $s->root . '/run', $state);
    $s->run('chown', '-R', ($s->{worker} // '') . ":$s->{group}", map { "$state/$_" } qw(store mail)) if $s->{group};
    $s->run('chown', "root:$s->{group}", "$state/seal.key") if $s->{group};    # as a start of that commit made it
    return;
}

# Backed up just as it was left, with the configuration of a server that does not run, and restored elsewhere: what was said where
# something failed, or ''; and the place.
sub restored {
    my ($name, $s) = @_;
    my ($old, $new, $archive) = map { $s->root . "/$name$_" } '', '.new', '.tar';
    my $said = '';
    my $do = sub { my $r = $s->run(@_, { env => 1 }); $said .= "@_: $r->{status}: $r->{err}$r->{out}\n" if $r->{status}; return };
    my @command = $s->root . '/bin/htanshin';
    $do->('sh', '-c', 'mkdir -m 750 "$2" && tar -xzpf "$1" --no-same-owner -C "$2" ca store seal.key mail && cp "$3" "$2/"', 'sh', folder($name) . '/state.tar.gz', $old, $s->state . '/config.json');
    $do->(@command, '-d', $old, 'state', 'prepare');
    $do->(@command, '-d', $old, 'backup', $archive, '--keys', 'with');
    $do->(@command, '-d', $new, 'restore', $archive);
    $do->(@command, '-d', $new, 'store', 'check');
    return ($said, $new);
}

1;
