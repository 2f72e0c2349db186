/*
 * What is left after a cut: see remains.h.
 */
#include "remains.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blobs.h"

#define BLOCK 4096
#define SECTOR 512

static void *allocate(size_t size)
{
    void *memory = calloc(1, size + 1);

    if (memory == NULL) {
        abort();
    }
    return memory;
}

static int flip(remains_t *remains)
{
    return ((rand_r(&remains->seed) >> 3) & 7) < remains->odds;
}

/* A cut looks at some hundred files, and each at its own events alone. */
static void index_events(remains_t *remains)
{
    const trace_t *trace = remains->trace;

    remains->first = allocate((size_t)trace->files * sizeof(size_t));
    remains->next = allocate(trace->count * sizeof(size_t));
    remains->names = allocate(trace->count * sizeof(size_t));
    for (int file = 0; file < trace->files; file++) {
        remains->first[file] = trace->count;
    }
    for (size_t i = trace->count; i-- > 0;) {
        remains->next[i] = remains->first[trace->events[i].file];
        remains->first[trace->events[i].file] = i;
    }
    for (size_t i = 0; i < trace->count; i++) {
        event_kind_t kind = trace->events[i].kind;

        if (kind == EVENT_CREATE || kind == EVENT_MKDIR || kind == EVENT_UNLINK || kind == EVENT_RENAME) {
            remains->names[remains->named++] = i;
        }
    }
}

void remains_begin(remains_t *remains, const trace_t *trace, lies_t lies, unsigned seed)
{
    memset(remains, 0, sizeof(*remains));
    remains->trace = trace;
    remains->lies = lies;
    remains->seed = seed;
    remains->durable = allocate((size_t)trace->files * sizeof(size_t));
    remains->is_blob = allocate((size_t)trace->files);
    for (size_t i = 0; i < trace->count; i++) {
        const event_t *event = &trace->events[i];

        if (event->kind == EVENT_CREATE || event->kind == EVENT_MKDIR) {
            remains->is_blob[event->file] = strncmp(event->name, "blobs", 5) == 0;
        }
    }
    index_events(remains);
}

void remains_end(remains_t *remains)
{
    free(remains->durable);
    free(remains->is_blob);
    free(remains->first);
    free(remains->next);
    free(remains->names);
}

void remains_cut(remains_t *remains, size_t cut)
{
    static const int odds[] = {4, 4, 7, 1};

    remains->cut = cut;
    remains->block = rand_r(&remains->seed) % 2 ? BLOCK : SECTOR;
    remains->odds = odds[rand_r(&remains->seed) % 4];
    memset(remains->durable, 0, (size_t)remains->trace->files * sizeof(size_t));
    for (size_t i = 0; i < cut; i++) {
        const event_t *event = &remains->trace->events[i];
        int lie = remains->lies == LIES_ALL || (remains->lies == LIES_BLOBS && remains->is_blob[event->file]);

        if (event->kind == EVENT_SYNC && !lie && event->since > remains->durable[event->file]) {
            remains->durable[event->file] = event->since;
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

/* Write the parts of an event that reach the disk: all of it when synced, else block by block as luck will have it. A
 * later content of a block that survives goes over an earlier one that did or did not. */
static void put_blocks(remains_t *remains, content_t *content, const event_t *event, int synced)
{
    size_t at = 0;

    while (at < event->length) {
        size_t offset = (size_t)event->offset + at;
        size_t length = remains->block - offset % remains->block;

        if (length > event->length - at) {
            length = event->length - at;
        }
        if (synced || flip(remains)) {
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

static size_t room_for(const remains_t *remains, int file)
{
    size_t room = 0;

    for (size_t i = remains->first[file]; i < remains->cut; i = remains->next[i]) {
        const event_t *event = &remains->trace->events[i];
        size_t end = (size_t)event->offset + event->length;

        if ((event->kind == EVENT_WRITE || event->kind == EVENT_TRUNCATE) && end > room) {
            room = end;
        }
    }
    return room;
}

static content_t replay_content(remains_t *remains, int file)
{
    content_t content = {.room = room_for(remains, file)};

    content.data = allocate(content.room);
    for (size_t i = remains->first[file]; i < remains->cut; i = remains->next[i]) {
        const event_t *event = &remains->trace->events[i];
        int synced = i < remains->durable[file];

        if (event->kind != EVENT_WRITE && event->kind != EVENT_TRUNCATE) {
            continue;
        }
        if (event->kind == EVENT_WRITE) {
            put_blocks(remains, &content, event, synced);
            if ((size_t)event->offset + event->length > content.size) {
                content.size = (size_t)event->offset + event->length;
            }
        } else if (synced || (size_t)event->offset > content.size || flip(remains)) {
            resize(&content, (size_t)event->offset);
        }
        if (synced) {
            content.synced_size = content.size;
        }
    }
    return content;
}

/* A size that grew since the file was synced may be anything between. */
static size_t pick_size(remains_t *remains, const content_t *content)
{
    size_t grown = content->size > content->synced_size ? content->size - content->synced_size : 0;

    if (grown == 0 || flip(remains)) {
        return content->size;
    }
    return flip(remains) ? content->synced_size : content->synced_size + (size_t)rand_r(&remains->seed) % grown;
}

static void write_file(remains_t *remains, const char *path, int file)
{
    content_t content = replay_content(remains, file);
    size_t size = pick_size(remains, &content);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);

    if (fd < 0 || write(fd, content.data, size) != (ssize_t)size) {
        abort();
    }
    close(fd);
    free(content.data);
}

int remains_readable(remains_t *remains, const int64_t acknowledged[WRITERS], int *wiped)
{
    int readable = 0;

    *wiped = 0;
    for (size_t at = 0; at < remains->named && remains->names[at] < remains->cut; at++) {
        const event_t *event = &remains->trace->events[remains->names[at]];
        int over = 0;
        int writer;
        int64_t blob;

        if (event->kind != EVENT_RENAME || !blob_of_name(&writer, &blob, event->other) ||
            blob > acknowledged[writer] / BLOB_EVERY) {
            continue;
        }
        for (size_t later = at + 1; later < remains->named && remains->names[later] < remains->cut && !over; later++) {
            const event_t *other = &remains->trace->events[remains->names[later]];

            over = other->kind == EVENT_RENAME && strcmp(other->other, event->other) == 0;
        }
        if (over || blob <= acknowledged[writer] / BLOB_EVERY - BLOBS_NAMED) {
            content_t content = replay_content(remains, event->file);

            (*wiped)++;
            readable += content.room > 0 &&
                        (content.data[0] != 0 || memcmp(content.data, content.data + 1, content.room - 1) != 0);
            free(content.data);
        }
    }
    return readable;
}

/* --- names ---------------------------------------------------------------------------------------------------------
 */

/* What is in a directory, after the changes that may be lost. */
typedef struct name_t {
    char name[NAME_SIZE];
    int file; /* -1: none */
} name_t;

typedef struct folder_t {
    name_t *names;
    int count;
    int room;
} folder_t;

static void set_name(folder_t *folder, const char *name, int file)
{
    int place = 0;

    while (place < folder->count && strcmp(folder->names[place].name, name) != 0) {
        place++;
    }
    if (place == folder->room) {
        folder->room = folder->room * 2 + 16;
        folder->names = realloc(folder->names, (size_t)folder->room * sizeof(name_t));
        if (folder->names == NULL) {
            abort();
        }
    }
    folder->count += place == folder->count;
    snprintf(folder->names[place].name, NAME_SIZE, "%s", name);
    folder->names[place].file = file;
}

/* A rename says which file gets the name, so that it means the same when a change before it was lost. */
static folder_t replay_names(remains_t *remains, int directory)
{
    folder_t folder = {NULL, 0, 0};

    for (size_t at = 0; at < remains->named && remains->names[at] < remains->cut; at++) {
        const event_t *event = &remains->trace->events[remains->names[at]];

        if (event->directory != directory || (remains->names[at] >= remains->durable[directory] && flip(remains))) {
            continue;
        }
        set_name(&folder, event->name, event->kind == EVENT_CREATE || event->kind == EVENT_MKDIR ? event->file : -1);
        if (event->kind == EVENT_RENAME) {
            set_name(&folder, event->other, event->file);
        }
    }
    return folder;
}

static int is_directory(const remains_t *remains, int file)
{
    for (size_t i = remains->first[file]; i < remains->cut; i = remains->next[i]) {
        if (remains->trace->events[i].kind == EVENT_MKDIR) {
            return 1;
        }
    }
    return 0;
}

/* Under the name that is left of it, which its files do not know of. */
static void write_folder(remains_t *remains, const char *at, int directory)
{
    folder_t folder = replay_names(remains, directory);
    char path[512];

    for (int i = 0; i < folder.count; i++) {
        const name_t *name = &folder.names[i];
        const char *slash = strrchr(name->name, '/');

        if (snprintf(path, sizeof(path), "%s/%s", at, slash != NULL ? slash + 1 : name->name) >= (int)sizeof(path)) {
            abort();
        }
        if (name->file >= 0 && is_directory(remains, name->file)) {
            if (mkdir(path, 0770) != 0 || chmod(path, 02770) != 0) {
                abort();
            }
            write_folder(remains, path, name->file);
        } else if (name->file >= 0) {
            write_file(remains, path, name->file);
        }
    }
    free(folder.names);
}

void remains_write(remains_t *remains, const char *directory)
{
    write_folder(remains, directory, 0);
}
