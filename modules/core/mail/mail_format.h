/*
 * A mail as bytes that programs of mail understand.
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_FORMAT_H
#define ANSHIN_CORE_MAIL_MAIL_FORMAT_H

#include "core/mail/mail_render.h"

/* The message as RFC 5322 and MIME (RFC 2045, 2047): encoded words in Subject and From, Date, Message-ID made of id,
 * Auto-Submitted (RFC 3834), text/plain UTF-8 in base64; lines end with LF. In pool. ANSHIN_EINVALID when a header
 * value has control characters (S27). */
apr_status_t anshin_mail_format(anshin_op_t *op, const char *id, const anshin_mail_text_t *text, const char **message,
                                apr_size_t *length);

#endif
