# make demo (the script that it calls), from a fresh directory to a user who is logged in, over a stop and a second start; as
# whoever runs this and, when that is root, once more as another user whose home nobody else may enter.
use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep);
use Anshin::Client;
use Anshin::PKI;
use Anshin::Person;
use Anshin::Server;

# What Anshin::Person needs of a server.
package Demo {    ## no critic (RequireFilenameMatchesPackage): a suite is no module
    sub new {
        my ($class, $directory, $checkout, @prefix) = @_;
        return bless { directory => $directory, checkout => $checkout, prefix => \@prefix, scratch => File::Temp->newdir }, $class;
    }

    sub demo {
        my ($self, @arguments) = @_;
        Anshin::Server::rest($self->pid) if "@arguments" eq 'stop' && $self->file('run/httpd.pid') ne '';
        local $ENV{ANSHIN_DEMO_DIR} = $self->{directory};
        local $ENV{ANSHIN_OUT}      = $self->{out} // Anshin::Server::out();
        my $out = File::Temp->new;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            open STDIN,  '<',  '/dev/null';
            open STDOUT, '>',  "$out";
            open STDERR, '>&', \*STDOUT;
            exec @{ $self->{prefix} }, "$self->{checkout}/apxs-build/demo", @arguments or POSIX::_exit(127);
        }
        waitpid $pid, 0;
        return { status => $? >> 8, out => Anshin::PKI::read_text("$out") };
    }

    sub file    { my ($self, $name) = @_; return Anshin::Server::text_of("$self->{directory}/$name") }
    sub port    { my ($self) = @_; my $port = $self->file('port'); chomp $port; return $port }
    sub pid     { my ($self) = @_; my $pid = $self->file('run/httpd.pid'); chomp $pid; return $pid }
    sub root    { my ($self) = @_; return "$self->{scratch}" }
    sub log     { my ($self) = @_; return $self->file('logs/error_log') }
    sub client  { my ($self, %want) = @_; return Anshin::Client->new(port => $self->port, ca => "$self->{directory}/server-ca.crt", %want) }
    sub mail    { my ($self) = @_; return map { Anshin::PKI::read_text($_) } sort { -M $b <=> -M $a } glob "$self->{directory}/state/mail/new/*" }

    sub htanshin {
        my ($self, @arguments) = @_;
        return $self->run(@{ $self->{prefix} }, "$self->{directory}/bin/htanshin", '-d', "$self->{directory}/state", @arguments,
            { env => 1 });
    }

    sub run       { goto &Anshin::Server::run }
    sub sanitizer { return () }
}

# Owner of each process below a pid, by program.
sub programs {
    my ($parent) = @_;
    my %owner;
    for my $line (`ps -eo pid=,ppid=,user:32=,comm=`) {
        my ($pid, $ppid, $user, $program) = split ' ', $line;
        next unless $ppid == $parent;
        $owner{$program}{$user} = 1;
        my $below = programs($pid);
        $owner{$_} = { %{ $owner{$_} // {} }, %{ $below->{$_} } } for keys %$below;
    }
    return \%owner;
}

sub try {
    my ($who, $demo) = @_;
    my $r = $demo->demo('start');
    is($r->{status}, 0, "$who: it starts") or return diag($r->{out});
    like($r->{out}, qr/起動しました/, 'and says so');
    my ($url)  = $r->{out} =~ m{(https://localhost:\d+/anshin/register\?t=\S+)};
    my ($code) = $r->{out} =~ /registration code\s+(\S{10})$/m;
    ok($url && $code, 'registration URL and code are printed') or return diag($r->{out});
    like($r->{out}, qr{\Q$demo->{directory}\E/state/mail/new.*make demo-mail.*make demo-stop}s, 'where mail arrives, how to stop');

    # --- the server ---
    for my $tls ('1.2', '1.3') {
        for my $http (1, 2) {
            my $page = $demo->client(tls => $tls, http => $http)->get('/');
            is($page->status, 200, "TLS $tls, HTTP/$http: the open page") or diag($page->error);
        }
    }
    my $outside = $demo->client->get('/members/', Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate');
    isnt($outside->status, 200, 'LOG-1: the protected page is not shown to strangers');
    my $owners = programs($demo->pid);
    my $me     = getpwuid($demo->{uid} // $>);
    my %expect = $me eq 'root' ? (apache2 => 'www-data', 'anshin-ca' => 'anshin-ca', 'anshin-signer' => 'anshin-signer')
                               : map { $_ => $me } qw(apache2 anshin-ca anshin-signer);
    for my $program (sort keys %expect) {
        is(join(' ', sort keys %{ $owners->{$program} // {} }), $expect{$program}, "S30: $program runs as $expect{$program}");
    }

    # --- run again while it runs ---
    $r = $demo->demo('start');
    is($r->{status}, 0, 'run again');
    like($r->{out}, qr/動いています.*\Q$url\E.*\Q$code\E/s, 'it says that it runs, and the same again');

    # --- a registration, a login, an application ---
    my $user = bless {
        server => $demo, user => 'p-01-usr001', address => 'usr001@example.jp', password => 'Umi-to-yama-7', question => 'pet',
        answer => 'pochi', path => $url =~ s{^https://[^/]+}{}r, code => $code
    }, 'Anshin::Person';
    my $client = eval { $user->register; $demo->client(cert => $user->fetch) };
    ok($client, 'the printed URL and code lead to a certificate') or diag($@);
    like($demo->demo('mail')->{out}, qr{^Subject: .*\n.*\n*.*https://localhost:\d+/anshin/download}sm, 'demo mail shows the mail');
    is($client && $user->login($client)->status, 303, 'and to a login');
    if ($client) {
        like($client->get('/members/')->body, qr/会員のページ/, 'the protected page');
        like($client->get('/members/env')->body, qr/^REMOTE_USER=p-01-usr001$/m, 'APP-1: REMOTE_USER in a CGI');
        like($client->get('/members/env')->body, qr/^ANSHIN_\w+=/m, 'APP-1: ANSHIN_* in a CGI');
        like($client->get('/members/backend')->body, qr/^Anshin-User: p-01-usr001\r?$/m, 'APP-1: the user behind a proxy');
    }
    like($demo->demo('start')->{out}, qr/登録済み/, 'run again: the user has registered');
    is($demo->htanshin('user', 'add', 'p-01-usr002', '--address', 'usr002@example.jp')->{status}, 0, 'another user is added');
    my $check = $demo->htanshin('check');
    is($check->{status}, 0, 'ADM-1: check has no problem with it') or diag($check->{out});

    # --- stop, and start where it was ---
    my ($pid, $port) = ($demo->pid, $demo->port);
    $r = $demo->demo('stop');
    is($r->{status}, 0, 'it stops') or diag($r->{out});
    ok(!-e "/proc/$pid", 'and has gone');
    is($demo->demo('stop')->{status}, 0, 'stopping what is stopped is no failure');
    $r = $demo->demo('start');
    is($r->{status}, 0, 'it starts again') or return diag($r->{out});
    is($demo->port, $port, 'at the same port');
    like($r->{out}, qr/登録済み/, 'where it was');
    is($client->get('/members/')->status, 200, 'S16: the session outlives a full restart') if $client;
    is($demo->demo('stop')->{status}, 0, 'the end');
    is(join('', grep { /exit signal|AH00052/ } split /^/, $demo->log), '', 'no process crashed');
    return;
}

# A port of the suite's own, so that it is in nobody's way.
sub directory {
    my ($below) = @_;
    my $directory = File::Temp::tempdir('anshin-demo-XXXXXXXX', $below ? (DIR => $below) : (TMPDIR => 1), CLEANUP => 1);
    chmod 0755, $directory;
    Anshin::PKI::write_text("$directory/port", Anshin::Server::free_port() . "\n");
    return $directory;
}

my $checkout = abs_path('.');
my $first    = Demo->new(directory(), $checkout);
try(scalar getpwuid($>), $first);
$first->demo('stop');

SKIP: {
    skip 'another user only when run by root', 1 if $> != 0;
    my ($uid, $gid) = (getpwnam 'games')[ 2, 3 ];
    my $home = File::Temp::tempdir('anshin-home-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    system('cp', '-R', "$checkout/apxs-build", "$checkout/htdocs", $home) == 0 or die 'cp';
    my $out = Anshin::Server::out();
    system('cp', '-R', $out, "$home/out") == 0 or die 'cp' unless $out =~ m{^\Q$checkout\E/apxs-build/};
    my $other = directory($home);
    system('chown', '-R', "$uid:$gid", $home) == 0 or die 'chown';
    chmod 0700, $home;
    my $demo = Demo->new($other, $home, 'setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups');
    $demo->{uid} = $uid;
    ($demo->{out} = $out) =~ s{^\Q$checkout\E}{$home};
    try('games, below a home of mode 0700', $demo);
    $demo->demo('stop');
}
done_testing;
