#ifndef USHER_TEXT_H
#define USHER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text in a buffer of fixed size: always ends in a NUL, never leaves the buffer. What does not fit is left out, and
 * `full` says so.
 */
struct text {
  char *bytes;
  size_t size;
  size_t length;
  bool full;
};

/* Empty text in a buffer of `size` bytes, at least one. */
struct text text_in(char *buffer, size_t size);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);

/* A number in decimal; negative ones as 0, for we have none. */
void text_add_number(struct text *text, int64_t number);

/* A span of time for people: `1500 ms`, `12 s`. */
void text_add_span(struct text *text, int64_t ms);

/*
 * What somebody else wrote, safe to print: control characters (those of Unicode as well) and what is not UTF-8 become
 * '?', and of more than `most` bytes the rest becomes "...". `most` is at least 3.
 */
void text_add_clean(struct text *text, const char *bytes, size_t length, size_t most);

/* Percent-encoded, but for RFC 3986's unreserved characters and those in `kept`. */
void text_add_encoded(struct text *text, const char *string, const char *kept);

#endif
