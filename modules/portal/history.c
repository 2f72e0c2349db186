/*
 * Login history (ACC-4): pages of the last month, newest first.
 */
#include <apr_strings.h>
#include <stdlib.h>

#include "core/account.h"
#include "portal/member.h"
#include "portal/route.h"

#define PAGE_ENTRIES 20
#define LINKS_AROUND 3 /* page numbers shown on either side of the current one */

typedef struct list_t {
    anshin_exchange_t *x;
    json_t *rows;
} list_t;

static apr_status_t put_entry(void *baton, const anshin_history_t *entry)
{
    list_t *list = baton;
    anshin_exchange_t *x = list->x;
    const char *key = apr_pstrcat(x->op.pool, "history.", anshin_history_result_name(entry->result), NULL);
    char iso[APR_RFC822_DATE_LEN * 2];
    apr_time_exp_t utc;
    apr_size_t length;
    json_t *row;

    apr_time_exp_gmt(&utc, entry->at);
    apr_strftime(iso, &length, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &utc);
    row = json_pack("{s:s, s:s, s:s, s:s, s:b}", "at_text", anshin_page_time(x->page, entry->at), "at_iso", iso,
                    "address", entry->address ? entry->address : "", "result_text", anshin_page_say(x->page, key), "ok",
                    entry->result == ANSHIN_HISTORY_LOGIN_OK);
    if (entry->terminal) {
        anshin_page_put(x->page, row, "terminal_text",
                        json_string(anshin_page_say_number(x->page, "history.terminal", "number", entry->terminal)));
    }
    anshin_page_append(x->page, list->rows, row);
    return APR_SUCCESS;
}

static const char *page_url(anshin_exchange_t *x, apr_int64_t page)
{
    return apr_psprintf(x->op.pool, "%s?page=%" APR_INT64_T_FMT, anshin_exchange_link(x, "/history"), page);
}

static void put_pager(anshin_exchange_t *x, apr_int64_t page, apr_int64_t pages, apr_int64_t total)
{
    apr_int64_t first = total ? (page - 1) * PAGE_ENTRIES + 1 : 0;
    apr_int64_t last = page * PAGE_ENTRIES < total ? page * PAGE_ENTRIES : total;
    json_t *links = json_array();
    json_t *numbers = json_pack("{s:I, s:I, s:I, s:I, s:I}", "first", (json_int_t)first, "last", (json_int_t)last,
                                "total", (json_int_t)total, "page", (json_int_t)page, "pages", (json_int_t)pages);

    anshin_page_text(x->page, "range_text",
                     anshin_texts_render(x->page->texts, x->page->language, "history.range", numbers, x->op.pool));
    anshin_page_text(x->page, "pages_text",
                     anshin_texts_render(x->page->texts, x->page->language, "history.pages", numbers, x->op.pool));
    json_object_update(x->page->page, numbers);
    json_decref(numbers);
    for (apr_int64_t n = page - LINKS_AROUND; n <= page + LINKS_AROUND; n++) {
        if (n >= 1 && n <= pages) {
            anshin_page_append(
                x->page, links,
                json_pack("{s:I, s:s, s:b}", "number", (json_int_t)n, "url", page_url(x, n), "current", n == page));
        }
    }
    anshin_page_flag(x->page, "many", pages > 1);
    anshin_page_put(x->page, x->page->page, "links", links);
    anshin_page_text(x->page, "previous_url", page > 1 ? page_url(x, page - 1) : NULL);
    anshin_page_text(x->page, "next_url", page < pages ? page_url(x, page + 1) : NULL);
}

/* The page asked for; anything that is no number is the first. */
static apr_int64_t wanted_page(const anshin_exchange_t *x)
{
    const char *text = anshin_form_get(x->query, "page");

    return text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10 ? apr_atoi64(text) : 1;
}

int anshin_history_get(anshin_exchange_t *x)
{
    apr_interval_time_t window = x->op.contract->policy.history_window;
    const anshin_member_t member = anshin_member_of(x);
    list_t list = {x, json_array()};
    anshin_history_page_t page = {
        .since = x->op.now - window, .entries = PAGE_ENTRIES, .number = wanted_page(x), .pages = 1};
    apr_status_t status = anshin_member_history(&x->op, &member, &page, put_entry, &list);

    anshin_page_put(x->page, x->page->page, "entries", list.rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "history");
    }
    put_pager(x, page.number, page.pages, page.total);
    anshin_page_text(x->page, "window_text",
                     anshin_page_say_number(x->page, "history.window", "days", apr_time_sec(window) / 86400));
    return anshin_answer_page(x, "history", HTTP_OK);
}
