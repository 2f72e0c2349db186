# Every security requirement that t/requirements.md calls proven, S1...S32 at least, has a test over real HTTP that is named
# after it: its text begins with the number, in one of t/http/*.t.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Requirements;
use Anshin::Source;

my @suites = grep { m{^t/http/[\w-]+\.t$} } Anshin::Requirements::test_files();
my %named;
for my $suite (@suites) {
    my $text = slurp($suite);
    $named{"S$1"}{$suite}++ while $text =~ /["']S(\d{1,2}): /g;
}
my $rows   = Anshin::Requirements::rows();
my @wanted = grep { /^S\d+$/ && ($rows->{$_}{proven} || substr($_, 1) <= 32) } @{ Anshin::Requirements::order() };
is(join(' ', grep { !$named{$_} } @wanted), '', 'each number has a test named after it');
cmp_ok(scalar @wanted, '>=', 32, 'numbers looked at: ' . @wanted);
cmp_ok(scalar @suites, '>=', 10, 'suites looked at: ' . @suites);
my $tests = 0;
$tests += $_ for map { values %$_ } values %named;
cmp_ok($tests, '>=', 150, "tests named after one: $tests");
done_testing;
