# Apache::Test over a server of ours: its verbs reach it, with certificates by name.
use strict;
use warnings;
use lib 't/lib';
use Anshin::ApacheTest;

my $s = Anshin::ApacheTest->new(bare => 1, vhost => <<'END')->start;
SSLVerifyClient optional_no_ca
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    SSLOptions +StdEnvVars
    Redirect "/away" "/open/"
END
$s->name_certificate(somebody => $s->foreign->issue('somebody'));

plan tests => 6, need_lwp;
my $open = GET '/open/';
is($open->code, 200, 'an open page');
like($open->content, qr/an open page/, 'its body');
is(GET('/away')->code, 302, 'redirects are shown, not followed');
like(GET_BODY('/cgi-bin/env.cgi'), qr/^SSL_CLIENT_VERIFY=NONE$/m, 'no certificate');
Apache::TestRequest::user_agent(reset => 1);
like(GET_BODY('/cgi-bin/env.cgi', cert => 'somebody'), qr/^SSL_CLIENT_S_DN_CN=somebody$/m, 'a certificate by its name');
$s->finish;
