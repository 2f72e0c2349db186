/*
 * The control file: see control.h.
 */
#include "store/files/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define NAME "control"
#define PAGE_SIZE 4096
#define MAGIC "ANSHIN-CONTROL-1"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 36
#define NOTE_SIZE 256

/* Mapped by programs of one build at a time; the magic changes with the layout. */
typedef struct anshin_page_t {
    char magic[16];
    char boot_id[48];
    _Atomic apr_uint64_t state;
    _Atomic apr_uint64_t synced;
    _Atomic int fault;
    char note[NOTE_SIZE];
    char detour[NOTE_SIZE];
} page_t;

_Static_assert(sizeof(page_t) <= PAGE_SIZE, "the control page is one page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the state word must be lock-free to be shared between processes");

static apr_status_t read_boot_id(char boot_id[48], anshin_error_t *err)
{
    int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    apr_status_t status = fd >= 0 ? anshin_file_read(fd, boot_id, BOOT_ID_SIZE, 0) : errno;

    if (fd >= 0) {
        close(fd);
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0316", "store: cannot read %s, which tells a restart of the machine",
                           BOOT_ID);
    }
    memset(boot_id + BOOT_ID_SIZE, 0, 48 - BOOT_ID_SIZE);
    return APR_SUCCESS;
}

/* Under its name from the start with its final mode and size: others may open it at any moment. Its blocks are written,
 * so that a full disk can never make a store to the mapping fail. */
static apr_status_t make_file(const anshin_directory_t *directory, anshin_error_t *err, apr_pool_t *pool)
{
    static const char zeros[PAGE_SIZE];
    const char *temporary = apr_psprintf(pool, NAME ".%ld", (long)getpid());
    apr_status_t status;
    int fd;

    status = anshin_directory_create(&fd, directory, temporary, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_file_write(fd, zeros, sizeof(zeros), 0);
    close(fd);
    if (status == APR_SUCCESS) {
        status = anshin_directory_link(directory, temporary, NAME, err);
    } else {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN0317", "store: cannot write the control file: %s", strerror(status));
    }
    (void)anshin_directory_remove(directory, temporary, NULL);
    return status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

static apr_status_t map_file(anshin_control_t *control, anshin_error_t *err)
{
    struct stat facts;
    void *page;

    if (fstat(control->fd, &facts) != 0 || facts.st_size < PAGE_SIZE) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0318",
                           "store: the control file is too short; with no program using the store it may be removed");
    }
    page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, control->fd, 0);
    if (page == MAP_FAILED) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0319", "store: cannot map the control file: %s", strerror(errno));
    }
    control->page = page;
    return APR_SUCCESS;
}

apr_status_t anshin_control_open(anshin_control_t *control, const anshin_directory_t *directory, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    apr_status_t status = anshin_directory_open_file(&control->fd, directory, NAME, O_RDWR, err);

    control->page = NULL;
    if (status == ANSHIN_ENOTFOUND) {
        status = make_file(directory, err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
        status = anshin_directory_open_file(&control->fd, directory, NAME, O_RDWR, err);
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0320", "store: the control file was removed while it was opened");
    }
    status = map_file(control, err);
    if (status != APR_SUCCESS) {
        anshin_control_close(control);
    }
    return status;
}

void anshin_control_close(anshin_control_t *control)
{
    if (control->page != NULL) {
        munmap(control->page, PAGE_SIZE);
        control->page = NULL;
    }
    if (control->fd >= 0) {
        close(control->fd);
        control->fd = -1;
    }
}

apr_status_t anshin_control_reopen(int *fd, const anshin_directory_t *directory, anshin_error_t *err)
{
    apr_status_t status = anshin_directory_open_file(fd, directory, NAME, O_RDWR, err);

    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0321", "store: the control file was removed while in use");
    }
    return APR_SUCCESS;
}

int anshin_control_valid(const anshin_control_t *control)
{
    char boot_id[48];

    return read_boot_id(boot_id, NULL) == APR_SUCCESS && memcmp(control->page->magic, MAGIC, sizeof(MAGIC) - 1) == 0 &&
           memcmp(control->page->boot_id, boot_id, sizeof(boot_id)) == 0;
}

/* The boot id goes in last: a page half written is an invalid one. */
apr_status_t anshin_control_begin(anshin_control_t *control, anshin_state_t state, anshin_error_t *err)
{
    page_t *page = control->page;
    char boot_id[48];
    apr_status_t status = read_boot_id(boot_id, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    memset(page->boot_id, 0, sizeof(page->boot_id));
    memcpy(page->magic, MAGIC, sizeof(page->magic));
    page->note[0] = '\0';
    page->detour[0] = '\0';
    atomic_store(&page->state, state);
    atomic_store(&page->synced, 0);
    atomic_store(&page->fault, 0);
    memcpy(page->boot_id, boot_id, sizeof(boot_id));
    return APR_SUCCESS;
}

anshin_state_t anshin_control_state(const anshin_control_t *control)
{
    return atomic_load_explicit(&control->page->state, memory_order_acquire);
}

/* Only the length moves: the checkpointing bit may be cleared by another process at the same moment. */
void anshin_control_advance(anshin_control_t *control, apr_uint32_t octets)
{
    atomic_fetch_add(&control->page->state, octets);
}

void anshin_control_rotate(anshin_control_t *control, apr_uint32_t generation, apr_uint32_t length)
{
    atomic_store(&control->page->state, anshin_state_make(generation, length, 1));
}

void anshin_control_checkpointed(anshin_control_t *control)
{
    atomic_fetch_and(&control->page->state, ~((apr_uint64_t)1 << 63));
}

anshin_position_t anshin_control_synced(const anshin_control_t *control)
{
    return atomic_load_explicit(&control->page->synced, memory_order_acquire);
}

void anshin_control_set_synced(anshin_control_t *control, anshin_position_t position)
{
    apr_uint64_t known = atomic_load(&control->page->synced);

    while (known < position && !atomic_compare_exchange_weak(&control->page->synced, &known, position)) {
        /* known is what another process stored meanwhile */
    }
}

int anshin_control_fault(const anshin_control_t *control)
{
    return atomic_load(&control->page->fault);
}

void anshin_control_set_fault(anshin_control_t *control, int code)
{
    atomic_store(&control->page->fault, code != 0 ? code : EIO);
}

void anshin_control_note(anshin_control_t *control, const char *text)
{
    apr_cpystrn(control->page->note, text, NOTE_SIZE);
}

void anshin_control_detour(anshin_control_t *control, const char *text)
{
    apr_cpystrn(control->page->detour, text, NOTE_SIZE);
}

/* Written by another process perhaps at this moment: a mixed text is the worst that can come of it. */
static void read_note(char *text, apr_size_t size, const char *note)
{
    char copy[NOTE_SIZE];

    memcpy(copy, note, NOTE_SIZE);
    copy[NOTE_SIZE - 1] = '\0';
    apr_cpystrn(text, copy, size);
}

void anshin_control_last_note(char *text, apr_size_t size, const anshin_control_t *control)
{
    read_note(text, size, control->page->note);
}

void anshin_control_last_detour(char *text, apr_size_t size, const anshin_control_t *control)
{
    read_note(text, size, control->page->detour);
}
