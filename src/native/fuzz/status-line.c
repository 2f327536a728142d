/*
 * Whatever a server's first bytes are: a status is what its line says, to the byte, and more bytes never change what has
 * been said of fewer.
 */

#include "status-line.h"

#include <stdint.h>
#include <stdio.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *bytes = (const char *)data;
  int status = status_read(bytes, size);
  check(status == STATUS_NONE || status == STATUS_MORE || (status >= 100 && status <= 999));
  check(status != STATUS_MORE || size < STATUS_LINE);
  for (size_t length = 0; length < size && length <= STATUS_LINE; length++) {
    int before = status_read(bytes, length);
    check(before == STATUS_MORE || before == status);
  }
  if (status >= 100) {
    char line[STATUS_LINE];
    snprintf(line, sizeof line, "HTTP/1.%c %03d", bytes[7], status);
    check(memcmp(line, bytes, STATUS_LINE - 1) == 0);
    check(strchr(" \r\n", bytes[STATUS_LINE - 1]) != NULL);
  }
  return 0;
}
