# Lighthouse over a few pages that stand for all: accessibility and best practices.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinTitle "サンプル会員サイト"
AnshinSiteURL /anshin/
AnshinLoginMethods password certificate
END
my $busy = Anshin::Person->add($s, 'p-01-busy', address => 'busy@example.jp');
$busy->register;
$busy->login($s->client) for 1 .. 25;
Anshin::Browser::walk($s, 'lighthouse.mjs');
