#!/usr/bin/perl
# Make htdocs/manual/{en,ja}/messages.md: every message id of the sources with its level, its text and its file, by folder, and what
# to do about it (apxs-build/messages.txt).
#
#   apxs-build/messages.pl                   writes both
#   apxs-build/messages.pl --print FILE      prints what FILE would be
#   apxs-build/messages.pl --ids             prints "ID LEVEL FILE ADVISED", a line each, for t/check/messages.t
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../t/lib";
use Anshin::Source;

chdir "$FindBin::Bin/.." or die $!;

# [where, English, Japanese], by place or id.
my %advice;
for (grep { !/^#/ && /\S/ } split /\n/, slurp('apxs-build/messages.txt')) {
    my ($where, $en, $ja, @more) = split / \| /;
    die "messages.txt: $_\n" if !defined $ja || @more;
    $advice{$where} = { en => $en, ja => $ja };
}

# Who says it, by what stands before the id: a line of the log with its level, a cause within one, or a line of configtest.
sub level {
    my ($before) = @_;
    return lc($1) =~ s/warning/warn/r =~ s/^err$/error/r if $before =~ /\b(?:APLOG|ANSHIN_LOG)_(EMERG|ALERT|CRIT|ERR(?:OR)?|WARN(?:ING)?|NOTICE|INFO|DEBUG)\b[^;]*\z/;
    return 'cause' if $before =~ /anshin_fail\w*\([^;]*\z/;
    return 'cause';
}

# The text that follows, its adjacent literals as one; what is filled in becomes "…".
sub text {
    my ($rest) = @_;
    my $text = '';
    while ($rest =~ /\G\s*(?:"((?:[^"\\]|\\.)*)"|([A-Z][A-Z_]+|PRI\w+)\b)/gc) { $text .= defined $1 ? $1 : '…' }
    $text =~ s/%%/\x01/g;
    $text =~ s/%[-+ 0#]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j)?[a-zA-Z]?/…/g;
    $text =~ s/…+/…/g;
    $text =~ s/\x01/%/g;
    $text =~ s/\\"/"/g;
    $text =~ s/\\n/ /g;
    $text =~ s/\|/\\|/g;
    return $text;
}

my %found;
for my $file (sources('c')) {
    my $code = code($file);
    while ($code =~ /"(AN\d{4})(?=[":])/g) {
        my ($id, $at) = ($1, $-[0]);
        my $before = substr $code, 0, $at;
        my $rest = substr $code, $at;
        $rest =~ s/\A"$id": ?/"/ or $rest =~ s/\A"$id: ?/"/ or $rest =~ s/\A"$id"\s*,?\s*/ /;
        my $text = text($rest); # else what a function of the file is handed, or all of it is filled in
        $text = text($1) if $text eq '' && $rest =~ /\A[^;"]*("(?:[^"\\]|\\.)*")/;
        $found{$id} = { id => $id, file => $file, level => level($before), text => $text eq '' ? '…' : $text };
    }
}
die "no messages found\n" if keys %found < 500;

sub place_of { my ($row) = @_; my ($longest) = sort { length $b <=> length $a } grep { m{/$} && index($row->{file}, $_) == 0 } keys %advice; return $longest // die "$row->{file}: no line of messages.txt\n" }

my %folder;
for my $id (sort keys %found) { push @{ $folder{ place_of($found{$id}) } }, $found{$id} }

my %word = (
    en => {
        title => 'Anshin Login: messages',
        intro => "Every message has an id that never changes. It stands in httpd's error log, in the worker's lines there, in answers of `htanshin`\nand of configtest. Made of the sources by `apxs-build/messages.pl`. A *cause* stands within another message, or in an answer of the command.\n… is filled in.",
        head => '| id | level | text | file |', todo => 'What to do'
    },
    ja => {
        title => 'Anshin Login: メッセージ',
        intro => 'メッセージには、変わることのない番号があります。httpd のエラーログ、その中のワーカーの行、`htanshin` の応答、configtest に出ます。本文は英語です。この表は `apxs-build/messages.pl` がソースから作ります。*cause* は、ほかのメッセージやコマンドの応答の中に出る原因です。… には値が入ります。',
        head => '| 番号 | レベル | 本文 | ファイル |', todo => '対処'
    }
);

sub page {
    my ($language) = @_;
    my $word = $word{$language};
    my $page = "# $word->{title}\n\n$word->{intro}\n";
    for my $place (sort keys %folder) {
        $page .= "\n## `$place`\n\n$advice{$place}{$language}\n\n$word->{head}\n|---|---|---|---|\n";
        for my $row (@{ $folder{$place} }) {
            my $more = $advice{ $row->{id} } ? " **$word->{todo}:** $advice{ $row->{id} }{$language}" : '';
            (my $name = $row->{file}) =~ s{^modules/}{};
            $page .= "| $row->{id} | $row->{level} | $row->{text}$more | `$name` |\n";
        }
    }
    return $page;
}

if (($ARGV[0] // '') eq '--ids') {
    print map { "$_ $found{$_}{level} $found{$_}{file} " . ($advice{$_} ? 1 : 0) . "\n" } sort keys %found;
} elsif (($ARGV[0] // '') eq '--print') {
    my ($language) = ($ARGV[1] // '') =~ m{/(en|ja)/messages\.md$} or die "usage: messages.pl [--print FILE | --ids]\n";
    print page($language);
} else {
    for my $language (qw(en ja)) {
        open my $out, '>', "htdocs/manual/$language/messages.md" or die $!;
        print $out page($language) or die $!;
        close $out or die $!;
    }
}
