# Two tabs of one browser at every form of the route table that a flow or a login stands behind: side by side, sent in any order,
# replayed, gone back to, duplicated, and with another user in the browser. Each form acts on what its own page shows, for whom it
# showed it, and once (FLO-1, FLO-2, S35).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my %sites = (
    unlinked  => "AnshinLoginMethods password certificate\nAnshinCertificateKey p256\nAnshinMailLinks off",
    staff     => "AnshinLoginMethods password\nAnshinStaff on\nAnshinReauthenticate 1h",
    customers => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinFourEyes bulk"
);
my $s = Anshin::Server->new(contract => <<'END', sites => \%sites)->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinCertificateLifetime 30d
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
AnshinConfirmAddress on
END
my $SESSION = '__Host-anshin-p-01';
my $number = 0;

sub newcomer { my ($method) = @_; return Anshin::Person->add($s, sprintf('p-01-usr%03d', ++$number), method => $method // 'password') }
sub registered { my $p = newcomer(@_); $p->register; return $p }
sub inside { my ($p) = @_; my $c = $s->client; expect_link($p->login($c), 303); return $c }
sub code_of { my ($p) = @_; return $p->wait_text(qr/\b(\d{6})\b/) }
sub proof { my ($p) = @_; return { question => $p->{question}, answer => $p->{answer} } }
sub fetching { my ($p) = @_; return { download_password => $p->{download_password}, profile => 'modern' } }

# What became of each user, by the history: a text each.
sub states {
    return map { join ' ', map { $_->{result} } entries($s, $_->{user}) } @_;
}

sub told { my ($r) = @_; return join ' ', $r->status, $r->place // () }

sub by_code {
    my ($p) = @_;
    my $c = $s->client;
    expect_link($c->submit(send_code($c, $c->follow($p->login($c))), { code => code_of($p) }), 303);
    return $c;
}

sub reissued {
    my $p = registered();
    my $c = $s->client;
    $p->{password} = secret_of($c->follow($c->submit(open_flow($c, reissue_path($c, 'password', $p)), proof($p))));
    return $p;
}

# The same two for all that is about certificates: their flows leave one another alone.
my @certified;
sub with_certificate { my $p = registered('certificate'); $p->download_path; return $p }
sub certified { my ($tab) = @_; return $certified[$tab] //= with_certificate() }

# Where mail has no links: the code of what was asked for, in the tab that asked (NOM-1).
sub unlinked { return $s->client(host => 'unlinked.localhost', ca => undef) }
my @unlinked;
sub of_unlinked {
    my ($tab) = @_;
    return $unlinked[$tab] if $unlinked[$tab];
    my $p = $unlinked[$tab] = Anshin::Person->add($s, "unlinked-$tab", contract => 'unlinked', method => 'certificate');
    $p->register(unlinked());
    return $p;
}
sub coded {
    my ($what, $said) = @_;
    my $tab = sub { my ($c, $p) = @_; return (asked_by_code($c, $what, $p), { access_code => $p->access_code($said) }) };
    return ("/$what/code" => { user => \&of_unlinked, leads => 1, client => \&unlinked, tab => $tab });
}

sub next_page { my ($c, $path, $fields) = @_; return $c->follow($c->submit($c->get("/anshin/$path"), $fields)) }

# By the route of a form: whose flow it is; how a browser comes to a tab of it, and what is typed there. Behind a login both tabs are
# the same user's. act: what the history tells of it in the end (a file may be fetched again); leads: it leads on and leaves no trace
# there; again: what a form that was carried out is answered; says: what of the account the one tab changes and the other does not;
# ends: the other tab is over with the first; file: it leads to a file, and to no result that is shown once.
my $next = { password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' };
my %flows = (
    '/register' => { user => sub { newcomer() }, leads => 1, tab => sub { my ($c, $p) = @_; return (open_flow($c, $p->{path}), { code => $p->{code} }) } },
    '/register/credentials' => { act => 'registered', user => sub { newcomer('certificate') }, tab => sub { my ($c, $p) = @_; return ($p->to_credentials($c), $p->credentials) } },
    '/login/code' => {
        act => 'login_ok', user => sub { registered('otp') }, again => qr{^303 /anshin/login$},
        tab => sub { my ($c, $p) = @_; my $page = send_code($c, $c->follow($p->login($c))); return ($page, { code => code_of($p) }) }
    },
    '/login/change' => { act => 'password_changed login_ok', user => \&reissued, again => qr{^303 /anshin/login$}, tab => sub { my ($c, $p) = @_; return ($c->follow($p->login($c)), $next) } },
    '/download' => { act => 'downloaded downloaded', user => \&certified, file => 1, again => qr{^(?:200|303 /anshin/download\?file=modern)$}, tab => sub { my ($c, $p) = @_; return (open_flow($c, $p->download_path), fetching($p)) } },
    '/download/done' => {
        user => \&certified, leads => 1,
        tab => sub { my ($c, $p) = @_; my $page = open_flow($c, $p->download_path); $c->submit($page, fetching($p)); return ($c->get($page->{path}), {}, qr{/download/done}) }
    },
    # Each shows its own code, and the newest alone leads anywhere.
    '/download/phone' => {
        act => 'phone_linked phone_linked', user => \&with_certificate, file => 1, again => qr{^(?:200|303 /anshin/phone)$},
        tab => sub { my ($c, $p) = @_; return (open_flow($c, $p->download_path), {}, qr{/download/phone}) }
    },
    '/reissue/password/prove' => { act => 'password_reissued', user => sub { registered() }, tab => sub { my ($c, $p) = @_; return (open_flow($c, reissue_path($s->client, 'password', $p)), proof($p)) } },
    '/reissue/certificate/prove' => { act => 'certificate_reissued', user => \&certified, tab => sub { my ($c, $p) = @_; return (open_flow($c, reissue_path($s->client, 'certificate', $p)), proof($p)) } },
    '/lost/prove' => { user => \&certified, leads => 1, tab => sub { my ($c, $p) = @_; return (open_flow($c, lost_path($s->client, $p)), proof($p)) } },
    (map { coded(@$_) } [ 'reissue/password', 'パスワードの再発行を受け付け' ], [ 'reissue/certificate', '電子証明書の再発行を受け付け' ], [ 'lost', '端末をなくしたとき' ]),
    '/lost/choose' => { act => 'device_lost', user => \&with_certificate, tab => sub { my ($c, $p) = @_; return ($c->follow($c->submit(open_flow($c, lost_path($s->client, $p)), proof($p))), { device => 1 }) } },
    '/terminal/confirm' => {
        act => 'terminal_changed terminal_changed', user => sub { registered() }, inside => \&inside, says => [ '"mobile"', '"smartphone"' ],
        tab => sub { my ($c, $p, $tab) = @_; return (next_page($c, 'terminal/change?n=1', { kind => $tab == 1 ? 'mobile' : 'smartphone' }), {}) }
    },
    '/terminal/code' => {
        act => 'terminal_added terminal_added', user => sub { registered() }, inside => \&inside, says => [ 'tab1@example.jp', 'tab2@example.jp' ],
        tab => sub {
            my ($c, $p, $tab) = @_;
            my $a = "tab$tab\@example.jp";
            my $page = $c->follow($c->submit(next_page($c, 'terminal/add', { address => $a, address_confirm => $a, kind => 'pc' })));
            return ($page, { code => $p->wait_text(qr/\b([0-9]{6})\b/, $a) });
        }
    },
    # The second one takes the place of the first.
    '/renewal/confirm' => {
        act => 'certificate_renewed certificate_renewed', user => sub { my $p = registered('certificate'); $p->fetch; return $p },
        inside => sub { my ($p) = @_; my $c = $s->client(cert => $p->{pem}); expect_link($p->login($c), 303); return $c },
        tab => sub { my ($c) = @_; return ($c->follow($c->get('/anshin/renewal?n=1')), {}) }
    },
    # The change ends the login, and with it whatever the other tab shows.
    '/method/confirm' => {
        act => 'method_changed', user => sub { registered() }, inside => \&inside, says => [ '"method": "otp"', '"method": "certificate"' ], again => qr{^303 /anshin/login\?return=}, ends => 1,
        tab => sub { my ($c, $p, $tab) = @_; return (next_page($c, 'method', { method => $tab == 1 ? 'otp' : 'certificate' }), {}) }
    },
    # So does the lock.
    '/history/lock/confirm' => {
        act => 'self_locked', user => sub { registered() }, inside => \&inside, again => qr{^303 /anshin/login\?return=}, ends => 1,
        tab => sub { my ($c) = @_; return ($c->follow($c->get('/anshin/history/lock')), {}) }
    },
    # The second tab goes on with the app that waits, so that both show one secret.
    '/account/authenticator' => {
        act => 'authenticator_set', user => sub { registered('otp') }, inside => \&by_code, again => qr/^(?:410|200|303 .*done=1)$/, ends => 1,
        tab => sub { my ($c) = @_; my $page = $c->get('/anshin/account/authenticator'); return ($page, { code => totp(app_secret($page)) }) }
    }
);
my @routes = routes();
my @behind = grep { $_->{post} && $_->{flags} =~ /FLOW\(/ && $_->{flags} !~ /NO_FLOW/ } @routes;
my @seen = grep { $_->{handler} eq 'anshin_page_seen_post' } @behind;
is(join("\n", sort keys %flows, map { $_->{path} } @seen), join("\n", sort map { $_->{path} } @behind), 'S35: every form of a flow is tried: ' . @behind)
    or diag 'the results that are confirmed (seen) are tried below';

my $bystander = registered();
my $their_session = inside($bystander)->{cookies}{$SESSION};
my @theirs = states($bystander);

for my $route (sort keys %flows) {
    my $flow = $flows{$route};
    my @whose = map { $flow->{user}->($_) } $flow->{inside} ? 1 : (1, 2);
    my $c = $flow->{inside} ? $flow->{inside}->($whose[0]) : $flow->{client} ? $flow->{client}->() : $s->client;
    # What needs no login is done while somebody else is logged in; but for the login itself.
    $c->{cookies}{$SESSION} = $their_session if !$flow->{inside} && $route !~ m{^/login};
    my @tabs = map { [ $flow->{tab}->($c, $whose[ $_ - 1 ] // $whose[0], $_) ] } 1, 2;
    my $send = sub { my ($browser, $tab) = @_; my ($page, $fields, $which) = @{ $tabs[ $tab - 1 ] }; return $browser->submit($page, $fields, $which) };
    my @before = $flow->{leads} ? () : states(@whose);
    if ($flow->{inside}) {
        my $theirs = $c->clone(cookies => { %{ $c->{cookies} }, $SESSION => $their_session });
        my $r = $send->($theirs, 1);
        is(told($r), '410', "S35: $route: sent while another user is logged in it says so (FLO-1)");
        like($r->text, qr/同じブラウザで別のユーザがログインしました/, 'and why');
    }
    is($c->get($tabs[0][0]{path})->status, 200, "FLO-2: $route: the first of two tabs can be reloaded");
    my $first = told($send->($c, 1));
    like($first, qr/^(?:200|303 )/, "S35: $route: its form is taken, whatever was opened after it");
    is($c->get($tabs[1][0]{path})->status, 200, 'that of the second stays where it is') if !$flow->{inside} && $route !~ m{^/login/};
    is((states($whose[1]))[0], $before[1], 'and nothing becomes of the other user') if @before > 1;
    if ($flow->{says}) {
        my $shown = command($s, '--json', 'user', 'show', $whose[0]{user});
        like($shown, qr/\Q$flow->{says}[0]\E/, $flow->{says}[0]);
        unlike($shown, qr/\Q$flow->{says}[1]\E/, 'and not what the other shows');
    }
    my $again = $flow->{again} // qr/^\Q$first\E$/;
    like(told($send->($c, 1)), $again, "FLO-2: $route: sent once more it leads to where it stands");
    like(told($c->get($tabs[0][0]{path})), $again, 'and so does the way back');

    my $copy = $c->clone(cookies => { %{ $c->{cookies} } });
    my $second = told($send->($copy, 2));
    my $taken = $flow->{ends} ? 'ended with the first' : 'taken as well';
    like($second, $flow->{ends} ? $again : qr/^(?:200|303 )/, "FLO-1: $route: the second tab, duplicated, is $taken");
    like(told($send->($c, 2)), $flow->{again} // qr/^\Q$second\E$/, 'FLO-2: and the original of it leads to the same');
    next if $flow->{leads};
    my @after = states(@whose);
    for my $at (0 .. $#whose) {
        my $new = $after[$at] =~ s/^\Q$before[$at]\E ?//r;
        is($new, $flow->{act}, "FLO-1, FLO-2: $route: what became of $whose[$at]{user}: each form did its own, once");
    }
    next if $flow->{ends} || $flow->{file};

    # What is shown once: the one is confirmed, the other is still there.
    my @done = map { $c->get(($_ == 1 ? $first : $second) =~ s/^303 //r . '?flow=' . ($tabs[ $_ - 1 ][0]->field('flow') // next)) } 1, 2;
    next if grep { $_->status != 200 || $_->text !~ m{action="[^"]*/done\?flow=} } @done;
    is(told($c->submit($done[0], {}, qr{/done\?flow=})), "303 $1", "SEC-1: $route: the first result is confirmed") if $first =~ /^303 (.*)/;
    unlike($c->get($done[0]{path})->text, qr/id="secret/, 'and shown no more');
    is($c->get($done[1]{path})->text =~ /id="secret[^>]*>([^<]+)</ ? 1 : 0, $done[1]->text =~ /id="secret/ ? 1 : 0, 'the second is as it was');
}

is_deeply([states($bystander)], \@theirs, 'FLO-1: nothing of all this was done for whoever was logged in beside them');

# --- where flows and changes begin: a form is of the user whose page it was (FLO-1) ---

{
    my ($p, $q) = map { registered() } 1, 2;
    my ($mine, $theirs) = (inside($p), inside($q));
    my @members = grep { $_->{post} && $_->{flags} =~ /\b(?:MEMBER|FRESH)\b/ } @routes;
    cmp_ok(scalar @members, '>=', 9, 'forms behind the login: ' . @members);
    my $old = csrf($mine->get('/anshin/password'));
    my $guest = csrf($mine->clone(cookies => { '__Host-anshin-browser' => $mine->{cookies}{'__Host-anshin-browser'} })->get('/anshin/login'));
    my $there = $mine->clone(cookies => { %{ $mine->{cookies} }, $SESSION => $theirs->{cookies}{$SESSION} });
    my $own = csrf($there->get('/anshin/password'));
    my $typed = {
        %$next, current => $q->{password}, user => $q->{user}, method => 'otp', address => 'z@example.jp', address_confirm => 'z@example.jp',
        kind => 'pc', all => 1, action => 'remove', %{ proof($q) }
    };
    my @before = states($p, $q);
    my $sessions = command($s, 'session', 'list', $q->{user}) =~ tr/\n//;
    for my $route (@members) {
        my $path = "/anshin/$route->{path}" =~ s{//}{/}r . '?n=1';
        for my $case ([ $old, 'of a page that another user was shown' ], [ $guest, 'of a page that nobody was logged in at' ]) {
            my ($token, $what) = @$case;
            my $r = $there->post($path, { csrf => $token, %$typed });
            is($r->status, 410, "FLO-1: $route->{path}: a form $what acts on nothing");
            like($r->text, qr/同じブラウザで別のユーザがログインしました.*href="\/anshin\/account"/s, 'says why, and leads back');
        }
    }
    is_deeply([states($p, $q)], \@before, 'FLO-1: and nothing has changed, for either');
    is(command($s, 'session', 'list', $q->{user}) =~ tr/\n//, $sessions, 'no session has ended');
    for my $route (@members) {
        my $r = $there->post("/anshin/$route->{path}" =~ s{//}{/}r, { csrf => $own });
        unlike($r->text, qr/別のユーザがログインしました/, "$route->{path}: one of the own pages is not refused so");
    }
    delete $mine->{cookies}{$SESSION};
    expect_link($p->login($mine), 303);
    is($mine->post('/anshin/method', { csrf => $old, method => 'otp' })->place, '/anshin/method/confirm', 'a page from before serves, when the same user has logged in again');
}

# --- the help desk: two tabs of one operator (ROL-2) ---

{
    my @users = map { "kyaku-$_" } 1 .. 8;
    command_in($s, 'customers', 'user', 'add', $_, '--address', "$_\@example.jp") for @users;
    my %staff;
    for my $who (qw(one two)) {
        my $p = Anshin::Person->add($s, $who, contract => 'staff');
        my $c = $staff{$who} = $s->client(host => 'staff.localhost', ca => undef);
        $p->register($c);
        command_in($s, 'staff', 'user', 'set', $who, '--role', 'admin');
        expect_link($p->login($c), 303);
    }
    my $c = $staff{one};
    my $state_of = sub { return join ' ', map { command_in($s, 'customers', '--json', 'user', 'show', $_) =~ /"state": "(\w+)"/ } @_ };
    my $button = sub { my ($page, $what) = @_; my ($path) = $page->text =~ /href="([^"]*\Q$what\E[^"]*)"/ or die "no $what"; return $c->get($path =~ s/&amp;/&/gr) };
    my $user = sub { return $c->follow($c->follow($c->submit($c->get('/anshin/desk'), { q => $_[0] }, qr{/desk$}))) };
    my $many = sub {
        my ($about, $verb, @whom) = @_;
        my $list = $c->get("/anshin/desk/list?about=$about");
        my %marks = map { $list->text =~ /name="(r\d+)" value="([0-9a-f]{24})" aria-label="\S+ \Q$_\E"/ ? ($1 => $2) : die "no row of $_" } @whom;
        return ($list, { %marks, verb => $verb }, qr{/desk/list$});
    };
    my $asked = sub { my @form = $many->(@_); return $c->follow($c->submit(@form)) };
    my $waits = sub {
        my @whom = @_;
        my $page = $c->follow($c->submit($asked->('invited', 'disable', @whom), {}, qr{/desk/list/act}));
        my ($step) = $page->text =~ /href="([^"]*step=withdraw[^"]*)"/ or die 'nothing waits';
        return $staff{two}->get($step =~ s/&amp;/&/gr =~ s/step=withdraw/step=approve/r);
    };
    # By the route of a form: the browser, two tabs of it as [page, fields, which form], and of whom what has become by each; leads: it
    # changes nothing.
    my %desk = (
        '/desk'      => { leads => 1, tabs => [ map { [ $c->get('/anshin/desk'), { q => $_ }, qr{/desk$} ] } @users[0, 1] ] },
        '/desk/list' => { leads => 1, tabs => [ map { [ $many->('invited', 'disable', $_) ] } @users[0, 1] ] },
        '/desk/act'  => { tabs => [ map { [ $button->($user->($_), 'verb=lock'), {}, qr{/desk/act} ] } @users[0, 1] ], whom => [ map { [$_] } @users[0, 1] ], state => 'locked' },
        '/desk/list/act' => { tabs => [ map { [ $asked->('invited', 'disable', $_), {}, qr{/desk/list/act} ] } @users[2, 3] ], whom => [ map { [$_] } @users[2, 3] ], state => 'disabled' },
        '/desk/waiting/decide' => {
            browser => $staff{two}, tabs => [ map { [ $waits->(@$_), {}, qr{/waiting/decide} ] } [ @users[4, 5] ], [ @users[6, 7] ] ],
            whom => [ [ @users[4, 5] ], [ @users[6, 7] ] ], state => 'disabled'
        },
        '/desk/invite' => {
            tabs => [ map { [ $c->get('/anshin/desk/invite'), { user => $_, address => "$_\@example.jp" }, qr{/desk/invite} ] } qw(shin-1 shin-2) ],
            whom => [ ['shin-1'], ['shin-2'] ], state => 'pending', new => 1
        }
    );
    is(join(' ', sort keys %desk), join(' ', sort map { $_->{path} } grep { $_->{post} } routes(desk => 1)), 'S35: every form of the help desk is tried');
    for my $route (sort keys %desk) {
        my $flow = $desk{$route};
        my $browser = $flow->{browser} // $c;
        my $send = sub { my ($with, $tab) = @_; return $with->submit(@{ $flow->{tabs}[ $tab - 1 ] }) };
        my $there = $browser->clone(cookies => { %{ $browser->{cookies} }, '__Host-anshin-staff' => $staff{ $browser == $c ? 'two' : 'one' }{cookies}{'__Host-anshin-staff'} });
        my $whom = $flow->{whom};
        my @before = $flow->{leads} || $flow->{new} ? () : map { $state_of->(@$_) } @$whom;
        my $r = $send->($there, 1);
        is($r->status, 410, "FLO-1: $route: sent while another operator is logged in it says so");
        is($state_of->(@{ $whom->[0] }), $before[0], 'and does nothing') if @before;
        my $second = told($send->($browser, 2));
        like($second, qr/^303 /, "S35: $route: the second of two tabs is taken");
        is($state_of->(@{ $whom->[0] }), $before[0], 'for those of its own page, and nobody else') if @before;
        my $first = told($send->($browser, 1));
        like($first, qr/^303 /, "S35: $route: then the first");
        next if $flow->{leads};
        is($state_of->(@{ $whom->[$_] }), join(' ', ($flow->{state}) x @{ $whom->[$_] }), "S35: $route: each its own") for 0, 1;
        command_in($s, 'customers', 'user', 'unlock', $_) for $flow->{new} ? () : @{ $whom->[0] };
        my @after = $flow->{new} ? () : $state_of->(@{ $whom->[0] });
        unlike(told($send->($browser, 1)), qr/^5/, "FLO-2: $route: sent once more");
        is($state_of->(@{ $whom->[0] }), $after[0], 'it is not done again') if @after && $route ne '/desk/act';    # which is an order anew
    }
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
