# The worker and its signer: certificates and mail made exactly once, whatever dies (CRT-1, MAI-1), by two users of their own (S30).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep time);
use Anshin::Worker;

my $root = $> == 0;

sub slurp { my ($file) = @_; open my $in, '<:raw', $file or return; local $/; return scalar <$in> }
sub mode { my @facts = stat $_[0]; return @facts ? sprintf('%04o', $facts[2] & 07777) : 'none' }

# Of /proc/PID/status.
sub status_of { my ($pid, $field) = @_; return (slurp("/proc/$pid/status") // '') =~ /^\Q$field\E:[ \t]*(.*)$/m ? $1 : '' }

# All that a process can write to, but for the shadow that ASan keeps: terabytes of flags, none of a key's octets.
sub memory_of {
    my ($pid) = @_;
    my $all = '';
    open my $memory, '<:raw', "/proc/$pid/mem" or return $all;
    for (split /\n/, slurp("/proc/$pid/maps") // '') {
        my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
        no warnings 'portable';
        next if $ENV{ANSHIN_SANITIZE} && hex($to) - hex $from > 1 << 30;
        sysseek $memory, hex $from, 0 or next;
        sysread $memory, my $part, hex($to) - hex $from;
        $all .= $part // '';
    }
    return $all;
}

sub users_of { my ($w) = @_; return join ' ', sort map { $_->{user} } $w->certificates('--state', 'active') }

# --- one user, from registration to a file that opens ---

{
    my $w = Anshin::Worker->new;
    my %password = $w->people('p-01-usr', 2);
    my $worker = $w->start;
    my @mail = $w->wait_mail(2);
    is(scalar @mail, 2, 'two mails lie in the spool (CRT-1, MAI-1)');
    is(users_of($w), 'p-01-usr1 p-01-usr2', 'two certificates are active');

    my ($message) = grep { /^To: p-01-usr1\@/m } @mail;
    like($message, qr/^Subject: =\?UTF-8\?B\?/m, 'a Japanese subject (MAI-2)');
    like($message, qr/^Auto-Submitted: auto-generated$/m, 'sent by a machine');
    my ($token) = $w->body($message) =~ m{https://localhost:8443/anshin/download\?t=([\w-]{43})\b};
    ok($token, 'the mail holds the link');
    like($w->body($message), qr{https://localhost:8443/anshin/help/import}, 'and the how-to page');
    unlike(join('', map { slurp($_) // '' } grep { -f } glob($w->state . '/store/*')), qr/\Q$token\E/, 'the store does not hold the link (S24)');

    for my $profile (qw(modern compat)) {
        my $file = $w->fetch($token, $password{'p-01-usr1'}, $profile);
        is($file->{status}, 0, "the $profile file is fetched with its password (CRT-2, CRT-3)") or diag($file->{err});
        my $p12 = "$w->{root}/$profile.p12";
        Anshin::PKI::write_text($p12, $file->{out});
        my $pem = $w->run({ root => 1 }, qw(openssl pkcs12 -nodes -passin), "pass:$password{'p-01-usr1'}", '-in', $p12);
        is($pem->{status}, 0, 'and opens with the same') or diag($pem->{err});
        Anshin::PKI::write_text("$w->{root}/$profile.pem", $pem->{out});
        my $verified = $w->run({ root => 1 }, qw(openssl verify -purpose sslclient -CAfile), $w->state . '/ca/ca.crt', "$w->{root}/$profile.pem");
        like($verified->{out}, qr/OK$/, 'its certificate is for client authentication (CRT-5)') or diag($verified->{err});
        my $server = $w->run({ root => 1 }, qw(openssl verify -purpose sslserver -CAfile), $w->state . '/ca/ca.crt', "$w->{root}/$profile.pem");
        isnt($server->{status}, 0, 'and for nothing else');
    }
    isnt($w->fetch($token, 'wrong', 'modern')->{status}, 0, 'a wrong password gets nothing');

    # --- keys of users, and what is left of them in the worker's memory (S24) ---

    SKIP: {
        skip 'not root', 2 unless $root;
        my %more = $w->people('key', 12);
        my @keys;
        for my $mail ($w->wait_mail(14)) {
            my ($user) = $mail =~ /^To: (key\d+)\@/m or next;
            my ($link) = $w->body($mail) =~ /\?t=([\w-]{43})\b/;
            Anshin::PKI::write_text("$w->{root}/key.p12", $w->fetch($link, $more{$user}, 'modern')->{out});
            my $pem = $w->run({ root => 1 }, qw(openssl pkcs12 -nodes -nocerts -passin), "pass:$more{$user}", '-in', "$w->{root}/key.p12");
            Anshin::PKI::write_text("$w->{root}/key.pem", $pem->{out});
            my $text = $w->run({ root => 1 }, qw(openssl ec -noout -text -in), "$w->{root}/key.pem")->{out};
            push @keys, pack 'H*', ($1 =~ s/[:\s]//gr) if $text =~ /^priv:\s*([0-9a-f:\s]+)^pub:/m;
        }
        is(scalar(grep { length >= 31 } @keys), 12, 'twelve keys of users');
        my $memory = memory_of($worker->{pid});
        is(scalar(grep { index($memory, substr $_, -31) >= 0 } @keys), 0,
            'S24: none of them is left in the memory of the worker that made them (' . (length($memory) >> 20) . ' MiB looked at)');
    }

    # --- who they are (S30) and what they leave (S31) ---

    my $signer = $w->signer_of($worker);
    ok($signer, 'the signer is a process of its own (CRT-7, S30)');
    SKIP: {
        skip 'not root', 5 unless $root;
        is(status_of($worker->{pid}, 'Uid'), join("\t", ((getpwnam 'daemon')[2]) x 4), 'the worker is its user, for good (S30)');
        is(status_of($worker->{pid}, 'Gid'), join("\t", ((getgrnam 'www-data')[2]) x 4), 'and of the shared group');
        is(status_of($signer, 'Uid'), join("\t", ((getpwnam 'nobody')[2]) x 4), 'the signer is another (S30)');
        is(status_of($signer, 'Groups'), '', 'which is in no further group');
        is(slurp("/proc/$signer/environ"), '', 'and has an empty environment');
    }
    is(status_of($worker->{pid}, 'NoNewPrivs'), '1', 'the worker gains no rights by set-user-ID');
    is(status_of($signer, 'NoNewPrivs'), '1', 'nor does the signer');
    is(status_of($signer, 'Seccomp'), '2', 'which can open neither file nor socket any more (CRT-7)');
    for my $pid ($worker->{pid}, $signer) {
        like(slurp("/proc/$pid/limits"), qr/^Max core file size\s+0\s+0\s/m, 'no core dump holds a key');
    }
    my @descriptors = $root || !$root ? map { readlink } glob "/proc/$signer/fd/*" : ();
    SKIP: {
        skip 'not root', 1 unless $root;
        is(scalar(grep { !m{^/dev/null$|^socket:|error_log$} } @descriptors), 0, 'the signer has its socket and nothing else open')
            or diag("@descriptors");
    }
    my $state = $w->state;
    is(mode("$state/mail$_"), '2770', "mode of mail$_ (S31)") for '', '/tmp', '/new', '/cur';
    is(mode($_), '0660', 'mode of a mail (S31)') for glob "$state/mail/new/*";
    is(mode("$state/run/ca.sock"), '0660', 'mode of the doorbell (S31)');
    is(mode("$state/ca/ca.key"), '0600', 'mode of the CA key (S31)');

    # --- one at a time, and a clean end ---

    my $second = $w->spawn;
    sleep 1;
    my $at_work = () = $w->log =~ /AN0760/g;
    is($at_work, 1, 'a second worker waits');
    is($w->stop($worker), 0, 'the first ends cleanly on SIGTERM');
    ok($w->wait_log(qr/AN0760.*AN0760/s), 'then the second begins');
    ok(!-e "/proc/$signer", 'the first one\'s signer has gone with it');
    my %more = $w->people('late', 1);
    $w->wait_mail($root ? 15 : 3);
    is(users_of($w) =~ s/\bkey\d+ //gr, 'late1 p-01-usr1 p-01-usr2', 'and works');
    close $second->{lifeline};
    is($w->wait_end($second), 0, 'it ends when the pipe from httpd closes');
    ok(!-e "$state/run/ca.sock", 'the doorbell is taken down');

    my ($one, $two) = ($w->start, $w->spawn);
    ok($w->wait_order($two), 'another waits');
    is($w->stop($two), 0, 'one that waits ends on SIGTERM as well');
    is($w->stop($one), 0, 'and the other');
    $w->finish;
}

# --- ended in the middle of a job: it is finished first ---

{
    my $w = Anshin::Worker->new(key => 'rsa3072');
    $w->people('slow', 6);
    $w->start;
    sleep 0.3;
    is($w->stop, 0, 'told to end with jobs in hand, it ends cleanly');
    unlike($w->log, qr/died|tried again/, 'none was dropped in the middle');
    $w->start;
    $w->wait_mail(6, 90);
    is(scalar(() = $w->certificates('--state', 'active')), 6, 'its successor does the rest');
    unlike($w->log, qr/their worker died/, 'there was nothing to be begun again');
    $w->stop;
    $w->finish;
}

# --- kill -9 at random points, a mail reader at work ---

{
    my ($people, $kills) = $ENV{ANSHIN_SANITIZE} ? (60, 12) : (200, 30);    # sanitized: what happens in memory, not how often
    my $w = Anshin::Worker->new;
    my $state = $w->state;
    $w->people('crash', $people);
    my $done = 0;
    for my $kill (1 .. $kills) {
        # Some die while they begin, most while they work.
        my $worker = $kill % 4 == 0 ? $w->spawn : $w->start;
        Anshin::Server::wait_for(10, sub { my @now = glob "$state/mail/{new,cur}/*"; @now > $done || @now == $people }) if $kill % 2;
        sleep rand 0.1;
        $w->kill('KILL', $worker);
        $done = () = glob "$state/mail/{new,cur}/*";
        # A reader takes what it finds, as IMAP servers do.
        for my $file (glob "$state/mail/new/*") { rename $file, "$state/mail/cur/" . ($file =~ s{.*/}{}r) . ':2,S' if rand() < 0.5 }
    }
    diag("$done of $people done when the last of $kills workers was killed");
    cmp_ok($done, '>', 0, 'they were killed at work');
    $w->start;
    my @mail = $w->wait_mail($people, 120);
    is($w->stop, 0, "after $kills deaths the next worker works and ends as if nothing had been");
    is(scalar @mail, $people, 'one mail for each user, neither more nor fewer (MAI-1)');
    my %to;
    $to{$_}++ for map { /^To: (\S+)$/m } @mail;
    is(join(' ', grep { $to{$_} != 1 } sort keys %to), '', 'nobody got two');
    is(scalar keys %to, $people, 'and everybody one');
    my %certificates;
    $certificates{ $_->{user} }++ for $w->certificates;
    is(scalar(keys %certificates), $people, 'a certificate for each user (CRT-1)');
    is(join(' ', grep { $certificates{$_} != 1 } keys %certificates), '', 'and one only, revoked ones counted');
    is(scalar(grep { $_->{state} ne 'spooled' } $w->list('mail', 'list')), 0, 'every mail is marked as spooled: nobody knows yet that it is carried on');
    is(scalar(() = glob "$state/mail/tmp/*"), 0, 'nothing is left in tmp');
    $w->finish;
}

# --- the signer dies ---

{
    my $w = Anshin::Worker->new;
    my $worker = $w->start;
    my $signer;
    ok(Anshin::Server::wait_for(10, sub { $signer = $w->signer_of($worker) }), 'there is a signer');
    CORE::kill(KILL => $signer);
    ok($w->wait_log(qr/AN0752: the signer has ended \(signal 9\)/), 'its death is told');
    if ($root) {
        is($w->wait_end($worker), 1, 'a worker that cannot start another ends, for httpd to start it again');
        $worker = $w->start;
    }
    $w->people('again', 2);
    is(scalar(my @mail = $w->wait_mail(2, 60)), 2, 'certificates are made again');
    is($w->stop($worker), 0, 'and all ends well');
    $w->finish;
}

# --- what must not work ---

{
    my $w = Anshin::Worker->new;
    my $state = $w->state;
    chmod 0660, "$state/config.json";
    my $worker = $w->spawn;
    is($w->wait_end($worker), 1, 'a configuration that others can write is not believed (S31)');
    like($w->log, qr/AN0771/, 'and the log says so');
    chmod 0640, "$state/config.json";

    chmod 0640, "$state/ca/ca.key";
    $worker = $w->start;
    ok($w->wait_log(qr/\[anshin-signer:error\].*AN0724/), 'a CA key that others can read is not used (S31)');
    chmod 0600, "$state/ca/ca.key";
    CORE::kill(TERM => $worker->{pid});
    $w->wait_end($worker);

    rename "$state/seal.key", "$state/seal.key.away";
    $worker = $w->spawn;
    is($w->wait_end($worker), 1, 'without the seal key there is no worker');
    like($w->log, qr/AN0764: cannot begin/, 'and the log says so');

    my $usage = $w->run({}, "$w->{root}/bin/anshin-ca", '-d', 'relative');
    is($usage->{status}, 2, 'a relative state directory is refused');
    my $alone = $w->run({}, "$w->{root}/bin/anshin-signer");
    is($alone->{status}, 2, 'the signer tells who starts it');
    $w->finish;
}

# --- the command ---

{
    my $w = Anshin::Worker->new;
    my $take = "$w->{root}/take";
    my $got = "$w->{root}/got";
    mkdir $got;
    chmod 0777, $got;
    Anshin::PKI::write_text($take, "#!/bin/sh\nif [ ! -e $got/first ]; then : >$got/first; echo 'no such user' >&2; exit 75; fi\nls -l /proc/self/fd >$got/descriptors\ncat >$got/\$\$.eml\n");
    chmod 0755, $take;
    $w->configure(AnshinMailCommand => $take);
    $w->people('cmd', 1);
    $w->start;
    ok($w->wait_log(qr/AN0783: mail \w+ is not delivered yet: .*ended with 75: no such user/), 'a command that fails is tried again (MAI-1)');
    ok(Anshin::Server::wait_for(30, sub { my @files = glob "$got/*.eml"; @files == 1 && -s $files[0] }), 'until it takes the mail');
    Anshin::Server::wait_for(10, sub { !grep { $_->{state} ne 'sent' } $w->list('mail', 'list') });
    my ($mail) = $w->list('mail', 'list');
    is($mail->{state}, 'sent', 'then it is sent');
    is($mail->{tries}, 2, 'at the second try');
    like(slurp((glob "$got/*.eml")[0]), qr/^Message-ID: <\Q$mail->{id}\E\@example\.com>$/m, 'under the id of the mail');
    my %inherits = map { $_ => 1 } slurp("$got/descriptors") =~ m{ -> (/\S*|socket)}g;
    is(join(' ', grep { !m{^/dev/null$|^/proc/\d+/fd$|^\Q$got\E/} } sort keys %inherits), '', 'S36: it inherits nothing of ours (S-20)');
    cmp_ok(scalar keys %inherits, '>=', 2, 'of descriptors: ' . keys %inherits);
    $w->stop;
    $w->finish;
}

# --- the command, and a worker that dies while it runs ---

# The command kills the worker: at first when it has the mail, the next time before it has, then it behaves.
{
    my $w = Anshin::Worker->new;
    my ($take, $got) = map { "$w->{root}/$_" } qw(take got);
    mkdir $got;
    chmod 0777, $got;
    Anshin::PKI::write_text($take, <<"END");
#!/bin/sh
for call in 1 2 3 4; do mkdir $got/\$call 2>/dev/null && break; done
if [ \$call = 2 ]; then kill -9 \$PPID; exit 0; fi
cat >$got/\$call/mail
if [ \$call = 1 ]; then kill -9 \$PPID; fi
END
    chmod 0755, $take;
    $w->configure(AnshinMailCommand => $take);
    $w->people('cmd', 1);
    for my $when ('has the mail', 'has nothing of it') {
        my $worker = $w->start;
        is($w->wait_end($worker, 60), 128 + 9, "killed while the command $when");
        isnt(($w->list('mail', 'list'))[0]{state}, 'sent', 'the mail is not marked as sent (MAI-1)');
    }
    $w->start;
    my $mail;
    Anshin::Server::wait_for(60, sub { ($mail) = $w->list('mail', 'list'); return $mail->{state} eq 'sent' });
    is($mail->{state}, 'sent', 'the next worker settles it');
    is($w->stop, 0, 'and ends');
    my @calls = map { -s "$got/$_/mail" ? slurp("$got/$_/mail") : '' } grep { -d "$got/$_" } 1 .. 4;
    is(scalar @calls, 3, 'the mail that one worker had given away and one had not was given once more (MAI-1)');
    isnt($calls[2], '', 'and taken');
    my @id = map { /^(Message-ID: \S+)$/m } @calls;
    is("@id", join(' ', ("Message-ID: <$mail->{id}\@example.com>") x 2), 'each time under the same Message-ID (MAI-1)');
    $w->finish;
}

done_testing;
