/*
 * Names of traced files: see tree.h. The control file is left out: after a loss of power it means nothing.
 */
#include "tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_SIZE 512

/* --- looking into a traced process ---------------------------------------------------------------------------------
 */

void read_memory(void *to, pid_t pid, uint64_t address, size_t length)
{
    struct iovec local = {to, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};

    if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)length) {
        abort();
    }
}

int stat_descriptor(struct stat *facts, pid_t pid, uint64_t fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)fd);
    return stat(path, facts);
}

static void read_text(char text[PATH_SIZE], pid_t pid, uint64_t address)
{
    size_t length = 0;

    do {
        read_memory(text + length, pid, address + length, 1);
    } while (text[length] != '\0' && ++length < PATH_SIZE - 1);
    text[length] = '\0';
}

/* Where the directory of an openat() and the like is; "" when there is none. */
static void read_directory(char path[PATH_SIZE], pid_t pid, int fd)
{
    char link[64];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
    length = fd >= 0 ? readlink(link, path, PATH_SIZE - 1) : -1;
    path[length > 0 ? length : 0] = '\0';
}

int tree_name(char name[NAME_SIZE], const tree_t *tree, pid_t pid, uint64_t directory_fd, uint64_t address)
{
    size_t length = strlen(tree->root);
    char text[PATH_SIZE];
    char directory[PATH_SIZE] = "";
    char path[2 * PATH_SIZE];

    read_text(text, pid, address);
    if (text[0] != '/') {
        read_directory(directory, pid, (int)directory_fd);
    }
    snprintf(path, sizeof(path), "%s%s%s", directory, text[0] == '/' ? "" : "/", text);
    if (strncmp(path, tree->root, length) != 0 || path[length] != '/' || strlen(path + length + 1) >= NAME_SIZE ||
        strncmp(path + length, "/control", 8) == 0) {
        return 0;
    }
    snprintf(name, NAME_SIZE, "%s", path + length + 1);
    return 1;
}

/* --- entries -------------------------------------------------------------------------------------------------------
 */

static entry_t *by_name(tree_t *tree, const char *name)
{
    for (int i = 0; i < tree->count; i++) {
        if (strcmp(tree->entries[i].name, name) == 0) {
            return &tree->entries[i];
        }
    }
    return NULL;
}

/* The newest with the inode: numbers are used again. */
entry_t *tree_by_descriptor(tree_t *tree, pid_t pid, uint64_t fd)
{
    struct stat facts;

    if (stat_descriptor(&facts, pid, fd) != 0 || (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode))) {
        return NULL;
    }
    for (int i = tree->count - 1; i >= 0; i--) {
        if (tree->entries[i].inode == facts.st_ino) {
            return tree->entries[i].is_directory == S_ISDIR(facts.st_mode) ? &tree->entries[i] : NULL;
        }
    }
    return NULL;
}

static entry_t *add_entry(tree_t *tree, const char *name, const struct stat *facts)
{
    entry_t *entry = &tree->entries[tree->count];

    if (tree->count == ENTRIES) {
        tree->failed = 1;
        return NULL;
    }
    tree->count++;
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->inode = facts->st_ino;
    entry->is_directory = S_ISDIR(facts->st_mode);
    entry->file = tree->trace->files++;
    return entry;
}

void tree_begin(tree_t *tree, trace_t *trace, const char *root)
{
    struct stat facts;

    tree->trace = trace;
    tree->root = root;
    if (stat(root, &facts) != 0 || add_entry(tree, ".", &facts) == NULL) {
        abort();
    }
}

static event_t *log_change(tree_t *tree, event_kind_t kind, const char *name)
{
    event_t *event = trace_add(tree->trace, kind);
    char parent[NAME_SIZE];
    const entry_t *directory;
    char *slash;

    snprintf(parent, sizeof(parent), "%s", name);
    slash = strrchr(parent, '/');
    *(slash != NULL ? slash : parent) = '\0';
    directory = by_name(tree, slash != NULL ? parent : ".");
    tree->failed |= directory == NULL;
    event->directory = directory != NULL ? directory->file : 0;
    snprintf(event->name, sizeof(event->name), "%s", name);
    return event;
}

void tree_made(tree_t *tree, const char *name)
{
    char path[PATH_SIZE];
    struct stat facts;
    const entry_t *entry;

    snprintf(path, sizeof(path), "%s/%s", tree->root, name);
    if (by_name(tree, name) != NULL || lstat(path, &facts) != 0) {
        return;
    }
    entry = add_entry(tree, name, &facts);
    if (entry != NULL) {
        log_change(tree, entry->is_directory ? EVENT_MKDIR : EVENT_CREATE, name)->file = entry->file;
    }
}

void tree_removed(tree_t *tree, const char *name)
{
    entry_t *entry = by_name(tree, name);

    if (entry != NULL) {
        log_change(tree, EVENT_UNLINK, name)->file = entry->file;
        entry->name[0] = '\0';
    }
}

void tree_renamed(tree_t *tree, const char *from, const char *to)
{
    entry_t *entry = by_name(tree, from);
    entry_t *over = by_name(tree, to);
    event_t *event;

    if (entry == NULL) {
        return;
    }
    if (over != NULL) {
        over->name[0] = '\0';
    }
    event = log_change(tree, EVENT_RENAME, from);
    event->file = entry->file;
    snprintf(event->other, sizeof(event->other), "%s", to);
    snprintf(entry->name, sizeof(entry->name), "%s", to);
}
