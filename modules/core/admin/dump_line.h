/*
 * The lines of a dump (dump.h), as JSON: what is read of them is what was written.
 */
#ifndef ANSHIN_CORE_ADMIN_DUMP_LINE_H
#define ANSHIN_CORE_ADMIN_DUMP_LINE_H

#include <jansson.h>

#include "core/store/store.h"

/* A record: {"record":TYPE,"key":KEY,"fields":{NAME:VALUE...},"later":HEX}. Texts that are no UTF-8 are {"hex":HEX}.
 * New reference; NULL: no memory. */
json_t *anshin_dump_record(const anshin_record_type_t *type, const char *key, const void *record, apr_pool_t *pool);

/* What stands in such a line, in pool. NULL; or what is wrong with it, in English. */
const char *anshin_dump_read_record(const json_t *line, const anshin_record_type_t **type, const char **key,
                                    void **record, apr_pool_t *pool);

/* A blob: {"blob":NAME,"base64":TEXT}. */
json_t *anshin_dump_blob(const char *name, anshin_bytes_t data, apr_pool_t *pool);
const char *anshin_dump_read_blob(const json_t *line, const char **name, anshin_bytes_t *data, apr_pool_t *pool);

/* When a record is due, in microseconds since 1970: {"due":TYPE,"key":KEY,"at":WHEN}. */
json_t *anshin_dump_due(const anshin_record_type_t *type, const char *key, apr_time_t when, apr_pool_t *pool);
const char *anshin_dump_read_due(const json_t *line, const anshin_record_type_t **type, const char **key,
                                 apr_time_t *when, apr_pool_t *pool);

#endif
