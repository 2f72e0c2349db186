# The table of htanshin's commands, its help, its manual pages in both languages and the shell's completion tell of the same
# commands, options and examples (INS-6): the table is asked of the program itself.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP;
use Test::More;
use Anshin::Server;
use Anshin::Source;

my $program = Anshin::Server::out() . '/htanshin';

sub told {
    my (@words) = @_;
    local %ENV = (PATH => $ENV{PATH}, LC_ALL => 'C.UTF-8', map { $_ => $ENV{$_} } grep { /^ASAN_|^GCOV_/ } keys %ENV);
    open my $out, '-|', $program, @words or die "$program: $!";
    my $text = do { local $/; <$out> };
    close $out or die "htanshin @words: $?";
    return $text;
}

my @table = @{ decode_json(told('--json', 'help')) };
$_->{options} = [ map { $_->{name} } @{ $_->{options} } ] for @table;
cmp_ok(scalar @table, '>=', 50, 'commands in the table: ' . @table);
my %command = map { $_->{command} => $_ } @table;
is(scalar keys %command, scalar @table, 'none stands twice');
my %told_in_short = map { $_ => 1 } qw(help version);
my @untold = grep { !$told_in_short{$_} && !grep { $_ ne 'many' } @{ $command{$_}{topics} } } sort keys %command;
is("@untold", '', 'each belongs to a topic');
my @long = grep { length > 80 } map { $_->{help} =~ /\A(.*?)(?:[;:]|\.(?=\s|\z))/ ? $1 : $_->{help} } @table;
is(join("\n", @long), '', 'the first clause of what each does fits a line of help');

my %topic = map { $_ => 1 } map { @{ $_->{topics} } } @table;
my %page = map { my $folder = $_; map { ("$folder$_" => slurp("htdocs/manual/man/${folder}htanshin-$_.8")) } sort keys %topic } '', 'ja/';
cmp_ok(scalar keys %topic, '>=', 9, 'topics: ' . join ' ', sort keys %topic);
my @there = sort map { m{man/((?:ja/)?)htanshin-(\w+)\.8$} ? "$1$2" : () } glob 'htdocs/manual/man/htanshin-*.8 htdocs/manual/man/ja/htanshin-*.8';
is("@there", join(' ', sort keys %page), 'a page for each in both languages, and no other');

# The rows of a page: command => { option => 1 }. Options of "many" stand in its page, once for all.
sub rows {
    my ($text) = @_;
    my %rows;
    for my $row ($text =~ /^\.It Cm (.+)/mg) {
        my ($two, $one) = $row =~ /^((\S+)(?: [a-z-]+(?= |\z))?)/;
        my $name = $command{$two} ? $two : $one;
        $rows{$name}{$_} = 1 for '', $row =~ /Fl -(\w[\w-]*)/g;
    }
    return \%rows;
}

for my $folder ('', 'ja/') {
    my %many = map { $_ => 1 } map { /Fl -(\w[\w-]*)/g } $page{"${folder}many"} =~ /^(\.It Fl .+)/mg;
    my $looked = 0;
    for my $name (grep { $_ ne 'many' } sort keys %topic) {
        my $rows = rows($page{"$folder$name"} =~ s/^\.Sh (?:FINDINGS OF CHECK|check が示すもの)\n.*//msr);
        my (@missing, @unknown);
        for my $one (grep { grep { $_ eq $name } @{ $_->{topics} } } @table) {
            my $bulk = grep { $_ eq 'many' } @{ $one->{topics} };
            push @missing, $one->{command} unless $rows->{ $one->{command} };
            push @missing, map { "$one->{command} --$_" } grep { !$rows->{ $one->{command} }{$_} && !($bulk && $many{$_}) } @{ $one->{options} };
            $looked += 1 + @{ $one->{options} };
        }
        for my $row (sort keys %$rows) {
            my %has = map { $_ => 1 } '', @{ ($command{$row} || {})->{options} || [] };
            push @unknown, $row unless $command{$row} && grep { $_ eq $name } @{ $command{$row}{topics} };
            push @unknown, map { "$row --$_" } grep { !$has{$_} } sort keys %{ $rows->{$row} };
        }
        is(join(', ', @missing), '', "INS-6: ${folder}htanshin-$name.8 has each command and option");
        is(join(', ', @unknown), '', "INS-6: ${folder}htanshin-$name.8 has no other");
    }
    cmp_ok($looked, '>=', 200, "commands and options looked for: $looked");
    my %bulk = map { $_ => 1 } map { @{ $_->{options} } } grep { grep { $_ eq 'many' } @{ $_->{topics} } } @table;
    is(join(' ', grep { !$bulk{$_} } sort keys %many), '', "INS-6: ${folder}htanshin-many.8 has no other option");
    my $overview = slurp("htdocs/manual/man/${folder}htanshin.8");
    is(join(' ', grep { $overview !~ /^\.It Cm $_\b/m } sort keys %told_in_short), '', "INS-6: ${folder}htanshin.8 has these itself");
    is(join(' ', grep { $overview !~ /^\.It Xr htanshin-$_ 8$/m } sort keys %topic), '', "INS-6: ${folder}htanshin.8 names each page");
}

# Examples come first in help and in the pages, are the same, and are commands that there are.
my $lines = 0;
for my $name (sort keys %topic) {
    my $help = told('help', $name);
    my ($examples) = $help =~ /\A[^\n]*\n\nExamples:\n(.*?)\n\n/s;
    my @pairs = ($examples // '') =~ /^  (htanshin \S.*)\n {8}(\S.*)$/mg;
    cmp_ok(scalar @pairs, '>=', 4, "help $name begins with examples");
    my ($section) = $page{$name} =~ /\A(?:\.[^S][^\n]*\n)*\.Sh NAME\n(?:\.N[^\n]*\n)+\.Sh EXAMPLES\n\.Bl [^\n]*\n(.*?)^\.El$/ms;
    is($section, join('', map { ".It Li $pairs[2 * $_]\n$pairs[2 * $_ + 1]\n" } 0 .. $#pairs / 2), "and so does htanshin-$name.8, with the same");
    my ($ja) = $page{"ja/$name"} =~ /^\.Sh 例\n\.Bl [^\n]*\n(.*?)^\.El$/ms;
    my @lines = map { $pairs[2 * $_] } 0 .. $#pairs / 2;
    is(join("\n", ($ja // '') =~ /^\.It Li (.+)$/mg), join("\n", @lines), "ja/htanshin-$name.8 has them too");
    for my $line (@lines) {
        my @words = map { /^"(.*)"$/ ? $1 : $_ } $line =~ /"[^"]*"|\S+/g;
        like(told(@words[1 .. $#words], '--help'), qr/\AUsage: /, "$line: is a command");
        $lines++;
    }
    my ($summary) = $page{$name} =~ /^\.Nd (.+)$/m;
    like($help, qr/\Ahtanshin-$name: \Q$summary\E\n/, "help and htanshin-$name.8 call it the same");
    like(told('help'), qr/^  $name +\Q$summary\E$/m, 'and so does the overview');
}
cmp_ok($lines, '>=', 25, "examples: $lines");

# bash's completion knows each word.
sub completed {
    my (@words) = @_;
    my $script = 'source htdocs/manual/completion/htanshin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _htanshin; printf "%s\n" "${COMPREPLY[@]}"';
    local %ENV = (PATH => $ENV{PATH}, LC_ALL => 'C.UTF-8');
    open my $out, '-|', 'bash', '-c', $script, 'bash', $program, @words or die "bash: $!";
    my @found = <$out>;
    close $out;
    chomp @found;
    return join ' ', sort grep { /\S/ } @found;
}
my %first = map { (split / /)[0] => 1 } keys %command;
is(completed(''), join(' ', sort keys %first), 'completion: first words');
for my $family (grep { my $word = $_; grep { /^$word / } keys %command } sort keys %first) {
    is(completed($family, ''), join(' ', sort map { /^$family (.+)/ ? $1 : () } keys %command), "completion: $family");
}
for my $two ('user add', 'cert list', 'restore') {
    my $known = join '|', completed(split(/ /, $two), '--');
    is(join(' ', grep { $known !~ /--\Q$_\E\b/ } @{ $command{$two}{options} }), '', "completion: options of $two");
}
done_testing;
