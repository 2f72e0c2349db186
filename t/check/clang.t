# The second compiler: everything builds with clang-14 under the same warnings.
use strict;
use warnings;
use Test::More;

my $out = 'apxs-build/out/clang';
my $log = `make --no-print-directory -f apxs-build/rules.mk -k CC=clang-14 OUT=$out all 2>&1`;
is($?, 0, 'clang-14 builds modules, programs and unit programs') or diag($log);
chomp(my @sources = `find modules t/unit t/tools t/crash -name '*.c'`);
is(join(' ', grep { !-f "$out/obj/" . s/\.c$/.o/r } @sources), '', 'every source file is compiled');
cmp_ok(scalar @sources, '>', 100, 'source files: ' . @sources);
done_testing;
