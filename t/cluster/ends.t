# CLU-2, LCK-1: what somebody ends at one of two machines is over at the other at the next request that begins after the answer, on a
# connection that is open as well; and 200 guesses at both at once are checked no more often than the contract allows.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Postgres;
use Anshin::Server;

my $TIMES = 5;      # that each end is tried
my $GUESSERS = 20;
my $EACH = 10;

my $p = Anshin::Postgres->new;
my %its = (
    postgres => $p,
    contract => "AnshinPasswordAttempts 7\nAnshinAddressAttempts 1000000\nAnshinLoginMethods password certificate\nAnshinOperators staff",
    sites => { staff => "AnshinLoginMethods password\nAnshinStaff on" },
    extra => "ThreadsPerChild 64\nMaxRequestWorkers 256"
);
my $server = 'AnshinBackupAge none';
my $one = Anshin::Server->new(%its, server => "$server\nAnshinStoreConnections 2", node => 'one');
my $two = Anshin::Server->new(%its, server => "$server\nAnshinStoreConnections 8", node => 'two', node_of => $one);
$one->{nodes} = [$two];
$_->start for $one, $two;

sub at_two { my ($c) = @_; return $c->clone(port => $two->port, ca => $two->server_ca, origin => $one->url('')) }

# --- what ends ---

my $count = 0;
sub person { my (@want) = @_; my $who = Anshin::Person->add($one, sprintf('p-01-usr%03d', ++$count), @want); $who->register; return $who }
sub inside { my ($who) = @_; my $c = $one->client(cert => $who->{pem}); expect_link($who->login($c), 303); return $c }
sub done_by { my (@words) = @_; my $r = $one->htanshin('--contract', 'p-01', @words); return $r->{status} == 0 || diag $r->{err} }
my $words = 0;

# Each gets the user and the browser at the first machine; what is asked at the other follows its answer.
my %ends = (
    'the user logs out' => sub { my ($who, $c) = @_; return $c->submit($c->get('/anshin/logout'), {}, qr/logout$/)->status == 200 },
    'the user ends all others' => sub { my ($who) = @_; my $o = inside($who); return $o->submit($o->get('/anshin/sessions'), { all => 1 })->status == 303 },
    'the user ends one' => sub {
        my ($who) = @_;
        my $o = inside($who);
        my $page = $o->get('/anshin/sessions');
        my ($key) = $page->text =~ /name="key" value="([0-9a-f]{64})"/;
        return $o->post('/anshin/sessions', { csrf => csrf($page), key => $key })->status == 303;
    },
    'the password is changed' => sub {
        my ($who) = @_;
        my $o = inside($who);
        my $next = 'Kawa-to-mori-' . ++$words;
        my $r = $o->submit($o->get('/anshin/password'), { current => $who->{password}, password => $next, password_confirm => $next });
        $who->{password} = $next;
        return $r->status == 303;
    },
    'the method is changed' => sub {
        my ($who, $c) = @_;
        my $o = inside($who);
        my $seen = $o->follow($o->submit($o->get('/anshin/method'), { method => 'certificate' }));
        return $o->submit($o->follow($o->submit($seen)), {})->status < 400;
    },
    'the user locks the own account' => sub { my ($who) = @_; my $o = inside($who); return $o->submit($o->follow($o->get('/anshin/history/lock')), {})->status < 400 },
    'session end'  => sub { return done_by('session', 'end', $_[0]{user}) },
    'user lock'    => sub { return done_by('user', 'lock', $_[0]{user}) },
    'user disable' => sub { return done_by('user', 'disable', $_[0]{user}, '--yes') },
    'user reset'   => sub { return done_by('user', 'reset', $_[0]{user}, '--yes') },
    'user delete'  => sub { return done_by('user', 'delete', $_[0]{user}, '--yes') },
);
my %once = map { $_ => 1 } 'the user ends one', 'the method is changed', 'the user locks the own account', 'user disable', 'user reset', 'user delete';
for my $what (sort keys %ends) {
    my ($let_in, $refused, $done) = (0, 0, 0);
    my $times = $once{$what} ? 1 : $TIMES;
    my $who = person();
    for (1 .. $times) {
        my $c = inside($who);
        my $d = at_two($c);
        $let_in += $d->get('/members/')->status == 200;
        $done += $ends{$what}->($who, $c) ? 1 : 0;
        $refused += $d->get('/members/')->status != 200;
        done_by('user', 'unlock', $who->{user}) if $what eq 'user lock';
    }
    is("$let_in $done $refused", "$times $times $times", "CLU-2: $what at one machine: the other one had let in, and refuses the next request")
        or diag('let in, done, refused');
}

# --- what a process could remember ---

my $operator = Anshin::Person->add($one, 'op', contract => 'staff');
my $desk = $one->client(host => 'staff.localhost', ca => undef);
$operator->register($desk);
command_in($one, 'staff', 'user', 'set', 'op', '--role', 'helpdesk');
expect_link($operator->login($desk), 303);
sub found {
    my $r = $desk->submit($desk->get('/anshin/desk'), { q => 'sought' }, qr{/desk$});
    my $page = $r->status == 303 ? $desk->follow($r) : $r;
    return join ' ', sort $page->text =~ m{href="[^"]*/desk/user\?who=[^"]*">([^<]+)<}g;
}
is(found(), '', 'CLU-2: the help desk of a machine finds nobody');
command_in($two, 'p-01', 'user', 'add', "sought$_", '--address', "sought$_\@mail.example") for 1, 2;
ok(Anshin::Server::wait_for(5, sub { found() eq 'sought1 sought2' }), 'CLU-2: then, in two seconds, whom another one has added');
command_in($two, 'p-01', 'user', 'delete', 'sought1');
is(found(), 'sought2', 'CLU-2: and whom it has deleted it does not');

# --- a device and its certificate ---

my $with = person(method => 'certificate');
$with->fetch;
my $c = inside($with);
my $new = { address => 'second@example.jp', address_confirm => 'second@example.jp', kind => 'pc' };
my $confirm = $c->follow($c->submit($c->get('/anshin/terminal/add'), $new));
my $added = $c->follow($c->submit($confirm, {}));
my $second = $with->at_terminal(2, address => 'second@example.jp', download_password => secret_of($added));
$second->fetch;
my $there = $one->client(cert => $second->{pem});
expect_link($second->login($there), 303);
my $d = at_two($there);
is($d->get('/members/')->status, 200, 'a second device is let in at the other machine');
is($c->submit($c->follow($c->get('/anshin/terminal/delete?n=2')), {})->status, 303, 'and is deleted at the first');
isnt($d->get('/members/')->status, 200, 'CLU-2: the other refuses it');
$d = at_two($c);
is($d->get('/members/')->status, 200, 'the first device is let in');
my ($ca, $request, $answer) = ($one->state . '/ca/ca.crt', map { $one->root . "/$_" } 'ocsp.der', 'answer.der');
sub said {
    my $r = $two->client->post('/anshin/ca/ocsp', Anshin::PKI::read_text($request), 'Content-Type' => 'application/ocsp-request');
    Anshin::PKI::write_text($answer, $r->body);
    my $text = $one->run(qw(openssl ocsp -no_nonce -issuer), $ca, '-CAfile', $ca, '-cert', $with->{pem}, '-respin', $answer, { env => 1 })->{out};
    return $text =~ /: (good|revoked)$/m ? $1 : $r->status . $text;
}
$one->run(qw(openssl ocsp -no_nonce -issuer), $ca, '-cert', $with->{pem}, '-reqout', $request, { env => 1 });
is(join(' ', said(), said()), 'good good', 'CRT-6: the other machine says that its certificate is good, twice');
ok(done_by('cert', 'revoke', '--user', $with->{user}), 'it is revoked at one machine');
is(said(), 'revoked', 'CRT-6: the other says so at once');
isnt($d->get('/members/')->status, 200, 'CLU-2: the other refuses it');

# --- guesses ---

# One attempt, made again while the answer is that nothing was tried (503): a machine that has two connections is soon asked for more.
sub attempt {
    my ($browser, $page, $user) = @_;
    my $r;
    for (1 .. 60) {
        $r = eval { $browser->submit($page, { user => $user, password => 'wrong-password-1' }) };
        last unless $r && $r->status == 503;
        sleep $r->header('Retry-After') // 1;
    }
    return;
}

my $guessed = person();
my @guessers = map {
    my $n = $_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $browser = $n % 2 ? at_two($one->client) : $one->client;
        my $page = $browser->get('/anshin/login');
        attempt($browser, $page, $guessed->{user}) for 1 .. $EACH;
        POSIX::_exit(0);
    }
    $pid;
} 1 .. $GUESSERS;
waitpid $_, 0 for @guessers;
my %result = results($one, $guessed->{user}, 'p-01');
is(($result{wrong_password} // 0) + ($result{now_locked} // 0), 7, 'LCK-1: of 200 guesses at two machines, with 2 and with 8 connections, 7 were checked')
    or diag explain \%result;
is($result{now_locked}, 1, 'LCK-1: one of them locked');
is($guessed->login($_)->status, 403, 'LCK-2: the right password opens it at neither') for $one->client, at_two($one->client);
is(join('', map { $_->faults } $one, $two), '', 'nothing crashed');
done_testing;
