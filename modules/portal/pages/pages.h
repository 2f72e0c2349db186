/*
 * The handlers of the pages, one file a page or family of pages. dispatch.c calls them by the rows of routes.c, and
 * nobody else.
 */
#ifndef ANSHIN_PORTAL_PAGES_H
#define ANSHIN_PORTAL_PAGES_H

#include "portal/request/portal_request.h"

/* Handles a request; returns what an httpd handler returns. */
typedef int anshin_page_fn(anshin_portal_request_t *request);

/* home.c, login.c, login_on.c, login_step.c, logout.c */
anshin_page_fn anshin_page_home_get;
anshin_page_fn anshin_page_login_get, anshin_page_login_post;
anshin_page_fn anshin_page_login_on_get;
anshin_page_fn anshin_page_login_code_get, anshin_page_login_code_post;
anshin_page_fn anshin_page_login_change_get, anshin_page_login_change_post;
anshin_page_fn anshin_page_logout_get, anshin_page_logout_post;

/* register.c, credentials.c, download.c; seen.c for all that show a secret at their end */
anshin_page_fn anshin_page_register_get, anshin_page_register_post;
anshin_page_fn anshin_page_register_credentials_get, anshin_page_register_credentials_post;
anshin_page_fn anshin_page_register_done_get;
anshin_page_fn anshin_page_download_get, anshin_page_download_post;
anshin_page_fn anshin_page_download_file_get;
anshin_page_fn anshin_page_download_done_get, anshin_page_download_done_post;
anshin_page_fn anshin_page_seen_post;

/* code.c */
anshin_page_fn anshin_page_code_get, anshin_page_code_post;

/* reissue.c */
anshin_page_fn anshin_page_reissue_get, anshin_page_reissue_post;
anshin_page_fn anshin_page_reissue_sent_get;
anshin_page_fn anshin_page_reissue_code_get, anshin_page_reissue_code_post;
anshin_page_fn anshin_page_reissue_prove_get, anshin_page_reissue_prove_post;
anshin_page_fn anshin_page_reissue_done_get;

/* resend.c, phone.c */
anshin_page_fn anshin_page_account_resend_get, anshin_page_account_resend_post;
anshin_page_fn anshin_page_account_phone_get, anshin_page_account_phone_post;
anshin_page_fn anshin_page_download_phone_get, anshin_page_download_phone_post;
anshin_page_fn anshin_page_phone_get;

/* lost_device.c; its link and proof are those of reissue.c */
anshin_page_fn anshin_page_lost_choose_get, anshin_page_lost_choose_post;
anshin_page_fn anshin_page_lost_done_get;

/* account.c, authenticator.c, password.c, history.c, self_lock.c, session.c */
anshin_page_fn anshin_page_account_get;
anshin_page_fn anshin_page_account_authenticator_get, anshin_page_account_authenticator_post;
anshin_page_fn anshin_page_sessions_get, anshin_page_sessions_post;
anshin_page_fn anshin_page_session_get, anshin_page_session_post;
anshin_page_fn anshin_page_password_get, anshin_page_password_post;
anshin_page_fn anshin_page_question_get, anshin_page_question_post;
anshin_page_fn anshin_page_reauthenticate_get, anshin_page_reauthenticate_post;
anshin_page_fn anshin_page_history_get, anshin_page_history_unknown_get;
anshin_page_fn anshin_page_lock_get, anshin_page_lock_confirm_get, anshin_page_lock_confirm_post;
anshin_page_fn anshin_page_lock_done_get;

/* terminal.c, renewal.c, renewal_ended.c, method.c */
anshin_page_fn anshin_page_terminal_add_get, anshin_page_terminal_add_post;
anshin_page_fn anshin_page_terminal_change_get, anshin_page_terminal_change_post;
anshin_page_fn anshin_page_terminal_delete_get;
anshin_page_fn anshin_page_terminal_lost_get;
anshin_page_fn anshin_page_terminal_confirm_get, anshin_page_terminal_confirm_post;
anshin_page_fn anshin_page_terminal_code_get, anshin_page_terminal_code_post;
anshin_page_fn anshin_page_terminal_done_get;
anshin_page_fn anshin_page_renewal_get;
anshin_page_fn anshin_page_renewal_confirm_get, anshin_page_renewal_confirm_post;
anshin_page_fn anshin_page_renewal_done_get;
anshin_page_fn anshin_page_renewal_ended_get, anshin_page_renewal_ended_post;
anshin_page_fn anshin_page_method_get, anshin_page_method_post;
anshin_page_fn anshin_page_method_confirm_get, anshin_page_method_confirm_post;
anshin_page_fn anshin_page_method_done_get;

/* help.c */
anshin_page_fn anshin_page_help_get, anshin_page_help_import_get, anshin_page_help_certificate_get;
anshin_page_fn anshin_page_help_trouble_get;

/* modules/portal/desk: desk.c, desk_user.c, desk_act.c, desk_list.c, desk_bulk.c,
 * desk_invite.c, desk_waiting.c */
anshin_page_fn anshin_page_desk_get, anshin_page_desk_post;
anshin_page_fn anshin_page_desk_user_get;
anshin_page_fn anshin_page_desk_act_get, anshin_page_desk_act_post;
anshin_page_fn anshin_page_desk_list_get, anshin_page_desk_list_post, anshin_page_desk_list_csv_get;
anshin_page_fn anshin_page_desk_bulk_get, anshin_page_desk_bulk_post, anshin_page_desk_bulk_done_get;
anshin_page_fn anshin_page_desk_waiting_get;
anshin_page_fn anshin_page_desk_decide_get, anshin_page_desk_decide_post;
anshin_page_fn anshin_page_desk_invite_get, anshin_page_desk_invite_post;

#endif
