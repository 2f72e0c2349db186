/*
 * Lists of the help desk, as a page and as CSV (ROL-2).
 */
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/base/csv_cell.h"
#include "core/context/secret.h"
#include "core/desk/export.h"
#include "http/page_headers.h"
#include "portal/desk/desk_list.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

#define WORD_JOINER "\xe2\x81\xa0" /* U+2060 */
#define ROWS ANSHIN_BULK_MAX       /* of a page; the CSV has as many as a list has */

anshin_desk_list_t anshin_desk_list_asked(const anshin_portal_request_t *request)
{
    const char *name = anshin_portal_request_value(request, "about");

    return name != NULL ? (anshin_desk_list_t)anshin_word_value(anshin_desk_list_words, name, ANSHIN_DESK_LISTS)
                        : ANSHIN_DESK_LIST_LOCKED;
}

static const char *name_of(anshin_desk_list_t list)
{
    return anshin_word_name(anshin_desk_list_words, list, "");
}

const char *anshin_desk_list_url(const anshin_portal_request_t *request, const char *path, anshin_desk_list_t list)
{
    return apr_pstrcat(request->op.pool, anshin_portal_request_link(request, path), "?about=", name_of(list), NULL);
}

apr_status_t anshin_desk_list_mark(anshin_portal_request_t *request, const anshin_desk_row_t *row, const char **mark)
{
    const anshin_staff_t *staff = &request->staff;
    const char *text =
        apr_psprintf(request->op.pool, "%s/%s/%s/%s/%s/%s/%" APR_INT64_T_FMT, staff->contract->name, staff->user,
                     staff->number != NULL ? staff->number : "", row->account.contract, row->account.user,
                     row->account.number != NULL ? row->account.number : "", row->terminal);
    apr_status_t status = anshin_secret_mac(&request->op, mark, "desk-row", text);

    *mark = status == APR_SUCCESS ? apr_pstrndup(request->op.pool, *mark, ANSHIN_DESK_MARK_TEXT) : "";
    return status;
}

static const char *text_of(anshin_portal_request_t *request, anshin_desk_list_t list, const char *which)
{
    return anshin_page_say(request->page,
                           apr_pstrcat(request->op.pool, "desk_lists.", name_of(list), ".", which, NULL));
}

/* What a row is about besides its user: a certificate by its serial, a mail by its kind. */
static const char *what_of(anshin_portal_request_t *request, anshin_desk_list_t list, const anshin_desk_row_t *row)
{
    if (row->what == NULL || list != ANSHIN_DESK_LIST_MAIL_FAILED) {
        return row->what;
    }
    return anshin_page_say(request->page, apr_pstrcat(request->op.pool, "desk_mails.", row->what, NULL));
}

/* What a list has left out counts as no row. */
static int shown(const apr_array_header_t *rows)
{
    return rows->nelts < ANSHIN_DESK_ROWS_MAX ? rows->nelts : ANSHIN_DESK_ROWS_MAX;
}

static void put_lists(anshin_portal_request_t *request, anshin_desk_list_t list)
{
    json_t *lists = json_array();

    for (const anshin_word_t *word = anshin_desk_list_words; word->name != NULL; word++) {
        const anshin_desk_list_t other = (anshin_desk_list_t)word->value;

        anshin_page_append(request->page, lists,
                           json_pack("{s:s, s:s, s:b}", "url", anshin_desk_list_url(request, "/desk/list", other),
                                     "text", text_of(request, other, "name"), "current", other == list));
    }
    anshin_page_put(request->page, request->page->page, "lists", lists);
}

/* number: of the row on its page. *marks gets its mark. */
static apr_status_t put_row(anshin_portal_request_t *request, json_t *rows, anshin_desk_list_t list,
                            const anshin_desk_row_t *row, const char **marks)
{
    const char *mark;
    apr_status_t status = anshin_desk_list_mark(request, row, &mark);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I}", "user", row->account.user, "contract_title",
                               anshin_contract_title(row->contract, request->page->language), "url",
                               anshin_desk_url(request, "/desk/user", &row->account), "mark", mark, "number",
                               (json_int_t)json_array_size(rows));

    anshin_page_long(request->page, object, "name", row->account.name);
    anshin_page_long(request->page, object, "organisation", row->account.organisation);
    anshin_page_long(request->page, object, "what", what_of(request, list, row));
    anshin_page_moment(request->page, object, "at", row->at, ANSHIN_DATE_TABLE);
    anshin_page_append(request->page, rows, object);
    *marks = apr_pstrcat(request->op.pool, *marks, mark, NULL);
    return status;
}

/* What can be done to many of them at once, by this role. */
static void put_verbs(anshin_portal_request_t *request, anshin_desk_list_t list)
{
    json_t *verbs = json_array();

    for (const anshin_word_t *word = anshin_desk_verb_words; word->name != NULL; word++) {
        const anshin_desk_verb_t verb = (anshin_desk_verb_t)word->value;

        if (anshin_desk_list_takes(list, verb) && anshin_role_may(request->staff.role, verb)) {
            const char *key = apr_pstrcat(request->op.pool, "desk_act.", word->name, ".button", NULL);

            anshin_page_append(
                request->page, verbs,
                json_pack("{s:s, s:s}", "verb", word->name, "text", anshin_page_say(request->page, key)));
        }
    }
    anshin_page_flag(request->page, "choosable", json_array_size(verbs) > 0);
    anshin_page_put(request->page, request->page->page, "verbs", verbs);
}

static const char *page_url(const anshin_portal_request_t *request, anshin_desk_list_t list, int page)
{
    return apr_psprintf(request->op.pool, "%s&page=%d", anshin_desk_list_url(request, "/desk/list", list), page);
}

static int page_asked(const anshin_portal_request_t *request)
{
    const char *text = anshin_portal_request_value(request, "page");
    const apr_int64_t number = text != NULL ? apr_strtoi64(text, NULL, 10) : 1;

    return number >= 1 && number <= ANSHIN_DESK_ROWS_MAX / ROWS ? (int)number : 1;
}

/* Which part of the list is shown; beyond its end the last one. Back comes its number, from 1. */
static int put_pager(anshin_portal_request_t *request, anshin_desk_list_t list, int count)
{
    const int pages = count > ROWS ? (count + ROWS - 1) / ROWS : 1;
    const int asked = page_asked(request);
    const int page = asked <= pages ? asked : pages;

    anshin_page_flag(request->page, "many", pages > 1);
    anshin_page_text(request->page, "previous_url", page > 1 ? page_url(request, list, page - 1) : NULL);
    anshin_page_text(request->page, "next_url", page < pages ? page_url(request, list, page + 1) : NULL);
    anshin_page_text(request->page, "page_number", apr_itoa(request->op.pool, page));
    anshin_page_text(request->page, "pages_number", apr_itoa(request->op.pool, pages));
    return page;
}

/* Nothing was chosen, or nothing of it is in the list any more. */
static void put_refusal(anshin_portal_request_t *request)
{
    const char *refused = anshin_form_get(request->query, "refused");
    const char *key = NULL;

    if (refused != NULL && strcmp(refused, "none") == 0) {
        key = "desk_list.refused_none";
    } else if (refused != NULL && strcmp(refused, "gone") == 0) {
        key = "desk_list.refused_gone";
    }
    if (key != NULL) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, key));
    }
}

static apr_status_t put_rows(anshin_portal_request_t *request, anshin_desk_list_t list, const apr_array_header_t *rows)
{
    const int page = put_pager(request, list, shown(rows));
    json_t *objects = json_array();
    const char *marks = "";
    apr_status_t status = APR_SUCCESS;

    for (int i = (page - 1) * ROWS; status == APR_SUCCESS && i < shown(rows) && i < page * ROWS; i++) {
        status = put_row(request, objects, list, &APR_ARRAY_IDX(rows, i, anshin_desk_row_t), &marks);
    }
    anshin_page_put(request->page, request->page->page, "rows", objects);
    anshin_page_text(request->page, "marks", marks);
    anshin_page_text(request->page, "all_text",
                     anshin_page_say_number(request->page, "desk_list.all", "number", (int)json_array_size(objects)));
    return status;
}

int anshin_page_desk_list_get(anshin_portal_request_t *request)
{
    const anshin_desk_list_t list = anshin_desk_list_asked(request);
    apr_array_header_t *rows;
    const char *count;
    apr_status_t status =
        list != ANSHIN_DESK_LISTS ? anshin_desk_list(&request->op, &request->staff, list, &rows) : ANSHIN_ENOTFOUND;

    status = status == APR_SUCCESS ? put_rows(request, list, rows) : status;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? anshin_response_error(request, HTTP_NOT_FOUND)
                                          : anshin_response_unavailable(request, status, "list");
    }
    put_lists(request, list);
    put_refusal(request);
    if (rows->nelts > 0) {
        put_verbs(request, list);
    }
    count = rows->nelts > ANSHIN_DESK_ROWS_MAX ? "desk_list.count_most" : "desk_list.count";
    anshin_page_text(request->page, "count_text", anshin_page_say_number(request->page, count, "number", shown(rows)));
    anshin_page_text(request->page, "lead", text_of(request, list, "lead"));
    anshin_page_text(request->page, "at_label", text_of(request, list, "at"));
    anshin_page_text(request->page, "action_url", anshin_portal_request_link(request, "/desk/list"));
    anshin_page_text(request->page, "about", name_of(list));
    if (anshin_role_may(request->staff.role, ANSHIN_DESK_EXPORT) && rows->nelts > 0) {
        anshin_page_text(request->page, "csv_url", anshin_desk_list_url(request, "/desk/list/csv", list));
    }
    return anshin_response_page(request, "desk-list", HTTP_OK);
}

/* --- choosing ---------------------------------------------------------------------------------------------------- */

/* The marks of the rows that were chosen: of all that its page has shown, or of those that are ticked. */
static const char *chosen(const anshin_portal_request_t *request)
{
    const char *marks =
        anshin_form_get(request->form, "all") != NULL ? anshin_portal_request_value(request, "marks") : "";

    for (int i = 0; i < ROWS && marks != NULL && anshin_form_get(request->form, "all") == NULL; i++) {
        const char *mark = anshin_portal_request_value(request, apr_psprintf(request->op.pool, "r%d", i));

        marks = mark != NULL ? apr_pstrcat(request->op.pool, marks, mark, NULL) : marks;
    }
    return marks != NULL ? marks : "";
}

/* It only leads to the page that asks: nothing is done here. */
int anshin_page_desk_list_post(anshin_portal_request_t *request)
{
    const anshin_desk_list_t list = anshin_desk_list_asked(request);
    const char *name = anshin_portal_request_value(request, "verb");
    const int verb = anshin_word_value(anshin_desk_verb_words, name != NULL ? name : "", ANSHIN_DESK_VERBS);
    const char *marks = chosen(request);

    if (list == ANSHIN_DESK_LISTS) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    if (!anshin_desk_list_takes(list, (anshin_desk_verb_t)verb) ||
        !anshin_role_may(request->staff.role, (anshin_desk_verb_t)verb)) {
        return anshin_desk_failure(request, ANSHIN_EDENIED, "many of a list");
    }
    if (*marks == '\0') {
        return anshin_page_redirect(
            request->r,
            apr_pstrcat(request->op.pool, page_url(request, list, page_asked(request)), "&refused=none", NULL));
    }
    return anshin_page_redirect(request->r,
                                apr_pstrcat(request->op.pool, anshin_desk_list_url(request, "/desk/list/act", list),
                                            "&verb=", name, "&rows=", marks, NULL));
}

/* --- CSV --------------------------------------------------------------------------------------------------------- */

static void send_line(request_rec *r, const char *const *cells, int count, apr_pool_t *pool)
{
    for (int i = 0; i < count; i++) {
        ap_rputs(i > 0 ? "," : "", r);
        ap_rputs(anshin_csv_cell(cells[i] != NULL ? cells[i] : "", pool), r);
    }
    ap_rputs("\r\n", r);
}

static void send_row(anshin_portal_request_t *request, const anshin_desk_row_t *row, apr_pool_t *pool)
{
    const char *const cells[] = {row->contract->name,
                                 row->account.user,
                                 row->account.name,
                                 row->account.organisation,
                                 anshin_account_state_name(row->account.state),
                                 row->at != 0 ? anshin_date_iso(row->at, pool) : NULL,
                                 row->what};

    send_line(request->r, cells, (int)(sizeof(cells) / sizeof(cells[0])), pool);
}

/* Names of the columns, in the language of the page. What keeps a line of a page together is no part of a name. */
static void send_head(anshin_portal_request_t *request)
{
    static const char *const keys[] = {"desk_csv.contract", "desk_csv.user", "desk_csv.name", "desk_csv.organisation",
                                       "desk_csv.state",    "desk_csv.at",   "desk_csv.about"};
    const char *cells[sizeof(keys) / sizeof(keys[0])];

    for (apr_size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *text = anshin_page_say(request->page, keys[i]);
        const char *joiner = strstr(text, WORD_JOINER);

        cells[i] = joiner == NULL ? text
                                  : apr_pstrcat(request->op.pool,
                                                apr_pstrmemdup(request->op.pool, text, (apr_size_t)(joiner - text)),
                                                joiner + strlen(WORD_JOINER), NULL);
    }
    send_line(request->r, cells, (int)(sizeof(cells) / sizeof(cells[0])), request->op.pool);
}

int anshin_page_desk_list_csv_get(anshin_portal_request_t *request)
{
    const anshin_desk_list_t list = anshin_desk_list_asked(request);
    request_rec *r = request->r;
    apr_array_header_t *rows;
    apr_pool_t *pool;
    apr_status_t status;

    if (list == ANSHIN_DESK_LISTS) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    status = anshin_desk_export(&request->op, &request->staff, list, &rows);
    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "list as CSV");
    }
    anshin_page_headers(r, NULL);
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "attachment; filename=\"%s%s.csv\"", name_of(list),
                                rows->nelts > ANSHIN_DESK_ROWS_MAX ? "-first" : ""));
    ap_set_content_type(r, "text/csv; charset=utf-8");
    ap_rputs(ANSHIN_CSV_BOM, r);
    send_head(request);
    apr_pool_create(&pool, request->op.pool);
    for (int i = 0; i < shown(rows); i++) {
        apr_pool_clear(pool);
        send_row(request, &APR_ARRAY_IDX(rows, i, anshin_desk_row_t), pool);
    }
    apr_pool_destroy(pool);
    return OK;
}
