# apxs-build/deps on systems other than this one: what it asks for, and of whom. The tools it calls are stand-ins that note it.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

# What a system has: commands of ours that are found, packages that dpkg names, whether there is a dpkg at all.
sub deps {
    my (%system) = @_;
    my $bin = tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $put = sub {
        my ($name, $text) = @_;
        open my $out, '>', "$bin/$name" or die $!;
        print $out "#!/bin/sh\n$text\n" or die $!;
        close $out or die $!;
        chmod 0755, "$bin/$name";
    };
    for my $tool (qw(sh cat sed tr id env printf)) {
        symlink "/usr/bin/$tool", "$bin/$tool" or die $!;
    }
    $put->($_, 'exit 0') for @{ $system{commands} };
    $put->('cc', $system{headers} ? 'cat >/dev/null' : 'exit 1');
    if ($system{packages}) {
        $put->('dpkg-query', join "\n", map { "echo 'ii  $_'" } @{ $system{packages} });
        $put->('apt-cache', join("\n", 'case $2 in', (map { "$_) exit 0 ;;" } @{ $system{known} || [] }), 'esac', 'exit 1'));
        $put->('apt-get', qq(echo "apt-get \$*"));
        $put->('sudo', 'exec "$@"');
        $put->('systemctl', qq(echo "systemctl \$*"));
    }
    my $script = abs_path('apxs-build/deps');
    my $out = `PATH=$bin $bin/sh $script $system{group} 2>&1`;
    return { status => $? >> 8, out => $out };
}

my $list = do { open my $in, '<', 'apxs-build/deps' or die $!; local $/; <$in> };
my @rows = map { [split ' ', $_, 4] } grep { /^(?:build|test) / } split /\n/, $list;
cmp_ok(scalar @rows, '>=', 30, 'packages looked at: ' . @rows);
my @commands = map { $_->[2] } grep { $_->[2] =~ /^[a-z]/ } @rows;
my $of = sub { my ($release, $group) = @_; return [ map { (split /\|/, $_->[1])[$release] // $_->[1] } grep { $_->[0] eq $group } @rows ] };

for my $release (0, 1) {
    my $name = (qw(12 13))[$release];
    my $done = deps(group => 'build', commands => [], packages => $of->($release, 'build'));
    is($done->{out} . $done->{status}, '0', "Debian $name: nothing is asked of apt where nothing is missing");
}
my $old = deps(group => 'test', packages => [], known => ['clang-14'], commands => []);
like($old->{out}, qr/apt-get install .*\bclang-14\b/, 'Debian 12 gets its clang-14');
like(
    $old->{out},
    qr/^systemctl --quiet mask nginx haproxy fail2ban\napt-get install .*systemctl --quiet unmask nginx haproxy fail2ban\n.*disable/ms,
    'what has a service of its own is installed without starting it, now or later'
);
my $new = deps(group => 'test', packages => [], known => ['clang'], commands => []);
like($new->{out}, qr/apt-get install .*\bclang\b(?!-14)/, 'where there is no clang-14, any clang will do');
my $t64 = deps(group => 'build', packages => [ grep { !/^libdb/ } @{ $of->(0, 'build') } ], known => ['libdb5.3t64'], commands => []);
like($t64->{out}, qr/apt-get install \S+ \S+ \S+ libdb5\.3t64$/m, 'Berkeley DB is asked for by the name it has there');

my $none = deps(group => 'build', commands => \@commands, headers => 1);
is($none->{out} . $none->{status}, '0', 'without dpkg: everything is there, and no package manager is asked');
my $lacks = deps(group => 'build', commands => [ grep { $_ ne 'apxs' } @commands ], headers => 1);
is($lacks->{status}, 1, 'without dpkg: apxs is missing');
like($lacks->{out}, qr/apxs\n.*your system's package manager/s, 'and that is said, with what to do');
unlike($lacks->{out}, qr/jansson/, 'what is there is not named');
like(deps(group => 'build', commands => \@commands, headers => 0)->{out}, qr/libjansson-dev/, 'nor is a missing header missed');
done_testing;
