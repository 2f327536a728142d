#include "text.h"

#include <string.h>

static size_t utf8_length(const unsigned char *bytes, size_t length);
static bool is_control(const unsigned char *bytes, size_t length);

struct text text_in(char *buffer, size_t size) {
  buffer[0] = '\0';
  return (struct text){.bytes = buffer, .size = size, .length = 0, .full = false};
}

void text_add(struct text *text, const char *string) {
  text_add_bytes(text, string, strlen(string));
}

void text_add_bytes(struct text *text, const char *bytes, size_t length) {
  size_t room = text->size - 1 - text->length;
  if (length > room) {
    length = room;
    text->full = true;
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_add_number(struct text *text, int64_t number) {
  char digits[20]; /* 2^63 has 19 */
  size_t at = sizeof digits;
  uint64_t rest = number < 0 ? 0 : (uint64_t)number;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_add_span(struct text *text, int64_t ms) {
  bool is_short = ms < 10000 && ms % 1000 != 0;
  text_add_number(text, is_short ? ms : ms / 1000);
  text_add(text, is_short ? " ms" : " s");
}

void text_add_clean(struct text *text, const char *bytes, size_t length, size_t most) {
  const unsigned char *rest = (const unsigned char *)bytes;
  size_t start = text->length;
  size_t fits = start; /* the length up to which "..." still fits */
  while (length > 0) {
    size_t size = utf8_length(rest, length);
    bool printable = size > 0 && !is_control(rest, size);
    size_t step = size > 0 ? size : 1;
    size_t added = text->length - start;
    if (added + 3 <= most) fits = text->length;
    if (added + (printable ? step : 1) > most) {
      text->length = fits;
      text_add(text, "...");
      return;
    }
    if (printable) {
      text_add_bytes(text, (const char *)rest, step);
    } else {
      text_add(text, "?");
    }
    rest += step;
    length -= step;
  }
}

void text_add_encoded(struct text *text, const char *string, const char *kept) {
  static const char digits[] = "0123456789ABCDEF";
  for (; *string != '\0'; string++) {
    unsigned char byte = (unsigned char)*string;
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (letter || strchr("-._~", byte) != NULL || strchr(kept, byte) != NULL) {
      text_add_bytes(text, string, 1);
    } else {
      char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
      text_add_bytes(text, encoded, sizeof encoded);
    }
  }
}

/* The length of the UTF-8 character at the start of `bytes`, which are at least one; 0 where there is none (RFC 3629). */
static size_t utf8_length(const unsigned char *bytes, size_t length) {
  unsigned char first = bytes[0];
  if (first < 0x80) return 1;
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || length < size) return 0;
  for (size_t at = 1; at < size; at++) {
    if ((bytes[at] & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && bytes[1] < 0xA0) return 0; /* overlong */
  if (first == 0xED && bytes[1] > 0x9F) return 0; /* surrogates */
  if (first == 0xF0 && bytes[1] < 0x90) return 0; /* overlong */
  if (first == 0xF4 && bytes[1] > 0x8F) return 0; /* past the last character */
  return size;
}

/* C0, DEL, C1, and what ends or turns a line around: U+2028 to U+202E, U+2066 to U+2069. */
static bool is_control(const unsigned char *bytes, size_t length) {
  if (length == 1) return bytes[0] < 0x20 || bytes[0] == 0x7F;
  if (length == 2) return bytes[0] == 0xC2 && bytes[1] < 0xA0;
  if (length != 3 || bytes[0] != 0xE2) return false;
  if (bytes[1] == 0x80) return bytes[2] >= 0xA8 && bytes[2] <= 0xAE;
  return bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9;
}
