# The attacker who guesses: many at once, over every path that takes a secret, at two ports of one server and at a second server on
# the same state directory. No more guesses are checked than the contract allows, and nobody else's login suffers from them.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use List::Util qw(sum);
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Processes;
use Anshin::Server;

my %LIMIT = (password => 7, answer => 4, code => 5, download => 6);
my $second_port = Anshin::Server::free_port();
my $contract = <<"END";
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinPasswordAttempts $LIMIT{password}
AnshinAnswerAttempts $LIMIT{answer}
AnshinCodeAttempts $LIMIT{code}
AnshinDownloadAttempts $LIMIT{download}
AnshinAddressAttempts 1000000
END
my %sites = (modern => [ "${contract}AnshinFunctions account password-reissue certificate-reissue", 'modern' ],
    narrow => "AnshinLoginMethods password\nAnshinAddressAttempts 5");

# The virtual host of a contract at the second port.
sub second_host {
    my ($contract, $host) = @_;
    my $head = "<VirtualHost 127.0.0.1:$second_port>\nServerName $host:$second_port\nSSLEngine on\n";
    return $head . Anshin::Server::login_lines($contract) . "</VirtualHost>\n";
}
my $s = Anshin::Server->new(
    contract => $contract, sites => \%sites, server => 'AnshinHashWait 60s',
    extra => <<"END" . second_host('p-01', 'localhost') . second_host('modern', 'modern.localhost')
StartServers 4
@{[Anshin::Processes::spread()]}
ThreadsPerChild 64
MaxRequestWorkers 256
Listen 127.0.0.1:$second_port
END
)->start;
my $other = Anshin::Server->new(
    shares => $s, contract => $contract, sites => \%sites, server => "AnshinCAWorker off\nAnshinHashWait 60s",
    extra => "ThreadsPerChild 64\nMaxRequestWorkers 256"
)->start;

# A browser at the n-th of the three doors. The second port is one that is forwarded: the browser asks for the portal at the first.
sub door {
    my ($n, %want) = @_;
    return $other->client(%want) if $n % 3 == 2;
    return $s->client(%want) if $n % 3 == 0;
    return $s->client(%want, port => $second_port, origin => $s->client(%want)->origin);
}

sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }

# A login form of a browser of its own at that door.
sub login_shot {
    my ($n, $user, $password, %want) = @_;
    my $c = door($n, %want);
    return [$c, '/anshin/login', { marks($c->get('/anshin/login')), user => $user, password => $password }];
}

# How many failures stand in the history since the last look, and how many of them locked.
my %looked;
sub failures {
    my ($who, @kinds) = @_;
    my $before = $looked{$who} // {};
    my $now = $looked{$who} = { results($s, @$who{qw(user contract)}) };
    my ($locked, @others) = map { ($now->{$_} // 0) - ($before->{$_} // 0) } 'now_locked', @kinds;
    return sum($locked, @others) . " checked, $locked locked";
}

# --- S5: passwords, over login, re-authentication, password change and question change ---

my $p = person('p-01-usr001');
for my $round (1 .. 3) {
    my @in = map { door($_) } 0, 2;
    is($p->login($_)->status, 303, 'the thief of a session') for @in;
    my @shots;
    for my $c (@in) {
        my %token = (marks($c->get('/anshin/password')));
        my %new = (password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
        push @shots, map { ([$c, '/anshin/reauthenticate', { %token, password => "guess-$_" }], [$c, '/anshin/password', { %token, %new, current => "guess-$_" }],
            [$c, '/anshin/question', { %token, question => 'food', answer => 'すし', current => "guess-$_" }]) } 1 .. 2;
    }
    push @shots, map { login_shot($_, (uc $p->{user}, " $p->{user}", $p->{user})[ $_ % 3 ], "guess-$_") } 1 .. 24;
    my %before = results($s, $p->{user});
    my @answers = at_once(@shots);
    my %after = results($s, $p->{user});
    my %new = map { $_ => ($after{$_} // 0) - ($before{$_} // 0) } qw(wrong_password now_locked login_ok password_changed question_changed);
    is($new{wrong_password} + $new{now_locked}, $LIMIT{password},
        "S5: round $round: of 36 parallel guesses over four paths, two ports and two servers exactly $LIMIT{password} are checked") or diag statuses(@answers);
    is($new{now_locked}, 1, 'one of which locks');
    is("$new{login_ok} $new{password_changed} $new{question_changed}", '0 0 0', 'and none does anything');
    is(scalar(grep { $_->status !~ /^(?:303|401|403|422|503)$/ } @answers), 0, 'every one is answered') or diag statuses(@answers);
    is($p->login(door($_))->status, 403, "the right password opens nothing at door $_ (LCK-2)") for 0 .. 2;
    command($s, 'user', 'unlock', $p->{user});
}
{
    my ($here, $there) = map { door($_) } 0, 2;
    is($p->login($_)->status, 303, 'one after the other') for $here, $there;
    my %new = (password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
    my @steps = (
        sub { $p->login(door(1), password => 'guess')->status },
        sub { $here->submit($here->get('/anshin/reauthenticate'), { password => 'guess' })->status },
        sub { $there->submit($there->get('/anshin/password'), { %new, current => 'guess' })->status },
        sub { $p->login(door(2), password => 'guess')->status },
        sub { $here->submit($here->get('/anshin/question'), { current => 'guess', question => 'food', answer => 'すし' })->status },
        sub { $p->login(door(0), password => 'guess', user => uc $p->{user})->status },
        sub { $there->submit($there->get('/anshin/reauthenticate'), { password => 'guess' })->status }
    );
    my @seen = map { $_->() } @steps;
    is("@seen", '401 422 422 401 422 401 403', 'S5: guesses by turns over all paths and doors share one counter, whose seventh locks');
    is($_->get('/anshin/account')->status, 303, 'which ends the sessions that were guessed in (S16)') for $here, $there;
    command($s, 'user', 'unlock', $p->{user});
}

# --- S5: secret answers, over both links of a reissue ---

my $victim = person('p-01-usr002', method => 'certificate');
my $pem = $victim->fetch;
{
    my %path = map { $_ => reissue_path($s->client, $_, $victim) } qw(password certificate);
    my @shots;
    for my $n (1 .. 18) {
        my $what = $n % 2 ? 'password' : 'certificate';
        my $c = door($n);
        push @shots, [$c, "/anshin/reissue/$what/prove", { marks(open_flow($c, $path{$what})), question => ('pet', 'food')[ $n % 4 == 3 ], answer => "guess $n" }];
    }
    my $c = $s->client;
    my $opened = open_flow($c, $path{password});
    my @answers = at_once(@shots);
    is(failures($victim, 'wrong_proof'), "$LIMIT{answer} checked, 1 locked", "S5: of 18 parallel answers over two links exactly $LIMIT{answer} are checked")
        or diag statuses(@answers);
    is($c->submit($opened, { question => 'pet', answer => $victim->{answer} })->status, 403, 'the right one opens nothing any more (LCK-2)');
    command($s, 'user', 'unlock', $victim->{user});
}

# --- S5: the password and the operator's code, where a contract asks for them as the proof of a reissue ---

{
    my %modern = (host => 'modern.localhost', ca => undef);
    my %want = (contract => 'modern', method => 'certificate', password => 'Umi-to-yama-to-kawa-7');
    my $owner = Anshin::Person->add($s, 'p-01-usr009', %want);
    $owner->register($s->client(%modern));
    my $own = $owner->fetch($s->client(%modern));
    my $unlock = sub { command_in($s, 'modern', 'user', 'unlock', $owner->{user}) };
    my %path = map { $_ => reissue_path($s->client(%modern), $_, $owner) } qw(password certificate);
    my $proof = sub {
        my ($n, $what, $answer) = @_;
        my $c = door($n, %modern);
        return [$c, "/anshin/reissue/$what/prove", { marks(open_flow($c, $path{$what})), answer => $answer }];
    };
    my $login = sub { my ($n, $word) = @_; return login_shot($n, $owner->{user}, $word, cert => $own, %modern) };
    my @right = map { $proof->($_, 'certificate', $owner->{password}) } 0 .. 2;    # before: a locked account has no form
    my @answers = at_once(map { ($proof->($_, 'certificate', "guess-$_"), $login->($_, "guess-$_")) } 1 .. 12);
    is(failures($owner, 'wrong_password'), "$LIMIT{password} checked, 1 locked",
        "S5: of 24 parallel passwords at the login and at the reissue of a certificate exactly $LIMIT{password} are checked")
        or diag statuses(@answers);
    my $alone = sub { my ($answer) = at_once($_[0]); return $answer->status };
    for my $n (0 .. 2) {
        is($alone->($right[$n]), 403, "the right one proves nothing any more at door $n (LCK-2)");
    }
    is($alone->($login->(0, $owner->{password})), 401, 'and opens nothing, which this contract tells nobody');
    $unlock->();
    my @steps = map { ($proof->($_, 'certificate', 'guess'), $login->($_ + 1, 'guess'), $login->($_ + 2, 'guess')) } 0, 1;
    my @seen = map { $alone->($_) } @steps, $proof->(2, 'certificate', 'guess');
    is("@seen", '422 401 401 422 401 401 403', 'S5: by turns the two share one counter, whose seventh locks');
    is(failures($owner, 'wrong_password'), "$LIMIT{password} checked, 1 locked", 'each of them was checked');
    $unlock->();

    my ($code) = command_in($s, 'modern', 'user', 'code', $owner->{user}) =~ /code:\s*(\S+)/ or die 'no code of the operator';
    my $typed = $proof->(1, 'password', $code);
    @answers = at_once(map { $proof->($_, 'password', "guess-$_") } 1 .. 15);
    is(failures($owner, 'wrong_proof'), "$LIMIT{answer} checked, 1 locked",
        "S5: of 15 parallel codes of the operator exactly $LIMIT{answer} are checked") or diag statuses(@answers);
    is($alone->($typed), 403, 'the right one proves nothing any more (LCK-2)');
    $unlock->();
    is($alone->($proof->(2, 'certificate', $owner->{password})), 303, 'unlocked, the password proves');
    is($alone->($proof->(2, 'password', $code)), 303, 'and the code');
}

# --- S5: codes of a registration and of a login, download passwords ---

{
    my $new = Anshin::Person->add($s, 'p-01-usr003');
    my @answers = at_once(map { my $c = door($_); [$c, '/anshin/register', { marks(open_flow($c, $new->{path})), code => "guess$_" }] } 1 .. 16);
    is(failures($new, 'wrong_code'), "$LIMIT{code} checked, 0 locked", "S5: of 16 parallel registration codes exactly $LIMIT{code} are checked") or diag statuses(@answers);
}
{
    my $coded = person('p-01-usr004', method => 'otp');
    my @shots;
    for my $n (1 .. 15) {
        my $c = door($n);
        my $page = $c->follow($coded->login($c));
        $c->submit($page, { send => 1 }) if $n == 1;
        push @shots, [$c, '/anshin/login/code', { marks($page), code => sprintf '%06d', $n }];
    }
    my $code = $coded->wait_text(qr/\b(\d{6})\b/);
    my @answers = at_once(grep { $_->[2]{code} ne $code } @shots);
    is(failures($coded, 'wrong_code'), "$LIMIT{code} checked, 1 locked", "S5: of 15 parallel login codes exactly $LIMIT{code} are checked") or diag statuses(@answers);
    my $shot = $shots[-1];
    $shot->[2]{code} = $code;
    my ($late) = at_once($shot);
    is($late->status, 403, 'the code that was mailed opens nothing any more (LCK-2)');
}
{
    my $app = person('p-01-usr008', method => 'otp');
    my $in = $s->client;
    my $sent = send_code($in, $in->follow($app->login($in)));
    is($in->submit($sent, { code => $app->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'a user of mailed codes');
    my $page = $in->get('/anshin/account/authenticator');
    my $secret = app_secret($page);
    is($in->submit($page, { code => totp($secret) })->status, 303, 'becomes one of an authenticator app');
    my %right = map { totp($secret, $_) => 1 } -3 .. 9;
    my @wrong = (grep { !$right{$_} } map { sprintf '%06d', $_ } 1 .. 30)[0 .. 14];
    my @shots;
    for my $n (0 .. $#wrong) {
        my $c = door($n);
        my $step = $c->follow($app->login($c));
        push @shots, [$c, '/anshin/login/code', { marks($step), code => $wrong[$n] }];
    }
    my @answers = at_once(@shots);
    is(failures($app, 'wrong_code'), "$LIMIT{code} checked, 1 locked",
        "S5: of 15 parallel codes of an app exactly $LIMIT{code} are checked") or diag statuses(@answers);
    my $shot = $shots[0];
    $shot->[2]{code} = totp($secret, 1);
    is((at_once($shot))[0]->status, 403, 'the right one opens nothing any more (LCK-2)');
    command($s, 'user', 'unlock', $app->{user});
    is((at_once($shot))[0]->status, 303, 'until the operator unlocks');
}
{
    my $waiting = person('p-01-usr005', method => 'certificate');
    my $path = $waiting->download_path;
    my @answers = at_once(map { my $c = door($_); [$c, '/anshin/download', { marks(open_flow($c, $path)), download_password => "guess$_", profile => 'modern' }] } 1 .. 16);
    my %told = results($s, $waiting->{user});
    is($told{wrong_download_password}, $LIMIT{download}, "S5: of 16 parallel download passwords exactly $LIMIT{download} are checked") or diag statuses(@answers);
}
for my $option (qw(AnshinPasswordAttempts AnshinAnswerAttempts AnshinCodeAttempts AnshinDownloadAttempts)) {
    my $conf = $s->root . '/more.conf';
    Anshin::PKI::write_text($conf, Anshin::PKI::read_text($s->root . '/httpd.conf') =~ s/$option \d+/$option 101/r);
    my $r = $s->run(Anshin::Server::httpd(), '-f', $conf, '-t');
    like($r->{err}, qr/$option: "101" is not allowed; give a number from 1 to 100/, "S5: never more than 100: $option");
}

# --- S6: unknown IDs, by whatever spelling, over all doors ---

{
    my @answers = at_once(map { login_shot($_, ('p-01-nobody', 'P-01-Nobody', ' p-01-nobody ', 'p-01-NOBODY')[ $_ % 4 ], 'guess') } 1 .. 20);
    my $told = sub { my @wrong = grep { $_->status == 401 } @_; return @wrong . ' wrong, ' . (grep({ $_->status == 403 } @_) ? 'then locked' : 'never locked') };
    is($told->(@answers), $LIMIT{password} - 1 . ' wrong, then locked', 'S6: guesses for an ID that does not exist, spelt in four ways at three doors, meet one counter') or diag statuses(@answers);
    my $known = person('p-01-usr006');
    my @known = at_once(map { login_shot($_, ('p-01-usr006', 'P-01-Usr006', ' p-01-usr006 ', 'p-01-USR006')[ $_ % 4 ], 'guess') } 1 .. 20);
    is($told->(@known), $told->(@answers), 'S6: which looks like that of one who does') or diag statuses(@known);
}

# --- S-18: an address, over two servers ---

{
    my %narrow = (host => 'narrow.localhost', ca => undef);
    my @answers = at_once(map { login_shot($_ * 3 + ($_ % 2 ? 2 : 0), "p-01-nobody$_", 'guess', %narrow) } 1 .. 20);
    is(scalar(grep { $_->status == 401 } @answers), 5, 'LCK-4, S-18: of 20 parallel guesses of an address at 20 IDs exactly 5 are checked')
        or diag statuses(@answers);
    is(scalar(grep { $_->status !~ /^(?:401|429|503)$/ } @answers), 0, 'the others must wait') or diag statuses(@answers);
}

# --- S7: while strangers guess, the user of a certificate logs in, at every door ---

{
    my $enemy = person('p-01-usr007', method => 'certificate');
    my $theirs = $enemy->fetch;
    my $refused = 0;    # 81, where no slot is waited for too long: that is 503, and nothing was tried
    for my $round (1 .. 3) {
        my @shots;
        for my $n (1 .. 24) {
            push @shots, login_shot($n, $victim->{user}, "guess-$n", $n % 2 ? (cert => $theirs) : ());
            push @shots, login_shot($n, $victim->{user}, $victim->{password}, cert => $pem) if $n % 6 == 0;
            push @shots, login_shot($n + 1, $victim->{user}, $victim->{password}, cert => $theirs) if $n % 8 == 0;
        }
        my @right = grep { ($shots[$_][0]{cert} // '') eq $pem } 0 .. $#shots;
        my @answers = at_once(@shots);
        is(statuses(@answers[@right]), '303 x 4', "S7: round $round: amid 27 parallel guesses of strangers the user of a certificate logs in each time");
        is(scalar(grep { $_->status == 303 } @answers), scalar @right, 'and nobody else does, with the right password either (S20)');
        $refused += grep { $_->status !~ m{^(?:303|503)$} } @answers;
    }
    my %told = results($s, $victim->{user});
    cmp_ok($refused, '>', 60, "strangers were refused: $refused");
    is($told{wrong_certificate}, $refused, 'each stranger stands in the history (S28)');
    is($told{wrong_password} // 0, 0, 'and none as a wrong password of the user');
    unlike(command($s, 'user', 'show', $victim->{user}), qr/locked:?\s+(?:password|answer|code|download)/i, 'nothing is locked');
}

my @children = map { [Anshin::Processes->new($_)->answered] } $s, $other;
cmp_ok(scalar @{ $children[0] }, '>', 1, "several children of one httpd were at work: @{ $children[0] }");
cmp_ok(scalar @{ $children[1] }, '>', 0, "and of the other: @{ $children[1] }");
unlike($s->log . $other->log, qr/guess/, 'no guess in a log (S28)');
# No door was closed for another reason: none of all these forms was refused since its origin is not the portal's, as one is that
# the second port is asked for by its own name (ISO-3).
{
    unlike($_->log, qr/AN0960/, 'S5: every guess went to the portal itself') for $s, $other;
    my $q = person('p-01-usr090');
    my $c = $s->client;
    my %form = (marks($c->get('/anshin/login')), user => $q->{user}, password => 'wrong');
    my $direct = $c->clone(port => $second_port, origin => "https://localhost:$second_port", cookies => { %{ $c->{cookies} } });
    my @history = entries($s, $q->{user});
    is($direct->post('/anshin/login', \%form)->status, 403, 'ISO-3: at another port by its own name a login is refused');
    like($s->log, qr/AN0960/, 'for that reason');
    is(scalar(() = entries($s, $q->{user})), scalar @history, 'and stands in no history');
}

$other->finish;
$s->finish;

# --- S4: hashing takes so much memory and no more ---

$s = Anshin::Server->new(contract => "AnshinLoginMethods password\nAnshinAddressAttempts 1000000", server => <<'END')->start;
AnshinHashMemory 65536
AnshinHashPasses 4
AnshinHashSlots 1
AnshinHashWait 1s
END
sub memory {
    my ($field) = @_;
    my $sum = 0;
    for my $child (split ' ', Anshin::PKI::read_text('/proc/' . $s->pid . '/task/' . $s->pid . '/children')) {
        my ($kib) = (eval { Anshin::PKI::read_text("/proc/$child/status") } // '') =~ /^$field:\s+(\d+) kB/m;
        $sum += $kib // 0;
    }
    return int $sum / 1024;
}
my $q = person('p-01-usr001');
my $before = memory('VmRSS');
my @answers = at_once(map { my $c = $s->client; [$c, '/anshin/login', { marks($c->get('/anshin/login')), user => "nobody$_", password => 'x' }] } 1 .. 40);
my $grown = memory('VmHWM') - $before;
cmp_ok($grown, '<', 4 * 64 + 200, "S4: 40 hashes of 64 MiB at once take one slot a process, not 2560 MiB: $grown MiB");
my @refused = grep { $_->status == 503 } @answers;
is(scalar(grep { $_->status == 401 } @answers) + @refused, 40, 'S4: the surplus waits, then gets 503') or diag statuses(@answers);
cmp_ok(scalar @refused, '>', 0, 'S4: which some did: ' . @refused);
is(scalar(grep { ($_->header('Retry-After') // '') =~ /^\d+$/ } @refused), scalar @refused, 'S4: each with Retry-After');
is($q->login($s->client)->status, 303, 'S4: afterwards a login is one');
sub stored { return join '', map { -f $_ ? Anshin::PKI::read_text($_) : '' } glob $s->state . '/store/*' }
like(stored(), qr/\$argon2id\$v=19\$m=65536,t=4,p=1\$/, 'S4: the parameters are stored with the hash');
$s->{server} = 'AnshinHashMemory 16384';
$s->configure;
$s->graceful;
unlike(stored(), qr/\$argon2id\$v=19\$m=16384/, 'S4: an old hash');
is($q->login($s->client)->status, 303, 'S4: is good');
like(stored(), qr/\$argon2id\$v=19\$m=16384,t=1,p=1\$/, 'S4: and made anew at the login');
is($q->login($s->client)->status, 303, 'S4: by which one logs in');
$s->finish;
done_testing;
