# STO-2: httpd, the worker and htanshin with their store in PostgreSQL, set up as the guide says; a server that goes away and comes
# back.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Client;
use Anshin::Person;
use Anshin::Postgres;
use Anshin::Server;

my $p = Anshin::Postgres->new;
my $s = Anshin::Server->new(postgres => $p, empty_database => 1, no_ca => 1, contract => "AnshinLoginMethods password");
$s->{server} = join "\n", $s->{server} // (), 'AnshinBackupAge none';

# --- from nothing ---

is(Anshin::Postgres::guide($_, 'ja'), Anshin::Postgres::guide($_, 'en'), "INS-5: \"$_\" is in both guides")
    for 'sudo -u postgres createuser', 'sudo -u postgres createdb', 'sudo install -d', 'sudo install -m', 'openssl rand', 'local anshin', 'host=', 'sslmode=', 'sslrootcert=', '  sudo -u postgres createuser reporting', '  sudo -u postgres psql -d anshin -c \'GRANT';
is($s->configtest->{status}, 0, 'the configuration is read before there are tables');
$s->start;
is($s->client->get('/members/')->status, 503, 'CLU-3: without tables nobody is let in');
my $r = $s->htanshin('store', 'check');
like($r->{err}, qr/has no tables of ours; htanshin store init makes them/, 'STO-2: and it is said what makes them');
is($r->{status}, 3, 'which is a fault');
is($s->htanshin('store', 'init')->{status}, 0, 'STO-2: store init makes them');
like($s->htanshin('store', 'init')->{err}, qr/has a schema anshin already; nothing was changed/, 'once');
ok(Anshin::Server::wait_for(30, sub { $s->client->get('/members/')->status != 503 }), 'and httpd goes on with them, without a restart');
my $person = Anshin::Person->add($s, 'p-01-usr001');
$person->register;
my $c = $s->client;
is($person->login($c)->status, 303, 'STO-2: a user is added, registers and logs in');
is($c->get('/members/')->status, 200, 'and is let in');
is($p->query($s->{database}, 'SELECT count(*) FROM anshin.account'), 1, 'all of which lies in the database');
is(-e $s->state . '/store/control' ? 1 : 0, 0, 'and not in files');
is($s->htanshin('store', 'check')->{status}, 0, 'store check reads it');
like($s->htanshin('check')->{out}, qr/^store: +PostgreSQL$/m, 'check tells of it');
like($s->htanshin('backup', $s->root . '/backup')->{err}, qr/pgsql is backed up by means of its own/, 'backup says who makes one');
$r = $s->run('perl', '-e', 'print grep { /PostgreSQL|PGRES|AN17[56]\d|AN1801/ && !/has no tables of ours/ } <>', $s->root . '/logs/error_log');
is($r->{out}, '', 'the log of a good day says nothing of it');

# --- who may read reports ---

my ($granted) = Anshin::Postgres::guide('  sudo -u postgres psql -d anshin -c \'GRANT') =~ /-c '([^']+)'/;
$p->query($s->{database}, "CREATE ROLE reporting; $granted");
sub told { my ($sql) = @_; return eval { $p->query($s->{database}, "SET ROLE reporting; $sql") } // 'refused' }
is(told(q{SELECT contract || '/' || "user" || ' ' || (registered_at > now() - interval '1 hour') FROM anshin_report.account}), 'p-01/p-01-usr001 true', 'STO-2: a role for reports reads users');
is(told(q{SELECT count(*) FROM anshin_report.history WHERE key LIKE 'p-01/p-01-usr001/%'}), $p->query($s->{database}, 'SELECT count(*) FROM anshin.history'), 'and their history');
is(told('SELECT max(created_at) FROM anshin_report.session') =~ /^20\d\d-/ ? 1 : 0, 1, 'and sessions');
my @views = split /\n/, $p->query($s->{database}, q{SELECT table_name FROM information_schema.views WHERE table_schema = 'anshin_report' ORDER BY 1});
is("@views", 'account certificate history job mail session terminal', 'these are there');
my $report = join "\n", map { told("SELECT row_to_json(v) FROM anshin_report.$_ v") } @views;
like($report, qr/"terminals":\[1\]/, 'lists of numbers are lists');
unlike($report, qr/refused|\$argon2|"key":"[0-9a-f]{64}"/, 'S9: no secret is in them');
like($p->query($s->{database}, q{SELECT encode(value, 'escape') FROM anshin.account}), qr/\$argon2/, 'where the record has one');
# A member that records get is in none of them until somebody has decided here that it is no secret.
my %shown = (
    account     => 'key contract user state method language password_set_at password_must_change question created_at registered_at last_login_at terminals next_terminal disabled_at totp_step number unnumbered locked_at password_reissued_at certificate_reissued_at totp_steps language_given password_reminded_at locked_by name organisation groups valid_from valid_until role',
    certificate => 'key contract user terminal serial fingerprint name not_before not_after state revoked_at reason issued_at account reminded_at label ca told_at fetched_at used_at',
    history     => 'key at address result terminal method user serial account client operator',
    job         => 'key kind contract user terminal mail created_at not_before tries last_error claimed_by claimed_until serial account address node bound many',
    mail        => 'key contract user kind state created_at sent_at tries last_error spool account users',
    session     => 'contract user terminal method fingerprint created_at seen_at checked_at address serial terminal_kind account login_before_at client name organisation groups valid_until',
    terminal    => 'key contract user number kind address certificate created_at unconfirmed_at renewing label named named_count',
);
my %columns = split /[|\n]/, $p->query($s->{database}, q{SELECT table_name, string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'anshin_report' GROUP BY 1});
is($columns{$_}, $shown{$_}, "S9: columns of the view $_") for @views;
my @columns = map { split / / } values %columns;
cmp_ok(scalar @columns, '>', 80, scalar(@columns) . ' columns');
is(join(' ', grep { /hash|mac|blob|proof|secret|token|password_history|registration$|memo/ } @columns), '', 'S9: nor a column for one');
my @tables = split /\n/, $p->query($s->{database}, q{SELECT format('%I', table_name) FROM information_schema.tables WHERE table_schema = 'anshin' ORDER BY 1});
cmp_ok(scalar @tables, '>', 25, scalar(@tables) . ' tables');
is(join(' ', grep { told("SELECT count(*) FROM anshin.$_") ne 'refused' } @tables), '', 'S9: and it reads no table');

# --- who cannot read the password ---

Anshin::PKI::write_text($s->root . '/cgi-bin/reach.cgi', <<"END");
#!/bin/sh
exec 2>&1
printf 'Content-Type: text/plain\\n\\n'
id
cat $p->{directory}/password && PGPASSWORD=`cat $p->{directory}/password` $p->{bin}/psql -h $p->{directory} -U anshin -d $s->{database} -wXAtc "SELECT 'REACHED'"
$p->{bin}/psql -h $p->{directory} -U anshin -d $s->{database} -wXAtc "SELECT 'REACHED'"
END
chmod 0755, $s->root . '/cgi-bin/reach.cgi';
SKIP: {
    skip 'without root all is one user\'s', 4 if $> != 0;
    my $said = $c->get('/members/cgi-bin/reach.cgi')->body;
    like($said, qr/^uid=\d+\($s->{user}\)/m, 'a CGI runs as httpd\'s user');
    like($said, qr/password: Permission denied/, 'S36: which cannot read the password');
    like($said, qr/no password supplied/, 'S36: and cannot connect as the role');
    unlike($said, qr/REACHED/, 'S36: in no way');
}
my ($password) = Anshin::Server::text_of($p->password) =~ /(.+)/;
my @shown = map { my $name = $_; $name, Anshin::Server::text_of($name) } $s->state . '/config.json', $s->root . '/logs/error_log';
unlike("@shown", qr/$password/, 'S36: nor does it stand in the configuration that the command reads, nor in the log');
unlike($_->{out} . $_->{err}, qr/$password/, 'S36: nor in an answer') for $s->htanshin('status'), $s->htanshin('check');
chmod 0644, $p->password;
like($s->htanshin('store', 'check')->{err}, qr/AnshinStorePassword .*others may read or change it; let root and AnshinGroup own it, mode 0640 \(AN1966\)/, 'S36: a file that others may read is refused');
chmod 0640, $p->password;
SKIP: {
    skip 'without root all is one user\'s', 7 if $> != 0;
    my ($www, $its, $group) = ((getpwnam $s->{user})[2, 3], scalar getgrnam $s->{group});
    my @wrong = (['httpd\'s user', $www, $group, 0600], ['httpd\'s group', 0, $its, 0640], ['all that read', 0, $group, 0644], ['nobody of the group', 0, 0, 0600]);
    for (@wrong) {
        my ($whose, $uid, $gid, $mode) = @$_;
        chown $uid, $gid, $p->password;
        chmod $mode, $p->password;
        like($s->configtest->{err}, qr/AN1934: AnshinStorePassword \S+ must be a file of root and AnshinGroup with mode 0640/, "S36: configtest refuses a password of $whose");
        next if $gid != $its;
        my $found = $s->htanshin('--json', 'check');
        like($found->{out}, qr/"id": ?"store-password"/, 'S36: and htanshin check finds it') or diag($found->{err});
        $s->graceful;
        is($s->client->get('/members/')->status, 503, 'S36: and a restart lets nobody in');
    }
    chown 0, $group, $p->password;
    chmod 0640, $p->password;
    is($s->configtest->{status}, 0, 'one that is right is none to refuse');
    $s->graceful;
}

# --- the server goes and comes back ---

$p->stop('immediate');
is($c->get('/members/')->status, 503, 'CLU-3: without its store it lets nobody in');
is($s->client->get('/open/')->status, 200, 'open pages go on');
$p->start;
ok(Anshin::Server::wait_for(30, sub { $c->get('/members/')->status == 200 }), 'CLU-3: it comes back by itself, and the session lives');
sleep 1;    # so long a process asks for no connection that it was refused
is($person->login($s->client)->status, 303, 'and so do logins');
$p->query('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'anshin'");
is($c->get('/members/')->status, 200, 'CLU-3: of connections that were cut nobody hears');
is($s->htanshin('dump', '--output', $s->root . '/dump')->{status}, 0, 'CLU-4: all of it as text');
like($s->htanshin('load', $s->root . '/dump', '--replace')->{err}, qr/others have it open/, 'a load wants everybody else away');
is($s->htanshin('user', 'add', 'p-01-usr009', '--address', 'usr009@example.jp')->{status}, 0, 'another user');
like($s->htanshin('--json', 'user', 'delete', '--erase', 'p-01-usr009')->{out}, qr/"stays_in_database": "dead rows .*VACUUM FULL/, 'IDN-2: who is erased there leaves dead rows, which is said');
is(join('', $s->faults), '', 'nothing crashed');
$s->stop;

# --- into another database ---

$s->{database} .= '_2';
$p->create($s->{database});
$s->configure;
$s->start;
$s->stop;
is($s->htanshin('store', 'init')->{status}, 0, 'another database is named, and gets tables');
$r = $s->htanshin('load', $s->root . '/dump');
is($r->{status}, 0, 'CLU-4: and what was dumped') or diag($r->{err});
$s->start;
$r = $person->login($s->client);
is($r->status, 303, 'CLU-4: with which one logs in') or diag($r->body, $s->log);
like($s->htanshin('store', 'move', 'dbm')->{err}, qr/others have it open; stop httpd/, 'CLU-4: nothing is moved while httpd runs');
is(join('', $s->faults), '', 'nothing crashed');
$s->stop;
is($s->htanshin('user', 'add', 'p-01-usr002', '--address', 'usr002@example.jp')->{status}, 0, 'another user');

# --- moved into files, and back ---

sub named { return "pgsql:host=$p->{directory} user=anshin dbname=$_[0]" . ($> == 0 ? '' : ' requirepeer=' . getpwuid $>) }
sub dumped {    # but for the trail, to which each dump adds a word
    my $file = $s->root . '/' . shift;
    my $done = $s->htanshin('dump', '--output', $file, '--overwrite');
    $done->{status} == 0 or return "dump: $done->{err}";
    my ($head, @lines) = split /^/, Anshin::Server::text_of($file);
    pop @lines;
    return join '', grep { !/"(?:record|due)":"audit_/ } @lines;
}
sub refused {
    my ($what, $why, @words) = @_;
    my $done = $s->htanshin(@words);
    like($done->{err}, $why, $what);
    isnt($done->{status}, 0, 'which is a failure');
}
# In httpd's configuration, and in what it has told the command of it.
sub name_store {
    my ($database) = @_;
    @$s{qw(postgres database)} = $database ? ($p, $database) : ();
    $s->{server} = join "\n", (grep { !/^AnshinStorePassword/ } split /\n/, $s->{server}), $database ? () : 'AnshinStorePassword ' . $p->password;
    $s->configure;
    my $file = $s->state . '/config.json';
    my ($store) = map { /^AnshinStore "(.*)"$/ } $s->store_line, 'AnshinStore "dbm"';
    my $text = Anshin::Server::text_of($file) =~ s/("AnshinStore": ?)"[^"]*"/$1"$store"/r;
    open my $to, '+<', $file or die "$file: $!";
    truncate $to, 0;
    print $to $text;
    close $to or die "$file: $!";
}
my $former = $s->{database};
my $whole = dumped('0');
cmp_ok(scalar(() = $whole =~ /^\{"record":/mg), '>', 10, 'records');
like($whole, qr/^\{"due":/m, 'and times');
refused('what is no store is none to move to', qr/must be dbm, dbm:gdbm or pgsql:/, 'store', 'move', 'files');
refused('nor is the one that there is', qr/is the store that there is/, 'store', 'move', named($former));
$r = $s->htanshin('store', 'move', 'dbm');
is($r->{status}, 0, 'CLU-4: all of it is moved into files') or diag($r->{err});
like($r->{out}, qr/write into httpd's configuration on every machine: AnshinStore 'dbm'/, 'and it is said what is to be changed');
refused('CLU-4: what it was moved from nobody opens any more', qr/was moved to dbm \(.*out of date: let AnshinStore name that one/, 'user', 'list');
refused('CLU-4: nor moves it again', qr/was moved to dbm .* already/, 'store', 'move', 'dbm');
refused('CLU-4: nor somewhere else', qr/was moved to dbm .* before/, 'store', 'move', named('anshin_template'));
$s->start;
is($s->client->get('/members/')->status, 503, 'CLU-4: httpd that still names it lets nobody in');
$s->stop;
name_store(undef);
is(dumped('1'), $whole, 'CLU-4: in files is what was in the database');
$s->start;
is($person->login($s->client)->status, 303, 'CLU-4: and httpd serves it');
$s->stop;
is($s->htanshin('user', 'add', 'p-01-usr003', '--address', 'usr003@example.jp')->{status}, 0, 'and one more');
$whole = dumped('1');
ok(Anshin::Server::wait_for(10, sub { $s->htanshin('store', 'move', named($former))->{err} =~ /the store is not empty/ }), 'CLU-4: what is not empty is no place to move to');
refused('and files are none for files', qr/both would lie in/, 'store', 'move', 'dbm:gdbm');

# Killed while it writes; what it writes is held by a lock.
my $back = "$s->{root}" =~ s/\W/_/gr . '_3';
$back = lc substr $back, -40;
$p->create($back, 'anshin_template');
my $held = $p->hold($back);
print $held "LOCK TABLE anshin.account IN SHARE MODE;\n";
my $mover = fork // die "fork: $!";
if (!$mover) {
    open STDERR, '>', '/dev/null';
    exec $s->root . '/bin/htanshin', '-d', $s->state, 'store', 'move', named($back) or POSIX::_exit(127);
}
ok(Anshin::Server::wait_for(30, sub { $p->query($back, q{SELECT count(*) FROM pg_locks WHERE NOT granted}) > 0 }), 'a move that has come to write users');
is($p->query($back, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'anshin htanshin'}), 't', 'STA-1: which says that it is the command');
kill KILL => $mover;
waitpid $mover, 0;
is($? & 127, 9, 'CLU-4: is killed by -9');
close $held;
$p->query($back, q{CREATE TABLE anshin.kept AS SELECT * FROM anshin.fact WHERE key = 'loading'});
is($p->query($back, 'SELECT count(*) FROM anshin.kept'), 1, 'CLU-4: the half of it bears a mark');
is(dumped('2'), $whole, 'CLU-4: and the source is as it was');
$r = $s->htanshin('store', 'move', named($back));
is($r->{status}, 0, 'CLU-4: the same move again comes to its end, and needs no --replace') or diag($r->{err});
refused('CLU-4: then the files are out of date', qr/was moved to pgsql:.*out of date/, 'user', 'list');
$p->query($back, 'INSERT INTO anshin.fact SELECT * FROM anshin.kept');
is($s->htanshin('store', 'move', named($back))->{status}, 0, 'CLU-4: one that was killed between its last two steps comes to its end, too');
name_store($back);
is(dumped('3'), $whole, 'CLU-4: back in a database it is what it was');
$p->query($back, 'INSERT INTO anshin.fact SELECT * FROM anshin.kept');
$s->start;
is($s->client->get('/members/')->status, 503, 'CLU-4: httpd serves nothing that was moved by half');
refused('CLU-4: and says why', qr/was not moved here to its end/, 'user', 'list');
$p->query($back, q{DELETE FROM anshin.fact WHERE key = 'loading'});
$s->stop;
$s->start;
is($person->login($s->client)->status, 303, 'CLU-4: and one logs in');
is(join('', $s->faults), '', 'nothing crashed');
$s->stop;

# --- tables of an earlier version ---

$p->query($s->{database}, 'SET ROLE anshin; ALTER TABLE anshin.done DROP COLUMN undone; DROP SCHEMA anshin_report CASCADE; DROP TABLE anshin.crl; UPDATE anshin.schema SET version = 1');
refused('STO-2: tables of an earlier version are refused', qr/earlier version; stop httpd and the CA worker on every machine, then htanshin store migrate/, 'user', 'list');
sub shape { return $p->query($_[0], q{SELECT string_agg(format('%s.%s.%s %s %s', table_schema, table_name, column_name, data_type, column_default), E'\n' ORDER BY table_schema, table_name, column_name) FROM information_schema.columns WHERE table_schema LIKE 'anshin%' AND table_name <> 'kept'}) }
$held = $p->hold($s->{database});
print $held "SELECT pg_advisory_lock_shared(1, 1) IS NULL AS held \\gset\n";
ok(Anshin::Server::wait_for(10, sub { $p->query($s->{database}, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}) > 0 }), 'while another machine has the store open');
refused('STO-2: nothing is migrated', qr/others have it open; stop httpd/, 'store', 'migrate');
close $held;
ok(Anshin::Server::wait_for(10, sub { $p->query($s->{database}, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}) == 0 }), 'then nobody has');
$r = $s->htanshin('--json', 'store', 'migrate');
is($r->{status}, 0, 'STO-2: store migrate brings them up to this one') or diag($r->{err});
like($r->{out}, qr/"from": ?1\b/, 'and says from where');
is(shape($s->{database}), shape('anshin_template'), 'STO-2: they are those that store init makes');
like($s->htanshin('--json', 'store', 'migrate')->{out}, qr/unchanged/, 'once');
is($s->htanshin('store', 'check')->{status}, 0, 'STO-2: and all is there');

# --- what is refused ---

my $t = Anshin::Server->new(no_ca => 1, server => 'AnshinStore "pgsql:dbname=anshin password=secret"');
$r = $t->configtest;
isnt($r->{status}, 0, 'a password in the configuration');
like($r->{err}, qr/no password may stand here/, 'says why');
unlike($r->{err}, qr/secret/, 'and does not say it');
for my $smuggled ('pgsql:postgresql://db/anshin?pass%77ord=secret', 'pgsql:postgresql://db/anshin?%70assword=secret', 'pgsql:postgresql://anshin:secret@db/anshin') {
    $t->{server} = "AnshinStore \"$smuggled\"";
    $t->configure;
    like($t->configtest->{err}, qr/no password may stand here/, "S36: nor does one in $smuggled");
}
$t->{server} = 'AnshinStore "pgsql:service=my-password-db passfile=/etc/anshin/store-password"';
$t->configure;
is($t->configtest->{status}, 0, 'a file and a service may be called so');
done_testing;
