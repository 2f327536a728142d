/*
 * Whatever a server sends, in whatever pieces: the parser stays in its bounds (AddressSanitizer sees to that), says the
 * same of it however it is cut, and what is shown of it is safe to print.
 */

#include "response.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "detail.h"

static enum response_progress read_in_pieces(struct response *response, const char *bytes, size_t length, size_t piece);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct response whole;
  static struct response pieces;
  const char *bytes = (const char *)data;
  enum response_progress progress = read_in_pieces(&whole, bytes, size, size == 0 ? 1 : size);
  size_t seen = size == 0 ? 0 : data[size / 2] % 16u;
  const size_t cuts[] = {1, 2 + seen};
  for (size_t at = 0; at < sizeof cuts / sizeof cuts[0]; at++) {
    check(read_in_pieces(&pieces, bytes, size, cuts[at]) == progress);
    check(pieces.received == whole.received);
    check(pieces.fault == whole.fault);
    if (progress != RESPONSE_DONE) continue;
    check(pieces.status == whole.status);
    check(pieces.retry_after_s == whole.retry_after_s);
    check(pieces.is_problem == whole.is_problem);
    check(pieces.body_length == whole.body_length);
    check(memcmp(pieces.body, whole.body, whole.body_length) == 0);
    /* More than a response in one piece is noticed here; otherwise by connection_is_idle(). */
    check(pieces.reusable || !whole.reusable);
  }
  check(progress != RESPONSE_MORE);
  check((progress == RESPONSE_BAD) == (whole.fault != NULL));
  check(whole.received <= RESPONSE_ALL + 1);
  check(whole.body_length <= RESPONSE_BODY);
  if (progress == RESPONSE_DONE) {
    check(whole.status >= 200 && whole.status <= 999);
    check(whole.retry_after_s >= -1);
    check_detail(whole.body, whole.body_length);
  }
  return 0;
}

static enum response_progress read_in_pieces(struct response *response, const char *bytes, size_t length, size_t piece) {
  response_start(response);
  for (size_t at = 0; at < length; at += piece) {
    size_t next = length - at < piece ? length - at : piece;
    enum response_progress progress = response_read(response, bytes + at, next);
    if (progress != RESPONSE_MORE) return progress;
  }
  return response_close(response);
}
