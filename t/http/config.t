# The directives: what is wrong stops configtest with file, line, value and what is allowed (CON-1, CON-3, CON-4).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use JSON::PP ();
use Anshin::PKI;
use Anshin::Server;

my $s    = Anshin::Server->new(server => 'AnshinCAWorker off');
my $conf = $s->root . '/httpd.conf';
my $good = Anshin::PKI::read_text($conf);

# configtest of the good configuration with some text replaced; the line of the mark LINE in it is checked.
sub try_conf {
    my ($from, $to) = @_;
    my $text = $good;
    if (defined $from) {
        index($text, $from) >= 0 or die "no $from in the configuration";
        substr $text, index($text, $from), length $from, $to;
    }
    Anshin::PKI::write_text($conf, $text);
    return $s->configtest;
}

sub line_of {
    my ($part) = @_;
    my $before = substr $good, 0, index $good, $part;
    return 1 + ($before =~ tr/\n//);
}

sub refused {
    my ($from, $to, $said, $what) = @_;
    my $r = try_conf($from, $to);
    isnt($r->{status}, 0, "refused: $what");
    like($r->{err}, $said, 'with the value and what is allowed');
    return $r;
}

my $contract = '<AnshinContract p-01 classic>';
my $portal   = 'AnshinPortalURL https://localhost:' . $s->port . '/anshin';
my $use      = 'AnshinUse p-01';

is(try_conf()->{status}, 0, 'the configuration of the suites is right') or diag(try_conf()->{err});

# --- values ---

my $r = refused($portal, "$portal\nAnshinPasswordMinLength 7",
    qr/AnshinPasswordMinLength: "7" is not allowed; give a number from 8 to 128/, 'CON-3: a number below its bound');
my $line = line_of($portal) + 1;
like($r->{err}, qr/Syntax error on line $line of \Q$conf\E/, 'file and line are named');
refused($portal, "$portal\nAnshinSessionIdle 30", qr/"30" is not allowed; give a time from 1m to 30d/, 'CON-3: a time without a unit');
refused($portal, "$portal\nAnshinReauthenticate none", qr/"none" is not allowed; give a time from 1s to 1d/, 'S12: sensitive changes always ask for the password at some time');
refused($portal, "$portal\nAnshinShowAttempts maybe", qr/"maybe" is not allowed; give one of: off remaining limit/, 'CON-3: a word');
refused($portal, "$portal\nAnshinLoginMethods certificate retina", qr/"retina" is not allowed; give none, or some of: password otp certificate/,
    'CON-3: one of several words');
refused($portal, "$portal\nAnshinTitle", qr/AnshinTitle takes one argument, not 0/, 'no value');
refused($portal, "$portal\nAnshinTitle a b", qr/AnshinTitle takes one argument, not 2/, 'two values');
refused($portal, "$portal\nAnshinTitle \"\x01\"", qr/without control characters/, 'a control character');
refused($portal, "$portal\nAnshinPasswordBlocklist nowhere/words.txt", qr/AnshinPasswordBlocklist ".*nowhere\/words.txt": there is no such file/,
    'PWD-2: a blocklist that is not there');
refused('AnshinHashMemory 8192', 'AnshinHashMemory 8191', qr/"8191" is not allowed; give a number from 8192/, 'a setting of the server');
refused('AnshinCAWorker off', 'AnshinCAWorker perhaps', qr/"perhaps" is not allowed; give on or off/, 'a flag');

# --- checks over several options: the line is that of the option ---

$r = refused($portal, "$portal\nAnshinPasswordMinLength 40", qr/AnshinPasswordMinLength "40": it is more than AnshinPasswordMaxLength/,
    'CON-3: minimum above maximum');
like($r->{err}, qr/on line $line of/, 'the line of the option, not of the contract');
refused($portal, 'AnshinTitle x', qr/contract p-01: AnshinPortalURL is missing/, 'CON-1: no portal URL');
refused($portal, 'AnshinPortalURL http://localhost/anshin', qr/give an absolute https URL/, 'CON-1: a portal without TLS');
refused($portal, 'AnshinPortalURL https://localhost/anshin?x=1', qr/without user, query and fragment/, 'CON-1: a portal with a query');

# --- places ---

refused($use, "$use\nAnshinPasswordMinLength 9", qr/AnshinPasswordMinLength is a setting of a contract; it belongs inside <AnshinContract NAME>/,
    'CON-1: a setting of a contract in a virtual host');
refused($contract, "AnshinTitle x\n$contract", qr/belongs inside <AnshinContract NAME>/, 'CON-1: and in the server');
refused($use, "$use\nAnshinStateDir elsewhere", qr/AnshinStateDir .*VirtualHost/, 'a setting of the server in a virtual host');
refused($portal, "$portal\nKeepAlive off", qr/KeepAlive is no setting of a contract/, 'another directive inside a contract');
refused($portal, "$portal\n<Location />\n</Location>", qr/<Location is no setting of a contract/, 'a section inside a contract');
refused($use, "$use\n<AnshinContract p-02>\n$portal\n</AnshinContract>", qr/VirtualHost/, 'a contract inside a virtual host');
refused($use, 'AnshinUse p-02', qr/line \d+ of \Q$conf\E: no contract is called "p-02"; give one of: none, p-01/, 'CON-1: an unknown contract');
refused('AuthType Anshin', "AnshinUse p-03\nAuthType Anshin", qr/no contract is called "p-03"/, 'CON-1: also for a place');

# --- contracts ---

my $second = "<AnshinContract p-02 modern>\nAnshinPortalURL https://localhost/two\nAnshinMailFrom a\@b.example\n</AnshinContract>\n";
refused($contract, "$second$second$contract", qr/contract p-02 is declared already/, 'CON-1: two of one name');
refused($contract, "<AnshinContract p-02>\n$portal\n</AnshinContract>\n$contract", qr/contracts p-02 and p-01 have the same AnshinPortalURL/,
    'CON-1: two at one URL');
refused($contract, "$contract\nAnshinCertificateName \"%{user} %{day}\"", qr/AnshinCertificateName "%\{user\} %\{day\}": %\{day\} is not known; give %\{user\}/,
    'LST-1: a name with a part that nobody knows');
refused($contract, '<AnshinContract P_01>', qr/"P_01" cannot name a contract; give 1 to 32 of a-z, 0-9 and '-'/, 'CON-1: a wrong name');
refused($contract, '<AnshinContract>', qr/cannot name a contract/, 'CON-1: no name');
refused($contract, '<AnshinContract none>', qr/no contract can be called none/, 'CON-1: the name that means no contract');
refused($contract, '<AnshinContract p-01 strict>', qr/"strict" is not allowed, give one of: classic modern finance/, 'CON-4: an unknown preset');
refused($contract, '<AnshinContract p-01 classic modern>', qr/give one of: classic modern finance/, 'CON-4: two presets');
refused('AnshinStateDir "' . $s->state . '"', '', qr/AnshinStateDir is missing/, 'no state directory');

# --- Require ---

refused('Require valid-user', 'Require anshin methods certificate', qr/"methods" is not allowed; give method, terminal, contract, group or organisation/, 'APP-1: unknown subject');
refused('Require valid-user', 'Require anshin method retina', qr/"retina" is not allowed; give some of: password otp certificate/, 'APP-1: unknown method');
refused('Require valid-user', 'Require anshin terminal tablet', qr/"tablet" is not allowed; give some of: pc mobile smartphone/, 'APP-1: unknown kind');
refused('Require valid-user', 'Require anshin method', qr/no word follows; give at least one/, 'APP-1: no word');
refused('Require valid-user', 'Require anshin contract p-04', qr/no contract is called "p-04"/, 'APP-1: unknown contract');
is(try_conf('Require valid-user', 'Require anshin method password Certificate')->{status}, 0, 'APP-1: methods are taken');
is(try_conf('Require valid-user', 'Require anshin contract p-01')->{status}, 0, 'APP-1: a contract is taken');
refused('Require valid-user', 'Require anshin group sales a,b', qr/"a,b" cannot be the name of a group; give 1 to 32 of/, 'ATT-1: what cannot be a group');
refused('Require valid-user', 'Require anshin group', qr/anshin group: no word follows/, 'ATT-1: no group');
refused('Require valid-user', "Require anshin organisation @{[ 'x' x 65 ]}", qr/it is longer than 64 characters/, 'ATT-1: what cannot be an organisation');
refused('Require valid-user', 'Require anshin organisation', qr/anshin organisation: no word follows/, 'ATT-1: none at all');
is(try_conf('Require valid-user', 'Require anshin group Sales hr')->{status}, 0, 'ATT-1: groups are taken');
is(try_conf('Require valid-user', 'Require anshin organisation "㈱安心薬局" other')->{status}, 0, 'ATT-1: organisations are taken');

# --- lines of others that use certificates where Anshin asks for them (ISO-1, S33) ---

my @uses = (
    'SSLVerifyClient require', 'SSLVerifyClient "optional_no_ca"', 'SSLUserName SSL_CLIENT_S_DN_CN', 'SSLOptions StdEnvVars +fakebasicauth',
    'SSLRequire %{SSL_CLIENT_VERIFY} eq "SUCCESS"', q{Require expr "%{SSL_CLIENT_S_DN_O} == 'Partner'"}, q{Require expr "'x' in PeerExtList('1.2.3')"},
    "RequestHeader set X-DN %{ssl_client_s_dn}s", 'AuthBasicFake %{SSL_CLIENT_S_DN} x', "<If \"-n %{SSL_CLIENT_CERT}\">\n</If>"
);
my @places = (["$use\n<Location /partner>", '</Location>'], ["$use\n<Directory /x>\n<IfModule ssl_module>\n<Files x>", "</Files>\n</IfModule>\n</Directory>"]);
my $last;
for my $n (0 .. $#uses) {
    my ($before, $after) = @{ $places[$n % 2] };
    $last = refused($use, "$before\n$uses[$n]\n$after", qr/AN0944: line \d+ of \Q$conf\E: "(?:[^"]|"(?! uses))*" uses client certificates on host localhost/, "ISO-1: $uses[$n]");
}
like($last->{err}, qr/virtual host of its own that says AnshinUse none/, 'with the way out');
refused($use, "$use\n$_", qr/AN0944: /, "ISO-1: $_ of the host itself") for 'SSLVerifyClient require', 'SSLOCSPEnable on', 'SSLCARevocationCheck chain';
refused($contract, "<Location />\nSSLUserName SSL_CLIENT_S_DN\n</Location>\n$contract", qr/AN0944: /, 'ISO-1: a line for all hosts');
my @harmless = (
    'SSLVerifyClient none', 'SSLOptions +StdEnvVars -FakeBasicAuth', 'SSLOCSPEnable off', 'SSLCARevocationCheck none', 'LogFormat "%{SSL_CLIENT_S_DN}x" dn',
    'SSLRequire %{SSL_CIPHER_USEKEYSIZE} >= 128', qq{<Location /x>\nRequire expr "%{SSL_CLIENT_VERIFY} == 'SUCCESS'"\n</Location>}
);
$r = try_conf($use, join "\n", $use, @harmless[0, 2, 3, 4], '<Location /y>', @harmless[1, 5], '</Location>', $harmless[6]);
is($r->{status}, 0, 'ISO-1: lines that use none are taken') or diag($r->{err});
is(try_conf('AnshinUse p-01', "AnshinUse none\nSSLVerifyClient require\nSSLUserName SSL_CLIENT_S_DN_CN")->{status}, 0, 'ISO-1: the way out is one');
my $other = "<VirtualHost *:4>\nSSLVerifyClient require\n</VirtualHost>\n";
is(try_conf($contract, "$other$contract")->{status}, 0, 'ISO-1: a host without a place of ours verifies as it likes');
refused($contract, "<Location /everywhere>\nAuthType \"Anshin\"\n</Location>\n$other$contract", qr/AN0944: .*SSLVerifyClient require/, 'ISO-1: not so where all hosts have one');

# --- mail: who carries it on is for the operator to say ---

my $spool = 'AnshinMailSpool "' . $s->state . '/mail"';
unlike(try_conf()->{err}, qr/AN1113/, 'MAI-1: with AnshinMailSpool somebody has said so');
my $nobody = try_conf($spool, '');
is($nobody->{status}, 0, 'MAI-1: without it and AnshinMailCommand configtest goes on');
like($nobody->{err}, qr{AN1113: nobody carries mail on: it lies in \S+/state/mail\. Give AnshinMailCommand, .* or AnshinMailSpool}, 'and warns');
unlike(try_conf($spool, 'AnshinMailCommand "/usr/sbin/sendmail -t -i"')->{err}, qr/AN1113/, 'MAI-1: a command carries it on');

# --- what is right ---

refused($contract, $second =~ s/AnshinMailFrom.*\n//r . $contract, qr/contract p-02: mail: "noreply\@localhost" is not a sender; give AnshinMailFrom an address/,
    'MAI-2: a portal whose host makes no sender, and none given');
is(try_conf($contract, "$second$contract")->{status}, 0, 'CON-1: several contracts');
is(try_conf($use, '')->{status}, 0, 'CON-1: without AnshinUse the only contract serves');
is(try_conf($use, 'AnshinUse none')->{status}, 0, 'CON-1: no contract serves');

# --- the effective configuration ---

Anshin::PKI::write_text($conf, $good =~ s/\Q$portal\E/$portal\nAnshinPasswordMinLength 12\nAnshinTerminalKinds pc/r =~ s/\Q$contract\E/$second$contract/r);
$r = $s->configtest('-D', 'DUMP_ANSHIN');
is($r->{status}, 0, '-D DUMP_ANSHIN');
my $dump = JSON::PP::decode_json($r->{out});
is($dump->{server}{AnshinStateDir}, $s->state, 'the state directory');
is($dump->{server}{AnshinCACertificate}, $s->state . '/ca/ca.crt', 'a place that follows from it');
is_deeply([map { "$_->{name} $_->{preset}" } @{ $dump->{contracts} }], ['p-02 modern', 'p-01 classic'], 'CON-1: contracts in order, with their presets');
is($dump->{contracts}[1]{policy}{AnshinPasswordMinLength}, '12', 'what was set');
is($dump->{contracts}[1]{policy}{AnshinPasswordMaxLength}, '32', 'CON-4: a default of classic');
is($dump->{contracts}[0]{policy}{AnshinPasswordMinLength}, '15', 'CON-4: a default of modern');
is_deeply($dump->{contracts}[1]{policy}{AnshinTerminalKinds}, ['pc'], 'a set');
ok(!-e $s->state . '/config.json', 'configtest leaves no snapshot');
$s->start;
my $snapshot = JSON::PP::decode_json(Anshin::PKI::read_text($s->state . '/config.json'));
delete $_->{findings} for $snapshot, $dump;    # what is seen of httpd itself, by a start alone (ADM-1)
is_deeply($snapshot, $dump, 'the snapshot says the same');
is((stat $s->state . '/config.json')[2] & 07777, 0640, 'S31: the snapshot is not for the world');
is((stat $s->state . "/$_")[2] & 07777, 02770, "S31: $_ belongs to the group alone") for qw(store slots run mail crl);
is((stat $s->state)[2] & 07777, 0750, 'S31: the state directory is not for the group to write');
is((stat $s->state . '/seal.key')[2] & 07777, 0640, 'S31: the seal key');
$s->stop;

# --- what start refuses ---

chmod 02775, $s->state;
ok(!eval { $s->start; 1 }, 'S31: a state directory open to the world: httpd does not start');
like($s->log, qr/AN0544: \S+ has mode 2775, which lets everybody in/, 'and says why');
chmod 0750, $s->state;
SKIP: {
    skip 'needs root', 2 if $> != 0;
    chown 0, 0, $s->state;
    ok(!eval { $s->start; 1 }, 'S31: a state directory of another group: httpd does not start');
    like($s->log, qr/AN0545: \S+ does not belong to AnshinGroup/, 'and says why');
    chown 0, scalar getgrnam($s->{group}), $s->state;
    chmod 0750, $s->state;
}
Anshin::PKI::write_text($conf, $good);
$s->start;
is($s->client->get('/open/')->status, 200, 'mended, it starts');
$s->finish;
done_testing;
