/*
 * htanshin user export, cert export, history export (IMP-3): the table.
 */
#include "htanshin/choice/choice.h"
#include "htanshin/export/cert_export.h"
#include "htanshin/export/export.h"
#include "htanshin/export/history_export.h"
#include "htanshin/export/user_export.h"

static const anshin_command_option_t user_options[] = {
    ANSHIN_CHOICE_OPTIONS, ANSHIN_EXPORT_OPTIONS, {NULL, NULL, NULL, 0}};

static const anshin_command_option_t cert_options[] = {
    {"user", "USER", "Only those of this user.", 0},
    {"state", "STATE", "Only those that are active, expired or revoked.", 0},
    {"organisation", "NAME", "Only those of users of this organisation.", 0},
    {"expires-within", "TIME", "Only active ones that end within this time, such as 40d.", 0},
    ANSHIN_EXPORT_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t history_options[] = {
    {"unknown", NULL, "The attempts with user IDs that do not exist.", 0},
    {"since", "TIME", "Only from then on: 2026-11-30, 2026-11-30T05:12+09:00, or 40d for so long ago.", 0},
    {"until", "TIME", "Only before then.", 0},
    ANSHIN_EXPORT_OPTIONS,
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_export[] = {
    {"user", "export", "", 0, 0, user_options, ANSHIN_ACCESS_FILES, anshin_user_export,
     "Write users as CSV for spreadsheets; in the order of their IDs, with --json one object a line. user import "
     "reads it."},
    {"cert", "export", "", 0, 0, cert_options, ANSHIN_ACCESS_FILES, anshin_cert_export,
     "Write certificates as CSV for spreadsheets; in the order of their serials."},
    {"history", "export", "[USER]", 0, 1, history_options, ANSHIN_ACCESS_FILES, anshin_history_export,
     "Write login attempts as CSV for spreadsheets; by user ID and time."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
