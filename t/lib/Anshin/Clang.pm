package Anshin::Clang;
# clang over many files in one process: its start takes longer than a file.
#
#   my $told = Anshin::Clang::told([@flags], @files);     what it says of them; after each the line "STATISTICS FOR 'FILE':"
#   my @found = Anshin::Clang::found($told);              the errors and warnings in it
#   my @seen = Anshin::Clang::seen($told);                which files it was at
use strict;
use warnings;
use File::Temp ();
use Text::ParseWords qw(shellwords);
use Anshin::Source;

sub program {
    my ($clang) = grep { `sh -c "command -v $_"` } qw(clang-14 clang) or die "no clang: apxs-build/deps test\n";
    return $clang;
}

# The driver tells what it would start for one file, as far as machine code that is thrown away; in place of the one stand many.
sub told {
    my ($flags, @files) = @_;
    my $clang = program();
    my ($command) = reverse split /\n/, output($clang, @$flags, '-fsyntax-only', '-###', $files[0]);
    my @compiler = grep { $_ ne '-disable-free' } shellwords($command);
    pop @compiler eq $files[0] or die "what does $clang start? $command";
    my ($name) = grep { $compiler[$_] eq '-main-file-name' } 0 .. $#compiler;
    splice @compiler, $name, 2 if defined $name;
    s/^-fsyntax-only$/-emit-codegen-only/ for @compiler;
    return output(@compiler, '-print-stats', @files);
}

sub found { return $_[0] =~ /^(\S+:\d+:\d+: (?:fatal error|error|warning): .*)$/mg }
sub seen  { return $_[0] =~ /^STATISTICS FOR '(.*)':$/mg }

# Both outputs of a command, whatever it ends with.
sub output {
    my @command = @_;
    my $file = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', "$file";
        open STDERR, '>&', \*STDOUT;
        exec @command or die "$command[0]: $!";
    }
    waitpid $pid, 0;
    return slurp("$file");
}

1;
