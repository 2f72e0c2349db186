/*
 * The command htanshin: one table of subcommands, and what a running one (a call) has.
 *
 * A subcommand reads its operands and options from the call, does one thing through the core, and leaves a JSON value
 * in call->result. main.c prints it: as text for people, as JSON with --json. So each answer is built once. A failure
 * is a status whose cause lies in call->op.error; main.c prints it and turns the status into the exit code:
 *   0 done   1 not found, or refused   2 the command line is wrong   3 busy, or something is broken
 */
#ifndef ANSHIN_HTANSHIN_COMMAND_H
#define ANSHIN_HTANSHIN_COMMAND_H

#include <jansson.h>
#include <stdio.h>

#include "core/op.h"

enum { ANSHIN_EXIT_OK, ANSHIN_EXIT_REFUSED, ANSHIN_EXIT_USAGE, ANSHIN_EXIT_FAULT };

#define ANSHIN_OPERANDS_MAX 2
#define ANSHIN_COMMAND_OPTIONS_MAX 8

typedef struct anshin_call_t anshin_call_t;

/* What a subcommand needs to be opened before it runs, and so whom the process becomes when root started it. */
typedef enum anshin_access_t {
    ANSHIN_ACCESS_NONE,   /* nothing */
    ANSHIN_ACCESS_CONFIG, /* the snapshot */
    ANSHIN_ACCESS_STORE,  /* snapshot, store, keys and one contract */
    ANSHIN_ACCESS_HASH,   /* these, and the slots in which hashes are computed */
    ANSHIN_ACCESS_SIGNER  /* the state directory alone, as the user that owns the CA key */
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
    const anshin_command_t *command;
    const char *state_dir;
    const char *contract; /* --contract, or NULL */
    int json;
    int help;    /* --help was among the arguments, or the name of a family stood alone */
    int version; /* --version was */
    int operand_count;
    const char *operands[ANSHIN_OPERANDS_MAX];
    const char *values[ANSHIN_COMMAND_OPTIONS_MAX]; /* in the order of command->options; "" for a flag that is given */

    anshin_config_t *config; /* access CONFIG and STORE */
    anshin_env_t env;        /* access STORE */
    anshin_op_t op;          /* op.error always; the rest with access STORE */

    const char *done; /* what was done, and how to come by the answer, for when that cannot be written; or NULL */
    json_t *result;   /* printed and released by main.c; NULL: nothing to say */
    int verdict;      /* exit code after a result was printed, where the answer itself is a finding; 0: none */
};

/* The families; each ends with a row whose family is NULL. */
extern const anshin_command_t anshin_commands_user[];
extern const anshin_command_t anshin_commands_cert[];
extern const anshin_command_t anshin_commands_session[];
extern const anshin_command_t anshin_commands_history[];
extern const anshin_command_t anshin_commands_mail[];
extern const anshin_command_t anshin_commands_ca[];
extern const anshin_command_t anshin_commands_state[];
extern const anshin_command_t anshin_commands_check[];
extern const anshin_command_t anshin_commands_help[];
extern const anshin_command_t *const anshin_command_families[]; /* all of them, NULL at the end */

/* The command of one or two words; *used says how many. NULL: there is none. */
const anshin_command_t *anshin_command_find(int argc, const char *const *argv, int *used);

/* 1 when commands of two words begin with this one. */
int anshin_command_is_family(const char *word);

/* Usage of one command. */
void anshin_usage_command(FILE *out, const anshin_command_t *command);

/* Read the command line into call. APR_SUCCESS, or ANSHIN_EINVALID with what is wrong in call->op.error. */
apr_status_t anshin_arguments_read(anshin_call_t *call, int argc, const char *const *argv);

/* The value of an option of this command, NULL when it is not given. */
const char *anshin_call_value(const anshin_call_t *call, const char *name);

/* The value of an option as a number from minimum to maximum; absent when it is not given. APR_SUCCESS or
 * ANSHIN_EINVALID. */
apr_status_t anshin_call_number(anshin_call_t *call, const char *name, int minimum, int maximum, int absent,
                                int *number);

/* The value of an option as its place in a list of words that NULL ends; absent when it is not given. APR_SUCCESS or
 * ANSHIN_EINVALID, which names the words. */
apr_status_t anshin_call_word(anshin_call_t *call, const char *name, const char *const *words, int absent, int *index);

/* The canonical form of a user ID given by the operator. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_call_user(anshin_call_t *call, const char *typed, const char **user);

/* What --user and --state narrow a list to; NULL: any. */
typedef struct anshin_filter_t {
    const char *user;
    const char *state;
} anshin_filter_t;

/* Read both; states: the words of --state. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_call_filter(anshin_call_t *call, const char *const *states, anshin_filter_t *filter);

/* 1 when a record of that contract, user and state is one of the call's contract and passes the filter. */
int anshin_call_admits(const anshin_call_t *call, const anshin_filter_t *filter, const char *contract, const char *user,
                       const char *state);

/* 1 when a record of that contract is one of the call's; another's is not there for it. */
int anshin_call_owns(const anshin_call_t *call, const char *contract);

/* Read the snapshot into call->config, once. A snapshot that breaks a rule is no mistake of the command line, but
 * broken: APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EFAULT. */
apr_status_t anshin_call_config(anshin_call_t *call);

/* Open the store, for a command that goes on without it. The answers are those of anshin_store_open(). */
apr_status_t anshin_call_store(anshin_call_t *call, anshin_store_t **store);

/* Open what command->access asks for. APR_SUCCESS, ANSHIN_ENOTFOUND (no snapshot), ANSHIN_EINVALID, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_call_open(anshin_call_t *call);

/* Tell on the standard error why a status came, as text or JSON: the cause in call->op.error. */
void anshin_call_tell(const anshin_call_t *call, apr_status_t status);

#endif
