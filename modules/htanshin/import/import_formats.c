/*
 * The forms in which a file of users comes: see import_formats.h.
 */
#include "htanshin/import/import_formats.h"

#include "htanshin/import/import_htdbm.h"
#include "htanshin/import/import_htpasswd.h"
#include "htanshin/import/import_keycloak.h"
#include "htanshin/import/import_ldif.h"

const anshin_word_t anshin_import_format_words[] = {
    {"csv", ANSHIN_IMPORT_CSV},   {"htpasswd", ANSHIN_IMPORT_HTPASSWD}, {"htdbm", ANSHIN_IMPORT_HTDBM},
    {"ldif", ANSHIN_IMPORT_LDIF}, {"keycloak", ANSHIN_IMPORT_KEYCLOAK}, {NULL, 0}};

static apr_status_t next_csv(void *reader, anshin_import_record_t *record, anshin_error_t *err, apr_pool_t *pool)
{
    return anshin_import_records_next(reader, record, err, pool);
}

static apr_status_t open_csv(anshin_import_source_t *source, int skip, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_import_records_t *records = NULL;
    apr_status_t status = anshin_import_records_open(&records, source->text, skip, err, pool);

    source->reader = records;
    source->next = next_csv;
    source->fixed = 0;
    return status;
}

apr_status_t anshin_import_source_open(anshin_import_source_t *source, anshin_call_t *call,
                                       anshin_import_format_t format, anshin_import_encoding_t encoding, int skip,
                                       apr_pool_t *pool)
{
    anshin_error_t *err = &call->op.error;
    apr_status_t status = APR_SUCCESS;

    *source = (anshin_import_source_t){.fixed = 1};
    if (format != ANSHIN_IMPORT_HTDBM && format != ANSHIN_IMPORT_KEYCLOAK) {
        status = anshin_import_text_open(&source->text, call->input, encoding, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    switch (format) {
    case ANSHIN_IMPORT_CSV:
        return open_csv(source, skip, err, pool);
    case ANSHIN_IMPORT_HTPASSWD:
        source->reader = source->text;
        source->next = anshin_import_htpasswd_next;
        return APR_SUCCESS;
    case ANSHIN_IMPORT_HTDBM:
        source->reader = anshin_import_htdbm_open(call->dbm, pool);
        source->next = anshin_import_htdbm_next;
        return APR_SUCCESS;
    case ANSHIN_IMPORT_LDIF:
        source->reader = source->text;
        source->next = anshin_import_ldif_next;
        return APR_SUCCESS;
    case ANSHIN_IMPORT_KEYCLOAK:
        source->next = anshin_import_keycloak_next;
        return anshin_import_keycloak_open(&source->reader, call->input, err, pool);
    }
    return ANSHIN_EFAULT;
}

apr_status_t anshin_import_source_next(anshin_import_source_t *source, anshin_import_record_t *record,
                                       anshin_error_t *err, apr_pool_t *pool)
{
    return source->next(source->reader, record, err, pool);
}
