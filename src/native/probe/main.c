/*
 * usher-probe http PORT PATH [--timeout SECONDS] [--host HOST]: asks a server of its own pod whether it is healthy.
 * ../README.md says what it promises.
 *
 * There is no libc, and no memory but the stack: kubelets start it in application containers every few seconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
#include "amd64.h"
#else
#include "arm64.h"
#endif
#include "file.h"
#include "status-line.h"

enum code { HEALTHY = 0, UNHEALTHY = 1, USAGE = 2 };

/* As the kernel has them, on both architectures. */
enum { EINTR = 4, EAGAIN = 11, EISCONN = 106, ECONNREFUSED = 111, EALREADY = 114, EINPROGRESS = 115 };
enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { MSG_NOSIGNAL = 0x4000, POLLIN = 1, POLLOUT = 4, CLOCK_MONOTONIC = 1 };

struct timespec {
  int64_t seconds;
  int64_t nanoseconds;
};

struct pollfd {
  int fd;
  short events;
  short found;
};

struct piece { /* iovec */
  const char *bytes;
  size_t length;
};

#define PIECE(text) {text, sizeof text - 1}

struct message { /* msghdr */
  void *name;
  unsigned name_length;
  struct piece *pieces;
  size_t count;
  void *control;
  size_t control_length;
  int flags;
};

/* sockaddr_in6; the first 8 bytes are those of sockaddr_in, whose other 8 are not looked at. */
struct address {
  uint16_t family;
  uint16_t port; /* the higher byte first */
  uint32_t ipv4; /* or the flow of IPv6 */
  uint8_t ipv6[16];
  uint32_t scope;
};

struct request {
  const char *port_text;
  const char *path;
  const char *host;         /* NULL: localhost and the port */
  const char *timeout_text;
  unsigned port;
  unsigned timeout_s;
};

#define LONGEST_TIMEOUT 86400

/* Called from several places, and large enough to be there once. */
#define SHARED __attribute__((noinline)) static

static bool read_arguments(struct request *request, char *const argv[]);
SHARED bool read_number(const char *text, unsigned most, unsigned *number);
SHARED bool is_printable(const char *text);
SHARED bool is_same(const char *one, const char *other);
static enum code check(const struct request *request);
static enum code ask(int fd, const struct request *request, int64_t deadline);
static int open_connection(int family, unsigned port, int64_t deadline);
static void send_request(int fd, const struct request *request, int64_t deadline);
static bool wait_for(int fd, short events, int64_t deadline);
SHARED int64_t now(void);
static enum code say(const char *before, const char *text, const char *after);
SHARED size_t length_of(const char *text);

/* Errors of our own, beside the kernel's. */
#define LATE (-1000)

/* Called from the entry with what the kernel has put onto the stack: argc, and argv, which ends in NULL. */
__attribute__((noreturn, used)) void start(const long *stack) {
  struct request request;
  enum code code = USAGE;
  if (read_arguments(&request, (char *const *)(stack + 1))) {
    code = check(&request);
  } else {
    say("usage: usher-probe http PORT PATH [--timeout SECONDS] [--host HOST]", "", "");
  }
  for (;;) call3(SYS_EXIT_GROUP, code, 0, 0);
}

static bool read_arguments(struct request *request, char *const argv[]) {
  request->host = NULL;
  request->timeout_text = "10";
  request->timeout_s = 10;
  for (int at = 0; at < 4; at++) {
    if (argv[at] == NULL) return false;
  }
  request->port_text = argv[2];
  request->path = argv[3];
  if (!is_same(argv[1], "http") || !read_number(argv[2], 65535, &request->port)) return false;
  if (argv[3][0] != '/' || !is_printable(argv[3])) return false;
  for (argv += 4; argv[0] != NULL; argv += 2) {
    if (argv[1] == NULL) return false;
    if (is_same(argv[0], "--timeout")) {
      request->timeout_text = argv[1];
      if (!read_number(argv[1], LONGEST_TIMEOUT, &request->timeout_s)) return false;
    } else {
      request->host = argv[1];
      if (!is_same(argv[0], "--host") || argv[1][0] == '\0' || !is_printable(argv[1])) return false;
    }
  }
  return true;
}

/* From 1. */
static bool read_number(const char *text, unsigned most, unsigned *number) {
  unsigned sum = 0;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') return false;
    sum = sum * 10 + (unsigned)(*text - '0');
    if (sum > most) return false;
  }
  *number = sum;
  return sum > 0;
}

/* Neither ends a line of a request, nor a word of it. */
static bool is_printable(const char *text) {
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text <= ' ' || *text == 0x7F) return false;
  }
  return true;
}

static bool is_same(const char *one, const char *other) {
  for (; *one == *other; one++, other++) {
    if (*one == '\0') return true;
  }
  return false;
}

/*
 * A server that listens on all addresses, or on localhost, is reached at 127.0.0.1; one that listens on IPv6 alone, at
 * ::1. Both are the pod's own: nothing else can answer in its place.
 */
static enum code check(const struct request *request) {
  int64_t deadline = now() + (int64_t)request->timeout_s * 1000000000;
  int fd = open_connection(AF_INET, request->port, deadline);
  if (fd < 0 && fd != LATE) {
    int other = open_connection(AF_INET6, request->port, deadline);
    if (other >= 0 || other == LATE) fd = other;
  }
  if (fd >= 0) return ask(fd, request, deadline);
  if (fd == LATE) return say("no answer within ", request->timeout_text, " s");
  return say(fd == -ECONNREFUSED ? "connection refused at port " : "no connection to port ", request->port_text, "");
}

static enum code ask(int fd, const struct request *request, int64_t deadline) {
  /* More than is judged: what has been read need not be thrown away with a reset, which servers log. */
  char bytes[4096];
  size_t length = 0;
  int status;
  send_request(fd, request, deadline);
  do {
    if (!wait_for(fd, POLLIN, deadline)) return say("no answer within ", request->timeout_text, " s");
    long count = call3(SYS_READ, fd, (long)(bytes + length), (long)(sizeof bytes - length));
    if (count == -EINTR || count == -EAGAIN) {
      count = 0;
    } else if (count <= 0) {
      return say(length == 0 ? "closed without an answer" : "the answer was cut short", "", "");
    }
    length += (size_t)count;
    status = status_read(bytes, length);
  } while (status == STATUS_MORE);
  if (status == 200) return HEALTHY;
  if (status == STATUS_NONE) return say("the answer is not HTTP", "", "");
  char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), '\0'};
  return say("status ", digits, ", wanted 200");
}

/* Returns the connection, or why there is none: -errno, or LATE. */
static int open_connection(int family, unsigned port, int64_t deadline) {
  struct address address;
  address.family = (uint16_t)family;
  address.port = (uint16_t)(port << 8 | port >> 8);
  address.ipv4 = family == AF_INET ? 0x0100007F : 0; /* the lowest byte first: 127.0.0.1 */
  for (size_t at = 0; at < 16; at++) address.ipv6[at] = at == 15;
  address.scope = 0;
  int fd = (int)call3(SYS_SOCKET, family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  for (;;) {
    int error = (int)call3(SYS_CONNECT, fd, (long)&address, family == AF_INET ? 16 : 28);
    if (error == 0 || error == -EISCONN) return fd;
    if (error != -EINPROGRESS && error != -EALREADY && error != -EINTR) return error;
    /* Asked again, it says how that has ended. */
    if (!wait_for(fd, POLLOUT, deadline)) return LATE;
  }
}

/* What fails here shows where the answer is read, and a server that has seen enough may answer before. */
static void send_request(int fd, const struct request *request, int64_t deadline) {
  bool is_named = request->host != NULL;
  struct piece pieces[6] = {
      PIECE("GET "),
      {request->path, length_of(request->path)},
      PIECE(" HTTP/1.1\r\nHost: "),
      {is_named ? request->host : "localhost:", is_named ? length_of(request->host) : 10},
      {request->port_text, is_named ? 0 : length_of(request->port_text)},
      PIECE("\r\nUser-Agent: usher-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n"),
  };
  struct message message = {NULL, 0, pieces, 6, NULL, 0, 0};
  while (message.count > 0) {
    long count = call3(SYS_SENDMSG, fd, (long)&message, MSG_NOSIGNAL);
    if (count == -EAGAIN) {
      if (!wait_for(fd, POLLOUT, deadline)) return;
    } else if (count < 0 && count != -EINTR) {
      return;
    }
    for (; message.count > 0 && count >= (long)message.pieces->length; message.pieces++, message.count--) {
      count -= (long)message.pieces->length;
    }
    if (message.count > 0 && count > 0) {
      message.pieces->bytes += count;
      message.pieces->length -= (size_t)count;
    }
  }
}

/* Returns false when the deadline has passed. */
static bool wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now();
    if (left <= 0) return false;
    struct timespec timeout = {left / 1000000000, left % 1000000000};
    struct pollfd ready = {fd, events, 0};
    /* Interrupted, it has waited for less than it should. */
    if (call5(SYS_PPOLL, (long)&ready, 1, (long)&timeout, 0, 0) > 0) return true;
  }
}

/* In nanoseconds of a clock that never jumps. */
static int64_t now(void) {
  struct timespec time;
  call3(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&time, 0);
  return time.seconds * 1000000000 + time.nanoseconds;
}

/* Writes a line, whole, to standard output, where the kubelet takes the message of its event from. */
static enum code say(const char *before, const char *text, const char *after) {
  struct piece pieces[4] = {{before, length_of(before)}, {text, length_of(text)}, {after, length_of(after)}, {"\n", 1}};
  call3(SYS_WRITEV, 1, (long)pieces, 4);
  return UNHEALTHY;
}

static size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != '\0') length++;
  return length;
}
