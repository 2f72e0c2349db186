# The bill of materials (INS-4): it has the form of CycloneDX 1.5, and names every library that a program or module of ours is linked
# with, under a license that SPDX knows.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use Anshin::Server;
use Anshin::Source;

my $text = qx(apxs-build/sbom);
is($?, 0, 'INS-4: apxs-build/sbom runs');
my $sbom = JSON::PP->new->utf8->decode($text);
ok($text eq qx(apxs-build/sbom), 'INS-4: twice the same');

# What the schema of 1.5 asks for, as far as we use it.
my %member = map { $_ => 1 } qw(bomFormat specVersion serialNumber version metadata components dependencies);
is(join(' ', grep { !$member{$_} } sort keys %$sbom), '', 'INS-4: no member that CycloneDX does not know');
is("$sbom->{bomFormat} $sbom->{specVersion} $sbom->{version}", 'CycloneDX 1.5 1', 'INS-4: format and version');
like($sbom->{serialNumber}, qr/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'INS-4: its number');
like($sbom->{metadata}{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'INS-4: its time');
my ($version) = slurp('modules/core/base/anshin.h') =~ /ANSHIN_VERSION "(.*)"/;
is($sbom->{metadata}{component}{version}, $version, 'INS-4: the version is that of the programs');
my ($newest) = slurp('CHANGES') =~ /^(\d+\.\d+\.\d+)\b/m;
is($newest, $version, 'INS-4: and the first of CHANGES');

my %spdx = map { $_ => 1 } qw(Apache-2.0 BSD-3-Clause CC0-1.0 GCC-exception-3.1 GPL-2.0-only GPL-3.0-or-later LGPL-2.1-or-later MIT PostgreSQL Sleepycat);
my (%soname, %ref, @bad);
for my $part ($sbom->{metadata}{component}, @{ $sbom->{components} }) {
    push @bad, "$part->{'bom-ref'} twice" if $ref{ $part->{'bom-ref'} }++;
    push @bad, "$part->{name}: type" unless $part->{type} =~ /^(?:application|library)$/;
    push @bad, "$part->{name}: purl $part->{purl}" unless $part->{purl} =~ m{^pkg:(?:deb/debian|generic)/[\w.+-]+(?:\@[\w.~%-]+)?$};
    push @bad, "$part->{name}: scope" unless ($part->{scope} // 'required') =~ /^(?:required|excluded)$/;
    push @bad, "$part->{name}: no SPDX license: $_" for grep { !$spdx{$_} } split / (?:OR|AND|WITH) /, $part->{licenses}[0]{expression};
    $soname{ $_->{value} } = $part->{name} for @{ $part->{properties} || [] };
}
is(join("\n", @bad), '', 'INS-4: components are well formed');
cmp_ok(scalar @{ $sbom->{components} }, '>', 12, 'components: ' . @{ $sbom->{components} });
is(join(' ', grep { !$ref{$_} } map { ($_->{ref}, @{ $_->{dependsOn} }) } @{ $sbom->{dependencies} }), '', 'INS-4: what depends on what is there');

# The programs themselves say what they need.
my @programs = map { Anshin::Server::out() . "/$_" } qw(mod_anshin_auth.so mod_anshin_portal.so anshin_store_pgsql.so htanshin anshin-ca anshin-signer);
my %needed = map { $_ => 1 } map { qx(objdump -p '$_') =~ /^\s*NEEDED\s+(\S+)$/mg } @programs;
is(join(' ', grep { !$soname{$_} && !/^ld-linux/ } sort keys %needed), '', 'INS-4: every library that is linked is in it');
cmp_ok(scalar keys %needed, '>', 9, 'libraries looked at: ' . keys %needed);
done_testing;
