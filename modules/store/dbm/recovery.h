/*
 * Recovery: what the first process does that opens a store, and is alone with it.
 */
#ifndef ANSHIN_STORE_RECOVERY_H
#define ANSHIN_STORE_RECOVERY_H

#include "store/files/control.h"
#include "store/dbm/snapshot.h"

/* Under ANSHIN_LOCK_ALIVE, exclusive. Makes the store when the directory holds none; else finds out what is committed,
 * cuts off what is not, removes what is not needed, and begins the control page.
 * ANSHIN_EINVALID: the store was made with another type of base. ANSHIN_EFAULT: damaged, or the disk is. */
apr_status_t anshin_recovery_run(const anshin_store_place_t *place, anshin_control_t *control, anshin_error_t *err);

#endif
