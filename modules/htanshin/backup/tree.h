/*
 * Files and directories below one that is open. Private to the command.
 *
 * SECURITY. Names are those of anshin_source_is_name(); below top nobody but the caller may change names.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_TREE_H
#define ANSHIN_HTANSHIN_BACKUP_TREE_H

/* Make a new file, mode 0600, for reading and writing, and the directories that its name needs, mode 0700. Its
 * descriptor; -1: errno. */
int anshin_tree_create(int top, const char *name);

/* Remove a directory with all that is in it. 0; -1: errno. What is not there is no failure. */
int anshin_tree_remove(int parent, const char *name);

/* Give a file or directory in this one another name, which nothing has. Some file systems (NFS) cannot refuse a taken
 * one in the same step: there it is looked for first. 0; -1: errno, EEXIST among them. */
int anshin_tree_rename(int directory, const char *from, const char *to);

#endif
