# No file of the project names a place on the machine where it was written, or a package registry's host.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my $home  = qr{(?<![\w.@-])/(?:work|root|home/\w+|var/anshin-team)/\w};
my $hosts = qr{https?://[\w.-]*\b(?:registry|deb|security|mirror|proxy|index|pypi|crates|rubygems)\.[\w.-]+}i;

my (@bad, $lines);
my @files = grep { $_ ne 't/check/paths.t' && !/\.(?:png|ico|woff2?|p12)$/ } committed();
for my $file (@files) {
    my $n = 0;
    for my $line (split /\n/, slurp($file)) {
        $n++;
        push @bad, "$file:$n: $line" if $line =~ $home || $line =~ $hosts;
    }
    $lines += $n;
}
is(join("\n", @bad), '', 'no path of a machine, no registry host');
cmp_ok(scalar @files, '>', 50, 'files looked at: ' . @files);
cmp_ok($lines, '>', 5000, "lines looked at: $lines");
done_testing;
