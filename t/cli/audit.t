# The audit trail (AUD-1..3, ADM-3): who did what, by whom it was, what shows when somebody lays hands on it, and where it goes.
use strict;
use warnings;
use lib 't/lib';
use utf8;
use File::Temp ();
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Person;
use Anshin::PKI;
use Anshin::Server;

# A command that takes events into a file, unless it is told to refuse; it says so with its exit status alone.
my $outside = File::Temp->newdir;
chmod 0777, "$outside";
mkdir "$outside/archive" and chmod 0777, "$outside/archive";
my ($taken, $refuse) = ("$outside/taken", "$outside/refuse");
Anshin::PKI::write_text("$outside/take", "#!/bin/sh\ncat >> $taken\ntest ! -e $refuse\n");
chmod 0755, "$outside/take";
Anshin::PKI::write_text($refuse, '');

my $s = Anshin::Server->new(clock => 1, contract => 'AnshinLoginMethods password certificate', server => "AnshinAuditCommand \"$outside/take\"\nAnshinAuditRetention 1h")->start;
my $segment = $s->state . '/audit/here-00000001.jsonl';

sub audit { my (@arguments) = @_; return $s->htanshin('--json', 'audit', @arguments) }
sub events { my $r = audit('show', @_); is($r->{status}, 0, "audit show @_") or diag($r->{err}); return @{ decode_json($r->{out}) } }
# By the clock of httpd.
sub old { return join ' ', map { $_->{problem} } grep { $_->{id} eq 'audit-old' } @{ decode_json($s->run('/usr/bin/env', map({ "$_=$s->{environment}{$_}" } qw(LD_PRELOAD ANSHIN_LATER)), $s->root . '/bin/htanshin', '-d', $s->state, '--json', 'check', { env => 1 })->{out})->{problems} } }
sub acts { return join(' ', map { $_->{act} } @_) }

# Nothing waits in the store any more.
sub chained {
    return Anshin::Server::wait_for(20, sub { my $r = audit('verify'); $r->{status} == 0 && decode_json($r->{out})->{unchained} == 0 });
}

my $person = Anshin::Person->add($s, 'shirabe-01', address => 'shirabe@mailbox.example');
my $other = Anshin::Person->add($s, 'hoka-02');
$person->register;
$person->login($s->client, password => 'wrong-Pass-1');
is($person->login($s->client)->status, 303, 'a user is logged in');
$person->login($s->client, user => 'nanashi');
is($s->run('/usr/bin/env', 'SUDO_USER=suzuki', $s->root . '/bin/htanshin', '-d', $s->state, '--operator', 'tanaka', 'user', 'lock', 'shirabe-01', { env => 1 })->{status}, 0, 'an operator locks the user');
is($s->htanshin('user', 'unlock', 'shirabe-01', '--operator', 'tanaka')->{status}, 0, 'and unlocks');
is($s->htanshin('user', 'lock', 'nobody-at-all')->{status}, 1, 'a user who is not there is not locked');
ok(chained(), 'AUD-1: the worker chains what was told');

# --- who did what ---
{
    my @all = events();
    my @own = events('--user', 'Shirabe-01');
    like(acts(@own), qr/^account_created registered wrong_password login_ok account_locked account_unlocked$/, 'AUD-1: every act, in its order: ' . acts(@own));
    is(scalar(grep { $_->{act} eq 'account_locked' } @all), 1, 'AUD-1: none of a change that was not made');
    my ($made, undef, $wrong, $login, $locked) = @own;
    is("$made->{by} $made->{operator} $made->{uid}", 'operator ' . getpwuid($<) . " $<", 'ADM-3: the operator by the real user');
    is($made->{claimed}, undef, 'ADM-3: who says nothing claims nothing');
    is($locked->{claimed}, 'tanaka (sudo suzuki)', 'ADM-3: --operator and what sudo says stand as what is claimed');
    is("$wrong->{by} $wrong->{address} $login->{address}", 'stranger 127.0.0.1 127.0.0.1', 'AUD-1: from where');
    like($login->{account}, qr/^[0-9a-f]{32}$/, 'AUD-1: on whom, by the number of the account');
    is($locked->{before} . ' ' . $locked->{after}, 'active locked', 'AUD-1: what it was before, and is after');
    is(acts(grep { $_->{act} eq 'unknown_user' } @all), '', 'S37: who is turned away stands in the history, which is bounded, and not in the trail');
    like($s->htanshin('history', '--unknown')->{out}, qr/nanashi/, 'there it stands, with what was typed');
    is(acts(events('--operator', 'tanaka')), 'account_locked account_unlocked', 'ADM-3: by operator, with sudo or without');
    is(acts(events('--operator', 'suzuki')), 'account_locked', 'ADM-3: and by what sudo said');
    is(acts(events('--operator', $_)), '', "ADM-3: not by a part of a name: $_") for 'tanak', 'uzuki', 'tanaka (sudo';
    is(acts(events('--since', '2099-01-01')), '', 'ADM-3: by time, since');
    is(acts(events('--until', '2001-01-01T00:00Z')), '', 'and until');
    is(scalar events('--since', '1d'), scalar @all, 'and a span');
    is(audit('show', '--since', $_)->{status}, 2, "a time that is none is wrong usage: $_") for 'gestern', '2026-1-1', '2026-02-31', '2026-01-01T24:00', '2026-01-01T5', '2026-01-01T05:00+9';
    is(scalar events('--since', '2001-01-01T00:00:00+09:00', '--until', '2099-01-01'), scalar @all, 'a time with a zone, and a day');
    my $shown = decode_json($s->htanshin('--json', 'user', 'show', 'shirabe-01')->{out});
    is(join(' ', map { "$_->{act}:$_->{operator}" } @{ $shown->{operators} }), 'account_unlocked:' . getpwuid($<) . ', says tanaka account_locked:' . getpwuid($<) . ', says tanaka (sudo suzuki)', 'ADM-3: user show tells who did what, the newest first');
    my ($unlocked) = grep { $_->{result} eq 'account_unlocked' } @{ decode_json($s->htanshin('--json', 'history', 'shirabe-01')->{out}) };
    is($unlocked->{operator} . ($unlocked->{address} // ''), getpwuid($<) . ', says tanaka', 'ADM-3: so does history, and not from where');
    my $c = $s->client;
    $person->login($c);
    my $page = $c->get('/anshin/history')->text;
    like($page, qr/アカウントのロックの解除（管理者による）/, 'ACC-4: the user sees that an administrator did it');
    unlike($page, qr/tanaka|suzuki/, 'ACC-4: and not who');
    like($s->htanshin('audit', 'show', '--user', 'hoka-02')->{out}, qr/account_created .*hoka-02/, 'as a table');
    my $text = Anshin::PKI::read_text($segment);
    unlike($text, qr/shirabe|hoka-02|\Q$person->{password}\E|\Q$person->{code}\E/i, 'AUD-1: no ID, no secret in the clear in a segment');
    my @lines = split /\n/, $text;
    is(scalar(grep { !eval { decode_json($_) } } @lines), 0, 'a segment is JSON, one line each: ' . @lines);
    is(sprintf('%04o', (stat $segment)[2] & 07777), '0640', 'its mode');
}

# --- where it goes ---
{
    my @all = events();
    ok(Anshin::Server::wait_for(20, sub { -s $taken && $s->log =~ /AN1483/ }), 'AUD-3: a command that fails is told of in the log');
    unlink $refuse;
    my $sent = sub { my %seen; $seen{"$_->{series} $_->{n}"}++ for map { decode_json($_) } split /\n/, -e $taken ? Anshin::PKI::read_text($taken) : ''; return \%seen };
    ok(Anshin::Server::wait_for(30, sub { $s->log =~ /AN1484/ }), 'AUD-3: and when it takes events again');
    is(join(' ', grep { !$sent->()->{"$_->{series} $_->{n}"} } @all), '', 'AUD-3: each event, at least once: ' . @all);
    like(Anshin::PKI::read_text($taken), qr/"act":"login_ok".*"user":"shirabe-01"/, 'AUD-3: with the user ID, as long as that is known');
}

# --- closing, archiving, retiring ---
$s->later(90_000);
ok(Anshin::Server::wait_for(20, sub { $s->log =~ /AN1470/ }), 'AUD-1: a segment is closed after a day');
my ($anchor) = $s->log =~ /AN1470: audit: segment 1 is closed with \d+ events, anchor ([0-9a-f]{64})/;
like(Anshin::PKI::read_text($segment), qr/"chain":"$anchor"\}\n\z/, 'AUD-2: the anchor in the log is the value of its last line');
$person->login($s->client);
ok(chained(), 'the trail goes on in the next one');
is(audit('retire', '--until', '2099-01-01')->{status}, 1, 'what is not archived is not retired');
is(old(), '', 'BAK-3: a segment that is younger than AnshinAuditRetention is not told of');
my $r = audit('archive', "$outside/archive");
is($r->{status}, 0, 'AUD-1: closed segments are archived') or diag $r->{err};
is(decode_json($r->{out})->{archived}, 1, 'one');
is(Anshin::PKI::read_text("$outside/archive/here-00000001.jsonl"), Anshin::PKI::read_text($segment), 'whole');
like(Anshin::PKI::read_text("$outside/archive/here-00000001.jsonl.anchor"), qr/$anchor/, 'with its anchor');
is(decode_json(audit('archive', "$outside/archive")->{out})->{archived}, 0, 'once');

# --- hands laid on it ---
my $key = $s->htanshin('user', 'delete', '--erase', 'hoka-02');
is($key->{status}, 0, 'IDN-2: a user is erased') or diag $key->{err};
ok(chained(), 'and that is chained');
my ($erased) = grep { $_->{act} eq 'account_erased' } events();
my ($former) = grep { $_->{account} && $_->{account} eq $erased->{account} } events();
ok($former && $former->{act} eq 'account_created' && !defined $former->{user}, 'IDN-2: the number of the account stays, the ID is gone');
$s->stop;
my $last = $s->state . '/audit/here-00000002.jsonl';

# What verify says of a file with other content, and that show does not keep quiet about it.
sub laid_hands_on {
    my ($file, $what, $pattern, $change) = @_;
    my $before = Anshin::PKI::read_text($file);
    my @lines = split /^/, $before;
    my $after = $change->(@lines);
    open my $out, '+<', $file or die "$file: $!";
    truncate $out, 0;
    print $out $after;
    close $out;
    my $r = $s->htanshin('audit', 'verify');
    is($r->{status}, 1, "AUD-2: $what: exit code 1") or diag $r->{out};
    like($r->{err}, $pattern, "AUD-2: $what: where");
    open $out, '+<', $file or die "$file: $!";
    truncate $out, 0;
    print $out $before;
    close $out;
    return;
}

laid_hands_on($segment, 'an edit', qr/^segment 1 line 3: was changed/m, sub { $_[2] =~ s/"at":"2/"at":"3/; return join '', @_ });
laid_hands_on($segment, 'a line taken out', qr/^segment 1 line 4: was changed, or does not follow/m, sub { return join '', @_[ 0 .. 2, 4 .. $#_ ] });
laid_hands_on($segment, 'lines changed about', qr/^segment 1 line 3: /m, sub { return join '', @_[ 0, 1, 3, 2, 4 .. $#_ ] });
laid_hands_on($segment, 'a line twice', qr/^segment 1 line 4: /m, sub { return join '', @_[ 0 .. 2, 2 .. $#_ ] });
laid_hands_on($segment, 'a tail cut off', qr/^segment 1 line \d+: is the last line; the segment had/m, sub { pop; return join '', @_ });
laid_hands_on($last, 'a tail of the open segment cut off', qr/^segment 2 line \d+: is the last line; 1 were cut off/m, sub { pop; return join '', @_ });
{
    my @whole = split /^/, Anshin::PKI::read_text($last);
    my $look = sub { open my $out, '+<', $last or die "$last: $!"; truncate $out, 0; print $out @_; close $out; return $s->htanshin('audit', 'show') };
    my @wrong = grep { $_->{status} != 1 || $_->{err} !~ /^segment 2: has lines that are broken or missing/m } $look->(@whole[ 0, 1 ], "rubbish\n", @whole[ 3 .. $#whole ]), $look->(@whole[ 0 .. $#whole - 1 ]);
    is(scalar @wrong, 0, 'ADM-3: show tells of lines that are broken, and of a tail that was cut');
    is($look->(@whole)->{status}, 0, 'ADM-3: and of nothing once it is whole');
}
laid_hands_on($last, 'rubbish', qr/^segment 2 line 2: is no line of the trail/m, sub { $_[1] = "rubbish\n"; return join '', @_ });
rename $segment, "$outside/away";
like($s->htanshin('audit', 'verify')->{err}, qr/^segment 1: is missing/m, 'AUD-2: a segment taken away');
{
    my $shown = $s->htanshin('audit', 'show');
    is($shown->{status}, 1, 'ADM-3: what cannot be shown is no success: show without a segment');
    like($shown->{err}, qr/^segment 1: is missing, and not shown/m, 'ADM-3: and it says which');
    like($shown->{out}, qr/account_erased/, 'ADM-3: the rest is shown');
    is($s->htanshin('audit', 'show', '--since', '2099-01-01')->{err}, '', 'ADM-3: where nobody asks for it, nothing is missing');
}
rename "$outside/away", $segment;
{ my $r = $s->htanshin('audit', 'verify'); is($r->{status}, 0, 'AUD-2: put back it is whole') or diag $r->{err} }

$s->later(90_000 + 7200);
is(old(), '1 segment of the audit trail closed longer ago than AnshinAuditRetention', 'BAK-3: check tells of one that is older');
$s->later(90_000);
$r = audit('retire', '--until', '2099-01-01');
is($r->{status}, 0, 'an archived segment is retired') or diag $r->{err};
ok(!-e $segment, 'its file is gone');
$s->later(90_000 + 7200);
is(old(), '', 'BAK-3: and check has nothing to tell any more');
$s->later(90_000);
$r = audit('verify');
is($r->{status}, 0, 'AUD-2: what is left can be verified') or diag $r->{out};
is(decode_json($r->{out})->{first_segment}, 2, 'from the next one on');
like(acts(events()), qr/audit_archived.*audit_retired/, 'ADM-3: both stand in the trail');
laid_hands_on($last, 'a tail cut off behind what was retired', qr/^segment 2 line \d+: is the last line; \d+ were cut off/m, sub { pop; return join '', @_ });
laid_hands_on($last, 'a changed first line', qr/^segment 2 line 1: /m, sub { $_[0] =~ s/"events":0/"events":1/; return join '', @_ });

# --- what leaves the store (ADM-3) ---
{
    is($s->htanshin('user', 'set', 'shirabe-01', '--address', 'atarashii@mailbox.example')->{status}, 0, 'a mail waits while no worker delivers');
    is($s->htanshin(@$_)->{status}, 0, "@$_") for [ 'user', 'export', '--organisation', 'Kanda' ], [ 'history', 'export', 'shirabe-01' ], [ 'cert', 'export', '--user', 'shirabe-01' ];
    my ($set) = grep { $_->{act} eq 'terminal_changed' } events();
    is($set->{before} . ' ' . $set->{after}, '{"address":"shirabe@mailbox.example","kind":"pc","label":null} {"address":"atarashii@mailbox.example","kind":"pc","label":null}', 'AUD-1: what changed of a device');
    my $told = sub { return join ' ', map { $_->{result} } @{ decode_json($s->htanshin('--json', 'history', 'shirabe-01', @_)->{out}) } };
    is($told->('--since', '2099-01-01') . $told->('--until', '2001-01-01'), '', 'ADM-3: history of a time');
    is($told->('--since', '2001-01-01', '--limit', 2, '--after', 1), $told->('--limit', 2, '--after', 1), 'ADM-3: a part of it');
    my ($mail) = grep { $_->{state} eq 'waiting' } @{ decode_json($s->htanshin('--json', 'mail', 'list', '--user', 'shirabe-01')->{out}) };
    is($s->htanshin('mail', 'show', $mail->{id})->{status}, 0, 'a mail without its text');
    like($s->htanshin('mail', 'show', $mail->{id}, '--text')->{out}, qr/mailbox\.example/, 'and with it');
    my @left = grep { $_->{act} =~ /^(?:list_exported|mail_read)$/ } events();
    is(join(', ', map { join ' ', grep { defined } @$_{qw(act user after)} } @left),
        'list_exported user export --organisation Kanda, list_exported shirabe-01 history export, list_exported shirabe-01 cert export, mail_read shirabe-01',
        'ADM-3: who took out what, and who read whose mail');
    is($left[-1]{mail}, $mail->{id}, 'ADM-3: which mail');
    is(join(' ', map { $_->{operator} } @left), join(' ', (scalar getpwuid $<) x 4), 'ADM-3: by whom');
}
$s->start;
is($person->login($s->client)->status, 303, 'a new worker goes on');
ok(chained(), 'AUD-1: where the last one has ended');
$s->finish;
done_testing;
