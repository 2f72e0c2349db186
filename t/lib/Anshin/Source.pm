package Anshin::Source;
# The project's source files, for the guards.
use strict;
use warnings;
use File::Find ();
use Exporter 'import';
our @EXPORT = qw(sources committed slurp code folder_of routes troubles);

# Files below modules/ (or the given folders) whose name ends in one of the suffixes, sorted.
sub sources {
    my ($suffixes, @folders) = @_;
    @folders = ('modules') unless @folders;
    my @found;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @found, $_ if -f && /\.(?:$suffixes)$/;
    } }, grep { -d } @folders);
    my @sorted = sort @found;
    return @sorted;
}

# Every file of the project: what git knows and what it would take in.
sub committed {
    my @files = split /\n/, `git ls-files --cached --others --exclude-standard 2>/dev/null`;
    if (!@files) {
        File::Find::find({ no_chdir => 1, wanted => sub {
            if (-d && m{/(?:\.git|out|node_modules)$}) { $File::Find::prune = 1; return }
            push @files, s{^\./}{}r if -f;
        } }, '.');
    }
    return grep { -f && !-l } sort @files;
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

# The text of a C file without comments, line numbers kept; string literals stay.
sub code {
    my ($file) = @_;
    my $text = slurp($file);
    $text =~ s{("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(/\*.*?\*/|//[^\n]*)}
              {defined $1 ? $1 : join '', $2 =~ /\n/g}gse;
    return $text;
}

# Every row of the portal's route table: { path, post => 1 when it takes forms, handler of them, flags, kept => [the fields that the page shows again after an error] or undef }. Dies when one was not read.
# Those of the help desk with desk => 1, the others without; all => 1: every one.
sub routes {
    my (%want) = @_;
    my $code = slurp('modules/portal/routes.c');
    my %fields = map { $_->[0] => [ $_->[1] =~ /"(\w+)"/g ] } map { [ /(\w+)\[\] = (.*)/ ] } $code =~ /^static const char \*const (\w+\[\] = \{.*?\});/mg;
    my ($table) = $code =~ /routes\[\] = \{\n(.*?)\n\};/s or die 'no route table';
    my @routes;
    while ($table =~ m/\{"(\/[^"]*)",\s*(\w+),\s*(\w+),\s*([^{}]*),\s*(\w+)\}/g) {
        my ($path, $post, $flags, $kept) = ($1, $3, $4, $5);
        $kept eq 'NULL' || $fields{$kept} or die "no fields $kept";
        push @routes, { path => $path, post => $post ne 'NULL', handler => $post, flags => $flags, kept => $fields{$kept}, direct => scalar($flags =~ /_DIRECT/) };
    }
    my $rows = () = $table =~ /\{"/g;
    @routes == $rows or die "route table: $rows rows, read: " . @routes;
    grep { $_->{kept} } @routes or die 'nothing is kept';
    return $want{all} ? @routes : grep { !!$want{desk} == ($_->{flags} =~ /\bDESK\b/) } @routes;
}

# Every row of the table of troubles: { name, whose, texts => [its steps' names] }. Dies when one was not read.
sub troubles {
    my ($table) = slurp('modules/portal/response/trouble.c') =~ /\btroubles\[\] = \{\n(.*?)\n\};/s or die 'no table of troubles';
    my @troubles;
    for my $row (grep { /\S/ } split /^    \{(?=")/m, $table) {
        my ($name, $whose, $steps) = $row =~ /^"(\w+)", \w+, (\w+),(.*)/s or die "trouble: $row";
        push @troubles, { name => $name, whose => $whose, texts => [ $steps =~ /\{"(\w+)", \w+\}/g ] };
    }
    @troubles && !grep({ !@{ $_->{texts} } } @troubles) or die 'table of troubles: a row was not read';
    return @troubles;
}

sub folder_of { my ($file) = @_; return $file =~ m{^modules/([^/]+)/} ? $1 : '' }

1;
