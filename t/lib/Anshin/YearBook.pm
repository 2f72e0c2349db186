package Anshin::YearBook;
# What must be true on each day of a simulated year (Anshin::Year), by what lies in the store, in the spool and in the list of
# revoked certificates alone.
#
#   my $b = Anshin::YearBook->new;
#   $b->hold($user, $serial);  $b->use($user, $serial);  $b->lose($user);    # what people have in their hands
#   $b->expect($user, 'renewed');                                            # one more such mail
#   $b->read_mail($directory);  $b->read_store($reader);
#   $b->check($now);  my @complaints = $b->complaints;
use strict;
use warnings;
use List::Util qw(sum0);
use MIME::Base64 qw(decode_base64);

use constant { DAY => 86400, ACTIVE => 1, REVOKED => 2, ACCOUNT_ACTIVE => 1, REMINDERS => [ 40, 10, 1 ] };

# By subject; any other one is not expected at all.
my %kinds = (
    'Your certificate will end soon'         => 'ends',
    'Your certificate is ready to download'  => 'ready',
    'Your certificate is being renewed'      => 'renewed',
    'Your certificate has been reissued'     => 'reissued',
    'How to get your new certificate'        => 'ask',
);

sub new {
    my ($class) = @_;
    return bless {
        complaints => [], people => {}, got => {}, wanted => {}, links => {}, fresh => [], listed => {}, told => {}, fetched => {}, number => 0,
        before => {},
        count => { map { $_ => 0 } qw(issued lists mails reminders) }
    }, $class;
}

sub complain { my ($self, $what) = @_; push @{ $self->{complaints} }, $what; return }
sub complaints { my ($self) = @_; return splice @{ $self->{complaints} } }

# --- what people have ---

sub hold { my ($self, $user, $serial) = @_; $self->{people}{$user}{held}{$serial} = $self->{fetched}{$serial} = 1; return }

# From now on this one is the one that must work.
sub use { my ($self, $user, $serial) = @_; $self->{people}{$user} = { held => { $serial => 1 }, present => $serial }; return }

# On purpose: all that the user has.
sub lose { my ($self, $user) = @_; delete $self->{people}{$user}; return }

sub expect { my ($self, $user, $kind) = @_; $self->{wanted}{"$kind $user"}++; return }
sub link { my ($self, $user, $kind) = @_; return $self->{links}{"$kind $user"} }

# --- reading ---

sub read_mail {
    my ($self, $directory) = @_;
    opendir my $new, $directory or die "$directory: $!";
    for my $name (sort grep { !/^\./ } readdir $new) {
        my $file = "$directory/$name";
        open my $in, '<', $file or die "$file: $!";
        local $/;
        $self->take(<$in>);
        unlink $file or die "$file: $!";
    }
    return;
}

sub take {
    my ($self, $mail) = @_;
    my ($head, $body) = split /\r?\n\r?\n/, $mail, 2;
    $body = decode_base64($body) if $head =~ /^Content-Transfer-Encoding: base64/mi;
    my ($subject) = $head =~ /^Subject: (.*?) \(.*$/m;
    my ($user)    = $head =~ /^To: <?(\w+)\@/m;
    my $kind      = $kinds{ $subject // '' } // return $self->complain("a mail that nobody expects: $head");
    my ($name)    = $body =~ /^Certificate name\r?\n(.+?)\r?$/m;
    my ($days)    = $body =~ /days left: (\d+)/;
    ($self->{links}{"$kind $user"}) = $body =~ /[?&]t=([\w-]+)/;
    $self->{count}{mails}++;
    $self->{got}{ join ' ', $kind, $user, grep { defined } $name }++ if $kind ne 'ends';
    push @{ $self->{fresh} }, [ $user, $name, $days ] if $kind eq 'ends';
    return;
}

sub read_store {
    my ($self, $reader) = @_;
    my %now = (certificates => {}, terminals => {}, accounts => {}, revoked => {}, waits => {});
    print { $reader->{in} } "list\n";
    $reader->{in}->flush;
    while (defined(my $line = readline $reader->{out})) {
        chomp $line;
        last if $line eq '.';
        my ($what, @parts) = split / /, $line, 8;
        if ($what eq 'c') {
            my %certificate;
            @certificate{qw(serial user state to issued revoked name)} = @parts;
            $now{certificates}{ $parts[0] } = \%certificate;
        }
        elsif ($what eq 't') { $now{terminals}{ $parts[0] } = { present => $parts[1], renewing => $parts[2] } }
        elsif ($what eq 'a') { $now{accounts}{ $parts[0] }  = $parts[1] }
        elsif ($what eq 'd') { $now{waits}{ $parts[0] } = 1 }
        elsif ($what eq 'l') { $now{list} = { number => $parts[0], this => $parts[1], next => $parts[2] } }
        elsif ($what eq 'r') { $now{revoked}{ $parts[0] } = 1 }
    }
    $self->{now} = \%now;
    return;
}

# Revoked ones that the list has not; one that is revoked after its end need not be there.
sub lacks {
    my ($self, $now) = @_;
    my $seen = $self->{now};
    return grep {
        my $certificate = $seen->{certificates}{$_};
        $certificate->{state} == REVOKED && !$seen->{revoked}{$_} && ($certificate->{to} > $now || ($certificate->{to} > $certificate->{revoked} && !$self->{listed}{$_}))
    } keys %{ $seen->{certificates} };
}

# --- what must be true ---

sub check {
    my ($self, $now) = @_;
    $self->check_list($now);
    $self->check_certificates($now);
    $self->check_people($now);
    $self->check_mails;
    $self->check_reminders($now);
    $self->{count}{issued} = keys %{ $self->{now}{certificates} };
    $self->{before} = $self->{now};
    return;
}

# Every revoked serial stands in the list until its end, and nothing else does; each list has a number of its own (CRT-6).
sub check_list {
    my ($self, $now) = @_;
    my $seen = $self->{now};
    my $list = $seen->{list} or return $self->complain('there is no list of revoked certificates that the CA has signed');
    $self->complain("list $list->{number} is not of today") if $list->{this} > $now || $list->{next} <= $now;
    $self->complain("list $list->{number} follows $self->{number}") if $list->{number} < $self->{number};
    $self->{count}{lists}++ if $list->{number} > $self->{number};
    $self->{number} = $list->{number};
    $self->complain("$_ is revoked and not in the list") for $self->lacks($now);
    for my $serial (keys %{ $seen->{revoked} }) {
        $self->{listed}{$serial} = 1;
        my $certificate = $seen->{certificates}{$serial};
        $self->complain("$serial is in the list and not revoked") if !$certificate || $certificate->{state} != REVOKED;
    }
    return;
}

# Never more than two, none that no terminal knows, and none that nobody has nor can fetch (REN-2).
sub check_certificates {
    my ($self, $now) = @_;
    my $seen = $self->{now};
    my %usable;
    for my $certificate (values %{ $seen->{certificates} }) {
        next if $certificate->{state} != ACTIVE || $certificate->{to} <= $now;
        my $terminal = $seen->{terminals}{ $certificate->{user} };
        $usable{ $certificate->{user} }++;
        $self->complain("$certificate->{serial} of $certificate->{user} is active, and nobody can fetch it")
            if !$self->{fetched}{ $certificate->{serial} } && !$seen->{waits}{ $certificate->{serial} };
        next if $terminal && grep { $terminal->{$_} eq $certificate->{serial} } qw(present renewing);
        $self->complain("$certificate->{serial} of $certificate->{user} is active, and no terminal knows it");
    }
    $self->complain("$_ has $usable{$_} certificates") for grep { $usable{$_} > 2 } keys %usable;
    return;
}

sub works {
    my ($self, $user, $serial, $now) = @_;
    my $certificate = $self->{now}{certificates}{$serial} or return 0;
    my $terminal    = $self->{now}{terminals}{$user}      or return 0;
    return $certificate->{state} == ACTIVE && $certificate->{to} > $now && grep { $terminal->{$_} eq $serial } qw(present renewing);
}

# Whoever holds one that has time left has one that works; the present one does until another was used (REN-2).
sub check_people {
    my ($self, $now) = @_;
    my $seen = $self->{now};
    for my $user (keys %{ $self->{people} }) {
        my $person = $self->{people}{$user};
        my @held   = grep { ($seen->{certificates}{$_} || { to => $now + 1 })->{to} > $now } keys %{ $person->{held} };
        $self->complain("$user holds @held, and none works") if @held && !grep { $self->works($user, $_, $now) } @held;
        my $present = $person->{present};
        $self->complain("the present certificate $present of $user does not work")
            if $present && ($seen->{certificates}{$present} || { to => $now + 1 })->{to} > $now && !$self->works($user, $present, $now);
    }
    return;
}

# As many of each kind as there were causes (CRT-1, MAI-1).
sub check_mails {
    my ($self) = @_;
    my %wanted = (%{ $self->{wanted} }, map { ("ready $_->{user} $_->{name}" => 1) } values %{ $self->{now}{certificates} });
    for my $mail (keys %{ { %wanted, %{ $self->{got} } } }) {
        my ($got, $wanted) = map { $_->{$mail} // 0 } $self->{got}, \%wanted;
        $self->complain("mail $mail: $got came, $wanted should") if $got != $wanted;
    }
    return;
}

# The last time to remind of it that has passed, and that nobody was told of; 0: there is none, or its end has come.
sub due {
    my ($self, $certificate, $now) = @_;
    my $after = $self->{told}{ $certificate->{serial} } // $certificate->{issued};
    my ($due) = sort { $b <=> $a } grep { $_ > $after && $_ <= $now } map { $certificate->{to} - $_ * DAY } @{ +REMINDERS };
    return $certificate->{to} > $now && $due ? $due : 0;
}

# Each once, unless another one was to follow; and when that has come to nothing, the last that came meanwhile (REN-1, REN-2). Of one
# that changed since the last look, for example was renewed in the same night, one is right and none is right.
sub check_reminders {
    my ($self, $now) = @_;
    my ($seen, $before) = @$self{qw(now before)};
    my %came;
    $came{"$_->[0] $_->[1]"}{ $_->[2] }++ for splice @{ $self->{fresh} };
    for my $certificate (values %{ $seen->{certificates} }) {
        my $due = $self->due($certificate, $now) or next;
        my ($was, $is) = map { is_reminded($_, $certificate) } $before, $seen;
        next if !$was && !$is;
        my $days = int(($certificate->{to} - $now + DAY - 1) / DAY);
        my $got  = delete $came{"$certificate->{user} $certificate->{name}"} // {};
        my ($count, $right) = (sum0(values %$got), $got->{$days} // 0);
        $self->{told}{ $certificate->{serial} } = $due if $count;
        $self->{count}{reminders} += $count;
        $self->complain("$certificate->{user} was reminded $count times of $certificate->{name}, with $days days left: " . join ' ', %$got)
            if $count > 1 || $right != $count || ($count == 0 && $is);
    }
    $self->complain("$_ is reminded without a reason") for sort keys %came;
    return;
}

sub is_reminded {
    my ($seen, $certificate) = @_;
    my ($user, $serial) = @$certificate{qw(user serial)};
    my $terminal = $seen->{terminals}{$user} or return 0;
    return $terminal->{present} eq $serial && $terminal->{renewing} eq '-' && $seen->{certificates}{$serial}{state} == ACTIVE
        && ($seen->{accounts}{$user} // 0) == ACCOUNT_ACTIVE;
}

1;
