# What is left behind after a full walk: no secret in the store, in logs, in the worker's files or in another's environment (S9,
# S24, S28), and nothing that the world or the wrong user can read (S31).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use File::Find ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;
use Unicode::Normalize qw(NFKC);
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(loglevel => 'debug', contract => <<'END', extra => <<'MORE')->start;
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinReauthenticate 1h
AnshinPasswordAttempts 50
END
LogLevel warn anshin_auth:trace8 anshin_portal:trace8 log_config:trace8
MORE

my %secret; # text => what it is
sub keep { my ($text, $what) = @_; defined $text && length $text or die "no $what"; $secret{$text} = $what; return $text }
sub keep_cookies { my ($c, $who) = @_; keep($c->{cookies}{$_}, "cookie $_ of $who") for grep { !/lang/ } keys %{ $c->{cookies} }; return }
sub keep_links { my ($p) = @_; for my $text ($p->texts($_[1])) { keep($1, 'a mailed link') while $text =~ /\?t=([\w-]{43})/g } return }
sub person {
    my ($user, %want) = @_;
    my $p = Anshin::Person->add($s, $user, %want);
    keep($p->{path} =~ s/.*t=//r, 'registration link');
    keep($p->{code}, 'registration code');
    keep($p->{password}, 'password');
    $p->register;
    keep($p->{download_password}, 'download password') if $p->{download_password};
    return $p;
}

# --- the walk ---

my $answer = 'トウキョウ特許許可局';
my $p = person('p-01-usr001', password => 'Umi-to-yama-7', answer => $answer);
keep($answer, 'secret answer');
my $c = $s->client;
$p->login($c, password => keep('Machigai-no-9', 'wrong password'));
$p->login($c);
keep_cookies($c, 'the user of a password');
$c->submit($c->get('/anshin/password'), { current => $p->{password}, password => keep('Kawa-to-mori-8', 'new password'), password_confirm => 'Kawa-to-mori-8' });
$p->{password} = 'Kawa-to-mori-8';
keep_cookies($c, 'the user after the change');
$c->submit($c->get('/anshin/question'), { current => $p->{password}, question => 'food', answer => keep('ちらし寿司とおみそ汁', 'new secret answer') });
$p->{answer} = 'ちらし寿司とおみそ汁';
$c->submit($c->follow($c->submit($c->get('/anshin/terminal/add'), { address => 'second@example.jp', address_confirm => 'second@example.jp', kind => 'pc' })), {});
keep_cookies($c, 'the user with a flow');
my $r = $c->submit($c->get('/anshin/reissue/password'), { user => $p->{user}, address => $p->{address} });
my $path = $p->reissue_path('password');
$c->get("//anshin/./reissue/password/$_" . ($path =~ s/.*(\?t=)/$1/r)) for 'prove', '../password/prove', '%70rove';
$c->get($path, Referer => $s->url($path)) for 1 .. 2;
$c->get($path =~ s/\?t=/?x=1&%74=/r);
$c->get("$path&lang=en");
$s->client(http => 2)->get($path);
$s->client->request($_, $path) for qw(HEAD PUT TRACE);
$s->client->post($path, { answer => 'x' });
$s->client->raw("GET https://localhost$path HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n");
my $done = $c->follow($c->submit($c->follow($c->get($path)), { question => 'food', answer => $p->{answer} }));
keep($done->text =~ /id="secret"[^>]*>([^<]+)</ ? $1 : undef, 'reissued password');
my $made = $s->htanshin('--contract', 'p-01', 'user', 'reissue-code', $p->{user});
keep($1, 'operator\'s code') if $made->{status} == 0 && $made->{out} =~ /code:\s*(\S+)/;

my $certified = person('p-01-usr002', method => 'certificate', password => 'Sakura-saku-3');
my $pem = $certified->fetch;
my $with = $s->client(cert => $pem);
is($certified->login($with)->status, 303, 'a certificate user');
keep_cookies($with, 'the user of a certificate');
my $waiting = person('p-01-usr003', method => 'certificate', password => 'Fuji-no-yama-5');
$waiting->download($s->client);    # fetched, and not yet done with: key and password still wait

my $coded = person('p-01-usr004', method => 'otp', password => 'Hoshi-no-umi-6');
my $d = $s->client;
my $sent = send_code($d, $d->follow($coded->login($d)));
my $code = $coded->wait_text(qr/\b(\d{6})\b/);
is($d->post('/anshin/login/code', { marks($sent), code => $code })->status, 303, 'a user of codes');
keep_cookies($d, 'the user of codes');
my $page = $d->get('/anshin/account/authenticator');
my $app_secret = keep(app_secret($page), 'secret of the app');
my ($now, $key) = (totp($app_secret), from_base32($app_secret));
keep_cookies($d, 'the user of an app');
is($d->submit($page, { code => $now })->status, 303, 'and of an authenticator app');
is($waiting->login($s->client, password => 'Fuji-no-yama-5')->status, 401, 'and somebody who lacks the certificate');
keep_links($_) for $p, $certified, $waiting, $coded;
keep_links($p, 'second@example.jp');
cmp_ok(scalar keys %secret, '>=', 25, scalar(keys %secret) . ' secrets were used on the way');

# --- none of them is left where somebody may find it ---

my %found;
File::Find::find({ no_chdir => 1, wanted => sub { push @{ $found{ -d $_ ? 'directories' : 'files' } }, $_ } }, $s->state);
my @stored = grep { !m{/mail/} && -f $_ && -s _ } @{ $found{files} };
cmp_ok(scalar(grep { m{/store/} } @stored), '>=', 3, 'the store has files');
my %text; # what is wiped meanwhile is wiped
for my $file (@stored) { my $read = eval { Anshin::PKI::read_text($file) }; $text{$file} = $read if defined $read }
@stored = sort keys %text;
my $log = $s->log . $s->access_log;
my $whole = join "\0", values %text;
ok(index($whole, $p->{user}) >= 0 && $log =~ m{/anshin/reissue/password/prove\?t=-}, 'what is looked for would be found');
for my $clear (sort keys %secret) {
    my $octets = $clear;
    utf8::encode($octets) if utf8::is_utf8($octets);
    my $normal = NFKC($clear);
    utf8::encode($normal);
    my %shape = (
        clear => $octets, normalised => $normal, 'small letters' => lc $octets, 'base64' => encode_base64($octets, '') =~ s/=*$//r, base64url => encode_base64url($octets), hexadecimal => unpack('H*', $octets),
        escaped => Anshin::Client::escape($octets), 'backwards' => scalar reverse($octets), json => join '', map { ord $_ < 128 ? $_ : sprintf '\\u%04x', ord } split //, $clear
    );
    my @in_store = grep { index($whole, $shape{$_}) >= 0 } sort keys %shape;
    my @in_log   = grep { index($log, $shape{$_}) >= 0 } sort keys %shape;
    is("@in_store", '', "the store has no $secret{$clear} (S9, S18, S24)");
    is("@in_log", '', "nor has a log (S9, S28)");
}
ok(index($whole, $key) < 0, 'nor the octets of the secret of the app (S24)');
is(scalar(grep { $_ !~ m{/ca/ca\.key$} && $text{$_} =~ /PRIVATE KEY/ } @stored), 0, 'no private key but that of the CA (S24)');
unlike($whole, qr/\?t=/, 'no link (S9)');
unlike($whole, qr/\x30\x82..\x02\x01\x03/s, 'no PKCS#12 file in clear (S24)');
unlike($log, qr/\?t=[\w-]{20}|BEGIN [A-Z ]*PRIVATE|argon2id\$/, 'no link, key or hash in a log (S9, S28)');
unlike($log, qr/\@example\.jp/, 'nor an address of a user');
unlike($whole, qr/電子証明書ダウンロードのご案内|パスワード再発行手順/, 'no text of a mail in the store (S24)');

# --- the programs tell nobody either ---

for my $program (qw(anshin-ca anshin-signer)) {
    for my $place (grep { (readlink("$_/exe") // '') eq $s->root . "/bin/$program" } glob '/proc/[0-9]*') {
        my $visible = Anshin::PKI::read_text("$place/cmdline") . Anshin::PKI::read_text("$place/environ");
        is(scalar(grep { my $t = $_; utf8::encode($t) if utf8::is_utf8($t); index($visible, $t) >= 0 } keys %secret), 0, "$program shows no secret to ps (S30)");
        my ($limit) = Anshin::PKI::read_text("$place/limits") =~ /^Max core file size\s+(\S+)/m;
        is($limit, '0', "$program leaves no core (S24, S30)");
    }
}

# --- modes (S31) ---

my @left = grep { -e } map { @$_ } values %found;
is(join(' ', grep { ((stat $_)[2] // 0) & 07 && !m{/(?:ca/ca\.crt|crl/ca\.crl(?:\.pem)?)$} } @left), '', 'nothing in the state directory is for the world, but the certificate of the CA and its CRL (S31)');
SKIP: {
    skip 'needs root', 5 if $> != 0;
    my %mode = map { $_ => sprintf '%04o', (stat $s->state . "/$_")[2] & 07777 } qw(seal.key ca/ca.key store run mail config.json);
    is($mode{'ca/ca.key'}, '0600', 'the CA key is for the signer alone (S31)');
    is(scalar getpwuid((stat $s->state . '/ca/ca.key')[4]), $s->{signer}, 'whose it is');
    is($mode{'seal.key'}, '0640', 'the seal key is read by the group (S31)');
    is($mode{store}, '2770', 'the store belongs to the group (S31)');
    my @foreign = grep { my $group = (stat $_)[5]; defined $group && $_ !~ m{/ca(?:/|$)} && $group != (getgrnam $s->{group})[2] } @left;
    is("@foreign", '', 'and everything in it (S31)');
    my $writable = grep { m{/store/} && -f $_ && ((stat _)[2] & 0777) != 0660 } @stored;
    is($writable, 0, 'its files are 0660 (S31)');
}

$s->finish;
done_testing;
