# Who may include what: the core knows no httpd, OpenSSL or dbm, and the layers point one way.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

# A folder and the folders of ours whose headers it may include, besides its own.
my %below = (
    core     => '',
    store    => 'core',
    crypto   => 'core',
    runtime  => 'core store crypto',
    httpd    => 'core store crypto',
    auth     => 'core store crypto runtime httpd',
    portal   => 'core httpd',
    ca       => 'core store crypto runtime',
    htanshin => 'core store crypto runtime ca',
);

# Headers of others, and the folders that may include them.
my @foreign = (
    [ qr{^openssl/},                                       'crypto',            'OpenSSL' ],
    [ qr{^argon2\.h},                                      'crypto',            'argon2' ],
    [ qr{^sys/capability\.h},                              'auth',              'libcap' ],
    [ qr{^apr_db[md]},                                     'store',             'apr_dbm and apr_dbd' ],
    [ qr{^(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+|mpm_\w+|scoreboard)\.h}, 'httpd auth portal', 'httpd' ],
);

my @files = sources('c|h');
my (%seen, @bad);
my $count = 0;
for my $file (@files) {
    my $folder = folder_of($file);
    exists $below{$folder} or push @bad, "$file: folder $folder has no rule";
    $seen{$folder}++;
    my $line = 0;
    for (split /\n/, code($file)) {
        $line++;
        /^\s*#\s*include\s*(["<])([^">]+)[">]/ or next;
        my ($ours, $name) = ($1 eq '"', $2);
        $count++;
        if ($ours && $name =~ m{^([a-z]+)/} && exists $below{$1}) {
            push @bad, "$file:$line: $folder includes $name"
                unless grep { $_ eq $1 } $folder, split / /, $below{$folder} // '';
        }
        elsif ($ours && $name !~ m{^(?:build_id\.h|records\.def)$}) {
            push @bad, "$file:$line: \"$name\" is none of our folders";
        }
        for my $rule (@foreign) {
            my ($pattern, $allowed, $what) = @$rule;
            push @bad, "$file:$line: $what in $folder ($name)"
                if !$ours && $name =~ $pattern && !grep { $_ eq $folder } split / /, $allowed;
        }
        push @bad, "$file:$line: the driver table is private"
            if $name =~ /store_provider\.h$/ && $folder ne 'store' && $file ne 'modules/core/store.c';
    }
}
is(join("\n", @bad), '', 'every include keeps to the layers');

# One mechanism for whatever checks a secret (LCK-1): places are taken and given back in its steps, and nowhere else.
my @steps = map { "modules/core/$_.c" } qw(attempt lockout login proof);
my @users = grep { code($_) =~ /\banshin_attempt_(?:reserve|settle)\(/ } grep { /\.c$/ } @files;
is("@users", "@steps", 'reserve and settle belong to core/attempt.h and its steps');
for my $folder (sort keys %below) { ok($seen{$folder}, "files of $folder looked at: " . ($seen{$folder} // 0)) }
cmp_ok($count, '>', 100, "includes looked at: $count");
done_testing;
