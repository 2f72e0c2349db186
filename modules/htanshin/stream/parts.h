/*
 * Records gone through in the order of their keys, in parts (core/base/first_keys.h). Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_STREAM_PARTS_H
#define ANSHIN_HTANSHIN_STREAM_PARTS_H

#include "core/store/store.h"
#include "htanshin/command.h"

/* Which records, and what to do with each. */
typedef struct anshin_parts_t {
    const anshin_record_type_t *type;
    const char *prefix;                                              /* of their keys; "": any */
    int (*wanted)(void *baton, const char *key, const void *record); /* as the walk finds it */

    /* As it is when its turn comes; its memory and the call's pool are emptied after it. */
    apr_status_t (*visit)(anshin_call_t *call, void *baton, const char *key, const void *record);
    void *baton;
} anshin_parts_t;

/* All of them; one that is gone meanwhile is passed over. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT, and answers of
 * visit. */
apr_status_t anshin_parts_each(anshin_call_t *call, const anshin_parts_t *parts);

#endif
