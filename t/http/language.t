# Two languages: by the browser's wish, by a switch that every page has, and by a cookie that remembers it.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate')->start;

sub language { my ($r) = @_; my ($code) = $r->text =~ /<html lang="([^"]*)"/; return $code }

my %wish = (
    '' => 'ja', 'ja' => 'ja', 'en' => 'en', 'en-GB,en;q=0.9' => 'en', 'ja;q=0.4, en;q=0.8' => 'en', 'fr, en;q=0.3' => 'en', 'fr' => 'ja',
    '*' => 'ja', 'en;q=0' => 'ja', ',,;;=' => 'ja', 'x' x 3000 => 'ja', "en\t,ja" => 'en'
);
for my $wish (sort keys %wish) {
    my $r = $s->client->get('/anshin/login', 'Accept-Language' => $wish);
    is(language($r), $wish{$wish}, 'Accept-Language: ' . substr $wish, 0, 30);
    is($r->header('Content-Language'), $wish{$wish}, 'and the header says the same');
}

my $c = $s->client;
my $page = $c->get('/anshin/login', 'Accept-Language' => 'ja');
like($page->text, qr/<a href="\/anshin\/login\?lang=en" lang="en"/, 'the switch leads to the same page');
my $switch = $c->get('/anshin/login?lang=en');
is($switch->status, 303, 'it is remembered');
is($switch->header('Location'), '/anshin/login', 'and the address is clean again');
my ($cookie) = grep { /^anshin-lang=/ } $switch->headers('Set-Cookie');
like($cookie, qr/^anshin-lang=en; .*Max-Age=\d{7,}/, 'by a cookie that stays');
is(language($c->get('/anshin/login', 'Accept-Language' => 'ja')), 'en', 'which comes before the browser\'s wish');
is(language($c->get('/anshin/nothing', 'Accept-Language' => 'ja')), 'en', 'on every page');
$c->get('/anshin/login?lang=ja');
is(language($c->get('/anshin/login', 'Accept-Language' => 'en')), 'ja', 'and back');

for my $bad ('fr', '', 'EN', 'en%0d%0aSet-Cookie:%20a=b', '../../etc', 'en;x=y', '<script>') {
    my $r = $s->client->get("/anshin/login?lang=$bad");
    is($r->status, 200, "a language that we have not: $bad");
    is(scalar(grep { /^(?:anshin-lang|a)=/ } $r->headers('Set-Cookie')), 0, 'is not remembered (S27)');
}
for my $bad ('fr', '../../etc/passwd', '<script>', 'A' x 3000) {
    is(language($s->client(cookies => { 'anshin-lang' => $bad })->get('/anshin/login', 'Accept-Language' => 'en')), 'en',
        'a cookie that names none of ours is ignored');
}

# The switch keeps where one is.
my $to = $c->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
my $login = $c->follow($to);
my ($link) = $login->text =~ /<a href="([^"]+)" lang="en"/;
$link =~ s/&amp;/&/g;
my $switched = $c->get($link);
is($c->follow($switched)->field('return'), $login->field('return'), 'the place to return to is kept (LOG-1)');
is(language($c->follow($switched)), 'en', 'in the other language');

my $person = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
my $d = $s->client;
my $step = $d->follow($d->get($person->{path}));
$d->follow($d->get('/anshin/register?lang=en'));
my $english = $d->get('/anshin/register');
is(language($english), 'en', 'in the middle of a registration');
my $form = $d->follow($d->submit($english, { code => $person->{code} }));
$d->submit($form, $person->credentials);
ok(Anshin::Server::wait_for(60, sub { $s->mail }), 'a mail');
like($s->htanshin('user', 'show', $person->{user})->{out}, qr/\ben\b/, 'the language of the pages becomes that of the mail (MAI-1)');

my $given = Anshin::Person->add($s, 'p-01-usr002', language => 'en');
$given->register($s->client);
like($s->htanshin('user', 'show', $given->{user})->{out}, qr/\ben\b/, 'O4: what user add --language gave stays where a browser asks for nothing');
$s->finish;
done_testing;
