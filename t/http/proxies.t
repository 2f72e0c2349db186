# The guide's page on proxies (INS-5, APP-2): nginx and HAProxy run with its very lines, and httpd behind them with what stands below.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Anshin::Client;
use Anshin::Person;
use Anshin::Server;

# Per proxy: its block, and the one of httpd that follows.
sub blocks {
    my ($language) = @_;
    my %found;
    my $text = Anshin::PKI::read_text("htdocs/manual/$language/proxies.md");
    $found{$1} = [ $2, $3 ] while $text =~ /^```(nginx|haproxy)\n(.*?)^```\n.*?^```apache\n(.*?)^```/msg;
    return \%found;
}
my $guide = blocks('en');
is_deeply(blocks('ja'), $guide, 'INS-5: the same lines in both languages');
is(join(' ', sort keys %$guide), 'haproxy nginx', 'INS-5: blocks');

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods certificate', server => "LoadModule remoteip_module \"\@LIBEXEC\@/mod_remoteip.so\"");
my %port = map { $_ => { front => Anshin::Server::free_port(), back => Anshin::Server::free_port() } } keys %$guide;
$s->{extra} = '';
for my $proxy (sort keys %$guide) {
    (my $lines = $guide->{$proxy}[1]) =~ s/192\.0\.2\.20:8080/127.0.0.1:$port{$proxy}{back}/g;
    my $count = $lines =~ s/192\.0\.2\.10/127.0.0.2/g;
    is($count, 2, "$proxy: its address stands twice");
    $lines =~ s{(?=</VirtualHost>)}{$s->vhost_lines}e;
    $s->{extra} .= "$lines\n";
}
$s->configure;
$s->start;

# --- the proxies, from an address of their own ---

my $site = Anshin::PKI->new($s->root . '/site', name => 'Proxies')->issue('localhost', usage => 'serverAuth', names => 'DNS:localhost');
my $ca   = $s->root . '/run/ca.crt';
Anshin::PKI::write_text($ca, $s->run('cat', $s->state . '/ca/ca.crt')->{out});
my $place = $s->root . '/proxies';
mkdir $place or die $!;
chmod 0777, $place;
my %wrap = (
    nginx   => sub { "daemon off; pid $place/nginx.pid; error_log $place/nginx.log;\n" . ($> == 0 ? "user www-data;\n" : '')
            . 'events { } http { access_log off; proxy_bind 127.0.0.2; '
            . join('', map { "${_}_temp_path $place/$_; " } qw(client_body proxy fastcgi uwsgi scgi)) . "\n$_[0]}\n" },
    haproxy => sub { "defaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n    source 127.0.0.2\n$_[0]" }
);
my %command = (nginx => [ qw(nginx -c), "$place/nginx.conf" ], haproxy => [ qw(haproxy -db -f), "$place/haproxy.conf" ]);
my %pid;
END { local $?; kill 'TERM', values %pid if %pid }
for my $proxy (sort keys %$guide) {
    (my $lines = $guide->{$proxy}[0]) =~ s/192\.0\.2\.20:8080/127.0.0.1:$port{$proxy}{back}/g;
    $lines =~ s/(listen|bind :|listen )\s*443/$1 eq 'bind :' ? "bind 127.0.0.1:$port{$proxy}{front}" : "listen 127.0.0.1:$port{$proxy}{front}"/e;
    $lines =~ s{/etc/ssl/site\.pem}{$site}g;
    $lines =~ s{/etc/ssl/anshin-ca\.crt}{$ca}g;
    $lines =~ s/www\.example\.jp/localhost/g;
    Anshin::PKI::write_text("$place/$proxy.conf", $wrap{$proxy}->($lines));
    $pid{$proxy} = fork // die $!;
    if (!$pid{$proxy}) {
        open STDOUT, '>', "$place/$proxy.out";
        open STDERR, '>&', \*STDOUT;
        local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
        exec @{ $command{$proxy} } or POSIX::_exit(127);
    }
}

# --- who comes through them ---

my $who = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$who->register($s->client);
$who->fetch($s->client);
my $pem = Anshin::PKI::read_text($who->{pem}) =~ /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/s ? $1 : die;
my %forged = (
    nginx   => [ 'X-SSL-Client-Cert' => $pem =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/gers ],
    haproxy => [ 'Client-Cert' => ':' . ($pem =~ s/-----.*?-----|\s//gr) . ':' ]
);
for my $proxy (sort keys %$guide) {
    my $through = sub { return Anshin::Client->new(port => $port{$proxy}{front}, origin => 'https://localhost:' . $s->port, @_) };
    ok(Anshin::Server::wait_for(20, sub { $through->()->get('/open/')->status == 200 }), "INS-5: $proxy takes the guide's lines")
        or diag(map { Anshin::Server::text_of("$place/$proxy.$_") } qw(out log));
    my $c = $through->(cert => $who->{pem});
    is($who->login($c)->status, 303, "INS-5: $proxy: a login by certificate");
    is($c->get('/members/')->status, 200, "INS-5: $proxy: and in");
    my %with = (cookies => { %{ $c->{cookies} } });
    is($through->(%with)->get('/members/')->status, 401, "LOG-8: $proxy: without the certificate the session is refused");
    is($through->(%with)->get('/members/', @{ $forged{$proxy} })->status, 401, "S22: $proxy: and with one of the client's own header");
    my $foreign = $through->(%with, cert => $s->foreign->issue('p-01-usr001'))->get('/members/', 'Sec-Fetch-Mode' => 'navigate', 'Accept-Language' => 'en');
    is($foreign->status, 401, "LOG-3: $proxy: a foreign one reaches the help page");
    like($foreign->text, qr/not (?:one )?of this|another|not issued/i, "LOG-3: $proxy: which says so");
}
is(scalar(() = $s->htanshin('history', 'p-01-usr001')->{out} =~ /127\.0\.0\.1/g) > 0, 1, 'LCK-4: the history has the client\'s address');
unlike($s->htanshin('history', 'p-01-usr001')->{out}, qr/127\.0\.0\.2/, 'LCK-4: and not the proxy\'s');
$s->finish;
done_testing;
