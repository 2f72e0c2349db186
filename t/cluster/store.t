# STO-2, CLU: the store in PostgreSQL keeps the contract that all providers keep, loses nothing that it has acknowledged when
# its server is killed, and refuses a server that would.
use strict;
use warnings;
use lib 't/lib';
use IO::Socket::UNIX;
use IPC::Open2;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Postgres;
use Anshin::Server;

my $p      = Anshin::Postgres->new;
my $out    = Anshin::Server::out();
my $object = "$out/anshin_store_pgsql.so";
my %env    = ($p->environment, ANSHIN_UNIT_SERVER => 'pgsql', ANSHIN_UNIT_OBJECT => $object, PATH => "$p->{bin}:$ENV{PATH}");

sub said {
    my (@command) = @_;
    local @ENV{ keys %env } = values %env;
    open my $from, '-|', @command or die "$command[0]: $!";
    local $/;
    my $text = <$from> // '';
    close $from;
    return wantarray ? ($text, $?) : $text;
}

# --- the contract ---

# On the sanitized build, where there is one.
my ($unit) = grep { -e "$_/unit/test_store" } "$out/asan", $out or die "no unit programs\n";
$env{ANSHIN_UNIT_OBJECT} = "$unit/anshin_store_pgsql.so";
for my $program (qw(test_store test_store_blobs test_due)) {
    my ($text, $status) = said("$unit/unit/$program");
    my @checks = $text =~ /^(?:not )?ok .*/mg;
    ok(@checks > 15 && !(grep { !/^ok \d+ - pgsql: / } @checks), "STO-2: $program: " . @checks . ' checks') or diag(join "\n", grep { !/^ok/ } split /\n/, $text);
    is($status, 0, "STO-2: $program ends well");
}
is(said("$out/tools/schema"), Anshin::Server::text_of('schema/postgresql/001_store.sql'), 'the tables of the file are those of records.def');

# --- what is killed ---

$p->create('killed', 'anshin_template');
my ($pid, $writers);
my $life;
{
    local @ENV{ keys %env } = values %env;
    $pid = open2($writers, $life, "$out/tools/writers", $object, 'dbname=killed');
}
my $kills = 0;
sub cut {
    my ($round) = @_;
    return eval { $p->query('postgres', 'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity '
        . "WHERE datname = 'killed' AND application_name <> 'psql' AND pid % 2 = " . $round % 2) };
}
for my $round (1 .. 10) {
    select undef, undef, undef, 0.3;
    if ($round == 5) {
        $p->stop('immediate');
        $p->start;
        Anshin::Server::wait_for(60, sub { defined cut(0) });
        next;
    }
    $kills += cut($round) // 0;
}
close $life;
my %line = map { /^(\S+) (\d+) (\d+) (\d+) (-?\d+)$/ ? ($1 => [ $2, $3, $4, $5 ]) : () } <$writers>;
waitpid $pid, 0;
is($?, 0, 'the writers end well');
is(scalar keys %line, 10, 'and tell of each fact');
cmp_ok($kills, '>', 10, "CLU: $kills connections were killed, and the server once");
my @lost  = grep { !/^lazy/ && $line{$_}[3] < $line{$_}[0] } sort keys %line;
my @twice = grep { $line{$_}[3] > $line{$_}[0] + $line{$_}[1] } sort keys %line;
is("@lost", '', 'CLU: what was acknowledged as durable is there')
    or diag(map { "$_: done $line{$_}[0], not known $line{$_}[1], nothing done $line{$_}[2]; there: $line{$_}[3]\n" } sort keys %line);
is("@twice", '', 'CLU: nothing is there twice, nor what was told that nothing is done')
    or diag(map { "$_: done $line{$_}[0], not known $line{$_}[1], nothing done $line{$_}[2]; there: $line{$_}[3]\n" } sort keys %line);
my ($done, $unknown, $busy) = @{ $line{shared} };
cmp_ok($done, '>', 100, "CLU: $done were acknowledged");
cmp_ok($busy, '>', 0, "CLU: $busy were told that nothing is done");
cmp_ok($unknown, '<=', 16, "CLU: $unknown had to be told that it is not known");

# --- what was lost on the way ---

# The statements of the product, as a process sends them when the answer to its COMMIT is lost, and its answer again.
my $prepared = 'SET search_path = anshin; ' . said("$out/tools/schema", 'settle');
is($p->query('killed', "$prepared EXECUTE settle('a'); EXECUTE settle('a');"), "0\n0", 'CLU: a commit that never came is not done, however often it is asked for');
is(eval { $p->query('killed', "$prepared EXECUTE token('a');") } // 'refused', 'refused', 'CLU: and never will be');
is($p->query('killed', "$prepared EXECUTE token('b'); EXECUTE settle('b'); EXECUTE settle('b');"), "1\n1", 'CLU: one that came is done');

sub sync_after {
    my ($between, @what) = @_;
    local @ENV{ keys %env } = values %env;
    my $running = open2(my $from, my $to, "$out/tools/writers", $object, 'dbname=killed', @what ? @what : 'sync');
    my $said = <$from>;
    $between->();
    print $to "\n";
    close $to;
    my $answer = <$from>;
    waitpid $running, 0;
    return $answer // '';
}
sub synced { return $p->query('killed', q{SELECT count(*) FROM anshin.fact WHERE key = 'synced'}) }
$p->query('postgres', "ALTER SYSTEM SET $_") for q{wal_writer_delay = '10s'}, q{wal_writer_flush_after = '100MB'};
$p->query('postgres', 'SELECT pg_reload_conf()');
sleep 1;
is(sync_after(sub { }), "durable 0, sync 0\n", 'STO-3: what was committed lazily is made durable');
$p->stop('immediate');
$p->start;
is(synced(), 1, 'STO-3: and is there when the server was killed then');
my $killed = sub { $p->query('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'killed' AND application_name <> 'psql'") };
like(sync_after($killed), qr/sync \d+ not known$/, 'STO-3: after the connection was lost that is not known');
like(sync_after($killed), qr/^durable 0, /, 'STO-3: which is nothing to who writes nothing');
like(sync_after($killed, 'sync', 'beside'), qr/^durable 0, sync \d+ not known$/, 'STO-3: nor does who writes by another connection forget it');
is(sync_after($killed, 'alone'), "commit refused replace refused wipe refused\n", 'CLU: who had the store alone writes nothing once the connection is lost that kept all others out, no blob either');
is($p->query('killed', q{SELECT convert_from(data, 'UTF8') FROM anshin.blob WHERE name = '00112233445566778899aabbccddeeff'}), 'text', 'CLU: and nothing was written');

# Both connections are lost when it has asked already: the row is held until then.
my $cutter;
my $cut = sub {
    my $query = join ' ', q{SELECT 1 FROM anshin.blob WHERE name = '00112233445566778899aabbccddeeff' FOR UPDATE;},
        q{SELECT pg_sleep(1);},
        q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'killed' AND application_name <> 'psql'};
    $cutter = fork // die "fork: $!";
    if (!$cutter) {
        $p->query('killed', $query);
        POSIX::_exit(0);
    }
    sleep 0.02 until $p->query('killed', q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
};
is(sync_after($cut, 'alone'), "commit done replace refused wipe refused\n", 'CLU: nor where that is lost in the midst of a blob, which is begun anew');
waitpid $cutter, 0;
is(sync_after(sub { }, 'alone'), "commit done replace done wipe done\n", 'who has it still does');
$p->query('postgres', "ALTER SYSTEM RESET $_") for 'wal_writer_delay', 'wal_writer_flush_after';
$p->query('postgres', 'SELECT pg_reload_conf()');

# --- hosts ---

sub writers_on { my ($where) = @_; return scalar `PGHOST= PGUSER=postgres $out/tools/writers $object "$where" 2>&1 </dev/null` }
my ($here, $dead) = ($p->{directory}, "$p->{directory}/mute");
mkdir $dead or die "$dead: $!";
chown +(getpwnam 'postgres')[2, 3], $dead if $> == 0;
my $mute = IO::Socket::UNIX->new(Local => "$dead/.s.PGSQL.5432", Listen => 5) or die "listen: $!";    # takes connections, and says nothing
like(writers_on("host=$dead,$here dbname=killed"), qr/^shared \d+ /m, 'CLU: a host that does not answer is passed over for the next');
like(writers_on("host=192.0.2.1 dbname=killed sslmode=$_"), qr/over the network \(192\.0\.2\.1\), and sslmode is $_:.*write sslmode=verify-full/, "S36: another machine by $_ is refused")
    for qw(prefer require verify-ca);
like(writers_on("$_ dbname=killed"), qr/over the network/, "S36: $_: so is a port of this machine, which is anybody's while the server is away")
    for 'host=127.0.0.1', 'host=localhost', 'host=::1', "host=$here,127.0.0.1", "host=localhost,db hostaddr=127.0.0.1,", "hostaddr=127.0.0.1";
like(writers_on("host=$_ dbname=killed sslmode=verify-full sslrootcert=/none"), qr/a place in the list of PostgreSQL's hosts is empty/, "S36: host=$_: a place that libpq would fill with a socket is refused")
    for 'db.example.jp,', ',db.example.jp', 'db.example.jp,,db.example.jp', "$here,";
like(writers_on("host=db.example.jp hostaddr=127.0.0.1 port=1 dbname=killed sslmode=verify-full sslrootcert=/none"), qr/cannot connect to PostgreSQL/, 'by verify-full it is tried');
mkdir "$here/open" or die "open: $!";
chmod 0777, "$here/open";
SKIP: {
    skip 'without root all is one user\'s', 4 if $> != 0;
    like(writers_on("host=$_ dbname=killed"), qr/another program could answer; write requirepeer=USER/, "S36: a socket that others can put there is refused: $_") for "$here/open", '/nowhere', '@anshin';
    like(writers_on("host=$here dbname=killed requirepeer=www-data"), qr/peer user name is "postgres"/, 'S36: with requirepeer libpq looks who answers');
}
Anshin::PKI::write_text("$here/pg_service.conf", "[anshin]\nhost=db.example.jp\nsslmode=require\n");
like(do { local $ENV{PGSERVICEFILE} = "$here/pg_service.conf"; writers_on('service=anshin') }, qr/\(db\.example\.jp\), and sslmode is require/, 'S36: what a service says counts');
Anshin::PKI::write_text("$here/pg_service.conf", "[word]\nhost=$here\ndbname=killed\npassword=secret\n[file]\nhost=$here\ndbname=killed\npassfile=$here/pgpass\n");
{
    local $ENV{PGSERVICEFILE} = "$here/pg_service.conf";
    my $both = "says %s, which programs of the site could read; name the file of the password by AnshinStorePassword";
    like(writers_on('service=word'), qr/\Q${\ sprintf $both, 'password' }\E/, 'S36: a password in a service is refused');
    like(writers_on("$_"), qr/\Q${\ sprintf $both, 'passfile' }\E/, "S36: so is a file of libpq's: $_") for 'service=file', "host=$here dbname=killed passfile=$here/pgpass";
    local $ENV{PGPASSWORD} = 'secret';
    like(writers_on("host=$here dbname=killed"), qr/\Q${\ sprintf $both, 'password' }\E/, 'S36: and one in the environment');
    delete local $ENV{PGPASSWORD};
    local $ENV{PGPASSFILE} = "$here/pgpass";
    like(writers_on("host=$here dbname=killed"), qr/\Q${\ sprintf $both, 'passfile' }\E/, 'S36: or the name of its file there');
}
mkdir "$here/home" or die "home: $!";
Anshin::PKI::write_text("$here/home/.pgpass", "*:*:*:*:" . Anshin::Server::text_of($p->password));
chmod 0600, "$here/home/.pgpass";
like(do { local $ENV{HOME} = "$here/home"; writers_on("host=$here dbname=killed user=anshin") }, qr/no password supplied/, 'S36: the one in the home of a user is not looked at');

# --- a server that takes no more connections ---

$p->query('postgres', 'ALTER ROLE anshin CONNECTION LIMIT 3');
my @counts = `sleep 2 | $out/tools/writers $object "host=$here dbname=killed user=anshin
@{[$p->password]}" 2>&1`;
my %limited = map { /^(\S+) (\d+) (\d+) (\d+) / ? ($1 => [ $2, $3, $4 ]) : () } @counts;
cmp_ok($limited{shared}[0] // 0, '>', 10, "CLU-3: with three connections for eight threads " . ($limited{shared}[0] // "@counts") . ' are done');
is(join(' ', map { "$_->[1] $_->[2]" } @limited{qw(shared lazy)}), '0 0 0 0', 'CLU-3: and nobody is sent away who can wait for one that is in use');
$p->query('postgres', 'ALTER ROLE anshin CONNECTION LIMIT -1');

# --- what is refused ---

my $refused = `PGHOST=$p->{directory} PGUSER=postgres $out/tools/writers $object dbname=postgres 2>&1 </dev/null`;
like($refused, qr/has no tables of ours; htanshin store init makes them/, 'CLU: a database without tables');
$p->query('anshin_template', 'UPDATE anshin.schema SET version = 99');
$refused = `PGHOST=$p->{directory} PGUSER=postgres $out/tools/writers $object dbname=anshin_template 2>&1 </dev/null`;
like($refused, qr/later version; update this machine first/, 'CLU: one with tables of a later version');
$p->query('anshin_template', 'UPDATE anshin.schema SET version = 1');
$refused = `PGHOST=$p->{directory} PGUSER=postgres $out/tools/writers $object dbname=anshin_template 2>&1 </dev/null`;
like($refused, qr/has tables of an earlier version; stop httpd and the CA worker on every machine, then htanshin store migrate/, 'CLU: and one of an earlier one');
$p->query('anshin_template', 'UPDATE anshin.schema SET version = 2');
$p->query('postgres', 'ALTER DATABASE anshin_template SET synchronous_commit = off');
$refused = `PGHOST=$p->{directory} PGUSER=postgres $out/tools/writers $object dbname=anshin_template 2>&1 </dev/null`;
like($refused, qr/synchronous_commit off/, 'CLU: a role or database whose commits wait for no disk');
$p->query('postgres', 'ALTER DATABASE anshin_template RESET synchronous_commit');
$p->stop('fast');
$p->{settings} = 'fsync=off';
$p->start;
$refused = `PGHOST=$p->{directory} PGUSER=postgres $out/tools/writers $object dbname=anshin_template 2>&1 </dev/null`;
like($refused, qr/fsync or full_page_writes off/, 'CLU: a server that does not wait for its disk');

done_testing;
