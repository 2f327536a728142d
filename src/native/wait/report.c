#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static const char *volatile termination_log = NULL;
static bool quiet = false;

static void write_line(int fd, const char *prefix, const char *line);
static void keep_for_kubelet(const char *line);
static bool takes_more(int fd);

void report_setup(const char *log, bool is_quiet) {
  termination_log = log;
  quiet = is_quiet;
}

void report_news(const char *line) {
  if (!quiet) write_line(STDOUT_FILENO, "", line);
  keep_for_kubelet(line);
}

void report_always(const char *line) {
  write_line(STDOUT_FILENO, "", line);
  keep_for_kubelet(line);
}

void report_problem(const char *line) {
  write_line(STDERR_FILENO, "usher-wait: ", line);
}

/* Only what a signal handler may call, and no state. */
static void write_line(int fd, const char *prefix, const char *line) {
  char bytes[REPORT_LINE];
  size_t start = strlen(prefix);
  size_t length = strlen(line);
  if (length > sizeof bytes - 1 - start) length = sizeof bytes - 1 - start;
  memcpy(bytes, prefix, start);
  memcpy(bytes + start, line, length);
  length += start;
  bytes[length++] = '\n';
  size_t written = 0;
  while (written < length && takes_more(fd)) {
    ssize_t count = write(fd, bytes + written, length - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    written += (size_t)count;
  }
}

/* A pipe that takes something takes PIPE_BUF bytes, so that the write after this does not wait. */
static bool takes_more(int fd) {
  struct pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
  int count;
  do {
    count = poll(&ready, 1, 0);
  } while (count < 0 && errno == EINTR);
  return count > 0 && (ready.revents & POLLOUT) != 0;
}

static void keep_for_kubelet(const char *line) {
  const char *path = termination_log;
  if (path == NULL) return;
  int fd;
  do {
    fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return;
  write_line(fd, "", line);
  /* Nothing can be done about a failed close here, and Linux frees the descriptor in any case. */
  close(fd);
}
