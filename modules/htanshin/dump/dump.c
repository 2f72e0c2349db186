/*
 * htanshin dump, htanshin load: a whole store as text, and back (IMP-3).
 *
 * SECURITY. A dump has what the store has: hashes of passwords in the clear, and all else of the users. It goes to a
 * file of its owner alone, or to where the caller sends it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/admin/dump.h"
#include "core/admin/load.h"
#include "htanshin/command.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define LINE_MAX_OCTETS 4194304 /* a blob of 1 MiB in base64 is a third of it */

static apr_status_t write_line(void *baton, const char *line, apr_size_t length)
{
    return fwrite(line, 1, length, baton) == length ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t settle_output(void *baton)
{
    FILE *out = baton;

    return fflush(out) == 0 && !ferror(out) && (out == stdout || fsync(fileno(out)) == 0) ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t dump(anshin_call_t *call)
{
    FILE *out = call->output >= 0 ? fdopen(call->output, "w") : stdout;
    apr_status_t status;

    if (anshin_call_value(call, "overwrite") != NULL && call->output < 0) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1362", "--overwrite: give --output as well");
    }
    status = out != NULL ? anshin_dump(&call->op, write_line, settle_output, out) : ANSHIN_EFAULT;
    if (out != NULL && out != stdout) {
        status = fclose(out) == 0 || status != APR_SUCCESS ? status : ANSHIN_EFAULT;
    }
    if (status == ANSHIN_EFAULT && call->op.error.text[0] == '\0') {
        return anshin_fail(&call->op.error, status, "AN1363", "the dump could not be written whole");
    }
    return status;
}

/* --- load -------------------------------------------------------------------------------------------------------- */

typedef struct source_t {
    FILE *file;
    char *line; /* of LINE_MAX_OCTETS */
} source_t;

static apr_status_t next_line(void *ctx, const char **line, apr_size_t *length, anshin_error_t *err)
{
    source_t *source = ctx;
    int octet = '\0';

    *line = source->line;
    for (*length = 0; octet != '\n' && *length < LINE_MAX_OCTETS; source->line[(*length)++] = (char)octet) {
        octet = getc_unlocked(source->file);
        if (octet == EOF) {
            break;
        }
    }
    if (ferror(source->file)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1364", "the dump cannot be read: %s", strerror(errno));
    }
    if (*length == 0) {
        return APR_EOF;
    }
    return octet == '\n' || octet == EOF ? APR_SUCCESS : ANSHIN_EINVALID;
}

static apr_status_t begin_again(void *ctx, anshin_error_t *err)
{
    source_t *source = ctx;

    return fseek(source->file, 0, SEEK_SET) == 0
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1365", "the dump cannot be read again: %s", strerror(errno));
}

/* A pipe is read once alone: into a file without a name, that only this process has. */
static FILE *open_source(const anshin_call_t *call)
{
    char octets[65536];
    FILE *file;
    ssize_t got;

    if (lseek(call->input, 0, SEEK_CUR) >= 0) {
        return fdopen(call->input, "r");
    }
    file = tmpfile();
    while (file != NULL && (got = read(call->input, octets, sizeof(octets))) > 0) {
        if (fwrite(octets, 1, (size_t)got, file) != (size_t)got) {
            break;
        }
    }
    if (file != NULL && (got != 0 || fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0)) {
        (void)fclose(file);
        return NULL;
    }
    return file;
}

static apr_status_t load(anshin_call_t *call)
{
    source_t source = {.file = open_source(call), .line = malloc(LINE_MAX_OCTETS)};
    const anshin_load_source_t lines = {&source, next_line, begin_again};
    anshin_loaded_t loaded;
    apr_status_t status;

    if (source.file == NULL || source.line == NULL) {
        free(source.line);
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1366", "the dump cannot be read: %s", strerror(errno));
    }
    status = anshin_load(&call->op, &lines, anshin_call_value(call, "replace") != NULL, &loaded);
    free(source.line);
    (void)fclose(source.file);
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_number(call->result, "records", loaded.records);
        anshin_result_number(call->result, "blobs", loaded.blobs);
        anshin_result_number(call->result, "due", loaded.due);
    }
    return status;
}

static const anshin_command_option_t dump_options[] = {
    {"output", "FILE", "Write it there (mode 0600), not to the standard output.", 0},
    {"overwrite", NULL, "With --output: also over a file that is there.", 0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t load_options[] = {
    {"replace", NULL, "Also into a store that is not empty: all that is in it goes.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_dump[] = {
    {"dump", NULL, "", 0, 0, dump_options, ANSHIN_ACCESS_DUMP, dump,
     "Write the whole store, of every contract, as text: a record a line. What is sealed stays sealed."},
    {"load", NULL, "FILE|-", 1, 1, load_options, ANSHIN_ACCESS_LOAD, load,
     "Bring a dump back into an empty store, while httpd is stopped; needs the seal key of the server that made it."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
