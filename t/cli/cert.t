# htanshin cert, history and mail, after a registration on real parts (ADM-1, CRT-6, S20, S28).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(extra => <<'END')->start;
<AnshinContract p-02 modern>
AnshinPortalURL https://localhost:@PORT@/other
AnshinMailFrom other@example.com
</AnshinContract>
END

sub htanshin { return $s->htanshin('--contract', 'p-01', @_) }
sub json { my $r = htanshin('--json', @_); is($r->{status}, 0, "@_") or diag($r->{err}); return decode_json($r->{out}) }
sub listed_in_other { my ($what) = @_; return decode_json($s->htanshin('--contract', 'p-02', '--json', $what, 'list')->{out}) }

sub refused {
    my ($what, $status, $pattern, @arguments) = @_;
    my $r = $arguments[0] eq '--contract' ? $s->htanshin(@arguments) : htanshin(@arguments);
    is($r->{status}, $status, "$what: exit code $status") or diag("$r->{out}$r->{err}");
    like($r->{err}, $pattern, "$what: the reason");
    return;
}

my $which = $s->htanshin('cert', 'list');
is($which->{status}, 2, 'CON-1: no contract named where there are two');
like($which->{err}, qr/--contract: must name one of p-01, p-02/, 'CON-1: the names');

sub person {
    my ($name) = @_;
    my $person = Anshin::Person->add($s, $name, method => 'certificate', label => 'Front <1>');
    $person->register;
    $person->fetch;
    return $person;
}
my $user   = person('p-01-usr001');
my $client = $s->client(cert => $user->{pem});
is($user->login($client)->status, 303, 'a user logs in');

# --- certificates ---

my $list = json('cert', 'list');
is(scalar @$list, 1, 'one certificate');
my ($name) = $list->[0]{name} =~ /^(p-01-usr001 \d{4}-\d\d-\d\d)\z/;
ok($name, "LST-1: the name has user ID and day") or diag($list->[0]{name});
is_deeply([ map { $_->[0]{label} } $list, json('session', 'list', 'p-01-usr001'), json('history', 'p-01-usr001', '--limit', 1) ],
    [ ('Front <1>') x 3 ], 'LST-1: certificate, session and history name the terminal by its label');
like($client->get("/anshin/$_")->text, qr/<bdi class="terminal-label">Front &lt;1&gt;</, "LST-1: and so does the page $_") for qw(sessions history);
like($user->wait_text(qr/(^■ 端末\R.*)/m), qr/\n1 \(Front <1>\)/, 'LST-1: and the mail');
is_deeply([ @{ $list->[0] }{qw(user terminal name state)} ], [ 'p-01-usr001', 1, $name, 'active' ], 'its row');
chomp(my $cn = `openssl x509 -noout -subject -nameopt multiline,-esc_msb,utf8 -in $user->{pem}`);
like($cn, qr/commonName += \Q$name\E$/m, 'LST-1: the CN is that name');
like($client->get('/anshin/account')->text, qr/<bdi>\Q$name\E</, 'LST-1: the account page tells it');
ok($user->wait_text(qr/(^\Q$name\E)\R/m), 'LST-1: and so does the mail');
is(htanshin('user', 'set', 'p-01-usr001', '--organisation', '㈱安心薬局')->{status}, 0, 'ATT-1: the user has an organisation');
is_deeply([ map { scalar @{ json('cert', 'list', @$_) } } [ '--organisation', '㈱安心薬局' ], [ '--organisation', '㈱安心薬局', '--expires-within', '400d' ],
    [ '--organisation', '㈱安心薬局', '--expires-within', '40d' ], [ '--organisation', 'another' ] ], [ 1, 1, 0, 0 ], 'REN-4, ATT-1: a list by organisation, and of what ends soon');
refused('ATT-1: an organisation that cannot be', 2, qr/--organisation: it has a character/, 'cert', 'list', '--organisation', "a\nb");
my $serial = $list->[0]{serial};
chomp(my $said = `openssl x509 -noout -serial -in $user->{pem}`);
is(lc $said, "serial=$serial", 'the serial is that of the certificate in the file');
my $show = json('cert', 'show', $serial);
chomp(my $print = `openssl x509 -noout -fingerprint -sha256 -in $user->{pem}`);
$print =~ s/.*=//; $print =~ tr/://d;
is($show->{fingerprint}, lc $print, 'and so is the fingerprint');
(my $colons = uc $serial) =~ s/(..)(?=.)/$1:/g;
is(json('cert', 'show', $_)->{serial}, $serial, "written as $_") for $colons, "0x$serial", "00$serial";
is_deeply(json('cert', 'list', '--user', 'p-01-usr009'), [], 'none of another user');
is_deeply(json('cert', 'list', '--state', 'revoked'), [], 'none revoked');

refused('a serial that is none', 2, qr/SERIAL: must be/, 'cert', 'show', $_) for 'xyz', '', ':', "$serial/", 'ab' x 21, "ab\n";
refused('an unknown serial', 1, qr/contract p-01 has no certificate ff \(AN0840\)/, 'cert', 'show', 'ff');
refused('CON-1: another contract\'s certificate', 1, qr/contract p-02 has no certificate/, '--contract', 'p-02', 'cert', 'show', $serial);
is_deeply(listed_in_other('cert'), [], 'CON-1: its list has none either');
refused('CON-1: nor can that contract revoke it', 1, qr/has no certificate/, '--contract', 'p-02', 'cert', 'revoke', $serial);
refused('neither serial nor user', 2, qr/give a SERIAL or --user/, 'cert', 'revoke');
refused('both', 2, qr/give a SERIAL or --user/, 'cert', 'revoke', $serial, '--user', 'p-01-usr001');
refused('an unknown reason', 2, qr/--reason: must be one of unspecified, keyCompromise/, 'cert', 'revoke', $serial, '--reason', 'lost');
is($client->get('/members/')->status, 200, 'still logged in');

my $told = $s->htanshin('--contract', 'p-01', 'cert', 'revoke', '--user', 'P-01-USR001', '--dry-run');
like($told->{out} . $told->{err}, qr/^,p-01-usr001,revoked,of 1 device\r?\n.*dry run, nothing is written: 1 revoked/ms, 'ADM-3: a rehearsal of that tells what it would revoke');
is($client->get('/members/')->status, 200, 'and revokes nothing');
is(json('cert', 'show', $serial)->{state} eq 'revoked' ? 1 : 0, 0, 'nor does the list say so');
is_deeply(json('cert', 'revoke', '--user', 'P-01-USR001', '--reason', 'keyCompromise')->{revoked}, [$serial], 'revoke by user');
isnt($client->get('/members/')->status, 200, 'CRT-6, S20: refused with the very next request, on the same connection');
$show = json('cert', 'show', $serial);
is_deeply([ @$show{qw(state reason)} ], [ 'revoked', 'keyCompromise' ], 'state and reason');
like($show->{revoked_at}, qr/^\d{4}-/, 'and when');
refused('revoked already', 1, qr/is revoked already/, 'cert', 'revoke', $serial);
refused('nothing left to revoke', 1, qr/has no active certificate/, 'cert', 'revoke', '--user', 'p-01-usr001');

# --- history (S28) ---

my $history = json('history', 'p-01-usr001');
my %results = map { $_->{result} => $_ } @$history;
ok($results{$_}, "S28: $_ is recorded") for qw(registered downloaded login_ok);
is($results{login_ok}{address}, '127.0.0.1', 'S28: with the address');
is($results{login_ok}{certificate}, $serial, 'S28: and the certificate');
like($results{login_ok}{at}, qr/T[\d:]{8}[+-]\d\d:\d\d$/, 'S28: and the time with its offset from UTC');
is(scalar @{ json('history', 'p-01-usr001', '--limit', 1) }, 1, 'limit');
is(json('history', 'p-01-usr001', '--limit', 1)->[0]{at}, $history->[0]{at}, 'newest first');
is_deeply([ map { @{ json('history', 'p-01-usr001', '--limit', 1, '--after', $_) } } 0 .. $#$history ], $history, 'D4: one by one it is the same history');
is_deeply(json('history', 'p-01-usr001', '--after', scalar @$history), [], 'D4: and the end of it');
{
    my $holes = $#$history - 1;    # one after the newest
    my $lost = $s->run(Anshin::Server::out() . '/tools/drop', $s->state, sprintf('p-01/p-01-usr001/%016x', $holes), { env => 1 });
    is($lost->{status}, 0, 'an entry is lost') or diag($lost->{err});
    my @left = @$history[ 0, 2 .. $#$history ];
    is_deeply(json('history', 'p-01-usr001', '--limit', scalar @left), \@left, 'D4: a series with a hole is listed to its end');
    is_deeply(json('history', 'p-01-usr001', '--limit', 2), [ @left[ 0, 1 ] ], 'D4: and as many as were asked for');
}
refused('history of nobody', 1, qr/contract p-01 has no user nobody, and no history/, 'history', 'nobody');
refused('history of neither', 2, qr/give a USER or --unknown/, 'history');
refused('history of both', 2, qr/give a USER or --unknown/, 'history', 'x', '--unknown');
refused("limit $_", 2, qr/--limit: must be a number from 1/, 'history', 'x', '--limit', $_) for 0, -1, 'x', '';
is_deeply(json('history', '--unknown'), [], 'no attempts of unknown users yet');

# What a stranger types reaches the operator's terminal as text (S27).
my $other    = person('p-01-usr002');
my $certs    = json('cert', 'list');
is(scalar @$certs, 2, 'two certificates');
is_deeply([ json('cert', 'list', '--limit', 1), json('cert', 'list', '--after', $certs->[0]{serial}) ], [ [ $certs->[0] ], [ $certs->[1] ] ],
    'D4: the newest, and what comes after it');
is_deeply(json('cert', 'list', '--after', $certs->[1]{serial}), [], 'D4: and the end of it');
refused('D4: the rest after a certificate that is not there', 1, qr/has no certificate ff/, 'cert', 'list', '--after', 'ff');

# REN-4: whose end soon, and the same for spreadsheets (what hostile cells become: t/unit/htanshin/test_csv.c).
is_deeply(json('cert', 'list', '--expires-within', '366d'), [ $certs->[0] ], 'REN-4: what ends within a time; what was revoked is nobody\'s business');
is_deeply(json('cert', 'list', '--expires-within', '364d'), [], 'REN-4: what ends later is not listed');
refused("REN-4: within $_", 2, qr/--expires-within: must be a time up to 3650d, such as 12h or 40d/, 'cert', 'list', '--expires-within', $_) for '40', 'none', '3651d', '-1d', '';
my $csv = htanshin('cert', 'list', '--csv', '--bom');
is($csv->{status}, 0, 'REN-4: as CSV') or diag($csv->{err});
my @lines = split /\r\n/, $csv->{out}, -1;
is($lines[0], "\xef\xbb\xbf" . 'serial,user,terminal,label,name,state,issued_at,not_after', 'REN-4: with a mark for Excel and the names of the columns');
like($lines[1], qr/^\Q$certs->[0]{serial}\E,p-01-usr002,1,[^,]*,[^,]+,active,\d{4}-[^,]+,\d{4}-[^,]+$/, 'REN-4: a row each');
is_deeply([ scalar @lines, $lines[3] ], [ 4, '' ], 'REN-4: RFC 4180: each line ends');
refused('REN-4: two forms at once', 2, qr/--csv and --json: give one of them/, '--json', 'cert', 'list', '--csv');
refused('REN-4: a mark without CSV', 2, qr/--bom: give --csv as well/, 'cert', 'list', '--bom');

my $stranger = $s->client(cert => $other->{pem});
$other->login($stranger, user => "evil\x{202e}\x{1b}x", password => 'whatever it is');
my $unknown = json('history', '--unknown');
is(scalar @$unknown, 1, 'S28: an attempt of an unknown user');
is($unknown->[0]{result}, 'unknown_user', 'its result');
unlike(htanshin('history', '--unknown')->{out}, qr/[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80\xae/, 'S27: nothing that moves a terminal');

# --- mail ---

my $mail = json('mail', 'list', '--user', 'p-01-usr001');
cmp_ok(scalar @$mail, '>=', 1, 'mail to the user');
my $mails = json('mail', 'list');
is_deeply([ json('mail', 'list', '--limit', 1), json('mail', 'list', '--after', $mails->[0]{id}) ], [ [ $mails->[0] ], [ @$mails[1 .. $#$mails] ] ],
    'D4: the newest mail, and what comes after it');
refused('D4: the rest after what is no mail', 2, qr/ID: must be/, 'mail', 'list', '--after', 'x');
is($mail->[-1]{state}, 'spooled', 'lies in the Maildir: nobody knows yet that it is carried on');
is($mail->[-1]{kind}, 'certificate-ready', 'its kind');
my $id = $mail->[-1]{id};
is(json('mail', 'show', $id)->{user}, 'p-01-usr001', 'mail show');
refused('the text of a delivered mail', 1, qr/was wiped when it was delivered/, 'mail', 'show', $id, '--text');
refused('an ID that is none', 2, qr/ID: must be the 32 hexadecimal digits/, 'mail', 'show', $_) for '', '../../x', uc "$id", "$id\n";
refused('an unknown ID', 1, qr/contract p-01 has no mail/, 'mail', 'show', '0' x 32);
refused("a delivered mail: $_", 1, qr/AN1114/, 'mail', $_, $id) for qw(retry drop);
refused("an unknown mail: $_", 1, qr/contract p-01 has no mail/, 'mail', $_, '0' x 32) for qw(retry drop);
is_deeply(listed_in_other('mail'), [], 'CON-1: none of it is in the list of another contract');
refused('CON-1: another contract\'s mail', 1, qr/contract p-02 has no mail/, '--contract', 'p-02', 'mail', 'show', $id);

# --- check (CON-4) ---

my $check = $s->htanshin('--json', 'check', '--policy');
is($check->{status}, 1, 'CON-4: a classic contract departs from modern');
my %departs = map { $_->{directive} => $_ } @{ decode_json($check->{out})->{departures} };
is_deeply([ @{ $departs{AnshinPasswordMinLength} }{qw(contract value modern)} ], [ 'p-01', '8', '15' ], 'CON-4: with both values');
like($departs{AnshinPasswordMinLength}{why}, qr/SP 800-63B/, 'CON-4: and the reason');
ok(!$departs{AnshinTitle} && !$departs{AnshinPasswordAttempts}, 'what is the operator\'s business, or stricter, is no departure');
my $modern = $s->run($s->root . '/bin/htanshin', '-d', $s->state, '--json', '--contract', 'p-02', 'check', { env => 1 });
is_deeply([ map { $_->{directive} } @{ decode_json($modern->{out})->{departures} } ], ['AnshinPasswordBlocklist'],
    'CON-4: a modern one lacks its blocklist alone');
my $finance = $s->run($s->root . '/bin/htanshin', '-d', $s->state, '--json', '--contract', 'p-02', 'check', '--policy', '--preset', 'finance', { env => 1 });
my ($attempts) = grep { $_->{directive} eq 'AnshinPasswordAttempts' } @{ decode_json($finance->{out})->{departures} };
is_deeply([ @{$attempts}{qw(value finance)} ], [ 10, 5 ], 'NOM-2: and it departs from finance, with both values');
my ($links) = grep { $_->{directive} eq 'AnshinMailLinks' } @{ decode_json($finance->{out})->{departures} };
is_deeply([ @{$links}{qw(value finance)} ], [ 'on', 'off' ], 'NOM-1, NOM-2: so does mail with links');
refused('check against what is no preset', 2, qr/--preset strict: must be one of classic, modern, finance/, 'check', '--preset', 'strict');
refused('check of an unknown contract', 1, qr/contract p-99: is not declared/, '--contract', 'p-99', 'check');
$s->finish;
done_testing;
