/*
 * A log of what two writers do to the files of a store, taken with ptrace: see crash.h.
 *
 * Nothing of the store is changed or replaced for it, so the log also holds what the DBM libraries do. Every system
 * call that matters is logged when it has returned; a sync makes durable what was logged before it was entered. Stores
 * to a mapped file cannot be seen (gdbm writes so): such a file is logged whole when it is synced.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACED_WRITERS 2
#define THREADS 64
#define ANY_CALL 255

typedef struct __ptrace_syscall_info call_info_t;

/* A thread that is traced, and the call it is in. */
typedef struct thread_t {
    pid_t tid;
    uint64_t number;
    uint64_t args[6];
    size_t entered;   /* count of events then */
    int64_t position; /* of the descriptor of a write without an offset */
} thread_t;

typedef struct tracer_t {
    tree_t tree;
    thread_t threads[THREADS];
    int ack_fd;
    int failed;
} tracer_t;

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        abort();
    }
    return memory;
}

event_t *trace_add(trace_t *trace, event_kind_t kind)
{
    if (trace->count == trace->room) {
        trace->room = trace->room * 2 + 1024;
        trace->events = realloc(trace->events, trace->room * sizeof(event_t));
        if (trace->events == NULL) {
            abort();
        }
    }
    memset(&trace->events[trace->count], 0, sizeof(event_t));
    trace->events[trace->count].kind = kind;
    return &trace->events[trace->count++];
}

void trace_free(trace_t *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->events[i].data);
    }
    free(trace->events);
    memset(trace, 0, sizeof(*trace));
}

static int64_t read_position(pid_t pid, uint64_t fd)
{
    char path[64];
    char line[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, (int)fd);
    file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL || strncmp(line, "pos:", 4) != 0) {
        abort();
    }
    fclose(file);
    return strtoll(line + 4, NULL, 10);
}

/* --- contents ------------------------------------------------------------------------------------------------------
 */

static void written(tracer_t *tracer, const thread_t *thread, int64_t offset, int64_t length)
{
    entry_t *entry = tree_by_descriptor(&tracer->tree, thread->tid, thread->args[0]);
    event_t *event;

    if (length <= 0) {
        return;
    }
    if (entry == NULL && (int)thread->args[0] == tracer->ack_fd && length == (int64_t)sizeof(ack_t)) {
        event = trace_add(tracer->tree.trace, EVENT_ACK);
        read_memory(&event->ack, thread->tid, thread->args[1], sizeof(ack_t));
    } else if (entry != NULL) {
        event = trace_add(tracer->tree.trace, EVENT_WRITE);
        event->file = entry->file;
        event->offset = offset;
        event->length = (size_t)length;
        event->data = allocate(event->length);
        read_memory(event->data, thread->tid, thread->args[1], event->length);
    }
}

/* A mapped file, as it is now. */
static void snapshot(tracer_t *tracer, const thread_t *thread, const entry_t *entry)
{
    char path[64];
    struct stat facts;
    event_t *event;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread->tid, (int)thread->args[0]);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        abort();
    }
    event = trace_add(tracer->tree.trace, EVENT_WRITE);
    event->file = entry->file;
    event->length = (size_t)facts.st_size;
    event->data = allocate(event->length + 1);
    if (pread(fd, event->data, event->length, 0) != (ssize_t)event->length) {
        abort();
    }
    close(fd);
}

static void synced(tracer_t *tracer, const thread_t *thread)
{
    const entry_t *entry = tree_by_descriptor(&tracer->tree, thread->tid, thread->args[0]);
    event_t *event;

    if (entry != NULL) {
        event = trace_add(tracer->tree.trace, EVENT_SYNC);
        event->file = entry->file;
        event->since = thread->entered;
    }
}

static void resized(tracer_t *tracer, const thread_t *thread, int64_t size, int only_longer)
{
    entry_t *entry = tree_by_descriptor(&tracer->tree, thread->tid, thread->args[0]);
    struct stat facts;
    event_t *event;

    if (entry == NULL || stat_descriptor(&facts, thread->tid, thread->args[0]) != 0 ||
        (only_longer && facts.st_size != size)) {
        return;
    }
    event = trace_add(tracer->tree.trace, EVENT_TRUNCATE);
    event->file = entry->file;
    event->offset = size;
}

/* --- calls ---------------------------------------------------------------------------------------------------------
 */

static void call_entered(tracer_t *tracer, thread_t *thread)
{
    entry_t *entry;

    switch (thread->number) {
    case SYS_fsync:
    case SYS_fdatasync:
        entry = tree_by_descriptor(&tracer->tree, thread->tid, thread->args[0]);
        if (entry != NULL && entry->mapped) {
            snapshot(tracer, thread, entry);
        }
        break;
    case SYS_write:
        if (tree_by_descriptor(&tracer->tree, thread->tid, thread->args[0]) != NULL) {
            thread->position = read_position(thread->tid, thread->args[0]);
        }
        break;
    default:
        break;
    }
    thread->entered = tracer->tree.trace->count;
}

/* The arguments `directory` and the one after it are a name, relative to a directory or not. */
static int name_of(char name[NAME_SIZE], const tracer_t *tracer, const thread_t *thread, int directory)
{
    return tree_name(name, &tracer->tree, thread->tid, thread->args[directory], thread->args[directory + 1]);
}

static int plain_name_of(char name[NAME_SIZE], const tracer_t *tracer, const thread_t *thread, int argument)
{
    return tree_name(name, &tracer->tree, thread->tid, (uint64_t)AT_FDCWD, thread->args[argument]);
}

static void name_call_left(tracer_t *tracer, const thread_t *thread)
{
    tree_t *tree = &tracer->tree;
    char name[NAME_SIZE];
    char other[NAME_SIZE];

    switch (thread->number) {
    case SYS_openat:
        if ((thread->args[2] & O_CREAT) != 0 && name_of(name, tracer, thread, 0)) {
            tree_made(tree, name);
        }
        break;
    case SYS_mkdir:
        if (plain_name_of(name, tracer, thread, 0)) {
            tree_made(tree, name);
        }
        break;
    case SYS_rename:
        if (plain_name_of(name, tracer, thread, 0) && plain_name_of(other, tracer, thread, 1)) {
            tree_renamed(tree, name, other);
        }
        break;
    case SYS_renameat:
    case SYS_renameat2:
        if (name_of(name, tracer, thread, 0) && name_of(other, tracer, thread, 2)) {
            tree_renamed(tree, name, other);
        }
        break;
    case SYS_rmdir:
    case SYS_unlink:
        if (plain_name_of(name, tracer, thread, 0)) {
            tree_removed(tree, name);
        }
        break;
    case SYS_unlinkat:
        if (name_of(name, tracer, thread, 0)) {
            tree_removed(tree, name);
        }
        break;
    default:
        break;
    }
}

static void call_left(tracer_t *tracer, thread_t *thread, int64_t result)
{
    entry_t *entry;

    if (result < 0) {
        return;
    }
    switch (thread->number) {
    case SYS_write:
        written(tracer, thread, thread->position, result);
        break;
    case SYS_pwrite64:
        written(tracer, thread, (int64_t)thread->args[3], result);
        break;
    case SYS_ftruncate:
        resized(tracer, thread, (int64_t)thread->args[1], 0);
        break;
    case SYS_fallocate:
        resized(tracer, thread, (int64_t)(thread->args[2] + thread->args[3]), 1);
        break;
    case SYS_fsync:
    case SYS_fdatasync:
        synced(tracer, thread);
        break;
    case SYS_mmap:
        entry = (int)thread->args[4] >= 0 ? tree_by_descriptor(&tracer->tree, thread->tid, thread->args[4]) : NULL;
        if (entry != NULL && (thread->args[2] & PROT_WRITE) != 0 && (thread->args[3] & MAP_SHARED) != 0) {
            entry->mapped = 1;
        }
        break;
    default:
        name_call_left(tracer, thread);
    }
}

/* --- the traced processes ------------------------------------------------------------------------------------------
 */

static thread_t *thread_of(tracer_t *tracer, pid_t tid)
{
    thread_t *free_place = NULL;

    for (int i = 0; i < THREADS; i++) {
        if (tracer->threads[i].tid == tid) {
            return &tracer->threads[i];
        }
        if (tracer->threads[i].tid == 0 && free_place == NULL) {
            free_place = &tracer->threads[i];
        }
    }
    if (free_place != NULL) {
        memset(free_place, 0, sizeof(*free_place));
        free_place->tid = tid;
        free_place->number = ANY_CALL;
    }
    return free_place;
}

static void at_call(tracer_t *tracer, pid_t tid)
{
    thread_t *thread = thread_of(tracer, tid);
    call_info_t info;

    memset(&info, 0, sizeof(info));
    if (thread == NULL || ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0) {
        tracer->failed = 1;
        return;
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        thread->number = info.entry.nr;
        memcpy(thread->args, info.entry.args, sizeof(thread->args));
        call_entered(tracer, thread);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        call_left(tracer, thread, info.exit.rval);
        thread->number = ANY_CALL;
    }
}

/* Follow all traced threads until the last is gone. Answers how many processes did not end as wanted. */
static int follow(tracer_t *tracer, const pid_t processes[TRACED_WRITERS])
{
    int running = TRACED_WRITERS;
    int bad = 0;
    int status;
    pid_t tid;

    while (running > 0 && (tid = waitpid(-1, &status, __WALL)) > 0) {
        int signal_number = 0;

        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            thread_t *thread = thread_of(tracer, tid);

            if (thread != NULL) {
                thread->tid = 0;
            }
            if (tid == processes[0] || tid == processes[1]) {
                running--;
                bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
            }
            continue;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            at_call(tracer, tid);
        } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) {
            signal_number = WSTOPSIG(status);
        }
        ptrace(PTRACE_SYSCALL, tid, 0, signal_number);
    }
    return bad;
}

static pid_t start_traced(const char *where, int writer, int ack_fd, int64_t commits, unsigned seed)
{
    workload_t workload = {.where = where, .writer = writer, .ack_fd = ack_fd, .commits = commits, .seed = seed};
    pid_t pid;
    int status;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || raise(SIGSTOP) != 0) {
            _exit(CHECK_BROKEN);
        }
        _exit(workload_write(&workload));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL) != 0) {
        return -1;
    }
    return pid;
}

int trace_run(trace_t *trace, const char *directory, const char *where, int64_t commits, unsigned seed)
{
    tracer_t *tracer = allocate(sizeof(*tracer));
    pid_t processes[TRACED_WRITERS];
    int failed;

    memset(trace, 0, sizeof(*trace));
    tree_begin(&tracer->tree, trace, directory);
    tracer->ack_fd = open("/dev/null", O_WRONLY);
    failed = tracer->ack_fd < 0;
    for (int i = 0; i < TRACED_WRITERS; i++) {
        processes[i] = start_traced(where, i, tracer->ack_fd, commits, seed + (unsigned)i);
        failed |= processes[i] < 0;
    }
    for (int i = 0; i < TRACED_WRITERS && !failed; i++) {
        ptrace(PTRACE_SYSCALL, processes[i], 0, 0);
    }
    failed = failed || follow(tracer, processes) != 0 || tracer->failed || tracer->tree.failed;
    close(tracer->ack_fd);
    free(tracer);
    return failed;
}
