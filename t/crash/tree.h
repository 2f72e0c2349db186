/*
 * What the names in the directories of a traced store stand for, at this moment of the log. See crash.h; private to
 * trace.c.
 */
#ifndef ANSHIN_CRASH_TREE_H
#define ANSHIN_CRASH_TREE_H

#include <sys/stat.h>

#include "crash.h"

#define ENTRIES 2048

typedef struct entry_t {
    char name[NAME_SIZE]; /* below the store's directory; "" once it is removed: somebody may have it open */
    int file;
    ino_t inode;
    int mapped;
    int is_directory;
} entry_t;

typedef struct tree_t {
    trace_t *trace; /* changes of names are logged there */
    const char *root;
    entry_t entries[ENTRIES];
    int count;
    int failed;
} tree_t;

/* Begin with the store's directory alone: an absolute path without symbolic links. */
void tree_begin(tree_t *tree, trace_t *trace, const char *root);

/* What a process passed to a call as a name: a path below the store's directory into name. 0: it is none of those that
 * are logged. */
int tree_name(char name[NAME_SIZE], const tree_t *tree, pid_t pid, uint64_t directory_fd, uint64_t address);

/* The file or directory that a process has open, NULL: none of the tree. */
entry_t *tree_by_descriptor(tree_t *tree, pid_t pid, uint64_t fd);

/* Something has this name now, removed or renamed. Names that are not in the tree are left alone. */
void tree_made(tree_t *tree, const char *name);
void tree_removed(tree_t *tree, const char *name);
void tree_renamed(tree_t *tree, const char *from, const char *to);

/* From the memory of a traced process. */
void read_memory(void *to, pid_t pid, uint64_t address, size_t length);
int stat_descriptor(struct stat *facts, pid_t pid, uint64_t fd);

#endif
