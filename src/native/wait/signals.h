#ifndef USHER_SIGNALS_H
#define USHER_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What ends the program from outside of its course. The handlers end it themselves, for libc's resolver goes on after
 * a signal (seen with musl: for 4 s), and pid 1 of a container has no default action that would.
 */

/* The first thing that the program does. SIGTERM and SIGINT end it with 128 + the signal, SIGPIPE does nothing. */
void signals_setup(void);

/* What SIGTERM and SIGINT say last, from now on, and whether they exit with 0. The line has to live on. */
void signals_last_words(const char *line, bool is_end);

/* What they say if they could give the place in the queue back. The line has to live on. */
void signals_words_given_back(const char *line);

/*
 * What they send, without waiting: `request` (copied, at most REQUEST_SIZE bytes) to the connection `fd`. Until the
 * next call; with a negative fd, nothing.
 */
void signals_give_back(int fd, const char *request, size_t length);

/* At `deadline` (CLOCK_NEVER: never) the program ends with exit 0, having said the line, which has to live on. */
void signals_end_at(int64_t deadline, const char *last_words);
void signals_end_never(void);

#endif
