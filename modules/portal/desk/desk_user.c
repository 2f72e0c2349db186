/*
 * A user before an operator (ROL-2): the state whole, what waits and why, and the buttons of what the role may do.
 *
 * No secret is among it: neither link nor code nor password, of whatever kind.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/certificate/certificate.h"
#include "core/mail/mail.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/pages.h"
#include "portal/request/words.h"
#include "portal/response/response.h"

typedef struct drawing_t {
    anshin_portal_request_t *request;
    const anshin_desk_facts_t *facts;
    const anshin_account_t *account;
    json_t *waits; /* what stands in the user's way, and what to do about it */
} drawing_t;

static const char *say(const drawing_t *drawing, const char *group, const char *word)
{
    return anshin_page_say(drawing->request->page, apr_pstrcat(drawing->request->op.pool, group, ".", word, NULL));
}

/* And whether there are any. */
static void put_rows(const drawing_t *drawing, const char *name, json_t *rows)
{
    anshin_page_t *page = drawing->request->page;

    anshin_page_flag(page, apr_pstrcat(drawing->request->op.pool, "has_", name, NULL), json_array_size(rows) > 0);
    anshin_page_put(page, page->page, name, rows);
}

static int may(const drawing_t *drawing, anshin_desk_verb_t verb)
{
    const anshin_staff_t *staff = &drawing->request->staff;

    return anshin_staff_may(staff, verb, drawing->facts->contract, drawing->account) &&
           anshin_staff_may_open(staff, verb, drawing->account);
}

/* Where a button leads; terminal 0: of the user. */
static const char *act_url(const drawing_t *drawing, anshin_desk_verb_t verb, apr_int64_t terminal)
{
    const char *url =
        apr_pstrcat(drawing->request->op.pool, anshin_desk_url(drawing->request, "/desk/act", drawing->account),
                    "&verb=", anshin_word_name(anshin_desk_verb_words, verb, ""), NULL);

    return terminal != 0 ? apr_psprintf(drawing->request->op.pool, "%s&n=%" APR_INT64_T_FMT, url, terminal) : url;
}

/* --- what was done ----------------------------------------------------------------------------------------------- */

/* A text of the users' pages as well. */
static int is_error(const char *refused)
{
    return strcmp(refused, "renewals") == 0 || strcmp(refused, "address_mails") == 0;
}

/* The form before this page has done it, or not; what the user is told of it. */
static void put_done(const drawing_t *drawing, const anshin_desk_whom_t *whom)
{
    anshin_portal_request_t *request = drawing->request;
    const char *done = anshin_desk_stamped(request, whom, anshin_form_get(request->query, "done"));
    const char *refused = anshin_form_get(request->query, "refused");
    static const char *const refusals[] = {"no_password",   "no_certificate", "not_active",     "not_renewable",
                                           "not_yours",     "renewals",       "registered",     "no_links",
                                           "invitations",   "address_mails",  "no_print",       "printed",
                                           "print_instead", "mail_instead",   "not_reissuable", "resend_paused",
                                           "resend_full",   "resend_making",  "resend_nothing"};
    const anshin_desk_verb_t verb =
        done != NULL ? (anshin_desk_verb_t)anshin_word_value(anshin_desk_verb_words, done, ANSHIN_DESK_VERBS)
                     : ANSHIN_DESK_VERBS;

    if (anshin_desk_verb_changes(verb)) {
        const char *group = apr_pstrcat(request->op.pool, "desk_act.", done, NULL);
        const int not_yet = verb == ANSHIN_DESK_UNLOCK &&
                            anshin_account_standing(drawing->account, request->op.now) != ANSHIN_ACCOUNT_ACTIVE;

        anshin_page_alert(request->page, "success", say(drawing, group, "done"));
        anshin_page_text(request->page, "tell", say(drawing, group, not_yet ? "tell_not_yet" : "tell"));
    }
    for (apr_size_t i = 0; refused != NULL && i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (strcmp(refusals[i], refused) == 0) {
            anshin_page_alert(request->page, "error", say(drawing, is_error(refused) ? "errors" : "desk", refused));
        }
    }
}

/* --- what waits -------------------------------------------------------------------------------------------------- */

/* A thing in the way, by name; verb: what helps, where the role may; ANSHIN_DESK_VERBS: none of ours; terminal: the
 * device that it is about, where the verb is of one. What helps against the first of them has the focus, so that it
 * takes a key. */
static json_t *put_wait_of(const drawing_t *drawing, const char *name, anshin_desk_verb_t verb, apr_int64_t terminal)
{
    const char *group = apr_pstrcat(drawing->request->op.pool, "desk_waits.", name, NULL);
    json_t *wait = json_pack("{s:s, s:s}", "text", say(drawing, group, "text"), "todo", say(drawing, group, "todo"));

    if (verb != ANSHIN_DESK_VERBS && may(drawing, verb)) {
        const char *word = anshin_word_name(anshin_desk_verb_words, verb, "");

        anshin_page_put(drawing->request->page, wait, "url", json_string(act_url(drawing, verb, terminal)));
        anshin_page_put(drawing->request->page, wait, "first", json_boolean(json_array_size(drawing->waits) == 0));
        anshin_page_put(
            drawing->request->page, wait, "button",
            json_string(say(drawing, apr_pstrcat(drawing->request->op.pool, "desk_act.", word, NULL), "button")));
    }
    anshin_page_append(drawing->request->page, drawing->waits, wait);
    return wait;
}

static json_t *put_wait(const drawing_t *drawing, const char *name, anshin_desk_verb_t verb)
{
    return put_wait_of(drawing, name, verb, 0);
}

static void put_lock_of(const drawing_t *drawing, const anshin_lock_t *lock, const char *name)
{
    if (lock->kinds != 0) {
        json_t *wait = put_wait(drawing, name, ANSHIN_DESK_UNLOCK);

        anshin_page_moment(drawing->request->page, wait, "since", lock->since, ANSHIN_DATE_PLAIN);
        anshin_page_moment(drawing->request->page, wait, "until", lock->unlock_at, ANSHIN_DATE_PLAIN);
    }
}

static void put_lock(const drawing_t *drawing)
{
    const anshin_lock_t *lock = &drawing->facts->user.lock;

    put_lock_of(drawing, lock, lock->unlock_at != 0 ? "attempts_opens" : "attempts");
    put_lock_of(drawing, &drawing->facts->lost_device, "lost_device");
}

static void put_standing(const drawing_t *drawing)
{
    const anshin_account_t *account = drawing->account;
    json_t *wait = NULL;

    if (account->state == ANSHIN_ACCOUNT_LOCKED) {
        wait = put_wait(drawing, account->locked_by == ANSHIN_LOCKED_BY_USER ? "locked_self" : "locked",
                        ANSHIN_DESK_UNLOCK);
    } else if (account->state == ANSHIN_ACCOUNT_DISABLED) {
        wait = put_wait(drawing, "disabled", ANSHIN_DESK_UNLOCK);
    }
    if (wait != NULL) {
        anshin_page_moment(drawing->request->page, wait, "since", account->disabled_at, ANSHIN_DATE_PLAIN);
    }
    if (!anshin_account_valid(account, drawing->request->op.now)) {
        wait = put_wait(drawing, "not_valid", ANSHIN_DESK_VERBS);
        anshin_page_moment(drawing->request->page, wait, "since", account->valid_from, ANSHIN_DATE_PLAIN);
        anshin_page_moment(drawing->request->page, wait, "until", account->valid_until, ANSHIN_DATE_PLAIN);
    }
    if (account->password_must_change) {
        put_wait(drawing, "must_change", ANSHIN_DESK_VERBS);
    }
}

/* 1: there is a way for what the verb gives out. */
static int gives_out(const drawing_t *drawing, anshin_desk_verb_t verb)
{
    return anshin_handout_mails(verb, drawing->facts->contract) ||
           anshin_handout_prints(verb, drawing->facts->contract);
}

static void put_invitation(const drawing_t *drawing)
{
    const anshin_particulars_t *user = &drawing->facts->user;
    const int gives = gives_out(drawing, ANSHIN_DESK_REINVITE);
    const anshin_desk_verb_t again = gives ? ANSHIN_DESK_REINVITE : ANSHIN_DESK_VERBS;
    json_t *wait;

    if (drawing->account->state != ANSHIN_ACCOUNT_PENDING) {
        return;
    }
    if (user->registration_lock.kinds != 0) {
        put_wait(drawing, "invitation_locked", ANSHIN_DESK_UNLOCK);
    } else if (user->registration_until <= drawing->request->op.now) {
        put_wait(drawing, gives ? "invitation_over" : "invitation_over_alone", again);
    } else {
        wait = put_wait(drawing, gives ? "invitation" : "invitation_alone", again);
        anshin_page_moment(drawing->request->page, wait, "until", user->registration_until, ANSHIN_DATE_PLAIN);
    }
}

/* A certificate is made for who can use one. */
static int gets_certificates(const drawing_t *drawing)
{
    return drawing->account->method == ANSHIN_METHOD_CERTIFICATE && drawing->account->registered_at != 0 &&
           anshin_account_standing(drawing->account, drawing->request->op.now) == ANSHIN_ACCOUNT_ACTIVE;
}

static int can_reissue(const drawing_t *drawing)
{
    return gets_certificates(drawing) && gives_out(drawing, ANSHIN_DESK_REISSUE);
}

/* Something waits for download that a link leads to. */
static int can_resend(const drawing_t *drawing)
{
    const apr_array_header_t *terminals = drawing->facts->user.terminals;
    int waits = 0;

    for (int i = 0; i < terminals->nelts; i++) {
        const anshin_terminal_facts_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_facts_t);

        waits |= terminal->has_download && terminal->download_made && terminal->download_lock.kinds == 0 &&
                 terminal->download_until > drawing->request->op.now;
    }
    return waits && gets_certificates(drawing);
}

static void put_terminal_waits(const drawing_t *drawing, const anshin_terminal_facts_t *terminal)
{
    const apr_time_t now = drawing->request->op.now;
    json_t *wait = NULL;

    if (terminal->has_download && terminal->download_lock.kinds != 0) {
        wait = put_wait(drawing, "download_locked", ANSHIN_DESK_UNLOCK);
    } else if (terminal->has_download && terminal->download_until > now) {
        wait = put_wait(drawing, "download", can_resend(drawing) ? ANSHIN_DESK_RESEND : ANSHIN_DESK_VERBS);
        anshin_page_moment(drawing->request->page, wait, "until", terminal->download_until, ANSHIN_DATE_PLAIN);
    } else if (drawing->account->method == ANSHIN_METHOD_CERTIFICATE && drawing->account->registered_at != 0 &&
               !(terminal->has_certificate &&
                 anshin_certificate_standing(&terminal->certificate, now) == ANSHIN_STANDING_ACTIVE)) {
        wait = put_wait_of(drawing, "no_certificate", can_reissue(drawing) ? ANSHIN_DESK_REISSUE : ANSHIN_DESK_VERBS,
                           terminal->terminal.number);
    }
    if (wait != NULL) {
        anshin_words_terminal(drawing->request->page, wait, terminal->terminal.number, terminal->terminal.label);
    }
}

static void put_mail_waits(const drawing_t *drawing)
{
    for (int i = 0; i < drawing->facts->mails->nelts; i++) {
        const anshin_mail_t *mail = &APR_ARRAY_IDX(drawing->facts->mails, i, anshin_mail_t);

        if (mail->state == ANSHIN_MAIL_FAILED) {
            json_t *wait =
                put_wait(drawing, "mail_failed", can_resend(drawing) ? ANSHIN_DESK_RESEND : ANSHIN_DESK_VERBS);

            anshin_page_moment(drawing->request->page, wait, "since", mail->created_at, ANSHIN_DATE_PLAIN);
            return;
        }
    }
}

static void put_waits(const drawing_t *drawing)
{
    put_lock(drawing);
    put_standing(drawing);
    put_invitation(drawing);
    for (int i = 0; i < drawing->facts->user.terminals->nelts; i++) {
        put_terminal_waits(drawing, &APR_ARRAY_IDX(drawing->facts->user.terminals, i, anshin_terminal_facts_t));
    }
    put_mail_waits(drawing);
    put_rows(drawing, "waits", drawing->waits);
}

/* --- buttons ----------------------------------------------------------------------------------------------------- */

/* What would change nothing has no button. */
static int is_sensible(const drawing_t *drawing, anshin_desk_verb_t verb)
{
    const anshin_account_t *account = drawing->account;
    const int open = account->state == ANSHIN_ACCOUNT_ACTIVE || account->state == ANSHIN_ACCOUNT_PENDING;

    switch (verb) {
    case ANSHIN_DESK_UNLOCK:
        return !open || drawing->facts->locked != 0;
    case ANSHIN_DESK_LOCK:
        return open;
    case ANSHIN_DESK_DISABLE:
        return account->state != ANSHIN_ACCOUNT_DISABLED;
    case ANSHIN_DESK_LOGOUT:
        return drawing->facts->sessions->nelts > 0;
    case ANSHIN_DESK_MUST_CHANGE:
        return account->password_hash != NULL && !account->password_must_change;
    case ANSHIN_DESK_REVOKE:
        return account->method == ANSHIN_METHOD_CERTIFICATE;
    case ANSHIN_DESK_REINVITE:
        return account->state == ANSHIN_ACCOUNT_PENDING && gives_out(drawing, verb);
    case ANSHIN_DESK_RESEND:
        return can_resend(drawing);
    default:
        return 0; /* of a device */
    }
}

static void put_buttons(const drawing_t *drawing)
{
    json_t *buttons = json_array();

    for (const anshin_word_t *word = anshin_desk_verb_words; word->name != NULL; word++) {
        const anshin_desk_verb_t verb = (anshin_desk_verb_t)word->value;

        if (anshin_desk_verb_changes(verb) && may(drawing, verb) && is_sensible(drawing, verb)) {
            const char *group = apr_pstrcat(drawing->request->op.pool, "desk_act.", word->name, NULL);

            anshin_page_append(drawing->request->page, buttons,
                               json_pack("{s:s, s:s, s:b}", "url", act_url(drawing, verb, 0), "text",
                                         say(drawing, group, "button"), "danger",
                                         verb == ANSHIN_DESK_DISABLE || verb == ANSHIN_DESK_REVOKE));
        }
    }
    put_rows(drawing, "buttons", buttons);
}

/* --- facts ------------------------------------------------------------------------------------------------------- */

/* Whoever cannot log in for too many tries is as locked as one whom somebody has locked. */
static void put_state(const drawing_t *drawing)
{
    anshin_portal_request_t *request = drawing->request;

    anshin_desk_put_state(request, request->page->page, drawing->account);
    if (drawing->facts->user.lock.kinds != 0 &&
        anshin_account_standing(drawing->account, request->op.now) == ANSHIN_ACCOUNT_ACTIVE) {
        anshin_page_text(request->page, "state_text", anshin_page_say(request->page, "desk.state_locked"));
        anshin_page_flag(request->page, "state_bad", 1);
    }
}

static void put_account(const drawing_t *drawing)
{
    anshin_portal_request_t *request = drawing->request;
    const anshin_account_t *account = drawing->account;
    anshin_page_t *page = request->page;

    anshin_page_text(page, "user_id", account->user);
    anshin_page_text(page, "contract_title", anshin_contract_title(drawing->facts->contract, page->language));
    anshin_page_long(page, page->page, "name", account->name);
    anshin_page_long(page, page->page, "organisation", account->organisation);
    if (account->groups != NULL && account->groups->nelts > 0) {
        anshin_page_text(page, "groups", apr_array_pstrcat(request->op.pool, account->groups, ' '));
    }
    if (request->staff.role != ANSHIN_ROLE_ORGANISATION) { /* it is the operator's, of whom the customer is none */
        anshin_page_text(page, "memo", account->memo != NULL && *account->memo != '\0' ? account->memo : NULL);
    }
    anshin_page_text(page, "method_text", anshin_words_method(page, account->method));
    put_state(drawing);
    anshin_page_moment(page, page->page, "created", account->created_at, ANSHIN_DATE_PLAIN);
    anshin_page_moment(page, page->page, "registered", account->registered_at, ANSHIN_DATE_PLAIN);
    anshin_page_moment(page, page->page, "last_login", account->last_login_at, ANSHIN_DATE_PLAIN);
    anshin_page_moment(page, page->page, "password_set", account->password_set_at, ANSHIN_DATE_PLAIN);
    anshin_page_moment(page, page->page, "valid_from", account->valid_from, ANSHIN_DATE_PLAIN);
    anshin_page_moment(page, page->page, "valid_until", account->valid_until, ANSHIN_DATE_PLAIN);
}

/* What can be done to a device. */
static void put_terminal_buttons(const drawing_t *drawing, json_t *row, const anshin_terminal_facts_t *facts)
{
    anshin_page_t *page = drawing->request->page;
    const apr_time_t now = drawing->request->op.now;
    const anshin_certificate_t *certificate = &facts->certificate;
    const int renews =
        facts->has_certificate && anshin_certificate_standing(certificate, now) == ANSHIN_STANDING_ACTIVE &&
        certificate->not_after - now <= drawing->facts->renewal_window && may(drawing, ANSHIN_DESK_RENEW);
    const int reissues = can_reissue(drawing) && may(drawing, ANSHIN_DESK_REISSUE);
    const apr_int64_t number = facts->terminal.number;

    if (renews) {
        anshin_page_put(page, row, "renew_url", json_string(act_url(drawing, ANSHIN_DESK_RENEW, number)));
    }
    if (reissues) {
        anshin_page_put(page, row, "reissue_url", json_string(act_url(drawing, ANSHIN_DESK_REISSUE, number)));
    }
    anshin_page_put(page, row, "actable", json_boolean(renews || reissues));
}

static json_t *terminal_row(const drawing_t *drawing, const anshin_terminal_facts_t *facts)
{
    static const char *const keys[] = {[ANSHIN_STANDING_ACTIVE] = "desk.certificate_active",
                                       [ANSHIN_STANDING_EXPIRED] = "desk.certificate_expired",
                                       [ANSHIN_STANDING_REVOKED] = "desk.certificate_revoked"};
    anshin_page_t *page = drawing->request->page;
    const apr_time_t now = drawing->request->op.now;
    const anshin_certificate_t *certificate = &facts->certificate;
    json_t *row = json_pack("{s:s}", "kind_text", anshin_words_kind(page, facts->terminal.kind));

    anshin_words_terminal(page, row, facts->terminal.number, facts->terminal.label);
    anshin_page_long(page, row, "address", facts->terminal.address);
    if (facts->has_certificate) {
        const anshin_standing_t standing = anshin_certificate_standing(certificate, now);

        anshin_page_put(page, row, "certificate_text", json_string(anshin_page_say(page, keys[standing])));
        anshin_page_moment(page, row, "expires", certificate->not_after, ANSHIN_DATE_PLAIN);
        anshin_page_put(page, row, "serial", json_string(certificate->serial));
    }
    put_terminal_buttons(drawing, row, facts);
    anshin_page_put(page, row, "renewing", json_boolean(facts->terminal.renewing != NULL));
    return row;
}

static void put_terminals(const drawing_t *drawing)
{
    json_t *rows = json_array();

    for (int i = 0; i < drawing->facts->user.terminals->nelts; i++) {
        anshin_page_append(
            drawing->request->page, rows,
            terminal_row(drawing, &APR_ARRAY_IDX(drawing->facts->user.terminals, i, anshin_terminal_facts_t)));
    }
    anshin_page_put(drawing->request->page, drawing->request->page->page, "terminals", rows);
}

static void put_sessions(const drawing_t *drawing)
{
    anshin_page_t *page = drawing->request->page;
    json_t *rows = json_array();

    for (int i = 0; i < drawing->facts->sessions->nelts; i++) {
        const anshin_session_t *session = &APR_ARRAY_IDX(drawing->facts->sessions, i, anshin_session_t);
        json_t *row = json_pack("{s:s*}", "client", session->client);

        anshin_page_moment(page, row, "at", session->created_at, ANSHIN_DATE_TABLE);
        anshin_page_moment(page, row, "seen", session->seen_at, ANSHIN_DATE_TABLE);
        anshin_page_long(page, row, "address", session->address);
        anshin_page_append(page, rows, row);
    }
    put_rows(drawing, "sessions", rows);
}

static void put_counters(const drawing_t *drawing)
{
    anshin_page_t *page = drawing->request->page;
    json_t *rows = json_array();

    for (const anshin_word_t *kind = anshin_counter_words; kind->name != NULL; kind++) {
        const apr_int64_t failures = drawing->facts->failures[kind->value];
        const int is_locked = (drawing->facts->locked & (1u << kind->value)) != 0;

        if (failures > 0 || is_locked) {
            anshin_page_append(page, rows,
                               json_pack("{s:s, s:I, s:b}", "text", say(drawing, "desk_counters", kind->name),
                                         "failures", (json_int_t)failures, "locked", is_locked));
        }
    }
    put_rows(drawing, "counters", rows);
}

/* An attempt that came to nothing says what to do about it. */
static void put_history(const drawing_t *drawing)
{
    anshin_page_t *page = drawing->request->page;
    json_t *rows = json_array();

    for (int i = 0; i < drawing->facts->history->nelts; i++) {
        const anshin_history_t *entry = APR_ARRAY_IDX(drawing->facts->history, i, const anshin_history_t *);
        const char *name = anshin_history_result_name(entry->result);
        const anshin_history_mark_t mark = anshin_history_mark(entry->result);
        json_t *row = json_pack("{s:s, s:s*, s:b, s:b}", "result_text", say(drawing, "history", name), "client",
                                entry->client, "good", mark == ANSHIN_MARK_GOOD, "failed", mark == ANSHIN_MARK_FAILED);

        if (mark == ANSHIN_MARK_FAILED) {
            anshin_page_put(page, row, "todo", json_string(say(drawing, "desk_advice", name)));
        }
        if (drawing->request->staff.role != ANSHIN_ROLE_ORGANISATION) { /* customers see that it was the operator */
            anshin_page_long(page, row, "operator", entry->operator);
        }
        anshin_page_moment(page, row, "at", entry->at, ANSHIN_DATE_TABLE);
        anshin_page_long(page, row, "address", entry->address);
        anshin_page_append(page, rows, row);
    }
    put_rows(drawing, "history", rows);
}

static void put_mails(const drawing_t *drawing)
{
    anshin_page_t *page = drawing->request->page;
    json_t *rows = json_array();

    for (int i = 0; i < drawing->facts->mails->nelts; i++) {
        const anshin_mail_t *mail = &APR_ARRAY_IDX(drawing->facts->mails, i, anshin_mail_t);
        json_t *row = json_pack("{s:s, s:s, s:b}", "kind_text", say(drawing, "desk_mails", mail->kind), "state_text",
                                say(drawing, "desk_mail_states", anshin_mail_state_name(mail->state)), "failed",
                                mail->state == ANSHIN_MAIL_FAILED);

        anshin_page_moment(page, row, "at", mail->created_at, ANSHIN_DATE_TABLE);
        anshin_page_long(page, row, "error", mail->last_error);
        anshin_page_append(page, rows, row);
    }
    put_rows(drawing, "mails", rows);
}

int anshin_page_desk_user_get(anshin_portal_request_t *request)
{
    anshin_desk_facts_t facts;
    anshin_desk_whom_t whom;
    apr_status_t status;

    anshin_desk_whom(request, &whom);
    status = anshin_desk_see(&request->op, &request->staff, &whom, &facts);
    status = status == APR_SUCCESS ? anshin_desk_see_mails(&request->op, &facts) : status;
    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "user at the help desk");
    }
    {
        const drawing_t drawing = {request, &facts, &facts.user.account, json_array()};

        put_done(&drawing, &whom);
        put_waits(&drawing);
        put_buttons(&drawing);
        put_account(&drawing);
        put_terminals(&drawing);
        put_sessions(&drawing);
        put_counters(&drawing);
        put_history(&drawing);
        put_mails(&drawing);
    }
    anshin_page_put(request->page, request->page->data, "title",
                    json_string(anshin_page_say_text(request->page, "desk_user.title_of", "user", whom.user)));
    anshin_page_text(request->page, "desk_url", anshin_portal_request_link(request, "/desk"));
    return anshin_response_page(request, "desk-user", HTTP_OK);
}
