package Anshin::Calls;
# Which file of ours depends on which, read from the code itself: by #include, and by a function or datum that one file
# defines and another names. A source and its headers (crypto/pki/key.c, key.h, key_private.h) are one unit: "crypto/key".
use strict;
use warnings;
use Exporter 'import';
use Anshin::Source;
our @EXPORT = qw(read_units dependencies circles);

# What a file names without depending on who defines it: a module's structure, which is the module's name for httpd,
# and an optional function, which is looked up when httpd runs.
my $late = qr/\banshin_[a-z]+_module\b|\bAPR_(?:RETRIEVE_OPTIONAL_FN|OPTIONAL_FN_TYPE)\(\w+\)/;

my $balanced = qr/(\{(?:[^{}]++|(?-1))*+\})/;

# What the files below a folder define and use: { units => { unit => { uses => { name => how often }, includes => {
# unit => 1 } } }, owner => { name => unit that defines it }, declared => { name => header }, bad => [what was not
# understood] }, and how many files, functions, data, calls and includes of ours were seen.
sub read_units {
    my ($root) = @_;
    my %read = (units => {}, owner => {}, declared => {}, bad => [], map { $_ => 0 } qw(files functions data calls includes));
    for my $file (sources('c|h', $root)) {
        my $unit = unit_of($file =~ s{^\Q$root\E/}{}r);
        $read{files}++;
        read_file(\%read, $file, $unit, $read{units}{$unit} //= { uses => {}, includes => {} });
    }
    return \%read;
}

sub unit_of { my ($name) = @_; return $name =~ s/(?:_private)?\.[ch]$//r }

sub read_file {
    my ($read, $file, $unit, $self) = @_;
    my $text = code($file);
    while ($text =~ /^[ \t]*#[ \t]*include[ \t]+"([^"]+\.h)"/mg) {
        $self->{includes}{ unit_of($1) } = 1;
        $read->{includes}++;
    }
    $text =~ s/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/0/g;
    while ($text =~ s/^[ \t]*#[ \t]*(define[ \t]+\w+)?((?:[^\n]*\\\n)*[^\n]*)//m) {
        uses($read, $self, $2) if $1;
    }
    my $type = ''; # the head of a struct, union or enum, whose body may stand before the name of a datum
    while ($text =~ /\G([^{};]*+)(?:;|$balanced)/gc) {
        my ($head, $body) = ("$type$1", $2);
        $type = defined $body && $head =~ /\b(?:struct|union|enum)\b[^=()]*$/ ? $head : '';
        statement($read, $file, $unit, $self, $head, $body) if $type eq '';
    }
    my $rest = substr $text, pos $text // 0;
    push @{ $read->{bad} }, "$file: not understood from " . substr($rest, 0, 60) if $rest =~ /\S/;
    return;
}

# What stands outside of every function: a function, a datum, a declaration, a type.
sub statement {
    my ($read, $file, $unit, $self, $head, $body) = @_;
    my $static = $head =~ /\bstatic\b/;
    $head =~ s/\bAP_DECLARE_MODULE\((\w+)\)/$1_module/;
    if ($head =~ /=/ || ($body // '') ne '' && $head =~ /\)\s*$/) {
        my $function = $head !~ /=/;
        my ($name) = $head =~ ($function ? qr/\b(?!__attribute__)(\w+)\s*\(/ : qr/(\w+)\s*(?:\[[^]]*\]\s*)*=/);
        $read->{ $function ? 'functions' : 'data' }++;
        own($read, $file, $unit, $name) if defined $name && !$static;
        uses($read, $self, $function ? $body : $head =~ s/^[^=]*=//r . ($body // ''));
    }
    elsif (!defined $body && $head !~ /\b(?:typedef|static|APR_DECLARE_OPTIONAL_FN)\b|^\s*(?:struct|union|enum)\s+\w+\s*$/) {
        my @names = $head =~ /\b(?!__attribute__)(anshin_\w+)\s*\(/ ? ($1) : grep { !/_(?:t|fn)$/ } $head =~ /\b(anshin_\w+)/g;
        if ($file =~ /\.h$/) { $read->{declared}{$_} //= $file for @names }
        elsif ($head !~ /[(]|\bextern\b/) {
            $read->{data} += @names;
            own($read, $file, $unit, $_) for @names;
        }
    }
    return;
}

sub own {
    my ($read, $file, $unit, $name) = @_;
    return if $name !~ /^anshin_/; # main()
    my $other = $read->{owner}{$name};
    push @{ $read->{bad} }, "$file: $name is defined in $other as well" if defined $other && $other ne $unit;
    $read->{owner}{$name} = $unit;
    return;
}

sub uses {
    my ($read, $self, $text) = @_;
    $text =~ s/$late//g;
    $read->{calls}++ while $text =~ /\b(?!(?:if|for|while|switch|return|sizeof)\b)\w+\s*\(/g;
    $self->{uses}{$_}++ for $text =~ /\b(anshin_\w+)/g;
    return;
}

# { unit => { unit that it depends on => [names, "#include" among them] } }
sub dependencies {
    my ($read) = @_;
    my %edges;
    for my $unit (sort keys %{ $read->{units} }) {
        my $self = $read->{units}{$unit};
        for my $name (sort keys %{ $self->{uses} }) {
            my $owner = $read->{owner}{$name} // next;
            push @{ $edges{$unit}{$owner} }, $name if $owner ne $unit;
        }
        for my $other (sort keys %{ $self->{includes} }) {
            push @{ $edges{$unit}{$other} }, '#include' if $other ne $unit && $read->{units}{$other};
        }
        $edges{$unit} //= {};
    }
    return \%edges;
}

# The circles: lists of units each of which depends on all others of its list, by ways of any length (Tarjan).
sub circles {
    my ($edges) = @_;
    my (%index, %low, %on, @stack, @circles);
    my $visit;
    $visit = sub {
        my ($unit) = @_;
        $index{$unit} = $low{$unit} = keys %index;
        push @stack, $unit;
        $on{$unit} = 1;
        for my $other (sort keys %{ $edges->{$unit} // {} }) {
            if (!exists $index{$other}) {
                $visit->($other);
                $low{$unit} = $low{$other} if $low{$other} < $low{$unit};
            }
            elsif ($on{$other} && $index{$other} < $low{$unit}) { $low{$unit} = $index{$other} }
        }
        return if $low{$unit} != $index{$unit};
        my @circle;
        do { unshift @circle, pop @stack; delete $on{ $circle[0] } } until $circle[0] eq $unit;
        push @circles, [ sort @circle ] if @circle > 1;
    };
    exists $index{$_} or $visit->($_) for sort keys %$edges;
    my @sorted = sort { $a->[0] cmp $b->[0] } @circles;
    return @sorted;
}

1;
