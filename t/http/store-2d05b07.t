# A store of commit 2d05b07, from before accounts had numbers, opens and is converted (IDN-1, S38): whoever was there goes
# on as before, and who has a former holder's ID sees nothing of him.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use Anshin::Person;
use Anshin::Sample;
use Anshin::Server;

my $known = Anshin::Sample::known('store-2d05b07');
my $s = Anshin::Server->new(clock => 1, contract => "AnshinLoginMethods password otp certificate\n");
Anshin::Sample::give('store-2d05b07', $s);
$s->later($known->{made_at} + 10 - time)->start;
ok($s->wait_log(qr/AN1200: the reminders of \d+ certificates and passwords are filed anew/), 'REN-1, INS-3: its certificates are filed, so that their users are reminded');
ok($s->wait_log(qr/AN0952: the mail addresses of \d+ terminals of an older store can be found/), 'HLP-23: its users are found by their mail address, for who has forgotten the ID');
ok($s->wait_log(qr/AN1626: the mails to \d+ users of an older store are listed/), 'ROL-2: the last mails of its users are listed, for the help desk');

sub person {
    my ($user) = @_;
    my $p = bless { %{ $known->{users}{$user} }, user => $user =~ s/-former$//r, server => $s }, 'Anshin::Person';
    $p->{pem_file} = $s->root . "/$user.pem";
    Anshin::PKI::write_text($p->{pem_file}, $p->{pem} // '');
    return $p;
}

sub browser { my ($p, %want) = @_; return $s->client($p->{pem} ? (cert => $p->{pem_file}) : (), %want) }
sub shown { my $r = $s->htanshin('--json', 'user', 'show', $_[0]); return $r->{status} ? undef : JSON::PP::decode_json($r->{out}) }

sub history {
    my ($c) = @_;
    my $page = $c->get('/anshin/history');
    is($page->status, 200, 'the history page') or diag $page->body;
    return $page->text;
}

my @users = map { $_->{user} } @{ JSON::PP::decode_json($s->htanshin('--json', 'user', 'list')->{out}) };
is("@users", 'old-again old-certificate old-otp old-password old-pending old-waiting', 'the command lists the users');
is(shown('old-password')->{number}, undef, 'which have no number yet');

for my $user (qw(old-password old-otp old-certificate)) {
    my $p = person($user);
    my $c = browser($p, cookies => { '__Host-anshin-p-01' => $p->{cookie} });
    is($c->get('/members/')->status, 200, "IDN-1: $user is still logged in");
    my $old = history($c);
    like($old, qr/127\.0\.0\.1/, 'and sees its old history');
    my $again = browser($p);
    my $r = $p->login($again);
    is($r->status, 303, "IDN-1: $user logs in, by certificate or password as before");
    is($again->get('/members/')->status, 200, 'and is let in') if $user ne 'old-otp';
    like(shown($user)->{number}, qr/^[0-9a-f]{32}$/, 'IDN-1: the account has a number of 128 bits now');
    is($c->get('/members/')->status, 200, "IDN-1: the session of before it had one goes on");
    is((() = history($c) =~ /<tr/g), (() = $old =~ /<tr/g) + 1, 'and its history has grown by one entry');
    is($s->htanshin('user', 'set', $user, '--name', 'Old Hand')->{status}, 0, 'ATT-1: an account of that day takes a name');
    like($c->get('/anshin/account')->text, qr/Old Hand/, 'ATT-1: which its session of that day has at once');
}

{
    my $p = person('old-pending');
    my $c = $s->client;
    my $page = $c->follow($c->get($p->{link}));
    is($page->status, 200, 'IDN-1: an invitation of before works');
    $page = $c->follow($c->submit($page, { code => $p->{code} }));
    is($c->submit($page, $p->credentials)->status, 303, 'to its end');
    is($p->login($s->client)->status, 303, 'and its user logs in');
}
{
    my $p = person('old-waiting');
    my $c = $s->client;
    my $page = $c->follow($c->get($p->{link}));
    my $file = Anshin::Person::arrive($c, $c->submit($page, { download_password => $p->{download_password}, profile => 'modern' }));
    is($file->header('Content-Type'), 'application/x-pkcs12', 'IDN-1: a certificate that waited is fetched') or diag $file->text;
}
{
    my $c = $s->client;
    is($c->follow($c->get(person('old-password')->{reissue}))->status, 200, 'IDN-1: a link for a reissue works');
    ok((grep { /^To: .*\Q$known->{users}{'old-otp'}{address}\E/m } $s->wait_mail(9)) > 2, 'a mail that waited goes out');
}

# --- former holders ---

{
    my $p = person('old-again');
    my $c = browser($p, cookies => { '__Host-anshin-p-01' => $p->{cookie} });
    my $seen = history($c);
    like($seen, qr/127\.0\.0\.1/, 'the second holder of an ID sees the own logins');
    unlike($seen, qr/127\.0\.0\.9/, 'S38: and not those of the first, of before there were numbers');
    my $former = person('old-again-former');
    isnt($former->login(browser($former))->status, 303, 'S38: the first one\'s certificate and password log nobody in');
    isnt($p->login(browser($former), password => $former->{password})->status, 303, 'nor with the present ID');
    like($s->htanshin('history', 'old-again')->{out}, qr/127\.0\.0\.9/, 'the operator sees both');
}
{
    my $p = Anshin::Person->add($s, 'old-gone', password => 'Sora-to-kumo-3');
    $p->register;
    my $c = $s->client;
    is($p->login($c)->status, 303, 'an ID that was deleted then is given anew now');
    my $seen = history($c);
    like($seen, qr/127\.0\.0\.1/, 'its holder sees the own login');
    unlike($seen, qr/127\.0\.0\.9/, 'S38: and nothing of the former holder');
    my $former = person('old-gone-former');
    isnt($p->login(browser($former), password => $former->{password})->status, 303, 'S38: whose certificate is good for nothing');
}

# --- again ---

my %number = map { $_ => shown($_)->{number} } @users;
$s->stop;
$s->start;
is_deeply({ map { $_ => shown($_)->{number} } @users }, \%number, 'IDN-1: numbers stay as they are');
is((() = values %number), keys %{ { reverse %number } }, 'and are all different');
my $p = person('old-password');
is(browser($p, cookies => { '__Host-anshin-p-01' => $p->{cookie} })->get('/members/')->status, 200, 'and old sessions go on');

# --- as text, and back ---

$s->stop;
my ($said, $restored) = Anshin::Sample::restored('store-2d05b07', $s);
is($said, '', 'BAK-1: a store of that day is backed up and restored as it was left');
is(join(' ', map { $_->{user} } @{ JSON::PP::decode_json($s->run($s->root . '/bin/htanshin', '-d', $restored, '--json', 'user', 'list', { env => 1 })->{out} || '[]') }), 'old-again old-certificate old-otp old-password old-pending old-waiting', 'BAK-1: with all its users');
my @dump = map { $s->root . "/$_.dump" } 1, 2;
is($s->htanshin('dump', '--output', $dump[0])->{status}, 0, 'IMP-3: such a store is dumped');
is($s->run('sh', '-c', 'rm -r "$1"/*', 'sh', $s->state . '/store')->{status} . $s->htanshin('load', $dump[0])->{status}, '00', 'IMP-3: and loaded into an empty one');
is($s->htanshin('dump', '--output', $dump[1])->{status}, 0, 'IMP-3: which is dumped');
ok(Anshin::PKI::read_text($dump[0]) eq Anshin::PKI::read_text($dump[1]), 'IMP-3: dump | load | dump is identical');
$s->start;
is(browser($p, cookies => { '__Host-anshin-p-01' => $p->{cookie} })->get('/members/')->status, 200, 'IMP-3: and old sessions go on once more');
$s->finish;
done_testing;
