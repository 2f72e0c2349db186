/*
 * Everything of one user that an operator may see, read in one transaction, so that the parts belong together. No
 * secret and no hash of one is among it.
 */
#ifndef ANSHIN_CORE_ADMIN_PARTICULARS_H
#define ANSHIN_CORE_ADMIN_PARTICULARS_H

#include "core/account/account.h"
#include "core/account/lockout.h"

typedef struct anshin_terminal_facts_t {
    anshin_terminal_t terminal;
    int has_certificate;              /* its record is there */
    anshin_certificate_t certificate; /* with has_certificate */
    int has_renewing;                 /* the record of the one that is to follow it is there */
    anshin_certificate_t renewing;    /* with has_renewing */
    int has_download;                 /* one is there, waiting or over */
    apr_time_t download_until;        /* with has_download */
    int download_made;                /* with has_download: its certificate is there, and not only on its way */
    anshin_lock_t download_lock;      /* with has_download */
} anshin_terminal_facts_t;

typedef struct anshin_particulars_t {
    anshin_account_t account;
    apr_time_t registration_until; /* of an account that is pending; 0: there is no invitation */
    anshin_lock_t registration_lock;
    anshin_lock_t lock;             /* of the account (LCK-2) */
    anshin_lock_t lost_device_lock; /* of answers behind the link of a lost device */
    unsigned locked; /* all that the operator's unlock opens, of downloads as well: bits 1 << anshin_counter_kind_t */
    int sessions;
    apr_array_header_t *terminals; /* of anshin_terminal_facts_t, in the account's order */
} anshin_particulars_t;

/* user is canonical. A read transaction of its own; what it found is in op's pool. Answers of anshin_account_get(); a
 * terminal that the account names and that cannot be read is ANSHIN_EFAULT. */
apr_status_t anshin_particulars_get(anshin_op_t *op, const char *user, anshin_particulars_t *particulars);

#endif
