package Anshin::YearView;
# What there is on a day of a simulated year, as t/year/reader.c tells it: all of it, or what was written since it was asked last.
#
#   my $v = Anshin::YearView->new;
#   $v = $v->read($reader, 'news');     # itself with what was written since; another one with all, where nobody knows that any more
#   my $all = $v->read($reader, 'list');    # all; $v has the news until then, unless $all->{lost}: nobody knows them
#   $v->{certificates}{$serial}; $v->{terminals}{$user}; $v->{accounts}{$user}; $v->{revoked}{$serial}; $v->{waits}{$serial}; $v->{list}
#   $v->{of}{$user}{$serial}: whose certificates are whose
#   $v->{book} = $book;    # whose touch($user) is called before something of that user becomes another
#   $v->put(c => $line);  $v->remove(c => $serial);    # as a line of the reader's
#   my @keys = $v->differences($other);
use strict;
use warnings;

my @FIELDS = qw(serial user state to issued revoked name);

sub new {
    my ($class) = @_;
    return bless { map { $_ => {} } qw(certificates terminals accounts revoked waits of keys) }, $class;
}

sub read {
    my ($self, $reader, $question) = @_;
    my ($next, $lost) = ($self, 0);
    print { $reader->{in} } "$question\n";
    $reader->{in}->flush;
    delete $self->{list};
    while (defined(my $line = readline $reader->{out})) {
        chomp $line;
        return $next if $line eq '.';
        if    ($line eq 'lost')        { $lost = 1 }
        elsif ($line eq 'all')         { $next = Anshin::YearView->new; $next->{lost} = $lost }
        elsif ($line =~ s/^x (.) //)   { $next->remove($1, $line) }
        elsif ($line =~ s/^(.) //)     { $next->put($1, $line) }
    }
    die 'the reader has died';
}

# What is told of a user is about to change.
sub changes { my ($self, $user) = @_; $self->{book}->touch($user) if $self->{book} && defined $user; return }

my %put = (
    c => sub {
        my ($self, $line) = @_;
        my %certificate;
        @certificate{@FIELDS} = split / /, $line, 7;
        $self->remove(c => $certificate{serial});
        $self->changes($certificate{user});
        $self->{certificates}{ $certificate{serial} } = \%certificate;
        $self->{of}{ $certificate{user} }{ $certificate{serial} } = 1;
    },
    t => sub {
        my ($self, $line) = @_;
        my ($key, $user, $present, $renewing) = split / /, $line;
        $self->remove(t => $key);
        $self->changes($user);
        $self->{keys}{"t $key"} = $user;
        $self->{terminals}{$user} = { present => $present, renewing => $renewing };
    },
    a => sub {
        my ($self, $line) = @_;
        my ($key, $user, $state) = split / /, $line;
        $self->remove(a => $key);
        $self->changes($user);
        $self->{keys}{"a $key"} = $user;
        $self->{accounts}{$user} = $state;
    },
    d => sub {
        my ($self, $line) = @_;
        my ($key, $serial) = split / /, $line;
        $self->remove(d => $key);
        $self->changes($self->user_of($serial));
        $self->{keys}{"d $key"} = $serial;
        $self->{waits}{$serial} = 1;
    },
    r => sub {
        my ($self, $serial) = @_;
        $self->changes($self->user_of($serial) // "- $serial");
        $self->{revoked}{$serial} = 1;
    },
    l => sub { my ($self, $line) = @_; @{ $self->{list} }{qw(number this next)} = split / /, $line },
);
sub put { my ($self, $what, $line) = @_; ($put{$what} // die "the reader tells: $what $line")->($self, $line); return }

sub user_of { my ($self, $serial) = @_; return ($self->{certificates}{$serial} // {})->{user} }

sub remove {
    my ($self, $what, $key) = @_;
    if ($what eq 'c') {
        my $user = $self->user_of($key) // return;
        $self->changes($user);
        delete $self->{certificates}{$key};
        delete $self->{of}{$user}{$key};
    }
    elsif ($what eq 'r') {
        $self->changes($self->user_of($key) // "- $key");
        delete $self->{revoked}{$key};
    }
    elsif (defined(my $value = delete $self->{keys}{"$what $key"})) {
        $self->changes($what eq 'd' ? $self->user_of($value) : $value);
        delete $self->{ { t => 'terminals', a => 'accounts', d => 'waits' }->{$what} }{$value};
    }
    return;
}

# --- two of them ---

sub flat {
    my ($self) = @_;
    my %flat = map { ("certificate $_->{serial}" => join ' ', @$_{@FIELDS}) } values %{ $self->{certificates} };
    $flat{"terminal $_"} = join ' ', @{ $self->{terminals}{$_} }{qw(present renewing)} for keys %{ $self->{terminals} };
    for my $plain (qw(accounts revoked waits)) { $flat{"$plain $_"} = $self->{$plain}{$_} for keys %{ $self->{$plain} } }
    return \%flat;
}

# What is not the same in both.
sub differences {
    my ($self, $other) = @_;
    my ($one, $two) = map { $_->flat } $self, $other;
    return grep { ($one->{$_} // 'nothing') ne ($two->{$_} // 'nothing') } sort keys %{ { %$one, %$two } };
}

1;
