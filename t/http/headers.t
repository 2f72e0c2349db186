# The headers of every answer of the portal, and what the pages may load.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate', extra => <<'MORE')->start;
<AnshinContract away classic>
AnshinPortalURL https://away.localhost:@PORT@/
AnshinMailFrom anshin@example.com
AnshinSiteURL https://site.example:8443/start?x=1
</AnshinContract>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName away.localhost:@PORT@
    SSLEngine on
    AnshinUse away
    <Location "/">
        SetHandler anshin
        Require all granted
    </Location>
</VirtualHost>
MORE
my $person = Anshin::Person->add($s, 'p-01-usr001', contract => 'p-01');
my $c = $s->client;
$person->to_credentials($c);
my $in = $s->client;

my @answers = (
    [ 'the login page',       $c->get('/anshin/login') ],
    [ 'a failed login',       $c->submit($c->get('/anshin/login'), { user => 'x', password => 'y' }) ],
    [ 'a complaint',          $c->submit($c->get('/anshin/login'), { user => '' }) ],
    [ 'page 2',               $c->get('/anshin/register/credentials') ],
    [ 'a redirect',           $c->get('/anshin/register') ],
    [ 'a link',               $c->get($person->{path}) ],
    [ 'a link that is none',  $s->client->get('/anshin/register') ],
    [ 'no such page',         $c->get('/anshin/nothing') ],
    [ 'a wrong method',       $c->request('PUT', '/anshin/login') ],
    [ 'a refused form',       $c->post('/anshin/login', {}) ],
    [ 'a refused body',       $c->post('/anshin/login', 'x', 'Content-Type' => 'text/plain') ],
    [ 'help with the import', $c->get('/anshin/help/import') ],
    [ 'help with certificates', $c->get('/anshin/help/certificate') ],
    [ 'the language switch',  $c->get('/anshin/login?lang=en') ],
    [ 'a HEAD',               $c->head('/anshin/login') ],
    [ 'HTTP/2',               $s->client(http => 2)->get('/anshin/login') ],
);
for (@answers) {
    my ($what, $r) = @$_;
    my $csp = $r->header('Content-Security-Policy') // '';
    like($csp, qr/^default-src 'none'; /, "$what: nothing is loaded that is not allowed (S19)");
    unlike($csp, qr/unsafe|\*|data:/, "$what: nothing inline (S19)");
    like($csp, qr/frame-ancestors 'none'/, "$what: in no frame (S19)");
    like($csp, qr/base-uri 'none'.*form-action 'self'$/, "$what: forms lead to us (S19)");
    is($r->header('X-Content-Type-Options'), 'nosniff', "$what: nosniff (S19)");
    like($r->header('Referrer-Policy'), qr/^(?:same-origin|no-referrer)$/, "$what: no address is told to others (S19)");
    is($r->header('Cache-Control'), 'no-store', "$what: kept by nobody (S19)");
    like($r->header('Permissions-Policy') // '', qr/camera=\(\)/, "$what: no permissions (S19)");
    is($r->header('Cross-Origin-Opener-Policy'), 'same-origin', "$what: no opener (S19)");
    is(() = $r->headers('Content-Security-Policy'), 1, "$what: each once");
}
for my $page (map { $_->[1] } @answers) {
    next unless length $page->body;
    is($page->header('Content-Type'), 'text/html; charset=utf-8', 'a page of UTF-8');
    unlike($page->text, qr/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:/i, 'without anything inline (S19)');
    my @foreign = $page->text =~ /(?:src|href|action)="((?:https?:)?\/\/[^"]*)"/g;
    is("@foreign", '', 'and without anything from elsewhere');
}

# A login may lead to another site; browsers apply form-action to that redirect.
my $away = $s->client(host => 'away.localhost', ca => undef);
like($away->get('/login')->header('Content-Security-Policy'), qr{form-action 'self' https://site\.example:8443$},
    'the origin of an absolute AnshinSiteURL is allowed, and no more of it');

# Files.
for (
    [ 'anshin.css', 'text/css; charset=utf-8' ], [ 'anshin.js', 'text/javascript; charset=utf-8' ], [ 'session.js', 'text/javascript; charset=utf-8' ], [ 'icon.svg', 'image/svg+xml' ]
) {
    my ($name, $type) = @$_;
    my $r = $c->get("/anshin/static/$name");
    is($r->status, 200, "$name");
    is($r->header('Content-Type'), $type, 'its type');
    is($r->header('X-Content-Type-Options'), 'nosniff', 'nosniff (S19)');
    like($r->header('Cache-Control'), qr/max-age=\d+/, 'may be kept');
    is(length $r->body, $r->header('Content-Length'), 'whole');
    is(scalar $r->headers('Set-Cookie'), 0, 'without cookies');
    my $again = $c->get("/anshin/static/$name", 'If-None-Match' => $r->header('ETag'));
    is($again->status, 304, 'not sent twice');
    is($again->body, '', 'nothing');
    is($c->head("/anshin/static/$name")->body, '', 'HEAD has no body');
    is($c->get("/anshin/static/$name", Range => 'bytes=0-9')->status, 206, 'a part of it');
}
$s->finish;
done_testing;
