/*
 * What `htanshin help TOPIC` tells of, and a manual page each: htanshin-TOPIC(8).
 *
 * A topic is a group of families that people use for one purpose. Every command but help and version belongs to one
 * (t/check/commands.t), which also compares the examples here with those of the pages.
 */
#ifndef ANSHIN_HTANSHIN_HELP_TOPIC_H
#define ANSHIN_HTANSHIN_HELP_TOPIC_H

#include "htanshin/command.h"

#define ANSHIN_TOPIC_EXAMPLES_MAX 4

typedef struct anshin_example_t {
    const char *line; /* as it is typed; NULL: no more */
    const char *what; /* one sentence */
} anshin_example_t;

typedef struct anshin_topic_t {
    const char *name;     /* NULL ends the table */
    const char *families; /* words with a blank between them; NULL: the commands that take many at once (--file) */
    const char *summary;  /* no sentence */
    anshin_example_t examples[ANSHIN_TOPIC_EXAMPLES_MAX + 1];
} anshin_topic_t;

extern const anshin_topic_t anshin_topics[];

/* The topic of that name, or NULL. */
const anshin_topic_t *anshin_topic_find(const char *name);

/* 1: the command is one of the topic's. */
int anshin_topic_has(const anshin_topic_t *topic, const anshin_command_t *command);

#endif
