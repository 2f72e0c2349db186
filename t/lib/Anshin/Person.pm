package Anshin::Person;
# A user of a suite's server, from the operator's command to the login, through the pages as a browser would.
#
#   my $p = Anshin::Person->add($s, 'p-01-usr007', method => 'certificate');    htanshin user add
#   $p->{path}, $p->{code}                    the registration link (path and query), the registration code
#   $p->register($c)                          through the pages; $p->{password}, $p->{download_password}
#   my $pem = $p->fetch($c)                   waits for the mail, downloads, unpacks: key and certificate in one file
#   my $q = $p->at_terminal(2, address => ..., download_password => ...)    the same user where a second one is
#   $p->login($c)                             the response to the login form
#
# Each dies with what it saw when a step does not lead where it should.
use strict;
use warnings;
use utf8;
use Encode ();
use MIME::Base64 qw(decode_base64);

my $count = 0;

sub add {
    my ($class, $server, $user, %want) = @_;
    my $self = bless {
        server => $server, user => $user, method => 'password', address => 'person' . ++$count . '@example.jp',
        password => 'Umi-to-yama-7', question => 'pet', answer => 'トウキョウ', %want
    }, $class;
    utf8::decode($self->{answer}) unless utf8::is_utf8($self->{answer});
    my $made = $server->htanshin(
        '--contract', $self->{contract} // $server->{name},
        'user', 'add', $user, '--method', $self->{method}, '--address', $self->{address},
        map { defined $self->{$_} ? ("--$_", Encode::encode('UTF-8', $self->{$_})) : () } qw(language label)
    );
    $made->{status} == 0 or die "htanshin user add $user: $made->{err}";
    ($self->{path}) = $made->{out} =~ m{https://[^/\s]+(/\S+)} or die "no URL: $made->{out}";
    ($self->{code}) = $made->{out} =~ /code:\s*(\S+)/ or die "no code: $made->{out}";
    return $self;
}

# Up to page 2: its response.
sub to_credentials {
    my ($self, $c) = @_;
    my $page = expect($c->follow(expect($c->get($self->{path}), 303)), 200);
    return expect($c->follow(expect($c->submit($page, { code => $self->{code} }), 303)), 200);
}

sub credentials {
    my ($self) = @_;
    return {
        password => $self->{password}, password_confirm => $self->{password}, question => $self->{question},
        answer => $self->{answer}
    };
}

# To the end: the response of page 3.
sub register {
    my ($self, $c) = @_;
    $c ||= $self->{server}->client;
    my $done = expect($c->submit($self->to_credentials($c), $self->credentials), 303);
    my $page = expect($c->follow($done), 200);
    ($self->{download_password}) = $page->text =~ /id="secret">([^<]+)</;
    return $page;
}

# The decoded texts of all mail to an address, oldest first.
sub texts {
    my ($self, $address) = @_;
    my @texts;
    $address //= $self->{address};
    for my $mail ($self->{server}->mail) {
        next unless $mail =~ /^To: <?\Q$address\E>?\r?$/m;
        my ($head, $body) = split /\r?\n\r?\n/, $mail, 2;
        $body = decode_base64($body) if $head =~ /^Content-Transfer-Encoding: base64/mi;
        push @texts, Encode::decode('UTF-8', $body);
    }
    return @texts;
}

# Waits for a mail whose text matches; what the pattern captured first.
sub wait_text {
    my ($self, $pattern, $address) = @_;
    my $found;
    my $find = sub {
        for my $text ($self->texts($address)) {
            $found = $1 if $text =~ $pattern;
        }
        return defined $found;
    };
    Anshin::Server::wait_for(60, $find) or die "no mail $pattern for $self->{user}:\n" . $self->{server}->log;
    return $found;
}

# From the confirmation of a terminal with a new address: what follows the code that is mailed there (AnshinConfirmAddress).
sub enter_code {
    my ($self, $c, $confirm, $address) = @_;
    my $page = expect($c->follow(expect($c->submit($confirm, {}), 303)), 200);
    return $c->submit($page, { code => $self->wait_text(qr/\A([0-9]{6})\r?\n.*確認コード/s, $address) });
}

# The path of the download link in the mail that the worker sent.
sub download_path {
    my ($self, $address) = @_;
    return $self->wait_text(qr{https://[^/\s]+(/\S*/download\?t=[\w-]+)}, $address);
}

# The path of the link in the mail about a reissue that was asked for; of a "password" or "certificate".
sub reissue_path {
    my ($self, $what) = @_;
    return $self->wait_text(qr{https://[^/\s]+(/\S*/reissue/$what/prove\?t=[\w-]+)});
}

# The code of the newest mail in which this is said (AnshinMailLinks off).
sub access_code {
    my ($self, $said) = @_;
    return $self->wait_text(qr/\Q$said\E.*^■ 手続きコード\r?\n([2-9a-z]{4}-[2-9a-z]{4})\r?$/ms);
}

# Download; the PKCS#12 bytes and the response.
sub download {
    my ($self, $c, %fields) = @_;
    my $page = expect($c->follow(expect($c->get($self->download_path), 303)), 200);
    my $file = arrive($c, $c->submit($page, { download_password => $self->{download_password}, profile => 'modern', %fields }, qr{/download\?}));
    return ($file->body, $file);
}

# The file that comes by itself on the page behind the password.
sub arrive {
    my ($c, $answer) = @_;
    my $page = expect($c->follow(expect($answer, 303)), 200);
    my ($path) = ($page->header('Refresh') // '') =~ /^1; url=(\S+)$/ or die "no file comes on $page->{path}";
    return expect($c->get($path), 200);
}

# Key and certificate for Anshin::Client's cert.
sub fetch {
    my ($self, $c) = @_;
    my ($bytes) = $self->download($c || $self->{server}->client);
    my $base = $self->{server}->root . "/person-$self->{user}" . ($self->{terminal} ? "-$self->{terminal}" : '');
    Anshin::PKI::write_text("$base.p12", $bytes);
    my $made = $self->{server}->run(
        qw(openssl pkcs12 -nodes -passin), "pass:$self->{download_password}", '-in', "$base.p12", '-out', "$base.pem");
    $made->{status} == 0 or die "PKCS#12 of $self->{user} does not open: $made->{err}";
    return $self->{pem} = "$base.pem";
}

# The same user at a further terminal.
sub at_terminal { my ($self, $number, %its) = @_; return bless { %$self, %its, terminal => $number }, ref $self }

sub login {
    my ($self, $c, %fields) = @_;
    my $page = expect($c->get('/anshin/login'), 200);
    return $c->submit($page, { user => $self->{user}, password => $self->{password}, %fields });
}

sub expect {
    my ($response, $status) = @_;
    return $response if $response->status == $status;
    die "status " . $response->status . " instead of $status at $response->{path}: " . $response->error . $response->body;
}

1;
