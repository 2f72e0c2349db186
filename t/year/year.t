#!/usr/bin/perl
# A simulated year of people and their certificates, with worker, signer and whoever acts for people killed at random: every
# reminder and every mail exactly once, nobody without a certificate that works, nobody with more than two, every revoked one in the
# list and refused at once. TAP.
#
#   t/year/year.t               14 users whose certificates live for 100 days; part of make test
#   t/year/year.t --long        10,000 users and 180 days; make year
#
# YEAR_SEED chooses what people do (not how fast anything is), the short form does the same each time; YEAR_USERS is another number of
# users; ANSHIN_KEEP leaves the directory.
# make all first. How it works: t/year/README.md.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Storable qw(dclone);
use Test::More;
use Anshin::Year;

use constant DAY => 86400;

my $long = grep { $_ eq '--long' } @ARGV;
my %size = $long ? (users => 10_000, life => 180, kills => 300, http => 10, whole => 30) : (users => 14, life => 100, kills => 16);
$size{users} = $ENV{YEAR_USERS} if $ENV{YEAR_USERS};
my $seed = int($ENV{YEAR_SEED} // ($long ? time ^ $$ : 20261129));
diag("YEAR_SEED=$seed");

my $y = Anshin::Year->new(days => 365, seed => $seed, %size, report => $long ? sub { diag($_[0]->figures) } : undef);
my @complaints = $y->run;
is(join("\n", @complaints), '', 'REN-1, REN-2, REN-3, CRT-6, MAI-1: a year of people, worker, signer and kills, and nothing to complain of');
my %count = (%{ $y->{count} }, %{ $y->{book}{count} });
cmp_ok($count{ $_->[0] } // 0, '>=', $_->[1], "with $_->[1] or more: $_->[0]") for
    [ 'killed worker' => 1 ], [ 'killed signer' => 1 ], [ 'killed visitor' => 1 ], [ reminders => $size{users} ],
    ($long ? ([ 'killed httpd' => 1 ], [ 'over http' => $size{users} / 10 ]) : ()), [ renewals => $size{users} ], [ refused => $size{users} ], [ lists => 300 ], [ whole => 12 ];
cmp_ok($count{$_} // 0, '>=', 1, "somebody comes who acts like that: $_") for qw(early late twice leave forget between ended never lost anew ask);
diag($y->figures);

# --- before that is believed: what is made wrong is complained of ---

my $book = $y->{book};
my $now  = $y->now;

# By a look at everything, and by one at what has changed.
sub is_seen {
    my ($what, $pattern, $doctor) = @_;
    my @blind;
    for my $whole (1, 0) {
        my $wrong = dclone($book);
        $wrong->touch_all if $whole;
        $wrong->{whole} = $whole;
        $wrong->check($doctor->($wrong, $wrong->{now}) // $now);
        push @blind, $whole ? 'a look at everything' : 'a look at what has changed' unless grep { $_ =~ $pattern } $wrong->complaints;
    }
    is("@blind", '', "it is seen that $what");
    return;
}

# Somebody with a certificate that lives on for a while, and one with time left that is revoked.
my %certificates = %{ $book->{now}{certificates} };
my ($user) = grep {
    my $present = $book->{people}{$_}{present};
    $present && $certificates{$present}{to} > $now + 50 * DAY && Anshin::YearBook::is_reminded($book->{now}, $certificates{$present})
} sort keys %{ $book->{people} };
my $held      = $certificates{ $book->{people}{$user}{present} };
my ($revoked) = grep { $certificates{$_}{state} == 2 && $certificates{$_}{to} > $now } sort keys %certificates;
my $eve       = $held->{to} - 10 * DAY;

# As the reader tells it.
sub tell_certificate { my ($seen, %other) = @_; $seen->put(c => join ' ', @{ { %$held, %other } }{qw(serial user state to issued revoked name)}); return }

sub tell_terminal {
    my ($seen, %other) = @_;
    my ($key) = map { /^t (.*)/ && $seen->{keys}{$_} eq $user ? $1 : () } keys %{ $seen->{keys} };
    $seen->put(t => join ' ', $key, $user, @{ { %{ $seen->{terminals}{$user} }, %other } }{qw(present renewing)});
    return;
}

sub tell_mail { my ($wrong, $whose, $mail) = @_; $wrong->{got}{$mail}++; $wrong->touch($whose, $mail); return }

# What is due at that moment, with these reminders in the spool.
sub with_reminders {
    my (@days) = @_;
    return sub {
        my ($wrong) = @_;
        $wrong->touch($user);
        $wrong->{fresh} = [ map { [ $user, $held->{name}, $_ ] } @days ];
        return $eve + 60;
    };
}

is_seen('a list misses somebody', qr/$revoked is revoked and not in the list/, sub { $_[1]->remove(r => $revoked); return });
is_seen('a list has somebody too many', qr/is in the list and not revoked/, sub { $_[1]->put(r => $held->{serial}); return });
is_seen('a list has somebody whom nobody knows', qr/0123 is in the list and not revoked/, sub { $_[1]->put(r => '0123'); return });
is_seen('a list is old', qr/is not of today/, sub { $_[1]{list}{next} = $now; return });
is_seen('a list has a number of before', qr/list 1 follows/, sub { $_[1]{list}{number} = 1; return });
is_seen('there is no list', qr/there is no list/, sub { delete $_[1]{list}; return });
is_seen('somebody has three certificates', qr/$user has 3 certificates/, sub { tell_certificate($_[1], serial => $_) for qw(01 02); return });
is_seen('one is active that no terminal knows', qr/and no terminal knows it/, sub { tell_terminal($_[1], present => '-'); return });
is_seen('nobody has one that is active', qr/of $user is active, and nobody can fetch it/, sub { $_[0]->touch($user); $_[0]{fetched} = {}; return });
is_seen('a certificate works no more', qr/of $user does not work/, sub { tell_certificate($_[1], state => 2); return });
is_seen('a certificate is gone', qr/of $user does not work/, sub { $_[1]->remove(c => $held->{serial}); return });
is_seen('nobody has another one', qr/$user holds .* and none works/, sub { tell_certificate($_[1], state => 2); return });
is_seen('the only one that works has ended', qr/$user holds .* and none works/, sub {
    my ($wrong, $seen) = @_;
    tell_certificate($seen, serial => '01', state => 2, to => $held->{to} + DAY);
    $wrong->{people}{$user}{held}{'01'} = 1;
    $wrong->check($now);
    $wrong->complaints;
    return $held->{to} + 60;
});
is_seen('a mail comes twice', qr/mail ready $user .*: 2 came, 1 should/, sub { tell_mail($_[0], $user, "ready $user $held->{name}"); return });
is_seen('a mail is lost', qr/mail ready $user .*: 0 came, 1 should/, sub { $_[0]->touch($user); delete $_[0]{got}{"ready $user $held->{name}"}; return });
is_seen('a notice comes without a cause', qr/mail reissued u00000: 1 came/, sub { tell_mail($_[0], 'u00000', 'reissued u00000'); return });
is_seen('a notice is lost', qr/mail reissued $user: \d+ came/, sub { $_[0]->expect($user, 'reissued'); return });
is_seen('a reminder is lost', qr/$user was reminded 0 times/, with_reminders());
is_seen('a reminder comes twice', qr/$user was reminded 2 times/, with_reminders(10, 10));
is_seen('a reminder is lost that waited for a renewal', qr/$user was reminded 0 times/, sub {
    my ($wrong) = @_;
    my $eve = with_reminders()->($wrong);
    $wrong->{was}{ $held->{serial} } = 0;
    return $eve;
});
is_seen('somebody is reminded who has renewed', qr/$user .* is reminded without a reason/, sub {
    my ($wrong, $seen) = @_;
    tell_terminal($seen, renewing => '01');
    $wrong->check($now);
    $wrong->complaints;
    return with_reminders(10)->($wrong);
});
is_seen('it tells wrong days', qr/$user was reminded 1 times .* with 10 days left: 11/, with_reminders(11));
is_seen('it comes on another day', qr/$user .* is reminded without a reason/, sub { $_[0]->touch($user); $_[0]{fresh} = [ [ $user, $held->{name}, 50 ] ]; return });
is_seen('something has not been told as news', qr/the news told something else: certificate $held->{serial}/, sub {
    my ($wrong, $seen) = @_;
    my $all = dclone($seen);
    $all->put(c => join ' ', $held->{serial}, $user, 2, @$held{qw(to issued revoked name)});
    $wrong->take_all($seen, $all);
    return;
});

$y->finish;
done_testing;
