# The second compiler: everything builds with clang (14 on Debian 12) under the same warnings. Without
# optimisation, since clang's warnings do not depend on it and this takes half of the time.
use strict;
use warnings;
use Test::More;

my $out = 'apxs-build/out/clang';
my ($clang) = grep { `sh -c "command -v $_"` } qw(clang-14 clang) or die "no clang: apxs-build/deps test\n";
my $log = `make --no-print-directory -f apxs-build/rules.mk -k CC=$clang OUT=$out 'CFLAGS_ALL=\$(CFLAGS_COMMON) -O0 -g0' all 2>&1`;
is($?, 0, 'clang builds modules, programs and unit programs') or diag($log);
chomp(my @sources = `find modules t/unit t/tools t/crash -name '*.c'`);
is(join(' ', grep { !-f "$out/obj/" . s/\.c$/.o/r } @sources), '', 'every source file is compiled');
cmp_ok(scalar @sources, '>', 100, 'source files: ' . @sources);
done_testing;
