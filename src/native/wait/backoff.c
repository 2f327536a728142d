#define _GNU_SOURCE
#include "backoff.h"

#include <string.h>
#include <sys/auxv.h>

#include "clock.h"

/* A pause of nothing would grow to nothing. */
static const int64_t least_ms = 100;

static uint64_t random_bits(void);

int64_t backoff_ms(int64_t first_ms, unsigned failures) {
  int64_t most = first_ms > BACKOFF_MOST_MS ? first_ms : BACKOFF_MOST_MS;
  int64_t ms = first_ms > least_ms ? first_ms : least_ms;
  for (unsigned count = 1; count < failures && ms < most; count++) ms *= 2;
  if (ms > most) ms = most;
  return ms - (int64_t)(random_bits() % (uint64_t)(ms / 2 + 1));
}

/* xorshift64 from the random bytes that the kernel hands to every new program (AT_RANDOM); no secret depends on it. */
static uint64_t random_bits(void) {
  static uint64_t state = 0;
  if (state == 0) {
    const void *seed = (const void *)getauxval(AT_RANDOM);
    if (seed != NULL) memcpy(&state, seed, sizeof state);
    state ^= (uint64_t)clock_now();
    if (state == 0) state = 1;
  }
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
