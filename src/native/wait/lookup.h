#ifndef USHER_LOOKUP_H
#define USHER_LOOKUP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* As many addresses of one name are tried. */
#define LOOKUP_MOST 8

union address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

struct addresses {
  size_t count;
  union address list[LOOKUP_MOST];
  socklen_t lengths[LOOKUP_MOST];
};

/*
 * Finds the addresses of a host. A numeric one, the rule, is read on the spot; a name goes to the resolver of libc
 * (/etc/hosts and DNS), which waits as long as it likes: where it still does so at `deadline`, an alarm ends the
 * program with exit 0, having said `last_words`, which have to live until this returns.
 *
 * Returns NULL, or why there is none, for people.
 */
const char *lookup(struct addresses *addresses, const char *host, uint16_t port, int64_t deadline, const char *last_words);

#endif
