package Anshin::Load;
# Load by people who remember: client processes that register, log in, change passwords, guess, and fetch certificates,
# and write down what they are about to ask and every answer they got, for Anshin::Ledger.
#
#   my $server = Anshin::Server->new(contract => Anshin::Load::contract())->start;
#   my @actors = map { Anshin::Load->start($server, $_, stop => "$dir/stop", ledger => "$dir/$_") } 1 .. 4;
#   ...                                # they go on until there is a file of that name
#   $_->wait(60) for @actors;          # 1 when it ended by itself
#
#   my $witness = Anshin::Load->new($server, 0, ledger => "$dir/0");    # in the suite's own process
#   $witness->person;  $witness->serves(30);  $witness->finish;
#
# An answer counts when it came whole. A request without one is tried again only when it changes nothing; of a change
# that got no answer the ledger knows only that it was begun. 503 says that the server could not, so it is no answer
# either; any other 5xx, and whatever contradicts an earlier answer, is a complaint.
#
# The ledger: one JSON object a line: at, op, user, phase (begin, done), and the particulars; op tally at the end.
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);
use Anshin::Person;
use Anshin::Server;

my $json = JSON::PP->new->canonical->utf8;

# What is done, and how often compared with the rest.
my @deeds = (
    [ person => 8 ], [ login => 28 ], [ visit => 30 ], [ change => 14 ], [ guess => 10 ], [ certificate => 14 ],
    [ logout => 4 ]
);

# What these people need of a contract; they guess often, and all from one address.
sub contract {
    return <<'END';
AnshinLoginMethods password certificate
AnshinCertificateKey p256
AnshinAddressAttempts 1000000
AnshinPasswordAttempts 100
AnshinReauthenticate 1h
END
}

sub new {
    my ($class, $server, $number, %want) = @_;
    return bless {
        server => $server, number => $number, people => [], tally => {}, seen => {}, links => {}, count => 0,
        deadline => 120, %want
    }, $class;
}

sub start {
    my ($class, $server, $number, %want) = @_;
    my $self = $class->new($server, $number, %want);
    $self->{pid} = fork // die "fork: $!";
    return $self if $self->{pid};
    srand($want{seed} // 1);
    my $done = eval { $self->live; 1 };
    $self->note('complaint', '', text => "the client ended: $@") unless $done;
    POSIX::_exit($done ? 0 : 1);
}

# 1 when its process has ended.
sub ended {
    my ($self) = @_;
    $self->{ended} ||= waitpid($self->{pid}, POSIX::WNOHANG) != 0;
    return $self->{ended};
}

# Wait for the end of its process.
sub wait {
    my ($self, $seconds) = @_;
    my $gone = Anshin::Server::wait_for($seconds, sub { return $self->ended });
    kill KILL => $self->{pid} unless $gone;
    return $gone;
}

# The request that it has been waiting for so long, or ''.
sub waits_for {
    my ($self, $seconds) = @_;
    my $file = "$self->{ledger}.asking";
    return -s $file && (Time::HiRes::stat($file))[9] < time - $seconds ? Anshin::Server::text_of($file) : '';
}

# --- remembering ---

sub note {
    my ($self, $op, $user, %more) = @_;
    if (!$self->{out}) {
        open $self->{out}, '>>', $self->{ledger} or die "$self->{ledger}: $!";
        $self->{out}->autoflush(1);
    }
    print { $self->{out} } $json->encode({ at => sprintf('%.3f', time), op => $op, user => $user, %more }), "\n";
    return;
}

sub begin { my ($self, $op, $user, %more) = @_; return $self->note($op, $user, phase => 'begin', %more) }
sub done  { my ($self, $op, $user, %more) = @_; return $self->note($op, $user, phase => 'done',  %more) }

# The server contradicted itself.
sub complain {
    my ($self, $user, $text) = @_;
    $self->note('complaint', $user, text => $text);
    die "complained\n";
}

# --- asking ---

sub browser {
    my ($self, %want) = @_;
    my $server = $self->{server};
    return Anshin::Load::Browser->new(
        port => $server->port, ca => $server->server_ca, timeout => $self->{deadline}, tally => $self->{tally},
        asking => "$self->{ledger}.asking", %want
    );
}

# The response when it is an answer and one of these; no answer ends the deed.
sub need {
    my ($self, $who, $response, @status) = @_;
    die "no answer\n" if !$response->{whole} || $response->status == 503;
    return $response if grep { $_ == $response->status } @status;
    return $self->complain($who->{user},
        "status " . $response->status . " instead of @status at $response->{path}: " . substr $response->body, 0, 300);
}

# --- living ---

sub live {
    my ($self) = @_;
    until (-e $self->{stop}) {
        my $deed = $self->choose;
        eval { $self->$deed; 1 } or do {
            my $why = $@;
            $self->note('complaint', '', text => "$deed: $why")
                unless $why =~ /^(?:no answer|complained|nothing to do)$/;
            sleep 0.02 + rand 0.05;
        };
    }
    for (1 .. 5) { last if eval { $self->login; 1 } }    # a session of everybody's is there in the end
    return $self->finish;
}

sub finish { my ($self) = @_; return $self->note('tally', '', %{ $self->{tally} }) }

# 1 when within that time a login and then a change of the password were acknowledged; tried again until then.
sub serves {
    my ($self, $seconds) = @_;
    return Anshin::Server::wait_for($seconds, sub { return eval { $self->login; $self->change; 1 } });
}

sub choose {
    my ($self) = @_;
    return 'person' if @{ $self->{people} } < 3;
    my $all = 0;
    $all += $_->[1] for @deeds;
    my $at = rand $all;
    for my $deed (@deeds) { return $deed->[0] if ($at -= $deed->[1]) < 0 }
    return 'visit';
}

sub one_of {
    my ($self, $which) = @_;
    my @fit = grep { $which->($_) } @{ $self->{people} };
    @fit or die "nothing to do\n";
    return $fit[ rand @fit ];
}

sub random_password {
    my @set = ('a' .. 'z', 'A' .. 'Z', 2 .. 9);
    return 'Pw-' . join '', map { $set[ rand @set ] } 1 .. 14;
}

# A new person, or one whose registration was not finished.
sub person {
    my ($self) = @_;
    my ($who) = grep { $_->{state} eq 'invited' } @{ $self->{people} };
    $who ||= $self->invite;
    return $self->register($who);
}

sub invite {
    my ($self) = @_;
    my $count = ++$self->{count};
    my $user = sprintf 'p-01-c%02dx%04d', $self->{number}, $count;

    # The first three are of three kinds: with a password, with a certificate, and one that is guessed at.
    my $method  = $count == 2 || ($count > 3 && rand() < 0.45) ? 'certificate' : 'password';
    my $guessed = $count == 3 || ($count > 3 && rand() < 0.15);
    my $address = "$user\@example.jp";
    $self->begin('add', $user, method => $method);
    my $made = $self->{server}->htanshin('user', 'add', $user, '--method', $method, '--address', $address);
    if ($made->{status}) {
        $self->complain($user, "user add: $made->{err}") if $made->{status} == 1 || $made->{status} == 2;
        die "no answer\n";
    }
    my ($path) = $made->{out} =~ m{https://[^/\s]+(/\S+)};
    my ($code) = $made->{out} =~ /code:\s*(\S+)/;
    $self->complain($user, "user add: no link and code: $made->{out}") unless $path && $code;
    $self->done('add', $user, path => $path, code => $code);
    my $who = {
        user => $user, method => $method, address => $address, path => $path, code => $code, state => 'invited',
        sessions => [], guessed => $guessed && $method eq 'password'
    };
    push @{ $self->{people} }, $who;
    return $who;
}

sub register {
    my ($self, $who) = @_;
    my $c = $self->browser;
    my $page = $self->need($who, $c->follow($self->need($who, $c->get($who->{path}), 303)), 200);
    my $right = $self->need($who, $c->submit($page, { code => $who->{code} }), 303);
    my $form = $self->need($who, $c->follow($right), 200);
    my $password = random_password();
    $who->{state} = 'unknown';    # until the answer is here
    $self->begin('register', $who->{user}, password => $password);
    my $done = $self->need($who, $c->submit($form, {
        password => $password, password_confirm => $password, question => 'pet', answer => 'トウキョウ'
    }), 303);
    $self->done('register', $who->{user});
    @$who{qw(state password)} = ('registered', $password);
    my $last = $self->need($who, $c->follow($done), 200);
    ($who->{secret}) = $last->text =~ /id="secret">([^<]+)</;
    $self->done('shown', $who->{user}, secret => $who->{secret}) if defined $who->{secret};
    return;
}

# The session that a login or a change has left in the browser.
sub session_of { my ($c) = @_; return $c->{cookies}{'__Host-anshin-p-01'} // '' }

sub login {
    my ($self, $who, %with) = @_;
    $who //= $self->one_of(sub { $_[0]{state} eq 'registered' && $_[0]{method} eq 'password' && !$_[0]{guessed} });
    $self->logout($who->{sessions}[0], $who) while @{ $who->{sessions} } >= 3;
    my $c = $self->browser(%with);
    my $page = $self->need($who, $c->get('/anshin/login'), 200);
    my $password = $who->{maybe} // $who->{password};
    $self->begin('login', $who->{user}, password => $password);
    my $answer = $self->need($who, $c->submit($page, { user => $who->{user}, password => $password }), 303, 401);
    if ($answer->status == 401) {
        $self->done('wrong', $who->{user}, password => $password);
        $self->complain($who->{user}, 'the right password is refused') unless defined $who->{maybe};
        delete $who->{maybe};    # the change without an answer was none
        return;
    }
    $self->complain($who->{user}, 'a login without a session') unless length session_of($c);
    $self->done('login', $who->{user}, password => $password, session => session_of($c), cert => $with{cert});
    $who->{password} = delete $who->{maybe} if defined $who->{maybe};
    push @{ $who->{sessions} }, $c;
    return;
}

# Somebody's session, or none for the deed.
sub somebody {
    my ($self) = @_;
    my $who = $self->one_of(sub { @{ $_[0]{sessions} } });
    return ($who, $who->{sessions}[ rand @{ $who->{sessions} } ]);
}

sub visit {
    my ($self) = @_;
    my ($who, $c) = $self->somebody;
    $self->need($who, $c->get('/members/'), 200) for 1 .. 1 + rand 3;
    my $page = $self->need($who, $c->get('/anshin/account'), 200);
    $self->complain($who->{user}, "a session shows another's account") unless $page->text =~ /\Q$who->{user}\E/;
    $c->close if rand() < 0.5;
    return;
}

sub change {
    my ($self) = @_;
    my ($who, $c) = $self->somebody;
    return if $who->{method} ne 'password' || defined $who->{maybe};
    my $form = $self->need($who, $c->get('/anshin/password'), 200);
    my $new = random_password();
    $self->begin('change', $who->{user}, password => $new);
    my $sessions = $who->{sessions};
    $who->{maybe} = $new;
    $who->{sessions} = [];
    my $answer = $self->need($who, $c->submit($form, {
        current => $who->{password}, password => $new, password_confirm => $new
    }), 303);
    $self->done('change', $who->{user}, session => session_of($c));
    $who->{password} = delete $who->{maybe};
    $who->{sessions} = [$c];
    for my $other (grep { $_ != $c } @$sessions) {
        $self->need($who, $other->get('/anshin/account'), 303) if rand() < 0.3;
    }
    return;
}

sub logout {
    my ($self, $c, $who) = @_;
    ($who, $c) = $self->somebody unless $c;
    my $page = $self->need($who, $c->get('/anshin/account'), 200);
    my $session = session_of($c);
    $self->begin('logout', $who->{user}, session => $session);
    $who->{sessions} = [ grep { $_ != $c } @{ $who->{sessions} } ];
    $self->need($who, $c->submit($page, {}, qr{/logout$}), 200, 303);
    $self->done('logout', $who->{user}, session => $session);
    return;
}

# A wrong password. Those guessed at never log in, so that every attempt stays counted.
sub guess {
    my ($self) = @_;
    my $who = $self->one_of(sub { $_[0]{guessed} && $_[0]{state} eq 'registered' && ($_[0]{guesses} // 0) < 80 });
    my $c = $self->browser;
    my $page = $self->need($who, $c->get('/anshin/login'), 200);
    $who->{guesses}++;
    $self->begin('guess', $who->{user});
    $self->need($who, $c->submit($page, { user => $who->{user}, password => random_password() }), 401);
    $self->done('guess', $who->{user});
    return;
}

# --- certificates ---

# The download links in mail that has come since the last look.
sub read_mail {
    my ($self) = @_;
    for my $file (glob $self->{server}->state . '/mail/new/*') {
        next if $self->{seen}{$file}++;
        my ($address, $text) = message($file);
        $self->{links}{$address} = $1 if $text =~ m{https://[^/\s]+(/\S*/download\?t=[\w-]+)};
    }
    return;
}

# To whom a message goes, and its text.
sub message {
    my ($file) = @_;
    my ($head, $body) = split /\r?\n\r?\n/, Anshin::PKI::read_text($file), 2;
    my ($address) = $head =~ /^To: <?([^>\r\n]+)>?\r?$/m;
    $body = MIME::Base64::decode_base64($body // '') if $head =~ /^Content-Transfer-Encoding: base64/mi;
    return ($address // '', $body // '');
}

sub certificate {
    my ($self) = @_;
    $self->read_mail;
    my $who = $self->one_of(sub { defined $_[0]{secret} && ($_[0]{pem} || $self->{links}{ $_[0]{address} }) });
    return $self->login($who, cert => $who->{pem}) if $who->{pem};
    my $c = $self->browser;
    my $link = $self->need($who, $c->get($self->{links}{ $who->{address} }), 303);
    my $page = $self->need($who, $c->follow($link), 200);
    $self->begin('download', $who->{user});
    my $told = $self->need($who, $c->submit($page, { download_password => $who->{secret}, profile => 'modern' }), 303);
    my $guide = $self->need($who, $c->follow($told), 200);
    my ($path) = ($guide->header('Refresh') // '') =~ /^1; url=(\S+)$/ or return $self->complain($who->{user}, 'no file comes on the page behind the password');
    my $file = $self->need($who, $c->get($path), 200);
    my $place = "$self->{ledger}.$who->{user}";
    Anshin::PKI::write_text("$place.p12", $file->body);
    $self->done('download', $who->{user}, file => "$place.p12");
    my $open = $self->{server}->run(
        qw(openssl pkcs12 -nodes -passin), "pass:$who->{secret}", '-in', "$place.p12", '-out', "$place.pem");
    $self->complain($who->{user}, "the PKCS#12 file does not open: $open->{err}") if $open->{status};
    $who->{pem} = "$place.pem";
    return;
}

package Anshin::Load::Browser;
# Anshin::Client that counts, and sends nothing twice that might change something.
use strict;
use warnings;
use Time::HiRes ();
use parent -norequire, 'Anshin::Client';

sub raw {
    my ($self, $bytes, $method) = @_;
    my $kept = $self->{socket};
    my $response = $self->exchange($bytes, $method);
    # A connection kept while nobody spoke may end at any moment; what is safe goes out once more.
    $response = $self->exchange($bytes, $method) if $kept && !$response->{status} && $method ne 'POST';
    return $response;
}

sub request {
    my ($self, @rest) = @_;
    my $begin = Time::HiRes::time();
    Anshin::PKI::write_text($self->{asking}, "$rest[0] $rest[1]");
    my $response = $self->SUPER::request(@rest);
    Anshin::PKI::write_text($self->{asking}, '');
    my $took = Time::HiRes::time() - $begin;
    my $tally = $self->{tally};
    $tally->{requests}++;
    $tally->{ outcome($response) }++;
    $tally->{longest} = $took if $took > ($tally->{longest} // 0);
    return $response;
}

# How it went: answered; unavailable (503); error (another 5xx); hung (deadline); cut (an answer that ended early);
# broken (a connection without an answer); refused (no connection).
sub outcome {
    my ($response) = @_;
    return 'hung' if $response->error =~ /^timeout|timed out/i;
    if ($response->{whole}) {
        return 'unavailable' if $response->status == 503;
        return $response->status >= 500 ? 'error' : 'answered';
    }
    return 'cut' if $response->status;
    return $response->error =~ /^connection closed|^no status/ ? 'broken' : 'refused';
}

1;
