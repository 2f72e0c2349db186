/*
 * What the pages of a lost device share with those of a reissue, which ask for the link and the proof.
 */
#ifndef ANSHIN_PORTAL_PAGES_LOST_DEVICE_H
#define ANSHIN_PORTAL_PAGES_LOST_DEVICE_H

/* Keys of the texts of the flow's steps: request, sent, proof, choice, end. */
extern const char *const anshin_lost_steps[];

#endif
