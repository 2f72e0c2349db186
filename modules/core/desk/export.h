/*
 * A list of the help desk that leaves it as a file (ROL-2): the trail hears of it first.
 */
#ifndef ANSHIN_CORE_DESK_EXPORT_H
#define ANSHIN_CORE_DESK_EXPORT_H

#include "core/desk/list.h"

/* anshin_desk_list() for a file. Each contract whose users are among the rows has an act of its own in the trail, with
 * the list's name and their number, before the rows are handed out; without it there are none. Durable. op as there.
 * Also ANSHIN_EDENIED: the role may not. */
apr_status_t anshin_desk_export(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_list_t list,
                                apr_array_header_t **rows);

#endif
