#include "response.h"

#include <string.h>

static enum response_progress read_byte(struct response *response, char byte);
static enum response_progress read_line_byte(struct response *response, char byte);
static enum response_progress read_line(struct response *response);
static enum response_progress read_status_line(struct response *response);
static enum response_progress read_header(struct response *response);
static enum response_progress read_content_length(struct response *response, const char *value);
static void read_connection(struct response *response, const char *value);
static void read_retry_after(struct response *response, const char *value);
static enum response_progress end_head(struct response *response);
static enum response_progress read_chunk_size(struct response *response);
static enum response_progress read_body_byte(struct response *response, char byte);
static enum response_progress done(struct response *response);
static enum response_progress bad(struct response *response, const char *fault);
static bool is(const char *text, size_t length, const char *word);
static char lower(char byte);

static const char not_http[] = "is not HTTP";
static const char too_long[] = "is too long";
static const char cut_short[] = "was cut short";

void response_start(struct response *response) {
  response->status = 0;
  response->reusable = false;
  response->is_problem = false;
  response->retry_after_s = -1;
  response->body_length = 0;
  response->fault = NULL;
  response->state = IN_STATUS_LINE;
  response->received = 0;
  response->chunked = false;
  response->http_1_0 = false;
  response->said_close = false;
  response->said_keep_alive = false;
  response->content_length = -1;
  response->left = 0;
  response->line_length = 0;
  response->after_cr = false;
}

enum response_progress response_read(struct response *response, const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    if (++response->received > RESPONSE_ALL) return bad(response, too_long);
    enum response_progress progress = read_byte(response, bytes[at]);
    if (progress == RESPONSE_DONE && at + 1 < length) response->reusable = false;
    if (progress != RESPONSE_MORE) return progress;
  }
  return RESPONSE_MORE;
}

enum response_progress response_close(struct response *response) {
  return response->state == IN_BODY_UNTIL_CLOSE ? done(response) : bad(response, cut_short);
}

static enum response_progress read_byte(struct response *response, char byte) {
  switch (response->state) {
    case IN_STATUS_LINE:
    case IN_HEADER:
    case IN_CHUNK_SIZE:
    case IN_CHUNK_END:
    case IN_TRAILER:
      return read_line_byte(response, byte);
    case IN_SIZED_BODY:
    case IN_BODY_UNTIL_CLOSE:
    case IN_CHUNK:
      return read_body_byte(response, byte);
    case AT_END:
      break;
  }
  return bad(response, not_http);
}

/* A line ends in CRLF, or in a lone LF (RFC 9112, 2.2); any other control character but a tab makes it bad. */
static enum response_progress read_line_byte(struct response *response, char byte) {
  if (byte == '\n') {
    response->after_cr = false;
    enum response_progress progress = read_line(response);
    response->line_length = 0;
    return progress;
  }
  if (response->after_cr) return bad(response, not_http);
  if (byte == '\r') {
    response->after_cr = true;
    return RESPONSE_MORE;
  }
  if (((unsigned char)byte < ' ' && byte != '\t') || byte == 0x7F) return bad(response, not_http);
  /* Garbage is known by its first bytes, not after kilobytes of it. */
  if (response->state == IN_STATUS_LINE && response->line_length < 5 && byte != "HTTP/"[response->line_length]) {
    return bad(response, not_http);
  }
  if (response->line_length < RESPONSE_LINE) response->line[response->line_length] = byte;
  response->line_length++;
  return RESPONSE_MORE;
}

static enum response_progress read_line(struct response *response) {
  switch (response->state) {
    case IN_STATUS_LINE:
      return read_status_line(response);
    case IN_HEADER:
      return response->line_length == 0 ? end_head(response) : read_header(response);
    case IN_CHUNK_SIZE:
      return read_chunk_size(response);
    case IN_CHUNK_END:
      if (response->line_length != 0) return bad(response, not_http);
      response->state = IN_CHUNK_SIZE;
      return RESPONSE_MORE;
    case IN_TRAILER:
      return response->line_length == 0 ? done(response) : RESPONSE_MORE;
    case IN_SIZED_BODY:
    case IN_BODY_UNTIL_CLOSE:
    case IN_CHUNK:
    case AT_END:
      break;
  }
  return bad(response, not_http);
}

/* `HTTP/1.1 423 Locked`; the phrase may be missing. */
static enum response_progress read_status_line(struct response *response) {
  const char *line = response->line;
  if (response->line_length < 12 || memcmp(line, "HTTP/1.", 7) != 0) return bad(response, not_http);
  if ((line[7] != '0' && line[7] != '1') || line[8] != ' ') return bad(response, not_http);
  if (response->line_length > 12 && line[12] != ' ') return bad(response, not_http);
  int status = 0;
  for (size_t at = 9; at < 12; at++) {
    if (line[at] < '0' || line[at] > '9') return bad(response, not_http);
    status = status * 10 + (line[at] - '0');
  }
  if (status < 100) return bad(response, not_http);
  response->status = status;
  response->http_1_0 = line[7] == '0';
  response->state = IN_HEADER;
  return RESPONSE_MORE;
}

/*
 * `Name: value`. Lines that are longer than what is kept are fine (cookies), unless they are about the framing, where
 * half a value would be a wrong one.
 */
static enum response_progress read_header(struct response *response) {
  bool whole = response->line_length < RESPONSE_LINE;
  size_t length = whole ? response->line_length : RESPONSE_LINE;
  const char *line = response->line;
  const char *colon = memchr(line, ':', length);
  if (colon == NULL || colon == line) return bad(response, not_http);
  size_t name = (size_t)(colon - line);
  /* Neither a folded line nor a space before the colon (RFC 9112, 5.1 and 5.2). */
  if (memchr(line, ' ', name) != NULL || memchr(line, '\t', name) != NULL) return bad(response, not_http);
  if (!whole) {
    bool framing = is(line, name, "content-length") || is(line, name, "transfer-encoding");
    return framing ? bad(response, too_long) : RESPONSE_MORE;
  }
  size_t start = name + 1;
  size_t end = length;
  while (start < end && (line[start] == ' ' || line[start] == '\t')) start++;
  while (end > start && (line[end - 1] == ' ' || line[end - 1] == '\t')) end--;
  response->line[end] = '\0'; /* a whole line is shorter than the buffer */
  const char *value = line + start;
  if (is(line, name, "content-length")) return read_content_length(response, value);
  if (is(line, name, "transfer-encoding")) {
    if (response->chunked || !is(value, end - start, "chunked")) return bad(response, "has an unknown encoding");
    response->chunked = true;
  } else if (is(line, name, "connection")) {
    read_connection(response, value);
  } else if (is(line, name, "retry-after")) {
    read_retry_after(response, value);
  } else if (is(line, name, "content-type")) {
    size_t type = strcspn(value, "; \t");
    response->is_problem = is(value, type, "application/problem+json");
  }
  return RESPONSE_MORE;
}

static enum response_progress read_content_length(struct response *response, const char *value) {
  int64_t sum = 0;
  if (*value == '\0') return bad(response, not_http);
  for (; *value != '\0'; value++) {
    if (*value < '0' || *value > '9') return bad(response, not_http);
    sum = sum * 10 + (*value - '0');
    if (sum > INT32_MAX) return bad(response, too_long);
  }
  if (response->content_length >= 0 && response->content_length != sum) return bad(response, not_http);
  response->content_length = sum;
  return RESPONSE_MORE;
}

/* A list: `keep-alive, Upgrade`. */
static void read_connection(struct response *response, const char *value) {
  while (*value != '\0') {
    value += strspn(value, ", \t");
    size_t length = strcspn(value, ", \t");
    response->said_close = response->said_close || is(value, length, "close");
    response->said_keep_alive = response->said_keep_alive || is(value, length, "keep-alive");
    value += length;
  }
}

static void read_retry_after(struct response *response, const char *value) {
  int32_t sum = 0;
  if (*value == '\0') return;
  for (; *value != '\0'; value++) {
    if (*value < '0' || *value > '9') return;
    if (sum < 100000000) sum = sum * 10 + (*value - '0'); /* years, and no overflow */
  }
  response->retry_after_s = sum;
}

static enum response_progress end_head(struct response *response) {
  if (response->status < 200) {
    /* 100 and 103 announce another head; 101 changes to a protocol that nobody has asked for. */
    if (response->status == 101) return bad(response, not_http);
    size_t received = response->received;
    response_start(response);
    response->received = received;
    return RESPONSE_MORE;
  }
  if (response->status == 204 || response->status == 304) return done(response);
  if (response->chunked) {
    response->state = IN_CHUNK_SIZE;
    return RESPONSE_MORE;
  }
  if (response->content_length < 0) {
    response->said_close = true;
    response->state = IN_BODY_UNTIL_CLOSE;
    return RESPONSE_MORE;
  }
  if (response->content_length > RESPONSE_BODY) return bad(response, too_long);
  if (response->content_length == 0) return done(response);
  response->left = (size_t)response->content_length;
  response->state = IN_SIZED_BODY;
  return RESPONSE_MORE;
}

/* `1f` or `1f;extension`. */
static enum response_progress read_chunk_size(struct response *response) {
  size_t size = 0;
  size_t at = 0;
  for (; at < response->line_length && at < RESPONSE_LINE; at++) {
    char byte = lower(response->line[at]);
    bool digit = byte >= '0' && byte <= '9';
    if (!digit && (byte < 'a' || byte > 'f')) break;
    size = size * 16 + (size_t)(digit ? byte - '0' : byte - 'a' + 10);
    if (size > RESPONSE_BODY) return bad(response, too_long);
  }
  if (at == 0 || at == RESPONSE_LINE) return bad(response, not_http);
  if (at < response->line_length && strchr("; \t", response->line[at]) == NULL) return bad(response, not_http);
  response->left = size;
  response->state = size == 0 ? IN_TRAILER : IN_CHUNK;
  return RESPONSE_MORE;
}

static enum response_progress read_body_byte(struct response *response, char byte) {
  if (response->body_length == RESPONSE_BODY) return bad(response, too_long);
  response->body[response->body_length++] = byte;
  if (response->state == IN_BODY_UNTIL_CLOSE || --response->left > 0) return RESPONSE_MORE;
  if (response->state == IN_SIZED_BODY) return done(response);
  response->state = IN_CHUNK_END;
  return RESPONSE_MORE;
}

static enum response_progress done(struct response *response) {
  /* Both lengths at once are a sign of smuggling (RFC 9112, 6.3): read as chunks, and not used again. */
  bool both = response->chunked && response->content_length >= 0;
  bool stays = response->http_1_0 ? response->said_keep_alive : true;
  response->reusable = stays && !response->said_close && !both;
  response->state = AT_END;
  return RESPONSE_DONE;
}

static enum response_progress bad(struct response *response, const char *fault) {
  response->fault = fault;
  response->state = AT_END;
  return RESPONSE_BAD;
}

/* Whether the text is the word, which is in lower case, in any case. */
static bool is(const char *text, size_t length, const char *word) {
  if (strlen(word) != length) return false;
  for (size_t at = 0; at < length; at++) {
    if (lower(text[at]) != word[at]) return false;
  }
  return true;
}

static char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}
