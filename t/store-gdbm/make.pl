#!/usr/bin/perl
# Makes the sample store of type gdbm: see README. To be run after make all:
#
#   perl -It/lib t/store-gdbm/make.pl t/store-gdbm
use strict;
use warnings;
use utf8;
use JSON::PP ();
use Anshin::Person;
use Anshin::Server;

my $into = shift or die 'where to?';
my $s = Anshin::Server->new(contract => 'AnshinLoginMethods certificate password', server => 'AnshinStore dbm:gdbm')->start;
my $state = $s->state;
my %told;
for my $method (qw(password certificate)) {
    my $p = Anshin::Person->add($s, "gdbm-$method", method => $method);
    $p->register;
    my $c = $s->client($method eq 'certificate' ? (cert => $p->fetch) : ());
    $p->login($s->client, password => 'wrong-Pass-1');
    $p->login($c)->status == 303 or die $p->{user};
    $told{ $p->{user} } = { map { $_ => $p->{$_} } qw(user method address password) };
    $told{ $p->{user} }{cookie} = $c->{cookies}{'__Host-anshin-p-01'};
}

# A base holds what came before a checkpoint; the one after next holds what came between.
for my $round (1, 2) {
    my $bases = sub { my ($newest) = sort { $b <=> $a } map { /base\.(\d+)$/ ? $1 : () } glob "$state/store/*"; return $newest // 0 };
    my $before = $bases->();
    my $filled = $s->run(Anshin::Server::out() . '/tools/fill', $state, "filler-$round", 150, 'gdbm', { env => 1 });
    die $filled->{err} if $filled->{status};
    Anshin::Server::wait_for(60, sub { return $bases->() > $before }) or die 'no checkpoint: ' . join ' ', glob "$state/store/*";
}
Anshin::Person->add($s, 'gdbm-pending');
my $time = time;
$s->stop;
my $dump = $s->htanshin('dump');
die $dump->{err} if $dump->{status};
my $records = JSON::PP::decode_json((split /^/, $dump->{out})[0])->{records};
my @parts = grep { -e "$state/$_" } qw(store seal.key ca mail);
system('tar', '-C', $state, '--owner=0', '--group=0', '--sort=name', '--sparse', '-czf', "$into/state.tar.gz", @parts) == 0 or die 'tar';
Anshin::PKI::write_text("$into/known.json", JSON::PP->new->utf8->canonical->pretty->encode({ made_at => $time, users => \%told, records => $records }));
$s->remove;
