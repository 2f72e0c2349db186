# Every page as the server sends it, with real data in it, in both languages: axe-core, the Nu HTML checker, width,
# console, nothing that moves. The same pages in states that are rare in life: pages.t.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my @hosts = qw(aged narrow);
my $host = <<'END';
<VirtualHost 127.0.0.1:@PORT@>
    ServerName NAME.localhost:@PORT@
    SSLEngine on
    AnshinUse NAME
    <Location "/anshin">
        SetHandler anshin
        Require all granted
    </Location>
</VirtualHost>
END
my $extra = <<'END' . join '', map { $host =~ s/NAME/$_/gr } @hosts;
<AnshinContract aged classic>
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinPortalURL https://aged.localhost:@PORT@/anshin
AnshinMailFrom anshin@example.com
AnshinSiteURL /anshin/
AnshinLoginMethods password
AnshinPasswordMaxAge 10d
AnshinReauthenticate 1s
</AnshinContract>
<AnshinContract narrow classic>
AnshinPortalURL https://narrow.localhost:@PORT@/anshin
AnshinMailFrom anshin@example.com
AnshinLoginMethods password
AnshinAddressAttempts 5
</AnshinContract>
END

my $s = Anshin::Server->new(hosts => [ map { "$_.localhost" } @hosts ], contract => <<'END', extra => $extra)->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /anshin/
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinPasswordAttempts 3
AnshinReauthenticate 1h
END

# Somebody with a history of several pages.
my $busy = Anshin::Person->add($s, 'p-01-busy', address => 'busy@example.jp');
$busy->register;
for (1 .. 22) { $busy->login($s->client, password => 'Not-this-one-1'); $busy->login($s->client) }

Anshin::Browser::walk($s, 'served.mjs', map { $_ => "https://$_.localhost:" . $s->port } @hosts);
