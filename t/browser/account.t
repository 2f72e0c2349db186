# Every page and flow of the account, of reissue and of one-time passwords, as people go through them.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(clock => 1, contract => <<'END', sites => { aged => <<'AGED', bare => <<'BARE' })->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /members/
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinTerminals 3
AnshinReauthenticate 1h
END
# Passwords age here, and a change asks for the password again soon.
AnshinSiteURL /members/
AnshinLoginMethods password
AnshinPasswordMaxAge 10d
AnshinReauthenticate 1m
AGED
# Nothing is switched on here.
AnshinSiteURL /members/
AnshinLoginMethods password
AnshinFunctions none
BARE

# Somebody with a history of several pages.
my $busy = Anshin::Person->add($s, 'p-01-busy', address => 'busy@example.jp');
$busy->register;
for (1 .. 22) { $busy->login($s->client, password => 'Not-this-one-1'); $busy->login($s->client) }

Anshin::Browser::walk($s, 'account.mjs');
