/*
 * Checkpoints: see checkpoint.h.
 */
#include "store/dbm/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <apr_strings.h>

#include "store/files/lock.h"

#define COPY_STEP 262144
#define SPARE_SPACE 16777216 /* what two journals may add to a base, and a new journal */

typedef struct checkpoint_t {
    const anshin_store_place_t *place;
    int lock_fd;
} checkpoint_t;

/* --- what goes into it -------------------------------------------------------------------------------------------- */

static void add_change(void *baton, const anshin_change_t *change, apr_uint32_t end)
{
    anshin_overlay_add(baton, change, end);
}

/* All of journal `number`; where it ends stands in the header of the one after it. */
static apr_status_t add_journal(anshin_overlay_t *changes, const anshin_directory_t *directory, apr_uint32_t number,
                                anshin_error_t *err, apr_pool_t *pool)
{
    anshin_journal_t journal;
    anshin_journal_t next;
    anshin_mark_t mark;
    apr_status_t status = anshin_journal_open(&next, directory, number + 1, err, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_journal_close(&next);
    status = anshin_journal_open(&journal, directory, number, err, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    mark = journal.start;
    status = anshin_journal_read(&journal, &mark, next.previous.length, &(anshin_change_visitor_t){add_change, changes},
                                 err, &(anshin_room_t){.pool = pool});
    anshin_journal_close(&journal);
    if (status == APR_SUCCESS && mark.chain != next.previous.chain) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0357", "store: journal %u does not follow on journal %u",
                             number + 1, number);
    }
    return status;
}

/* --- what it is made of ------------------------------------------------------------------------------------------- */

static apr_status_t copy_file(int to, int from, apr_pool_t *pool)
{
    char *step = apr_palloc(pool, COPY_STEP);
    apr_off_t offset = 0;

    for (;;) {
        ssize_t got = pread(from, step, COPY_STEP, offset);
        apr_status_t status;

        if (got == 0) {
            return APR_SUCCESS;
        }
        if (got < 0) {
            return errno;
        }
        status = anshin_file_write(to, step, (apr_size_t)got, offset);
        if (status != APR_SUCCESS) {
            return status;
        }
        offset += got;
    }
}

static apr_status_t copy_base(const anshin_directory_t *directory, apr_uint32_t number, anshin_error_t *err,
                              apr_pool_t *pool)
{
    apr_status_t status;
    int from;
    int to;

    status = anshin_directory_open_file(&from, directory, anshin_base_name(number, pool), O_RDONLY, err);
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0358", "store: base %u is missing", number);
    }
    status = anshin_directory_create(&to, directory, ANSHIN_BASE_WORK, err);
    if (status == APR_SUCCESS) {
        status = copy_file(to, from, pool);
        close(to);
        if (status != APR_SUCCESS) {
            status =
                anshin_fail(err, ANSHIN_EFAULT, "AN0359", "store: cannot copy base %u: %s", number, strerror(status));
        }
    }
    close(from);
    return status;
}

/* Turn the base before the last into base.work, if nobody reads it. Its old name must be gone for good before its
 * content
 * changes: after a loss of power it must not be taken for what it was. */
static apr_status_t take_base(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_error_t *err,
                              apr_pool_t *pool)
{
    const anshin_directory_t *directory = checkpoint->place->directory;
    int fd;
    apr_status_t status = anshin_directory_open_file(&fd, directory, anshin_base_name(number, pool), O_RDONLY, err);

    if (status != APR_SUCCESS) {
        return status; /* not there: somebody was killed who had taken it */
    }
    close(fd);
    status = anshin_lock_try(checkpoint->lock_fd, ANSHIN_LOCK_BASE + number, ANSHIN_LOCK_EXCLUSIVE, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_directory_rename(directory, anshin_base_name(number, pool), ANSHIN_BASE_WORK, err);
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(directory, err);
    }
    anshin_lock_release(checkpoint->lock_fd, ANSHIN_LOCK_BASE + number);
    return status;
}

/* base.number out of the base before the last and two journals: nothing but the changes is written. ANSHIN_ENOTFOUND,
 * ANSHIN_EBUSY: one of them is not there, or the base is still read. */
static apr_status_t make_by_reuse(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    const anshin_store_place_t *place = checkpoint->place;
    anshin_overlay_t *changes = anshin_overlay_make(place->hash_key, 0, pool);
    apr_status_t status = add_journal(changes, place->directory, number - 2, err, pool);

    if (status == APR_SUCCESS) {
        status = add_journal(changes, place->directory, number - 1, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = take_base(checkpoint, number - 2, err, pool);
    }
    return status == APR_SUCCESS ? anshin_base_update(place->directory, number, place->base_type, changes, err)
                                 : status;
}

/* base.number out of a copy of the last base and one journal. */
static apr_status_t make_by_copy(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    const anshin_store_place_t *place = checkpoint->place;
    anshin_overlay_t *changes = anshin_overlay_make(place->hash_key, 0, pool);
    apr_status_t status = add_journal(changes, place->directory, number - 1, err, pool);

    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0360", "store: journal %u is missing or damaged", number - 1);
    }
    status = copy_base(place->directory, number - 1, err, pool);
    return status == APR_SUCCESS ? anshin_base_update(place->directory, number, place->base_type, changes, err)
                                 : status;
}

/* base.number anew, with nothing in it but the records that are there. */
static apr_status_t make_anew(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_error_t *err,
                              apr_pool_t *pool)
{
    const anshin_store_place_t *place = checkpoint->place;
    anshin_overlay_t *changes = anshin_overlay_make(place->hash_key, 0, pool);
    apr_status_t status = add_journal(changes, place->directory, number - 1, err, pool);

    if (status == APR_SUCCESS) {
        status = anshin_base_rebuild(place->directory, number - 1, place->base_type, changes, err);
    }
    return status == APR_SUCCESS ? anshin_base_update(place->directory, number, place->base_type, changes, err)
                                 : status;
}

/* Does a scrub wait for this base? */
static apr_status_t is_scrubbed(int *scrubbed, const anshin_directory_t *directory, apr_uint32_t number,
                                anshin_error_t *err, apr_pool_t *pool)
{
    apr_array_header_t *names;
    apr_status_t status = anshin_directory_list(&names, directory, err, pool);

    *scrubbed = 0;
    for (int i = 0; status == APR_SUCCESS && i < names->nelts; i++) {
        *scrubbed |= anshin_checkpoint_number(APR_ARRAY_IDX(names, i, const char *), ANSHIN_SCRUB_STEM) >= number;
    }
    return status;
}

/* Is there room for a new base, all of it or only what changes? The libraries would find out by themselves, and db says
 * so once for every page; and the journals need the last of the space more. */
static apr_status_t check_space(const checkpoint_t *checkpoint, apr_uint32_t number, int anew, anshin_error_t *err,
                                apr_pool_t *pool)
{
    const anshin_directory_t *directory = checkpoint->place->directory;
    struct statvfs space;
    struct stat last;
    apr_off_t needed = SPARE_SPACE;

    if (fstatvfs(directory->fd, &space) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0388", "store: cannot tell the space on the disk: %s",
                           strerror(errno));
    }
    if ((anew || fstatat(directory->fd, anshin_base_name(number - 2, pool), &last, 0) != 0) &&
        fstatat(directory->fd, anshin_base_name(number - 1, pool), &last, 0) == 0) {
        needed += last.st_size;
    }
    if ((apr_off_t)(space.f_bavail * space.f_frsize) < needed) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0389", "store: %ld MiB must be free on the disk for a new base",
                           (long)(needed >> 20));
    }
    return APR_SUCCESS;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

apr_uint32_t anshin_checkpoint_number(const char *name, const char *stem)
{
    apr_size_t length = strlen(stem);
    unsigned long number;
    char *end;

    if (strncmp(name, stem, length) != 0 || name[length] < '1' || name[length] > '9') {
        return 0;
    }
    number = strtoul(name + length, &end, 10);
    return *end == '\0' && number <= ANSHIN_GENERATION_MAX ? (apr_uint32_t)number : 0;
}

static apr_status_t clean_name(const anshin_directory_t *directory, const char *name, apr_uint32_t oldest, int lock_fd,
                               anshin_error_t *err)
{
    apr_uint32_t journal = anshin_checkpoint_number(name, "journal.");
    apr_uint32_t base = anshin_checkpoint_number(name, "base.");
    apr_uint32_t scrub = anshin_checkpoint_number(name, ANSHIN_SCRUB_STEM);
    apr_status_t status;

    if (strcmp(name, ANSHIN_BASE_WORK) == 0 || (journal > 0 && journal < oldest) || (scrub > 0 && scrub <= oldest)) {
        return anshin_directory_remove(directory, name, err);
    }
    if (base == 0 || base >= oldest) {
        return APR_SUCCESS;
    }
    status = anshin_lock_try(lock_fd, ANSHIN_LOCK_BASE + base, ANSHIN_LOCK_EXCLUSIVE, err);
    if (status == ANSHIN_EBUSY) {
        return APR_SUCCESS; /* still read: next time */
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_remove(directory, name, err);
        anshin_lock_release(lock_fd, ANSHIN_LOCK_BASE + base);
    }
    return status;
}

apr_status_t anshin_checkpoint_clean(const anshin_directory_t *directory, apr_uint32_t oldest, int lock_fd,
                                     anshin_error_t *err)
{
    apr_array_header_t *names;
    apr_pool_t *pool;
    apr_status_t status;

    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0361", "store: no memory to clean up");
    }
    status = anshin_directory_list(&names, directory, err, pool);
    for (int i = 0; status == APR_SUCCESS && i < names->nelts; i++) {
        status = clean_name(directory, APR_ARRAY_IDX(names, i, const char *), oldest, lock_fd, err);
    }
    apr_pool_destroy(pool);
    return status;
}

/* A fault of the quick way is told even though the slow one works: the disk may be dying. */
static apr_status_t make_from_last(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_control_t *control,
                                   anshin_error_t *err, apr_pool_t *pool)
{
    anshin_error_t why = {.text = "the journal before the last is damaged"};
    apr_status_t status = number > 2 ? make_by_reuse(checkpoint, number, &why, pool) : ANSHIN_ENOTFOUND;
    int fault = status != APR_SUCCESS && status != ANSHIN_ENOTFOUND && status != ANSHIN_EBUSY;

    anshin_control_detour(control, fault ? why.text : "");
    return status == APR_SUCCESS ? status : make_by_copy(checkpoint, number, err, pool);
}

static apr_status_t make_base(const checkpoint_t *checkpoint, apr_uint32_t number, anshin_control_t *control,
                              anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_directory_t *directory = checkpoint->place->directory;
    int anew;
    apr_status_t status = is_scrubbed(&anew, directory, number, err, pool);

    if (status != APR_SUCCESS || (status = check_space(checkpoint, number, anew, err, pool)) != APR_SUCCESS) {
        return status;
    }
    status = anew ? make_anew(checkpoint, number, err, pool) : make_from_last(checkpoint, number, control, err, pool);
    return status == APR_SUCCESS
               ? anshin_directory_rename(directory, ANSHIN_BASE_WORK, anshin_base_name(number, pool), err)
               : status;
}

/* Make the base that the state waits for, under ANSHIN_LOCK_CHECKPOINT. */
static apr_status_t make_checkpoint(const checkpoint_t *checkpoint, anshin_control_t *control, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    const anshin_directory_t *directory = checkpoint->place->directory;
    anshin_state_t state = anshin_control_state(control);
    apr_uint32_t number = anshin_state_generation(state);
    apr_status_t status;
    int fd;

    if (!anshin_state_checkpointing(state)) {
        return APR_SUCCESS; /* another process has just done it */
    }
    status = anshin_directory_open_file(&fd, directory, anshin_base_name(number, pool), O_RDONLY, err);
    if (status == APR_SUCCESS) { /* somebody was killed between the rename and the last step */
        close(fd);
    } else if (status == ANSHIN_ENOTFOUND) {
        status = make_base(checkpoint, number, control, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(directory, err);
    }
    if (status != APR_SUCCESS) {
        (void)anshin_directory_remove(directory, ANSHIN_BASE_WORK, NULL);
        return status;
    }
    anshin_control_checkpointed(control);
    return anshin_checkpoint_clean(directory, number - 1, checkpoint->lock_fd,
                                   err); /* the next run needs the last one */
}

apr_status_t anshin_checkpoint_run(const anshin_store_place_t *place, anshin_control_t *control, int lock_fd,
                                   anshin_error_t *err)
{
    checkpoint_t checkpoint = {.place = place, .lock_fd = lock_fd};
    apr_pool_t *pool;
    apr_status_t status;

    if (!anshin_state_checkpointing(anshin_control_state(control))) {
        return APR_SUCCESS;
    }
    status = anshin_lock_try(lock_fd, ANSHIN_LOCK_CHECKPOINT, ANSHIN_LOCK_EXCLUSIVE, err);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_EBUSY ? APR_SUCCESS : status;
    }
    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        status = make_checkpoint(&checkpoint, control, err, pool);
        apr_pool_destroy(pool);
    } else {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0362", "store: no memory for a checkpoint");
    }
    anshin_lock_release(lock_fd, ANSHIN_LOCK_CHECKPOINT);
    return status;
}
