# REN-1, LOG-6: a certificate and a password that end soon are told of by mail, once, by the real worker: woken late, killed
# between the transaction and the mail, restarted; and by the pages from the first reminder on.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Server;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
use constant HOUR => 3600;

my $s = Anshin::Server->new(clock => 1, contract => <<'END')->start;
AnshinLoginMethods certificate password
AnshinCertificateKey p256
AnshinCertificateLifetime 26h
AnshinCertificateReminders 25h 24h
AnshinPasswordMaxAge 26h
AnshinPasswordReminders 25h 24h
AnshinPasswordWarning none
END

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$p->register;
$p->fetch;
my $q = Anshin::Person->add($s, 'p-01-usr002', method => 'password', language => 'en');
$q->register;

sub told { my ($person, $what) = @_; return grep { /$what/ } $person->texts }
my ($certificate, $password) = (qr/電子証明書の有効期限が近づいて/, qr/パスワードの有効期限が近づいて/);

my $early = $s->client(cert => $p->{pem});
my $r = $p->login($early);
is($r->header('Location'), '/', 'REN-1: a certificate whose end is far leads nobody aside');
unlike($early->get('/anshin/account')->text, qr/あと\d+日/, 'REN-1: and no page speaks of it');

# --- the worker wakes when two reminders are overdue, and cannot deliver ---

my $mail = $s->state . '/mail';
rename $mail, "$mail.away" or die "$mail: $!";
Anshin::PKI::write_text($mail, '');
$s->later(3 * HOUR);
ok($s->wait_log(qr/AN0783: mail \w+ is not delivered yet/), 'the reminders are written, their mails are not delivered');
my ($worker) = map { m{(\d+)$} } grep { (readlink("$_/exe") // '') eq $s->root . '/bin/anshin-ca' } glob '/proc/[0-9]*';
kill KILL => $worker or die "the worker: $!";
unlink $mail;
rename "$mail.away", $mail or die "$mail: $!";
$s->later(3 * HOUR + 60);
ok(Anshin::Server::wait_for(30, sub { told($p, $certificate) && told($p, $password) && told($q, qr/password .* will expire/s) }),
    'REN-1, LOG-6: the mails come when the worker was killed before it delivered them') or diag $s->log;

my ($text) = told($p, $certificate);
like($text, qr/あと1日/, 'REN-1: with the true number of days');
like($text, qr{更新してください}, 'REN-1: and what to do');
like($text, qr{/anshin/account\s}, 'REN-1: and where to look');
like($text, qr/^p-01-usr001 \d{4}-\d\d-\d\d\r?$/m, 'REN-1: and which certificate');
my ($english) = told($q, qr/password .* will expire/s);
like($english, qr{days left: 1\).*/anshin/password}s, 'LOG-6: the same of a password, in the language of the user');

# --- the pages ---

my $c = $s->client(cert => $p->{pem});
$r = $p->login($c);
is($r->header('Location'), '/anshin/', 'REN-1: a login leads to the notice first');
my $home = $c->follow($r)->text;
like($home, qr/role="status".*電子証明書の有効期限まで、あと1日です。/s, 'REN-1: the page after the login tells the days left');
like($home, qr{href="/"}, 'REN-1: with the way to the site');
my $wanted = $s->client(cert => $p->{pem});
my $ask = $wanted->follow($wanted->get('/members/?x=1', 'Sec-Fetch-Mode' => 'navigate', Accept => 'text/html'));
$r = $wanted->submit($ask, { user => $p->{user}, password => $p->{password} });
like($r->header('Location'), qr{^/anshin/\?return=[\w-]+$}, 'U05: the notice knows the page that was asked for');
like($wanted->follow($r)->text, qr{<a class="button" href="/members/\?x=1">}, 'U05: and leads to it');
my $account = $c->get('/anshin/account')->text;
like($account, qr/role="status".*期限まで、あと1日です。.*「更新」から手続き/s, 'REN-1: and so does the account page, with what to do');
like($account, qr{<td class="time"[^>]*><time datetime="[^"]+">[^<]+</time> <span class="tag warn">あと1日<}, 'REN-1: and the row of the terminal');

# --- what is restarted, or put back, tells nothing twice: the reminder of a third shows that house was kept ---

my $last = Anshin::Person->add($s, 'p-01-usr003', method => 'password');
$last->register;
$s->later(-HOUR);
$s->restart;
sleep 2; # a worker that begins looks after a second
$s->later(5.5 * HOUR);
ok(Anshin::Server::wait_for(30, sub { told($last, $password) }), 'LOG-6: the third is told of the own password');
is(scalar(() = told($p, $certificate)), 1, 'REN-1: exactly one mail for the certificate');
is(scalar(() = told($p, $password)), 1, 'LOG-6: exactly one for the password');
is(scalar(() = told($q, qr/will expire/)), 1, 'LOG-6: and for the other user\'s');
$s->finish;
done_testing;
