/*
 * Scenes for unit programs that try many verbs: a user in the state that a verb begins from.
 */
#ifndef ANSHIN_UNIT_CASES_H
#define ANSHIN_UNIT_CASES_H

#include "core/context/secret.h"
#include "core/login/totp.h"
#include "core/mail/job.h"
#include "core/mail/outbox.h"
#include "core/selfservice/change.h"
#include "core/certificate/issue.h"
#include "core/selfservice/lost_device.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/renewal.h"
#include "core/selfservice/terminal.h"
#include "core/admin/operator.h"
#include "core/selfservice/reissue_request.h"
#include "unit/users.h"

#define TOTP_SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

extern fixture_t fixture;

/* One user, made anew for every attempt, and what the verb needs of it. */
extern struct scene_t {
    const char *user;
    const char *token;
    const char *code;
    const char *password; /* of the download */
    const char *step_token;
    const char *session_id;
    const char *key;
    anshin_session_t session;
    anshin_member_t member;
    anshin_presented_t presented;
    anshin_job_t job;
    anshin_flow_t flow; /* to a lost device */
} scene;

void nobody_yet(void);
void invited(void);
void invited_for_certificate(void);
void registered(void);
void locked(void);
void with_certificate(void);
void enter(void);
void member(void);
void certificate_member(void);
void two_terminals(void);
void asked_for_code(void);
void code_of_app(unsigned steps);
void with_app(void);
void app_at_hand(void);
void must_change(void);

/* What the worker does when it has issued. */
void issued(void);

/* The next job of a kind is in hand; others are done with. */
void claim(int kind);
void mail_in_hand(void);
void mail_delivered(void);
void issue_in_hand(void);

/* A member whose certificate ends soon, or has ended; renewed, the new one being made; and made, with the old or the new one on the
 * connection. */
void near_end(void);
void ended(void);
void renewal_in_hand(void);
void two_certificates(void);
void new_certificate(void);

/* The jobs of the users before are done with. */
void no_job_left(void);
void one_job_in_hand(void);
void reissue_waits(void);
void only_reissue_waits(void);
void reissue_in_hand(void);
void ids_in_hand(void);

/* A member whose download waits, and a stranger's wish to have its mail again. */
void issued_member(void);
void resend_in_hand(void);

/* A link to a reissue, as its mail would hold it. */
void link_to(anshin_token_kind_t kind);
void link_to_password(void);
void link_to_certificate(void);

/* A lost device: the link in a flow, and its person proven. */
void link_to_lost_device(void);
void lost_device_proven(void);

#endif
