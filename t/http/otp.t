# One-time passwords at login: mailed code, authenticator app; login method change between all three.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Attack qw(marks send_code totp);
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinLoginMethods password otp certificate
AnshinReauthenticate 1h
AnshinConfirmAddress on
END

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'otp');
my $registered = $p->register;
like($registered->text, qr/ログインのたびに、パスワードに続けてワンタイムパスワード.*認証アプリ/s, 'U38: the end of the registration says what the login asks for');
{
    my ($offer) = $registered->text =~ /<a class="button second" href="([^"]+)">認証アプリを登録する</;
    ok($offer, 'U38, LOG-7: and offers to enrol an app');
    my $new = Anshin::Person->add($s, 'p-01-usr007', method => 'otp');
    $new->register;
    my $b = $s->client;
    my $code = $b->follow($b->submit($b->get($offer), { user => $new->{user}, password => $new->{password} }));
    my $page = send_code($b, $code);
    my $r = $b->submit($page, { code => $new->wait_text(qr/\b(\d{6})\b/) });
    like($r->place, qr{^/anshin/account/authenticator}, 'U38: behind a full login the page to enrol it follows');
}

my $c = $s->client;

{
    my $r = $p->login($c);
    like($r->header('Location'), qr{^/anshin/login/code}, 'the right password leads to the code page (LOG-7)');
    isnt($c->get('/members/')->status, 200, 'and opens nothing yet');
    my $page = $c->follow($r);
    is($page->status, 200, 'the code page');
    unlike($page->text, qr/\Q$p->{address}\E/, 'shows the address masked only');
    $r = send_code($c, $page);
    like($r->text, qr/に6桁の数字をお送りしました.*name="code".*もう一度送信する/s, 'a code is sent');
    my ($seconds) = $r->text =~ /data-left="(\d+)".*（あと\d分）/;
    ok($seconds && $seconds <= 300, 'LOG-7: which tells how long it counts') or diag $r->text;
    unlike($page->text, qr/data-left/, 'and nothing of the kind before');
    unlike($page->text, qr/name="code"/, 'U24: before that there is nothing to type');
    like($c->follow($c->submit($page, { send => 1 }))->text, qr/先ほどお送りしました/, 'not twice within a minute, which a page says as well (FLO-2)');
    like($c->get('/anshin/login/code?flow=' . { marks($r) }->{flow})->text, qr/に6桁の数字をお送りしました/, 'U24: the page says so as long as the code counts');
    my $code = $p->wait_text(qr/\b(\d{6})\b/);
    my %marks = marks($r);
    my $post = sub { $c->post('/anshin/login/code', { %marks, @_ }) };
    $r = $post->(code => $code eq '000000' ? '111111' : '000000');
    is($r->status, 422, 'a wrong code (LOG-7)');
    like($r->text, qr/に6桁の数字をお送りしました.*name="code".*name="send"/s, 'U24: leaves the page as it was');
    is($post->(code => '')->status, 422, 'none');
    is($post->(send => 99)->status, 422, 'no terminal 99');
    my $thief = $s->client;
    is($thief->get('/anshin/login/code')->status, 410, 'the code page without the password is none (S29)');
    $r = $post->(code => $code);
    is($r->status, 303, 'the right code (LOG-7)');
    is($c->get('/members/')->status, 200, 'opens the site');
    is($c->get('/anshin/login/code')->place, '/anshin/login', 'the step is over and leads on (FLO-2)');
    is($post->(code => $code)->place, '/anshin/login', 'so does its form, sent again (FLO-2)');
}

my $secret;
{
    my $page = $c->get('/anshin/account/authenticator');
    is($page->status, 200, 'an authenticator app can be enrolled behind a full login (LOG-7)');
    like($page->text, qr/<svg[^>]*viewBox/, 'by QR code');
    ($secret) = $page->text =~ /((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})/;
    ok($secret, 'and by typing') or diag $page->text;
    ($secret = $secret // '') =~ tr/ //d;
    is($c->submit($page, { code => '000000' })->status, 422, 'a wrong code enrols nothing');
    my $used = totp($secret);
    my $r = $c->submit($c->get('/anshin/account/authenticator'), { code => $used });
    is($r->status, 303, 'the right one does');
    is($c->follow($r)->status, 200, 'and says so');
    my $again = $s->client;
    my $code = $again->follow($p->login($again));
    is($again->submit($code, { code => $used })->status, 422, 'the code just used is not taken again (S25)');
    $r = $again->submit($again->get('/anshin/login/code'), { code => totp($secret, 1) });
    is($r->status, 303, 'the next one logs in (LOG-7, S25)');
}

{
    my $form = $c->get('/anshin/method');
    is($form->status, 200, 'the method can be changed (ACC-6)');
    for my $case (['otp', '現在と同じログイン方法', 'not to the same'], ['nonsense', '一つ選んで', 'nor to none']) {
        my ($method, $said, $what) = @$case;
        my $r = $c->submit($form, { method => $method });
        is($r->place =~ s/=.*/=/r, '/anshin/method?typed=', "$what (FLO-2)");
        like($c->follow($r)->text, qr/id="method-error">\s*<li>[^<]*$said/, 'which the page then says');
    }
    my $r = $c->submit($form, { method => 'certificate' });
    my $confirm = $c->follow($r);
    is($confirm->status, 200, 'the confirmation');
    like($confirm->text, qr/\Q$p->{user}\E.*\Q$p->{address}\E/s, 'shows user and terminals (ACC-6)');
    $r = $c->submit($confirm, {});
    is($r->status, 303, 'executed');
    my $done = $c->follow($r);
    ($p->{download_password}) = $done->text =~ /([2-9b-df-hjkmnp-tv-z]{14})/;
    ok($p->{download_password}, 'the download password is shown (ACC-6)');
    is($c->get('/anshin/account')->status, 303, 'the session of the old method has ended');
    is($p->login($s->client)->status, 401, 'the password alone opens nothing');
    my $pem = $p->fetch;
    my $with = $s->client(cert => $pem);
    is($p->login($with)->status, 303, 'the certificate does');

    $r = $with->follow($with->submit($with->get('/anshin/method'), { method => 'password' }));
    is($with->submit($r, {})->status, 303, 'to ID and password alone');
    is($p->login($s->client)->status, 303, 'the password alone opens');
    isnt($with->get('/members/')->status, 200, 'the session of the certificate has ended');
    like($s->htanshin('--contract', 'p-01', 'cert', 'list', '--user', $p->{user})->{out}, qr/revoked/, 'the certificate is revoked (ACC-6, CRT-5)');
}

# A new address counts with the code that was mailed to it.
{
    my $q = Anshin::Person->add($s, 'p-01-usr003');
    $q->register;
    my $d = $s->client;
    $q->login($d);
    my $typed = sub { my ($address) = @_; return { address => $address, address_confirm => $address, kind => 'pc' } };
    my $confirm = $d->follow($d->submit($d->get('/anshin/terminal/add'), $typed->('q2@example.jp')));
    like($confirm->text, qr/確認コードを送信する/, 'ADR-1: the confirmation says that a code is sent');
    is($d->get($confirm->{path} =~ s/confirm/code/r)->place, '/anshin/terminal/confirm', 'ADR-1: its page cannot be reached before (S29)');
    my $page = $d->follow($d->submit($confirm, {}));
    like($page->text, qr/q2\@example\.jp へ確認コードをお送りしました/, 'ADR-1: it was sent');
    like($d->follow($d->submit($page, { send => 1 }))->text, qr/先ほどお送りしました/, 'ADR-1: not twice at once');
    unlike($d->get('/anshin/account')->text, qr/q2\@/, 'ADR-1: the account is as before');
    my $r = $d->submit($page, { code => '' });
    is($r->status, 422, 'ADR-1: no code');
    my $code = $q->wait_text(qr/\A([0-9]{6})\r?\n.*確認コード/s, 'q2@example.jp');
    $r = $d->submit($page, { code => sprintf '%06d', ($code + 1) % 1000000 });
    like($r->text, qr/確認コードが正しくありません/, 'ADR-1: a wrong one is complained of');

    my ($cancel) = $page->text =~ m{href="([^"]*)">中止する<};
    is($cancel, '/anshin/account', 'ADR-1: the code can be left alone (ACC-1)');
    my $left = $d->get($cancel // '/');
    is($left->status, 200, 'ADR-1: which leads to the account');
    unlike($left->text, qr/q2\@/, 'ADR-1: that is as before');

    my $second = $d->follow($d->submit($d->get('/anshin/terminal/change?n=1'), $typed->('q3@example.jp')));
    my $other = $d->follow($d->submit($second, {}));
    like($d->submit($other, { code => $code })->text, qr/確認コードが正しくありません/, 'ADR-1, FLO-1: the code of another tab is none');
    is($d->get($page->{path})->status, 200, 'and that tab goes on');
    my ($back) = $page->text =~ /href="([^"]*confirm[^"]*)"/;
    like($d->get($back)->text, qr/q2\@/, 'ADR-1: one can go back');
    $r = $d->submit($page, { code => "$code " });
    is($r->place, '/anshin/terminal/done', 'ADR-1: the right one adds the terminal');
    is($d->follow($r)->status, 200, 'and shows that');
    is($d->submit($page, { code => $code })->place, '/anshin/terminal/done', 'sent twice it is added once (FLO-2)');
    my $account = $d->get('/anshin/account')->text;
    ok($account =~ /q2\@/ && $account !~ /q3\@/, 'ADR-1: each tab did its own');
    $code = $q->wait_text(qr/\A([0-9]{6})\r?\n.*確認コード/s, 'q3@example.jp');
    is($d->submit($other, { code => $code })->place, '/anshin/terminal/done', 'ADR-1: the second address is taken');
    ok($q->wait_text(qr/(q3\@example\.jp)/, $q->{address}), 'and the old one is told (S13)');
    $r = $d->follow($d->submit($d->get('/anshin/terminal/change?n=1'), { %{ $typed->('q3@example.jp') }, kind => 'mobile' }));
    is($d->submit($r, {})->place, '/anshin/terminal/done', 'ADR-1: another kind needs no code');
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
