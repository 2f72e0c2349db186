/*
 * Machines that share a store share the seal key: what one seals the others open, and all of them file links under the
 * same MAC. One that has another key could use nothing of the others, and they nothing of its own, so that it is
 * refused.
 *
 * The fact "shared-key" holds the ID of the present key (rotation.h). When the key was changed it follows, by whoever
 * opens the store next and has both.
 */
#ifndef ANSHIN_CORE_KEEPING_SHARED_KEY_H
#define ANSHIN_CORE_KEEPING_SHARED_KEY_H

#include "core/context/op.h"

/* Once in every process, when it has opened its store; nothing is looked at where no other machine has it.
 * ANSHIN_EDENIED: our seal key is another one; ANSHIN_EBUSY, ANSHIN_EFAULT. err tells why; NULL: nobody asks. */
apr_status_t anshin_shared_key_check(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool);

#endif
