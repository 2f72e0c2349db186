# The list of messages (apxs-build/messages.pl, STA-3): every id of the sources has its row, in both languages, with level, text and
# what to do about it; and no row, and no advice, is of an id that there is not.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

sub printed { open my $made, '-|', 'apxs-build/messages.pl', @_ or die "messages.pl: $!"; my $text = do { local $/; <$made> }; close $made or die "messages.pl @_: $?"; return $text }

# Read in another way than messages.pl does: each id that begins a literal, wherever it stands.
my %used;
for my $file (sources('c|h|def')) {
    my $code = code($file);
    $used{$1} = $file while $code =~ /"(AN\d{4})\b/g;
}
cmp_ok(scalar keys %used, '>', 700, 'ids of the sources: ' . keys %used);
my %row = map { my ($id, @more) = split / /; ($id => \@more) } split /\n/, printed('--ids');
is(join(' ', grep { !$row{$_} } sort keys %used), '', 'STA-3: every id has its row');
is(join(' ', grep { !$used{$_} } sort keys %row), '', 'STA-3: every row is of an id');
is(join(' ', grep { $row{$_}[1] ne $used{$_} } sort keys %row), '', 'STA-3: with its file');
my %level;
$level{ $row{$_}[0] }++ for keys %row;
is(join(' ', sort keys %level), 'cause crit debug emerg error info notice warn', 'STA-3: levels') or diag(explain(\%level));

for my $language (qw(en ja)) {
    my %told;
    my ($advised, $place) = (0);
    for my $line (split /\n/, printed('--print', "htdocs/manual/$language/messages.md")) {
        if ($line =~ /^## `(\S+)`$/) { ($place, $advised) = ($1, 0) }
        elsif ($line =~ /^\| (AN\d{4}) \| (\w+) \| (.*) \| `(\S+)` \|$/) { push @{ $told{$1} }, $3; $told{bare} .= " $1" unless $advised && $3 =~ /\S/ }
        elsif ($line =~ /^[^|#].{20,}/) { $advised = 1 }
    }
    is(delete $told{bare}, undef, "STA-3: $language: each with a text, below what to do about its folder");
    is(join(' ', grep { @{ $told{$_} } != 1 } sort keys %told), '', "STA-3: $language: each once");
    is(join(' ', sort keys %told), join(' ', sort keys %row), "STA-3: $language: all of them");
}
my @advice = map { /^(\S+) \|/ } grep { !/^#/ } split /\n/, slurp('apxs-build/messages.txt');
is(join(' ', grep { /^AN/ && !$row{$_} } @advice), '', 'STA-3: advice is about ids that there are');
is(join(' ', grep { !/^AN/ && !-d } @advice), '', 'STA-3: and about folders');
is(join(' ', grep { !/[^\x00-\x7f]/ } grep { !/^#/ && /\S/ } split /\n/, slurp('apxs-build/messages.txt')), '', 'STA-3: in both languages');
done_testing;
