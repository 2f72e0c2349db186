package Anshin::Valgrind;
# Programs under valgrind, when ANSHIN_VALGRIND names one of its tools (make valgrind: memcheck): httpd with everything
# that it starts.
#
#   exec Anshin::Valgrind::command($directory, @command);   # without ANSHIN_VALGRIND the command as it is
#   my @faults = Anshin::Valgrind::faults($directory);       # reports with our code in the stack
#   my $seconds = Anshin::Valgrind::stretch(30);             # how long to wait: everything is slow
#   exec Anshin::Valgrind::suite($path);                     # a Perl suite, or a unit program: there every report counts
#
# What httpd, APR or OpenSSL do among themselves is not judged: a report counts when one of its stacks holds a frame of ours.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);

use constant SLOWER => 10;

my $top  = abs_path(dirname(__FILE__) . '/../../..');
my $tool = $ENV{ANSHIN_VALGRIND};    # asked now: the programs get an environment of their own
my %ours = map { $_ => 1 } qw(anshin-ca anshin-signer htanshin fetch apache2 httpd);

sub stretch { my ($seconds) = @_; return $tool ? SLOWER * $seconds : $seconds }

sub command {
    my ($directory, @command) = @_;
    return @command unless $tool && $ours{ basename($command[0]) };
    # Its reports are written by every user that the programs become.
    mkdir $directory and chmod 01777, $directory;
    return (valgrind(), "--log-file=$directory/%p.%n", @command);
}

sub suite {
    my ($path) = @_;
    return ($^X, '-It/lib', $path) if $path =~ /\.t$/;
    return (valgrind(), '--error-exitcode=99', $path);
}

# Scripts and programs of the system that ours start run as they are. A frame of ours has its whole path.
sub valgrind {
    my @leaks = qw(--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite);
    return (
        'valgrind', "--tool=$tool", '--quiet', '--vgdb=no', '--fair-sched=try', '--trace-children=yes',
        '--trace-children-skip=/bin/*,/usr/bin/*,*.cgi,*.pl,*.sh', '--num-callers=40', '--fullpath-after=',
        "--suppressions=$top/t/conf/valgrind.supp", ($tool eq 'memcheck' ? ('--keep-debuginfo=yes', @leaks) : ())
    );
}

sub faults {
    my ($directory) = @_;
    my @faults;
    for my $file (glob "$directory/*") {
        open my $in, '<', $file or die "$file: $!";
        # A line with nothing but the process's number ends a report.
        my @reports = split /^(?:==|\*\*)\d+(?:==|\*\*) *\n/m, do { local $/ = undef; <$in> // '' };
        push @faults, grep { m{[ /(](?:modules/\w+|t/tools)/\w+\.[ch]:\d+\)} } @reports;
    }
    return @faults;
}

1;
