# Certificates of every profile and kind of key, issued by the real signer, for readers that are not ours (CAS-1, CRT-5):
# OpenSSL, GnuTLS, NSS, Java, Go, Python's cryptography, and the rules of certlint.
use strict;
use warnings;
use lib 't/lib';
use File::Temp;
use Test::More;

my $out  = $ENV{ANSHIN_OUT} // 'apxs-build/out';
my $dir  = File::Temp->newdir;
my $once = !$ENV{ANSHIN_SANITIZE};    # the certificates are the same, and others' programs as well
chmod 0755, $dir;
is(system("$out/tools/profiles", $dir), 0, 'CAS-1: the signer issues a certificate of each profile for each kind of key') or BAIL_OUT('no certificates');

my @cas    = map { m{([^/]+)/ca\.pem$} } glob "$dir/*/ca.pem";
my @leaves = sort map { m{([^/]+/[^/]+)\.der$} } glob "$dir/*/*.der";
is_deeply([ sort @cas ], [qw(ed25519 p256 p384 rsa2048)], 'four CAs');
is(scalar @leaves, 27, '4 profiles of 6 kinds of key, and one of each other CA');

# What programs say, both streams; those of started() run beside what follows.
sub started { open my $pipe, '-|', "exec 2>&1; $_[0]" or die "$_[0]: $!"; return $pipe }
sub said { my ($pipe) = @_; local $/; return scalar(<$pipe>) // '' }
sub out_of { return said(started($_[0])) }
sub all_ok {
    my ($text, $name) = @_;
    my %ok = map { $_ => 1 } $text =~ m{^\Q$dir\E/(\S+)\.(?:der|pem): OK$}mg;
    is_deeply([ sort keys %ok ], \@leaves, $name) or diag($text);
    return;
}

my $java = $once ? started("java -XX:TieredStopAtLevel=1 t/tools/Validate.java @{[ map { qq{$dir/$_} } @cas ]}") : undef;
my $lint = started("python3 t/tools/certlint.py $dir/*/*.der; python3 t/tools/certlint.py --broken $dir/p256/all-p256.der");
my $read = started("python3 t/tools/strict.py certificate $dir/*/*.der");

# --- OpenSSL ---

sub verify { my ($options, $ca, @files) = @_; return out_of("openssl verify -x509_strict $options -CAfile $dir/$ca/ca.pem @files") }
sub of_ca { my ($ca) = @_; return map { "$dir/$_.pem" } grep { m{^$ca/} } @leaves }
all_ok(join('', map { verify('-purpose sslclient', $_, of_ca($_)) } @cas), 'CAS-1: openssl verify -x509_strict takes them, for clients');
unlike(verify('-purpose sslserver', 'p256', of_ca('p256')), qr/: OK$/m, 'S30: and none for servers');
unlike(verify('', 'rsa2048', of_ca('p256')), qr/: OK$/m, 'nor below another CA');
my $one = "$dir/p256/all-p256.pem";
is(out_of("echo | openssl x509 -noout -nameopt oneline,utf8,-esc_msb -subject -in $one"),
    qq{subject=O = "O=A+B, \\"C\\"; <D>\\\\#", OU = 会員部, CN = 山田 太郎\n}, 'CAS-1: O, OU and CN are the texts, whatever is in them');

# --- others ---

if ($once) {
    # A chain of one certificate each.
    for my $ca (@cas) {
        my $below = "--load-ca-certificate $dir/$ca/ca.pem";
        my @bad = grep { out_of("certtool --verify --verify-purpose 1.3.6.1.5.5.7.3.2 $below --infile $_") !~ /^Chain verification output: Verified\. The certificate is trusted\./m } of_ca($ca);
        is("@bad", '', "CAS-1: GnuTLS takes those of the CA $ca, for clients");
    }
    unlike(out_of("certtool --verify --verify-purpose 1.3.6.1.5.5.7.3.1 --load-ca-certificate $dir/p256/ca.pem --infile $one"), qr/output: Verified/, 'S30: and not for servers');

    my $db = "sql:$dir/nss";
    mkdir "$dir/nss";
    is(out_of("certutil -N -d $db --empty-password"), '', 'a database of NSS');
    my $nss = sub { my ($usage, $file) = @_; my ($ca) = $file =~ m{([^/]+)/[^/]+$}; return out_of("vfychain -d $db -pp -u $usage -a $file -t -a $dir/$ca/ca.pem") };
    for my $ca (@cas) {
        my @bad = grep { $nss->(0, $_) !~ /^Chain is good!$/m } of_ca($ca);
        is("@bad", join(' ', grep { /ed25519/ } of_ca($ca)), "CAS-1: NSS takes those of the CA $ca, for clients; Ed25519 it does not know");
    }
    like($nss->(4,  $one), qr/^Chain is good!$/m, 'CAS-1: NSS: use mail: signatures of mail');
    like($nss->(12, $one), qr/^Chain is good!$/m, 'CAS-1: NSS: use ipsec');
    like($nss->(4, "$dir/p256/plain-p256.pem"), qr/^Chain is bad!$/m, 'CAS-1: NSS: no signatures of mail without it');
    like($nss->($_, $one), qr/^Chain is bad!$/m, "S30: NSS: not for usage $_ (servers, CAs)") for 1, 11;
    for my $file (glob "$dir/p256/*.p12") {
        my $text = out_of("pk12util -d $db -W password -i $file");
        $file =~ /ed25519/ ? like($text, qr/SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY/, 'B31: NSS imports no key of Ed25519, as check and guide say')
            : like($text, qr/IMPORT SUCCESSFUL/, "CAS-1: NSS imports $file");
    }

    # Go verifies for servers alone when it is not told otherwise, as here: the last thing that it looks at is the use, so
    # that "incompatible key usage" comes of a chain that is good but for that.
    for my $ca (@cas) {
        my $go = sub { return out_of("cfssl bundle -loglevel 5 -ca-bundle $dir/$ca/ca.pem -int-bundle $dir/$ca/ca.pem -cert $_[0]") };
        my @bad = grep { $go->($_) !~ (/ed25519\.pem$/ ? qr/"Private key algorithm is not RSA or ECC"/ : qr/"x509: certificate specifies an incompatible key usage"/) } of_ca($ca);
        is("@bad", '', "CAS-1, S30: Go's crypto/x509 takes those of the CA $ca but not for servers; cfssl does not ask it for Ed25519");
        like($go->("$dir/p256/plain-p256.pem"), qr/unknown authority/, "and a chain that is bad looks otherwise: $ca") if $ca ne 'p256';
    }
    all_ok(said($java), "CAS-1: Java's CertPathValidator takes them, for clients");
}
all_ok(said($read), 'CRT-5: the strict reader of cryptography (Rust) takes them');
my $text = said($lint);
my $broken = $text =~ s/^the certificate as it is: .*//ms ? $& : '';
all_ok($text, 'CRT-5: no rule of certlint is broken');
cmp_ok(scalar(() = $broken =~ /: seen$/mg), '>', 35, 'CRT-5: each rule is seen when it is broken');
unlike($broken, qr/NOT SEEN/, 'CRT-5: without exception') or diag($broken);
done_testing;
