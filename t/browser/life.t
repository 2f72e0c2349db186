# A certificate's life in real browsers: renewed before its end and after it, told apart by its name, tried though the browser
# remembers another choice, revoked when its device is lost; in both languages.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Attack;
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $life  = "AnshinCertificateKey p256\nAnshinCertificateLifetime 30d\nAnshinCertificateReminders 20d\n";
my $named = $life . qq(AnshinLoginMethods certificate\nAnshinCertificateName "%{user} %{label}"\n);
my $try   = Anshin::Server::free_port();
my %sites = (named => $named . "AnshinTryURL https://others.localhost:$try/anshin/\n", others => $named);
my $trial = <<"END";
Listen 127.0.0.1:$try
<VirtualHost 127.0.0.1:$try>
ServerName others.localhost
SSLEngine on
AnshinUse named
<Location /anshin>
    SetHandler anshin
    Require all granted
</Location>
</VirtualHost>
END
my $s = Anshin::Server->new(clock => 1, contract => <<'END' . $life, sites => \%sites, extra => $trial)->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /members/
AnshinLoginMethods certificate
AnshinPasswordAttempts 3
END

# Somebody with two certificates of different names: the terminal had another label when the first one was made.
my @client = (host => 'named.localhost', ca => undef);
my $p = Anshin::Person->add($s, 'named-1', contract => 'named', method => 'certificate', label => 'old');
$p->register($s->client(@client));
my $old = $p->at_terminal('old');
my $c = $s->client(@client, cert => $old->fetch($s->client(@client)));
$s->later(11 * 86400);    # of thirty days: the end is near
$p->login($c)->status == 303 or die 'the first certificate does not log in';
my $change = $c->submit($c->get('/anshin/terminal/change?n=1'), { address => $p->{address}, address_confirm => $p->{address}, kind => 'pc', label => 'new' });
$c->submit($c->follow($change), {})->status == 303 or die 'the label does not change';
my $done = $c->follow($c->submit($c->follow($c->get('/anshin/renewal?n=1'))));
my %seen;
Anshin::Server::wait_for(60, sub { %seen = map { $_ => 1 } map { /(\/download\?t=[\w-]+)/ } $p->texts; keys %seen == 2 })
    or die 'no mail with the link of the renewed certificate';
my $new = $p->at_terminal('new', download_password => secret_of($done));
$new->fetch($s->client(@client));
$s->later(0);
Anshin::Browser::walk(
    $s, 'life.mjs',
    trial     => "https://others.localhost:$try/anshin/help/certificate",
    namedUser => { user => $p->{user}, password => $p->{password} },
    map { $_->[0] => { file => $s->root . "/person-named-1-$_->[0].p12", password => $_->[1]{download_password} } } [ old => $old ], [ new => $new ]
);
