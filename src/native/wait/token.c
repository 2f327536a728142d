#define _GNU_SOURCE
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool read_all(int fd, char *bytes, size_t size, size_t *length);

const char *token_read(const char *path, char *token, size_t size) {
  token[0] = '\0';
  int fd;
  do {
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return "cannot be opened";
  size_t length;
  bool is_read = read_all(fd, token, size, &length);
  close(fd);
  const char *fault = !is_read ? "cannot be read" : length == size ? "is too long" : NULL;
  size_t start = 0;
  while (start < length && (unsigned char)token[start] <= ' ') start++;
  while (length > start && (unsigned char)token[length - 1] <= ' ') length--;
  if (fault == NULL && start == length) fault = "is empty";
  /* What is sent in a header must not end it. */
  for (size_t at = start; at < length; at++) {
    if (fault == NULL && ((unsigned char)token[at] <= ' ' || (unsigned char)token[at] >= 0x7F)) fault = "holds no token";
  }
  if (fault != NULL) {
    token[0] = '\0';
    return fault;
  }
  memmove(token, token + start, length - start);
  token[length - start] = '\0';
  return NULL;
}

static bool read_all(int fd, char *bytes, size_t size, size_t *length) {
  *length = 0;
  while (*length < size) {
    ssize_t count = read(fd, bytes + *length, size - *length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) return true;
    *length += (size_t)count;
  }
  return true;
}
