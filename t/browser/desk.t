# A day at the help desk by the keyboard: a user is found, unlocked and told; somebody is locked for a reason; a list is opened.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(encode);
use Anshin::Attack;
use Anshin::Browser;
use Anshin::Person;
use Anshin::Server;

my $s = Anshin::Server->new(
    contract => "AnshinLoginMethods password\nAnshinStaff on\nAnshinTitle ヘルプデスク\nAnshinSiteURL /anshin/desk",
    sites    => { customers => "AnshinLoginMethods password\nAnshinOperators p-01\nAnshinStaffReason on\nAnshinPasswordAttempts 3" }
)->start;
my $operator = Anshin::Person->add($s, 'ope01');
$operator->register;
command($s, 'user', 'set', 'ope01', '--role', 'helpdesk');
my $user = Anshin::Person->add($s, 'usr001', contract => 'customers');
command_in($s, 'customers', 'user', 'set', 'usr001', '--name', encode('UTF-8', '山田 太郎'));
Anshin::Person->add($s, 'usr002', contract => 'customers', address => 'hanako@mail.example');
my $c = $s->client(host => 'customers.localhost', ca => undef);
$user->register($c);
$user->login($c, password => 'Not-this-one-1') for 1 .. 3;
Anshin::Browser::walk($s, 'desk.mjs', operator => { user => $operator->{user}, password => $operator->{password} });
