# Reissue of password and certificate: request, mail, proof, result, and every wrong turn.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Processes;
use Anshin::Server;

my $s = Anshin::Server->new(clock => 1, contract => <<'END')->start;
AnshinLoginMethods password otp certificate
AnshinAnswerAttempts 3
END

sub ask {
    my ($c, $what, $user, $address) = @_;
    return $c->submit($c->get("/anshin/reissue/$what"), { user => $user, address => $address });
}

{
    my $p = Anshin::Person->add($s, 'p-01-usr001');
    $p->register;
    my $typing = Anshin::Person->add($s, 'p-01-usr009');
    $typing->register;
    my $c = $s->client;
    is($c->get('/anshin/reissue/password')->status, 200, 'the page needs no login (PRI-1)');
    my $good = ask($c, 'password', $p->{user}, $p->{address});
    my $bad  = ask($c, 'password', 'p-01-nobody', 'x@example.jp');
    my $odd  = ask($c, 'password', "\x{540D}\x{524D}", '<>');
    is($good->status, 303, 'a request');
    is($_->header('Location'), $good->header('Location'), 'has the same answer, whoever it is (PRI-1, S8)') for $bad, $odd;
    my $empty = ask($c, 'password', 'p-01-<usr>', '');
    is($empty->place =~ s/=.*/=/r, '/anshin/reissue/password?typed=', 'an empty field leads to the page again (FLO-2)');
    for my $shown ($c->follow($empty), $c->follow($empty)) {
        is($shown->status, 200, 'which can be reloaded');
        like($shown->text, qr/id="address-error"/, 'names the field');
        like($shown->text, qr/name="user" value="p-01-&lt;usr&gt;"/, 'and keeps what was typed');
    }
    unlike($c->clone(cookies => {})->follow($empty)->text, qr/address-error|&lt;usr&gt;/, 'in this browser alone');
    my $path = $p->reissue_path('password');
    is(ask($c, 'password', "\x{feff}p\x{2010}01\x{2212}usr009\t", "\x{3000}" . $typing->{address} =~ tr/!-~/\x{ff01}-\x{ff5e}/r)->status, 303, 'ID and address as phones and PDF give them');
    ok($typing->reissue_path('password'), 'ADR-2: the mail comes');
    is($s->client->get($path)->status, 303, 'a mail scanner opens the link (REG-5)');
    is($s->client->head($path)->status, 303, 'twice');
    my $page = $c->follow($c->get($path));
    is($page->status, 200, 'and it still works');
    unlike($page->text, qr/\Q$p->{user}\E/, 'telling nobody whose it is');
    my $r = $c->submit($page, { question => 'pet', answer => 'wrong' });
    is($r->status, 422, 'a wrong answer (PRI-2)');
    $r = $c->submit($c->get('/anshin/reissue/password/prove'), { question => 'pet', answer => 'ﾄｳｷｮｳ' });
    is($r->status, 303, 'the right one, typed half-width (PRI-2, PWD-4)');
    my $done = $c->follow($r);
    my ($password) = $done->text =~ /id="secret"[^>]*>([^<]+)</;
    ok($password, 'the new password is shown (PRI-3)') or diag $done->text;
    like($done->text, qr/<dd>\Q$p->{user}\E<.*<time datetime="20/s, 'U29, U37: with whose it is, and when');
    unlike($done->text, qr/"terminal-number"|\@example\.jp</, 'U29: a password is of no device');
    like($c->get($done->{path})->text, qr/id="secret"[^>]*>\Q$password\E</, 'and again at a reload (SEC-1, U02)');
    my $copied = $c->clone;
    is($c->submit($done, {})->status, 303, 'until the person says that it was seen');
    for my $browser ($c, $copied) {
        my $after = $browser->get($done->{path});
        is($after->status, 200, 'afterwards the page is there');
        unlike($after->text, qr/\Q$password\E/, 'without the password, with a copied cookie as well (SEC-1)');
    }
    is($c->get($path)->status, 303, 'the used link');
    my $used = $c->follow($c->get($path));
    is($used->status, 410, 'leads to a page that says so (S9)');
    like($used->text, qr{<h1>この手続きは完了しています.*href="/anshin/reissue/password"}s, 'U12: by its own title, with the way to a new one');
    is($p->login($s->client)->status, 401, 'the old password is none any more');
    $p->{password} = $password;
    my $login = $s->client;
    $r = $p->login($login);
    like($r->header('Location'), qr{^/anshin/login/change}, 'the new one must be changed first (PRI-3, LOG-6)');
    my $change = $login->follow($r);
    like($change->text, qr/再発行されたパスワードは一度だけ/, 'and why (LOG-6)');
    like($change->text, qr/現在のパスワードと同じものは使えません/, 'and what is refused');
    isnt($login->get('/members/')->status, 200, 'the site is not open yet');
    $r = $login->submit($change, { password => $password, password_confirm => $password });
    is($r->status, 422, 'not to the same');
    $r = $login->submit($login->get('/anshin/login/change'), { password => 'Sora-to-kumo-5', password_confirm => 'Sora-to-kumo-5' });
    is($r->status, 303, 'to another');
    is($login->get('/members/')->status, 200, 'then it is (LOG-6)');
    is($login->get('/anshin/login/change')->place, '/anshin/login', 'the step is over and leads on (S29, FLO-2)');
    ok($p->wait_text(qr/(再発行)/), 'a notice was mailed (MAI-3)');
}

# A download's mail that was lost is sent again to whoever asks; the answer is the same for all (HLP-17, S8).
{
    my $p = Anshin::Person->add($s, 'p-01-usr021', method => 'certificate');
    my $done = $p->register;
    like($done->text, qr{<ol class="course".*href="/anshin/resend"}s, 'HLP-26: from the registration on the pages say how far the certificate has come, and how to have its mail again');
    my $first = $p->download_path;
    my $resend = sub { my ($user, $address) = @_; my $c = $s->client; return ($c, $c->submit($c->get('/anshin/resend'), { user => $user, address => $address })) };
    my ($c, $good) = $resend->($p->{user}, $p->{address});
    is($good->place, '/anshin/resend/sent', 'HLP-17: a request');
    is(($resend->(@$_))[1]->header('Location'), $good->header('Location'), "S8: the same answer to $_->[0]") for [ 'p-01-nobody', 'x@example.jp' ], [ $p->{user}, 'x@example.jp' ], [ '<>', '<>' ];
    like($c->follow($good)->text, qr/5分間は新しいメールをお送りしません/, 'HLP-17: which tells of the pause');
    my $after = $s->later(300);
    $resend->($p->{user}, $p->{address});
    ok(Anshin::Server::wait_for(60, sub { return $p->download_path ne $first }), 'HLP-17: after it a mail with a new link comes');
    my $opened = $s->client;
    my $old = $opened->follow($opened->get($first));
    is($old->status, 410, 'HLP-18: the former link is dead');
    like($old->text, qr{より新しいURL.*href="/anshin/resend"}s, 'and says why, with the way on');
    is($p->login($s->client(cert => $p->fetch))->status, 303, 'HLP-17: the new one leads to the certificate, by the same download password');
    like($s->client->get('/anshin/login')->text, qr{href="/anshin/resend"}, 'the login page leads there');
    $s->later(0);
}

# Who has forgotten the user ID gets it by mail (HLP-23); the answer is the same for all (S8).
{
    my $p = Anshin::Person->add($s, 'p-01-usr022', address => 'both@example.jp');
    my $q = Anshin::Person->add($s, 'p-01-usr023', address => 'Both@example.jp');
    my $c = $s->client;
    my $login = $c->get('/anshin/login');
    like($login->text, qr{href="/anshin/user-id"}, 'HLP-23: the login page leads to the page for who has forgotten the ID');
    my $page = $c->get('/anshin/user-id');
    unlike($page->text, qr/name="user"/, 'which does not ask for it');
    my $empty = $c->submit($page, { address => '' });
    like($c->follow($empty)->text, qr/id="address-error"/, 'an empty address is complained of, beside the field (FLO-2)');
    my $good = $c->submit($page, { address => " \x{ff22}OTH\@example.jp" });
    is($good->place, '/anshin/user-id/sent', 'HLP-23, ADR-2: an address as people type it');
    my $sent = $c->follow($good);
    for my $typed ('nobody@example.jp', '<>', 'x' x 300) {
        my $other = $c->submit($page, { address => $typed });
        is($other->header('Location'), $good->header('Location'), 'S8: the same answer to ' . substr $typed, 0, 20);
        is($c->follow($other)->alike, $sent->alike, 'S8: and the same page');
    }
    my $text = $p->wait_text(qr/(?s)(■ ユーザID.*)/);
    like($text, qr/^p-01-usr022\r?\n/m, 'HLP-23: the mail names the ID');
    like($text, qr/^p-01-usr023\r?\n/m, 'and that of the other user of the address');
    like($sent->text, qr/5分間は新しいメールをお送りしません/, 'HLP-23: the page tells of the pause');
    unlike($s->access_log . $s->log, qr/both\@example/i, 'S9: no address is in a log');
}

{
    my $p = Anshin::Person->add($s, 'p-01-usr002');
    $p->register;
    my $c = $s->client;
    ask($c, 'password', $p->{user}, $p->{address});
    my $path = $p->reissue_path('password');
    my $page = $c->follow($c->get($path));
    my $r;
    $r = $c->submit($c->get('/anshin/reissue/password/prove'), { question => 'pet', answer => 'guess' }) for 1 .. 3;
    is($r->status, 403, 'too many wrong answers lock (PRI-2, LCK-1)');
    $r = $c->submit($page, { question => 'pet', answer => $p->{answer} });
    is($r->status, 403, 'the right one does not open it (LCK-2)');
    for my $browser ($c, $s->client) {
        my $opened = $browser->follow($browser->get($path));
        is($opened->status, 403, 'U18: whoever opens the link now is told so before anything is typed');
        like($opened->text, qr/<h1>アカウントがロックされました/, 'U18: by the same page');
    }
    is($s->htanshin('--contract', 'p-01', 'user', 'unlock', $p->{user})->{status}, 0, 'the operator does');
    $r = $c->submit($c->follow($c->get($path)), { question => 'pet', answer => $p->{answer} });
    is($r->status, 303, 'then it works');
}

{
    my $p = Anshin::Person->add($s, 'p-01-usr003', method => 'certificate');
    $p->register;
    my $pem = $p->fetch;
    my $with = $s->client(cert => $pem);
    is($p->login($with)->status, 303, 'a certificate user logs in');
    my $c = $s->client;
    is(ask($c, 'certificate', $p->{user}, $p->{address})->status, 303, 'and asks for a new certificate, without one (CRI-1)');
    my $path = $p->reissue_path('certificate');
    my $token = ($path =~ /t=(.*)/)[0];
    my $elsewhere = $s->client;
    is($elsewhere->follow($elsewhere->get("/anshin/reissue/password/prove?t=$token"))->status, 410, 'its link gives no password (S11, S29)');
    my $proof = $c->follow($c->get($path));
    like($proof->text, qr/パスワードの再発行は .* までお待ちいただきます/, 'GAP-1: it is told before that the password will have to wait');
    my $r = $c->submit($proof, { question => 'pet', answer => $p->{answer} });
    is($r->status, 303, 'the right answer (CRI-2)');
    my $done = $c->follow($r);
    my ($download) = $done->text =~ /id="secret"[^>]*>([^<]+)</;
    unlike($done->text, qr{class="button[^"]*" href="/anshin/login"}, 'U26: no button leads to a login that cannot work yet');
    ok($download, 'shows a download password (CRI-2)');
    like($done->text, qr/<dd>\Q$p->{user}\E<.*"terminal-number">1<.*<dd>\w\*\*\*\w\@example\.jp<.*<time datetime="20/s, 'U29, U37: with whose it is, of which device, and when');
    like($done->text, qr/このパスワードは、この画面でしか表示されません。/, 'U26: which no other page has');
    is($with->get('/members/')->status, 401, 'the old certificate has ended at once (CRI-2, LOG-9)');
    my $old = $p->{download_password};
    isnt($download, $old, 'a new one');
    $p->{download_password} = $download;
    my $links = sub { my %seen; $seen{$_}++ for map { /(\/download\?t=[\w-]+)/ } $p->texts; return scalar keys %seen };
    ok(Anshin::Server::wait_for(60, sub { $links->() == 2 }), 'the download mail follows (CRT-1)');
    my $new = $p->fetch;
    is($p->login($s->client(cert => $new))->status, 303, 'the new certificate logs in');
    unlike($s->access_log, qr/\Q$token\E/, 'no token of a link stands in the access log (S9)');

    # mailbox and question have just given one factor
    my $other = $s->client;
    is(ask($other, 'password', $p->{user}, $p->{address})->header('Location'), '/anshin/reissue/password/sent', 'S8: a request for the other is answered as ever');
    my $page = $other->follow($other->get($p->reissue_path('password')));
    like($page->text, qr/電子証明書を再発行したばかり.*<input[^>]*name="operator_code"/s, 'GAP-1: its page says that it waits, and asks for a code');
    my $short = $other->submit($page, { question => 'pet', answer => $p->{answer} });
    is($short->status, 422, 'S41: the right answer alone yields no second factor');
    like($short->text, qr/id="operator_code-error"/, 'the field that is missing is named');
    is($other->submit($page, { question => 'pet', answer => $p->{answer}, operator_code => 'guess' })->status, 422, 'S41: nor with a guess');
    my $given = $s->htanshin('--contract', 'p-01', '--json', 'user', 'code', $p->{user});
    my ($code) = $given->{out} =~ /"reissue_code": "(\w+)"/;
    is($other->submit($page, { question => 'pet', answer => $p->{answer}, operator_code => $code })->status, 303, "GAP-1: the operator's code opens it");
}

{
    my $backlog = sub {
        my $made = $s->run(Anshin::Server::out() . '/tools/backlog', $s->state, 'p-01', @_, { env => 1 });
        $made->{status} == 0 or die $made->{err};
        return $made->{out} + 0;
    };
    my $p = Anshin::Person->add($s, 'p-01-usr004');
    $p->register;
    my $coded = Anshin::Person->add($s, 'p-01-usr005', method => 'otp');
    $coded->register;
    my $c = $s->client;
    my $code_page = $c->follow($coded->login($c));
    my ($worker) = Anshin::Processes->new($s)->of('worker');
    kill STOP => $worker;                                   # while strangers ask
    is($backlog->(8_000, 2_000), 10_000, "strangers' requests fill their queue");
    my @mine = @$p{qw(user address)};
    my $ids = $s->client;                                   # one connection, so one child of httpd: each says it for itself
    is($ids->submit($ids->get('/anshin/user-id'), { address => $p->{address} })->status, 503, 'so is one for the user ID (S32)');
    for my $ask ([ 'password', @mine ], [ 'password', 'p-01-nobody', 'x@example.jp' ], [ 'certificate', @mine ]) {
        my $r = ask($ids, @$ask);
        is($r->status, 503, "one more, for a $ask->[0] of $ask->[1], is refused (S32, S8)");
        like($r->header('Retry-After') // '', qr/^[1-9]\d*$/, 'which says when to come back (S32)');
    }
    my $lines = () = $s->log =~ /AN0611: .*AN0195: 10000 requests for a reissue wait already/g;
    ok($lines == 1 || $lines == 2, "S37: the log says why once a minute, not each time ($lines)");    # a minute may have gone by
    is($s->client->get('/anshin/login')->status, 200, 'other pages are there');
    is($c->submit($code_page, { send => 1 })->status, 303, 'a login code is asked for behind them all');
    kill CONT => $worker;
    my $code = $coded->wait_text(qr/\b(\d{6})\b/);
    cmp_ok($backlog->(0), '>', 8_000, "S37: and comes before strangers' requests that were there first");
    is($c->submit($c->get('/anshin/login/code'), { code => $code })->status, 303, 'it is the right one');
    $backlog->(-8_000);
    is(ask($s->client, 'password', @mine)->status, 303, 'as soon as there is room a request is taken');
    ok($p->reissue_path('password'), 'and brings a mail');
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
