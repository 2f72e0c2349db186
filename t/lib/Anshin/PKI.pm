package Anshin::PKI;
# A certificate authority for tests: server certificates, and client certificates that are good, expired, not yet valid, of
# the wrong purpose, or of a foreign CA. They are made in the suite's own process: the openssl command starts five times for one.
#
#   my $pki = Anshin::PKI->new($directory, name => 'Test CA');           # makes ca.crt and ca.key there
#   my $pki = Anshin::PKI->new($directory, certificate => F, key => F);  # uses a CA that exists, such as Anshin's own
#   my $pem = $pki->issue('p-01-usr001', from => -10, to => 365);        # days from now; file with certificate and key
#   my $p12 = $pki->pkcs12($pem, 'secret');
use strict;
use warnings;
use File::Temp ();
use IO::Socket::SSL::Utils qw(KEY_create_ec KEY_create_rsa PEM_cert2string PEM_file2cert PEM_file2key PEM_key2string);
use Net::SSLeay;

sub new {
    my ($class, $directory, %want) = @_;
    -d $directory or mkdir $directory, 0755 or die "$directory: $!";
    my $self = bless { directory => $directory, count => 0 }, $class;
    $self->{certificate} = $want{certificate} || "$directory/ca.crt";
    $self->{key}         = $want{key}         || "$directory/ca.key";
    if (!-e $self->{certificate}) {
        my $key = KEY_create_ec();
        my $made = signed('/CN=' . ($want{name} || 'Anshin test CA'), $key, 0, 3650, [authority()], undef, $key);
        write_text($self->{key}, PEM_key2string($key));
        write_text($self->{certificate}, PEM_cert2string($made));
    }
    return $self;
}

sub certificate { return $_[0]{certificate} }

# A new key and its certificate in one PEM file, and each in one of its own. from, to: days from now. usage: clientAuth,
# serverAuth, codeSigning ... names: subjectAltName. authority: of a CA. algorithm: ec (default) or rsa.
sub issue {
    my ($self, $cn, %want) = @_;
    my $base = sprintf '%s/%03d', $self->{directory}, ++$self->{count};
    my $key = ($want{algorithm} || 'ec') eq 'rsa' ? KEY_create_rsa(2048) : KEY_create_ec();
    my @extensions = $want{authority} ? authority() : (
        Net::SSLeay::NID_basic_constraints() => 'critical,CA:FALSE',
        Net::SSLeay::NID_key_usage()         => 'critical,digitalSignature',
        Net::SSLeay::NID_ext_key_usage()     => $want{usage} || 'clientAuth',
        $want{names} ? (Net::SSLeay::NID_subject_alt_name() => $want{names}) : ()
    );
    my @issuer = (PEM_file2cert($self->{certificate}), PEM_file2key($self->{key}));
    my $made = signed("/CN=$cn", $key, $want{from} // -1, $want{to} // 365, \@extensions, @issuer);
    write_text("$base.crt", PEM_cert2string($made));
    write_text("$base.key", PEM_key2string($key));
    my $pem = "$base.pem";
    write_text($pem, read_text("$base.crt") . read_text("$base.key"));
    return $pem;
}

sub authority {
    return (
        Net::SSLeay::NID_basic_constraints() => 'critical,CA:TRUE,pathlen:0',
        Net::SSLeay::NID_key_usage()         => 'critical,keyCertSign,cRLSign'
    );
}

# A certificate; without an issuer it is its own. The subject is written as for the openssl command: /CN=a/O=b, \ before a / that
# belongs to a value.
sub signed {
    my ($subject, $key, $from, $to, $extensions, $issuer, $issuer_key) = @_;
    my $made = Net::SSLeay::X509_new();
    $issuer //= $made;
    Net::SSLeay::X509_set_version($made, 2);
    Net::SSLeay::P_ASN1_INTEGER_set_hex(Net::SSLeay::X509_get_serialNumber($made), join '', '4', map { sprintf '%x', rand 16 } 1 .. 31);
    my $now = time;
    Net::SSLeay::ASN1_TIME_set(Net::SSLeay::X509_get_notBefore($made), $now + 86400 * $from);
    Net::SSLeay::ASN1_TIME_set(Net::SSLeay::X509_get_notAfter($made),  $now + 86400 * $to);
    Net::SSLeay::X509_set_pubkey($made, $key);
    my $name = Net::SSLeay::X509_get_subject_name($made);
    while ($subject =~ m{\G/(\w+)=((?:[^\\/]|\\.)*)}gsc) {
        my ($type, $value) = ($1, $2);
        $value =~ s/\\(.)/$1/gs;
        Net::SSLeay::X509_NAME_add_entry_by_txt($name, $type, Net::SSLeay::MBSTRING_UTF8(), $value, -1, 0) or die "subject $subject";
    }
    (pos($subject) // 0) == length $subject or die "subject $subject";
    Net::SSLeay::X509_set_issuer_name($made, Net::SSLeay::X509_get_subject_name($issuer));
    my @identifiers = (Net::SSLeay::NID_subject_key_identifier() => 'hash');
    push @identifiers, Net::SSLeay::NID_authority_key_identifier() => 'keyid' if $issuer != $made;
    Net::SSLeay::P_X509_add_extensions($made, $issuer, @$extensions, @identifiers) or die "extensions @$extensions";
    Net::SSLeay::X509_sign($made, $issuer_key, Net::SSLeay::EVP_get_digestbyname('sha256')) or die "no signature under $subject";
    return $made;
}

# A PKCS#12 file of what issue() returned, with the CA's certificate in it.
sub pkcs12 {
    my ($self, $pem, $password, $name) = @_;
    (my $p12 = $pem) =~ s/\.pem$/.p12/;
    openssl('pkcs12', '-export', '-in', $pem, '-certfile', $self->{certificate}, '-name', $name || 'test', '-out', $p12,
        '-passout', "pass:$password");
    return $p12;
}

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
