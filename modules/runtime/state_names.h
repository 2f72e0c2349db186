/*
 * What lies in the state directory, by its names.
 */
#ifndef ANSHIN_RUNTIME_STATE_NAMES_H
#define ANSHIN_RUNTIME_STATE_NAMES_H

#define ANSHIN_STATE_KEY "seal.key"
#define ANSHIN_STATE_KEY_NEW "seal.key.new" /* while it is rotated (core/keeping/rotation.h) */
#define ANSHIN_STATE_KEY_OLD "seal.key.old"
#define ANSHIN_STATE_CA "ca"
#define ANSHIN_STATE_STORE "store"
#define ANSHIN_STATE_SLOTS "slots"
#define ANSHIN_STATE_RUN "run"
#define ANSHIN_STATE_MAIL "mail"
#define ANSHIN_STATE_CRL "crl"
#define ANSHIN_STATE_AUDIT "audit"

#endif
