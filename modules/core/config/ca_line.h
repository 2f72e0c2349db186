/*
 * The CAs of an installation (CAS-1, CAS-2).
 *
 * A line is a CA over time. AnshinCACertificate and AnshinCAKey, of the server or of a contract, name its first
 * generation; each roll-over adds one, whose files lie beside those: ca.crt and ca.key, then ca-2.crt and ca-2.key. One
 * generation issues, the others are trusted until they are retired. Which ones, and of which the key is on a token, the
 * line's roll-over file says (ca.rollover, runtime/rollover.h); without it there is the first generation alone.
 *
 * Every CA has a name, which its CRL has in its file and address: "ca", "ca-2" of the server's line; of a contract's,
 * the name of its certificate's file without the ending. It has an id too, of its key (crypto/pki/ca_id.h), by which
 * certificates' records and the signer know it.
 */
#ifndef ANSHIN_CORE_CONFIG_CA_LINE_H
#define ANSHIN_CORE_CONFIG_CA_LINE_H

#include <jansson.h>

#include "core/base/anshin.h"

#define ANSHIN_CA_NAME "ca"         /* of the server's line */
#define ANSHIN_CA_NAME_MAX 64       /* octets of a line's name */
#define ANSHIN_CA_ID_LENGTH 16      /* hexadecimal digits */
#define ANSHIN_CA_GENERATIONS_MAX 8 /* trusted at once */

/* How far the roll-over of a line has come. All 0: no roll-over, the first generation is everything. */
typedef struct anshin_ca_line_t {
    int issuing;
    int last;                                    /* the highest number that was ever given */
    int count;                                   /* of trusted */
    int trusted[ANSHIN_CA_GENERATIONS_MAX];      /* ascending; issuing is among them */
    const char *keys[ANSHIN_CA_GENERATIONS_MAX]; /* of each its pkcs11: URI; NULL: as the files are called */
} anshin_ca_line_t;

/* The URI of a generation's key; NULL: none, or the generation is not trusted. */
const char *anshin_ca_line_key(const anshin_ca_line_t *line, int generation);

/* From JSON, into pool, and back. NULL: no memory. APR_SUCCESS; ANSHIN_EINVALID (not a state that a line can have; err
 * says why). */
json_t *anshin_ca_line_to_json(const anshin_ca_line_t *line);
apr_status_t anshin_ca_line_from_json(anshin_ca_line_t *line, json_t *json, anshin_error_t *err, apr_pool_t *pool);

#endif
