/*
 * The status line: how far a certificate has come, from the registration to the first login (HLP-26). It names nobody:
 * the address is masked.
 */
#ifndef ANSHIN_PORTAL_COURSE_H
#define ANSHIN_PORTAL_COURSE_H

#include "core/certificate/course.h"
#include "portal/request/portal_request.h"

/* Into object.course, as parts/course draws it. */
void anshin_course_draw(anshin_portal_request_t *request, json_t *object, const anshin_course_t *course);

/* The same into page.course, of a user's terminal (0: of the first whose certificate waits); where there is nothing to
 * tell, nothing. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_course_put(anshin_portal_request_t *request, const char *user, apr_int64_t terminal);

/* The same on a page for everybody, where this browser says whose: who is logged in, or a download or registration that
 * it has come through lately. Answers of anshin_course_put(). */
apr_status_t anshin_course_put_own(anshin_portal_request_t *request);

#endif
