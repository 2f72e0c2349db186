# Several CAs: contracts with one of their own (CAS-1), whose key is encrypted or lies on a token (CAS-3), and the roll-over from
# one CA to the next (CAS-2), with real httpd, worker and signer.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Test::More;
use File::Copy qw(copy);
use LWP::UserAgent;
use Anshin::Person;
use Anshin::Server;
use Anshin::Token;

my $plain = Anshin::Server::free_port();
my $url   = "http://localhost:$plain/anshin/ca";
my $s     = Anshin::Server->new(
    contract => "AnshinCertificateKey p256\nAnshinCAURL $url",
    sites    => { map { $_ => "AnshinCertificateKey p256\nAnshinCAURL $url" } qw(hospital clinic) },
    extra    => <<"END");
Listen 127.0.0.1:$plain
<VirtualHost 127.0.0.1:$plain>
ServerName localhost
AnshinUse p-01
<Location /anshin>
    SetHandler anshin
    Require all granted
</Location>
</VirtualHost>
END
my $dir   = $s->state . '/ca';
my $agent = LWP::UserAgent->new(max_redirect => 0);

sub out_of { my $r = $s->run(@_, { env => 1 }); return $r->{out} . $r->{err} }
sub client { my ($host, $pem) = @_; return $s->client(host => $host, ($host eq 'localhost' ? () : (ca => undef)), ($pem ? (cert => $pem) : ())) }

# A certificate user of a contract, with the certificate.
sub person {
    my ($contract, $user) = @_;
    my $host = $contract eq 'p-01' ? 'localhost' : "$contract.localhost";
    my $made = Anshin::Person->add($s, $user, method => 'certificate', contract => $contract);
    $made->{host} = $host;
    $made->register(client($host));
    $made->fetch(client($host));
    return $made;
}

# The status of a protected page after a login with the certificate. Whoever has none that counts sees no form to log in by.
sub opens {
    my ($person, $host, $pem) = @_;
    my $c = client($host // $person->{host}, $pem // $person->{pem});
    eval { $person->login($c) };
    return $c->get('/members/')->status;
}

# What the help page of a host calls a certificate.
sub verdict {
    my ($host, $pem) = @_;
    my $before = () = $s->log =~ /AN0651/g;
    client($host, $pem)->get('/anshin/help/certificate');
    my @told = $s->log =~ /AN0651: help number \S+ client certificate (\w+)/g;
    return @told > $before ? $told[-1] : 'none told';
}

sub asked_for { my ($host) = @_; return out_of('sh', '-c', "openssl s_client -connect 127.0.0.1:$s->{port} -servername $host </dev/null 2>&1 | sed -n '/^Acceptable/,/^Req/p'") }
sub issuer { return out_of(qw(openssl x509 -noout -issuer -in), $_[0]) }
sub points_to { return out_of(qw(openssl x509 -noout -ext crlDistributionPoints -in), $_[0]) }
sub crl_of { my ($name) = @_; return $agent->get("$url/$name.crl") }
sub revoked_in { my ($name) = @_; return out_of(qw(openssl crl -inform DER -noout -text -in), $s->state . "/crl/$name.crl") }

# Make a CA of somebody's own in the directory of the signer.
sub own_ca {
    my ($name, $subject) = @_;
    my $pki = Anshin::PKI->new("$s->{root}/own-$name", name => $subject);
    for my $end (qw(crt key)) {
        copy("$s->{root}/own-$name/ca.$end", "$dir/$name.$end") or die "$name.$end: $!";
        chmod $end eq 'key' ? 0600 : 0644, "$dir/$name.$end";
        chown((stat "$dir/ca.$end")[ 4, 5 ], "$dir/$name.$end");
    }
    return $pki;
}

# How openssl asks whether a certificate of the CA of that name is revoked, and by whose answer.
sub ocsp {
    my ($name, $pem) = @_;
    return out_of('openssl', 'ocsp', '-issuer', "$dir/$name.crt", '-cert', $pem, '-url', "$url/ocsp", '-CAfile', "$dir/$name.crt");
}

# --- CAs of contracts' own (CAS-1): the hospital's key is encrypted, the clinic's lies on a token (CAS-3) ---

$s->start;
my $before = person('hospital', 'before1');
is(opens($before), 200, 'a certificate of the server\'s CA opens a contract that has none of its own');

own_ca($_, ucfirst "$_ CA") for qw(hospital clinic);
out_of(qw(openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:open-sesame -in), "$s->{root}/own-hospital/ca.key", '-out', "$dir/hospital.key");
like(Anshin::PKI::read_text("$dir/hospital.key"), qr/BEGIN ENCRYPTED PRIVATE KEY/, 'CAS-3: the key of one is encrypted');
unlink "$dir/clinic.key";
my $token = Anshin::Token->new("$s->{root}/token", owner => $s->{signer}, key => "$s->{root}/own-clinic/ca.key");
my $opens = "$s->{root}/opens";
Anshin::PKI::write_text($opens, <<"END");
#!/bin/sh
case "\$1" in
pkcs11:*) exec @{[ $token->program ]} ;;
*) echo open-sesame ;;
esac
END
chmod 0755, $opens;
my %key = (hospital => "$dir/hospital.key", clinic => $token->uri);
$s->{sites}{$_} .= "\nAnshinCACertificate $dir/$_.crt\nAnshinCAKey $key{$_}" for sort keys %key;
$s->{server} = "AnshinCAPassphrase $opens";
$s->configure;
$s->graceful(alone => 1);
my ($one, $other) = (person('p-01', 'p-01-usr001'), person('hospital', 'doctor1'));
like(issuer($one->{pem}), qr/Anshin test CA/, 'CAS-1: the server\'s CA issues for a contract');
like(issuer($other->{pem}), qr/Hospital CA/, 'CAS-1: and the contract\'s own for another');
my $third = person('clinic', 'nurse1');
like(issuer($third->{pem}), qr/Clinic CA/, 'CAS-3: as does one whose key lies on a token');
is(opens($one),   200, 'CAS-1: one opens its contract');
is(opens($other), 200, 'CAS-1: the other one opens its own');
is(opens($third), 200, 'CAS-3: and so does the third');
isnt(opens($one, 'localhost', $other->{pem}), 200, 'CAS-1: a certificate of another contract\'s CA opens nothing');
is(verdict('localhost', $other->{pem}), 'foreign', 'CAS-1: it is foreign there');
is(verdict('hospital.localhost', $one->{pem}), 'foreign', 'CAS-1: and so is the other way round');
isnt(opens($before), 200, 'CAS-1: one that the server\'s CA has issued for the contract before opens it no more');
is(verdict('hospital.localhost', $before->{pem}), 'foreign', 'CAS-1: whatever the store knows of it');
like(asked_for('localhost'), qr/Anshin test CA.*Hospital CA/s, 'CAS-1: the handshake names both');
like(points_to($one->{pem}),   qr{URI:\Q$url\E/ca\.crl$}m,       'CAS-1: each says where its CRL is');
like(points_to($other->{pem}), qr{URI:\Q$url\E/hospital\.crl$}m, 'CAS-1: of its CA');
for ([ hospital => $other ], [ clinic => $third ]) {
    my ($name, $person) = @$_;
    like(ocsp($name, $person->{pem}), qr/: good\n.*^Response verify OK/ms, "CAS-3: OCSP answers for the CA $name");
    is($s->htanshin('--contract', $name, 'cert', 'revoke', '--user', $person->{user})->{status}, 0, 'one is revoked');
    isnt(opens($person), 200, 'CAS-3, CRT-6: and refused at once');
    ok(Anshin::Server::wait_for(15, sub { revoked_in($name) =~ /Serial Number/ }), 'CAS-1: it is on the list of its CA') or diag($s->log);
    like(ocsp($name, $person->{pem}), qr/: revoked\n.*^Response verify OK/ms, 'CAS-3: as OCSP says');
}
like(revoked_in('ca'), qr/No Revoked/, 'CAS-1: and on no other');
unlike($s->log, qr/open-sesame|\Q@{[Anshin::Token::pin()]}\E/, 'CAS-3: the log has neither passphrase nor PIN');
for my $name (qw(ca hospital clinic)) {
    my $r = crl_of($name);
    is($r->code, 200, "CAS-1: $name.crl is served");
    like(out_of('openssl', 'crl', '-inform', 'DER', '-noout', '-verify', '-CAfile', "$dir/$name.crt", '-in', $s->state . "/crl/$name.crl"),
        qr/verify OK/, 'CAS-1: signed by its CA');
}
is(crl_of('hospital-2')->code, 404, 'CAS-1: of another there is none');

# More CAs behind the first one of a file are trusted, so that a contract can move.
Anshin::PKI::write_text("$dir/hospital.crt", join '', map { Anshin::PKI::read_text("$dir/$_.crt") } qw(hospital ca));
$s->graceful(alone => 1);
is(opens($before), 200, 'CAS-1: a former CA behind the contract\'s own is trusted');
is(verdict('hospital.localhost', $one->{pem}), 'unknown', 'CAS-1: of which another contract\'s certificate opens nothing all the same');
copy("$s->{root}/own-hospital/ca.crt", "$dir/hospital.crt");

# One that is missing is told of, and takes no other with it.
rename "$dir/hospital.crt", "$dir/away.crt";
my $check = $s->htanshin('check');
like($check->{out}, qr{\Q$dir/hospital.crt\E: No such file}, 'CAS-1: check tells of a CA that is missing');
$s->graceful(alone => 1);
is(opens($one), 200, 'CAS-1: the others work without it');
isnt(opens($other), 200, 'CAS-1: nobody gets in by a certificate of it');
like($s->log, qr{AN0520: .*\Q$dir/hospital.crt\E}, 'CAS-1: the log says it');
ok($s->wait_log(qr/AN1233: a CA cannot be used/), 'CAS-1: the signer as well');
rename "$dir/away.crt", "$dir/hospital.crt";

# One whose key the signer may not use: check goes by what the signer has said.
chmod 0644, "$dir/hospital.key";
$s->graceful(alone => 1);
my $unusable = qr{the CA hospital issues no certificate, and writes no CRL: .*\Qhospital.key\E};
ok(Anshin::Server::wait_for(20, sub { $s->htanshin('check')->{out} =~ $unusable }), 'CRT-7: check tells of a CA whose key cannot be used') or diag($s->htanshin('check')->{out});
chmod 0600, "$dir/hospital.key";
$s->graceful(alone => 1);
ok(Anshin::Server::wait_for(20, sub { $s->htanshin('check')->{out} !~ $unusable }), 'CRT-7: and no longer when it can') or diag($s->htanshin('check')->{out});

# --- roll-over (CAS-2) ---

my @as = $s->{signer} ? ('--signer-user', $s->{signer}) : ();
sub ca { return $s->htanshin('ca', @_) }
sub said { my ($command, $status, $pattern, $name) = @_; my $r = ca(@$command); is("$r->{status} " . ($r->{out} . $r->{err} =~ $pattern ? 'said' : $r->{out} . $r->{err}), "$status said", "CAS-2: $name") }
sub listed { my %state = ca('list')->{out} =~ /^(\S+)\s+(issuing|next|old|missing)\b/mg; return join ' ', map { "$_=$state{$_}" } sort keys %state }
sub rollover { my $file = "$dir/ca.rollover"; return -e $file ? Anshin::PKI::read_text($file) : 'none' }

said([ 'switch' ], 1, qr/there is no next CA/, 'without a next CA there is nothing to switch to');
said([ 'retire', 'ca' ], 1, qr/the CA ca issues/, 'the one that issues is not retired');
said([ 'retire', '../ca' ], 1, qr{there is no CA \.\./ca here}, 'nor one that there is not');
said([ 'create', '--next', '--name', 'Anshin test CA', @as ], 2, qr/has that name too/, 'two CAs of one name cannot be told apart');
is(rollover() . ' ' . join(' ', glob "$dir/ca-2*"), 'none ', 'CAS-2: what was refused leaves nothing behind');
said([ 'create', '--next', '--name', 'Anshin test CA 2', @as ], 0, qr/ca-2/, 'the next CA is made beside the one that issues');
said([ 'create', '--next', @as ], 1, qr/the next CA is there already/, 'one at a time');
is(listed(), 'ca=issuing ca-2=next clinic=issuing hospital=issuing', 'CAS-2: the list tells them apart') or diag(ca('list')->{out});
is((stat "$dir/ca-2.key")[4], (stat "$dir/ca.key")[4], 'CAS-2: its key is the signer\'s');
like($s->htanshin('check')->{out}, qr/reload/, 'CAS-2: check says that httpd does not know it yet');
$s->graceful(alone => 1);
like(asked_for('localhost'), qr/Anshin test CA\n.*Anshin test CA 2/s, 'CAS-2: the handshake names both');
like(issuer(person('p-01', 'p-01-usr002')->{pem}), qr/Anshin test CA$/, 'CAS-2: the old one issues until the switch');

said([ 'switch' ], 0, qr/ca-2/, 'the next one is to issue');
is(listed(), 'ca=old ca-2=issuing clinic=issuing hospital=issuing', 'CAS-2: the old one stays');
my $pid = $s->pid;
$s->graceful(alone => 1);
is($s->pid, $pid, 'CAS-2: nothing but a graceful restart');
my $new = person('p-01', 'p-01-usr003');
like(issuer($new->{pem}), qr/Anshin test CA 2$/, 'CAS-2: the new CA issues');
like(points_to($new->{pem}), qr{URI:\Q$url\E/ca-2\.crl$}m, 'CAS-2: and has its own distribution point');
is(opens($_), 200, 'CAS-2: ' . ($_ == $one ? 'an old certificate opens as before' : 'so does a new one')) for $one, $new;
for my $user ('p-01-usr002', 'p-01-usr003') {
    is($s->htanshin('--contract', 'p-01', 'cert', 'revoke', '--user', $user)->{status}, 0, "that of $user is revoked");
}
my $serials = sub { my ($name) = @_; return scalar(() = revoked_in($name) =~ /Serial Number/g) };
ok(Anshin::Server::wait_for(15, sub { $serials->('ca') == 1 && $serials->('ca-2') == 1 }), 'CAS-2: each is on the list of its CA') or diag($s->log);
is(crl_of($_)->code, 200, "CAS-2: $_.crl is served") for qw(ca ca-2);
like(ocsp('ca-2', $new->{pem}), qr/: revoked$/m, 'CAS-2: OCSP answers for the new CA');
like(ocsp('ca',   $one->{pem}), qr/: good$/m,    'CAS-2: and for the old one');

my $former = rollover();
said([ 'retire', 'ca' ], 1, qr/2 good certificates of the CA ca are left, the last until/, 'a CA with good certificates is not retired');
is(rollover(), $former, 'CAS-2: and nothing has changed');
said([ 'retire', 'ca', '--force' ], 0, qr/reload httpd/, 'unless it is forced');
is(opens($one), 200, 'CAS-2: which counts from the reload on');
$s->graceful(alone => 1);
isnt(opens($one), 200, 'CAS-2: then old certificates are refused');
is(verdict('localhost', $one->{pem}), 'foreign', 'CAS-2: as foreign ones');
unlike(asked_for('localhost'), qr/Anshin test CA\n/, 'CAS-2: the handshake names the old CA no more');
is(crl_of('ca')->code, 404, 'CAS-2: its list is no longer served');
is(opens(person('p-01', 'p-01-usr004')), 200, 'CAS-2: the new CA goes on');

# --- the key is in other hands while the CA still issues (CAS-4) ---

my $victim = person('p-01', 'p-01-usr005');
my $declared = ca('compromise', 'ca-2', '--yes');
is($declared->{status}, 0, 'CAS-4: the CA that issues is declared compromised') or diag($declared->{err});
like($declared->{out}, qr/certificates wait.*ca create --next/s, 'CAS-4: and what is left to do is said');
isnt(opens($victim), 200, 'CAS-4: its certificates are refused');
my $waiting = Anshin::Person->add($s, 'p-01-usr006', method => 'certificate');
my $seen = qr/電子証明書の発行を停止しています/;
like($waiting->register(client('localhost'))->text, $seen, 'CAS-4: whoever asks for one is told that none are issued');
ok($s->wait_log(qr/AN0787: job \S+ is tried again: .*the CA ca-2 issues nothing/), 'CAS-4: the worker makes none');
like(ca('list')->{out}, qr/^ca-2\s+compromised\b/m, 'CAS-4: ca list says so');
$check = $s->htanshin('check');
is($check->{status}, 2, 'CAS-4: to check that is critical');
like($check->{out}, qr/the CA ca-2 was declared compromised.*ca switch/s, 'CAS-4: with what to do') or diag($check->{out});
said([ 'create', '--next', '--name', 'Anshin test CA 3', @as ], 0, qr/ca-3/, 'a new CA is made');
said([ 'compromise', 'ca-2' ], 0, qr/"?to_revoke"?\D+0\b/, 'nothing was issued meanwhile');
said([ 'switch' ], 0, qr/ca-3/, 'it issues from now on');
$s->graceful(alone => 1);
$waiting->{host} = 'localhost';
like(issuer($waiting->fetch(client('localhost'))), qr/Anshin test CA 3$/, 'CAS-4: who has waited gets one of the new CA, by itself');
is(opens($waiting), 200, 'CAS-4: and is let in');
unlike($s->htanshin('check')->{out}, qr/compromised/, 'CAS-4: check has nothing to say any more');
is(join(' ', map { /\b(ca_\w+)/ ? "$1:" . (/-> (\S+)/ ? $1 : '') : () } split /\n/, $s->htanshin('audit', 'show')->{out}), 'ca_created:ca-2 ca_switched:ca-2 ca_retired:ca ca_compromised: ca_created:ca-3 ca_switched:ca-3',
    'AUD-1: the trail knows what was done with the CAs');

# A file that nobody of us has written.
my $whole = rollover();
Anshin::PKI::write_text("$dir/ca.rollover", '{"issuing":3,"last":2,"trusted":[1,2]}');
my $test = $s->configtest;
isnt($test->{status}, 0, 'CAS-2: configtest refuses a roll-over that cannot be');
like($test->{out} . $test->{err}, qr/AN1235: .*ca\.rollover/, 'CAS-2: and names it');
said([ 'list' ], 2, qr/AN1235/, 'so do the commands');
Anshin::PKI::write_text("$dir/ca.rollover", $whole);

$s->finish;
done_testing;
