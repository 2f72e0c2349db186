# One way to tell what was done (core/mail/event.h): nobody else writes history and notices, each act is told somewhere, and
# no verb of an operator goes without a trace.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my %code = map { $_ => code($_) } sources('c');

my @tellers = grep { $code{$_} =~ /\banshin_(?:history|notice)_add\(/ } sort keys %code;
is(join(' ', map { s{^modules/core/}{}r } @tellers), 'account/history.c mail/event.c mail/notice.c', 'events alone write history and notices');
my @records = grep { $code{$_} =~ /\banshin_txn_put\(\w+, &anshin_record_history\b/ } sort keys %code;
is("@records", 'modules/core/account/history.c', 'and history.c alone writes the record');

my @acts = slurp('modules/core/audit/act.def') =~ /^ACT\((\w+)/mg;
my %told = map { $_ => 1 } map { /\bANSHIN_ACT_(\w+)/g } values %code;
is(join(' ', grep { !$told{$_} } @acts), '', 'each act of core/audit/act.def is told somewhere');
cmp_ok(scalar @acts, '>', 35, 'acts looked at: ' . @acts);

# Functions by name, a static one with its file before it: what each names in its body.
my (%function, %static);
for my $file (grep { m{^modules/(?:core|htanshin)/} } keys %code) {
    while ($code{$file} =~ /^(static )?\w[\w *]*?\b(\w+)\([^;{}]*\)\n(\{.*?^\})/msg) {
        my ($static, $name, $body) = ($1, $2, $3);
        $name = $static{$file}{$name} = "$file $name" if $static;
        my %uses = map { $_ => 1 } $body =~ /\b([a-z]\w+)\b/g;
        $uses{anshin_op_write} = 1 if $body =~ /begin\w*\([^;]*\bANSHIN_TXN_WRITE\b/;
        $function{$name} = { file => $file, uses => \%uses };
    }
}

# Does the function come to a name, by itself or by what it names?
sub comes_to {
    my ($name, $end, $seen) = @_;
    my $self = $function{$name};
    return 0 if !$self || $seen->{$name}++;
    return 1 if $self->{uses}{$end};
    return scalar grep { comes_to($static{ $self->{file} }{$_} // $_, $end, $seen) } sort keys %{ $self->{uses} };
}

my %named = map { $_ => 1 } map { $code{$_} =~ /\b(anshin_\w+)/g } grep { m{/htanshin/} } keys %code;
my @verbs = grep { $function{$_} && $function{$_}{file} =~ m{/core/} && comes_to($_, 'anshin_op_write', {}) } sort keys %named;
is(join(' ', grep { !comes_to($_, 'anshin_event', {}) } @verbs), '', 'whatever the command does to the store is told as an event');
cmp_ok(scalar @verbs, '>=', 12, "verbs looked at: @verbs");
cmp_ok(scalar keys %function, '>', 1000, 'functions looked at: ' . keys %function);
done_testing;
