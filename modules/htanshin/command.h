/*
 * A subcommand of htanshin, and what a running one (a call) has.
 *
 * A subcommand reads its operands and options from the call, does one thing through the core, and leaves a JSON value
 * in call->result. main.c prints it: as text for people, as JSON with --json. So each answer is built once. A failure
 * is a status whose cause lies in call->op.error; main.c prints it and turns the status into the exit code:
 *   0 done   1 not found, or refused   2 the command line is wrong   3 busy, or something is broken
 */
#ifndef ANSHIN_HTANSHIN_COMMAND_H
#define ANSHIN_HTANSHIN_COMMAND_H

#include <jansson.h>

#include "core/context/op.h"

/* EXIT_FAULT is also what a plugin answers that cannot tell. */
enum { ANSHIN_EXIT_OK, ANSHIN_EXIT_REFUSED, ANSHIN_EXIT_USAGE, ANSHIN_EXIT_FAULT };

#define ANSHIN_OPERANDS_MAX 2
#define ANSHIN_COMMAND_OPTIONS_MAX 24

typedef struct anshin_call_t anshin_call_t;
typedef struct anshin_many_t anshin_many_t;

/* What a subcommand needs to be opened before it runs, and so whom the process becomes when root started it. */
typedef enum anshin_access_t {
    ANSHIN_ACCESS_NONE,        /* nothing */
    ANSHIN_ACCESS_CHECK,       /* the snapshot; root looks at the state directory first */
    ANSHIN_ACCESS_STATUS,      /* the same; a failure is the exit code of a plugin that knows nothing */
    ANSHIN_ACCESS_STORE,       /* snapshot, store, keys and one contract */
    ANSHIN_ACCESS_FILES,       /* the same, and the files that the command line names (stream/files.h) */
    ANSHIN_ACCESS_ALL,         /* as STORE, of every contract: call->op has none */
    ANSHIN_ACCESS_DUMP,        /* as ALL and FILES; of approvals too */
    ANSHIN_ACCESS_LOAD,        /* the same; a store that bears a mark as well (core/context/store_mark.h) */
    ANSHIN_ACCESS_MOVE,        /* as ALL; a store that bears a mark as well (core/context/store_mark.h) */
    ANSHIN_ACCESS_BACKUP,      /* as ALL, and call->backup (backup/begin.h) */
    ANSHIN_ACCESS_HASH,        /* these, and the slots in which hashes are computed */
    ANSHIN_ACCESS_SIGNER,      /* the state directory alone, as the user that owns the CA key */
    ANSHIN_ACCESS_SIGNER_STORE /* as the same, snapshot, store and keys; no contract */
} anshin_access_t;

typedef struct anshin_command_option_t {
    const char *name;  /* without the dashes; NULL ends the list */
    const char *value; /* placeholder in the usage; NULL: takes none */
    const char *help;
    int required; /* but with the operand "-" */
} anshin_command_option_t;

typedef struct anshin_command_t {
    const char *family;   /* first word; NULL ends a table */
    const char *verb;     /* second word; NULL: the command is one word */
    const char *operands; /* for the usage: "USER", "[USER]", "" */
    int operands_min;
    int operands_max;
    const anshin_command_option_t *options; /* NULL: none */
    anshin_access_t access;
    apr_status_t (*run)(anshin_call_t *call);
    const char *help; /* one sentence */
} anshin_command_t;

struct anshin_call_t {
    apr_pool_t *pool;
    const anshin_command_t *const *families; /* all commands; NULL at the end */
    const anshin_command_t *command;
    const char *state_dir;
    const char *contract;      /* --contract, or NULL */
    const char *operator_name; /* --operator, or NULL */
    int json;
    int help;    /* --help was among the arguments, or the name of a family stood alone */
    int version; /* --version was */
    int operand_count;
    const char *operands[ANSHIN_OPERANDS_MAX];
    const char *values[ANSHIN_COMMAND_OPTIONS_MAX]; /* in the order of command->options; "" for a flag that is given */

    anshin_config_t *config; /* access CONFIG and STORE */
    anshin_env_t env;        /* access STORE */
    anshin_op_t op;          /* op.error always; op.actor but with access NONE; the rest with access STORE */

    const char *state_wrong;    /* access CHECK: what root saw wrong with the state directory; NULL: nothing */
    const char *password_wrong; /* and with the file of AnshinStorePassword */

    int input; /* access FILES, DUMP and LOAD: descriptors; -1: none */
    int output;
    int undo;
    int keep;                       /* to the process that puts the output in its place (stream/keeper.h), */
    int keeper;                     /* and its number; 0: there is none */
    anshin_many_t *many;            /* whom it has done something to (approval/many.h); NULL: it has no store */
    struct anshin_backup_t *backup; /* access BACKUP */
    struct apr_dbm_t *dbm;          /* in place of input, where that is a dbm file; else NULL */

    const char *where; /* in what was read it failed, in the pool of the process; NULL: as a whole */
    const char *said;  /* op.error for the reader, where a child made it (child.h); NULL: by the table */
    const char *done;  /* what was done, and how to come by the answer, for when that cannot be written; or NULL */
    json_t *result;    /* printed and released by main.c; NULL: nothing to say */
    int verdict;       /* exit code after a result was printed, where the answer itself is a finding; 0: none */
};

/* The families; each ends with a row whose family is NULL. */
extern const anshin_command_t anshin_commands_user[];
extern const anshin_command_t anshin_commands_import[];
extern const anshin_command_t anshin_commands_cert[];
extern const anshin_command_t anshin_commands_session[];
extern const anshin_command_t anshin_commands_export[]; /* before history, which may have any operand */
extern const anshin_command_t anshin_commands_history[];
extern const anshin_command_t anshin_commands_find[];
extern const anshin_command_t anshin_commands_audit[];
extern const anshin_command_t anshin_commands_approval[];
extern const anshin_command_t anshin_commands_mail[];
extern const anshin_command_t anshin_commands_ca[];
extern const anshin_command_t anshin_commands_compromise[];
extern const anshin_command_t anshin_commands_rollover[];
extern const anshin_command_t anshin_commands_state[];
extern const anshin_command_t anshin_commands_key[];
extern const anshin_command_t anshin_commands_contract[];
extern const anshin_command_t anshin_commands_dump[];
extern const anshin_command_t anshin_commands_backup[];
extern const anshin_command_t anshin_commands_store[];
extern const anshin_command_t anshin_commands_check[];
extern const anshin_command_t anshin_commands_status[];
extern const anshin_command_t anshin_commands_help[];
extern const anshin_command_t *const anshin_command_families[]; /* all of them, NULL at the end */

#endif
