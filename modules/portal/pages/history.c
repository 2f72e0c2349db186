/*
 * Login history (ACC-4): pages of the last month, newest first.
 */
#include <apr_strings.h>
#include <stdlib.h>

#include "core/account/account.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response.h"
#include "portal/words.h"

#define PAGE_ENTRIES 20
#define LINKS_AROUND 3 /* page numbers shown on either side of the current one */

typedef struct list_t {
    anshin_portal_request_t *request;
    json_t *rows;
    apr_array_header_t *terminals;
} list_t;

static apr_status_t put_entry(void *baton, const anshin_history_t *entry)
{
    list_t *list = baton;
    anshin_portal_request_t *request = list->request;
    const char *key = apr_pstrcat(request->op.pool, "history.", anshin_history_result_name(entry->result), NULL);
    const anshin_history_mark_t mark = anshin_history_mark(entry->result);
    json_t *row = json_pack("{s:s, s:s, s:b, s:b}", "address", entry->address ? entry->address : "", "result_text",
                            anshin_page_say(request->page, key), "good", mark == ANSHIN_MARK_GOOD, "failed",
                            mark == ANSHIN_MARK_FAILED);

    anshin_page_moment(request->page, row, "at", entry->at, ANSHIN_DATE_TABLE);
    if (entry->terminal) {
        anshin_words_terminal(request->page, row, entry->terminal,
                              anshin_terminal_label(list->terminals, entry->terminal));
    }
    anshin_page_append(request->page, list->rows, row);
    return APR_SUCCESS;
}

static const char *page_url(anshin_portal_request_t *request, apr_int64_t page)
{
    return apr_psprintf(request->op.pool, "%s?page=%" APR_INT64_T_FMT, anshin_portal_request_link(request, "/history"),
                        page);
}

static void put_pager(anshin_portal_request_t *request, apr_int64_t page, apr_int64_t pages, apr_int64_t total)
{
    apr_int64_t first = total ? (page - 1) * PAGE_ENTRIES + 1 : 0;
    apr_int64_t last = page * PAGE_ENTRIES < total ? page * PAGE_ENTRIES : total;
    json_t *links = json_array();
    json_t *numbers = json_pack("{s:I, s:I, s:I, s:I, s:I}", "first", (json_int_t)first, "last", (json_int_t)last,
                                "total", (json_int_t)total, "page", (json_int_t)page, "pages", (json_int_t)pages);

    anshin_page_text(
        request->page, "range_text",
        anshin_texts_render(request->page->texts, request->page->language, "history.range", numbers, request->op.pool));
    anshin_page_text(
        request->page, "pages_text",
        anshin_texts_render(request->page->texts, request->page->language, "history.pages", numbers, request->op.pool));
    json_object_update(request->page->page, numbers);
    json_decref(numbers);
    for (apr_int64_t n = page - LINKS_AROUND; n <= page + LINKS_AROUND; n++) {
        if (n >= 1 && n <= pages) {
            anshin_page_append(request->page, links,
                               json_pack("{s:I, s:s, s:b}", "number", (json_int_t)n, "url", page_url(request, n),
                                         "current", n == page));
        }
    }
    anshin_page_flag(request->page, "many", pages > 1);
    anshin_page_put(request->page, request->page->page, "links", links);
    anshin_page_text(request->page, "previous_url", page > 1 ? page_url(request, page - 1) : NULL);
    anshin_page_text(request->page, "next_url", page < pages ? page_url(request, page + 1) : NULL);
}

/* The page asked for; anything that is no number is the first. */
static apr_int64_t wanted_page(const anshin_portal_request_t *request)
{
    const char *text = anshin_form_get(request->query, "page");

    return text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10 ? apr_atoi64(text) : 1;
}

int anshin_page_history_get(anshin_portal_request_t *request)
{
    apr_interval_time_t window = request->op.contract->policy.history_window;
    const anshin_member_t member = anshin_member_of(request);
    list_t list = {.request = request, .rows = json_array()};
    anshin_history_page_t page = {
        .since = request->op.now - window, .entries = PAGE_ENTRIES, .number = wanted_page(request), .pages = 1};
    apr_status_t status = anshin_member_terminals(&request->op, &member, &list.terminals);

    if (status == APR_SUCCESS) {
        status = anshin_member_history(&request->op, &member, &page, put_entry, &list);
    }
    anshin_page_put(request->page, request->page->page, "entries", list.rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "history");
    }
    put_pager(request, page.number, page.pages, page.total);
    anshin_page_text(request->page, "window_text",
                     anshin_page_say_number(request->page, "history.window", "days", apr_time_sec(window) / 86400));
    return anshin_response_page(request, "history", HTTP_OK);
}
