# Renewal of a certificate before its end: both certificates work until the new one is first used, then the old one is refused at
# once (REN-2).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP;
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

# Certificates of thirty days can always be renewed.
my $s = Anshin::Server->new(clock => 1, contract => <<'END', sites => { off => "AnshinCertificateKey p256\nAnshinCertificateLifetime 30d\nAnshinFunctions account" })->start;
AnshinCertificateKey p256
AnshinCertificateLifetime 30d
END

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$p->register;
my $old = $s->client(cert => $p->fetch);
my ($first) = serials('active');

sub serials {
    my ($state) = @_;
    return map { $_->{serial} } @{ decode_json($s->htanshin('--contract', 'p-01', '--json', 'cert', 'list', '--state', $state)->{out}) };
}
sub links { my %seen; $seen{$_}++ for map { /(\/download\?t=[\w-]+)/ } $p->texts; return scalar keys %seen }

is($p->login($old)->status, 303, 'a user logs in with a certificate that ends soon');
my $account = $old->get('/anshin/account');
like($account->text, qr{href="/anshin/renewal\?n=1"}, 'REN-2: the account page offers its renewal');
{
    my $file = Anshin::PKI::read_text($p->{pem});
    my ($friendly, $cn) = map { $file =~ $_ ? $1 : 'none' } qr/^\s*friendlyName: (.*)$/m, qr/^subject=.*CN = (.*)$/m;
    my ($shown) = $account->text =~ m{電子証明書の名前: </span><bdi>([^<]*)</bdi>};
    like($cn, qr/^p-01-usr001 20\d\d-\d\d-\d\d$/, 'LST-1: a certificate is called by user and day');
    is_deeply([ $friendly, $p->wait_text(qr/■ 電子証明書の名前\s+([^\r\n]+)/), $shown ], [ ($cn) x 3 ], 'LST-1: so are its file, its mail and the account page');
}
is($old->get('/anshin/renewal?n=2')->status, 404, 'REN-2: of a terminal that is not there nothing is renewed');
my $confirm = $old->follow($old->get('/anshin/renewal?n=1'));
like($confirm->text, qr/新しい電子証明書で初めてログインするまで/, 'REN-2: the page before says what will be');
is(scalar(serials('active')), 1, 'REN-2: and has changed nothing');
my $tab = $old->follow($old->get('/anshin/renewal?n=1'));
my $sent = $old->submit($confirm);
is($sent->place, '/anshin/renewal/done', 'REN-2: it is confirmed');
my $done = $old->follow($sent);
my $password = secret_of($done);
ok($password, 'REN-2: and shows the download password');
like($done->text, qr/<dd>\Q$p->{user}\E<.*<dd>\Q$p->{address}\E</s, 'U29: for whom and which device');
like($done->text, qr/取り込みが終わるまでは、アカウント管理でも確認できます。/, 'U26: and that the account page has it as well');
is(secret_of($old->get($done->{path})), $password, 'SEC-1: which can be looked at again');
is($old->submit($confirm)->place, '/anshin/renewal/done', 'FLO-2: sent once more it leads to where it stands');
is(secret_of($old->get($done->{path})), $password, 'FLO-2: and has renewed nothing');
my $seen = $old->follow($old->submit($done));
unlike($seen->text, qr/\Q$password\E/, 'SEC-1: once it is confirmed, the page shows it no more');
like($seen->text, qr/取り込みが終わるまでは、アカウント管理で確認できます。/, 'U26: and says where it still is');
is($old->get($tab->{path})->status, 200, 'FLO-1: the flow of another tab lives on');
ok($p->wait_text(qr/(更新を受け付けました)/), 'MAI-3: a notice is mailed');

ok(Anshin::Server::wait_for(60, sub { links() == 2 }), 'CRT-1: the mail with the link follows');
$p->{download_password} = $password;
is(scalar(serials('active')), 2, 'REN-2: now there are two');
is($old->get('/members/')->status, 200, 'REN-2: the session of the old one goes on');
like($old->get('/anshin/account')->text, qr/新しい電子証明書に更新する手続き中.*\Q$password\E/s, 'ACC-2: the account page tells what waits');
my $shown = decode_json($s->htanshin('--contract', 'p-01', '--json', 'user', 'show', $p->{user})->{out})->{terminals}[0];
is($shown->{certificate}, $first, 'REN-2: the terminal has the old one');
my ($second) = grep { $_ ne $first } serials('active');
is($shown->{renewing}, $second, 'REN-2: and the new one to follow');

my $again = $s->client(cert => $p->{pem});
is($p->login($again)->status, 303, 'REN-2: the old one logs in');
my $at_new = $p->at_terminal('new');
my $new = $s->client(cert => $at_new->fetch);
is($again->get('/members/')->status, 200, 'REN-2: when the new one is fetched, the old one works on');
is($p->login($s->client(cert => $p->{pem}))->status, 303, 'REN-2: and logs in');
is($p->login($new)->status, 303, 'REN-2: the new one logs in');
is($new->get('/members/')->status, 200, 'REN-2: and lets in');
is($_->get('/members/')->status, 401, 'REN-2, CRT-8: with that the old one is refused at once') for $old, $again;
my $late = $s->client(cert => $p->{pem});
is($late->get('/anshin/login')->status, 401, 'REN-2: also on a new connection');
like($late->get('/anshin/help/certificate')->text, qr/この電子証明書は失効しています/, 'LOG-3: and the help says why');
my $revoked = decode_json($s->htanshin('--contract', 'p-01', '--json', 'cert', 'show', $first)->{out});
is("$revoked->{state} $revoked->{reason}", 'revoked superseded', 'REN-2, S23: it is revoked as superseded');
is(join(' ', serials('active')), $second, 'REN-2: one is left');
is(scalar(grep { $_->{result} eq 'certificate_renewed' } entries($s, $p->{user})), 1, 'ACC-4: the history tells of the renewal, once');

my $q = Anshin::Person->add($s, 'off-1', contract => 'off', method => 'certificate');
$q->register($s->client(host => 'off.localhost', ca => undef));
my $without = $s->client(host => 'off.localhost', ca => undef, cert => $q->fetch($s->client(host => 'off.localhost', ca => undef)));
is($q->login($without)->status, 303, 'somebody logs in where the function is switched off');
unlike($without->get('/anshin/account')->text, qr{/renewal}, 'CON-2: nothing leads to it');
is($without->get('/anshin/renewal?n=1')->status, 404, 'CON-2: and it is not there');

# After the end (REN-3): this client offers an ended certificate, as Chromium never does.
my $r = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
$r->register;
$r->fetch;
$r->login(my $before = $s->client(cert => $r->{pem}));
my $day = 86400;
$s->later(31 * $day);
like($s->client(cookies => { %{ $before->{cookies} } })->get('/anshin/login')->text,
    qr{このブラウザで前回使った電子証明書は、<time datetime="20[^"]+">20\d\d[^<]+<\/time>に期限が切れました。.*<form method="post" action="/anshin/reissue/certificate"}s,
    'U04: where the browser offers none, the page knows that the last one has ended, and leads to the next');
my $ended = $s->client(cert => $r->{pem});
my $help = $ended->get('/anshin/login');
is($help->status, 401, 'REN-3: an ended certificate does not log in');
like($help->text, qr{href="/anshin/renewal/ended"}, 'REN-3: the page says so, and leads to its renewal');
like($help->text, qr{href="/anshin/reissue/certificate"}, 'REN-3: and to the reissue');
my $form = $ended->get('/anshin/renewal/ended');
like($form->text, qr/期限の切れた電子証明書を更新する/, 'REN-3: which asks for user ID and password');
my $wrong = $ended->submit($form, { user => $r->{user}, password => 'wrong' });
is($wrong->status, 401, 'REN-3: a wrong password is refused');
like($wrong->text, qr/あと4回失敗すると/, 'REN-3, LCK-1: and counts, as at a login');
is($ended->submit($form, { user => $p->{user}, password => $p->{password} })->status, 401, 'REN-3: somebody else is, too');
$sent = $ended->submit($form, { user => $r->{user}, password => $r->{password} });
is($sent->place, '/anshin/renewal/ended/done', 'REN-3: the right one begins the renewal');
ok(!$ended->{cookies}{'__Host-anshin-p-01'}, 'REN-3: and opens no session');
is($ended->get('/members/')->status, 401, 'REN-3: the site stays shut');
$done = $ended->follow($sent);
my $of_r = $r->at_terminal('new', download_password => secret_of($done));
ok($of_r->{download_password}, 'REN-3: the download password is shown');
ok($r->wait_text(qr/(更新を受け付けました)/), 'MAI-3: a notice is mailed');
ok(Anshin::Server::wait_for(60, sub { my %seen; $seen{$_}++ for map { /(\/download\?t=[\w-]+)/ } $r->texts; keys %seen == 2 }), 'REN-3: the mail with the link follows');
$s->later(0);    # the signer's own, by which the new certificate is of today
is($of_r->login($s->client(cert => $of_r->fetch))->status, 303, 'REN-3: the new certificate logs in');
$s->later(31 * $day);
my $opens = sub { my ($pem) = @_; return $s->client(cert => $pem)->get('/anshin/help/certificate')->text =~ m{/renewal/ended} };
ok(!$opens->($r->{pem}), 'REN-3: with that the ended one opens nothing any more');
ok($opens->($of_r->{pem}), 'REN-3: as the new one does, when it has ended');
is($s->client->get('/anshin/renewal/ended')->place, '/anshin/help/certificate', 'REN-3: without one nobody is let to the form');
$s->later((30 + 91) * $day);
ok(!$opens->($of_r->{pem}), 'REN-3: nor with one that ended too long ago');
$s->later(0);

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
