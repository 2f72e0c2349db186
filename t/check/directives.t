# The rows of policy.def and server.def, and the reference documents and configuration that must agree with them.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;
use Anshin::Source;

# OPTION(KIND, member, "Directive", "classic", "modern", "finance", min, max, "words", "help")
my %kinds = map { $_ => 1 } qw(NUMBER FLAG SPAN SPANS CHOICE SET TEXT TEXTS LOCAL PATH KEY);
my %of_both = map { $_ => 1 } qw(AnshinCACertificate AnshinCAKey);    # the server's, and a contract's own
my (@rows, @bad, %seen);
for my $table (qw(policy server)) {
    my $text = code("modules/core/config/$table.def");
    my $string = qr/"((?:[^"\\]|\\.)*)"/;
    my $calls = () = $text =~ /^OPTION\(/mg;
    while ($text =~ /^OPTION\(\s*(\w+),\s*(\w+),\s*$string,\s*$string,\s*$string,\s*$string,\s*(\d+),\s*(\d+),\s*$string,\s*$string\)/mg) {
        my %row;
        @row{qw(kind member directive classic modern finance minimum maximum words help)} = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
        $row{table} = $table;
        push @rows, \%row;
    }
    is(scalar(grep { $_->{table} eq $table } @rows), $calls, "$table.def: every row is read: $calls");
}
for my $row (@rows) {
    my $at = $row->{directive};
    push @bad, "$at: kind $row->{kind}" unless $kinds{ $row->{kind} };
    push @bad, "$at: is no name of ours" unless $at =~ /^Anshin[A-Z]\w+$/;
    push @bad, "$at: twice" if $seen{ $of_both{$at} ? "$row->{table}/$at" : $at }++;
    push @bad, "$at: member $row->{member} twice" if $seen{"$row->{table}.$row->{member}"}++;
    push @bad, "$at: help is no sentence" unless $row->{help} =~ m{^\w.{15,}[.\w)]$};
    push @bad, "$at: bounds" if $row->{minimum} > $row->{maximum};
    push @bad, "$at: no words" if $row->{kind} =~ /^(?:CHOICE|SET)$/ && $row->{words} eq '';
}
is(join("\n", @bad), '', 'rows are well formed');

# conf.d/anshin-reference.conf: every directive with its default, and none that does not exist. Directives that no table
# holds, since httpd's own structures carry them:
my %by_hand = map { $_ => 1 } qw(AnshinContract AnshinUse AnshinSharedCache);
my %directive = (%by_hand, map { $_->{directive} => $_ } @rows);

sub agree {
    my ($file, $pattern) = @_;
    my $text = slurp($file);
    my %named;
    $named{$1}++ while $text =~ /$pattern/g;
    is(join(' ', grep { !$named{$_} } sort keys %directive), '', "$file has every directive");
    is(join(' ', grep { !$directive{$_} } sort keys %named), '', "$file has no other");
    cmp_ok(scalar keys %named, '>', 40, "$file: directives looked at: " . keys %named);
    return $text;
}

my $reference = agree('conf.d/anshin-reference.conf', qr/^\s*#?\s*<?(Anshin[A-Z]\w+)\b/m);
for my $row (@rows) {
    next if $row->{classic} eq '';
    my ($value) = $reference =~ /^\s*#?\s*\Q$row->{directive}\E[ \t]+(.*?)\s*$/m;
    $value //= '';
    $value =~ s/^"(.*)"$/$1/;
    is($value, $row->{classic}, "$row->{directive}: default of preset classic in the reference");
}

# The manuals, where a directive is a heading: ### <a id="AnshinTitle">.
for my $language (qw(ja en)) {
    my $manual = agree("htdocs/manual/$language/directives.md", qr/\bid="(Anshin[A-Z]\w+)"/);
    for my $row (grep { $_->{classic} ne '' } @rows) {
        my ($section) = $manual =~ /id="$row->{directive}"(.*?)(?=\bid="Anshin|\z)/s;
        like($section // '', qr/\Q$row->{classic}\E/, "$language: $row->{directive} with its default");
    }
}

# httpd takes exactly these from our modules, in the minimal configuration and elsewhere.
my $listed = Anshin::Server->new(loglevel => 'warn');
my $known  = $listed->run(Anshin::Server::httpd(), '-f', $listed->root . '/httpd.conf', '-L');
my %known  = map { $_ => 1 } $known->{out} =~ /^<?(Anshin\w+)>? /mg;
is(join(' ', grep { !$known{$_} } sort keys %directive), '', 'httpd knows every directive') or diag($known->{err});
is(join(' ', grep { !$directive{$_} } sort keys %known), '', 'and no other of ours');
$listed->remove;

# The minimal configuration uses only what exists.
my %used;
my $minimal = slurp('conf.d/anshin.conf');
$used{$1}++ while $minimal =~ /^\s*<?(Anshin[A-Z]\w+)\b/mg;
is(join(' ', grep { !$directive{$_} } sort keys %used), '', 'conf.d/anshin.conf uses only directives that exist');
cmp_ok(scalar keys %used, '>', 2, 'directives in it: ' . keys %used);
done_testing;
