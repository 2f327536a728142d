/* Whatever a document is: what is shown of it is safe to print, and only of what is JSON. */

#include "detail.h"

#include <stdint.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_detail((const char *)data, size);
  return 0;
}
