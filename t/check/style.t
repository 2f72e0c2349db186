# Limits of style.md that a program can see.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

# Ids from 1000 on are given in order, whatever the folder: the first ranges were too narrow, and an id never changes.
# What moved to runtime or portal has kept its own.
my %id_range = (
    core => [ 100, 299 ], store => [ 300, 399 ], crypto => [ 400, 499 ], http => [ 500, 599 ], auth => [ 500, 599 ],
    portal => [ 600, 699 ], ca => [ 700, 799 ], htanshin => [ 800, 899 ], runtime => [ 500, 999 ]
);
my %kept = map { $_ => 'modules/portal/request/page.c' } qw(AN0562 AN0563 AN0564);
my %library = map { $_ => 1 } qw(core store crypto http);

my (@long_functions, @long_files, @wide, @loud, @set, @twice, @astray, %place);
my ($functions, $ids, $lines_seen) = (0, 0, 0);
for my $file (sources('c|h')) {
    my $folder = folder_of($file);
    my @lines = split /\n/, slurp($file);
    $lines_seen += @lines;
    push @long_files, "$file: " . @lines . ' lines' if @lines > 600;

    my ($begin, $name);
    for my $n (0 .. $#lines) {
        $name = $1 if $lines[$n] =~ /^[a-z].*?(\w+)\(/;
        if ($lines[$n] eq '{') { $begin = $n }
        elsif ($lines[$n] =~ /^\}/ && defined $begin) {
            $functions++;
            my $length = $n - $begin + 1;
            push @long_functions, "$file: $name: $length lines" if $length > 80;
            undef $begin;
        }
        (my $shown = $lines[$n]) =~ s/[\x80-\xbf]//g;
        push @wide, "$file:" . ($n + 1) if length $shown > 120;
    }

    my $n = 0;
    for my $line (split /\n/, code($file)) {
        $n++;
        if ($library{$folder} && $line =~ /(?<![\w>.])(exit|_exit|abort|printf|puts|perror|syslog|assert)\s*\(/) {
            push @loud, @set, "$file:$n: $1";
        }
        push @set, "$file:$n: $1" if $file ne 'modules/core/base/waiting.c' && $line =~ /((?:apr_thread|pthread)_cond_(?:timed|clock)wait|(?:deadline|until) = apr_time_now\(\))/;
        next if $file =~ /\.h$/;
        while ($line =~ /"(AN(\d{4}))(?=[":])/g) {    # alone, or at the head of a line for the log
            my ($id, $number) = ($1, $2);
            $ids++;
            push @twice, "$file:$n: $id, also $place{$id}" if $place{$id};
            $place{$id} = "$file:$n";
            my ($low, $high) = @{ $id_range{$folder} || [ 0, 0 ] };
            my $config = $number >= 900 && $number <= 999 && $folder =~ /^(?:core|http|auth|portal|ca)$/;
            push @astray, "$file:$n: $id" unless $config || $number >= 1000 || ($kept{$id} // '') eq $file || ($number >= $low && $number <= $high);
        }
    }
}

# Functions that a header declares: [name, whether a contract stands before it, down to the next empty line, or behind it].
sub declared {
    my ($text) = @_;
    my @found;
    for my $group (split /\n[ \t]*\n/, $text) {
        my $said = 0;
        while ($group =~ m{(/\*.*?\*/)|^(?!typedef)[a-zA-Z][^;\{\}/\#]*?\b(anshin_\w+)[ ]?\([^;\{\}]*?\)[^;\{\}()]*[;\{]([ \t]*/\*)?}gsm) {
            if ($1) { $said = 1 }
            else    { push @found, [ $2, $said || defined $3 ] }
        }
    }
    return @found;
}
my ($declared, @bare) = (0);
for my $file (sources('h')) {
    my @functions = declared(slurp($file));
    $declared += @functions;
    push @bare, map { "$file: $_->[0]" } grep { !$_->[1] } @functions;
}
is(join("\n", @bare), '', 'every function that a header declares has a contract');
is(join(' ', map { "$_->[0]=" . ($_->[1] ? 1 : 0) } declared("/* x */\nint anshin_a(void);\nint anshin_b(int x,\n    int y);\n\nint anshin_c(void);\nint anshin_d(void); /* x */\n\nstatic inline int anshin_e(int x)\n{\n    return x;\n}\n")),
    'anshin_a=1 anshin_b=1 anshin_c=0 anshin_d=1 anshin_e=0', 'one without is seen');
cmp_ok($declared, '>', 900, "functions of headers looked at: $declared");
is(join("\n", @long_functions), '', 'no function is longer than 80 lines');
is(join("\n", @long_files),     '', 'no file is longer than 600 lines');
is(join("\n", @wide),           '', 'no line runs off the page');
is(join("\n", @loud),           '', 'libraries neither print nor exit');
is(join("\n", @set),            '', 'no wait goes by a clock that can be set (core/base/waiting.h)');
is(join("\n", @twice),          '', 'every error id stands at one place');
is(join("\n", @astray),         '', 'error ids lie in the range of their folder');
cmp_ok($functions, '>', 200, "functions looked at: $functions");
cmp_ok($ids, '>', 50, "error ids looked at: $ids");
diag("$lines_seen lines, $functions functions, $ids error ids");
done_testing;
