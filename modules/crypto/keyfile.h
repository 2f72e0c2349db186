/*
 * The seal key file: ANSHIN_SEAL_KEY_BYTES octets, mode 0640 or narrower.
 */
#ifndef ANSHIN_CRYPTO_KEYFILE_H
#define ANSHIN_CRYPTO_KEYFILE_H

#include "core/base/anshin.h"

#define ANSHIN_SEAL_KEY_BYTES 32

/* Behind the name of the key file: the one to come, and the one that was before (core/keeping/rotation.h). */
#define ANSHIN_SEAL_KEY_NEW ".new"
#define ANSHIN_SEAL_KEY_OLD ".old"

/* Make a seal key file, mode 0640, of this group (-1: as its directory gives it), on disk when this returns. A file
 * that is there already is left alone, whatever is in it, and is APR_SUCCESS; anything else is ANSHIN_EFAULT. Of
 * several callers at once one makes it. */
apr_status_t anshin_seal_key_create(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool);

/* The caller wipes key. APR_SUCCESS; ANSHIN_ENOTFOUND (no file); ANSHIN_EINVALID (no regular file, wider than 0640, of
 * another size, nothing but zeros); ANSHIN_EFAULT. */
apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err);

/* The same of a name in an open directory. */
apr_status_t anshin_seal_key_read_in(int directory, unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *name,
                                     anshin_error_t *err);

/* Take away the second names of key files that whoever was killed left: at any time, also while others make one.
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_seal_key_tidy(const char *path, anshin_error_t *err, apr_pool_t *pool);

/* The steps of a rotation: each does what is not done yet, so that all of them may be done again wherever they were
 * broken off. One at a time: the caller sees to that. Announce: the new key is there, durable. Change: the present key
 * is the old one, and the new one the present one; at no moment is a key away that something is sealed with. Forget:
 * the old one is wiped, and drafts of whoever was killed.
 * APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EINVALID (a file of a key is none); ANSHIN_ECONFLICT: an old key is still there,
 * of change: and another one than the present key; ANSHIN_ENOTFOUND of change: none was announced. */
apr_status_t anshin_seal_key_announce(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_seal_key_change(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_seal_key_forget(const char *path, anshin_error_t *err, apr_pool_t *pool);

/* How far a rotation is, by the files alone. */
typedef enum anshin_seal_key_stage_t {
    ANSHIN_SEAL_KEY_ALONE,     /* there is one key */
    ANSHIN_SEAL_KEY_ANNOUNCED, /* the new one is there, and nothing sealed with it */
    ANSHIN_SEAL_KEY_CHANGED,   /* it is in use, the old one still there */
    ANSHIN_SEAL_KEY_GOING      /* nobody takes the old one any more, and it is not wiped: forget does that */
} anshin_seal_key_stage_t;
anshin_seal_key_stage_t anshin_seal_key_stage(const char *path, apr_pool_t *pool);

#endif
