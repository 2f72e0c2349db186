/*
 * Templates from files.
 */
#ifndef ANSHIN_CORE_RENDER_TEMPLATE_DIRS_H
#define ANSHIN_CORE_RENDER_TEMPLATE_DIRS_H

#include "core/render/template.h"

/* A source_fn over directories searched in order; baton is an anshin_template_dirs_t. Names are checked: letters,
 * digits, '-', '_', single '/' between; nothing can climb out. suffix such as ".mustache". */
typedef struct anshin_template_dirs_t {
    const char *const *dirs; /* NULL terminated, first match wins; NULL entries end the list */
    const char *suffix;
} anshin_template_dirs_t;
anshin_template_source_fn anshin_template_from_dirs;

#endif
