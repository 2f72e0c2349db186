# Other modules of httpd beside us, as operators load them: what they do for a whole site breaks no form of ours, and what is
# behind the login does not get out through them.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Server;

my %navigation = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');

sub module { return join '', map { "LoadModule ${_}_module \"\@LIBEXEC\@/mod_$_.so\"\n" } @_ }

# --- caches: whoever comes behind a user finds nothing, however the site says how long its pages live (S34, ISO-2) ---

# Each place is the members' page; by => what the site says there.
my %place = (
    nothing  => '',
    expires  => "ExpiresActive on\n ExpiresDefault \"access plus 1 hour\"",
    header   => 'Header set Cache-Control "max-age=600"',
    always   => 'Header always set Cache-Control "public, max-age=600"',
    added    => "Header add Cache-Control public\n Header add Cache-Control s-maxage=600",
    edited   => "Header set Cache-Control no-cache\n Header edit Cache-Control .* \"public, max-age=600\"",
    edge     => "Header set Cache-Control max-age=600\n Header set CDN-Cache-Control max-age=600\n Header set X-Accel-Expires 600",
);
my $places = join '', map { <<"END" } sort keys %place;
<Location "/by-$_">
        AuthType Anshin
        Require valid-user
        $place{$_}
    </Location>
    Alias "/by-$_" "\@ROOT\@/htdocs/members"
END

# Where the site means what it says of shared caches, and where it only says how long.
my $meant = <<'END';
<Location "/meant">
        AuthType Anshin
        Require valid-user
        AnshinSharedCache on
        Header set Cache-Control "public, max-age=600"
    </Location>
    Alias "/meant" "@ROOT@/htdocs/members"
    <Location "/not-meant">
        AuthType Anshin
        Require valid-user
        AnshinSharedCache on
        Header set Cache-Control "max-age=600"
    </Location>
    Alias "/not-meant" "@ROOT@/htdocs/members"
    <Location "/never">
        AuthType Anshin
        Require user nobody-at-all
        Header always set Cache-Control "max-age=600"
        ErrorDocument 403 /open/
    </Location>
    Alias "/never" "@ROOT@/htdocs/members"
    <Location "/open">
        Header set Cache-Control "public, max-age=600"
    </Location>
END
my $caching = <<'END';
CacheRoot "@ROOT@/run/cache"
CacheHeader on
CacheStorePrivate on
CacheIgnoreNoLastMod on
END
my %way = (
    quick  => 'CacheEnable disk "/"',
    slow   => "CacheQuickHandler off\nCacheEnable disk \"/\"",
    ahead  => "CacheQuickHandler off\nCacheEnable disk \"/\"\n<Location \"/\">\nSetOutputFilter CACHE\n</Location>",
    errors => "CacheEnable disk \"/\"\nErrorDocument 401 /open/\nErrorDocument 503 /open/"
);
my $hosts = join '', map { <<"END" } sort keys %way;
<VirtualHost 127.0.0.1:\@PORT\@>
    ServerName $_.localhost:\@PORT\@
    SSLEngine on
    $way{$_}
    $places
    $meant
    ScriptAlias "/by-program/" "\@ROOT\@/cgi-bin/"
    <Location "/by-program">
        AuthType Anshin
        Require valid-user
    </Location>
</VirtualHost>
END
my $s = Anshin::Server->new(
    server   => module(qw(cache cache_disk expires)) . $caching,
    contract => 'AnshinLoginMethods password',
    vhost    => "CacheEnable disk \"/\"\nHeader always set Cache-Control \"max-age=600\"",
    extra    => $hosts
);
mkdir "$s->{root}/run/cache" or die "cache: $!";
mkdir "$s->{root}/htdocs/members/below" or die "below: $!";
chown +(getpwnam 'www-data')[2, 3], "$s->{root}/run/cache" if $> == 0;
Anshin::PKI::write_text("$s->{root}/htdocs/members/below/index.html", "the members' page below\n");
Anshin::PKI::write_text("$s->{root}/cgi-bin/said.cgi", <<'END');
#!/usr/bin/perl
print "Content-Type: text/plain\nLast-Modified: Sat, 01 Jan 2022 00:00:00 GMT\n";
print "Cache-Control: public, max-age=600, s-maxage=900\n\nthe members' page of $ENV{REMOTE_USER}\n";
END
Anshin::PKI::write_text("$s->{root}/cgi-bin/alone.cgi", <<'END');
#!/usr/bin/perl
print "Content-Type: text/plain\n$ENV{QUERY_STRING}: public, max-age=600\n\nthe members' page\n";
END
chmod 0755, map { "$s->{root}/cgi-bin/$_.cgi" } qw(said alone);
$s->start;
my $who = Anshin::Person->add($s, 'p-01-usr001');
$who->register;
$who->login(my $user = $s->client);

sub stranger { my ($way) = @_; return $s->client(host => "$way.localhost", ca => undef) }

for my $way (sort keys %way) {
    my $member = $user->clone(host => "$way.localhost", ca => undef);
    my $other  = stranger($way);
    for my $path ((map { "/by-$_/" } sort keys %place), '/by-expires/below', '/by-program/said.cgi') {
        my $stranger = $other->get($path, %navigation);
        is($stranger->status, 303, "$way: $path: a stranger comes first");
        my $own = $member->get($path);
        is($own->status, $path =~ /below$/ ? 301 : 200, 'S34: a stranger keeps no user out');
        my $control = $own->header('Cache-Control') // '';
        like($control, qr/(?:^|, )private(?:,|$)/, "S34: $way: $path: is private: $control");
        unlike($control, qr/public|s-maxage/, 'and not for others');
        is($own->header($_), undef, "S34: nor is there any $_") for qw(CDN-Cache-Control X-Accel-Expires);
        $stranger = $other->get($path);
        is($stranger->status, 401, "S34: $way: $path: who comes behind a user gets nothing");
        like($stranger->header('Cache-Control'), qr/^no-store$/, 'S34: and what he gets nobody keeps');
        unlike($stranger->body, qr/members' page/, 'not in the body either');
        is($other->get($path, %navigation)->status, 303, 'S34: nor is the refusal of a program kept for a person');
    }
    for my $name (qw(cACHE-cONTROL cDN-cache-control CLOUDFLARE-CDN-Cache-Control edge-control sURROGATE-Control x-accel-expires)) {
        my $own = $member->get("/by-program/alone.cgi?$name");
        like($own->header('Cache-Control'), qr/^private, (?:no-cache|max-age=600)$/, "S34: $way: a page that speaks by $name alone is private");
        is($own->header($name), undef, 'S34: and that is gone') if lc $name ne 'cache-control';
    }
    is($member->get('/by-header/')->header('Cache-Control'), 'private, max-age=600', 'S34: how long a browser keeps it is the site\'s to say');
    is($member->get('/never/')->status, 403, "$way: 403");
    is($other->get('/never/', %navigation)->status, 303, 'S34: is not kept for others, error document and all');
    is($other->get('/open/')->status, 200, 'an open page');
    like($other->get('/open/')->header('X-Cache') // '', qr/HIT|REVALIDATE/, "$way: is kept: the cache does work");
}
my $account = $user->get('/anshin/account');
like($account->text, qr/p-01-usr001/, 'a page of the portal');
is($account->header('Cache-Control'), 'no-store', 'S34: no line of the site makes the portal\'s pages last');
is(scalar(my @once = $account->headers('Cache-Control')), 1, 'and says so once');
is($s->client->get('/anshin/account')->status, 303, 'S34: whoever comes behind is led to the login');
is($s->client->get('/anshin/account')->header('Cache-Control'), 'no-store', 'S34: which is no answer to be kept either');
is($s->client->get('/anshin/login')->header('Cache-Control'), 'no-store', 'S34: nor is the login page, with its token');
like($s->client->get('/anshin/static/anshin.css')->header('Cache-Control'), qr/max-age=600/, 'style sheets are as the site wants them');
my $quick = $user->clone(host => 'quick.localhost', ca => undef);
is($quick->get('/meant/')->status, 200, 'a page that the site calls public, where it says that it means it');
my $meant_page = stranger('quick')->get('/meant/');
is($meant_page->status, 200, 'AnshinSharedCache on: is for everybody, once a user has read it');
is($meant_page->header('Cache-Control'), 'public, max-age=600', 'as the site says');
is($quick->get('/not-meant/')->status, 200, 'where it only says how long');
is(stranger('quick')->get('/not-meant/')->status, 401, 'AnshinSharedCache on: it is not');
$s->finish;

# --- one origin: the portal by another name, port or scheme (ISO-3) ---

my $plain  = Anshin::Server::free_port();
my $second = Anshin::Server::free_port();
$s = Anshin::Server->new(
    contract => "AnshinLoginMethods password\nAnshinStrictTransport 1h",
    sites    => { today => 'AnshinLoginMethods password' },
    server   => 'AnshinTrustedProxy 127.0.0.9',
    vhost    => "ServerAlias other.localhost\nRewriteEngine on\nRewriteRule \"^/rewritten\" \"/members/index.html\" [PT]"
);
my $lines = $s->vhost_lines;
$s->{extra} = <<"END";
Listen 127.0.0.1:$plain
Listen 127.0.0.1:$second
<VirtualHost 127.0.0.1:$plain>
    ServerName localhost
    $lines
</VirtualHost>
<VirtualHost 127.0.0.1:$second>
    ServerName localhost
    SSLEngine on
    $lines
</VirtualHost>
<VirtualHost 127.0.0.1:\@PORT\@>
    ServerName third.localhost:\@PORT\@
    SSLEngine on
    ProxySourceAddress 127.0.0.9
    ProxyPass "/proxied/" "http://127.0.0.1:\@BACKEND\@/"
    ProxyPass "/to-us/" "http://127.0.0.1:$plain/"
    RewriteEngine on
    RewriteRule "^/rewritten/(.*)" "http://localhost:\@BACKEND\@/\$1" [P]
    ProxyPass "/said/" "http://127.0.0.1:\@BACKEND\@/"
    <Location "/said">
        RequestHeader set Client-Cert ":said-by-the-proxy:"
    </Location>
    <Location "/handled/">
        SetHandler "proxy:http://127.0.0.1:\@BACKEND\@"
    </Location>
    ProxyPass "/number/" "http://2130706433:\@BACKEND\@/"
</VirtualHost>
END
$s->configure;
$s->start;
$who = Anshin::Person->add($s, 'p-01-usr001');
$who->register;
$who->login($user = $s->client);
my $origin = $s->url('');
is($user->get('/anshin/')->header('Strict-Transport-Security'), 'max-age=3600', 'ISO-3: AnshinStrictTransport: the portal asks for https alone');
is($s->client->get('/members/')->header('Strict-Transport-Security'), undef, 'and speaks for itself alone');

sub plainly {
    my ($method, $path, %headers) = @_;
    my $from = delete $headers{from} // '127.0.0.1';
    my $body = delete $headers{body} // '';
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $plain, LocalAddr => $from, Timeout => 10) or die "connect: $!";
    my %all = (Host => "localhost:" . $s->port, Connection => 'close', 'Content-Length' => length $body, %headers);
    print $socket "$method $path HTTP/1.1\r\n", (map { "$_: $all{$_}\r\n" } sort keys %all), "\r\n$body";
    local $/;
    return scalar <$socket>;
}
my %at = (
    'another name'    => sub { $s->client(host => 'other.localhost', ca => undef)->get(@_) },
    'an address'      => sub { $s->client(host => '127.0.0.1', ca => undef)->get(@_) },
    'another port'    => sub { $s->client(port => $second, ca => undef)->get(@_) },
    'no port'         => sub { $s->client->get(@_, Host => 'localhost') },
);
for my $where (sort keys %at) {
    my $led = $at{$where}->('/anshin/login?return=a%2Fb');
    is($led->status, 303, "ISO-3: the portal at $where");
    is($led->header('Location'), "$origin/anshin/login?return=a%2Fb", 'leads to the same page at its origin');
    is(scalar(my @set = $led->headers('Set-Cookie')), 0, 'and sets no cookie');
    is($at{$where}->('/anshin/static/anshin.css')->status, 200, 'style sheets are for pages of any host');
}
is($s->client(host => 'other.localhost', ca => undef)->post('/anshin/login', { user => 'u', password => 'p' })->status, 403,
    'ISO-3: a form there is refused');
is($s->client->get('/anshin/login', Host => 'LOCALHOST:' . $s->port)->status, 200, 'ISO-3: names are the same in capitals');
{
    my $led = $s->client(host => 'other.localhost', ca => undef)->get('/members/?x=1', %navigation)->header('Location');
    like($led, qr{^\Q$origin\E/anshin/login\?return=}, 'B03a: a page behind the login, by an alias of the site, leads to the portal');
    is($user->get($led =~ s/^\Q$origin\E//r, %navigation)->header('Location'), '/members/?x=1',
        'which leads whoever is logged in there on to the same page, and asks nobody a second time');
}
my $link = Anshin::Person->add($s, 'p-01-usr002')->{path};
is($at{'another name'}->($link)->header('Location'), "$origin$link", 'ISO-3: a mailed link keeps its token on the way');
unlike($s->access_log . $s->log, qr/\Q@{[$link =~ m{t=(.+)}]}/, 'S9: which no log shows');

like(plainly('GET', '/anshin/login'), qr{^HTTP/1.1 303 .*^Location: \Q$origin\E/anshin/login\r$}ms, 'ISO-3: the portal by plain http leads to https');
like(plainly('POST', '/anshin/login', body => 'user=u&password=p', 'Content-Type' => 'application/x-www-form-urlencoded'),
    qr{^HTTP/1.1 403 }, 'ISO-3: a form by plain http is refused');
my $cookie = join '; ', map { "$_=$user->{cookies}{$_}" } sort keys %{ $user->{cookies} };
is($s->client->get('/members/', Cookie => $cookie)->status, 200, 'a session');
like(plainly('GET', '/members/', Cookie => $cookie), qr{^HTTP/1.1 401 }, 'ISO-3: counts for nothing by plain http');
like(plainly('GET', '/members/', Cookie => $cookie, from => '127.0.0.9'), qr{^HTTP/1.1 200 }, 'ISO-3: but behind a terminator that was named');
like(plainly('GET', '/anshin/login', Host => 'inside', from => '127.0.0.9'), qr{^HTTP/1.1 200 },
    'ISO-3: which may call the portal by a name of its own');
like(plainly('GET', '/members/', Cookie => $cookie, from => '127.0.0.9', 'X-Forwarded-Proto' => 'http'), qr{^HTTP/1.1 401 },
    'ISO-3: and whose word that its client came by plain http is taken');
like(plainly('GET', '/anshin/login', from => '127.0.0.9', 'X-Forwarded-Proto' => 'http'), qr{^HTTP/1.1 303 }, 'ISO-3: which is led to https');
is($user->get('/rewritten')->status, 200, 'mod_rewrite to a protected place, with a session');
is($s->client->get('/rewritten')->status, 401, 'and without');

# --- headers that only we may set, on hosts that no contract serves (S22) ---

my %forged = ('Anshin-User' => 'p-01-usr001', 'X-Anshin-Contract' => 'p-01', 'Client-Cert' => ':AAAA:', 'Remote-User' => 'x', Connection => 'close, anshin-user');
my $third = $s->client(host => 'third.localhost', ca => undef);
for my $path ('/proxied/', '/rewritten/', '/handled/', '/number/') {
    my $seen = $third->get($path, %forged);
    is($seen->status, 200, "$path: a host without a contract");
    unlike($seen->body =~ s/\AGET .*//r, qr/anshin/i, 'S22: a back end gets no Anshin-* header through it');
    unlike($seen->body, qr/client-cert/i, 'S22: nor, being at an address that may be ours, a certificate that the client brings');
    like($seen->body, qr/^Remote-User: x\r?$/m, 'S22: what is not ours there is left alone');
}
like($third->get('/said/', %forged)->body, qr/^Client-Cert: :said-by-the-proxy:\r?$/m, 'S22: what the proxy itself says is passed on');
is($third->get('/to-us/members/', 'Client-Cert' => 'not as RFC 9440 has it')->status, 401,
    'S22: a certificate does not come to a host of ours through a neighbour that we trust');
$s->finish;

# --- the whole site protected, the portal inside, and what a site sets for all of itself (ISO-4) ---

my $audit = <<'END';
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:5|4)"
SecAuditLogParts ABDEFHIJZ
SecAuditLogType Serial
SecAuditLog "@ROOT@/logs/modsec_audit.log"
END
my ($lines_of_guide) = Anshin::PKI::read_text('htdocs/manual/en/operator.md') =~ /^(<IfModule security2_module>.*?^<\/IfModule>\n)/ms;
$s = Anshin::Server->new(
    contract => "AnshinLoginMethods password\nAnshinStyleURL /style/brand.css",
    server   => module(qw(unique_id security2 dav dav_fs dav_lock status)) . "$audit$lines_of_guide\nDavLockDB \"\@ROOT\@/run/dav\"",
    vhost    => <<'END');
<Location "/">
        AuthType Anshin
        Require valid-user
    </Location>
    <Location "/open">
        AuthType None
        Require all granted
    </Location>
    ErrorDocument 404 /members/gone.html
    Header set Referrer-Policy "no-referrer"
    <Location "/anshin">
        Header set Cross-Origin-Opener-Policy "unsafe-none"
    </Location>
    <Location "/dav">
        Dav on
    </Location>
    <Location "/status">
        SetHandler server-status
        Require user p-01-usr001
    </Location>
    <Location "/inside">
        <RequireAll>
            Require valid-user
            Require not ip 127.0.0.5
        </RequireAll>
        SetHandler anshin
    </Location>
END
mkdir "$s->{root}/htdocs/$_" or die "$_: $!" for qw(style dav);
chown +(getpwnam 'www-data')[2, 3], "$s->{root}/htdocs/dav" if $> == 0;
Anshin::PKI::write_text("$s->{root}/htdocs/style/brand.css", "body { color: black }\n");
Anshin::PKI::write_text("$s->{root}/htdocs/style/other.css", "body { color: red }\n");
Anshin::PKI::write_text("$s->{root}/htdocs/members/gone.html", "gone, says the members' page\n");
$s->start;
$who = Anshin::Person->add($s, 'p-01-usr001');
$who->register;
my $c = $s->client;
my $asked = $c->get('/members/', %navigation);
is($asked->status, 303, 'LOG-1: the whole site protected leads to the login');
my $page = $c->follow($asked, %navigation);
is($page->status, 200, 'which is inside, and is let through');
is($c->get('/anshin/static/anshin.css')->status, 200, 'so are its style sheets');
is($c->get('/style/brand.css')->status, 200, 'and AnshinStyleURL');
is($c->get('/style/other.css')->status, 401, 'but nothing beside it');
is($c->get('/anshin/account')->status, 303, 'ACC-1: pages for members ask for the login as ever');
is($s->client(from => '127.0.0.5')->get('/inside/')->status, 403, 'what is refused by address is refused to the portal, too');
my $wrong = $c->submit($page, { user => $who->{user}, password => 'Wrong-word-9' });
is($wrong->status, 401, 'a failed login');
is($page->header('Cross-Origin-Opener-Policy'), 'unsafe-none', 'ISO-4: a site that logs in within pop-ups may say so (guide)');
my %fields = (csrf => $page->field('csrf'), return => $page->field('return'), user => $who->{user}, password => $who->{password});
is($c->post('/anshin/login', \%fields, Origin => 'null', 'Sec-Fetch-Site' => 'cross-site')->status, 403, 'S10: a form of nobody knows where is refused');
is($c->post('/anshin/login', { %fields, csrf => 'A' x 64 }, Origin => 'null', 'Sec-Fetch-Site' => 'same-origin')->status, 403,
    'S10: and one without a token of this browser');
my $late = $c->post('/anshin/login', { %fields, csrf => 'A' x 64 });
is($late->status, 403, 'S10: a form whose cookie is gone');
is($late->field('user'), $who->{user}, 'LOG-1: comes back with the ID that was typed');
is($late->field('return'), $fields{return}, 'and the place to return to');
unlike($late->body, qr/\Q$who->{password}\E/, 'but without the password');
my $in = $c->post('/anshin/login', \%fields, Origin => 'null', 'Sec-Fetch-Site' => 'same-origin');
is($in->status, 303, 'ISO-4: Referrer-Policy no-referrer for the whole site breaks no login');
is($in->header('Location') =~ s{^https://[^/]+}{}r, '/members/', 'which leads back');
is($c->get('/members/')->status, 200, 'and is let in');
is($s->client->get('/open/nothing', %navigation)->status, 404, 'ISO-4: an error document behind the login leaves the status as it is');
is($s->client->get('/open/nothing')->status, 404, 'for programs as well');
my $gone = $c->get('/open/nothing');
is($gone->status . ' ' . ($gone->body =~ /gone, says/ ? 'document' : ''), '404 document', 'who is logged in sees the document');
is($c->get('/status?auto')->status, 200, 'mod_status under Require user');
is($s->client->get('/status?auto')->status, 401, 'and without a login');
is($c->request('PUT', '/dav/file.txt', 'text')->status, 201, 'mod_dav: a file is put');
is($s->client->request('PUT', '/dav/other.txt', 'text')->status, 401, 'not by a stranger');
ok(!-e "$s->{root}/htdocs/dav/other.txt", 'nothing was written');
my $log = audited(qr{POST /anshin/login});
like($log, qr{POST /anshin/login}, 'mod_security: the failed login is in its audit log');
unlike($log, qr/Wrong-word-9|\Q$who->{password}\E/, 'S28: without the password, with the lines of the guide');
my @secret = values %{ $c->{cookies} };
$c->get('/members/nothing-here');
$log = audited(qr{GET /members/nothing-here});
like($log, qr{GET /members/nothing-here}, 'a request with a session');
is(scalar(grep { index($log, $_) >= 0 } @secret), 0, 'S28: stands there without its cookies');
$s->finish;
done_testing;

# The audit log, once it has the entry: it is written behind the answer.
sub audited {
    my ($pattern) = @_;
    my $text;
    Anshin::Server::wait_for(10, sub { $text = Anshin::Server::text_of("$s->{root}/logs/modsec_audit.log"); return $text =~ $pattern });
    return $text;
}
