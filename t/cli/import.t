# htanshin user import, against a running server (IMP-1, ADM-1, D3, D8): files as offices make them, what is refused, what is left.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Server;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods certificate password')->start;
my $top = $s->top . '/t/import';

sub json { my $r = $s->htanshin('--json', @_); is($r->{status}, 0, "@_") or diag($r->{err}); return decode_json($r->{out}) }

# The rows of an import with --json, and the result.
sub import_of { my $r = $s->htanshin('--json', 'user', 'import', @_); return ([ map { decode_json($_) } split /\n/, $r->{out} ], $r) }
sub done { return join ' ', map { "$_->{line}:$_->{user}:$_->{done}" } @{ $_[0] } }

# --- a dry run ---

my $r = $s->htanshin('user', 'import', "$top/office-cp932.csv", '--dry-run');
is($r->{status}, 0, 'IMP-1: a dry run of a good file') or diag $r->{err};
is($r->{out}, '', 'IMP-1: has nothing to list');
like($r->{err}, qr/^dry run, nothing is written: 3 lines: 3 created, 0 unchanged, 0 changed, 0 refused$/m, 'IMP-1: and says what would come of it');
unlike($r->{err}, qr/\r|%/, 'IMP-1: nothing of a progress bar in a pipe');
is_deeply(json('user', 'list'), [], 'IMP-1: nothing is written');

# --- the same users, in both encodings ---

my ($rows, $first) = import_of("$top/office-cp932.csv");
is($first->{status}, 0, 'IMP-1: CP932 with CR LF, quoted line breaks, empty last lines') or diag $first->{err};
is(done($rows), '2:kaisha-001:created 3:kaisha-002:created 5:kaisha-003:created', 'IMP-1: each line, with its number');
like($rows->[0]{registration_url}, qr{/register\?t=[\w-]{43}$}, 'IMP-1: its URL');
like($rows->[2]{registration_code}, qr/^[2-9b-z]{10}$/, 'IMP-1: its code');
is($s->client->get($rows->[1]{registration_url} =~ s{^https://[^/]+}{}r)->status, 303, 'IMP-1: which the portal knows');
my $shown = json('user', 'show', 'kaisha-001');
is_deeply([ @$shown{qw(name organisation groups memo method)} ],
    [ "\x{9ad9}\x{6a4b} \x{592a}\x{90ce}", "\x{3231}\x{9ad9}\x{6a4b}\x{5546}\x{5e97}", [ 'sales', 'tokyo' ], "\x{7a93}\x{53e3} \"A\", 2 \x{968e}", 'certificate' ],
    'IMP-1: what the cells say, with letters of NEC and IBM');
like("$shown->{valid_from} $shown->{valid_until}", qr/^2026-04-01T00:00:00\S+ 2031-03-31T23:59:59/, 'IMP-1: days as spreadsheets write them');
is($shown->{terminals}[0]{label}, "1\x{53f7}\x{6a5f}", 'IMP-1: the name of the device, in its normal form');
is(json('user', 'show', 'kaisha-002')->{terminals}[0]{kind}, 'smartphone', 'IMP-1: Japanese words for kinds');
is(json('user', 'show', 'kaisha-003')->{method}, 'certificate', 'IMP-1: an empty cell is the default of the contract');

($rows, $r) = import_of("$top/office-cp932.csv");
is($r->{status}, 0, 'IMP-1: the same file once more');
is(done($rows), '2:kaisha-001:unchanged 3:kaisha-002:unchanged 5:kaisha-003:unchanged', 'IMP-1: changes nothing');
like($rows->[0]{detail}, qr/not registered yet: htanshin user invite kaisha-001 gives a new URL and code/, 'D3: and tells how to come by a code that was lost');
($rows, $r) = import_of("$top/office-utf8-bom.csv");
is(done($rows), '2:kaisha-001:unchanged 3:kaisha-002:unchanged 5:kaisha-003:unchanged', 'IMP-1: UTF-8 with a byte order mark says the same');

# --- what is wrong ---

$r = $s->htanshin('user', 'import', "$top/broken-cp932.csv", '--dry-run');
is($r->{status}, 1, 'IMP-1: a dry run that finds something wrong');
my @said = split /\n/, $r->{out};
is(join(' ', map { /^line (\d+)/ } @said), '3 4 5 6 7 8 9 10 11 12 13 15', 'IMP-1: every bad line with its number');
my %why = map { /^line (\d+)(.*)/ } @said;
like($why{3},  qr/^, user "-bad": USER: must be/,                             'IMP-1: an ID that nobody can have');
like($why{4},  qr/^, address "\x{e9}\x{ab}\x{99}\x{e6}\x{a9}\x{8b}": mail address/, 'IMP-1: an address');
like($why{5},  qr/^, terminal "[^"]+": must be one of pc, mobile, smartphone/, 'IMP-1: a word');
like($why{6},  qr{^, valid-until "2027/2/31": must be a day},                  'IMP-1: a day that is not there');
like($why{7},  qr/^, user "good-001": line 2 is of the same user/,            'IMP-1: a second line of one user');
like($why{8},  qr/^, address "other\@example.jp": user kaisha-001 exists, differs in address; --update changes it/, 'IMP-1: a user who exists');
like($why{9},  qr/^: cell 5 stands beyond the last column/,                    'IMP-1: a cell too many');
like($why{10}, qr/^: octet 23 of the line \(0x81\) is not CP932/,              'IMP-1: octets that are no text');
like($why{11}, qr/^: octet 10 of the line \(0x00\) is NUL/,                    'IMP-1: NUL');
like($why{12}, qr/^: a quotation mark stands inside a cell/,                   'IMP-1: a mark inside of a cell');
like($why{13}, qr/^: octet 23 of the line \(0x0d\) is a CR without LF/,        'IMP-1: a CR alone');
like($why{15}, qr/^: the quotation mark of a cell that begins here is not closed until the end of the file; the lines from here to 16/, 'IMP-1: a mark that is not closed');
($rows, $r) = import_of("$top/broken-cp932.csv");
is($r->{status}, 1, 'IMP-1: the same file in earnest');
is(join(' ', map { $_->{user} } grep { $_->{done} eq 'created' } @$rows), 'good-001 good-002', 'IMP-1: the good lines are done all the same');
is(scalar(grep { $_->{done} eq 'refused' && $_->{detail} } @$rows), 12, 'IMP-1: the others are refused, each with its reason');
is(json('user', 'show', 'kaisha-001')->{terminals}[0]{address}, 'taro@example.jp', 'IMP-1: who exists stays as he is');

# --- update ---

my $change = "user,address,name,groups\nkaisha-001,new\@example.jp,New Name,\nkaisha-003,,,a;b\nkaisha-002,,,\n";
($rows, $r) = import_of('-', '--update', '--dry-run', { stdin => $change });
is(json('user', 'show', 'kaisha-001')->{terminals}[0]{address}, 'taro@example.jp', 'IMP-1: --update in a dry run writes nothing');
like($r->{err}, qr/"unchanged":1,"changed":2/, 'IMP-1: and counts');
($rows, $r) = import_of('-', '--update', { stdin => $change });
is(done($rows), '2:kaisha-001:changed 3:kaisha-003:changed 4:kaisha-002:unchanged', 'IMP-1: --update changes what differs');
like($rows->[0]{detail}, qr/^address: taro\@example.jp \x{2192} new\@example.jp, name: \S+ \S+ \x{2192} New Name$/, 'IMP-1: and says what, before and after');
is_deeply([ @{ json('user', 'show', 'kaisha-003') }{qw(groups name)} ], [ [ 'a', 'b' ], "\x{ff7c}\x{ff9e}\x{ff9b}\x{ff73}" ], 'IMP-1: an empty cell changes nothing');
($rows, $r) = import_of('-', '--update', { stdin => $change });
unlike(done($rows), qr/:changed/, 'IMP-1: once more, nothing differs');

# --- other forms, and the result ---

my $file = $s->root . '/result.csv';
$r = $s->htanshin('user', 'import', "$top/office-utf8.tsv", '--update', '--result', $file);
is($r->{status}, 0, 'IMP-1: tabs, an English header') or diag $r->{err};
is((stat $file)[2] & 07777, 0600, 'IMP-1: --result is of its owner alone');
open my $in, '<:raw', $file or die "$file: $!";
my $text = do { local $/; <$in> };
like($text, qr/^\xef\xbb\xbfline,user,done,registration_url,registration_code,valid_until,detail\r\n2,kaisha-001,changed,.*\r\n3,kaisha-004,created,https:[^\r]*\r\n\z/s,
    'IMP-1: CSV that Excel opens as it is');
my ($code) = $text =~ /,created,[^,]*,([^,]*),/;
unlike($s->log . $r->{err}, qr/$code/, 'IMP-1: no code in logs or messages');
$r = $s->htanshin('user', 'import', "$top/office-utf8.tsv", '--result', $file);
is($r->{status}, 2, 'IMP-1: a result that is there is not written over');
like($r->{err}, qr/is there already; its codes may be the only ones: give another name/, 'IMP-1: and that is said');
symlink '/nowhere', $s->root . '/link';
is($s->htanshin('user', 'import', "$top/office-utf8.tsv", '--result', $s->root . '/link')->{status}, 2, 'IMP-1: nor is a link followed');
($rows, $r) = import_of('-', '--columns', 'user,-,address', { stdin => "by-1,x,b1\@example.jp\n" });
is(done($rows), '1:by-1:created', 'IMP-1: --columns');
for my $wrong (["user,phone\n", qr/column 2, "phone", is not known/], ["address\n", qr/none of user IDs/], ["\xff\xfea", qr/UTF-16/]) {
    $r = $s->htanshin('user', 'import', '-', { stdin => $wrong->[0] });
    is($r->{status}, 2, 'IMP-1: a file that cannot be read is wrong usage');
    like($r->{err}, $wrong->[1], 'IMP-1: with the reason');
}
$r = $s->htanshin('user', 'import', '/nowhere/users.csv');
like($r->{err}, qr{/nowhere/users.csv: No such file or directory; give it by the standard input}, 'IMP-1: a file that is not there');

# --- interrupted ---

$r = $s->run('sh', '-c', 'printf "user,address\nfull-1,x@example.jp\nfull-2,x@example.jp\n" | "$1" -d "$2" user import - > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state);
is($r->{status}, 3, 'D3: a row that cannot be written ends it');
like($r->{err}, qr/line 2: what came of it could not be written; user full-1 is created all the same: htanshin user invite full-1 gives a new pair/, 'D3: and says what was done');
is($s->htanshin('user', 'show', 'full-2')->{status}, 1, 'D3: the next is not made');
pipe my $read, my $write or die "pipe: $!";
my $half = $s->root . '/half';
my $child = fork // die "fork: $!";
if (!$child) {
    open STDIN, '<&', $read; close $write;
    open STDOUT, '>', $half; open STDERR, '>&', \*STDOUT;
    exec $s->root . '/bin/htanshin', '-d', $s->state, 'user', 'import', '-', '--encoding', 'utf-8' or POSIX::_exit(127);
}
close $read;
syswrite $write, "user,address\nstop-1,s1\@example.jp\n";
my $seen = sub { open my $h, '<', $half or return ''; local $/; return <$h> // '' };
for (1 .. 600) { last if $seen->() =~ /stop-1/; select undef, undef, undef, 0.05 }
like($seen->(), qr/stop-1,created,https/, 'IMP-1: what came of a line is there before the next is read');
kill INT => $child;
waitpid $child, 0;
is($? >> 8, 3, 'IMP-1: interrupted while it waits');
like($seen->(), qr/1 lines: 1 created.*stopped after line 2; what is done stays, and the same command goes on with the rest/s, 'IMP-1: it says so, and how to go on');
close $write;
($rows, $r) = import_of('-', { stdin => "user,address\nstop-1,s1\@example.jp\nstop-2,s2\@example.jp\n" });
is(done($rows), '2:stop-1:unchanged 3:stop-2:created', 'IMP-1: and goes on');

$s->stop;
done_testing;
