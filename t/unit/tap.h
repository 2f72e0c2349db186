/*
 * TAP output for the unit programs: ok(condition, "what it shows (REG-2)"), then done() at the end of main.
 * One definition a program: every unit program is one source file.
 */
#ifndef ANSHIN_UNIT_TAP_H
#define ANSHIN_UNIT_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failures;

__attribute__((format(printf, 4, 5))) static inline int tap_result(int pass, const char *file, int line,
                                                                   const char *format, ...)
{
    va_list args;

    printf("%s %d - ", pass ? "ok" : "not ok", ++tap_count);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (!pass) {
        tap_failures++;
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return pass;
}

#define ok(condition, ...) tap_result(!!(condition), __FILE__, __LINE__, __VA_ARGS__)

static inline int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The octet that two hexadecimal digits write; -1: there are none. */
static inline int octet_of(const char *text)
{
    const char digits[] = {text[0], (char)(text[0] != '\0' ? text[1] : '\0'), '\0'};
    char *end;
    long octet = strtol(digits, &end, 16);

    return end == digits + 2 ? (int)octet : -1;
}

/* The last statement of main: `return done();`. A program that tested nothing has failed. */
static inline int done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures == 0 && tap_count > 0 ? 0 : 1;
}

#endif
