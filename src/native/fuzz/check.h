#ifndef USHER_CHECK_H
#define USHER_CHECK_H

/* What the fuzzers hold the program to. A condition that does not hold ends the fuzzer, which keeps the input. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"

#define check(condition) \
  do {                   \
    if (!(condition)) abort(); \
  } while (0)

/* Whether a line can be printed on a terminal: no control characters of C0 or DEL. */
static inline bool is_line(const char *text) {
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text < ' ' || *text == 0x7F) return false;
  }
  return true;
}

/* Reads a detail behind other text, in a buffer that has just room for both. */
static inline void check_detail(const char *json, size_t length) {
  char bytes[4 + DETAIL_MOST + 1];
  struct text text = text_in(bytes, sizeof bytes);
  text_add(&text, "is: ");
  bool found = detail_read(&text, json, length);
  check(!text.full);
  check(strlen(bytes) == text.length);
  check(found == (text.length > 4));
  check(is_line(bytes));
  check(!found || json[length - 1] == '}' || strchr(" \t\r\n", json[length - 1]) != NULL);
}

#endif
