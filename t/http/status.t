# The state of the system for who watches over it: htanshin status, SetHandler anshin-status, and what both tell (STA-1, ADM-4).
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use JSON::PP qw(decode_json);
use Test::More;
use Anshin::Person;
use Anshin::Server;

my $vhost = <<'END';
<Location "/status">
    SetHandler anshin-status
    Require ip 127.0.0.1
</Location>
<Location "/status-open">
    SetHandler anshin-status
    Require ip 127.0.0.1
</Location>
<LocationMatch "^/status-open">
    Require all granted
</LocationMatch>
<Location "/status-weak">
    SetHandler anshin-status
    Require ip 127.0.0.1
</Location>
<LocationMatch "^/status-weak$">
    Require ssl
</LocationMatch>
<LocationMatch "^/status-weak/any">
    <RequireAll>
        <RequireAny>
            Require ip 127.0.0.1
            Require ssl
        </RequireAny>
        Require method GET
    </RequireAll>
</LocationMatch>
<LocationMatch "^/status-weak/too">
    AuthMerging And
    Require ssl
</LocationMatch>
<LocationMatch "^/status-weak/all">
    <RequireAll>
        Require ssl
        Require ip 127.0.0.1
    </RequireAll>
</LocationMatch>
END
# A command that is told of events; it refuses as long as a file says so.
my $outside = File::Temp->newdir;
chmod 0777, "$outside";
my ($told, $refuse) = ("$outside/told", "$outside/refuse");
Anshin::PKI::write_text("$outside/tell", "#!/bin/sh\ntest ! -e $refuse || { cat >> $refuse; echo not now >&2; exit 7; }\nenv | sort | tr '\\n' ' ' > $outside/env\ncat >> $told\n");
chmod 0755, "$outside/tell";
my $s = Anshin::Server->new(
    clock => 1, contract => "AnshinLoginMethods password certificate\nAnshinPasswordAttempts 3", vhost => $vhost,
    server => "AnshinEventCommand $outside/tell\nAnshinEventPause 1s"
)->start;
my $c = $s->client;

sub events { return map { decode_json($_) } split /^/, -e $told ? Anshin::PKI::read_text($told) : '' }

# The event of a kind that comes next, and no other of that kind.
my %seen;

sub hears {
    my ($kind, $state, $name) = @_;
    my @found;
    ok(Anshin::Server::wait_for(20, sub { @found = grep { $_->{kind} eq $kind } events(); @found > ($seen{$kind} // 0) }), "STA-2: $name: $kind");
    my $event = $found[ $seen{$kind}++ // 0 ] // {};
    is($event->{state} // '', $state, "STA-2: $name: " . ($state || 'an act')) or diag(explain(\@found));
    return $event;
}

# OpenMetrics as others read it: the reference parser of the Prometheus project. One "name labels value" a sample, or what is wrong.
sub parsed {
    my ($text) = @_;
    my $read = $s->run('/usr/bin/python3', '-c', <<'END', { env => 1, stdin => $text });
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
for family in read(sys.stdin.read()):
    print('#', family.name, family.type, family.unit)
    for one in family.samples:
        print(one.name, ','.join('%s=%s' % pair for pair in sorted(one.labels.items())), one.value)
END
    return $read->{status} ? "refused: $read->{err}" : $read->{out};
}

sub status { my $r = $s->htanshin('--json', 'status'); return { code => $r->{status}, %{ decode_json($r->{out}) } } }

sub value {
    my ($state, $metric, %labels) = @_;
    my ($found) = grep { my $one = $_; !grep { ($one->{$_} // '') ne $labels{$_} } keys %labels } @{ $state->{metrics}{$metric} };
    return $found ? $found->{value} : undef;
}

# --- what a system tells that is well ---

my $p = Anshin::Person->add($s, 'p-01-usr001', method => 'certificate');
$p->register;
ok($p->fetch, 'somebody has a certificate');
my $q = Anshin::Person->add($s, 'p-01-usr002', method => 'password');
$q->register;
is($q->login($c)->status, 303, 'somebody has logged in');
is($q->login($s->client, password => "wrong-Pass-$_")->status, 401, 'a wrong password') for 1 .. 2;
is($q->login($s->client, user => 'p-01-nobody')->status, 401, 'an ID of nobody');
$s->restart;    # the worker counts at its start, and then once a minute
# It notes the CA's end besides, in a transaction of its own.
ok(Anshin::Server::wait_for(20, sub { my $now = status(); return ($now->{health} eq 'healthy' && (value($now, 'users', state => 'active') // 0) == 2 && value($now, 'ca_end_timestamp_seconds', ca => 'ca')) }), 'STA-1: healthy')
    or diag(explain(status()->{reasons}));
my $well = status();
is($well->{code}, 0, 'STA-1: exit code 0, of a plugin that finds all well');
is_deeply($well->{reasons}, [], 'STA-1: and no reason');
is(value($well, 'attempts', contract => 'p-01', result => 'login_ok'), 1, 'STA-1: logins by result: over a restart of httpd');
is(value($well, 'attempts', contract => 'p-01', result => 'wrong_password'), 2, 'STA-1: wrong passwords');
is(value($well, 'attempts', contract => 'p-01', result => 'unknown_user'), 1, 'STA-1: unknown IDs');
is(value($well, 'certificates', contract => 'p-01', state => 'active'), 1, 'STA-1: certificates by state');
is(join(' ', map { value($well, 'certificates_ending', within => $_) } qw(1d 10d 40d 90d)), '0 0 0 0', 'STA-1: none of which ends soon');
is(value($well, 'sessions', contract => 'p-01'), 1, 'STA-1: sessions');
is(value($well, $_), 1, "STA-1: $_") for qw(httpd_up worker_up signer_up);
cmp_ok(value($well, 'store_bytes'), '>', 1000, 'STA-1: size of the store');
cmp_ok(value($well, 'disk_free_bytes'), '>', 1e6, 'STA-1: space that is left');
cmp_ok(value($well, 'ca_end_timestamp_seconds', ca => 'ca'), '>', time, 'STA-1: when the CA ends');
cmp_ok(value($well, 'crl_end_timestamp_seconds', ca => 'ca'), '>', time, 'STA-1: until when its list counts');
cmp_ok(value($well, 'hash_slots'), '>', 0, 'STA-1: slots');
is(join(' ', map { value($well, 'jobs', lane => $_) } qw(ours strangers many)), '0 0 0', 'STA-1: no job waits');

my $text = $s->htanshin('status');
like($text->{out}, qr/\AANSHIN OK - healthy \| active_users=2 (?:\w+=\d+B? ?)+$/m, 'STA-1: the first line is that of a plugin');
like($text->{out}, qr/ certificates_ending_40d=0 /, 'STA-1: with the certificates that end within 40 days');
like($text->{out}, qr/^attempts\{contract="p-01",result="login_ok"\} 1$/m, 'STA-1: and the numbers behind it');

# --- the page ---

my %type = (text => 'text/plain; charset=utf-8', json => 'application/json', openmetrics => 'application/openmetrics-text; version=1.0.0; charset=utf-8');
for my $format (sort keys %type) {
    my $r = $c->get("/status?format=$format");
    is($r->status, 200, "STA-1: the page as $format");
    is($r->header('Content-Type'), $type{$format}, "STA-1: $format: its type");
    is($r->header('Cache-Control'), 'no-store', "STA-1: $format: nobody keeps it");
    unlike($r->body, qr/usr00|example\.com|127\.0\.0\.1/, "STA-1: $format: nothing of a user");
    my $head = $c->head("/status?format=$format");
    is($head->status . $head->body, '200', "STA-1: $format: HEAD has no body");
}
is($c->get('/status', Accept => $_->[0])->header('Content-Type'), $type{ $_->[1] }, "STA-1: Accept: $_->[0]")
    for [ 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5', 'openmetrics' ], [ 'application/json', 'json' ], [ '*/*', 'text' ];
is($c->get('/status?format=xml')->status, 400, 'STA-1: a format that there is not');
is($c->request($_, '/status', '', 'Content-Length' => 0)->status, 405, "STA-1: $_ is refused") for qw(POST PUT DELETE);

my $page = decode_json($c->get('/status?format=json')->body);
is($page->{health}, 'healthy', 'STA-1: JSON of the page');
is(join(' ', sort keys %$page), 'at health metrics reasons since', 'STA-1: with these members');
is(join(' ', sort keys %{ $page->{metrics} }), join(' ', sort keys %{ $well->{metrics} }), 'STA-1: and the same numbers as the command');

my $metrics = parsed($c->get('/status?format=openmetrics')->body);
like($metrics, qr/^# anshin_attempts counter $/m, 'STA-1: a foreign parser reads OpenMetrics');
like($metrics, qr/^anshin_attempts_total contract=p-01,result=login_ok 1$/m, 'STA-1: counters');
like($metrics, qr/^anshin_attempts_created contract=p-01,result=login_ok [\d.e+]+$/m, 'STA-1: since when they count');
like($metrics, qr/^# anshin_jobs_oldest_seconds gauge seconds$/m, 'STA-1: units');
like($metrics, qr/^anshin_health  0$/m, 'STA-1: healthy');
like(parsed($s->htanshin('status', '--openmetrics')->{out}), qr/^anshin_health  0$/m, 'STA-1: and that of the command');
like(parsed($s->htanshin('status', '--openmetrics')->{out} =~ s/# EOF\n//r), qr/^refused: /, 'STA-1: the parser is no easy one');

# --- fail2ban: attempts that failed are counted by address, and nothing that a client writes makes another's ---

# By Debian's fail2ban-regex: how many lines of a log the filter takes, by address.
sub banned {
    my ($log) = @_;
    my $file = $s->root . '/looked-at';
    Anshin::PKI::write_text($file, $log);
    my $r = $s->run('/usr/bin/fail2ban-regex', '-o', 'ip', $file, Anshin::Server::top() . '/conf.d/fail2ban/filter.d/anshin.conf', { env => 1 });
    my %count;
    $count{$_}++ for split ' ', $r->{out};
    return join ' ', map { "$_=$count{$_}" } sort keys %count;
}
my $before = length $s->log;
sub since { my $log = substr $s->log, $before; $before += length $log; return $log }
like($s->log, qr/\[anshin_portal:warn\] \[pid \d+:tid \d+\] \[client 127\.0\.0\.1:\d+\] AN1660: attempt failed: wrong_password in p-01$/m, 'STA-3: an attempt that failed is in the log');
is(banned($s->log =~ s/.*AN166[01]: .*\n//gr), '', 'STA-3: the filter takes no other line');
is(banned($s->log), '127.0.0.1=3', 'STA-3: and each of these: two passwords and an ID of nobody');
my $hostile = 'x] [anshin_portal:warn] [pid 1:tid 1] [client 192.0.2.66:1] AN1660: attempt failed: wrong_password in p-01';
is(banned("[Mon Nov 30 12:00:00.000001 2026] [anshin_portal:warn] [pid 7:tid 8] [client 2001:db8::5:4711] AN1660: attempt failed: wrong_password in p-01\n"),
    '2001:db8::5=1', 'STA-3: an IPv6 address ends ahead of its port');
my $e = $s->client;
my $form = $e->get('/anshin/login');
my $named = $e->post('/anshin/login', { csrf => $form->field('csrf'), user => $hostile, password => $hostile }, Referer => "https://localhost/$hostile", 'X-Forwarded-For' => '192.0.2.66', 'User-Agent' => $hostile);
is($named->status, 401, 'somebody writes lines of the log into all fields and headers');
is(banned(since()), '127.0.0.1=1', 'STA-3: and is counted alone');
is($q->login($s->client)->status, 303, 'the right password');
is($s->client->get("/anshin/$_")->status < 500, 1, "a page: $_") for qw(login help reissue/password reissue/certificate lost);
is(banned(since()), '', 'STA-3: which counts for nothing, nor do pages that are looked at');
for my $page (qw(reissue/password reissue/certificate lost)) {
    my $asking = $s->client;
    my $r = $asking->submit($asking->get("/anshin/$page"), { user => 'p-01-usr001', address => 'nobody@example.com' });
    is(banned(since()), '127.0.0.1=1', "STA-3: who asks for a mail counts: $page") or diag($r->status);
}

# --- a place that is open ---

is($c->get('/status-open')->status, 403, 'STA-1: a place that another section opens is refused');
like($s->log, qr/AN1672: /, 'STA-1: and the log tells why');
is($c->get("/status-weak$_")->status, 403, "STA-1: so is one where a line that restricts nobody lets in: /status-weak$_") for '', '/any';
is($c->get("/status-weak/$_")->status, 200, "STA-1: but not where it stands beside one that does, by \"and\": /status-weak/$_") for qw(too all);

# --- what is wrong, and the exit code ---

sub finds {
    my ($name, $code, $what) = @_;
    my $found;
    ok(Anshin::Server::wait_for(20, sub { $found = status(); grep { $_->{what} eq $what } @{ $found->{reasons} } }), "STA-1: $name: $what")
        or diag(explain($found->{reasons}));
    is($found->{code}, $code, "STA-1: $name: exit code $code");
    is(value($found, 'alarm', what => $what), 1, "STA-1: $name: as a number");
    return $found;
}

# A worker that stands still does no job: its age tells.
my ($worker) = map { m{(\d+)$} } grep { (readlink("$_/exe") // '') eq $s->root . '/bin/anshin-ca' } glob '/proc/[0-9]*';
is(join(' ', map { $_->{kind} } events()), '', 'STA-2: of a system that is well nobody is told');
my @locked = map { Anshin::Person->add($s, "p-01-usr10$_", method => 'password') } 1 .. 3;
$_->register for @locked;
is(kill(STOP => $worker), 1, 'the worker stands still');
for my $person (@locked) { $person->login($s->client, password => "wrong-Pass-$_") for 1 .. 3 }
Anshin::PKI::write_text($refuse, '');
chmod 0666, $refuse;
$s->later(-3600);
my $d = $s->client;
$q->login($d);
is($d->submit($d->get('/anshin/password'), { current => $q->{password}, map { $_ => 'Kawa-to-mori-8' } qw(password password_confirm) })->status,
    303, 'a change that a mail tells of');
$s->later(0);
my $found = finds('jobs that wait', 2, 'jobs');
cmp_ok(value($found, 'jobs', lane => 'ours'), '>', 0, 'STA-1: how many');
cmp_ok(value($found, 'jobs_oldest_seconds', lane => 'ours'), '>', 3000, 'STA-1: and for how long the first has');
my $down = $s->client->get('/status?format=text');
is($down->status, 503, 'STA-1: a page for people is 503 then');
like($down->body, qr/^ANSHIN CRITICAL - down: .*\ba job of lane ours has waited for \d+ minutes \|/, 'STA-1: and says why');
is($s->client->get('/status?format=openmetrics')->status, 200, 'STA-1: who collects numbers gets them all the same');
kill CONT => $worker;
ok(Anshin::Server::wait_for(20, sub { status()->{health} eq 'healthy' }), 'and when it goes on all is well');

# Three were locked meanwhile, and the command did not want to hear of it.
ok(Anshin::Server::wait_for(20, sub { -s $refuse }), 'STA-2: the command is asked');
ok(Anshin::Server::wait_for(20, sub { $s->log =~ /AN1676: events wait: AnshinEventCommand: \S+ ended with 7: not now/ }), 'STA-2: the log tells that it refuses, and what it said');
ok(Anshin::Server::wait_for(20, sub { Anshin::PKI::read_text($refuse) =~ /\n.*\n/ }), 'STA-2: it is asked again');
is(scalar(() = $s->log =~ /AN1676: /g), 1, 'STA-2: which is told once');
unlink $refuse;
my $locked = hears('locked', '', 'who was locked by attempts');
is($locked->{more}, 2, 'STA-2: three are one line, which tells of the two others');
is("$locked->{event}{act} $locked->{event}{user} $locked->{event}{contract}", 'now_locked p-01-usr103 p-01', 'STA-2: the last of them, as AnshinAuditCommand gets it');
like($locked->{event}{account}, qr/^[0-9a-f]{32}$/, 'STA-2: by number');
like($locked->{at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'STA-2: and when');
ok(Anshin::Server::wait_for(20, sub { $s->log =~ /AN1675: / }), 'STA-2: the log tells that it is well again');
unlike(Anshin::PKI::read_text($told), qr/wrong-Pass|$q->{password}/, 'STA-2: no password is among it');
like(Anshin::PKI::read_text("$outside/env"), qr{^(?:_=\S+ |PWD=\S+ |SHLVL=\S+ |OLDPWD=\S+ )*LANG=C\.UTF-8 }, 'STA-2: the command has nothing of our environment');

# One that was killed, and cannot be started again. Its last sign of life is made older than a restart takes (run/board: worker_at).
my $program = $s->root . '/bin/anshin-ca';
rename $program, "$program.away" or die "$program: $!";
kill KILL => $worker;
ok(Anshin::Server::wait_for(20, sub { !defined readlink "/proc/$worker/exe" }), 'the worker is killed');
open my $board, '+<:raw', $s->state . '/run/board' or die "board: $!";
sysseek $board, 80, 0;
sysread $board, my $awake, 8;
sysseek $board, 80, 0;
syswrite $board, pack 'q', unpack('q', $awake) - 30_000_000;
close $board;
finds('a worker that was killed', 2, 'worker');
rename "$program.away", $program or die "$program: $!";
ok(Anshin::Server::wait_for(60, sub { status()->{health} eq 'healthy' }), 'httpd starts another');
like(hears('worker', 'over', 'one that was gone')->{text}, qr/^the CA worker was gone for \d+ seconds$/, 'STA-2: the next one tells for how long');

$s->stop;
$found = finds('without httpd', 2, 'httpd');
like($s->htanshin('status')->{out}, qr/^ANSHIN CRITICAL - down: httpd does not run; the CA worker does not run \|/, 'STA-1: the command works all the same');
is(value($found, 'attempts', result => 'wrong_password'), 8, 'STA-1: and still has the counters');
my $store = $s->state . '/store';
rename $store, "$store.away" or die "$store: $!";
finds('a store that is not there', 2, 'store');
ok(!-e $store, 'STA-1: and who looks makes none');
Anshin::PKI::write_text($store, "nothing\n");
finds('a store that cannot be read', 2, 'store');
unlink $store;
rename "$store.away", $store or die "$store: $!";
my $config = $s->state . '/config.json';
rename $config, "$config.away" or die "$config: $!";
is($s->htanshin('status')->{status}, 3, 'STA-1: exit code 3 where nothing can be told');
rename "$config.away", $config or die "$config: $!";
is($s->htanshin('status', '--nonsense')->{status}, 3, 'STA-1: or the command line is wrong');

# --- configtest: a place that is open ---

my %section = (
    'no Require'                   => '',
    'all granted'                  => 'Require all granted',
    'one that opens it'            => "Require ip 127.0.0.1\nRequire all granted",
    'one that opens it, in a container' => "<RequireAny>\nRequire ip 127.0.0.1\nRequire all granted\n</RequireAny>",
    'one of TLS beside it'         => "Require ip 127.0.0.1\nRequire ssl",
    'a weak one within'            => "<RequireAll>\n<RequireAny>\nRequire ip 127.0.0.1\nRequire method GET\n</RequireAny>\nRequire ssl\n</RequireAll>",
    'of methods alone'             => 'Require method GET',
    'of some methods'              => "<Limit GET>\nRequire ip 127.0.0.1\n</Limit>",
    'turned round'                 => "<RequireAll>\nRequire all granted\n<RequireNone>\nRequire ip 127.0.0.1\n</RequireNone>\n</RequireAll>",
    'or the outer one'             => "AuthMerging Or\nRequire ip 127.0.0.1",
    'of every address'             => 'Require ip 0.0.0.0/0.0.0.0',
    'of half of them'              => 'Require ip 192.0.2.0/24 128.0.0.0/1',
    'of IPv6 addresses'            => 'Require ip 2000::/3',
    'of a name for everybody'      => 'Require anybody',
    'of a name for all granted'    => 'Require whoever',
    'of some requests'             => "<If \"true\">\nRequire ip 127.0.0.1\n</If>",
);
my $file = $s->root . '/httpd.conf';
my $kept = Anshin::PKI::read_text($file);
my $aliases = <<'END';
<AuthzProviderAlias ip anybody "0.0.0.0/0.0.0.0">
</AuthzProviderAlias>
<AuthzProviderAlias all whoever granted>
</AuthzProviderAlias>
<AuthzProviderAlias ip office "192.0.2.0/24 2001:db8::/32 10">
</AuthzProviderAlias>
END
$kept =~ s/^(?=<VirtualHost)/$aliases/m or die 'no <VirtualHost';
for my $name (sort keys %section) {
    Anshin::PKI::write_text($file, $kept =~ s{(<Location "/status">\s+SetHandler anshin-status\n).*?(</Location>)}{$1$section{$name}\n$2}sr);
    my $r = $s->configtest;
    is($r->{status}, 1, "STA-1: configtest refuses a Require that is none: $name");
    like($r->{err}, qr/AN1671: .* line \d+: SetHandler anshin-status needs a Require/, "STA-1: $name: and says where");
}
for my $good ('Require local', 'Require office', 'Require ip 10', 'Require ip 192.0.2.0/255.255.255.0 2001:db8::/32 2001:db8::1', "<RequireAll>\nRequire ip 127.0.0.1\nRequire method GET\n</RequireAll>",
    "<RequireAny>\n<RequireAll>\nRequire ip 127.0.0.1\nRequire ssl\n</RequireAll>\nRequire local\n</RequireAny>", "AuthType Anshin\nRequire valid-user", 'Require all denied') {
    Anshin::PKI::write_text($file, $kept =~ s{(<Location "/status">\s+SetHandler anshin-status\n).*?(</Location>)}{$1$good\n$2}sr);
    is($s->configtest->{status}, 0, 'STA-1: configtest takes ' . $good =~ s/\n/ /gr);
}
Anshin::PKI::write_text($file, $kept);
is(join('', $s->faults), '', 'the server had stopped cleanly, without a crash or a sanitizer report');
$s->remove;
done_testing;
