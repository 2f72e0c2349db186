# The attacker who writes into fields: every field of every form of the portal by itself, with too much and with what would begin
# a header, a line of a log, a mail or markup; and what is hostile but lawful, from the field through store and mail to the page.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use HTML::Entities ();
use HTML::TokeParser;
use JSON::PP ();
use Test::More;
use Anshin::Attack;
use Anshin::Forms;
use Anshin::Person;
use Anshin::Server;
use Anshin::Source;

my $s = Anshin::Server->new(Anshin::Forms::server())->start;
my $kept = { map { $_->{path} => $_->{kept} } grep { !$_->{direct} } routes(all => 1) };
my @forms = Anshin::Forms::walk($s);

# What the operator sees of every account, history and mail aside.
sub accounts {
    my @shown;
    for my $contract ('p-01', 'today', 'customers') {
        my $users = JSON::PP::decode_json(command_in($s, $contract, '--json', 'user', 'list'));
        push @shown, map { command_in($s, $contract, '--json', 'user', 'show', $_->{user}) } @$users;
    }
    return @shown;
}

sub addresses {
    my ($person) = @_;
    return map { $_->{address} } @{ JSON::PP::decode_json(command($s, '--json', 'user', 'show', $person->{user}))->{terminals} };
}

# --- no form is missing: the list is that of the route table ---

my %filled;
$filled{ $_->{route} }++ for @forms;
# That of /session is made by a page's script, and has nothing to type: security-sessions.t.
my @taking = sort map { $_->{path} } grep { $_->{post} && $_->{path} ne '/session' } routes(all => 1);
is(join("\n", sort keys %filled), join("\n", @taking), 'S27, S32: every route that takes forms has one in the list');
my @fields = map { my $form = $_; map { [$form, $_] } @{ $form->{names} } } @forms;
cmp_ok(scalar @fields, '>=', 85, 'fields to try: ' . @fields);

# --- S32: 4,096 octets in one field, everything else right ---

# Looked at by nobody, or only whether it is there: what the form is answered that has proved nothing.
my %unread = (
    'account, a certificate waits: n' => 303, 'account, a certificate waits, 2: n' => 303, 'login: return' => 401, 'invitation: order' => 303, 'reauthenticate: return' => 422, 'terminal, confirmed: action' => 303,
    'sessions, 2: all' => 303, 'login code: send' => 303, 'login code, sent, 2: send' => 303,
    'terminal, code, 2: send' => 303, (map { ("list: $_" => 303) } qw(page marks all r0 r1))
);
# Another complaint than "too long", or elsewhere than beside the field: by field, or by form and field.
my %otherwise = (
    (map { $_ => [ $_, '一つ選んで' ] } qw(kind method profile terminal device how)), address_confirm => [ 'address_confirm', '一致していません' ],
    'credentials: question' => [ 'question', '一つ選んで' ], 'credentials: password' => [ 'password', '文字以内' ],
    'credentials: password_confirm' => [ 'password_confirm', '一致していません' ],
    (map { ("$_: why" => [ 'why', '200文字以内' ]) } qw(act many invitation)), (map { ("invitation: $_" => [ $_, '64文字' ]) } qw(user name organisation)),
    'invitation: address' => [ 'address', 'name@example.jp のように' ],
    (map { ("$_: question" => [ 'answer', '一致しません' ]) } 'proof by an answer', 'certificate, proof by an answer', 'lost device, proof by an answer'),
);
# A form that names no flow of its page, or none at all, acts on none (FLO-1).
my %status = ('sessions: key' => 400, 'second operator: seen' => 303, flow => 410, csrf => 403, map({ ("$_: action" => 410) } 'account', 'authenticator, enrolled, 2'), 'search: q' => 413, 'list: about' => 404, 'list: verb' => 403, 'many: order' => 403);

{
    my @before = accounts();
    cmp_ok(scalar @before, '>=', 12, 'accounts: ' . @before);
    for (@fields) {
        my ($form, $field) = @$_;
        my $what = "$form->{name}: $field";
        next if $unread{$what};
        my $r = $form->shown($form->submit_right($field => 'x' x 4096));
        my $complaint = $kept->{ $form->{route} } ? 200 : 422;
        is($r->status, $status{$what} // $status{$field} // $complaint, "S32: $what: too long");
        next unless $r->status == $complaint;
        my ($named, $expected) = @{ $otherwise{$what} // $otherwise{$field} // [ $field, '長すぎます' ] };
        my ($said) = $r->text =~ /\bid="\Q$named\E-error">(.*?)<\/ul>/s;
        like($said // '', qr/\Q$expected\E/, "S32: $what: the complaint beside $named");
    }
    is_deeply([accounts()], \@before, 'S32: no account has changed or is locked');
    is($_->again->status, 200, "S32: $_->{name}: the page is there as before, with its session or flow") for @forms;
    for (@fields) {
        my ($form, $field) = @$_;
        my $status = $unread{"$form->{name}: $field"} or next;
        is($form->submit($field => 'x' x 4096)->status, $status, "S32: $form->{name}: $field is not read");
    }
}

# --- S27: each field of each form, alone, with what would begin a header, a line of a log, a mail or markup ---

my @hostile = (
    "x\r\nSet-Cookie: evil=1\r\nLocation: https://evil.example/\r\n\r\n<script>alert(1)</script>",
    "x\nBcc: evil\@evil.example\n\n.\n", "b\@example.jp\r\nBcc: evil\@evil.example",
    "\r\n[Sun Jan 01 00:00:00 2026] [error] forged\r\n1.2.3.4 forged", "\x{2028}\x{85}\x{0b}evil: 1",
    "\"'><img src=x onerror=alert(1)>{{page}}{{{evil}}}%s%n\${evil}", "nul\0evil: 1",
    "=?UTF-8?B?ZXZpbA==?= <evil\@evil.example>, a", "\x1b]0;evil\x07\x1b[2J"
);
my $markup = qr/<script>alert|<img src=x|\[error\] forged\r?\n1\.2\.3\.4 forged<\/(?!textarea)\w+><script/;

# What a form may answer to such text in one of its fields.
sub lawful {
    my ($form, $field, $text, $status) = @_;
    return $status == 400 if $text =~ /\0/;
    return $status == 403 if $field eq 'csrf';
    return 1 if $status == 400 && $form->{route} eq '/sessions';
    return 1 if $status =~ /^40[34]$/ && $form->{route} =~ m{^/desk/list};    # a list, a verb or an order that there is not
    return 1 if $status == 200 && ($form->{route} eq '/logout' || $kept->{ $form->{route} });
    return $status =~ /^(?:303|401|410|422)$/;
}

for my $form (@forms) {
    my @bad;
    for my $field (@{ $form->{names} }, 'unasked') {
        for my $text (@hostile) {
            my $r = $form->shown($form->submit($field => $text));
            my $shown = "$field (" . $r->status . ')';
            push @bad, "$shown: status" unless lawful($form, $field, $text, $r->status);
            my $headers = grep { $_->[0] =~ /evil/i || $_->[1] =~ /evil|forged|[\x00-\x08\x0a-\x1f]/ } @{ $r->{headers} };
            push @bad, "$shown: header" if $headers;
            push @bad, "$shown: markup" if $r->body =~ $markup;
        }
    }
    is(join("\n", @bad), '', "S27: $form->{name}: no field takes line ends, NUL or markup anywhere");
}

# --- S27: an address that is the same in both fields, so that it is judged by itself ---

my $p = Anshin::Person->add($s, 'p-01-usr101', address => 'plain@example.jp');
$p->register;
my $c = $s->client;
is($p->login($c)->status, 303, 'somebody is logged in');
{
    my @addresses = (
        @hostile, map { ("b$_\@example.jp", "b\@example.jp$_", "b\@exam${_}ple.jp") }
            "\r\nBcc:evil\@evil.example", "\r", "\n", "\t", ' ', '"', "'>", '<', "\x7f", "\x{85}", "\x{2028}", ',c@x.jp', ';'
    );
    @addresses = grep { !/^b\@example\.jp[\r\n\t \x{2028}]$/ } @addresses;    # what cannot be seen around an address is cut (ADR-2)
    utf8::upgrade($_) for @addresses;
    my $taken = 0;
    for my $path ('/anshin/terminal/add', '/anshin/terminal/change?n=1') {
        my $page = $c->get($path);
        my @bad;
        for my $text (grep { !/\0/ } @addresses) {
            my $d = $c->clone;
            my $r = $d->follow($d->submit($page, { address => $text, address_confirm => $text, kind => 'pc' }));
            push @bad, "$text: " . $r->status unless $r->status == 200 && $r->text =~ /id="address-error"/;
            my @next = ($d->get('/anshin/terminal/confirm'), $d->post('/anshin/terminal/confirm', { marks($page), flow => 'none' }));
            push @bad, "$text: to be confirmed" if grep { $_->status != 410 } @next;
            $d->close;
            $taken++;
        }
        is(join("\n", @bad), '', "S27: $path takes no address with line ends, markup or a list, though both agree");
    }
    cmp_ok($taken, '>=', 80, "addresses: $taken");
    is(join(' ', addresses($p)), 'plain@example.jp', 'S27: nothing of it is stored');
}

# --- S27: what is hostile but lawful is kept, mailed and shown as it was typed ---

# Tags and names of attributes in their order, which no text may change; the values of a field.
sub shape {
    my ($page) = @_;
    my $parser = HTML::TokeParser->new(\$page->text);
    my @tags;
    while (my $token = $parser->get_token) { push @tags, join ' ', $token->[1], sort keys %{ $token->[2] } if $token->[0] eq 'S' }
    return join "\n", @tags;
}

sub value_of {
    my ($page, $field) = @_;
    my $parser = HTML::TokeParser->new(\$page->text);
    while (my $tag = $parser->get_tag('input')) { return $tag->[1]{value} if ($tag->[1]{name} // '') eq $field }
    return;
}

sub words_of {
    my ($page) = @_;
    my $parser = HTML::TokeParser->new(\$page->text);
    my $words = '';
    while (my $token = $parser->get_token) { $words .= $token->[1] if $token->[0] eq 'T' }
    return HTML::Entities::decode($words);
}

my @tricks = (
    '" onfocus="alert(1)" autofocus x="', q{' onfocus='alert(1)' x='}, '"><script>alert(1)</script><input value="',
    '<!-- -->]]></title></textarea><svg onload=alert(1)>', '{{page}}{{{csrf}}}{{> parts/foot}}{{#t}}x{{/t}}',
    '&quot;&#34;&lt;b&gt;&amp;amp;&#x22;', "one\n onfocus=alert(1)", '${evil}$(id)`id`%s%n%00\\x22\\"'
);
{
    my $new = Anshin::Person->add($s, 'p-01-usr102');
    my $e = $s->client;
    my $credentials = $new->to_credentials($e);
    my $guest = $s->client;
    my @shown = (
        [ 'login', $guest, $guest->get('/anshin/login'), 'user', { password => 'wrong' } ],
        [ 'credentials', $e, $credentials, 'answer', { %{ $new->credentials }, password => 'short' } ]
    );
    push @shown, [ "reissue, $_", $guest, $guest->get('/anshin/reissue/password'), $_, {} ] for qw(user address);
    for my $path ('/anshin/terminal/add', '/anshin/terminal/change?n=1') {
        my %plain = (address => 'x', address_confirm => 'x', kind => 'pc');
        push @shown, [ "$path, $_", $c, $c->get($path), $_, \%plain ] for qw(address address_confirm);
    }
    for (@shown) {
        my ($name, $browser, $page, $field, $fields) = @$_;
        my (@as_typed, @otherwise);
        for my $text (@tricks) {    # beside a harmless one of its length
            my ($plain, $r) = map { $browser->shown($browser->submit($page, { %$fields, $field => $_ })) } $text =~ s/\S/x/gr, $text;
            push @as_typed, value_of($r, $field);
            push @otherwise, $text if $r->status != $plain->status || shape($r) ne shape($plain);
        }
        is_deeply(\@as_typed, \@tricks, "S27: $name: what was typed is shown again to the letter, whatever it is");
        is(join("\n", @otherwise), '', "S27: $name: with the same answer, and no tag or attribute comes of it");
    }
}

{
    my $odd = Anshin::Person->add(
        $s, 'p-01-usr103', address => q(a'&{{page}}%s%n$`|~*@example.jp), password => q(A7a"'<>&{{page}}{{{t}}}%s$(x)`\\),
        answer => q("'></p><b>&amp;{{page}}{{{csrf}}}${evil}%s%n\\0 --)
    );
    $odd->register;
    my $d = $s->client;
    is($odd->login($d)->status, 303, 'S27: a password of symbols is the same at the login');
    my $account = $d->get('/anshin/account');
    like(words_of($account), qr/\Q$odd->{address}\E/, 'S27: the account page shows the address to the letter');
    is(shape($account) =~ s/^wbr\n//gmr, shape($c->get('/anshin/account')), 'S27: with no tag of it, but those that a long one has of ours (U17)');
    is(value_of($d->get('/anshin/terminal/change?n=1'), 'address'), $odd->{address}, 'S27: so has the form of the terminal');
    my $next = q(b#{{{page}}}/^=?'&$@example.jp);
    my $typed = { address => $next, address_confirm => $next, kind => 'pc' };
    my $confirm = $d->follow($d->submit($d->get('/anshin/terminal/add'), $typed));
    like(words_of($confirm), qr/\Q$next\E/, 'S27: and the confirmation');
    is($odd->enter_code($d, $confirm, $next)->place, '/anshin/terminal/done', 'S27: such an address is lawful');
    is($odd->wait_text(qr/(\Q$next\E)/, $_), $next, "S27: the mail to $_ says so to the letter") for $odd->{address}, $next;
    is(scalar(grep { /端末番号/ } $odd->texts), 1, 'S27: once');
    is(scalar(grep { /端末番号/ } $p->texts), 0, 'S27: and nobody before has got one about an address that was refused');
    is_deeply([ addresses($odd) ], [ $odd->{address}, $next ], 'S27: the operator sees both as they are');
    my $e = $s->client;
    my $proof = open_flow($e, reissue_path($e, 'password', $odd));
    for my $other (HTML::Entities::encode($odd->{answer}), "$odd->{answer}x") {
        is($e->submit($proof, { question => 'pet', answer => $other })->status, 422, "S27: the answer is not $other");
    }
    is($e->submit($proof, { question => 'pet', answer => $odd->{answer} })->status, 303, 'S27: but what was typed');
}

# --- S27: what is left in mail and logs ---

my @log = split /\n/, $s->log;
my @forged = grep { !/^\[\w{3} \w{3} [ \d]\d [\d:.]+ \d{4}\] \[/ } @log;
cmp_ok(scalar @log, '>', 100, 'the error log has lines: ' . @log);
is(join("\n", @forged), '', 'S27: each of which httpd has written');
is(scalar(grep { /[\x00-\x08\x0b-\x1f\x7f]|\x1b/ } @log), 0, 'S27: and none has control characters');
@forged = grep { !/^127\.0\.0\.1 \d{4}-\d\d-\d\dT[\d:]+[+-]\d{4} "/ } split /\n/, $s->access_log;
is(join("\n", @forged), '', 'S27: the access log as well');
my @mail = $s->mail;
cmp_ok(scalar @mail, '>', 15, 'mail was sent: ' . @mail);
for my $mail (@mail) {
    my ($head) = split /\r?\n\r?\n/, $mail, 2;
    my %seen;
    $seen{ lc $1 }++ while $head =~ /^([\w-]+):/mg;
    unlike($head, qr/evil|forged/, 'S27: no field has come into the head of a mail');
    is(join(' ', grep { $seen{$_} > 1 || /^(?:bcc|cc|reply-to)$/ } sort keys %seen), '', 'S27: which has each header once');
}
my @users = map { sprintf 'p-01-usr%03d', $_ } 1 .. 12;
my $history = join '', map { command($s, 'history', $_, '--limit', '5000') } @users, '--unknown';
my $theirs = qr/^(?:Bcc|Set-Cookie|1\.2\.3\.4|\[Sun)|[\x00-\x08\x0b-\x1f\x7f]/m;
unlike($history, $theirs, 'S27: what the operator reads has no line of theirs');
unlike($s->log, qr/AN0612|AN0564|AN0562/, 'no page that could not be drawn');
$s->finish;
done_testing;
