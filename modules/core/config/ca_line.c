/*
 * How far a line has come: see ca_line.h.
 */
#include "core/config/ca_line.h"

#include <string.h>

#include <apr_strings.h>

#include "core/config/key_reference.h"

#define GENERATION_MAX 9999

const char *anshin_ca_line_key(const anshin_ca_line_t *line, int generation)
{
    for (int i = 0; i < line->count; i++) {
        if (line->trusted[i] == generation) {
            return line->keys[i];
        }
    }
    return NULL;
}

json_t *anshin_ca_line_to_json(const anshin_ca_line_t *line)
{
    json_t *trusted = json_array();
    json_t *keys = json_object();
    int whole = 1;

    for (int i = 0; i < line->count; i++) {
        char number[16];

        apr_snprintf(number, sizeof(number), "%d", line->trusted[i]);
        whole &= json_array_append_new(trusted, json_integer(line->trusted[i])) == 0 &&
                 (line->keys[i] == NULL || json_object_set_new(keys, number, json_string(line->keys[i])) == 0);
    }
    if (whole && json_object_size(keys) == 0) {
        json_decref(keys);
        keys = NULL;
    }
    if (!whole) {
        json_decref(trusted);
        json_decref(keys);
        return NULL;
    }
    return json_pack("{s:i, s:i, s:o, s:o*}", "issuing", line->issuing, "last", line->last, "trusted", trusted, "keys",
                     keys);
}

static int read_trusted(anshin_ca_line_t *line, const json_t *trusted)
{
    int issues = 0;
    json_t *number;
    size_t i;

    line->count = 0;
    json_array_foreach(trusted, i, number)
    {
        json_int_t value = json_integer_value(number);

        if (i == ANSHIN_CA_GENERATIONS_MAX || value <= (i == 0 ? 0 : line->trusted[i - 1]) || value > line->last) {
            return 0;
        }
        line->trusted[line->count++] = (int)value;
        issues |= value == line->issuing;
    }
    return issues;
}

/* Each is of a generation that is trusted, whose number is written as we write it. */
static int read_keys(anshin_ca_line_t *line, json_t *keys, apr_pool_t *pool)
{
    int found = 0;

    for (int i = 0; i < line->count; i++) {
        const char *uri = json_string_value(json_object_get(keys, apr_itoa(pool, line->trusted[i])));
        anshin_token_uri_t read;
        anshin_error_t ignored;

        anshin_error_clear(&ignored);
        if (uri != NULL && anshin_key_is_on_token(uri) &&
            anshin_token_uri_read(&read, uri, "", &ignored, pool) == APR_SUCCESS) {
            line->keys[i] = apr_pstrdup(pool, uri);
            found++;
        }
    }
    return keys == NULL || (json_is_object(keys) && (size_t)found == json_object_size(keys));
}

apr_status_t anshin_ca_line_from_json(anshin_ca_line_t *line, json_t *json, anshin_error_t *err, apr_pool_t *pool)
{
    json_t *trusted = NULL;
    json_t *keys = NULL;

    memset(line, 0, sizeof(*line));
    if (json_unpack(json, "{s:i, s:i, s:o, s?o !}", "issuing", &line->issuing, "last", &line->last, "trusted", &trusted,
                    "keys", &keys) == 0 &&
        line->last > 0 && line->last <= GENERATION_MAX && json_is_array(trusted) && read_trusted(line, trusted) &&
        read_keys(line, keys, pool)) {
        return APR_SUCCESS;
    }
    memset(line, 0, sizeof(*line));
    return anshin_fail(
        err, ANSHIN_EINVALID, "AN1227",
        "a CA's roll-over must say which generation issues, which is the last, and which are trusted, in "
        "ascending order, the issuing one among them; keys must be pkcs11: URIs of such ones");
}
