/*
 * The index of search in part (ROL-2): people (people.h) in the memory of a process, brought up to date by what has
 * changed in the store (anshin_txn_changes()), so that it finds what a walk through the store would find, in the same
 * transaction.
 *
 * Nothing is written for it: no login, registration or import pays for it, and nothing lies on a disk that did not lie
 * there before. What it costs: the first search of a process is a walk, which fills it; at most
 * ANSHIN_DESK_INDEX_MOST octets of memory, beyond which there is none and search walks; and a thread, which keeps it up
 * with the store while somebody searches (a store knows what has changed for some minutes only), and gives its memory
 * back ANSHIN_DESK_INDEX_IDLE after the last search.
 *
 * A store that several machines share (PostgreSQL) cannot tell what has changed. There a walk serves all searches of
 * the next ANSHIN_DESK_INDEX_FRESH, so that not each key that is typed costs one: whoever was added or named anew since
 * is found in part that much later. What is shown of those found, and who may see them, is read as it is now.
 */
#ifndef ANSHIN_CORE_DESK_INDEX_H
#define ANSHIN_CORE_DESK_INDEX_H

#include "core/context/op.h"
#include "core/desk/people.h"

#define ANSHIN_DESK_INDEX_MOST ((apr_size_t)64 << 20) /* some 490,000 users (people.h) */
#define ANSHIN_DESK_INDEX_IDLE apr_time_from_sec(3600)
#define ANSHIN_DESK_INDEX_FRESH apr_time_from_sec(2)

typedef struct anshin_desk_index_t anshin_desk_index_t;

/* Begin, with nothing in it, over the store of env; pool's cleanup ends it, before that of the store. APR_SUCCESS,
 * ANSHIN_EFAULT. */
apr_status_t anshin_desk_index_open(anshin_desk_index_t **index, const anshin_env_t *env, apr_size_t most,
                                    anshin_error_t *err, apr_pool_t *pool);

/* Somebody is about to search: fill it meanwhile. NULL: nothing happens. */
void anshin_desk_index_want(anshin_desk_index_t *index);

/* Users in it, and octets that it holds. */
void anshin_desk_index_size(anshin_desk_index_t *index, apr_size_t *users, apr_size_t *octets);

/* In a read transaction of op's, with which index is brought up to date if the store can tell: call visit for everyone
 * who has part (in the form of people.h) in ID, name, organisation or an address. visit may read in that transaction.
 * Anything but APR_SUCCESS from visit ends it and is returned.
 * ANSHIN_ENOTFOUND, with nothing visited: walk; index is NULL, there are too many users, or others have it for too
 * long. ANSHIN_EBUSY, ANSHIN_EFAULT. */
typedef apr_status_t anshin_desk_index_visit_fn(void *baton, anshin_op_t *op, anshin_txn_t *txn,
                                                const anshin_person_t *person);
apr_status_t anshin_desk_index_search(anshin_desk_index_t *index, anshin_op_t *op, const char *part,
                                      anshin_desk_index_visit_fn *visit, void *baton);

#endif
