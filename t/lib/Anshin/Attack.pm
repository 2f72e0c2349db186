package Anshin::Attack;
# What the attacker's suites (t/http/security-*.t) share: forms sent at once from many connections, the operator's view of what
# came of it, and what a walk through the pages needs again and again.
#
#   my @answers = at_once([$client, '/anshin/login', { csrf => $token, user => 'u', password => 'x' }], ...);
#   my %told = results($s, 'p-01-usr001');       # how often each result stands in the user's history
#   csrf($page)                                  # the CSRF token of a page's form
#   marks($page)                                 # the same, and the flow that the form belongs to
#   flows($c)                                    # the cookies of a browser's flows
#   without_headers($response)                   # which headers of S19 it has not, or not once
#   sealed_whom($s, 'staff', 'p-01/usr/NUMBER')   # what an address of the help desk says of whom, made by the server's own key
#   totp($secret)                                # what an authenticator app would show; otp.t takes it from here, too
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1 hmac_sha256);
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use Anshin::Client;

our @EXPORT = qw(
    app_secret asked_by_code at_once command command_in csrf entries expect_link flows from_base32 lost_path marks open_flow reissue_path request_reissue results sealed_whom secret_of
    send_code standing statuses totp without_headers
);

# Forms sent at the same moment: every connection is opened and everything is sent but the last byte of each body; then the last
# bytes go out one behind the other. The responses, in the order of the forms; one that was refused before its last byte is one, too.
sub at_once {
    my @shots = @_;
    local $SIG{PIPE} = 'IGNORE';
    my @open;
    for my $shot (@shots) {
        my ($c, $path, $fields, %headers) = @$shot;
        my $body = ref $fields ? Anshin::Client::encode_form($fields) : $fields;
        my $own = Anshin::Client->new(map { $_ => $c->{$_} } qw(port ca cert key tls host address timeout sni origin));
        my $socket = $own->connect or die "no connection: $own->{error}";
        my %all = (
            Host => $c->host, Origin => $c->origin, 'Content-Type' => 'application/x-www-form-urlencoded',
            'Content-Length' => length $body, Cookie => join('; ', map { "$_=$c->{cookies}{$_}" } sort keys %{ $c->{cookies} }), %headers
        );
        my $text = "POST $path HTTP/1.1\r\n" . join('', map { "$_: $all{$_}\r\n" } sort grep { defined $all{$_} } keys %all) . "\r\n$body";
        $socket->syswrite(substr $text, 0, -1);
        push @open, [$own, $socket, substr($text, -1), $path];
    }
    $_->[1]->syswrite($_->[2]) for @open;
    my @answers;
    for (@open) {
        my ($c, $socket, undef, $path) = @$_;
        my $r = bless { status => 0, headers => [], body => '', path => $path, error => '' }, 'Anshin::Response';
        eval {
            local $SIG{ALRM} = sub { die "timeout\n" };
            alarm 60;
            $c->read_response($socket, $r, 'POST');
        };
        alarm 0;
        push @answers, $r;
        $c->close;
    }
    return @answers;
}

# The statuses of responses and how often each came, as text: "303 x 1, 410 x 3".
sub statuses {
    my %count;
    $count{ $_->status }++ for @_;
    return join ', ', map { "$_ x $count{$_}" } sort keys %count;
}

# htanshin that must succeed: its output. The contract is that of the server, or the one named.
sub command { my ($s, @arguments) = @_; return command_in($s, $s->{name}, @arguments) }

sub command_in {
    my ($s, $contract, @arguments) = @_;
    my $made = $s->htanshin('--contract', $contract, @arguments);
    $made->{status} == 0 or die "htanshin @arguments: $made->{err}";
    return $made->{out};
}

# The history of a user, oldest first; in the contract of the server, or the one named.
sub entries {
    my ($s, $user, $contract) = @_;
    my $told = command_in($s, $contract // $s->{name}, '--json', 'history', $user, '--limit', '100000');
    return reverse @{ JSON::PP::decode_json($told) };
}

sub results {
    my ($s, @whose) = @_;
    my %count;
    $count{ $_->{result} }++ for entries($s, @whose);
    return %count;
}

# What the operator sees of a user, to be compared: the account and the length of its history.
sub standing {
    my ($s, $user) = @_;
    my @entries = entries($s, $user);
    return command($s, '--json', 'user', 'show', $user) . @entries;
}

sub csrf {
    my ($page) = @_;
    my $token = $page->field('csrf') // die "no token on $page->{path}, status $page->{status}";
    utf8::downgrade($token);
    return $token;
}

# What a form of this page must bring along besides what is typed.
sub marks {
    my ($page) = @_;
    my $flow = $page->field('flow');
    utf8::downgrade($flow) if defined $flow;
    return (csrf => csrf($page), defined $flow ? (flow => $flow) : ());
}

# The cookies of a browser's flows, in their order: name and value each.
sub flows {
    my ($c, $contract) = @_;
    $contract //= 'p-01';
    return map { [$_, $c->{cookies}{$_}] } sort grep { /^__Host-anshin-flow\.\Q$contract\E\./ } keys %{ $c->{cookies} };
}

# Follow a mailed or handed out link; the page behind it.
sub open_flow {
    my ($c, $path) = @_;
    return expect_link($c->follow(expect_link($c->get($path), 303)), 200);
}

sub expect_link {
    my ($r, $status) = @_;
    return $r if $r->status == $status;
    die 'status ' . $r->status . " instead of $status at $r->{path}";
}

sub request_reissue {
    my ($c, $what, $p, %fields) = @_;
    return $c->submit($c->get("/anshin/reissue/$what"), { user => $p->{user}, address => $p->{address}, %fields });
}

# Ask for a login code at its page; the page that says that it is on its way.
sub send_code {
    my ($c, $page) = @_;
    return expect_link($c->follow(expect_link($c->submit($page, { send => 1 }), 303)), 200);
}

# Ask for a reissue and wait for the mail: the path of its link.
sub reissue_path {
    my ($c, $what, $p) = @_;
    expect_link(request_reissue($c, $what, $p), 303);
    return $p->reissue_path($what);
}

# The link to a lost device, asked for and mailed.
sub lost_path {
    my ($c, $p) = @_;
    expect_link($c->submit($c->get('/anshin/lost'), { user => $p->{user}, address => $p->{address} }), 303);
    return $p->wait_text(qr{https://[^/\s]+(/\S*/lost/prove\?t=[\w-]+)});
}

# Where mail has no links: the page for the code of what was asked for ("reissue/password", "lost").
sub asked_by_code {
    my ($c, $what, $p) = @_;
    my $sent = expect_link($c->submit($c->get("/anshin/$what"), { user => $p->{user}, address => $p->{address} }), 303);
    return expect_link($c->follow($sent), 200);
}

# What a page shows once.
sub secret_of {
    my ($page) = @_;
    my ($secret) = $page->text =~ /id="secret"[^>]*>([^<]+)</ or die "no secret on $page->{path}";
    return $secret;
}

# The headers of S19 that an answer of ours lacks, has twice, or has with another value.
my %always = (
    'Content-Security-Policy' =>
        qr/^default-src 'none'; (?!.*(?:unsafe|\*|data:)).*base-uri 'none'.*frame-ancestors 'none'; form-action 'self'/,
    'X-Content-Type-Options' => qr/^nosniff$/,
    'Referrer-Policy'        => qr/^(?:same-origin|no-referrer)$/,
    'Cache-Control'          => qr/^no-store$/,
    'Permissions-Policy'     => qr/camera=\(\)/,
    'X-Frame-Options'        => qr/^DENY$/
);

sub without_headers {
    my ($r) = @_;
    return grep { my @values = $r->headers($_); @values != 1 || $values[0] !~ $always{$_} } sort keys %always;
}

# What the page of the authenticator app shows to be copied.
sub app_secret {
    my ($page) = @_;
    my ($secret) = $page->text =~ /((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})/ or die "no secret of the app on $page->{path}";
    return $secret =~ tr/ //dr;
}

# The octets that a text of RFC 4648 base32 stands for.
sub from_base32 {
    my ($text) = @_;
    my $bits = join '', map { sprintf '%05b', index 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $text;
    return pack 'B*', substr $bits, 0, 8 * int(length($bits) / 8);
}

# RFC 6238, computed without our code; steps from now.
sub totp {
    my ($base32, $steps, $later) = @_;    # later: seconds that the server's clock is put forward
    my @mac = unpack 'C*', hmac_sha1(pack('NN', 0, int((time + ($later // 0)) / 30) + ($steps // 0)), from_base32($base32));
    my $at = $mac[19] & 15;
    return sprintf '%06d', ((($mac[$at] & 127) << 24) | ($mac[ $at + 1 ] << 16) | ($mac[ $at + 2 ] << 8) | $mac[ $at + 3 ]) % 1000000;
}

# As core/desk/sealed_whom.c has it, of whatever text: so what no page of ours says can be sent as if one had.
sub sealed_whom {
    my ($s, $contract, $text) = @_;
    my $key = hmac_sha256("anshin 1 mac desk-whom\1", hmac_sha256(Anshin::Server::text_of($s->state . '/seal.key'), "\0" x 32));
    $text .= "\0" x (16 - length($text) % 16);
    my $tag = substr hmac_sha256("t$contract/$text", $key), 0, 16;
    my $cover = join '', map { hmac_sha256("c$tag" . chr, $key) } 0 .. length($text) / 32;
    return encode_base64url($tag . ($text ^ substr $cover, 0, length $text));
}

1;
