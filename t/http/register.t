# Registration through the pages: link, code, credentials, result.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Attack qw(flows marks);
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(clock => 1, server => <<'LOG', contract => <<'END')->start;
LogFormat "%r %U %q %{Referer}i" all
CustomLog "@ROOT@/logs/all_log" all
LOG
AnshinLoginMethods password certificate
AnshinCodeAttempts 3
AnshinPasswordRequire digits upper
END

sub cookie_line {
    my ($response, $name) = @_;
    my ($line) = grep { /^\Q$name\E=/ } $response->headers('Set-Cookie');
    return $line // '';
}

my $person = Anshin::Person->add($s, 'p-01-usr001');
my ($token) = $person->{path} =~ /t=([\w-]{43})$/;
ok($token, 'the link holds a token of 256 bits (S9)');

# A site-wide SameSite=Strict: the browser keeps our cookies from what another site's link leads to, and sends them from then on (B28).
{
    my $c = $s->client;
    my $r = $c->follow($c->get($person->{path}), Cookie => '', 'Sec-Fetch-Site' => 'cross-site');
    is($r->status, 410, 'B28: behind a mailed link the cookies are missing');
    my ($again) = $r->text =~ m{href="(/anshin/register\?flow=\w+)"};
    ok($again, 'B28: the page offers itself once more instead of blaming the link') or diag $r->text;
    is($c->get($again, 'Sec-Fetch-Site' => 'same-origin')->status, 200, 'B28: and is there, with the cookies of the browser');
    unlike($s->client->get($again)->text, qr/\Q$again\E"/, 'a browser without them is told that it cannot go on');
}

# The link.
{
    my $c = $s->client;
    my $r = $c->get($person->{path});
    is($r->status, 303, 'opening the link');
    is($r->place, '/anshin/register', 'leads to a clean address (S9)');
    is($r->header('Referrer-Policy'), 'no-referrer', 'and the address with the token is told to nobody (S9)');
    my $flow = cookie_line($r, '__Host-anshin-flow.p-01.' . ($r->header('Location') =~ /flow=(\w+)/)[0]);
    like($flow, qr/; Path=\/; Secure; HttpOnly; SameSite=Lax$/, 'with the token in a cookie');
    unlike($flow, qr/\Q$token\E/, 'sealed');
    is($r->body, '', 'and no body');
    my $page = $c->follow($r);
    is($page->status, 200, 'page 1');
    unlike($page->text, qr/p-01-usr001|person\d+\@example/, 'which does not tell for whom it is');
    like($page->text, qr/autocomplete="one-time-code"/, 'and asks for the code (REG-2)');
    like($page->text, qr/aria-current="step"/, 'and shows the step');
    like($page->text, qr/data-left="\d+".*有効期限: <time.*（あと\d+(?:日|時間|分)）/, 'REG-2: and until when the link can be used');

    for (1 .. 3) {
        is($s->client->get($person->{path})->status,  303, 'a mail scanner opens the link (REG-5)');
        is($s->client->head($person->{path})->status, 303, 'or asks for its head (REG-5)');
        is($c->get('/anshin/register')->status,  200, 'and the person still sees page 1 (REG-5)');
    }
    my $encoded = $person->{path} =~ s/\?t=/?%74=/r =~ s{/register}{//%72egister}r;
    for my $otherwise ($encoded, map { $person->{path} =~ s{/register}{$_}r } '//register', '/./register') {
        is($s->client->get($otherwise)->status, 303, 'the same address written otherwise');
    }
    is($s->client->get("$person->{path}&x=1")->place, '/anshin/register', 'or with more behind it');
    unlike($s->log . $s->access_log, qr/\Q$token\E/, 'no log has ever seen the token (S9)');
    like($s->access_log, qr/GET \/anshin\/register\?t=- HTTP/, 'but the request');
    my ($place, $value) = $person->{path} =~ /^(.*)\?(t=.*)/;
    for my $mangled ("$place;$value", "$place/?$value", "$place?$value;v=1", "$place%3F$value", "$place?t%3D$token", "/anshin?$value",
        "/anshin/login?return=%2Fanshin%2Fregister%3Ft%3D$token", "/anshin/login?return=%252Fanshin%252Fregister%253Ft%253D$token")
    {
        $s->client->get($mangled);
    }
    $s->client->get($_, Referer => $s->url($person->{path})) for '/open/', '/anshin/login';
    for my $behind ('.', ')', '>', '%3E', '%E3%80%82', '%E3%80%8D', '%20') {
        is($s->client->get("$person->{path}$behind")->place, '/anshin/register', "a link with $behind behind it works (B56)");
    }
    is($s->client->get("$place?t=3D$token")->status, 303, 'nor does quoted-printable harm it (B56)');
    is($s->client->get("$place?amp;$value")->status, 303, 'nor an ampersand escaped (B56)');
    unlike($s->log . $s->access_log . Anshin::Server::text_of($s->root . '/logs/all_log'), qr/\Q$token\E/, 'S9: mangled as it may be, no log has it');
    # One address in many spellings: whether it is the portal's is answered alike for a plain one, which is compared as it stands.
    my $origin = $s->client->origin;
    my %spelt = (
        '/anshin/register' => [
            qw(//anshin/register /anshin//register /../anshin/register /./anshin/register /anshin/./register /x/../anshin/register /x/y/../../anshin/register
                /anshin/a.b/../register /%61nshin/register /%61nshin%2Fregister /%2E/anshin/register /x/%2e%2e/anshin/register //.//%61nshin/register
                /anshin/register/. /anshin/register// /anshin/register;a=b /anshin;a=b/register /anshin/register.html /anshin/.register /anshin/REGISTER
                /%2561nshin/register),
            "$origin/anshin/register", "$origin//%61nshin/./register"
        ],
        '/open/register' => [
            qw(//open/register /open/./register /anshin/../open/register /%61nshin/../open/register /open/anshin/register /open;/anshin/register
                /%6Fpen/register /.anshin/register /..anshin/register /Anshin/register /ANSHIN/register /%41nshin/register /;/anshin/register
                /anshi/n/register /anshi /), "$origin/open/register", "$origin"
        ]
    );
    my ($asker, $asked, %sent) = ($s->client, 0);
    for my $plain (sort keys %spelt) {
        for my $spelling ($plain, @{ $spelt{$plain} }) {
            my $other = sprintf 'T%042d', ++$asked;
            $asker->http1('GET', "$spelling?t=$other");
            push @{ $sent{$plain} }, [ $spelling, $other ];
        }
    }
    is($asker->http1('OPTIONS', '*')->status, 200, 'and what is no path at all is answered');
    my ($ours, $others) = @sent{qw(/anshin/register /open/register)};
    my $shows = sub { my $log = $s->access_log; return map { $_->[0] } grep { index($log, $_->[1]) >= 0 } @_ };
    Anshin::Server::wait_for(15, sub { $shows->(@$others) == @$others });
    is(join(' ', $shows->(@$ours)), '', 'S9: however an address of the portal is spelt, its token is not logged');
    is(join(' ', $shows->(@$others)), join(' ', map { $_->[0] } @$others), 'S9: and of no other address, however it is spelt, anything is hidden');
    my $broken = $s->client->raw("GET $person->{path} HTTP/1.1\r\n\r\n");
    is($broken->status, 400, 'a request that httpd itself refuses');
    unlike($s->log . $s->access_log, qr/\Q$token\E/, 'is logged without the token as well (S9)');
}

# Links that are none.
for my $bad ('', 'x', 'A' x 43, 'A' x 44, "${token}A", substr($token, 0, 42), '%00' x 43, 'é' x 20) {
    my $c = $s->client;
    my $r = $c->get("/anshin/register?t=" . Anshin::Client::escape($bad));
    $r = $c->follow($r) if $r->status == 303;
    is($r->status, 410, 'a link that is none of ours: the page that says what to do (REG-2): ' . length $bad);
}
is($s->client->get('/anshin/register')->status, 410, 'page 1 without a link');
is($s->client->get('/anshin/register/credentials')->status, 410, 'page 2 without a link (S29)');
is($s->client->get('/anshin/register/done')->status, 410, 'page 3 without a link (S29)');

# The code, and no step skipped.
{
    my $c = $s->client;
    my $page = $c->follow($c->get($person->{path}));
    is($c->get('/anshin/register/credentials')->place, '/anshin/register', 'page 2 before the code leads back (S29)');
    is($c->get('/anshin/register/done')->place, '/anshin/register', 'and so does page 3 (S29)');
    my $early = $c->post('/anshin/register/credentials', { marks($page), %{ $person->credentials } });
    is($early->place, '/anshin/register', 'credentials sent before the code are not taken (S29)');
    is($s->client->post('/anshin/register', { csrf => 'x', code => $person->{code} })->status, 403, 'nor a code without CSRF token (S10)');

    my $wrong = $c->submit($page, { code => 'wrong' });
    is($wrong->status, 422, 'a wrong code (REG-2)');
    like($wrong->text, qr/id="code-error">\s*<li>[^<]*2/, 'with the attempts left (LOG-5)');
    unlike($wrong->text, qr/value="wrong"/, 'and not what was typed');
    is($c->submit($page, { code => '' })->status, 422, 'an empty code is a complaint');
    is($c->submit($page, { code => 'x' x 200 })->status, 422, 'one too long as well (S32)');

    my $typed = uc($person->{code}) =~ s/(....)/$1- /r;
    my $right = $c->submit($page, { code => " $typed" });
    is($right->place, '/anshin/register/credentials', 'the right one, typed in capitals with spaces, leads on');
    is($c->get('/anshin/register')->place, '/anshin/register/credentials', 'page 1 now leads there as well');
    my ($kept) = flows($c);
    my $changed = $kept->[1];
    substr($changed, 40, 1) = substr($changed, 40, 1) eq 'A' ? 'B' : 'A';
    my $browser = $c->{cookies}{'__Host-anshin-browser'};
    my $other = $s->client(cookies => { '__Host-anshin-browser' => $browser, $kept->[0] => $changed });
    is($other->get('/anshin/register/credentials')->status, 410, 'a flow that was changed is none (S29)');
    is($s->client(cookies => { $kept->[0] => $kept->[1] })->get('/anshin/register/credentials')->status, 410, 'nor one without its browser (FLO-1)');

    my $form = $c->get('/anshin/register/credentials');
    is($form->status, 200, 'page 2 (REG-3)');
    like($form->text, qr/value="p-01-usr001" readonly autocomplete="username"/, 'tells password managers the user ID (S3)');
    is(() = ($form->text =~ /autocomplete="new-password"/g), 2, 'and the new password, twice (S3)');
    like($form->text, qr/8.*32/, 'with the rules in words');

    my $r = $c->submit($form, {
        password => "p-01-USR001\x{3042}", password_confirm => 'other', question => 'unknown', answer => 'トウキョウ'
    });
    is($r->status, 422, 'a password that breaks rules (REG-3)');
    my ($beside) = $r->text =~ /id="password-error">(.*?)<\/ul>/s;
    my @rules = $beside =~ /<li>/g;
    is(scalar @rules, 2, 'every rule that it breaks stands beside the field: characters, user ID (REG-3, PWD-2)');
    like($r->text, qr/id="password_confirm-error"/, 'the confirmation has its own');
    like($r->text, qr/id="question-error"/, 'the question too');
    like($r->text, qr/name="answer" value="トウキョウ"/, 'and what was typed elsewhere is kept (REG-3)');
    unlike($r->text, qr/USR001|value="other"/, 'but no password');

    $r = $c->submit($form, { password => 'short', password_confirm => 'short', question => 'pet', answer => '' });
    ($beside) = $r->text =~ /id="password-error">(.*?)<\/ul>/s;
    @rules = $beside =~ /<li>/g;
    is(scalar @rules, 3, 'too short, without digit, without capital: all at once (REG-3, PWD-1)');
    like($r->text, qr/id="answer-error"/, 'and the empty answer');
    like($r->text, qr/<option value="pet" selected>/, 'the question that was chosen is kept (REG-3)');
    $r = $c->post('/anshin/register/credentials', { marks($form) });
    is($r->status, 422, 'missing fields are complaints, not a crash (S32)');
    like($r->text, qr/id="password-error"/, 'beside their fields');

    my $second = $c->clone;
    my $done = $c->submit($form, $person->credentials);
    is($done->place, '/anshin/register/done', 'what keeps the rules is taken');
    is($second->submit($form, $person->credentials)->place, '/anshin/register/done', 'the same form once more, from another window, is not, and leads on (S29, FLO-2)');
    my $result = $c->follow($done);
    is($result->status, 200, 'page 3');
    like($result->text, qr/href="\/anshin\/login"/, 'leads to the login (REG-4)');
    is($c->get('/anshin/register/done')->status, 200, 'and can be looked at again (FLO-2)');
    is($s->client->get($person->{path})->status, 303, 'the used link');
    my $used = $s->client;
    is($used->follow($used->get($person->{path}))->status, 410, 'leads to the page that says what to do (REG-2, S9)');
    is($person->login($s->client)->status, 303, 'and the person can log in');
}

# A certificate user sees the download password until it is confirmed (SEC-1).
{
    my $holder = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
    my $c = $s->client;
    my $done = $c->submit($holder->to_credentials($c), $holder->credentials);
    my $page = $c->follow($done);
    my ($secret) = $page->text =~ /id="secret">([^<]+)</;
    like($secret, qr/^[2-9a-z]{14}$/, 'the download password is shown (REG-4, CRT-2)');
    is($page->header('Cache-Control'), 'no-store', 'and nothing keeps it (S19)');
    like($page->text, qr/<dd>p-01-usr002<.*"terminal-number">1<.*<dd>p\*\*\*\d\@example\.jp<.*<time datetime="20/s, 'U29, U37: with whose it is, of which device, and when');
    like($page->text, qr{href="/anshin/help/import" data-url="https://[^/"]+/anshin/help/import"}, 'U37: on paper a link has its address');
    my $stale = $c->post($page->{path}, {});
    is($stale->status, 403, 'a form without our token');
    like($stale->text, qr{href="\Q$page->{path}\E">画面をもう一度開く<}, 'U39: leads whoever registers to the page again');
    unlike($stale->text, qr{href="/anshin/login"}, 'U39: and to no login');
    my $copied = $c->clone;
    my ($english) = $page->text =~ /href="([^"]*lang=en[^"]*)"/;
    my @ways = ([ 'a reload', $page->{path} ], [ 'another tab', '/anshin/register/done' ], [ 'the other language', $english =~ s/&amp;/&/gr ]);
    for my $way (@ways) {
        my $r = $c->get($way->[1]);
        $r = $c->follow($r) if $r->status == 303;
        like($r->text, qr/id="secret">\Q$secret\E</, "$way->[0] shows it again (SEC-1, U02)");
    }
    is($c->submit($page, $holder->credentials)->status, 303, 'the person says that it was seen');
    for my $after ([ 'a reload', $c ], [ 'a copied cookie', $copied ]) {
        my $r = $after->[1]->get($page->{path});
        is($r->status, 200, "$after->[0] still tells what comes next");
        unlike($r->text, qr/\Q$secret\E/, 'but shows it no more (SEC-1)');
    }
    unlike($s->log . $s->access_log, qr/\Q$secret\E/, 'no log has it (S28)');
}

# Guessing the code.
{
    my $victim = Anshin::Person->add($s, 'p-01-usr003');
    my $c = $s->client;
    my $new = $s->client;
    my ($page, $fresh) = map { $_->follow($_->get($victim->{path})) } $c, $new;
    is($c->submit($page, { code => "wrong$_" })->status, 422, "wrong code $_") for 1, 2;
    my $locked = $c->submit($page, { code => 'wrong3' });
    is($locked->status, 403, 'the third is the limit: a page that says so (REG-2, LCK-1)');
    is($c->submit($page, { code => $victim->{code} })->status, 403, 'the right code does not open it (LCK-2)');
    is($new->submit($fresh, { code => $victim->{code} })->status, 403, 'nor does another browser');
    my $opened = $new->follow($new->get($victim->{path}));
    is($opened->status, 403, 'U18: whoever opens the link now is told so before anything is typed');
    like($opened->text, qr/<h1>登録を停止しました/, 'U18: by the same page');
    my ($number) = $opened->text =~ /(AN-\w{8})/;
    like($locked->text, qr/>$number</, 'U18: with the same number');
    like($s->htanshin('find', $number)->{out}, qr/^about: +registration\n.*^user: +$victim->{user}$/ms, 'U18: by which the help desk finds the user');
    is($s->htanshin('user', 'unlock', $victim->{user})->{status}, 0, 'the operator unlocks');
    is($new->get($opened->{path})->status, 200, 'which opens the page again');
    is($new->submit($fresh, { code => $victim->{code} })->status, 303, 'and the right code works');
}

# Two people, one browser: each flow is its own link's.
{
    my ($one, $two) = map { Anshin::Person->add($s, "p-01-usr00$_") } 4, 5;
    my $c = $s->client;
    my $form = $one->to_credentials($c);
    my $other = $c->follow($c->get($two->{path}));
    is($other->status, 200, 'another link in the same browser begins at its own beginning');
    my $r = $c->submit($form, $one->credentials);
    is($r->place, '/anshin/register/done', 'and the form of the first one serves the first one (FLO-1, U01)');
    is($one->login($s->client)->status, 303, 'who is registered');
    is($two->login($s->client)->status, 401, 'the other one is not');
    is($c->submit($other, { code => $two->{code} })->place, '/anshin/register/credentials', 'and goes on where its page stood');
}

# The label of the first terminal (LST-1): proposed by the system, or the operator's.
{
    my $p = Anshin::Person->add($s, 'p-01-usr008');
    my $c = $s->client;
    my %windows = ('User-Agent' => 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36');
    my $form = $p->to_credentials($c);
    my $label = sub { my ($page) = @_; return ($page->text =~ /name="label" value="([^"]*)"/)[0] };
    is($label->($form), '', 'LST-1: nothing is proposed for a system that nobody knows');
    is($label->($c->get($form->{path}, %windows)), 'Windows パソコン', 'LST-1: the label is proposed by the system');
    my $r = $c->submit($form, { %{ $p->credentials }, answer => '', label => 'x' x 33 });
    is($r->status, 422, 'LST-1: 33 characters are too many');
    like($r->text, qr/id="label-error".*id="answer-error"|id="answer-error".*id="label-error"/s, 'LST-1, REG-3: told with every other rule in one go');
    is($label->($r), 'x' x 33, 'and what was typed is kept (REG-3)');
    is($c->submit($form, { %{ $p->credentials }, label => "薬局１号機" })->place, '/anshin/register/done', 'LST-1: a good one is taken');
    my $d = $s->client;
    $p->login($d);
    like($d->get('/anshin/account')->text, qr/<bdi class="terminal-label">薬局1号機</, 'LST-1: and stands in the account');

    my $q = Anshin::Person->add($s, 'p-01-usr009', label => '受付');
    my $page = $q->to_credentials($s->client);
    is($label->($page), '受付', "LST-1: the operator's label comes first");
}
# When the result is shown no more, what is done says that it is, and what has expired that it has (U12).
{
    my ($q, $slow) = map { Anshin::Person->add($s, $_) } 'p-01-usr020', 'p-01-usr021';
    my $c = $s->client;
    my $form = $q->to_credentials($c);
    my $done = $c->follow($c->submit($form, $q->credentials));
    is($done->status, 200, 'a registration is done');
    $s->later(601);
    my @ways = ([ 'a reload', $c->get($done->{path}) ], [ 'its form, sent again', $c->submit($form, $q->credentials) ]);
    for my $way (@ways) {
        is($way->[1]->status, 410, "U12: ten minutes later $way->[0] shows the result no more (SEC-1)");
        like($way->[1]->text, qr{<h1>この手続きは完了しています.*href="/anshin/login"}s, 'U12: says that it is done, and where to go on');
    }
    my $d = $s->client;
    for my $browser ($c, $d) {
        like($browser->follow($browser->get($q->{path}))->text, qr/<h1>この手続きは完了しています/, 'U12: so does its link');
    }
    unlike($d->get($done->{path})->text, qr/完了しています/, 'U12: another browser is told nothing of it');
    $s->later(60 * 86400);
    like($d->follow($d->get($slow->{path}))->text, qr/<h1>URLの有効期限が過ぎています/, 'U12: a link that nobody followed says that its time is over');
    like($d->follow($d->get('/anshin/register?t=' . 'A' x 43))->text, qr/<h1>このURLは使えません/, 'U12: of one that is none nothing is told (S8)');
}
is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
