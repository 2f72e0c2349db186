# The attacker who sends the same thing twice at the same moment, from two browsers at two servers: of two forms with one token, one
# code, one current password exactly one wins, round after round; what the other one said is nowhere.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $ROUNDS = $ENV{ANSHIN_SANITIZE} ? 2 : 6;    # sanitized: memory, which another order of things does not change
my $contract = <<'END';
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinTerminals 2
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
AnshinCodeAttempts 100
END
my $s = Anshin::Server->new(contract => $contract)->start;
my $other = Anshin::Server->new(shares => $s, contract => $contract, server => 'AnshinCAWorker off')->start;

sub two { return ($s->client, $other->client) }
sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }

# How many were led on to where the winner goes, and which it was.
sub outcome {
    my ($won, @answers) = @_;
    my @winners = grep { $answers[$_]->status == 303 && $answers[$_]->header('Location') =~ $won } 0 .. $#answers;
    return (scalar @winners, $winners[0] // 0);
}

# Whose password is it? One of the two.
sub only_password_of {
    my ($p, $winner, @passwords) = @_;
    my @in = map { $p->login($s->client, password => $_)->status == 401 ? 0 : 1 } @passwords;
    is("@in", $winner ? '0 1' : '1 0', 'what the winner typed is the password, what the other typed is not');
    $p->{password} = $passwords[$winner];
    return;
}

my (@people, @reissued);
for my $round (1 .. $ROUNDS) {
    my @passwords = map { "Umi-$_-yama-$round" } qw(one two);
    my $new = sub { my ($n) = @_; return (password => $passwords[$n], password_confirm => $passwords[$n]) };
    my $p = Anshin::Person->add($s, "p-01-usr00$round");

    # registration: one link in two browsers, both past the code
    my @c = two();
    my @pages = map { $p->to_credentials($_) } @c;
    my @answers = at_once(map { [$c[$_], '/anshin/register/credentials', { %{ $p->credentials }, marks($pages[$_]), $new->($_) }] } 0, 1);
    my ($won, $winner) = outcome(qr{/register/done}, @answers);
    is($won, 1, "S29: round $round: of two registrations with one link one wins") or diag statuses(@answers);
    is($answers[ 1 - $winner ]->status, 410, 'S9: the other finds the link used');
    only_password_of($p, $winner, @passwords);

    # password change: two browsers, one current password
    @c = two();
    is($p->login($_)->status, 303, 'two browsers of one user') for @c;
    my $current = $p->{password};
    @passwords = map { "Kawa-$_-mori-$round" } qw(one two);
    @answers = at_once(map { [$c[$_], '/anshin/password', { csrf => csrf($c[$_]->get('/anshin/password')), current => $current, $new->($_) }] } 0, 1);
    my %told = results($s, $p->{user});
    is($told{password_changed}, 1, "S29: round $round: of two changes with one current password one wins") or diag statuses(@answers);
    $winner = $answers[0]->status == 303 && $answers[0]->header('Location') !~ /login/ ? 0 : 1;
    only_password_of($p, $winner, @passwords);
    is($c[ 1 - $winner ]->get('/anshin/account')->status, 303, 'S16: the session of the other has ended');

    # reissue: one link in two browsers
    my $path = reissue_path($s->client, 'password', $p);
    @c = two();
    @answers = at_once(map { [$_, '/anshin/reissue/password/prove', { marks(open_flow($_, $path)), question => $p->{question}, answer => $p->{answer} }] } @c);
    ($won, $winner) = outcome(qr{/reissue/password/done}, @answers);
    is($won, 1, "S29: round $round: of two reissues with one link one wins") or diag statuses(@answers);
    is($answers[ 1 - $winner ]->status, 410, 'S9: the other finds the link used');
    $c[$winner]->keep_cookies($answers[$winner]);
    $p->{password} = secret_of($c[$winner]->get('/anshin/reissue/password/done'));

    # the change that it demands: two logins with the reissued password
    @c = two();
    @pages = map { $_->follow($p->login($_)) } @c;
    @passwords = map { "Sora-$_-kumo-$round" } qw(one two);
    @answers = at_once(map { [$c[$_], '/anshin/login/change', { marks($pages[$_]), $new->($_) }] } 0, 1);
    %told = results($s, $p->{user});
    is(($told{password_changed} // 0), 2, "S29: round $round: of two forced changes one wins") or diag statuses(@answers);
    ($won, $winner) = outcome(qr{^/$}, @answers);
    is($won, 1, 'and opens a session');
    only_password_of($p, $winner, @passwords);

    # terminals: two pages add one each where there is room for one
    @c = two();
    is($p->login($_)->status, 303, 'two browsers') for @c;
    my @addresses = map { "$_$round\@example.jp" } qw(one two);
    my @forms = map { $c[$_]->follow($c[$_]->submit($c[$_]->get('/anshin/terminal/add'), { address => $addresses[$_], address_confirm => $addresses[$_], kind => 'pc' })) } 0, 1;
    @answers = at_once(map { [$c[$_], '/anshin/terminal/confirm', { marks($forms[$_]) }] } 0, 1);
    %told = results($s, $p->{user});
    is($told{terminal_added}, 1, "S29: round $round: of two terminals where there is room for one, one is added") or diag statuses(@answers);

    # method: two pages to two methods
    @forms = map { $c[$_]->follow($c[$_]->submit($c[$_]->get('/anshin/method'), { method => (qw(otp certificate))[$_] })) } 0, 1;
    @answers = at_once(map { [$c[$_], '/anshin/method/confirm', { marks($forms[$_]) }] } 0, 1);
    %told = results($s, $p->{user});
    is($told{method_changed}, 1, "S29: round $round: of two method changes one wins") or diag statuses(@answers);
    ($won, $winner) = outcome(qr{/method/done}, @answers);
    is($won, 1, 'and its page says so');
    like(command($s, 'user', 'show', $p->{user}), $winner ? qr/method:?\s+certificate/ : qr/method:?\s+otp/, 'which is the method that the account has');
}

# --- one-time passwords: mailed and of an app (S25) ---

for my $round (1 .. $ROUNDS) {
    my $p = person("p-01-usr02$round", method => 'otp');
    my @c = two();
    my @pages = map { $_->follow($p->login($_)) } @c;
    $c[ $round % 2 ]->submit($pages[ $round % 2 ], { send => 1 });
    my $code = $p->wait_text(qr/\b(\d{6})\b/);
    my @answers = at_once(map { [$c[$_], '/anshin/login/code', { marks($pages[$_]), code => $code }] } 0, 1);
    is(statuses(@answers), '303 x 1, 422 x 1', "S29: round $round: of two logins with one mailed code one gets in (LOG-7)");
    my ($winner) = grep { $answers[$_]->status == 303 } 0, 1;
    $c[$winner]->keep_cookies($answers[$winner]);

    my $page = $c[$winner]->get('/anshin/account/authenticator');
    my $secret = app_secret($page);
    is($c[$winner]->submit($page, { code => totp($secret) })->status, 303, 'an app is enrolled');
    @c = (two(), two());
    my @tokens = map { +{ marks($_->follow($p->login($_))) } } @c;
    $code = totp($secret, 1);
    @answers = at_once(map { [$c[$_], '/anshin/login/code', { %{ $tokens[$_] }, code => $code }] } 0 .. $#c);
    is(statuses(@answers), '303 x 1, 422 x 3', "S25: round $round: of four logins with one code of an app one gets in");
    my ($loser) = grep { $answers[$_]->status == 422 } 0 .. $#c;
    is((at_once([$c[$loser], '/anshin/login/code', { %{ $tokens[$loser] }, code => $code }]))[0]->status, 422, 'S25: nor is it taken later');
    command($s, 'session', 'end', $p->{user});
}

# --- certificates: one link, two downloads, two ends, two reissues ---

for my $round (1 .. ($ENV{ANSHIN_SANITIZE} ? 1 : 3)) {
    my $p = person("p-01-usr03$round", method => 'certificate');
    my $path = $p->download_path;
    my @c = two();
    my @pages = map { open_flow($_, $path) } @c;
    my %right = (download_password => $p->{download_password}, profile => 'modern');
    my @answers = at_once(map { [$c[$_], '/anshin/download', { %right, marks($pages[$_]) }] } 0, 1);
    is(statuses(@answers), '303 x 2', 'the file can be fetched until the end is said (CRT-2)');
    my ($file, $same) = map { Anshin::Person::arrive($c[$_], $answers[$_])->body } 0, 1;
    is($same, $file, 'by both the same');
    $c[$_]->keep_cookies($answers[$_]) for 0, 1;
    my $late = $s->client;
    my $page = open_flow($late, $path);
    @answers = at_once((map { [$c[$_], '/anshin/download/done', { marks($pages[$_]) }] } 0, 1), map { [$late, '/anshin/download', { %right, marks($page) }] } 0 .. 2);
    my ($ended) = outcome(qr{/download/done}, @answers[0, 1]);
    is($ended, 1, "S29: round $round: the end of a download is taken once") or diag statuses(@answers);
    is(scalar(grep { !/^(?:303|410)$/ } map { $_->status } @answers[2 .. 4]), 0, 'S29: who fetches meanwhile is told so or comes in time') or diag statuses(@answers);
    isnt($late->get('/anshin/download/file?file=modern')->status, 200, 'S9: and gets the file no more');
    my ($after) = at_once([$late, '/anshin/download', { %right, marks($page) }]);
    is($after->status, 410, 'S9: and nobody gets it afterwards');

    my $link = reissue_path($s->client, 'certificate', $p);
    @c = two();
    @answers = at_once(map { [$_, '/anshin/reissue/certificate/prove', { marks(open_flow($_, $link)), question => $p->{question}, answer => $p->{answer} }] } @c);
    my ($won, $winner) = outcome(qr{/reissue/certificate/done}, @answers);
    is($won, 1, "S29: round $round: of two reissues of a certificate with one link one wins") or diag statuses(@answers);
    $c[$winner]->keep_cookies($answers[$winner]);
    $p->{download_password} = secret_of($c[$winner]->get('/anshin/reissue/certificate/done'));
    my %seen;
    Anshin::Server::wait_for(60, sub { $seen{$_} = 1 for map { m{(download\?t=[\w-]+)} } $p->texts; return keys %seen == 2 });
    is(scalar(() = command($s, 'cert', 'list', '--user', $p->{user}) =~ /active/g), 1, 'S23: and one certificate is active afterwards');
    is($p->login($s->client(cert => $p->fetch))->status, 303, 'with which one logs in');
}
$other->finish;
$s->finish;
done_testing;
