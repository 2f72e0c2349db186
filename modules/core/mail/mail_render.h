/*
 * The text of a mail: facts and a template give it.
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_RENDER_H
#define ANSHIN_CORE_MAIL_MAIL_RENDER_H

#include <jansson.h>

#include "core/context/op.h"

typedef struct anshin_mail_text_t {
    const char *from;    /* as AnshinMailFrom */
    const char *to;      /* address */
    const char *subject; /* one line, UTF-8 */
    const char *body;    /* UTF-8, lines ended by \n */
    const char *domain;  /* of the Message-ID, the same at every try; NULL: the sender's */
    const char *instead; /* why the installed template was taken and not the contract's; NULL: it was not */
} anshin_mail_text_t;

/* What a mail tells. */
typedef struct anshin_mail_facts_t {
    const char *kind;     /* of its template: mail/KIND.LANGUAGE.mustache */
    const char *user;     /* canonical user ID */
    const char *language; /* of the user; NULL: the contract's */
    const char *to;       /* address */
    const char *domain;   /* of the Message-ID */
    json_t *data;         /* what the template names; "greeting": how the user is addressed, else by the ID */
} anshin_mail_facts_t;

/* A time in data, under one of the names "when" and "expires_text": seconds since 1970, which the mail tells as its
 * language does. */
json_int_t anshin_mail_moment(apr_time_t time);

/* The text of facts, by the template of the contract's or the installed directory: first line "Subject: ...". When the
 * contract's cannot be rendered, the installed one is taken, and text->instead tells why. In op's pool; may hold
 * secrets. ANSHIN_EINVALID: it cannot be rendered, and trying again does not help; ANSHIN_EFAULT: it may. */
apr_status_t anshin_mail_render(anshin_op_t *op, const anshin_mail_facts_t *facts, anshin_mail_text_t *text);

/* What stands in From: AnshinMailFrom, or noreply at the portal's host. */
const char *anshin_mail_sender(const anshin_op_t *op);

#endif
