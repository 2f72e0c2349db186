package Anshin::Client;
# A small HTTPS client for the suites: one browser, with its cookies and perhaps its certificate. HTTP/1.1 over a
# connection that it keeps, by IO::Socket::SSL; HTTP/2 through the curl command.
#
#   my $c = Anshin::Client->new(port => $port, ca => $pem, cert => $pem, tls => '1.2', host => 'localhost');
#   my $r = $c->get('/members/');                       $r->status, $r->header('Location'), $r->body, $r->cookies
#   $r = $c->post('/anshin/login', { user => 'u' });    fields, or a string with its Content-Type among the headers
#   $r = $c->submit($r, { password => 'x' });           the page's form, hidden fields kept
#   $r = $c->follow($r);                                the redirect of a response
#   $r = $c->raw("GET / HTTP/1.1\r\n...");              bytes of the suite's own
#   Anshin::Client->new(..., from => '127.0.0.2')       the address that it comes from
#   $c->close                                           drop the connection; the TLS session is kept (resume => 1)
#
# A request that finds the connection gone connects anew, once. A failed handshake gives status 0 and the cause in
# error: the TLS layer said no before there was a response.
use strict;
use warnings;
use IO::Socket::SSL;
use HTML::Form;
use File::Temp ();
use Anshin::PKI;
use Anshin::Valgrind;

sub new {
    my ($class, %want) = @_;
    my $self = bless {
        host => 'localhost', address => '127.0.0.1', timeout => 90, resume => 0, http => 1, cookies => {}, headers => {},
        %want
    }, $class;
    $self->{port} or die 'Anshin::Client needs a port';
    return $self;
}

sub patience { my $self = shift; return Anshin::Valgrind::stretch($self->{timeout}) }
sub origin   { my $self = shift; return $self->{origin} // "https://$self->{host}:$self->{port}" }
sub host     { my $self = shift; return $self->origin =~ s{^https?://}{}r }    # behind a port that is forwarded, that of the origin

sub get  { my ($self, $path, %headers) = @_; return $self->request('GET',  $path, undef, %headers) }
sub head { my ($self, $path, %headers) = @_; return $self->request('HEAD', $path, undef, %headers) }

sub post {
    my ($self, $path, $content, %headers) = @_;
    if (ref $content) {
        $content = encode_form($content);
        $headers{'Content-Type'} //= 'application/x-www-form-urlencoded';
    }
    $headers{Origin} = $self->origin unless exists $headers{Origin};
    delete $headers{Origin} unless defined $headers{Origin};
    return $self->request('POST', $path, $content, %headers);
}

# Send the form of a page (the first that is not the logout button of every page, or the one whose action matches $which) with
# some fields set.
sub submit {
    my ($self, $response, $fields, $which) = @_;
    my @forms = HTML::Form->parse($response->{text} // $response->body, base => $self->origin . $response->{path});
    @forms = grep { $_->method eq 'POST' && (!defined $which || $_->action =~ $which) } @forms;
    my @own = grep { $_->action !~ m{/logout$} } @forms;
    @forms = @own if @own && !defined $which;
    @forms or die "no such form on $response->{path}, status $response->{status}";
    my %values;
    for my $input ($forms[0]->inputs) {
        next unless defined $input->name && defined $input->value;
        next if $input->type =~ /^(?:submit|button|image|reset)$/;
        $values{ $input->name } = $input->value;
    }
    my $action = $forms[0]->action->path_query;
    return $self->post($action, { %values, %{ $fields || {} } });
}

sub follow {
    my ($self, $response, %headers) = @_;
    my $to = $response->header('Location') // die "no redirect: status $response->{status} at $response->{path}";
    $to =~ s{^https://\Q$self->{host}\E(?::$self->{port})?}{};
    $to =~ m{^/} or die "redirect leads elsewhere: $to";
    return $self->get($to, %headers);
}

# Where an error leads to the page again, with what was typed (FLO-2): that page. Any other answer is itself.
sub shown { my ($self, $response) = @_; return ($response->header('Location') // '') =~ /\?typed=/ ? $self->follow($response) : $response }

sub request {
    my ($self, $method, $path, $content, %headers) = @_;
    my %all = (%{ $self->{headers} }, %headers);
    my $cookie = join '; ', map { "$_=$self->{cookies}{$_}" } sort keys %{ $self->{cookies} };
    $all{Cookie} //= $cookie if length $cookie;
    my $response =
        $self->{http} == 2
        ? $self->curl($method, $path, $content, %all)
        : $self->http1($method, $path, $content, %all);
    $response->{path} = $path;
    $self->keep_cookies($response);
    return $response;
}

sub keep_cookies {
    my ($self, $response) = @_;
    for my $line ($response->headers('Set-Cookie')) {
        my ($name, $value) = $line =~ /^\s*([^=;\s]+)=([^;]*)/ or next;
        if ($line =~ /;\s*Max-Age=0\b/i || $line =~ /;\s*expires=[^;]*\b1970\b/i || $value eq '') {
            delete $self->{cookies}{$name};
        }
        else { $self->{cookies}{$name} = $value }
    }
    return;
}

sub http1 {
    my ($self, $method, $path, $content, %headers) = @_;
    my $host = delete $headers{Host} // $self->host;
    my $text = "$method $path HTTP/1.1\r\nHost: $host\r\n";
    $headers{'Content-Length'} //= length $content if defined $content;
    $text .= "$_: $headers{$_}\r\n" for sort grep { defined $headers{$_} } keys %headers;
    return $self->raw("$text\r\n" . ($content // ''), $method);
}

sub raw {
    my ($self, $bytes, $method) = @_;
    my $kept = $self->{socket};
    my $response = $self->exchange($bytes, $method || 'GET');
    if (!$response->{status} && $kept) {    # the server had closed the kept connection
        $response = $self->exchange($bytes, $method || 'GET');
    }
    return $response;
}

sub exchange {
    my ($self, $bytes, $method) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $response = bless { status => 0, headers => [], body => '', path => '/', error => '' }, 'Anshin::Response';
    my $socket = $self->connect;
    if (!$socket) { $response->{error} = $self->{error}; return $response }

    my $done = eval {
        my $seconds = $self->patience;
        local $SIG{ALRM} = sub { die "timeout after $seconds s\n" };
        alarm $seconds;
        my $at = 0;
        while ($at < length $bytes) {
            my $sent = $socket->syswrite($bytes, length($bytes) - $at, $at);
            last unless $sent;    # the answer may be there already: 413 before the body is read
            $at += $sent;
        }
        $response->{whole} = $self->read_response($socket, $response, $method) ? 1 : 0;
        1;
    };
    $response->{error} = $done ? '' : $@;
    alarm 0;
    $response->{error} ||= 'connection closed: ' . ($IO::Socket::SSL::SSL_ERROR || '') unless $response->{status};
    $self->close if !$response->{status} || lc($response->header('Connection') // '') eq 'close';
    return $response;
}

sub connect {
    my ($self) = @_;
    return $self->{socket} if $self->{socket};
    my $version = $self->{tls} ? 'TLSv' . ($self->{tls} =~ tr/./_/r) : 'SSLv23:!SSLv3:!SSLv2';
    my %tls = (
        PeerAddr => $self->{address}, PeerPort => $self->{port}, SSL_hostname => $self->{sni} // $self->{host},
        SSL_verifycn_name => $self->{host}, SSL_verifycn_scheme => 'http', SSL_version => $version,
        SSL_alpn_protocols => ['http/1.1'], Timeout => $self->patience
    );
    $tls{LocalAddr} = $self->{from} if $self->{from};
    if ($self->{ca}) { $tls{SSL_ca_file} = $self->{ca} }
    else { @tls{qw(SSL_verify_mode SSL_ca_file)} = (IO::Socket::SSL::SSL_VERIFY_NONE(), \'') }    # '': nor those of the machine
    if ($self->{cert}) { $tls{SSL_cert_file} = $self->{cert}; $tls{SSL_key_file} = $self->{key} || $self->{cert} }
    if ($self->{resume}) {    # sessions are forgotten with their context, so that it is kept
        $tls{SSL_session_cache_size} = 16;
        $tls{SSL_session_key}        = 'one';
        $tls{SSL_reuse_ctx} = $self->{context} //= IO::Socket::SSL::SSL_Context->new(%tls) or die 'TLS context';
    }
    my $socket = IO::Socket::SSL->new(%tls);
    if (!$socket) { $self->{error} = "$! " . ($IO::Socket::SSL::SSL_ERROR || ''); return }
    $self->{buffer} = '';
    return $self->{socket} = $socket;
}

# 1 when the connection at hand began with a resumed TLS session.
sub resumed { my $self = shift; return $self->{socket} && $self->{socket}->get_session_reused ? 1 : 0 }

# The connection's TLS version as OpenSSL names it: TLSv1_3.
sub tls_version { my $self = shift; return $self->{socket} ? $self->{socket}->get_sslversion : '' }

sub close {
    my ($self) = @_;
    my $socket = delete $self->{socket} or return;
    $socket->close(SSL_fast_shutdown => 1);
    return;
}

# A further browser like this one on connections of its own; cookies are copied, not shared.
sub clone {
    my ($self, %change) = @_;
    my %same = map { $_ => $self->{$_} } qw(port ca cert key tls host address from timeout resume http sni origin);
    return Anshin::Client->new(%same, cookies => { %{ $self->{cookies} } }, %change);
}

sub fill {
    my ($self, $socket) = @_;
    my $count = $socket->sysread(my $some, 65536);
    return 0 unless $count;
    $self->{buffer} .= $some;
    return 1;
}

sub line {
    my ($self, $socket) = @_;
    while ($self->{buffer} !~ /\n/) { $self->fill($socket) or return }
    $self->{buffer} =~ s/^(.*?)\r?\n//s;
    return $1;
}

sub bytes {
    my ($self, $socket, $length) = @_;
    while (length $self->{buffer} < $length) { $self->fill($socket) or last }
    return substr $self->{buffer}, 0, $length, '';
}

# 1 when the response came whole, as far as its framing tells.
sub read_response {
    my ($self, $socket, $response, $method) = @_;
    my ($status, $header);
    do {
        my $line = $self->line($socket) // return 0;
        ($status) = $line =~ m{^HTTP/1\.[01] (\d{3})} or die "no status line: $line\n";
        $response->{headers} = [];
        while (defined($header = $self->line($socket))) {
            last if $header eq '';
            push @{ $response->{headers} }, [$1, $2] if $header =~ /^([^:]+):\s*(.*?)\s*$/;
        }
    } while ($status >= 100 && $status < 200);
    $response->{status} = $status;
    return defined $header if $method eq 'HEAD' || $status == 204 || $status == 304;

    if (($response->header('Transfer-Encoding') // '') =~ /chunked/i) {
        while (defined(my $size = $self->line($socket))) {
            my $length = hex($size =~ /^([0-9a-fA-F]+)/ ? $1 : 0);
            $response->{body} .= $self->bytes($socket, $length);
            my $end = $self->line($socket);
            return defined $end unless $length;
        }
        return 0;
    }
    if (defined(my $length = $response->header('Content-Length'))) {
        $response->{body} = $self->bytes($socket, $length);
        return length $response->{body} == $length;
    }
    1 while $self->fill($socket);
    $response->{body} = delete $self->{buffer};
    $self->close;
    return defined $header;
}

# One request over HTTP/2 on a connection of its own. curl is told by a configuration on its standard input, so that no
# secret stands in its arguments.
sub curl {
    my ($self, $method, $path, $content, %headers) = @_;
    my ($head, $body, $data) = map { File::Temp->new } 1 .. 3;
    my %option = (
        url => $self->origin . $path, resolve => "$self->{host}:$self->{port}:$self->{address}",
        'dump-header' => "$head", output => "$body", 'max-time' => $self->patience
    );
    $option{request} = $method if $method ne 'HEAD' && $method ne 'GET' && !defined $content;
    $option{cacert}  = $self->{ca} if $self->{ca};
    $option{cert}    = $self->{cert} if $self->{cert};
    $option{key}     = $self->{key} || $self->{cert} if $self->{cert};
    my @flags = ('silent', 'show-error', 'path-as-is', 'http2');
    push @flags, 'head' if $method eq 'HEAD';
    push @flags, 'insecure' unless $self->{ca};
    push @flags, "tlsv$self->{tls}" if $self->{tls};
    $option{'tls-max'} = $self->{tls} if $self->{tls};

    if (defined $content) {
        print $data $content;
        CORE::close $data;
        $option{'data-binary'} = "\@$data";
    }
    my $config = join '', map { "$_\n" } @flags;
    $config .= sprintf "%s = \"%s\"\n", $_, quoted($option{$_}) for sort keys %option;
    $config .= sprintf "header = \"%s\"\n", quoted("$_: $headers{$_}") for sort grep { defined $headers{$_} } keys %headers;
    my $settings = File::Temp->new;
    print $settings $config;
    CORE::close $settings;

    my $error = `curl --config '$settings' 2>&1`;
    my $response = bless { status => 0, headers => [], body => '', path => $path, error => $error }, 'Anshin::Response';
    for my $line (split /\r?\n/, Anshin::PKI::read_text("$head")) {
        if ($line =~ m{^HTTP/(\S+) (\d{3})}) { @$response{qw(http status headers)} = ($1, $2, []) }
        elsif ($line =~ /^([^:]+):\s*(.*?)\s*$/) { push @{ $response->{headers} }, [$1, $2] }
    }
    $response->{body} = Anshin::PKI::read_text("$body");
    return $response;
}

sub quoted { my ($text) = @_; $text =~ s/([\\"])/\\$1/g; return $text }

# A hash, or an array of name and value pairs where a name may repeat, as application/x-www-form-urlencoded.
sub encode_form {
    my ($fields) = @_;
    my @pairs = ref $fields eq 'HASH' ? map { ($_, $fields->{$_}) } sort keys %$fields : @$fields;
    my @parts;
    while (my ($name, $value) = splice @pairs, 0, 2) {
        push @parts, join '=', map { escape($_) } $name, $value // '';
    }
    return join '&', @parts;
}

sub escape {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

package Anshin::Response;
use strict;
use warnings;
use Encode ();

sub status { return $_[0]{status} }
sub body   { return $_[0]{body} }
sub error  { return $_[0]{error} }
sub http   { return $_[0]{http} || '1.1' }

# The body as characters; every page of ours is UTF-8.
sub text { my $self = shift; return $self->{text} //= Encode::decode('UTF-8', $self->{body}) }

sub header {
    my ($self, $name) = @_;
    my ($first) = $self->headers($name);
    return $first;
}

# The page without what each request has of its own: tokens, the names of flows, what was typed, and the minute, which may change
# between two requests. For what has to look the same to whoever asks.
sub alike {
    my ($self) = @_;
    my $text = $self->text;
    $text =~ s/(name="(?:csrf|flow)" value=")[^"]*/$1/g;
    $text =~ s/(name="(?:user|address)"[^>]* value=")[^"]*/$1/g;
    $text =~ s/\bflow=\K[0-9a-f]{16}\b//g;
    $text =~ s{data-left="\K\d+|<time datetime="\K[^<]*|<span class="left"[^>]*>\K[^<]*}{}g;
    return $text;
}

# Where a redirect leads, without the name of the flow that it goes on with.
sub place {
    my ($self) = @_;
    my $to = $self->header('Location') // return undef;
    my ($path, $query) = split /\?/, $to, 2;
    my @kept = grep { !/^flow=[0-9a-f]{16}$/ } split /&/, $query // '';
    return @kept ? "$path?" . join('&', @kept) : $path;
}

sub headers {
    my ($self, $name) = @_;
    return map { $_->[1] } grep { !defined $name || lc $_->[0] eq lc $name } @{ $self->{headers} };
}

# The value of a named field of the page's forms, such as a CSRF token.
sub field {
    my ($self, $name) = @_;
    for my $form (HTML::Form->parse($self->text, base => 'https://localhost/')) {
        my $input = $form->find_input($name) or next;
        return $input->value;
    }
    return;
}

1;
