#ifndef USHER_PROBE_STATUS_LINE_H
#define USHER_PROBE_STATUS_LINE_H

/* As much of a response as has to be read: `HTTP/1.1 200`, and the byte behind, which tells 200 from 2000. */
#define STATUS_LINE 13

/* What the beginning of a response may be instead of a status. */
#define STATUS_NONE (-1) /* no HTTP */
#define STATUS_MORE 0    /* too little of it */

/*
 * Reads the status of a response of HTTP/1 (RFC 9112, 4) from its first bytes: 100 to 999, or one of the above. Garbage
 * is known by its first bytes. The reason phrase may be missing, and the space before it, too.
 */
static inline int status_read(const char *bytes, unsigned long length) {
  /* N: a digit; E: what ends the number. */
  static const char form[STATUS_LINE + 1] = "HTTP/1.N NNNE";
  int status = 0;
  for (unsigned long at = 0; at < STATUS_LINE; at++) {
    if (at == length) return STATUS_MORE;
    char byte = bytes[at];
    char wanted = form[at];
    /* The letters of HTTP are none of these two. */
    if (wanted == 'N') {
      if (byte < '0' || byte > '9') return STATUS_NONE;
      if (at > 8) status = status * 10 + (byte - '0');
    } else if (wanted == 'E' ? byte != ' ' && byte != '\r' && byte != '\n' : byte != wanted) {
      return STATUS_NONE;
    }
  }
  return status < 100 ? STATUS_NONE : status;
}

#endif
