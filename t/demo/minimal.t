# conf.d/anshin.conf, the fifteen lines of the README, as they stand: put into a plain TLS server they protect a site (CON-1).
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use Anshin::Server;

my $file  = Anshin::PKI::read_text('conf.d/anshin.conf');
my @lines = grep { /\S/ && !/^\s*#/ } split /\n/, $file;
cmp_ok(scalar @lines, '<=', 15, 'lines of configuration: ' . @lines);
for my $readme (qw(README.md README.en.md)) {
    my ($shown) = Anshin::PKI::read_text($readme) =~ /^```apache\n(.*?)^```/ms;
    my @shown = split /\n/, $shown;
    is(join("\n", grep { !/AnshinTitle/ } @shown), join("\n", grep { !/AnshinTitle/ } @lines), "$readme shows them");
}

# Only places change: where the modules lie, and a state directory of the suite's own.
my $moved = join "\n", @lines;
my $count = $moved =~ s{/usr/lib/apache2/modules/(\w+\.so)}{Anshin::Server::out() . "/$1"}ge;
$count += $moved =~ s{/var/lib/anshin}{\@ROOT\@/state}g;
is($count, 3, 'places changed');
my $plain = Anshin::Server::free_port();
my $s = Anshin::Server->new(bare => 1, extra => "Listen 127.0.0.1:$plain\n<VirtualHost 127.0.0.1:$plain>\n</VirtualHost>");
my $group = $s->{group} ? "AnshinGroup $s->{group}\nAnshinCAUser $s->{worker}\nAnshinSignerUser $s->{signer}" : '';
$s->{server} = "$moved\nAnshinShareDir \@ROOT\@/share\nAnshinProgramDir \@ROOT\@/bin\n$group";
$s->configure;
$s->prepare_state;
my $made = $s->htanshin('ca', 'create', $s->{signer} ? ('--signer-user', $s->{signer}) : ());
is($made->{status}, 0, 'a CA of its own') or diag($made->{err});
$s->start;

my $page = $s->client->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
isnt($page->status, 200, 'the protected place is not shown');
unlike($page->body, qr/members' page/, 'nor what it holds');
is($s->client->get('/open/')->status, 200, 'what is not protected is');
my %named = (Host => 'www.example.jp');
my $login = $s->client->get('/anshin/login', %named);
like($login->body, qr/会員サイト/, 'the portal answers under the name of the site');

# The lines stand for the whole server: port 80 has them as well, and asks nobody for a password (ISO-3).
sub in_clear {
    my ($method, $path, $body) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $plain, Timeout => 10) or die "connect: $!";
    my $length = length($body // '');
    print $socket "$method $path HTTP/1.1\r\nHost: www.example.jp\r\nConnection: close\r\nAccept: text/html\r\n"
        . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: $length\r\n\r\n" . ($body // '');
    local $/;
    return scalar <$socket>;
}
my $led = in_clear('GET', '/anshin/login?return=abc&x=%41');
like($led, qr{^HTTP/1\.1 30[38] }, 'ISO-3: the portal by plain http leads on');
like($led, qr{^Location: https://www\.example\.jp/anshin/login\?return=abc&x=%41\r$}m, 'to the same page at its https origin');
unlike($led, qr/^Set-Cookie|<form/mi, 'without a form or a cookie');
my $posted = in_clear('POST', '/anshin/login', 'user=p-01-usr001&password=in-clear');
like($posted, qr{^HTTP/1\.1 403 }, 'ISO-3: a form by plain http is refused');
unlike($posted, qr/^Set-Cookie|p-01-usr001/mi, 'unread');
like(in_clear('GET', '/members/'), qr{^Location: https://www\.example\.jp/anshin/login}m, 'ISO-3: what is protected leads to the login, by https');
is($s->htanshin('user', 'add', 'p-01-usr001', '--address', 'usr001@example.jp')->{status}, 0, 'users can be added');

# What check says of it is true: this server has another name than the sample, and nobody was named who carries mail on (ADM-1).
my $check;
my $told = sub { $check = JSON::PP::decode_json($s->htanshin('--json', 'check')->{out}); return join ' ', sort map { $_->{id} } @{ $check->{problems} } };
ok(Anshin::Server::wait_for(10, sub { $told->() eq 'mail-carrier portal-host' }), 'ADM-1: check has nothing but what the sample leaves to be said') or diag(Test::More::explain($check));
$s->finish;
done_testing;
