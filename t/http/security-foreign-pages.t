# The attacker at pages of several steps who has a live flow of the right kind at the right stage, as a page of another site has
# by the browser of its visitor: whatever is asked by GET and HEAD changes nothing (S10), hostile text in every field of the forms
# goes nowhere (S26, S27), and what shows a secret has all headers (S19).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my %desk = (
    staff     => "AnshinLoginMethods password\nAnshinStaff on\nAnshinReauthenticate 1h\nAnshinAddressAttempts 1000000",
    customers => "AnshinLoginMethods password\nAnshinOperators staff\nAnshinStaffReason on\nAnshinFourEyes bulk"
);
my $s = Anshin::Server->new(clock => 1, sites => \%desk, contract => <<'END')->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinCertificateLifetime 30d
AnshinReauthenticate 1h
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
AnshinAnswerAttempts 100
AnshinCodeAttempts 100
AnshinDownloadAttempts 100
END
my $number = 0;
my @people;
my %live;    # KIND STAGE => { browser, path, right: the fields that take it on }

sub newcomer {
    my ($method) = @_;
    my $p = Anshin::Person->add($s, sprintf('p-01-usr%03d', ++$number), method => $method // 'password');
    push @people, $p;
    return $p;
}

sub registered { my $p = newcomer(@_); $p->register; return $p }
sub inside { my ($p) = @_; my $c = $s->client; Anshin::Person::expect($p->login($c), 303); return $c }
sub proof { my ($p) = @_; return { question => $p->{question}, answer => $p->{answer} } }

# Wait until so many certificates are ready, since the worker makes them when it can.
sub mailed {
    my ($p, $count) = @_;
    my $ready = sub { my @mails = grep { m{/download\?t=} } $p->texts; return @mails >= $count };
    Anshin::Server::wait_for(60, $ready) or die "no certificate for $p->{user}";
    return;
}

# The page that the browser is at, with its cookies.
sub live {
    my ($what, $c, $page, $right) = @_;
    $live{$what} = { browser => $c->clone, cookies => { %{ $c->{cookies} } }, path => $page->{path}, right => $right };
    is($page->status, 200, "live: $what, at $page->{path}");
    return $page;
}

sub on {
    my ($c, $page, $fields, @which) = @_;
    return $c->follow(Anshin::Person::expect($c->submit($page, $fields, @which), 303));
}

# The person says that the result was seen.
sub seen { my ($c, $page) = @_; return on($c, $page, {}, qr{/done\?flow=}) }

{
    my $c = $s->client;
    my $p = newcomer();
    live('REGISTER OPENED', $c, open_flow($c, $p->{path}), { code => $p->{code} });
    $c = $s->client;
    $p = newcomer();
    live('REGISTER CODE_OK', $c, $p->to_credentials($c), $p->credentials);
    $c = $s->client;
    $p = newcomer('certificate');
    live('REGISTER RESULT', $c, on($c, $p->to_credentials($c), $p->credentials), {});
    mailed($p, 1);
    $c = $s->client;
    $p = newcomer('certificate');
    live('REGISTER ENDED', $c, seen($c, on($c, $p->to_credentials($c), $p->credentials)), {});
    mailed($p, 1);
}
for my $stage (qw(OPENED FETCHED RESULT)) {
    my $p = registered('certificate');
    my $c = $s->client;
    my $page = open_flow($c, $p->download_path);
    my $right = { download_password => $p->{download_password}, profile => 'modern' };
    if ($stage ne 'OPENED') {
        Anshin::Person::expect($c->submit($page, $right), 303);
        $page = $c->get($page->{path});
    }
    $page = on($c, $page, {}, qr{/download/done}) if $stage eq 'RESULT';
    live("DOWNLOAD $stage", $c, $page, $right);
}
for my $stage (qw(OPENED CODE_OK)) {
    my $p = registered($stage eq 'OPENED' ? 'otp' : 'password');
    my $c = $s->client;
    if ($stage eq 'CODE_OK') {
        $p->{password} = secret_of(on($c, open_flow($c, reissue_path($c, 'password', $p)), proof($p)));
    }
    my $page = $c->follow(Anshin::Person::expect($p->login($c), 303));
    my $right = { password => 'Sora-to-kumo-5', password_confirm => 'Sora-to-kumo-5' };
    if ($stage eq 'OPENED') {
        $c->submit($page, { send => 1 });
        $right = { code => $p->wait_text(qr/\b(\d{6})\b/) };
        $page = $c->get($page->{path});
    }
    live("LOGIN $stage", $c, $page, $right);
}
for my $what (qw(password certificate)) {
    for my $stage (qw(OPENED RESULT ENDED)) {
        my $p = registered($what);
        $p->download_path if $what eq 'certificate';
        my $c = $s->client;
        my $page = open_flow($c, reissue_path($c, $what, $p));
        $page = on($c, $page, proof($p)) if $stage ne 'OPENED';
        $page = seen($c, $page) if $stage eq 'ENDED';
        live('REISSUE_' . uc($what) . " $stage", $c, $page, proof($p));
        mailed($p, 2) if $what eq 'certificate' && $stage ne 'OPENED';
    }
}
for my $stage (qw(OPENED CODE_OK RESULT)) {
    my $p = registered('certificate');
    $p->download_path;
    my $c = $s->client;
    my $page = open_flow($c, lost_path($c, $p));
    $page = on($c, $page, proof($p)) if $stage ne 'OPENED';
    $page = on($c, $page, { device => 1 }) if $stage eq 'RESULT';
    live("LOST_DEVICE $stage", $c, $page, $stage eq 'OPENED' ? proof($p) : { device => 1 });
}
my %first = (
    TERMINAL => [ '/anshin/terminal/add', { address => 'b@example.jp', address_confirm => 'b@example.jp', kind => 'pc' } ],
    METHOD   => [ '/anshin/method', { method => 'certificate' } ]
);
for my $kind (sort keys %first) {
    for my $stage (qw(OPENED RESULT ENDED)) {
        my $p = registered();
        my $c = inside($p);
        my $page = on($c, $c->get($first{$kind}[0]), $first{$kind}[1]);
        $page = on($c, $page, {}) if $stage ne 'OPENED';
        $page = $c->follow($c->post($page->{path}, { csrf => csrf($page) })) if $stage eq 'ENDED';
        live("$kind $stage", $c, $page, {});
        mailed($p, 1) if $kind eq 'METHOD' && $stage ne 'OPENED';
    }
}
for my $stage (qw(OPENED RESULT)) {
    my $p = registered();
    my $c = inside($p);
    my $page = $c->follow($c->get('/anshin/history/lock'));
    $page = on($c, $page, {}) if $stage eq 'RESULT';
    live("SELF_LOCK $stage", $c, $page, {});
}
for my $stage (qw(OPENED RESULT ENDED)) {
    my $p = registered('certificate');
    my $c = $s->client(cert => $p->fetch);
    expect_link($p->login($c), 303);
    my $page = $c->follow($c->get('/anshin/renewal?n=1'));
    $page = on($c, $page, {}) if $stage ne 'OPENED';
    $page = seen($c, $page) if $stage eq 'ENDED';
    live("RENEWAL $stage", $c, $page, {});
}
# What an ended certificate has begun goes on without it.
my @ended = map { my $p = registered('certificate'); $p->fetch; $p } 1, 2;
$s->later(31 * 86400);
for my $stage (qw(RESULT ENDED)) {
    my $p = shift @ended;
    my $c = $s->client(cert => $p->{pem});
    my $page = on($c, $c->get('/anshin/renewal/ended'), { user => $p->{user}, password => $p->{password} });
    $page = seen($c, $page) if $stage eq 'ENDED';
    live("RENEWAL_ENDED $stage", $c, $page, {});
    mailed($p, 2);
}
$s->later(0);
my ($places) = Anshin::Source::slurp('modules/portal/response/flow_place.c') =~ /\} places\[\] = \{\n(.*?)\n\};/s or die 'no places';
my @places = map { "$_->[0] $_->[1]" } map { [/ANSHIN_FLOW_(\w+), ANSHIN_STAGE_(\w+),/] } split /\n/, $places;
@places = grep { $_ ne 'LOGIN RESULT' } @places;    # leads to the login page, which leads on
is(join("\n", sort keys %live), join("\n", sort @places), 'a live flow for each place of flow_place.c: ' . @places);

# The help desk's pages, each with what its form would take, where an operator stands who may do all of it.
my @customers = map { "kyaku-$_" } 1 .. 4;
my @secret = map { "$_\@kyaku.example" } @customers;    # what a page of another site would like to know
{
    my $c = $s->client(host => 'staff.localhost', ca => undef);
    my @ops = map { Anshin::Person->add($s, "ope-$_", contract => 'staff') } 1, 2;
    my $second = $s->client(host => 'staff.localhost', ca => undef);
    for my $op ([ $ops[0], $c ], [ $ops[1], $second ]) {
        $op->[0]->register($op->[1]);
        command_in($s, 'staff', 'user', 'set', $op->[0]{user}, '--role', 'admin');
        expect_link($op->[0]->login($op->[1]), 303);
    }
    command_in($s, 'customers', 'user', 'add', $customers[$_], '--address', $secret[$_]) for 0 .. $#customers;
    my $link = sub { my ($page, $what) = @_; my ($path) = $page->text =~ /href="([^"]*\Q$what\E[^"]*)"/ or die "no $what"; return $path =~ s/&amp;/&/gr };
    my %why = (why => '電話で依頼');
    my $user = live('DESK /desk/user', $c, $c->follow($c->follow($c->submit($c->get('/anshin/desk'), { q => $customers[0] }, qr{/desk$}))), {});
    live('DESK /desk', $c, $c->get('/anshin/desk'), { q => $customers[0] });
    live('DESK /desk/act', $c, $c->get($link->($user, 'verb=disable')), \%why);
    my $list = live('DESK /desk/list', $c, $c->get('/anshin/desk/list?about=invited'), { all => 1, verb => 'disable' });
    my $order = sub { return $c->follow($c->submit($list, { all => 1, verb => 'disable' }, qr{/desk/list$})) };
    live('DESK /desk/list/act', $c, $order->(), \%why);
    my $waits = $c->follow($c->submit($order->(), \%why, qr{/desk/list/act}));
    live('DESK /desk/waiting', $second, $second->get('/anshin/desk/waiting'), {});
    live('DESK /desk/waiting/decide', $second, $second->get($link->($second->get('/anshin/desk/waiting'), 'step=approve')), {});
    live('DESK /desk/invite', $c, $c->get('/anshin/desk/invite'), { contract => 'customers', user => 'kyaku-9', address => 'kyaku-9@kyaku.example', %why });
}
my @forms_of_desk = map { "DESK $_" } map { $_->{path} } grep { $_->{post} } routes(desk => 1);
is(join(' ', sort grep { $live{$_} } @forms_of_desk), join(' ', sort @forms_of_desk), 'and one at each form of the help desk: ' . @forms_of_desk);

# What the operator sees of everybody.
sub state_of {
    my @seen;
    for my $p (@people) {
        push @seen, map { command($s, @$_, $p->{user}) } [ '--json', 'user', 'show' ], ['history'], [ 'session', 'list' ];
    }
    my @approvals = $s->htanshin('--json', 'approval', 'list', '--all')->{out};
    return join "\n", @seen, @approvals, command_in($s, 'customers', '--json', 'user', 'list'), map { command($s, $_, 'list') } qw(mail cert);
}

sub settled { return !grep { $_->{state} ne 'spooled' } @{ JSON::PP::decode_json(command($s, '--json', 'mail', 'list')) } }

sub ask {
    my ($at, $method, $query, $content) = @_;
    $query =~ s/^\?/&/ if $at->{path} =~ /\?/;
    $at->{browser}{cookies} = { %{ $at->{cookies} } };
    my $form = 'application/x-www-form-urlencoded';
    my $r =
        $method eq 'POST'
        ? $at->{browser}->post("$at->{path}$query", $content, 'Content-Type' => $form)
        : $at->{browser}->request($method, "$at->{path}$query", $content, defined $content ? ('Content-Type' => $form) : ());
    $at->{browser}->close if lc($r->header('Connection') // '') eq 'close';
    return $r;
}

sub told_evil {
    my ($r) = @_;
    my $headers = join "\n", map { "$_->[0]: $_->[1]" } @{ $r->{headers} };
    return $r->body =~ /<script>alert|<img src=x/ || $headers =~ m{evil|^Location: (?:https?:)?[/\\]{2}|[\x00-\x09\x0b-\x1f]}mi;
}

# --- GET and HEAD, with all that the form would take, in the address and in a body (S10) ---

ok(Anshin::Server::wait_for(60, \&settled), 'the worker rests');
my $before = state_of();
my $answers = 0;
my @odd = (
    '?n=-1', '?return=%2F%2Fevil.example%2F', '?lang=en%0d%0aSet-Cookie:%20evil=1', '?x=%3Cscript%3Ealert(1)%3C/script%3E',
    '?done=1', '?%00'
);
for my $what (sort keys %live) {
    my $at = $live{$what};
    my $page = ask($at, 'GET', '');
    $at->{token} = $page->field('csrf') // '';
    my $all = Anshin::Client::encode_form({
        csrf => $at->{token}, password => 'x', password_confirm => 'x', code => '000000', send => 1, method => 'otp',
        kind => 'pc', action => 'remove', address => 'z@example.jp', question => 'pet', answer => 'x', all => 1, %{ $at->{right} }
    });
    my @bad;
    for my $query ('', "?$all", "?$all&_method=POST", @odd) {
        for my $how (qw(HEAD GET)) {
            my $r = ask($at, $how, $query, $how eq 'GET' && length $query < 40 ? $all : undef);
            my $expected = $query =~ /%00/ ? 400 : 200;
            push @bad, "$how $query: " . $r->status if $r->status != $expected;
            push @bad, "$how $query gives something away" if told_evil($r);
            push @bad, map { "$how $query: $_" } without_headers($r);
            $answers++;
        }
    }
    is(join("\n", @bad), '', "S10, S19, S26, S27: $what: GET and HEAD show the page and no more");
}
is(state_of(), $before, "S10: nothing of all this ($answers) has changed anything");

# --- hostile text in every field of their forms (S27) ---

my @hostile = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>", "x\r\nSet-Cookie: evil=1\r\nevil: 1",
    "\x{202e}\x{feff}{{page}}{{{evil}}}%s%n\${evil}", "\x1b]0;evil\x07", "//e.jp/"
);
my @fields = qw(
    user password password_confirm current code terminal question answer address address_confirm kind method key download_password
    profile return action
);
my @forms = grep { !/^DESK | (?:RESULT|ENDED)$/ } sort keys %live;
my %confirms = map { $_ => 1 } 'TERMINAL OPENED', 'METHOD OPENED', 'RENEWAL OPENED', 'SELF_LOCK OPENED';    # which take no field but the token
for my $what (grep { !$confirms{$_} } @forms) {
    my $at = $live{$what};
    my @bad;
    for my $text (@hostile) {
        my $r = ask($at, 'POST', '', { csrf => $at->{token}, map { $_ => $text } @fields });
        my $own = $at->{path} =~ s/\?.*//r;
        if (($r->header('Location') // '') =~ /^(\Q$own\E\?typed=\S+)/) {    # the page keeps what was typed, and complains
            push @bad, Anshin::Client::escape($text) . ' goes somewhere' if told_evil($r);
            my $shown = $at->{browser}->get($1);
            push @bad, Anshin::Client::escape($text) . ': no complaint' if $shown->status != 200 || $shown->text !~ /class="field-errors"/;
            push @bad, Anshin::Client::escape($text) . ' is shown' if told_evil($shown);
            next;
        }
        push @bad, Anshin::Client::escape($text) . ': ' . $r->status if $r->status !~ /^4(?:01|22)$/;
        push @bad, Anshin::Client::escape($text) . ' goes somewhere' if told_evil($r);
    }
    is(ask($at, 'POST', '', { csrf => $at->{token}, map { $_ => "a\0b" } @fields })->status, 400, "S27: $what: NUL");
    is(join("\n", @bad), '', "S27: $what: hostile text in every field is refused and goes nowhere");
    is(ask($at, 'GET', '')->status, 200, 'and leads no step on');
}

# Text in every field of the help desk's: the search looks for it, the others refuse it.
$before = state_of();
for my $what (@forms_of_desk) {
    my $at = $live{$what};
    my @bad;
    for my $text (@hostile) {
        my $r = ask($at, 'POST', '', { csrf => $at->{token}, map { $_ => $text } qw(q why user address name organisation contract verb about rows all order seen step id who page typing) });
        push @bad, Anshin::Client::escape($text) . ': ' . $r->status if $r->status !~ /^(?:303|4\d\d)$/;
        push @bad, Anshin::Client::escape($text) . ' goes somewhere' if told_evil($r);
        my $shown = $r->status == 303 ? $at->{browser}->follow($r) : $r;
        push @bad, Anshin::Client::escape($text) . ' is shown' if told_evil($shown);
    }
    is(ask($at, 'POST', '', { csrf => $at->{token}, map { $_ => "a\0b" } qw(q why user order) })->status, 400, "S27: $what: NUL");
    is(join("\n", @bad), '', "S27: $what: hostile text in every field goes nowhere");
}
is(state_of(), $before, 'S27: and does nothing, to anybody');
my $took = 0;
for my $what (@forms_of_desk) {
    my $at = $live{$what};
    isnt(ask($at, 'POST', '', { %{ $at->{right} } })->status, 303, "S10: $what: a form of another site, without the token");
    my $r = ask($at, 'POST', '', { csrf => $at->{token}, %{ $at->{right} } });
    ok(!told_evil($r), 'S27: goes nowhere');
    $took += $r->status == 303;
}
is($took, scalar @forms_of_desk, 'S29: while the right form leads on from each');

# --- the flows were live all the time: what is right takes each on, whatever else is sent with it ---

for my $what (@forms) {
    my $at = $live{$what};
    my %more = map { $_ => $hostile[0] } grep { !exists $at->{right}{$_} && $_ ne 'action' } @fields, 'unasked';
    my $r = ask($at, 'POST', '', { %more, csrf => $at->{token}, %{ $at->{right} } });
    is($r->status, 303, "S29: $what: the right form leads on");
    ok(!told_evil($r), 'S27: whatever else is in it');
}
unlike($s->log, qr/AN0612|AN0564|AN0562/, 'no fault, no page that could not be drawn');
$s->finish;
done_testing;
