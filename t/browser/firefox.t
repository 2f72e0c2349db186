# The login with a certificate in Firefox ESR, whose TLS and certificate store are its own.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinTitle "サンプル会員サイト"
AnshinSiteURL /members/
AnshinLoginMethods certificate
AnshinCertificateKey p256
END
my $person = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$person->register;
$person->fetch;
my $ended = $s->pki->pkcs12($s->pki->issue('p-01-usr001', from => -20, to => -10), 'secret');
Anshin::Browser::walk(
    $s, 'firefox.mjs',
    user => $person->{user}, password => $person->{password},
    ended => $ended, file => $s->root . "/person-$person->{user}.p12", filePassword => $person->{download_password}
);
