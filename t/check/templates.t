# Templates and code agree: what code draws or mails is there, in both languages where there are two, and what is there is
# drawn; mail begins with its subject and has a line for each paragraph (U33).
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(decode);
use File::Basename qw(basename);
use Test::More;
use Anshin::Source;

my $code      = join "\n", map { slurp($_) } sources('c');
my %templates = map { basename($_, '.mustache') => slurp($_) } glob 'htdocs/templates/*.mustache';
my %parts     = map { 'parts/' . basename($_, '.mustache') => slurp($_) } glob 'htdocs/templates/parts/*.mustache';
my %all       = (%templates, %parts);
my %mails     = map { basename($_, '.mustache') => decode('UTF-8', slurp($_)) } glob 'htdocs/mail/*.mustache';

# --- pages ---

my %drawn = map { $_ => 1 } $code =~ /\banshin_(?:response_page|response_form|page_send)\([\w>.-]+, "([\w-]+)"/g;
is(join(' ', grep { !$templates{$_} } sort keys %drawn), '', 'every page that code draws has a template');
is(join(' ', grep { $code !~ /"\Q$_\E"/ } sort keys %templates), '', 'code names every template');
cmp_ok(keys %drawn, '>', 30, 'pages that code draws: ' . keys %drawn);

my %included = map { $_ => 1 } map { /\{\{> ([\w\/-]+)\}\}/g } values %templates, values %parts;
is(join(' ', grep { !$parts{$_} && !$templates{$_} } sort keys %included), '', 'every part that a template includes is there');
is(join(' ', grep { !$included{$_} } sort keys %parts), '', 'every part is included');

# Password managers keep a password under the name that stands beside it, in the same form (S3).
my (@nameless, $secret);
sub whole { my ($text) = @_; return $text =~ s/\{\{> ([\w\/-]+)\}\}/whole($parts{$1} \/\/ $templates{$1} \/\/ '')/ger }
for my $name (sort keys %templates) {
    for my $form (whole($templates{$name}) =~ /(<form\b.*?<\/form>)/gs) {
        next unless $form =~ /autocomplete="(?:current|new)-password"/;
        $secret++;
        push @nameless, $name unless $form =~ /autocomplete="username"/;
    }
}
is("@nameless", '', 'S3: every form with a password has the user ID in it');
cmp_ok($secret, '>', 6, "forms with a password looked at: $secret");

# A complaint is told above the form as well, by the label that stands beside the field (U16).
my ($table) = slurp('modules/portal/request/page.c') =~ /\blabels\[\] = \{(.*?)\n\};/s;
my %labelled = map { $_ => 1 } $table =~ /\{"(\w+)", "/g;
my %shown = map { $_ => 1 } map { /\{\{#field\.(\w+)\.invalid\}\}/g } values %templates, values %parts;
is(join(' ', sort keys %labelled), join(' ', sort keys %shown), 'U16: every field that shows errors is one of those that the box above the form tells of');
cmp_ok(keys %shown, '>', 12, 'fields that show errors: ' . keys %shown);

# Complaints stand below their field, as in the Digital Agency's system.
my (@above, @unmarked, $below, $marked);
for my $name (sort keys %all) {
    while ($all{$name} =~ /\{\{#field\.(\w+)\.invalid\}\}\n<ul class="field-errors"/g) {
        my ($field, $at) = ($1, pos $all{$name});
        $below++;
        push @above, "$name: $field" if substr($all{$name}, $at) =~ /\A(?:(?!<\/(?:form|fieldset)>|<label for).)*\bname="$field"/s;
    }
}
is("@above", '', 'every complaint stands below its field');
cmp_ok($below, '>', 25, "complaints looked at: $below");

# What must be filled in says so, where there is more to fill in than a login or a single field.
for my $name (sort keys %templates) {
    for my $form (whole($templates{$name}) =~ /(<form\b.*?<\/form>)/gs) {
        my @must = $form =~ /<(?:input|select)\b(?=[^>]*\srequired\b)[^>]*\sid="(\w+)"/g;
        next if @must < 2 || $form =~ /id="user" name="user".*"current-password"/s;
        $marked += @must;
        push @unmarked, "$name: $_" for grep { $form !~ /<label for="$_">(?:(?!<\/label>).)*class="required"/s } @must;
    }
}
is("@unmarked", '', 'every field that must be filled in is marked');
cmp_ok($marked, '>', 12, "fields looked at: $marked");

is(join(' ', grep { $_ ne 'framed' && $templates{$_} !~ /\{\{> parts\/title\}\}/ } sort keys %templates), '', "U36: every page has its title from the part that has a phone's menu");

# --- mail ---

my @notices = slurp('modules/core/audit/act.def') =~ /^ACT\(.*, ("[^"]+")\)$/mg;
my @new = $code =~ /\banshin_mail_new_t\b[^;{]*\{([^;]*);/g;
my %mailed = map { $_ => 1 } map { /"([a-z]+(?:-[a-z]+)*)"/g } @notices, @new;
is(join(' ', grep { !$mails{"$_.ja"} || !$mails{"$_.en"} } sort keys %mailed), '', 'every mail that code sends is there in both languages');
my %kinds = map { s/\.\w+$//r => 1 } keys %mails;
is(join(' ', grep { !$mailed{$_} && $code !~ /"\Q$_\E"/ } sort keys %kinds), '', 'code names every mail');
cmp_ok(keys %mailed, '>', 15, 'mails that code sends: ' . keys %mailed);

my %sample = map { $_ => 1 } map { /\\"(\w+)\\":/g } slurp('modules/core/mail/trial.c') =~ /sample\[\] =(.*?);\n/s;
my %named = map { $_ => 1 } map { split / /, tags($_) } values %mails;
delete @named{qw(contract user greeting named support signature portal_host)};
is(join(' ', grep { !$sample{$_} } sort keys %named), '', 'the sample data that mails are tried with has every value that they show');
cmp_ok(keys %named, '>', 8, 'values that mails show: ' . keys %named);

my (@heads, @cut, @blank, @codes, @differ);
for my $name (sort keys %mails) {
    my @lines = split /\n/, $mails{$name};
    push @heads, $name unless $lines[0] =~ /^Subject: \S/ && $lines[0] =~ /\{\{contract\}\}/ && $lines[1] eq '';
    my $prose = $name =~ /\.ja$/ ? qr/[、\p{Script=Hiragana}]\z/ : qr/ \w+\z/; # a sentence that goes on in the next line
    push @cut, "$name:" . ($_ + 1) for grep { length $lines[$_] > 25 && $lines[$_] =~ $prose && $lines[$_ + 1] =~ /\A[^{\s]/ } 1 .. $#lines - 1;
    push @blank, "$name:" . ($_ + 1) for grep { $lines[$_] =~ /\}\} \p{Script=Hiragana}|\p{Script=Hiragana} \{\{/ } 1 .. $#lines;
    push @codes, $name if $mails{$name} =~ /\{\{code\}\}/ && $lines[2] ne '{{code}}';
    next unless $name =~ /^(.*)\.ja$/ && $mails{"$1.en"};
    push @differ, $1 if tags($mails{$name}) ne tags($mails{"$1.en"});
}
is(join(' ', @heads),  '', 'every mail begins with a subject that names the service');
is("@cut",   '', 'U33: no line of a mail ends within a sentence');
is("@blank", '', 'U33: no blank stands between a value and the particle after it');
is("@codes", '', 'U33: a code stands alone in the first line');
is(join(' ', @differ), '', 'both languages of a mail show the same values');

sub tags {
    my %seen = map { $_ => 1 } $_[0] =~ /\{\{[#^\/]?(\w+)\}\}/g;
    return join ' ', sort keys %seen;
}

done_testing;
