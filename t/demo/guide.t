# The operator's guide, every code block of it, run as it stands (INS-5): commands on a machine of their own, a copy of this one
# that is thrown away (an overlay, with a network that is only its own), configuration by configtest there.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use Test::More;
use Anshin::PKI;
use Anshin::Server;

# --- what the guides say: blocks of both languages, in order ---

sub blocks {
    my ($language) = @_;
    open my $in, '<:encoding(UTF-8)', "htdocs/manual/$language/operator.md" or die $!;
    local $/;
    my $text = <$in>;
    my @blocks;
    push @blocks, { kind => $1, text => $2 } while $text =~ /^```(\w*)\n(.*?)^```$/msg;
    return @blocks;
}

# Without comments and with one word for what people would put in their own language.
sub bare {
    my ($text) = @_;
    $text =~ s/\s*#.*$//mg;
    $text =~ s/'[^']*'/'...'/g;
    return $text;
}

my @en = blocks('en');
my @ja = blocks('ja');
cmp_ok(scalar @en, '>=', 4, 'blocks: ' . @en);
is(scalar @ja, scalar @en, 'the guides have the same number of them');
is(bare($ja[$_]{text}), bare($en[$_]{text}), "block $_ is the same in both") for 0 .. ($#en < $#ja ? $#en : $#ja);
is(join(' ', grep { !/^(?:sh|apache)$/ } map { $_->{kind} } @en), '', 'each is a list of commands, or configuration');

# --- the machine ---

my $place = tempdir('anshin-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $place;
my $top   = getcwd();
my $tls   = Anshin::PKI->new("$place/tls", name => 'Anshin test server CA');
my $pem   = $tls->issue('www.example.jp', usage => 'serverAuth', names => 'DNS:www.example.jp');
# Those of Debian's apache2, and others that the guide speaks of where they are installed.
my @modules = grep { -e Anshin::Server::libexec() . "/mod_$_.so" } qw(unique_id security2), qw(mpm_event authn_core authz_core authz_user authz_host alias mime dir env setenvif headers rewrite reqtimeout cgid
    socache_shmcb ssl http2 remoteip proxy proxy_http expires);
Anshin::PKI::write_text("$place/apache2.conf", join "\n",
    (map { sprintf 'LoadModule %s_module %s/mod_%s.so', $_, Anshin::Server::libexec(), $_ } @modules),
    <<"END");
ServerRoot /etc/apache2
DefaultRuntimeDir /run
PidFile /run/apache2.pid
ErrorLog /var/log/httpd-error.log
ServerName www.example.jp
User www-data
Group www-data
TypesConfig /etc/mime.types
Listen 127.0.0.1:80
Listen 127.0.0.1:443
DocumentRoot $place/htdocs
IncludeOptional /etc/apache2/conf-enabled/*.conf
<VirtualHost *:443>
    ServerName www.example.jp
    DocumentRoot $place/htdocs
    SSLEngine on
    SSLCertificateFile $pem
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    IncludeOptional /etc/apache2/block.conf
</VirtualHost>
END
mkdir "$place/htdocs" or die $!;
mkdir "$place/htdocs/members" or die $!;
Anshin::PKI::write_text("$place/htdocs/members/index.html", "<p>the members' page</p>\n");

# What Debian's package apache2 would bring, and what the guide leaves to it.
my %tools = (
    sudo       => 'exec "$@"',
    a2enmod    => 'exit 0',
    a2enconf   => 'mkdir -p /etc/apache2/conf-enabled && ln -sf "../conf-available/$1.conf" /etc/apache2/conf-enabled/',
    a2disconf  => 'rm -f "/etc/apache2/conf-enabled/$1.conf"',
    apachectl  => <<'END',
httpd="apache2 -f /etc/apache2/apache2.conf"
case $1 in
configtest) exec $httpd -t ;;
graceful | restart | start)
    $httpd -t || exit 1
    if [ -e /run/apache2.pid ] && kill -0 "$(cat /run/apache2.pid)" 2>/dev/null; then exec $httpd -k graceful; fi
    exec $httpd -k start ;;
stop) exec $httpd -k stop ;;
esac
END
    systemctl  => 'case $1 in reload) exec apachectl graceful ;; *) exec apachectl "$1" ;; esac',
    editor     => 'exit 0'
);
mkdir "$place/tools" or die $!;
for my $tool (keys %tools) {
    Anshin::PKI::write_text("$place/tools/$tool", "#!/bin/sh\n$tools{$tool}\n");
    chmod 0755, "$place/tools/$tool";
}
# Blocks one after the other; what each said lies beside it. A block of configuration stands for itself, part by part: a comment says
# where the next one belongs.
my $number = 0;
for my $block (@en) {
    if ($block->{kind} eq 'sh') {
        Anshin::PKI::write_text("$place/block.$number.sh", $block->{text});
    }
    else {
        my $part = 0;
        for my $text (grep { /^\s*[^#\s]/m } split /^(?=# )/m, $block->{text}) {
            Anshin::PKI::write_text("$place/block.$number.$part.conf", $text);
            $part++;
        }
    }
    $number++;
}
Anshin::PKI::write_text("$place/walk", <<"END");
set -eu
mkdir -p $place/layer
mount -t tmpfs none $place/layer
mkdir $place/layer/upper $place/layer/work $place/layer/machine
mount -t overlay none -o lowerdir=/,upperdir=$place/layer/upper,workdir=$place/layer/work $place/layer/machine
mount -t proc none $place/layer/machine/proc
mount --rbind /dev $place/layer/machine/dev
ip link set lo up
exec chroot $place/layer/machine sh $place/inside
END
my $blocks = join ' ', 0 .. $#en;
Anshin::PKI::write_text("$place/inside", <<"END");
export PATH=$place/tools:/usr/sbin:/usr/bin:/sbin:/bin
cd '$top'
mkdir -p /etc/apache2/conf-available
cp $place/apache2.conf /etc/apache2/apache2.conf
cp $place/tls/ca.crt /etc/ssl/partner-ca.pem
for n in $blocks; do
    if [ -e $place/block.\$n.sh ]; then
        sh -eu $place/block.\$n.sh >/run/said 2>&1 </dev/null
        echo "block \$n: \$?"
        sed 's/^/  /' /run/said
    fi
    for file in $place/block.\$n.*.conf; do
        [ -e "\$file" ] || continue
        rm -f /etc/apache2/block.conf /etc/apache2/conf-enabled/zz-block.conf
        conf=/etc/apache2/block.conf
        grep -q '^ *\\(Anshin\\|RemoteIP\\|LoadModule\\)' "\$file" && conf=/etc/apache2/conf-enabled/zz-block.conf
        mkdir -p /etc/apache2/conf-enabled
        cp "\$file" \$conf
        aside=
        if grep -q optional_no_ca "\$file"; then # of another httpd, which ends TLS
            aside=/etc/apache2/conf-enabled/anshin.conf
            [ -e \$aside ] && mv \$aside /run/aside || aside=
        fi
        apachectl configtest >/run/said 2>&1
        echo "configuration \$(basename \$file): \$?"
        sed 's/^/  /' /run/said
        [ -z "\$aside" ] || mv /run/aside \$aside
        rm -f \$conf
    done
done
echo "users: \$(getent passwd anshin-ca anshin-signer | wc -l)"
for try in 1 2 3 4 5 6 7 8 9 10; do # until the worker is at work
    htanshin check >/run/said 2>&1 && code=0 || code=\$?
    [ \$code -gt 1 ] || break
    sleep 1
done
echo "check: \$code"
sed 's/^/  /' /run/said
curl -sk -o /dev/null -w 'members: %{http_code} %{redirect_url}\\n' --resolve www.example.jp:443:127.0.0.1 -H 'Sec-Fetch-Mode: navigate' -H 'Accept: text/html' https://www.example.jp/members/
curl -sk -o /dev/null -w 'portal: %{http_code}\\n' --resolve www.example.jp:443:127.0.0.1 https://www.example.jp/anshin/help
apachectl stop
END

if ($> != 0) {
    # Users and groups are made by root alone; what they say was compared above.
    diag('not as root: the commands were compared, not run');
    done_testing;
    exit;
}
my @unshare = qw(unshare --mount --net --pid --fork --kill-child);
open my $walk, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @unshare, 'sh', "$place/walk" or die $!;
my $said = do { local $/; <$walk> };
close $walk;
is($?, 0, 'the walk comes to its end');
my %result = $said =~ /^((?:block|configuration) \S+): (\d+)$/mg;
my @wanted;
for my $n (0 .. $#en) {
    push @wanted, $en[$n]{kind} eq 'sh' ? "block $n" : map { 'configuration ' . s{.*/}{}r } glob "$place/block.$n.*.conf";
}
for my $what (@wanted) {
    is($result{$what} // 'not run', 0, $what) or diag($said);
}
like($said, qr/^users: 2$/m, 'the users are there');
like($said, qr/^members: 401 $/m, 'the members\' page asks for a certificate');
like($said, qr/^portal: 200$/m, 'the portal is served');
like($said, qr/^check: [01]$/m, 'and check finds nothing broken');
diag($said) unless Test::More->builder->is_passing;
done_testing;
