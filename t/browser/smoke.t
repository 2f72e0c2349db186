# The browser frame itself: what the walks rest on is known to see.
use strict;
use warnings;
use lib 't/lib';
use Anshin::Browser;
use Anshin::Server;

my $s = Anshin::Server->new(bare => 1, vhost => <<'END');
SSLVerifyClient optional_no_ca
    ScriptAlias "/cgi-bin/" "@ROOT@/cgi-bin/"
    SSLOptions +StdEnvVars
END
Anshin::PKI::write_text($s->root . '/htdocs/good.html', <<'END');
<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>確認</title></head>
<body><main><h1>確認</h1><p>このページに誤りはありません。</p></main></body></html>
END
Anshin::PKI::write_text($s->root . '/htdocs/bad.html', <<'END');
<!DOCTYPE html>
<html><head><title>x</title></head><body><img src="x.png"><p style="width:3000px">wide<div></p></body></html>
END
$s->start;
my $pem = $s->foreign->issue('somebody');
Anshin::Browser::walk($s, 'smoke.mjs', certificate => $s->foreign->pkcs12($pem, 'secret'));
