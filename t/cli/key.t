# Rotation of the seal key (BAK-2), under load, with the worker killed in the midst: everything that was sealed opens, every link
# that waits works, nobody who is logged in notices; then the old key goes, and the trail is still whole. A leaked key, and
# backups of before, in the midst and after.
use strict;
use warnings;
use lib 't/lib';
use Fcntl qw(:flock :mode);
use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Ledger;
use Anshin::Load;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => Anshin::Load::contract(), loglevel => 'notice')->start;
my $key = $s->state . '/seal.key';

sub slurp { my ($name) = @_; open my $file, '<:raw', $name or return ''; local $/; return readline($file) // '' }

sub answer {
    my ($what, @arguments) = @_;
    my $r = $s->htanshin('--json', @arguments);
    is($r->{status}, 0, "$what: exit code 0") or diag($r->{err});
    return $r->{status} ? {} : decode_json($r->{out});
}

sub whole {
    my ($what) = @_;
    my $checked = answer("BAK-2: store check, $what", 'store', 'check');
    is($checked->{broken}, 0, "BAK-2: everything opens, $what");
    is($s->htanshin('audit', 'verify')->{status}, 0, "BAK-2: the trail is whole, $what") or diag($s->htanshin('audit', 'verify')->{out});
    return $checked;
}

sub workers {
    my @stats = grep { slurp($_) =~ /^\d+ \(anshin-ca\)/ } glob '/proc/[0-9]*/stat';
    return grep { slurp("/proc/$_/cmdline") =~ m{\Q@{[ $s->root ]}\E/} } map { m{/(\d+)/} } @stats;
}

# --- before ---

my $waits = Anshin::Person->add($s, 'k-waits', method => 'certificate');    # a file that waits to be fetched
$waits->register($s->client);
my $path = $waits->download_path;
my $invited = Anshin::Person->add($s, 'k-invited');                        # links that wait
my $late = Anshin::Person->add($s, 'k-late');
my $unfetched = Anshin::Person->add($s, 'k-unfetched', method => 'certificate');
$unfetched->register($s->client);
my $inside = $s->client;
my $q = Anshin::Person->add($s, 'k-inside');
$q->register($inside);
$q->login($inside);
my $page = $inside->get('/anshin/password');                              # a form that is open
is($page->status, 200, 'a form is open');
is($s->htanshin('backup', $s->root . '/before', '--keys', 'apart')->{status}, 0, 'a backup of before');
is($s->htanshin('backup', $s->root . '/before-keys', '--keys', 'only')->{status}, 0, 'and of its key');
my $none = answer('before', 'key', 'status');
like($none->{state}, qr/^no rotation/, 'no rotation is under way');
like($s->htanshin('key', 'status', { lang => 'ja_JP.UTF-8' })->{out}, qr/^状態: +鍵の交換は行われていません$/m, 'INS-7: a state is told in Japanese');

my @ledgers = map { $s->root . "/ledger-$_" } 1, 2;
my $stop = $s->root . '/stop';
my @actors = map { Anshin::Load->start($s, $_, stop => $stop, ledger => $ledgers[ $_ - 1 ], seed => $_) } 1, 2;
ok(Anshin::Server::wait_for(60, sub { my $tally = Anshin::Ledger->read(grep { -e } @ledgers)->tally; ($tally->{'logins acknowledged'} // 0) > 1 }),
    'people come');

# --- the change ---

my $old = slurp($key);
Anshin::PKI::write_text("$key.mine", 'of the operator');
open(my $backup, '-|', $s->root . '/bin/htanshin', '-d', $s->state, 'backup', '-', '--keys', 'with') or die $!;
binmode $backup;
read $backup, my $begun, 512;                                             # it waits for whoever reads
my $made = answer('BAK-2: a new key', 'key', 'rotate');
like($made->{state}, qr/the new key is in use/, 'BAK-2: it is in use') or diag(explain $made);
like($made->{next}, qr/^run htanshin backup --keys only now: it has both keys/, 'BAK-2: and the backup of both keys is called for');
isnt(slurp($key), $old, 'another key');
is(slurp("$key.old"), $old, 'the old one beside it');
ok(!-e "$key.new", 'none is announced any more');
is(S_IMODE((stat $_)[2]), 0640, "mode of $_") for $key, "$key.old";
is((stat $key)[5], (stat "$key.old")[5], 'of one group');
my ($kills, $broken_off) = (0, 0);
for (1 .. 3) {
    my $killed = kill KILL => workers();
    $kills += $killed;
    my $then = decode_json($s->htanshin('--json', 'key', 'status')->{out});
    $broken_off += $killed && !$then->{sealed_anew} && $then->{sealed_with_the_old_key} > 0;
    sleep 0.4;
}
cmp_ok($kills, '>', 0, "the worker was killed: $kills");
cmp_ok($broken_off, '>', 0, "BAK-2: in the midst of a pass, which left something by the old key: $broken_off");
{ local $/ = \65536; 1 while readline $backup }
ok(!close $backup, 'BAK-2: a backup that spans the change fails');
is($s->htanshin('backup', $s->root . '/midst', '--keys', 'with')->{status}, 0, 'BAK-2: a backup in the midst');
is($inside->submit($page, { current => $q->{password}, password => 'Neu-2026-Wort', password_confirm => 'Neu-2026-Wort' })->status, 303,
    'BAK-2: a form that was open is taken');
is($inside->get('/anshin/account')->status, 200, 'who was logged in still is');
ok(eval { $invited->register($s->client); 1 }, 'BAK-2: an invitation of before works') or diag($@);
ok(eval { length $waits->fetch($s->client) }, 'BAK-2: a file of before is fetched') or diag($@);
ok(Anshin::Server::wait_for(60, sub { my $r = $s->htanshin('--json', 'key', 'status'); !$r->{status} && decode_json($r->{out})->{sealed_anew} }),
    'BAK-2: all is sealed anew');
my $status = answer('BAK-2: key status', 'key', 'status');
is($status->{sealed_with_the_old_key}, 0, 'nothing is by the old key');
cmp_ok($status->{links_made_with_the_old_key}, '>', 0, 'a link is: ' . ($status->{links_made_with_the_old_key} // ''));
is(whole('in the midst')->{old_key}, 0, 'store check tells of none by the old key');
like(answer('BAK-2: again', 'key', 'rotate', '--now')->{state}, qr/links .* wait/, 'BAK-2: the old key waits for links');
ok(-e "$key.old", 'and is there');
Anshin::PKI::write_text($stop, '');
$_->wait(60) for @actors;
my $ledger = Anshin::Ledger->read(@ledgers);
is(scalar($ledger->complaints), 0, 'BAK-2: nobody of the load has anything to complain about') or diag(explain [ $ledger->complaints ]);

# Files that cannot be read are told of while everything runs, not only by the next start.
rename $key, "$key.away" or die $!;
ok($s->wait_log(qr/AN1895: the files of the seal key cannot be read: seal\.key is not there/), 'BAK-2: the worker tells of a key file that is gone');
rename "$key.away", $key or die $!;
ok($s->wait_log(qr/AN1896: the files of the seal key can be read again/), 'and when it is there again');
is(scalar(() = $s->log =~ /AN1895/g), 1, 'once');

# --- a leaked one ---

$made = answer('BAK-2: a leaked key', 'key', 'rotate', '--leaked');
cmp_ok($made->{sessions_ended}, '>', 0, 'sessions end');
cmp_ok($made->{links_ended}, '>', 0, 'links end');
my ($known) = grep { $_->{terminal} eq 'p-01/k-unfetched/1' } @{ $made->{certificates} };
like($known->{serial}, qr/^[0-9A-Fa-f:]{8,}$/, 'BAK-2: a certificate whose file waited is named') or diag(explain $made);
like($made->{state}, qr/wiped/, 'BAK-2: the rotation is over') or diag(explain $made);
ok(!-e "$key.old", 'BAK-2: the old key is gone');
is(join(' ', grep { $_ ne $key && slurp($_) eq $old } glob $s->state . '/*'), '', 'and no copy of it');
isnt($inside->get('/anshin/account')->status, 200, 'nobody is logged in');
my $c = $s->client;
is($c->follow($c->get($late->{path}))->status, 410, 'a link that waited is over');
is(slurp("$key.mine"), 'of the operator', 'what the operator put beside it stays');
like($made->{next}, qr/^run htanshin backup --keys only/, 'BAK-2: the backup of the new key is called for');
my $n = Anshin::Person->add($s, 'k-new');
ok(eval { $n->register($s->client); 1 }, 'a new one works') or diag($@);
is($n->login($s->client)->status, 303, 'and so does a login');
whole('afterwards');
like($s->htanshin('audit', 'show', '--user', 'k-waits')->{out}, qr/k-waits/, 'BAK-2: the trail of before still tells whom it is about');
like($s->htanshin('audit', 'show')->{out}, qr/seal_key_changed.*seal_key_leaked.*seal_key_removed/s, 'and of the rotation');
like(answer('afterwards', 'key', 'status')->{state}, qr/^no rotation/, 'none is under way');

# One at a time; and one that was killed while it wiped.
open my $held, '<', $s->state or die $!;
flock $held, LOCK_EX or die $!;
my $second = $s->htanshin('key', 'rotate');
isnt($second->{status}, 0, 'BAK-2: one at a time');
like($second->{err}, qr/another htanshin key rotate is at work/, 'and why');
close $held or die $!;
my ($present, $going) = (slurp($key), "$key.old.0123456789abcdef");
Anshin::PKI::write_text($going, $old);
like(answer('killed while it wiped', 'key', 'status')->{state}, qr/not wiped yet/, 'BAK-2: key status tells what is not wiped');
like(answer('killed while it wiped', 'key', 'rotate')->{state}, qr/is wiped; .* none was begun/, 'BAK-2: key rotate wipes it');
ok(!-e $going && slurp($key) eq $present, 'and the key stays');

# --- backups ---

my $t = Anshin::Server->new(no_ca => 1);
$t->start->stop;
my @place = ($t->root . '/bin/htanshin', '-d', $s->state);
my $try = sub { my $r = $s->run(@place, 'restore', @_, '--check', { env => 1 }); return ($r->{status}, "$r->{out}$r->{err}") };
my ($code, $says) = $try->($s->root . '/before');
is($code, 2, 'BAK-2: a backup of before is not opened by the new key');
like($says, qr/rotated since, give the backup of the key of then with --keys/, 'and it says what is missing');
($code, $says) = $try->($s->root . '/before', '--keys', $s->root . '/before-keys');
is($code, 0, 'BAK-2: by the key of then it is') or diag($says);
($code, $says) = $try->($s->root . '/midst', '--trust-keys');
is($code, 0, 'BAK-2: one that was made in the midst has both keys') or diag($says);
is($s->htanshin('backup', $s->root . '/after')->{status}, 0, 'a backup of after');
($code, $says) = $try->($s->root . '/after');
is($code, 0, 'BAK-2: which the key at hand opens') or diag($says);

Anshin::Person->add($s, 'k-last', method => 'certificate')->register($s->client);

# A lost key: nobody starts with another one.
$s->stop;
rename $key, "$key.lost" or die $!;
Anshin::PKI::write_text($key, 'x' x 32);
chmod 0640, $key;
chown((stat "$key.lost")[ 4, 5 ], $key);
my $r = $s->htanshin('key', 'rotate');
is($r->{status}, 2, 'BAK-2: with a wrong key nothing is rotated');
like($r->{err}, qr/not the seal key that this store was last used with/, 'and why');
like($s->htanshin('key', 'rotate', { lang => 'ja_JP.UTF-8' })->{err}, qr/このストアで最後に使った封印の鍵（\S+）ではありません。何も変えていません \(AN1656\)$/,
    'INS-7: in Japanese, though a process of its own has found it');
ok(!-e "$key.new", 'none was announced');
rename "$key.lost", $key or die $!;

# A leaked key is changed whatever else is broken.
my ($blob) = glob $s->state . '/store/blobs/*/*';
ok($blob, 'a sealed file is there');
Anshin::PKI::write_text($blob, 'x' x 40) if $blob;
$made = answer('BAK-2: with a damaged store', 'key', 'rotate');
like($made->{state}, qr/the new key is in use/, 'BAK-2: the key is changed all the same');
is($made->{damaged}, 1, 'BAK-2: and the damage is told') or diag(explain $made);
is($s->faults, 0, 'no faults');
done_testing;
