# What a browser keeps of the pages behind the login once somebody has logged out (S34), with its back/forward cache on.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Person;
use Anshin::PKI;
use Anshin::Server;

my $long = <<'END';
<LocationMatch "[.]js$">
    Header set Cache-Control max-age=86400
</LocationMatch>
# An application that leads on to another origin, as sign-on portals do (B02).
<Location "/members/away.html">
    ErrorDocument 404 https://kept.localhost:@PORT@/open/
</Location>
END
my $s = Anshin::Server->new(
    server   => $long,
    contract => "AnshinSiteURL /members/\nAnshinLoginMethods password",
    sites    => { kept => "AnshinSiteURL /members/\nAnshinLoginMethods password\nAnshinClearCache off" }
)->start;

# An application: a page of the members with things of its own that browsers may keep for long.
my $site = "$s->{root}/htdocs/members";
my @things = map { "thing$_.js" } 1 .. 20;
Anshin::PKI::write_text("$site/app.html", "<!DOCTYPE html><title>app</title><p>the members' page</p>\n"
    . join '', map { "<script src=\"$_\"></script>\n" } @things);
Anshin::PKI::write_text("$site/$_", "/*" . 'x' x 20_000 . "*/\n") for @things;

my %person;
for my $contract ('p-01', 'kept') {
    my $who = Anshin::Person->add($s, "$contract-usr001", contract => $contract);
    $who->register($s->client($contract eq 'kept' ? (host => 'kept.localhost', ca => undef) : ()));
    $person{$contract} = { map { $_ => $who->{$_} } qw(user password) };
}
Anshin::Browser::walk($s, 'back.mjs', people => \%person, things => scalar @things);
