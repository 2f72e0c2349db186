/*
 * Lists of the help desk, as a page and as CSV (ROL-2).
 */
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/base/csv_cell.h"
#include "core/desk/export.h"
#include "http/page_headers.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

#define ROWS_MAX 200 /* of the page; the CSV has as many as a list has */

/* What is asked for; without a name the first. ANSHIN_DESK_LISTS: there is none of that name. */
static anshin_desk_list_t asked(const anshin_portal_request_t *request)
{
    const char *name = anshin_portal_request_value(request, "about");

    return name != NULL ? (anshin_desk_list_t)anshin_word_value(anshin_desk_list_words, name, ANSHIN_DESK_LISTS)
                        : ANSHIN_DESK_LIST_LOCKED;
}

static const char *name_of(anshin_desk_list_t list)
{
    return anshin_word_name(anshin_desk_list_words, list, "");
}

static const char *list_url(const anshin_portal_request_t *request, const char *path, anshin_desk_list_t list)
{
    return apr_pstrcat(request->op.pool, anshin_portal_request_link(request, path), "?about=", name_of(list), NULL);
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
                           json_pack("{s:s, s:s, s:b}", "url", list_url(request, "/desk/list", other), "text",
                                     text_of(request, other, "name"), "current", other == list));
    }
    anshin_page_put(request->page, request->page->page, "lists", lists);
}

static void put_row(anshin_portal_request_t *request, json_t *rows, anshin_desk_list_t list,
                    const anshin_desk_row_t *row)
{
    json_t *object = json_pack("{s:s, s:s, s:s}", "user", row->account.user, "contract_title",
                               anshin_contract_title(row->contract, request->page->language), "url",
                               anshin_desk_url(request, "/desk/user", &row->account));

    anshin_page_long(request->page, object, "name", row->account.name);
    anshin_page_long(request->page, object, "organisation", row->account.organisation);
    anshin_page_long(request->page, object, "what", what_of(request, list, row));
    anshin_page_moment(request->page, object, "at", row->at, ANSHIN_DATE_TABLE);
    anshin_page_append(request->page, rows, object);
}

int anshin_page_desk_list_get(anshin_portal_request_t *request)
{
    const anshin_desk_list_t list = asked(request);
    json_t *objects = json_array();
    apr_array_header_t *rows;
    apr_status_t status =
        list != ANSHIN_DESK_LISTS ? anshin_desk_list(&request->op, &request->staff, list, &rows) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        json_decref(objects);
        return status == ANSHIN_ENOTFOUND ? anshin_response_error(request, HTTP_NOT_FOUND)
                                          : anshin_response_unavailable(request, status, "list");
    }
    for (int i = 0; i < rows->nelts && i < ROWS_MAX; i++) {
        put_row(request, objects, list, &APR_ARRAY_IDX(rows, i, anshin_desk_row_t));
    }
    put_lists(request, list);
    anshin_page_put(request->page, request->page->page, "rows", objects);
    anshin_page_flag(request->page, "more", rows->nelts > ROWS_MAX && rows->nelts <= ANSHIN_DESK_ROWS_MAX);
    anshin_page_flag(request->page, "most", rows->nelts > ANSHIN_DESK_ROWS_MAX);
    anshin_page_text(request->page, "count_text",
                     anshin_page_say_number(request->page, "desk_list.count", "number", shown(rows)));
    anshin_page_text(request->page, "lead", text_of(request, list, "lead"));
    anshin_page_text(request->page, "at_label", text_of(request, list, "at"));
    if (anshin_role_may(request->staff.role, ANSHIN_DESK_EXPORT) && rows->nelts > 0) {
        anshin_page_text(request->page, "csv_url", list_url(request, "/desk/list/csv", list));
    }
    return anshin_response_page(request, "desk-list", HTTP_OK);
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

int anshin_page_desk_list_csv_get(anshin_portal_request_t *request)
{
    static const char *const head[] = {"contract", "user", "name", "organisation", "state", "at", "about"};
    const anshin_desk_list_t list = asked(request);
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
    send_line(r, head, (int)(sizeof(head) / sizeof(head[0])), request->op.pool);
    apr_pool_create(&pool, request->op.pool);
    for (int i = 0; i < shown(rows); i++) {
        apr_pool_clear(pool);
        send_row(request, &APR_ARRAY_IDX(rows, i, anshin_desk_row_t), pool);
    }
    apr_pool_destroy(pool);
    return OK;
}
