/*
 * A fuzz target without libFuzzer: runs the seeds of the target that it is linked with, as TAP. Each seed as it is, cut
 * short, and with a few octets changed, the same ones every time. An invariant that does not hold ends the program.
 *
 *   replay/NAME            the seeds of t/fuzz/seeds/NAME
 *   replay/NAME FILE ...   these files as they are, to look at what libFuzzer has found
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>

#include "unit/tap.h"

#define CHANGES 4 /* octets changed at once, at most */
#define SEED_MAX (1024 * 1024)
#define SEEDS_MAX 256

typedef struct input_t {
    uint8_t data[SEED_MAX];
    size_t size;
} input_t;

/* xorshift64 (Marsaglia 2003): the same numbers on every machine. */
static uint64_t next_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int read_input(input_t *input, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return 0;
    }
    input->size = fread(input->data, 1, sizeof(input->data), file);
    return fclose(file) == 0 && input->size < sizeof(input->data);
}

/* In memory of its own, so that reading over its end is seen. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    require(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int run_short(const input_t *input, int runs)
{
    int done_so_far = 0;

    for (int i = 0; i < runs && (size_t)i < input->size; i++) {
        size_t size = input->size <= (size_t)runs ? (size_t)i : input->size * (size_t)i / (size_t)runs;

        run(input->data, size);
        done_so_far++;
    }
    return done_so_far;
}

static int run_changed(const input_t *input, int runs)
{
    static input_t changed;
    uint64_t state = 88172645463325252u;

    if (input->size == 0) {
        return 0;
    }
    for (int i = 0; i < runs; i++) {
        uint64_t count = 1 + next_number(&state) % CHANGES;

        memcpy(changed.data, input->data, input->size);
        while (count-- > 0) {
            changed.data[next_number(&state) % input->size] = (uint8_t)next_number(&state);
        }
        run(changed.data, input->size);
    }
    return runs;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_seed(const char *directory, const char *name, int runs)
{
    static input_t input;
    const char *path = apr_pstrcat(fuzz_root(), directory, "/", name, NULL);
    int ran = 1;

    printf("# %s\n", path);
    fflush(stdout);
    if (!ok(read_input(&input, path), "%s can be read", name)) {
        return;
    }
    run(input.data, input.size);
    ran += run_short(&input, runs / 3);
    ran += run_changed(&input, runs - runs / 3);
    ok(ran > 0, "%s: as it is, cut short, changed: %d runs", name, ran);
}

static void run_seeds(const char *target)
{
    const char *directory = apr_pstrcat(fuzz_root(), "t/fuzz/seeds/", target, NULL);
    struct dirent **names = NULL;
    int count = scandir(directory, &names, visible, alphasort);

    run(NULL, 0);
    ok(1, "nothing at all");
    ok(count > 0 && count <= SEEDS_MAX, "%d seeds in %s", count, directory);
    for (int i = 0; i < count; i++) {
        run_seed(directory, names[i]->d_name, fuzz_runs / count);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    static input_t input;
    const char *slash = strrchr(argv[0], '/');

    LLVMFuzzerInitialize(&argc, &argv);
    if (argc == 1) {
        run_seeds(slash != NULL ? slash + 1 : argv[0]);
    }
    for (int i = 1; i < argc; i++) {
        if (ok(read_input(&input, argv[i]), "%s can be read", argv[i])) {
            run(input.data, input.size);
        }
    }
    return done();
}
