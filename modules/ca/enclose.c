/*
 * The last step into solitude: see process.h.
 *
 * SECURITY: a second line of defence for the signer, which holds the CA's key: whoever takes it over can neither
 * call home nor read the store. What is refused is listed, not what is allowed: what a library needs for computing
 * changes from version to version, and a signer that is killed for it would issue nothing.
 */
#include "ca/process.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

#define OTHER_ABI 0x40000000u /* x32: the same calls under other numbers */

static const unsigned refused[] = {
    /* files */
    __NR_openat,
    __NR_openat2,
    __NR_open_by_handle_at,
    __NR_unlinkat,
    __NR_renameat2,
    __NR_linkat,
    __NR_symlinkat,
    __NR_mount,
    /* network */
    __NR_socket,
    __NR_socketpair,
    __NR_connect,
    __NR_bind,
    __NR_listen,
    __NR_accept,
    __NR_accept4,
    /* programs and processes */
    __NR_execve,
    __NR_execveat,
    __NR_clone,
    __NR_clone3,
    __NR_kill,
    __NR_tkill,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_pidfd_open,
    __NR_io_uring_setup,
    __NR_bpf,
    __NR_keyctl,
#ifdef __NR_open /* calls that newer architectures do not have any more */
    __NR_open,
    __NR_creat,
    __NR_unlink,
    __NR_rename,
    __NR_link,
    __NR_symlink,
    __NR_fork,
    __NR_vfork,
#endif
};

enum { REFUSED = sizeof(refused) / sizeof(refused[0]), HEAD = 5, TAIL = 2 };

static struct sock_filter statement(int code, unsigned operand)
{
    return (struct sock_filter){(unsigned short)code, 0, 0, operand};
}

static struct sock_filter jump(int code, unsigned operand, int if_true, int if_false)
{
    return (struct sock_filter){(unsigned short)code, (unsigned char)if_true, (unsigned char)if_false, operand};
}

apr_status_t anshin_process_enclose(anshin_error_t *err)
{
    struct sock_filter filter[HEAD + REFUSED + TAIL];
    const struct sock_fprog program = {HEAD + REFUSED + TAIL, filter};

    filter[0] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[1] = jump(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    filter[2] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    filter[3] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    filter[4] = jump(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, REFUSED + 1, 0);
    for (int i = 0; i < REFUSED; i++) {
        filter[HEAD + i] = jump(BPF_JMP | BPF_JEQ | BPF_K, refused[i], REFUSED - i, 0);
    }
    filter[HEAD + REFUSED] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[HEAD + REFUSED + 1] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0748", "system calls cannot be narrowed: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

#else

apr_status_t anshin_process_enclose(anshin_error_t *err)
{
    (void)err;
    return APR_SUCCESS;
}

#endif
