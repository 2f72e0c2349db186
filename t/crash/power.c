/*
 * The power goes: a log of trace.c replayed up to a random event, then what the disk may hold. See crash.h.
 *
 * Of every block of 4 KiB that was written since its file was synced, any of its contents since then may be there, also
 * the old one; the size of a file may be the synced or the last one; and every change of names since the directory was
 * synced may have happened or not. That is more than any file system does. Then the store is opened in a new process,
 * and must hold what was acknowledged as durable before the cut.
 */
#include "crash.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096
#define NAMES 64
#define COMMITS 320 /* of each writer: two checkpoints or three */
#define PATIENCE 20

/* A name, before and after the changes that may be lost. */
typedef struct name_t {
    char name[64];
    int file; /* -1: none */
} name_t;

typedef struct folder_t {
    name_t names[NAMES];
    int count;
} folder_t;

typedef struct replay_t {
    const trace_t *trace;
    size_t cut; /* events that happened */
    int no_sync;
    unsigned seed;
    size_t *durable; /* for every file: events before this index are synced */
    size_t names_durable;
} replay_t;

static int flip(replay_t *replay)
{
    return (rand_r(&replay->seed) >> 3) & 1;
}

static void note_syncs(replay_t *replay)
{
    memset(replay->durable, 0, (size_t)replay->trace->files * sizeof(size_t));
    replay->names_durable = 0;
    for (size_t i = 0; i < replay->cut && !replay->no_sync; i++) {
        const event_t *event = &replay->trace->events[i];

        if (event->kind == EVENT_SYNC && event->since > replay->durable[event->file]) {
            replay->durable[event->file] = event->since;
        } else if (event->kind == EVENT_SYNC_DIR && event->since > replay->names_durable) {
            replay->names_durable = event->since;
        }
    }
}

/* --- names ---------------------------------------------------------------------------------------------------------
 */

static name_t *find_name(folder_t *folder, const char *name)
{
    for (int i = 0; i < folder->count; i++) {
        if (strcmp(folder->names[i].name, name) == 0) {
            return &folder->names[i];
        }
    }
    return NULL;
}

static void set_name(folder_t *folder, const char *name, int file)
{
    name_t *place = find_name(folder, name);

    for (int i = 0; i < folder->count && place == NULL; i++) {
        if (folder->names[i].file < 0) {
            place = &folder->names[i];
        }
    }
    if (place == NULL && folder->count < NAMES) {
        place = &folder->names[folder->count++];
    }
    if (place == NULL) {
        abort();
    }
    snprintf(place->name, sizeof(place->name), "%s", name);
    place->file = file;
}

/* A rename says which file gets the name, so that it means the same when a change before it was lost. */
static void replay_names(replay_t *replay, folder_t *folder)
{
    folder_t live = {.count = 0};

    for (size_t i = 0; i < replay->cut; i++) {
        const event_t *event = &replay->trace->events[i];
        int happens = i < replay->names_durable || flip(replay);
        int file;

        switch (event->kind) {
        case EVENT_CREATE:
            set_name(&live, event->name, event->file);
            if (happens) {
                set_name(folder, event->name, event->file);
            }
            break;
        case EVENT_UNLINK:
            set_name(&live, event->name, -1);
            if (happens) {
                set_name(folder, event->name, -1);
            }
            break;
        case EVENT_RENAME:
            file = find_name(&live, event->name)->file;
            set_name(&live, event->name, -1);
            set_name(&live, event->other, file);
            if (happens) {
                set_name(folder, event->name, -1);
                set_name(folder, event->other, file);
            }
            break;
        default:
            break;
        }
    }
}

/* --- contents ------------------------------------------------------------------------------------------------------
 */

typedef struct content_t {
    unsigned char *data;
    size_t room;
    size_t size; /* with everything that happened */
    size_t synced_size;
} content_t;

static void *allocate(size_t size)
{
    void *memory = calloc(1, size + 1);

    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* Write the parts of an event that reach the disk: all of it when synced, else block by block as luck will have it. A
 * later content of a block that survives goes over an earlier one that did or did not. */
static void put_blocks(replay_t *replay, content_t *content, const event_t *event, int synced)
{
    size_t at = 0;

    while (at < event->length) {
        size_t offset = (size_t)event->offset + at;
        size_t length = BLOCK - offset % BLOCK;

        if (length > event->length - at) {
            length = event->length - at;
        }
        if (synced || flip(replay)) {
            memcpy(content->data + offset, event->data + at, length);
        }
        at += length;
    }
}

static void resize(content_t *content, size_t size)
{
    if (size < content->size) {
        memset(content->data + size, 0, content->room - size);
    }
    content->size = size;
}

static size_t room_for(const replay_t *replay, int file)
{
    size_t room = 0;

    for (size_t i = 0; i < replay->cut; i++) {
        const event_t *event = &replay->trace->events[i];
        size_t end = (size_t)event->offset + event->length;

        if ((event->kind == EVENT_WRITE || event->kind == EVENT_TRUNCATE) && event->file == file && end > room) {
            room = end;
        }
    }
    return room;
}

static content_t replay_content(replay_t *replay, int file)
{
    content_t content = {.room = room_for(replay, file)};

    content.data = allocate(content.room);
    for (size_t i = 0; i < replay->cut; i++) {
        const event_t *event = &replay->trace->events[i];
        int synced = i < replay->durable[file];

        if (event->file != file || (event->kind != EVENT_WRITE && event->kind != EVENT_TRUNCATE)) {
            continue;
        }
        if (event->kind == EVENT_WRITE) {
            put_blocks(replay, &content, event, synced);
            if ((size_t)event->offset + event->length > content.size) {
                content.size = (size_t)event->offset + event->length;
            }
        } else if (synced || (size_t)event->offset > content.size || flip(replay)) {
            resize(&content, (size_t)event->offset);
        }
        if (synced) {
            content.synced_size = content.size;
        }
    }
    return content;
}

static void write_file(replay_t *replay, const char *directory, const name_t *name)
{
    content_t content = replay_content(replay, name->file);
    size_t size = flip(replay) || content.synced_size > content.size ? content.size : content.synced_size;
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", directory, name->name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    if (fd < 0 || write(fd, content.data, size) != (ssize_t)size) {
        abort();
    }
    close(fd);
    free(content.data);
}

/* --- cuts ----------------------------------------------------------------------------------------------------------
 */

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0770) != 0 || chmod(path, 02770) != 0) {
        abort();
    }
}

/* What was acknowledged as durable. A durable commit takes the lazy ones before it along, of all writers; the numbers
 * of others that it covers are known only from their acknowledgements, so theirs count when they came before it. */
static void promises(const replay_t *replay, int64_t acknowledged[WRITERS])
{
    memset(acknowledged, 0, WRITERS * sizeof(acknowledged[0]));
    for (size_t i = 0; i < replay->cut; i++) {
        const event_t *event = &replay->trace->events[i];

        if (event->kind == EVENT_ACK && event->ack.durable) {
            acknowledged[event->ack.writer] = event->ack.number;
        }
    }
}

static int cut_once(replay_t *replay, const char *directory, const char *type)
{
    int64_t acknowledged[WRITERS];
    folder_t folder = {.count = 0};
    char where[512];
    int code;

    make_directory(directory);
    note_syncs(replay);
    replay_names(replay, &folder);
    for (int i = 0; i < folder.count; i++) {
        if (folder.names[i].file >= 0) {
            write_file(replay, directory, &folder.names[i]);
        }
    }
    promises(replay, acknowledged);
    snprintf(where, sizeof(where), "%s?type=%s", directory, type);
    code = workload_check_apart(where, acknowledged, replay->no_sync, PATIENCE);
    if (code != 0 && !replay->no_sync) {
        printf("# cut after event %lu of %lu: %d\n", (unsigned long)replay->cut, (unsigned long)replay->trace->count,
               code);
    }
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}

void power_run(power_report_t *report, const char *scratch, const char *type, int cuts, int no_sync, unsigned seed)
{
    trace_t trace;
    replay_t replay = {.trace = &trace, .no_sync = no_sync, .seed = seed};
    char directory[480];
    char where[512];

    memset(report, 0, sizeof(*report));
    snprintf(directory, sizeof(directory), "%s/power", scratch);
    snprintf(where, sizeof(where), "%s?type=%s", directory, type);
    make_directory(directory);
    if (trace_run(&trace, directory, where, COMMITS, seed) != 0) {
        printf("# the writers could not be traced, or failed\n");
        report->broken++;
    }
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < trace.count; i++) {
        report->syncs += trace.events[i].kind == EVENT_SYNC;
        report->bases += trace.events[i].kind == EVENT_RENAME && strncmp(trace.events[i].other, "base.", 5) == 0 &&
                         strcmp(trace.events[i].other, "base.work") != 0;
    }
    report->events = trace.count;
    replay.durable = allocate((size_t)trace.files * sizeof(size_t));
    while (report->cuts < cuts && report->broken == 0) {
        int code;

        replay.cut = (size_t)rand_r(&replay.seed) % (trace.count + 1);
        code = cut_once(&replay, directory, type);
        report->cuts++;
        report->lost += code == CHECK_LOST;
        report->broken += code != 0 && code != CHECK_LOST;
    }
    free(replay.durable);
    trace_free(&trace);
}
