#ifndef USHER_CLOCK_H
#define USHER_CLOCK_H

#include <stdint.h>

/*
 * Time, in milliseconds of CLOCK_MONOTONIC: it never jumps, whoever sets the wall clock (at boot that is the rule),
 * and it goes on while this process is stopped (SIGSTOP, a paused container). CLOCK_BOOTTIME would also count the
 * time in which the whole node was suspended: but then the lock and its holder were, too, and poll(2) and
 * setitimer(2), which wait for us, count as CLOCK_MONOTONIC does.
 */

/* A moment that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Now. Never negative. A kernel without this clock ends the program, with exit 0: without it no wait is bounded. */
int64_t clock_now(void);

/* The moment `ms` (not negative) after `moment`; CLOCK_NEVER where that is too far. */
int64_t clock_after(int64_t moment, int64_t ms);

/* What poll(2) wants as its timeout to wait until `deadline`: 0 where it has passed, -1 for CLOCK_NEVER. */
int clock_timeout(int64_t deadline);

/* The earlier one. */
int64_t clock_earlier(int64_t one, int64_t other);

#endif
