#include "detail.h"

#include <stdint.h>
#include <string.h>

static const int deepest = 16;

struct scan {
  const char *at;
  const char *end;
};

static bool read_document(struct scan *scan, struct text *detail);
static bool skip_value(struct scan *scan, int depth);
static bool skip_members(struct scan *scan, int depth);
static bool skip_elements(struct scan *scan, int depth);
static bool read_key(struct scan *scan, struct text *key);
static bool read_string(struct scan *scan, struct text *text);
static bool read_escape(struct scan *scan, struct text *text);
static bool read_unicode(struct scan *scan, struct text *text);
static bool read_hex(struct scan *scan, uint32_t *unit);
static void add_character(struct text *text, uint32_t code);
static bool skip_number(struct scan *scan);
static size_t skip_digits(struct scan *scan);
static bool skip_word(struct scan *scan, const char *word);
static bool take(struct scan *scan, char byte);
static bool next_is(const struct scan *scan, char byte);
static void skip_space(struct scan *scan);

bool detail_read(struct text *text, const char *json, size_t length) {
  struct scan scan = {json, json + length};
  /* More than what is printed, so that the cut is made, and marked, at the end of a character. */
  char bytes[2 * DETAIL_MOST];
  struct text detail = text_in(bytes, sizeof bytes);
  if (!read_document(&scan, &detail) || detail.length == 0) return false;
  text_add_clean(text, detail.bytes, detail.length, DETAIL_MOST);
  return true;
}

/* As skip_members, but for the one member; of several with that name the first counts. */
static bool read_document(struct scan *scan, struct text *detail) {
  skip_space(scan);
  if (!take(scan, '{')) return false;
  bool found = false;
  skip_space(scan);
  if (!take(scan, '}')) {
    do {
      char bytes[16];
      struct text key = text_in(bytes, sizeof bytes);
      if (!read_key(scan, &key)) return false;
      bool is_detail = !found && key.length == 6 && memcmp(bytes, "detail", 6) == 0;
      if (is_detail && next_is(scan, '"')) {
        found = true;
        if (!read_string(scan, detail)) return false;
      } else if (!skip_value(scan, 1)) {
        return false;
      }
      skip_space(scan);
    } while (take(scan, ','));
    if (!take(scan, '}')) return false;
  }
  skip_space(scan);
  return scan->at == scan->end && found;
}

static bool skip_value(struct scan *scan, int depth) {
  if (depth > deepest || scan->at == scan->end) return false;
  switch (*scan->at) {
    case '{':
      return skip_members(scan, depth);
    case '[':
      return skip_elements(scan, depth);
    case '"':
      return read_string(scan, NULL);
    case 't':
      return skip_word(scan, "true");
    case 'f':
      return skip_word(scan, "false");
    case 'n':
      return skip_word(scan, "null");
    default:
      return skip_number(scan);
  }
}

static bool skip_members(struct scan *scan, int depth) {
  scan->at++;
  skip_space(scan);
  if (take(scan, '}')) return true;
  do {
    if (!read_key(scan, NULL) || !skip_value(scan, depth + 1)) return false;
    skip_space(scan);
  } while (take(scan, ','));
  return take(scan, '}');
}

static bool skip_elements(struct scan *scan, int depth) {
  scan->at++;
  skip_space(scan);
  if (take(scan, ']')) return true;
  do {
    skip_space(scan);
    if (!skip_value(scan, depth + 1)) return false;
    skip_space(scan);
  } while (take(scan, ','));
  return take(scan, ']');
}

/* A member's name, and all up to its value. */
static bool read_key(struct scan *scan, struct text *key) {
  skip_space(scan);
  if (!next_is(scan, '"') || !read_string(scan, key)) return false;
  skip_space(scan);
  if (!take(scan, ':')) return false;
  skip_space(scan);
  return true;
}

/* Without a text it is only passed over. Stands before its first quote. */
static bool read_string(struct scan *scan, struct text *text) {
  scan->at++;
  while (scan->at < scan->end) {
    char byte = *scan->at++;
    if (byte == '"') return true;
    if ((unsigned char)byte < ' ') return false;
    if (byte == '\\') {
      if (!read_escape(scan, text)) return false;
    } else if (text != NULL) {
      text_add_bytes(text, &byte, 1);
    }
  }
  return false;
}

/* What stands behind a backslash. */
static bool read_escape(struct scan *scan, struct text *text) {
  static const char names[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  if (scan->at == scan->end) return false;
  char byte = *scan->at++;
  if (byte == 'u') return read_unicode(scan, text);
  const char *name = memchr(names, byte, sizeof names - 1);
  if (name == NULL) return false;
  if (text != NULL) text_add_bytes(text, &meanings[name - names], 1);
  return true;
}

/* What stands behind `\u`: a UTF-16 unit, and its other half behind the next `\u`. A lone half becomes '?'. */
static bool read_unicode(struct scan *scan, struct text *text) {
  uint32_t unit;
  if (!read_hex(scan, &unit)) return false;
  if (unit >= 0xD800 && unit <= 0xDBFF && scan->end - scan->at >= 2 && scan->at[0] == '\\' && scan->at[1] == 'u') {
    struct scan ahead = {scan->at + 2, scan->end};
    uint32_t other;
    if (!read_hex(&ahead, &other)) return false;
    if (other >= 0xDC00 && other <= 0xDFFF) {
      unit = 0x10000 + ((unit - 0xD800) << 10) + (other - 0xDC00);
      *scan = ahead;
    }
  }
  if (text != NULL) add_character(text, unit >= 0xD800 && unit <= 0xDFFF ? '?' : unit);
  return true;
}

static bool read_hex(struct scan *scan, uint32_t *unit) {
  if (scan->end - scan->at < 4) return false;
  *unit = 0;
  for (int count = 0; count < 4; count++) {
    char byte = *scan->at++;
    uint32_t digit;
    if (byte >= '0' && byte <= '9') {
      digit = (uint32_t)(byte - '0');
    } else if (byte >= 'a' && byte <= 'f') {
      digit = (uint32_t)(byte - 'a' + 10);
    } else if (byte >= 'A' && byte <= 'F') {
      digit = (uint32_t)(byte - 'A' + 10);
    } else {
      return false;
    }
    *unit = *unit * 16 + digit;
  }
  return true;
}

/* As UTF-8. */
static void add_character(struct text *text, uint32_t code) {
  char bytes[4];
  size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const uint32_t marks[] = {0, 0xC0, 0xE0, 0xF0};
  for (size_t at = length - 1; at > 0; at--) {
    bytes[at] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  bytes[0] = (char)(marks[length - 1] | code);
  text_add_bytes(text, bytes, length);
}

/* -0.5e+10; no zeros before, no dot without digits around. */
static bool skip_number(struct scan *scan) {
  take(scan, '-');
  if (!take(scan, '0') && skip_digits(scan) == 0) return false;
  if (take(scan, '.') && skip_digits(scan) == 0) return false;
  if (next_is(scan, 'e') || next_is(scan, 'E')) {
    scan->at++;
    if (!take(scan, '+')) take(scan, '-');
    if (skip_digits(scan) == 0) return false;
  }
  return true;
}

static size_t skip_digits(struct scan *scan) {
  const char *start = scan->at;
  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') scan->at++;
  return (size_t)(scan->at - start);
}

static bool skip_word(struct scan *scan, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0) return false;
  scan->at += length;
  return true;
}

static bool take(struct scan *scan, char byte) {
  if (!next_is(scan, byte)) return false;
  scan->at++;
  return true;
}

static bool next_is(const struct scan *scan, char byte) {
  return scan->at < scan->end && *scan->at == byte;
}

static void skip_space(struct scan *scan) {
  while (next_is(scan, ' ') || next_is(scan, '\t') || next_is(scan, '\n') || next_is(scan, '\r')) scan->at++;
}
