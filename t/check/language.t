# The table of what htanshin says in Japanese (modules/htanshin/language/table.def): each row is of a text that the sources have,
# says it in Japanese, and fills in the same values; all of help is there; and what has no row yet can only become less (INS-7).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(decode);
use JSON::PP;
use Test::More;
use Anshin::Server;
use Anshin::Source;

# So many are told in English still. A new text brings its row; who adds rows for others lowers these.
my %left = (htanshin => 2, core => 73, keys => 0);

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);
sub text { return decode('UTF-8', $_[0]) }

my $word    = qr/"(?:[^"\\\n]|\\.)*"/;
my $literal = qr/(?:$word|[A-Z][A-Z_]{3,}\b)(?:\s*(?:$word|[A-Z][A-Z_]{3,}\b))*/;

# Adjacent literals as one; a macro among them is …
sub joined { return join '', map { /^"(.*)"$/s ? $1 : '…' } $_[0] =~ /$word|[A-Z][A-Z_]{3,}\b/g }

my %rows;
for my $file (sources('def', 'modules/htanshin/language')) {
    my $code = text(code($file));
    my $count = () = $code =~ /^(?:TEXT|ERROR|KEY)\(/mg;
    while ($code =~ /^(TEXT|ERROR|KEY)\(($literal),\s*($literal)\)$/mg) {
        my ($kind, $english, $japanese) = ($1, joined($2), joined($3));
        push @{ $rows{$kind}{$english} }, $japanese;
        $count--;
    }
    is($count, 0, "$file: every row is read");
}
for my $kind (qw(TEXT ERROR KEY)) {
    cmp_ok(scalar keys %{ $rows{$kind} }, '>', 100, "$kind: rows: " . keys %{ $rows{$kind} });
    is(join("\n", grep { @{ $rows{$kind}{$_} } > 1 } sort keys %{ $rows{$kind} }), '', "$kind: none stands twice");
    is(join("\n", grep { $rows{$kind}{$_}[0] !~ /[\p{Han}\p{Hiragana}\p{Katakana}]/ && !/^(?:(?:--organisation|restore): )?%s(?:: %s)?$|^(?:ca|id)$/ } sort keys %{ $rows{$kind} }),
        '', "$kind: each is Japanese");
}

# What the sources say: every literal, and what help is made of.
my (%said, %fails, %keys);
for my $file (sources('c|h')) {
    my $code = text(code($file)) =~ s/\\\n/\n/gr;
    $said{ joined($1) } = 1 while $code =~ /($literal)/g;
    $fails{ joined($2) }{$file} = $1 while $code =~ /anshin_fail\([^;]*?"(AN\d{4})",\s*($literal)/g;
    $fails{'%s: %s'}{$file} = $1 while $code =~ /"(AN\d{4})", $word,/g; # of a function that says which: what
    next unless $file =~ m{^modules/htanshin/};
    while ($code =~ /(?:anshin_result_(?:text|time|number|flag)|json_object_set_new)\([^,;"]+,\s*"([^"]+)"/g) {
        my $key = $1;
        $keys{$key} = $file unless $file =~ m{/export/} && $key =~ /-/; # the head of a column, which import reads
    }
}
for my $file (sources('def', 'modules/core')) {
    my $code = text(code($file));
    $said{ joined($1) } = 1 while $code =~ /($literal)/g;
}
my $program = Anshin::Server::out() . '/htanshin';
open my $help, '-|', $program, '--json', 'help' or die "$program: $!";
my @table = @{ decode_json(do { local $/; <$help> }) };
close $help or die "htanshin help: $?";
my %help = map { my $text = $_ =~ s/"/\\"/gr; $text => 1 } map { ($_->{help}, map { $_->{help} } @{ $_->{options} }) } @table;
cmp_ok(scalar keys %help, '>', 120, 'texts of help: ' . keys %help);

is(join("\n", grep { !$said{$_} && !$help{$_} } sort keys %{ $rows{TEXT} }), '', 'each text is said somewhere');
is(join("\n", grep { !$fails{$_} } sort keys %{ $rows{ERROR} }), '', 'each error is one that there is');
my $sources = join '', map { slurp($_) } sources('c', 'modules/htanshin');
is(join("\n", grep { $sources !~ /"\Q$_\E"/ } sort keys %{ $rows{KEY} }), '', 'each key stands somewhere');

# What is counted in a summary and before the question is called by a noun.
my %done = map { $_ => 1 } $sources =~ /\.done = "(\w+)"/g;
cmp_ok(scalar keys %done, '>', 8, 'INS-7: what comes of one of many: ' . keys %done);
is(join("\n", grep { ($rows{TEXT}{$_}[0] // 'た') =~ /[ただ]$/ } sort keys %done), '', 'INS-7: each of them is a noun');

# The values that are filled in.
my $conversion = qr/%(?:(\d)\$)?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j)?([a-zA-Z…])/;
sub conversions {
    my ($format) = @_;
    my ($number, @found) = (0);
    $format =~ s/%%//g;
    push @found, ($1 // ++$number) . $2 while $format =~ /$conversion/g;
    return join ' ', sort @found;
}
is(join("\n", grep { conversions($_) ne conversions($rows{TEXT}{$_}[0]) } sort keys %{ $rows{TEXT} }), '', 'texts: the same values of the same types');
my @otherwise = grep {
    my @wanted = map { /^(\d+)/ } split / /, conversions($_);
    my %used = map { $_ => 1 } $rows{ERROR}{$_}[0] =~ /%(\d)/g;
    join(' ', sort { $a <=> $b } @wanted) ne join(' ', sort { $a <=> $b } keys %used) || @wanted > 8;
} sort keys %{ $rows{ERROR} };
is(join("\n", @otherwise), '', 'errors: each value is told');
is(join("\n", grep { $rows{ERROR}{$_}[0] =~ /%(?!\d|%)/ } sort keys %{ $rows{ERROR} }), '', 'errors: by its number');

# What programs read has names without blanks; people read them as such (print.c).
delete @keys{qw(checked over failed)}; # from a child of the command to its parent
is(join("\n", grep { !/^[a-z][a-z0-9_]*$/ } sort keys %keys), '', 'INS-7: keys of answers: lower case and underscores');

# An error that is told in Japanese is cut where its text was made: nobody else writes it, unless it is told as it stands then.
my $writes = qr/\b(?:memcpy|memmove|memset|str(?:n?cpy|n?cat)|apr_cpystrn|v?sprintf|(?:apr_)?v?snprintf)\(\s*(?:\w+(?:->|\.))*err(?:or)?(?:->|\.)text\b|\berr(?:or)?(?:->|\.)text(?:\[[^]]*\])?\s*=(?!=)/;
my @written;
for my $file (grep { $_ ne 'modules/core/base/anshin.c' } sources('c|h')) {
    my $code = code($file);
    while ($code =~ /$writes/g) {
        my $at = pos $code;
        push @written, "$file:" . (1 + (substr($code, 0, $at) =~ tr/\n//)) if substr($code, $at, 200) !~ /\A[^}]*\berr(?:or)?(?:->|\.)format = NULL;/;
    }
}
is(join("\n", @written), '', 'INS-7: the text of an error is written in one place');

# What has no row.
is(join("\n", grep { !$rows{TEXT}{$_} } sort keys %help), '', 'INS-7: help is told in Japanese as a whole');
my %without = (
    htanshin => [ grep { !$rows{ERROR}{$_} && grep { m{^modules/htanshin/} } keys %{ $fails{$_} } } sort keys %fails ],
    core => [ grep { !$rows{ERROR}{$_} && !grep { m{^modules/(?:htanshin|auth|portal|http|ca)/} } keys %{ $fails{$_} } } sort keys %fails ],
    keys => [ grep { !$rows{KEY}{$_} } sort keys %keys ]
);
for my $kind (sort keys %left) {
    my @of = @{ $without{$kind} };
    cmp_ok(scalar @of, '<=', $left{$kind}, "INS-7: $kind: no new one without a row") or diag(join "\n", @of);
    note("$kind: lower it to " . @of) if @of < $left{$kind};
}

# A sentence of an answer, as opposed to a word that options take, is read by people alone (print.c).
my %sentences;
for my $file (sources('c', 'modules/htanshin')) {
    my $code = text(code($file));
    while ($code =~ /anshin_result_text\(((?:[^;"]|$word)*);/g) {
        my $arguments = $1;
        while ($arguments =~ /($word(?:\s*$word)*)/g) { my $text = joined($1); $sentences{$text} = $file if $text =~ /\w \w/ && $text !~ /%/ }
    }
}
cmp_ok(scalar keys %sentences, '>', 12, 'sentences of answers: ' . keys %sentences);
is(join("\n", grep { !$rows{TEXT}{$_} } sort keys %sentences), '', 'INS-7: each sentence of an answer is told in Japanese');
done_testing;
