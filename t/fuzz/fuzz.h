/*
 * What the fuzz targets share. A target is one file, fuzz_NAME.c, with libFuzzer's entry point and seeds in
 * seeds/NAME/: `make fuzz` links it with libFuzzer, `make test` with replay.c, which runs the seeds.
 *
 * A target does not only look whether a parser survives: it says with require() what holds whatever came in.
 */
#ifndef ANSHIN_FUZZ_FUZZ_H
#define ANSHIN_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/context/op.h"

/* The target. Only one that has something to set up brings the first. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many inputs replay.c makes of the seeds; 1,500 when the target does not say less. */
extern const int fuzz_runs;

/* What must hold. Says so and aborts when it does not. */
#define require(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
void fuzz_broken(const char *condition, const char *file, int line) __attribute__((noreturn));

/* The pool of the whole run, gone at its end, and the pool of this input, emptied by each call. */
apr_pool_t *fuzz_root(void);
apr_pool_t *fuzz_pool(void);

/* The input as a text, in memory of exactly its length and one NUL, where the sanitizer sees any step over it: a NUL
 * inside ends it. Gone with the next call of fuzz_pool(). */
char *fuzz_text(const uint8_t *data, size_t size);

/* The input as `count` texts, with `between` between them; what is missing is "". What is over goes with the last. */
void fuzz_split(char **texts, size_t count, const uint8_t *data, size_t size, char between);

/* A directory of this run, and a file in it made or written anew (mode 0600). The path is in fuzz_root(). */
const char *fuzz_directory(void);
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Cryptography at its cheapest, under a seal key that never changes, so that seeds may hold what was sealed. */
const anshin_crypto_t *fuzz_crypto(void);

/* An operation of contract "p-01" with that cryptography and no store, at a time that stands still. */
anshin_op_t *fuzz_op(apr_pool_t *pool);

#define FUZZ_NOW apr_time_from_sec(1800000000)

#endif
