# One way to tell what was done (core/mail/event.h): nobody else writes history and notices, each act is told somewhere, and
# no verb of an operator goes without a trace.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use Anshin::Source;

my %code = map { $_ => code($_) } sources('c');

my @tellers = grep { $code{$_} =~ /\banshin_(?:history|notice)_add\(/ } sort keys %code;
is(join(' ', map { s{^modules/core/}{}r } @tellers), 'account/history.c mail/event.c mail/notice.c', 'events alone write history and notices');
my @records = grep { $code{$_} =~ /\banshin_txn_put\(\w+, &anshin_record_history\b/ } sort keys %code;
is("@records", 'modules/core/account/history.c', 'and history.c alone writes the record');

my @acts = slurp('modules/core/audit/act.def') =~ /^ACT\((\w+)/mg;
my %told = map { $_ => 1 } map { /\bANSHIN_ACT_(\w+)/g } values %code;
is(join(' ', grep { !$told{$_} } @acts), '', 'each act of core/audit/act.def is told somewhere');
cmp_ok(scalar @acts, '>', 35, 'acts looked at: ' . @acts);

# Functions by name, a static one with its file before it: what each names in its body.
my (%function, %static);
for my $file (grep { m{^modules/(?:core|htanshin)/} } keys %code) {
    while ($code{$file} =~ /^(static )?\w[\w *]*?\b(\w+)\([^;{}]*\)\n(\{.*?^\})/msg) {
        my ($static, $name, $body) = ($1, $2, $3);
        $name = $static{$file}{$name} = "$file $name" if $static;
        my %uses = map { $_ => 1 } $body =~ /\b([a-z]\w+)\b/g;
        $uses{anshin_op_write} = 1 if $body =~ /begin\w*\([^;]*\bANSHIN_TXN_WRITE\b/;
        $function{$name} = { file => $file, uses => \%uses };
    }
}

# Does the function come to a name, by itself or by what it names?
sub comes_to {
    my ($name, $end, $seen) = @_;
    my $self = $function{$name};
    return 0 if !$self || $seen->{$name}++;
    return 1 if $self->{uses}{$end};
    return scalar grep { comes_to($static{ $self->{file} }{$_} // $_, $end, $seen) } sort keys %{ $self->{uses} };
}

my %named = map { $_ => 1 } map { $code{$_} =~ /\b(anshin_\w+)/g } grep { m{/htanshin/} } keys %code;
my %step = (anshin_trail_count_retired => 'of anshin_trail_retire, which tells');
my @verbs = grep { $function{$_} && $function{$_}{file} =~ m{/core/} && comes_to($_, 'anshin_op_write', {}) } sort keys %named;
is(join(' ', grep { !$step{$_} && !comes_to($_, 'anshin_event', {}) } @verbs), '', 'whatever the command does to the store is told as an event');
cmp_ok(scalar @verbs, '>=', 12, "verbs looked at: @verbs");

# Whatever pages and worker do to the store is told as well (AUD-1), but for these: work of the machine on its own notes, and
# steps that lead to an act or to nothing: attempts that are counted, codes and links that are mailed, the end of a download, the note of
# a form of the help desk that prints, whose acts stand in a table and are asked about by themselves.
my %quiet = map { $_ => 1 } qw(
    anshin_agreed_time anshin_alert_put anshin_backed_up_expect anshin_desk_do anshin_desk_invite_check anshin_help_number_keep anshin_housekeeping_step
    anshin_index_addresses anshin_issuer_note anshin_issuer_remind anshin_list_mails
    anshin_crl_claim anshin_crl_give_up anshin_crl_put
    anshin_job_claim anshin_job_drop anshin_job_put_off anshin_job_resume anshin_job_retry anshin_jobs_release anshin_jobs_take_over anshin_node_sign anshin_ocsp_forget
    anshin_ocsp_keep anshin_old_due_convert anshin_outbox_delivered anshin_outbox_delivering anshin_outbox_drop
    anshin_outbox_failed anshin_outbox_later anshin_refile anshin_reseal_step anshin_rotation_resealed anshin_revoked_done anshin_revoked_number anshin_revoked_out
    anshin_session_touch anshin_tally_note_ca anshin_tally_take anshin_trail_done anshin_trail_put_command anshin_trail_put_events
    anshin_trail_settle anshin_unusable_note
    anshin_access_asked anshin_access_download anshin_download_finish anshin_flow_end anshin_login_code_send
    anshin_lost_device_prove anshin_member_prove anshin_reissue_request anshin_terminal_code_send
);
my %others = map { $_ => 1 } map { $code{$_} =~ /\b(anshin_\w+)/g } grep { m{/(?:portal|auth|ca)/} } keys %code;
my @changing = grep { $function{$_} && $function{$_}{file} =~ m{/core/} && comes_to($_, 'anshin_op_write', {}) } sort keys %others;
my %untold = map { $_ => 1 } grep { !comes_to($_, 'anshin_event', {}) } @changing;
is(join(' ', grep { !$quiet{$_} } sort keys %untold), '', 'AUD-1: no verb of pages and worker writes without an act');
is(join(' ', grep { !$untold{$_} } sort keys %quiet), '', 'and each of the exceptions is one');
cmp_ok(scalar @changing, '>=', 20, "their verbs looked at: @changing");
# Each command that changes something of users is held for a second operator where it may be about many (ROL-4), or is about
# one: by its operands, and never by a list. What else writes is about no user.
my %one = map { $_ => 1 } 'user invite', 'user code', 'session end', 'mail retry', 'mail drop', 'approval give', 'approval refuse', 'approval withdraw';
my %none = map { $_ => 1 } 'audit archive', 'audit retire', 'store move', 'mail hand-over', qw(backup check dump load restore), 'key rotate', 'ca mend', 'ca request', 'cert export', 'history export', 'mail show', 'user export';
my @holds = qw(anshin_hold_many anshin_hold_input anshin_hold_contract anshin_hold_ca);
my (%about, %lists);
for my $file (grep { m{/htanshin/} } keys %code) {
    while ($code{$file} =~ /\{"([a-z]+)", ("[a-z-]+"|NULL), "([^"]*)", \d, \d, (\w+), ANSHIN_ACCESS_\w+, (\w+),/g) {
        my ($name, $operands, $options, $run) = ($1 . ($2 eq 'NULL' ? '' : ' ' . $2 =~ tr/"//dr), $3, $4, $5);
        my ($rows) = map { /^(?:static )?const anshin_command_option_t \Q$options\E\[\] = \{(.*?)^?\};/ms } @code{ $file, grep { m{/htanshin/} } keys %code };
        $lists{$name} = $operands =~ /\|-|\[USER\]|\[SERIAL\]/ || ($rows // '') =~ /"file"|ANSHIN_BULK/ ? 1 : 0;
        $about{$name} = $static{$file}{$run} // $run;
    }
}
# Each command tells the trail, or there is a reason why not (AUD-1).
my $looks = 'shows one thing, or a list on the screen, in the daily work of an operator; takes out no file';
my %silent = (
    (map { $_ => $looks } 'user list', 'user show', 'cert list', 'cert show', 'session list', 'mail list', 'history', 'find', 'ca list', 'approval list', 'approval show', 'status', 'store check', 'help', 'version'),
    (map { $_ => 'reads the trail itself, and is no change of it' } 'audit show', 'audit verify'),
    (map { $_ => 'looks after keys and files, changes none' } 'ca try-key', 'key status'),
    (map { $_ => 'before there is a store that could hear of it' } 'state prepare', 'store init'),
    (map { $_ => 'works on tables that this version cannot read yet, and changes no record' } 'store migrate'),
);
is(join(', ', grep { !$silent{$_} && !comes_to($about{$_}, 'anshin_event', {}) } sort keys %about), '', 'AUD-1: each command tells the trail, or its reason stands here');
is(join(', ', grep { !$about{$_} || comes_to($about{$_}, 'anshin_event', {}) } sort keys %silent), '', 'AUD-1: and each of these tells it nothing');
my @writing = grep { comes_to($about{$_}, 'anshin_op_write', {}) || $none{$_} } sort keys %about;
my %held = map { my $name = $_; ($name => 1) x !!grep { comes_to($about{$name}, $_, {}) } @holds } @writing;
is(join(', ', grep { !$held{$_} && !$one{$_} && !$none{$_} } @writing), '', 'ROL-4: each command that writes is held, or about one user, or about none');
is(join(', ', grep { $held{$_} || !$about{$_} || ($lists{$_} && !/^approval/) } sort keys %one), '', 'ROL-4: and what is about one takes no list');
is(join(', ', grep { $held{$_} || !$about{$_} } sort keys %none), '', 'ROL-4: and what is about none is a command');
is(join(', ', grep { $lists{$_} && !$held{$_} && !$none{$_} && !/^approval/ } @writing), '', 'ROL-4: each that takes a list is held');
cmp_ok(scalar keys %about, '>=', 55, 'commands looked at: ' . keys %about);
cmp_ok(scalar keys %held, '>=', 18, 'of them held: ' . join ', ', sort keys %held);
cmp_ok(scalar keys %function, '>', 1000, 'functions looked at: ' . keys %function);
done_testing;
