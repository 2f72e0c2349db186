# htanshin user import, against a running server (IMP-1, ADM-1, D3, D8): files as offices make them, what is refused, what is left.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP qw(decode_json);
use File::Temp ();
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
($rows, $r) = import_of('-', '--ignore-unknown', { stdin => "内線,user,部署,address\n12,by-2,総務,b2\@example.jp\n" });
is(done($rows), '2:by-2:created', 'IMP-1: columns that are not known are passed over where that is said') or diag($r->{err});
($rows, $r) = import_of('-', { stdin => "user;address;name\nby-3;b3\@example.jp;\"山田; 太郎\"\n" });
is(done($rows), '2:by-3:created', 'IMP-1: semicolons, as Excel writes where the comma stands in numbers') or diag($r->{err});
for my $wrong (["user,phone\n", qr/give --ignore-unknown/], ["user,phone\n", qr/column 2, "phone", is not known/], ["address\n", qr/none of user IDs/], ["\xff\xfea", qr/UTF-16/]) {
    $r = $s->htanshin('user', 'import', '-', { stdin => $wrong->[0] });
    is($r->{status}, 2, 'IMP-1: a file that cannot be read is wrong usage');
    like($r->{err}, $wrong->[1], 'IMP-1: with the reason');
}
$r = $s->htanshin('user', 'import', '/nowhere/users.csv');
like($r->{err}, qr{/nowhere/users.csv: No such file or directory; give it by the standard input}, 'IMP-1: a file that is not there');

# --- hashes of other systems ---

my $old = 'Umzug 2026 gut';
sub enters {
    my ($user, $password) = @_;
    my $c = $s->client;
    my $page = $c->get('/anshin/login');
    return $c->submit($page, { user => $user, password => $password })->status;
}
my @as_password = ('--method', 'password');
$r = $s->htanshin('user', 'import', "$top/broken.htpasswd", '--format', 'htpasswd', '--mail-domain', 'example.jp', @as_password, '--dry-run');
is($r->{status}, 1, 'IMP-2: a dry run finds what is wrong with hashes');
%why = map { /^line (\d+)(.*)/ } split /\n/, $r->{out};
is(join(' ', sort { $a <=> $b } keys %why), '2 3 4 5 6 7 8 9 10', 'IMP-2: in every bad line');
like($why{2},  qr/^: must be USER:HASH/, 'IMP-2: no hash');
like($why{3},  qr/^, password-hash: password hash \(unknown\): must be one of bcrypt/, 'IMP-2: a password that is no hash');
like($why{4},  qr/^, password-hash: password hash \(unknown\)/, 'IMP-2: DES');
like($why{5},  qr/^, password-hash: password hash \(bcrypt\): the cost of 31 must be 4 to 14/, 'IMP-2: bcrypt that never ends');
like($why{6},  qr/: rounds=999999999 must be 1000 to 1000000/, 'IMP-2: as many rounds of SHA-crypt');
like($why{7},  qr/: the number of iterations must be 1 to 2000000/, 'IMP-2: 10^9 iterations of PBKDF2');
like($why{8},  qr/: 2000001 iterations must be 1 to 2000000/, 'IMP-2: one too many');
like($why{9},  qr/password hash \(argon2\): must be .* at most 262144 KiB/, 'IMP-2: argon2 of 4 GiB');
like($why{10}, qr/password hash \(bcrypt\): is not well formed/, 'IMP-2: one that was cut');
unlike($r->{out} . $r->{err}, qr/Visible-Secret|PUBnDlGbvnQ|xWT8lXip/, 'IMP-2: nothing of a hash, or a password in its place, is told');
$r = $s->htanshin('user', 'import', "$top/users.htpasswd", '--format', 'htpasswd', @as_password, '--dry-run');
like($r->{out}, qr/^line 2, address: a new user needs a mail address: give a column of them, or --mail-domain/m, 'IMP-2: htpasswd has no addresses');

my @htpasswd = ("$top/users.htpasswd", '--format', 'htpasswd', '--mail-domain', 'example.jp', @as_password);
($rows, $r) = import_of(@htpasswd);
is(done($rows), '2:ht-bcrypt:created 3:ht-apr1:created 5:ht-sha:created 6:ht-c2:created 7:ht-c5:created', 'IMP-2: users of htpasswd') or diag $r->{err};
is($rows->[0]{registration_url}, undef, 'IMP-2: who logs in by ID and password needs no registration');
like($rows->[0]{detail}, qr/logs in by the password of before \(bcrypt\), without registration/, 'IMP-2: and that is said');
is(json('user', 'show', 'ht-apr1')->{terminals}[0]{address}, 'ht-apr1@example.jp', 'IMP-2: addresses of --mail-domain');
($rows, $r) = import_of("$top/users-sdbm", '--format', 'htdbm', '--mail-domain', 'example.jp', @as_password);
is(join(' ', sort map { "$_->{user}:$_->{done}" } @$rows), 'ht-user1:created ht-user2:created', 'IMP-2: of htdbm, in SDBM') or diag $r->{err};
($rows, $r) = import_of("$top/users.db", '--format', 'htdbm', '--mail-domain', 'example.jp', @as_password);
is(done($rows), '1:ht-user3:created', 'IMP-2: in a file of Berkeley DB') or diag $r->{err};
($rows, $r) = import_of("$top/users.ldif", '--format', 'ldif', @as_password);
is(done($rows), '8:ld-ssha:created 24:ld-crypt:created 33:ld-pbkdf2:created 40:ld-argon2:created 50:ld-locked:refused 59:ld-twice:refused 63:ld-sasl:refused',
    'IMP-2: of LDIF') or diag $r->{err};
is(json('user', 'show', 'ld-ssha')->{name}, "\x{5c71}\x{7530} \x{82b1}\x{5b50}", 'IMP-2: with what stands there of them');
($rows, $r) = import_of('-', '--format', 'keycloak', @as_password, { stdin => do { open my $h, '<:raw', "$top/keycloak-realm.json" or die $!; local $/; <$h> } });
is(done($rows), '1:kc-old:created 2:kc-new:created 3:kc-argon2:created 4:kc-off:refused 5:kc-must:created 6:kc-sha1:refused', 'IMP-2: of Keycloak')
    or diag $r->{err};
like($rows->[4]{registration_url}, qr/register/, 'IMP-2: a temporary password is not taken, so that one registers');
my @hashed = qw(ht-bcrypt ht-apr1 ht-sha ht-c2 ht-c5 ht-user1 ht-user2 ht-user3 ld-ssha ld-crypt ld-pbkdf2 ld-argon2 kc-old kc-new kc-argon2);
my %scheme = map { $_->{user} => $_->{imported_password} } @{ json('user', 'list', '--imported') };
is(join(' ', map { "$_:" . ($scheme{$_} // '-') } @hashed),
    'ht-bcrypt:bcrypt ht-apr1:apr1 ht-sha:sha1 ht-c2:sha256-crypt ht-c5:sha512-crypt ht-user1:apr1 ht-user2:bcrypt ht-user3:sha1 ld-ssha:ssha '
    . 'ld-crypt:sha512-crypt ld-pbkdf2:pbkdf2-sha256 ld-argon2:argon2 kc-old:pbkdf2-sha256 kc-new:pbkdf2-sha512 kc-argon2:argon2',
    'IMP-2: user list tells whose hash is of which system');
is(scalar(keys %scheme), scalar(@hashed), 'IMP-2: of those alone');
is(join(' ', map { enters($_, "$old.") } @hashed[0, 8]), '401 401', 'IMP-2: a wrong password does not let in');
is(join(' ', map { enters($_, $old) } @hashed), join(' ', (303) x @hashed), 'IMP-2: by the password of before each logs in');
is_deeply(json('user', 'list', '--imported'), [], 'IMP-2: and by then each is hashed by us');
is(join(' ', map { enters($_, $old) } @hashed[0, 14]), '303 303', 'IMP-2: which lets in the next time');
($rows, $r) = import_of(@htpasswd);
unlike(done($rows), qr/:(?:created|changed|refused)/, 'IMP-2: the same file once more gives nobody the old hash back');
is(json('user', 'show', 'ht-apr1')->{imported_password}, undef, 'IMP-2: as user show tells');
unlike($s->log, qr/xWT8lXip|NhlyQdO87|\Q$old\E/, 'IMP-2: no hash in the log');
my $hash = '$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1';
my $some = "user,address,method,password-hash\nby-cert,c\@example.jp,certificate,$hash\nby-pw,p\@example.jp,password,\nby-pw2,p\@example.jp,password,$hash\n";
($rows, $r) = import_of('-', { stdin => $some });
is(done($rows), '2:by-cert:created 3:by-pw:created 4:by-pw2:created', 'IMP-2: a column of hashes in CSV');
like($rows->[0]{registration_url}, qr/register/, 'IMP-2: who needs a certificate registers');
like($rows->[0]{detail}, qr/the password hash is not taken: by method certificate the user registers/, 'IMP-2: and that is said');
$some =~ s/password,\n/password,{SHA}YSbEXvinLEX\/sWCt9g4G+2XG73Y=\n/;
($rows, $r) = import_of('-', { stdin => $some });
is($rows->[1]{done}, 'refused', 'IMP-2: a hash for one who has not registered yet is a difference');
($rows, $r) = import_of('-', '--update', { stdin => $some });
is(done($rows), '2:by-cert:unchanged 3:by-pw:changed 4:by-pw2:unchanged', 'IMP-2: which --update makes');
like($rows->[0]{detail}, qr/the password hash is not taken: by method certificate/, 'IMP-2: of whom it is not, that is said again');
like($rows->[1]{detail}, qr/^password-hash: - \x{2192} sha1$/, 'IMP-2: by name alone');
is(enters('by-pw', $old), 303, 'IMP-2: and it lets in');
$some = "user,address,method,password-hash\nto-pw,t\@example.jp,certificate,\n";
import_of('-', { stdin => $some });
($rows, $r) = import_of('-', '--update', { stdin => $some =~ s/certificate,/password,$hash/r });
is(done($rows), '2:to-pw:changed', 'IMP-2: method and hash in one line') or diag $r->{out} . $r->{err};
is(enters('to-pw', $old), 303, 'IMP-2: and that lets in');
is($s->htanshin('user', 'set', 'by-pw2', '--method', 'certificate')->{status}, 0, 'one who has a hash of before gets another method');
($rows, $r) = import_of('-', '--update', { stdin => "user,address,method,password-hash\nby-pw2,p\@example.jp,password,{SHA}YSbEXvinLEX/sWCt9g4G+2XG73Y=\n" });
is(done($rows), '2:by-pw2:changed', 'IMP-2: and by one line that method again, with another hash') or diag $r->{out} . $r->{err};
is(enters('by-pw2', $old), 303, 'IMP-2: which lets in');

# --- interrupted ---

$r = $s->run('sh', '-c', 'printf "user,address\nfull-1,x@example.jp\nfull-2,x@example.jp\n" | "$1" -d "$2" user import - > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state);
is($r->{status}, 3, 'D3: a row that cannot be written ends it');
like($r->{err}, qr/line 2: what came of it could not be written; user full-1 is created all the same: htanshin user invite full-1 gives a new pair/, 'D3: and says what was done');
is($s->htanshin('user', 'show', 'full-2')->{status}, 1, 'D3: the next is not made');
my $both = $s->root . '/both.csv';
Anshin::PKI::write_text($both, join '', "user,address\n", map { "both-$_,b$_\@example.jp\n" } 1 .. 8);
$r = $s->run('sh', '-c', '"$1" -d "$2" user import "$3" > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state, $both);
is($r->{status}, 3, 'D3: also where lines share what the disk costs');
is(join(' ', $r->{err} =~ /htanshin user invite (both-\d) gives a new pair/g), join(' ', sort grep { /^both-/ } map { $_->{user} } @{ json('user', 'list') }),
    'D3: and of each whose code is lost it is said');
$r = $s->run('bash', '-c', 'printf "user,address\ngone-1,x@example.jp\n" | { sleep 0.2; "$1" -d "$2" user import - --encoding utf-8; echo "= $?" >&2; } | true', 'bash', $s->root . '/bin/htanshin', $s->state);
like($r->{err}, qr/user gone-1 is created all the same: htanshin user invite gone-1 gives a new pair.*= 3/s, 'D3: also where the reader of the rows is gone');
pipe my $read, my $write or die "pipe: $!";
my $half = $s->root . '/half';
my $child = fork // die "fork: $!";
if (!$child) {
    open STDIN, '<&', $read; close $write;
    open STDOUT, '>', $half; open STDERR, '>&', \*STDOUT;
    $SIG{INT} = 'DEFAULT';    # whatever the suite was started by
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

# Killed in the middle of a line, and in the middle of work; the same command goes on, on a terminal.
my $many = 2000;
my $list = $s->root . '/many.csv';
open my $made, '>', $list or die "$list: $!";
print $made "user,address\n", map { sprintf "kill-%04d,k%d\@example.jp\n", $_, $_ } 1 .. $many;
close $made or die "$list: $!";
sub killed {
    my ($input, $until) = @_;
    my $rows = $s->root . '/killed';
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<&', $input; open STDOUT, '>', $rows; open STDERR, '>', '/dev/null';
        exec $s->root . '/bin/htanshin', '-d', $s->state, 'user', 'import', '-', '--encoding', 'utf-8' or POSIX::_exit(127);
    }
    my $read = sub { open my $h, '<', $rows or return ''; local $/; return <$h> // '' };
    for (1 .. 6000) { last if $read->() =~ $until; select undef, undef, undef, 0.005 }
    kill KILL => $pid;
    waitpid $pid, 0;
    is($? & 127, 9, 'IMP-1: killed by -9');
    return [ $read->() =~ /,(\S+?),created,https/g ];
}
pipe my $cut, my $cutting or die "pipe: $!";
syswrite $cutting, "user,address\ncut-1,c1\@example.jp\ncut-2,c2\@exa";
is("@{ killed($cut, qr/cut-1,created/) }", 'cut-1', 'IMP-1: in the middle of a line: what was whole is done');
close $cutting;
($rows, $r) = import_of('-', { stdin => "user,address\ncut-1,c1\@example.jp\ncut-2,c2\@example.jp\n" });
is(done($rows), '2:cut-1:unchanged 3:cut-2:created', 'IMP-1: and the rest by the same command');
open my $file_in, '<', $list or die "$list: $!";
my $first_part = killed($file_in, qr/kill-0040,created/);
my @made = grep { /^kill-/ } map { $_->{user} } @{ json('user', 'list') };
cmp_ok(scalar @$first_part, '<', $many, 'IMP-1: in the middle of work: ' . @$first_part . ' lines were done');
my $rest = $s->root . '/rest.csv';
$r = $s->run('script', '-qec', "'@{[ $s->root ]}/bin/htanshin' -d '@{[ $s->state ]}' user import '$list' --result '$rest' & p=\$!; sleep 0.2; kill -STOP \$p; sleep 1.2; kill -CONT \$p; wait \$p", '/dev/null', { env => 1 });    # longer than it takes to know the rest, however fast the machine
like($r->{out}, qr/\r +\d+ % \[#* *\] \d+ lines/, 'IMP-1: on a terminal, how far it is');
like($r->{out}, qr/\r +\d+ % \[#+ *\] \d+ lines, \d+:\d\d left\e\[K/, 'IMP-1: and how long it will take');
like($r->{out}, qr/\r\e\[K$many lines: \d+ created, \d+ unchanged, 0 changed, 0 refused\r\n/, 'IMP-1: in place of which the sum stands at the end');
open my $rest_in, '<', $rest or die "$rest: $!";
my @rest = <$rest_in>;
my %count;
$count{$_}++ for @$first_part, map { /,(kill-\d+),created,/ ? $1 : () } @rest;
is(scalar(grep { $_ > 1 } values %count), 0, 'IMP-1: going on makes nobody twice');
my %known = map { $_ => 1 } @made;
is(join(' ', grep { !$known{$_} } @$first_part), '', 'IMP-1: who stood in a row when it was killed is there');
my @untold = grep { !$count{$_} } @made;
cmp_ok(scalar @untold, '<=', 32, 'IMP-1: of those who are there so many at most stood in none: ' . @untold);
is(scalar(keys %count) + @untold, $many, 'IMP-1: all others are told of');
my %lost = map { /,(kill-\d+),unchanged,.*not registered yet: htanshin user invite \1 gives a new URL and code/ ? ($1 => 1) : () } @rest;
is(join(' ', grep { !$lost{$_} } @untold), '', 'D3: and the second run tells of these how to come by a code');
my @there = grep { $_->{user} =~ /^kill-/ } @{ json('user', 'list') };
is(scalar @there, $many, 'IMP-1: each user is there, once');

# The same of a verb for many: what was done stays, nobody is half done, and --after goes on.
sub slurp { open my $h, '<:raw', $_[0] or return ''; local $/; return <$h> // '' }
my @lock = ('user', 'lock', '--file', $list, '--yes');
my @part = map { { rows => $s->root . "/locked-$_", undo => $s->root . "/unlock-$_" } } 1, 2;
my $locking = fork // die "fork: $!";
if (!$locking) {
    open STDERR, '>', '/dev/null';
    exec $s->root . '/bin/htanshin', '-d', $s->state, @lock, '--result', $part[0]{rows}, '--undo', $part[0]{undo} or POSIX::_exit(127);
}
for (1 .. 6000) { last if slurp($part[0]{rows}) =~ /kill-0040,locked/; select undef, undef, undef, 0.005 }
kill KILL => $locking;
waitpid $locking, 0;
is($? & 127, 9, 'IMP-4: a verb for many is killed by -9');
my @locked = slurp($part[0]{rows}) =~ /^(kill-\d+),locked,[^\n]*\n/mg;
my $now = grep { $_->{user} =~ /^kill-/ } @{ json('user', 'list', '--state', 'locked') };
cmp_ok(scalar @locked, '<', $many, 'IMP-4: in the middle of work: ' . @locked . ' rows are there');
ok($now - @locked >= 0 && $now - @locked <= 1, "IMP-4: and as many are locked, but for the one in work ($now)");
$r = $s->htanshin(@lock, '--after', $locked[-1], '--result', $part[1]{rows}, '--undo', $part[1]{undo});
is($r->{status}, 0, 'IMP-4: with --after the same command goes on') or diag $r->{err};
my %times;
$times{$_}++ for @locked, slurp($part[1]{rows}) =~ /^(kill-\d+),(?:locked|unchanged),/mg;
is(join(' ', scalar(keys %times), grep { $times{$_} != 1 } keys %times), $many, 'IMP-4: and each has come to its turn once');
my $back = () = (slurp($part[0]{undo}) . slurp($part[1]{undo})) =~ /^kill-\d+,/mg;
cmp_ok($back, '>=', $many - 1, 'IMP-4: the lists for the way back have all of them, but for the one in work');
is(scalar(grep { $_->{user} =~ /^kill-/ } @{ json('user', 'list', '--state', 'locked') }), $many, 'IMP-4: all are locked in the end');

# --- a method that the contract has not ---

$r = $s->htanshin('user', 'import', '-', '--dry-run', '--method', 'otp', { stdin => "user,address\nway-1,w\@example.jp\n" });
like($r->{out}, qr/^line 2, method: contract p-01 does not admit the login method otp: must be one of password, certificate \(AnshinLoginMethods\)/m,
    'IMP-1: a line without a method, and one for all that the contract has not: the field, the rule and what is allowed');
$r = $s->htanshin('user', 'import', '-', '--dry-run', { stdin => "user,address,method\nway-1,w\@example.jp,otp\n" });
like($r->{out}, qr/^line 2, method "otp": contract p-01 does not admit /m, 'IMP-1: one that the line has is quoted');

# --- by sudo ---

SKIP: {
    skip 'only root can be made of somebody by sudo', 9 if $>;
    my ($uid, $gid) = (getpwnam 'nobody')[ 2, 3 ];
    my $home = File::Temp->newdir;
    chmod 0755, $home or die "$home: $!";
    for my $name (qw(own secret)) {
        open my $h, '>', "$home/$name" or die "$name: $!";
        print $h "user,address\nsudo-$name,s\@example.jp\n";
        close $h or die "$name: $!";
        chmod 0600, "$home/$name" or die "$name: $!";
    }
    mkdir "$home/dir" or die "dir: $!";
    chown $uid, $gid, "$home/own", "$home/dir" or die "chown: $!";
    my $sudo = sub { return $s->run('env', "SUDO_UID=$uid", "SUDO_GID=$gid", $s->root . '/bin/htanshin', '-d', $s->state, 'user', 'import', @_) };
    $r = $sudo->("$home/secret");
    is($r->{status}, 2, 'S36: under sudo a file that the caller cannot read is not read');
    like($r->{err}, qr{$home/secret: Permission denied}, 'S36: and that is said');
    $r = $sudo->("$home/own", '--result', "$home/result");
    is($r->{status}, 2, 'S36: nor is a result made where the caller cannot write');
    $r = $sudo->("$home/own", '--result', "$home/dir/result");
    is($r->{status}, 0, 'IMP-1: what the caller may read and make is') or diag $r->{err};
    is(join(' ', (stat "$home/dir/result")[ 4, 5 ]), "$uid $gid", 'IMP-1: and the result is the caller\'s');
    is($s->htanshin('user', 'show', 'sudo-own')->{status}, 0, 'IMP-1: the user is there');
    my $export = sub { return $s->run('env', "SUDO_UID=$uid", "SUDO_GID=$gid", $s->root . '/bin/htanshin', '-d', $s->state, 'user', 'export', '--overwrite', '--output', "$home/$_[0]") };
    $r = $export->('dir/result');
    is($r->{status} . ' ' . join(' ', (stat "$home/dir/result")[ 4, 5 ]), "0 $uid $gid", 'IMP-3: where the caller may, a file of his is replaced') or diag $r->{err};
    is(join(' ', map { s{.*/}{}r } glob "$home/dir/*"), 'result', 'IMP-3: and nothing is left beside it');
    is($export->('own')->{status}, 2, 'S36: but not in a directory in which he may make nothing');
}

$s->stop;

# --- the disk ---

# A row is written when what it tells of is durable: the calls of the kernel, in their order. Nobody else is there, for
# a sync of the worker makes this one's lines durable too, and that is not among the calls.
SKIP: {
    skip 'needs strace', 4 if !grep { -x "$_/strace" } split /:/, $ENV{PATH};
    my ($few, $calls) = map { $s->root . "/$_" } qw(order.csv order.calls);
    Anshin::PKI::write_text($few, join '', "user,address\n", map { sprintf "order-%03d,o%d\@example.jp\n", $_, $_ } 1 .. 70);
    $r = $s->run('strace', '-f', '-y', '-s', '400', '-o', $calls, '-e', 'trace=write,pwrite64,writev,pwritev,fsync,fdatasync', $s->root . '/bin/htanshin',
        '-d', $s->state, 'user', 'import', $few, '--result', "$few.result");
    is($r->{status}, 0, 'IMP-1: an import that is looked at') or diag $r->{err};
    my ($unsynced, $early, $rows, $syncs) = (0, 0, 0, 0);
    for (split /\n/, slurp($calls)) {
        if (/ (?:p?write|pwrite64|p?writev)\(\d+<[^>]*\/journal/) { $unsynced = 1 }
        elsif (/ f(?:data)?sync\(\d+<[^>]*\/journal/) { ($unsynced, $syncs) = (0, $syncs + 1) }
        elsif (/ write\(\d+<[^>]*order\.csv\.result>, .*order-\d/) { $rows++; $early += $unsynced }
    }
    is($rows, 70, 'IMP-1: a row each');
    is($early, 0, 'IMP-1: none of which was written before its line was durable');
    cmp_ok($syncs, '<', 40, "IMP-1: and lines share what the disk costs ($syncs syncs)");
}
done_testing;
