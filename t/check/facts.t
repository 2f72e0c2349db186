# Facts by the first word of their keys: those of a contract are in the list of who renames and removes one (BAK-2, BAK-3).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

# Of CAs, of sessions and mail addresses (by a MAC), of operators, of the installation; and what tells of a contract that is gone.
my %others = map { $_ => 1 } qw(alert ca-compromised ca-end ca-id crl former invitations mails node removing renaming session-ended status-ca unusable);
# Keys of other records that the same files have, and texts.
my %no_facts = map { $_ => 1 } qw(address-code ca history jobs login-code requests expiry);

my $list = 'modules/core/keeping/belonging.c';
my ($words) = slurp($list) =~ /\bwords\[\] = \{(.*?)\};/s;
my %ours = map { $_ => 1 } ($words // '') =~ m{"([a-z-]+)/"}g;
cmp_ok(scalar keys %ours, '>', 8, 'facts of contracts: ' . join(' ', sort keys %ours));

my %found;
for my $file (grep { m{^modules/core/} } sources('c')) {
    my $text = slurp($file);
    next if $file eq $list || $text !~ /\banshin_record_fact\b|\banshin_daily_|\brenaming\b/;
    $found{$1}{$file} = 1 while $text =~ m{"([a-z][a-z-]*)/(?:%s[^"]*)?"}g;
}
is(join(' ', grep { !$ours{$_} && !$others{$_} && !$no_facts{$_} } sort keys %found), '', 'each is of a contract, or is known to be of none');
is(join(' ', grep { !$found{$_} } sort keys %ours), '', 'and none of a contract is not there any more');
done_testing;
