# Every text that C code names by its whole key exists in both languages, and texts that it fills in name the values they get.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP;
use Test::More;
use Anshin::Source;

sub flat {
    my ($object, $prefix) = @_;
    return map { ref $object->{$_} ? flat($object->{$_}, "$prefix$_.") : ("$prefix$_" => $object->{$_}) } keys %$object;
}

my %texts = map { $_ => { flat(decode_json(slurp("htdocs/lang/$_.json")), '') } } qw(ja en);
my %group = map { (split /\./)[0] => 1 } keys %{ $texts{ja} };

my (@missing, @unnamed, $keys, $values);
for my $file (grep { m{^modules/} && /\.c$/ } sources('c')) {
    my $source = slurp($file);
    while ($source =~ /"((\w+)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)"/g) {
        my ($key, $top) = ($1, $2);
        next if !$group{$top} || $key =~ /\.(?:c|h|def|json|sock|key|lock)$/;
        $keys++;
        push @missing, "$file: $key" if grep { !defined $texts{$_}{$key} } qw(ja en);
    }
    while ($source =~ /words_wrong\(x, "\w+", "([\w.]+)"/g) {
        my $key = "$1_remaining";
        $values++;
        push @unnamed, "$file: $key" if grep { ($texts{$_}{$key} // '') !~ /\{\{remaining\}\}/ } qw(ja en);
    }
    while ($source =~ /say_time\([^;]*?"\w+",\s*(?:\w+ \? "([\w.]+)" : )?"([\w.]+)"/g) {
        for my $key (grep { defined } $1, $2) {
            $values++;
            push @unnamed, "$file: $key: time" if grep { ($texts{$_}{$key} // '') !~ /\{\{time\}\}/ } qw(ja en);
        }
    }
    while ($source =~ /say_(?:number|text)\([^;]*?"([\w.]+\.\w+)",\s*"(\w+)"/g) {
        my ($key, $name) = ($1, $2);
        $values++;
        push @unnamed, "$file: $key: $name" if grep { ($texts{$_}{$key} // '') !~ /\{\{\Q$name\E\}\}/ } qw(ja en);
    }
}
is(join("\n", @missing), '', 'every text that code names exists');
is(join("\n", @unnamed), '', 'every value that code fills in is shown');

# Texts whose keys are put together: one for every member of these enums, under the name that the code gives it.
my @enums = (
    ['account/password', 'ANSHIN_RULE', 'rules.%s', 'words for every rule']
);
for (@enums) {
    my ($name, $prefix, $form, $what) = @$_;
    my $code = code("modules/core/$name.c");
    my @members = map { lc } grep { $_ ne 'COUNT' } code("modules/core/$name.h") =~ /^\s+${prefix}_(\w+)/mg;
    cmp_ok(scalar @members, '>', 5, "$prefix: members looked at: " . @members);
    is(join(' ', grep { $code !~ /"$_"/ } @members), '', "$prefix: each has its name");
    my @without = grep { my $key = sprintf $form, $_; grep { !defined $texts{$_}{$key} } qw(ja en) } @members;
    is("@without", '', "$what, in both languages");
}

# The same for lists of words that are declared in a .def file, and the words of policy.def are theirs, in their order.
my @lists = (
    ['account/history', 25, 'history.%s'], ['account/account_state', 4], ['config/method', 3, 'methods.%s', 'methods', 'default_method'],
    ['config/terminal_kind', 3, 'terminal_kinds.%s', 'terminal_kinds'], ['config/key_type', 4, undef, 'key_type'], ['config/preset', 2],
    ['certificate/verdict', 8, 'help_certificate.reason_%s.title'], ['certificate/profile', 3, 'profiles.%s'],
    ['certificate/standing', 3], ['mail/mail_state', 5]
);
my %options = slurp('modules/core/config/policy.def') =~ /^OPTION\((?:SET|CHOICE), (\w+),(?: "[^"]*",){4} \d+, \d+, "([^"]*)"/mg;
for (@lists) {
    my ($name, $least, $form, @of_policy) = @$_;
    my @rows = slurp("modules/core/$name.def") =~ /^WORD\((\w+, \d+, "\w+")(?:, [A-Z]+)?\)$/mg;
    my @words = map { /"(\w+)"/ } @rows;
    cmp_ok(scalar @rows, '>=', $least, "$name.def: words looked at: " . @rows);
    is(join(' ', grep { !/^(\w+), \d+, "(\w+)"$/ || lc $1 ne $2 } @rows), '', "$name.def: each has the name of its member");
    my @without = grep { my $key = $form ? sprintf $form, $_ : ''; $form && grep { !defined $texts{$_}{$key} } qw(ja en) } @words;
    is("@without", '', "$name.def: words for each, in both languages");
    is($options{$_}, "@words", "$name.def: $_ of policy.def has these words") for @of_policy;
}

# Texts that nothing shows are a burden to translators. A key is named whole in code or a template, or its second part is
# a word that code or policy.def has; titles go by the name of their template.
my $code = join '', map { slurp($_) } sources('c|h|def');
my $templates = join '', map { slurp($_) } sources('mustache', 'htdocs/templates');
my @unused = grep {
    my ($group, $part) = split /\./;
    my $whole = /^(.*)_remaining$/ ? $1 : $_;    # where the number of attempts left is told
    $code !~ /"(?:\Q$_\E|\Q$whole\E)"/ && $templates !~ /\bt\.\Q$_\E\b/ && $code !~ /"(?:[^"]* )?\Q$part\E[ "]/ &&
        !($part =~ /^title(?:_|$)/ && -f 'htdocs/templates/' . ($group =~ tr/_/-/r) . '.mustache') &&
        !($group eq 'help_certificate' && $part =~ /^reason_/);
} sort keys %{ $texts{ja} };
is(join("\n", @unused), '', 'every text is shown somewhere');

# A trouble has a title, a lead and the steps of its row, and the texts have none besides.
my @troubled = map { my $row = $_; map { "help_trouble.$row->{name}.$_" } qw(title lead), @{ $row->{texts} } } troubles();
is(join("\n", sort grep { /^help_trouble\./ } keys %{ $texts{$_} }), join("\n", sort @troubled), "troubles and their texts agree ($_)") for qw(ja en);
cmp_ok(scalar @troubled, '>', 100, 'texts of troubles looked at: ' . @troubled);
my %steps = map { my $language = $_; $language => { map { my $name = $_->{name}; $name => scalar grep { /^help_trouble\.$name\.s\d$/ }
    keys %{ $texts{$language} } } troubles() } } qw(ja en);
is_deeply($steps{en}, $steps{ja}, 'HLP-25: an answer has as many steps in English as in Japanese');
is(join(' ', grep { $steps{ja}{$_} < 1 || $steps{ja}{$_} > 5 } sort keys %{ $steps{ja} }), '', 'one to five');

# What differs by system: a text for each place of the table, of the system that it names, in both languages.
my $table = slurp('modules/portal/response/trouble.c');
my %places = $table =~ /^static const place_t (\w+)\[\] = \{(.*?)\};/msg;
my %varied = $table =~ /^ +\[IN_\w+\] = \{"(\w+)", (\w+)\},/mg;
my @varied = map { my $group = $_; map { "$group.$_" } $places{ $varied{$group} } =~ /"(\w+)"/g } sort keys %varied;
my %called = (ios => 'iPhone', map { $_ => $_ } qw(android edge chrome firefox safari windows mac linux));
cmp_ok(scalar @varied, '>=', 24, 'texts that differ by system looked at: ' . @varied);
for my $language (qw(ja en)) {
    my @wrong = grep { ($texts{$language}{$_} // '') !~ /^\Q$called{ (split m{\.})[1] }\E\b/i } @varied;
    is("@wrong", '', "HLP-25: each begins with its system ($language)");
}

my @differ = grep { tags($texts{ja}{$_}) ne tags($texts{en}{$_} // '') } sort keys %{ $texts{ja} };
is(join("\n", @differ), '', 'both languages show the same values');

# The help desk: a name for each mail, and words that are right whether mails hold links or not, and for who has no shell. What is
# on paper (AnshinDeskPrint), and why nobody can be invited, has no mail to speak of.
my @mails = map { m{([\w-]+)\.ja\.mustache$} } sources('mustache', 'htdocs/mail');
cmp_ok(scalar @mails, '>=', 26, 'mails looked at: ' . @mails);
for my $language (qw(ja en)) {
    my %text = %{ $texts{$language} };
    is(join(' ', grep { !defined $text{"desk_mails.$_"} } @mails), '', "ROL-2: the help desk has a name for each mail ($language)");
    my @desk = grep { /^desk_/ } sort keys %text;
    my @linked = grep { !/^desk_waits\.invitation(?:_over)?(?:_alone)?\.|^desk_print\.|_print$|^desk_invite\.none$/ && $text{$_} =~ /URL|リンク|\blinks?\b/i } @desk;
    is("@linked", '', "NOM-1: it speaks of no link in a mail ($language)");
    my @shell = grep { $text{$_} =~ /htanshin/ && $text{$_} !~ /サーバの管理者|server's administrator/ } @desk;
    is("@shell", '', "ROL-2: and says who can run a command ($language)");
    my @operated = grep { /^(?:history|desk\w*)\./ && $text{$_} =~ /運営会社|運営者|operator/ } sort keys %text;
    is("@operated", '', "ROL-1: what a customer's own administrator may have done is not said to be the operator's ($language)");
}

# A line may end between kana and the letters of one word, unless a word joiner stands there (U34).
my @torn = grep { $texts{ja}{$_} =~ /ユーザID|QRコード|IPアドレス/ } sort keys %{ $texts{ja} };
is("@torn", '', 'U34: no word of kana and letters can be torn at the end of a line');

sub tags { return join ' ', sort $_[0] =~ /\{\{(\w+)\}\}/g }

cmp_ok($keys // 0,   '>', 20, 'keys in code looked at: ' . ($keys // 0));
cmp_ok($values // 0, '>', 4,  'values in code looked at: ' . ($values // 0));
done_testing;
