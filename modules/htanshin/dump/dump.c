/*
 * htanshin dump, htanshin load: a whole store as text, and back (IMP-3).
 *
 * SECURITY. A dump has what the store has: hashes of passwords in the clear, and all else of the users. It goes to a
 * file of its owner alone, or to where the caller sends it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "htanshin/command.h"
#include "htanshin/dump/lines.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

static apr_status_t dump(anshin_call_t *call)
{
    FILE *out = call->output >= 0 ? fdopen(call->output, "w") : stdout;
    apr_status_t status;

    if (anshin_call_value(call, "overwrite") != NULL && call->output < 0) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1362", "--overwrite: give --output as well");
    }
    status = out != NULL ? anshin_dump(&call->op, anshin_lines_write, anshin_lines_settle, out) : ANSHIN_EFAULT;
    if (out != NULL && out != stdout) {
        status = fclose(out) == 0 || status != APR_SUCCESS ? status : ANSHIN_EFAULT;
    }
    if (status == ANSHIN_EFAULT && call->op.error.text[0] == '\0') {
        return anshin_fail(&call->op.error, status, "AN1363", "the dump could not be written whole");
    }
    return status;
}

/* --- load -------------------------------------------------------------------------------------------------------- */

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
    FILE *file = open_source(call);
    anshin_load_source_t source;
    anshin_lines_t lines;
    anshin_loaded_t loaded;
    apr_status_t status;

    if (file == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1366", "the dump cannot be read: %s", strerror(errno));
    }
    source = anshin_lines_of(&lines, file, call->pool);
    status = anshin_load(&call->op, &source, anshin_call_value(call, "replace") != NULL, &loaded);
    (void)fclose(file);
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
