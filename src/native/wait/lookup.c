#define _GNU_SOURCE
#include "lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "signals.h"

static bool read_numeric(struct addresses *addresses, const char *host, uint16_t port);
static void add(struct addresses *addresses, const struct addrinfo *info, uint16_t port);

const char *lookup(struct addresses *addresses, const char *host, uint16_t port, int64_t deadline, const char *last_words) {
  memset(addresses, 0, sizeof *addresses);
  if (read_numeric(addresses, host, port)) return NULL;
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  signals_end_at(deadline, last_words);
  int fault = getaddrinfo(host, NULL, &hints, &found);
  signals_end_never();
  if (fault != 0) return fault == EAI_NONAME ? "no such host" : "the name cannot be looked up";
  for (struct addrinfo *info = found; info != NULL; info = info->ai_next) add(addresses, info, port);
  freeaddrinfo(found);
  return addresses->count > 0 ? NULL : "no such host";
}

static bool read_numeric(struct addresses *addresses, const char *host, uint16_t port) {
  union address *first = &addresses->list[0];
  if (inet_pton(AF_INET, host, &first->ipv4.sin_addr) == 1) {
    first->ipv4.sin_family = AF_INET;
    first->ipv4.sin_port = htons(port);
    addresses->lengths[0] = sizeof first->ipv4;
  } else if (inet_pton(AF_INET6, host, &first->ipv6.sin6_addr) == 1) {
    first->ipv6.sin6_family = AF_INET6;
    first->ipv6.sin6_port = htons(port);
    addresses->lengths[0] = sizeof first->ipv6;
  } else {
    return false;
  }
  addresses->count = 1;
  return true;
}

static void add(struct addresses *addresses, const struct addrinfo *info, uint16_t port) {
  if (addresses->count == LOOKUP_MOST || info->ai_addrlen > sizeof(union address)) return;
  union address *next = &addresses->list[addresses->count];
  memcpy(next, info->ai_addr, info->ai_addrlen);
  if (info->ai_family == AF_INET) {
    next->ipv4.sin_port = htons(port);
  } else if (info->ai_family == AF_INET6) {
    next->ipv6.sin6_port = htons(port);
  } else {
    return;
  }
  addresses->lengths[addresses->count++] = info->ai_addrlen;
}
