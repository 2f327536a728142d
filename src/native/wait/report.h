#ifndef USHER_REPORT_H
#define USHER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What the program says. A line goes out whole, in one write. Nothing here ever waits: a line that a full pipe or a
 * stopped terminal cannot take is lost, for a pod's start must not hang on a reader of its log.
 *
 * The line of the wait also replaces what the termination log holds, where that can be written: the kubelet shows it
 * in the pod's status when the container has ended, however it did. The file is never created.
 */

/* The longest line, its end included: one write(2) of this to a pipe is whole (PIPE_BUF is 4096). */
#define REPORT_LINE 768

/* Before this is called, nothing goes to a termination log, and nothing is quiet. The path is kept, not copied. */
void report_setup(const char *termination_log, bool quiet);

/* A line of the wait, to stdout: not where it is quiet. */
void report_news(const char *line);

/* A line of the wait that is said in any case, to stdout. May be called in a signal handler. */
void report_always(const char *line);

/* Something that is wrong with how the program was called, to stderr. */
void report_problem(const char *line);

#endif
