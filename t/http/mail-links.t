# Mail without links (NOM-1): every mail of a contract is looked at; what it leads to is opened by the known place and a code,
# which counts in the browser that asked alone, or beside the user ID.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
use constant HOUR => 3600;

my $s = Anshin::Server->new(clock => 1, contract => <<'END')->start;
AnshinLoginMethods password certificate
AnshinCertificateKey p256
AnshinCertificateLifetime 26h
AnshinCertificateReminders 25h
AnshinPasswordMaxAge 26h
AnshinPasswordReminders 25h
AnshinReissueGap none
AnshinAnswerAttempts 3
AnshinMailLinks off
AnshinNotices password question terminal method lock reissue login
AnshinSupport "https://desk.example/help 03-0000-0000"
AnshinMailSignature "Members www.desk.example" en "Members https://desk.example/"
END

my $code = qr/^[^\r\n]*(?:コード|code)\r?\n([2-9a-z]{4}-[2-9a-z]{4})\r?$/m;

sub ask {
    my ($c, $path, $p, %its) = @_;
    return $c->submit($c->get("/anshin$path"), { user => $p->{user}, address => $p->{address}, %its });
}
sub count { my ($p, $what) = @_; return scalar grep { /$what/ } $p->texts }

# The code of the newest mail that says so, once there are that many.
sub mailed {
    my ($p, $what, $wanted) = @_;
    Anshin::Server::wait_for(60, sub { count($p, $what) >= ($wanted // 1) }) or die "no mail $what:\n" . $s->log;
    my ($text) = reverse grep { /$what/ } $p->texts;
    return $text =~ $code ? $1 : die "no code in $text";
}

# --- registration and download: nobody asked in a browser ---

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
my $q = Anshin::Person->add($s, 'p-01-usr002', language => 'en');
my $idle = Anshin::Person->add($s, 'p-01-usr003');
$_->register for $p, $q, $idle;
my $c = $s->client;
my $login = $c->get('/anshin/login');
like($login->text, qr{href="/anshin/code"}, 'NOM-1: the login page, which the mail names, leads to the page for codes');
my $download = mailed($p, qr/電子証明書の準備ができました/);
my $page = $c->get('/anshin/code');
is($page->status, 200, 'NOM-1: which needs no login');
my @wrong = ([ $p->{user}, 'bcdf-ghjk' ], [ 'p-01-nobody', $download ], [ $q->{user}, $download ], [ "\x{540D}", $download ]);
my @told = map { $c->submit($page, { user => $_->[0], access_code => $_->[1] }) } @wrong;
is(join(' ', map { $_->status } @told), '422 422 422 422', 'NOM-1: what is wrong is wrong');
my %alike = map { $_->alike => 1 } @told;
is(scalar keys %alike, 1, 'S8: in one and the same way, whoever it is');
like($c->submit($page, { user => '', access_code => '' })->text, qr/id="user-error".*id="access_code-error"/s, 'an empty form is complained about');
my $wide = " \x{ff30}-01-usr001 ";
my $typed = join ' ', map { uc } $download =~ /(....)-(....)/;
my $sent = $c->submit($page, { user => $wide, access_code => $typed =~ tr/!-~/\x{ff01}-\x{ff5e}/r });
is($sent->place, '/anshin/download', 'NOM-1, ADR-2: ID and code, as people type them, lead to the download');
unlike($sent->header('Location'), qr/\Q$download\E|t=/, 'S9: with neither code nor token in the address');
my $shown = $c->follow($sent);
like($shown->text, qr/data-left="\d+".*class="left"/s, 'with until when, as behind a link');
my $other = $s->client;
is($other->submit($other->get('/anshin/code'), { user => $p->{user}, access_code => $download })->place, '/anshin/download', 'CRT-2: the code opens it once more, as a link would');
my $again = $other->follow($other->submit($other->get('/anshin/code'), { user => $p->{user}, access_code => $download }));
is($c->follow($c->get('/anshin/download'))->status, 410, 'where it was opened before it ends, and says so') if $c->get('/anshin/download')->status == 303;
my $file = Anshin::Person::arrive($other, $other->submit($again, { download_password => $p->{download_password}, profile => 'modern' }, qr{/download\?}));
my $base = $s->root . '/person';
Anshin::PKI::write_text("$base.p12", $file->body);
is($s->run(qw(openssl pkcs12 -nodes -passin), "pass:$p->{download_password}", '-in', "$base.p12", '-out', "$base.pem")->{status}, 0, 'CRT-2: and from there all goes on as behind a link');
my $in = $s->client(cert => "$base.pem");
is($p->login($in)->status, 303, 'up to the login');
is($c->submit($page, { user => $p->{user}, access_code => $download })->status, 422, 'after which the code is none any more');

# --- reissue of a password: the browser that asked ---

my $mine = $s->client;
my $asked = ask($mine, '/reissue/password', $q);
is($asked->place, '/anshin/reissue/password/code', 'NOM-1: who asks is led to the page for the code');
my $stranger = $s->client;
my $unknown = ask($stranger, '/reissue/password', $q, user => 'p-01-nobody');
is($unknown->place, $asked->place, 'S8: whoever it is');
my $form = $mine->follow($asked);
my $nobodys = $stranger->follow($unknown);
is($form->alike, $nobodys->alike, 'S8: and sees the same page');
unlike($form->text, qr/\Q$q->{user}\E|\Q$q->{address}\E/, 'which tells nothing of anybody');
my $new = mailed($q, qr/You asked for a new password/);
my $thief = $s->client;
is($thief->get('/anshin/reissue/password/code')->status, 410, 'NOM-1: in a browser that has not asked the page is none');
is($stranger->submit($nobodys, { access_code => $new })->status, 422, 'NOM-1: nor does the code count where another ID was asked for');
is($thief->submit($thief->get('/anshin/code'), { user => $q->{user}, access_code => $new })->status, 422, 'NOM-1: nor beside the user ID');
like($mine->get('/anshin/code')->text, qr{href="/anshin/reissue/password/code\?flow=\w+"}, 'NOM-1: who has closed the page finds it by the page for codes');
unlike($thief->get('/anshin/code')->text, qr{/reissue/password/code}, 'where the browser has not asked, not');
is($mine->get('/anshin/reissue/password/prove')->place, '/anshin/reissue/password/code', 'S29: there is no way past it');
my $bad = $mine->submit($form, { access_code => 'bcdf-ghjk' });
my $bad_too = $stranger->submit($nobodys, { access_code => 'bcdf-ghjk' });
is($_->status, 422, 'a wrong code is wrong') for $bad, $bad_too;
is($bad->alike, $bad_too->alike, 'S8: known or not');
my $right = $mine->submit($form, { access_code => $new =~ s/-/ /r });
is($right->place, '/anshin/reissue/password/prove', 'NOM-1: the right one leads on as the link would');
is($mine->submit($form, { access_code => $new })->place, '/anshin/reissue/password/prove', 'FLO-2: sent twice it leads there again');
is($mine->get($form->{path})->place, '/anshin/reissue/password/prove', 'FLO-2: so does the page for the code, opened anew');
my $proof = $mine->follow($right);
like($proof->text, qr/data-left="\d+"/, 'with until when');
my $done = $mine->follow($mine->submit($proof, { question => 'pet', answer => $q->{answer} }));
$q->{password} = secret_of($done);
ok($q->{password}, 'PRI-3: up to the new password');
is($q->login($s->client)->status, 303, 'which logs in');

# --- a lost device, asked for twice, and a reissue of a certificate ---

my $lost = $s->client;
my $lost_form = $lost->follow(ask($lost, '/lost', $p));
my $lost_code = mailed($p, qr/端末をなくしたときの手続きを受け付け/);
my $late = $s->client;
my $late_form = $late->follow(ask($late, '/lost', $p));
my $first = $lost->submit($lost_form, { access_code => $lost_code });
is($first->place, '/anshin/lost/prove', 'LST-2: a lost device, by the code');
is($late->submit($late_form, { access_code => $lost_code })->status, 422, 'NOM-1: a code opens once');
my $choice = $lost->follow($lost->submit($lost->follow($first), { question => 'pet', answer => $p->{answer} }));
is($lost->submit($choice, { device => 1 })->place, '/anshin/lost/done', 'LST-2: up to the end');
my $re = $s->client;
my $re_form = $re->follow(ask($re, '/reissue/certificate', $p));
my $re_code = mailed($p, qr/電子証明書の再発行を受け付け/);
my $prove = $re->submit($re_form, { access_code => $re_code });
is($prove->place, '/anshin/reissue/certificate/prove', 'CRI-1: the reissue of a certificate, by the code');
my $issued = $re->follow($re->submit($re->follow($prove), { question => 'pet', answer => $p->{answer} }));
my $password = secret_of($issued);
my $next = mailed($p, qr/電子証明書の準備ができました/, 2);
isnt($next, $download, 'CRI-2: whose download has a code of its own');
my $fresh = $s->client;
my $to_file = $fresh->follow($fresh->submit($fresh->get('/anshin/code'), { user => $p->{user}, access_code => $next }));
Anshin::PKI::write_text("$base.p12", Anshin::Person::arrive($fresh, $fresh->submit($to_file, { download_password => $password, profile => 'modern' }, qr{/download\?}))->body);
$s->run(qw(openssl pkcs12 -nodes -passin), "pass:$password", '-in', "$base.p12", '-out', "$base.pem");
my $renewing = $s->client(cert => "$base.pem");
is($p->login($renewing)->status, 303, 'and logs in');

# --- the mail of a download once more, the user ID, and what the answers of the help say ---

my $waits = Anshin::Person->add($s, 'p-01-usr004', method => 'certificate');
$waits->register;
my $old = mailed($waits, qr/電子証明書の準備ができました/);
$s->later(301);
my $d = $s->client;
my $asking = $d->get('/anshin/resend');
my $resent = ask($d, '/resend', $waits);
is($resent->place, '/anshin/resend/sent', 'HLP-17, NOM-1: who asks for the mail once more');
my $told_sent = $d->follow($resent);
like($told_sent->text, qr{href="/anshin/code"}, 'is told where its code is typed');
is($d->follow(ask($s->client, '/resend', $waits, user => 'p-01-nobody'))->alike, $told_sent->alike, 'S8: whoever it is');
my $anew = mailed($waits, qr/電子証明書の準備ができました/, 2);
isnt($anew, $old, 'HLP-18: a code of its own comes');
is($d->submit($d->get('/anshin/code'), { user => $waits->{user}, access_code => $old })->status, 422, 'HLP-18: the former one is none any more');
is($d->submit($d->get('/anshin/code'), { user => $waits->{user}, access_code => $anew })->place, '/anshin/download', 'HLP-17: and leads to the download');
my $whose = $d->submit($d->get('/anshin/user-id'), { address => $waits->{address} });
is($whose->place, '/anshin/user-id/sent', 'HLP-23, NOM-1: the user ID by mail');
ok(Anshin::Server::wait_for(60, sub { count($waits, qr/^p-01-usr004\r?$/m) }), 'HLP-23: comes as well');
like($d->follow($whose)->text, qr/お申し込みを受け付けました/, 'HLP-23: as the page says');
for my $shown ([ '/resend', $asking ], [ '/resend/sent', $told_sent ], [ '/user-id/sent', $d->follow($whose) ], [ '/login', $d->get('/anshin/login') ]) {
    unlike($shown->[1]->text =~ s/登録用URL//gr, qr/URL|リンク/, "NOM-1: no link is spoken of at $shown->[0]");
}
my @answers = map { [ $_->{name}, $d->get("/anshin/help/trouble?about=$_->{name}") ] } troubles();
is(join(' ', map { $_->[0] } grep { $_->[1]->status != 200 } @answers), 'link_ended', 'NOM-1: an answer about links is none here');
unlike($_->[1]->text =~ s/登録用URL//gr, qr/URL|リンク/, "NOM-1: nor is one spoken of in the answer $_->[0]") for grep { $_->[1]->status == 200 } @answers;

# --- renewal, reminders, and everything else that mails ---

{
    local $q->{password} = 'wrong';
    $q->login($s->client) for 1 .. 5;
}
$s->later(3 * HOUR);
ok(Anshin::Server::wait_for(60, sub { count($idle, qr/パスワードの有効期限が近づいて/) && count($p, qr/電子証明書の有効期限が近づいて/) && count($q, qr/locked/) }), 'LOG-6: reminders and notices come');
is($p->login($renewing)->status, 303, 'three hours later');
my $confirm = $renewing->follow($renewing->get('/anshin/renewal?n=1'));
is($renewing->submit($confirm)->place, '/anshin/renewal/done', 'REN-2: a renewal');
ok(mailed($p, qr/電子証明書の準備ができました/, 3), 'has a code of its own as well');
for my $person ($p, $q, $idle, $waits) {
    my @texts = $person->texts;
    cmp_ok(scalar @texts, '>=', 1, "mails to $person->{user}: " . @texts);
    for my $text (@texts) {
        my ($title) = $text =~ /\A(?:[^\n]*\n){2,4}([^\n]{1,40})/;
        unlike($text, qr{://|www\.|localhost|desk\.example|\?t=|/anshin}, "NOM-1: no link in: $title");
    }
}
cmp_ok(scalar(map { $_->texts } $p, $q, $idle), '>=', 14, 'mails in all');
like(join('', $q->texts), qr/03-0000-0000/, 'NOM-1: what else the help desk\'s line says stays');
unlike(join('', $s->mail), qr{https?://|www\.}, 'NOM-1: nor in the head of any mail');
unlike($s->access_log . $s->log, qr/\Q$_\E/, 'S9: no code is in a log') for $download, $new, $lost_code;
is($s->client->get('/anshin/reissue/password/sent')->status, 404, 'the page that speaks of links is none here (CON-2)');

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
