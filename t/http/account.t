# The account pages: menu, password, question, history, sessions, terminals; and what each refuses.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Digest::SHA ();
use Encode ();
use Test::More;
use Anshin::Attack qw(flows);
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinLoginMethods password certificate
AnshinReauthenticate 1h
AnshinTerminals 3
END

my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $c = $s->client;
$p->login($c);

# What the operator has written of the user (ATT-1); the memo is the operator's own.
unlike($c->get('/anshin/account')->text, qr{<dt>(?:お名前|ご所属)</dt>}, 'ATT-1: without a name nothing of it is shown');
is($s->htanshin('user', 'set', 'p-01-usr001', map { Encode::encode('UTF-8', $_) } '--name', '<b>安心</b> "太郎"', '--organisation', '㈱安心薬局&co', '--memo', 'not for you',
    '--groups', 'hidden-group')->{status}, 0, 'ATT-1: name, organisation, memo, group');
my $named = $c->get('/anshin/account')->text;
like($named, qr{<dt>お名前</dt><dd><bdi>&lt;b&gt;安心&lt;/b&gt; &quot;太郎&quot;</bdi></dd>.*<dt>ご所属</dt><dd><bdi>㈱安心薬局&amp;co</bdi>}s, 'ATT-1, S27: the account page shows name and organisation, safe');
unlike($named, qr{not for you|hidden-group}, 'ATT-1: and neither memo nor groups');

# What the history says of whom, and where its entries lead.
sub history_acts {
    my ($page) = @_;
    my $fox = $s->client(headers => { 'User-Agent' => 'Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0 <script>' });
    $p->login($fox, password => 'Not-this-one-1');
    $p->login($fox);
    my $seen = $c->get('/anshin/history');
    like($seen->text, qr{127\.0\.0\.1<br>\s*<span class="quiet">Firefox, Windows</span>}, 'ACC-4: browser and system stand beside the address');
    unlike($seen->text, qr{Gecko|128\.0}, 'in words of ours alone');
    like($c->get('/anshin/sessions')->text, qr{<span class="quiet">Firefox, Windows</span>}, 'ACC-8: beside a session as well');
    my $failed = $c->get('/anshin/history?only=failed');
    my @marks = $failed->text =~ /<span class="mark( \w+)?">/g;
    ok(@marks && !grep({ ($_ // '') ne ' bad' } @marks), 'ACC-4: failures alone are shown when asked for') or diag explain \@marks;
    like($failed->text, qr{失敗した記録を、新しい順に@{[scalar @marks]}件}, 'and how many they are');
    like($failed->text, qr{only=failed" aria-current="page"}, 'and that they are but some of it');
    my ($bad) = $failed->text =~ m{href="([^"]*/history/unknown\?at=\d+)"};
    my $help = $c->get($bad);
    is($help->status, 200, 'ACC-4: from an entry that is not known a page leads on');
    like($help->text, qr{<dd>ログイン失敗（パスワードの誤り）</dd>.*127\.0\.0\.1.*Firefox, Windows.*ログインに成功していません}s,
        'it says what to tell the help desk, and that nobody got in');
    like($help->text, qr{href="/anshin/$_"}, "and leads to $_") for qw(sessions password history);
    unlike($help->text, qr{なくした端末}, 'to nothing that does not concern the user');
    my ($good) = $seen->text =~ m{mark good.*?href="([^"]*/history/unknown\?at=\d+)"}s;
    like($c->get($good)->text, qr{ほかの人がログインしているおそれ}, 'of a login it warns');
    for my $at ('?at=1', '?at=x', '?at=99999999999999999999', '?at=-1', '') {
        my $r = $c->get("/anshin/history/unknown$at");
        is($r->status, 200, "an entry that is not there$at");
        like($r->text, qr{href="/anshin/sessions"}, 'hides no way');
        unlike($r->text, qr{<dl}, 'and names none');
    }
    my $stranger = $s->client->get($bad);
    is($stranger->status, 303, 'a stranger logs in first');
    my $other = Anshin::Person->add($s, 'p-01-usr019');
    $other->register;
    my $d = $s->client;
    $other->login($d);
    unlike($d->get($bad)->text, qr{<dl}, "somebody else's entry is not shown");
    return;
}

{
    my $page = $c->get('/anshin/account');
    is($page->status, 200, 'the account page');
    like($page->text, qr/p-01-usr001/, 'names the user (ACC-1)');
    like($page->text, qr/\Q$p->{address}\E/, 'lists the terminal (ACC-2)');
    unlike($page->text, qr/<wbr>/, 'U17: what has room everywhere is left as it is');
    like($page->text, qr{href="/anshin/$_"}, "the menu leads to $_ (ACC-1)") for qw(password question history method sessions);
    unlike($page->text, qr{terminal/delete\?n=1}, 'the first terminal has no delete button (ACC-2)');
    for my $path (qw(account password question history sessions terminal/add method)) {
        my $r = $s->client->get("/anshin/$path");
        is($r->status, 303, "$path without a session leads to the login");
        like($r->header('Location'), qr{^/anshin/login\?return=}, 'and back');
    }
}

{
    my $page = $c->get('/anshin/password');
    my $r = $c->submit($page, { current => 'wrong', password => 'x', password_confirm => 'y' });
    is($r->status, 422, 'a wrong current password and a bad new one');
    like($_->text, qr{<a class="button plain" href="/anshin/account">中止する</a>}, 'the form has a way out (ACC-3)') for $page, $r;
    like($r->text, qr/id="error-summary"|role="alert"/, 'complaints stand in a summary');
    unlike($r->text, qr/value="wrong"/, 'no password is shown again (S3)');
    my $other = $s->client;
    $p->login($other);
    is($other->get('/anshin/account')->status, 200, 'a second browser is logged in');
    $r = $c->submit($c->get('/anshin/password'), { current => $p->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' });
    is($r->status, 303, 'a good one is taken (ACC-3)');
    is($c->follow($r)->status, 200, 'and the result shown, still logged in');
    is($other->get('/anshin/account')->status, 303, 'the second browser is logged out (S16)');
    $r = $c->submit($c->get('/anshin/password'), { current => 'Kawa-to-mori-8', password => $p->{password}, password_confirm => $p->{password} });
    is($r->status, 422, 'the password before is refused (PWD-2)');
    $p->{password} = 'Kawa-to-mori-8';
    ok($p->wait_text(qr/(パスワード)/), 'a notice was mailed (MAI-3, S13)');
    $r = $c->post('/anshin/password', { current => $p->{password}, password => 'Yet-Another-9', password_confirm => 'Yet-Another-9' });
    is($r->status, 403, 'a form without our CSRF token is refused (S10)');
    my ($main) = $r->text =~ /(<main.*<\/main>)/s;
    like($main, qr{href="/anshin/password">画面をもう一度開く<}, 'U39: the page of the form is offered again');
    unlike($main, qr{/anshin/login}, 'U39: and no login');
    my $lost = $c->get('/anshin/nothing');
    is($lost->status, 404, 'a page that is not there');
    like($lost->text, qr{<nav class="menu menu-side".*href="/anshin/account".*href="/anshin/">トップへ戻る}s, 'U36: has the menu for who is logged in, and leads to the first page');
    my $nobody = $s->client->get('/anshin/nothing')->text;
    like($nobody, qr{href="/anshin/login">ログインへ進む}, 'U36: for others the login');
    unlike($nobody, qr{<nav class="menu}, 'U36: and no menu');
    like($page->text, qr{<h1>パスワード変更</h1>\s*<nav class="menu menu-fold" [^>]*>\s*<details>}, "U36: a phone's menu stands under the title");
}

{
    my $page = $c->get('/anshin/question');
    my $r = $c->submit($page, { current => $p->{password}, question => 'food', answer => '　' });
    is($r->status, 422, 'an answer of nothing but space');
    like($_->text, qr{<a class="button plain" href="/anshin/account">中止する</a>}, 'the form has a way out (ACC-3)') for $page, $r;
    for my $wrong ('', 'wrong') {
        $r = $c->submit($page, { current => $wrong, question => 'food', answer => '寿司' });
        is($r->status, 422, "the password is asked for: '$wrong'");
        like($r->text, qr/value="food" selected.*name="answer" value="寿司"/s, 'and what else was typed is kept (ACC-3)');
    }
    $r = $c->submit($c->get('/anshin/question'), { current => $p->{password}, question => 'food', answer => '寿司' });
    is($r->status, 303, 'question and answer change (ACC-3)');
    is($c->follow($r)->status, 200, 'with a result page');
}

{
    my $page = $c->get('/anshin/history');
    is($page->status, 200, 'the history');
    like($page->text, qr{<th scope="rowgroup"[^>]*>(?:今日|昨日) \d{4}年\d\d?月\d\d?日 \(UTC[+-]\d\d:\d\d\)<},
        'U15: the head of a day is told as the language does; B27: and says its zone (ACC-4)');
    like($page->text, qr{>\d\d:\d\d:\d\d</time>}, 'below it each time has its seconds (ACC-4)');
    like($page->text, qr/127\.0\.0\.1/, 'shows addresses (ACC-4)');
    like($page->text, qr/<time[^>]* datetime="\d{4}-\d\d-\d\dT/, 'and times (ACC-4)');
    my %marks = reverse $page->text =~ /<span class="(mark[^"]*)">([^<]+)</g;
    is($marks{'ログイン成功'}, 'mark good', 'U03: a login has the mark of success');
    is($marks{'利用登録の完了'}, 'mark', 'U03: what is no login has none');
    is($marks{'ログイン失敗（パスワードの誤り）'}, 'mark bad', 'U03: and a failed attempt that of failure');
    history_acts($page);
    is($c->get("/anshin/history?page=$_")->status, 200, "page=$_ is answered") for (0, 99, 'x', '-1', '9999999999999');
    $s->client->post('/anshin/login', {}) for 1 .. 3;
    my $mine = $s->client;
    $p->login($mine), delete $mine->{cookies}{'__Host-anshin-p-01'} for 1 .. 22;
    $c = $s->client; # of so many sessions the oldest gave way
    $p->login($c);
    $page = $c->get('/anshin/history?page=2');
    like($page->text, qr/href="[^"]*page=1"/, 'longer histories have pages (ACC-4)');
}

{
    my $second = $s->client;
    $p->login($second);
    my $page = $c->get('/anshin/sessions');
    is($page->status, 200, 'where one is logged in (ACC-8)');
    my @keys = $page->text =~ /name="key" value="([0-9a-f]{64})"/g;
    cmp_ok(scalar @keys, '>=', 1, 'other sessions can be ended (S17)');
    my $r = $c->submit($page, { key => 'f' x 64 });
    is($r->status, 303, 'a session that is not there ends without fuss');
    my ($theirs_at) = $page->text =~ /name="key" value="$keys[0]">.*?<span class="hidden-text"> \((.+?)\)<\/span>/s;
    my $ended = $c->follow($c->submit($page, { key => $keys[0] }));
    like($ended->text, qr/role="status">.*<time datetime="[^"]+Z">\Q$theirs_at\E<\/time>にログインした端末をログアウトさせました。/s, 'U29: it is told which one was ended');
    my ($csrf) = $page->text =~ /name="csrf" value="([^"]+)"/;
    is($c->post('/anshin/sessions', { csrf => $csrf, all => 1 })->status, 303, 'all others end');
    my $gone = $second->get('/anshin/account');
    is($gone->status, 303, 'at once (S17, LOG-9)');
    like($second->follow($gone)->text, qr/ほかの端末やブラウザでの操作.*ログインを終了しました/, 'U28: and is told that it was ended, not that its time was over');
    my $leaving = $s->client;
    $p->login($leaving);
    my $own = $leaving->get('/anshin/sessions');
    my ($token_of_own) = $own->text =~ /name="csrf" value="([^"]+)"/;
    my $digest = Digest::SHA::sha256_hex($leaving->{cookies}{'__Host-anshin-p-01'});
    is($leaving->post('/anshin/sessions', { csrf => $token_of_own, key => $digest })->place, '/anshin/login', 'whoever ends the session of the page itself');
    unlike($leaving->follow($leaving->get('/anshin/account'))->text, qr/ログインを終了しました/, 'U28: knows it, and is told nothing');
    is($c->get('/anshin/account')->status, 200, 'but this one');

    my $stranger = Anshin::Person->add($s, 'p-01-usr009');
    $stranger->register;
    my $theirs = $s->client;
    $stranger->login($theirs);
    my ($key) = $c->get('/anshin/sessions')->text =~ /name="key" value="([0-9a-f]{64})"/;
    my ($token) = $theirs->get('/anshin/sessions')->text =~ /name="csrf" value="([^"]+)"/;
    $theirs->post('/anshin/sessions', { csrf => $token, key => $key }) if $key;
    is($c->get('/anshin/account')->status, 200, "nobody ends another user's session (S29)");
}

{
    my $form = $c->get('/anshin/terminal/add');
    is($form->status, 200, 'a terminal can be added (ACC-5)');
    my $r = $c->submit($form, { address => 'not-an-address', address_confirm => 'x', kind => 'pc' });
    is($r->place =~ s/=.*/=/r, '/anshin/terminal/add?typed=', 'not with a bad address, which leads to the page again (FLO-2)');
    my $shown = $c->follow($r);
    is($shown->status, 200, 'it can be reloaded');
    like($shown->text, qr/name="address" value="not-an-address".*id="address-error".*name="address_confirm" value="x"/s, 'names the field and keeps what was typed');
    my ($english) = $shown->text =~ /href="([^"]*lang=en[^"]*)"/;
    my $switched = $c->follow($c->get($english =~ s/&amp;/&/gr));
    like($switched->text, qr/lang="en".*value="not-an-address".*id="address-error".*Enter /s, 'in the other language as well');
    $c->get($shown->{path} =~ s/\?/?lang=ja&/r);
    like($shown->text, qr/href="#address">メールアドレスは、name\@example\.jp/, 'U16: the box above names the field once');
    unlike($c->get("/anshin/terminal/change?n=1&typed=$1")->text, qr/not-an-address/, 'on no other page') if $shown->{path} =~ /typed=([\w-]+)/;
    $r = $c->submit($c->get('/anshin/terminal/add'), { address => 'b@example.jp', address_confirm => 'c@example.jp', kind => 'pc' });
    like($c->follow($r)->text, qr/id="address_confirm-error"/, 'nor with two different ones');
    $r = $c->submit($c->get('/anshin/terminal/add'), { address => "b\@example.jp\r\nBcc: x\@y.jp", address_confirm => 'b@example.jp', kind => 'pc' });
    like($c->follow($r)->text, qr/id="address-error"/, 'nor with a line end in it (S27)');
    like($c->follow($c->submit($c->get('/anshin/terminal/change?n=1'), { address => 'x' }))->text, qr/terminal\/change\?n=1".*value="x"/s,
        'a change says so on the page of its own terminal');
    is($c->get('/anshin/terminal/confirm')->status, 410, 'the confirmation cannot be reached first (S29)');
    $r = $c->submit($c->get('/anshin/terminal/add'), { address => 'b@example.jp', address_confirm => 'b@example.jp', kind => 'smartphone' });
    is($r->status, 303, 'a good one leads to the confirmation');
    my $confirm = $c->follow($r);
    like($confirm->text, qr/b\@example\.jp/, 'which shows it (ACC-5)');
    unlike($c->get('/anshin/account')->text, qr/b\@example\.jp/, 'nothing is added before it is confirmed');
    my $stranger = $s->client;
    my $q = Anshin::Person->add($s, 'p-01-usr010');
    $q->register;
    $q->login($stranger);
    my ($begun) = flows($c);
    $stranger->{cookies}{ $begun->[0] } = $begun->[1];
    is($stranger->get('/anshin/terminal/confirm')->status, 410, "another browser's flow is none (S29)");
    $stranger->{cookies}{'__Host-anshin-browser'} = $c->{cookies}{'__Host-anshin-browser'};
    is($stranger->get('/anshin/terminal/confirm')->status, 410, "nor another user's in the same browser (S29)");
    $r = $c->submit($confirm, {});
    is($r->status, 303, 'confirmed');
    my $done = $c->follow($r);
    is($done->status, 200, 'the result');
    like($done->text, qr/端末を追加しました.*<dd>p-01-usr001<.*"terminal-number">2<.*スマートフォン.*<dd>b\@example\.jp<.*<time datetime="20/s, 'U29, U37: tells what was added, for whom and when');
    like($done->text, qr{/anshin/account" aria-current="page"}, 'U36: the menu says where one is');
    like($c->get('/anshin/account')->text, qr/b\@example\.jp/, 'the terminal is there (ACC-2)');
    is($c->submit($confirm, {})->place, '/anshin/terminal/done', 'the confirmation works once, and leads on (S29, FLO-2)');

    $r = $c->submit($c->get('/anshin/terminal/change?n=2'), { address => 'd@example.jp', address_confirm => 'd@example.jp', kind => 'pc' });
    $r = $c->submit($c->follow($r), {});
    is($r->status, 303, 'an address changes (ACC-5)');
    like($c->follow($r)->text, qr/端末を変更しました.*"terminal-number">2<.*パソコン.*<dd>d\@example\.jp</s, 'U29: the result tells of which terminal');
    ok($p->wait_text(qr/(d\@example\.jp)/, 'b@example.jp'), 'the old address is told (S13)');
    ok($p->wait_text(qr/(d\@example\.jp)/, 'd@example.jp'), 'the new one as well');
    is($c->get('/anshin/terminal/change?n=9')->status, 404, 'no terminal 9');
    is($c->get('/anshin/terminal/change')->status, 404, 'nor none');

    my $asked = $c->follow($c->get('/anshin/terminal/delete?n=2'));
    my @ways_out = ($asked->text =~ /(<main.*<\/main>)/s)[0] =~ /<a class="button[^"]*" href="([^"]*)"/g;
    is("@ways_out", '/anshin/account', 'U30: one button leads away from a deletion, not two to the same page');
    $r = $c->submit($asked, {});
    is($r->status, 303, 'a terminal is deleted (ACC-5)');
    like($c->follow($r)->text, qr/端末を削除しました.*"terminal-number">2<.*パソコン.*<dd>d\@example\.jp</s, 'U29: and told when it is gone');
    unlike($c->get('/anshin/account')->text, qr/d\@example\.jp/, 'and gone');
    $r = $c->follow($c->get('/anshin/terminal/delete?n=1'));
    $c->submit($r, {}) if $r->status == 200;
    like($c->get('/anshin/account')->text, qr/\Q$p->{address}\E/, 'the first one stays whatever is sent (ACC-2)');
}

# As many terminals as there may be.
{
    my $q = Anshin::Person->add($s, 'p-01-usr011');
    $q->register;
    my $d = $s->client;
    $q->login($d);
    unlike($d->get('/anshin/terminal/add')->text, qr/登録できる端末は3台まで/, 'with one terminal there is room');
    for my $n (2, 3) {
        my $r = $d->submit($d->get('/anshin/terminal/add'), { address => "n$n\@example.jp", address_confirm => "n$n\@example.jp", kind => 'pc' });
        $d->follow($d->submit($d->follow($r), {}));
    }
    my $account = $d->get('/anshin/account')->text;
    like($account, qr/登録できる端末は3台まで/, 'U39: with as many as there may be the page says why none can be added');
    unlike($account, qr{href="/anshin/terminal/add"}, 'and has no button for it');
    like($d->get('/anshin/terminal/add')->text, qr/登録できる端末は3台まで.*<form/s, 'U39: so does the form, before anything is typed');
}

# Users who type a stranger's address mail it so often in a day.
{
    my $q = Anshin::Person->add($s, 'p-01-usr002');
    $q->register;
    my $d = $s->client;
    $q->login($d);
    my $add = sub {
        my ($who) = @_;
        my $r = $who->submit($who->get('/anshin/terminal/add'), { address => 'v@example.org', address_confirm => 'v@example.org', kind => 'pc' });
        return $who->shown($r) if $r->place !~ m{/terminal/confirm};
        $who->follow($who->submit($who->follow($r), {}));
        my ($number) = $who->get('/anshin/account')->text =~ /terminal\/delete\?n=(\d+)/;
        return $who->submit($who->follow($who->get("/anshin/terminal/delete?n=$number")), {});
    };
    is(scalar(grep { $add->($c)->status == 303 } 1 .. 8), 8, 'a terminal is added and deleted eight times');
    is(scalar(grep { $add->($d)->status == 303 } 1 .. 3), 3, 'by another user with the same address three times');
    like($add->($d)->text, qr/本日これ以上メールを送れません/, 'S40: then the address is mailed to no more today, and the page says so');
}

# A long address may end a line behind its signs, and nowhere else (U17).
{
    my $q = Anshin::Person->add($s, 'p-01-usr077', address => 'kaiin.tantou.madoguchi@jimukyoku.example.jp');
    my $d = $s->client;
    $q->register;
    $q->login($d);
    my $parts = 'kaiin.<wbr>tantou.<wbr>madoguchi@<wbr>jimukyoku.<wbr>example.<wbr>jp';
    like($d->get('/anshin/account')->text, qr{<td class="address"[^>]*>\Q$parts\E</td>}, 'U17: in the list of terminals');
    my $confirm = $d->follow($d->submit($d->get('/anshin/terminal/change?n=1'), { address => 'b@example.jp', address_confirm => 'b@example.jp', kind => 'pc' }));
    like($confirm->text, qr{<td [^>]*>\Q$parts\E</td>\s*<td [^>]*><b>b\@example\.jp</b>}, 'U17: and where it is changed; a short one is left as it is');
}

# Labels (LST-1): typed, shown beside the number wherever that is, and safe there.
{
    my $q = Anshin::Person->add($s, 'p-01-usr003', address => 'label@example.jp');
    my $d = $s->client;
    $q->register;
    $q->login($d);
    my %same   = (address => 'label@example.jp', address_confirm => 'label@example.jp', kind => 'pc');
    my $change = sub { my ($label) = @_; return $d->submit($d->get('/anshin/terminal/change?n=1'), { %same, label => $label }) };
    my $taken  = sub { my ($label) = @_; my $r = $change->($label); $d->follow($d->submit($d->follow($r), {})); return $r };
    for (['33 characters', '薬' x 33, '端末名が長すぎます'], ['an escape sequence', "a\x1b[31m", '使えない文字'], ['DEL', "a\x7f", '使えない文字']) {
        my ($what, $label, $text) = @$_;
        my $r = $d->shown($change->($label));
        like($r->text, qr/id="label-error">\s*<li>[^<]*$text/, "LST-1: $what: field and rule");
        like($r->text, qr/href="#label">端末名/, 'LST-1: and the summary leads to the field');
    }
    like($d->shown($change->('<i>' x 11))->text, qr/name="label" value="&lt;i&gt;/, 'LST-1: what was typed is kept, escaped');
    my $r = $change->("<script>alert(1)</script>\"'");
    my $page = $d->follow($r);
    like($page->text, qr/&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;/, 'LST-1: the confirmation shows markup as text');
    unlike($page->text, qr/<script>alert/, 'LST-1: and takes none');
    $d->follow($d->submit($page, {}));
    like($d->get("/anshin/$_")->text, qr/&lt;script&gt;alert/, "LST-1: $_ shows it") for qw(account history terminal/change?n=1);
    $r = $d->follow($d->get('/anshin/terminal/delete?n=1'));
    like($r->text, qr/&lt;script&gt;alert/, 'LST-1: so does the page before a deletion');
    unlike($d->get("/anshin/$_")->text, qr/<script>alert/, "LST-1: as text ($_)") for qw(account history sessions terminal/change?n=1);
    $taken->("ﾊﾟｿｺﾝ\x{202e}　１💊\r\nBcc: evil\@example.org");
    like($d->get('/anshin/account')->text, qr/<bdi class="terminal-label">パソコン 1💊  Bcc: evil\@example\.org<\/bdi>/,
        'ADR-2, LST-1: half-width kana, an emoji, a character that turns the writing round, line ends');
    $taken->('機' x 32);
    like($d->get('/anshin/account')->text, qr/<bdi class="terminal-label">機{32}</, 'LST-1: 32 characters are taken');
    ok($q->wait_text(qr/^(端末番号: 1 \(機{32}\))/m), 'LST-1: the change is mailed with number and label');
    unlike(join('', map { /\A(.*?)\r?\n\r?\n/s } $s->mail), qr/^Bcc/m, 'S27, LST-1: a label begins no header');
    my $told = $s->htanshin('user', 'show', 'p-01-usr003');
    like(Encode::decode('UTF-8', $told->{out}), qr/機{32}/, 'LST-1: user show has it');
}

# Somebody else seems to use the account: its user locks it, and the operator alone unlocks it (ACC-4).
{
    my $q = Anshin::Person->add($s, 'p-01-usr004', address => 'lock@example.jp');
    my ($d, $other) = ($s->client, $s->client);
    $q->register;
    $q->login($_) for $other, $d;
    my $show = sub { return Encode::decode('UTF-8', $s->htanshin('user', 'show', $q->{user})->{out}) };
    my $results = sub { return join ' ', $s->htanshin('history', $q->{user})->{out} =~ /\b(self_locked|locked|login_ok)\b/g };
    my $unknown = $d->get('/anshin/history/unknown');
    like($unknown->text, qr{href="/anshin/history/lock">アカウントをロックする<}, 'ACC-4: the page about an entry that is not known leads to the lock');
    my $page = $d->follow($d->get('/anshin/history/lock'));
    is($page->status, 200, 'a page says what it does');
    like($page->text, qr/すべての端末とブラウザからログアウト.*お問い合わせ先が解除するまで、だれもログインできません.*失効しません.*メールアドレスに、ロックしたことをお知らせ/s, 'all of it');
    like($show->(), qr/^state:\s*active$/m, 'S10: and has done nothing yet');
    is($d->post('/anshin/history/lock', { csrf => $page->field('csrf') })->status, 405, 'nor does its address take a form');
    my $r = $d->submit($page, {});
    is($r->place, '/anshin/history/lock/done', 'ACC-4: the account is locked');
    my $done = $d->follow($r);
    is($done->status, 200, 'its page needs no login');
    my ($number) = $done->text =~ /<span class="mono">(AN-[0-9A-Z]{8})</;
    like($done->text, qr{<h1>アカウントをロックしました.*p-01-usr004.*<time }s, 'it tells whose, and when');
    ok($number, 'U18: with a number to quote');
    unlike($done->text, qr{class="user"|menu-side}, 'and nobody is logged in');
    is($_->get('/anshin/account')->status, 303, 'S16: every session is over') for $d, $other;
    like($d->get($done->{path})->text, qr/>\Q$number\E</, 'FLO-2: reloaded it shows the same');
    is($q->login($s->client)->status, 403, 'LCK-2: the right password does not let in');
    my ($shown) = $q->login($s->client)->text =~ /(AN-[0-9A-Z]{8})</;
    is($shown, $number, 'U18: the page that says so has the same number');
    like($s->htanshin('find', $number)->{out}, qr/^about: +self\n(?:.*\n)*user: +p-01-usr004\n/m, 'U18: by which the help desk finds what it is about');
    like($show->(), qr/^state: +locked\n(?:.*\n)*locked by: +user\n/m, 'ADM-1: the operator sees by whom');
    like($results->(), qr/self_locked/, 'ACC-4: and the history has it');
    ok($q->wait_text(qr/(ご自身の操作により)/), 'S13: it is mailed, so that nobody is locked out in silence');
    is($s->htanshin('user', 'lock', $q->{user})->{status}, 0, 'locked by the operator as well');
    like($show->(), qr/^locked by:\s*operator$/m, 'that counts');
    is($s->htanshin('user', 'unlock', $q->{user})->{status}, 0, 'the operator unlocks');
    is($q->login($d)->status, 303, 'LCK-2: and the user logs in again');
    unlike($show->(), qr/^locked by:/m, 'of which nothing is left');
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
