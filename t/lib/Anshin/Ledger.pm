package Anshin::Ledger;
# What clients of Anshin::Load were told, against what the server knows afterwards.
#
#   my $ledger = Anshin::Ledger->read(@files);        # their ledgers, folded into one book of people
#   my $facts = Anshin::Ledger::facts($server);       # lists of the store, through htanshin, and the spool
#   my @complaints = $ledger->against($facts);        # nothing is asked: the same facts can be doctored
#   push @complaints, $ledger->probe($server);        # sessions and passwords are tried, so this comes last
#   $ledger->add({ op => 'change', ... });            # a line that no client wrote, to see the checker complain
#
# What was acknowledged must be there; what was begun without an answer must be there wholly or not at all.
use strict;
use warnings;
use utf8;
use JSON::PP ();
use Anshin::Load;
use Anshin::Server;

my $json = JSON::PP->new->utf8;

sub read {
    my ($class, @files) = @_;
    my $self = bless { people => {}, tally => {}, complaints => [] }, $class;
    for my $file (@files) {    # the last line may just be written
        $self->add($json->decode($_)) for Anshin::Server::text_of($file) =~ /^(.*)\n/mg;
    }
    return $self;
}

# --- folding ---

my %fold = (
    add => sub {
        my ($who, $line) = @_;
        $who->{method} = $line->{method} if $line->{method};
        @$who{qw(added path code)} = (1, @$line{qw(path code)}) if $line->{phase} eq 'done';
    },
    register => sub {
        my ($who, $line) = @_;
        $who->{may_be_registered} = 1;
        $who->{password} = $line->{password} if $line->{phase} eq 'begin';
        $who->{registered} = 1 if $line->{phase} eq 'done';
    },
    shown => sub { my ($who, $line) = @_; $who->{secret} = $line->{secret} },
    login => sub {
        my ($who, $line) = @_;
        return $who->{open}++ if $line->{phase} eq 'begin';
        $who->{open}--;
        $who->{logins}++;
        $who->{sessions}{ $line->{session} } = { cert => $line->{cert} };
        settle($who, 1) if defined $who->{maybe} && $line->{password} eq $who->{maybe};
    },
    wrong => sub {    # a password without an answer to its change was tried
        my ($who) = @_;
        $who->{open}--;
        $who->{wrong}++;
        settle($who, 0);
    },
    change => sub {
        my ($who, $line) = @_;
        if ($line->{phase} eq 'begin') {
            @$who{qw(maybe unsure sessions)} = ($line->{password}, 1, {});
            return;
        }
        settle($who, 1);
        $who->{ended}{$_} = 1 for keys %{ $who->{before} };
        $who->{sessions} = { $line->{session} => {} };
    },
    logout => sub {
        my ($who, $line) = @_;
        delete $who->{sessions}{ $line->{session} };
        return unless $line->{phase} eq 'done';
        $who->{logouts}++;
        $who->{ended}{ $line->{session} } = 1;
    },
    guess => sub {
        my ($who, $line) = @_;
        $who->{ $line->{phase} eq 'begin' ? 'guesses_begun' : 'guesses' }++;
    },
    download => sub {
        my ($who, $line) = @_;
        push @{ $who->{files} }, $line->{file} if $line->{phase} eq 'done';
    }
);

# A change without an answer turns out to have been made, or not.
sub settle {
    my ($who, $made) = @_;
    return unless defined $who->{maybe};
    if ($made) {
        $who->{changes}++;
        push @{ $who->{former} }, $who->{password};
        $who->{password} = $who->{maybe};
    }
    delete $who->{maybe};
    return;
}

sub add {
    my ($self, $line) = @_;
    if ($line->{op} eq 'tally') {
        for my $kind (grep { !/^(?:at|op|user)$/ } keys %$line) {
            my $sum = $self->{tally}{$kind} // 0;
            my $one = $line->{$kind};
            $self->{tally}{$kind} = $kind ne 'longest' ? $sum + $one : $sum > $one ? $sum : $one;
        }
        return;
    }
    if ($line->{op} eq 'complaint') {
        push @{ $self->{complaints} }, "$line->{at} $line->{user}: $line->{text}";
        return;
    }
    my $who = $self->{people}{ $line->{user} } //= { user => $line->{user}, sessions => {}, ended => {}, open => 0 };
    $who->{before} = $who->{sessions} if $line->{op} eq 'change' && $line->{phase} eq 'begin';
    $fold{ $line->{op} }->($who, $line);
    $self->{tally}{"$line->{op}s acknowledged"}++ if ($line->{phase} // 'done') eq 'done';
    return;
}

sub complaints { return @{ $_[0]{complaints} } }
sub tally      { return $_[0]{tally} }
sub people     { my ($self) = @_; return map { $self->{people}{$_} } sort keys %{ $self->{people} } }

# --- what the server knows ---

sub list {
    my ($server, @what) = @_;
    my $made = $server->htanshin('--json', @what);
    die "htanshin @what: $made->{err}" if $made->{status};
    return $json->decode($made->{out});
}

sub facts {
    my ($server, @people) = @_;
    my %facts = (mail => list($server, 'mail', 'list'), certificates => list($server, 'cert', 'list'));
    $facts{users}   = { map { $_->{user} => $_ } @{ list($server, 'user', 'list') } };
    $facts{spool}   = [ map { s{.*/}{}r } glob $server->state . '/mail/{new,cur}/*' ];
    $facts{partial} = [ glob $server->state . '/mail/tmp/*' ];
    for my $who (@people) {
        next unless $facts{users}{ $who->{user} };
        $facts{show}{ $who->{user} } = list($server, 'user', 'show', $who->{user})
            if ($who->{method} // '') eq 'certificate';
        my $count = $facts{history}{ $who->{user} } = {};
        $count->{ $_->{result} }++ for @{ list($server, 'history', $who->{user}, '--limit', 100_000) };
    }
    return \%facts;
}

# --- comparing ---

sub against {
    my ($self, $facts) = @_;
    return (spool_against($facts), certificates_against($facts), map { person_against($_, $facts) } $self->people);
}

# How many mails are still to come, as far as the people's registrations and the states of mail tell.
sub unsent {
    my ($self, $facts) = @_;
    my %ready = map { $_->{user} => 1 } grep { $_->{kind} eq 'certificate-ready' } @{ $facts->{mail} };
    my @wait = grep { $_->{registered} && $_->{method} eq 'certificate' && !$ready{ $_->{user} } } $self->people;
    return @wait + grep { $_->{state} !~ /^(?:sent|spooled)$/ && $_->{state} ne 'failed' } @{ $facts->{mail} };
}

# Every mail lies in the spool once, and nothing else does.
sub spool_against {
    my ($facts) = @_;
    my (@complaints, %files);
    for my $name (@{ $facts->{spool} }) { $files{ $name =~ /\.([0-9a-f]{32})\./ ? $1 : $name }++ }
    for my $mail (@{ $facts->{mail} }) {
        my $count = delete $files{ $mail->{id} } // 0;
        my $name = "mail $mail->{id} ($mail->{kind} of $mail->{user})";
        push @complaints, "$name is $mail->{state}" if $mail->{state} !~ /^(?:sent|spooled)$/;
        push @complaints, "$name lies in the spool $count times" if $count != 1;
    }
    push @complaints, "a file in the spool that is no mail: $_" for sort keys %files;
    push @complaints, "left in the spool's tmp: $_" for @{ $facts->{partial} };
    return @complaints;
}

sub certificates_against {
    my ($facts) = @_;
    my (@complaints, %seen);
    for my $certificate (@{ $facts->{certificates} }) {
        push @complaints, "serial $certificate->{serial} twice" if $seen{ $certificate->{serial} }++;
    }
    return @complaints;
}

sub between {
    my ($what, $least, $is, $most) = map { $_ // 0 } @_;
    return $least <= $is && $is <= $most ? () : ("$what: $is, not $least" . ($most > $least ? " to $most" : ''));
}

sub person_against {
    my ($who, $facts) = @_;
    my $user = $who->{user};
    my $account = $facts->{users}{$user};
    return $who->{added} ? ("$user: was added, and is not there") : () unless $account;

    my @complaints;
    my $registered = $account->{state} ne 'pending' ? 1 : 0;
    push @complaints, 'was registered, and is not' if $who->{registered} && !$registered;
    push @complaints, 'is registered, which nobody asked for' if $registered && !$who->{may_be_registered};

    my $history = $facts->{history}{$user};
    my $open = $who->{open};
    my $logins = $who->{logins} // 0;
    push @complaints, between('logins in the history', $logins, $history->{login_ok}, $logins + $open);
    push @complaints, between('wrong passwords in the history',
        ($who->{guesses} // 0) + ($who->{wrong} // 0), $history->{wrong_password},
        ($who->{guesses_begun} // 0) + ($who->{wrong} // 0) + $open);
    push @complaints, between('registrations in the history', $registered, $history->{registered}, $registered);

    my $changes = $who->{changes} // 0;
    my $most = $changes + (defined $who->{maybe} ? 1 : 0);
    push @complaints, between('password changes in the history', $changes, $history->{password_changed}, $most);
    my %mail;
    $mail{ $_->{kind} }++ for grep { $_->{user} eq $user } @{ $facts->{mail} };
    my $changed = $history->{password_changed} // 0;
    push @complaints, between('notices of a changed password', $changed, delete $mail{'password-changed'}, $changed);

    my $issued = $registered && $who->{method} eq 'certificate' ? 1 : 0;
    push @complaints, between('mails with a certificate', $issued, delete $mail{'certificate-ready'}, $issued);
    push @complaints, map { "a mail that nobody asked for: $_" } sort keys %mail;
    push @complaints, certificate_against($who, $facts, $issued);
    return map { "$user: $_" } @complaints;
}

# One certificate, active, the terminal's; what was fetched is that one.
sub certificate_against {
    my ($who, $facts, $issued) = @_;
    my @own = grep { $_->{user} eq $who->{user} } @{ $facts->{certificates} };
    my @complaints = between('certificates', $issued, scalar @own, $issued);
    return @complaints unless @own;
    push @complaints, "its certificate is $own[0]{state}" if $own[0]{state} ne 'active';
    my $terminal = $facts->{show}{ $who->{user} }{terminals}[0];
    push @complaints, "the terminal's certificate is another" if ($terminal->{certificate} // '') ne $own[0]{serial};
    for my $file (@{ $who->{files} || [] }) {
        my $serial = $who->{serials}{$file} //= serial_of($file, $who->{secret});
        push @complaints, "the file that was fetched holds certificate $serial, not $own[0]{serial}"
            if $serial ne $own[0]{serial};
    }
    return @complaints;
}

# The serial of the certificate in a PKCS#12 file, or what openssl says.
sub serial_of {
    my ($file, $secret) = @_;
    my $out = `(openssl pkcs12 -in '$file' -passin 'pass:$secret' -nokeys -clcerts | openssl x509 -noout -serial) 2>&1`;
    return $out =~ /^serial=([0-9A-F]+)/ ? lc $1 : $out;
}

# --- trying ---

# Sessions are used, passwords typed, counters read off the page of a wrong password. Answers what is wrong.
sub probe {
    my ($self, $server, @people) = @_;
    my $tally = $self->{tally};
    my @complaints;
    for my $who (@people ? @people : $self->people) {
        next unless $who->{registered};
        my @found = (probe_sessions($who, $server, $tally), probe_password($who, $server, $tally));
        push @complaints, map { "$who->{user}: $_" } @found;
    }
    return @complaints;
}

sub probe_sessions {
    my ($who, $server, $tally) = @_;
    my @complaints;
    for my $session (sort keys %{ $who->{sessions} }) {
        my $c = $server->client(cert => $who->{sessions}{$session}{cert});
        $c->{cookies} = { '__Host-anshin-p-01' => $session };
        my $page = $c->get('/anshin/account');
        push @complaints, "a session is lost: status " . $page->status
            unless $page->status == 200 && $page->text =~ /\Q$who->{user}\E/;
        $tally->{'sessions tried'}++;
    }
    my $c = $server->client;
    for my $session (sort keys %{ $who->{ended} }) {
        $c->{cookies} = { '__Host-anshin-p-01' => $session };
        my $status = $c->get('/anshin/account')->status;
        push @complaints, "a session that was ended is still open: status $status" if $status != 303;
        $tally->{'ended sessions tried'}++;
    }
    return @complaints;
}

sub type_password {
    my ($who, $server, $password) = @_;
    my $c = $server->client;
    return $c->submit($c->get('/anshin/login'), { user => $who->{user}, password => $password });
}

sub probe_password {
    my ($who, $server, $tally) = @_;
    return () if $who->{method} ne 'password';
    my @complaints;
    if ($who->{guesses_begun}) {    # the limit is 100, and this attempt is one more
        my ($remaining) = type_password($who, $server, 'Pw-never-it-was')->text =~ /あと(\d+)回/;
        my $counted = 99 - ($remaining // 1000);
        push @complaints, between('attempts counted', $who->{guesses}, $counted, $who->{guesses_begun});
        $tally->{'counters read'}++;
    }
    my ($former) = reverse @{ $who->{former} || [] };
    if (defined $former) {
        my $status = type_password($who, $server, $former)->status;
        push @complaints, "the password before the last change opens the account: status $status" if $status != 401;
        $tally->{'former passwords tried'}++;
    }
    my $status = type_password($who, $server, $who->{password})->status;
    $status = type_password($who, $server, $who->{maybe})->status if $status == 401 && defined $who->{maybe};
    push @complaints, "the password does not open the account: status $status" if $status != 303;
    $tally->{'passwords tried'}++;
    return @complaints;
}

1;
