#define _GNU_SOURCE
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

static bool find_program(struct text *path, const char *name);
static const char *copy(int from, const char *new_path);
static bool copy_bytes(int from, int to);
static int open_file(const char *path, int flags, mode_t mode);

const char *install_program(const char *name, const char *path) {
  char program_bytes[PATH_MAX];
  char new_bytes[PATH_MAX];
  struct text program = text_in(program_bytes, sizeof program_bytes);
  struct text new_path = text_in(new_bytes, sizeof new_bytes);
  text_add(&new_path, path);
  text_add(&new_path, ".new");
  if (new_path.full) return "its path is too long";
  if (!find_program(&program, name)) return "it is not in the image";
  int from = open_file(program_bytes, O_RDONLY, 0);
  if (from < 0) return "it is not in the image";
  const char *fault = copy(from, new_bytes);
  close(from);
  if (fault == NULL && rename(new_bytes, path) != 0) fault = "it cannot be renamed to its place";
  if (fault != NULL) unlink(new_bytes);
  return fault;
}

/* Beside this program, wherever the image or the build has put both. */
static bool find_program(struct text *path, const char *name) {
  char own[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", own, sizeof own);
  if (length <= 0 || (size_t)length == sizeof own) return false;
  const char *slash = memrchr(own, '/', (size_t)length);
  if (slash == NULL) return false;
  text_add_bytes(path, own, (size_t)(slash - own) + 1);
  text_add(path, name);
  return !path->full;
}

static const char *copy(int from, const char *new_path) {
  /* What a start that was killed has left: it may be somebody else's, or not writable. */
  if (unlink(new_path) != 0 && errno != ENOENT) return "its folder cannot be written";
  int to = open_file(new_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0555);
  if (to < 0) return "its folder cannot be written";
  /* Not what umask leaves of it. */
  const char *fault = copy_bytes(from, to) && fchmod(to, 0555) == 0 ? NULL : "it cannot be written";
  /* The place where a full disk may show last. */
  if (close(to) != 0 && errno != EINTR) fault = "it cannot be written";
  return fault;
}

static bool copy_bytes(int from, int to) {
  char bytes[4096];
  for (;;) {
    ssize_t count = read(from, bytes, sizeof bytes);
    if (count == 0) return true;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    for (ssize_t written = 0; written < count;) {
      ssize_t more = write(to, bytes + written, (size_t)(count - written));
      if (more == 0 || (more < 0 && errno != EINTR)) return false;
      if (more > 0) written += more;
    }
  }
}

static int open_file(const char *path, int flags, mode_t mode) {
  int fd;
  do {
    fd = open(path, flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}
