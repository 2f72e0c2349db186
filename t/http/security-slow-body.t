# The attacker who sends the head of a form early and its end late: what counts is what is true when the form is whole.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Attack qw(secret_of totp);
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(
    clock => 1, server => 'RequestReadTimeout handshake=0 header=0 body=0',
    contract => "AnshinLoginMethods password otp\nAnshinReauthenticate 10m"
)->start;

sub member {
    my ($user) = @_;
    my $p = Anshin::Person->add($s, $user);
    $p->register;
    my $c = $s->client;
    is($p->login($c)->status, 303, "$user is logged in");
    return ($p, $c);
}

# The form of a page without its last octet, which end() sends.
sub begin {
    my ($c, $path, %fields) = @_;
    my $csrf = $c->get($path)->field('csrf');
    my $body = join '&', map { "$_=$fields{$_}" } sort keys %fields;
    my $late = $c->clone;
    my $form = "csrf=$csrf&$body";
    my $head = join "\r\n", "POST $path HTTP/1.1", 'Host: localhost:' . $s->port,
        'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $form,
        'Cookie: ' . join('; ', map { "$_=$c->{cookies}{$_}" } sort keys %{ $c->{cookies} }), '', substr $form, 0, -1;
    utf8::downgrade($head);
    $late->connect->syswrite($head) == length $head or die 'not sent';
    return { client => $late, rest => substr $body, -1 };
}

sub end {
    my ($begun) = @_;
    return $begun->{client}->raw($begun->{rest}, 'POST');
}

my %new = (address => 'jiro@example.jp', address_confirm => 'jiro@example.jp', kind => 'mobile');

# --- the session ---

my $coded = Anshin::Person->add($s, 'p-01-usr002', method => 'otp');
$coded->register;

my ($secret, $steps) = ('', 0);    # of the app, and how far the clock was put forward

sub has_app { return $s->htanshin('--json', 'user', 'show', $coded->{user})->{out} =~ /"authenticator":\s*true/ ? 1 : 0 }

# A browser in which this user has logged in, by a code of the app that was not used yet.
sub app_user {
    my $c = $s->client;
    $s->later(30 * ++$steps);
    is($c->submit($c->follow($coded->login($c)), { code => totp($secret, $steps) })->status, 303, 'a user of codes');
    return $c;
}

my $c = $s->client;
my $page = $c->follow($coded->login($c));
$c->submit($page, { send => 1 });
is($c->submit($page, { code => $coded->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'a user of codes');
$page = $c->get('/anshin/account/authenticator');
$secret = secret_of($page) =~ tr/ //dr;
$c->submit($page, { code => totp($secret) });
ok(has_app(), 'with an app');
for my $case ([ 'the user is locked', 'user', 'lock' ], [ 'the session ends', 'session', 'end' ]) {
    my ($what, @command) = @$case;
    my $begun = begin($c, '/anshin/account/authenticator', action => 'remove');
    is($s->htanshin(@command, $coded->{user})->{status}, 0, "$what while a form is on its way");
    like(end($begun)->header('Location'), qr{/login\b}, 'S16: the form is refused with the way to the login');
    ok(has_app(), 'S16: and nothing was changed');
    $s->htanshin('user', 'unlock', $coded->{user});
    $c = app_user();
}
my $r = end(begin($c, '/anshin/account/authenticator', action => 'remove'));
like($r->header('Location'), qr/removed=1/, 'a form whose end comes at once is taken');
ok(!has_app(), 'the app is gone');

# --- time ---

(my $p, $c) = member('p-01-usr001');
my $begun = begin($c, '/anshin/terminal/add', %new);
$s->later(30 * $steps + 601);
$r = end($begun);
is($r->status, 303, 'S12: whose password was checked too long ago when the form is whole');
like($r->header('Location'), qr{/reauthenticate\?}, 'S12: is asked for it again');
$p->login($c = $s->client);
$begun = begin($c, '/anshin/terminal/add', %new);
$s->later(30 * $steps + 1202 + 86400);
like(end($begun)->header('Location'), qr{/login\b}, 'S15: who was idle for too long logs in again');
unlike($s->htanshin('user', 'show', $p->{user})->{out}, qr/jiro/, 'no terminal was added');

$s->finish;
done_testing;
