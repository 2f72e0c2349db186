# The login page: the one message, lockout, what the browser gets, where it leads.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => <<'END', sites => { limited => <<'LIMITED', quiet => [ <<'QUIET', 'modern' ] })->start;
AnshinLoginMethods password certificate
AnshinPasswordAttempts 3
AnshinSiteURL /members/
END
AnshinLoginMethods password
AnshinPasswordAttempts 2
AnshinShowAttempts limit
AnshinShowLocked off
AnshinAddressAttempts 5
AnshinUnlockAfter 2h
LIMITED
AnshinLoginMethods password
AnshinAddressAttempts 1000
QUIET

my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;

# Nothing of a lock but its number.
sub whole { return $_[0]->alike =~ s/AN-\w{8}//gr }

sub header_names { return join ' ', sort map { $_->[0] } @{ $_[0]{headers} } }

{
    my $c = $s->client;
    my $page = $c->get('/anshin/login');
    is($page->status, 200, 'the login page');
    like($page->text, qr/autocomplete="username".*autocomplete="current-password"/s, 'password managers know its fields (S3)');
    is($c->head('/anshin/login')->status, 200, 'HEAD is answered');
    is($c->head('/anshin/login')->body, '', 'without a body');

    my $r = $person->login($c);
    is($r->status, 303, 'the right password');
    is($r->header('Location'), '/members/', 'leads to AnshinSiteURL when there is no place to return to');
    my ($cookie) = grep { /^__Host-anshin-p-01=/ } $r->headers('Set-Cookie');
    like($cookie, qr/^__Host-anshin-p-01=[\w-]{43};/, 'a random session cookie (S18)');
    like($cookie, qr/; Path=\/; Secure; HttpOnly; SameSite=Lax$/, 'with its attributes and no Domain (S18)');
    unlike($cookie, qr/Max-Age|Expires/i, 'until the browser closes');
    is($c->get('/members/')->status, 200, 'the protected page opens (LOG-1)');
    my ($known) = grep { /^__Host-anshin-known\.p-01=/ } $r->headers('Set-Cookie');
    like($known, qr/^[^=]+=[0-9a-f]{64}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000$/,
        'and a mark for the browser that has logged in, with no ID in it (S37)');

    my $home = $c->get('/anshin/');
    like($home->text, qr/p-01-usr001/, 'the portal shows who is logged in');
    like($home->text, qr/action="\/anshin\/logout"/, 'and a logout button');
    is($c->get('/anshin/login')->header('Location'), '/anshin/', 'who is logged in needs no login page');

    my $first = $c->{cookies}{'__Host-anshin-p-01'};
    my $again = $c->clone;
    delete $again->{cookies}{'__Host-anshin-p-01'};
    my $form = $again->get('/anshin/login');
    $again->{cookies}{'__Host-anshin-p-01'} = $first;
    is($again->submit($form, { user => $person->{user}, password => $person->{password} })->status, 303, 'a second login');
    isnt($again->{cookies}{'__Host-anshin-p-01'}, $first, 'gets a session of its own (S14)');
    is($c->get('/anshin/')->status, 303, 'and ends the one that the browser had (S14)');

    my $planted = $s->client(cookies => { '__Host-anshin-p-01' => 'A' x 43 });
    is($person->login($planted)->status, 303, 'a session id that somebody planted');
    isnt($planted->{cookies}{'__Host-anshin-p-01'}, 'A' x 43, 'is replaced at login (S14)');
}

{
    my $c = $s->client;
    my $wrong   = $person->login($c, password => 'wrong-Pass-1');
    my $unknown = $person->login($c, user => 'p-01-nobody');
    my $strange = $person->login($c, user => "\x{30E6}\x{30FC}\x{30B6}");
    is($wrong->status, 401, 'a wrong password (LOG-4)');
    is($wrong->header('WWW-Authenticate'), 'Anshin realm="p-01"', 'a scheme for which no browser pops up');
    is($wrong->headers('Set-Cookie'), 0, 'sets no cookie');
    for ([ 'an unknown ID', $unknown ], [ 'an ID that nobody can have', $strange ]) {
        my ($what, $r) = @$_;
        is($r->status, $wrong->status, "$what: the same status (S8)");
        is($r->alike, $wrong->alike, "$what: the same page, remaining attempts too (S8, LOG-4)");
        is(header_names($r), header_names($wrong), "$what: the same headers (S8)");
    }
    like($wrong->text, qr/2/, 'the remaining attempts are told (LOG-5)');
    like($wrong->text, qr/value="p-01-usr001"/, 'the user ID is kept');
    unlike($wrong->text, qr/wrong-Pass-1/, 'the password is not');

    $wrong = $person->login($c, password => 'wrong-Pass-2');
    is($wrong->status, 401, 'a second wrong password');
    my $locked = $person->login($c, password => 'wrong-Pass-3');
    is($locked->status, 403, 'the third is the limit: locked (LCK-2)');
    is($locked->header('WWW-Authenticate'), undef, 'which is no challenge');
    my ($number) = $locked->text =~ m{お問い合わせ番号</dt><dd><span class="mono">(AN-\w{8})<};
    my $found = decode_json($s->htanshin('--json', 'find', lc $number)->{out});
    is("$found->{contract} $found->{about} $found->{user}", "p-01 account $person->{user}", 'U18: the number on it leads the help desk to the account');
    like("$found->{at} $found->{locked_since}", qr/^\d{4}-\d\d-\d\dT\S+ \d{4}-\d\d-\d\dT\S+$/, 'U18: and tells when');
    is($found->{address}, '127.0.0.1', 'U18: and from where');
    like($person->login($c, password => 'wrong-Pass-4')->text, qr/>$number</, 'U18: whoever tries again sees the same number');
    my $nobody;
    for (1 .. 3) { $nobody = $person->login($c, user => 'p-01-nobody2', password => "wrong-Pass-$_") }
    my ($other) = $nobody->text =~ /(AN-\w{8})/;
    isnt($other, $number, 'U18, S8: an ID that nobody has is locked with a number of its own');
    is(whole($nobody), whole($locked), 'S8: and the page is the same but for it');
    $found = decode_json($s->htanshin('--json', 'find', $other)->{out});
    is_deeply([ @$found{qw(about user typed)} ], [ 'strangers', undef, 'p-01-nobody2' ], 'U18: the help desk sees what was typed');
    like($locked->text, qr{<a href="/anshin/help">}, 'U18: the page says what can be done all the same');
    like($s->log, qr/AN0651: help number $number: account is locked/, 'U18: the log has the number, and no ID');
    is($person->login($c)->status, 403, 'the right password does not open it (LCK-2)');
    ok($person->wait_text(qr/^(パスワードの誤りが続いたため、.*アカウントをロックしました。)/m), 'U29: the mail tells by what it was locked');
    is($s->htanshin('--contract', 'p-01', 'user', 'unlock', $person->{user})->{status}, 0, 'the operator unlocks');
    is($person->login($c)->status, 303, 'and the right password works again (LCK-2)');
    sleep 2;    # the command tells whole seconds
    $locked = $person->login($s->client, password => "wrong-Pass-$_") for 1 .. 3;
    my ($second) = $locked->text =~ /(AN-\w{8})/;
    isnt($second, $number, 'U18: another lock, which the operator alone opens as well, has another number');
    my ($before, $then) = map { decode_json($s->htanshin('--json', 'find', $_)->{out}) } $number, $second;
    cmp_ok("$then->{at} $then->{locked_since}", 'gt', "$before->{at} $before->{locked_since}", 'U18: and tells of itself');
    is($s->htanshin('--contract', 'p-01', 'user', 'unlock', $person->{user})->{status}, 0, 'that one is opened, too');
}

{
    my $c = $s->client(host => 'limited.localhost', ca => undef);
    my $login = sub {
        my ($user, $password) = @_;
        my $page = $c->get('/anshin/login');
        return $c->submit($page, { user => $user, password => $password });
    };
    my $first = $login->('somebody', 'a-wrong-one');
    like($first->text, qr/2/, 'after how many attempts it locks, where the contract says that (LOG-5)');
    my $second = $login->('somebody', 'a-wrong-one');
    my $third  = $login->('somebody', 'a-wrong-one');
    is($third->status, 401, 'a lock that the contract does not show looks like any failure (S8)');
    is($third->alike, $first->alike, 'to the byte (S8)');
    my $r;
    for (1 .. 6) { $r = $login->("other-$_", 'a-wrong-one'); last if $r->status == 429 }
    is($r->status, 429, 'an address that fails too often must wait, unknown IDs included (LCK-4, S6)');
    like($r->header('Retry-After'), qr/^\d+$/, 'and is told how long');
    my $minutes = int(($r->header('Retry-After') + 59) / 60);
    like($r->text, qr/あと${minutes}分ほど待って/, 'on the page as well (O1)');
    my ($number) = $r->text =~ /(AN-\w{8})/;
    like($s->htanshin('find', $number)->{out}, qr/^about: +address$/m, 'U18: with a number that the help desk finds');
    is($c->get('/anshin/login')->status, 200, 'the page itself stays');
    for my $path (qw(reissue/password reissue/certificate lost)) {
        my $told = $c->get("/anshin/$path");
        is($told->status, 429, "U18: /$path, whose form would be refused, says so before anything is typed");
        like($told->header('Retry-After') // '', qr/^\d+$/, 'U18: with the time');
    }
}

{
    my $c = $s->client(host => 'quiet.localhost', ca => undef);
    my $r = $c->submit($c->get('/anshin/login'), { user => 'nobody', password => 'a-wrong-one' });
    is($r->status, 401, 'modern: a failure');
    unlike($r->text, qr{/anshin/(?:lost|reissue/certificate|help/certificate)"}, 'CON-2: without certificates the login leads to nothing about them');
    like($s->client->get('/anshin/login')->text, qr{/anshin/reissue/certificate".*/anshin/lost".*/anshin/help/certificate"}s, 'with them it does');
    my ($alert) = $r->text =~ /id="summary".*?<\/h2>(.*?)<\/div>/s;
    unlike($alert, qr/\d/, 'says nothing of attempts (LOG-5, CON-4)');
}

# The place to return to.
{
    my $c = $s->client;
    my $to = $c->get('/members/?a=1&b=%E3%81%82', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
    is($to->status, 303, 'a navigation to a protected page');
    like($to->header('Location'), qr{^(?:https://localhost:\d+)?/anshin/login\?return=[\w-]+$}, 'leads to the login page (LOG-1)');
    my $page = $c->follow($to);
    my $r = $c->submit($page, { user => $person->{user}, password => 'wrong-Pass-1' });
    is($r->field('return'), $page->field('return'), 'a failure keeps the place to return to');
    $r = $c->submit($r, { user => $person->{user}, password => $person->{password} });
    is($r->header('Location'), '/members/?a=1&b=%E3%81%82', 'and the login goes back there (LOG-1)');

    my $sealed = $page->field('return');
    my $d = $s->client;
    my %form = (csrf => $d->get('/anshin/login')->field('csrf'), user => $person->{user}, password => $person->{password}, return => $sealed);
    utf8::downgrade($form{csrf});
    my $on = $d->post('/anshin/login', \%form, 'Sec-Fetch-Mode' => 'navigate');
    is($on->header('Location'), "/anshin/login/on?return=$sealed", 'B02: in a browser it does so by a page that no form stands before');
    my $between = $d->follow($on);
    is($between->header('Refresh'), '0; url=/members/?a=1&b=%E3%81%82', 'which leads on');
    like($between->text, qr{<a class="button" href="/members/\?a=1&amp;b=%E3%81%82">}, 'or by hand');
    is($d->get('/anshin/login/on?return=//evil.example')->header('Refresh'), '0; url=/members/', 'to nowhere that we did not seal (S26)');
    is($s->client->get('/anshin/login/on')->status, 303, 'and for nobody who is not logged in');
    for my $bad (
        'https://evil.example/', '//evil.example/', '/\\evil.example/', '/members/', '', 'A' x 60,
        substr($sealed, 0, -1), $sealed . 'A', ('B' x 1500), "$sealed\r\nSet-Cookie: a=b"
    ) {
        my $c2 = $s->client;
        my $form = $c2->get('/anshin/login');
        my $answer = $c2->submit($form, { user => $person->{user}, password => $person->{password}, return => $bad });
        is($answer->header('Location'), '/members/', 'a place that we did not seal is ignored (S26): ' . length $bad);
        is($answer->header('a'), undef, 'and cannot add a header (S27)') if $bad =~ /Set-Cookie/;
    }
}

# What is typed comes back escaped, and reaches no header or log line.
{
    my $c = $s->client;
    my $evil = qq{"><script>alert(1)</script>'\r\nSet-Cookie: evil=1\r\n[error] forged};
    my $r = $person->login($c, user => $evil, password => 'x');
    is($r->status, 401, 'hostile text as user ID');
    unlike($r->text, qr/<script>alert/, 'is escaped where it is shown (S27)');
    is(scalar(grep { /evil/ } $r->headers('Set-Cookie')), 0, 'adds no header (S27)');
    unlike($s->log . $s->access_log, qr/^\[error\] forged/m, 'and no log line (S27)');
    my $missing = $c->submit($r, { user => '', password => '' });
    is($missing->status, 422, 'empty fields are complaints');
    my @complaints = $missing->text =~ /class="field-errors"/g;
    is(scalar @complaints, 2, 'beside each field');
    is($person->login($c, password => 'x' x 1025)->status, 422, 'a password too long is a complaint (S32)');
}

unlike($s->log . $s->access_log, qr/Umi-to-yama-7|wrong-Pass/, 'no password is in a log (S28)');
$s->finish;
done_testing;
