# What apxs-build/reference.pl makes is in the tree as it makes it now, so that no document tells of another policy.def.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my @files = qw(conf.d/anshin-reference.conf htdocs/manual/en/directives.md htdocs/manual/ja/directives.md);
for my $file (@files) {
    open my $made, '-|', 'apxs-build/reference.pl', '--print', $file or die "reference.pl: $!";
    my $text = do { local $/; <$made> };
    close $made;
    is($?, 0, "$file: is made");
    ok($text eq slurp($file), "$file: is what reference.pl makes") or diag('run apxs-build/reference.pl and commit what it wrote');
    cmp_ok(length $text, '>', 5000, "$file: bytes compared: " . length $text);
}

# Nothing in the words file that no table has.
my %directive = map { $_ => 1 } map { code("modules/core/$_.def") =~ /^OPTION\(\w+, \w+, "(\w+)"/mg } qw(server policy);
my @words = grep { !/^#/ && /\S/ } split /\n/, slurp('apxs-build/reference.txt');
is(join(' ', grep { !$directive{$_} } map { /^(\w+)/ } @words), '', 'reference.txt has no directive of its own');
is(scalar @words, scalar keys %directive, 'directives in it: ' . @words);
is(join(' ', map { /^(\w+)/ } grep { !/\|[^|]*[\x80-\xff]{3,}[^|]*$/ } @words), '', 'each with its Japanese sentence');

# htanshin check has a rule for every option of a contract, also for those that say nothing about security (CON-4).
my @options = code('modules/core/policy.def') =~ /^OPTION\(\w+, \w+, "(\w+)"/mg;
my @rules   = code('modules/htanshin/check.c') =~ /^    \{"(Anshin\w+)"/mg;
is(join(' ', sort @rules), join(' ', sort @options), 'CON-4: rules of htanshin check: ' . @rules);
cmp_ok(scalar @options, '>', 40, 'options of a contract: ' . @options);
done_testing;
