/*
 * Owners: see owner.h.
 */
#include "core/store/owner.h"

#include <string.h>

#include <apr_strings.h>

static const char *text_member(const anshin_record_type_t *type, const void *record, const char *name)
{
    const char *text = NULL;

    for (apr_size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            memcpy(&text, (const char *)record + type->fields[i].offset, sizeof(text));
        }
    }
    return text;
}

/* Of CONTRACT/USER, or CONTRACT/USER/... */
static void owner_of_key(anshin_owner_t *owner, const anshin_record_type_t *type, const char *key, apr_pool_t *pool)
{
    apr_size_t contract = strcspn(key, "/");
    const char *user = key[contract] == '/' ? key + contract + 1 : "";
    apr_size_t length = strcspn(user, "/");

    owner->name = apr_pstrmemdup(pool, key, contract + 1 + length);
    if (length == 0) {
        *owner = (anshin_owner_t){ANSHIN_RANK_SELF, apr_pstrcat(pool, type->name, " ", owner->name, NULL)};
    } else {
        owner->rank = user[0] == '@' ? ANSHIN_RANK_ADDRESS + (int)length : ANSHIN_RANK_USER;
    }
}

void anshin_owner_of(anshin_owner_t *owner, const anshin_record_type_t *type, const char *key, const void *record,
                     apr_pool_t *pool)
{
    static const char series[] = "history/";
    const char *contract;
    const char *user;

    *owner = (anshin_owner_t){ANSHIN_RANK_NONE, NULL};
    switch (type->owning) {
    case ANSHIN_OWNER_NONE:
        return;
    case ANSHIN_OWNER_SELF:
        *owner = (anshin_owner_t){ANSHIN_RANK_SELF, apr_pstrcat(pool, type->name, " ", key, NULL)};
        return;
    case ANSHIN_OWNER_KEY:
        /* By number: a shared object has declarations of its own, at other addresses. */
        if (type->number != anshin_record_sequence.number) {
            owner_of_key(owner, type, key, pool);
        } else if (strncmp(key, series, sizeof(series) - 1) == 0) {
            owner_of_key(owner, type, key + sizeof(series) - 1, pool);
        }
        return;
    case ANSHIN_OWNER_MEMBER:
        contract = record != NULL ? text_member(type, record, "contract") : NULL;
        user = record != NULL ? text_member(type, record, "user") : NULL;
        if (contract != NULL && user != NULL) {
            *owner = (anshin_owner_t){ANSHIN_RANK_USER, apr_pstrcat(pool, contract, "/", user, NULL)};
        }
        return;
    }
}
