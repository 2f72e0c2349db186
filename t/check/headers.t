# Every header compiles alone, twice, as C11, under the warnings of the build.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

chomp(my $apr   = `apr-1-config --includes --cppflags | tr '\\n' ' '`);
chomp(my $httpd = `apxs -q INCLUDEDIR`);
$apr =~ s/-I/-isystem /g;
my $flags = "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror -fsyntax-only"
    . " -Imodules -Ischema -Iapxs-build/out $apr -isystem $httpd";

my @headers = sources('h');
for my $header (@headers) {
    (my $name = $header) =~ s{^modules/}{};
    open my $gcc, '|-', "gcc $flags -x c - 2>&1" or die "gcc: $!";
    print $gcc qq{#include "$name"\n#include "$name"\nint anshin_alone;\n};
    ok(close $gcc, "$name compiles alone");
}
cmp_ok(scalar @headers, '>', 20, 'headers looked at: ' . @headers);
done_testing;
