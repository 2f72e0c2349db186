# htanshin user, against a running server (ADM-1, REG-1): what it makes, shows and refuses.
use strict;
use warnings;
use lib 't/lib';
use Encode ();
use JSON::PP qw(decode_json encode_json);
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods certificate password')->start;

sub json { my $r = $s->htanshin('--json', @_); is($r->{status}, 0, "@_") or diag($r->{err}); return decode_json($r->{out}) }

sub refused {
    my ($what, $status, $pattern, @arguments) = @_;
    my $r = $s->htanshin(@arguments);
    is($r->{status}, $status, "$what: exit code $status") or diag($r->{out});
    like($r->{err}, $pattern, "$what: the reason");
    is($r->{out}, '', "$what: no answer");
    return;
}

# "registration url: ..." lines as a hash.
sub lines {
    my ($text) = @_;
    my %value;
    while ($text =~ /^(\w[\w ]*?): +(.*)$/mg) { (my $key = $1) =~ tr/ /_/; $value{$key} = $2 }
    return \%value;
}

# The status that the link's page has in the end.
sub link_status {
    my ($url) = @_;
    my $client = $s->client;
    my $page = $client->get($url =~ s{^https://[^/]+}{}r);
    $page = $client->follow($page) if $page->status == 303;
    return $page->status;
}

# --- add (REG-1) ---

my $r = $s->htanshin('user', 'add', 'p-01-usr001', '--address', 'usr001@example.jp');
is($r->{status}, 0, 'REG-1: user add') or diag($r->{err});
my $made = lines($r->{out});
like($made->{registration_url}, qr{^https://localhost:\d+/anshin/register\?t=[\w-]{43}$}, 'REG-1: registration URL, 256 bits (S9)');
like($made->{registration_code}, qr/^[2-9b-df-hj-km-np-tv-z]{10}$/, 'REG-1: registration code');
like($made->{valid_until}, qr/^\d{4}-\d\d-\d\dT[\d:]{8}[+-]\d\d:\d\d$/, 'until when');
is(link_status($made->{registration_url}), 200, 'the portal knows the link at once');

my $second = json('user', 'add', 'p-01-usr002', '--address', 'usr002@example.jp', '--method', 'password', '--terminal',
    'smartphone', '--language', 'en');
is($second->{user}, 'p-01-usr002', 'JSON: the user');
json('user', 'add', 'labelled', '--address', 'la@example.jp', '--label', ' Front  desk ');
is(json('user', 'show', 'labelled')->{terminals}[0]{label}, 'Front  desk', 'LST-1: --label names the first terminal');
is($s->htanshin('user', 'delete', 'labelled')->{status}, 0, 'who goes');
isnt($second->{registration_code}, $made->{registration_code}, 'codes differ');

refused('an ID that is taken', 1, qr/p-01-usr001.*taken/, 'user', 'add', 'p-01-usr001', '--address', 'x@example.jp');
refused('the same ID in capitals, full width and with spaces', 1, qr/taken/, 'user', 'add', " \x{ef}\x{bc}\x{b0}-01-USR001 ",
    '--address', 'x@example.jp');
refused('no address', 2, qr/--address: must be given/, 'user', 'add', 'new');
for my $id ('', '-x', '../etc', 'a/b', 'a b', "a\nb", "a\x1b[2J", 'a' x 65, "\xff", "\xe5\xb1\xb1", '@x') {
    refused('a bad user ID', 2, qr/^htanshin: USER: must be 1 to 64 of/, 'user', 'add', '--address', 'x@example.jp', '--', $id);
}
for my $address ("x\@example.jp\r\nBcc: y\@example.jp", 'x', '@example.jp', 'x@', 'x y@example.jp', 'x@exa mple.jp',
    '<x@example.jp>', 'a@b@example.jp', '"x"@example.jp', ('a' x 250) . '@example.jp', '') {
    refused('S27: a bad address', 2, qr/mail address/, 'user', 'add', 'new', '--address', $address);
}
refused('an unknown method', 2, qr/--method: must be one of password, otp, certificate/, 'user', 'add', 'new', '--address',
    'x@example.jp', '--method', 'card');
refused('a method that the contract does not admit', 2, qr/does not admit the login method otp/, 'user', 'add', 'new', '--address',
    'x@example.jp', '--method', 'otp');
refused('an unknown language', 2, qr/language/, 'user', 'add', 'new', '--address', 'x@example.jp', '--language', 'fr');
refused('S27, LST-1: a label that cannot be seen', 2, qr/label .*has a character that cannot be seen/, 'user', 'add', 'new', '--address',
    'x@example.jp', '--label', "a\x1b[2J");
refused('LST-1: a long label', 2, qr/label .*is longer than 32 characters/, 'user', 'add', 'new', '--address', 'x@example.jp', '--label', 'a' x 33);
refused('an unknown contract', 1, qr/contract p-99: is not declared/, '--contract', 'p-99', 'user', 'list');
refused('and nothing came of all that', 1, qr/contract p-01 has no user new \(AN0840\)/, 'user', 'show', 'new');

# --- add, from the standard input (D8) ---

my $lines = "in-1,in1\@example.jp\nIN-2\tin2\@example.jp\r\n\n-x,x\@example.jp\nin-3\nin-3,no\nin-1,again\@example.jp\n" . ('y' x 600)
    . "\nin-3,a\@example.jp,otp\nin-3,a\@example.jp\0\nin-4,in4\@example.jp";
$r = $s->htanshin('--json', 'user', 'add', '-', '--language', 'en', { stdin => $lines });
is($r->{status}, 1, 'D8: some lines failed') or diag $r->{err};
my $several = decode_json($r->{out});
is_deeply([ map { $_->{user} } @$several ], [qw(in-1 in-2 in-4)], 'D8: the others are done, also the last, without a line end');
is(link_status($several->[2]{registration_url}), 200, 'D8: their links work');
is_deeply([ map { decode_json($_)->{text} =~ /^line (\d+)/ } split /\n/, $r->{err} ], [ 4 .. 10 ], 'D8: each bad line is told of by its number');
like($r->{err}, qr/line 4: USER: must be.*line 5: ADDRESS: is missing.*line 6: mail address.*line 7: user ID in-1 is taken.*line 8: is too long.*line 10: is too long, or has a NUL/s,
    'D8: with field and rule');
$r = $s->htanshin('user', 'add', '-', { stdin => "in-3\nin-1,again\@example.jp\n", lang => 'ja_JP.UTF-8' });
like($r->{err}, qr/\Ahtanshin: 1 行目: メールアドレスがありません: ユーザ ID、タブまたはカンマ、メールアドレスの順に書いてください \(AN1187\)\nhtanshin: 2 行目: [^\n]*in-1[^\n]*使われています/,
    'D8, INS-7: in Japanese with the line as well');
$r = $s->htanshin('user', 'add', '-', { stdin => "in-5,in5\@example.jp\nin-6,in6\@example.jp\n" });
is($r->{status}, 0, 'D8: all went well') or diag $r->{err};
like($r->{out}, qr/^user +registration url .*\nin-5 .*\nin-6 .*\n\z/, 'D8: a table of them');
refused('D8: one address for all', 2, qr/--address: must not be given/, 'user', 'add', '-', '--address', 'x\@example.jp');
$r = $s->run('sh', '-c', 'printf "full-1,x@example.jp\nfull-2,x@example.jp\n" | "$1" -d "$2" user add - > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state);
is($r->{status}, 3, 'D8: a row that cannot be written ends it');
like($r->{err}, qr/line 1: the answer could not be written; user full-1 is created all the same/, 'D8: and says what was done');
is($s->htanshin('user', 'show', 'full-2')->{status}, 1, 'D8: the next is not made');
is($s->htanshin('user', 'delete', $_)->{status}, 0, "$_ goes") for qw(in-1 in-2 in-4 in-5 in-6 full-1);

# --- what a Unix tool does (D3, D6) ---

$r = $s->run('sh', '-c', '"$1" -d "$2" user add full-1 --address full@example.jp > /dev/full', 'sh', $s->root . '/bin/htanshin', $s->state);
is($r->{status}, 3, 'D3: an answer that cannot be written is no success');
like($r->{err}, qr/could not be written; user full-1 is created all the same: htanshin user invite full-1 gives a new pair/,
    'D3: it says what was done, and how to come by a new pair');
is($s->htanshin('user', 'invite', 'full-1')->{status}, 0, 'D3: which works');
is($s->htanshin('user', 'delete', 'full-1')->{status}, 0, 'and the user goes');
$r = $s->htanshin('user');
is($r->{status}, 0, 'D6: a family alone lists its commands');
like($r->{out}, qr/^  user add USER\|- .*^  user delete \[USER\] /ms, 'D6: all of them');
unlike($r->{out}, qr/^  cert |htanshin cert/m, 'D6: and no others');
like($s->htanshin('--version')->{out}, qr/^htanshin \d+\.\d+\.\d+$/m, 'D6: --version');
is($s->htanshin('nothing')->{status}, 2, 'what is no command stays wrong usage');

# --- show and list ---

my $shown = json('user', 'show', 'P-01-USR001');
is($shown->{state},  'pending',     'state');
is($shown->{method}, 'certificate', 'method of the contract');
is($shown->{registration_expired}, JSON::PP::false, 'the invitation is open');
is_deeply([ @{ $shown->{terminals}[0] }{qw(number kind address certificate)} ], [ 1, 'pc', 'usr001@example.jp', undef ],
    'the first terminal');
is_deeply($shown->{locked_by_attempts}, [], 'no locks');
my $text = $s->htanshin('user', 'show', 'p-01-usr001')->{out};
unlike($text, qr/\$argon2|hash|mac\b|\Q$made->{registration_code}\E/, 'no secret is shown');
is_deeply([ map { $_->{user} } @{ json('user', 'list') } ], [ 'p-01-usr001', 'p-01-usr002' ], 'list, in order');
is_deeply([ map { $_->{user} } @{ json('user', 'list', '--limit', 1) } ], ['p-01-usr001'], 'D4: the first of a list');
is_deeply([ map { $_->{user} } @{ json('user', 'list', '--limit', 1, '--after', 'p-01-usr001') } ], ['p-01-usr002'], 'D4: and what comes after it');
is_deeply([ map { $_->{user} } @{ json('user', 'list', '--after', 'P-01-USR001') } ], ['p-01-usr002'], 'D4: however the ID is written');
is_deeply(json('user', 'list', '--after', 'p-01-usr002'), [], 'D4: and the end of it');
refused('D4: the rest after what is no ID', 2, qr/USER: must be/, 'user', 'list', '--after', '../x');
is_deeply(json('user', 'list', '--state', 'active'), [], 'list of a state that nobody is in');
refused('an unknown state', 2, qr/--state: must be one of/, 'user', 'list', '--state', 'dead');

# --- invite ---

my $again = lines($s->htanshin('user', 'invite', 'p-01-usr001')->{out});
isnt($again->{registration_url}, $made->{registration_url}, 'invite: a new link');
isnt(link_status($made->{registration_url}), 200, 'the old one has ended');
is(link_status($again->{registration_url}), 200, 'the new one works');
refused('invite of nobody', 1, qr/contract p-01 has no user nobody/, 'user', 'invite', 'nobody');

# --- attributes, set (ATT-1, ADM-1) ---

my @given = ('--name', '安心 太郎', '--organisation', '㈱安心薬局', '--groups', 'Sales,admin', '--memo', '電話 <b>', '--valid-from', '2026-01-01', '--valid-until', '2099-03-31');
json('user', 'add', 'att-1', '--address', 'att1@example.jp', '--method', 'password', @given);
my $att = json('user', 'show', 'att-1');
is_deeply([ @$att{qw(name organisation memo)} ], [ map { Encode::decode('UTF-8', $_) } @given[ 1, 3, 7 ] ], 'ATT-1: user add takes name, organisation and memo');
is_deeply($att->{groups}, [qw(admin sales)], 'ATT-1: and groups, a set');
like("$att->{valid_from} $att->{valid_until}", qr/^2026-01-01T00:00:00\S+ 2099-03-31T23:59:59\S+$/, 'ATT-1: of days, the last one to its end');
is($att->{valid_now}, JSON::PP::true, 'ATT-1: valid now');
like($s->htanshin('user', 'show', 'att-1')->{out}, qr/^name: +安心 太郎\n(?:.*\n)?organisation: +㈱安心薬局\n/m, 'ATT-1: people read them as they are');
my $set = json('user', 'set', 'att-1', '--address', 'new@example.jp', '--terminal', 'smartphone', '--label', '薬局1号機', '--language', 'en',
    '--groups', '', '--valid-until', '2099-03-31T09:00:00+09:00');
is_deeply($set->{changed}, [qw(language groups valid_until address kind label)], 'ADM-1: user set tells what is otherwise now');
is($set->{done}, 'changed', 'ADM-1: and that something is');
$att = json('user', 'show', 'att-1');
is_deeply([ $att->{groups}, @{ $att->{terminals}[0] }{qw(address kind)}, $att->{language} ], [ [], 'new@example.jp', 'smartphone', 'en' ], 'ADM-1: it is changed');
is(json('user', 'set', 'att-1', '--language', 'en')->{done}, 'unchanged', 'ADM-1: said again, nothing is');
is_deeply([ map { $_->{user} } @{ json('user', 'list', '--organisation', '㈱安心薬局') } ], ['att-1'], 'ATT-1: a list by organisation');
json('user', 'set', 'att-1', '--groups', 'hr');
is_deeply([ map { $_->{user} } @{ json('user', 'list', '--group', 'HR') } ], ['att-1'], 'ATT-1: by group');
is_deeply(json('user', 'list', '--group', 'sales'), [], 'ATT-1: which it has left');
is_deeply([ sort keys %{ json('user', 'list', '--group', 'hr')->[0] } ],
    [qw(created_at groups imported_password last_login_at memo method name organisation state terminals user valid_from valid_until)], 'ATT-1: programs read all columns');
like($s->htanshin('user', 'list', '--group', 'hr', '--columns', 'name,groups,user')->{out}, qr/^name +groups +user\n安心 太郎 +hr +att-1\n\z/, 'ATT-1, D9: columns, in the order that is given');
refused("D9: --columns $_", 2, qr/--columns: must be some of user, state/, 'user', 'list', '--columns', $_) for 'user,nothing', 'user,user', '';
refused('ATT-1: a list of what is no group', 2, qr/--group: must be 1 to 32/, 'user', 'list', '--group', '営業');
refused("ATT-1: $_->[1]", 2, $_->[2], 'user', 'set', 'att-1', $_->[0], $_->[1]) for
    [ '--name', "a\nb", qr/name .*cannot be seen/ ], [ '--organisation', '薬' x 65, qr/organisation .*longer than 64/ ], [ '--groups', 'a,b c', qr/groups: "b c"/ ],
    [ '--memo', 'x' x 501, qr/memo .*longer than 500/ ], (map { [ '--valid-from', $_, qr/--valid-from: must be a day/ ] } '2027-02-30', '2027-4-1', '1.4.2027', 'tomorrow', '2027-04-01T25:00', '2027-04-01T09:00+9'),
    [ '--valid-until', '2020-01-01', qr/valid_until: lies before/ ], [ '--address', 'x', qr/mail address/ ], [ '--method', 'otp', qr/does not admit the login method otp/ ];
refused('ADM-1: set without anything', 2, qr/give what is to be changed/, 'user', 'set', 'att-1');
refused('ADM-1: a device that is not there', 1, qr/has no device 9/, 'user', 'set', 'att-1', '--device', 9, '--label', 'x');
refused('ATT-1: one name for several', 2, qr/--name: must not be given/, 'user', 'add', '-', '--name', 'x');
refused("ADM-1: $_->[0] of nobody", 1, qr/contract p-01 has no user nobody/, 'user', $_->[0], 'nobody', @$_[ 1 .. $#$_ ]) for [ 'set', '--name', 'x' ], ['reset'], ['must-change'];
refused('ADM-1: who has no password need not change it', 1, qr/is pending and has no password/, 'user', 'must-change', 'att-1');

my $whole = Anshin::Person->add($s, 'att-2', method => 'password');
$whole->register;
my $going = $s->client;
is($whole->login($going)->status, 303, 'a user of a password logs in');
refused('operators.md: a code that no page asks for', 1, qr/no page asks for such a code/, 'user', 'code', 'att-2');
is($s->htanshin('user', 'must-change', 'att-2')->{status}, 0, 'ADM-1: a new password is asked for');
is($going->get('/members/')->status, 200, 'ADM-1: the session goes on');
like($whole->login($s->client)->header('Location'), qr{/login/change}, 'ADM-1, LOG-6: at the next login');
$set = json('user', 'set', 'att-2', '--method', 'certificate');
is_deeply([ $set->{changed}, $set->{sessions_ended} ], [ ['method'], JSON::PP::true ], 'ADM-1: the login method');
isnt($going->get('/members/')->status, 200, 'ACC-6: sessions end');
like($set->{devices}[0]{download_password}, qr/^\w{12,}$/, 'ADM-1: the download password is shown, to be handed out');
unlike($s->htanshin('user', 'show', 'att-2')->{out}, qr/\Q$set->{devices}[0]{download_password}\E/, 'ADM-1: once');
my $anew = lines($s->htanshin('user', 'reset', 'att-2')->{out});
is(link_status($anew->{registration_url}), 200, 'ADM-1: reset gives a new invitation');
is(json('user', 'show', 'att-2')->{state}, 'pending', 'ADM-1: of the same account');
ok($whole->wait_text(qr/(operator has reset|\x{521d}\x{671f}\x{5316})/), 'ADM-1, MAI-3: the user is told');
is($s->htanshin('user', 'delete', $_)->{status}, 0, "$_ goes") for qw(att-1 att-2);

# --- lock, unlock, disable, delete (LCK-2, LOG-9) ---

my $user = Anshin::Person->add($s, 'p-01-usr003', method => 'certificate');
$user->register;
my $client = $s->client(cert => $user->fetch);
is($user->login($client)->status, 303, 'a user logs in');
is($client->get('/members/')->status, 200, 'logged in');
refused('invite of a registered user', 1, qr/p-01-usr003 is active; only a pending user/, 'user', 'invite', 'p-01-usr003');
$shown = json('user', 'show', 'p-01-usr003');
is($shown->{state}, 'active', 'active');
is($shown->{sessions}, 1, 'one session');
like($shown->{last_login_at}, qr/^\d{4}-/, 'last login');
is($shown->{terminals}[0]{certificate_state}, 'active', 'its certificate');
for my $verb (qw(lock disable)) {
    is($s->htanshin('user', $verb, 'p-01-usr003')->{status}, 0, $verb);
    isnt($client->get('/members/')->status, 200, "LOG-9, S16: $verb ends the session on the very next request");
    is(json('user', 'show', 'p-01-usr003')->{sessions}, 0, 'no session is left');
    is($s->htanshin('user', 'unlock', 'p-01-usr003')->{status}, 0, 'LCK-2: unlock');
    is($user->login($client)->status, 303, 'LCK-2: and logs in again');
    is($client->get('/members/')->status, 200, 'and is let in');
}

# --- what is so already ---
sub told { my ($verb) = @_; return json('user', $verb, 'p-01-usr003')->{done} . ' ' . scalar grep { $_->{operator} } @{ json('history', 'p-01-usr003') } }
{
    my $before = (split / /, told('unlock'))[1];
    is(told('unlock'), "unchanged $before", 'AUD-1: unlock of one who is open changes nothing, and tells of nothing');
    is(told('lock'), 'locked ' . ($before + 1), 'a lock is told of');
    is(told('lock'), 'unchanged ' . ($before + 1), 'AUD-1: and a second one is none');
    is(told('disable'), 'disabled ' . ($before + 2), 'who is locked is disabled');
    is(told('lock') . ' ' . json('user', 'show', 'p-01-usr003')->{state}, 'unchanged ' . ($before + 2) . ' disabled', 'LCK-2: and lock leaves who is disabled so');
    is(told('unlock') . ' ' . json('user', 'show', 'p-01-usr003')->{state}, 'unlocked ' . ($before + 3) . ' active', 'unlock opens one who is disabled');
}

# --- the lock of too many attempts (LCK-2, LOG-5) ---

my $guesser = $s->client(cert => $user->{pem});
$user->login($guesser, password => "wrong $_") for 1 .. 5;
is_deeply(json('user', 'show', 'p-01-usr003')->{locked_by_attempts}, ['password'], 'LCK-2: five wrong passwords lock, and show tells it');
isnt($user->login($guesser)->status, 303, 'LCK-2: the right password does not open it');
is($s->htanshin('user', 'unlock', 'p-01-usr003')->{status}, 0, 'LCK-2: unlock');
is_deeply(json('user', 'show', 'p-01-usr003')->{locked_by_attempts}, [], 'no lock is left');
is($user->login($guesser)->status, 303, 'LCK-2: and the right password is right again');

# --- sessions (S17), and the code for a reissue (PRI-2, S11) ---

my @clients = map { $s->client(cert => $user->{pem}) } 1 .. 2;
$user->login($_) for @clients;
my $sessions = json('session', 'list', 'p-01-usr003');
cmp_ok(scalar @$sessions, '>=', 2, 'S17: sessions of the user');
is($sessions->[0]{address}, '127.0.0.1', 'S17: with where from');
unlike(encode_json($sessions), qr/\Q$_\E/, 'S28: the cookie of a session is not shown') for map { values %{ $_->{cookies} } } @clients;
sub walk { my ($key, @list) = @_; my (@rows, $r); push @rows, @$r while @{ $r = json(@list, '--limit', 1, @rows ? ('--after', $rows[-1]{$key}) : ()) }; return \@rows }
is_deeply([ map { $_->{id} } @{ walk('id', 'session', 'list', 'p-01-usr003') } ], [ map { $_->{id} } @$sessions ], 'D4: one by one it is the same list of sessions');
refused('D4: the rest after another user\'s session', 1, qr/AN1185/, 'session', 'list', 'p-01-usr001', '--after', $sessions->[0]{id});
refused('a session that is not there', 1, qr/has no such session/, 'session', 'end', 'p-01-usr003', '0' x 64);
refused('a session of another user', 1, qr/has no such session/, 'session', 'end', 'p-01-usr001', $sessions->[0]{id});
is(json('session', 'end', 'p-01-usr003', $sessions->[0]{id})->{ended}, 1, 'S17: one is ended');
my @in = grep { $_->get('/members/')->status == 200 } @clients;
is(scalar @in, 1, 'S17: at once, and it alone');
cmp_ok(json('session', 'end', 'p-01-usr003')->{ended}, '>=', 1, 'S17: all are ended');
isnt($in[0]->get('/members/')->status, 200, 'S17: at once');
refused('who is not logged in', 1, qr/is not logged in/, 'session', 'end', 'p-01-usr003');
refused('sessions of nobody', 1, qr/contract p-01 has no user nobody/, 'session', 'list', 'nobody');

my $code = json('user', 'code', 'p-01-usr003');
like($code->{reissue_code}, qr/^[2-9b-df-hj-km-np-tv-z]{10}$/, 'PRI-2: a code for the reissue of a password');
isnt(json('user', 'code', 'p-01-usr003')->{reissue_code}, $code->{reissue_code}, 'the next one is another');
unlike($s->htanshin('user', 'show', 'p-01-usr003')->{out}, qr/\Q$code->{reissue_code}\E/, 'which show does not tell');
refused('a code for nobody', 1, qr/contract p-01 has no user nobody/, 'user', 'code', 'nobody');

# --- several operators at once ---

sub at_once {
    my (@commands) = @_;
    my @pids = map {
        my $command = $_;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', '/dev/null';
            exec $s->root . '/bin/htanshin', '-d', $s->state, @$command or POSIX::_exit(127);
        }
        $pid
    } @commands;
    return map { waitpid $_, 0; $? >> 8 } @pids;
}
is(join(' ', sort { $a <=> $b } at_once(map { [ 'user', 'add', 'p-01-usr010', '--address', "x$_\@example.jp" ] } 1 .. 8)),
    '0 1 1 1 1 1 1 1', 'one ID created by eight commands at once: one wins');
is(join(' ', at_once(map { [ 'user', 'add', "p-01-usr1$_", '--address', "x$_\@example.jp" ] } 10 .. 25)),
    join(' ', (0) x 16), 'sixteen commands at once');
my %there = map { $_->{user} => 1 } @{ json('user', 'list') };
is(scalar(grep { $there{"p-01-usr1$_"} } 10 .. 25), 16, 'and every user is there');

is($s->htanshin('user', 'delete', 'p-01-usr003')->{status}, 0, 'delete');
isnt($client->get('/members/')->status, 200, 'S16: delete ends the session');
refused('show after delete', 1, qr/has no user p-01-usr003/, 'user', 'show', 'p-01-usr003');
is(json('cert', 'list', '--user', 'p-01-usr003')->[0]{state}, 'revoked', 'S23: its certificate is revoked');
cmp_ok(scalar @{ json('history', 'p-01-usr003') }, '>', 0, 'its history stays');
refused("$_ of nobody", 1, qr/contract p-01 has no user nobody/, 'user', $_, 'nobody') for qw(lock unlock disable delete show);

# --- numbers of pages (U18; what they find: t/http/login.t, register.t, download.t, help.t) ---

refused('find of a number that no page has', 1, qr/no page has shown the number AN-22222222/, 'find', 'an 2222-2222');
refused("find $_", 2, qr/NUMBER: must be "AN-"/, 'find', $_) for 'AN-0000000A', 'AN-2222', 'p-01-usr001';

# --- files (S31) ---

my $group = (stat $s->state)[5];
my (@wrong, $files);
File::Find::find({ no_chdir => 1, wanted => sub {
    my @is = lstat $_;
    $files++;
    return if m{/crl/ca\.crl(?:\.pem)?$};    # the worker's, for everybody (CRT-6)
    push @wrong, sprintf '%s: group %d, mode %04o', $_, $is[5], $is[2] & 07777 if $is[5] != $group || (-f _ && !m{/ca/ca\.crt$} && $is[2] & 07);
} }, $s->state);
is(join("\n", @wrong), '', 'S31: whatever the command made belongs to the group, and nothing to the world');
cmp_ok($files, '>', 5, "files looked at: $files");
$s->finish;
done_testing;
