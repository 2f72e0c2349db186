# t/requirements.md and the tests agree, both ways: every row names tests that exist and carry its number, and every
# number that a test carries has a row that names the test. (`apxs-build/requirements` brings the page up to date.)
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Requirements;

my $rows    = Anshin::Requirements::rows();
my $carried = Anshin::Requirements::carried();
my @files   = Anshin::Requirements::test_files();
my (@bad, $links);
for my $id (@{ Anshin::Requirements::order() }) {
    my $row = $rows->{$id};
    push @bad, "$id has $row->{times} rows" if $row->{times} != 1;
    push @bad, "$id has no sentence" unless length $row->{sentence} > 10;
    push @bad, "$id is said to be proven and names no test" if $row->{proven} && !@{ $row->{tests} };
    for my $file (@{ $row->{tests} }) {
        $links++;
        if    (!-f $file)              { push @bad, "$id names $file, which is not there" }
        elsif (!$carried->{$file}{$id}) { push @bad, "$id names $file, which does not carry it" }
    }
}
for my $file (sort keys %$carried) {
    for my $id (sort keys %{ $carried->{$file} }) {
        if    (!$rows->{$id})         { push @bad, "$file carries $id, which has no row" }
        elsif (!grep { $_ eq $file } @{ $rows->{$id}{tests} }) { push @bad, "$file carries $id, whose row does not name it" }
    }
}
is(join("\n", @bad), '', 'requirements and tests agree');
cmp_ok(scalar keys %$rows, '>', 80, 'requirements looked at: ' . keys %$rows);
cmp_ok($links // 0, '>', 40, 'tests named: ' . ($links // 0));
cmp_ok(scalar @files, '>', 30, 'test files looked at: ' . @files);
done_testing;
