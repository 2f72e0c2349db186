# Backup and restore (BAK-1): a server under load is backed up, lost, and restored elsewhere; what was acknowledged before is
# there, none of it half. What is no backup of ours, or another's, is refused before anything is replaced.
use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use Fcntl qw(:mode);
use File::Find ();
use JSON::PP qw(decode_json encode_json);
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Ledger;
use Anshin::Load;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => Anshin::Load::contract(), loglevel => 'notice')->start;
my $folder = $s->root . '/backups';
mkdir $folder, 0700 or die $folder;

sub says {
    my ($what, $r, $status, $pattern) = @_;
    is($r->{status}, $status, "$what: exit code $status") or diag("$r->{out}$r->{err}");
    like("$r->{out}$r->{err}", $pattern, "$what: the reason");
    return;
}

sub slurp { my ($name) = @_; open my $file, '<:raw', $name or return ''; local $/; return scalar readline $file }

sub backups { return sort map { s{.*/}{}r } glob "$folder/anshin-*" }

# The sums of a folder anew, and its MAC by a seal key (as crypto/derive.c makes it: RFC 5869); without one that stays.
sub seal {
    my ($where, $key) = @_;
    my @names = slurp("$where/SHA256SUMS") =~ /^[0-9a-f]{64}  (.+)$/mg;
    my $sums = join '', map { sha256_hex(slurp("$where/$_")) . "  $_\n" } @names;
    Anshin::PKI::write_text("$where/SHA256SUMS", $sums);
    return unless defined $key;
    my $derived = hmac_sha256("anshin 1 mac backup\1", hmac_sha256(slurp($key), "\0" x 32));
    Anshin::PKI::write_text("$where/SHA256SUMS.mac", hmac_sha256_hex(sha256_hex($sums), $derived) . "\n");
    return;
}

# An archive whose first sealed file has another name, in a header that is right otherwise.
sub renamed {
    my ($text, $name) = @_;
    $text =~ m{store/blobs/../[0-9a-f]{32}\0} or die 'no sealed file';
    my $at = $-[0];
    die "no header at $at" if $at % 512;
    my $head = pack('a100', $name) . substr $text, $at + 100, 412;
    substr $head, 148, 8, ' ' x 8;
    substr $head, 148, 8, sprintf "%06o\0 ", unpack '%32C*', $head;
    substr $text, $at, 512, $head;
    return $text;
}

# Somebody whose certificate waits to be fetched: a sealed file.
my $p = Anshin::Person->add($s, 'p-01-waits', method => 'certificate');
$p->register($s->client);
my $path = $p->download_path;

# Somebody who is logged in.
my $q = Anshin::Person->add($s, 'p-01-inside');
my $inside = $s->client;
$q->register($inside);
$q->login($inside);
is($inside->get('/anshin/account')->status, 200, 'somebody is logged in');

# --- a backup of a server under load ---

my @ledgers = map { $s->root . "/ledger-$_" } 1, 2;
my $stop = $s->root . '/stop';
my @actors = map { Anshin::Load->start($s, $_, stop => $stop, ledger => $ledgers[ $_ - 1 ], seed => $_) } 1, 2;
my $enough = sub {
    my $tally = Anshin::Ledger->read(grep { -e } @ledgers)->tally;
    return !grep { ($tally->{"${_}s acknowledged"} // 0) < 2 } qw(register login change);
};
ok(Anshin::Server::wait_for(60, $enough), 'people register, log in and change their passwords');
my $from = time;
mkdir "$folder/anshin-20200101T000000Z.partial" or die "left: $!";
Anshin::PKI::write_text("$folder/anshin-20200101T000000Z.partial/BACKUP", '{}');
my $r = $s->htanshin('--json', 'backup', $folder);
my $until = time;
is($r->{status}, 0, 'BAK-1: a backup while all of this goes on') or diag($r->{err});
my $made = $r->{status} ? {} : decode_json($r->{out});
my ($first, @left) = reverse backups();
is("@left", '', 'what one left that was killed is gone');
is($made->{backup}, $first, 'the folder that was made is told');
is($made->{keys}, 'apart', 'the keys are not in it');
ok(!grep({ -e "$folder/$first/$_" } qw(seal.key ca/ca.key)), 'indeed');
ok(-e "$folder/$first/ca/ca.crt", 'the CA\'s certificate is');
my @wide;
File::Find::find(sub { my $mode = (lstat)[2]; push @wide, $File::Find::name if S_IMODE($mode) & 077 }, "$folder/$first");
is("@wide", '', 'modes 0700 and 0600, all of it');
is($s->run('sh', '-c', "cd $folder/$first && sha256sum --quiet -c SHA256SUMS", { env => 1 })->{status}, 0, 'sha256sum checks it');
is($s->htanshin('backup', $s->root . '/keys', '--keys', 'only')->{status}, 0, 'the keys alone, as a file');
is((stat $s->root . '/keys')[2] & 07777, 0600, 'for its owner alone');
Anshin::PKI::write_text($stop, '');
$_->wait(60) for @actors;
Anshin::Server::wait_for(30, sub { return !grep { $_->{state} !~ /^(?:sent|spooled|failed)$/ } @{ Anshin::Ledger::list($s, 'mail', 'list') } });

# --- a second one takes what is new ---

$r = $s->htanshin('backup', $folder);
is($r->{status}, 0, 'BAK-1: a second backup into the same directory');
my (undef, $second) = backups();
my ($shared, $own) = (0, 0);
File::Find::find(sub { return unless -f; (stat)[3] > 1 ? $shared++ : $own++ }, "$folder/$second");
cmp_ok($shared, '>', 0, "what was there already is shared: $shared files, $own of its own");
my ($base) = map { s{.*/}{}r } glob "$folder/$second/store/base.*";
is((stat "$folder/$second/store/$base")[1], (stat "$folder/$first/store/$base")[1] // -1, 'BAK-1: the base is the same file')
    if -e "$folder/$first/store/$base";
$r = $s->htanshin('store', 'check');
is($r->{status}, 0, 'BAK-1: store check, while the server runs') or diag("$r->{out}$r->{err}");
like($r->{out}, qr/^records: +[1-9]/m, 'has read records');

# --- an archive ---

my $archive = $s->root . '/all.tar';
is($s->htanshin('backup', $archive, '--keys', 'with')->{status}, 0, 'an archive with the keys');
like($s->run('tar', 'tf', $archive, { env => 1 })->{out}, qr/^BACKUP\n.*^seal\.key\n.*^SHA256SUMS\nSHA256SUMS\.mac\n\z/ms, 'tar lists it');
says('never over another', $s->htanshin('backup', $archive), 2, qr/is there already/);
$r = $s->htanshin('backup', '-');
is($r->{status}, 0, 'to the standard output');
cmp_ok(length $r->{out}, '>', 10_000, 'there it is');
my $stream = $r->{out};
is(scalar(() = $s->htanshin('audit', 'show')->{out} =~ /store_backed_up/g), 5, 'BAK-1: the trail tells of each');
SKIP: {
    skip 'needs /dev/full', 3 unless -c '/dev/full';
    $r = $s->run('sh', '-c', $s->root . '/bin/htanshin -d ' . $s->state . ' backup - >/dev/full', { env => 1 });
    says('a full disk', $r, 3, qr/cannot be written: No space/);
    my $gone = $s->root . '/reader-gone';
    $r = $s->run('bash', '-c', "{ until [ -e $gone ]; do sleep 0.01; done; " . $s->root . '/bin/htanshin -d ' . $s->state . " backup -; } | { exec 0<&-; touch $gone; }; exit \${PIPESTATUS[0]}", { env => 1 });
    is($r->{status}, 3, 'nobody reads: exit code 3');
}
$r = $s->run('sh', '-c', 'ulimit -f 20; ' . $s->root . '/bin/htanshin -d ' . $s->state . " backup $folder", { env => 1 });
isnt($r->{status}, 0, 'a file that cannot grow: no backup');
is(join(' ', backups()), "$first $second", 'and nothing of one is left');

# Killed at any moment: what is there is whole, and what was begun goes by itself.
my $killed = $s->root . '/killed';
mkdir $killed, 0700 or die $killed;
my $partial = sub { my @there = glob "$killed/*.partial"; return scalar @there };
my $seen = 0;
for (1 .. 20) {
    last if $seen == 3;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        exec $s->root . '/bin/htanshin', '-d', $s->state, 'backup', $killed or POSIX::_exit(127);
    }
    my $ended = 0;
    until ($partial->()) { last if $ended = waitpid $pid, WNOHANG }
    next if $ended;
    kill KILL => $pid;
    waitpid $pid, 0;
    $seen++;
    Anshin::Server::wait_for(10, sub { return !$partial->() });
}
is($seen, 3, 'killed while it was written');
is($partial->(), 0, 'BAK-1: killed: nothing half is left');
is(scalar(grep { !-e "$_/SHA256SUMS.mac" } glob "$killed/*"), 0, 'what is left is whole');
SKIP: {
    skip 'only root can be somebody else', 1 if $> != 0;
    my $nobody = getpwnam 'nobody';
    $r = $s->run('env', "SUDO_UID=$nobody", "SUDO_GID=$nobody", $s->root . '/bin/htanshin', '-d', $s->state, 'backup', $folder, { env => 1 });
    says('by a rule of sudo: as who called', $r, 2, qr/Permission denied/);
}

# --- lost ---

my $known = Anshin::Ledger::list($s, 'mail', 'list');
$s->stop;
rename $s->state, $s->root . '/lost' or die 'lost';

# Another path, another port.
my $t = Anshin::Server->new(contract => Anshin::Load::contract(), loglevel => 'notice', no_state => 1, no_ca => 1);
my @place = ($t->root . '/bin/htanshin', '-d', $t->state);
my $restore = sub { return $t->run(@place, '--json', 'restore', @_, { env => 1 }) };
my $gone = sub { my ($what) = @_; ok(!grep({ -e $t->state . $_ } '', '.restoring'), "$what: nothing is there"); return };

says('without keys', $restore->("$folder/$first"), 2, qr/has no keys: give the backup of them with --keys/);
$gone->('without keys');
says('the keys for the backup', $restore->($s->root . '/keys'), 2, qr/holds keys alone/);
my %spoilt = (
    'cut'                  => [ substr($stream, 0, length($stream) - 2048), qr/no backup of ours, or was cut/ ],
    'an octet otherwise'   => [ do { my $text = $stream; substr($text, index($text, 'store/base.') + 4000, 1) ^= "\1"; $text }, qr/was changed, or is damaged/ ],
    'no backup'            => [ 'x' x 4096, qr/no backup of ours, or was cut/ ],
    'empty'                => [ '', qr/no backup of ours, or was cut/ ],
    'another name'         => [ renamed($stream, 'store/blobs/00/' . '0' x 32), qr/was changed, or is damaged/ ],
    'a name that leads out' => [ renamed($stream, 'store/../../leads-out'), qr/no backup of ours, or was cut/ ],
    'one above'            => [ renamed($stream, '../leads-out'), qr/no backup of ours, or was cut/ ],
    'an absolute name'     => [ renamed($stream, $t->root . '/leads-out'), qr/no backup of ours, or was cut/ ],
);
for my $what (sort keys %spoilt) {
    my ($text, $pattern) = @{ $spoilt{$what} };
    $r = $t->run(@place, 'restore', '-', '--keys', $s->root . '/keys', { env => 1, stdin => $text });
    isnt($r->{status}, 0, "BAK-1: $what: refused");
    like($r->{err}, $pattern, "$what: the reason");
}
$gone->('what was spoilt');
my $copied = sub {
    my ($from, $name) = @_;
    $t->run('rm', '-rf', $t->root . "/$name", { env => 1 });
    $t->run('cp', '-r', $from, $t->root . "/$name", { env => 1 });
    return $t->root . "/$name";
};
my $copy = $copied->("$folder/$second", 'named');
Anshin::PKI::write_text("$copy/SHA256SUMS", slurp("$copy/SHA256SUMS") . '0' x 64 . "  store/../../leads-out\n");
says('BAK-1: sums that name what is outside', $restore->($copy, '--keys', $s->root . '/keys'), 2, qr/no backup of ours, or was cut/);
$copy = $copied->("$folder/$second", 'linked');
unlink "$copy/ca/ca.crt";
symlink "$folder/$second/ca/ca.crt", "$copy/ca/ca.crt" or die 'symlink';
says('BAK-1: a link in the folder', $restore->($copy, '--keys', $s->root . '/keys'), 2, qr{has no file ca/ca\.crt});
ok(!-e $t->root . '/leads-out', 'nothing was written outside');
$gone->('a folder that leads out');
# Sums that fit and a MAC that does not: made by who does not have the key. Its configuration, which says whom root would
# become and give the keys to, is not even read.
for my $forged (slurp("$folder/$second/config.json") . "\n", '{', slurp("$folder/$second/config.json") =~ s/(group"\s*:\s*)"[^"]*"/$1"no-such-group"/ir) {
    isnt($forged, slurp("$folder/$second/config.json"), 'another configuration');
    $copy = $copied->("$folder/$second", 'forged');
    Anshin::PKI::write_text("$copy/config.json", $forged);
    seal($copy);
    says('BAK-1: forged', $restore->($copy, '--keys', $s->root . '/keys'), 2, qr/changed by somebody who does not have the seal key/);
}
$gone->('forged');
my $foreign = Anshin::Server->new(no_ca => 1);
$foreign->start->stop;
is($foreign->htanshin('backup', $foreign->root . '/keys', '--keys', 'only')->{status}, 0, 'keys of another server');
says('BAK-1: another server\'s keys', $restore->("$folder/$first", '--keys', $foreign->root . '/keys'), 2, qr/not the one that this backup was made with/);
$gone->('another server\'s keys');

# One that brings its own key has a MAC that fits whoever made it.
mkdir $foreign->root . '/backups', 0700 or die 'backups';
is($foreign->htanshin('backup', $foreign->root . '/backups', '--keys', 'with')->{status}, 0, 'a backup of another server with its keys');
my ($theirs) = glob $foreign->root . '/backups/anshin-*';
$copy = $copied->($theirs, 'own');
my $apart = slurp("$copy/BACKUP") =~ s/"with"/"apart"/r;
Anshin::PKI::write_text("$copy/BACKUP", slurp("$copy/BACKUP") . "\n");
seal($copy, "$copy/seal.key");
$r = $restore->($copy, '--check');
says('its MAC made by this test', $r, 0, qr/by a key that it brought itself/);
Anshin::PKI::write_text("$copy/BACKUP", $apart);
seal($copy, "$copy/seal.key");
says('BAK-1: keys in one that says it has none', $restore->($copy), 2, qr/says that its keys are apart, and brings seal\.key/);
$gone->('one that brings its own key');
is($restore->("$folder/$first", '--keys', $s->root . '/keys', '--check')->{status}, 0, 'only looked at');
$gone->('--check');

# --- restored ---

$r = $restore->("$folder/$first", '--keys', $s->root . '/keys');
is($r->{status}, 0, 'BAK-1: restored at another path') or diag($r->{err});
$made = $r->{status} ? {} : decode_json($r->{out});
cmp_ok($made->{records} // 0, '>', 0, 'records were read: ' . ($made->{records} // 0));
is($made->{'ca.crt'}, 'its key belongs to it', 'CA and key belong together');
like(join(' ', map { $_->{what} } @{ $made->{look_at} || [] }), qr/revoked after .* everybody logs in anew/, 'what must be looked at is said');
is((stat $t->state)[2] & 07777, 0750, 'B41: modes are right at once');
my %waits = map { $_->{id} => 1 } grep { $_->{state} !~ /^(?:sent|spooled)$/ } @{ Anshin::Ledger::list($t, 'mail', 'list') };
my $old = $s->root . '/lost/mail';
my %sent = map { m{\.([0-9a-f]{32})\.} ? ($1 => 1) : () } glob "$old/{new,cur}/*";
$t->start;
is($t->htanshin('check')->{status} & 2, 0, 'nothing is broken');
is($t->htanshin('audit', 'verify')->{status}, 0, 'BAK-1: the trail goes on where the backup ends');
like($t->htanshin('audit', 'show')->{out}, qr/store_restored/, 'and tells of it');

# What was answered before the backup began holds; what was asked until it ended may; nothing later is.
my @lines = map { my $file = $_; map { decode_json($_) } split /\n/, slurp($file) } @ledgers;
my %often;
$often{ $_->{user} }++ for grep { $_->{op} eq 'change' && $_->{at} >= $from - 5 && $_->{at} <= $until } grep { ($_->{phase} // '') eq 'begin' } @lines;
my $book = bless { people => {}, tally => {}, complaints => [] }, 'Anshin::Ledger';
for my $line (sort { $a->{at} <=> $b->{at} } @lines) {
    next if $line->{op} =~ /^(?:tally|complaint)$/ || ($often{ $line->{user} } // 0) > 1;
    next if $line->{at} >= $from && (($line->{phase} // 'done') ne 'begin' || $line->{at} > $until);
    $book->add($line);
}
my @people = $book->people;
my $unsent;
Anshin::Server::wait_for(60, sub { $unsent = $book->unsent(Anshin::Ledger::facts($t, @people)); return !$unsent });
is($unsent, 0, 'the worker goes on: all mail went out');
my $facts = Anshin::Ledger::facts($t, @people);
my @wrong = (Anshin::Ledger::certificates_against($facts), map { Anshin::Ledger::person_against($_, $facts) } @people);
is(join("\n", @wrong), '', 'BAK-1: all that was acknowledged before the backup is there, none of it half');
my $doctored = bless { people => {}, tally => {}, complaints => [] }, 'Anshin::Ledger';
$doctored->add({ op => 'add', phase => 'done', user => 'p-01-nobody', method => 'password' });
my @complaints = map { Anshin::Ledger::person_against($_, $facts) } $doctored->people;
like("@complaints", qr/p-01-nobody: was added, and is not there/, 'one who is missing would be seen');
my $tally = $book->tally;
@wrong = map { Anshin::Ledger::probe_password($_, $t, $tally) } grep { $_->{registered} } @people;
is(join("\n", @wrong), '', 'BAK-1: the passwords of then open the accounts');
cmp_ok($tally->{'passwords tried'} // 0, '>', 0, 'passwords tried: ' . ($tally->{'passwords tried'} // 0));
my @twice = grep { $sent{$_} && !$waits{$_} } map { /\.([0-9a-f]{32})\./ ? $1 : () } @{ $facts->{spool} };
is("@twice", '', 'BAK-1: nothing is mailed twice but what waited at the backup\'s moment');
{
    no warnings 'redefine';
    local *Anshin::Person::download_path = sub { return $path };
    $p->{server} = $t;
    ok(-s $p->fetch, 'BAK-1: what was sealed opens: a certificate that waited is fetched');
}
my $again = $t->client;
$again->{cookies} = { %{ $inside->{cookies} } };
is($again->get('/anshin/account')->status, 303, 'BAK-1: sessions of then have ended');

# --- in place of another ---

says('while the server runs', $restore->("$folder/$second", '--replace'), 3, qr/uses .*stop httpd and the CA worker/);
$t->stop;
says('not empty', $restore->("$folder/$second"), 1, qr/is not empty; with --replace/);
$r = $restore->($folder, '--replace');
is($r->{status}, 0, 'BAK-1: in place of another, whose keys it takes over') or diag($r->{err});
$made = $r->{status} ? {} : decode_json($r->{out});
is($made->{backup}, $second, 'of several the newest');
ok(-d $t->root . "/$made->{kept}/store", 'what was there is kept beside');
says('BAK-1: another seal key than here', $restore->($theirs, '--replace'), 2, qr/brings a seal key that is not the one of .* give --trust-keys/);
says('if the operator says so', $restore->($theirs, '--check', '--trust-keys'), 0, qr/by a key that it brought itself/);
my @now = @{ Anshin::Ledger::list($t, 'mail', 'list') };
is(scalar @now, scalar @$known, 'and all of the second backup is there');
is($t->htanshin('store', 'check')->{status}, 0, 'store check');
$r = $t->run(@place, 'restore', $archive, '--replace', { env => 1 });
is($r->{status}, 0, 'an archive with its keys') or diag($r->{err});
unlike($r->{out}, qr/brought itself/, 'which are the ones of here');

# --- broken off, and waited for ---

# A command in a process of its own, with pipes: [pid, to its input, from its output, its errors].
sub begun {
    my (@command) = @_;
    pipe my $in, my $to or die "pipe: $!";
    pipe my $from, my $out or die "pipe: $!";
    fcntl $out, 1031, 4096;    # F_SETPIPE_SZ
    my $err = Anshin::Server::unnamed();
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>&', $err;
        close $_ for $to, $from;
        exec @command or POSIX::_exit(127);
    }
    close $_ for $in, $out;
    return [ $pid, $to, $from, $err ];
}

sub ended {
    my ($self) = @_;
    my $end = Anshin::Server::wait_for(20, sub { waitpid($self->[0], WNOHANG) == $self->[0] });
    my $status = $?;
    return { status => -1, out => '', err => 'does not end' } if !$end && kill(KILL => $self->[0]) && waitpid $self->[0], 0;
    return { status => $status & 127 ? 128 + ($status & 127) : $status >> 8, out => '', err => Anshin::Server::whole($self->[3]) };
}

my $whole = slurp($archive);
my $inode = sub { return (stat $t->state)[1] };
my $before = $inode->();
local $SIG{PIPE} = 'IGNORE';
for my $signal (qw(INT TERM HUP)) {
    my $restoring = begun(@place, 'restore', '-', '--replace');
    syswrite $restoring->[1], $whole, 20_000;
    ok(Anshin::Server::wait_for(10, sub { return -e $t->state . '.restoring/config.json' || glob $t->state . '.restoring/store/*' }), "$signal: a restore waits for the rest of its backup");
    kill $signal => $restoring->[0];
    says("BAK-1: $signal: a restore", ended($restoring), 3, qr/restore: broken off; all is as it was \(AN1739\)/);
    ok(!-e $t->state . '.restoring' && $inode->() == $before, "BAK-1: $signal: indeed");
    my $reading = begun(@place, 'backup', '-');
    sysread $reading->[2], my $some, 100;
    kill $signal => $reading->[0];
    says("BAK-1: $signal: a backup that nobody reads on", ended($reading), 3, qr/backup: broken off; nothing of it is left \(AN1709\)/);
}
# A command that waits for the store while it is replaced would go on in the one that was put aside.
my $restoring = begun(@place, 'restore', '-', '--replace');
syswrite $restoring->[1], $whole, 20_000;
ok(Anshin::Server::wait_for(10, sub { return -e $t->state . '.restoring' }), 'a restore is under way');
my $waiting = begun(@place, 'user', 'disable', 'p-01-inside');
ok(Anshin::Server::wait_for(10, sub { return grep { (readlink || '') =~ m{/state/store/} } glob "/proc/$waiting->[0]/fd/*" }), 'a command waits for the store');
syswrite $restoring->[1], substr $whole, 20_000;
close $restoring->[1];
is(ended($restoring)->{status}, 0, 'the backup is restored');
says('BAK-1: the command does not go on in the old store', ended($waiting), 3, qr/was replaced while it was opened: a backup was restored\..*\(AN1692\)/);

# --- what the disk says ---

SKIP: {
    skip 'needs strace', 4 if !grep { -x "$_/strace" } split /:/, $ENV{PATH};
    my @plain = ('strace', '-f', '-o', '/dev/null', '-e', 'trace=renameat2', '-e', 'inject=renameat2:error=EINVAL', @place, '--json');
    $r = $t->run(@plain, 'backup', $t->root . '/plain', { env => 1 });
    is($r->{status}, 0, 'a backup where the file system knows rename alone, as NFS') or diag($r->{err});
    $r = $t->run(@plain, 'backup', $t->root . '/plain', { env => 1 });
    isnt($r->{status}, 0, 'and what is there is not replaced') or diag($r->{out});
    $r = $t->run(@plain, 'restore', $archive, '--replace', { env => 1 });
    is($r->{status}, 0, 'a file system that does not exchange names') or diag($r->{err});
    ok(-d $t->root . '/' . decode_json($r->{out})->{kept} . '/store' && -d $t->state . '/store', 'both are there');
}
SKIP: {
    my $mount = 'mount -t tmpfs -o size=32m none';
    skip 'cannot mount', 4 if $t->run('unshare', '-m', 'sh', '-c', "$mount /mnt", { env => 1 })->{status};
    my $mounted = sub {
        my ($where, $state) = @_;
        return $t->run('unshare', '-m', 'sh', '-c', "mkdir -p $where && $mount $where && exec $place[0] -d $state restore $archive", { env => 1 });
    };
    my $where = $t->root . '/disk';
    says('a mount point', $mounted->($where, $where), 2, qr/is a mount point.* mount it one directory above/);
    says('a disk that would be full', $mounted->($where, "$where/state"), 3, qr/64 MiB must stay free/);
}

# --- a lost seal key ---

unlink $t->state . '/seal.key' or die 'seal.key';
isnt($t->htanshin('store', 'check')->{status}, 0, 'without the seal key the store does not open');
isnt($t->configtest->{status}, 0, 'nor does httpd start');
is($t->run('tar', '-xf', $s->root . '/keys', '-C', $t->state, 'seal.key', { env => 1 })->{status}, 0, 'the guide: out of the backup of the keys');
is($t->run(@place, 'state', 'prepare', { env => 1 })->{status}, 0, 'and its mode again');
is($t->htanshin('store', 'check')->{status}, 0, 'BAK-1: the store opens again');

# --- what is broken shows ---

my ($blob) = glob $t->state . '/store/blobs/??/*';
my $text = slurp($blob);
substr($text, 20, 1) ^= "\1";
open my $file, '+<:raw', $blob or die $blob;
print $file $text;
close $file;
says('BAK-1: a sealed file that was changed', $t->htanshin('store', 'check'), 2, qr/does not open/);
open $file, '+<:raw', $blob or die $blob;
print $file "\0" x length $text;
close $file;
is($t->htanshin('backup', $t->root . '/wiped')->{status}, 1, 'a sealed file that is just being wiped');
my ($wiped) = $blob =~ m{([^/]+)$};
my $listed = $t->run('tar', 'tf', $t->root . '/wiped', { env => 1 })->{out};
like($listed, qr{^store/base\.}m, 'the rest is in the backup');
unlike($listed, qr/$wiped/, 'BAK-1: its zeros are not');
unlink $blob or die $blob;
says('BAK-1: one that is missing', $t->htanshin('store', 'check'), 2, qr/is not there/);
says('BAK-1: a backup is made all the same, and says so', $t->htanshin('backup', $t->root . '/broken'), 1, qr/^damaged: +1\n.*is not there/ms);
ok(-s $t->root . '/broken', 'there it is');
$r = $t->run(@place, 'restore', $t->root . '/broken', '--check', { env => 1 });
says('BAK-1: what is broken is not restored', $r, 2, qr/1 records or files of the backup cannot be read.*--despite-damage/);
$r = $t->run(@place, 'restore', $t->root . '/broken', '--replace', '--despite-damage', { env => 1 });
says('BAK-1: unless the operator says so', $r, 1, qr/^damaged: +1\n.*is not there.*was damaged already/ms);
says('the same is there', $t->htanshin('store', 'check'), 2, qr/is not there/);

done_testing();
