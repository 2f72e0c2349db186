/*
 * Signals that end a long command between two steps: nothing in work is cut short. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_STREAM_SIGNALS_H
#define ANSHIN_HTANSHIN_STREAM_SIGNALS_H

/* From here on INT, TERM and HUP wait; one that whoever started us ignores (nohup) stays ignored. A reader of ours that
 * is gone is a failure to write, so that whose row was lost is told. */
void anshin_signals_catch(void);

/* Let them come (1), while the next step is waited for, or not (0). */
void anshin_signals_let(int come);

/* 1: one has come. */
int anshin_signals_came(void);

/* Wait until there is something to read, or the end of it: 1; 0 when a signal came before, also one that has waited. */
int anshin_signals_wait(int fd);

/* 1: somebody types yes, in full, on the standard input, which is a terminal; 0: anything else, or a signal. */
int anshin_signals_yes(void);

#endif
