/*
 * Labels of terminals (LST-1): what a user calls a terminal, and how a terminal is named to people.
 */
#ifndef ANSHIN_CORE_BASE_LABEL_H
#define ANSHIN_CORE_BASE_LABEL_H

#include "core/base/anshin.h"

#define ANSHIN_LABEL_MAX 32 /* characters (code points) of the normal form */

typedef enum anshin_label_rule_t {
    ANSHIN_LABEL_GOOD,
    ANSHIN_LABEL_CHARACTERS, /* no UTF-8, a control character, or one that cannot be seen by itself */
    ANSHIN_LABEL_LONG        /* more than ANSHIN_LABEL_MAX characters */
} anshin_label_rule_t;

/* The normal form of what was typed (ADR-2): as anshin_unicode_typed() has it, the spaces around it cut. "": no label.
 * Labels are stored and compared in it. In pool; NULL for what cannot be read. */
const char *anshin_label_typed(const char *typed, apr_pool_t *pool);

/* The first rule that a normal form breaks; NULL breaks CHARACTERS. What is good has one line, no control character,
 * none that changes the direction of writing, and none that joins what stands before it. */
anshin_label_rule_t anshin_label_rule(const char *label);

/* What is wrong: the key of the page's text, and English for the operator. Static; NULL where the label is good. */
const char *anshin_label_error(anshin_label_rule_t rule);
const char *anshin_label_advice(anshin_label_rule_t rule);

/* How people are told of a terminal: "2 (薬局1号機)", or "2" without a label (NULL or ""). In pool. */
const char *anshin_label_title(apr_int64_t number, const char *label, apr_pool_t *pool);

#endif
