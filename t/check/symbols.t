# What the built files export, hold and contain (style.md, "Linking").
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Server;

my $out = Anshin::Server::out();

# Modules: one symbol each. With a comma between the two linker arguments everything would be exported, silently.
for my $name (qw(auth portal)) {
    my @exported = map { (split)[2] } grep { / [A-TV-Z] / } split /\n/, `nm -D --defined-only $out/mod_anshin_$name.so`;
    is("@exported", "anshin_${name}_module", "mod_anshin_$name.so exports its structure alone");
}

# The store that is loaded by name, and what makes its tables.
is(join(' ', sort map { (split)[2] } grep { / [A-TV-Z] / } split /\n/, `nm -D --defined-only $out/anshin_store_pgsql.so`), 'anshin_store_pgsql anshin_store_pgsql_build anshin_store_pgsql_init anshin_store_pgsql_migrate',
    'anshin_store_pgsql.so exports its driver, what makes and migrates its tables and its build alone');

# Whatever they do not define must be there when httpd loads them: every symbol is bound at once.
{
    local $ENV{LD_BIND_NOW} = 1;
    my $s = Anshin::Server->new(bare => 1);
    my $modules = join "\n", map { "LoadModule anshin_${_}_module \"$out/mod_anshin_$_.so\"" } qw(auth portal);
    $s->{server} = $modules;
    $s->configure;
    my $loaded = $s->run('env', 'LD_BIND_NOW=1', Anshin::Server::httpd(), '-f', $s->root . '/httpd.conf', '-M');
    like($loaded->{out}, qr/^ anshin_${_}_module \(shared\)$/m, "httpd loads mod_anshin_$_ with every symbol bound")
        or diag($loaded->{err})
        for qw(auth portal);
    $s->remove;
}

# The core holds no writable data; tables of pointers are read-only once relocated.
for my $library (qw(core store crypto)) {
    my ($members, @writable) = (0);
    for (split /\n/, `size -A $out/libanshin-$library.a`) {
        $members++ if /^\S+\.o\s/;
        my ($section, $size) = /^(\.[\w.]+)\s+(\d+)/ or next;
        next if $section eq '.tbss.slot_in_hand';    # libargon2's callbacks get no context: crypto/password.c
        push @writable, "$section of $size bytes" if $size && $section =~ /^\.(?:data(?!\.rel\.ro)|bss|tdata|tbss)/;
    }
    is("@writable", '', "libanshin-$library.a holds no writable data");
    cmp_ok($members, '>', 3, "$library: objects looked at: $members");
}

# Code that issues certificates: in the signer, and in the command for `ca create`; nowhere else (S30).
my @issuing = map { (split)[2] } grep { / T / } split /\n/, `nm --defined-only $out/obj/modules/crypto/pki/sign.o`;
cmp_ok(scalar @issuing, '>', 0, 'functions that issue: ' . @issuing);
my $issuing = join '|', map { quotemeta } @issuing;
for my $file ('mod_anshin_auth.so', 'mod_anshin_portal.so', 'anshin-ca', 'libanshin-crypto.a', 'libanshin-core.a') {
    my @all = split /\n/, `nm $out/$file 2>/dev/null`;
    cmp_ok(scalar @all, '>', 20, "$file: symbols looked at: " . @all);
    is(join(' ', grep { / (?:$issuing)$/ } @all), '', "$file cannot issue");
}
ok((grep { / (?:$issuing)$/ } split /\n/, `nm $out/anshin-signer`), 'anshin-signer can');

# Nor does anybody else sign Apple profiles (CRT-3).
my @signing = map { (split)[2] } grep { / T / } split /\n/, `nm --defined-only $out/obj/modules/crypto/apple/sign_apple.o`;
cmp_ok(scalar @signing, '>', 0, 'functions that sign profiles: ' . @signing);
my $signing = join '|', map { quotemeta } @signing;
for my $file ('mod_anshin_auth.so', 'mod_anshin_portal.so', 'anshin-ca', 'htanshin', 'libanshin-crypto.a') {
    is(join(' ', grep { / (?:$signing)$/ } split /\n/, `nm $out/$file`), '', "$file cannot sign profiles");
}
ok((grep { / (?:$signing)$/ } split /\n/, `nm $out/anshin-signer`), 'anshin-signer can');

# The signer has no store and no network.
my @signer = split /\n/, `nm $out/anshin-signer`;
is(join(' ', grep { / anshin_(?:store|txn)_/ } @signer), '', 'anshin-signer holds no store');
is(join(' ', grep { / U (?:bind|listen|accept4?|getaddrinfo|apr_socket_\w+)(?:@|$)/ } @signer), '',
    'anshin-signer calls nothing that listens or looks up');
done_testing;
