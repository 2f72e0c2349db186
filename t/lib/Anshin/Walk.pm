package Anshin::Walk;
# A user's way through the portal, for suites that need one who has registered, without a browser.
#
#   my $u = Anshin::Walk::registered($server, 'p-01-usr001');   # user add, registration, mail, download
#   $u->{user} {password} {download_password} {p12} {pem} {mail}
#   my $c = Anshin::Walk::logged_in($server, $u);               # Anshin::Client with certificate and session
use strict;
use warnings;
use Anshin::PKI;
use Anshin::Server;
use MIME::Base64 qw(decode_base64);

our $PASSWORD = 'correct-Horse-7-battery';

sub invited {
    my ($server, $user, @options) = @_;
    my $made = $server->htanshin('user', 'add', $user, '--address', 'someone@example.jp', @options);
    die "user add $user: $made->{err}" if $made->{status};
    return parse($made->{out});
}

# "registration url: ..." lines as a hash.
sub parse {
    my ($text) = @_;
    my %value;
    while ($text =~ /^(\w[\w ]*?): +(.*)$/mg) { (my $key = $1) =~ tr/ /_/; $value{$key} = $2 }
    return \%value;
}

sub path_of { my ($url) = @_; return $url =~ m{^https://[^/]+(/.*)} ? $1 : die "no URL: $url" }

# The link's page, its redirect to a clean URL followed.
sub open_link {
    my ($client, $url) = @_;
    my $page = $client->get(path_of($url));
    $page = $client->follow($page) while $page->status == 303 || $page->status == 302;
    return $page;
}

sub expect { my ($page, $status, $what) = @_; $page->status == $status or die "$what: status " . $page->status . " $page->{error}\n" . $page->body; return $page }

# Both pages of the registration; the third one is returned.
sub register {
    my ($server, $invitation) = @_;
    my $client = $server->client;
    my $page = expect(open_link($client, $invitation->{registration_url}), 200, 'registration link');
    $page = expect($client->submit($page, { code => $invitation->{registration_code} }), 303, 'registration code');
    $page = expect($client->follow($page), 200, 'credentials');
    $page = $client->submit($page, { password => $PASSWORD, password_confirm => $PASSWORD, question => 'pet', answer => 'pochi' });
    return expect($client->follow(expect($page, 303, 'credentials')), 200, 'registered');
}

sub mail_text {
    my ($mail) = @_;
    my ($head, $body) = split /\r?\n\r?\n/, $mail, 2;
    return $head =~ /^Content-Transfer-Encoding:\s*base64/mi ? decode_base64($body) : $body;
}

sub registered {
    my ($server, $user, @options) = @_;
    return finish($server, $user, invited($server, $user, @options));
}

# From the invitation to the file.
sub finish {
    my ($server, $user, $invitation) = @_;
    my $before = () = $server->mail;
    my $done = register($server, $invitation);
    my ($password) = $done->body =~ /id="secret">([^<]+)</ or die "no download password:\n" . $done->body;
    my @mail = $server->wait_mail($before + 1);
    die 'no mail: ' . $server->log unless @mail > $before;
    my ($url) = mail_text($mail[-1]) =~ m{(https://\S+/download\?\S+)} or die "no link in the mail:\n" . mail_text($mail[-1]);
    my $client = $server->client;
    my $file = $client->submit(open_link($client, $url), { download_password => $password, profile => 'modern' });
    expect($file, 200, 'download');
    my $base = $server->root . "/$user";
    Anshin::PKI::write_text("$base.p12", $file->body);
    (my $plain = $password) =~ tr/- //d;
    system('openssl', 'pkcs12', '-in', "$base.p12", '-passin', "pass:$plain", '-nodes', '-out', "$base.pem") == 0 or die 'the file does not open';
    return { user => $user, password => $PASSWORD, download_password => $password, p12 => "$base.p12", pem => "$base.pem", mail => $mail[-1] };
}

sub logged_in {
    my ($server, $who) = @_;
    my $client = $server->client(cert => $who->{pem});
    my $page = $client->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
    $page = expect($client->follow(expect($page, 303, 'protected page')), 200, 'login page');
    my $in = expect($client->submit($page, { user => $who->{user}, password => $who->{password} }), 303, 'login');
    expect($client->follow($in), 200, 'after the login');
    return $client;
}

1;
