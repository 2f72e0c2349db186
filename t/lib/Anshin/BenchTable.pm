package Anshin::BenchTable;
# The one table of make bench: from the rows that the sections print (t/bench/run), as text and as t/bench/RESULTS.md, or put into
# that page in place of the rows that it has of these sections.
use strict;
use warnings;
use utf8;
use POSIX ();

my @fields = qw(section name unit median low high ratio ratio_low ratio_high cpu goal met);

# One row without its first word. Dies when it has not the fields that were agreed.
sub parse {
    my ($line) = @_;
    my @values = split /\t/, $line, -1;
    @values == @fields or die 'a row of ' . @values . ' fields instead of ' . @fields . ": $line\n";
    my %row;
    @row{@fields} = @values;
    $row{met} =~ /^(?:met|missed|)$/ or die "met or missed? $line\n";
    return \%row;
}

sub new { my ($class, @rows) = @_; return bless { rows => \@rows }, $class }

sub missed { my ($self) = @_; return grep { $_->{met} eq 'missed' } @{ $self->{rows} } }

# The cells of a row as they are shown.
sub cells {
    my ($row) = @_;
    my %show = map { $_ => figure($row->{$_}) } qw(median low high ratio ratio_low ratio_high cpu);
    return (
        $row->{name}, "$show{median} $row->{unit}", range(@show{qw(low high)}),
        $show{ratio}, range(@show{qw(ratio_low ratio_high)}), length $show{cpu} ? "$show{cpu} µs" : '', $row->{goal}, $row->{met}
    );
}

# Three digits that matter, or four.
sub figure {
    my ($value) = @_;
    return $value if $value eq '';
    my $size = abs $value;
    my $text = sprintf $size >= 100 ? '%.0f' : $size >= 10 ? '%.1f' : $size >= 1 || $size == 0 ? '%.2f' : '%.3f', $value;
    1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $text;
}

# A baseline's ratio to itself has no spread.
sub range { my ($low, $high) = @_; return length $low && $low ne $high ? "$low–$high" : '' }

my @heads = ('work', 'median', 'spread', 'ratio', 'spread', 'CPU each', 'goal', '');

sub text {
    my ($self) = @_;
    my @lines = ([@heads]);
    my $section = '';
    for my $row (@{ $self->{rows} }) {
        push @lines, [] if $row->{section} ne $section;
        $section = $row->{section};
        push @lines, [ cells($row) ];
    }
    my @width;
    for my $line (@lines) {
        for my $i (0 .. $#$line) {
            $width[$i] //= 0;
            $width[$i] = length $line->[$i] if length $line->[$i] > $width[$i];
        }
    }
    my $text = '';
    for my $line (@lines) {
        my @cells = map { sprintf $_ ? '%*s' : '%-*s', $width[$_], $line->[$_] } 0 .. $#$line;
        (my $joined = join '  ', @cells) =~ s/\s+$//;
        $text .= "$joined\n";
    }
    utf8::encode($text);
    return $text;
}

# The page t/bench/RESULTS.md.
sub page {
    my ($self) = @_;
    my $text = "# What make bench measured\n\n"
        . "`make bench` writes this page (t/bench/run). Each pair is measured in turns in one run. A row shows the median of the\n"
        . "rounds and their spread; the ratio is to the first row of its section, round by round. CPU is that of one request or\n"
        . "call. Goals are those of the design.\n\n" . machine() . "\n\n";
    $text .= join '', line(@heads), line('---', ('--:') x 5, '---', '---'), map { $_->[1] } $self->blocks('');
    utf8::encode($text);
    return $text;
}

sub line { return '| ' . join(' | ', map { s/\|/\\|/gr =~ s/([<>])=/$1 eq '<' ? '≤' : '≥'/ger } @_) . " |\n" }

# Each section, and its lines; more: what stands behind its name.
sub blocks {
    my ($self, $more) = @_;
    my @blocks;
    for my $row (@{ $self->{rows} }) {
        push @blocks, [ $row->{section}, line("**$row->{section}**$more", ('') x 7) ] if !@blocks || $blocks[-1][0] ne $row->{section};
        $blocks[-1][1] .= line(cells($row));
    }
    return @blocks;
}

# The page with these sections in it, each with the day on which it was measured: in place of what it has of them, else at its end.
sub into {
    my ($self, $page) = @_;
    utf8::decode($page);
    for my $block ($self->blocks(', measured ' . POSIX::strftime('%Y-%m-%d', gmtime))) {
        my ($section, $lines) = @$block;
        $page =~ s/^\| \*\*\Q$section\E\*\*.*\n(?:\| (?!\*\*).*\n)*/$lines/m or $page .= $lines;
    }
    utf8::encode($page);
    return $page;
}

# The machine, without its name.
sub machine {
    my ($cpu) = Anshin::Server::text_of('/proc/cpuinfo') =~ /^model name\s*:\s*(.*?)\s*$/m;
    my $kernel = (POSIX::uname())[2];
    my ($os)    = Anshin::Server::text_of('/etc/os-release') =~ /^PRETTY_NAME="?(.*?)"?$/m;
    my ($httpd) = join('', `apache2 -v 2>/dev/null`) =~ m{Apache/([\d.]+)};
    my ($tls)   = `openssl version` =~ /^(OpenSSL \S+)/;
    return sprintf '%s, %d cores, Linux %s, %s, httpd %s, %s, measured %s', $cpu // 'unknown CPU', Anshin::Bench::cores(), $kernel,
        $os // 'unknown system', $httpd // 'unknown', $tls // 'OpenSSL unknown', POSIX::strftime('%Y-%m-%d', gmtime);
}

1;
