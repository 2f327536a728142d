#ifndef USHER_REQUEST_H
#define USHER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "flags.h"
#include "text.h"

/*
 * The wire format. The lock service is built to it, and older ones are content with it.
 *
 *   GET /?duration=SECONDS&pod=NAMESPACE/NAME&uid=UID&weight=N&max-wait=SECONDS_LEFT HTTP/1.1
 *   Host: HOST:PORT
 *   Prefer: wait=SECONDS                    (RFC 7240)
 *   Accept: application/problem+json, text/plain;q=0.5
 *   User-Agent: usher-wait/VERSION
 *   Authorization: Bearer TOKEN             (with --token-file)
 *
 * Of the query only what is known; `duration` in whole seconds, rounded up; `max-wait`, how long we shall still wait,
 * rounded down, and not there where we wait for ever.
 *
 * `wait` asks the lock to hold the request for so long, unless it can be granted before. It is never longer than what
 * is left of our wait. It is 0 in the first request, and in the first after a failure: what answers is then told
 * from what does not within seconds, and a person sees the place in the queue at once. The lock should answer these
 * without delay; 5 s after what we asked it to hold we give the request up, and ask again.
 *
 * Answers:
 *   200                the lock is granted
 *   423                not yet. `Retry-After: SECONDS` beats --pause, but a --pause lies between the starts of any two
 *                      requests, unless the first was one with wait=0 and its answer says `Retry-After: 0`: a lock that
 *                      holds requests says so, and is asked again at once, to hold one. Of a body of type
 *                      application/problem+json (RFC 9457) the string `detail` is shown to people; it should be short,
 *                      such as `3 ahead (holder shop/api-7f9, 12 s)`. A change of nothing but such seconds is not
 *                      shown as a change.
 *   424                what the pod depends on was not healthy in its time, and its author wants it to fail then. Only with
 *                      --may-fail, and only with a `detail` as above, which says what that is; else as anything else.
 *   anything else      not yet, and not from a lock
 * The connection is kept, and one request is under way at a time.
 *
 *   DELETE /v1/leases/UID?pod=NAMESPACE/NAME HTTP/1.1
 *
 * gives back a lease or a place in the queue. It is sent on SIGTERM, on the open connection, behind a request that
 * may still be held there; its answer is not waited for. An older lock, which does not look at method and path, takes
 * it for one more request: at worst it is then taken for the 10 s that are its default.
 */

/*
 * The longest request: percent-encoded a pod has 3 * 317 bytes and a uid 3 * 128, a host has 253, a token 4096; and
 * the words around them and four numbers less than 1 KiB. In sum 6.7 KB.
 */
#define REQUEST_SIZE 8192
#define REQUEST_TOKEN 4096

/* Asks for the lock. `token` may be NULL; `left_s` is negative where we wait for ever. */
void request_ask(struct text *text, const struct settings *settings, const char *token, int64_t wait_s, int64_t left_s);

/* Gives it back. Returns false, and adds nothing, where the uid is not known. */
bool request_give_back(struct text *text, const struct settings *settings, const char *token);

/* HOST:PORT, with brackets around an IPv6 address, and without its zone, which means nothing to others. */
void request_add_authority(struct text *text, const struct settings *settings);

#endif
