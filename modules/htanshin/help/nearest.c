/*
 * The word that somebody meant: the one with the fewest letters to change, to add, to take away or to swap.
 */
#include "htanshin/help/nearest.h"

#include <string.h>

#include <apr_strings.h>

#include "htanshin/help/topic.h"
#include "htanshin/options.h"

/* Longer ones were not mistyped. */
#define WORD_MAX 40

typedef struct search_t {
    const char *typed;
    const char *nearest;
    int steps;
} search_t;

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: letters to change, to add, to take away, or to swap with the next. */
static int distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int width = (int)strlen(b);

    for (int j = 0; j <= width; j++) {
        rows[0][j] = j;
    }
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
            }
        }
    }
    return rows[strlen(a) % 3][width];
}

static void look_at(search_t *search, const char *word)
{
    int steps = strlen(word) <= WORD_MAX ? distance(search->typed, word) : WORD_MAX;

    if (steps < search->steps) {
        search->steps = steps;
        search->nearest = word;
    }
}

/* A third of the letters may be wrong, and two in any case that leaves one right. */
static search_t begin(const char *typed)
{
    int length = (int)strlen(typed);
    int steps = length / 3 > 2 ? length / 3 : 2;

    return (search_t){typed, NULL, least(steps, length - 1) + 1};
}

const char *anshin_nearest_command(const anshin_command_t *const *families, const char *typed, apr_pool_t *pool)
{
    search_t search = begin(typed);

    if (strlen(typed) > WORD_MAX) {
        return NULL;
    }
    for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
        look_at(&search, topic->name);
    }
    for (; *families != NULL; families++) {
        for (const anshin_command_t *command = *families; command->family != NULL; command++) {
            look_at(&search, command->family);
            if (command->verb != NULL) {
                look_at(&search, apr_pstrcat(pool, command->family, " ", command->verb, NULL));
            }
        }
    }
    return search.nearest;
}

static void look_at_options(search_t *search, const anshin_command_option_t *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        look_at(search, options->name);
    }
}

const char *anshin_nearest_option(const anshin_command_t *command, const char *typed)
{
    search_t search = begin(typed);

    if (strlen(typed) > WORD_MAX) {
        return NULL;
    }
    look_at_options(&search, command != NULL ? command->options : NULL);
    look_at_options(&search, anshin_options_of_every_command);
    return search.nearest;
}
