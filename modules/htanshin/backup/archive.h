/*
 * A backup being written: a tar archive (POSIX ustar, plain files alone) on a descriptor. Private to the command.
 *
 * Its files, in this order:
 *   BACKUP           what it is, JSON (backup.h)
 *   the state directory's, by their names there
 *   SHA256SUMS       the sums of all before, as sha256sum(1) writes and checks them
 *   SHA256SUMS.mac   a MAC of that by the seal key: without the key nobody can make or change a backup
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_ARCHIVE_H
#define ANSHIN_HTANSHIN_BACKUP_ARCHIVE_H

#include "crypto/sum.h"

#define ANSHIN_BACKUP_HEAD "BACKUP"
#define ANSHIN_BACKUP_SUMS "SHA256SUMS"
#define ANSHIN_BACKUP_MAC "SHA256SUMS.mac"
#define ANSHIN_ARCHIVE_BLOCK 512
#define ANSHIN_ARCHIVE_NAME_MAX 99 /* octets of a name */

typedef struct anshin_archive_t anshin_archive_t;

/* Everything answers APR_SUCCESS or ANSHIN_EFAULT: it could not be written. err lives as long as the archive. */
apr_status_t anshin_archive_create(anshin_archive_t **archive, int fd, anshin_error_t *err, apr_pool_t *pool);

/* A file of so many octets, which are put then, all of them. */
apr_status_t anshin_archive_begin(anshin_archive_t *archive, const char *name, apr_off_t octets);
apr_status_t anshin_archive_put(anshin_archive_t *archive, const void *data, apr_size_t length);

/* SHA256SUMS, of which sum is one itself; then its MAC, and the end. */
apr_status_t anshin_archive_sums(anshin_archive_t *archive, char sum[ANSHIN_SUM_TEXT + 1]);
apr_status_t anshin_archive_end(anshin_archive_t *archive, const char *mac);

/* Octets in files so far, and how many files. */
apr_off_t anshin_archive_octets(const anshin_archive_t *archive);
apr_int64_t anshin_archive_files(const anshin_archive_t *archive);

#endif
