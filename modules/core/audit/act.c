/*
 * Acts: see act.h.
 */
#include "core/audit/act.h"

const char *anshin_act_name(anshin_act_t act)
{
    static const char *const names[] = {
#define ACT(member, name, history, notice, template) [ANSHIN_ACT_##member] = (name),
#include "core/audit/act.def"
#undef ACT
    };

    return (unsigned)act < ANSHIN_ACTS ? names[act] : "unknown";
}
