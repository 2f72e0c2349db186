# Every page and flow of the account, of reissue and of one-time passwords, as people go through them.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $host = <<'END';
<VirtualHost 127.0.0.1:@PORT@>
    ServerName NAME.localhost:@PORT@
    SSLEngine on
    AnshinUse NAME
    <Location "/anshin">
        SetHandler anshin
        Require all granted
    </Location>
    <Location "/members">
        AuthType Anshin
        Require valid-user
    </Location>
</VirtualHost>
END

my @hosts = qw(aged bare);
my $hosts = join '', map { $host =~ s/NAME/$_/gr } @hosts;
my $names = [ map { "$_.localhost" } @hosts ];
my $s = Anshin::Server->new(hosts => $names, contract => <<'END', extra => <<'MORE' . $hosts)->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /members/
AnshinLoginMethods password otp certificate
AnshinCertificateKey p256
AnshinTerminals 3
AnshinReauthenticate 1h
END
# Passwords age here, and a change asks for the password again at once.
<AnshinContract aged classic>
AnshinPortalURL https://aged.localhost:@PORT@/anshin
AnshinMailFrom anshin@example.com
AnshinSiteURL /members/
AnshinLoginMethods password
AnshinPasswordMaxAge 10d
AnshinReauthenticate 1s
</AnshinContract>
# Nothing is switched on here.
<AnshinContract bare classic>
AnshinPortalURL https://bare.localhost:@PORT@/anshin
AnshinMailFrom anshin@example.com
AnshinSiteURL /members/
AnshinLoginMethods password
AnshinFunctions none
</AnshinContract>
MORE

# Somebody with a history of several pages.
my $busy = Anshin::Person->add($s, 'p-01-busy', address => 'busy@example.jp');
$busy->register;
for (1 .. 22) { $busy->login($s->client, password => 'Not-this-one-1'); $busy->login($s->client) }

Anshin::Browser::walk($s, 'account.mjs', map { $_ => "https://$_.localhost:" . $s->port } @hosts);
