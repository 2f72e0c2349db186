# Configtest and start tell of a portal URL that no virtual host here serves: the first invitation would lead nowhere (A7).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;

my $s = Anshin::Server->new;
my $given = Anshin::PKI::read_text($s->root . '/httpd.conf');

sub configtest {
    my ($change) = @_;
    local $_ = $given;
    $change->();
    Anshin::PKI::write_text($s->root . '/httpd.conf', $_);
    my $r = $s->configtest;
    is($r->{status}, 0, 'nothing is refused: a proxy in front may have that name') or diag($r->{err});
    return $r->{err};
}

unlike(configtest(sub { }), qr/AN113[12]/, 'a portal that is served');
unlike(configtest(sub { s{<Location "/anshin">}{<Location /anshin/>} }), qr/AN113[12]/, 'a place without quotation marks');
my $port = $s->port;
like(configtest(sub { s{https://localhost:$port/anshin}{https://www.example.jp/anshin} }),
    qr{AN1131: contract p-01: AnshinPortalURL https://www\.example\.jp/anshin: no virtual host here has the name www\.example\.jp and port 443},
    'another name');
like(configtest(sub { s{https://localhost:$port/anshin}{https://localhost/anshin} }), qr{AN1131: .*name localhost and port 443}, 'another port');
like(configtest(sub { s{https://localhost:$port/anshin}{https://localhost:$port/portal} }),
    qr{AN1132: .*/portal: no <Location> there has SetHandler anshin; it is at "/anshin";}, 'another place');
unlike(configtest(sub { s{https://localhost:$port/anshin}{https://www.example.jp:$port/anshin}; s/^(\s*SSLEngine on)/ServerAlias *.example.jp\n$1/m }),
    qr/AN113[12]/, 'an alias');
unlike(configtest(sub { s{https://localhost:$port/anshin}{https://www.example.jp/anshin}; s/^AnshinStateDir/AnshinTrustedProxy 192.0.2.1\nAnshinStateDir/m }),
    qr/AN113[12]/, 'a TLS terminator in front has the name');
unlike(configtest(sub { s{<Location "/anshin">}{<LocationMatch "^/(anshin|other)(/|\$)">}; s{(SetHandler anshin\n.*\n\s*)</Location>}{$1</LocationMatch>} }),
    qr/AN113[12]/, 'a place by expression');
Anshin::PKI::write_text($s->root . '/httpd.conf', $given =~ s{https://localhost:$port/anshin}{https://www.example.jp/anshin}r);
$s->start;
is(scalar(() = $s->log =~ /AN1131/g), 1, 'a start tells it once');
$s->finish;
done_testing;
