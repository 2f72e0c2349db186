/*
 * What lies sealed in the store until the worker takes it: the text of a mail, and what somebody typed to have a
 * credential reissued. Sealed by us as it may be, with anything inside. What is no such thing is a fault with a cause,
 * and keeps its job; what is one comes out as it went in.
 *
 * An octet: 0 a mail, else a request; then what was sealed.
 */
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/context/secret.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"
#include "core/selfservice/reissue.h"
#include "store/store_mem.h"
#include "core/mail/mail_format.h"
#include "core/selfservice/reissue_request.h"

#define WORKER "fuzz"

/* The text of a member when it is one. */
static const char *text_of(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* What was sealed is what json_dumps() makes; NULL: it is something else. */
static json_t *read_sealed(const uint8_t *data, size_t size)
{
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char *again = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    if (again == NULL || strlen(again) != size || memcmp(again, data, size) != 0) {
        json_decref(json);
        json = NULL;
    }
    free(again);
    return json;
}

static int is_facts(const json_t *json)
{
    const json_t *language = json_object_get(json, "language");

    return json_object_size(json) == 5 + (language != NULL) && text_of(json, "kind") != NULL &&
           text_of(json, "user") != NULL && text_of(json, "to") != NULL && text_of(json, "domain") != NULL &&
           (language == NULL || json_is_null(language) || json_is_string(language)) &&
           json_is_object(json_object_get(json, "data"));
}

static int is_mail(const json_t *json)
{
    return json_object_size(json) == 4 && text_of(json, "from") != NULL && text_of(json, "to") != NULL &&
           text_of(json, "subject") != NULL && text_of(json, "body") != NULL;
}

static void check_mail(anshin_op_t *op, const char *blob, const uint8_t *data, size_t size)
{
    json_t *json = read_sealed(data, size);
    anshin_mail_t mail = {.contract = "p-01", .user = "taro", .kind = "any", .blob = blob};
    anshin_mail_text_t text;
    const char *message;
    apr_size_t length;
    apr_status_t status = anshin_mail_open(op, &mail, &text);

    /* Facts are of no kind that has a template here. */
    require(is_facts(json) ? status == ANSHIN_EINVALID || status == ANSHIN_EFAULT
                           : status == (is_mail(json) ? APR_SUCCESS : ANSHIN_EFAULT));
    require((status == APR_SUCCESS) == (op->error.text[0] == '\0'));
    if (status == APR_SUCCESS) {
        require(strcmp(text.from, text_of(json, "from")) == 0 && strcmp(text.to, text_of(json, "to")) == 0);
        require(strcmp(text.subject, text_of(json, "subject")) == 0 && strcmp(text.body, text_of(json, "body")) == 0);
        status = anshin_mail_format(op, "0123456789abcdef0123456789abcdef", &text, &message, &length);
        require(status == APR_SUCCESS || op->error.text[0] != '\0');
    }
    json_decref(json);
}

static void add_job(anshin_op_t *op, const char *blob, anshin_job_t *job, const char **key)
{
    anshin_job_t wanted = {.kind = ANSHIN_JOB_PASSWORD_REQUEST, .blob = blob};
    anshin_txn_t *txn;
    apr_time_t wake;

    require(anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool) == APR_SUCCESS);
    require(anshin_txn_end(txn, anshin_job_add(op, txn, &wanted), ANSHIN_DURABLE) == APR_SUCCESS);
    require(anshin_job_claim(op, WORKER, job, key, &wake) == APR_SUCCESS);
}

static apr_int64_t jobs(anshin_op_t *op)
{
    anshin_txn_t *txn;
    apr_int64_t count;

    require(anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_READ, &op->error, op->pool) == APR_SUCCESS);
    require(anshin_jobs_requests(op, txn, 100, &count) == APR_SUCCESS);
    anshin_txn_abort(txn);
    return count;
}

/* Nobody has an account here: who is not known gets nothing, and it ends there. */
static void check_request(anshin_op_t *op, const char *blob, const uint8_t *data, size_t size)
{
    json_t *json = read_sealed(data, size);
    int good = text_of(json, "user") != NULL && text_of(json, "address") != NULL;
    anshin_job_t job;
    anshin_bytes_t left;
    anshin_txn_t *txn;
    const char *key;
    apr_status_t status;

    add_job(op, blob, &job, &key);
    status = anshin_reissue_process(op, &job, key, WORKER);
    require(status == (good ? APR_SUCCESS : ANSHIN_EFAULT) && (good || op->error.text[0] != '\0'));
    require(jobs(op) == (good ? 0 : 1));
    require(anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_READ, &op->error, op->pool) == APR_SUCCESS);
    status = anshin_txn_blob_get(txn, blob, &left);
    anshin_txn_abort(txn);
    require(status == (good ? ANSHIN_ENOTFOUND : APR_SUCCESS));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_op_t *op = fuzz_op(pool);
    anshin_env_t env = *op->env;
    int request = size > 0 && data[0] != 0;
    anshin_txn_t *txn;
    const char *blob;

    data += size > 0;
    size -= size > 0;
    require(anshin_store_open(&env.store, &anshin_store_mem, "", &op->error, pool) == APR_SUCCESS);
    op->env = &env;
    require(anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool) == APR_SUCCESS &&
            anshin_secret_blob_put(op, txn, &blob, request ? "reissue" : "mail", data, size) == APR_SUCCESS &&
            anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS);
    (request ? check_request : check_mail)(op, blob, data, size);
    return 0;
}
