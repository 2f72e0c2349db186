# A contract with templates, texts, mail and colours of its own (t/brand), beside one without: what it brings is used, all else
# stays as installed.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(encode);
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => encode('UTF-8', <<'END'), sites => { plain => encode('UTF-8', qq(AnshinLoginMethods otp\nAnshinTitle "かしわ会員サイト"\nAnshinSupport "窓口 03-0000-0000")) });
AnshinTitle "みどり会員サイト" en "Midori members' site"
AnshinSupport "窓口 03-0000-0000" en "Help desk +81-3-0000-0000"
AnshinMailSignature "みどり会" en "Midori society"
AnshinLoginMethods otp
AnshinTemplateDir "@ROOT@/brand/templates"
AnshinTextDir "@ROOT@/brand/lang"
AnshinStyleURL /style/brand.css
AnshinNotice "@ROOT@/brand/notice.json"
END
Anshin::Server::copy_tree(Anshin::Server::top() . '/t/brand', $s->root . '/brand');
Anshin::Server::copy_tree(Anshin::Server::top() . '/t/brand/style', $s->root . '/htdocs/style');
my $announced = encode('UTF-8', <<'END');
[{"until": "2099-12-31T23:59+09:00", "text": {"ja": "12月5日の夜は<停止>します。", "en": "Down on 5 Dec."}, "url": "/style/brand.css"},
 {"until": "2020-01-01 00:00", "text": {"ja": "昔のお知らせ"}}]
END
Anshin::PKI::write_text($s->root . '/brand/notice.json', $announced);
$s->start;

my $c    = $s->client;
my $page = $c->get('/anshin/login', 'Accept-Language' => 'ja');
is($page->status, 200, 'the login page of the contract');
like($page->text, qr{<h1>みどり会員ログイン</h1>}, 'has its own heading');
like($page->text, qr{<title>みどり会員ログイン \| みどり会員サイト</title>}, 'and title');
like($page->text, qr{<label for="user">会員番号</label>}, 'its own name for the user ID');
like($page->text, qr{<label for="password">パスワード</label>}, 'the installed one for the password');
like($page->text, qr{<img src="/style/brand\.svg" }, 'its own mark');
unlike($page->text, qr{static/icon\.svg" alt}, 'in place of the installed one');
like($page->text, qr{anshin\.css">\s*<link rel="stylesheet" href="/style/brand\.css">}, 'its style sheet after ours');
is($c->get('/style/brand.css')->status, 200, 'which the site serves');
like($page->header('Content-Security-Policy'), qr/style-src 'self'/, 'and the policy admits');
like($c->get('/anshin/login', 'Accept-Language' => 'en')->text, qr{<h1>Midori members</h1>}, 'in English as well');
my $english = $c->get('/anshin/login', 'Accept-Language' => 'en')->text;
like($english, qr{\| Midori members&\#39; site</title>|\| Midori members' site</title>}, 'NOM-4: the title in the language of the page');
like($english, qr{Help desk <a href="tel:\+81300000000">}, 'NOM-4: the help desk as well');
like($page->text, qr{窓口 <a href="tel:0300000000">03-0000-0000</a>}, 'and in Japanese');
is($c->get('/anshin/help')->status, 200, 'a page of which it changes nothing');

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'otp');
$p->register;
like($page->text, qr{<section class="announcements" aria-label="お知らせ">.*12月5日の夜は&lt;停止&gt;します。.*<a href="/style/brand\.css">詳しく見る</a>}s, 'NOM-3: an announcement stands on the login page, as text');
unlike($page->text, qr{昔のお知らせ}, 'NOM-3: one whose time is over does not');
like($c->get('/anshin/login', 'Accept-Language' => 'en')->text, qr{Down on 5 Dec\.}, 'NOM-3: in the language of the page');
unlike($c->get('/anshin/help', 'Accept-Language' => 'ja')->text, qr{停止}, 'and not on every page');
Anshin::PKI::write_text($s->root . '/brand/notice.json', '[{"text": ');
is($c->get('/anshin/login')->status, 200, 'NOM-3: a file that was broken meanwhile hinders nobody');
like($s->log, qr/AN1330: AnshinNotice: .*notice\.json, line 1/, 'and is told of in the log');
Anshin::PKI::write_text($s->root . '/brand/notice.json', $announced);
my $code = $c->follow($p->login($c));
is($c->submit($code, { send => 1 })->status, 303, 'a code is mailed');
ok($p->wait_text(qr/送信から(\d+)分間、一度だけ使えます。/), 'in its own words');
is((grep { /どなたにも教えない/ } $p->texts), 0, 'and not in the installed ones');

my $plain = $s->client(host => 'plain.localhost', ca => undef)->get('/anshin/login', 'Accept-Language' => 'ja');
is($plain->status, 200, 'the other contract');
like($plain->text, qr{<label for="user">ユーザ\x{2060}ID</label>}, 'the other contract keeps the installed texts');
like($plain->text, qr{static/icon\.svg" alt}, 'and mark');
unlike($plain->text, qr{brand\.css}, 'and style sheet');
like($plain->text, qr{<span>かしわ会員サイト</span>.*<span class="support">窓口 }s, "U34: in Japanese its title and help desk are in the page's language");
my $in_english = $s->client(host => 'plain.localhost', ca => undef)->get('/anshin/login', 'Accept-Language' => 'en')->text;
like($in_english, qr{<html lang="en".*<span lang="ja">かしわ会員サイト</span>.*<span class="support" lang="ja">窓口 }s, 'U34: in English the page says that they are Japanese');
unlike($english, qr{<span lang="ja">}, 'U34: a title in the language of the page says nothing');

# --- what an operator writes and cannot be rendered: found before anybody needs it, and nothing hangs on it (MAI-3) ---

my $brand = $s->root . '/brand';
my %broken = (
    'templates/mail/locked.ja.mustache'   => [ "Subject: x\n\n{{#open}}\n", qr{contract p-01: mail/locked\.ja: .*section is not closed} ],
    'templates/mail/login-code.en.mustache' => [ "no subject\n",        qr{mail/login-code\.en: .*does not begin with Subject:} ],
    'templates/mail/question-changed.ja.mustache' => [ "Subject: {{nobody}}\n\nx\n", qr{mail/question-changed\.ja: .*not one line of text} ],
    'templates/mail/locked.fr.mustache'   => [ "Subject: x\n\n{{user\n", qr{mail/locked\.fr: .*tag is not closed} ],
    'templates/history.mustache'          => [ '{{#entries}}{{> parts/own}}{{/entries}}{{/page}}', qr{history\.mustache: .*not open} ],
    'templates/parts/menu.mustache'       => [ '{{^never}}{{> parts/lost', qr{parts/menu\.mustache: .*not closed} ],
    'notice.json'                         => [ '[{"text": {"ja": ""}}]', qr{AnshinNotice: .*announcement 1: text\.ja must be} ],
    'lang/de.json'                        => [ '{"login": 1}',        qr{de\.json: text "login": must be a string} ],
);
is($s->configtest->{status}, 0, 'F0: what can be rendered passes configtest') or diag($s->configtest->{err});
for my $file (sort keys %broken) {
    my $before = Anshin::Server::text_of("$brand/$file");
    Anshin::PKI::write_text("$brand/$file", $broken{$file}[0]);
    my $r = $s->configtest;
    ok($r->{status} != 0 && $r->{err} =~ $broken{$file}[1], "F0: configtest refuses $file and says why") or diag("$r->{status} $r->{err}");
    $before ne '' ? Anshin::PKI::write_text("$brand/$file", $before) : unlink "$brand/$file";
}
my $sender = Anshin::PKI::read_text($s->root . '/httpd.conf');
Anshin::PKI::write_text($s->root . '/httpd.conf', $sender =~ s/^(AnshinTitle .*)$/$1\nAnshinMailFrom "@{[ encode('UTF-8', '安' x 72) ]} <a\@b.example>"/mr);
is($s->configtest->{status}, 0, 'F3: a sender with a name of 216 octets is taken, and can be written');
Anshin::PKI::write_text($s->root . '/httpd.conf', $sender);

# All of these at once, while it runs: the account locks all the same, and its notice goes out by the installed template.
Anshin::PKI::write_text("$brand/$_", $broken{$_}[0]) for grep { /mail/ } keys %broken;
my $check = $s->htanshin('check', '--contract', 'p-01');
is($check->{status}, 1, 'F0: htanshin check finds them');
like($check->{out}, qr{mail/locked\.ja: .*section is not closed}, 'and names each');
$page = $c->get('/anshin/login');
my @statuses = map { $c->submit($page, { user => 'p-01-usr001', password => 'wrong-password-1' })->status } 1 .. 5;
is(join(' ', @statuses), '401 401 401 401 403', 'F0, LCK-1: five wrong passwords are answered as ever');
like($s->htanshin('--contract', 'p-01', 'user', 'show', 'p-01-usr001')->{out}, qr/locked/i, 'F0, LCK-2: the account is locked, whatever became of its notice');
ok($p->wait_text(qr/(アカウントをロックしました)/), 'F0, MAI-3: the notice is that of the installed template');
ok($s->wait_log(qr/AN1103: mail [0-9a-f]{32} is made of the installed template, since that of contract p-01 fails: mail\/locked: .*AN0200/), 'and the error log says why');
$s->graceful;
ok($s->wait_log(qr{contract p-01: mail/locked\.ja: .*section is not closed}), 'F0: a restart tells of it');
is($s->client->get('/anshin/login')->status, 200, 'and httpd goes on');
ok(!eval { $s->restart; 1 }, 'F0: a start refuses it');
Anshin::PKI::write_text("$brand/$_", "Subject: x\n\ny\n") for grep { /mail/ } keys %broken;
$s->start;
$s->finish;
done_testing;
