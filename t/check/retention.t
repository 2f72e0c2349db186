# How long things are kept: both guides have one table of it, with every type of record, every fact and every limit of the code (BAK-3).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use Encode qw(decode);
use Anshin::Source;

my $records = slurp('schema/records.def');
my %type = map { $_ => 1 } grep { $_ ne 'fact' } $records =~ /^ANSHIN_RECORD\((\w+),/mg;
my $core = join '', map { slurp($_) } grep { m{^modules/core/} } sources('[ch]');
my %default;
for my $table (qw(policy server)) {
    my $text = slurp("modules/core/config/$table.def");
    $default{$1} = $2 while $text =~ /^OPTION\(\w+, \w+, "(\w+)", "([^"]*)"/mg;
}
my $house = slurp('modules/core/admin/housekeeping.c');
my ($rules) = $house =~ /anshin_expiry_rules\[\] = \{(.*?)\};/s;
my %rule = map { $core =~ /\b$_ = \{&anshin_record_(\w+)/ ? ($1 => 1) : () } $rules =~ /&(\w+)/g;
delete @rule{qw(account fact)};    # the one reminds of passwords, and removes none; of the other each key has its row
my $facts = slurp('t/check/facts.t');
my %fact = map { ("$_/" => 1) } map { split } $facts =~ /%others = .*?qw\(([^)]*)\)/;
$fact{"$_/"} = 1 for slurp('modules/core/keeping/belonging.c') =~ m{\{"([a-z-]+)/", [01]\}}g;

# Limits that no directive says, in seconds, and whose they are.
my %whose = (
    TOKEN => 'token', UNISSUED => 'download', MAIL => 'mail', ADDRESS => 'counter', REQUEST => 'reissue/', HELP => 'help_number', BULK => 'desk_bulk', APPROVAL => 'approval',
    FLOW => 'progress', CERTIFICATE => 'certificate', LOCK => 'counter', NODE => 'node/', ORPHAN => undef,
);
my %limit = map { /(\w+) apr_time_from_sec\((\d+)(?: \* (\d+))?/ ? ($1 => $2 * ($3 // 1)) : () } $core =~ /#define ANSHIN_(KEEP_\w+ apr_time_from_sec\([^)]*\))/g;
is(join(' ', grep { my $name = s/^KEEP_//r; !exists $whose{$name} } sort keys %limit), '', 'each limit of the code is one of the table');
is(join(' ', grep { !$limit{"KEEP_$_"} } sort keys %whose), '', 'and each of those is in the code');
my @limits = map { [ $whose{$_}, $limit{"KEEP_$_"} ] } grep { $whose{$_} } sort keys %whose;
push @limits, [ 'counter', 1 * $1 * $2 ] if $core =~ /#define ANSHIN_PHANTOM_LIFE apr_time_from_sec\((\d+) \* (\d+)\)/;
push @limits, [ 'ocsp', $1 * $2 ] if $core =~ /#define ANSHIN_OCSP_MEMORY apr_time_from_sec\((\d+) \* (\d+)LL\)/;
is(scalar @limits, 14, 'limits that no directive says: ' . @limits);

my %rows;
for my $page ([ 'en', 'How long things are kept', qr/housekeeping/, sub { my ($days) = @_; return $days == 1 ? '1 day' : "$days days" } ], [ 'ja', '保存期間', qr/片付け/, sub { "$_[0] 日" } ]) {
    my ($language, $title, $swept, $says) = @$page;
    my ($section) = decode('UTF-8', slurp("htdocs/manual/$language/operator.md")) =~ /^## \Q$title\E\n(.*?)^## /ms;
    my (%row, @odd);
    for my $line (grep { /`/ && /^\|/ } split /\n/, $section // '') {
        my (undef, $what, $names, $long, $by, $who) = split / *\| */, $line;
        my %cell = (names => [ $names =~ /`([^`]+)`/g ], long => $long, by => $by, who => $who);
        push @{ $rows{$language} }, join ' ', @{ $cell{names} }, $by, $long =~ s/[^0-9,]+/ /gr =~ s/,(?!\d)//gr =~ s/^ +| +$//gr;
        push @odd, grep { $row{$_} } @{ $cell{names} };
        @row{ @{ $cell{names} } } = (\%cell) x @{ $cell{names} };
        push @odd, map { my ($directive, $value) = @$_; ($default{$directive} // '?') eq $value ? () : "$directive ($value)" } map { [ /`(\w+)` \((\w+)\)/ ] } $by =~ /(`\w+` \(\w+\))/g;
    }
    is("@odd", '', "$language: no name stands twice, each directive has its default");
    is(join(' ', grep { !$row{$_} } sort(keys %type), sort keys %fact), '', "$language: every type of record and every fact has its row");
    is(join(' ', grep { my $name = s{/$}{}r; !$type{$_} && !$fact{$_} && $core !~ m{"\Q$name\E["/]} } sort keys %row), '', "$language: and there is no other");
    is(join(' ', grep { !$row{$_} || $row{$_}{who} !~ $swept } sort keys %rule), '', "$language: what housekeeping removes is said to be");
    is(join(' ', map { "$_->[0] $_->[1]" } grep { my ($name, $seconds) = @$_; my $days = $says->($seconds / 86400) =~ s/^(\d)(\d\d\d)/$1,$2/r; !$row{$name} || $row{$name}{long} !~ /(?<![\d,])\Q$days\E/ } @limits), '', "$language: the limits are the code's");
}
cmp_ok(scalar keys %type, '>', 25, 'types of records: ' . keys %type);
cmp_ok(scalar keys %rule, '>', 11, 'of which housekeeping removes ' . keys %rule);
cmp_ok(scalar keys %fact, '>', 18, 'facts: ' . keys %fact);
is_deeply($rows{ja}, $rows{en}, 'both tables have the same rows, with the same numbers');
done_testing;
