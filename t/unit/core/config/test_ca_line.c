/*
 * The CAs of an installation (core/config/ca_line.h, ca_files.h, CAS-1, CAS-2).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/config/ca_files.h"
#include "core/config/config_json.h"
#include "unit/tap.h"

static apr_pool_t *pool;

typedef struct own_t {
    const char *name;
    const char *certificate; /* NULL: the server's */
    const char *key;
} own_t;

static apr_status_t build(anshin_config_t **config, const own_t *contracts, int count, anshin_error_t *err)
{
    anshin_error_clear(err);
    (void)anshin_config_create(config, err, pool);
    (*config)->server.state_dir = "/state";
    for (int i = 0; i < count; i++) {
        anshin_contract_t *contract;

        (void)anshin_contract_create(&contract, contracts[i].name, ANSHIN_PRESET_CLASSIC, err, pool);
        contract->policy.portal_url = apr_pstrcat(pool, "https://example.jp/", contracts[i].name, NULL);
        contract->policy.ca_certificate = contracts[i].certificate;
        contract->policy.ca_key = contracts[i].key;
        if (anshin_contract_finish(contract, err, pool) != APR_SUCCESS) {
            return ANSHIN_EFAULT;
        }
        APR_ARRAY_PUSH((*config)->contracts, anshin_contract_t *) = contract;
    }
    if (anshin_config_finish(*config, err, pool) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    return anshin_ca_check(*config, err, pool);
}

/* "name:certificate:key* ...", the star where it issues */
static const char *told(const apr_array_header_t *cas)
{
    const char *all = "";

    for (int i = 0; i < cas->nelts; i++) {
        const anshin_ca_files_t *files = &APR_ARRAY_IDX(cas, i, anshin_ca_files_t);

        all = apr_pstrcat(pool, all, i > 0 ? " " : "", files->name, ":", files->certificate, ":", files->key,
                          files->issues ? "*" : "", NULL);
    }
    return all;
}

static const anshin_contract_t *contract_of(const anshin_config_t *config, int number)
{
    return APR_ARRAY_IDX(config->contracts, number, const anshin_contract_t *);
}

static void test_own(void)
{
    static const own_t three[] = {{"a", "/etc/hospital.pem", "/etc/hospital.key"},
                                  {"b", NULL, NULL},
                                  {"c", "/etc/hospital.pem", "/etc/hospital.key"}};
    anshin_config_t *config;
    anshin_error_t err;

    ok(build(&config, three, 3, &err) == APR_SUCCESS, "contracts with CAs of their own (CAS-1: %s)", err.text);
    ok(same_text(told(anshin_ca_all(config, pool)),
                 "ca:/state/ca/ca.crt:/state/ca/ca.key* hospital:/etc/hospital.pem:/etc/hospital.key*"),
       "all: the server's first, the shared one once (%s)", told(anshin_ca_all(config, pool)));
    ok(same_text(anshin_ca_issuer(config, contract_of(config, 0), pool).name, "hospital") &&
           same_text(anshin_ca_issuer(config, contract_of(config, 1), pool).name, "ca"),
       "each contract has its issuer");
    ok(build(&config, three, 1, &err) == APR_SUCCESS &&
           same_text(told(anshin_ca_all(config, pool)), "hospital:/etc/hospital.pem:/etc/hospital.key*"),
       "without a contract of its own the server's is not among them");
}

static int refused(const char *certificate, const char *key, const char *id)
{
    const own_t two[] = {{"a", "/etc/hospital.pem", "/etc/hospital.key"}, {"b", certificate, key}};
    anshin_config_t *config;
    anshin_error_t err;

    return build(&config, two, 2, &err) == ANSHIN_EINVALID && same_text(err.id, id);
}

static void test_refused(void)
{
    static const own_t same[] = {{"a", "/state/ca/ca.crt", "/state/ca/ca.key"}};
    anshin_config_t *config;
    anshin_error_t err;

    ok(refused("/etc/x.pem", NULL, "AN1228") && refused(NULL, "/etc/x.key", "AN1228"), "half a CA is refused");
    ok(refused("/etc/\xe7\x97\x85.pem", "/k", "AN1229") && refused("/etc/.pem", "/k", "AN1229") &&
           refused("/etc/a b.pem", "/k", "AN1229") && refused("/etc/", "/k", "AN1229"),
       "a name that cannot stand in an address is refused");
    ok(refused("/other/hospital.crt", "/k", "AN1230") && refused("/etc/hospital.pem", "/other.key", "AN1230") &&
           refused("/etc/ca.pem", "/k", "AN1230"),
       "two CAs of one name are refused, and two keys of one CA");
    ok(refused("/etc/ca-2.pem", "/k", "AN1230") && refused("/etc/hospital-17.pem", "/k", "AN1230") &&
           !refused("/etc/ca-b.pem", "/k", "AN1230"),
       "and what a roll-over could come to be called");
    ok(build(&config, same, 1, &err) == APR_SUCCESS && anshin_ca_all(config, pool)->nelts == 1 &&
           same_text(anshin_ca_issuer(config, contract_of(config, 0), pool).name, "ca"),
       "who names the server's files has the server's CA");
}

static json_t *line(const char *text)
{
    return json_loads(text, 0, NULL);
}

#define URI "\"pkcs11:token=t;object=ca2?module-path=/m.so\""

static void test_line(void)
{
    static const char *const bad[] = {"[]",
                                      "{}",
                                      "{\"issuing\":1,\"last\":1}",
                                      "{\"issuing\":2,\"last\":2,\"trusted\":[1]}", /* the issuing one is not trusted */
                                      "{\"issuing\":2,\"last\":1,\"trusted\":[1,2]}",   /* more than the last */
                                      "{\"issuing\":1,\"last\":2,\"trusted\":[2,1]}",   /* not in order */
                                      "{\"issuing\":1,\"last\":2,\"trusted\":[1,1]}",   /* twice */
                                      "{\"issuing\":0,\"last\":2,\"trusted\":[0,1]}",   /* no number */
                                      "{\"issuing\":1,\"last\":99999,\"trusted\":[1]}", /* too many */
                                      "{\"issuing\":1,\"last\":9,\"trusted\":[1,2,3,4,5,6,7,8,9]}",
                                      "{\"issuing\":1,\"last\":2,\"trusted\":[1,\"2\"]}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":[1],\"more\":1}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":{}}",
                                      "{\"issuing\":1,\"last\":2,\"trusted\":[1],\"keys\":{\"2\":" URI "}}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":[1],\"keys\":{\"01\":" URI "}}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":[1],\"keys\":{\"1\":\"/etc/key\"}}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":[1],\"keys\":{\"1\":\"pkcs11:a\"}}",
                                      "{\"issuing\":1,\"last\":1,\"trusted\":[1],\"keys\":[]}"};
    anshin_ca_line_t read;
    anshin_error_t err;
    int right = 0;

    anshin_error_clear(&err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *json = line(bad[i]);

        right +=
            json != NULL && anshin_ca_line_from_json(&read, json, &err, pool) == ANSHIN_EINVALID && read.count == 0;
        json_decref(json);
    }
    ok(right == 18, "what no line can be is refused (%d)", right);
}

static void test_rollover(void)
{
    static const own_t two[] = {{"a", "/etc/v1.2/hospital.pem", "/etc/key"}, {"b", NULL, NULL}};
    anshin_config_t *config;
    anshin_config_t *back;
    anshin_error_t err;
    json_t *json = line("{\"issuing\":2,\"last\":3,\"trusted\":[1,2,3]}");

    (void)build(&config, two, 2, &err);
    ok(anshin_ca_line_from_json(&config->line, json, &err, pool) == APR_SUCCESS &&
           same_text(told(anshin_ca_of_contract(config, contract_of(config, 1), pool)),
                     "ca:/state/ca/ca.crt:/state/ca/ca.key ca-2:/state/ca/ca-2.crt:/state/ca/ca-2.key* "
                     "ca-3:/state/ca/ca-3.crt:/state/ca/ca-3.key"),
       "old, new and next are trusted, one issues (CAS-2)");
    (void)anshin_ca_line_from_json(&APR_ARRAY_IDX(config->contracts, 0, anshin_contract_t *)->line, json, &err, pool);
    json_decref(json);
    ok(same_text(told(anshin_ca_of_contract(config, contract_of(config, 0), pool)),
                 "hospital:/etc/v1.2/hospital.pem:/etc/key hospital-2:/etc/v1.2/hospital-2.pem:/etc/key-2* "
                 "hospital-3:/etc/v1.2/hospital-3.pem:/etc/key-3"),
       "the same of a contract's own (%s)", told(anshin_ca_of_contract(config, contract_of(config, 0), pool)));
    ok(same_text(anshin_ca_rollover_file(config, contract_of(config, 0), pool), "/etc/v1.2/hospital.rollover") &&
           same_text(anshin_ca_rollover_file(config, contract_of(config, 1), pool), "/state/ca/ca.rollover"),
       "each has its roll-over file");
    json = line("{\"issuing\":2,\"last\":3,\"trusted\":[1,2,3],\"keys\":{\"3\":" URI "}}");
    ok(anshin_ca_line_from_json(&config->line, json, &err, pool) == APR_SUCCESS &&
           same_text(told(anshin_ca_of_contract(config, contract_of(config, 1), pool)),
                     "ca:/state/ca/ca.crt:/state/ca/ca.key ca-2:/state/ca/ca-2.crt:/state/ca/ca-2.key* "
                     "ca-3:/state/ca/ca-3.crt:pkcs11:token=t;object=ca2?module-path=/m.so"),
       "the key of each may be on a token (CAS-3)");
    json_decref(json);
    json = anshin_config_to_json(config, pool);
    ok(anshin_config_from_json(&back, json, &err, pool) == APR_SUCCESS &&
           same_text(told(anshin_ca_all(back, pool)), told(anshin_ca_all(config, pool))),
       "config.json carries them (%s)", err.text);
    json_decref(json);
}

static void test_token(void)
{
    static const own_t one[] = {{"a", "/etc/hsm.crt", "pkcs11:token=t;object=k?module-path=/usr/lib/x.so"}};
    anshin_config_t *config;
    anshin_error_t err;

    ok(build(&config, one, 1, &err) == APR_SUCCESS &&
           same_text(anshin_ca_files(config, contract_of(config, 0), 2, pool).key, "/etc/hsm-2.key"),
       "the next key of one on a token has a file (%s)", err.text);
}

static void test_url(void)
{
    static const own_t one[] = {{"a", NULL, NULL}};
    anshin_contract_t *contract;
    anshin_config_t *config;
    anshin_error_t err;

    (void)build(&config, one, 1, &err);
    contract = APR_ARRAY_IDX(config->contracts, 0, anshin_contract_t *);
    ok(anshin_ca_crl_url(contract, "ca", pool) == NULL, "no address, no distribution point");
    contract->policy.ca_url = "http://example.jp/ca//";
    ok(same_text(anshin_ca_crl_url(contract, "ca-2", pool), "http://example.jp/ca/ca-2.crl"),
       "each CA has a distribution point of its own below AnshinCAURL (CAS-1)");
    contract->policy.crl_url = "http://pki.example/x.crl";
    ok(same_text(anshin_ca_crl_url(contract, "ca-2", pool), "http://pki.example/x.crl"), "unless AnshinCRLURL says it");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_own();
    test_refused();
    test_line();
    test_rollover();
    test_token();
    test_url();
    apr_pool_destroy(pool);
    return done();
}
