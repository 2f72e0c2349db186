/*
 * A backup being read, file after file: an archive, or a folder that a writer made (folder.h). Private to the command.
 *
 * SECURITY. May be read by root, and may be anybody's work until its MAC was checked: a name is one that a backup of
 * ours can have, each once in its order, or the reading ends; nothing but plain files is in it.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_SOURCE_H
#define ANSHIN_HTANSHIN_BACKUP_SOURCE_H

#include "core/base/anshin.h"

typedef struct anshin_source_t anshin_source_t;

/* 1: a backup can have a file of this name: BACKUP, SHA256SUMS, SHA256SUMS.mac, config.json, seal.key, or one below
 * store, ca, audit or crl, without a part that begins with a dot. */
int anshin_source_is_name(const char *name);

/* 1: it is a key: seal.key, or what lies in ca/ and is neither a certificate nor how far a roll-over has come. */
int anshin_source_is_key(const char *name);

/* Read an archive. The descriptor stays the caller's. */
void anshin_source_archive(anshin_source_t **source, int fd, anshin_error_t *err, apr_pool_t *pool);

/* Read a folder, in the order of its SHA256SUMS. The descriptor stays the caller's. ANSHIN_EINVALID: it has none. */
apr_status_t anshin_source_folder(anshin_source_t **source, int directory, anshin_error_t *err, apr_pool_t *pool);

/* The next file; what was not read of the one before is passed over. name lives until then. APR_SUCCESS; APR_EOF: that
 * was the last, and the backup is whole; ANSHIN_EINVALID: it is no backup, or was cut; ANSHIN_EFAULT. */
apr_status_t anshin_source_next(anshin_source_t *source, const char **name, apr_off_t *octets);

/* What comes next of it, *length 0 at its end. APR_SUCCESS, ANSHIN_EINVALID, ANSHIN_EFAULT. */
apr_status_t anshin_source_read(anshin_source_t *source, void *data, apr_size_t size, apr_size_t *length);

#endif
