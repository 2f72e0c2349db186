# The report of accessibility (make accessibility-report) says what a run has shown, and nothing else.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(decode);
use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;
use Anshin::PKI;

my $place = tempdir(CLEANUP => 1);
my %page  = (title => 'ログイン | <見本>', language => 'ja', path => '/login-ja', media => 0, criteria => [qw(wcag111 wcag143)], faults => []);
my @tap   = ('ok 1 - login-ja: the Nu HTML checker finds nothing', 'ok 2 - login-ja, phone: nothing to complain about');

# Exit status and text of the report over such pages.
sub report {
    my ($pages, @lines) = @_;
    Anshin::PKI::write_text("$place/notes", join '', map { JSON::PP->new->utf8->encode($_) . "\n" } @$pages);
    Anshin::PKI::write_text("$place/tap", join '', map { "$_\n" } @lines);
    unlink "$place/report";
    my $status = system "apxs-build/accessibility-report --from $place/notes $place/tap $place/report >$place/said 2>&1";
    return ($status >> 8, -e "$place/report" ? decode('UTF-8', Anshin::PKI::read_text("$place/report")) : '');
}

sub result { my ($text, $criterion) = @_; return ($text =~ m{<th scope="row">\Q$criterion\E [^<]*</th><td>A+</td><td>([^<]*)})[0] }

my ($status, $text) = report([ \%page, { %page, language => 'en', title => 'Login' } ], @tap);
is($status, 0, 'NOM-5: a run without a finding gives a report');
my @rows = $text =~ /<th scope="row">(\d\.\d\.\d) /g;
is(scalar @rows, 38, 'NOM-5: with the 38 criteria of levels A and AA');
like($text, qr/<dt>$_</, 'NOM-5: it has what the form asks for') for '試験実施期間', '規格の番号及び改正年', '満たしている適合レベル', 'ページを選択した方法', '依存したウェブコンテンツ技術', '試験の方法';
is(result($text, '1.1.1'), '問題なし', 'what a rule has looked at');
is(result($text, '4.1.1'), '問題なし', 'what another check has shown');
is(result($text, '1.2.1'), '適用なし', 'what concerns sound, where there is none');
is(result($text, '3.2.1'), '未試験', 'what no program has looked at is for a person');
is(result($text, '2.4.7'), '未試験', 'and so is what this run has not shown');
like($text, qr/ログイン \| &lt;見本&gt;/, 'pages are named as text');
unlike($text, qr/<dd>AA</, 'a program alone declares no level');

($status, $text) = report([ { %page, faults => ['wcag143'] } ], @tap);
is($status, 1, 'NOM-5: a finding is a failure');
is(result($text, '1.4.3'), '不適合', 'and stands in the report');
($status, $text) = report([ \%page ], 'not ok 1 - login-ja: the Nu HTML checker finds nothing');
is(result($text, '4.1.1'), '不適合', 'so does a check that has failed');
($status, $text) = report([ { %page, media => 1 } ], @tap);
is(result($text, '1.2.1'), '未試験', 'with sound somewhere its criteria are not left out');
($status, $text) = report([]);
is("$status $text", '255 ', 'no page: no report') or diag Anshin::PKI::read_text("$place/said");
done_testing;
