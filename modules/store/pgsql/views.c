/*
 * Views: see views.h. The functions read what core/store/record.c writes.
 */
#include "store/pgsql/views.h"

#include <string.h>

#include <apr_strings.h>

#include "core/store/record.h"

/* LEB128 from place into n; place is behind it then. */
#define READ_NUMBER                                                                          \
    "n := 0; shift := 0; "                                                                   \
    "LOOP octet := get_byte(value, place); place := place + 1; "                             \
    "n := n | ((octet & 127)::bigint << shift); EXIT WHEN octet < 128; shift := shift + 7; " \
    "END LOOP; "
#define ZIGZAG "((n >> 1) & 9223372036854775807) # (-(n & 1))"

static const struct function_t {
    const char *name, *arguments, *type, *begins, *body;
} functions[] = {
    /* the octets of a field; NULL: the record has none */
    {"field", "value bytea, wanted integer", "bytea", "place integer := 1; tag integer; ",
     "WHILE place < length(value) LOOP tag := get_byte(value, place); place := place + 1; " READ_NUMBER
     "IF tag = wanted THEN RETURN substring(value FROM place + 1 FOR n::integer); END IF; "
     "place := place + n::integer; END LOOP; RETURN NULL; "},
    {"number", "value bytea", "bigint", "place integer := 0; ", READ_NUMBER "RETURN " ZIGZAG "; "},
    {"numbers", "value bytea", "bigint[]", "place integer := 0; result bigint[] := '{}'; ",
     "WHILE place < length(value) LOOP " READ_NUMBER "result := result || (" ZIGZAG "); END LOOP; RETURN result; "},
    {"texts", "value bytea", "text[]", "place integer := 0; result text[] := '{}'; ",
     "WHILE place < length(value) LOOP " READ_NUMBER
     "result := result || convert_from(substring(value FROM place + 1 FOR n::integer), 'UTF8'); "
     "place := place + n::integer; END LOOP; RETURN result; "}};

static const char *function_of(const struct function_t *function, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "CREATE FUNCTION " ANSHIN_PG_VIEWS ".%s(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE STRICT "
                        "PARALLEL SAFE AS $$ DECLARE %sn bigint; shift integer; octet integer; BEGIN %sEND $$;\n",
                        function->name, function->arguments, function->type, function->begins, function->body);
}

static const anshin_record_type_t *const shown[] = {
    &anshin_record_account, &anshin_record_terminal, &anshin_record_certificate, &anshin_record_session,
    &anshin_record_history, &anshin_record_job,      &anshin_record_mail};

/* Whole names, and parts of names. */
static int is_kept_back(const anshin_field_t *field)
{
    static const char *const names[] = {"password_history", "registration", "memo"};
    static const char *const parts[] = {"hash", "mac", "secret", "proof", "token"};
    int found = anshin_field_names_blob(field);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        found |= strcmp(field->name, names[i]) == 0;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        found |= strstr(field->name, parts[i]) != NULL;
    }
    return found;
}

static const char *column(const anshin_field_t *field, apr_pool_t *pool)
{
    const char *octets = apr_psprintf(pool, ANSHIN_PG_VIEWS ".field(value, %d)", field->tag);

    switch (field->kind) {
    case ANSHIN_FIELD_INT:
        return apr_psprintf(pool, "coalesce(" ANSHIN_PG_VIEWS ".number(%s), 0)", octets);
    case ANSHIN_FIELD_TIME:
        return apr_psprintf(pool, "timestamptz 'epoch' + " ANSHIN_PG_VIEWS ".number(%s) * interval '1 microsecond'",
                            octets);
    case ANSHIN_FIELD_TEXT:
        return apr_psprintf(pool, "convert_from(%s, 'UTF8')", octets);
    case ANSHIN_FIELD_TEXTS:
        return apr_psprintf(pool, ANSHIN_PG_VIEWS ".texts(%s)", octets);
    case ANSHIN_FIELD_INTS:
        return apr_psprintf(pool, ANSHIN_PG_VIEWS ".numbers(%s)", octets);
    }
    return "NULL";
}

/* The key of a session is as good as none to whoever reads it, but tells nothing either. */
static const char *view_of(const anshin_record_type_t *type, apr_pool_t *pool)
{
    const char *columns = type->number == anshin_record_session.number ? "" : "key, ";
    const char *between = "";

    for (apr_size_t i = 0; i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];

        if (!is_kept_back(field)) {
            columns = apr_psprintf(pool, "%s%s%s AS \"%s\"", columns, between, column(field, pool), field->name);
            between = ", ";
        }
    }
    return apr_psprintf(pool, "CREATE VIEW " ANSHIN_PG_VIEWS ".\"%s\" AS SELECT %s FROM anshin.\"%s\";\n", type->name,
                        columns, type->name);
}

const char *anshin_pg_views(apr_pool_t *pool)
{
    const char *text = "CREATE SCHEMA " ANSHIN_PG_VIEWS ";\n";

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        text = apr_pstrcat(pool, text, function_of(&functions[i], pool), NULL);
    }
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        text = apr_pstrcat(pool, text, view_of(shown[i], pool), NULL);
    }
    return text;
}
