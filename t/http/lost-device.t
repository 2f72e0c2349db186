# A lost device (LST-2): reached without certificate and while the account is locked, it revokes, and does nothing else.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinLoginMethods certificate
AnshinAnswerAttempts 3
AnshinPasswordAttempts 2
END

sub ask {
    my ($c, $user, $address) = @_;
    return $c->submit($c->get('/anshin/lost'), { user => $user, address => $address });
}

sub link_of { my ($p) = @_; return $p->wait_text(qr{(/anshin/lost/prove\?t=[\w-]+)}) }

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$p->register;
my $pem = $p->fetch;
my $with = $s->client(cert => $pem);
is($p->login($with)->status, 303, 'somebody is logged in on a device');
my $c = $s->client;

# --- the request ---

like($c->get('/anshin/help')->text, qr{href="/anshin/lost"}, 'help leads to it');
like($c->get('/anshin/help/certificate')->text, qr{href="/anshin/lost"}, 'so does help about certificates');
is($c->get('/anshin/lost')->status, 200, 'the page needs neither certificate nor login (LST-2)');
my $sent = ask($c, $p->{user}, $p->{address});
is($sent->header('Location'), '/anshin/lost/sent', 'a request');
is(ask($s->client, @$_)->header('Location'), '/anshin/lost/sent', 'has one answer, whoever it is (S8)')
    for [ 'p-01-nobody', 'x@example.jp' ], [ $p->{user}, 'other@example.jp' ];
is(ask($c, $p->{user}, '')->place =~ s/=.*/=/r, '/anshin/lost?typed=', 'an empty field leads to the page again (FLO-2)');
is($c->follow($sent)->status, 200, 'which says what comes next');

# --- the proof, with the account locked ---

{
    local $p->{password} = 'wrong';
    $p->login($s->client(cert => $pem)) for 1 .. 2;
}
is($p->login($s->client(cert => $pem))->status, 403, 'meanwhile the account is locked (LCK-2)');
my $path = link_of($p);
my ($token) = $path =~ /t=(.*)/;
is($s->client->get("/anshin/reissue/certificate/prove?t=$token")->status, 303, 'as a link to a reissue');
my $other = $s->client;
is($other->follow($other->get("/anshin/reissue/certificate/prove?t=$token"))->status, 410, 'it leads nowhere (S29)');
is($s->client->get($path)->status, 303, 'a mail scanner opens it (REG-5)');
my $proof = $c->follow($c->get($path));
unlike($proof->text, qr/\Q$p->{user}\E|\Q$p->{address}\E/, 'it tells nobody whose it is');
is($c->get('/anshin/lost/choose')->header('Location') =~ s/\?.*//r, '/anshin/lost/prove', 'there is no way past the proof (S29)');
my $r = $c->submit($proof, { question => 'pet', answer => 'wrong' });
is($r->status, 422, 'a wrong answer');
like($r->text, qr/この手続きは使えなくなります/, 'says what more of them would close');
$r = $c->submit($c->get('/anshin/lost/prove'), { question => 'pet', answer => $p->{answer} });
is($r->place =~ s/\?.*//r, '/anshin/lost/choose', 'the right one leads on');

# --- the choice ---

my $choice = $c->follow($r);
is($choice->status, 200, 'the terminals');
like($choice->text, qr/value="1" checked/, 'the only one is chosen already');
unlike($choice->text, qr/\Q$p->{address}\E/, 'no address is told');
like($choice->text, qr{有効期限: <time datetime="20\d\d-[^"]*Z">20\d\d年}, 'U15: until when its certificate is valid is told as a time');
is($c->clone(cookies => {})->get($choice->{path})->status, 410, 'in this browser alone (S29)');
for my $none ('', '2', '1x', '99999999999999999999') {
    $r = $c->submit($choice, { device => $none });
    is($r->place =~ s/=.*/=/r, '/anshin/lost/choose?typed=', "terminal '$none' is none, which leads to the page again (FLO-2, U13)");
    like($c->follow($r)->text, qr/id="device-error"/, 'which says so, and can be reloaded') for 1, 2;
}
is($with->get('/members/')->status, 200, 'until then the device works');
my $again = $c->clone;
$r = $c->submit($choice, { device => 1 });
is($r->place =~ s/\?.*//r, '/anshin/lost/done', 'it is revoked');
is($with->get('/members/')->status, 401, 'and no longer lets in, at once (LST-2, CRT-6)');
my $done = $c->follow($r);
is($done->status, 200, 'the page says so');
like($done->text, qr{href="/anshin/reissue/certificate"}, 'and what to do next');
like($done->text, qr/<dd>\Q$p->{user}\E<.*"terminal-number">1<.*<time datetime="20/s, 'U29: and of which device');
unlike($done->text, qr/\@example\.jp</, 'but no address');
is($c->get($done->{path})->status, 200, 'a reload does nothing');
is($again->submit($choice, { device => 1 })->place =~ s/\?.*//r, '/anshin/lost/done', 'nor does sending it twice (FLO-2)');
my $late = $s->client;
is($late->follow($late->get($path))->status, 410, 'the link is used up (S9)');
ok($p->wait_text(qr/(失効させました。この電子証明書では)/), 'a notice was mailed (MAI-3)');
my $listed = $s->htanshin('cert', 'list', '--user', $p->{user});
like($listed->{out}, qr/revoked/, 'the operator sees it');
like($s->htanshin('history', $p->{user})->{out}, qr/device_lost/, 'and the history tells it');
is($s->client(cert => $pem)->get('/anshin/login')->status, 401, 'its certificate opens no login page either');
unlike($s->access_log, qr/\Q$token\E/, 'no token of a link stands in the access log (S9)');

# --- too many wrong ones ---

{
    my $q = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
    $q->register;
    my $key = $q->fetch;
    my $d = $s->client;
    ask($d, $q->{user}, $q->{address});
    my $page = $d->follow($d->get(link_of($q)));
    my $last;
    $last = $d->submit($page, { question => 'pet', answer => 'guess' }) for 1 .. 3;
    is($last->status, 403, 'too many wrong answers close this way (LCK-1)');
    like($last->text, qr/ほかの操作には影響しません/, 'and say that nothing else is');
    is($d->submit($page, { question => 'pet', answer => $q->{answer} })->status, 403, 'the right one does not open it');
    my $opened = $d->follow($d->get(link_of($q)));
    is($opened->status, 403, 'U18: whoever opens the link now is told so before anything is typed');
    like($opened->text, qr/<h1>この手続きを停止しました/, 'U18: by the same page');
    my $in = $s->client(cert => $key);
    is($q->login($in)->status, 303, 'logging in is not affected: guesses here lock nobody out');

    # --- and whoever is logged in finds it at the terminal's row ---

    my ($row) = $in->get('/anshin/account')->text =~ m{href="(/anshin/terminal/lost\?n=1)"};
    ok($row, "the terminal's row has it (LST-2)");
    my $confirm = $in->follow($in->get($row));
    like($confirm->text, qr/失効させる/, 'it is confirmed first');
    is($in->submit($confirm, {})->place =~ s/\?.*//r, '/anshin/terminal/done', 'then it is revoked');
    is($in->get('/members/')->status, 401, 'at once');
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
