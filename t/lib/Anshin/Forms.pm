package Anshin::Forms;
# Every form of the portal as browsers have it before them, from the login to the end of a download, each filled in.
#
#   my $s = Anshin::Server->new(Anshin::Forms::server())->start;
#   for my $form (Anshin::Forms::walk($s)) { ... }
#
#   $form->{name}, $form->{route}       'terminal', '/terminal/add'; several forms of a page are numbered
#   $form->{names}                      its fields, csrf and named buttons among them
#   $form->submit(%changed)             with what proves nothing: a wrong password, a wrong code
#   $form->submit_right(%changed)       with what is right; fields of the page's own are as the page has them
#   $form->shown($answer)               the page that an error leads to (FLO-2), or the answer itself
#   $form->again                        its page, asked for anew
#
# What is sent comes from the same browser with the same cookies each time, whatever the answers before have set.
use strict;
use warnings;
use utf8;
use HTML::Form;
use Anshin::Attack;
use Anshin::Person;

# What the walk needs of a server: all methods, a contract of the other preset, and that nobody is locked by many tries.
sub server {
    my $lines = join "\n", 'AnshinLoginMethods password otp certificate', 'AnshinCertificateKey p256', 'AnshinReauthenticate 1h',
        'AnshinConfirmAddress on', 'AnshinCertificateLifetime 30d',
        'AnshinAddressAttempts 1000000', map { "Anshin${_}Attempts 100" } qw(Password Answer Code Download);
    my $reissues = 'AnshinFunctions password-reissue certificate-reissue';
    my $soon = $lines =~ s/(?<=AnshinCertificateLifetime )30d/1h/r;    # ended by the clock of the walk
    my %desk = (staff => "$lines\nAnshinStaff on", customers => "$lines\nAnshinOperators staff\nAnshinStaffReason on\nAnshinFourEyes bulk\nAnshinDeskPrint on");
    return (clock => 1, contract => $lines, sites => { %desk, today => [ "$lines\n$reissues", 'modern' ], soon => $soon, unlinked => "$lines\nAnshinMailLinks off" });
}

sub walk {
    my ($s) = @_;
    my $self = bless { server => $s, forms => [], count => 0 }, 'Anshin::Forms::Walk';
    $self->$_ for qw(ended strangers invited members leaving coded certified modern unlinked desk);
    return @{ $self->{forms} };
}

sub submit       { my ($self, %changed) = @_; return $self->browser->post($self->{action}, { %{ $self->{wrong} }, %changed }) }
sub submit_right { my ($self, %changed) = @_; return $self->browser->post($self->{action}, { %{ $self->{right} }, %changed }) }
sub shown        { my ($self, $r) = @_; return $self->{browser}->shown($r) }
sub again        { my ($self) = @_; return $self->browser->get($self->{path}) }

sub browser {
    my ($self) = @_;
    $self->{browser}{cookies} = { %{ $self->{cookies} } };
    return $self->{browser};
}

# --- the walk, by who they are ---

package Anshin::Forms::Walk;
use Anshin::Attack;

my $LATER = 3700;    # seconds that its clock is before ours, since ended()

# The forms of a page: wrong has what proves nothing, right what stands in its place.
sub keep {
    my ($self, $name, $browser, $page, $wrong, $right) = @_;
    $page->status == 200 or die "no page for $name: " . $page->status;
    my (%seen, $count);
    for my $parsed (HTML::Form->parse($page->text, base => $browser->origin . $page->{path})) {
        my $action = $parsed->action->path_query;
        my @inputs = grep { defined $_->name } $parsed->inputs;
        my @names = map { $_->name } @inputs;
        next if $parsed->method ne 'POST' || $seen{"$action @names"}++;
        next if $action =~ m{/logout$} && $page->{path} !~ m{/logout$};    # stands on every page
        my %own = map { $_->name => $_->value // '' } grep { $_->type !~ /^(?:submit|button|image|reset)$/ } @inputs;
        my $form = bless {
            name => $count++ ? "$name, $count" : $name, route => $parsed->action->path =~ s{^/anshin}{}r, action => $action,
            names => \@names, path => $page->{path}, browser => $browser->clone, cookies => { %{ $browser->{cookies} } },
            wrong => { %own, among(\@names, $wrong) }, right => { %own, among(\@names, $wrong), among(\@names, $right) }
        }, 'Anshin::Forms';
        push @{ $self->{forms} }, $form;
    }
    $count or die "no form for $name";
    return $page;
}

sub among { my ($names, $fields) = @_; return map { exists $fields->{$_} ? ($_ => $fields->{$_}) : () } @$names }

sub person {
    my ($self, %want) = @_;
    my $p = Anshin::Person->add($self->{server}, sprintf('p-01-usr%03d', ++$self->{count}), %want);
    $p->register;
    return $p;
}

sub inside {
    my ($self, $p) = @_;
    my $c = $self->{server}->client;
    expect_link($p->login($c), 303);
    return $c;
}

sub strangers {
    my ($self) = @_;
    my $s = $self->{server};
    my $p = $self->person;
    my $guest = $s->client;
    my $login = $guest->follow($guest->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate'));
    $self->keep('login', $guest, $login, { user => $p->{user}, password => 'wrong' }, { password => $p->{password} });
    for my $what (qw(password certificate)) {
        my $wrong = { user => $p->{user}, address => 'x@example.jp' };
        $self->keep("reissue of a $what", $guest, $guest->get("/anshin/reissue/$what"), $wrong, { address => $p->{address} });
    }
    $self->keep('link once more', $guest, $guest->get('/anshin/resend'), { user => $p->{user}, address => 'x@example.jp' }, { address => $p->{address} });
    $self->keep('user IDs by mail', $guest, $guest->get('/anshin/user-id'), { address => 'x@example.jp' }, { address => $p->{address} });
    $self->keep('lost device', $guest, $guest->get('/anshin/lost'), { user => $p->{user}, address => 'x@example.jp' }, { address => $p->{address} });
    my $c = $s->client;
    my $proof = open_flow($c, reissue_path($c, 'password', $p));
    $self->keep('proof by an answer', $c, $proof, { question => 'pet', answer => 'wrong' }, { answer => $p->{answer} });
    my $lost = $self->person;
    my $d = $s->client;
    my $done = $d->submit(open_flow($d, reissue_path($d, 'password', $lost)), { question => 'pet', answer => $lost->{answer} });
    $lost->{password} = secret_of($self->keep('password seen', $d, $d->follow($done)));
    my $e = $s->client;
    my %next = map { $_ => 'Kawa-to-mori-8' } qw(password password_confirm);
    $self->keep('forced change', $e, $e->follow($lost->login($e)), { %next, password => 'short' }, \%next);
    return;
}

sub invited {
    my ($self) = @_;
    my $s = $self->{server};
    my $new = Anshin::Person->add($s, sprintf 'p-01-usr%03d', ++$self->{count});
    my $c = $s->client;
    $self->keep('registration code', $c, open_flow($c, $new->{path}), { code => 'wrong' }, { code => $new->{code} });
    my $right = $new->credentials;
    my $d = $s->client;
    $self->keep('credentials', $d, $new->to_credentials($d), { %$right, password => 'short' }, $right);
    my $certified = Anshin::Person->add($s, sprintf('p-01-usr%03d', ++$self->{count}), method => 'certificate');
    my $e = $s->client;
    $self->keep('download password seen', $e, $e->follow($e->submit($certified->to_credentials($e), $certified->credentials)));
    return;
}

sub members {
    my ($self) = @_;
    my $p = $self->person;
    my $c = $self->inside($p);
    my %right = map { $_ => $p->{password} } qw(current password);
    my %next = map { $_ => 'Kawa-to-mori-8' } qw(password password_confirm);
    $self->keep('reauthenticate', $c, $c->get('/anshin/reauthenticate?return=x'), { password => 'wrong' }, \%right);
    $self->keep('password', $c, $c->get('/anshin/password'), { current => 'wrong', %next }, { %right, %next });
    my $q = $self->person;
    my $d = $self->inside($q);
    my $question = { current => 'wrong', question => 'food', answer => 'すし' };
    $self->keep('question', $d, $d->get('/anshin/question'), $question, { current => $q->{password} });
    my $wrong = { address => 'b@example.jp', address_confirm => 'c@example.jp', kind => 'pc' };
    my $good = { address_confirm => 'b@example.jp' };
    $self->keep('terminal', $d, $d->get('/anshin/terminal/add'), $wrong, $good);
    $self->keep('terminal, changed', $d, $d->get('/anshin/terminal/change?n=1'), $wrong, $good);
    $self->keep('method', $d, $d->get('/anshin/method'), { method => 'password' }, { method => 'otp' });
    my $confirm = $d->follow($d->submit($d->get('/anshin/terminal/add'), { %$wrong, %$good }));
    $self->keep('terminal, confirmed', $d, $confirm);
    $self->keep('terminal, code', $d, $d->follow($d->submit($confirm, {})), { send => 1, code => '000000' });
    return;
}

# Forms that end something as soon as they are sent: each has a user of its own.
sub leaving {
    my ($self) = @_;
    my $p = $self->person;
    my $c = $self->inside($p);
    $self->inside($p) for 1, 2;
    $self->keep('sessions', $c, $c->get('/anshin/sessions'));
    my $d = $self->inside($self->person);
    $self->keep('logout', $d, $d->get('/anshin/logout'));
    my $g = $self->inside($self->person);
    $self->keep('own account, locked', $g, $g->follow($g->get('/anshin/history/lock')));
    my $e = $self->inside($self->person);
    $self->keep('method, confirmed', $e, $e->follow($e->submit($e->get('/anshin/method'), { method => 'otp' })));
    my $f = $self->inside($self->person);
    my $certificate = $f->follow($f->submit($f->get('/anshin/method'), { method => 'certificate' }));
    $self->keep('method, seen', $f, $f->follow($f->submit($certificate)));
    return;
}

sub coded {
    my ($self) = @_;
    my $s = $self->{server};
    my $wrong = { send => 1, code => '000000' };
    my $c = $s->client;
    my $asked = $self->keep('login code', $c, $c->follow($self->person(method => 'otp')->login($c)), $wrong);
    $self->keep('login code, sent', $c, send_code($c, $asked), $wrong);
    my $p = $self->person(method => 'otp');
    my $o = $s->client;
    my $sent = send_code($o, $o->follow($p->login($o)));
    expect_link($o->submit($sent, { code => $p->wait_text(qr/\b(\d{6})\b/) }), 303);
    $self->keep('authenticator', $o, $o->get('/anshin/account/authenticator'), $wrong);
    delete $o->{cookies}{ $_->[0] } for flows($o);
    my $app = $o->get('/anshin/account/authenticator');
    expect_link($o->submit($app, { code => totp(secret_of($app) =~ tr/ //dr, 0, $LATER) }), 303);
    $self->keep('authenticator, enrolled', $o, $o->get('/anshin/account/authenticator'), $wrong);
    $self->keep('account', $o, $o->get('/anshin/account'));
    return;
}

sub certified {
    my ($self) = @_;
    my $s = $self->{server};
    my @both = map { $self->person(method => 'certificate') } 1, 2;
    my ($p, $q) = @both;
    my $wrong = { download_password => 'wrong', profile => 'modern' };
    my ($c, $d, $e) = map { $s->client } 1 .. 3;
    my @right = map { +{ download_password => $_->{download_password} } } @both;
    $self->keep('download', $c, open_flow($c, $p->download_path), $wrong, $right[0]);
    $q->download($d);
    $self->keep('download, fetched', $d, $d->get('/anshin/download'), $wrong, $right[1]);
    my $proof = open_flow($e, reissue_path($e, 'certificate', $p));
    my $guess = { question => 'pet', answer => 'wrong' };
    $self->keep('certificate, proof by an answer', $e, $proof, $guess, { answer => $p->{answer} });
    my ($f, $g, $r) = ($s->client, $s->client, $self->person(method => 'certificate'));
    $r->download_path;
    my $again = open_flow($f, reissue_path($f, 'certificate', $r));
    $self->keep('certificate, seen', $f, $f->follow($f->submit($again, { question => 'pet', answer => $r->{answer} })));
    my $l = $self->person(method => 'certificate');
    $l->download_path;
    my ($h, $k) = ($s->client, $s->client);
    my $lost = lost_path($h, $l);
    $self->keep('lost device, proof by an answer', $h, open_flow($h, $lost), $guess, { answer => $l->{answer} });
    my $choice = $k->follow($k->submit(open_flow($k, $lost), { question => 'pet', answer => $l->{answer} }));
    $self->keep('lost device, chosen', $k, $choice, { device => 9 }, { device => 1 });
    my $t = $self->person(method => 'certificate');
    my $owner = $s->client(cert => $t->fetch($g));
    expect_link($t->login($owner), 303);
    my $new = { address => 'own@example.jp', address_confirm => 'own@example.jp', kind => 'pc' };
    my $confirm = $owner->follow($owner->submit($owner->get('/anshin/terminal/add'), $new));
    $self->keep('terminal, seen', $owner, $owner->follow($t->enter_code($owner, $confirm, 'own@example.jp')));
    $t->download_path('own@example.jp');
    $self->keep('account, a certificate waits', $owner, $owner->get('/anshin/account'));
    my @renewals = map { $owner->follow($owner->get('/anshin/renewal?n=1')) } 1, 2;
    $self->keep('renewal', $owner, $renewals[0]);
    $self->keep('renewal, seen', $owner, $owner->follow($owner->submit($renewals[1])));
    return;
}

# A certificate that has ended: from here on it is an hour later than by the signer's clock.
sub ended {
    my ($self) = @_;
    my $s = $self->{server};
    my $client = sub { return $s->client(host => 'soon.localhost', ca => undef, @_) };
    my $p = Anshin::Person->add($s, 'soon-1', contract => 'soon', method => 'certificate');
    $p->register($client->());
    my $pem = $p->fetch($client->());
    $s->later($LATER);
    my $c = $client->(cert => $pem);
    my %wrong = (user => $p->{user}, password => 'wrong');
    my $page = $self->keep('ended certificate', $c, $c->get('/anshin/renewal/ended'), \%wrong, { password => $p->{password} });
    my $done = $c->submit($page, { user => $p->{user}, password => $p->{password} });
    $self->keep('ended certificate, seen', $c, $c->follow($done));
    return;
}

sub modern {
    my ($self) = @_;
    my $s = $self->{server};
    my $today = sub { return $s->client(host => 'today.localhost', ca => undef) };
    my $p = Anshin::Person->add($s, 'today-1', contract => 'today', method => 'certificate', password => 'Umi-to-yama-to-kawa-7');
    $p->register($today->());
    $p->download_path;    # its certificate is there
    my $code = (command_in($s, 'today', 'user', 'code', $p->{user}) =~ /code:\s*(\S+)/)[0];
    my %right = (password => $code, certificate => $p->{password});
    for my $what (qw(password certificate)) {
        my $c = $today->();
        my $name = $what eq 'password' ? 'proof by a code' : 'certificate, proof by the password';
        $self->keep($name, $c, open_flow($c, reissue_path($c, $what, $p)), { answer => 'wrong' }, { answer => $right{$what} });
    }
    return;
}

# The help desk (ROL-2), at a contract that asks for reasons: what is wrong has none.
sub desk {
    my ($self) = @_;
    my $s = $self->{server};
    my $c = $s->client(host => 'staff.localhost', ca => undef);
    my $p = Anshin::Person->add($s, 'staff-1', contract => 'staff');
    $p->register($c);
    command_in($s, 'staff', 'user', 'set', 'staff-1', '--role', 'admin');
    expect_link($p->login($c), 303);
    command_in($s, 'customers', 'user', 'add', "customer-$_", '--address', "customer-$_\@example.jp") for 1, 2;
    my %why = (why => '電話で依頼');
    my $first = $self->keep('search', $c, $c->get('/anshin/desk'), { q => 'customer-1' });
    my $user = $c->follow($c->follow($c->submit($first, { q => 'customer-1' }, qr{/desk$})));
    my ($act) = $user->text =~ /href="([^"]*verb=disable[^"]*)"/ or die 'no button';
    $self->keep('act', $c, $c->get($act =~ s/&amp;/&/gr), { why => '' }, \%why);
    my $list = $self->keep('list', $c, $c->get('/anshin/desk/list?about=invited'), { all => 1, verb => 'reinvite' });
    my $many = $c->follow($c->submit($list, { all => 1, verb => 'reinvite' }, qr{/desk/list$}));
    $self->keep('many', $c, $many, { why => '' }, \%why);
    my $waits = $c->follow($c->submit($c->follow($c->submit($list, { all => 1, verb => 'reinvite' }, qr{/desk/list$})), \%why, qr{/desk/list/act}));
    my ($withdraw) = $waits->text =~ /href="([^"]*step=withdraw[^"]*)"/ or die 'nothing waits';
    $self->keep('second operator', $c, $c->get($withdraw =~ s/&amp;/&/gr));
    my %new = (contract => 'customers', user => 'customer-3', address => 'customer-3@example.jp');
    $self->keep('invitation', $c, $c->get('/anshin/desk/invite'), { %new, why => '' }, \%why);
    return;
}

# Mail without links: the codes (NOM-1).
sub unlinked {
    my ($self) = @_;
    my $s = $self->{server};
    my $client = sub { return $s->client(host => 'unlinked.localhost', ca => undef) };
    my $p = Anshin::Person->add($s, 'unlinked-1', contract => 'unlinked', method => 'certificate');
    $p->register($client->());
    my $c = $client->();
    my %wrong = (user => $p->{user}, access_code => 'bcdf-ghjk');
    $self->keep('code of a download', $c, $c->get('/anshin/code'), \%wrong, { access_code => $p->access_code('準備ができました') });
    my %said = ('reissue/password' => 'パスワードの再発行を受け付け', 'reissue/certificate' => '電子証明書の再発行を受け付け', lost => '端末をなくしたとき');
    for my $what (sort keys %said) {
        my $d = $client->();
        $self->keep("code, $what", $d, asked_by_code($d, $what, $p), { access_code => 'bcdf-ghjk' }, { access_code => $p->access_code($said{$what}) });
    }
    return;
}

1;
