/*
 * What was unpacked, checked from within before it becomes the state directory. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_RESTORED_H
#define ANSHIN_HTANSHIN_BACKUP_RESTORED_H

#include "htanshin/backup/stage.h"
#include "htanshin/command.h"
#include "runtime/state_dir.h"

/* As the worker's user, in a process of its own: the MACs of the backup and (keys, or NULL) of the keys that came
 * apart; then the store, each record of it; its trail is cut where the store's head is; sessions end; the trail hears
 * of it. What is told goes into call->result, an object. APR_SUCCESS; ANSHIN_EINVALID (another key's, changed, or
 * broken); ANSHIN_EFAULT. */
apr_status_t anshin_restored_store(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners,
                                   const anshin_staged_t *staged, const anshin_staged_t *keys);

/* As the signer's user, in a process of its own: each key of a CA in ca/ belongs to its certificate; one that is
 * missing, or is encrypted, is told. Answers as above. */
apr_status_t anshin_restored_ca(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners);

#endif
