/*
 * The page behind the login that belongs to the portal itself: who is logged in, how, and since when not.
 */
#include <apr_strings.h>

#include "core/account.h"
#include "portal/member.h"
#include "portal/route.h"

/* How long the password may still be used, when that is worth a word (LOG-6). */
static apr_status_t put_days_left(anshin_exchange_t *x)
{
    anshin_account_t account;
    const anshin_member_t member = anshin_member_of(x);
    apr_status_t status = anshin_member_read(&x->op, &member, &account);
    int days = status == APR_SUCCESS ? anshin_password_days_left(&x->op, &account) : -1;

    if (days >= 0) {
        anshin_page_text(x->page, "days_left_text", anshin_page_say_number(x->page, "home.days_left", "days", days));
        if (ANSHIN_HAS(x->op.contract->policy.functions, ANSHIN_FUNCTION_PASSWORD)) {
            anshin_page_text(x->page, "password_url", anshin_exchange_link(x, "/password"));
        }
    }
    return status;
}

int anshin_home_get(anshin_exchange_t *x)
{
    apr_time_t at = x->session.login_before_at;
    apr_status_t status = put_days_left(x);

    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "account");
    }
    anshin_page_text(x->page, "method_text", anshin_words_method(x, x->session.method));
    anshin_page_text(x->page, "site_url", x->op.contract->policy.site_url);
    if (at != 0) {
        anshin_page_text(x->page, "last_login_text", anshin_page_time(x->page, at));
    }
    return anshin_answer_page(x, "home", HTTP_OK);
}
