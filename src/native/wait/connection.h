#ifndef USHER_CONNECTION_H
#define USHER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lookup.h"
#include "response.h"

/*
 * One TCP connection that never waits past a deadline. Where a function returns a phrase it is NULL if all went well,
 * or says what went wrong, for people.
 */

/* For each address. On the same node a connection takes microseconds; dropped packets are to be noticed. */
#define CONNECTION_OPEN_MS 1000

/* Connects to the first of the addresses that takes it. `fd` is -1 if none did; it is never one of 0 to 2. */
const char *connection_open(int *fd, const struct addresses *addresses, int64_t deadline);

/*
 * Sends a request and reads its response to its end. The response tells how much of it has come in any case.
 * Returns `connection_late` itself when the deadline has passed.
 */
const char *connection_ask(int fd, const char *request, size_t length, struct response *response, int64_t deadline);

extern const char connection_late[];

/* Whether a connection that was idle can be used again: the peer has neither closed it nor said anything. */
bool connection_is_idle(int fd);

void connection_close(int *fd);

#endif
