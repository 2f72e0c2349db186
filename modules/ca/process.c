/*
 * What a process may do: see process.h.
 */
#include "ca/process.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

apr_status_t anshin_process_hide(anshin_error_t *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0708", "core dumps cannot be switched off: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_process_confine(anshin_error_t *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0709", "rights by set-user-ID cannot be given up: %s",
                           strerror(errno));
    }
    return APR_SUCCESS;
}

#ifdef __SANITIZE_ADDRESS__
/* Test builds: the search for leaks is a debugger of sorts, which hiding forbids. */
const char *__asan_default_options(void) __attribute__((visibility("default")));
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

void anshin_process_close_inherited(void)
{
    closefrom(STDERR_FILENO + 1);
}
