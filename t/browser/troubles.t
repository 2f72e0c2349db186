# The troubles that help desks answer, each solved in a real browser by the person who has it, in at most five actions.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(clock => 1, contract => <<'END')->start;
AnshinTitle "サンプル会員サイト"
AnshinSupport "ヘルプデスク 03-0000-0000"
AnshinSiteURL /members/
AnshinLoginMethods certificate
AnshinPasswordAttempts 3
AnshinUnlockAfter 30m
AnshinCertificateKey p256
AnshinCertificateLifetime 30d
AnshinCertificateReminders 20d
END

# Who has a certificate and who waits for one; what each needs to go on is in the facts.
my %people;
sub add {
    my ($name) = @_;
    my $p = $people{$name} = Anshin::Person->add($s, "p-01-$name", method => 'certificate', label => 'pc-1');
    $p->register;
    return $p;
}
add($_)->fetch for qw(broken admin ended deleted several careful lost locked);
add($_) for qw(imports forgets late waits phones);
$people{locked}->login($s->client(cert => $people{locked}{pem}), password => 'Not-this-one-1') for 1 .. 3;
Anshin::Browser::walk(
    $s, 'troubles.mjs',
    people => {
        map {
            my $p = $people{$_};
            $_ => {
                user => $p->{user}, address => $p->{address}, password => $p->{password}, question => 'pet', answer => 'トウキョウ',
                downloadPassword => $p->{download_password}, file => $s->root . "/person-$p->{user}.p12"
            }
        } keys %people
    }
);
