# The table of what htanshin check finds: each row is told somewhere, and the man pages have what it says (ADM-1).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my $table  = slurp('modules/core/config/finding.def');
my $string = qr/(?:"(?:[^"\\]|\\.)*"\s*)+/;
my (@rows, %seen);
while ($table =~ /^FINDING\((\w+), "([a-z0-9-]+)", (ADVICE|WARNING|CRITICAL),\s*($string),\s*($string),\s*($string)\)$/mg) {
    my %row;
    @row{qw(member id severity what remedy source)} = ($1, $2, lc $3, map { join('', /"((?:[^"\\]|\\.)*)"/g) =~ s/\\(.)/$1/gr } $4, $5, $6);
    push @rows, \%row;
}
is(scalar @rows, scalar(() = $table =~ /^FINDING\(/mg), 'every row is read: ' . @rows);
cmp_ok(scalar @rows, '>', 40, 'findings: ' . @rows);
is(join(' ', grep { $seen{$_}++ } map { $_->{id} } @rows), '', 'no id stands twice');

my %told = map { $_ => 1 } map { code($_) =~ /\bANSHIN_FINDING_(\w+)/g } grep { m{^modules/(?:auth|htanshin)/} } sources('c');
is(join(' ', grep { !$told{$_} } map { $_->{member} } @rows), '', 'each is found somewhere');

my %page = map { $_ => slurp("htdocs/manual/man/$_") } 'htanshin-check.8', 'ja/htanshin-check.8';
my @untold = grep { my $text = ucfirst($_->{what}) . ": $_->{remedy}" . ($_->{source} ? " ($_->{source})" : '') . ".\n"; $page{'htanshin-check.8'} !~ /^\.It Cm \Q$_->{id} ( $_->{severity} )\E\n\Q$text\E/m } @rows;
is(join(' ', map { $_->{id} } @untold), '', 'htanshin-check(8) has each as the table says it');
my %word = (advice => '助言', warning => '注意', critical => '故障');
is(join(' ', map { $_->{id} } grep { $page{'ja/htanshin-check.8'} !~ /^\.It Cm \Q$_->{id}\E （$word{$_->{severity}}）\n\S/m } @rows), '', 'and its Japanese page with its severity');
for my $name (sort keys %page) {
    my ($section) = $page{$name} =~ /^\.Sh (?:FINDINGS OF CHECK|check が示すもの)\n(.*?)^\.Sh/ms;
    is(scalar(() = ($section // '') =~ /^\.It /mg), scalar @rows, "$name has no other");
}
done_testing;
