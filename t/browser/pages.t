# Every page in every state, in both languages: drawn by the engine that serves it, with made-up data, looked at in a browser
# under the portal's Content-Security-Policy. No server of ours, so states that are rare in life are seen as well.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Anshin::Server;

my $top = Anshin::Server::top();
$ENV{ANSHIN_FACTS} = JSON::PP->new->canonical->encode(
    { htdocs => "$top/htdocs", render => Anshin::Server::out() . '/tools/render-page' });
exec 'node', "$top/t/browser/pages.mjs" or die "node: $!";
