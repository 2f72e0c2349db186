# CLU-1, CLU-2, CLU-3: two machines on one store in PostgreSQL, each with its httpd, its worker and its state directory. What one ends is
# over at the other; both work, and nothing is done twice; what one that is killed had in hand, the other does.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Postgres;
use Anshin::Server;

my $p = Anshin::Postgres->new;
my @its = (postgres => $p, server => 'AnshinBackupAge none', contract => 'AnshinPasswordAttempts 3');
my $one = Anshin::Server->new(@its, node => 'one');
my $two = Anshin::Server->new(@its, node => 'two', node_of => $one);
$one->{nodes} = [$two];
$_->start for $one, $two;

# The same browser, sent to the other machine by a balancer.
sub at_two { my ($c) = @_; return $c->clone(port => $two->port, ca => $two->server_ca, origin => $one->url(''), cookies => $c->{cookies}) }
sub count { my ($from) = @_; return $p->query($one->{database}, "SELECT count(*) FROM anshin.$from") }
sub nodes { my ($s) = @_; return join ' ', sort $s->htanshin('status')->{out} =~ /^node_silent_seconds\{node="(\w+)"\}/mg }

ok(Anshin::Server::wait_for(30, sub { nodes($two) eq 'one two' }), 'STA-1: status of a machine tells of all') or diag($two->htanshin('status')->{out}, $two->log);

# --- users, certificates, mails: each once ---

my @people = map { Anshin::Person->add($one, "p-01-usr00$_", method => 'certificate') } 1 .. 4;
for my $n (0 .. 3) {
    my $c = $one->client;
    $people[$n]->register($n % 2 ? at_two($c) : $c);
}
$_->fetch for @people;
is(count('certificate'), 4, 'CLU-1: users register at both machines, and of two workers each certificate is made once');
ok(Anshin::Server::wait_for(20, sub { count('job') eq '0' }), 'and no job is left');
is(join(' ', map { scalar grep { /download/ } $_->texts } @people), '1 1 1 1', 'CLU-1: each has one mail, on whichever machine');

# --- what is ended at one is over at the other ---

my $person = $people[0];
my $c = $one->client(cert => $person->{pem});
is($person->login($c)->status, 303, 'somebody logs in at one machine');
my $d = at_two($c);
is($d->get('/members/')->status, 200, 'CLU-2: and is let in by the other');
is($one->htanshin('user', 'lock', $person->{user})->{status}, 0, 'an operator locks the user at the one');
isnt($d->get('/members/')->status, 200, 'CLU-2: the other refuses the next request of the same connection');
is($two->htanshin('user', 'unlock', $person->{user})->{status}, 0, 'the lock is lifted at the other');
is($person->login($c)->status, 303, 'and one logs in again at the first');
$d = at_two($c);
is($d->get('/members/')->status, 200, 'CLU-2: the other lets in');
is($one->htanshin('cert', 'revoke', '--user', $person->{user})->{status}, 0, 'the certificate is revoked at the one');
isnt($d->get('/members/')->status, 200, 'CLU-2: the other refuses it at once');

# --- one list of what is revoked ---

my %told;    # number of a list -> what it is
sub crl {
    my ($from) = @_;
    my $r = $from->client->get('/anshin/ca/ca.crl');
    my $file = $from->root . '/seen.crl';
    Anshin::PKI::write_text($file, $r->body);
    my $text = $from->run(qw(openssl crl -inform DER -noout -text -in), $file, { env => 1 })->{out};
    my ($number) = $text =~ /CRL Number:\s*(\d+)/;
    $told{ $number // 0 }{ $r->body } = 1;
    return { number => $number // 0, serials => { map { $_ => 1 } $text =~ /Serial Number: (\w+)/g }, octets => $r->body };
}
sub files { my ($s) = @_; return join '', map { Anshin::Server::text_of($s->state . "/crl/ca.$_") } qw(crl crl.pem) }
sub serials { my ($who) = @_; return $one->htanshin('--json', 'cert', 'list', '--user', $who->{user})->{out} =~ /"serial": ?"(\w+)"/g }
sub is_listed { my ($list, @serials) = @_; return @serials && !grep { my $serial = $_; !grep { lc($_) =~ /^0*\Q$serial\E$/ } keys %{ $list->{serials} } } map { lc =~ s/^0+//r } @serials }

my @first = serials($person);
ok(Anshin::Server::wait_for(30, sub { is_listed(crl($one), @first) && is_listed(crl($two), @first) }), 'CRT-6, CLU-1: both machines list it');
ok(Anshin::Server::wait_for(30, sub { files($one) eq files($two) }), 'CLU-1: the files of both are the same');
my ($last, $back, @revoked) = (0, 0);
for my $n (2, 3) {
    my $at = $n % 2 ? $one : $two;
    push @revoked, serials($people[$n]);
    is($at->htanshin('cert', 'revoke', '--user', $people[$n]{user})->{status}, 0, 'a certificate is revoked at ' . $at->{node});
    my $all = sub {
        my @lists = map { crl($_) } $one, $two;    # one machine after the other, as behind a balancer
        for my $list (@lists) { $back++ if $list->{number} < $last; $last = $list->{number} }
        return !grep { !is_listed($_, @first, @revoked) } @lists;
    };
    ok(Anshin::Server::wait_for(30, $all), 'CRT-6, CLU-1: both machines list it and those before');
}
is($back, 0, 'CLU-1: no number of a list goes back, whichever machine is asked');
is(join(' ', grep { keys %{ $told{$_} } > 1 } keys %told), '', 'CLU-1: and none is given to two lists');

# --- guesses at both ---

my $guessed = $people[1];
for my $n (1 .. 3) {
    my $guesser = $one->client(cert => $guessed->{pem});
    $guessed->login($n % 2 ? $guesser : at_two($guesser), password => "Wrong-word-$n");
}
isnt($guessed->login($one->client(cert => $guessed->{pem}))->status, 303, 'LCK-1: guesses at both machines count together');
is($two->htanshin('user', 'unlock', $guessed->{user})->{status}, 0, 'which is a lock');
is($guessed->login($one->client(cert => $guessed->{pem}))->status, 303, 'that an operator lifts');

is(join(' ', map { $_->log =~ /(AN187\d)/g } $one, $two), '', 'CLU-3: while both live, neither takes the other for gone');
unlike($one->htanshin('status')->{out}, qr/has given no sign/, 'STA-1: and status complains of none');

# --- the server ---

my $at = sub { my ($name) = @_; my ($value) = $one->htanshin('status')->{out} =~ /^\Q$name\E (\S+)$/m; return $value // 'none' };
cmp_ok($at->('database_version'), '>=', 13, 'STA-1: status tells the version of PostgreSQL');
ok(Anshin::Server::wait_for(20, sub { my $idle = $at->('database_connections{state="idle"}'); $idle ne 'none' && $idle >= 4 }), 'STA-1: the connections of both machines');
is($at->('database_standbys{state="synchronous"}'), 'none', 'STA-1: of standbys nothing, since the role may not see them');
like($one->htanshin('--json', 'check')->{out}, qr/"id": ?"standbys-unseen"/, 'ADM-1: which check says');
$p->query('postgres', 'GRANT pg_read_all_stats TO anshin');
unlike($one->htanshin('--json', 'check')->{out}, qr/"id": ?"standbys/, 'ADM-1: of one that has none check says nothing');
is($at->('database_standbys{state="synchronous"}'), 0, 'STA-1: then that there are none');
$p->standby;
ok(Anshin::Server::wait_for(20, sub { $at->('database_standbys{state="asynchronous"}') eq '1' }), 'STA-1: one that is asynchronous is told of');
like($one->htanshin('status')->{out}, qr/all standbys of PostgreSQL are asynchronous/, 'STA-1: and complained of');
like($one->htanshin('--json', 'check')->{out}, qr/"id": ?"standbys"/, 'ADM-1: by check, too');
$p->query('postgres', q{ALTER SYSTEM SET synchronous_standby_names = '*'});
$p->query('postgres', 'SELECT pg_reload_conf()');
ok(Anshin::Server::wait_for(20, sub { $at->('database_standbys{state="synchronous"}') eq '1' }), 'STA-1: one that is synchronous, too');
unlike($one->htanshin('status')->{out}, qr/standbys of PostgreSQL/, 'STA-1: without a complaint');
unlike($one->htanshin('--json', 'check')->{out}, qr/"id": ?"standbys/, 'ADM-1: by check neither');
like($at->('database_standby_lag_bytes'), qr/^\d+$/, 'STA-1: and how far it is behind');
my $held = $p->hold($one->{database});
ok(Anshin::Server::wait_for(10, sub { $at->('database_oldest_transaction_seconds') >= 2 }), 'STA-1: for how long the oldest transaction runs');
undef $held;
$held = $p->hold($one->{database}, PGUSER => 'anshin', PGPASSWORD => Anshin::Server::text_of($p->password) =~ s/\n//r, PGAPPNAME => 'anshin htanshin');
ok(Anshin::Server::wait_for(10, sub { $at->('database_command_transaction_seconds') >= 2 }), 'STA-1: that of a command, a dump for example, is told apart');
cmp_ok($at->('database_oldest_transaction_seconds'), '<', 2, 'STA-1: and is none that is complained of');
undef $held;
like($p->query('postgres', q{SELECT string_agg(DISTINCT application_name, ' ') FROM pg_stat_activity}), qr/anshin anshin-ca.*anshin (?:apache2|httpd)/, 'STA-1: each connection says whose it is');

# --- one is killed while it has a job in hand ---

sub processes {
    my ($s, $name) = @_;
    return grep { (readlink("/proc/$_/exe") // '') =~ m{^\Q$s->{root}\E/bin/$name} } map { m{(\d+)$} } glob '/proc/[0-9]*';
}
$two->stop;
kill STOP => processes($one, 'anshin-signer');
my $late = Anshin::Person->add($one, 'p-01-usr009', method => 'certificate');
$late->register;
ok(Anshin::Server::wait_for(30, sub { count('job WHERE due > extract(epoch FROM now()) * 1000000 + 300000000') ne '0' }), 'the only machine has a job in hand');
is($one->htanshin('cert', 'revoke', '--user', $guessed->{user})->{status}, 0, 'a certificate is revoked meanwhile');
push @revoked, serials($guessed);
kill KILL => -$one->pid, processes($one, '(?:anshin-ca|anshin-signer)');
waitpid $one->pid, 0;
$two->start;
ok($late->wait_text(qr{(https://\S+download\S*)}), 'CLU-3: what a machine that was killed had in hand, another one does');
like($two->log, qr/AN1876: the CA worker of one has given no sign for \d+ s; [1-9]\d* jobs/, 'and says so');
is(count('certificate'), 5, 'CLU-3: once');
ok(Anshin::Server::wait_for(90, sub { is_listed(crl($two), @first, @revoked) }), 'CRT-6, CLU-3: and what was revoked there last is listed, too');
cmp_ok(crl($two)->{number}, '>', $last, 'CLU-1: under a number that is higher');
like($two->htanshin('status')->{out}, qr/the CA worker of one has given no sign/, 'STA-1: status tells of it');

like($two->htanshin('mail', 'hand-over', 'one')->{err}, qr/NODE one: no mail waits/, 'CLU-3: for it no mail waits');

# --- one with another key ---

my $stranger = Anshin::Server->new(@its, node => 'three', node_of => $one, own_key => 1);
$stranger->start;
ok($stranger->wait_log(qr/AN1878: .*not the seal key of the machines that share the store/, 30), 'CLU-1: a machine with another seal key says so');
my $refused = $stranger->htanshin('user', 'show', $person->{user});
isnt($refused->{status}, 0, 'CLU-1: and can do nothing');
like($refused->{err}, qr/is not the seal key of the machines that share the store/, 'its command says why');
$stranger->stop;
unlike($stranger->log, qr/AN0760/, 'its worker never begins');
is($two->htanshin('user', 'show', $person->{user})->{status}, 0, 'which changes nothing for the others');

# --- two of one name ---

my $twin = Anshin::Server->new(@its, node => 'two', node_of => $one);
$twin->start;
ok($twin->wait_log(qr/AN1872: another machine is at work under the name two/, 30), 'CLU-1: a second machine of one name does no work');
$twin->stop;
unlike($twin->log, qr/AN0760/, 'and never begins');
is(join('', map { $_->faults } $two, $twin), '', 'nothing crashed');
done_testing;
