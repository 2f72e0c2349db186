package Anshin::YearBook;
# What must be true on each day of a simulated year (Anshin::Year), by what lies in the store, in the spool and in the list of
# revoked certificates alone.
#
#   my $b = Anshin::YearBook->new;
#   $b->hold($user, $serial);  $b->use($user, $serial);  $b->lose($user);    # what people have in their hands
#   $b->expect($user, 'renewed');                                            # one more such mail
#   $b->read_mail($directory);  $b->read_store($reader);  $b->check($now);  my @complaints = $b->complaints;
#
# A look costs what has changed: those are judged of whom something was written, who did something, who got a mail, and for whom a time
# has come since the last look. After read_store($reader, 1) everything is judged, and what the news had told must be all there is.
use strict;
use warnings;
use List::Util qw(sum0);
use MIME::Base64 qw(decode_base64);
use Anshin::YearView;

use constant { DAY => 86400, HOUR => 3600, ACTIVE => 1, REVOKED => 2, ACCOUNT_ACTIVE => 1, REMINDERS => [ 40, 10, 1 ] };

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
    my $self = bless {
        complaints => [], people => {}, got => {}, wanted => {}, links => {}, fresh => [], listed => {}, told => {}, fetched => {}, number => 0,
        touched => {}, was => {}, mails => {}, moments => {}, until => 0,
        count => { map { $_ => 0 } qw(issued lists mails reminders whole) }
    }, $class;
    $self->take_view(Anshin::YearView->new);
    return $self;
}

sub complain { my ($self, $what) = @_; push @{ $self->{complaints} }, $what; return }
sub complaints { my ($self) = @_; return splice @{ $self->{complaints} } }

# --- what people have ---

sub hold {
    my ($self, $user, $serial) = @_;
    $self->touch($user);
    $self->{people}{$user}{held}{$serial} = $self->{fetched}{$serial} = 1;
    return;
}

# From now on this one is the one that must work.
sub use {
    my ($self, $user, $serial) = @_;
    $self->touch($user);
    $self->{people}{$user} = { held => { $serial => 1 }, present => $serial };
    return;
}

# On purpose: all that the user has.
sub lose { my ($self, $user) = @_; delete $self->{people}{$user}; return }

sub expect { my ($self, $user, $kind) = @_; $self->{wanted}{"$kind $user"}++; $self->touch($user, "$kind $user"); return }
sub link { my ($self, $user, $kind) = @_; return $self->{links}{"$kind $user"} }

# --- whom the next look judges ---

sub ready { my ($certificate) = @_; return "ready $certificate->{user} $certificate->{name}" }

# This user, and a mail; before anything of the user changes, so that it is known how that was.
sub touch {
    my ($self, $user, $mail) = @_;
    $self->{mails}{$mail} = 1 if $mail;
    return if $self->{touched}{$user}++;
    for my $certificate ($self->certificates_of($user)) {
        $self->{was}{ $certificate->{serial} } = is_reminded($self->{now}, $certificate);
        $self->{mails}{ ready($certificate) } = 1;
    }
    return;
}

sub certificates_of {
    my ($self, @users) = @_;
    my $now = $self->{now};
    return map { @{ $now->{certificates} }{ keys %{ $now->{of}{$_} || {} } } } @users;
}

# Those of a time that comes: an end, or when to remind of it.
sub note_moments {
    my ($self, @users) = @_;
    for my $certificate ($self->certificates_of(@users)) {
        $self->{moments}{ int(($certificate->{to} - $_ * DAY) / HOUR) }{ $certificate->{user} } = 1 for 0, @{ +REMINDERS };
    }
    return;
}

# Those whose time has come since the last look, with all of its hour.
sub come {
    my ($self, $now) = @_;
    my ($from, $to) = map { int($_ / HOUR) } $self->{until}, $now;
    my @hours = grep { $_ <= $to } keys %{ $self->{moments} };
    my %come = map { %{ $self->{moments}{$_} } } grep { $_ >= $from } @hours;
    delete @{ $self->{moments} }{ grep { $_ < $to } @hours };
    return keys %come;
}

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
    my ($self, $text) = @_;
    my ($head, $body) = split /\r?\n\r?\n/, $text, 2;
    $body = decode_base64($body) if $head =~ /^Content-Transfer-Encoding: base64/mi;
    my ($subject) = $head =~ /^Subject: (.*?) \(.*$/m;
    my ($user)    = $head =~ /^To: <?(\w+)\@/m;
    my $kind      = $kinds{ $subject // '' } // return $self->complain("a mail that nobody expects: $head");
    my ($name)    = $body =~ /^Certificate name\r?\n(.+?)\r?$/m;
    my ($days)    = $body =~ /days left: (\d+)/;
    ($self->{links}{"$kind $user"}) = $body =~ /[?&]t=([\w-]+)/;
    $self->{count}{mails}++;
    my $mail = join ' ', $kind, $user, grep { defined } $name;
    $self->{got}{$mail}++ if $kind ne 'ends';
    push @{ $self->{fresh} }, [ $user, $name, $days ] if $kind eq 'ends';
    $self->touch($user, $kind ne 'ends' ? $mail : ());
    return;
}

sub take_view { my ($self, $view) = @_; $self->{now} = $view; $view->{book} = $self; return }
sub touch_all { my ($self) = @_; $self->touch($_) for keys %{ $self->{now}{of} }; return }

# all: read everything, too, and hold it against what the news have told.
sub read_store {
    my ($self, $reader, $all) = @_;
    my $before = $self->{now};
    my $view   = $before->read($reader, $all ? 'list' : 'news');
    $self->take_all($before, $view) if $view != $before;
    return;
}

sub take_all {
    my ($self, $before, $view) = @_;
    $self->complain("the news told something else: $_") for $view->{lost} ? () : $before->differences($view);
    $self->touch_all;
    $self->{whole} = 1;
    $self->{count}{whole}++;
    $self->take_view($view);
    return;
}

# Revoked ones that the list has not; one that is revoked after its end need not be there.
sub lacks {
    my ($self, $now, @users) = @_;
    my $seen = $self->{now};
    return map { $_->{serial} } grep {
        $_->{state} == REVOKED && !$seen->{revoked}{ $_->{serial} } && ($_->{to} > $now || ($_->{to} > $_->{revoked} && !$self->{listed}{ $_->{serial} }))
    } $self->certificates_of(@users);
}

# Whom the next look is about.
sub asked {
    my ($self) = @_;
    return keys %{ $self->{whole} ? { %{ $self->{now}{of} }, %{ $self->{people} }, %{ $self->{touched} } } : $self->{touched} };
}

sub lags { my ($self, $now) = @_; return $self->lacks($now, $self->asked) > 0 }

# --- what must be true ---

sub check {
    my ($self, $now) = @_;
    $self->note_moments($self->asked);
    $self->touch($_) for $self->come($now);
    my @users = $self->asked;
    $self->check_list($now, @users);
    $self->check_certificates($now, @users);
    $self->check_people($now, @users);
    $self->check_mails(@users);
    $self->check_reminders($now, @users);
    $self->{count}{issued} = keys %{ $self->{now}{certificates} };
    @$self{qw(touched was mails until whole)} = ({}, {}, {}, $now, 0);
    return;
}

# Every revoked serial stands in the list until its end, and nothing else does; each list has a number of its own (CRT-6).
sub check_list {
    my ($self, $now, @users) = @_;
    my $seen = $self->{now};
    my $list = $seen->{list} or return $self->complain('there is no list of revoked certificates that the CA has signed');
    $self->complain("list $list->{number} is not of today") if $list->{this} > $now || $list->{next} <= $now;
    $self->complain("list $list->{number} follows $self->{number}") if $list->{number} < $self->{number};
    $self->{count}{lists}++ if $list->{number} > $self->{number};
    $self->{number} = $list->{number};
    $self->complain("$_ is revoked and not in the list") for $self->lacks($now, @users);
    my @asked = $self->{whole} ? keys %{ $seen->{revoked} } : map { /^- (.*)/ ? $1 : keys %{ $seen->{of}{$_} || {} } } @users;
    for my $serial (grep { $seen->{revoked}{$_} } @asked) {
        $self->{listed}{$serial} = 1;
        my $certificate = $seen->{certificates}{$serial};
        $self->complain("$serial is in the list and not revoked") if !$certificate || $certificate->{state} != REVOKED;
    }
    return;
}

# Never more than two, none that no terminal knows, and none that nobody has nor can fetch (REN-2).
sub check_certificates {
    my ($self, $now, @users) = @_;
    my $seen = $self->{now};
    my %usable;
    for my $certificate ($self->certificates_of(@users)) {
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
    my ($self, $now, @users) = @_;
    my $seen = $self->{now};
    for my $user (@users) {
        my $person = $self->{people}{$user} or next;
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
    my ($self, @users) = @_;
    my %ready = map { (ready($_) => 1) } $self->certificates_of(@users);
    my %asked = (%ready, $self->{whole} ? (%{ $self->{wanted} }, %{ $self->{got} }) : %{ $self->{mails} });
    for my $mail (keys %asked) {
        my ($got, $wanted) = ($self->{got}{$mail} // 0, $ready{$mail} // $self->{wanted}{$mail} // 0);
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
    my ($self, $now, @users) = @_;
    my $seen = $self->{now};
    my %came;
    $came{"$_->[0] $_->[1]"}{ $_->[2] }++ for splice @{ $self->{fresh} };
    for my $certificate ($self->certificates_of(@users)) {
        my $due = $self->due($certificate, $now) or next;
        my ($was, $is) = ($self->{was}{ $certificate->{serial} }, is_reminded($seen, $certificate));
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
