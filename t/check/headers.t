# Every header compiles alone, twice, as C11, under the warnings of the build.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use Test::More;
use Anshin::Clang;
use Anshin::Source;

chomp(my $apr   = `apr-1-config --includes --cppflags | tr '\\n' ' '`);
chomp(my $httpd = `apxs -q INCLUDEDIR`);
chomp(my $libpq = `pg_config --includedir`);
$apr =~ s/-I/-isystem /g;
my @flags = split ' ', "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror"
    . " -Imodules -Ischema -Iapxs-build/out $apr -isystem $httpd -isystem $libpq";

# A file for each, and one more whose header does not stand alone: that is seen.
my $folder = File::Temp->newdir;
my %file;

sub alone {
    my ($name) = @_;
    my $file = $file{$name} = "$folder/" . keys(%file) . '.c';
    open my $out, '>', $file or die "$file: $!";
    print $out qq{#include "$name"\n#include "$name"\nint anshin_alone;\n};
    close $out or die "$file: $!";
    return $file;
}

my @headers = map { s{^modules/}{}r } sources('h');
my $poor = "$folder/poor.h";
open my $out, '>', $poor or die "$poor: $!";
print $out "apr_size_t anshin_poor(void);\n";
close $out or die "$poor: $!";
my $told = Anshin::Clang::told(\@flags, map { alone($_) } @headers, $poor);

# What is said of a file stands before its statistics.
my ($about, %of) = ('');
for my $line (split /^/, $told) {
    if ($line =~ /^STATISTICS FOR '(.*)':$/) { $of{$1} = join "\n", Anshin::Clang::found($about); $about = '' }
    else { $about .= $line }
}
for my $name (@headers) { is($of{ $file{$name} }, '', "$name compiles alone") }
isnt($of{ $file{$poor} }, '', 'one that needs another before it does not');
cmp_ok(scalar @headers, '>', 20, 'headers looked at: ' . @headers);
done_testing;
