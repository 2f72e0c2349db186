# t/requirements.md and the tests agree, both ways: every row names tests that exist and carry its number, and every
# number that a test carries has a row that names the test.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my $number = qr/\b(?:[A-Z]{3}-\d{1,2}|S\d{1,2})\b/;

# The numbers that the tests carry. "SHA-256" and the like are no requirement: only families that the table knows count.
my (%row, @bad);
for (split /\n/, slurp('t/requirements.md')) {
    my ($id, $sentence, $tests) = /^\|\s*($number)\s*\|\s*(.*?)\s*\|\s*(.*?)\s*\|\s*$/ or next;
    push @bad, "$id has two rows" if $row{$id};
    push @bad, "$id has no sentence" unless length $sentence > 10;
    $row{$id} = [ $tests =~ m{\bt/[\w./-]+\w}g ];
}
my %known = map { (/^([A-Z]{3})-/ ? $1 : 'S') => 1 } keys %row;

my (%carried, $files);
for my $file (sources('c|t|mjs', 't/unit', 't/http', 't/browser', 't/crash', 't/check')) {
    next if $file =~ m{/node_modules/} || $file eq 't/check/requirements.t';
    $files++;
    my $text = slurp($file);
    for my $id ($text =~ /($number)/g) {
        next unless $known{ $id =~ /^([A-Z]{3})-/ ? $1 : 'S' };
        $carried{$file}{$id} = 1;
    }
    # "LCK-1…4" and "S14-S16" carry all between.
    while ($text =~ /\b([A-Z]{3}-|S)(\d{1,2})(?:…|\.\.\.?|-)(?:\1)?(\d{1,2})\b/g) {
        my ($family, $low, $high) = ($1, $2, $3);
        next unless $known{ $family =~ s/-$//r };
        $carried{$file}{"$family$_"} = 1 for $low .. $high;
    }
}

my $links = 0;
for my $id (sort keys %row) {
    push @bad, "$id names no test" unless @{ $row{$id} };
    for my $file (@{ $row{$id} }) {
        $links++;
        if (!-f $file) { push @bad, "$id names $file, which is not there" }
        elsif (!$carried{$file}{$id}) { push @bad, "$id names $file, which does not carry it" }
    }
}
for my $file (sort keys %carried) {
    for my $id (sort keys %{ $carried{$file} }) {
        if (!$row{$id}) { push @bad, "$file carries $id, which has no row" }
        elsif (!grep { $_ eq $file } @{ $row{$id} }) { push @bad, "$file carries $id, whose row does not name it" }
    }
}
is(join("\n", @bad), '', 'requirements and tests agree');
cmp_ok(scalar keys %row, '>', 30, 'requirements looked at: ' . keys %row);
cmp_ok($links, '>', 40, "tests named: $links");
cmp_ok($files, '>', 30, "test files looked at: $files");
done_testing;
