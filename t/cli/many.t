# htanshin for many at once, against a running server: exports that spreadsheets open and an import takes back (IMP-3), verbs
# by list and by what users are (IMP-4).
use strict;
use warnings;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Person;
use Anshin::Sample;
use Anshin::Server;

my $s = Anshin::Server->new(clock => 1, contract => 'AnshinLoginMethods certificate password')->start;

sub run_of { my @words = @_; return $s->htanshin('--json', @words) }
sub rows   { my $r = run_of(@_); return ([ map { decode_json($_) } split /\n/, $r->{out} ], $r) }
sub shown  { return decode_json($s->htanshin('--json', 'user', 'show', $_[0])->{out}) }
sub done   { return join ' ', map { ($_->{user} // $_->{serial}) . ":$_->{done}" } @{ $_[0] } }
sub slurp  { open my $in, '<:raw', $_[0] or die "$_[0]: $!"; local $/; return <$in> }

# --- users as an office has them, some of them hostile ---

my @memos = ('=1+1', '+81', '-x', '@SUM(A1)', "'=1", "''@", "\xef\xbc\x9d1", 'a,"b"', 'plain');
my $csv = "user,address,name,organisation,groups,memo,valid-until,terminal,label,language\n";
for my $i (1 .. 30) {
    my $memo = $memos[ $i % @memos ] =~ s/"/""/gr;
    $csv .= sprintf qq(m-%02d,m%02d\@example.jp,=Name %d,%s,"%s","%s",%s,%s,@%d,%s\n), $i, $i, $i, $i <= 25 ? 'Org A' : 'Org B',
        $i % 2 ? 'odd,all' : 'all', $memo, $i == 3 ? '2031/3/31' : '', $i == 4 ? 'smartphone' : 'pc', $i, $i == 5 ? 'en' : 'ja';
}

# An import strips one apostrophe from what an export would have put it before; so the file is made as an export makes it.
sub escaped { return $_[0] =~ s/(^|,|")(?='*(?:[=+\-@]|\xef\xbc\x9d))(?!-|")/$1'/gmr }
my $r = $s->htanshin('user', 'import', '-', '--result', $s->root . '/made.csv', { stdin => join '', map { escaped($_) } split /^/, $csv });
is($r->{status}, 0, 'thirty users') or diag $r->{err};
is(shown('m-09')->{memo}, '=1+1', 'IMP-3: an import takes the apostrophe of an export away');

my $file = $s->root . '/users.csv';
is($s->htanshin('user', 'export', '--output', $file)->{status}, 0, 'IMP-3: users are exported');
is((stat $file)[2] & 07777, 0600, 'IMP-3: into a file of its owner alone');
my $text = slurp($file);
like($text, qr/^\xef\xbb\xbfuser,name,organisation,groups,memo,valid-from,valid-until,method,language,address,terminal,label,state,/, 'IMP-3: with a byte order mark, and the names of an import');
is(scalar(() = $text =~ /\r\n/g), 31, 'IMP-3: a row each');
unlike($text, qr/(?:^|,|")(?:[=+@]|\xef\xbc\x9d)/m, 'IMP-3: no cell is a formula');
like($text, qr/^m-09,'=Name 9,Org A,all;odd,'=1\+1,/m, 'IMP-3: an apostrophe stands before it');
like($text, qr/^m-04,'=Name 4,Org A,all,''=1,/m, 'IMP-3: one more, where one was');
for my $headers (qw(en ja)) {
    $r = $s->htanshin('user', 'export', '--headers', $headers);
    my ($import, $how) = rows('user', 'import', '-', '--update', { stdin => $r->{out} });
    is(scalar(grep { $_->{done} eq 'unchanged' } @$import), 30, "IMP-3: an import of it ($headers) changes nothing") or diag $how->{err};
}
$r = $s->htanshin('user', 'export', '--output', $file);
is($r->{status}, 2, 'IMP-3: a file that is there is not written over');
like($r->{err}, qr/is there already: give another name, or --overwrite/, 'IMP-3: and that is said');
chmod 0644, $file;
is($s->htanshin('user', 'export', '--output', $file, '--overwrite', '--organisation', 'Org B')->{status}, 0, 'IMP-3: but with --overwrite');
is(((stat $file)[2] & 07777) . '/' . (() = slurp($file) =~ /\r\n/g), 0600 . '/6', 'IMP-3: then it is its owner\'s too, and has the five chosen');
my $kept = slurp($file);
is($s->htanshin('user', 'export', '--output', $file, '--overwrite', '--state', 'none')->{status}, 2, 'IMP-3: a command that comes to nothing');
is(slurp($file), $kept, 'IMP-3: leaves the file as it was');
is(join(' ', glob "$file.*"), '', 'IMP-3: and nothing beside it');
$r = $s->htanshin('user', 'lock', 'm-01', '--result', "$file.x", '--undo', "$file.x");
is($r->{status}, 2, 'IMP-4: result and list in one file are refused');
is(shown('m-01')->{state}, 'pending', 'IMP-4: before anything is done');
is(scalar @{ (rows('user', 'export', '--group', 'odd', '--state', 'invited'))[0] }, 15, 'IMP-3: filters, and objects with --json');
is(scalar(split /\n/, $s->htanshin('user', 'export', '--state', 'used')->{out}), 1, 'IMP-3: nobody: the names of the columns alone');
$r = $s->run('sh', '-c', '"$1" -d "$2" user export > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state);
is($r->{status}, 3, 'IMP-3: a full disk is a failure');
like($r->{err}, qr/the export could not be written whole/, 'IMP-3: and says so');
is($s->run('sh', '-c', '"$1" -d "$2" user export | head -n 1 | wc -l', 'sh', $s->root . '/bin/htanshin', $s->state)->{out} =~ s/\s//gr, 1, 'IMP-3: whoever reads the beginning gets that');

# --- locks, and the way back ---

my $undo = $s->root . '/undo.csv';
is($s->htanshin('user', 'disable', 'm-02')->{status}, 0, 'one is disabled before');
$r = $s->htanshin('user', 'lock', '--organisation', 'Org A');
is($r->{status}, 2, 'IMP-4: more than 20 in a pipe are refused');
like($r->{err}, qr/25 are meant: more than 20 need --yes where nobody can be asked/, 'IMP-4: with the reason');
(my $rows, $r) = rows('user', 'lock', '--organisation', 'Org A', '--dry-run');
is($r->{status}, 0, 'IMP-4: a dry run needs no yes');
like($r->{err}, qr/"dry_run":true,"locked":24,"unchanged":1,"refused":0/, 'IMP-4: and tells what would come of it');
is(shown('m-01')->{state}, 'pending', 'IMP-4: nothing is written');
($rows, $r) = rows('user', 'lock', '--organisation', 'Org A', '--yes', '--undo', $undo);
is($r->{status}, 0, 'IMP-4: with --yes') or diag $r->{err};
is(scalar(grep { $_->{done} eq 'locked' } @$rows), 24, 'IMP-4: all are locked but one');
is(join(' ', map { $_->{user} } grep { $_->{done} eq 'unchanged' } @$rows), 'm-02', 'IMP-4: who is disabled stays so');
($rows) = rows('user', 'lock', '--organisation', 'Org A', '--yes');
is(scalar(grep { $_->{done} eq 'unchanged' } @$rows), 25, 'IMP-4: once more, nothing is left to do');
is((stat $undo)[2] & 07777, 0600, 'IMP-4: the list for the way back is its owner\'s');
my $back = $s->root . '/back.csv';
($rows, $r) = rows('user', 'unlock', '--file', $undo, '--yes', '--undo', $back);
is(scalar(grep { $_->{done} eq 'unlocked' } @$rows), 24, 'IMP-4: the opposite verb takes it');
is(shown('m-01')->{state} . shown('m-02')->{state}, 'pendingdisabled', 'IMP-4: and all is as before');
($rows) = rows('user', 'disable', '--file', $back);
is(scalar @$rows, 0, 'IMP-4: a list is for its verb alone');
($rows, $r) = rows('user', 'must-change', '--file', '-', { stdin => "m-01\nnobody\n\nm-01\n-bad\n" });
is($r->{status}, 1, 'IMP-4: some were refused');
is(done($rows), 'm-01:refused nobody:refused m-01:refused -bad:refused', 'IMP-4: a row each, in the order of the list');
like($rows->[0]{detail} . $rows->[1]{detail} . $rows->[2]{detail} . $rows->[3]{detail},
    qr/has no password.*has no user nobody.*line 4: line 1 names the same.*line 5: no user ID/s, 'IMP-4: each with its reason');

# A list without a head whose first user is called as a column is.
$s->htanshin('user', 'add', 'id', '--address', 'id@mail.example');
($rows, $r) = rows('user', 'lock', '--file', '-', { stdin => "id\nm-05\n" });
like("$r->{status} $r->{err}", qr/^2 .*AN1867.*line 1: id names the column, and is the ID of a user; put a line \\"user ID\\" above it/s, 'IMP-4: who is called as a column is, is not passed over in silence');
is(shown('id')->{state} . shown('m-05')->{state}, 'pendingpending', 'IMP-4: nothing is done');
($rows) = rows('user', 'lock', '--file', '-', { stdin => "user ID\nid\n" });
is(done($rows), 'id:locked', 'IMP-4: with the line above it, he is meant');
$s->htanshin('user', 'delete', 'id');

$s->htanshin('user', 'lock', 'm-06');
($rows, $r) = rows('user', 'disable', '--file', '-', '--undo', "$undo.2", { stdin => "m-06\nm-07\n" });
is(done($rows), 'm-06:disabled m-07:disabled', 'IMP-4: one who is locked and one who is not are disabled');
($rows) = rows('user', 'lock', '--file', "$undo.2");
is(done($rows), 'm-06:locked', 'IMP-4: the list for the way back locks who was locked');
($rows) = rows('user', 'unlock', '--file', "$undo.2");
is(done($rows) . ' ' . shown('m-06')->{state} . ' ' . shown('m-07')->{state}, 'm-07:unlocked locked pending', 'IMP-4: and unlocks who was not');
($rows) = rows('user', 'disable', '--file', '-', { stdin => "m-06\n" });
is(done((rows('user', 'lock', '--file', '-', { stdin => "m-06\n" }))[0]), 'm-06:unchanged', 'IMP-4: any other list leaves who is disabled so');
$s->htanshin('user', 'unlock', 'm-06');

my $none = $s->root . '/none.csv';
is($s->htanshin('user', 'lock', '--organisation', 'Nobody', '--undo', $none)->{status} . $s->htanshin('user', 'unlock', '--file', $none)->{status}, '00', 'IMP-4: nobody is no failure');

# --- the question before more than twenty, at a terminal ---

# The command at a terminal of its own, where somebody types this when asked. Its exit code and what stood on the terminal.
sub at_terminal {
    my ($typed, @words) = @_;
    my $command = join ' ', 'exec', map { "'$_'" } $s->root . '/bin/htanshin', '-d', $s->state, @words;
    pipe my $keys, my $hand or die "pipe: $!";
    my $pid = open(my $screen, '-|') // die "fork: $!";
    if (!$pid) {
        open STDIN, '<&', $keys;
        close $hand;
        $SIG{INT} = 'DEFAULT';    # whatever the suite was started by
        exec 'script', '-qec', $command, '/dev/null' or POSIX::_exit(127);
    }
    close $keys;
    close $hand unless defined $typed;    # nobody is there
    my $seen = '';
    local $SIG{ALRM} = sub { kill 'KILL', $pid };    # then nobody has said anything, and the checks tell
    alarm 60;
    while (sysread $screen, $seen, 4096, length $seen) {
        next unless defined $typed && $seen =~ /Type yes to go on: /;
        syswrite $hand, $typed;
        undef $typed;
    }
    close $screen;
    alarm 0;
    return ($? >> 8, $seen);
}

my $listed = $s->root . '/asked.csv';
my @all = ('user', 'lock', '--organisation', 'Org A', '--undo', $listed, '--result', "$listed.rows");
sub locked { return scalar grep { $_->{state} eq 'locked' } @{ (rows('user', 'export', '--organisation', 'Org A'))[0] } }
for my $case ([ "no\n", 'no' ], [ "y\n", 'y alone' ], [ "yes", 'a yes that is not sent, then Ctrl-C', "\x03" ], [ "yes", 'a yes that is sent by Ctrl-D', "\x04" ], [ "\x04", 'the end of the input' ], [ "\x03", 'Ctrl-C' ]) {
    my ($status, $screen) = at_terminal($case->[0] . ($case->[2] // ''), @all);
    like($screen, qr/\e\[Klock 25 of contract p-01: 24 would be locked, 1 unchanged, 0 refused\. Type yes to go on: /, "IMP-4: asked, with what would come of it; answered by $case->[1]");
    is($status, 1, 'IMP-4: nobody said yes') or diag $screen;
    like($screen, qr/nobody said yes: nothing is done/, 'IMP-4: and that is said');
    is(locked() . join('', map { -s $_ || '' } $listed, "$listed.rows"), '0', 'IMP-4: nobody is locked, and neither list has anything');
}
my ($status, $screen) = at_terminal("yes\n", @all);
is($status, 0, 'IMP-4: yes') or diag $screen;
is(locked(), 24, 'IMP-4: then all are locked but who is disabled');
($rows) = rows('user', 'unlock', '--file', $listed, '--yes');
is(scalar(grep { $_->{done} eq 'unlocked' } @$rows) . locked(), '240', 'IMP-4: and the list for the way back brings all of them back');
($status, $screen) = at_terminal(undef, 'user', 'lock', '--organisation', 'Org B', '--dry-run');
is($status . ($screen =~ /Type yes/ ? 'asked' : ''), '0', 'IMP-4: nobody is asked before a dry run');

# --- users by how far they have come ---

is(join(' ', map { my $state = $_; my $r = $s->htanshin('--json', 'user', 'list', '--state', $state); "$state:" . ($r->{status} || @{ decode_json($r->{out}) }) }
    qw(invited pending registered issued downloaded used expiring active locked disabled lost-device)),
    'invited:29 pending:29 registered:0 issued:0 downloaded:0 used:0 expiring:0 active:0 locked:0 disabled:1 lost-device:0', 'IMP-4: user list knows the states of the verbs');
is(join(' ', map { $_->{user} } @{ decode_json($s->htanshin('--json', 'user', 'list', '--state', 'invited', '--organisation', 'Org B', '--after', 'm-27', '--limit', 2)->{out}) }),
    'm-28 m-29', 'IMP-4: with what else narrows a list');

# --- invitations ---

my %code = map { $_->[0] => $_->[1] } map { [ (split /,/)[ 1, 4 ] ] } grep { /created/ } split /\r\n/, slurp($s->root . '/made.csv');
($rows, $r) = rows('user', 'reinvite', '--file', '-', { stdin => "memo,user\nx,m-01\ny,m-03\n" });
is(done($rows), 'm-01:invited m-03:invited', 'IMP-4: a new pair for many');
isnt($rows->[0]{registration_code}, $code{'m-01'}, 'IMP-4: which differs');
is($s->client->get($rows->[1]{registration_url} =~ s{^https://[^/]+}{}r)->status, 303, 'IMP-4: and which the portal knows');
($rows) = rows('user', 'reinvite', '--organisation', 'Org B', '--dry-run');
is(join('', map { $_->{registration_url} // '' } @$rows), '', 'IMP-4: a dry run gives none');
($rows) = rows('user', 'reinvite', '--organisation', 'Org B', '--after', 'm-28');
is(done($rows), 'm-29:invited m-30:invited', 'IMP-4: --after goes on where a run was stopped');
($rows) = rows('user', 'lock', '--organisation', 'Org B', '--state', 'invited', '--after', 'm-28', '--dry-run');
is(done($rows), 'm-29:locked m-30:locked', 'IMP-4: also as a dry run');
is($s->htanshin('user', 'lock', 'm-28')->{status}, 0, 'one is done, and chosen no more');
($rows, $r) = rows('user', 'lock', '--organisation', 'Org B', '--state', 'invited', '--after', 'm-28', '--dry-run');
is(done($rows), 'm-29:locked m-30:locked', 'IMP-4: --after needs not find who is chosen no more') or diag $r->{err};
is(done((rows('user', 'lock', '--organisation', 'Org B', '--after', 'm-27x', '--dry-run'))[0]), 'm-28:unchanged m-29:locked m-30:locked', 'IMP-4: nor who is there no more');
$s->htanshin('user', 'unlock', 'm-28');
($rows, $r) = rows('user', 'set', '--file', '-', '--organisation', 'Org C', { stdin => "user\nm-29\nm-30\n" });
is(done($rows) . ' ' . shown('m-30')->{organisation}, 'm-29:changed m-30:changed Org C', 'IMP-4: the same change of many');
is($s->htanshin('user', 'set', '--file', '-', '--name', 'X', { stdin => "m-29\n" })->{status}, 2, 'IMP-4: but not one that is one user\'s alone');
($rows, $r) = rows('user', 'delete', '--file', '-', { stdin => "m-29\nm-30\n" });
is(done($rows) . ' ' . $s->htanshin('user', 'show', 'm-30')->{status}, 'm-29:deleted m-30:deleted 1', 'IMP-4: many are deleted');

# --- certificates: made by the worker ---

my @person = map { Anshin::Person->add($s, "c-$_", method => 'certificate') } 1 .. 2;
$_->register for @person;
$person[0]->fetch;
is($person[0]->login($s->client(cert => $person[0]{pem}))->status, 303, 'a user with a certificate');
ok($person[1]->wait_text(qr{/download\?t=(\S+)}), 'and one whose file was not fetched yet');
{
    my $c = $s->client;
    my $page = Anshin::Person::expect($c->follow(Anshin::Person::expect($c->get($person[1]->download_path), 303)), 200);
    my $tries = 0;
    $c->submit($page, { download_password => 'wrong-' . $tries, profile => 'modern' }, qr{/download\?}) until shown('c-2')->{terminals}[0]{download_locked} || ++$tries > 20;
    is(shown('c-2')->{terminals}[0]{download_locked}, JSON::PP::true, 'LCK-2: too many wrong passwords lock a download');
    is(done((rows('user', 'unlock', '--file', '-', { stdin => "c-1\nc-2\n" }))[0]), 'c-1:unchanged c-2:unlocked', 'IMP-4: unlock of many opens the lock of a download as well');
    is(shown('c-2')->{terminals}[0]{download_locked}, JSON::PP::false, 'which is open then');
}
is(join(' ', map { my $state = $_; $state . ':' . join(',', map { $_->{user} } grep { $_->{user} =~ /^c-/ } @{ (rows('user', 'export', '--state', $state))[0] }) } qw(issued used expiring)),
    'issued:c-2 used:c-1 expiring:', 'IMP-4: users by how far they have come');
is(join(' ', map { my $state = $_; "$state:" . join ',', map { $_->{user} } @{ decode_json($s->htanshin('--json', 'user', 'list', '--state', $state)->{out}) } } qw(issued used downloaded)),
    'issued:c-2 used:c-1 downloaded:', 'IMP-4: also by user list');
($rows, $r) = rows('mail', 'resend', '--state', 'issued');
is(done($rows) . " $rows->[0]{detail}", 'c-2:unchanged one was mailed in the last five minutes', 'IMP-4: links once more, but not at once');
my ($serial) = map { $_->{certificate} } grep { $_->{user} eq 'c-1' } @{ (rows('user', 'export'))[0] };
($rows, $r) = rows('cert', 'renew', '--file', '-', { stdin => "user,serial\nc-1,$serial\n,00\n" });
is($r->{status}, 1, 'IMP-4: certificates of a list') or diag $r->{out};
is(done($rows), "$serial:renewed 00:refused", 'IMP-4: one is renewed, one is not there');
like($rows->[0]{download_passwords}, qr/^1: \S+$/, 'IMP-4: its download password is told');
is(done((rows('cert', 'renew', $serial))[0]), "$serial:unchanged", 'IMP-4: once more, the new one is on its way');
like($s->htanshin('audit', 'show', '--user', 'c-1')->{out}, qr/\Q${\ scalar getpwuid $<}\E +certificate_renewed/, 'IMP-4: the trail says that an operator did it');
($rows, $r) = rows('cert', 'reissue', '--file', '-', { stdin => "user\nc-1\nc-2\nm-03\n" });
is(done($rows), 'c-1:reissued c-2:unchanged m-03:refused', 'IMP-4: in place of what there is; who waits for a file goes on waiting');
like($rows->[2]{detail}, qr/m-03 is pending: a certificate is made for active users alone/, 'IMP-4: and why not');
is(decode_json($s->htanshin('--json', 'cert', 'show', $serial)->{out})->{state}, 'revoked', 'IMP-4: the former one is revoked');
my $again = sub { return grep { $_->{user} eq 'c-1' } @{ (rows('user', 'export', '--state', 'issued'))[0] } };
ok(Anshin::Server::wait_for(30, $again), 'IMP-4: and a new one is made');
($rows, $r) = rows('cert', 'export');
is(scalar(grep { $_->{serial} eq $serial && $_->{state} eq 'revoked' && $_->{reason} eq 'superseded' } @$rows), 1, 'IMP-3: certificates are exported');
($rows) = rows('history', 'export', 'c-1');
is(join(' ', grep { /registered|login_ok|certificate_renewed|certificate_reissued/ } map { $_->{result} } @$rows), 'registered login_ok certificate_renewed certificate_reissued',
    'IMP-3: and the history, in its order');
is(join(' ', map { $_->{operator} // '' } grep { $_->{result} =~ /login_ok|certificate_renewed/ } @$rows), ' ' . getpwuid($<), 'IMP-3: with the operator who did it');
($rows) = rows('history', 'export', '--since', '2099-01-01');
is(scalar @$rows, 0, 'IMP-3: of a time');
unlike($s->htanshin('user', 'export')->{out} . $s->htanshin('history', 'export')->{out}, qr/argon2|\Q$person[0]{password}\E/, 'IMP-3: no secret, and no hash of one');
($rows, $r) = rows('cert', 'revoke', '--file', '-', '--reason', 'affiliationChanged', { stdin => "user\nc-1\nc-2\nm-03\n" });
is(done($rows), 'c-1:revoked c-2:revoked m-03:unchanged', 'IMP-4: all of many users are revoked');

# --- a dump, and back ---

is(done((rows('cert', 'reissue', '--file', '-', { stdin => "user\nc-1\n" }))[0]), 'c-1:reissued', 'a download that waits');
my $first = $s->root . '/first.dump';
is($s->htanshin('dump', '--output', $first)->{status}, 0, 'IMP-3: the store is dumped, while httpd runs');
is((stat $first)[2] & 07777, 0600, 'IMP-3: into a file of its owner alone');
my @lines = split /^/, slurp($first);
my $head = decode_json($lines[0]);
my $end  = decode_json($lines[-1]);
is("$head->{anshin} $head->{format} " . keys %{ $head->{records} }, 'dump 1 ' . (keys %{ $head->{records} }), 'IMP-3: its first line says what it is');
my $sum = 0;
$sum += $_ for values %{ $head->{records} };
is($end->{records}, $sum, 'IMP-3: its last one counts what the first one announces');
cmp_ok($end->{blobs}, '>', 0, 'IMP-3: sealed texts are in it');
is($end->{records} + $end->{blobs} + $end->{due} + 2, scalar @lines, 'IMP-3: a line each');
unlike(slurp($first), qr/\Q$person[0]{password}\E|\Q$person[0]{download_password}\E/, 'IMP-3: what is sealed stays sealed');
$r = $s->htanshin('load', $first, '--replace');
is($r->{status}, 3, 'IMP-3: nothing is loaded while httpd runs');
like($r->{err}, qr/is open in other processes/, 'IMP-3: and that is said');
$s->stop;
is($s->htanshin('dump', '--output', "$first.2")->{status}, 0, 'a dump of the store at rest');
my $rest = slurp("$first.2");
$r = $s->htanshin('load', "$first.2");
is($r->{status}, 1, 'IMP-3: nor into a store that is not empty');
like($r->{err}, qr/the store is not empty .*--replace/, 'IMP-3: but with --replace');
@lines = split /^/, $rest;
for my $case ([ 'cut', join('', @lines[ 0 .. $#lines - 1 ]), qr/the dump was cut: its last line is not there/ ],
    [ 'cut in a line', substr($rest, 0, -9), qr/is no line of a dump, or not whole/ ],
    [ 'a line less', join('', @lines[ 0 .. 5, 7 .. $#lines ]), qr/the dump was changed/ ],
    [ 'a line otherwise', $rest =~ s/"address":"m05\@/"address":"x05\@/r, qr/the dump was changed/ ],
    [ 'another key', $rest =~ s/"key":"\w/"key":"x/r, qr/what is sealed in it needs another seal key/ ],
    [ 'more behind it', "$rest\{}\n", qr/stands behind the last line/ ],
    [ 'no dump', "user,address\n", qr/line 1: is no line of a dump/ ]) {
    $r = $s->htanshin('load', '-', '--replace', { stdin => $case->[1] });
    is($r->{status}, 2, "IMP-3: refused: $case->[0]");
    like($r->{err}, $case->[2], "IMP-3: with the reason");
}
is($s->run('sh', '-c', 'rm -r "$1"/*', 'sh', $s->state . '/store')->{status}, 0, 'an empty store');
$r = $s->htanshin('--json', 'load', '-', { stdin => $rest });
is($r->{status}, 0, 'IMP-3: into an empty store, by a pipe') or diag $r->{err};
is(decode_json($r->{out})->{records}, decode_json($lines[-1])->{records}, 'IMP-3: all records');
is($s->htanshin('dump', '--output', "$first.3")->{status}, 0, 'a dump of what was loaded');
ok($rest eq slurp("$first.3"), 'IMP-3: dump | load | dump is identical');
$r = $s->htanshin('load', "$first.2", '--replace');
is($r->{status}, 0, 'IMP-3: over what is there, with --replace') or diag $r->{err};
like($s->htanshin('audit', 'show')->{out}, qr/store_loaded/, 'IMP-3: then the trail has a word of it');

# Killed in the middle, which a store shows that grows for some time: nobody opens what is half, and the same command does it anew.
is($s->run(Anshin::Server::out() . '/tools/fill', $s->state, 'filler', 500)->{status}, 0, 'a store of fifteen megabytes');
my $large = "$first.4";
is($s->htanshin('dump', '--output', $large)->{status}, 0, 'is dumped');
sub octets { my $sum = 0; $sum += -s $_ // 0 for glob $s->state . '/store/*'; return $sum }
my $before = octets();
my $loader = fork // die "fork: $!";
if (!$loader) {
    open STDERR, '>', '/dev/null';
    exec $s->root . '/bin/htanshin', '-d', $s->state, 'load', $large, '--replace' or POSIX::_exit(127);
}
for (1 .. 12000) { last if octets() > $before + 4_000_000; select undef, undef, undef, 0.005 }
kill KILL => $loader;
waitpid $loader, 0;
is($? & 127, 9, 'IMP-3: a load is killed by -9');
for my $words ([qw(user list)], [qw(dump)], [qw(user add half-1 --address h@example.jp)]) {
    $r = $s->htanshin(@$words);
    is($r->{status}, 3, "IMP-3: of what is half nobody makes use: @$words");
    like($r->{err}, qr/a dump was not loaded to its end/, 'IMP-3: with the reason');
}
$r = $s->htanshin('--json', 'load', "$first.2");
is($r->{status}, 0, 'IMP-3: the next load needs no --replace') or diag $r->{err};
is(decode_json($r->{out})->{records}, decode_json($lines[-1])->{records}, 'IMP-3: and has all records');
is($s->htanshin('dump', '--output', "$first.5")->{status}, 0, 'a dump of it');
unlike(slurp("$first.5"), qr/"key":"filler/, 'IMP-3: and nothing of the one that was broken off');
like(slurp($large), qr/"key":"filler/, 'which had that');
$s->start;
is(shown('m-05')->{terminals}[0]{address}, 'm05@example.jp', 'IMP-3: and httpd goes on with it');

# --- a store of type gdbm, of an earlier day: everything in it is read, and its users go on ---

$s->stop;
my $known = Anshin::Sample::known('store-gdbm');
Anshin::Sample::give('store-gdbm', $s);
$s->{server} = 'AnshinStore dbm:gdbm';
$s->configure;
$s->later($known->{made_at} + 10 - time)->start;
my $entry = $s->client;
my $of = $known->{users}{'gdbm-password'};
is($entry->submit($entry->get('/anshin/login'), { user => $of->{user}, password => $of->{password} })->status, 303, 'a sample of type gdbm: a user logs in');
is($s->client(cookies => { '__Host-anshin-p-01' => $of->{cookie} })->get('/members/')->status, 200, 'and who was logged in then still is');
is(join(' ', map { "$_->{user}:$_->{state}" } @{ decode_json($s->htanshin('--json', 'user', 'list')->{out}) }), 'gdbm-certificate:active gdbm-password:active gdbm-pending:pending', 'with all its users');
is(scalar @{ (rows('cert', 'export'))[0] }, 1, 'and the certificate');
like($s->htanshin('audit', 'verify')->{out}, qr/\S/, 'whose trail is whole') or diag 'audit verify';
$s->stop;
my $now = decode_json((split /^/, $s->htanshin('dump')->{out})[0])->{records};
my ($said, $restored) = Anshin::Sample::restored('store-gdbm', $s);
is($said, '', 'BAK-1: a store of type gdbm is backed up and restored');
is(join(' ', map { $_->{user} } @{ decode_json($s->run($s->root . '/bin/htanshin', '-d', $restored, '--json', 'user', 'list', { env => 1 })->{out} || '[]') }), 'gdbm-certificate gdbm-password gdbm-pending', 'BAK-1: with all its users');
is(join(' ', grep { ($now->{$_} // 0) < $known->{records}{$_} && !/^(?:due|fact|session|counter)$/ } sort keys %{ $known->{records} }), '', 'no record of it is lost');
done_testing;
