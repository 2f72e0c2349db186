# The main job in a real browser, as a person sees it: registration, certificate, login, lockout, and in again.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /members/
AnshinLoginMethods certificate
AnshinPasswordAttempts 3
AnshinPasswordRequire digits upper
AnshinCertificateKey p256
END
my $expired = $s->pki->issue('p-01-usr001', from => -20, to => -10);
my $unknown = $s->pki->issue('p-01-usr001');
my $foreign = $s->foreign->issue('p-01-usr001');
Anshin::Browser::walk(
    $s, 'walk.mjs',
    expired => $s->pki->pkcs12($expired, 'secret'),
    unknown => $s->pki->pkcs12($unknown, 'secret'),
    foreign => $s->foreign->pkcs12($foreign, 'secret')
);
