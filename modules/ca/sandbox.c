/*
 * The last step into solitude: see sandbox.h.
 *
 * SECURITY: a second line of defence for the signer, which holds the CA's key: whoever takes it over can neither
 * call home nor read the store. What is refused is listed, not what is allowed: what a library needs for computing
 * changes from version to version, and a signer that is killed for it would issue nothing.
 */
#include "ca/sandbox.h"

#include <errno.h>
#include <fcntl.h>
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
    /* files; openat stands below */
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

enum { REFUSED = sizeof(refused) / sizeof(refused[0]), HEAD = 5, OPEN = 4, TAIL = 2 };

/* What makes openat(2) more than reading: these bits of its flags. */
#define WRITES ((unsigned)(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND))

static struct sock_filter statement(int code, unsigned operand)
{
    return (struct sock_filter){(unsigned short)code, 0, 0, operand};
}

static struct sock_filter jump(int code, unsigned operand, int if_true, int if_false)
{
    return (struct sock_filter){(unsigned short)code, (unsigned char)if_true, (unsigned char)if_false, operand};
}

/* The octets of an argument that hold its low 32 bits. */
static unsigned argument(int number)
{
    return (unsigned)(offsetof(struct seccomp_data, args) + sizeof(__u64) * (unsigned)number);
}

apr_status_t anshin_process_sandbox(int reads_files, anshin_error_t *err)
{
    enum { BEGIN = HEAD + REFUSED, ALLOW = BEGIN + OPEN, REFUSE };
    struct sock_filter filter[ALLOW + TAIL];
    const struct sock_fprog program = {ALLOW + TAIL, filter};

    filter[0] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[1] = jump(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    filter[2] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    filter[3] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    filter[4] = jump(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, REFUSE - 5, 0);
    for (int i = 0; i < REFUSED; i++) {
        filter[HEAD + i] = jump(BPF_JMP | BPF_JEQ | BPF_K, refused[i], REFUSE - (HEAD + i + 1), 0);
    }
    filter[BEGIN] = jump(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, ALLOW - (BEGIN + 1));
    filter[BEGIN + 1] = jump(BPF_JMP | BPF_JA, 0, 0, 0);
    if (!reads_files) {
        filter[BEGIN + 1].k = REFUSE - (BEGIN + 2);
    }
    filter[BEGIN + 2] = statement(BPF_LD | BPF_W | BPF_ABS, argument(2));
    filter[BEGIN + 3] = jump(BPF_JMP | BPF_JSET | BPF_K, WRITES, REFUSE - (BEGIN + 4), 0);
    filter[ALLOW] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[REFUSE] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0748", "system calls cannot be narrowed: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

#else

apr_status_t anshin_process_sandbox(int reads_files, anshin_error_t *err)
{
    (void)reads_files;
    (void)err;
    return APR_SUCCESS;
}

#endif
