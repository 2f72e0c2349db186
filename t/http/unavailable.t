# What is broken denies, says so in the log, and still gives people a page (S21, STO-3).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use File::Copy qw(move copy);
use Anshin::Server;
use Anshin::Person;

my $s = Anshin::Server->new(contract => 'AnshinLoginMethods password certificate', server => 'AnshinCAWorker off')->start;
my $person = Anshin::Person->add($s, 'p-01-usr001');
my $late = Anshin::Person->add($s, 'p-01-usr002');
$person->register;
my $c = $s->client;
$person->login($c);
my $form = $s->client;
my $page = $form->get('/anshin/login');
my $flow = $s->client;
$late->to_credentials($flow);
my $root = $s->root;

# A template that is missing, malformed or endless.
my $template = "$root/share/templates/home.mustache";
move($template, "$template.away") or die $!;
my $r = $c->get('/anshin/');
is($r->status, 503, 'a template that is missing: 503 (S21)');
like($r->body, qr/<html lang="ja">.*lang="en"/s, 'with the built-in page, in both languages');
like($r->header('Content-Security-Policy'), qr/default-src 'none'/, 'and the headers of every page (S19)');
like($r->header('Retry-After'), qr/^\d+$/, 'and when to try again');
like($s->log, qr/AN0562: page home: AN\d{4}: /, 'the log says why');
for my $text ('{{#page}}', '{{> home}}', "{{page.\xff}}") {
    Anshin::PKI::write_text($template, $text);
    is($c->get('/anshin/')->status, 503, 'a template that cannot be rendered (S21)');
}
unlink $template;
move("$template.away", $template) or die $!;
is($c->get('/anshin/')->status, 200, 'mended, it is used at once');

# Texts that cannot be read: the contract has no pages until they can.
my $texts = "$root/share/lang/ja.json";
copy($texts, "$texts.away") or die $!;
Anshin::PKI::write_text($texts, '{"common": ');
$s->graceful(alone => 1);
ok($s->wait_log(qr/AN0600: contract p-01: no texts, its pages will answer 503: AN\d{4}: .*ja\.json/), 'texts that cannot be read are named at the start');
is($c->get('/anshin/')->status, 503, 'and the pages answer 503 (S21)');
is($c->head('/anshin/login')->status, 503, 'HEAD as well');
is($c->get('/anshin/static/anshin.css')->status, 200, 'files need no texts');
is($c->get('/members/')->status, 200, 'and whoever is logged in stays so');
move("$texts.away", $texts) or die $!;
$s->restart;
is($c->get('/anshin/')->status, 200, 'mended');

# A store that ends in the middle. Its files are replaced by what nobody can read.
$page = $form->get('/anshin/login');
my $credentials = $flow->get('/anshin/register/credentials');
my @files = grep { -f } glob $s->state . '/store/*';
cmp_ok(scalar @files, '>', 0, 'the store has files: ' . @files);
$s->stop;    # a mapped file that is cut under a process kills it, which is no answer of ours
for my $file (@files) { open my $out, '+<', $file or die "$file: $!"; truncate $out, 0 }
$s->start;
for (
    [ 'a page of somebody who was logged in', $c->get('/anshin/') ],
    [ 'a protected page',                     $c->get('/members/') ],
    [ 'a login',                              $form->submit($page, { user => $person->{user}, password => $person->{password} }) ],
    [ 'a registration',                       $flow->submit($credentials, $late->credentials) ]
) {
    my ($what, $answer) = @$_;
    is($answer->status, 503, "$what on a broken store: 503, never entry (S21, STO-3)") or diag($answer->body);
    is(scalar(grep { /^__Host-anshin-p-01=[^;]/ } $answer->headers('Set-Cookie')), 0, 'and no session');
}
like($s->log, qr/AN0\d{3}: .*AN03\d\d/, 'the log names the store (S21)');
$s->finish;
done_testing;
