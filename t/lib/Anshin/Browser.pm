package Anshin::Browser;
# Runs a walk (t/browser/NAME.mjs) against a server of ours and hands its TAP through as the suite's own. Among the facts
# that the walk is told are the addresses of the server's further sites, each by its name.
#
#   Anshin::Browser::walk($server, 'smoke.mjs', user => 'p-01-usr001');    # ends the process
use strict;
use warnings;
use JSON::PP ();
use Anshin::Server;

sub walk {
    my ($server, $script, %facts) = @_;
    my %all = (
        url      => 'https://localhost:' . $server->port,
        port     => $server->port,
        root     => $server->root,
        state    => $server->state,
        serverCA => $server->server_ca,
        htanshin => $server->root . '/bin/htanshin',
        (map { $_ => "https://$_.localhost:" . $server->port } keys %{ $server->{sites} }),
        %facts
    );
    local $ENV{ANSHIN_FACTS} = JSON::PP->new->canonical->encode(\%all);
    my $status = system 'node', Anshin::Server::top() . "/t/browser/$script";
    $server->stop;
    if (my @faults = $server->faults) {
        print map { "# $_" } @faults;
        $status = 1;
    }
    $server->remove;
    exit($status ? 1 : 0);
}

1;
