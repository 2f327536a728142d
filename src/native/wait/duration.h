#ifndef USHER_DURATION_H
#define USHER_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* The longest duration that is read, 31 years: sums of some of them stay far from the end of int64_t. */
#define DURATION_MAX_MS INT64_C(1000000000000)

/*
 * Reads a duration as Kubernetes users write it (Go's form, as src/units/duration.ts): `90s`, `5m`, `1h30m`, `1.5s`,
 * `300ms`; or as the older clients do, in seconds: `90`, `0.5`. A part of a millisecond counts as a whole one, so that
 * only zero is 0.
 *
 * Returns false, and leaves `ms` alone, where the text is none, is negative or too long.
 */
bool duration_read(const char *text, int64_t *ms);

#endif
