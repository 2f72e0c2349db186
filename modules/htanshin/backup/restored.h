/*
 * What was unpacked, checked from within before it becomes the state directory. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_RESTORED_H
#define ANSHIN_HTANSHIN_BACKUP_RESTORED_H

#include "core/keeping/store_check.h"
#include "htanshin/backup/stage.h"
#include "htanshin/command.h"
#include "runtime/state_dir.h"

/* What of a store cannot be read, into an answer: how much, and the first of it. */
#define ANSHIN_DAMAGE_TEXTS 5
void anshin_damage_tell(json_t *result, const anshin_store_findings_t *findings, apr_pool_t *pool);

/* In a process of its own, which stays who it is, since all of it is root's alone yet: the MACs of the backup and
 * (keys, or NULL) of the keys that came apart, by the seal key, the one file that is opened. APR_SUCCESS;
 * ANSHIN_EINVALID (another key's, or changed); ANSHIN_EFAULT. */
apr_status_t anshin_restored_macs(anshin_call_t *call, const char *directory, const anshin_staged_t *staged,
                                  const anshin_staged_t *keys);

/* As the worker's user, in a process of its own: the store, each record of it; its trail is cut where the store's head
 * is; sessions end; the trail hears of it. What is told goes into call->result, an object. APR_SUCCESS;
 * ANSHIN_EINVALID (damaged, and despite 0); ANSHIN_EFAULT. */
apr_status_t anshin_restored_store(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners,
                                   const anshin_staged_t *staged, int despite);

/* As the signer's user, in a process of its own: each key of a CA in ca/ belongs to its certificate; one that is
 * missing, or is encrypted, is told. Answers as above. */
apr_status_t anshin_restored_ca(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners);

#endif
