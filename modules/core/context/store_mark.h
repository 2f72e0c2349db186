/*
 * Marks of a store that nobody may work on: the facts "loading", while a dump or another store is brought into it
 * (core/admin/load.h), and "moved", once all of it was moved into another one (core/keeping/move.h). They are the
 * store's own, and in no dump of it.
 */
#ifndef ANSHIN_CORE_CONTEXT_STORE_MARK_H
#define ANSHIN_CORE_CONTEXT_STORE_MARK_H

#include "core/context/op.h"

#define ANSHIN_MARK_LOADING "loading"
#define ANSHIN_MARK_MOVED "moved"

/* What a store bears as ANSHIN_MARK_LOADING while a store is moved into it; else a dump is loaded. */
#define ANSHIN_MARK_BY_MOVE "an operator moves a store here"

/* 1: this record is a mark. */
int anshin_store_mark_is(const anshin_record_type_t *type, const char *key);

/* Set one, durable; value: what is being done, or where the store went. op needs no contract. Answers of
 * anshin_op_write(). */
apr_status_t anshin_store_mark_set(anshin_op_t *op, const char *mark, const char *value);

/* *fact: in op's pool. ANSHIN_ENOTFOUND: the store does not bear it. ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_store_mark_get(anshin_op_t *op, const char *mark, anshin_fact_t *fact);

/* For whoever opens a store. ANSHIN_EFAULT: it bears a mark, err says which. */
apr_status_t anshin_store_mark_look(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool);

#endif
