#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

static const char *open_one(int *fd, const union address *address, socklen_t length, int64_t deadline);
static int open_socket(int family);
static const char *send_all(int fd, const char *bytes, size_t length, int64_t deadline);
static const char *receive(int fd, struct response *response, int64_t deadline);
static bool wait_for(int fd, short events, int64_t deadline);
static const char *phrase(int error);

static const char no_connection[] = "no connection within 1 s";
const char connection_late[] = "no answer in time";

const char *connection_open(int *fd, const struct addresses *addresses, int64_t deadline) {
  const char *fault = no_connection;
  *fd = -1;
  for (size_t at = 0; at < addresses->count && clock_now() < deadline; at++) {
    int64_t until = clock_earlier(deadline, clock_after(clock_now(), CONNECTION_OPEN_MS));
    fault = open_one(fd, &addresses->list[at], addresses->lengths[at], until);
    if (fault == NULL) return NULL;
    connection_close(fd);
  }
  return fault;
}

const char *connection_ask(int fd, const char *request, size_t length, struct response *response, int64_t deadline) {
  response_start(response);
  const char *fault = send_all(fd, request, length, deadline);
  return fault == NULL ? receive(fd, response, deadline) : fault;
}

bool connection_is_idle(int fd) {
  char byte;
  ssize_t count;
  do {
    count = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void connection_close(int *fd) {
  /* Linux frees the descriptor whatever close(2) returns, and what it could tell is of no more interest. */
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static const char *open_one(int *fd, const union address *address, socklen_t length, int64_t deadline) {
  *fd = open_socket(address->any.sa_family);
  if (*fd < 0) return phrase(errno);
  /* Not interruptible, as the socket does not block. */
  if (connect(*fd, &address->any, length) == 0) return NULL;
  if (errno != EINPROGRESS) return phrase(errno);
  if (!wait_for(*fd, POLLOUT, deadline)) return no_connection;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return phrase(errno);
  return error == 0 ? NULL : phrase(error);
}

/* Never one of 0 to 2, which may be closed: the program's lines would go to the lock. */
static int open_socket(int family) {
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int error = errno;
  close(fd);
  errno = error;
  return higher;
}

static const char *send_all(int fd, const char *bytes, size_t length, int64_t deadline) {
  while (length > 0) {
    ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
    if (count >= 0) {
      bytes += count;
      length -= (size_t)count;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd, POLLOUT, deadline)) return connection_late;
    } else if (errno != EINTR) {
      return phrase(errno);
    }
  }
  return NULL;
}

/* The deadline holds whether or not something comes: who sends a byte a second does not win time. */
static const char *receive(int fd, struct response *response, int64_t deadline) {
  char bytes[4096];
  while (clock_now() < deadline) {
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return phrase(errno);
    if (count < 0) {
      if (!wait_for(fd, POLLIN, deadline)) return connection_late;
      continue;
    }
    enum response_progress progress =
        count == 0 ? response_close(response) : response_read(response, bytes, (size_t)count);
    if (progress == RESPONSE_DONE) return NULL;
    if (progress == RESPONSE_BAD) return response->received == 0 ? "closed without an answer" : response->fault;
  }
  return connection_late;
}

/* Returns false when the deadline has passed. */
static bool wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    struct pollfd ready = {.fd = fd, .events = events, .revents = 0};
    int count = poll(&ready, 1, clock_timeout(deadline));
    if (count > 0) return true;
    if (clock_now() >= deadline) return false;
    /* EINTR, or a moment early; anything else would come again at once, for ever. */
    if (count < 0 && errno != EINTR) return false;
  }
}

static const char *phrase(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
    case EPIPE:
      return "connection reset";
    case ETIMEDOUT:
      return no_connection;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
      return "host unreachable";
    case EACCES:
    case EPERM:
      return "connections are forbidden";
    case EAFNOSUPPORT:
      return "no network of that kind";
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return "the node is out of resources";
    default:
      return "the connection failed";
  }
}
