#include "duration.h"

#include <string.h>

/* As src/units/duration.ts. */
static const size_t longest_text = 32;

struct unit {
  const char *name;
  int64_t ms;
};

/* "ms" stands before "m", which it starts with. */
static const struct unit units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

static bool read_amount(const char **text, int64_t part[2]);
static int64_t read_unit(const char **text);

bool duration_read(const char *text, int64_t *ms) {
  if (*text == '\0' || strlen(text) > longest_text) return false;
  /* Whole ones are at most 10^9, a unit is at most 3.6 * 10^6 ms: each product stays below 10^16. */
  int64_t sum = 0;
  bool alone = true;
  while (*text != '\0') {
    int64_t part[2];
    if (!read_amount(&text, part)) return false;
    int64_t unit = *text == '\0' && alone ? 1000 : read_unit(&text);
    if (unit == 0) return false;
    sum += part[0] * unit + (part[1] * unit + 999999999) / 1000000000; /* a part is below 10^9 */
    if (sum > DURATION_MAX_MS) return false;
    alone = false;
  }
  *ms = sum;
  return true;
}

/* Reads `12` or `12.5`: whole ones, and billionths. Decimals after the ninth only round up. */
static bool read_amount(const char **text, int64_t part[2]) {
  const char *at = *text;
  if (*at < '0' || *at > '9') return false;
  part[0] = 0;
  part[1] = 0;
  for (; *at >= '0' && *at <= '9'; at++) {
    part[0] = part[0] * 10 + (*at - '0');
    if (part[0] > 1000000000) return false;
  }
  if (*at == '.') {
    at++;
    if (*at < '0' || *at > '9') return false;
    int64_t worth = 100000000;
    bool more = false;
    for (; *at >= '0' && *at <= '9'; at++) {
      part[1] += worth * (*at - '0');
      more = more || (worth == 0 && *at != '0');
      worth /= 10;
    }
    if (more && part[1] < 999999999) part[1]++;
  }
  *text = at;
  return true;
}

/* Its worth in milliseconds; 0 where there is none. */
static int64_t read_unit(const char **text) {
  for (size_t at = 0; at < sizeof units / sizeof units[0]; at++) {
    size_t length = strlen(units[at].name);
    if (strncmp(*text, units[at].name, length) == 0) {
      *text += length;
      return units[at].ms;
    }
  }
  return 0;
}
