# Logout: on the server, at once.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate')->start;
my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;

my $c = $s->client;
$person->login($c);
my $stolen = $c->clone;
is($stolen->get('/members/')->status, 200, 'a session that is also known elsewhere');

my $ask = $c->get('/anshin/logout');
is($ask->status, 200, 'GET asks');
is($c->get('/members/')->status, 200, 'and ends nothing (S10)');
is($c->head('/anshin/logout')->status, 200, 'nor does HEAD');
is($c->get('/members/')->status, 200, 'the session is still there');
is($c->post('/anshin/logout', {})->status, 403, 'nor does a POST without CSRF token (S10)');
is($c->post('/anshin/logout', { csrf => $s->client->get('/anshin/login')->field('csrf') })->status, 403,
    'nor one with the token of another browser (S10)');
is($c->get('/members/')->status, 200, 'the session is still there');

my $out = $c->submit($ask, {}, qr/logout$/);
is($out->status, 200, 'the POST ends it and shows a page (LOG-9)');
is($out->header('Clear-Site-Data'), '"cache"', 'S34: and the browser empties what it holds of the site, of its caches alone');
is($ask->header('Clear-Site-Data'), undef, 'S34: which no other answer says');
unlike($out->text, qr/p-01-usr001/, 'which speaks of nobody any more');
unlike($out->text, qr{class="member"|href="/anshin/(?:account|password|history)"}, 'U08: and has no menu of who is logged in');
my ($cookie) = grep { /^__Host-anshin-p-01=/ } $out->headers('Set-Cookie');
like($cookie, qr/^__Host-anshin-p-01=;.*Max-Age=0/, 'the browser forgets the cookie');
isnt($stolen->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate')->status, 200,
    'and whoever kept it gets nowhere (S16)');
is($stolen->get('/anshin/')->status, 303, 'nor on the portal (S16)');
is($c->get('/anshin/logout')->header('Location'), '/anshin/login', 'logged out, there is nothing to ask');

my $again = $c->get('/anshin/login');
is($c->post('/anshin/logout', { csrf => $again->field('csrf') })->status, 200, 'a second POST does no harm');
like($s->htanshin('history', $person->{user})->{out}, qr/logout/, 'the history has it (S28)');

# Ended on the page of sessions it is a logout of that browser alone.
$person->login($c);
$person->login($s->client);
my $list = $c->get('/anshin/sessions');
my ($other) = $list->text =~ /name="key" value="([0-9a-f]+)"/;
is($c->post('/anshin/sessions', { csrf => $list->field('csrf'), key => $other })->header('Clear-Site-Data'), undef,
    'S34: when another session is ended this browser keeps what it has');
$c->submit($c->get('/anshin/logout'), {}, qr/logout$/);

# Back to the page that wanted a login.
my $home = $c->get('/anshin/');
like($home->header('Location'), qr{^/anshin/login\?return=}, 'the portal\'s own page leads to the login');
my $r = $c->submit($c->follow($home), { user => $person->{user}, password => $person->{password} });
is($r->header('Location'), '/anshin/', 'and back');

# What the operator does ends sessions as well.
is($c->get('/members/')->status, 200, 'logged in again');
$s->htanshin('user', 'lock', $person->{user});
my $out_now = $c->get('/anshin/');
is($out_now->status, 303, 'locked by the operator: out at the next request (LOG-9, S16)');
like($c->follow($out_now)->text, qr/class="alert" role="status"/, 'and the login page says that the session has ended (LOG-9)');
unlike($s->client->get('/anshin/login')->text, qr/role="status"/, 'which others are not told');
$s->finish;
done_testing;
