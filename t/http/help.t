# Help: what is wrong with this connection's certificate (LOG-3), before the login and when asked for; how to import one.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;
use Anshin::Source;

my $try = Anshin::Server::free_port();
my $s = Anshin::Server->new(contract => "AnshinTryURL https://localhost:$try/anshin/", extra => <<"END")->start;    # certificate users only
Listen 127.0.0.1:$try
<VirtualHost 127.0.0.1:$try>
ServerName localhost
SSLEngine on
AnshinUse p-01
<Location /anshin>
    SetHandler anshin
    Require all granted
</Location>
</VirtualHost>
END
my $person = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$person->register;
my $own = $person->fetch;
my $gone = Anshin::Person->add($s, 'p-01-usr002', method => 'certificate');
$gone->register;
my $revoked = $gone->fetch;
is($s->htanshin('cert', 'revoke', '--user', $gone->{user})->{status}, 0, 'a certificate is revoked');

my %cert = (
    none       => undef,
    revoked    => $revoked,
    unknown    => $s->pki->issue('p-01-usr001'),
    expired    => $s->pki->issue('p-01-usr001', from => -10, to => -1),
    not_yet    => $s->pki->issue('p-01-usr001', from => 1, to => 10),
    unsuitable => $s->pki->issue('p-01-usr001', usage => 'serverAuth'),
    foreign    => $s->foreign->issue('p-99-stranger'),
);

sub title { my ($r) = @_; my ($title) = $r->text =~ /<h1>([^<]*)</; return $title }

my %title;
for my $what (sort keys %cert) {
    for my $tls ('1.2', '1.3') {
        for my $http (1, 2) {
            my $on = "$what, TLS $tls, HTTP/$http";
            my $c = $s->client(tls => $tls, http => $http, $cert{$what} ? (cert => $cert{$what}) : ());
            my $r = $c->get('/anshin/login');
            is($r->status, 401, "$on: help instead of the login form (LOG-3)") or diag($r->error);
            is($r->header('WWW-Authenticate'), 'Anshin realm="p-01"', 'for which no browser opens a window');
            $title{ title($r) } = $what;
            unlike($r->text, qr/name="password"/, 'no form');
            like($r->text, qr/AN-[2-9BCDFGHJKMNPQRSTVWXYZ]{8}/, 'a number to tell the help desk');
            my ($number) = $r->text =~ /(AN-\w{8})/;
            like($s->log, qr/AN0651: help number $number: client certificate $what/, 'which the log explains');
            like($s->htanshin('find', $number)->{out}, qr/^about: +certificate\n.*^reason: +$what$/ms, 'U18: and the help desk finds') if $http == 1;
            is(lc($r->header('Connection') // ''), 'close', 'and the connection is closed') if $http == 1;
        }
    }
}
is(join(' ', sort values %title), join(' ', sort keys %cert), 'each case has a page of its own (LOG-3)');
unlike($s->client(cert => $cert{foreign})->get('/anshin/login')->text, qr/p-99-stranger/,
    'of a certificate that is not ours nothing is shown (S20)');
my $expired = $s->client(cert => $cert{expired})->get('/anshin/login')->text;
like($expired, qr/p-01-usr001/, 'the name of one that is');
like($expired, qr{有効期限</dt><dd><time datetime="20\d\d-[^"]*Z">20\d\d年}, 'U15: and its end, as a time');

# HTTP/2 has no "Connection: close": GOAWAY (RFC 9113 6.8) comes with the answer, and the next request gets a new connection.
for (
    [ '/anshin/login', 0, 'first 401 second 401 connections 2 goaway code 0 last 2147483647', 'the connection ends, the next request gets a new one (LOG-3)' ],
    [ '/anshin/help/certificate', 1, 'first 200 second 200 connections 2 goaway code 0 last 2147483647', 'behind the help that was looked for, too' ],
    [ '/open/', 1, 'first 200 second 200 connections 1 goaway none', 'nor where nothing is wrong' ]
) {
    my ($path, $seconds, $expected, $what) = @$_;
    chomp(my $seen = $s->run('node', Anshin::Server::top() . '/t/tools/two_requests.mjs', $s->url($path), $seconds)->{out});
    is($seen, $expected, "HTTP/2: $what");
}

# The right certificate.
{
    my $c = $s->client(cert => $own);
    my $page = $c->get('/anshin/login');
    is($page->status, 200, 'with a good certificate there is the login form (LOG-2)');
    like($page->text, qr/p-01-usr001/, 'which names it');
    like($page->text, qr/name="user" value="p-01-usr001" required/, 'LOG-2: its user ID is filled in, and can be changed');
    like($page->text, qr/<input type="password" id="password"[^>]* autofocus/, 'and the password alone is left to type');
    is($c->get('/anshin/help/certificate')->status, 200, 'and the help says');
    ok(!exists $title{ title($c->get('/anshin/help/certificate')) }, 'that all is well');
    isnt(lc($c->get('/anshin/help/certificate')->header('Connection') // ''), 'close', 'and keeps the connection');

    my $other = Anshin::Person->add($s, 'p-01-usr003', method => 'certificate');
    $other->register;
    my $theirs = $other->fetch;
    my $wrong  = $person->login($s->client(cert => $own), password => 'wrong-Pass-1');
    my $strange = $person->login($s->client(cert => $theirs));
    is($strange->status, 401, 'the right password with the certificate of somebody else (LOG-4)');
    my ($a, $b) = map { my $text = $_->text; $text =~ s/name="csrf" value="[^"]*"//; $text =~ s/<dl class="facts">.*?<\/dl>//s; $text } $wrong, $strange;
    is($b, $a, 'looks like a wrong password (S8)');
    is($person->login($c)->status, 303, 'and does not touch the account of whom it named (LCK-3, S7)');
    is($c->get('/members/')->status, 200, 'who is in');

    # The browser remembers until when, for the page that will see none: neither who it is nor which.
    my $name = '__Host-anshin-last.p-01';
    my ($set) = grep { /^\Q$name\E=/ } $s->client(cert => $own, cookies => {})->get('/anshin/login')->headers('Set-Cookie');
    is($set, undef, 'U04: nothing is remembered of who has not logged in');
    ($set) = grep { /^\Q$name\E=/ } $person->login($s->client(cert => $own))->headers('Set-Cookie');
    like($set, qr/^\Q$name\E=[\w-]{40,300}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000$/, 'U04: at a login, bounded (S18)');
    my $last = $c->{cookies}{$name};
    my $told = sub { return $s->client(cookies => { $name => $_[0] })->get('/anshin/login') };
    like($told->($last)->text, qr/前回使った電子証明書は、<time datetime="20[^"]+">20\d\d[^<]+<\/time>まで使えます/, 'U04: a page that sees none says that it is still good');
    for my $value ('', 'x', "$last$last", substr($last, 1), 'A' x 4000, '<script>') {
        my $r = $told->($value);
        is($r->status, 401, 'U04: a cookie of somebody else\'s making');
        unlike($r->text, qr/前回使った|<script>/, 'says nothing');
    }

    my $bare = $s->client(cookies => { %{ $c->{cookies} } });
    isnt($bare->get('/members/')->status, 200, 'the same session without the certificate is refused (LOG-8)');
    is($bare->get('/anshin/')->status, 303, 'on the portal too (LOG-8)');
}

# A form without a good certificate: the help again, and the attempt is written down.
{
    my $c = $s->client(cert => $own);
    my $page = $c->get('/anshin/login');
    my $bare = $s->client(cookies => { %{ $c->{cookies} } });
    my $r = $bare->submit($page, { user => $person->{user}, password => $person->{password} });
    is($r->status, 401, 'a login whose certificate has gone');
    unlike($r->text, qr/name="password"/, 'gets the help (LOG-3)');
    like($s->htanshin('history', $person->{user})->{out}, qr/wrong_certificate/, 'and is in the history (S28)');
}

# Asked for.
for my $what (sort keys %cert) {
    my $r = $s->client($cert{$what} ? (cert => $cert{$what}) : ())->get('/anshin/help/certificate');
    is($r->status, 200, "the help about $what, when asked for");
    is($title{ title($r) }, $what, 'says the same');
    is(lc $r->header('Connection'), 'close', 'and closes the connection');
}

my %device = (
    windows => 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130', mac => 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)',
    android => 'Mozilla/5.0 (Linux; Android 14; Pixel 8)', ios => 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)'
);
for my $device (sort keys %device) {
    my $page = $s->client->get('/anshin/help/import', 'User-Agent' => $device{$device});
    is($page->status, 200, "how to import on $device (CRT-4)");
    like($page->text, qr/<section id="$device">.*<div class="guides">/s, 'U19: its steps come first there');
    like($page->text, qr/id="$_"/, "with the steps for $_") for qw(windows firefox mac mac_profile ios android linux);
}
for my $language ('ja', 'en') {
    my ($part) = $s->client->get('/anshin/help/import', 'Accept-Language' => $language)->text =~ m{<section id="remove">(.*?)</section>}s;
    my @steps = ($part // '') =~ m{<li>([^:：]+)[:：] }g;
    is(join(' ', map { /(Windows|Firefox|Mac|iPhone|Android|Linux)/ ? $1 : 'other' } @steps), 'Windows Firefox Mac iPhone Android Linux',
        "LST-1: how an old certificate is removed, for each browser and system ($language)") or diag($part);
}

# "What do you see?": each trouble that help desks know is one click from the help, and its answer leads on.
my %all = map { $_->{name} => $_->{whose} } grep { $_->{whose} ne 'CODED' } troubles();    # those: mail-links.t
cmp_ok(scalar keys %all, '>=', 25, 'troubles in the table: ' . keys %all);
sub named { my ($text) = @_; return join ' ', sort $text =~ m{href="/anshin/help/trouble\?about=(\w+)"}g }
sub main_of { my ($r) = @_; return $r->text =~ m{(<main.*</main>)}s ? $1 : '' }
for my $language ('ja', 'en') {
    my $c = $s->client(cert => $own);
    my $get = sub { return $c->get($_[0], 'Accept-Language' => $language) };
    is(named($get->('/anshin/help')->text), join(' ', sort keys %all), "HLP-25: the help asks what one sees, and names every trouble ($language)");
    my (%heads, %ways);
    for my $name (sort keys %all) {
        my $r = $get->("/anshin/help/trouble?about=$name");
        my $main = main_of($r);
        my $steps = () = $main =~ s/<ul>.*?<\/ul>//sgr =~ /<li>/g;
        is($r->status, 200, "$name ($language)");
        ok($steps >= 1 && $steps <= 5, "HLP-25: is answered in at most five steps: $steps");
        unlike($main, qr/help_trouble\.|\{\{|>(?:help|common|account)\.\w/, 'in words');
        my @ways = grep { $_ ne '/anshin/help' } $main =~ /href="(\/anshin\/[^"#]*)/g;
        cmp_ok(scalar @ways, '>=', 1, 'and leads on');
        @ways{@ways} = (1) x @ways;
        $heads{ title($r) } = 1;
    }
    is(scalar keys %heads, scalar keys %all, 'each has a title of its own');
    for my $way (sort keys %ways) {
        my $status = $get->($way)->status;
        ok($status == 200 || $status == 303, "$way is there: $status");
    }
}
like($s->client->get('/anshin/help/trouble?about=remembered', 'User-Agent' => $device{windows} . ' Safari/537.36')->text, qr{<p class="own">Chrome: [^<]*</p>\s*<details>.*?<li>Edge: }s,
    'HLP-7: what to do in this browser is shown, the others folded');
like($s->client->get('/anshin/help/trouble?about=remembered', 'User-Agent' => 'x')->text, qr{\n<ul>\s*<li>iPhone.*?<li>Safari: }s, 'of a browser that is not known, all');
like($s->client->get('/anshin/help/trouble?about=locked')->text, qr{href="/anshin/help/trouble\?lang=en&(?:amp;)?about=locked"}, 'in the other language it stays the same trouble');
is($s->client->get('/anshin/help/trouble')->place, '/anshin/help', 'none is asked for: the list');
is($s->client->get("/anshin/help/trouble?about=$_")->status, 404, "none is called '$_'") for '', 'x', 'LOST', '%3Cscript%3E', 'title', 'lost.title';
my @shown = ([ none => 'no_dialog' ], [ foreign => 'remembered' ], [ revoked => 'old_listed' ]);
for (@shown) {
    my ($what, $trouble) = @$_;
    my $r = $s->client($cert{$what} ? (cert => $cert{$what}) : ())->get('/anshin/login');
    like(named($r->text), qr/\b$trouble\b/, "where $what shows, the page leads to $trouble");
}
like(named($s->client->get($_->[0])->text), qr/\b$_->[1]\b/, "$_->[0] leads to $_->[1]")
    for [ '/anshin/help/import', 'import_password' ], [ '/anshin/reissue/certificate/sent', 'mail_missing' ], [ '/anshin/register?t=none', 'link_ended' ];

# A certificate is tried at another port, where the browser has chosen nothing yet (AnshinTryURL).
{
    my $where = qr{<a class="button" href="https://localhost:$try/anshin/help/certificate">};
    like($s->client->get('/anshin/help/import')->text, $where, 'the steps of the import end with a trial');
    unlike($s->client->get('/anshin/help/import')->text, qr/ブラウザを一度すべて閉じ/, 'and close no browser');
    for my $what (sort keys %cert, 'good') {
        my $pem = $what eq 'good' ? $own : $cert{$what};
        my $c = $s->client(port => $try, $pem ? (cert => $pem) : ());
        my $r = $c->get('/anshin/help/certificate');
        is($r->status, 200, "a trial with $what");
        is($what eq 'good' ? title($r) : $title{ title($r) }, $what eq 'good' ? '電子証明書に問題はありません' : $what, 'says what it is');
        like($r->text, $what eq 'good' ? qr/この端末とブラウザで使えます/ : qr/ここではまだ使えません/, 'and what that means here');
        unlike($r->text, qr{action="/anshin/reissue/certificate"}, 'ISO-3: with no form, which would be refused there');
    }
    my $good = $s->client(port => $try, cert => $own)->get('/anshin/help/certificate')->text;
    like($good, qr{<dd>p-01-usr001[^<]*</dd></div>\s*<div><dt>有効期限</dt><dd><time [^>]*>20\d\d}, 'whose it is, and until when');
    for my $what (qw(none revoked unknown foreign)) {
        my $text = $s->client($cert{$what} ? (cert => $cert{$what}) : ())->get('/anshin/login')->text;
        like($text, qr{有効期限の切れた電子証明書は、選択画面に出ません。[^<]*<a class="next-link" href="#reissue">}, "U04: $what: the way to the reissue");
        like($text, qr{<section id="reissue">.*<form method="post" action="/anshin/reissue/certificate" novalidate>.*name="user".*name="address"}s, 'HLP-1: which begins there');
        unlike($text, qr/ここではまだ使えません/, 'and no word of a trial');
    }
    # Nothing else answers there.
    my $c = $s->client(port => $try, cert => $own);
    for my $path ('/anshin/login', '/anshin/help', '/anshin/help/certificate/', '/anshin/account', '/other/help/certificate') {
        my $r = $c->get($path);
        unlike($r->status, qr/^200$/, "ISO-3: $path is not there");
        is($r->header('Location'), $s->url($path), 'but at the portal itself') if $path =~ m{^/anshin} && $r->status == 303;
    }
    is($c->post('/anshin/login', { user => 'x', password => 'x' })->status, 403, 'ISO-3: nor is a form taken');
    is($c->get('/anshin/static/anshin.css')->status, 200, 'what the page looks like is');
}
$s->finish;

# A contract with other methods as well: the login is there for everybody, with a link to the help.
$s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate', server => 'AnshinCAWorker off')->start;
my $mixed = $s->client->get('/anshin/login');
is($mixed->status, 200, 'mixed contract: the login form without a certificate (LOG-3)');
like($mixed->text, qr{href="/anshin/help/certificate"}, 'with the constant link to the help');
like($mixed->text, qr/name="user" value=""[^>]* autofocus/, 'where the user ID is typed first (U27)');
for my $pem ($s->pki->issue('p-01-usr001'), $s->pki->issue('p-01-usr001', from => -10, to => -1), $s->foreign->issue('p-01-usr001')) {
    like($s->client(cert => $pem)->get('/anshin/login')->text, qr/name="user" value=""/, 'LOG-4: a certificate that opens nothing fills nothing in');
}
is($s->client(cert => $s->foreign->issue('x'))->get('/anshin/login')->status, 200, 'and with a foreign one');
unlike($s->client(cert => $s->foreign->issue('p-98-stranger'))->get('/anshin/login')->text, qr/p-98-stranger/, 'which is not named');
$s->finish;
done_testing;
