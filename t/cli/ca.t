# The CA's key: encrypted, on a token, below a company's own CA (CAS-3, CRT-7); what the commands say to wrong ones.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Token;
use Anshin::Worker;

my $root = $> == 0;
my $secret = 'open-sesame-7f3a';

sub slurp { my ($file) = @_; open my $in, '<:raw', $file or return ''; local $/; return scalar <$in> // '' }

sub program {
    my ($w, $name, $body) = @_;
    Anshin::PKI::write_text("$w->{root}/$name", "#!/bin/sh\n$body\n");
    chmod 0755, "$w->{root}/$name";
    return "$w->{root}/$name";
}

# What others see of a process.
sub outside { my ($pid) = @_; return join '', map { slurp("/proc/$pid/$_") } qw(cmdline environ) }

# Contracts want a second operator for the CAs from now on: what does it, once another person has approved it (ROL-4).
sub two_persons {
    my ($w) = @_;
    return sub { return $w->ca(@_) }
        unless Anshin::Server::unlogged();
    $w->{policy} = { AnshinFourEyes => 'ca' };
    $w->configure;
    my $as = sub { my ($person, @words) = @_; return $w->run({ root => 1 }, '/usr/bin/env', $person ? "SUDO_USER=$person" : '-', "$w->{root}/bin/htanshin", '-d', $w->state, @words) };
    return sub {
        my @words = ('ca', @_, @{ $w->{signer} });
        like($as->(undef, @words)->{err}, qr/AN1842/, "ROL-4: root alone may be anybody: ca @_");
        my $asked = $as->('bin', @words);
        like("$asked->{status} $asked->{err}", qr/^1 .*AN1843/s, 'ROL-4: it waits for a second operator');
        my ($id) = $asked->{err} =~ /approval give (\w{32})/;
        isnt($as->('bin', 'approval', 'give', $id)->{status}, 0, 'ROL-4: who is another one');
        my $given = $as->('games', 'approval', 'give', $id);
        is($given->{status}, 0, 'ROL-4: and approves it') or diag $given->{err};
        return $as->('bin', @words);
    };
}

# --- an encrypted key: made, used by the worker, and what is refused ---

{
    my $w = Anshin::Worker->new(no_ca => 1);
    my $says = program($w, 'says', qq(echo "\$1" >>$w->{root}/asked; echo $secret; echo "noise $secret" >&2));
    Anshin::PKI::write_text("$w->{root}/asked", '');
    chmod 0666, "$w->{root}/asked";

    my $key = $w->state . '/ca/ca.key';
    my $failed = $w->ca('create', '--passphrase', program($w, 'fails', "echo $secret; exit 3"));
    is($failed->{status}, 3, 'CAS-3: a program that fails makes no CA');
    like($failed->{err}, qr/AnshinCAPassphrase .*fails: ended with status 3/, 'the directive is named');
    unlike($failed->{err}, qr/$secret/, 'what it printed is not told');
    ok(!-e $key, 'and no key is left behind');
    for (['nothing', 'exit 0'], ['empty', 'echo'], ['long', 'head -c 5000 /dev/zero | tr "\0" x'], ['nul', 'printf "a\0b\n"']) {
        my $refused = $w->ca('create', '--passphrase', program($w, @$_));
        like($refused->{err}, qr/AnshinCAPassphrase .*$_->[0]: the first line .* 1 to 1023 octets/, "a program that prints: $_->[0]");
    }
    like($w->ca('create', '--passphrase', "$w->{root}/missing")->{err}, qr/AnshinCAPassphrase .*missing: cannot be run/, 'a program that is not there');

    # Two operators at once: the second is told who is at it.
    my ($started, $go, $ended) = map { "$w->{root}/$_" } qw(started go ended);
    chmod 0777, $w->{root};
    my $slow = program($w, 'slow', "touch $started; while ! [ -e $go ]; do sleep 0.02; done; $w->{root}/says \"\$1\"");
    my $first = fork // die "fork: $!";
    if (!$first) {
        my $made = $w->ca('create', '--passphrase', $slow);
        Anshin::PKI::write_text("$ended.new", "$made->{status} $made->{err}");
        rename "$ended.new", $ended;
        POSIX::_exit(0);
    }
    ok(Anshin::Server::wait_for(60, sub { -e $started }), 'one operator makes a CA');
    for (['create', '--passphrase', $says], ['request'], ['create', '--next'], ['switch'], ['retire', 'ca'], ['compromise', 'ca', '--yes'], ['mend'], ['import', '/dev/null']) {
        my $second = $_->[0] =~ /compromise/ ? $w->htanshin('ca', @$_) : $w->ca(@$_);
        like("$second->{status} $second->{err}", qr/^3 .*htanshin ca create \(process \d+, started by \w+\); wait until it has ended/s, "CAS-2: meanwhile another is told to wait: @$_");
    }
    Anshin::PKI::write_text($go, '');
    ok(Anshin::Server::wait_for(60, sub { -e $ended }), 'the first one comes to its end');
    waitpid $first, 0;
    is(slurp($ended), '0 ', 'a CA whose key is encrypted is made');
    chmod 0755, $w->{root};
    like(slurp($key), qr/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/, 'PKCS#8');
    like($w->run({ root => 1 }, qw(openssl asn1parse -in), $key)->{out}, qr/PBES2.*PBKDF2.*aes-256-cbc/s, 'with PBES2');
    is(slurp("$w->{root}/asked"), "ca.key\n", 'the program is told which key');
    is($w->ca('try-key', '--passphrase', $says)->{status}, 0, 'ca try-key opens it');
    like($w->ca('try-key')->{err}, qr/AnshinCAKey .*is encrypted; name a program .* AnshinCAPassphrase/, 'without a program: what to do');
    my $wrong = program($w, 'wrong', 'echo open-barley');
    my $told = $w->ca('try-key', '--passphrase', $wrong);
    like($told->{err}, qr/AnshinCAKey .*does not open with what AnshinCAPassphrase .*wrong prints/, 'a wrong passphrase: which program');
    unlike($told->{err}, qr/barley/, 'and not which passphrase');
    is($w->ca('create', '--passphrase', $says)->{status}, 1, 'no key is made over another');

    my $weak = $w->run({ root => 1 }, qw(openssl rsa -aes128 -traditional -passout pass:x -out), "$w->{root}/old.key", '-in', do {
        my $plain = "$w->{root}/rsa.key";
        $w->run({ root => 1 }, qw(openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out), $plain);
        $plain;
    });
    rename $key, "$key.kept";
    Anshin::PKI::write_text($key, slurp("$w->{root}/old.key"));
    chown((stat "$key.kept")[4, 5], $key);
    chmod 0600, $key;
    like($w->ca('try-key', '--passphrase', $says)->{err}, qr/old weak way; run openssl pkcs8 -topk8/, 'the old encryption of PEM is refused, with what to run');
    rename "$key.kept", $key;

    $w->configure(AnshinCAPassphrase => $says);
    $w->people('enc', 1);
    my $worker = $w->start;
    is(scalar(my @mail = $w->wait_mail(1)), 1, 'CRT-7: the worker issues with it');
    my $signer = $w->signer_of($worker);
    unlike(outside($signer) . outside($worker->{pid}) . $w->log, qr/$secret/, 'the passphrase is in no argument, environment or log');
    like(slurp("/proc/$signer/limits"), qr/^Max core file size\s+0\s+0/m, 'and in no core dump');
    SKIP: {
        skip 'not root', 1 unless $root;
        is((stat "/proc/$signer/mem")[4], 0, 'nobody but root looks into the signer');
    }
    unlike(join('', map { slurp($_) } grep { -f } glob($w->state . '/*'), glob($w->state . '/{ca,run,store}/*')), qr/$secret/, 'nor in a file');
    $w->stop($worker);
    $w->finish;
}

# --- a token ---

{
    my $w = Anshin::Worker->new(no_ca => 1);
    $w->run({ root => 1 }, qw(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out), "$w->{root}/p8.pem");
    my $t = Anshin::Token->new("$w->{root}/token", owner => 'nobody', key => "$w->{root}/p8.pem");
    my @key = ('--use-key', $t->uri, '--passphrase', $t->program);
    my $refused = $w->ca('try-key', '--use-key', $t->uri . '&pin-value=' . $t->pin);
    is($refused->{status}, 2, 'CAS-3: a URI with a PIN is refused');
    like($refused->{err}, qr/pin-value of the pkcs11: URI would show the PIN.*AnshinCAPassphrase/, 'and told why');
    unlike($refused->{err}, qr/\Q@{[$t->pin]}\E/, 'without the PIN');
    like($w->ca('try-key', '--use-key', $t->uri)->{err}, qr/wants a PIN; name a program .* AnshinCAPassphrase/, 'no program: what to do');
    my @by_pin = ('--passphrase', $t->program, '--use-key');
    like($w->ca('try-key', @by_pin, $t->uri =~ s/object=ca/object=other/r)->{err}, qr/no private key of that name/, 'no such key');
    like($w->ca('try-key', @by_pin, $t->uri =~ s/anshin%20test/none/r)->{err}, qr/no token "none" is there/, 'no such token');
    SKIP: {
        skip 'not root', 1 unless $root;
        chmod 0775, "$w->{root}/token/token.so";
        like($w->ca('try-key', @key)->{err}, qr/module .* must .* belong to root, and be written by nobody else/, 'a module that others may write is not loaded');
        chmod 0755, "$w->{root}/token/token.so";
    }
    my $made = $w->ca('create', @key);
    is($made->{status}, 0, 'a CA is made of a key on a token') or diag($made->{err});
    ok(!-e $w->state . '/ca/ca.key', 'no key lies in a file');

    $w->configure(AnshinCAKey => $t->uri, AnshinCAPassphrase => $t->program);
    $w->people('tok', 1);
    my $worker = $w->start;
    is(scalar(my @mail = $w->wait_mail(1)), 1, 'CRT-7: the worker issues with it') or diag($w->log);
    unlike(outside($w->signer_of($worker)) . outside($worker->{pid}) . $w->log, qr/\Q@{[$t->pin]}\E/, 'the PIN is in no argument, environment or log');

    # The token is taken out, and put in again: nothing is lost.
    $t->remove;
    $w->people('gone', 1);
    ok($w->wait_log(qr/the signer refuses: .*Device removed/), 'a token that is taken out is told of') or diag($w->log);
    ok($w->wait_log(qr/AN1278/), 'and opened anew');
    $t->return;
    if ($root) { # only a new worker can start a new signer
        $w->kill('KILL', $worker);
        $worker = $w->start;
    }
    is(scalar(@mail = $w->wait_mail(2, 60)), 2, 'the certificate is made when the token is back');
    $w->stop($worker);

    # A wrong PIN: one try a start, and none while the token remembers it.
    my $starts = sub {
        my ($expected, $why) = @_;
        my ($told, $ended) = map { my $count = () = $w->log =~ /$_/g; $count } qw(AN0724 AN0752);
        my $tries = $t->logins;
        $worker = $w->start;
        my $signer = $w->signer_of($worker);
        ok(Anshin::Server::wait_for(15, sub { my $now = () = $w->log =~ /AN0724/g; return $now > $told }), "$why: told of");
        sleep 0.3;
        is($t->logins - $tries, $expected, "$why: the token got this many PINs");
        is($w->signer_of($worker) . (() = $w->log =~ /AN0752/g), $signer . $ended, 'and the signer has not ended, or another would come');
        return $w->stop($worker);
    };
    $t->say('Wrong-pin');
    $starts->(1, 'CAS-3: a wrong PIN');
    $starts->(0, 'a start after it');
    like($w->log, qr/has got a wrong PIN before, so none is tried/, 'the token remembers');
    $t->forget;
    $starts->(1, 'a token that tells nothing');
    unlike($w->log, qr/Wrong-pin/, 'no PIN is told');
    $t->say($t->pin);
    is($w->ca('try-key', @key)->{status}, 0, 'ca try-key gives it the right one');
    $w->people('back', 1);
    $worker = $w->start;
    is(scalar(@mail = $w->wait_mail(3)), 3, 'then it goes on');
    $w->stop($worker);

    # The next CA has its key on the token, too (CAS-2, CAS-3).
    like($w->ca('create', '--next', @key)->{err}, qr/the key: \S+ca\.crt has it too; give the next CA one of its own/, 'no two CAs have one key');
    ok(!-e $w->state . '/ca/ca-2.crt', 'and nothing is left behind');
    $w->run({ root => 1 }, qw(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out), "$w->{root}/next.pem");
    $t->import_key("$w->{root}/next.pem", 'next', 'a2');
    my $uri = $t->uri =~ s/object=ca;id=%A1/object=next/r;
    $made = $w->ca('create', '--next', '--name', 'Next CA', '--use-key', $uri, '--passphrase', $t->program);
    is($made->{status}, 0, 'CAS-3: the next CA is made of another key on the token') or diag($made->{err});
    ok(!-e $w->state . '/ca/ca-2.key', 'no key of it lies in a file');
    is($w->ca('switch')->{status}, 0, 'it issues from now on');
    $w->{line} = JSON::PP->new->decode(slurp($w->state . '/ca/ca.rollover'));
    is($w->{line}{keys}{2}, $uri, 'the roll-over names its key');
    $w->configure(AnshinCAKey => $t->uri, AnshinCAPassphrase => $t->program);
    $w->people('next', 1);
    $worker = $w->start;
    is(scalar(@mail = $w->wait_mail(4)), 4, 'CAS-3: the worker issues with it') or diag($w->log);
    like($w->htanshin('ca', 'list')->{out}, qr/^ca\s+old\b.*^ca-2\s+issuing\b.*CN=Next CA/ms, 'CAS-2: the old one is trusted beside it');
    my ($of) = $w->htanshin('--json', 'ca', 'list')->{out} =~ /"ca-2".*?"certificates":\s*(\d+)/s;
    is($of, 1, 'and the new one has issued it');
    $w->stop($worker);
    my $tries = $t->logins;
    $t->say('9999');
    $worker = $w->start;
    ok($w->wait_log(qr/AN1233.*\n(?:.*\n)*.*AN1233.*no PIN is tried/), 'CAS-3: two CAs on one token') or diag($w->log);
    is($t->logins - $tries, 1, 'and it gets a wrong PIN once');
    $w->stop($worker);
    $w->finish;
}
# --- below a company's own CA; then its key is in other hands ---

{
    my $w = Anshin::Worker->new(no_ca => 1);
    mkdir "$w->{root}/company";
    my $company = sub {
        my ($constraints) = @_;
        my @request = (qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj), '/CN=Company Root');
        return $w->run({ root => 1 }, @request, '-keyout', "$w->{root}/company/ca.key", '-out', "$w->{root}/company/ca.crt", '-addext', "basicConstraints=critical,$constraints", '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
    };
    $company->('CA:TRUE');
    my $asked = $w->ca('request', '--name', 'Sub CA');
    is($asked->{status}, 0, 'CAS-3: a request is written') or diag($asked->{err});
    Anshin::PKI::write_text("$w->{root}/ext", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n");
    my @sign = (qw(openssl x509 -req -days 300 -CAcreateserial -CA), "$w->{root}/company/ca.crt", '-CAkey', "$w->{root}/company/ca.key", '-in', $w->state . '/ca/ca.csr');
    my $signed = $w->run({ root => 1 }, @sign, '-extfile', "$w->{root}/ext");
    is($signed->{status}, 0, 'the company signs it') or diag($signed->{err});
    my $file = "$w->{root}/signed.pem";
    Anshin::PKI::write_text($file, $w->run({ root => 1 }, @sign)->{out});
    my $wrong = $w->ca('import', $file);
    is($wrong->{status}, 2, 'a certificate without the rights of a CA is refused');
    like($wrong->{err}, qr/not taken: it is not one of a CA/, 'with the reason');
    ok(!-e $w->state . '/ca/ca.crt', 'and nothing is written');
    Anshin::PKI::write_text($file, $signed->{out} . slurp("$w->{root}/company/ca.crt"));
    my $taken = $w->ca('import', $file);
    is($taken->{status}, 0, 'the right one is taken') or diag($taken->{err});
    like($taken->{out}, qr/Sub CA.*Company Root/s, 'and told of');
    is($w->ca('import', $file)->{status}, 0, 'once more, and it is the same');
    is((() = slurp($w->state . '/ca/ca.crt') =~ /BEGIN CERTIFICATE/g), 1, 'httpd trusts this CA alone');
    is($w->ca('import', "$w->{root}/missing")->{status}, 2, 'a file that is not there is told of');

    # Its CRL lies where other servers can read it (AnshinCRLDir).
    my $lists = $w->{server}{AnshinCRLDir} = "$w->{root}/lists";
    mkdir $lists or die "$lists: $!";
    chown((getpwnam 'daemon')[2], -1, $lists) if $root;
    $w->configure;

    my %password = $w->people('sub', 3);
    my $worker = $w->start;
    my @mail = $w->wait_mail(3);
    ok($w->wait_log(qr/AN0781: certificate \w+ issued for \S+, not for its whole lifetime: it ends with its CA$/m), 'CAS-2: what would end after its CA ends with it, and the worker says so') or diag($w->log);
    my ($link) = $w->body($mail[0]) =~ /\?t=([\w-]{43})\b/;
    my ($user) = $mail[0] =~ /^To: (sub\d+)\@/m;
    Anshin::PKI::write_text("$w->{root}/one.p12", $w->fetch($link, $password{$user}, 'modern')->{out});
    my $pem = $w->run({ root => 1 }, qw(openssl pkcs12 -nodes -passin), "pass:$password{$user}", '-in', "$w->{root}/one.p12");
    Anshin::PKI::write_text("$w->{root}/one.pem", $pem->{out});
    my $verified = $w->run({ root => 1 }, qw(openssl verify -x509_strict -purpose sslclient -CAfile), "$w->{root}/company/ca.crt", '-untrusted', "$w->{root}/one.pem", "$w->{root}/one.pem");
    like($verified->{out}, qr/OK$/, "a user's file holds what leads to the company's root") or diag($verified->{err});
    unlike($pem->{out}, qr/subject=CN = Company Root/, 'but for the root itself');
    ok(Anshin::Server::wait_for(30, sub { -e "$lists/ca.crl.pem" }), 'CRT-6: the list of revoked certificates is written where AnshinCRLDir says') or diag($w->log);
    is(join(' ', map { sprintf '%04o', (stat "$lists/$_")[2] & 07777 } qw(ca.crl ca.crl.pem)), '0644 0644', 'CRT-6: for everybody to read');
    ok(!-e $w->state . '/crl/ca.crl', 'CRT-6: and nowhere else');
    my @ends = map { $w->run({ root => 1 }, qw(openssl x509 -noout -subject -enddate -in), $_)->{out} =~ /^subject=.*CN = (\S+).*\nnotAfter=(.*)$/ } "$w->{root}/one.pem", $w->state . '/ca/ca.crt';
    is("$ends[0] $ends[1]", "$user $ends[3]", "CAS-2: the user's certificate ends with the CA");

    # The key is in other hands.
    my $compromise = sub { return $w->htanshin('--json', 'ca', 'compromise', @_) };
    my $counted = $compromise->('ca');
    like($counted->{out}, qr/"to_revoke": 3\b.*--yes/s, 'CAS-4: without --yes it only counts') or diag($counted->{err});
    is(scalar $w->certificates('--state', 'active'), 3, 'and nothing is revoked');
    is($compromise->('other', '--yes')->{status}, 1, 'a CA that is not there is refused');
    my $done = $compromise->('ca', '--yes');
    like($done->{out}, qr/"revoked": 3\b/, 'all are revoked') or diag($done->{err});
    like($done->{out}, qr/"mailed": 0\b.*"left": 3\b.*certificates wait/s, 'while it still issues nobody is mailed, and it says what to do');
    is(scalar $w->certificates('--state', 'active'), 0, 'no certificate is active');
    $w->stop($worker);
    # The next one hangs below the company's root as well (CAS-2, CAS-3).
    is($w->ca('request', '--next')->{status}, 0, 'CAS-3: a request for the next CA is written');
    is($w->ca('switch')->{status}, 1, 'which is none yet');
    Anshin::PKI::write_text($file, slurp($w->state . '/ca/ca.crt') . slurp("$w->{root}/company/ca.crt"));
    like($w->ca('import', '--next', $file)->{err}, qr/none in the file is of the CA's key/, 'the certificate of another key is not taken for it');
    @sign[-1] = $w->state . '/ca/ca-2.csr';
    $signed = $w->run({ root => 1 }, @sign, '-extfile', "$w->{root}/ext");
    like($signed->{err}, qr/subject=.*Anshin Login CA 2$/m, 'the company signs it, by its number') or diag($signed->{err});
    Anshin::PKI::write_text($file, $signed->{out} . slurp("$w->{root}/company/ca.crt"));
    my $second = two_persons($w); # what each of these wants first (ROL-4)
    my $next = $second->('import', '--next', $file);
    is($next->{status}, 0, 'CAS-3: the next CA is taken') or diag($next->{err});
    like($next->{out}, qr/ca-2\.crt.*Anshin Login CA 2.*Company Root/s, 'and told of');
    like(slurp($w->state . '/ca/ca-2.crt.chain'), qr/BEGIN CERTIFICATE/, 'with what is above it');
    is($w->ca('import', '--next', $file)->{status}, 1, 'there is one next CA at a time');
    my $switched = $second->('switch');
    is($switched->{status}, 0, 'issues from now on') or diag($switched->{err});
    $w->{line} = { issuing => 2, last => 2, trusted => [1, 2] }; # as httpd writes it when it is reloaded
    $w->configure;

    # Addresses in certificates, while there are two CAs (CRT-6).
    my $told = sub {
        $w->{policy} = {@_};
        $w->configure;
        return join ' ', map { $_->{problem} =~ /^(Anshin\w+URL) \S+ stands in certificates of several CAs \((.*)\)/ ? "$1: $2 ($_->{severity})" : () }
            @{ JSON::PP->new->decode($w->htanshin('--json', 'check')->{out})->{problems} };
    };
    is($told->(AnshinCRLURL => 'http://crl.example.jp/ca.crl'), 'AnshinCRLURL: ca, ca-2 (warning)', 'CRT-6: check tells of one list for several CAs');
    is($told->(AnshinOCSPURL => 'http://ocsp.example.jp/'), 'AnshinOCSPURL: ca, ca-2 (warning)', 'CRT-6: and of one responder');
    is($told->(AnshinOCSPURL => 'http://localhost/anshin/ca/ocsp'), '', 'unless that is ours');
    is($told->(AnshinCAURL => 'http://localhost/anshin/ca'), '', 'nor of addresses that each CA has for itself');
    delete $w->{policy};
    $w->configure;
    my @said = map { $compromise->('ca', '--yes', '--step', 2)->{out} } 1 .. 3;
    like($said[0], qr/"mailed": 2\b.*"left": 1\b.*next step/s, 'CAS-4: then the users are mailed, a step at a time');
    like($said[1], qr/"mailed": 1\b.*"left": 0\b.*ca retire/s, 'to the end, and what is left to do is said');
    like($said[2], qr/"mailed": 0\b/, 'nobody twice');
    $w->finish;
}
done_testing;
