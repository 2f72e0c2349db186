package Anshin::PKI;
# A certificate authority for tests, made with the openssl command: server certificates, and client certificates that
# are good, expired, not yet valid, of the wrong purpose, or of a foreign CA.
#
#   my $pki = Anshin::PKI->new($directory, name => 'Test CA');           # makes ca.crt and ca.key there
#   my $pki = Anshin::PKI->new($directory, certificate => F, key => F);  # uses a CA that exists, such as Anshin's own
#   my $pem = $pki->issue('p-01-usr001', from => -10, to => 365);        # days from now; file with certificate and key
#   my $p12 = $pki->pkcs12($pem, 'secret');
use strict;
use warnings;
use File::Temp ();
use POSIX qw(strftime);

sub new {
    my ($class, $directory, %want) = @_;
    -d $directory or mkdir $directory, 0755 or die "$directory: $!";
    my $self = bless { directory => $directory, count => 0 }, $class;
    $self->{certificate} = $want{certificate} || "$directory/ca.crt";
    $self->{key}         = $want{key}         || "$directory/ca.key";
    write_text("$directory/openssl.cnf", <<"END");
[req]
distinguished_name = name
[name]
[ca]
default_ca = test
[test]
database = $directory/index
policy = policy
default_md = sha256
unique_subject = no
rand_serial = yes
copy_extensions = none
[policy]
commonName = supplied
organizationName = optional
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
END
    if (!-e $self->{certificate}) {
        openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', $self->{key});
        openssl(
            'req', '-x509', '-new', '-config', "$directory/openssl.cnf", '-extensions', 'authority', '-key', $self->{key},
            '-subj', '/CN=' . ($want{name} || 'Anshin test CA'), '-days', 3650, '-out', $self->{certificate}
        );
    }
    return $self;
}

sub certificate { return $_[0]{certificate} }

# A new key and its certificate in one PEM file. from, to: days from now. usage: clientAuth, serverAuth, codeSigning ...
# names: subjectAltName. authority: of a CA. algorithm: ec (default) or rsa.
sub issue {
    my ($self, $cn, %want) = @_;
    my $base = sprintf '%s/%03d', $self->{directory}, ++$self->{count};
    if (($want{algorithm} || 'ec') eq 'rsa') { openssl('genrsa', '-out', "$base.key", 2048) }
    else { openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', "$base.key") }
    openssl('req', '-new', '-config', "$self->{directory}/openssl.cnf", '-key', "$base.key", '-subj', "/CN=$cn", '-out',
        "$base.csr");

    my $usage = $want{usage} || 'clientAuth';
    write_text("$base.ext",
        $want{authority} ? "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign\n"
            : "basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = $usage\n"
            . ($want{names} ? "subjectAltName = $want{names}\n" : ''));
    write_text("$self->{directory}/index", '');
    openssl(
        'ca', '-batch', '-notext', '-config', "$self->{directory}/openssl.cnf", '-in', "$base.csr", '-out', "$base.crt",
        '-cert', $self->{certificate}, '-keyfile', $self->{key}, '-outdir', $self->{directory}, '-extfile', "$base.ext",
        '-startdate', when($want{from} // -1), '-enddate', when($want{to} // 365)
    );
    my $pem = "$base.pem";
    write_text($pem, read_text("$base.crt") . read_text("$base.key"));
    return $pem;
}

# A PKCS#12 file of what issue() returned, with the CA's certificate in it.
sub pkcs12 {
    my ($self, $pem, $password, $name) = @_;
    (my $p12 = $pem) =~ s/\.pem$/.p12/;
    openssl('pkcs12', '-export', '-in', $pem, '-certfile', $self->{certificate}, '-name', $name || 'test', '-out', $p12,
        '-passout', "pass:$password");
    return $p12;
}

sub when { return strftime('%Y%m%d%H%M%SZ', gmtime(time + 86400 * $_[0])) }

sub openssl {
    my @command = @_;
    my $log = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', $log->filename;
        open STDERR, '>&', \*STDOUT;
        exec 'openssl', @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    $? == 0 or die "openssl @command failed:\n" . read_text($log->filename);
    return;
}

sub write_text {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text or die "$file: $!";
    close $out or die "$file: $!";
    return;
}

sub read_text {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

1;
