# The attacker who waits for weak credentials: what is refused as a password and why, what a change and a reissue ask for, who is told,
# which numbers certificates get, and what is left of a secret on the disk after it was used.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use File::Path qw(make_path);
use JSON::PP ();
use Test::More;
use Anshin::Attack;
use Anshin::Person;
use Anshin::Server;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);
my $words = File::Temp->new;
print $words "himitsu-no-kagi\nPassw0rd-2026-Tokyo\n*yamabuki\n";
$words->flush;
chmod 0644, "$words";
my $s = Anshin::Server->new(contract => "AnshinLoginMethods password otp certificate\nAnshinCertificateKey p256\nAnshinReauthenticate 1h\nAnshinTerminals 3\nAnshinPasswordBlocklist $words", sites => { today => [ <<"END", 'modern' ] });
AnshinLoginMethods password otp certificate
AnshinFunctions account password history password-reissue certificate-reissue terminal-add terminal-change terminal-delete method
AnshinCertificateKey p256
AnshinPasswordBlocklist $words
END
$s->start;

sub person { my ($user, @want) = @_; my $p = Anshin::Person->add($s, $user, @want); $p->register; return $p }
sub inside { my ($p, @want) = @_; my $c = $s->client(@want); is($p->login($c)->status, 303, "$p->{user} is logged in"); return $c }
sub today { return $s->client(host => 'today.localhost', ca => undef, @_) }

# What stands beside the password when it is refused; the status when it is taken.
sub complaint {
    my ($c, $page, $fields, $password) = @_;
    my $r = $c->submit($page, { %$fields, password => $password, password_confirm => $password });
    return $r->status if $r->status != 422;
    my ($beside) = $r->text =~ /id="password-error">(.*?)<\/ul>/s;
    return join ' + ', ($beside // '') =~ /<li>([^<]+)/g;
}

# --- S1: length ---

{
    my $p = Anshin::Person->add($s, 'today-1', contract => 'today');
    my $c = today();
    my $page = $p->to_credentials($c);
    my %fields = (question => 'pet', answer => 'トウキョウ');
    my $short = complaint($c, $page, \%fields, 'Kfq7-vWz2-Lm9x');
    like($short, qr/15/, "S1: modern: 14 characters are refused where the password stands alone: $short");
    my $whole = join '', map { chr(33 + ($_ * 37) % 94) } 1 .. 128;
    my $over = complaint($c, $page, \%fields, $whole . 'x');
    like($over, qr/128/, "S1: 129 are refused, not cut: $over");
    is(complaint($c, $page, \%fields, $whole), 303, 'S1: 128 are taken');
    is($p->login(today(), password => $whole)->status, 303, 'S1: and open');
    my @bent = ((map { substr $whole, 0, $_ } 8, 15, 32, 55, 64, 72, 127), uc $whole, lc $whole, "$whole ", " $whole", "${whole}x", substr($whole, 1));
    my @opened = grep { $p->login(today(), password => $_)->status != 401 } @bent[ 0 .. 7 ];
    is("@opened", '', 'S1: no beginning of it does, nor another case');
    command_in($s, 'today', 'user', 'unlock', $p->{user});
    @opened = grep { $p->login(today(), password => $_)->status != 401 } @bent[ 8 .. $#bent ];
    is("@opened", '', 'S1: nor more than it');
    my $classic = Anshin::Person->add($s, 'p-01-usr001', method => 'otp');
    $c = $s->client;
    $page = $classic->to_credentials($c);
    like(complaint($c, $page, \%fields, 'Kfq7-vW'), qr/8/, 'S1: 7 are refused with a second factor');
    is(complaint($c, $page, \%fields, 'Kfq7-vWz'), 303, 'S1: 8 are taken');
}

# --- S2: what everybody knows, at registration and at each kind of change ---

{
    my $p = Anshin::Person->add($s, 'p-01-usr002', address => 'hanako.yamada@example.jp');
    my $c = $s->client;
    my $page = $p->to_credentials($c);
    my %fields = (question => 'pet', answer => 'トウキョウ');
    my %known = (
        'a common one' => 'himitsu-no-kagi', 'in another case' => 'PASSW0RD-2026-tokyo', 'with the user ID' => 'xX-P-01-Usr002-9', 'with the name of the mail box' => 'a-Hanako.Yamada-7',
        'with a word of the site' => '2026-YamaBuki-9'
    );
    my %reason = map { $_ => complaint($c, $page, \%fields, $known{$_}) } keys %known;
    like($reason{$_}, qr/\p{Han}|\p{Hiragana}/, "S2: refused, $_: $reason{$_}") for sort keys %known;
    my %once = map { $_ => 1 } @reason{ 'a common one', 'with the user ID', 'with the name of the mail box' };
    cmp_ok(scalar keys %once, '>=', 2, 'S2: with the reason');
    is(complaint($c, $page, \%fields, $p->{password}), 303, 'another is taken');
    my $in = inside($p);
    $page = $in->get('/anshin/password');
    is(complaint($in, $page, { current => $p->{password} }, $known{$_}), $reason{$_}, "S2: refused at a change as well: $_") for sort keys %known;
    my $path = reissue_path($s->client, 'password', $p);
    my $e = $s->client;
    $p->{password} = secret_of($e->follow($e->submit(open_flow($e, $path), { question => $p->{question}, answer => $p->{answer} })));
    my $forced = $s->client;
    $page = $forced->follow($p->login($forced));
    is(complaint($forced, $page, {}, $known{$_}), $reason{$_}, "S2: and at the change after a reissue: $_") for sort keys %known;
    isnt(complaint($forced, $page, {}, $p->{password}), 303, 'S2: nor is the one that was shown taken again');
}

# --- S3: a change asks for the current password; password managers know every field ---

{
    my $p = person('p-01-usr003');
    my $q = person('p-01-usr004', password => 'Hoshi-no-umi-6');
    my $c = inside($p);
    my %new = (password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8');
    for my $current ('', 'wrong', $q->{password}, lc $p->{password}, "$p->{password} ", $new{password}) {
        is($c->submit($c->get('/anshin/password'), { %new, current => $current })->status, 422, "S3: no change with the current password '$current'");
        command($s, 'user', 'unlock', $p->{user});
        is($p->login($s->client)->status, 303, 'S3: and the password is what it was');
    }
    my %missing = (csrf => csrf($c->get('/anshin/password')), %new);
    is($c->post('/anshin/password', \%missing)->status, 422, 'S3: nor without the field');
    is({ results($s, $p->{user}) }->{password_changed} // 0, 0, 'S3: nothing has changed');

    my $new = Anshin::Person->add($s, 'p-01-usr005');
    my $r = $s->client;
    my @pages = ($s->client->get('/anshin/login'), $new->to_credentials($r), map { $c->get("/anshin/$_") } qw(password question reauthenticate));
    my $fields = 0;
    for my $page (@pages) {
        for my $input ($page->text =~ /<input\b[^>]*type="password"[^>]*>/g) {
            $fields++;
            my ($name) = $input =~ /name="(\w+)"/;
            my $expected = $name =~ /^password(?:_confirm)?$/ && $page->{path} !~ m{/(?:login|reauthenticate)$} ? 'new-password' : 'current-password';
            like($input, qr/autocomplete="$expected"/, "S3: $page->{path}: $name is for password managers");
            unlike($input, qr/onpaste|readonly|maxlength="(?:[1-9]|[1-5]\d)"/, 'S3: and takes what is pasted');
        }
    }
    cmp_ok($fields, '>=', 8, "S3: fields of passwords: $fields");
    unlike($s->client->get('/anshin/static/anshin.js')->body, qr/addEventListener\('(?:paste|copy|cut|contextmenu)'/, 'S3: no script is in the way');
}

# --- S11: a reissue drops no factor, whatever is posted along, and asks for what the contract demands ---

{
    my $q = person('p-01-usr006', method => 'otp');
    my $c = $s->client;
    my $sent = send_code($c, $c->follow($q->login($c)));
    is($c->submit($sent, { code => $q->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'a user of codes');
    my $page = $c->get('/anshin/account/authenticator');
    is($c->submit($page, { code => totp(app_secret($page)) })->status, 303, 'with an app');
    my $e = $s->client;
    my %more = (method => 'password', kind => 'pc', all => 1, action => 'remove', terminal => 1, address => 'thief@example.jp', user => 'p-01-usr003', password => 'Kawa-to-mori-8');
    my $done = $e->submit(open_flow($e, reissue_path($e, 'password', $q)), { question => $q->{question}, answer => $q->{answer}, %more });
    $q->{password} = secret_of($e->follow($done));
    my $shown = command($s, 'user', 'show', $q->{user});
    like($shown, qr/method:?\s+otp/, 'S11: the method is what it was');
    unlike($shown, qr/thief/, 'S11: so are the terminals');
    my $d = $s->client;
    my $next = $q->login($d);
    like($next->header('Location'), qr{/login/code}, 'S11: the reissued password leads to the code');
    like($d->follow($next)->text, qr/アプリ/, 'S11: of the app that was enrolled');
    is($d->get('/anshin/login/change')->place, '/anshin/login/code', 'S11: which cannot be passed by');
    isnt($d->get('/members/')->status, 200, 'S11: and nobody is in');

    my $p = Anshin::Person->add($s, 'today-2', contract => 'today', method => 'certificate', password => 'Umi-to-yama-to-kawa-7');
    $p->register(today());
    my $code = (command_in($s, 'today', 'user', 'code', $p->{user}) =~ /code:\s*(\S+)/)[0];
    my %right = (password => $code, certificate => $p->{password});
    for my $what (qw(certificate password)) {
        my $path = reissue_path(today(), $what, $p);
        my $b = today();
        my $proof = open_flow($b, $path);
        unlike($proof->text, qr/name="question"/, "S11: modern: a $what is reissued on no secret question");
        for my $wrong ($p->{answer}, '', $what eq 'password' ? $p->{password} : $code) {
            is($b->submit($proof, { question => $p->{question}, answer => $wrong })->status, 422, "S11: nor on what proves something else: $what");
        }
        is($b->submit($proof, { answer => $right{$what} })->status, 303, 'S11: but on ' . ($what eq 'password' ? 'a code of the operator' : 'the password'));
    }
}

# --- S13: who is told of what ---

{
    my $p = person('p-01-usr007', address => 'first@example.jp');
    my $c = inside($p);
    my %says = ('a certificate was reissued' => qr/電子証明書が再発行されました/);    # the mail with the download follows it
    my $told = sub {
        my ($what, $do, @addresses) = @_;
        my $about = sub { my ($address) = @_; return grep { !$says{$what} || /$says{$what}/ } $p->texts($address) };
        my %before = map { $_ => scalar $about->($_) } @addresses;
        is($do->()->status, 303, $what);
        for my $address (@addresses) {
            my $came = sub { my @texts = $about->($address); return @texts > $before{$address} };
            ok(Anshin::Server::wait_for(60, $came), "S13: $address is told: $what");
            my ($text) = ($about->($address))[-1];
            unlike($text // '', qr/\Q$p->{password}\E|トウキョウ|すし/, 'S13: without a secret');
        }
    };
    my $confirmed = sub { my ($page, $fields) = @_; return $c->submit($c->follow($c->submit($page, $fields)), {}) };
    my $to = sub { my ($address) = @_; return { address => $address, address_confirm => $address, kind => 'pc' } };
    $told->('the question was changed', sub { $c->submit($c->get('/anshin/question'), { current => $p->{password}, question => 'food', answer => 'すし' }) }, 'first@example.jp');
    $told->('the password was changed', sub { my $old = $p->{password}; $p->{password} = 'Kawa-to-mori-8';
        $c->submit($c->get('/anshin/password'), { current => $old, password => 'Kawa-to-mori-8', password_confirm => 'Kawa-to-mori-8' }) }, 'first@example.jp');
    $told->('a terminal was added', sub { $confirmed->($c->get('/anshin/terminal/add'), $to->('second@example.jp')) }, 'first@example.jp', 'second@example.jp');
    $told->('an address was changed', sub { $confirmed->($c->get('/anshin/terminal/change?n=2'), $to->('third@example.jp')) }, 'second@example.jp', 'third@example.jp');
    $told->('the first address was changed', sub { $confirmed->($c->get('/anshin/terminal/change?n=1'), $to->('fourth@example.jp')) }, 'first@example.jp', 'fourth@example.jp');
    $p->{address} = 'fourth@example.jp';
    $told->('a terminal was deleted', sub { $c->submit($c->follow($c->get('/anshin/terminal/delete?n=2')), {}) }, 'fourth@example.jp');
    my $e = $s->client;
    my $page = open_flow($e, reissue_path($e, 'password', $p));
    $told->('the password was reissued', sub { my $r = $e->submit($page, { question => 'food', answer => 'すし' }); $p->{password} = secret_of($e->follow($r)); return $r }, 'fourth@example.jp');
    my $f = $s->client;
    my $forced = $f->follow($p->login($f));
    $p->{password} = 'Sora-to-kumo-5';
    $told->('it was changed at the login', sub { $f->submit($forced, { password => $p->{password}, password_confirm => $p->{password} }) }, 'fourth@example.jp');
    $c = inside($p);
    $told->('the method was changed', sub { $c->submit($c->follow($c->submit($c->get('/anshin/method'), { method => 'otp' })), {}) }, 'fourth@example.jp');
    my $o = $s->client;
    my $sent = send_code($o, $o->follow($p->login($o)));
    is($o->submit($sent, { code => $p->wait_text(qr/\b(\d{6})\b/) })->status, 303, 'logged in by a code');
    my $app = $o->get('/anshin/account/authenticator');
    $told->('an app was enrolled', sub { $o->submit($app, { code => totp(app_secret($app)) }) }, 'fourth@example.jp');
    $told->('and removed', sub { my $a = $o->get('/anshin/account/authenticator'); $o->post('/anshin/account/authenticator', { csrf => csrf($a), action => 'remove' }) }, 'fourth@example.jp');

    $p = person('p-01-usr008', method => 'certificate', address => 'fifth@example.jp');
    $c = inside($p, cert => $p->fetch);
    my $added = $confirmed->($c->get('/anshin/terminal/add'), $to->('sixth@example.jp'));
    is($added->status, 303, 'a user of certificates with two terminals');
    my $g = $s->client;
    my $proof = open_flow($g, reissue_path($g, 'certificate', $p));
    $told->('a certificate was reissued', sub { $g->submit($proof, { question => $p->{question}, answer => $p->{answer} }) },
        'fifth@example.jp', 'sixth@example.jp');
}

$s->finish;

# --- S23: serials; S24: wiped where it lay, which a second name of each file shows ---

{
    $s = Anshin::Server->new(contract => "AnshinLoginMethods password otp certificate\nAnshinCertificateKey p256")->start;
    my $kept = $s->root . '/kept';
    make_path($kept);
    my %what;
    my $keep = sub {
        for my $file (grep { -f } glob $s->state . '/store/blobs/*/*') {
            my $name = $file =~ s{.*/}{}r;
            next if $what{$name} || $name =~ /\./;
            $what{$name} = 1 if link $file, "$kept/$name";
        }
    };
    my @people = map { my $p = Anshin::Person->add($s, sprintf('p-01-usr%03d', 20 + $_), method => 'certificate'); $p->register; $keep->(); $p } 1 .. 6;
    for my $n (0 .. $#people) {
        my $p = $people[$n];
        $p->download_path;
        $keep->();
        my $d = $s->client;
        my $c = $s->client(cert => $p->fetch($d));
        if ($n % 2) { is($p->login($c)->status, 303, 'a download that a login ends') }
        else { is($d->submit($d->get('/anshin/download'), {}, qr{/download/done})->place, '/anshin/download/done', 'a download that is said to be done') }
    }
    my $q = $people[0];
    my ($before) = JSON::PP::decode_json(command($s, '--json', 'cert', 'list', '--user', $q->{user}))->[0]{serial};
    my $e = $s->client;
    my $done = $e->submit(open_flow($e, reissue_path($e, 'certificate', $q)), { question => $q->{question}, answer => $q->{answer} });
    $q->{download_password} = secret_of($e->follow($done));
    my %links;
    Anshin::Server::wait_for(60, sub { $links{$_} = 1 for map { m{(download\?t=[\w-]+)} } $q->texts; return keys %links == 2 });
    $keep->();
    is($q->login($s->client(cert => $q->fetch))->status, 303, 'a reissued certificate');
    my @certificates = @{ JSON::PP::decode_json(command($s, '--json', 'cert', 'list')) };
    my %serial = map { lc $_->{serial} => $_ } @certificates;
    cmp_ok(scalar keys %serial, '>=', 7, 'certificates: ' . keys %serial);
    is(scalar keys %serial, scalar @certificates, 'S23: each has a serial of its own');
    is(join(' ', grep { !/^[0-9a-f]{30,40}$/ || /^00/ || (length $_ == 40 && /^[89a-f]/) } keys %serial), '', 'S23: random, positive, of 20 octets at most');
    my %beginnings = map { substr($_, 0, 4) => 1 } keys %serial;
    cmp_ok(scalar keys %beginnings, '>=', keys(%serial) - 1, 'S23: with no beginning of their own');
    is($serial{ lc $before }{state}, 'revoked', 'S23: a reissue revokes the former one');

    ok(Anshin::Server::wait_for(60, sub { !grep { -f && !/\.\d/ } glob $s->state . '/store/blobs/*/*' }), 'S24: nothing waits any more') or diag join "\n", glob $s->state . '/store/blobs/*/*';
    my @files = glob "$kept/*";
    cmp_ok(scalar @files, '>=', 18, 'S24: sealed files that came and went: ' . @files);
    my @legible = grep { Anshin::PKI::read_text($_) =~ /[^\0]/ } @files;
    is("@legible", '', 'S24: each was overwritten where it lay before its name went');
}
$s->finish;
done_testing;
