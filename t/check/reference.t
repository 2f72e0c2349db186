# What apxs-build/reference.pl makes is in the tree as it makes it now, so that no document tells of another policy.def.
use strict;
use warnings;
use lib 't/lib';
use Encode ();
use Test::More;
use Anshin::Server;
use Anshin::Source;

my @files = qw(conf.d/anshin-reference.conf htdocs/manual/en/directives.md htdocs/manual/ja/directives.md htdocs/manual/man/anshin.conf.5
    htdocs/manual/man/ja/anshin.conf.5);
for my $file (@files) {
    open my $made, '-|', 'apxs-build/reference.pl', '--print', $file or die "reference.pl: $!";
    my $text = do { local $/; <$made> };
    close $made;
    is($?, 0, "$file: is made");
    ok($text eq slurp($file), "$file: is what reference.pl makes") or diag('run apxs-build/reference.pl and commit what it wrote');
    cmp_ok(length $text, '>', 5000, "$file: bytes compared: " . length $text);
}

# Nothing in the words file that no table has.
my %directive = map { $_ => 1 } code('modules/core/config/server.def') =~ /^OPTION\(\w+, \w+, "(\w+)"/mg;
$directive{ $directive{$_} ? "$_ (contract)" : $_ } = 1 for code('modules/core/config/policy.def') =~ /^OPTION\(\w+, \w+, "(\w+)"/mg;
my @words = grep { !/^#/ && /\S/ } split /\n/, slurp('apxs-build/reference.txt');
is(join(', ', grep { !$directive{$_} } map { /^([^|]+?) \|/ } @words), '', 'reference.txt has no directive of its own');
is(scalar @words, scalar keys %directive, 'directives in it: ' . @words);
is(join(' ', map { /^(\w+)/ } grep { !/\|[^|]*[\x80-\xff]{3,}[^|]*$/ } @words), '', 'each with its Japanese sentence');

# The reference with every line taken in is a configuration that httpd accepts, and so are defaults and examples.
my $modules = join "\n", map { "LoadModule anshin_${_}_module " . Anshin::Server::out() . "/mod_anshin_$_.so" } qw(auth portal);
my $whole   = slurp('conf.d/anshin-reference.conf') =~ s/^(\s*)#(?=<?\/?Anshin)/$1/mgr;
my $taken   = () = $whole =~ /^\s*Anshin\w+ /mg;
cmp_ok($taken, '>', 60, "lines taken in: $taken");
$whole =~ s{ (?=/(?:etc|usr|var)/)(?!/usr/sbin)}{ \@ROOT\@}g;
my $server = Anshin::Server->new(bare => 1);
if ($server->{group}) { # configtest looks whether they are there
    $whole =~ s/^(\s*AnshinGroup ).*/$1$server->{group}/m;
    $whole =~ s/^(\s*AnshinSignerUser ).*/$1$server->{signer}/m;
}
$server->{server} = "$modules\n$whole\n<AnshinContract staff>\nAnshinStaff on\nAnshinPortalURL https://staff.example.jp/anshin\n</AnshinContract>"; # of AnshinOperators
$server->configure;
File::Path::make_path(map { $server->root . $_ } qw(/etc/anshin/templates /etc/anshin/lang /usr/share /usr/lib/anshin /var/lib));
symlink Anshin::Server::top() . '/htdocs', $server->root . '/usr/share/anshin';    # configtest tries mails and texts
Anshin::PKI::write_text($server->root . '/etc/anshin/blocklist.txt', "password\n");
Anshin::PKI::write_text($server->root . "/etc/anshin/notice.json", "[]");
my $test   = $server->configtest;
is($test->{status}, 0, 'httpd accepts them all') or diag($test->{err});
$server->remove;

# htanshin check has a rule for every option of a contract, also for those that say nothing about security (CON-4).
my @options = code('modules/core/config/policy.def') =~ /^OPTION\(\w+, \w+, "(\w+)"/mg;
my @rules   = code('modules/htanshin/check/policy.c') =~ /^    \{"(Anshin\w+)"/mg;
is(join(' ', sort @rules), join(' ', sort @options), 'CON-4: rules of htanshin check: ' . @rules);
cmp_ok(scalar @options, '>', 40, 'options of a contract: ' . @options);

# A link within the operator's guide leads to a heading, and the order of reading names the same headings in both languages.
my %order;
for my $language (qw(en ja)) {
    my $guide = Encode::decode('UTF-8', slurp("htdocs/manual/$language/operator.md"));
    my ($n, %place) = (0);
    $place{ lc($_) =~ s/[^\w\- ]//gr =~ tr/ /-/r } //= ++$n for $guide =~ /^##+ (.+)$/mg;
    my @links = $guide =~ /\]\(#([^)]+)\)/g;
    is(join(' ', map { Encode::encode('UTF-8', $_) } grep { !$place{$_} } @links), '', "INS-5: $language: links of the guide lead somewhere: " . @links);
    my ($first) = $guide =~ /\A.*?^## [^\n]+\n\n(1\. .*?)\n\n/ms;
    $order{$language} = join ' ', map { $place{$_} // '?' } ($first // '') =~ /\]\(#([^)]+)\)/g;
}
cmp_ok(scalar(split / /, $order{ja}), '>', 15, 'INS-5: the order of reading');
is($order{en}, $order{ja}, 'INS-5: in both languages the same');

# t/README.md says what each suite proves.
my @suites = map { s{^t/}{}r } glob 't/{check,http,cli,browser,demo,crash,cluster,year}/*.t';
my ($folder, %told) = ('');
for my $line (split /\n/, Anshin::PKI::read_text('t/README.md')) {
    $folder = $1 if $line =~ m{^\| `(\w+/)` \|};
    $told{"$folder$1"} = 1 if $line =~ /^\| `([\w.-]+\.t)` \|/;
}
is(join(' ', sort keys %told), join(' ', sort @suites), 't/README.md has a line for each of the suites: ' . @suites);
done_testing;
