package Anshin::Requirements;
# The rows of t/requirements.md, and the requirement numbers that the tests carry.
use strict;
use warnings;
use Anshin::Source;

my $number = qr/\b(?:[A-Z]{3,4}-\d{1,2}|S\d{1,2})\b/;
my $page   = 't/requirements.md';

# { number => { sentence, tests => [ files ], proven => 0 or 1, times } }
sub rows {
    my %row;
    for (split /\n/, slurp($page)) {
        my ($id, @cells) = /^\|\s*($number)\s*\|\s*(.*?)\s*\|\s*(?:(.*?)\s*\|)?\s*$/ or next;
        my $times = $row{$id} ? $row{$id}{times} + 1 : 1;
        $row{$id} = {
            sentence => $cells[0], tests => [ ($cells[1] // '') =~ m{\bt/[\w./-]+\w}g ], proven => defined $cells[1] ? 1 : 0,
            times => $times
        };
    }
    return \%row;
}

# The numbers by family, in the order of the specification.
sub order {
    my @families = qw(CON REG PWD CRT LOG LCK ACC PRI CRI MAI ADM APP STO FLO SEC REN LST CAS HLP NOM ATT IMP ROL AUD STA BAK
        INS CLU ISO IDN COST GAP ADR S);
    my %place = map { $families[$_] => $_ } 0 .. $#families;
    my $key = sub { my ($family, $n) = $_[0] =~ /^([A-Z]+)-?(\d+)$/; return ($place{$family} // 99) * 1000 + $n };
    return [ sort { $key->($a) <=> $key->($b) } keys %{ rows() } ];
}

sub test_files {
    return grep { !m{/node_modules/} && !m{^t/check/(?!sbom\.t)} } sources('c|t|mjs', 't/unit', 't/http', 't/cli', 't/cluster', 't/browser', 't/crash', 't/year', 't/deb', 't/check');
}

# { file => { number => 1 } }. Only families of the page count: SHA-256 is no requirement. "LCK-1…4" carries all between.
sub carried {
    my %known = map { (/^([A-Z]+?)-?\d/)[0] => 1 } keys %{ rows() };
    my %carried;
    for my $file (test_files()) {
        my $text = slurp($file);
        while ($text =~ /\b([A-Z]{3,4}-|S)(\d{1,2})(?:(?:…|\.\.\.?|-)\g1?(\d{1,2}))?\b/g) {
            my ($family, $low, $high) = ($1, $2, $3 // $2);
            next unless $known{ $family =~ s/-$//r };
            $carried{$file}{"$family$_"} = 1 for $low .. $high;
        }
    }
    return \%carried;
}

1;
