package Anshin::ApacheTest;
# Apache::Test over a server of ours: its plan, need and ok, and the verbs of Apache::TestRequest (GET, POST, GET_BODY,
# with cert => 'name'), against Debian's httpd.
#
#   use Anshin::ApacheTest;
#   my $s = Anshin::ApacheTest->new(contract => '...')->start;     # all that Anshin::Server takes and does
#   $s->name_certificate(client_ok => $pem);
#   plan tests => 3;
#   ok t_cmp(GET('/open/')->code, 200, 'an open page');
#   ok t_cmp(GET('/members/', cert => 'client_ok')->code, 303, 'the login page');
#
# Apache::Test's own runner is not used: it refuses root, listens on every address, inherits the machine's
# configuration and sleeps for seconds. What it leaves for the suites, its saved configuration, is written here.
use strict;
use warnings;
use parent 'Anshin::Server';

# LWP's own https with keep-alive: Apache::Test would take HTTP/1.0 otherwise.
BEGIN { $ENV{APACHE_TEST_HTTP11} = 1 }
use Apache::Test -withtestmore;
use Apache::TestConfig ();
use Apache::TestRequest ();
use Apache::TestUtil ();
use File::Path qw(make_path);

sub import {
    my $caller = caller;
    ## no critic (ProhibitStringyEval): Apache::Test exports into the package that is being compiled
    eval "package $caller; use Apache::Test -withtestmore; use Apache::TestUtil; use Apache::TestRequest; 1" or die $@;
    return;
}

sub configure {
    my ($self) = @_;
    $self->SUPER::configure;
    my $root = $self->root;
    make_path(map { "$root/$_" } qw(conf ssl/anshin/certs ssl/anshin/keys));
    Anshin::PKI::write_text("$root/ssl/anshin/certs/ca.crt", Anshin::PKI::read_text($self->server_ca));
    my $config = Apache::TestConfig->new({
        save     => 1,                         top_dir  => $root,
        t_dir    => $root,                     t_conf   => "$root/conf",
        t_logs   => "$root/logs",              t_state  => "$root/run",
        httpd    => Anshin::Server::httpd(),   httpd_conf => "$root/httpd.conf",
        ssl_module_name => 'mod_ssl',          port     => $self->port,
        sslca    => "$root/ssl",               sslcaorg => 'anshin',
        servername => 'localhost',             remote_addr => '127.0.0.1',
        t_conf_file => "$root/httpd.conf",     t_pid_file  => "$root/run/httpd.pid"
    });
    $config->{vars}{scheme} = 'https';
    $config->{vhosts}{mod_ssl} = { port => $self->port, hostport => 'localhost:' . $self->port };
    $config->save;
    unshift @INC, $root;    # where Apache::Test finds conf/apache_test_config.pm
    Apache::TestRequest::scheme('https');
    Apache::TestRequest::user_agent(
        reset    => 1, keep_alive => 1, requests_redirectable => ['NONE'],
        ssl_opts => { SSL_ca_file => $self->server_ca }
    );
    return;
}

# Give a PEM file (certificate and key) the name that GET's cert takes.
sub name_certificate {
    my ($self, $name, $pem) = @_;
    my $place = $self->root . '/ssl/anshin';
    my $text = Anshin::PKI::read_text($pem);
    Anshin::PKI::write_text("$place/certs/$name.crt", $text);
    Anshin::PKI::write_text("$place/keys/$name.pem",  $text);
    return;
}

1;
