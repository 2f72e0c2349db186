# make install and make uninstall: what goes where, and that neither ever touches a configuration that somebody wrote (A2, A14).
use strict;
use warnings;
use lib 't/lib';
use File::Find;
use File::Temp qw(tempdir);
use Test::More;
use Anshin::PKI;
use Anshin::Server;

my $root = tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1) . '/a place';

sub run_make {
    my ($target, %more) = @_;
    my @command = ('make', '--silent', '--no-print-directory', $target, "DESTDIR=$root", map { "$_=$more{$_}" } sort keys %more);
    open my $make, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command or die "make: $!";
    my $out = do { local $/; <$make> };
    close $make;
    return { out => $out, status => $? >> 8 };
}

sub placed {
    my @files;
    File::Find::find({ no_chdir => 1, wanted => sub { push @files, substr $_, length $root if -f } }, $root) if -d $root;
    my @sorted = sort @files;
    return @sorted;
}

my $first = run_make('install');
is($first->{status}, 0, 'make install, into a directory with a space in its name');
my %there = map { $_ => 1 } placed();
my $libexec = Anshin::Server::libexec();
my @wanted = (
    "$libexec/mod_anshin_auth.so", "$libexec/mod_anshin_portal.so", '/usr/sbin/htanshin', '/usr/lib/anshin/anshin-ca',
    '/usr/lib/anshin/anshin-signer', '/usr/share/man/man8/htanshin.8', '/usr/share/man/man8/htanshin-user.8', '/usr/share/man/ja/man8/htanshin-user.8', '/usr/share/man/man5/anshin.conf.5', '/usr/share/man/ja/man5/anshin.conf.5',
    '/usr/share/anshin/templates/login.mustache',
    '/usr/share/anshin/mail/locked.ja.mustache', '/usr/share/anshin/lang/ja.json', '/usr/share/anshin/manual/ja/operator.md', '/usr/share/anshin/manual/ja/messages.md',
    '/usr/share/doc/anshin/fail2ban/filter.d/anshin.conf', '/usr/share/doc/anshin/fail2ban/jail.d/anshin.conf',
    '/usr/share/doc/anshin/anshin.conf', '/usr/share/doc/anshin/anshin-reference.conf', '/etc/apache2/conf-available/anshin.conf',
);
is(join(' ', grep { !$there{$_} } @wanted), '', 'each thing is where the guide says');
ok(!$there{'/etc/apache2/conf-available/anshin-reference.conf'}, 'the reference lies where no httpd reads it by chance');
like($first->{out}, qr{conf-available/anshin\.conf.*operator\.md}, 'what comes next is told');

# The completion asks the command itself (D7).
sub completes {
    my (@words) = @_;
    my $script = 'source "$0"; program=$1; shift; COMP_WORDS=("$program" "$@"); COMP_CWORD=$#; _htanshin; echo "${COMPREPLY[@]}"';
    open my $bash, '-|', 'bash', '-c', $script, "$root/usr/share/bash-completion/completions/htanshin", "$root/usr/sbin/htanshin", @words
        or die "bash: $!";
    my $out = <$bash> // '';
    chomp $out;
    return $out;
}
like(completes(''), qr/^(?=.*\bcert\b)(?=.*\buser\b).*\bversion\b/, 'completion of a family');
is(completes('-d', '/nowhere', 'us'), 'user', 'of its first letters, behind an option');
is(completes('user', 'lo'), 'lock', 'of a verb');
is(completes('--contract', 'p-01', 'user', 'add', 'u1', '--add'), '--address', 'of an option');

my $configuration = "$root/etc/apache2/conf-available/anshin.conf";
my $mine = Anshin::PKI::read_text($configuration) . "# ours\n";
Anshin::PKI::write_text($configuration, $mine);
my $again = run_make('install');
is($again->{status}, 0, 'an upgrade');
is(Anshin::PKI::read_text($configuration), $mine, 'leaves a configuration as it was written');
like($again->{out}, qr{^Kept your configuration: .*The new sample is /usr/share/doc/anshin/anshin\.conf}m, 'and says where the new one is');

mkdir "$root/etc/apache2/conf-enabled" or die $!;
symlink '../conf-available/anshin.conf', "$root/etc/apache2/conf-enabled/anshin.conf" or die $!;
isnt(run_make('uninstall')->{status}, 0, 'nothing is taken away that httpd still loads');
ok(-e "$root$libexec/mod_anshin_auth.so", 'the modules are there');
unlink "$root/etc/apache2/conf-enabled/anshin.conf";
my $gone = run_make('uninstall');
is($gone->{status}, 0, 'make uninstall');
is(join(' ', placed()), '/etc/apache2/conf-available/anshin.conf', 'leaves the configuration that was edited, and nothing else');
like($gone->{out}, qr{state directory /var/lib/anshin.*deluser anshin-ca}s, 'and tells of the state directory and the users');
unlink $configuration;

# A tree that is only read: everything goes where OUT says.
my $elsewhere = tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $dry = qx(make --no-print-directory -n OUT=$elsewhere install 2>&1);
is($?, 0, 'make with OUT=') or diag($dry);
like($dry, qr{\Q$elsewhere\E/obj/modules/core/}, 'builds there');
unlike($dry, qr{\bapxs-build/out\b}, 'and nowhere else');
unlike($dry, qr{\bt/unit/}, 'and an installation builds no tests');

# Another layout, as of other distributions.
my %layout = (CONFDIR => '/etc/httpd/conf.d', LIBEXECDIR => '/usr/lib64/httpd/modules');
is(run_make('install', %layout)->{status}, 0, 'another layout');
like(
    Anshin::PKI::read_text("$root/etc/httpd/conf.d/anshin.conf"), qr{^LoadModule \S+ /usr/lib64/httpd/modules/mod_anshin_auth\.so$}m,
    'the configuration loads the modules from where they are'
);
is(run_make('uninstall', %layout)->{status}, 0, 'and out again');
is(join(' ', placed()), '', 'a configuration that nobody edited goes, too');
done_testing;
