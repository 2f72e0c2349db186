#!/usr/bin/perl
# The directive reference, made of policy.def, server.def and reference.txt:
#
#   apxs-build/reference.pl            writes conf.d/anshin-reference.conf, htdocs/manual/{ja,en}/directives.md and
#                                      htdocs/manual/man/{,ja/}anshin.conf.5
#   apxs-build/reference.pl --print F  prints one of them instead, for t/check/reference.t
use strict;
use warnings;
use utf8;
use Encode qw(decode);
use File::Basename qw(dirname);

chdir dirname(__FILE__) . '/..' or die "reference: $!\n";
binmode STDOUT, ':encoding(UTF-8)';

my @presets = qw(classic modern finance);
my %of_host = map { $_ => 1 } qw(AnshinTrustedProxy AnshinClientCertHeader);    # auth/config/proxies.c
my %tables = (server => read_table('server'), policy => read_table('policy'));

# What both have is named "DIRECTIVE (contract)" where it is a contract's.
my %of_server = map { $_->{directive} => 1 } @{ $tables{server} };
$_->{name} = $_->{directive}                                                     for @{ $tables{server} };
$_->{name} = $_->{directive} . ($of_server{ $_->{directive} } ? ' (contract)' : '') for @{ $tables{policy} };
my %words  = read_words();
for my $row (map { @$_ } values %tables) {
    my $words = $words{ $row->{name} } or die "reference.txt: $row->{name} is missing\n";
    @$row{qw(example ja)} = @$words{qw(example ja)};
    die "reference.txt: $row->{directive} has no default, so give an example\n" if $row->{classic} . $row->{example} eq '';
}

my %files = (
    'conf.d/anshin-reference.conf'      => \&reference_conf,
    'htdocs/manual/en/directives.md' => sub { manual('en') },
    'htdocs/manual/ja/directives.md' => sub { manual('ja') },
    'htdocs/manual/man/anshin.conf.5'    => sub { man_page('en') },
    'htdocs/manual/man/ja/anshin.conf.5' => sub { man_page('ja') }
);

if (@ARGV && $ARGV[0] eq '--print') {
    my $make = $files{ $ARGV[1] // '' } or die 'usage: reference.pl [--print FILE], one of: ' . join(' ', sort keys %files) . "\n";
    print $make->();
    exit;
}
for my $file (sort keys %files) {
    my $text = $files{$file}->();
    open my $out, '>:encoding(UTF-8)', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

# --- what is read ---

sub slurp {
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# OPTION(KIND, member, "Directive", "classic", "modern", "finance", minimum, maximum, "words", "help")
sub read_table {
    my ($table) = @_;
    my $text   = slurp("modules/core/config/$table.def");
    my $string = qr/"((?:[^"\\]|\\.)*)"/;
    my @rows;
    while ($text =~ /^OPTION\(\s*(\w+),\s*(\w+),\s*$string,\s*$string,\s*$string,\s*$string,\s*(\d+),\s*(\d+),\s*$string,\s*$string\)/mg) {
        my %row;
        @row{qw(kind member directive), @presets, qw(minimum maximum words help)} = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
        @row{@presets} = ($row{classic}) x @presets if $table eq 'server';
        s/\\(.)/$1/g for @row{ @presets, 'help' };
        $row{kind} eq 'TEXT' && / / and $_ = qq("$_") for @row{@presets};    # one argument
        push @rows, \%row;
    }
    die "$table.def: no rows\n" unless @rows;
    return \@rows;
}

sub read_words {
    my %read;
    for (grep { !/^#/ && /\S/ } split /\n/, slurp('apxs-build/reference.txt')) {
        my ($directive, $example, $ja) = /^(\w+(?: \(contract\))?) \| (?:(.*?) )?\| (.+)$/ or die "reference.txt: $_\n";
        die "reference.txt: $directive stands there twice\n" if $read{$directive};
        $read{$directive} = { example => $example // '', ja => $ja };
    }
    return %read;
}

# --- words of both languages ---

sub span {
    my ($seconds) = @_;
    for my $unit ([ 86400, 'd' ], [ 3600, 'h' ], [ 60, 'm' ]) {
        return $seconds / $unit->[0] . $unit->[1] if $seconds >= $unit->[0] && $seconds % $unit->[0] == 0;
    }
    return "${seconds}s";
}

my %argument;
BEGIN {
    %argument = (
        NUMBER => 'NUMBER', FLAG => 'on|off', SPAN => 'TIME', SPANS => 'none|TIME ...', TEXT => 'TEXT', TEXTS => 'TEXT ...', LOCAL => 'TEXT [LANGUAGE TEXT ...]', PATH => 'PATH', KEY => 'PATH|URI'
    );
}

sub syntax {
    my ($row) = @_;
    (my $choice = $row->{words}) =~ tr/ /|/;
    my $argument = $row->{kind} eq 'CHOICE' ? $choice : $row->{kind} eq 'SET' ? "none|WORD ..." : $argument{ $row->{kind} };
    return "$row->{directive} $argument";
}

# What is allowed, in a language.
sub allowed {
    my ($row, $ja) = @_;
    my ($kind, $low, $high) = @$row{qw(kind minimum maximum)};
    my $none = $low == 0 ? ($ja ? '、または none' : ', or none') : '';
    my %text = (
        NUMBER => $ja ? "$low から $high" : "$low to $high",
        FLAG   => 'on, off',
        SPAN   => $ja ? join('', span($low || 1), ' から ', span($high), ' (s, m, h, d)', $none)
                      : join('', span($low || 1), ' to ', span($high), ' (s, m, h, d)', $none),
        SPANS  => $ja ? join('', span($low), ' から ', span($high), ' を、長い順に 8 個まで、または none')
                      : join('', 'up to 8 of ', span($low), ' to ', span($high), ', each shorter than the one before, or none'),
        CHOICE => join(', ', split / /, $row->{words}),
        SET    => ($ja ? '次の語をいくつでも: ' : 'any of ') . join(', ', split / /, $row->{words}),
        TEXT   => $ja ? "$low から $high バイトの UTF-8" : "$low to $high bytes of UTF-8",
        LOCAL  => $ja ? "$low から $high 文字。ほかの言語は、en \"...\" のように続けます" : "$low to $high characters; other languages follow, such as en \"...\"",
        TEXTS  => $ja ? "それぞれ $low から $high バイト" : "each of $low to $high bytes",
        PATH   => $ja ? '絶対パス、または ServerRoot からの相対パス' : 'absolute, or relative to ServerRoot',
        KEY    => $ja ? '絶対パス、ServerRoot からの相対パス、または pkcs11: の URI (RFC 7512)'
                      : 'absolute, relative to ServerRoot, or a pkcs11: URI (RFC 7512)'
    );
    return $text{$kind};
}

# --- conf.d/anshin-reference.conf ---

sub conf_rows {
    my ($rows, $indent) = @_;
    my $text = '';
    for my $row (@$rows) {
        my $value = $row->{classic} ne '' ? $row->{classic} : $row->{example};
        my $note  = allowed($row, 0);
        $note .= join '', map { "; preset $_: $row->{$_}" } grep { $row->{$_} ne $row->{classic} } @presets;
        $note .= '; not given by default'          if $row->{classic} eq '';
        $text .= "$indent## $row->{help}\n$indent## ($note)\n$indent#$row->{directive} $value\n\n";
    }
    return $text;
}

sub reference_conf {
    my $text = <<'END';
## Anshin Login: every directive with its default (of preset classic), or an example where it has none.
## Made by apxs-build/reference.pl. To begin with, take anshin.conf; take from here what you change.

## --- server ---

END
    $text .= conf_rows($tables{server}, '');
    $text .= <<'END';
## --- a contract; its name, and the preset (classic, modern, finance) that gives its defaults ---

#<AnshinContract p-01 classic>

END
    $text .= conf_rows($tables{policy}, '    ') . "#</AnshinContract>\n";
    $text .= <<'END';

## --- places ---

## The contract that serves a virtual host or Location, or none; where only one is declared it is that one.
#AnshinUse p-01

## Whether caches that others share may keep what this protected place calls public.
#AnshinSharedCache off
END
    return $text;
}

# --- htdocs/manual/LANGUAGE/directives.md ---

my %say;
BEGIN {
    %say = (
        en => {
            title   => 'Directive reference', syntax => 'Syntax', default => 'Default', values => 'Values', context => 'Context',
            example => 'Example', server => 'server config', contract => '`<AnshinContract>`',
            hosts   => 'server config, virtual host', places => 'server config, virtual host, `<Location>`', none => 'not given',
            parts   => { server => 'Directives of the server', policy => 'Directives of a contract', by_hand => 'Contracts and places' },
            intro   => 'This page is made by `apxs-build/reference.pl` of `policy.def` and `server.def`, of which the modules are built too. '
                . 'Times are written as a number with s, m, h or d (`30m`). Values with spaces stand in quotation marks.',
            AnshinContract => 'Declares a contract: one protected service with its own users and policy. The preset gives every setting its '
                . 'default: `classic` follows the conventions of certificate login services, `modern` NIST SP 800-63B-4, `finance` the guidelines of the FSA and the '
                . 'JSDA of 2025.',
            AnshinUse => 'Says which contract serves a place; `none`: no contract does. Where only one is declared, that one is the default.',
            AnshinSharedCache => 'Whether caches that others share may keep pages of this protected place that the site itself calls `public`, or '
                . 'gives an `s-maxage`. Otherwise whatever the site says becomes `private`. Those pages can then be read without a login.',
            also => "## Of httpd itself\n\n- `SetHandler anshin` in the `<Location>` of the portal, whose URL is `AnshinPortalURL`.\n"
                . "- `AuthType Anshin` with `Require valid-user` (or `Require user ...`) in what is protected.\n"
        },
        ja => {
            title   => 'ディレクティブ一覧', syntax => '書式', default => '既定値', values => '値', context => '書ける場所',
            example => '例', server => 'サーバ設定', contract => '`<AnshinContract>`',
            hosts   => 'サーバ設定、バーチャルホスト', places => 'サーバ設定、バーチャルホスト、`<Location>`', none => 'なし',
            parts   => { server => 'サーバのディレクティブ', policy => 'ご契約のディレクティブ', by_hand => 'ご契約と場所' },
            intro   => 'このページは、モジュール自身の元でもある `policy.def` と `server.def` から `apxs-build/reference.pl` が作ります。'
                . '時間は数に s、m、h、d を付けて書きます（`30m`）。空白を含む値は引用符で囲みます。',
            AnshinContract => 'ご契約を宣言します。ご契約は保護する 1 つのサービスで、ユーザと設定をそれぞれに持ちます。'
                . 'プリセットは各設定の既定値を決めます。`classic` は証明書ログインサービスの慣行に、`modern` は NIST SP 800-63B-4 に、'
                . '`finance` は 2025 年の金融庁と日本証券業協会のガイドラインに沿います。',
            AnshinUse => 'その場所がどのご契約に属するかを示します。`none` ではどのご契約にも属しません。ご契約が 1 つだけなら、それが既定です。',
            AnshinSharedCache => '保護された場所のうち、サイト自身が `public` または `s-maxage` を付けたページを、他人と共有するキャッシュが保存してよいかどうか。'
                . '`off` では、サイトの指定にかかわらず `private` にします。`on` にすると、そのページはログインなしで読めるようになります。',
            also => "## httpd 自身のもの\n\n- `SetHandler anshin` を、ポータル（`AnshinPortalURL` の URL）の `<Location>` に書きます。\n"
                . "- `AuthType Anshin` と `Require valid-user`（または `Require user ...`）を、保護する場所に書きます。\n"
        }
    );
}

# The presets' defaults, those that are alike together: "classic `8`, modern/finance `15`".
sub default_of {
    my (@default) = @_;
    my (@values, %named);
    for my $i (0 .. $#presets) {
        push @values, $default[$i] unless $named{ $default[$i] };
        push @{ $named{ $default[$i] } }, $presets[$i];
    }
    return @values == 1 ? $values[0] : join ', ', map { join('/', @{ $named{$_} }) . " $_" } @values;
}

sub anchor { my ($name) = @_; return $name =~ s/ \((\w+)\)$/-$1/r }

sub section {
    my ($name, $sentence, @lines) = @_;
    return join "\n", '### <a id="' . anchor($name) . "\"></a>$name", '', $sentence, '', '| | |', '|---|---|',
        (map { (my $value = $_->[1]) =~ s/\|/\\|/g; "| $_->[0] | $value |" } @lines), '', '';
}

sub row_section {
    my ($row, $language, $table) = @_;
    my $say     = $say{$language};
    my @default = map { $_ eq '' ? $say->{none} : "`$_`" } @$row{@presets};
    my $default = default_of(@default);
    return section(
        $row->{name},
        $language eq 'ja' ? $row->{ja} : $row->{help},
        [ $say->{syntax},  '`' . syntax($row) . '`' ],
        [ $say->{default}, $default ],
        [ $say->{values},  allowed($row, $language eq 'ja') ],
        ($row->{example} ne '' ? [ $say->{example}, "`$row->{directive} $row->{example}`" ] : ()),
        [ $say->{context}, $of_host{ $row->{name} } ? $say->{hosts} : $table eq 'server' ? $say->{server} : $say->{contract} ]
    );
}

sub manual {
    my ($language) = @_;
    my $say  = $say{$language};
    my $text = "# Anshin Login: $say->{title}\n\n$say->{intro}\n\n";
    for my $table (qw(by_hand server policy)) {
        my @names = $table eq 'by_hand' ? qw(AnshinContract AnshinUse AnshinSharedCache) : map { $_->{name} } @{ $tables{$table} };
        $text .= "- $say->{parts}{$table}: " . join(', ', map { "[$_](#" . anchor($_) . ')' } @names) . "\n";
    }
    $text .= "\n## $say->{parts}{by_hand}\n\n";
    $text .= section('AnshinContract', $say->{AnshinContract}, [ $say->{syntax}, '`<AnshinContract NAME [classic|modern|finance]> ... </AnshinContract>`' ],
        [ $say->{values}, 'NAME: 1-32 a-z 0-9 -' ], [ $say->{context}, $say->{server} ]);
    $text .= section('AnshinUse', $say->{AnshinUse}, [ $say->{syntax}, '`AnshinUse NAME|none`' ], [ $say->{context}, $say->{places} ]);
    $text .= section('AnshinSharedCache', $say->{AnshinSharedCache}, [ $say->{syntax}, '`AnshinSharedCache on|off`' ],
        [ $say->{default}, '`off`' ], [ $say->{context}, $say->{places} ]);
    for my $table (qw(server policy)) {
        $text .= "## $say->{parts}{$table}\n\n" . join '', map { row_section($_, $language, $table) } @{ $tables{$table} };
    }
    return $text . $say->{also};
}

# --- htdocs/manual/man/anshin.conf.5 ---

my %man;
BEGIN {
    %man = (
        en => {
            name => 'NAME', description => 'DESCRIPTION', see => 'SEE ALSO', what => 'directives of Anshin Login in the configuration of httpd',
            intro => 'These stand in the configuration of httpd, for example in anshin.conf. Times are written as a number with s, m, h or d. '
                . 'Values with spaces stand in quotation marks.',
        },
        ja => {
            name => '名前', description => '説明', see => '関連項目', what => 'httpd の設定に書く Anshin Login のディレクティブ',
            intro => 'httpd の設定（anshin.conf など）に書きます。時間は数に s、m、h、d を付けて書きます。空白を含む値は引用符で囲みます。',
        }
    );
}

# A line of text in mdoc: no macro at its beginning, no escape within.
sub mdoc { my ($text) = @_; $text =~ s/\\/\\e/g; $text =~ s/^([.'])/\\&$1/mg; $text =~ tr/`//d; return $text }

sub man_item {
    my ($row, $language) = @_;
    my $say     = $say{$language};
    my @default = map { $_ eq '' ? $say->{none} : $_ } @$row{@presets};
    my $default = default_of(@default);
    my @lines   = ($language eq 'ja' ? $row->{ja} : $row->{help}, "$say->{values}: " . allowed($row, $language eq 'ja') . '.', "$say->{default}: $default.");
    (my $syntax = syntax($row)) =~ s/^(\w+) /$1 No /;
    return join "\n", '.It Cm ' . mdoc($syntax), (map { mdoc($_) } $lines[0]), '.br', mdoc($lines[1]), '.br', mdoc($lines[2]), '';
}

sub man_page {
    my ($language) = @_;
    my ($say, $man) = ($say{$language}, $man{$language});
    my $text = ".\\\" Made by apxs-build/reference.pl\n.Dd November 28, 2026\n.Dt ANSHIN.CONF 5\n.Os\n.Sh $man->{name}\n.Nm anshin.conf\n.Nd $man->{what}\n"
        . ".Sh $man->{description}\n" . mdoc($man->{intro}) . "\n.Ss $say->{parts}{by_hand}\n.Bl -tag -width Ds\n"
        . ".It Cm <AnshinContract No NAME [classic\\&|modern\\&|finance]>\n" . mdoc($say->{AnshinContract}) . "\n"
        . ".It Cm AnshinUse No NAME|none\n" . mdoc($say->{AnshinUse}) . "\n.El\n";
    for my $table (qw(server policy)) {
        $text .= ".Ss $say->{parts}{$table}\n.Bl -tag -width Ds\n" . join('', map { man_item($_, $language) } @{ $tables{$table} }) . ".El\n";
    }
    return $text . ".Sh $man->{see}\n.Xr htanshin 8 ,\n.Xr anshin-ca 8\n";
}
