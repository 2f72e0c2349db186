# What a contract has switched off is not there (CON-2), and people still log in.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;
use Anshin::Source;

my $s = Anshin::Server->new(contract => <<'END')->start;
AnshinLoginMethods password
AnshinFunctions none
AnshinReauthenticate 1s
END
my $p = Anshin::Person->add($s, 'p-01-usr001');
$p->register;
my $c = $s->client;

is($p->login($c)->status, 303, 'with everything off people still log in (CON-2)');
is($c->get('/members/')->status, 200, 'and reach the site');
my $home = $c->get('/anshin/');
is($home->status, 200, 'the portal opens');
for my $path (qw(account password question history method terminal/add terminal/change terminal/delete terminal/lost terminal/confirm
    history/unknown history/lock history/lock/confirm history/lock/done
    code lost/code reissue/password/code reissue/certificate/code lost lost/sent lost/prove lost/choose lost/done renewal renewal/confirm renewal/ended reissue/password reissue/certificate reissue/password/prove account/authenticator
    resend resend/sent account/resend account/phone download/phone phone user-id user-id/sent)) {
    is($c->get("/anshin/$path")->status, 404, "$path is not there (CON-2)");
    is($c->post("/anshin/$path", {})->status, 404, 'nor for a POST');
    unlike($home->text, qr{href="/anshin/$path"}, 'and has no link');
}
unlike($s->client->get('/anshin/login')->text, qr{reissue/|resend|user-id}, 'the login page leads to no reissue');
my $sessions = $c->get('/anshin/sessions');
ok($sessions->status == 200 || ($sessions->header('Location') // '') =~ m{/anshin/reauthenticate}, 'the sessions are always there, behind the password (ACC-8)');
my $help = $c->get('/anshin/help');
is($help->status, 200, 'so is help');
{
    my %whose = map { $_->{name} => $_->{whose} } troubles();
    my %concerned = (ANYBODY => 1, LINKED => 1);
    my @anybody = grep { $concerned{ $whose{$_} } } sort keys %whose;
    is(join(' ', sort $help->text =~ /about=(\w+)"/g), "@anybody", 'which without certificates names no trouble with them (CON-2)');
    cmp_ok(scalar @anybody, '>=', 5, 'but others: ' . @anybody);
    for my $name (sort keys %whose) {
        my $r = $c->get("/anshin/help/trouble?about=$name");
        is($r->status, $concerned{ $whose{$name} } ? 200 : 404, "$name is there as far as it concerns the contract");
        next if $r->status != 200;
        my ($steps) = $r->text =~ m{(<ol>.*</ol>)}s;
        my @off = grep { !m{^/anshin/(?:login|sessions)$} } ($steps // '') =~ /href="([^"]*)"/g;
        is("@off", '', 'and leads to nothing that is switched off (CON-2)');
        like($steps // '', qr{^<ol>\s*<li>}, 'it says what to do');
    }
}

{
    my $single = "AnshinLoginMethods password\nAnshinReissueProof factor\nAnshinFunctions method account history\nAnshinSupport \"Desk 03-0000-0000\"";
    my $one = Anshin::Server->new(contract => "AnshinLoginMethods password certificate\nAnshinFunctions method password terminal-add",
        sites => { single => $single })->start;
    my $q = Anshin::Person->add($one, 'p-01-usr002');
    $q->register;
    my $d = $one->client;
    $q->login($d);
    for my $path (qw(method password terminal/add)) {
        my $page = $d->get("/anshin/$path");
        is($page->status, 200, "$path alone is there (CON-2)");
        my @cancel = grep { m{^/anshin/(?:account)?$} } $page->text =~ /href="([^"]+)"/g;
        is($d->get($_)->status, 200, 'and its way out leads to a page that is') for @cancel;
        ok(!grep({ $_ eq '/anshin/account' } @cancel), 'not to one that is switched off');
    }
    my $only = Anshin::Person->add($one, 'single-usr001', contract => 'single', method => 'password');
    my $e = $one->client(host => 'single.localhost', ca => undef);
    my $page = $only->to_credentials($e);
    unlike($page->text, qr/name="(?:question|answer)"|秘密の質問/, 'U06: no registration asks for a secret question that nothing asks for');
    is($e->submit($page, { password => $only->{password}, password_confirm => $only->{password} })->status, 303, 'U06: it ends without one');
    $only->login($e);
    like($e->get('/anshin/')->text, qr{Desk <a href="tel:0300000000">03-0000-0000</a>}, 'U22: the number in AnshinSupport is a link');
    unlike($e->get('/anshin/account')->text, qr{href="/anshin/method"}, 'U11: where there is a single login method, no menu leads to its change');
    my $unknown = $e->get('/anshin/history/unknown');
    is($unknown->status, 200, 'ACC-4: an entry of the history that is not known');
    unlike($unknown->text, qr{history/lock|ロックできます}, 'CON-2: leads to no lock where that is switched off');
    is($e->get('/anshin/method')->status, 404, 'U11: and there is no such page');
    $one->finish;
}

is($s->faults, 0, 'no crash, no error in the log') or diag $s->log;
$s->finish;
done_testing;
