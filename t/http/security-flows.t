# The attacker at pages of several steps: skipped, repeated, raced, and fed from another kind, contract or user (S29).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use POSIX ();
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END', sites => { other => <<'MORE' })->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 3
END
AnshinLoginMethods password otp certificate
AnshinReauthenticate 1h
MORE

sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }
sub inside { my ($p, @want) = @_; my $c = $s->client(@want); is($p->login($c)->status, 303, "$p->{user} is logged in"); return $c }
sub history_of { my ($p, $what) = @_; return scalar(() = command($s, 'history', $p->{user}, '--limit', '500') =~ /$what/g) }

# The form at the end of the link of a reissue.
sub proof { my ($p) = @_; return { question => $p->{question}, answer => $p->{answer} } }

sub reissued_password {
    my ($p) = @_;
    my $c = $s->client;
    my $page = $c->follow($c->get(reissue_path($c, 'password', $p)));
    return secret_of($c->follow($c->submit($page, proof($p))));
}

sub terminal_form { my ($address) = @_; return { address => $address, address_confirm => $address, kind => 'pc' } }

# Send the same form from several copies of a browser at once; the answers, sorted.
sub race {
    my ($c, $page, $fields, $which) = @_;
    my @readers;
    for (1 .. 4) {
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            my $r = eval { $c->clone->submit($page, $fields, $which) };
            syswrite $write, ($r ? $r->status . ' ' . ($r->header('Location') // '') : "0 $@");
            POSIX::_exit(0);
        }
        close $write;
        push @readers, [$read, $pid];
    }
    my @answers;
    for (@readers) { my ($in, $pid) = @$_; push @answers, scalar <$in>; waitpid $pid, 0 }
    @answers = sort @answers;
    return @answers;
}

# --- a flow of one kind is none of another ---

my $p = person('p-01-usr001');
my $c = inside($p);
{
    is($c->submit($c->get('/anshin/terminal/add'), terminal_form('b@example.jp'))->status, 303, 'a terminal is on its way');
    my ($kept) = flows($c);
    my ($name, $sealed) = @$kept;
    my %marks = marks($c->get('/anshin/terminal/confirm'));
    my @places = qw(
        login/code login/change register register/credentials register/done download download/done reissue/password/prove
        reissue/password/done reissue/certificate/prove reissue/certificate/done method/confirm method/done
    );
    for my $place (@places) {
        is($c->get("/anshin/$place?flow=$marks{flow}")->status, 410, "the flow of a terminal is none at $place (S29)");
        is($c->post("/anshin/$place", { %marks, code => '1', password => 'x' })->status, 410, 'nor when it is posted there (S29)');
    }
    is($c->post('/anshin/terminal/confirm', { csrf => $marks{csrf} })->status, 410, 'a form that names no flow acts on none (FLO-1)');
    is($c->get('/anshin/terminal/confirm')->status, 200, 'where it belongs it is one');
    is($c->get('/anshin/terminal/done')->place, '/anshin/terminal/confirm', 'the result cannot be reached before (S29)');
    for my $bent (substr($sealed, 0, -4), "${sealed}AAAA", scalar reverse($sealed), $sealed =~ tr/A-Za-z/B-ZAb-za/r, $c->{cookies}{'__Host-anshin-p-01'}) {
        $c->{cookies}{$name} = $bent;
        is($c->get('/anshin/terminal/confirm')->status, 410, 'a flow that was bent is none (S29)');
    }
    delete $c->{cookies}{$name};
}

# --- nor of another contract, though the users be called alike ---

{
    my $twin = Anshin::Person->add($s, $p->{user}, contract => 'other', address => $p->{address});
    my $there = $s->client(host => 'other.localhost', ca => undef);
    $twin->register($there);
    is($twin->login($there)->status, 303, 'a user of the same name in another contract');
    is($there->submit($there->get('/anshin/terminal/add'), terminal_form('c@example.jp'))->status, 303, 'begins a flow there');
    my ($begun) = flows($there, 'other');
    for my $name ($begun->[0], $begun->[0] =~ s/other/p-01/r) {
        $c->{cookies}{$name} = $begun->[1];
        is($c->get('/anshin/terminal/confirm')->status, 410, 'which is none here, under either name (S29, CON-1)');
    }
    my $token = csrf($there->get('/anshin/password'));
    my %mixed = (%{ $c->{cookies} }, '__Host-anshin-browser' => $there->{cookies}{'__Host-anshin-browser'});
    is($s->client(cookies => \%mixed)->post('/anshin/sessions', { csrf => $token, all => 1 })->status, 403, 'nor is its CSRF token (S10, CON-1)');
    my $id = $there->{cookies}{'__Host-anshin-other'};
    is($s->client(cookies => { '__Host-anshin-p-01' => $id, '__Host-anshin-other' => $id })->get('/members/')->status, 401,
        'nor its session, under either name (CON-1, S29)');
    my ($return) = $there->clone(cookies => {})->get('/members/', 'Sec-Fetch-Mode' => 'navigate')->header('Location') =~ /return=([\w-]+)/;
    my $fresh = $s->client;
    is($p->login($fresh, return => $return)->header('Location'), '/', 'nor its place to return to (S26)');
}

# --- nor of another user, who brings it along with a session and a token of the own ---

sub by_code {
    my ($p) = @_;
    my $c = $s->client;
    my $sent = send_code($c, $c->follow($p->login($c)));
    is($c->submit($sent, { code => $p->wait_text(qr/\b(\d{6})\b/) })->status, 303, "$p->{user} is logged in by a code");
    return $c;
}
{
    my @people = map { person("p-01-usr04$_", method => 'otp') } 0, 1;
    my ($theirs, $mine) = map { by_code($_) } @people;
    my $begun = sub { my ($d, $path, $fields) = @_; return $d->follow($d->submit($d->get("/anshin/$path"), $fields)) };
    $mine->submit($begun->($mine, 'terminal/add', terminal_form('mine@example.jp')), {});
    my $token = csrf($mine->get('/anshin/password'));
    delete $mine->{cookies}{ $_->[0] } for flows($mine);
    for my $flow (
        [ 'adding a terminal', 'terminal', $begun, 'terminal/add', terminal_form('t@example.jp') ],
        [ 'changing one',      'terminal', $begun, 'terminal/change?n=1', terminal_form('u@example.jp') ],
        [ 'deleting one',      'terminal', sub { my ($d) = @_; return $d->follow($d->get('/anshin/terminal/delete?n=2')) } ],
        [ 'enrolling an app',  'authenticator', sub { my ($d) = @_; return $d->get('/anshin/account/authenticator') } ],
        [ 'another method',    'method', $begun, 'method', { method => 'password' } ]
    ) {
        my ($what, $kind, $begin, @form) = @$flow;
        my $page   = $begin->($theirs, @form);
        my $place  = $kind eq 'authenticator' ? '/anshin/account/authenticator' : "/anshin/$kind/confirm";
        my %fields = $kind eq 'authenticator' ? (code => totp(app_secret($page))) : ();
        my $before = join "\n", map { standing($s, $_->{user}) } @people;
        # As if both had used one browser: its cookies are all there, and only the session is another's.
        my $session = '__Host-anshin-p-01';
        my $other  = sub { return $theirs->clone(cookies => { %{ $theirs->{cookies} }, $session => $mine->{cookies}{$session} }) };
        my $there  = $other->();
        my %marks  = (marks($page), csrf => csrf($there->get('/anshin/password')));
        my $r      = $there->post($place, { %marks, %fields });
        is($r->status, 410, "$what: another user's flow is none where it is sent (S29)");
        like($r->text, qr{href="/anshin/account"}, 'which the page says, and leads back (FLO-1)');
        is($mine->post($place, { csrf => $token, flow => $marks{flow}, %fields })->status, 410, 'nor is it one in another browser (FLO-1)');
        is(join("\n", map { standing($s, $_->{user}) } @people), $before, 'and changes neither of the two (S29)');
        is($theirs->submit($page, \%fields)->status, 303, 'whose it is, it serves');
        isnt(join("\n", map { standing($s, $_->{user}) } @people), $before, 'and changes something');
        isnt($other->()->get("/anshin/$kind/done?flow=$marks{flow}")->status, 200, 'nor is its result shown there (S29)');
    }
}

# --- two tabs of one browser: each form acts on what its own page shows, crossed, replayed and in any order (FLO-1, U01, B03) ---

{
    my $q = person('p-01-usr050');
    my $d = inside($q);
    my $shown = sub { my ($path, $fields) = @_; my $r = $d->get("/anshin/$path"); return $d->follow($fields ? $d->submit($r, $fields) : $r) };
    for my $name ('b2', 'b3') { $d->submit($shown->('terminal/add', terminal_form("$name\@example.jp")), {}) }
    my ($two, $three) = map { $shown->("terminal/delete?n=$_") } 2, 3;
    my $four = $shown->('terminal/add', terminal_form('b4@example.jp'));
    my $five = $shown->('method', { method => 'otp' });
    my $bytes = 0;
    $bytes += length("$_=$d->{cookies}{$_}; ") for keys %{ $d->{cookies} };
    is(scalar(flows($d)), 4, 'FLO-2: four flows live side by side');
    cmp_ok($bytes, '<', 3072, "FLO-2: all our cookies: $bytes bytes");
    like($d->get($_->{path})->text, qr/b2\@example/, 'the page of the first is what it was') for $two;
    is($d->submit($two, {})->place, '/anshin/terminal/done', 'the page that shows terminal 2');
    my @left = map { $_->{number} } @{ JSON::PP::decode_json(command($s, '--json', 'user', 'show', $q->{user}))->{terminals} };
    is("@left", '1 3', 'deletes terminal 2 (U01)');
    is($d->submit($four, {})->place, '/anshin/terminal/done', 'the page that shows a new one adds it');
    for my $page ($two, $four) {
        is($d->submit($page, {})->place, '/anshin/terminal/done', 'sent again it leads to its result (FLO-2)');
        is($d->get($page->{path})->place, '/anshin/terminal/done', 'so does the way back');
    }
    is(history_of($q, 'terminal_deleted'), 1, 'one was deleted');
    is(history_of($q, 'terminal_added'), 3, 'and one was added');
    my ($english) = $three->text =~ /href="([^"]*lang=en[^"]*)"/;
    my $switched = $d->follow($d->get($english =~ s/&amp;/&/gr));
    like($switched->text, qr/b3\@example/, 'the language switch keeps to its own flow (FLO-2)');
    is($d->clone->submit($switched, {})->place, '/anshin/terminal/done', 'a duplicated tab carries it out');
    @left = map { $_->{number} } @{ JSON::PP::decode_json(command($s, '--json', 'user', 'show', $q->{user}))->{terminals} };
    is("@left", '1 4', 'and terminal 3 is gone');
    $shown->('terminal/delete?n=4') for 1 .. 4;
    is(scalar(flows($d)), 4, 'FLO-2: a fifth flow takes the place of the oldest');
    is($d->submit($five, {})->status, 410, 'whose form says that it cannot go on');
    like(command($s, 'user', 'show', $q->{user}), qr/password/, 'and changes nothing');
}

{
    my @q = map { person("p-01-usr05$_", method => $_ == 1 ? 'otp' : 'certificate') } 1 .. 3;
    my $new = Anshin::Person->add($s, 'p-01-usr054');
    my $d = $s->client;
    my $code = send_code($d, $d->follow($q[0]->login($d)));
    my @downloads = map { my $page = open_flow($d, $_->download_path); $page } @q[ 1, 2 ];
    my $register = open_flow($d, $new->{path});
    is($d->submit($downloads[0], { download_password => $q[1]{download_password}, profile => 'modern' }, qr{/download\?})->status, 303,
        'the download password of the page is right, whatever was opened after it (B03)');
    is(history_of($q[2], 'wrong'), 0, 'and counts nothing against another user');
    is($d->submit($register, { code => $new->{code} })->place, '/anshin/register/credentials', 'so is the registration code');
    is($d->submit($code, { code => 'wrong' })->status, 422, 'a wrong login code');
    is(history_of($q[0], 'wrong_code'), 1, 'counts against the user of its own page');
    is(history_of($new, 'wrong_code'), 0, 'and no other');
    is($d->submit($code, { code => $q[0]->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'and the right one of a waiting page opens (B03)');
    my $tab = $d->get('/anshin/login?return=' . ($s->client->get('/members/', 'Sec-Fetch-Mode' => 'navigate')->header('Location') =~ /return=([\w-]+)/)[0]);
    is($tab->header('Location'), '/members/', 'the login page of another tab leads on (B03a)');
}

# --- a form that is sent several times at once is carried out once ---

{
    my $q = Anshin::Person->add($s, 'p-01-usr010', method => 'certificate');
    my $d = $s->client;
    my $page = $q->to_credentials($d);
    my @answers = race($d, $page, $q->credentials);
    is(scalar(grep { m{^303 /anshin/register/done} } @answers), 4, 'registration: four parallel forms lead to one result (FLO-2)') or diag "@answers";
    is(history_of($q, 'registered'), 1, 'and it stands in the history once');
    $q->download_path;
    is(scalar(grep { /download\?t=/ } $q->texts), 1, 'one certificate, one mail');
    is($d->submit($page, $q->credentials)->place, '/anshin/register/done', 'sent again later it leads there, too (FLO-2, S29)');
    is(history_of($q, 'registered'), 1, 'and nothing is done twice (S29)');
}

{
    my $q = person('p-01-usr011', method => 'certificate');
    my $d = $s->client;
    my $page = $d->follow($d->get($q->download_path));
    is($d->submit($page, { download_password => $q->{download_password}, profile => 'modern' })->status, 303, 'a download');
    my @answers = race($d, $d->get('/anshin/download'), {}, qr{/download/done});
    is(scalar(grep { m{^303 /anshin/download/done} } @answers), 4, 'download: its end is one, however often it is sent (S29)') or diag "@answers";
    is($d->follow($d->get($q->download_path))->place, '/anshin/download/done', 'in this browser the link leads to the end');
    my $elsewhere = $s->client;
    is($elsewhere->follow($elsewhere->get($q->download_path))->status, 410, 'and elsewhere it is used (S9)');
}

{
    my $q = person('p-01-usr012');
    my $d = $s->client;
    my @answers = race($d, $d->follow($d->get(reissue_path($d, 'password', $q))), proof($q));
    is(scalar(grep { m{^303 /anshin/reissue/password/done} } @answers), 4, 'reissue: four parallel answers lead to one result (S29)') or diag "@answers";
    is(history_of($q, 'password_reissued'), 1, 'and one line of history');
}

{
    my $q = person('p-01-usr013');
    my $d = inside($q);
    my @answers = race($d, $d->follow($d->submit($d->get('/anshin/terminal/add'), terminal_form('r@example.jp'))), {});
    is(scalar(grep { m{^303 /anshin/terminal/done} } @answers), 4, 'terminal: added once by four parallel confirmations (S29)') or diag "@answers";
    is(history_of($q, 'terminal_added'), 1, 'one line of history');
    race($d, $d->follow($d->submit($d->get('/anshin/terminal/change?n=2'), terminal_form('s@example.jp'))), {});
    is(history_of($q, 'terminal_changed'), 1, 'terminal: changed once by four parallel confirmations (S29)');
    ok($q->wait_text(qr/(s\@example\.jp)/, $_), "$_ is told") for 's@example.jp', 'r@example.jp';
    is(scalar(grep { /s\@example\.jp/ } $q->texts('r@example.jp')), 1, 'the old one was told once (S13)');
    @answers = race($d, $d->follow($d->get('/anshin/terminal/delete?n=2')), {});
    is(scalar(grep { m{^303 /anshin/terminal/done} } @answers), 4, 'terminal: deleted once (S29)') or diag "@answers";
    is(history_of($q, 'terminal_deleted'), 1, 'one line of history');
    @answers = race($d, $d->follow($d->submit($d->get('/anshin/method'), { method => 'otp' })), {});
    is(scalar(grep { m{^303 /anshin/(?:method/done|login)} } @answers), 4, 'method: four parallel confirmations lead on, or to the login of the new one') or diag "@answers";
    cmp_ok(scalar(grep { m{^303 /anshin/method/done} } @answers), '>=', 1, 'method: changed once (S29)');
    is(history_of($q, 'method_changed'), 1, 'one line of history');
}

{
    my $q = person('p-01-usr014', method => 'otp');
    my $d = $s->client;
    my $sent = send_code($d, $d->follow($q->login($d)));
    my $code = $q->wait_text(qr/\b(\d{6})\b/);
    my @answers = race($d, $sent, { code => $code });
    is(scalar(grep { m{^303 (?:/|/anshin/login\?flow=\w+)$} } @answers), 4, 'login: one right code opens one session, however often it is sent (LOG-7, S29)') or diag "@answers";
    is(history_of($q, 'login_ok'), 1, 'one login in the history');
    is(scalar(() = command($s, 'session', 'list', $q->{user}) =~ /127\.0\.0\.1/g), 1, 'one session');
}

# --- the steps behind the right password hold against what the account is by now ---

{
    my $q = person('p-01-usr020', method => 'otp');
    my $d = $s->client;
    my $sent = send_code($d, $d->follow($q->login($d)));
    my $code = $q->wait_text(qr/\b(\d{6})\b/);
    my ($kept) = flows($d);
    $q->login($s->client, password => "wrong-$_") for 1 .. 3;
    is($q->login($s->client)->status, 403, 'the account locks while somebody stands before the code page (LCK-2)');
    my %right = (marks($sent), code => $code);
    my $thief = $s->client(cookies => { $kept->[0] => $kept->[1] });
    is($thief->get("/anshin/login/code?flow=$right{flow}")->status, 410, "S39: a login's cookie is none without the browser's own");
    is($thief->post('/anshin/login/code', { %right, csrf => csrf($thief->get('/anshin/login')) })->status, 410, 'nor is its code taken');
    is($d->get("/anshin/login/code?flow=$right{flow}")->status, 403, 'U18: the code page says that it is locked before anything is typed');
    is($d->post('/anshin/login/code', \%right)->status, 403, 'the right code does not open a locked account (LCK-2, S29)');
    isnt($d->get('/members/')->status, 200, 'nobody is in');
    command($s, 'user', 'unlock', $q->{user});
    $d->{cookies}{ $kept->[0] } = $kept->[1];
    is($d->post('/anshin/login/code', \%right)->status, 303, 'once the operator has unlocked it the code is good');
    is($d->get('/members/')->status, 200, 'and opens');
    is($d->post('/anshin/login/code', \%right)->place, '/anshin/login', 'the flow has ended, and its form leads on (S29, FLO-2)');
    my $second = $s->client(cookies => { '__Host-anshin-browser' => $d->{cookies}{'__Host-anshin-browser'}, $kept->[0] => $kept->[1] });
    is($second->post('/anshin/login/code', \%right)->place, '/anshin/login', 'whoever brings its cookie along finds it ended (LOG-7, S29)');
    is($second->get('/members/')->status, 401, 'and is not in');

    my $e = $s->client;
    my $stale = $e->follow($q->login($e));
    is($d->submit($d->get('/anshin/password'), { current => $q->{password}, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' })->status,
        303, 'the password changes while a login stands before the code page');
    is($e->submit($stale, { send => 1 })->header('Location'), '/anshin/login', 'which ends with the old password (S29, S16)');
}

{
    my $q = person('p-01-usr021');
    $q->{password} = reissued_password($q);
    my $d = $s->client;
    my $change = $d->follow($q->login($d));
    is($change->status, 200, 'a reissued password must be changed first (PRI-3)');
    $q->login($s->client, password => "wrong-$_") for 1 .. 3;
    is($d->submit($change, { password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' })->header('Location'), '/anshin/login',
        'an account that locks meanwhile is not opened by the change (LCK-2, S29)');
    isnt($d->get('/members/')->status, 200, 'nobody is in');
}

# --- a reissue drops no factor, and its links follow the person, not the mail box that was (S11) ---

{
    my $q = person('p-01-usr030');
    my $d = $s->client;
    my $path = reissue_path($d, 'password', $q);
    my $in = inside($q);
    is($in->submit($in->follow($in->submit($in->get('/anshin/terminal/change?n=1'), terminal_form('safe@example.jp'))), {})->status, 303,
        'the address of a user changes while a link to the old one is under way');
    is($d->follow($d->get($path))->status, 410, 'which opens nothing any more (S11)');
}

{
    my $q = person('p-01-usr031', method => 'otp');
    $q->{password} = reissued_password($q);
    my $d = $s->client;
    like($q->login($d)->header('Location'), qr{^/anshin/login/code}, 'a reissued password leads a user of codes to the code page (S11)');
    is($d->get('/anshin/login/change')->place, '/anshin/login/code', 'not past it (S29)');
    my $certified = person('p-01-usr032', method => 'certificate');
    $certified->{password} = reissued_password($certified);
    is($certified->login($s->client)->status, 401, 'and a certificate user nowhere without the certificate (S11)');
    my $other = person('p-01-usr033', method => 'certificate');
    is($certified->login($s->client(cert => $other->fetch))->status, 401, 'nor with somebody else\'s (S20)');
}

$s->finish;
done_testing;
