/*
 * A PKCS#11 module for tests: softhsm's, with the configuration "softhsm2.conf" that lies beside this file. The signer
 * has an empty environment, so that softhsm could find no other than that of the machine.
 *
 * A file "removed" beside it takes the token out: no signature is begun any more. "logins" beside it, where it is, gets
 * an octet for each PIN that the token gets; with a file "forgets" the token does not tell that one was wrong before.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL "/usr/lib/softhsm/libsofthsm2.so"
#define DEVICE_REMOVED 0x32ul

/* Places among the functions of CK_FUNCTION_LIST, behind the version. */
enum { TOKEN_INFO = 1 + 6, LOGIN = 1 + 18, SIGN_INIT = 1 + 42, WHOLE = 1 + 68 };

#define PIN_COUNT_LOW 0x10000ul
#define FLAGS_AT 96 /* of CK_TOKEN_INFO, behind texts of 32, 32, 16 and 16 octets */

typedef unsigned long function_fn(unsigned long session, void *mechanism, unsigned long key);
typedef unsigned long list_fn(void **list);

static char directory[4096];
typedef unsigned long login_fn(unsigned long session, unsigned long user, void *pin, unsigned long length);
typedef unsigned long info_fn(unsigned long slot, unsigned char *info);

static function_fn *real_sign_init;
static login_fn *real_login;
static info_fn *real_info;

static const char *beside(const char *name)
{
    static char path[4160];

    (void)snprintf(path, sizeof(path), "%s%s", directory, name);
    return path;
}

static unsigned long sign_init(unsigned long session, void *mechanism, unsigned long key)
{
    return access(beside("removed"), F_OK) == 0 ? DEVICE_REMOVED : real_sign_init(session, mechanism, key);
}

static unsigned long login(unsigned long session, unsigned long user, void *pin, unsigned long length)
{
    FILE *logins = fopen(beside("logins"), "r+");

    if (logins != NULL && fseek(logins, 0, SEEK_END) == 0) {
        (void)fputc('x', logins);
    }
    if (logins != NULL) {
        (void)fclose(logins);
    }
    return real_login(session, user, pin, length);
}

static unsigned long token_info(unsigned long slot, unsigned char *info)
{
    unsigned long status = real_info(slot, info);
    unsigned long flags;

    if (status == 0 && access(beside("forgets"), F_OK) == 0) {
        (void)memcpy(&flags, info + FLAGS_AT, sizeof(flags));
        flags &= ~PIN_COUNT_LOW;
        (void)memcpy(info + FLAGS_AT, &flags, sizeof(flags));
    }
    return status;
}

__attribute__((visibility("default"))) unsigned long C_GetFunctionList(void **list);
unsigned long C_GetFunctionList(void **list)
{
    static void *ours[WHOLE];
    Dl_info self;
    void *real;
    list_fn *get;
    unsigned long status;

    if (dladdr((void *)(size_t)C_GetFunctionList, &self) == 0 || strlen(self.dli_fname) >= sizeof(directory)) {
        return 5;
    }
    (void)strcpy(directory, self.dli_fname);
    strrchr(directory, '/')[1] = '\0';
    (void)setenv("SOFTHSM2_CONF", beside("softhsm2.conf"), 1);
    real = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
    get = real != NULL ? (list_fn *)(size_t)dlsym(real, "C_GetFunctionList") : NULL;
    status = get != NULL ? get(list) : 5;
    if (status == 0) {
        (void)memcpy(ours, *list, WHOLE * sizeof(void *));
        real_info = (info_fn *)(size_t)ours[TOKEN_INFO];
        real_login = (login_fn *)(size_t)ours[LOGIN];
        real_sign_init = (function_fn *)(size_t)ours[SIGN_INIT];
        ours[TOKEN_INFO] = (void *)(size_t)token_info;
        ours[LOGIN] = (void *)(size_t)login;
        ours[SIGN_INIT] = (void *)(size_t)sign_init;
        *list = ours;
    }
    return status;
}
