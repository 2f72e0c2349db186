# Every page as the server sends it, with real data in it: axe-core, the Nu HTML checker, width,
# console, nothing that moves. The same pages in states that are rare in life: pages.t.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END', sites => { aged => <<'AGED', coded => <<'CODED', narrow => <<'NARROW' })->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /anshin/
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinPasswordAttempts 3
AnshinReauthenticate 1h
END
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /anshin/
AnshinLoginMethods password
AnshinPasswordMaxAge 10d
AnshinReauthenticate 1s
AGED
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /anshin/
AnshinLoginMethods password
AnshinReauthenticate 1h
AnshinConfirmAddress on
CODED
AnshinLoginMethods password
AnshinAddressAttempts 5
NARROW

# Somebody with a history of several pages.
my $busy = Anshin::Person->add($s, 'p-01-busy', address => 'busy@example.jp');
$busy->register;
for (1 .. 22) { $busy->login($s->client, password => 'Not-this-one-1'); $busy->login($s->client) }

Anshin::Browser::walk($s, 'served.mjs');
