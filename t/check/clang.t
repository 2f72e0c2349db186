# The second compiler: clang (14 on Debian 12) finds nothing in any source file under the warnings of the build, from parsing to
# machine code; without optimisation, on which its warnings do not depend. Nothing is linked: what only a linker would find is
# asked for below.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use Test::More;
use Text::ParseWords qw(shellwords);
use Anshin::Clang;
use Anshin::Source;

my $out = 'apxs-build/out/clang';
my $clang = Anshin::Clang::program();
my $made = `make --no-print-directory -f apxs-build/rules.mk CC=$clang OUT=$out 'CFLAGS_ALL=\$(CFLAGS_COMMON) -O0 -g0' $out/build_id.h 2>&1`;
is($?, 0, 'the build tells its flags') or diag($made);
chomp(my $libpq = `pg_config --includedir`);
my (undef, @flags) = grep { !/^-Wl,/ } shellwords(slurp("$out/flags"));

# The last file has a fault, so that no silence is taken for a good sign.
my @sources = sources('c', qw(modules t/unit t/tools t/crash t/year t/fuzz t/bench));
my $faulty = File::Temp->new(SUFFIX => '.c');
print $faulty "unsigned anshin_sign(int value);\nunsigned anshin_sign(int value) { return value; }\n";
close $faulty or die "$faulty: $!";
my $told = Anshin::Clang::told([ @flags, '-It', '-isystem', $libpq ], @sources, "$faulty");
my @found = Anshin::Clang::found($told);
is(join("\n", grep { !/^\Q$faulty\E:/ } @found), '', 'clang finds nothing in modules, programs, unit programs, fuzz targets and benches');
like($found[-1] // '', qr/^\Q$faulty\E:2:\d+: error: .*-Wsign-conversion/, 'and what is wrong is found under the warnings of the build')
    or diag($told);
is(scalar @found, 1, 'once');
is(join(' ', sort(Anshin::Clang::seen($told))), join(' ', sort @sources, "$faulty"), 'every source file is compiled');
cmp_ok(scalar @sources, '>', 100, 'source files: ' . @sources);

# Not optimised, a plain inline function is called by a name that no object has; and for products of 128 bits or mixed signs,
# clang calls what the library of gcc does not have.
my @unlinked = grep { code($_) =~ /^(?!.*\bstatic\b)[^"\n]*\binline\b|__int128|__builtin_mul_overflow/m } sources('c|h', qw(modules t));
is(join(' ', @unlinked), '', 'and nothing is used that clang could not link');
done_testing;
