# The download page: every format, wrong passwords, the end of a download.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use JSON::PP qw(decode_json);
use Encode qw(encode);
use MIME::Base64 ();
use Anshin::Attack qw(csrf marks);
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => encode('UTF-8', <<'END'), server => <<'SERVER');
AnshinLoginMethods certificate
AnshinDownloadAttempts 3
AnshinTitle "会員 <サイト> & Co."
END
AnshinAppleProfileCertificate "@ROOT@/apple.crt"
AnshinAppleProfileKey "@ROOT@/apple.key"
SERVER

# The certificate that profiles for Apple devices are signed with.
sub sign_by {
    my ($pem, $key) = @_;
    my %file = (crt => $pem, key => $key // $pem);
    for my $ending (sort keys %file) {
        my $name = $s->root . "/apple.$ending";
        Anshin::PKI::write_text($name, Anshin::PKI::read_text($file{$ending} =~ s/pem$/$ending/r));
        chmod $ending eq 'key' ? 0600 : 0644, $name;
        chown((getpwnam $s->{signer})[2], -1, $name) if $s->{user};
    }
    return;
}
sign_by(my $apple = $s->foreign->issue('Example Bank', names => 'DNS:login.example'));
$s->start;

my $person = Anshin::Person->add($s, 'p-01-usr007', method => 'certificate');
$person->register;
my $path = $person->download_path;
cmp_ok(scalar(() = glob $s->state . '/store/blobs/*/*'), '>=', 4, 'password and three files wait, sealed (S24)');
my ($token) = $path =~ /t=([\w-]+)$/;

sub opens {
    my ($bytes, @options) = @_;
    my $file = $s->root . '/file.p12';
    Anshin::PKI::write_text($file, $bytes);
    return $s->run('openssl', 'pkcs12', '-nodes', '-info', '-passin', "pass:$person->{download_password}", '-in', $file, @options);
}

for (1 .. 3) {
    is($s->client->get($path)->status,  303, 'a mail scanner opens the link (REG-5)');
    is($s->client->head($path)->status, 303, 'or asks for its head (REG-5)');
}
unlike($s->log . $s->access_log, qr/\Q$token\E/, 'no log has the token (S9)');

my $c = $s->client;
my $page = $c->follow($c->get($path));
is($page->status, 200, 'the download page (CRT-2)');
like($page->text, qr/p-01-usr007/, 'shows the name of the certificate');
like($page->text, qr{有効期限: <time datetime="[\d-]+T[\d:]+Z">[^<]+</time> <span class="left" role="timer">（あと\d+(?:日|時間|分)）</span>},
    'CRT-2: and until when it can be fetched, and what is left');
unlike($page->text, qr/action="\/anshin\/download\/done\?flow=/, 'and no end before the beginning');
like($page->text, qr{<span class="course-name">メール送信</span> <span class="course-state">済み</span>\s*<span class="quiet">\w\*\*\*\w?\@example\.jp</span>\s*<time [^>]*datetime="20},
    'HLP-26: the status line says when the mail went, and whither, masked');
like($page->text, qr{<li aria-current="step">\s*<span class="course-name">ダウンロード</span> <span class="course-state">いまここです<}, 'HLP-26: and in words what is next');

my %device = (
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130' => 'modern', 'Mozilla/5.0 (X11; Linux x86_64)' => 'modern',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)' => 'apple', 'Mozilla/5.0 (Linux; Android 14; Pixel 8)' => 'compat',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)' => 'apple',
    'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)' => 'apple', '' => 'modern'
);
for my $agent (sort keys %device) {
    like($c->get('/anshin/download', 'User-Agent' => $agent)->text, qr/value="$device{$agent}" checked/,
        "proposed for '$agent': $device{$agent} (CRT-3)");
}

is($c->get('/anshin/download/done')->place, '/anshin/download', 'the end cannot be reached before the download (S29)');
is($c->post('/anshin/download/done', { marks($page) })->place, '/anshin/download', 'nor posted (S29)');
is($c->post('/anshin/download/done', { csrf => csrf($page) })->status, 410, 'nor by a form that names no flow (FLO-1)');

my $wrong = $c->submit($page, { download_password => 'wrongwrongwron', profile => 'modern' });
is($wrong->status, 422, 'a wrong download password');
like($wrong->text, qr/id="download_password-error">\s*<li>[^<]*2/, 'is counted (CRT-2)');
unlike($wrong->text, qr/wrongwrong/, 'and not shown again');
is($c->submit($page, { download_password => '', profile => 'modern' })->status, 422, 'none at all is a complaint');
for my $profile ('', 'other', 'modern ') {
    is($c->submit($page, { download_password => $person->{download_password}, profile => $profile })->status, 422,
        "no profile of ours: '$profile'");
}
is($c->post('/anshin/download', { download_password => $person->{download_password}, profile => 'modern' })->status, 403,
    'no file without CSRF token (S10)');

for my $profile ('modern', 'compat') {
    my ($bytes, $r) = $person->download($c, profile => $profile);
    is($r->header('Content-Type'), 'application/x-pkcs12', "$profile: the file (CRT-2)");
    like($r->header('Content-Disposition'), qr/^attachment; filename="p-01-usr007_\d{4}-\d\d-\d\d\.p12"$/, "$profile: with a telling name");
    is($r->header('Cache-Control'), 'no-store', "$profile: kept by nobody on the way (S24)");
    my $open = opens($bytes);
    is($open->{status}, 0, "$profile: opens with the download password (CRT-2)") or diag($open->{err});
    like($open->{out}, qr/BEGIN PRIVATE KEY.*BEGIN CERTIFICATE|BEGIN CERTIFICATE.*BEGIN PRIVATE KEY/s, "$profile: key and certificate");
    like($open->{err}, $profile eq 'modern' ? qr/PBKDF2.*AES-256-CBC/ : qr/3-?KeyTripleDES/i, "$profile: its cipher (CRT-3)");
}

# The profile for Apple devices: by openssl, by GnuTLS, and by a strict reader of property lists.
{
    my @got = map { $person->download($c, profile => 'apple') } 1, 2;
    my $r = $got[1];
    is($got[0], $got[2], 'apple: fetched twice it is the same (CRT-3)');
    is($r->header('Content-Type'), 'application/x-apple-aspen-config', 'apple: the type that Apple\'s systems take for a profile (CRT-3)');
    like($r->header('Content-Disposition'), qr/^attachment; filename="p-01-usr007_\d{4}-\d\d-\d\d\.mobileconfig"$/, 'apple: with a telling name');
    is($r->header('Cache-Control'), 'no-store', 'apple: kept by nobody on the way (S24)');
    my ($der, $xml) = map { $s->root . "/profile.$_" } qw(der xml);
    Anshin::PKI::write_text($der, $got[0]);
    my $ca = $s->foreign->certificate;
    my $verified = $s->run(qw(openssl cms -verify -binary -inform DER -purpose any -CAfile), $ca, '-in', $der, '-out', $xml);
    is($verified->{status}, 0, 'apple: openssl verifies the signature (RFC 5652)') or diag($verified->{err});
    my $other = $s->run(qw(certtool --p7-verify --inder --load-ca-certificate), $ca, '--infile', $der);
    like($other->{out} . $other->{err}, qr/Signature status: ok/, 'apple: so does GnuTLS');
    my $plist = $s->run('python3', '-c', <<'END', $xml);
import base64, json, plistlib, sys
print(json.dumps(plistlib.load(open(sys.argv[1], "rb"), fmt=plistlib.FMT_XML), default=lambda octets: base64.b64encode(octets).decode()))
END
    is($plist->{status}, 0, 'apple: its list is well-formed') or diag($plist->{err});
    my $top = decode_json($plist->{out} || '{}');
    my $inner = $top->{PayloadContent}[0];
    is($top->{PayloadDisplayName}, '会員 <サイト> & Co.', 'apple: it shows the name of the service, markup and all');
    like($top->{PayloadDescription}, qr/^会員 <サイト> & Co\.に/, 'apple: and what it is for, in the user\'s language');
    is(join(' ', $top->{PayloadType}, map { $_->{PayloadType} } @{ $top->{PayloadContent} }), 'Configuration com.apple.security.pkcs12',
        'apple: the certificate and nothing else');
    like($inner->{PayloadDisplayName}, qr/^p-01-usr007 \d{4}-/, 'apple: by the name that it has everywhere');
    ok(!exists $inner->{Password}, 'apple: without the password, which the person types');
    is(opens(MIME::Base64::decode_base64($inner->{PayloadContent}))->{status}, 0, 'apple: the PKCS#12 in it opens with the download password (CRT-2)');
}
my $spaced = join ' ', $person->{download_password} =~ /(.{1,4})/g;
is($c->submit($c->get('/anshin/download'), { download_password => uc $spaced, profile => 'modern' }, qr{/download(?:\?|$)})->status, 303,
    'the password as people type it');

my $fetched = $c->get('/anshin/download');
like($fetched->text, qr/action="\/anshin\/download\/done\?flow=/, 'after the download the page offers the end');
my $other = $s->client;
my $elsewhere = $other->follow($other->get($path));
is($elsewhere->status, 200, 'until then it can be fetched again, elsewhere too (CRT-2)');

# The page goes on by itself: the steps of the import, with the file on its way (U10). Only who has given the password gets there.
{
    is($other->get('/anshin/download/file?file=modern')->place, '/anshin/download', 'U10: no file where the password was not given (S29)');
    my $d = $s->client;
    my $next = $d->submit($d->follow($d->get($path)), { download_password => $person->{download_password}, profile => 'compat' });
    is($next->place, '/anshin/download?file=compat', 'U10: the form leads on');
    my %own = (
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0' => [ 'windows', 'Edge' ],
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0' => [ 'firefox', 'Firefox' ],
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36' => [ 'linux', 'Chrome' ]
    );
    for my $agent (sort keys %own) {
        my ($id, $browser) = @{ $own{$agent} };
        my $page = $d->follow($next, 'User-Agent' => $agent);
        like($page->text, qr{<section id="$id">\s*<h2>[^<]*</h2>\s*<p>.*<span class="tag">$browser</span></p>\s*<ol class="strip">\s*<li><img src="[^"]*/help/\w+\.svg"},
            "U19: $browser: its own steps first, each with a drawing (CRT-4)");
        like($page->text, qr/<details id="ios">/, 'and the others folded');
    }
    my $page = $d->follow($next, 'User-Agent' => 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15');
    like($page->text, qr/<section id="mac">/, 'U19: the steps are those of the file: .p12 on a Mac');
    my ($at) = $page->header('Refresh') =~ /^1; url=(\S+)/;
    like($page->text, qr/<a href="\Q@{[ $at =~ s{&}{&amp;}gr ]}\E">/, 'U10: and by a link, if it does not come');
    like($d->get($at)->header('Content-Disposition'), qr/\.p12"$/, 'U10: the file');
    is($d->get('/anshin/download')->header('Refresh'), undef, 'U10: opened anew, nothing comes by itself');
    is($s->client->get($at)->status, 410, 'U10: the address gives nothing to another browser (FLO-1)');
    is($d->get('/anshin/download/file?file=none')->place, '/anshin/download', 'U10: a format that nobody knows leads back');
}

my $done = $c->submit($fetched, {}, qr{/done});
is($done->place, '/anshin/download/done', 'the person says that the import is done');
my $ready = $c->follow($done);
is($ready->status, 200, 'and sees what comes next');
like($ready->text, qr{<li aria-current="step">\s*<span class="course-name">初回ログイン</span>}, 'HLP-26: the first login is what is left');
like($ready->text, qr/<dd>p-01-usr\d+<.*"terminal-number">1</s, 'U29: of which device');
is($c->submit($fetched, {}, qr{/done})->place, '/anshin/download/done', 'said twice it is as well');
is($c->get('/anshin/download/file?file=modern')->place, '/anshin/download/done', 'U10: nor by its own address');
is($other->submit($elsewhere, { download_password => $person->{download_password}, profile => 'modern' })->status, 410,
    'the file is gone (CRT-2)');
{
    my $used = $other->follow($other->get($path));
    is($used->status, 410, 'and so is the link (S9)');
    like($used->text, qr{<h1>この手続きは完了しています.*href="/anshin/resend"}s, 'U12, HLP-18: which says so, with the way on');
}
my @blobs = grep { -f } glob $s->state . '/store/blobs/*/*';
is(scalar @blobs, 0, 'nothing of it is left on the server (S24)') or diag("@blobs");

# On a phone: a QR code of the page opens it there, once, with the download password (HLP-19).
{
    my $p = Anshin::Person->add($s, 'p-01-usr021', method => 'certificate');
    $p->register;
    my ($pc, $phone, $another) = map { $s->client } 1 .. 3;
    my $page = $pc->follow($pc->get($p->download_path));
    my $shown = $pc->follow($pc->submit($page, {}, qr{/download/phone}));
    is($shown->status, 200, 'HLP-19: the page shows a QR code when asked for one');
    is($pc->get($shown->{path})->status, 200, 'FLO-2: which can be reloaded');
    my ($code) = $shown->text =~ m{<svg class="qr" [^>]*role="img" aria-label="[^"]+".*</svg>.*<p class="secret mono"[^>]*>https://[^/]+(/anshin/download\?t=[\w-]{43})</p>}s;
    ok($code, 'HLP-19: and its link in letters, for who cannot scan') or diag $shown->text;
    is($phone->head($code)->status, 303, 'REG-5: which a look does not use up');
    my $there = $phone->follow($phone->get($code));
    like($there->text, qr/p-01-usr021/, 'HLP-19: on the phone it is the page of the same download');
    is($phone->submit($there, { download_password => 'wrong', profile => 'modern' })->status, 422, 'which asks for the download password as ever');
    my $answer = $phone->submit($there, { download_password => $p->{download_password}, profile => 'compat' });
    ok(length Anshin::Person::arrive($phone, $answer)->body, 'HLP-19: the right one gives the file there');
    is($phone->get('/anshin/download')->status, 200, 'and the page goes on');
    my $second = $another->follow($another->get($code));
    is($second->status, 410, 'HLP-19: a second scan opens nothing');
    like($second->text, qr{<h1>この手続きは完了しています.*href="/anshin/resend"}s, 'and says so, with the way on');
    my $after = $pc->get($shown->{path});
    like($after->text, qr/使用済み/, 'HLP-19: so does the page that showed it');
    unlike($after->text, qr/<svg class="qr"/, 'which shows it no more');
    is($another->get($shown->{path})->status, 410, 'FLO-1: nor to another browser at any time');
    is($pc->get('/anshin/download/phone')->place, '/anshin/download', 'S10: GET makes none');
    like($pc->get('/anshin/help/import')->text, qr{<ol class="course".*<li aria-current="step">\s*<span class="course-name">取り込み</span> <span class="course-state">いまここです<}s,
        'HLP-26: the help about the import shows this browser how far it has come');
    unlike($s->client->get('/anshin/help/import')->text, qr/class="course"/, 'HLP-26: and others nothing');
    unlike($s->log . $s->access_log, qr/\Q@{[ $code =~ s{.*t=}{}r ]}\E/, 'S9: no log has its token');
}

# A login with the certificate ends the download as well.
{
    my $second = Anshin::Person->add($s, 'p-01-usr008', method => 'certificate');
    $second->register;
    my $pem = $second->fetch($s->client);
    my $holder = $s->client(cert => $pem);
    is($second->login($holder)->status, 303, 'a login with the new certificate (LOG-2)');
    my $late = $s->client;
    is($late->follow($late->get($second->download_path))->status, 410, 'ends the download (CRT-2)');
}

# Guessing the download password.
{
    my $third = Anshin::Person->add($s, 'p-01-usr009', method => 'certificate');
    $third->register;
    my $d = $s->client;
    my $form = $d->follow($d->get($third->download_path));
    is($d->submit($form, { download_password => "wrong-$_", profile => 'modern' })->status, 422, "wrong $_") for 1, 2;
    is($d->submit($form, { download_password => 'wrong-3', profile => 'modern' })->status, 403, 'the third locks (LCK-1)');
    is($d->submit($form, { download_password => $third->{download_password}, profile => 'modern' })->status, 403,
        'the right one does not open it (LCK-2)');
    my $opened = $s->client;
    my $told = $opened->follow($opened->get($third->download_path));
    is($told->status, 403, 'U18: whoever opens the link now is told so before anything is typed');
    like($told->text, qr/<h1>ダウンロードを停止しました/, 'U18: by the same page');
    like($told->text, qr{<a href="/anshin/reissue/certificate">}, 'U18: which leads to what works all the same');
    my ($number) = $told->text =~ /(AN-\w{8})/;
    like($s->htanshin('find', $number)->{out}, qr/^about: +download\n.*^user: +$third->{user}$/ms, 'U18: and has a number by which the help desk finds the user');
    $s->htanshin('user', 'unlock', $third->{user});
    is($opened->get($told->{path})->status, 200, 'which is the form again');
    is($d->submit($form, { download_password => $third->{download_password}, profile => 'modern' })->status, 303,
        'until the operator unlocks (LCK-2)');
}

# Links follow the account: whatever waits for somebody who is locked, disabled or deleted opens nothing, and neither does a page
# that was opened before (S16, S29).
{
    my ($p, $new) = map { Anshin::Person->add($s, $_, method => 'certificate') } 'p-01-usr011', 'p-01-usr012';
    $p->register;
    my $d = $s->client;
    my $asked = $d->submit($d->get('/anshin/reissue/certificate'), { user => $p->{user}, address => $p->{address} });
    is($asked->status, 303, 'somebody with every kind of link');
    my %link = (download => $p->download_path, registration => $new->{path}, reissue => $p->reissue_path('certificate'));
    my %right = (
        download => { download_password => $p->{download_password}, profile => 'modern' }, registration => { code => $new->{code} },
        reissue => { question => $p->{question}, answer => $p->{answer} }
    );
    my %open = map { $_ => $d->follow($d->get($link{$_})) } sort keys %link;
    is(join(' ', map { $_->status } values %open), '200 200 200', 'each opens');
    for my $case ([qw(lock unlock)], [qw(disable unlock)], [qw(delete)]) {
        my ($act, $undo) = @$case;
        $s->htanshin('user', $act, $_->{user})->{status} == 0 or die $act for $p, $new;
        for my $kind (sort keys %link) {
            my $c = $s->client;
            my $late = $c->follow($c->get($link{$kind}));
            like($late->status, qr/^4(?:03|10)$/, "$kind link, user $act: it opens nothing");
            like($late->text, qr/<h1>アカウントがロックされました/, 'U18: and says that the account is locked') if $act eq 'lock' && $kind ne 'registration';
            my $r = $d->clone->submit($open{$kind}, $right{$kind});
            like($r->status, qr/^4(?:03|10)$/, 'nor does the right form of a page that was open');
            unlike($r->header('Content-Type') // '', qr/pkcs12/, 'and no file goes out');
        }
        if ($undo) { $s->htanshin('user', $undo, $_->{user})->{status} == 0 or die $undo for $p, $new }
    }
    my @issued = grep { /\Q$p->{user}\E/ } split /\n/, $s->htanshin(qw(--contract p-01 cert list))->{out};
    is(scalar @issued, 1, 'no further certificate was issued');
}

# A certificate that has ended signs nothing: the format is not offered, and the log says so once. The others are.
{
    sign_by($s->foreign->issue('Example Bank', from => -10, to => -1));
    $s->graceful;
    ok(Anshin::Server::wait_for(20, sub { my $starts = () = $s->log =~ /AN0760/g; return $starts == 2 }), 'apple: another certificate, and another worker is at work');
    for my $user ('p-01-usr013', 'p-01-usr014') {
        my $p = Anshin::Person->add($s, $user, method => 'certificate');
        $p->register;
        my $d = $s->client;
        $d->follow($d->get($p->download_path));
        my $form = $d->get('/anshin/download', 'User-Agent' => 'iPhone');
        like($form->text, qr/value="compat" checked/, 'apple: not in its time, so an iPhone gets what it got before (CRT-3)');
        unlike($form->text, qr/value="apple"/, 'apple: and is not offered what nobody made');
        is($d->submit($form, { download_password => $p->{download_password}, profile => 'apple' })->status, 422, 'apple: nor given it');
        ok(length(($p->download($d, profile => 'compat'))[0]), 'apple: the other formats are there');
    }
    my @told = $s->log =~ /(AN1246: [^\n]*)/g;
    is(scalar @told, 1, 'apple: the log says so once') or diag("@told");
    like($told[0], qr/no profiles for Apple devices are made: .*ended on \d{4}-.*put the new one there/, 'apple: and what to do');
}

# A registration link is no download link, and the other way round.
{
    my $fourth = Anshin::Person->add($s, 'p-01-usr010', method => 'certificate');
    my $e = $s->client;
    is($e->follow($e->get($fourth->{path} =~ s/register/download/r))->status, 410, 'a registration link downloads nothing (S29)');
    is($e->follow($e->get($path =~ s/download/register/r))->status, 410, 'a download link registers nobody (S29)');
}
is($s->client->get('/anshin/download')->status, 410, 'no link, no page');
unlike($s->log . $s->access_log, qr/\Q$person->{download_password}\E/, 'no log has the password (S28)');
$s->finish;
done_testing;
