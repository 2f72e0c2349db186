# The attacker who sends slowly, and who reads slowly: he is ended, and keeps nobody else waiting (S32).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(server => 'RequestReadTimeout handshake=0 header=5 body=5', contract => 'AnshinLoginMethods password')->start;
my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $c = $s->client;
is($p->login($c)->status, 303, 'somebody is logged in');

# --- S32: what dawdles is ended, and keeps nobody else waiting ---

{
    my $head = "POST /anshin/login HTTP/1.1\r\nHost: localhost:" . $s->port . "\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    my @slow;
    for my $n (1 .. 24) {
        my $d = $s->client;
        my $socket = $d->connect or die "no connection: $d->{error}";
        my $kind = ('a body', 'a body in chunks', 'headers')[ $n % 3 ];
        $socket->syswrite($kind eq 'a body' ? "${head}Content-Length: 5000\r\n\r\ncsrf=" : $kind eq 'headers' ? "${head}X-1: " : "${head}Transfer-Encoding: chunked\r\n\r\n5\r\ncsrf=\r\n");
        push @slow, { client => $d, socket => $socket, kind => $kind, drip => $kind eq 'a body in chunks' ? "1\r\na\r\n" : 'a' };
    }
    my @while;
    local $SIG{PIPE} = 'IGNORE';
    for (1 .. 10) {
        for my $one (@slow) { $one->{socket}->syswrite($one->{drip}) if $one->{socket}->opened }
        push @while, $s->client->get('/anshin/login')->status, $c->get('/members/')->status;
        push @while, $p->login($s->client)->status;
        sleep 0.05;
    }
    is(join(' ', sort @while), join(' ', (200) x 20, (303) x 10), 'S32: while 24 connections dawdle others log in and read');
    my %end;
    for my $one (@slow) {
        my $r = bless { status => 0, headers => [], body => '' }, 'Anshin::Response';
        eval { local $SIG{ALRM} = sub { die "slow\n" }; alarm 60; $one->{client}->read_response($one->{socket}, $r, 'POST'); 1 } or $r->{status} = $@ =~ /^slow/ ? 'open' : 0;
        alarm 0;
        $end{"$one->{kind}: " . ($r->{status} || 'closed')}++;
        $one->{client}->close;
    }
    is_deeply([ grep { !/: (?:408|400|closed)$/ } sort keys %end ], [], 'S32: in the end each is told so or closed') or diag explain \%end;
    note explain \%end;
    is($s->client->get('/anshin/login')->status, 200, 'S32: and all is as before');
}
$s->finish;
done_testing;
