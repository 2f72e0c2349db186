/* What is done by a child of the command comes back whole, however long it is (htanshin/child.h). */
#include <apr_general.h>
#include <unistd.h>

#include "htanshin/child.h"
#include "unit/tap.h"

#define ROWS 2000
#define TEXT \
    "p-01/a-user-with-a-name-of-sixty-four-signs-as-they-may-have-at-the-most-: the password's hash of another system"

static apr_status_t tell_much(void *baton, json_t *told)
{
    json_t *rows = json_array();

    for (int i = 0; i < *(const int *)baton; i++) {
        json_array_append_new(rows, json_string(TEXT));
    }
    json_object_set_new(told, "known", rows);
    return APR_SUCCESS;
}

static apr_status_t fail(void *baton, json_t *told)
{
    json_object_set_new(told, "known", json_true());
    return anshin_fail(baton, ANSHIN_ECONFLICT, "AN0001", "it was taken");
}

int main(void)
{
    anshin_call_t call = {.command = NULL};
    int rows = ROWS;

    apr_initialize();
    apr_pool_create(&call.pool, NULL);
    call.result = json_object();
    ok(anshin_child_run(&call, (uid_t)-1, (gid_t)-1, tell_much, &rows) == APR_SUCCESS &&
           json_array_size(json_object_get(call.result, "known")) == ROWS,
       "BAK-2: an answer of %d rows is whole: %s", ROWS, call.op.error.text);
    anshin_error_clear(&call.op.error);
    ok(anshin_child_run(&call, (uid_t)-1, (gid_t)-1, fail, &call.op.error) == ANSHIN_ECONFLICT &&
           same_text(call.op.error.text, "it was taken"),
       "a failure comes back as one");
    json_decref(call.result);
    apr_pool_destroy(call.pool);
    apr_terminate();
    return done();
}
