# Who may include and call whom: the core knows no httpd, OpenSSL or dbm, folders point one way, files form no circle.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Calls;
use Anshin::Source;

# A folder and the folders of ours that it may include and call, besides its own.
my %below = (
    core     => '',
    store    => 'core',
    crypto   => 'core',
    runtime  => 'core store crypto',
    http     => 'core',
    auth     => 'core store crypto runtime http',
    portal   => 'core http',
    ca       => 'core store crypto runtime',
    htanshin => 'core store crypto runtime ca',
);

# The same within core. A file of core is in one of these folders, or none has been made yet.
my %below_in_core = (
    base        => '',
    config      => 'base',
    render      => 'base',
    store       => 'base',
    context     => 'base config render store',
    web         => 'base config render store context',
    audit       => 'base config render store context',
    account     => 'base config render store context audit',
    mail        => 'base config render store context audit account',
    certificate => 'base config render store context audit account mail',
    login       => 'base config render store context audit account mail certificate',
    selfservice => 'base config render store context audit account mail certificate login web',
    admin       => 'base config render store context audit account mail certificate login selfservice',
    desk        => 'base config render store context audit account mail certificate login selfservice admin',
    status      => 'base config store context audit account mail certificate',
    keeping     => 'base config render store context audit account mail certificate login selfservice admin',
);
# The rooms within other folders, and what of their folder each may see: other rooms, and the folder's own files as ".".
my %below_in = (
    auth   => { config => '', process => 'config', '.' => 'config process' },
    crypto => { apple => 'pki .', pki => '.', '.' => '' },
    portal => { request => '', files => 'request', response => 'request', pages => 'request response', desk => 'request response pages', '.' => 'request response files desk' },
    # files: each knows what lies in one file, and no transaction; dbm reads and writes with them; "." is what any store needs.
    # pgsql is a shared object of its own, which nobody in store sees.
    store  => { files => '', dbm => 'files .', pgsql => '', '.' => '' },
);
# The table that calls the pages, and what asks it of a request.
my %sees_pages = map { ("portal/$_" => 1) } qw(routes dispatch);
my $has_pages = qr/^(?:core|http|auth|portal)$/; # outside of them nobody sees core/web

# Headers of others, and the folders that may include them.
my @foreign = (
    [ qr{^openssl/},                                       'crypto',            'OpenSSL' ],
    [ qr{^argon2\.h},                                      'crypto',            'argon2' ],
    [ qr{^sys/capability\.h},                              'auth',              'libcap' ],
    [ qr{^crypt\.h},                                       'crypto',            'libxcrypt' ],
    [ qr{^apr_dbm},                                        'store htanshin',    'apr_dbm' ], # htanshin: files of htdbm
    [ qr{^apr_dbd},                                        'store',             'apr_dbd' ],
    [ qr{^libpq-fe\.h},                                    'store',             'libpq' ],
    [ qr{^(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+|mpm_\w+|scoreboard)\.h}, 'http auth portal',  'httpd' ],
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
        push @bad, "$file:$line: \"$name\" is none of our folders"
            if $ours && $name !~ m{^(?:build_id\.h|records\.def)$} && !($name =~ m{^([a-z]+)/} && exists $below{$1});
        for my $rule (@foreign) {
            my ($pattern, $allowed, $what) = @$rule;
            push @bad, "$file:$line: $what in $folder ($name)"
                if !$ours && $name =~ $pattern && !grep { $_ eq $folder } split / /, $allowed;
        }
        push @bad, "$file:$line: the driver table is private"
            if $name =~ /store_provider\.h$/ && $folder ne 'store' && $file ne 'modules/core/store/store.c';
    }
}
is(join("\n", @bad), '', 'every include is of a folder of ours, or of a library that the folder may know');

# Who depends on whom, by includes and by calls.
my $read = read_units('modules');
my $edges = dependencies($read);
my $split = grep { m{^core/[^/]+/} } keys %$edges;
my (@up, @lost, @circles);
for my $unit (sort keys %$edges) {
    push @lost, $unit if $split && $unit =~ m{^core/} && !(within_core($unit) && exists $below_in_core{ within_core($unit) });
    for my $other (sort keys %{ $edges->{$unit} }) {
        push @up, "$unit -> $other: @{ $edges->{$unit}{$other} }" unless may_see($unit, $other);
    }
}
is(join("\n", @lost), '', $split ? 'every file of core is in one of its folders' : 'core has no folders yet');
is(join("\n", @up), '', 'every include and call keeps to the layers');

for my $circle (circles($edges)) {
    my %on = map { $_ => 1 } @$circle;
    push @circles, "@$circle", map {
        my $unit = $_;
        map { "    $unit -> $_: @{ $edges->{$unit}{$_} }" } grep { $on{$_} } sort keys %{ $edges->{$unit} };
    } @$circle;
}
is(join("\n", @circles), '', 'files form no circle');

# The way of a form: dispatch.c calls a page by its row in routes.c, and nobody else does.
my @pages = grep { /^anshin_page_\w+_(?:get|post)$/ } sort keys %{ $read->{owner} };
my @calling = grep { my $uses = $read->{units}{$_}{uses}; $_ ne 'portal/routes' && grep { $uses->{$_} } @pages } sort keys %$edges;
is("@calling", '', 'only the table of routes names the handlers of pages: ' . @pages);
cmp_ok(scalar @pages, '>', 40, 'handlers looked at');

# Whatever a header declares was found where it is defined, so that no call can have been missed for want of its owner.
is(join("\n", @{ $read->{bad} }), '', 'every file was understood');
is(join("\n", grep { !$read->{owner}{$_} } sort keys %{ $read->{declared} }), '', 'what a header declares is defined');
# A header declares what its own source defines; tables of handlers and a module's structure have no source of their own.
my $tables = qr{^modules/(?:portal/(?:pages/pages|request/portal)|htanshin/command|auth/auth)\.h$};
my @strange = grep { $read->{declared}{$_} !~ $tables && Anshin::Calls::unit_of($read->{declared}{$_} =~ s{^modules/}{}r) ne $read->{owner}{$_} }
    grep { $read->{owner}{$_} } sort keys %{ $read->{declared} };
is(join("\n", map { "$read->{declared}{$_}: $_ of $read->{owner}{$_}" } @strange), '', 'a header declares what its own source defines');
cmp_ok(scalar keys %{ $read->{declared} }, '>', 600, 'declarations looked at: ' . keys %{ $read->{declared} });
my %least = (files => 300, functions => 2000, data => 80, calls => 8000, includes => 700);
cmp_ok($read->{$_}, '>', $least{$_}, "$_ looked at: $read->{$_}") for sort keys %least;
cmp_ok(scalar(map { keys %$_ } values %$edges), '>', 1000, 'pairs of files, one of which depends on the other');

# One mechanism for whatever checks a secret (LCK-1): places are taken and given back in its steps, and nowhere else.
my @users = grep { code($_) =~ /\banshin_attempt_(?:reserve|settle)\(/ } grep { /\.c$/ } @files;
is(join(' ', map { s{^modules/core/(?:\w+/)?}{}r } @users), 'attempt.c lockout.c login.c reauthentication.c', 'reserve and settle belong to core/attempt.h and its steps');
# One way to give root away, with the look whether it can be had again; httpd gives its own away, and a child of it takes a group.
my $becomes = qr/\b(?:setres[ug]id|setre[ug]id|sete[ug]id|initgroups|setgroups)\s*\(/;
my @drops = grep { code($_) =~ $becomes } grep { /\.c$/ } @files;
is(join(' ', map { s{^modules/}{}r } @drops), 'auth/process/child.c runtime/privilege.c', 'privileges are dropped in runtime/privilege.c');
# What a transaction reads and writes is core's to know: a page and a command show what a verb hands them, and the worker
# has its verbs as well.
my @outside = grep { m{/(?:htanshin|portal|auth|http|ca)/} } @files;
my @readers = grep { code($_) =~ /\banshin_(?:txn_|op_begin\()/ } @outside;
is(join(' ', map { s{^modules/}{}r } @readers), '', 'outside of core nobody opens a transaction or acts in one');
cmp_ok(scalar @outside, '>', 120, 'files looked at: ' . @outside);
# A transaction is run by context/op.c, which runs it again when others were in the way: no exceptions.
my @core = grep { m{^modules/core/.*\.c$} && !m{/core/(?:context/op|store/store)\.c$} } @files;
my @begun = grep { code($_) =~ /\banshin_txn_(?:begin|commit|end|abort)\(/ } @core;
is("@begun", '', 'transactions are work of anshin_op_write(), anshin_op_read(), anshin_op_look() and anshin_op_get()');
# The shared object of a provider has the declarations of records once more: what it links goes by their numbers.
my @linked = grep { m{^modules/(?:core/(?:base|store)|store/pgsql)/} } @files;
my @by_address;
for my $file (@linked) {
    my $text = code($file);
    push @by_address, "$file:" . (1 + substr($text, 0, $-[0]) =~ tr/\n//) . ": $&" while $text =~ /[!=]=\s*&anshin_record_\w+(?!\.)\b|\btype\s*[!=]=\s*(?!NULL)(?:\w+(?:->|\.))*\w*type\b(?!->|\.)/g;
}
is(join("\n", @by_address), '', 'no declaration of a record is told by its address: ' . @linked . ' files');
my %works;
for my $verb (map { code($_) =~ /\banshin_op_(write|read|look|get)\(/g } @core) { $works{$verb}++ }
my %least_works = (write => 40, read => 30, look => 1, get => 2);
cmp_ok($works{$_}, '>=', $least_works{$_}, "works of anshin_op_$_() looked at: $works{$_}") for sort keys %least_works;
# t/unit mirrors modules/: a program lies in the folder of the file it is named for, or of what it includes.
my (%places, %rooms);
for my $file (sources('c|h')) {
    my ($folder, $name) = $file =~ m{^modules/(.+)/([^/]+)\.[ch]$} or next;
    $places{$name}{$folder} = 1;
    $rooms{$1}{$2} = 1 if $folder =~ m{^(.+)/([^/]+)$};
}
my ($programs, @beside) = (0);
for my $file (sources('c', 't/unit')) {
    my ($folder, $name) = $file =~ m{^t/unit/(.+)/test_([^/]+)\.c$} or next;
    $programs++;
    push @beside, map { "$file: $_" } lies_beside($folder, $name, slurp($file) =~ /^#include "([^"]+)"/mg);
}
is(join("\n", @beside), '', "t/unit mirrors modules/: $programs programs");
cmp_ok($programs, '>=', 150, 'of all programs');
is(join(' | ', map { lies_beside(@$_) } [ 'ca', 'pace' ], [ 'ca', 'signer_lists' ], [ 'ca', 'matter', 'ca/signer/request.h' ], ['nowhere', 'matter'],
    [ 'ca', 'signer_client', 'ca/signer_client.h' ], [ 'ca', 'matter', 'ca/wire.h', 'ca/signer/request.h' ], [ 'ca/watch', 'pace', 'ca/watch/pace.h' ]),
    'pace is in ca/watch | signer is a folder of ca | includes of ca only what lies below | no such folder in modules/', 'one beside its folder is seen');
for my $folder (sort keys %below) { ok($seen{$folder}, "files of $folder looked at: " . ($seen{$folder} // 0)) }
cmp_ok($count, '>', 100, "includes looked at: $count");
done_testing;

# Why a program of this folder, named test_NAME, with these includes, ought to lie elsewhere; nothing if it ought not.
sub lies_beside {
    my ($folder, $name, @includes) = @_;
    return 'no such folder in modules/' unless -d "modules/$folder";
    my $files = $places{$name} // {};
    my ($top) = $folder =~ m{^([^/]+)};
    my ($elsewhere) = grep { m{^\Q$top\E(?:/|$)} } sort keys %$files;
    return () if $files->{$folder};
    return "$name is in $elsewhere" if $elsewhere;
    return "$1 is a folder of $folder" if $name =~ /^([^_]+)_/ && $rooms{$folder}{$1};
    return () if grep { m{^\Q$folder\E/[^/]+$} } @includes;
    return 'includes of ' . $folder . ' only what lies below' if grep { m{^\Q$folder\E/} } @includes;
    return ();
}

sub within_core { my ($unit) = @_; return $unit =~ m{^core/([^/]+)/} ? $1 : '' }

sub may_see {
    my ($unit, $other) = @_;
    my ($from, $to) = map { m{^([^/]+)/} ? $1 : '' } $unit, $other;
    return 0 if within_core($other) eq 'web' && $from !~ $has_pages;
    return scalar grep { $_ eq $to } split / /, $below{$from} // '' if $from ne $to;
    if (my $rooms = $below_in{$from}) {
        my ($room, $seen) = map { m{^[^/]+/([^/]+)/} ? $1 : '.' } $unit, $other;
        return 1 if $room eq $seen || $seen eq 'pages' && $sees_pages{$unit};
        return scalar grep { $_ eq $seen } split / /, $rooms->{$room} // '';
    }
    my ($here, $there) = map { within_core($_) } $unit, $other;
    return 1 if $from ne 'core' || $here eq $there || !$split;
    return scalar grep { $_ eq $there } split / /, $below_in_core{$here} // '';
}
