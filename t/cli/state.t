# What htanshin says to a state directory that is not as it must be, and to a command line that is not (ADM-1, S31, S21).
use strict;
use warnings;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Server;

my $words = File::Temp->new;
print $words "password123\n";
$words->flush;
chmod 0644, "$words";
my $s = Anshin::Server->new(preset => 'modern', contract => "AnshinPasswordBlocklist $words")->start;

# Run with another state directory than the server's.
sub htanshin {
    my ($directory, @arguments) = @_;
    return $s->run($s->root . '/bin/htanshin', '-d', $directory, @arguments, { env => 1 });
}

sub refused {
    my ($what, $r, $status, $pattern) = @_;
    is($r->{status}, $status, "$what: exit code $status") or diag("$r->{out}$r->{err}");
    like($r->{err}, $pattern, "$what: the reason");
    return;
}

# A copy of the snapshot in a directory like the server's, to be spoilt.
sub spoilt {
    my ($text, $mode) = @_;
    my $directory = File::Temp::tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    my @like = stat $s->state;
    my @file = stat $s->state . '/config.json';
    Anshin::PKI::write_text("$directory/config.json", $text);
    chown $file[4], $file[5], "$directory/config.json";
    chmod $mode // 0640, "$directory/config.json";
    chown $like[4], $like[5], $directory;
    chmod 0750, $directory;
    return $directory;
}

my $snapshot = Anshin::PKI::read_text($s->state . '/config.json');
is(htanshin($s->state, 'user', 'list')->{status}, 0, 'the server itself');

# --- the directory ---

refused('D5: no such directory', htanshin('/nonexistent/anshin', 'user', 'list'), 3, qr{state directory /nonexistent/anshin: No such});
refused('D5: a file', htanshin($s->state . '/config.json', 'user', 'list'), 3, qr/is not a directory/);
refused('a relative path', htanshin('state', 'user', 'list'), 2, qr/must be an absolute path/);
my $open = spoilt($snapshot);
chmod 02775, $open;
refused('S31: a directory open to the world', htanshin($open, 'user', 'list'), 3, qr/mode 2775 lets everybody in/);
my $empty = spoilt($snapshot);
unlink "$empty/config.json";
refused('D5: no snapshot', htanshin($empty, 'user', 'list'), 3, qr/config\.json/);
SKIP: {
    skip 'only root can be refused for being root', 6 if $> != 0;
    my $roots = spoilt($snapshot);
    chown 0, 0, $roots;
    refused('a directory of root\'s group', htanshin($roots, 'user', 'list'), 3, qr/root's group/);
    my $other = spoilt($snapshot);
    chown +(getpwnam 'daemon')[2], -1, "$other/config.json";
    refused('a snapshot that is not root\'s', htanshin($other, 'user', 'list'), 3, qr/must be a file of root/);
    my $link = spoilt($snapshot);
    rename "$link/config.json", "$link/elsewhere";
    symlink "$link/elsewhere", "$link/config.json";
    refused('a snapshot behind a link', htanshin($link, 'user', 'list'), 3, qr/is a link/);
}

# --- the snapshot (S21: what cannot be read is broken, never "no such user") ---

my %garbled = (
    'an empty file'      => '',
    'half a file'        => substr($snapshot, 0, length($snapshot) / 2),
    'no object'          => '[]',
    'no JSON'            => "\0\1\2 not JSON",
    'an unknown option'  => $snapshot =~ s/"AnshinShowLocked"/"AnshinShowLokked"/r,
    'a value out of bounds' => $snapshot =~ s/("AnshinPasswordMinLength":\s*)"\d+"/$1"7"/r,
    'another version'    => $snapshot =~ s/("version":\s*)1/${1}99/r,
    'a contract without a name' => $snapshot =~ s/"name":\s*"[^"]*"/"name": ""/r,
    'deep nesting'       => '[' x 100_000
);
for my $what (sort keys %garbled) {
    isnt($garbled{$what}, $snapshot, "$what: is another text");
    my $r = htanshin(spoilt($garbled{$what}), 'user', 'show', 'nobody');
    refused("S21: snapshot: $what", $r, 3, qr/^htanshin: .*\(AN\d{4}\)$/);
    unlike($r->{err}, qr/has no user/, "$what: is never taken for no such user");
}

# --- a copy is its own (D1), and a restored one is put right (B41) ---

is($s->htanshin('user', 'add', 'p-01-usr001', '--address', 'usr001@example.jp')->{status}, 0, 'a user');
my $copy = File::Temp::tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $copy;
$copy .= '/copy';
is($s->run('cp', '-r', $s->state, $copy)->{status}, 0, 'a copy by cp -r, which keeps neither group nor mode');
my @whose = $s->{group} ? ('--group', $s->{group}, '--signer-user', $s->{signer}) : ();
is(htanshin($copy, 'state', 'prepare', @whose)->{status}, 0, 'B41: one command puts it right');
is(htanshin($copy, 'user', 'lock', 'p-01-usr001')->{status}, 0, 'D1: a user of the copy is locked');
like(htanshin($copy, 'user', 'show', 'p-01-usr001')->{out}, qr/^locked: +yes|^state: +locked/m, 'there');
unlike($s->htanshin('user', 'show', 'p-01-usr001')->{out}, qr/^locked: +yes|^state: +locked/m, 'and not in the live store');
File::Path::remove_tree("$copy/slots");
is(htanshin($copy, 'user', 'show', 'p-01-usr001')->{status}, 0, 'D11: what computes no hash needs no slots');
is(htanshin($copy, 'user', 'code', 'p-01-usr001')->{status}, 3, 'what does, needs them');

# --- the command line ---

refused('no command', $s->htanshin(), 2, qr/no command given.*\n.*htanshin help/);
refused('an unknown command', $s->htanshin('user', 'frobnicate'), 2, qr/user frobnicate: no such command/);
refused('an unknown option', $s->htanshin('user', 'list', '--all'), 2, qr/--all: no such option of this command/);
my $json = $s->htanshin('--json', 'user', 'show', "no\x1bbody");
is(decode_json($json->{err})->{status}, 'invalid', 'errors in JSON as well');
unlike($json->{err}, qr/\x1b/, 'without control characters');

my $help = $s->htanshin('help', 'commands');
is($help->{status}, 0, 'help');
like($s->htanshin('help')->{out}, qr/^  user +create, invite/m, 'INS-6: without a topic it names them');
my @commands = $help->{out} =~ /^htanshin (\w+(?: [a-z-]+)?)/mg;
cmp_ok(scalar @commands, '>=', 18, 'commands in it: ' . @commands);
for my $command (@commands) {
    my @words = split / /, $command;
    my $one = $s->htanshin('help', @words);
    is($one->{status}, 0, "help $command");
    like($one->{out}, qr/^Usage: htanshin \Q$command\E/m, 'tells its usage');
}
is($s->htanshin('user', '--help')->{status}, 0, 'help of a family');
refused('help of nothing', $s->htanshin('help', 'frobnicate'), 2, qr/no such command.*htanshin help lists them/);
refused('INS-6: help of a mistyped topic', $s->htanshin('help', 'bakcup'), 2, qr/bakcup: .*did you mean backup\?/);
# In Japanese where the environment says so: what people read, and nothing else (INS-7).
{
    my @ja = { lang => 'ja_JP.UTF-8' };
    like($s->htanshin('help', @ja)->{out}, qr/^使い方: htanshin/m, 'INS-7: help');
    my $all = join '', map { $s->htanshin('help', $_, @ja)->{out} } qw(user backup commands);
    is(join("\n", grep { !/[\x80-\xff]/ && /\S/ && !/^(?:htanshin|  -|  htanshin)/ } split /\n/, $all), '', 'INS-7: no line of it is in English');
    my @show = qw(user show p-01-usr001);
    like($s->htanshin(@show, @ja)->{out}, qr/^ユーザ: +p-01-usr001$/m, 'INS-7: an answer');
    is($s->htanshin('--json', @show, @ja)->{out}, $s->htanshin('--json', @show)->{out}, 'INS-7: the same in JSON is as ever');
    my @list = qw(user list --limit);
    refused('INS-7: a refusal', $s->htanshin(qw(user show nobody), @ja), 1, qr/ご契約 p-01 にユーザ nobody はありません \(AN0840\)/);
    is(decode_json($s->htanshin(qw(--json user show nobody), @ja)->{err})->{text}, 'contract p-01 has no user nobody', 'INS-7: its JSON is as ever');
    refused('INS-7: a wrong line', $s->htanshin(@list, 'x', @ja), 2, qr/--limit: 1 から \d+ までの数/);
    like($s->htanshin('check', @ja)->{out}, qr/^助言:\n.*だけで来るように/ms, 'INS-7: check');
}
like($s->htanshin('version')->{out}, qr/^version: +\d+\.\d+\.\d+$/m, 'version');

# An answer that could not be written is no success.
SKIP: {
    skip 'no /dev/full', 1 unless -e '/dev/full';
    my $full = $s->run('/bin/sh', '-c', 'exec "$0" "$@" >/dev/full', $s->root . '/bin/htanshin', '-d', $s->state, 'help', { env => 1 });
    is($full->{status}, 3, 'an answer that could not be written: exit code 3');
}

# --- a store whose checkpoints fail still serves: the operator hears of it in time (ADM-1) ---

sub problems { return @{ decode_json($s->htanshin('--json', 'check')->{out})->{problems} } }

sub fill {
    my ($prefix, $count) = @_;
    my $r = $s->run(Anshin::Server::out() . '/tools/fill', $s->state, $prefix, $count, { env => 1 });
    is($r->{status}, 0, "the store takes $count long records") or diag $r->{err};
    return;
}

is_deeply([problems()], [], 'check: a store that is well is no problem');
is($s->htanshin('check', '--policy')->{status}, 0, 'and a modern contract departs from nothing: exit code 0');
mkdir $s->state . '/store/base.work' or die "base.work: $!";
fill('a', 150);
ok($s->wait_log(qr/AN0778: checkpoints fail: .*base\.work.*with 256 nothing can be/), 'the worker tells of checkpoints that fail');
fill('b', 10);
my ($problem, @more) = problems();
like($problem->{problem}, qr/^checkpoints fail: .*base\.work/, 'so does check');
cmp_ok($problem->{journal}, '>', 300_000, "and how long the journal is: $problem->{journal}");
is($problem->{limit}, 256 << 20, 'of how much');
is(scalar @more, 0, 'and that is all');
is($s->htanshin('check')->{status}, 1, 'with exit code 1');
sleep 6;    # the worker looks every five seconds
is(scalar(() = $s->log =~ /AN0778/g), 1, 'the log is told once');
rmdir $s->state . '/store/base.work' or die "base.work: $!";
ok($s->wait_log(qr/AN0729: checkpoints work again/), 'and once more when they work again');
is_deeply([problems()], [], 'check has nothing to tell any more');
$s->finish;
done_testing;
