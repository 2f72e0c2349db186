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

my $s = Anshin::Server->new(contract => encode('UTF-8', <<'END'), sites => { plain => 'AnshinLoginMethods otp' });
AnshinTitle "みどり会員サイト"
AnshinLoginMethods otp
AnshinTemplateDir "@ROOT@/brand/templates"
AnshinTextDir "@ROOT@/brand/lang"
AnshinStyleURL /style/brand.css
END
Anshin::Server::copy_tree(Anshin::Server::top() . '/t/brand', $s->root . '/brand');
Anshin::Server::copy_tree(Anshin::Server::top() . '/t/brand/style', $s->root . '/htdocs/style');
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
is($c->get('/anshin/help')->status, 200, 'a page of which it changes nothing');

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'otp');
$p->register;
my $code = $c->follow($p->login($c));
is($c->submit($code, { send => 1 })->status, 200, 'a code is mailed');
ok($p->wait_text(qr/送信から(\d+)分間、一度だけ使えます。/), 'in its own words');
is((grep { /どなたにも教えない/ } $p->texts), 0, 'and not in the installed ones');

my $plain = $s->client(host => 'plain.localhost', ca => undef)->get('/anshin/login', 'Accept-Language' => 'ja');
is($plain->status, 200, 'the other contract');
like($plain->text, qr{<label for="user">ユーザID</label>}, 'the other contract keeps the installed texts');
like($plain->text, qr{static/icon\.svg" alt}, 'and mark');
unlike($plain->text, qr{brand\.css}, 'and style sheet');

done_testing;
