# The attacker without an account: nobody is locked out over any path (S7, LCK-3), no answer tells who exists (S8), and every
# attempt is written down (S28).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Time::HiRes ();
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END', sites => { silent => <<'MORE' })->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinPasswordAttempts 3
AnshinAnswerAttempts 3
AnshinCodeAttempts 3
AnshinDownloadAttempts 3
AnshinAddressAttempts 1000000
AnshinReauthenticate 1h
END
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinPasswordAttempts 4
AnshinShowLocked off
AnshinAddressAttempts 1000000
MORE

sub ask { my ($c, $what, $user, $address) = @_; return $c->submit($c->get("/anshin/$what"), { user => $user, address => $address }) }

# --- a certificate user, attacked over every path that a stranger has (S7, LCK-3) ---

my $victim = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$victim->register;
my $other = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
$other->register;
my $pem = $victim->fetch;
my %strangers = (
    'without a certificate' => {}, 'with another user\'s certificate' => { cert => $other->fetch },
    'with a certificate of another CA' => { cert => $s->foreign->issue('p-01-usr001') },
    'with one of our name that we never issued' => { cert => $s->pki->issue('p-01-usr001') }, 'over HTTP/2' => { http => 2 }
);
for my $how (sort keys %strangers) {
    my $c = $s->client(%{ $strangers{$how} });
    my @answers = map { my $p = $_; $victim->login($c, user => $p, password => 'guess')->status } $victim->{user}, uc $victim->{user}, " $victim->{user} ", ($victim->{user}) x 4;
    is_deeply([ grep { $_ != 401 && $_ != 403 } @answers ], [], "guesses $how are refused (LOG-4)");
    is($victim->login($c)->status, 403, 'even the right password opens nothing, and the lock that is shown is the stranger\'s (LOG-2)');
    is($victim->login($s->client(cert => $pem))->status, 303, "the user gets in all the same: $how (S7, LCK-3)");
}
my $stranger = $s->client;
my @asked = qw(reissue/password reissue/certificate resend user-id);
ask($stranger, $_, $victim->{user}, 'x@example.jp') for (@asked) x 5;
ask($stranger, $_, $victim->{user}, $victim->{address}) for (@asked) x 5;
for my $path ('register', 'download', 'reissue/password/prove', 'reissue/certificate/prove') {
    for my $n (1 .. 5) {
        my $page = $stranger->follow($stranger->get("/anshin/$path?t=" . substr("$n" . 'A' x 43, 0, 43)));
        is($page->status, 410, "a link that nobody sent: $path (S9)");
        $stranger->post("/anshin/$path", { csrf => csrf($stranger->get('/anshin/login')), flow => ($page->{path} =~ /flow=(\w+)/)[0], code => 'x', answer => 'x', question => 'pet', download_password => 'x', profile => 'modern' });
    }
}
{
    my $in = $s->client(cert => $pem);
    is($victim->login($in)->status, 303, 'after all of it the user logs in (S7, LCK-3)');
    is($in->get('/members/')->status, 200, 'and is let in');
    is($in->submit($in->get('/anshin/reauthenticate'), { password => $victim->{password} })->status, 303, 'the password counts nothing against the user');
    my $c = $s->client;
    my $done = $c->follow($c->submit($c->follow($c->get($victim->reissue_path('certificate'))), { question => 'pet', answer => $victim->{answer} }));
    is($done->status, 200, 'the secret answer is not locked, a new certificate is on its way (S7)');
    my ($password) = $done->text =~ /id="secret"[^>]*>([^<]+)</;
    $victim->{download_password} = $password;
    my %seen;
    Anshin::Server::wait_for(60, sub { %seen = map { $_ => 1 } map { m{(download\?t=[\w-]+)} } $victim->texts; keys %seen == 2 });
    is($victim->login($s->client(cert => $victim->fetch))->status, 303, 'neither is the download: the new certificate logs in (S7)');
}
my %told = results($s, $victim->{user});
is($told{wrong_certificate}, 8 * keys %strangers, 'each attempt of the strangers is in the history, with its reason (S28)') or diag explain \%told;
is($told{now_locked} // 0, 0, 'and none has locked anything');
unlike(command($s, 'user', 'show', $victim->{user}), qr/locked:?\s+(?:password|answer|code|download)/i, 'nothing is locked for the operator either');

# --- who exists? (S8) ---

my %people;
for my $kind (qw(password otp certificate pending disabled locked counted)) {
    my $p = Anshin::Person->add($s, "silent-$kind", contract => 'silent', method => $kind =~ /otp|certificate/ ? $kind : 'password');
    $p->register($s->client(host => 'silent.localhost', ca => undef)) unless $kind eq 'pending';
    $people{$kind} = $p;
}
command_in($s, 'silent', 'user', 'disable', 'silent-disabled');
command_in($s, 'silent', 'user', 'lock', 'silent-locked');

# What is new in every answer, blotted out.
sub plain {
    my ($r, @typed) = @_;
    my $text = $r->alike;
    $text =~ s/\Q$_\E//g for @typed;
    my @headers = map { my ($name, $value) = @$_; $value =~ s/=[\w-]{30,}/=/g; $name =~ /^(?:Date|Content-Length)$/i ? $name : "$name: $value" } @{ $r->{headers} };
    return join "\n", $r->status, sort(@headers), $text;
}

my $silent = $s->client(host => 'silent.localhost', ca => undef);
my @kinds = ((sort keys %people), 'nobody');
for my $round (1 .. 5) {
    my (%answer, %took);
    for my $kind (@kinds) {
        my $page = $silent->get('/anshin/login');
        my $began = Time::HiRes::time();
        my $r = $silent->submit($page, { user => "silent-$kind", password => 'a-wrong-one' });
        $took{$kind} = int 1e4 * (Time::HiRes::time() - $began);
        $answer{$kind} = plain($r, "silent-$kind");
    }
    is($answer{$_}, $answer{nobody}, "round $round: a wrong password of $_ is answered like that of nobody, header by header (S8)") for grep { $_ ne 'nobody' } @kinds;
    note 'tenths of a millisecond: ', join ', ', map { "$_ $took{$_}" } @kinds;
}
{
    my $right = $silent->submit($silent->get('/anshin/login'), { user => 'silent-locked', password => $people{locked}{password} });
    my $wrong = $silent->submit($silent->get('/anshin/login'), { user => 'silent-nobody', password => 'x' });
    is(plain($right, 'silent-locked'), plain($wrong, 'silent-nobody'), 'the right password of a locked account is answered like a wrong one of nobody (S8, LCK-2)');
}
for my $what (@asked) {
    my %answer;
    for my $kind (@kinds, 'mismatch') {
        my $address = $people{$kind} ? $people{$kind}{address} : 'x@example.jp';
        my $r = ask($silent, $what, $kind eq 'mismatch' ? 'silent-password' : "silent-$kind", $address);
        $answer{$kind} = plain($r) . plain($silent->follow($r));
    }
    is($answer{$_}, $answer{nobody}, "$what: $_ is answered like nobody (S8, PRI-1, CRI-1, HLP-17, HLP-23)") for grep { $_ ne 'nobody' } sort keys %answer;
}

# Links: unknown, used and for something else are one page.
{
    my $c = $s->client;
    my $pending = Anshin::Person->add($s, 'p-01-usr003');
    my ($token) = $pending->{path} =~ /t=([\w-]+)/;
    my ($used) = $victim->{path} =~ /t=([\w-]+)/;
    my %answer = map { my ($name, $t) = @$_; $name => plain($c->follow($c->get("/anshin/download?t=$t"))) } [ 'unknown', 'A' x 43 ], [ 'used', $used ], [ 'of another page', $token ];
    is($answer{$_}, $answer{unknown}, "a link that is $_ is answered like one that nobody knows (S8, S9)") for 'used', 'of another page';
    $pending->register;
    ok(1, 'and was not used up by it (REG-5)');
}

# The page of a QR code, which is another browser's, and one that never was (HLP-19): nobody learns who is about to fetch what.
{
    my $p = Anshin::Person->add($s, 'p-01-usr004', method => 'certificate');
    $p->register;
    my $shows = $s->client;
    my $page = $shows->follow($shows->get($p->download_path));
    my $shown = $shows->follow($shows->submit($page, {}, qr{/download/phone}));
    my ($flow) = $shown->{path} =~ m{^/anshin/phone\?flow=([\w-]+)$} or BAIL_OUT("no page of a QR code: $shown->{path}");
    my $c = $s->client;
    my $csrf = csrf($c->get('/anshin/login'));
    my %answer;
    for my $case ([ 'another browser\'s', $flow ], [ 'one that never was', $flow =~ tr/A-Za-z0-9/B-ZAb-za1-90/r ]) {
        my ($how, $tried) = @$case;
        my @answers = ($c->get("/anshin/phone?flow=$tried"), map { $c->post("/anshin/$_?flow=$tried", { csrf => $csrf, flow => $tried, n => 1 }) } qw(download/phone account/phone phone));
        $answer{$how} = join "\n", map { plain($_, $tried) } @answers;
    }
    is($answer{'another browser\'s'}, $answer{'one that never was'}, 'the page of a QR code and what leads there: another browser\'s is answered like one that never was (S8, HLP-19)');
    unlike($answer{'another browser\'s'}, qr/class="qr"|p-01-usr004/, 'and nothing of it is told');
    like($shows->get($shown->{path})->text, qr/class="qr"/, 'who asked for it sees it as before');
}

# --- every attempt leaves a line, in order (S28) ---

{
    my $p = Anshin::Person->add($s, 'p-01-usr010');
    my $c = $s->client;
    my $page = $c->follow($c->get($p->{path}));
    $c->submit($page, { code => 'wrong' });
    $p->register($c);
    $p->login($c, password => 'wrong');
    $p->login($c);
    $c->submit($c->get('/anshin/password'), { current => 'wrong', password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' });
    $c->submit($c->get('/anshin/reauthenticate'), { password => 'wrong' });
    $c->submit($c->get('/anshin/logout'), {}, qr/logout/);
    command($s, 'user', 'unlock', $p->{user});
    my $d = $s->client;
    ask($d, 'reissue/password', $p->{user}, $p->{address});
    $d->submit($d->follow($d->get($p->reissue_path('password'))), { question => 'pet', answer => 'wrong' });
    $p->login($d, password => 'wrong') for 1 .. 3;
    $p->login($d);
    my @results = map { $_->{result} } entries($s, $p->{user});
    is_deeply([ grep { !/unlock/ } @results ],
        [qw(wrong_code registered wrong_password login_ok wrong_password wrong_password logout wrong_proof wrong_password wrong_password now_locked locked)],
        'every attempt on an account is in its history, in order (S28)') or diag explain \@results;
}

my $walked = $s->log . $s->access_log;
unlike($walked, qr/\Q$_\E/, 'no secret in a log (S28)') for $victim->{password}, $victim->{download_password}, $victim->{code};
$s->finish;
done_testing;
