# The help desk in the browser (ROL-1 to ROL-3): what an operator finds, sees and does; and, generated from the table of routes
# and that of roles, attempts to reach another organisation, another contract, or another role's verb.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(encode);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
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
        strict => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinStaffReason on"
    }
)->start;

# --- who there is ---

my %place = (y1 => ['p-01', '山田商事'], y2 => ['p-01', '山田商事'], s1 => ['p-01', '佐藤工業'], n1 => ['p-01', ''], o1 => ['other', '山田商事'], r1 => ['strict', '山田商事']);
for my $user (sort keys %place) {
    my ($contract, $organisation) = @{ $place{$user} };
    command_in($s, $contract, 'user', 'add', $user, '--address', "$user\@mail.example", '--name', encode('UTF-8', "氏名$user"), '--organisation', encode('UTF-8', $organisation));
}
my %role = (viewer => 'viewer', helpdesk => 'helpdesk', admin => 'admin', chief => 'organisation', nobody => 'none');
my %staff;
for my $user (sort keys %role) {
    my $p = Anshin::Person->add($s, $user, contract => 'staff');
    my $c = $s->client(host => 'staff.localhost', ca => undef);
    $p->register($c);
    command_in($s, 'staff', 'user', 'set', $user, '--role', $role{$user}, $role{$user} eq 'organisation' ? ('--organisation', encode('UTF-8', '山田商事')) : ());
    Anshin::Person::expect($p->login($c), 303);
    $staff{$user} = $c;
}
my $bad = $s->htanshin('--contract', 'p-01', 'user', 'set', 'y1', '--role', 'admin');
like("$bad->{status} $bad->{err}", qr/^[1-9]\d* .*AN1503/s, 'ROL-1: a customer gets no role');

sub shown { my ($user) = @_; return JSON::PP::decode_json(command_in($s, $place{$user}[0], '--json', 'user', 'show', $user)) }
my %number = map { $_ => shown($_)->{number} } keys %place;
$place{admin} = ['staff', ''];
$number{admin} = JSON::PP::decode_json(command_in($s, 'staff', '--json', 'user', 'show', 'admin'))->{number};

sub who { my ($user, $contract, $number) = @_; return encode_base64url(join '/', $contract // $place{$user}[0], $user, $number // $number{$user}) }
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
    like($page->text, qr/管理者がロックしています.*解除する前に/s, 'ROL-2: what is in the way, and what to do');
    my ($unlock) = $page->text =~ m{href="([^"]*/desk/act[^"]*verb=unlock[^"]*)"} or die 'no button';
    my $confirm = $c->get($unlock =~ s/&amp;/&/gr);
    like($confirm->text, qr/ロックの解除.*s1.*佐藤工業/s, 'it is asked once more, by whom it is about');
    is(shown('s1')->{state}, 'locked', 'and nothing is done by that');
    my $done = $c->follow($c->submit($confirm, {}, qr{/desk/act}));
    like($done->text, qr/ロックを解除しました.*お客様に伝えること.*続けてご案内します/s, 'ROL-2: it is done, and what to tell the user, who has yet to register');
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
    like($csv->text, qr/^\x{feff}contract,user,name,organisation,state,at,about\r\n/, 'with a head');
    like($csv->text, qr/^p-01,n1,"'=HYPERLINK\(""x""\)",,pending,20\d\d-/m, 'what a spreadsheet would compute is text');
    is($staff{viewer}->get('/anshin/desk/list/csv?about=invited')->status, 403, 'ROL-1: not for who only looks');
    is(users($staff{chief}->get('/anshin/desk/list?about=invited')), 'y1 y2', 'ROL-3: of the own organisation alone');
    is(join(' ', $staff{chief}->get('/anshin/desk/list/csv?about=invited')->text =~ /^[\w-]+,(\w+),.*\r$/mg), 'y1 y2', 'ROL-3: and so is the file');
    my @exported = grep { $_->{act} eq 'list_exported' } @{ JSON::PP::decode_json($s->htanshin('--json', 'audit', 'show')->{out}) };
    my @told = map { "$_->{contract} $_->{operator} $_->{after}" . ($_->{user} // '') } @exported;
    is(join(', ', sort @told), 'p-01 staff/chief invited 2, p-01 staff/helpdesk invited 4', 'AUD-1: the trail says who took which list, of how many; not of who was refused');
    is(users($staff{chief}->get('/anshin/desk/list?about=locked')), 'r1', 'ROL-3: as is every other list');
}

# --- isolation: every route and verb, by whoever may not ---

my (%may, @verbs);
for (slurp('modules/core/desk/verb.def') =~ /^VERB\((.*)\)$/mg) {
    my ($member, $name, @flags) = split /, /;
    $name =~ s/"//g;
    my ($changes) = splice @flags, 4;
    @{ $may{$name} }{qw(viewer helpdesk admin organisation none)} = (@flags, 0);
    push @verbs, $name if $changes;
}
cmp_ok(scalar @verbs, '>=', 7, "verbs that change something: @verbs");
my @routes = map { $_->{path} } routes(desk => 1);
is("@routes", '/desk /desk/user /desk/list /desk/list/csv /desk/act', 'the routes of the help desk');

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
    attempt("$operator: /desk/list/csv", $c->get('/anshin/desk/list/csv'), $may{export}{$role} ? 200 : 403);
    attempt("$operator: search", $c->post('/anshin/desk', { csrf => $token, q => 's1' }), $role eq 'none' ? 403 : 303);
    attempt("$operator: search while typing", $c->post('/anshin/desk', { csrf => $token, q => 's1', typing => 1 }), $role eq 'none' ? 403 : 200);
    for my $user (@targets) {
        my $sees = sees($operator, $user);
        my $hidden = $role eq 'none' ? 403 : 404;
        attempt("$operator: /desk/user of $user", $c->get('/anshin/desk/user?who=' . who($user)), $sees ? 200 : $hidden);
        for my $verb (@verbs, 'see', 'find', 'delete', '') {
            my $allowed = $sees && $may{$verb}{$role} && grep { $_ eq $verb } @verbs;
            my $path = "/anshin/desk/act?verb=$verb&n=1&who=" . who($user);
            attempt("$operator: page of $verb of $user", $c->get($path), $allowed ? 200 : $sees ? 403 : $hidden);
            next if $allowed && $user ne 'y1';
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
    'another name, the own number' => who('s1', 'p-01', $number{y1}), 'in capitals' => who('Y1', 'p-01', $number{y1}), 'wide' => encode_base64url(encode('UTF-8', "p-01/ｙ１/$number{y1}")),
    'with a NUL' => encode_base64url("p-01/y1\0/$number{y1}"), 'four parts' => encode_base64url("p-01/y1/$number{y1}/x"), 'two parts' => encode_base64url('p-01/y1'),
    'nothing' => '', 'no base64' => '!!!!', 'long' => 'A' x 400, 'a walk' => encode_base64url("p-01//$number{y1}"), 'a key' => encode_base64url("p-01/y1/1/$number{y1}"),
    'not UTF-8' => encode_base64url("p-01/\xff\xfe/$number{y1}"), 'a pattern' => who('*', 'p-01', $number{y1})
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
my @deeds = grep { $_->{by} eq 'staff' && $_->{act} ne 'list_exported' } @$trail;
is(join(' ', map { "$_->{act} of $_->{user}" } grep { $_->{user} !~ /^(?:y1|r1|s1)$/ } @deeds), '', 'and the trail knows of nothing');
is(scalar(grep { $_->{user} eq 's1' } @deeds), 1, 'but of the one unlock');
cmp_ok($attempts, '>=', 300, "attempts in all: $attempts");

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
    $s->later(360);
    my $late = $c->post($lock, { csrf => $token });
    like($late->header('Location'), qr{^/anshin/reauthenticate}, 'S12: the password is asked for once more, five minutes later');
    is(shown('y2')->{state}, 'pending', 'before anything is done');
    is($c->get('/anshin/desk/user?who=' . who('y2'))->status, 200, 'looking asks for none');
}

# A role that is taken away is gone at once; so is the last door (core/mail/event.c), by the unit program.
command_in($s, 'staff', 'user', 'set', 'helpdesk', '--role', 'none');
is($staff{helpdesk}->get('/anshin/desk/user?who=' . who('y1'))->status, 403, 'ROL-1: without a role, the help desk is closed at once');
$s->finish;
done_testing;
