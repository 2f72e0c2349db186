/*
 * What a process may do: limits, descriptors, system calls (S30). Whom it becomes: runtime/privilege.h.
 */
#ifndef ANSHIN_CA_PROCESS_H
#define ANSHIN_CA_PROCESS_H

#include "core/base/anshin.h"

/* No core dump and no debugger may show a key; call it after anshin_privilege_drop(), which undoes a part.
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_hide(anshin_error_t *err);

/* Programs that are started from now on gain no rights by set-user-ID. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_confine(anshin_error_t *err);

/* Whatever the parent left open beyond the standard three is closed. */
void anshin_process_close_inherited(void);

#endif
