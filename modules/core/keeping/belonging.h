/*
 * Which records of the store belong to a contract, by its name, declared or not: for whoever renames or removes one
 * (rename.h, remove.h). Here is the one list of it: each record type has its row, and one that has none is a fault.
 */
#ifndef ANSHIN_CORE_KEEPING_BELONGING_H
#define ANSHIN_CORE_KEEPING_BELONGING_H

#include "core/context/op.h"

/* What a record is of the contract by. */
typedef enum anshin_belonging_t {
    ANSHIN_BELONGS_NEVER,  /* it is the installation's, or a CA's */
    ANSHIN_BELONGS_KEY,    /* CONTRACT/... */
    ANSHIN_BELONGS_SERIES, /* history/CONTRACT/... */
    ANSHIN_BELONGS_FACT,   /* one of the facts that have a contract behind the first word */
    ANSHIN_BELONGS_MEMBER, /* its member contract */
    ANSHIN_BELONGS_ORDER,  /* the same, or whom an order is about */
    ANSHIN_BELONGS_NOTE,   /* about a record that is its by the key */
    ANSHIN_BELONGS_UNKNOWN /* the type has no row */
} anshin_belonging_t;

/* By the row of its type. */
anshin_belonging_t anshin_belonging_of(const anshin_record_type_t *type);

/* 1: a record, under its key, belongs to the contract of that name. The certificates without a user are left out (they
 * stay for CRL and OCSP), and the series of the trail. */
int anshin_belongs(const anshin_record_type_t *type, const char *key, const void *record, const char *contract);

/* 1: a fact under this key has a contract behind the first word; *is_users: and the number of one of its users. */
int anshin_belonging_fact(const char *key, int *is_users);

/* 1: who asked for it, and who decided, are named by CONTRACT/ID; else by accounts of the machine. */
int anshin_belonging_by_staff(const anshin_approval_t *approval);

/* 1: text is the contract, or begins with CONTRACT/. */
int anshin_is_of_contract(const char *text, const char *contract);

/* 1: text is CONTRACT/ID. An operator of this machine may be called as the contract. */
int anshin_is_user_of(const char *text, const char *contract);

/* What a contract has, for people: users, devices, certificates, sessions, links and codes, downloads, mails, jobs and
 * entries of history, in this order. */
#define ANSHIN_HOLDINGS 9
typedef struct anshin_holding_t {
    const anshin_record_type_t *type;
    apr_int64_t count;
} anshin_holding_t;

typedef struct anshin_holdings_t {
    anshin_holding_t of[ANSHIN_HOLDINGS];
    apr_int64_t records;       /* all, whatever type they are of, but for notes of times */
    apr_array_header_t *mails; /* of const char *: ids of its mail */
} anshin_holdings_t;

/* Count them, by a walk over the store in one read transaction; op needs no contract. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_holdings_count(anshin_op_t *op, const char *contract, anshin_holdings_t *holdings);

/* In turn: the keys of a type that belong to the contract, in order, and visit is handed each group of them that may be
 * acted on in one transaction: those of one user, else at most ANSHIN_GROUP. It has an operation of its own each time.
 * Answers of visit, which end it, and of anshin_keys_part(). */
#define ANSHIN_GROUP 100
typedef apr_status_t anshin_group_fn(void *baton, anshin_op_t *op, const anshin_record_type_t *type,
                                     const char *const *keys, int count);
apr_status_t anshin_belonging_each(anshin_op_t *op, const anshin_record_type_t *type, const char *contract,
                                   anshin_group_fn *visit, void *baton);

#endif
