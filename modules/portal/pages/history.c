/*
 * Login history (ACC-4): pages of the last month, newest first, or the failures among them; and what to do about an
 * entry that its user does not know.
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/account/account.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

#define PAGE_ENTRIES 20
#define FAILED_ENTRIES 100
#define LINKS_AROUND 3 /* page numbers shown on either side of the current one */

typedef struct list_t {
    anshin_portal_request_t *request;
    json_t *days;
    json_t *rows; /* of the last of them */
    const char *day;
    apr_array_header_t *terminals;
} list_t;

static const char *day_of(const anshin_portal_request_t *request, apr_time_t time)
{
    return anshin_date_text(time, request->page->language, ANSHIN_DATE_DAY, request->op.pool);
}

/* A head of its own for what happened on another day than the entry before. */
static void put_day(list_t *list, apr_time_t at)
{
    anshin_portal_request_t *request = list->request;
    const char *day = day_of(request, at);
    const char *word = NULL;
    json_t *object;

    if (list->day != NULL && strcmp(list->day, day) == 0) {
        return;
    }
    list->day = day;
    if (strcmp(day, day_of(request, request->op.now)) == 0) {
        word = "history.today";
    } else if (strcmp(day, day_of(request, request->op.now - apr_time_from_sec(86400))) == 0) {
        word = "history.yesterday";
    }
    list->rows = json_array();
    object = json_pack("{s:s, s:s*, s:O}", "day_text", day, "word",
                       word != NULL ? anshin_page_say(request->page, word) : NULL, "entries", list->rows);
    anshin_page_append(request->page, list->days, object);
    json_decref(list->rows); /* the day has it */
}

/* What an entry says, but for its time. */
static json_t *entry_row(anshin_portal_request_t *request, const anshin_history_t *entry)
{
    const char *key = apr_pstrcat(request->op.pool, "history.", anshin_history_result_name(entry->result), NULL);
    const anshin_history_mark_t mark = anshin_history_mark(entry->result);
    json_t *row = json_pack("{s:s, s:s*, s:b, s:b}", "result_text", anshin_page_say(request->page, key), "client",
                            entry->client, "good", mark == ANSHIN_MARK_GOOD, "failed", mark == ANSHIN_MARK_FAILED);

    anshin_page_long(request->page, row, "address", entry->address);
    return row;
}

static apr_status_t put_entry(void *baton, const anshin_history_t *entry)
{
    list_t *list = baton;
    anshin_portal_request_t *request = list->request;
    json_t *row = entry_row(request, entry);

    put_day(list, entry->at);
    anshin_page_moment(request->page, row, "at", entry->at, ANSHIN_DATE_CLOCK);
    anshin_page_put(request->page, row, "unknown_url",
                    json_string(apr_psprintf(request->op.pool, "%s?at=%" APR_TIME_T_FMT,
                                             anshin_portal_request_link(request, "/history/unknown"), entry->at)));
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

/* A number of the address; 0: there is none. */
static apr_int64_t asked(const anshin_portal_request_t *request, const char *name)
{
    const char *text = anshin_form_get(request->query, name);

    return text && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 18 ? apr_atoi64(text) : 0;
}

static void put_failed(anshin_portal_request_t *request, const anshin_history_page_t *page)
{
    anshin_page_text(request->page, "range_text",
                     anshin_page_say_number(request->page, "history.failures", "total", (int)page->total));
}

int anshin_page_history_get(anshin_portal_request_t *request)
{
    apr_interval_time_t window = request->op.contract->policy.history_window;
    const anshin_member_t member = anshin_member_of(request);
    const char *only = anshin_form_get(request->query, "only");
    const int failed = only != NULL && strcmp(only, "failed") == 0;
    list_t list = {.request = request, .days = json_array()};
    anshin_history_page_t page = {.since = request->op.now - window,
                                  .entries = failed ? FAILED_ENTRIES : PAGE_ENTRIES,
                                  .number = asked(request, "page"),
                                  .pages = 1,
                                  .failed = failed};
    apr_status_t status = anshin_member_terminals(&request->op, &member, &list.terminals);

    if (status == APR_SUCCESS) {
        status = anshin_member_history(&request->op, &member, &page, put_entry, &list);
    }
    anshin_page_put(request->page, request->page->page, "days", list.days);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "history");
    }
    if (failed) {
        put_failed(request, &page);
    } else {
        put_pager(request, page.number, page.pages, page.total);
    }
    anshin_page_flag(request->page, "only_failed", failed);
    anshin_page_text(request->page, "all_url", anshin_portal_request_link(request, "/history"));
    anshin_page_text(
        request->page, "failed_url",
        apr_pstrcat(request->op.pool, anshin_portal_request_link(request, "/history"), "?only=failed", NULL));
    anshin_page_text(request->page, "window_text",
                     anshin_page_say_number(request->page, "history.window", "days", apr_time_sec(window) / 86400));
    return anshin_response_page(request, "history", HTTP_OK);
}

/* What helps, as far as the contract has it. */
static void put_ways(anshin_portal_request_t *request)
{
    const anshin_policy_t *policy = &request->op.contract->policy;
    const int lost = ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOST_DEVICE) &&
                     ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_ACCOUNT) &&
                     request->session.method == ANSHIN_METHOD_CERTIFICATE;

    anshin_page_text(request->page, "sessions_url", anshin_portal_request_link(request, "/sessions"));
    anshin_page_text(request->page, "password_url",
                     ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_PASSWORD)
                         ? anshin_portal_request_link(request, "/password")
                         : NULL);
    anshin_page_text(request->page, "account_url", lost ? anshin_portal_request_link(request, "/account") : NULL);
    anshin_page_text(request->page, "lock_url",
                     ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOCK)
                         ? anshin_portal_request_link(request, "/history/lock")
                         : NULL);
    anshin_page_text(request->page, "back_url", anshin_portal_request_link(request, "/history"));
}

/* An entry that is gone meanwhile is no reason to say nothing: the ways stay. */
int anshin_page_history_unknown_get(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    const anshin_history_t *entry;
    apr_status_t status = anshin_member_history_entry(&request->op, &member, asked(request, "at"), &entry);

    if (status == APR_SUCCESS) {
        json_t *row = entry_row(request, entry);
        anshin_page_moment(request->page, row, "at", entry->at, ANSHIN_DATE_TABLE);
        anshin_page_put(request->page, request->page->page, "entry", row);
    } else if (status != ANSHIN_ENOTFOUND) {
        return anshin_member_failure(request, status, "history entry");
    }
    put_ways(request);
    return anshin_response_page(request, "history-unknown", HTTP_OK);
}
