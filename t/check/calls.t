# The tool of layers.t is held against made-up trees: a circle is found whatever ties it, and none where there is none.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use File::Temp qw(tempdir);
use File::Path qw(make_path);
use Anshin::Calls;

# The circles of a tree: { file => text }; the second value is what was read.
sub circles_of {
    my (%files) = @_;
    my $root = tempdir(CLEANUP => 1);
    for my $name (sort keys %files) {
        make_path("$root/$1") if $name =~ m{(.*)/};
        open my $out, '>', "$root/$name" or die "$name: $!";
        print $out $files{$name};
        close $out or die "$name: $!";
    }
    my $read = read_units($root);
    return (join(' | ', map { join ' ', @$_ } circles(dependencies($read))), $read);
}

my %tree = (
    'a/one.h'   => "int anshin_one(int n);\n",
    'a/one.c'   => qq{#include "a/one.h"\n#include "b/two.h"\nint anshin_one(int n)\n{\n    return anshin_two(n);\n}\n},
    'b/two.h'   => "int anshin_two(int n);\nint anshin_three(int n);\nextern const char *const anshin_words[];\n",
    'b/two.c'   => qq{#include "b/two.h"\nint anshin_two(int n)\n{\n    return anshin_three(n);\n}\n},
    'b/three.c' => qq{int anshin_three(int n)\n{\n    return n ? '}' : sizeof("anshin_one(1) {"); /* anshin_one(n) */\n}\n},
    'b/count.c' => "int anshin_count;\nextern int anshin_elsewhere;\n",
    'b/words.c' => qq{static const struct {\n    int n;\n} rows[] = {{1}};\nconst char *const anshin_words[] = {\n    "one",\n};\n},
);
my ($found, $read) = circles_of(%tree);
is($found, '', 'a tree without a circle has none; texts and comments call nothing');
is_deeply([ @$read{qw(files functions data includes)} ], [ 7, 3, 3, 3 ], 'files, functions, data and includes are counted');
is_deeply($read->{owner}, { anshin_one => 'a/one', anshin_two => 'b/two', anshin_three => 'b/three', anshin_words => 'b/words', anshin_count => 'b/count' },
    'what is defined where, without what is static');
is_deeply([ sort keys %{ $read->{declared} } ], [qw(anshin_one anshin_three anshin_two anshin_words)], 'what headers declare');

my %third = (
    'a call'              => "int anshin_three(int n)\n{\n    return anshin_one(n);\n}\n",
    'a function in a table' => "int anshin_three(int n)\n{\n    return n;\n}\nstatic int (*const table[])(int) = {anshin_one};\n",
    'a macro'             => "#define NEXT(n) \\\n    anshin_one(n)\nint anshin_three(int n)\n{\n    return NEXT(n);\n}\n",
    'an include'          => qq{#include "a/one.h"\nint anshin_three(int n)\n{\n    return n;\n}\n},
);
for my $tie (sort keys %third) {
    ($found) = circles_of(%tree, 'b/three.c' => $third{$tie});
    is($found, 'a/one b/three b/two', "$tie closes a circle, and only what is on it is named");
}
($found) = circles_of(%tree, 'b/words.c' => "const int anshin_words[] = {0};\nint anshin_reader(void)\n{\n    return anshin_one(1);\n}\n",
    'b/three.c' => "int anshin_three(int n)\n{\n    return anshin_words[n];\n}\n");
is($found, 'a/one b/three b/two b/words', 'data closes one');
($found) = circles_of('a/one.h' => qq{#include "a/one_private.h"\n}, 'a/one_private.h' => qq{#include "a/one.h"\n});
is($found, '', 'a source and its headers are one');
($found) = circles_of(%tree, 'c/x.h' => qq{#include "c/y.h"\n}, 'c/y.h' => qq{#include "c/x.h"\n}, 'b/three.c' => $third{'a call'});
is($found, 'a/one b/three b/two | c/x c/y', 'each circle is found');

(undef, $read) = circles_of('a/one.c' => "int anshin_one(void)\n{\n    return 1;\n", 'a/two.c' => "int anshin_x;\nint anshin_two(void)\n{\n    return 0;\n}\n",
    'b/two.c' => "int anshin_two(void)\n{\n    return 0;\n}\n");
like("@{ $read->{bad} }", qr{a/one\.c: not understood.*b/two\.c: anshin_two is defined in a/two as well}s, 'what cannot be read is told');
done_testing;
