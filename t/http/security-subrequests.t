# Pages that are made of several requests, and error documents: each part is told of who was let in to it, and of nobody else.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password', server => <<'END', vhost => <<'MORE');
LoadModule include_module "@LIBEXEC@/mod_include.so"
<Directory "@ROOT@/htdocs/plain">
    AuthType Basic
    AuthName plain
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
    Options Includes FollowSymLinks
    AddOutputFilter INCLUDES .shtml
    RewriteEngine on
    RewriteCond "/members/index.html" -U
    RewriteRule "looks" "-" [E=LOOKED:1]
</Directory>
<Directory "@ROOT@/htdocs/open">
    Options Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
END
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    ScriptAlias "/basic/" "@ROOT@/cgi-bin/"
    <Location "/basic">
        AuthType Basic
        AuthName plain
        AuthBasicProvider file
        AuthUserFile "@ROOT@/passwords"
        Require valid-user
    </Location>
    ErrorDocument 400 /refused
    RewriteEngine on
    RewriteCond "%{HTTP_COOKIE}" "anshin"
    RewriteRule "^/refused$" "/members/cgi-bin/env.cgi" [PT]
    RewriteRule "^/refused$" "/cgi-bin/env.cgi" [PT]
MORE
my @parts = map { "=== part\n<!--#include virtual=\"$_\" -->\n" } map { "$_/env.cgi" } '/members/cgi-bin', '/basic', '/cgi-bin';
mkdir $s->root . '/htdocs/plain' or die $!;
Anshin::PKI::write_text($s->root . '/passwords', "basil:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");    # "password"
Anshin::PKI::write_text($s->root . "/htdocs/$_.shtml", join '', @parts) for 'plain/page', 'open/page';
Anshin::PKI::write_text($s->root . '/htdocs/plain/looks.shtml', "<!--#printenv -->\n");
$s->start;

my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;
my $in = $s->client;
$person->login($in);
my %basil = (Authorization => 'Basic YmFzaWw6cGFzc3dvcmQ=');
my $port = $s->port;

# --- a page of places with doors of different kinds ---

for my $page ('/plain/page.shtml', '/open/page.shtml') {
    my $r = $in->get($page, %basil);
    my (undef, $member, $basic, $open) = split /^=== part$/m, $r->body;
    is($r->status, 200, "$page: a page with a part of each kind");
    like($member // '', qr/^REMOTE_USER=\Q$person->{user}\E$/m, "$page: what lies behind our login knows the user (APP-1)");
    like($basic // '', qr/^REMOTE_USER=basil$/m, "$page: what lies behind another login knows whom that let in (APP-1)");
    unlike($open // 'REMOTE_USER=', qr/^REMOTE_USER=\Q$person->{user}\E/m, "$page: what is open does not know that user");
}
my $r = $in->get('/plain/looks.shtml', %basil);
like($r->body, qr/^LOOKED=1$/m, 'a rule that looks whether a protected page may be seen');
like($r->body, qr/^REMOTE_USER=basil$/m, 'does not make the one who looks its user (APP-1)');

# --- requests that are refused before any module sees them ---

sub refused {
    my (@lines) = @_;
    my @forged = ('Anshin-User: mallory', 'X-Anshin-Terminal: 7', 'Remote-User: mallory');
    return $s->client->raw(join "\r\n", 'GET / HTTP/1.1', @forged, @lines, 'Connection: close', '', '');
}
$r = refused();
is($r->status, 400, 'a request without Host is refused');
like($r->body, qr/^REDIRECT_STATUS=400$/m, 'by a program of the site');
unlike($r->body, qr/mallory|ANSHIN/, 'which gets none of the headers that say who it is (S22)');
$r = refused("Cookie: __Host-anshin-p-01=$in->{cookies}{'__Host-anshin-p-01'}");
like($r->body, qr/^HTTP_ANSHIN_USER=\Q$person->{user}\E$/m, 'behind the login it gets those of the session (S22)');
unlike($r->body, qr/mallory|TERMINAL=7/, 'and nothing beside them (S22)');

$s->finish;
done_testing;
