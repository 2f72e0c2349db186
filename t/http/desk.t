# The help desk in the browser (ROL-1 to ROL-3): what an operator finds, sees and does; and, generated from the table of routes
# and that of roles, attempts to reach another organisation, another contract, or another role's verb.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Digest::SHA ();
use Encode qw(decode encode);
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64url);
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my $s = Anshin::Server->new(
    clock    => 1,
    contract => encode("UTF-8", "AnshinLoginMethods password\nAnshinOperators staff\nAnshinTitle 会員サイト"),
    sites    => {
        staff  => "AnshinLoginMethods password\nAnshinStaff on\nAnshinAddressAttempts 1000000\nAnshinSessionsMax 100",
        other  => 'AnshinLoginMethods password',
        dual   => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinStaffReason on\nAnshinFourEyes bulk",
        strict => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinStaffReason on",
        eyes   => "AnshinLoginMethods password\nAnshinStaff on\nAnshinFourEyes bulk roles",
        paper  => "AnshinLoginMethods certificate\nAnshinOperators staff\nAnshinMailLinks off\nAnshinDeskPrint on\nAnshinStaffReason on",
        closed => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinMailLinks off"
    }
)->start;

# --- who there is ---

my %place = (y1 => ['p-01', '山田商事'], y2 => ['p-01', '山田商事'], s1 => ['p-01', '佐藤工業'], n1 => ['p-01', ''], o1 => ['other', '山田商事'], r1 => ['strict', '山田商事']);
for my $user (sort keys %place) {
    my ($contract, $organisation) = @{ $place{$user} };
    command_in($s, $contract, 'user', 'add', $user, '--address', "$user\@mail.example", '--name', encode('UTF-8', "氏名$user"), '--organisation', encode('UTF-8', $organisation));
}
my %role = (viewer => 'viewer', helpdesk => 'helpdesk', admin => 'admin', chief => 'organisation', nobody => 'none');
my (%staff, %address);
for my $user (sort keys %role) {
    my $p = Anshin::Person->add($s, $user, contract => 'staff');
    my $c = $s->client(host => 'staff.localhost', ca => undef);
    $p->register($c);
    command_in($s, 'staff', 'user', 'set', $user, '--role', $role{$user}, $role{$user} eq 'organisation' ? ('--organisation', encode('UTF-8', '山田商事')) : ());
    Anshin::Person::expect($p->login($c), 303);
    $staff{$user} = $c;
    $address{$user} = $p->{address};
}
my $bad = $s->htanshin('--contract', 'p-01', 'user', 'set', 'y1', '--role', 'admin');
like("$bad->{status} $bad->{err}", qr/^[1-9]\d* .*AN1503/s, 'ROL-1: a customer gets no role');

sub shown { my ($user) = @_; return JSON::PP::decode_json(command_in($s, $place{$user}[0], '--json', 'user', 'show', $user)) }
my %number = map { $_ => shown($_)->{number} } keys %place;
$place{admin} = ['staff', ''];
$number{admin} = JSON::PP::decode_json(command_in($s, 'staff', '--json', 'user', 'show', 'admin'))->{number};

sub who { my ($user, $contract, $number) = @_; return sealed_whom($s, 'staff', join '/', $contract // $place{$user}[0], $user, $number // $number{$user}) }
sub found { my ($c, $text) = @_; my $r = $c->submit($c->get('/anshin/desk'), { q => $text }, qr{/desk$}); return $r->status == 303 ? $c->follow($r) : $r }
sub users { my ($page) = @_; return join ' ', $page->text =~ m{href="[^"]*/desk/user\?who=[^"]*">([^<]+)<}g }

# --- find, see, act ---

{
    my $c = $staff{helpdesk};
    is(users(found($c, '山田')), 'y1 y2 r1', 'ROL-2: by a part of the organisation, in every contract that names them');
    is(users(found($c, 'S1@MAIL')), 's1', 'by a part of the address');
    is(users(found($c, '氏名')), 'n1 s1 y1 y2 r1', 'by a part of the name');
    my $hit = found($c, 'ｓ１');
    like($hit->header('Location'), qr{/desk/user\?who=}, 'who is named whole is shown at once');
    like($c->follow($hit)->text, qr/ユーザ s1/, 'the user');
    like(found($c, 'nobody-there')->text, qr/見つかりませんでした/, 'nobody is found');
    my $token = csrf($c->get('/anshin/desk'));
    my $typing = $c->post('/anshin/desk', { csrf => $token, q => '山', typing => 1 });
    is(join(' ', $typing->status, users($typing)), '200 y1 y2 r1', 'ROL-2: while it is typed the answer comes at once');
    is($typing->header('Cache-Control'), $c->get('/anshin/desk')->header('Cache-Control'), 'and nobody keeps it');
    is(users($c->post('/anshin/desk', { csrf => $token, q => 'ｓ１', typing => 1 })), 's1', 'who is named whole so far is one of the answers');
    is($c->post('/anshin/desk', { csrf => 'x', q => '山', typing => 1 })->status, 403, 'CSRF: not for a form of nobody');
    command_in($s, 'p-01', 'user', 'set', 's1', '--name', encode('UTF-8', '改名太郎'));
    is(users($c->post('/anshin/desk', { csrf => $token, q => '改名', typing => 1 })), 's1', 'another name is found at once');
    is(users($c->post('/anshin/desk', { csrf => $token, q => '氏名s1', typing => 1 })), '', 'and the one before it no more');
    unlike($s->access_log, qr/mail\.example|%E5%B1%B1|nobody-there/i, 'what is looked for is in no log');
    my ($again) = found($c, '山田')->text =~ m{href="([^"]*lang=en[^"]*)"};
    is(users($c->follow($c->get($again =~ s/&amp;/&/gr))), 'y1 y2 r1', 'in the other language the answers are the same');
    $c->get('/anshin/desk?lang=ja');

    command_in($s, 'p-01', 'user', 'lock', 's1');
    my $page = $c->get('/anshin/desk/user?who=' . who('s1'));
    like($page->text, qr/管理者がロックしています.*解除する前に/s, 'ROL-2, ADM-2: what is in the way, and what to do');
    my ($unlock) = $page->text =~ m{href="([^"]*/desk/act[^"]*verb=unlock[^"]*)"} or die 'no button';
    my $confirm = $c->get($unlock =~ s/&amp;/&/gr);
    like($confirm->text, qr/ロックの解除.*s1.*佐藤工業/s, 'it is asked once more, by whom it is about');
    is(shown('s1')->{state}, 'locked', 'and nothing is done by that');
    my $done = $c->follow($c->submit($confirm, {}, qr{/desk/act}));
    like($done->text, qr/ロックを解除しました.*お客様に伝えること.*続けてご案内します/s, 'ROL-2, ADM-2: it is done, and what to tell the user, who has yet to register');
    unlike($done->text, qr/ログインできるようになりました/, 'ROL-2: not that he can log in');
    is(shown('s1')->{state}, 'pending', 'it is open');
    unlike($c->get("/anshin/desk/user?done=$_&who=" . who('s1'))->text, qr/を停止しました|解除しました/, "ROL-2: an address says of nothing that it was done: $_") for qw(disable unlock unlock.1.x);
    my ($stamp) = $done->{path} =~ /done=([\w.-]+)/ or die 'no stamp';
    like($c->get("/anshin/desk/user?done=$stamp&who=" . who('s1'))->text, qr/ロックを解除しました/, 'but that of the act itself');
    unlike($c->get("/anshin/desk/user?done=$stamp&who=" . who('y2'))->text, qr/ロックを解除しました/, 'of this user alone');
    unlike($staff{admin}->get("/anshin/desk/user?done=$stamp&who=" . who('s1'))->text, qr/ロックを解除しました/, 'to who did it alone');
    like($done->text, qr{担当： staff/(?:<wbr>)?helpdesk}, 'the history says who did it');
    my $trail = JSON::PP::decode_json($s->htanshin('--contract', 'p-01', '--json', 'audit', 'show', '--user', 's1')->{out});
    my ($event) = grep { $_->{act} eq 'account_unlocked' } @$trail;
    is("$event->{by} $event->{operator} $event->{address}", 'staff staff/helpdesk 127.0.0.1', 'AUD-1: the trail says who did it');
    my $refused = $c->follow($c->post('/anshin/desk/act?verb=revoke&who=' . who('s1'), { csrf => csrf($confirm) }));
    like($refused->text, qr/行いませんでした。有効な電子証明書がありません/, 'what is not there to be revoked is told');
    unlike($staff{chief}->get('/anshin/desk/user?who=' . who('y1'))->text, qr/desk\/act[^"]*verb=lock/, 'ROL-1: no button for what the role may not');
    command_in($s, 'p-01', 'user', 'lock', 'y1');
    my $shut = $staff{chief}->get('/anshin/desk/user?who=' . who('y1'));
    like($shut->text, qr/管理者がロックしています/, 'ROL-1: what others have locked is seen');
    unlike($shut->text, qr/verb=unlock/, 'and has no button for who may not lock');
    my $not_yours = $staff{chief}->post('/anshin/desk/act?verb=unlock&who=' . who('y1'), { csrf => csrf($staff{chief}->get('/anshin/')) });
    like($staff{chief}->follow($not_yours)->text, qr/お使いの役割では解除できない/, 'nor is it opened without');
    is(shown('y1')->{state}, 'locked', 'and it stays locked');
    command_in($s, 'p-01', 'user', 'unlock', 'y1');
}

# A reason where the users' contract asks for one.
{
    my $c = $staff{helpdesk};
    my $act = '/anshin/desk/act?verb=lock&who=' . who('r1');
    my $page = $c->get($act);
    my $without = $c->shown($c->submit($page, { why => ' ' }, qr{/desk/act}));
    like($without->text, qr/理由を入力してください/, 'ROL-2: a reason is asked for');
    is(shown('r1')->{state}, 'pending', 'and nothing is done without');
    $c->follow($c->submit($page, { why => '端末の紛失' }, qr{/desk/act}));
    is(shown('r1')->{state}, 'locked', 'with it, it is');
    my $trail = $s->htanshin('--contract', 'strict', '--json', 'audit', 'show', '--user', 'r1')->{out};
    my ($event) = grep { $_->{act} eq 'account_locked' } @{ JSON::PP::decode_json($trail) };
    is($event->{why}, '端末の紛失', 'AUD-1: the trail has the reason');
}

# Lists, and their CSV.
{
    my $c = $staff{helpdesk};
    like(users($c->get('/anshin/desk/list?about=locked')), qr/^r1$/, 'ROL-2: who is locked now');
    is(users($c->get('/anshin/desk/list?about=invited')) =~ s/\br1\b ?//r, 'n1 s1 y1 y2', 'who is invited and has not registered');
    is(users($c->get("/anshin/desk/list?about=$_")), '', "nobody in the list $_") for qw(expiring unused mail-failed);
    is($c->get('/anshin/desk/list?about=x')->status, 404, 'there is no other list');
    command_in($s, 'p-01', 'user', 'set', 'n1', '--name', '=HYPERLINK("x")');
    my $csv = $c->get('/anshin/desk/list/csv?about=invited');
    is($csv->header('Content-Type') . $csv->header('Content-Disposition'), 'text/csv; charset=utf-8attachment; filename="invited.csv"', 'ROL-2: as CSV');
    like($csv->text, qr/^\x{feff}契約,ユーザID,名前,所属,状態,日時,内容\r\n/, 'with a head in the language of the page');
    $c->get('/anshin/desk?lang=en');
    like($c->get('/anshin/desk/list/csv?about=invited')->text, qr/^\x{feff}contract,user,name,organisation,state,at,about\r\n/, 'or in the other');
    $c->get('/anshin/desk?lang=ja');
    like($csv->text, qr/^p-01,n1,"'=HYPERLINK\(""x""\)",,pending,20\d\d-/m, 'what a spreadsheet would compute is text');
    is($staff{viewer}->get('/anshin/desk/list/csv?about=invited')->status, 403, 'ROL-1: not for who only looks');
    is(users($staff{chief}->get('/anshin/desk/list?about=invited')), 'y1 y2', 'ROL-3: of the own organisation alone');
    is(join(' ', $staff{chief}->get('/anshin/desk/list/csv?about=invited')->text =~ /^[\w-]+,(\w+),.*\r$/mg), 'y1 y2', 'ROL-3: and so is the file');
    my @exported = grep { $_->{act} eq 'list_exported' } @{ JSON::PP::decode_json($s->htanshin('--json', 'audit', 'show')->{out}) };
    my @told = map { "$_->{contract} $_->{operator} $_->{after}" . ($_->{user} // '') } @exported;
    is(join(', ', sort @told), 'p-01 staff/chief invited 2, p-01 staff/helpdesk invited 4, p-01 staff/helpdesk invited 4', 'AUD-1: the trail says who took which list, of how many; not of who was refused');
    is(users($staff{chief}->get('/anshin/desk/list?about=locked')), 'r1', 'ROL-3: as is every other list');
}

# --- many of a list at once ---

sub mark_of { my ($page, $user) = @_; return $page->text =~ /name="(r\d+)" value="([0-9a-f]{24})" aria-label="\S+ \Q$user\E"/ ? ($1 => $2) : die "no row of $user" }
sub events { my ($contract, $act, $user) = @_; return grep { $_->{act} eq $act } @{ JSON::PP::decode_json($s->htanshin('--contract', $contract, '--json', 'audit', 'show', '--user', $user)->{out}) } }
sub came { my ($page) = @_; return join ', ', map { "$_->[0] $_->[1]" } sort { $a->[0] cmp $b->[0] } map { [/>(\w+)<\/a><\/th>.*?class="mark (good|bad)"/s] } $page->text =~ /<tr>\n(<th scope="row">.*?)<\/tr>/gs }

{
    my ($c, $chief) = @staff{qw(helpdesk chief)};
    command_in($s, $place{$_}[0], 'user', 'lock', $_) for qw(y1 s1 n1 r1);
    my $before = events('p-01', 'account_unlocked', 's1');
    my $list = $c->get('/anshin/desk/list?about=locked');
    is(join(' ', $list->text =~ /name="verb" value="([\w-]+)"/g), 'unlock', 'ROL-2: what can be done to many of the list');
    my %two = map { mark_of($list, $_) } qw(s1 n1);
    like($c->follow($c->submit($list, { verb => 'unlock' }, qr{/desk/list$}))->text, qr/ユーザが選ばれていません/, 'nobody was chosen');
    my $ask = $c->follow($c->submit($list, { %two, verb => 'unlock' }, qr{/desk/list$}));
    like($ask->text, qr/ロックの解除.*対象のユーザ：2人.*<li>s1 .*<li>n1 /s, 'ROL-2: one page names how many, and who');
    unlike($ask->text, qr/id="why"|\bn1\/|(?<![\w-])y1(?![\w-])/, 'without a reason where nobody asks for one, and nobody else');
    is(shown('s1')->{state}, 'locked', 'and nothing is done by that');
    unlike($ask->{path}, qr/s1|n1/, 'the address names nobody');
    my $done = $c->follow($c->submit($ask, {}, qr{/desk/list/act}));
    is(came($done), 'n1 good, s1 good', 'ROL-2: it is done, and told of each');
    is(join(' ', map { shown($_)->{state} } qw(s1 n1 y1)), 'pending pending locked', 'to these and to nobody else');
    is(came($c->get($done->{path})), 'n1 good, s1 good', 'FLO-2: the answer can be looked at again');
    command_in($s, 'p-01', 'user', 'lock', 's1');
    is($c->submit($ask, {}, qr{/desk/list/act})->header('Location') =~ s{^https://[^/]+}{}r, $done->{path}, 'FLO-1: the form of before leads to the answer');
    is(shown('s1')->{state}, 'locked', 'FLO-2: and is not done twice');
    my @unlocked = events('p-01', 'account_unlocked', 's1');
    is(@unlocked - $before, 1, 'AUD-1: each has an event of its own');
    is($unlocked[-1]{operator}, 'staff/helpdesk', 'by whom');
    is($chief->get($done->{path})->status, 404, 'ROL-3: the answer is of who has ordered it alone');

    my $all = $c->follow($c->submit($c->get('/anshin/desk/list?about=locked'), { all => 1, verb => 'unlock' }, qr{/desk/list$}));
    like($all->text, qr/対象のユーザ：3人/, 'ROL-2: all of the page');
    my $without = $c->shown($c->submit($all, { why => ' ' }, qr{/desk/list/act}));
    like($without->text, qr/理由を入力してください/, 'ROL-2: a reason where the contract of one of them asks for it');
    is(shown('y1')->{state}, 'locked', 'without which nothing is done to anybody');
    is(came($c->follow($c->submit($without, { why => '復旧' }, qr{/desk/list/act}))), 'r1 good, s1 good, y1 good', 'with it, it is');
    is((events('strict', 'account_unlocked', 'r1'))[-1]{why}, '復旧', 'AUD-1: the reason of each');
    is((events('p-01', 'account_unlocked', 'y1'))[-1]{why}, undef, 'where it is asked for');

    command_in($s, 'p-01', 'user', 'lock', $_) for qw(y1 y2 s1);
    $list = $c->get('/anshin/desk/list?about=locked');
    my (undef, $foreign) = mark_of($list, 's1');
    my $own = $chief->get('/anshin/desk/list?about=locked');
    my %mine = map { mark_of($own, $_) } qw(y1 y2);
    my ($lead) = $chief->submit($own, { r0 => $foreign, verb => 'unlock' }, qr{/desk/list$})->header('Location') =~ m{(/anshin/.*)};
    like($chief->follow($chief->get($lead))->text, qr/もうこの一覧にありません/, "ROL-3: another one's row is nobody's");
    my $mixed = $chief->follow($chief->submit($own, { %mine, verb => 'unlock' }, qr{/desk/list$}));
    command_in($s, 'p-01', 'user', 'unlock', 'y2');
    my $late = $chief->shown($chief->submit($mixed, {}, qr{/desk/list/act}));
    is(came($chief->follow($late)), 'y1 bad', 'ROL-1: what the role may not is not done, and what has left the list is none of it');
    like($chief->follow($late)->text, qr/行ったもの：0件。 行わなかったもの：1件。.*お使いの役割では解除できない/s, 'and the page says why');
    is(shown('y1')->{state}, 'locked', 'ROL-1: what the operator has locked stays so');
    command_in($s, 'p-01', 'user', 'unlock', $_) for qw(y1 s1);

    my $csrf = csrf($c->get('/anshin/desk'));
    my %answers = (
        'a verb that is none of the list' => [ $c, 'about=locked&verb=revoke&rows=', 403 ], 'a verb of another role' => [ $c, 'about=invited&verb=disable&rows=', 403 ],
        'no verb' => [ $c, 'about=locked&verb=x&rows=', 403 ], 'no list' => [ $c, 'about=x&verb=unlock&rows=', 404 ], 'half a mark' => [ $c, 'about=locked&verb=unlock&rows=0123', 404 ],
        'too many' => [ $c, 'about=locked&verb=unlock&rows=' . '0' x (24 * 101), 404 ], 'a role that only looks' => [ $staff{viewer}, 'about=locked&verb=unlock&rows=', 403 ],
    );
    is($answers{$_}[0]->get("/anshin/desk/list/act?$answers{$_}[1]")->status, $answers{$_}[2], "ROL-2: $_") for sort keys %answers;
    is($c->post('/anshin/desk/list', { csrf => $csrf, about => 'locked', verb => 'disable', r0 => $foreign })->status, 403, 'ROL-1: nor by the form');
    unlike($staff{viewer}->get('/anshin/desk/list?about=invited')->text, qr/type="checkbox"|name="verb"/, 'ROL-1: who only looks has nothing to choose');
}

# S32: as many fields as a page's form can have, and no more.
for my $path (map { $_->{path} } grep { $_->{post} } routes(desk => 1)) {
    my $c = $staff{admin};
    my $csrf = csrf($c->get('/anshin/desk'));
    my $most = $path eq '/desk/list' ? 128 : 32;
    my $send = sub { my ($count) = @_; return $c->post("/anshin$path", { csrf => $csrf, map { ("r$_" => 'x') } 2 .. $count })->status };
    isnt($send->($most), 400, "S32: $path: $most fields are read");
    is($send->($most + 1), 400, "S32: $path: one more is refused");
}

# --- invitations ---

sub mail_to {
    my ($address, $count) = @_;
    my @texts;
    my $person = bless { server => $s, address => $address }, 'Anshin::Person';
    Anshin::Server::wait_for(60, sub { @texts = grep { /register\?t=/ } $person->texts; return @texts >= $count }) or die "no invitation for $address";
    return $texts[-1];
}

{
    my ($chief, $admin) = @staff{qw(chief admin)};
    my $list = $chief->get('/anshin/desk/list?about=invited');
    is(join(' ', $list->text =~ /name="verb" value="([\w-]+)"/g), 'disable reinvite', 'ROL-3: of those who are invited');
    my $ask = $chief->follow($chief->submit($list, { mark_of($list, 'y2'), verb => 'reinvite' }, qr{/desk/list$}));
    my $done = $chief->follow($chief->submit($ask, {}, qr{/desk/list/act}));
    is(came($done), 'y2 good', 'ROL-3: an invitation goes out again');
    my $text = mail_to('y2@mail.example', 1);
    my ($token) = $text =~ /register\?t=([\w-]{43})/ or die $text;
    like($text, qr/登録用ワンタイムパスワード\r?\n[2-9a-z]{10}\r?\n/, 'REG-1: with link and code');
    unlike($done->text, qr/\Q$token\E|register\?t=/, 'ROL-2: which no page of the help desk shows');
    my $new = $s->client;
    is($new->follow($new->get("/anshin/register?t=$token"))->status, 200, 'REG-1: and it leads to the registration');
    my $again = $chief->follow($chief->post('/anshin/desk/act?verb=reinvite&who=' . who('y2'), { csrf => csrf($chief->get('/anshin/')) }));
    like($again->text, qr/新しい招待を送りました/, 'ROL-3: once more, from the page of the user');
    isnt(mail_to('y2@mail.example', 2), $text, 'with another link');
    is($s->client->get("/anshin/register?t=$token")->status, 303, 'the former');
    is((events('p-01', 'account_invited', 'y2'))[-1]{operator}, 'staff/chief', 'AUD-1: and by whom');

    my $form = $chief->get('/anshin/desk/invite');
    like($form->text, qr/山田商事/, 'ROL-3: the organisation is given');
    unlike($form->text, qr/name="organisation"/, 'and no field');
    my %good = (contract => 'p-01', user => 'y9', address => 'y9@mail.example', name => '新人');
    my %bad = (
        user => [ 'あ', '半角の英数字で始まる64文字まで' ], address => [ 'x', 'のように半角で入力' ], name => [ 'x' x 65, 'お名前は64文字以内' ], contract => [ 'other', '一つ選んで' ]
    );
    for my $field (sort keys %bad) {
        my $page = $chief->shown($chief->submit($form, { %good, $field => $bad{$field}[0] }, qr{/desk/invite$}));
        like(($page->text =~ /id="$field-error">(.*?)<\/ul>/s)[0] // '', qr/$bad{$field}[1]/, "ROL-3: the complaint names field and rule: $field");
    }
    like($chief->shown($chief->submit($form, { %good, user => 'S1' }, qr{/desk/invite$}))->text, qr/すでに使われています/, 'an ID that is taken');
    like($chief->shown($chief->submit($form, { %good, contract => 'strict' }, qr{/desk/invite$}))->text, qr/理由を入力してください/, 'a reason where the contract asks for one');
    is($chief->submit($form, { %good, contract => $_ }, qr{/desk/invite$})->header('Location') =~ /typed=/ ? 1 : 0, 1, "ROL-3: not into the contract $_") for 'other', 'staff', '';
    is($s->htanshin('--contract', 'p-01', 'user', 'show', 'y9')->{status}, 1, 'and nobody is made by all this');
    my $made = $chief->follow($chief->submit($form, { %good, organisation => '佐藤工業' }, qr{/desk/invite$}));
    like($made->text, qr/招待を送りました.*山田商事/s, 'ROL-3: a user of the own organisation is made, whatever is sent');
    $place{y9} = ['p-01'];
    my $y9 = shown('y9');
    is("$y9->{state} $y9->{organisation} $y9->{name}", 'pending 山田商事 新人', 'as the store has it');
    like(mail_to('y9@mail.example', 1), qr/y9.*register\?t=/s, 'and invited by mail');
    unlike($made->text, qr/register\?t=/, 'of which the page shows nothing');
    is((events('p-01', 'account_created', 'y9'))[0]{operator}, 'staff/chief', 'AUD-1: the trail says by whom');
    like($chief->shown($chief->submit($form, \%good, qr{/desk/invite$}))->text, qr/すでに使われています/, 'FLO-2: the form once more makes nobody');
    my $free = $admin->follow($admin->submit($admin->get('/anshin/desk/invite'), { %good, user => 's9', organisation => '佐藤工業' }, qr{/desk/invite$}));
    like($free->text, qr/佐藤工業/, 'ROL-1: an admin invites for whatever organisation');
    is($staff{$_}->get('/anshin/desk/invite')->status, 403, "ROL-1: no page for $_") for qw(viewer helpdesk nobody);
    is($staff{$_}->post('/anshin/desk/invite', { %good, user => 'z9', csrf => csrf($staff{$_}->get('/anshin/')) })->status, 403, "ROL-1: nor a form for $_") for qw(viewer helpdesk nobody);
    delete $place{y9};
    command_in($s, 'p-01', 'user', 'delete', $_) for qw(y9 s9);
}

# --- on paper (AnshinDeskPrint): shown once, on the answer to the form ---

{
    my ($c, $admin, $chief) = @staff{qw(helpdesk admin chief)};
    my %secret;
    my $sheet = sub {
        my ($r) = @_;
        my $text = $r->text =~ s/\s+/ /gr;
        my ($url) = $text =~ m{<p class="mono address">([^<]*)</p>};
        my @secrets = $text =~ m{<p class="secret mono">([^<]*)</p>}g;
        $secret{$_}++ for @secrets, ($url // '') =~ /t=([\w-]+)/;
        return ($url, @secrets);
    };
    my $of = sub { my ($user) = @_; $place{$user} = ['paper']; $number{$user} = shown($user)->{number}; return 'who=' . who($user) };

    my $form = $admin->get('/anshin/desk/invite');
    like($form->text, qr/name="how" value="mail" checked.*name="how" value="print"(?! checked)/s, 'ROL-2: where there are both, mail is what is meant');
    my %good = (contract => 'paper', user => 'k1', address => 'k1@mail.example', name => '紙の人', why => '窓口');
    my $mailed = $admin->shown($admin->submit($form, { %good, how => 'mail' }, qr{/desk/invite$}));
    like(($mailed->text =~ /id="how-error">(.*?)<\/ul>/s)[0] // '', qr/リンクを載せない設定/, 'NOM-1: mail without links has none, and the form says so');
    my $elsewhere = $admin->shown($admin->submit($form, { %good, contract => 'p-01', how => 'print' }, qr{/desk/invite$}));
    like(($elsewhere->text =~ /id="how-error">(.*?)<\/ul>/s)[0] // '', qr/AnshinDeskPrint/, 'SEC-1: nor is it printed where the contract does not say so');
    is($admin->submit($form, { %good, how => 'print', order => 'x' }, qr{/desk/invite$})->status, 400, 'FLO-2: nor by a form that is none of ours');
    is($s->htanshin('--contract', $_, 'user', 'show', 'k1')->{status}, 1, "and nobody is made by that in $_") for qw(paper p-01);

    my $printed = $admin->submit($form, { %good, how => 'print' }, qr{/desk/invite$});
    my ($url, $code) = $sheet->($printed);
    is($printed->status, 200, 'ROL-2: the answer to the form is the page itself');
    like("$url $code", qr{^https://paper\.localhost\S*/register\?t=[\w-]{43} [2-9a-z]{10}$}, 'ROL-2: with registration URL and code');
    like($printed->text, qr/<svg .*k1|k1.*<svg /s, 'and a QR code of it, for the user k1');
    is($printed->header('Cache-Control'), 'no-store', 'SEC-1: which nothing keeps');
    is((events('paper', 'account_created', 'k1'))[0]{after}, 'printed', 'AUD-1: the trail says that it was printed');
    my $again = $admin->submit($form, { %good, how => 'print' }, qr{/desk/invite$});
    is($again->status, 303, 'FLO-2: the form once more shows nothing');
    like($admin->follow($again)->text, qr/一度だけ表示しました.*招待をやり直す/s, 'but that it was shown once, and what to do');
    is($admin->get('/anshin/desk/invite')->text =~ /\Q$code\E/ ? 1 : 0, 0, 'nor does the address of it');

    my $who = $of->('k1');
    my $page = $c->get("/anshin/desk/user?$who");
    like($page->text, qr/verb=reinvite/, 'ROL-2: an invitation can be made anew');
    my $ask = $c->get("/anshin/desk/act?verb=reinvite&$who");
    unlike($ask->text, qr/name="how"/, 'where there is one way, nothing is to be chosen');
    like($ask->text, qr/次の画面に一度だけ表示/, 'and it is said');
    my $new = $c->submit($ask, { why => '紛失' }, qr{/desk/act});
    my ($second, $other) = $sheet->($new);
    isnt("$second $other", "$url $code", 'ROL-2: another URL, another code');
    is($s->client(host => 'paper.localhost')->get($url =~ s{^https://[^/]+}{}r)->status, 303, 'the former one ends');
    my ($event) = (events('paper', 'account_invited', 'k1'))[-1];
    is("$event->{after} $event->{operator} $event->{why}", 'printed staff/helpdesk 紛失', 'AUD-1: printed, by whom, and why');
    my $twice = $c->submit($ask, { why => '紛失' }, qr{/desk/act});
    like($c->follow($twice)->text, qr/一度だけ表示しました/, 'FLO-2: reload shows it no more');
    is(scalar(() = events('paper', 'account_invited', 'k1')), 1, 'nor does it make one');
    is($c->post("/anshin/desk/act?verb=reinvite&$who", { csrf => csrf($ask), why => 'x' })->status, 400, 'FLO-2: a form without its id makes none');

    my $k1 = bless { server => $s, user => 'k1', address => 'k1@mail.example', path => $second =~ s{^https://[^/]+}{}r, code => $other, password => 'Umi-to-yama-7', question => 'pet', answer => 'トウキョウ' }, 'Anshin::Person';
    my $browser = $s->client(host => 'paper.localhost', ca => undef);
    $k1->register($browser);
    is(shown('k1')->{state}, 'active', 'REG-1: what is on the paper leads to the registration');
    is(join(' ', map { $c->follow($c->submit($c->get("/anshin/desk/act?verb=reinvite&$who"), { why => 'x' }, qr{/desk/act}))->text =~ /すでに登録しています/ ? 'told' : 'not' } 1), 'told', 'after that there is no other');

    # The link to the download, and the certificate anew.
    my $first = $k1->access_code('ダウンロード');
    $page = $c->get("/anshin/desk/user?$who");
    like($page->text, qr/ダウンロード待ち.*verb=resend/s, 'ROL-2: what waits has the button that helps');
    my $resend = sub { return $c->follow($c->submit($c->get("/anshin/desk/act?verb=resend&$who"), { why => '未着' }, qr{/desk/act})) };
    like($resend->()->text, qr/5分以内に一度送っています/, 'HLP-17: not twice in a moment');
    $s->later(301);
    for my $operator (values %staff) {
        Anshin::Person::expect($operator->submit($operator->get('/anshin/reauthenticate'), { password => 'Umi-to-yama-7' }), 303);
    }
    like($resend->()->text, qr/ご案内をもう一度送りました/, 'ROL-2: the mail goes out again');
    is((events('paper', 'link_resent', 'k1'))[-1]{why}, '未着', 'AUD-1: and the trail says why');
    Anshin::Server::wait_for(60, sub { return $k1->access_code('ダウンロード') ne $first });
    isnt($k1->access_code('ダウンロード'), $first, 'with another code');

    my $reissue = $c->get("/anshin/desk/act?verb=reissue&n=1&$who");
    my $paper = $c->submit($reissue, { why => 'パスワード紛失' }, qr{/desk/act});
    my ($none, $password) = $sheet->($paper);
    is(defined $none ? 'URL' : 'none', 'none', 'ROL-2: a certificate issued anew: its link goes by mail alone');
    like($password, qr/^[2-9a-z]{14}$/, 'and the download password is on paper');
    is((events('paper', 'certificate_reissued', 'k1'))[-1]{after}, 'printed', 'AUD-1: which the trail says');
    like($c->follow($c->submit($reissue, { why => 'x' }, qr{/desk/act}))->text, qr/一度だけ表示しました/, 'FLO-2: once');
    is(scalar(() = events('paper', 'certificate_reissued', 'k1')), 1, 'and it is not made twice');
    is($c->get("/anshin/desk/act?verb=reissue&n=7&$who")->status, 404, 'S29: no device of somebody else');
    is($chief->get("/anshin/desk/act?verb=reissue&n=1&$who")->status, 404, 'ROL-3: not for another organisation');

    # What was on paper is nowhere else.
    cmp_ok(scalar keys %secret, '>=', 5, 'SEC-1: secrets that were printed: ' . scalar keys %secret);
    my $log = join '', $s->log, $s->access_log;
    is(join(' ', grep { index($log, $_) >= 0 } keys %secret), '', 'S28: none of them is in a log');
    my @files = split /\n/, qx(find @{[$s->root]}/state -type f);
    cmp_ok(scalar @files, '>=', 20, 'files of the store and the trail that were looked at: ' . scalar @files);
    my $kept = join '', map { my $is = open my $in, '<:raw', $_; local $/; $is ? scalar <$in> // '' : '' } @files;    # the worker's may be gone
    is(join(' ', grep { index($kept, $_) >= 0 } keys %secret), '', 'S9: nor in the store or the trail');

    # Where a contract has neither: why, and what to do.
    command_in($s, 'closed', 'user', 'add', 'k2', '--address', 'k2@mail.example');
    $place{k2} = ['closed'];
    $number{k2} = shown('k2')->{number};
    my $shut = $c->get('/anshin/desk/user?who=' . who('k2'));
    like($shut->text, qr/AnshinMailLinks.*AnshinDeskPrint.*ここからは招待できません/s, 'NOM-1: why nobody can be invited here, and what to do');
    unlike($shut->text, qr/verb=reinvite/, 'and no button for it');
    like($c->follow($c->submit($c->get('/anshin/desk/act?verb=reinvite&who=' . who('k2')), {}, qr{/desk/act}))->text, qr/リンクを載せない設定/, 'nor does the form do it');
    like($c->follow($c->submit($c->get('/anshin/desk/act?verb=reissue&n=1&who=' . who('k2')), {}, qr{/desk/act}))->text, qr/画面での印刷/, 'nor is a certificate issued whose password nobody would know');
    delete @place{qw(k1 k2)};
    command_in($s, 'paper', 'user', 'delete', 'k1');
    command_in($s, 'closed', 'user', 'delete', 'k2');
}

# What the operator has disabled stays so for the customer's administrator, who reopens what he has disabled himself.
{
    my $chief = $staff{chief};
    my $act = sub { my ($verb) = @_; return $chief->follow($chief->post("/anshin/desk/act?verb=$verb&who=" . who('y2'), { csrf => csrf($chief->get('/anshin/')) })) };
    $act->('disable');
    is(shown('y2')->{locked_by}, 'organisation', 'ROL-1: it is kept who has disabled it');
    is(JSON::PP::decode_json(command_in($s, 'p-01', '--json', 'user', 'lock', 'y2'))->{done}, 'is disabled, and stays so', 'ADM-2: the operator cannot lock him besides, and is told so');
    is(shown('y2')->{locked_by}, 'operator', 'ROL-1: but it is the operator who keeps it closed');
    like($act->('unlock')->text, qr/お使いの役割では解除できない/, 'ROL-1: which the customer does not open');
    command_in($s, 'p-01', 'user', 'unlock', 'y2');
    $act->('disable');
    like($act->('unlock')->text, qr/ロックを解除しました/, 'ROL-3: he reopens what he has disabled himself');
    command_in($s, 'p-01', 'user', 'disable', 'y2');
    like($act->('unlock')->text, qr/お使いの役割では解除できない/, 'ROL-1: but not what the operator has disabled');
    is(shown('y2')->{state}, 'disabled', 'and it stays so');
    unlike($chief->get('/anshin/desk/user?who=' . who('y2'))->text, qr/verb=unlock/, 'nor is there a button');
    command_in($s, 'p-01', 'user', 'unlock', 'y2');
}

# Before somebody sends what no page of ours has: whatever addresses said until here stands in the log, and tells of nobody.
{
    my @desk = grep { m{/desk} } split /\n/, $s->access_log;
    my @values = map { decode_base64url($_) } map { /=([\w-]+)/g } @desk;
    my @told = grep { m{\b(?:p-01|strict|other)/|mail\.example|氏名|佐藤|山田}x } map { decode('UTF-8', $_) } @desk, @values;
    cmp_ok(scalar(grep { /who=/ } @desk), '>=', 20, 'S28: users were looked at by addresses');
    is(join("\n", @told), '', 'S28: no address of the help desk tells a log of whom');
}

# --- four eyes ---

# The contract "dual" wants a second operator for whatever is done to more than one user.
{
    my ($asker, $second, $viewer, $chief) = @staff{qw(helpdesk admin viewer chief)};
    my @dual = qw(d1 d2);
    for my $user (@dual) {
        $place{$user} = ['dual', '佐藤工業'];
        command_in($s, 'dual', 'user', 'add', $user, '--address', "$user\@mail.example", '--organisation', encode('UTF-8', '佐藤工業'));
        $number{$user} = shown($user)->{number};
    }
    my $states = sub { return join ' ', map { shown($_)->{state} } @dual };
    my $order = sub {
        command_in($s, 'dual', 'user', 'lock', $_) for @dual;
        my $list = $asker->get('/anshin/desk/list?about=locked');
        my $ask = $asker->follow($asker->submit($list, { (map { mark_of($list, $_) } @dual), verb => 'unlock' }, qr{/desk/list$}));
        return ($ask, $asker->submit($ask, { why => '復旧' }, qr{/desk/list/act}));
    };
    my $step = sub { my ($page, $name) = @_; return map { s/&amp;/&/gr } ($page->text =~ m{href="([^"]*/desk/waiting/decide\?[^"]*step=$name)"})[0] // die "no $name" };
    my $waits = sub { my ($c) = @_; return $c->get('/anshin/desk/waiting') };

    my ($ask, $sent) = $order->();
    like($ask->text, qr/二人目の担当者の承認が必要/, 'ROL-4: the page that asks says that it takes two');
    like($sent->header('Location'), qr{/desk/waiting$}, 'ROL-4: an order for two users waits');
    is($states->(), 'locked locked', 'and nothing of it is done');
    my $own = $asker->follow($sent);
    like($own->text, qr/承認待ち.*helpdesk.*対象のユーザ：2人.*d1.*d2.*復旧/s, 'ROL-4: who has asked, what, on whom, why');
    is(join(' ', $own->text =~ /step=(\w+)"/g), 'withdraw', 'ROL-4: who has asked can withdraw it, and nothing else');
    is($asker->submit($ask, {}, qr{/desk/list/act})->header('Location') =~ s{^https://[^/]+}{}r, $sent->header('Location') =~ s{^https://[^/]+}{}r, 'FLO-2: the same form once more is the same order');
    is(scalar(() = $waits->($asker)->text =~ /承認待ち/g), 1, 'which waits once');
    is($viewer->get('/anshin/desk/waiting')->text =~ /step=/ ? 1 : 0, 0, 'ROL-1: who only looks has no button');
    unlike($waits->($chief)->text, qr/\bd1\b|helpdesk/, 'ROL-3: an administrator of another organisation sees nothing of it');

    my $page = $waits->($second);
    is(join(' ', $page->text =~ /step=(\w+)"/g), 'approve refuse', 'ROL-4: another one may approve or refuse');
    my ($approve) = $step->($page, 'approve');
    for my $case ([ 'who has asked', $asker, 403 ], [ 'who only looks', $viewer, 403 ], [ 'another organisation', $chief, 404 ], [ 'no operator', $staff{nobody}, 403 ]) {
        my ($what, $c, $wanted) = @$case;
        my $token = csrf($c->get('/anshin/'));
        is(join(' ', map { $_->status } $c->get($approve), $c->post($approve, { csrf => $token })), "$wanted $wanted", "ROL-4: not approved by $what");
        is($c->post($approve =~ s/approve/withdraw/r, { csrf => $token })->status, $wanted, "ROL-4: nor withdrawn by $what") if $c != $asker;
    }
    my $token = csrf($second->get('/anshin/'));
    my %odd = ('another step' => [ $approve =~ s/=approve/=waiting/r, 403 ], 'no step' => [ $approve =~ s/&step.*//r, 403 ], 'no order' => [ $approve =~ s/id=\w{4}/id=0000/r, 404 ], 'a key' => [ '/anshin/desk/waiting/decide?id=../x&step=approve', 404 ]);
    is(join(' ', map { $_->status } $second->get($odd{$_}[0]), $second->post($odd{$_}[0], { csrf => $token })), "$odd{$_}[1] $odd{$_}[1]", "ROL-4: $_") for sort keys %odd;
    is($second->post($approve, { csrf => 'x' })->status, 403, 'CSRF: not for a form of nobody');
    is($states->(), 'locked locked', 'ROL-4: by all this nothing is done');
    my $confirm = $second->get($approve);
    like($confirm->text, qr/操作の承認.*ロックの解除.*helpdesk.*復旧.*対象のユーザ：2人.*d1.*d2/s, 'ROL-4: it is asked once more');
    is($states->(), 'locked locked', 'and not done by that');
    my $answer = $second->submit($confirm, {}, qr{/desk/waiting/decide});
    is(came($second->follow($answer)), 'd1 good, d2 good', 'ROL-4: approved, it is done');
    is($states->(), 'pending pending', 'to both');
    my $event = (events('dual', 'account_unlocked', 'd1'))[-1];
    is("$event->{operator} $event->{asked}", 'staff/admin staff/helpdesk', 'AUD-1: the trail has who approved, and who asked');
    like($waits->($asker)->text, qr/承認済み.*admin/s, 'ROL-4: who has asked sees by whom');
    is(came($asker->get(($waits->($asker)->text =~ m{href="([^"]*/desk/list/done[^"]*)"})[0] =~ s/&amp;/&/gr)), 'd1 good, d2 good', 'and what was done');
    command_in($s, 'dual', 'user', 'lock', 'd1');
    is(came($second->follow($_)), 'd1 good, d2 good', 'FLO-2: the same form or page once more leads to what was done') for $second->submit($confirm, {}, qr{/desk/waiting/decide}), $second->get($approve);
    is(shown('d1')->{state}, 'locked', 'and not again');

    (undef, $sent) = $order->();
    my ($refuse) = $step->($waits->($second), 'refuse');
    $second->post($approve =~ s/id=\w+/($refuse =~ m{(id=\w+)})[0]/er, { csrf => $token, seen => $confirm->text =~ /name="seen" value="(\w+)"/ });
    is($states->(), 'locked locked', 'ROL-4: the page of one order does not approve another');
    $second->submit($second->get($refuse), {}, qr{/desk/waiting/decide});
    like($waits->($asker)->text, qr/却下/, 'ROL-4: refused');
    (undef, $sent) = $order->();
    my ($late) = $step->($waits->($second), 'approve');
    $asker->submit($asker->get(($step->($waits->($asker), 'withdraw'))[0]), {}, qr{/desk/waiting/decide});
    like($second->follow($second->post($late, { csrf => $token }))->text, qr/すでに承認、却下/, 'ROL-4: what was withdrawn is not approved');
    is($states->(), 'locked locked', 'and nothing of these is done');
    my @steps = map { "$_->{act} $_->{operator}" } grep { $_->{act} =~ /^approval_/ } @{ JSON::PP::decode_json($s->htanshin('--contract', 'staff', '--json', 'audit', 'show')->{out}) };
    is(join(', ', @steps), join(', ', 'approval_asked staff/helpdesk', 'approval_given staff/admin', 'approval_decided staff/admin', 'approval_asked staff/helpdesk', 'approval_refused staff/admin', 'approval_decided staff/admin', 'approval_asked staff/helpdesk', 'approval_withdrawn staff/helpdesk'), 'AUD-1: each step is an event');
    my %told;
    for my $user (qw(helpdesk admin)) {
        my $person = bless { server => $s, address => $address{$user} }, 'Anshin::Person';
        Anshin::Server::wait_for(60, sub { $told{$user} = grep { /二人目の担当者の承認のお知らせ|依頼した担当者: staff\/helpdesk/ } $person->texts; return $told{$user} >= ($user eq 'admin' ? 2 : 5) });
    }
    is("$told{helpdesk} $told{admin}", '5 2', 'ROL-4: both are told by mail of each step');
    $order->();
    my ($open) = @{ JSON::PP::decode_json($s->htanshin('--json', 'approval', 'list')->{out}) };
    is(join(' ', @$open{qw(via verb count asked_by contract)}), 'desk unlock 2 staff/helpdesk staff', 'ROL-4: htanshin has it as well');
    like($s->htanshin('approval', 'give', $open->{id})->{err}, qr/AN1844/, 'ROL-4: but does not approve it, since who is who is not known there');
    is($s->htanshin('approval', 'refuse', $open->{id})->{status}, 0, 'ROL-4: it can be refused');
    like($waits->($asker)->text, qr/却下/, 'ROL-4: which shows at the help desk');
    is($states->(), 'locked locked', 'and nothing of it is done');
    my @more = map { ($asker->submit($ask, { why => '復旧', order => sprintf '%032x', $_ }, qr{/desk/list/act})->header('Location') // 'none') =~ s{.*/desk/}{}r } 1 .. 21;
    is(join(' ', @more), join(' ', ('waiting') x 20, 'waiting?refused=too_many'), 'ROL-4: twenty orders of one operator wait, and the next one is told so where they are');
    like($asker->get("/anshin/desk/$more[20]")->text, qr/すでに20件|20件の依頼|20 ?件/, 'ROL-4: in words');
    for my $user (@dual) {
        command_in($s, 'dual', 'user', 'delete', $user);
        delete $place{$user};
    }
}

# --- four eyes of the command ---

if (Anshin::Server::unlogged()) {
    my $as = sub { my ($person, @words) = @_; return $s->run('/usr/bin/env', $person ? "SUDO_USER=$person" : '-', $s->root . '/bin/htanshin', '-d', $s->state, '--contract', 'eyes', @words, { env => 1 }) };
    my $told = sub { my ($r) = @_; return $r->{err} =~ /(AN\d{4})/ ? "$r->{status} $1" : $r->{status} };
    my $asked = sub { my $r = $as->('bin', @_); is($told->($r), '1 AN1843', "ROL-4: waits: @_") or diag $r->{err}; return $r->{err} =~ /approval give (\w{32})/ ? $1 : 'none' };
    my $json = sub { return JSON::PP::decode_json($as->('games', '--json', @_)->{out}) };
    my $user = sub { return $json->('user', 'show', $_[0]) };
    command_in($s, 'eyes', 'user', 'add', $_, '--address', "$_\@mail.example") for qw(e1 e2 e3);

    my @role = qw(user set e1 --role admin);
    is($told->($as->(undef, @role)), '1 AN1842', 'ROL-4: root alone may be anybody');
    is($told->($as->(undef, @role, '--operator', 'games')), '1 AN1842', 'ROL-4: whatever it says that it is');
    my $id = $asked->(@role);
    is($user->('e1')->{role}, undef, 'and nothing is done');
    my ($row) = @{ $json->('approval', 'list') };
    is(join(' ', map { $_ // '-' } @$row{qw(id state contract asked_by via verb options count decided_by)}), qq($id waiting eyes bin htanshin user set --role "admin" 1 -), 'ROL-4: the list has it');
    is("@{ $json->('approval', 'show', $id)->{about} }", 'eyes/e1', 'ROL-4: and of whom it is');
    is($told->($as->('bin', 'approval', 'give', $id)), '1 AN1304', 'ROL-4: who has asked does not approve it');
    is($told->($as->(undef, 'approval', 'give', $id)), '1 AN1304', 'ROL-4: nor root alone');
    is($told->($s->htanshin('--contract', 'p-01', 'approval', 'give', $id)), '1 AN1857', 'nor is it of another contract');
    for my $verb (qw(show give refuse withdraw)) {
        is($told->($s->htanshin('approval', $verb, '0123456789abcdef' x 2)), '1 AN1857', "ROL-4: what there is none of is not known, of whatever contract: $verb");
    }
    for my $words ([ 'find', 'AN-0000ZZZZ' ], [qw(audit show --user nobody)], [qw(audit archive /nowhere)], [qw(contract rename nobody no-one)], [qw(contract remove nobody)], [qw(ca compromise nobody)],
        [qw(ca retire nobody)], [qw(ca switch)], [qw(key status)], [qw(approval list --all)]) {
        my $r = $s->htanshin(@$words);
        ok(defined $r->{status} && $r->{status} =~ /^[0-3]$/, "of no contract: @$words: $r->{status}") or diag $r->{err};
    }
    is($as->('games', 'approval', 'give', $id)->{status}, 0, 'ROL-4: another person does');
    is($user->('e1')->{role}, undef, 'by which nothing is done yet');
    is($told->($as->('games', @role)), '1 AN1843', 'ROL-4: who has approved it does not do it');
    is($as->('bin', @role)->{status}, 0, 'ROL-4: who has asked does');
    is($user->('e1')->{role}, 'admin', 'and it is done');
    is($told->($as->('bin', @role)), '1 AN1843', 'ROL-4: once');
    is(scalar @{ $json->('approval', 'list', '--all') }, 3, 'ROL-4: what is done is told for a day');
    $asked->(qw(user set e1 --organisation Other));
    $asked->(qw(user add e9 --address e9@mail.example --role viewer));
    is($as->('bin', 'user', 'show', 'e9')->{status}, 1, 'ROL-4: an operator is not made alone');
    is($told->($as->('bin', qw(user add - --role viewer))), '1 AN1845', 'ROL-4: nor many at once');
    my $import = $s->root . '/import.csv';
    for (['e2', '--update', 'changed'], ['e8', '', 'made']) {
        my ($who, $update, $how) = @$_;
        open my $out, '>', $import or die "$import: $!";
        print $out "user,address,organisation\n$who,$who\@mail.example,Other\n";
        close $out or die "$import: $!";
        is($told->($as->('bin', 'user', 'import', $import, $update || ())), '1 AN1845', "ROL-4: nor by an import: $how");
    }

    my $list = $s->root . '/eyes.txt';
    my $write = sub { open my $out, '>', $list or die "$list: $!"; print $out map { "$_\n" } @_; close $out or die "$list: $!" };
    my @lock = ('user', 'lock', '--file', $list);
    my $states = sub { return join ' ', map { $user->($_)->{state} } qw(e2 e3) };
    is($told->($as->($_, @role)), '1 AN1842', "ROL-4: nor is a service: $_") for 'www-data', (getpwuid((stat $s->state)[4]))[0];
    is($told->($s->run('/usr/bin/env', 'SUDO_USER=bin', 'SUDO_UID=2', $s->root . '/bin/htanshin', '-d', $s->state, '--contract', 'eyes', @role, { env => 1 })), '1 AN1843', 'while sudo of root names who it is');
    is($told->($as->('bin', qw(user set e1 --organisation), 'A --role viewer')), '1 AN1843', 'ROL-4: one value');
    my ($one) = @{ $json->('approval', 'list') };
    is($one->{options}, '--organisation "A --role viewer"', 'ROL-4: shows as one');
    $write->('e2');
    is($as->(undef, @lock)->{status}, 0, 'ROL-4: what is done to one does not wait');
    $write->('e2', 'e3');
    is($as->(undef, @lock, '--dry-run')->{status}, 0, 'nor a dry run');
    $id = $asked->(@lock);
    is($states->(), 'locked pending', 'and nothing is done');
    is($as->('games', 'approval', 'refuse', $id)->{status}, 0, 'ROL-4: refused');
    isnt(my $next = $asked->(@lock), $id, 'it is asked for anew');
    my @with = (qw(approval show), $next, '--file', $list);
    is(join(' ', map { $_ ? 1 : 0 } @{ $json->(@with) }{qw(list_is_this)}), 1, 'ROL-4: a list is compared with all who are meant');
    $write->('e3', 'e1');
    is($as->('games', @with)->{status}, 1, 'ROL-4: another one is told');
    is($told->($as->('games', 'approval', 'give', $next, '--file', $list)), '1 AN1851', 'ROL-4: and not approved');
    $write->('user,undo', 'e2,lock', 'e3,lock');
    is($as->('games', @with)->{status}, 1, 'ROL-4: nor is one that does another thing to them');
    $write->('e3', 'e2');
    is($as->('games', @with)->{status}, 0, 'in whatever order');
    is($as->('games', 'approval', 'give', $next)->{status}, 0, 'approved');
    $write->('e1', 'e3');
    is($told->($as->('bin', @lock)), '1 AN1850', 'ROL-4: that others are meant by now is told');
    is($states->(), 'locked pending', 'ROL-4: not for others than those who were looked at');
    $write->('e2', 'e3');
    is($as->('bin', @lock)->{status}, 0, 'but for these');
    is($states->(), 'locked locked', 'it is done');
    # What is read is approved as it is, and users whom no list names wait as well.
    my @made = ("e5,e5\@mail.example\n", "e6,e6\@mail.example\n");
    my $read = sub { my ($person, $text, @words) = @_; return $s->run('/usr/bin/env', "SUDO_USER=$person", $s->root . '/bin/htanshin', '-d', $s->state, '--contract', 'eyes', @words, { env => 1, stdin => $text }) };
    for my $way ([qw(user add -)], [qw(user import -)]) {
        my $text = ($way->[1] eq 'import' ? "user,address\n" : '') . join '', @made;
        my $waits = $read->('bin', $text, @$way);
        is($told->($waits), '1 AN1843', "ROL-4: many wait: @$way");
        is($as->('bin', 'user', 'show', 'e5')->{status}, 1, 'and none is made');
        my ($asked_as) = $waits->{err} =~ /approval give (\w{32})/;
        my $sum = Digest::SHA::sha256_hex($text);
        is(join(' ', @{ $json->('approval', 'show', $asked_as) }{qw(verb options count)}), qq(user $way->[1] SHA-256 "$sum" 2), 'ROL-4: with the sum of what is read');
        is($as->('games', 'approval', 'give', $asked_as)->{status}, 0, 'ROL-4: approved');
        is($told->($read->('bin', $text =~ s/e6\@/x6\@/r, @$way)), '1 AN1843', 'ROL-4: not with another address');
        is($read->('bin', $text, @$way)->{status}, 0, 'ROL-4: but as it was');
        is($user->('e6')->{state}, 'pending', 'they are made');
        command_in($s, 'eyes', 'user', 'delete', $_) for qw(e5 e6);
        is($read->('bin', "user,address\n$made[0]", qw(user import -))->{status}, 0, 'ROL-4: one does not wait') if $way->[1] eq 'import';
    }
    my @steps = map { "$_->{act} " . ($_->{claimed} // '-') } grep { $_->{act} =~ /^approval_/ } @{ $json->('audit', 'show') };
    is("@steps[0 .. 3]", 'approval_asked bin approval_given games approval_asked games approval_continued bin', 'AUD-1: each step is an event');
}

# --- isolation: every route and verb, by whoever may not ---

my $told = @{ JSON::PP::decode_json($s->htanshin('--json', 'audit', 'show')->{out}) };

my (%may, @verbs);
for (slurp('modules/core/desk/verb.def') =~ /^VERB\((.*)\)$/mg) {
    my ($member, $name, @flags) = split /, /;
    $name =~ s/"//g;
    my ($changes) = splice @flags, 4;
    @{ $may{$name} }{qw(viewer helpdesk admin organisation none)} = (@flags, 0);
    push @verbs, $name if $changes == 1 || $changes == 3;
}
cmp_ok(scalar @verbs, '>=', 8, "verbs that change something: @verbs");
my @routes = map { $_->{path} } routes(desk => 1);
is("@routes", '/desk /desk/user /desk/list /desk/list/csv /desk/list/act /desk/list/done /desk/waiting /desk/waiting/decide /desk/act /desk/invite', 'the routes of the help desk');

# Does an operator see a user? By the configuration above, not by the code.
sub sees {
    my ($operator, $user) = @_;
    my ($contract, $organisation) = @{ $place{$user} };
    return $role{$operator} ne 'none' && $contract =~ /^(?:p-01|strict)$/ && ($role{$operator} ne 'organisation' || $organisation eq '山田商事');
}

my @targets = qw(y1 s1 n1 o1 admin);
my $before = join '', map { command_in($s, $place{$_}[0], '--json', 'user', 'show', $_) } qw(s1 n1 o1);
my ($attempts, @wrong) = 0;
sub attempt {
    my ($what, $r, $wanted) = @_;
    $attempts++;
    push @wrong, "$what: " . $r->status . " instead of $wanted" if $r->status != $wanted;
    return $r;
}

# Of whom others than the own are out of reach; who may on everybody is looked at with one user alone, so that others stay as they are.
for my $operator (sort keys %staff) {
    my $c = $staff{$operator};
    my $role = $role{$operator};
    my $token = csrf($c->get('/anshin/'));
    attempt("$operator: /desk", $c->get('/anshin/desk'), $role eq 'none' ? 403 : 200);
    attempt("$operator: /desk/list", $c->get('/anshin/desk/list'), $role eq 'none' ? 403 : 200);
    attempt("$operator: /desk/waiting", $c->get('/anshin/desk/waiting'), $role eq 'none' ? 403 : 200);
    for my $step (qw(approve refuse withdraw continue delete)) {
        my $path = "/anshin/desk/waiting/decide?step=$step&id=" . '0123456789abcdef' x 2;
        attempt("$operator: page to $step", $c->get($path), $role eq 'none' ? 403 : 404);
        attempt("$operator: $step", $c->post($path, { csrf => $token }), $role eq 'none' ? 403 : 404);
    }
    attempt("$operator: /desk/list/csv", $c->get('/anshin/desk/list/csv'), $may{export}{$role} ? 200 : 403);
    attempt("$operator: search", $c->post('/anshin/desk', { csrf => $token, q => 's1' }), $role eq 'none' ? 403 : 303);
    attempt("$operator: search while typing", $c->post('/anshin/desk', { csrf => $token, q => 's1', typing => 1 }), $role eq 'none' ? 403 : 200);
    for my $user (@targets) {
        my $sees = sees($operator, $user);
        my $hidden = $role eq 'none' ? 403 : 404;
        attempt("$operator: /desk/user of $user", $c->get('/anshin/desk/user?who=' . who($user)), $sees ? 200 : $hidden);
        for my $verb (@verbs, 'see', 'find', 'invite', 'delete', '') {
            my $allowed = $sees && $may{$verb}{$role} && grep { $_ eq $verb } @verbs;
            my $path = "/anshin/desk/act?verb=$verb&n=1&who=" . who($user);
            attempt("$operator: page of $verb of $user", $c->get($path), $allowed ? 200 : $sees ? 403 : $hidden);
            next if $allowed && $user ne 'y1';
            command_in($s, 'p-01', 'user', $verb eq 'unlock' && $role ne 'organisation' ? 'lock' : 'unlock', 'y1') if $allowed;    # so that there is something to do
            attempt("$operator: $verb of $user", $c->post($path, { csrf => $token }), $allowed ? 303 : $sees ? 403 : $hidden);
        }
    }
}
is(join("\n", @wrong), '', 'ROL-1, ROL-3: each is answered as role, contract and organisation say');
cmp_ok($attempts, '>=', 200, "ROL-3: attempts: $attempts");

# The fields: whose, by which number, under which form.
@wrong = ();
my $chief = $staff{chief};
my $own = $chief->get('/anshin/desk/act?verb=unlock&who=' . who('y1'));
my $csrf = csrf($own);
my %who = (
    'another organisation' => who('s1'), 'none' => who('n1'), 'another contract' => who('o1'), 'the own contract' => who('admin'),
    'the own user, of another contract' => who('y1', 'other'), 'and of the operators' => who('y1', 'staff'), 'of none' => who('y1', ''), 'of a path' => who('y1', '../p-01'),
    'the own name, another number' => who('y1', 'p-01', $number{s1}), 'the number of nobody' => who('y1', 'p-01', '0' x 32), 'no number' => who('y1', 'p-01', ''),
    'another name, the own number' => who('s1', 'p-01', $number{y1}), 'in capitals' => who('Y1', 'p-01', $number{y1}), 'wide' => sealed_whom($s, 'staff', encode('UTF-8', "p-01/ｙ１/$number{y1}")),
    'with a NUL' => sealed_whom($s, 'staff', "p-01/y1\0/$number{y1}"), 'four parts' => sealed_whom($s, 'staff', "p-01/y1/$number{y1}/x"), 'two parts' => sealed_whom($s, 'staff', 'p-01/y1'),
    'nothing' => '', 'no base64' => '!!!!', 'long' => 'A' x 400, 'a walk' => sealed_whom($s, 'staff', "p-01//$number{y1}"), 'a key' => sealed_whom($s, 'staff', "p-01/y1/1/$number{y1}"),
    'not UTF-8' => sealed_whom($s, 'staff', "p-01/\xff\xfe/$number{y1}"), 'a pattern' => who('*', 'p-01', $number{y1}),
    'in the clear' => encode_base64url("p-01/y1/$number{y1}"), 'sealed for another contract' => sealed_whom($s, 'p-01', "p-01/y1/$number{y1}"),
    'with a sign changed' => who('y1') =~ s/\A(.)/$1 eq 'A' ? 'B' : 'A'/er, 'the half of it' => substr(who('y1'), 0, 60)
);
for my $what (sort keys %who) {
    attempt("$what: page", $chief->get("/anshin/desk/user?who=$who{$what}"), 404);
    attempt("$what: form", $chief->post("/anshin/desk/act?verb=unlock&who=$who{$what}", { csrf => $csrf }), 404);
    attempt("$what: in the form", $chief->post('/anshin/desk/act?verb=unlock&who=' . who('y1'), { csrf => $csrf, who => $who{$what} }), 404) if $who{$what} =~ /^[\w-]+$/;
}
attempt("another role's verb in the form", $chief->post('/anshin/desk/act?verb=unlock&who=' . who('y1'), { csrf => $csrf, verb => 'lock' }), 403);
attempt('the device of nobody', $chief->get('/anshin/desk/act?verb=renew&n=9&who=' . who('y1')), 404);
for my $text ('s1', 'S1', '佐藤', '氏名s1', 's1@mail.example', 'n1', 'o1', 'other', 'admin', 'helpdesk', '*', 'p-01/s1', $number{s1}, '1*') {
    my $page = found($chief, $text);
    my $users = $page->status == 303 ? 'somebody' : users($page);
    $attempts++;
    $users .= ' ' . users($chief->post('/anshin/desk', { csrf => $csrf, q => $text, typing => 1 }));
    push @wrong, "search for $text: $users" if $users =~ /[sno]1|admin|helpdesk|somebody/;
}
my $sealed = $staff{helpdesk}->submit($staff{helpdesk}->get('/anshin/desk'), { q => '佐藤' }, qr{/desk$})->header('Location') =~ s{^https://[^/]+}{}r;
like(users($staff{helpdesk}->get($sealed)), qr/s1/, 'a search of the help desk');
is(users($chief->get($sealed)), '', 'ROL-3: its address is nothing to others');
for my $operator (qw(viewer nobody helpdesk)) {
    attempt("form of a page of $operator", $chief->post('/anshin/desk/act?verb=unlock&who=' . who('y1'), { csrf => csrf($staff{$operator}->get('/anshin/')) }), 403);
}

# Whoever is no operator: nobody who is logged in, a customer, an operator's cookie elsewhere.
my $stranger = $s->client(host => 'staff.localhost', ca => undef);
my %elsewhere = (customer => $s->client, 'other contract' => $s->client(host => 'other.localhost', ca => undef));
my $session = $staff{admin}{cookies}{'__Host-anshin-staff'};
for my $route (@routes) {
    my $path = "/anshin$route?verb=unlock&who=" . who('y1');
    my $r = attempt("stranger: $route", $stranger->get($path), 303);
    push @wrong, "stranger: $route leads elsewhere" unless $r->header('Location') =~ m{/login\?};
    attempt("$_: $route", $elsewhere{$_}->get($path), 404) for sort keys %elsewhere;
    my $thief = $s->client(cookies => { '__Host-anshin-p-01' => $session, '__Host-anshin-staff' => $session });
    attempt("an operator's cookie at the customer's: $route", $thief->get($path), 404);
    attempt("$_ $route", $staff{admin}->request($_, $path), 405) for qw(PUT DELETE PATCH);
}
is(join("\n", @wrong), '', 'ROL-3: no field and nobody else leads further');
is(join('', map { command_in($s, $place{$_}[0], '--json', 'user', 'show', $_) } qw(s1 n1 o1)), $before, 'ROL-3: nothing of all this has changed anybody else');
my $trail = JSON::PP::decode_json($s->htanshin('--json', 'audit', 'show')->{out});
my @deeds = grep { $_->{by} eq 'staff' && $_->{act} ne 'list_exported' } @$trail[ $told .. $#$trail ];
is(join(' ', map { "$_->{act} of $_->{user}" } grep { $_->{user} ne 'y1' } @deeds), '', 'and the trail knows of nothing');
cmp_ok(scalar(grep { $_->{user} eq 'y1' } @deeds), '>=', 4, 'but of what was done to the own user');
cmp_ok($attempts, '>=', 300, "attempts in all: $attempts");

# Invitations: into which contract and organisation, and what they tell of IDs that others have.
{
    my @contracts = qw(p-01 strict dual other staff eyes);
    my $users = sub { return join '; ', map { my $in = $_; "$in " . join ' ', map { $_->{user} } @{ JSON::PP::decode_json(command_in($s, $in, '--json', 'user', 'list')) } } @contracts };
    my $there = $users->();
    my %typed = (user => 'z1', address => 'z1@mail.example', name => '新人', why => '', organisation => '佐藤工業');
    @wrong = ();
    for my $operator (sort keys %staff) {
        my $c = $staff{$operator};
        my $may = $may{invite}{ $role{$operator} };
        my $token = csrf($c->get('/anshin/'));
        for my $contract (@contracts, 'nowhere', '', '../p-01', 'P-01', "p-01\0") {
            my %mine = (%typed, csrf => $token, contract => $contract, $contract eq 'p-01' ? (user => 's1') : ());
            my $r = attempt("$operator invites into '$contract'", $c->post('/anshin/desk/invite', \%mine), $contract =~ /\0/ ? 400 : $may ? 303 : 403);
            push @wrong, "$operator invites into '$contract': done" if $r->status == 303 && ($r->header('Location') // '') !~ /typed=/;
        }
        attempt("$operator invites without a token", $c->post('/anshin/desk/invite', \%typed, Origin => undef), 403);
        attempt("$operator invites with the token of another", $c->post('/anshin/desk/invite', { %typed, csrf => csrf($staff{viewer}->get('/anshin/')) }, Origin => undef), 403) if $operator ne 'viewer';
    }
    is(join("\n", @wrong), '', 'S42: nobody invites beyond role and contract');
    is($users->(), $there, 'S42: and nobody is made by that');

    # Whether an ID is taken, of another organisation as well, is told so often and no more, as invitations are sent.
    my $form = $chief->get('/anshin/desk/invite');
    my $invite = sub { my ($user) = @_; return $chief->submit($form, { %typed, contract => 'p-01', user => $user }, qr{/desk/invite$}) };
    my $tell = sub { return join '; ', $chief->shown($invite->($_[0]))->text =~ m{id="([\w-]+-error"[^>]*>.*?)</ul>}gs };
    my $taken = qr/すでに使われています/;
    like($tell->('s1'), $taken, 'an ID of another organisation is taken, which an invitation cannot hide');
    $invite->('s1') for 1 .. 200;
    my ($other, $free) = map { $tell->($_) } qw(s1 z1);
    unlike("$other$free", $taken, 'S42: after as many answers as invitations a day, nothing more is told of IDs');
    like($other, qr/-error/, 'but that it is over for today');
    is($other, $free, 'S42: one that another has and one that nobody has are answered alike');
    is($users->(), $there, 'S42: nor is anybody made any more');
}

# Forms that no page of ours has sent, and what no person types.
{
    my $c = $staff{admin};
    my $token = csrf($c->get('/anshin/desk'));
    my $lock = '/anshin/desk/act?verb=lock&who=' . who('y2');
    my @forged = (
        [ 'without Origin and token', {}, Origin => undef ], [ 'with the token of somebody else', { csrf => csrf($chief->get('/anshin/desk')) }, Origin => undef ],
        [ 'of another site', { csrf => $token }, Origin => 'https://evil.example' ], [ 'of a sandboxed frame', { csrf => $token }, Origin => 'null' ],
        [ 'of another site by its marks', { csrf => $token }, 'Sec-Fetch-Site' => 'cross-site' ]
    );
    @wrong = ();
    for my $forged (@forged) {
        my ($what, $fields, %headers) = @$forged;
        attempt("$what: $_->[0]", $c->post($_->[0], { %$fields, q => 'y2' }, %headers), 403) for [$lock], ['/anshin/desk'];
    }
    attempt('lock by GET', $c->get($lock . '&csrf=' . $token), 200);
    attempt('lock by HEAD', $c->head($lock), 200);
    attempt("what is looked for, $_->[0] octets long", $c->post('/anshin/desk', { csrf => $token, q => 'x' x $_->[0] }), $_->[1]) for [ 1000, 413 ], [ 5000, 400 ];
    is(join("\n", @wrong), '', 'S14, ROL-2: the help desk takes forms of its own pages alone');
    is(shown('y2')->{state}, 'pending', 'and nobody is locked by another');
    my $odd = found($c, qq{"><script>alert(1)</script>'--});
    like($odd->text, qr/見つかりませんでした/, 'ROL-2: whatever is typed is looked for');
    unlike($odd->text, qr/<script>alert/, 'and shown as text');
    $s->later(900);
    my $late = $c->post($lock, { csrf => $token });
    like($late->header('Location'), qr{^/anshin/reauthenticate}, 'S12: the password is asked for once more, five minutes later');
    is(shown('y2')->{state}, 'pending', 'before anything is done');
    is($c->get('/anshin/desk/user?who=' . who('y2'))->status, 200, 'looking asks for none');
    like($c->get("/anshin/desk/$_")->header('Location'), qr{^/anshin/reauthenticate}, "S12: so does $_") for 'list/csv?about=invited', 'list/act?about=invited&verb=reinvite&rows=', 'invite';
}

# A role that is taken away is gone at once; so is the last door (core/mail/event.c), by the unit program.
command_in($s, 'staff', 'user', 'set', 'helpdesk', '--role', 'none');
is($staff{helpdesk}->get('/anshin/desk/user?who=' . who('y1'))->status, 403, 'ROL-1: without a role, the help desk is closed at once');
$s->finish;
done_testing;
