#ifndef USHER_RESPONSE_H
#define USHER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads one HTTP/1.x response (RFC 9112), in whatever pieces it comes, without allocating. It is strict where
 * leniency would be a guess: what is not a whole, well-formed, small response is RESPONSE_BAD, and the connection is
 * of no more use.
 */

/* The longest body. A lock's has less than 1 KiB; what is longer does not come from one. */
#define RESPONSE_BODY 16384
/*
 * The longest response: a body in chunks of one byte costs six bytes for each ("1\r\nx\r\n"), and a head or
 * trailers of 32 KiB fit beside it.
 */
#define RESPONSE_ALL (6 * RESPONSE_BODY + 32768)
/* As much of a line of the head as we may want to know. */
#define RESPONSE_LINE 256

enum response_progress { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };

enum response_state {
  IN_STATUS_LINE,
  IN_HEADER,
  IN_SIZED_BODY,
  IN_BODY_UNTIL_CLOSE,
  IN_CHUNK_SIZE,
  IN_CHUNK,
  IN_CHUNK_END,
  IN_TRAILER,
  AT_END,
};

struct response {
  /* What it says; valid when it is done. */
  int status;
  bool reusable;         /* the connection may take another request */
  bool is_problem;       /* the body is application/problem+json (RFC 9457) */
  int32_t retry_after_s; /* -1: not said in seconds. A date is not understood: wall clocks are not to be trusted. */
  size_t body_length;
  char body[RESPONSE_BODY];

  /* Why it is bad, for people: a phrase that continues "the answer ...". */
  const char *fault;

  /* Where the reading is. */
  enum response_state state;
  size_t received;
  bool chunked;
  bool http_1_0;
  bool said_close;
  bool said_keep_alive;
  int64_t content_length; /* -1: not said */
  size_t left;            /* of the body or chunk */
  size_t line_length;     /* all of the line, also what is not kept */
  bool after_cr;
  char line[RESPONSE_LINE];
};

void response_start(struct response *response);

/*
 * Reads the next bytes. RESPONSE_DONE comes with the last byte of the response; if that is not the last of `bytes`,
 * the server has said something that it was not asked for, and the response is not `reusable`.
 */
enum response_progress response_read(struct response *response, const char *bytes, size_t length);

/* The server has closed its side. */
enum response_progress response_close(struct response *response);

#endif
