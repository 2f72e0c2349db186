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
my %size = $long ? (users => 10_000, life => 180, kills => 300, http => 10) : (users => 14, life => 100, kills => 16);
$size{users} = $ENV{YEAR_USERS} if $ENV{YEAR_USERS};
my $seed = int($ENV{YEAR_SEED} // ($long ? time ^ $$ : 20261129));
diag("YEAR_SEED=$seed");

my $y = Anshin::Year->new(days => 365, seed => $seed, %size, report => $long ? sub { diag($_[0]->figures) } : undef);
my @complaints = $y->run;
is(join("\n", @complaints), '', 'REN-1, REN-2, REN-3, CRT-6, MAI-1: a year of people, worker, signer and kills, and nothing to complain of');
my %count = (%{ $y->{count} }, %{ $y->{book}{count} });
cmp_ok($count{ $_->[0] } // 0, '>=', $_->[1], "with $_->[1] or more: $_->[0]") for
    [ 'killed worker' => 1 ], [ 'killed signer' => 1 ], [ 'killed visitor' => 1 ], [ reminders => $size{users} ],
    ($long ? ([ 'killed httpd' => 1 ], [ 'over http' => $size{users} / 10 ]) : ()), [ renewals => $size{users} ], [ refused => $size{users} ], [ lists => 300 ];
cmp_ok($count{$_} // 0, '>=', 1, "somebody comes who acts like that: $_") for qw(early late twice leave forget between ended never lost anew ask);
diag($y->figures);

# --- before that is believed: what is made wrong is complained of ---

my $book = $y->{book};
my $now  = $y->now;

sub is_seen {
    my ($what, $pattern, $doctor) = @_;
    my $wrong = dclone($book);
    my $at    = $doctor->($wrong, $wrong->{now}) // $now;
    $wrong->check($at);
    my @seen = grep { $_ =~ $pattern } $wrong->complaints;
    ok(scalar @seen, "it is seen that $what");
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

# What is due at that moment, with these reminders in the spool.
sub with_reminders {
    my (@days) = @_;
    return sub {
        my ($wrong) = @_;
        $wrong->{before} = $wrong->{now};
        $wrong->{fresh} = [ map { [ $user, $held->{name}, $_ ] } @days ];
        return $eve + 60;
    };
}

is_seen('a list misses somebody', qr/$revoked is revoked and not in the list/, sub { delete $_[1]{revoked}{$revoked}; return });
is_seen('a list has somebody too many', qr/is in the list and not revoked/, sub { $_[1]{revoked}{ $held->{serial} } = 1; return });
is_seen('a list is old', qr/is not of today/, sub { $_[1]{list}{next} = $now; return });
is_seen('a list has a number of before', qr/list 1 follows/, sub { $_[1]{list}{number} = 1; return });
is_seen('there is no list', qr/there is no list/, sub { delete $_[1]{list}; return });
is_seen('somebody has three certificates', qr/$user has 3 certificates/,
    sub { my $seen = $_[1]; $seen->{certificates}{$_} = { %$held, serial => $_ } for qw(01 02); return });
is_seen('one is active that no terminal knows', qr/and no terminal knows it/, sub { $_[1]{terminals}{$user}{present} = '-'; return });
is_seen('nobody has one that is active', qr/of $user is active, and nobody can fetch it/,
    sub { delete @{ $_[0]{fetched} }{ keys %{ $_[0]{fetched} } }; return });
is_seen('a certificate works no more', qr/of $user does not work/, sub { $_[1]{certificates}{ $held->{serial} }{state} = 2; return });
is_seen('nobody has another one', qr/$user holds .* and none works/, sub { $_[1]{certificates}{ $held->{serial} }{state} = 2; return });
is_seen('a mail comes twice', qr/mail ready $user .*: 2 came, 1 should/, sub { $_[0]{got}{"ready $user $held->{name}"}++; return });
is_seen('a mail is lost', qr/mail ready $user .*: 0 came, 1 should/, sub { delete $_[0]{got}{"ready $user $held->{name}"}; return });
is_seen('a notice comes without a cause', qr/mail reissued u00000: 1 came/, sub { $_[0]{got}{'reissued u00000'}++; return });
is_seen('a reminder is lost', qr/$user was reminded 0 times/, with_reminders());
is_seen('a reminder comes twice', qr/$user was reminded 2 times/, with_reminders(10, 10));
is_seen('a reminder is lost that waited for a renewal', qr/$user was reminded 0 times/, sub {
    my ($wrong, $seen) = @_;
    my $eve = with_reminders()->($wrong);
    $wrong->{before} = dclone($seen);
    $wrong->{before}{terminals}{$user}{renewing} = '01';
    return $eve;
});
is_seen('somebody is reminded who has renewed', qr/$user .* is reminded without a reason/, sub {
    my ($wrong, $seen) = @_;
    $seen->{terminals}{$user}{renewing} = '01';
    return with_reminders(10)->($wrong);
});
is_seen('it tells wrong days', qr/$user was reminded 1 times .* with 10 days left: 11/, with_reminders(11));
is_seen('it comes on another day', qr/$user .* is reminded without a reason/, sub { $_[0]{fresh} = [ [ $user, $held->{name}, 50 ] ]; return });

$y->finish;
done_testing;
