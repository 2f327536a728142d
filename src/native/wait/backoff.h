#ifndef USHER_BACKOFF_H
#define USHER_BACKOFF_H

#include <stdint.h>

/* The longest pause after failures, unless --pause is longer. */
#define BACKOFF_MOST_MS 5000

/*
 * How long to pause after the `failures`th failure in a row (from 1), where the first pause is to be about
 * `first_ms`: twice as long each time, up to BACKOFF_MOST_MS; and between half and all of that, at random, so that
 * the pods of a node do not ask in step.
 */
int64_t backoff_ms(int64_t first_ms, unsigned failures);

#endif
