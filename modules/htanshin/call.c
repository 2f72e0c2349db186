/*
 * What a command works on: the same snapshot and store as the modules and the worker.
 */
#include "htanshin/call.h"

#include <string.h>

#include <apr_strings.h>

#include "htanshin/language/language.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "runtime/config_file.h"
#include "runtime/open.h"

apr_status_t anshin_call_config(anshin_call_t *call)
{
    anshin_error_t *err = &call->op.error;
    apr_status_t status;

    if (call->config != NULL) {
        return APR_SUCCESS;
    }
    status = anshin_config_file_read(&call->config, call->state_dir, err, call->pool);
    if (status == ANSHIN_EINVALID) {
        err->status = status = ANSHIN_EFAULT;
    }
    return status;
}

apr_status_t anshin_call_missing(anshin_call_t *call, apr_status_t status, const char *kind, const char *name)
{
    if (status == ANSHIN_ENOTFOUND && call->op.contract == NULL) {
        return anshin_fail(&call->op.error, status, "AN1858", "there is no %s %s", kind, name);
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0840", "contract %s has no %s %s", call->op.contract->name, kind,
                           name);
    }
    return status;
}

void anshin_call_tell_of(const anshin_call_t *call, apr_status_t status, const char *of)
{
    const anshin_error_t *error = &call->op.error;
    const char *text = error->text[0] != '\0' ? error->text : anshin_status_name(status);
    const char *said = call->said != NULL       ? call->said
                       : error->text[0] != '\0' ? anshin_say_error(error, call->pool)
                                                : anshin_say(text);
    const char *id = error->text[0] != '\0' ? error->id : "AN0891";
    json_t *object;

    if (!call->json) {
        fprintf(stderr, "htanshin: %s%s%s (%s)\n", anshin_text_clean(of, call->pool), of[0] != '\0' ? ": " : "",
                anshin_text_clean(said, call->pool), id);
        return;
    }
    object = json_object();
    anshin_result_text(object, "error", id, call->pool);
    anshin_result_text(object, "status", anshin_status_name(status), call->pool);
    anshin_result_text(object, "text", of[0] != '\0' ? apr_pstrcat(call->pool, of, ": ", text, NULL) : text,
                       call->pool);
    (void)anshin_print_json(stderr, object, JSON_COMPACT); /* there is nowhere else to tell it */
    fputc('\n', stderr);
    json_decref(object);
}

void anshin_call_tell(const anshin_call_t *call, apr_status_t status)
{
    anshin_call_tell_of(call, status, call->where != NULL ? call->where : "");
}

const char *anshin_call_line(const anshin_call_t *call, int number, apr_pool_t *pool)
{
    return apr_psprintf(pool, call->json ? "line %d" : anshin_say("line %d"), number);
}

void anshin_call_tell_database(const anshin_call_t *call)
{
    if (!anshin_open_store_is_local(&call->config->server)) {
        anshin_result_text(call->result, "stays_in_database",
                           "dead rows of its tables, its write-ahead log, replicas and copies have what was erased "
                           "until they go; VACUUM FULL makes the tables anew",
                           call->pool);
    }
}
