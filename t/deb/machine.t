# The Debian package on a bare machine (INS-1): installed by the lines of htdocs/manual/en/debian.md, a user registers and logs
# in by certificate, an upgrade over the live store, remove and purge. Run by apxs-build/deb-test in namespaces of its own, where
# 127.0.0.1 is the machine of $ANSHIN_MACHINE, a chroot with its packages in /root.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use Test::More;
use Anshin::Client;
use Anshin::PKI;
use Anshin::Person;
use Anshin::Server;

my $host = 'www.example.jp';
my @typed = typed();
cmp_ok(scalar @typed, '<=', 15, 'INS-1: lines typed: ' . @typed);

# --- a machine, as Anshin::Person knows a server ---

package Machine {    ## no critic (RequireFilenameMatchesPackage): a suite is no module
    sub new { my ($class, $root) = @_; return bless { chroot => $root, name => 'p-01', scratch => File::Temp->newdir }, $class }
    sub root   { return "$_[0]{scratch}" }
    sub client { my ($self, %want) = @_; return Anshin::Client->new(port => 443, host => 'www.example.jp', origin => 'https://www.example.jp', %want) }
    sub log    { my ($self) = @_; return Anshin::Server::text_of("$self->{chroot}/var/log/apache2/error.log") }
    sub mail   { my ($self) = @_; return map { Anshin::PKI::read_text($_) } sort { -M $b <=> -M $a } glob "$self->{chroot}/var/lib/anshin/mail/new/*" }
    sub has    { my ($self, $path) = @_; return -e "$self->{chroot}$path" ? 1 : 0 }
    sub file   { my ($self, $path) = @_; return Anshin::PKI::read_text("$self->{chroot}$path") }

    sub run {
        my ($self, @command) = @_;
        my $out = File::Temp->new;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            open STDIN,  '<',  '/dev/null';
            open STDOUT, '>',  "$out";
            open STDERR, '>&', \*STDOUT;
            exec @command or POSIX::_exit(127);
        }
        waitpid $pid, 0;
        my $text = Anshin::PKI::read_text("$out");
        return { status => $? >> 8, out => $text, err => $text };
    }

    sub inside {
        my ($self, @command) = @_;
        return $self->run(
            'chroot', $self->{chroot},
            qw(env -i PATH=/stubs:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root), @command
        );
    }

    sub htanshin { my ($self, @words) = @_; return $self->inside('htanshin', @words) }
    sub shell    { my ($self, $line) = @_; return $self->inside('sh', '-c', "cd /root; $line") }
}

my $m = Machine->new($ENV{ANSHIN_MACHINE} // die 'apxs-build/deb-test runs this');
my @packages = sort { version_of($a) cmp version_of($b) } map { s{.*/}{}r } glob "$m->{chroot}/root/*.deb";
my $new = $packages[-1];
prepare();

# --- from bare, with the last release where there is one ---

my $first = $packages[0];
type_lines($first);
my $who = register('p-01-usr002');
my $c = $m->client(cert => $who->{pem});
is($who->login($c)->status, 303, 'INS-1: a login by certificate');
is($c->get('/members/')->status, 200, 'INS-1: and in');
is($m->client->get('/members/')->status, 401, 'without it nobody is');
append('/etc/apache2/conf-available/anshin.conf', "# ours\n");

SKIP: {
    skip 'no release before this one here (no git history)', 8 if $first eq $new;
    my $pid = $m->file('/run/apache2/apache2.pid');
    my $done = $m->shell("apt-get install -y -o Dpkg::Options::=--force-confold ./$new");
    is($done->{status}, 0, "INS-1: upgrade from $first, with a live store") or diag($done->{out});
    isnt($m->file('/run/apache2/apache2.pid'), $pid, 'INS-1: httpd was restarted, so that no child of the old build writes');
    like($m->file('/etc/apache2/conf-available/anshin.conf'), qr/^# ours$/m, 'INS-1: the configuration is as it was');
    ok(answers(), 'INS-1: httpd answers');
    is($c->get('/members/')->status, 200, 'INS-1: the session goes on');
    is($who->login($m->client(cert => $who->{pem}))->status, 303, 'INS-1: the certificate of before logs in');
    my $later = register('p-01-usr003');
    is($later->login($m->client(cert => $later->{pem}))->status, 303, 'INS-1: a new user registers and logs in');
    like($m->htanshin('--version')->{out}, qr/\Q@{[version_of($new)]}\E/, 'INS-1: of the new version');
}

# --- remove, and back ---

my $removed = $m->shell('apt-get remove -y libapache2-mod-anshin');
is($removed->{status}, 0, 'INS-1: remove') or diag($removed->{out});
ok(!$m->has('/usr/sbin/htanshin'), 'programs are gone');
ok($m->has("/var/lib/anshin/$_"), "INS-1: $_ stays") for qw(seal.key store ca/ca.key);
ok($m->has('/etc/apache2/conf-available/anshin.conf'), 'INS-1: so does the configuration');
is($m->shell('apachectl configtest')->{status}, 0, 'INS-1: httpd starts without it');
is($m->shell("apt-get install -y ./$new")->{status}, 0, 'INS-1: installed again');
my $on = $m->shell('a2enmod anshin_portal; a2enconf anshin; systemctl restart apache2');
is($on->{status}, 0, 'switched on again') or diag($on->{out});
ok(answers(), 'httpd answers');
is($who->login($m->client(cert => $who->{pem}))->status, 303, 'INS-1: everybody is there') or diag($m->log);

# --- purge ---

my $purged = $m->shell('apt-get purge -y libapache2-mod-anshin');
is($purged->{status}, 0, 'INS-1: purge') or diag($purged->{out});
like($purged->{out}, qr{kept /var/lib/anshin}, 'INS-1: it says what it keeps');
ok($m->has('/var/lib/anshin/ca/ca.key'), 'INS-1: and keeps it, unless somebody says yes');
ok(!$m->has('/etc/apache2/conf-available/anshin.conf'), 'INS-1: the configuration is gone');
is($m->shell("apt-get install -y ./$new")->{status}, 0, 'installed again');
$m->shell('echo libapache2-mod-anshin libapache2-mod-anshin/delete-state boolean true | debconf-set-selections');
is($m->shell('apt-get purge -y libapache2-mod-anshin')->{status}, 0, 'INS-1: purge, with a yes');
ok(!$m->has('/var/lib/anshin'), 'INS-1: takes the state along');
is($m->inside('getent', 'passwd', 'anshin-ca')->{status}, 0, 'and leaves the users, who may have files elsewhere');

# --- the same lines with this release, from nothing ---

type_lines($new);
$who = register('p-01-usr002');
is($who->login($m->client(cert => $who->{pem}))->status, 303, 'INS-1: from nothing to the first login') or diag($m->log);

# --- the worker under an init system: with what the unit leaves it, and never beside httpd's ---

my @start = qw(/usr/lib/anshin/anshin-ca -d /var/lib/anshin -p -i);
my ($bounds) = $m->file('/lib/systemd/system/anshin-ca.service') =~ /^CapabilityBoundingSet=(.*)$/m;
my $refused = $m->inside(@start);
is($refused->{status}, 2, 'INS-1: -i is refused while httpd starts the worker');
like($refused->{out}, qr/AN1750/, 'and says what to do');
append('/etc/apache2/conf-available/anshin.conf', "AnshinCAWorker off\n");
is($m->shell('systemctl restart apache2')->{status}, 0, 'AnshinCAWorker off');
my @bounded = ('setpriv', '--bounding-set=' . join ',', '-all', map { '+' . lc s/^CAP_//r } split ' ', $bounds);
my $worker = fork // die "fork: $!";
if (!$worker) {
    open STDIN, '<', '/dev/null';
    exec 'chroot', $m->{chroot}, @bounded, @start or POSIX::_exit(127);
}
my $under = register('p-01-usr004');
is($under->login($m->client(cert => $under->{pem}))->status, 303, "INS-1: the unit's capabilities ($bounds) are enough");
kill 'TERM', $worker;
waitpid $worker, 0;
is($? >> 8, 0, 'and it ends as told');
$m->shell('apachectl stop');
Anshin::Server::wait_for(30, sub { !$m->has('/run/apache2/apache2.pid') });
done_testing;

# --- helpers ---

# The first list of commands of the page.
sub typed {
    my ($block) = Anshin::PKI::read_text('htdocs/manual/en/debian.md') =~ /^```sh\n(.*?)^```/ms or die 'no commands';
    return split /\n/, $block;
}

sub version_of { return $_[0] =~ /_([\d.]+)-/ ? $1 : die "$_[0]: no version" }

# What this machine has and a bare one would have: a name, sudo, an init. httpd may be restarted here.
sub prepare {
    my %stub = (sudo => 'exec "$@"', systemctl => 'case $1 in restart) exec /etc/init.d/apache2 restart ;; *) exit 1 ;; esac');
    mkdir "$m->{chroot}/stubs";
    for my $name (keys %stub) {
        Anshin::PKI::write_text("$m->{chroot}/stubs/$name", "#!/bin/sh\n$stub{$name}\n");
        chmod 0755, "$m->{chroot}/stubs/$name";
    }
    Anshin::PKI::write_text("$m->{chroot}/etc/hosts", "127.0.0.1 $host localhost\n");
    Anshin::PKI::write_text("$m->{chroot}/usr/sbin/policy-rc.d", "#!/bin/sh\n[ \"\$1\" = apache2 ] || exit 101\n");
    return;
}

sub type_lines {
    my ($package) = @_;
    for my $line (@typed) {
        (my $mine = $line) =~ s{\./libapache2-mod-anshin_\*\.deb}{./$package};
        my $done = $m->shell($mine);
        is($done->{status}, 0, "typed: $line") or diag($done->{out});
    }
    return ok(answers(), 'httpd answers');
}

sub answers { return Anshin::Server::wait_for(30, sub { $m->client->get('/anshin/help')->status == 200 }) }

sub append {
    my ($path, $text) = @_;
    return Anshin::PKI::write_text("$m->{chroot}$path", $m->file($path) . $text);
}

sub register {
    my ($user) = @_;
    my $person = Anshin::Person->add($m, $user, method => 'certificate');
    $person->register($m->client);
    $person->fetch($m->client);
    return $person;
}
