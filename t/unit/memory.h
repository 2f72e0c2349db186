/*
 * How much memory this process has mapped, for tests of what a stranger's input may cost.
 */
#ifndef ANSHIN_UNIT_MEMORY_H
#define ANSHIN_UNIT_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/* In pages (proc(5), statm: the first number). */
static inline long memory_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL || fscanf(file, "%ld", &pages) != 1 || fclose(file) != 0) {
        perror("/proc/self/statm");
        exit(1);
    }
    return pages;
}

#endif
