#!/usr/bin/perl
# Disks that fail while the server works, and what becomes of it afterwards: full, without a place for another name,
# read-only, and one that reports an error when it shall keep what was written. TAP.
#
#   t/crash/disk.t          part of make test
#   t/crash/disk.t --long   more of the load; make crash runs it
#
# A full disk is a real one where that is allowed: a small tmpfs below the state directory, in a mount namespace of our
# own (root with CAP_SYS_ADMIN; ANSHIN_NAMESPACE=0 does without). Where it is not, the same answers come from
# t/crash/preload/faults.c, a library preloaded into httpd and worker, and the suite says so; nothing is left out. A
# file system that turns read-only under open files, and a sync that fails, cannot be had of a healthy kernel and always
# come from there.
#
# While it lasts: pages that only read go on, whoever is logged in stays so; what must write is answered with 503 and a
# page, and no session; the log names the cause. Afterwards: a full or read-only disk needs nobody, a failed sync asks
# for a restart (what was written before it may or may not be on the disk). Nothing acknowledged is lost, what was
# refused is done wholly or not at all, mail and certificates are there exactly once. The same once more under load, by
# clients of Anshin::Load; there a child of httpd and its first process are killed while it lasts.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Ledger;
use Anshin::Load;
use Anshin::Person;
use Anshin::Processes;
use Anshin::Server;

# In a mount namespace of our own a tmpfs ends with us, however we end.
my $try = "unshare -m sh -c 'mount -t tmpfs none /mnt' 2>/dev/null";
if ($> == 0 && !defined $ENV{ANSHIN_NAMESPACE} && system($try) == 0) {
    $ENV{ANSHIN_NAMESPACE} = 1;
    exec 'unshare', '-m', $^X, $0, @ARGV or die "unshare: $!";
}
my $real = $ENV{ANSHIN_NAMESPACE};
diag($real ? 'the full disk is a tmpfs' : 'no tmpfs may be mounted here (for a real full disk: run as root, with '
        . 'CAP_SYS_ADMIN); a full disk is one that t/crash/preload/faults.c makes of a good one');

my $seconds = (grep { $_ eq '--long' } @ARGV) ? 10 : 0.5;
my $faults = Anshin::Server::out() . '/faults.so';

sub server {
    my (%want) = @_;
    my %httpd = (loglevel => 'notice', no_ca => 1, no_state => 1, server => $want{httpd});
    my $s = Anshin::Server->new(%httpd, contract => $want{contract} // <<'END_OF_LINES');
AnshinLoginMethods password certificate
AnshinCertificateKey p256
END_OF_LINES
    if ($want{tmpfs}) {
        mkdir $s->state or die 'state: ' . $!;
        system('mount', '-t', 'tmpfs', '-o', 'size=6m,nr_inodes=2k,mode=0750', 'none', $s->state) == 0 or die 'mount';
        $s->{mounted} = 1;
    }
    else {
        Anshin::PKI::write_text($s->root . '/bin/faults.so', Anshin::PKI::read_text($faults));
        $s->{environment} = {
            LD_PRELOAD => $s->root . '/bin/faults.so', ANSHIN_FAULTS => $s->root . '/fault',
            ANSHIN_FAULTS_BELOW => $s->state
        };
    }
    $s->prepare_state;
    $s->make_ca;
    return $s->start;
}

# --- breaking and mending ---

sub fill {
    my ($s) = @_;
    open my $out, '>', $s->state . '/filler' or die "filler: $!";
    for my $size (65536, 4096, 1) {
        1 while syswrite $out, 'x' x $size;
    }
    close $out;
    return;
}

sub take_names {
    my ($s) = @_;
    my $count = 0;
    while (open my $out, '>', $s->state . '/filler' . ++$count) { close $out }
    return;
}

sub inject { my ($s, $fault) = @_; Anshin::PKI::write_text($s->root . '/fault', $fault); return }
sub mend   { my ($s) = @_; unlink $s->root . '/fault', glob $s->state . '/filler*'; return }

# --- people ---

# In the middle of a registration: the page that asks for the credentials.
sub halfway {
    my ($s, $user, $method) = @_;
    my $person = Anshin::Person->add($s, $user, method => $method);
    my $c = $s->client;
    return { person => $person, client => $c, form => $person->to_credentials($c) };
}

sub finish_registration {
    my ($half) = @_;
    my $answer = $half->{client}->submit($half->{form}, $half->{person}->credentials);
    if ($answer->status == 303) {
        my $page = $half->{client}->follow($answer);
        ($half->{person}{download_password}) = $page->text =~ /id="secret">([^<]+)</;
    }
    return $answer;
}

sub change {
    my ($c, $person, $new) = @_;
    my %fields = (current => $person->{password}, password => $new, password_confirm => $new);
    return $c->submit($c->get('/anshin/password'), \%fields);
}

sub has_session { my ($answer) = @_; return scalar grep { /^__Host-anshin-p-01=[^;]/ } $answer->headers('Set-Cookie') }

# 503 with a page that says so, when to come again, and no session.
sub is_refused {
    my ($answer, $what) = @_;
    my $good = $answer->status == 503 && ($answer->header('Retry-After') // '') =~ /^\d+$/ && $answer->text =~ /<h1/
        && !has_session($answer);
    ok($good, "$what is refused with a page (S21, STO-3)")
        or diag($answer->status . ' ' . $answer->error . $answer->body);
    return;
}

# What only reads; and what everybody may ask who has a session.
sub reads_go_on {
    my ($s, $c, $when) = @_;
    for my $path ('/members/', '/anshin/account', '/anshin/history', '/anshin/') {
        is($c->get($path)->status, 200, "$when: $path") or diag($s->log);
    }
    is($s->client->get('/anshin/login')->status, 200, "$when: the login page of a stranger");
    return;
}

# A new browser of somebody who is logged in.
sub logged_in {
    my ($s, $person) = @_;
    my $c = $s->client;
    is($person->login($c)->status, 303, "$person->{user} logs in");
    return $c;
}

# --- one disk ---

sub prepare {
    my ($s, $name) = @_;
    my %cast = (stay => Anshin::Person->add($s, 'p-01-stay'), come => Anshin::Person->add($s, 'p-01-come'));
    $_->register for values %cast;
    $cast{session} = logged_in($s, $cast{stay});
    $cast{leaver}  = logged_in($s, $cast{stay});
    $cast{late} = halfway($s, 'p-01-late', 'password');
    $cast{holder} = halfway($s, 'p-01-hold', 'certificate');
    $cast{logins} = 0;

    # A certificate is wanted while nobody can make one: the worker is held until the disk is broken.
    $s->wait_log(qr/AN0760/);
    ($cast{worker}) = Anshin::Processes->new($s)->of('worker');
    kill STOP => $cast{worker};
    is(finish_registration($cast{holder})->status, 303, "$name: a registration before");
    return \%cast;
}

# Logs in until it is refused, $most times at most: what had been allocated may serve for some.
sub log_in_until_refused {
    my ($s, $cast, $most) = @_;
    my $c = $s->client;
    my $answer;
    for (1 .. $most) {
        $c->{cookies} = {};
        $answer = $cast->{come}->login($c);
        last if $answer->status != 303;
        $cast->{logins}++;
    }
    return $answer;
}

# What is left when a login does not fit any more may take something smaller: attempts of nobody write less than all that
# is tried afterwards, and each is of another one.
sub use_up {
    my ($s, $cast) = @_;
    my $c = $s->client;
    $cast->{come}->login($c, user => "p-01-none$_") for 1 .. 20;
    return;
}

sub while_it_lasts {
    my ($s, $cast, $is) = @_;
    reads_go_on($s, $cast->{session}, "$is->{name}, while it lasts");
    is_refused(change($cast->{session}, $cast->{stay}, 'Never-to-be-7'), "$is->{name}: a change of the password");
    is_refused(log_in_until_refused($s, $cast, $is->{some} ? 3000 : 1), "$is->{name}: a login");
    use_up($s, $cast) if $is->{some};
    is_refused(finish_registration($cast->{late}), "$is->{name}: a registration");
    my $leaver = $cast->{leaver};
    my $left = $leaver->submit($leaver->get('/anshin/logout'), {}, qr/logout$/)->status;
    like($left, $is->{some} ? qr/^(?:200|503)$/ : qr/^503$/, "$is->{name}: a logout is not written, unless it fits into what was allocated before");
    isnt($leaver->get('/members/')->status, 200, "$is->{name}: but the browser has forgotten the session (B53)");
    my $some = $cast->{logins};
    cmp_ok($some, '>', 0, "$is->{name}: but $some went into what was allocated before") if $is->{some};
    like($s->htanshin('check')->{out}, qr/MiB are left on its file system/, "$is->{name}: check tells of it (B53)") if $s->{mounted};
    isnt($s->client->get('/members/')->status, 200, "$is->{name}: nobody gets in without a session");
    like($s->log, qr/AN0612: .*\Q$is->{cause}\E/, "$is->{name}: httpd's log names the cause");
    kill CONT => $cast->{worker};
    ok($s->wait_log(qr/anshin-ca\[\d+\]:.*\Q$is->{cause}\E/, 30), "$is->{name}: and so does the worker's") or diag($s->log);
    reads_go_on($s, $cast->{session}, "$is->{name}, still");

    # A worker that dies now leaves what it had in hand to one that cannot write.
    kill KILL => $cast->{worker};
    ok($s->wait_log(qr/AN0593/), "$is->{name}: the worker is killed");
    my $again = qr/AN0593(?s:.*)anshin-ca\[\d+\]:.*\Q$is->{cause}\E/;
    ok($s->wait_log($again, 30), "$is->{name}: the next one meets the same cause") or diag($s->log);
    return;
}

# The password is the old one or the new one, not both and not none.
sub settle_password {
    my ($s, $person, $new, $is) = @_;
    my @opens = map { $person->login($s->client, password => $_)->status == 303 ? $_ : () } $person->{password}, $new;
    is(scalar @opens, 1, "$is->{name}: the password is the old one or the new one");
    isnt($opens[0], $new, "$is->{name}: the old one, since the change was refused before it was written")
        unless $is->{restart};
    $person->{password} = $opens[0] // $new;
    return;
}

sub afterwards {
    my ($s, $cast, $is) = @_;
    my ($stay, $come, $late, $holder) = ($cast->{stay}, $cast->{come}, $cast->{late}{person}, $cast->{holder}{person});
    if ($is->{restart}) {
        is_refused($come->login($s->client), "$is->{name}: mended, a login");
        like($s->log, qr/restart all programs/, "$is->{name}: the log says what must be done");
        ok($s->restart, "$is->{name}: httpd is restarted");
    }
    is($cast->{session}->get('/members/')->status, 200, "$is->{name}, mended: the session of before is open");
    settle_password($s, $stay, 'Never-to-be-7', $is);
    my $answer = finish_registration($cast->{late});
    ok($answer->status == 303 || $is->{restart}, "$is->{name}: the registration that was refused is taken")
        or diag($answer->body);
    is($late->login($s->client)->status, 303, "$is->{name}: and who registered logs in");
    is(change(logged_in($s, $stay), $stay, 'Kawa-to-mori-8')->status, 303, "$is->{name}: a password is changed");
    is($come->login($s->client)->status, 303, "$is->{name}: a login");
    $cast->{logins}++;
    ok($holder->wait_text(qr{(/download\?t=)}), "$is->{name}: the certificate asked for before is there by itself");
    ok($holder->fetch, 'and can be fetched');

    my $facts;
    my $quiet = sub { $facts = Anshin::Ledger::facts($s); return !Anshin::Ledger::spool_against($facts) };
    Anshin::Server::wait_for(60, $quiet);
    is(join("\n", Anshin::Ledger::spool_against($facts)), '', "$is->{name}: every mail lies in the spool once (MAI-1)");
    my %mail;
    $mail{ $_->{kind} }++ for @{ $facts->{mail} };
    is($mail{'certificate-ready'}, 1, 'one with a certificate');
    cmp_ok($mail{'password-changed'}, '>=', 1, 'notices of a changed password: ' . $mail{'password-changed'});
    is(scalar @{ $facts->{certificates} }, 1, "$is->{name}: one certificate was made (CRT-1)");
    my $history = Anshin::Ledger::list($s, 'history', $come->{user}, '--limit', 10_000);
    my $ok = grep { $_->{result} eq 'login_ok' } @$history;
    ok($ok == $cast->{logins} || ($is->{restart} && $ok == $cast->{logins} + 1),
        "$is->{name}: all $cast->{logins} logins are in the history, and none that was refused") or diag($ok);
    return;
}

# name; server: of server(); break; cause: what the log must say; some: 1 when some logins may go on in space that is
# allocated already; restart: 1 when a restart must be asked for.
sub scenario {
    my (%is) = @_;
    # A child that httpd adds while it lasts, since the others begin slowly, would have no store to read from.
    my $s = server(%{ $is{server} || {} }, httpd => 'MinSpareThreads 1');
    my $cast = prepare($s, $is{name});
    $is{break}->($s);
    while_it_lasts($s, $cast, \%is);
    mend($s);
    afterwards($s, $cast, \%is);
    end_server($s);
    return;
}

# $killed: deaths in the log that are no fault.
sub end_server {
    my ($s, $killed) = @_;
    ok($s->stop, 'httpd stops');
    my $processes = Anshin::Processes->new($s);
    ok(Anshin::Server::wait_for(20, sub { !$processes->all }), 'no process is left') or diag(join ' ', $processes->all);
    is(join('', grep { !$killed || !/$killed/ } $s->faults), '', 'and no process had crashed');
    system('umount', $s->state) if $s->{mounted};
    $s->remove;
    return;
}

# --- one disk under load ---

# Like scenario; serves: the most logins with a change that may go on while it lasts, undef when all of them may. What
# comes of it is compared by the function answered, when mail is tried again: the other disks have their turn meanwhile.
sub under_load {
    my (%is) = @_;
    my $s = server(%{ $is{server} || {} }, contract => Anshin::Load::contract());
    my $processes = Anshin::Processes->new($s);
    my ($stop, @ledgers) = map { $s->root . "/$_" } qw(stop ledger-0 ledger-1 ledger-2);
    my @actors = map { Anshin::Load->start($s, $_, stop => $stop, ledger => $ledgers[$_], seed => $_) } 1, 2;
    my $witness = Anshin::Load->new($s, 0, ledger => $ledgers[0]);
    $witness->person;
    my $fetched = sub { return Anshin::Ledger->read(@ledgers)->tally->{'downloads acknowledged'} };
    ok(Anshin::Server::wait_for(60, $fetched), "$is{name}, under load: before, all is done");

    $is{break}->($s);
    see_refused($witness, \%is) if defined $is{serves};
    sleep $seconds;
    my @children = $processes->of('child');
    is(kill('KILL', $children[ rand @children ]), 1, "$is{name}, under load: a child is killed");
    sleep $seconds;
    my @widows = $processes->kill_httpd($seconds / 2);
    my $started = eval { $s->start; 1 };
    like($@, qr/AN0\d{3}.*\Q$is{cause}\E/, "$is{name}, under load: httpd does not start, and says why") unless $started;
    is(join(' ', $processes->widows(@widows)), '', 'worker and signer of an httpd that is killed end by themselves');
    sleep $seconds;
    like($s->log, qr/\Q$is{cause}\E/, "$is{name}, under load: the log names the cause");
    mend($s);
    $s->start unless $started;
    ok($witness->serves(60), "$is{name}, under load: mended, a login and a change are acknowledged");
    sleep $seconds;
    Anshin::PKI::write_text($stop, '');
    is(scalar(grep { !$_->wait(200) } @actors), 0, 'every client came to its end: nothing hung');
    $witness->finish;
    return sub {
        compare($s, Anshin::Ledger->read(@ledgers), \%is);
        end_server($s, qr/exit signal Killed/);
    };
}

sub see_refused {
    my ($witness, $is) = @_;
    my $some = 0;
    $some++ while $some <= $is->{serves} && $witness->serves(0);
    cmp_ok($some, '<=', $is->{serves}, "$is->{name}, under load: $some logins and changes, then they are refused");
    return;
}

sub compare {
    my ($s, $ledger, $is) = @_;
    my $tally = $ledger->tally;
    diag("$is->{name}: " . join ', ', map { "$_ $tally->{$_}" } sort keys %$tally);
    is(join("\n", $ledger->complaints), '', 'no answer contradicted an earlier one (STO-3)');
    is($tally->{$_} // 0, 0, "no request ended: $_") for qw(error hung);
    cmp_ok($tally->{unavailable} // 0, '>', 0, 'answers 503') if defined $is->{serves};
    my $facts;
    Anshin::Server::wait_for(120, sub { $facts = Anshin::Ledger::facts($s); return !$ledger->unsent($facts) });
    $facts = Anshin::Ledger::facts($s, $ledger->people);
    is(join("\n", $ledger->against($facts)), '',
        "$is->{name}, under load: all that was acknowledged is there; mail and certificates exactly once (STO-3, MAI-1, CRT-1)");
    is(join("\n", $ledger->probe($s)), '', 'every session and every password is as acknowledged (STO-3)');
    return;
}

# --- all of them ---

my @loads = under_load(
    name  => 'no more names', server => { tmpfs => $real }, cause => 'No space left on device',
    break => $real ? \&take_names : sub { inject($_[0], 'names') }
);
push @loads, under_load(
    name  => 'full disk', server => { tmpfs => $real }, serves => 300, cause => 'No space left on device',
    break => $real ? \&fill : sub { inject($_[0], 'full') }
);
push @loads, under_load(
    name  => 'read-only file system', serves => 0, cause => 'Read-only file system',
    break => sub { inject($_[0], 'readonly') }
);
scenario(
    name  => 'full disk', server => { tmpfs => $real }, some => 1, cause => 'No space left on device',
    break => $real ? \&fill : sub { inject($_[0], 'full') }
);
scenario(
    name  => 'read-only file system', cause => 'Read-only file system', break => sub { inject($_[0], 'readonly') }
);
scenario(
    name  => 'failing syncs', cause => 'Input/output error', restart => 1, break => sub { inject($_[0], 'error') }
);

$_->() for @loads;

# A start on a read-only file system says why it is none.
{
    my $s = server();
    ok($s->stop, 'httpd stops');
    inject($s, 'readonly');
    my $started = eval { $s->start; 1 };
    if ($started) {
        is($s->client->get('/members/')->status, 503, 'started on a read-only file system: 503');
        $s->stop;
    }
    else {
        like($@, qr/AN0\d{3}.*Read-only file system/s, 'httpd does not start on a read-only file system, and says why');
    }
    mend($s);
    $s->start;
    is($s->client->get('/anshin/login')->status, 200, 'mended, it starts');
    end_server($s);
}

# A child of httpd that begins while it lasts has no store; it shall have one when it is mended, without a restart.
{
    my $s = server();
    my $processes = Anshin::Processes->new($s);
    inject($s, 'readonly');
    kill KILL => $processes->of('child');
    ok($s->wait_log(qr/AN0530(?s:.*)AN0530/, 30), 'the children that begin on a read-only file system say so');
    is($s->client->get('/anshin/login')->status, 503, 'and answer 503 (S21)');
    mend($s);
    my $all = sub { return !grep { $s->client->get('/anshin/login')->status != 200 } 1 .. 8 };
    ok(Anshin::Server::wait_for(20, $all), 'mended, they serve without a restart');
    end_server($s, qr/exit signal Killed/);
}
done_testing;
