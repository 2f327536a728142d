#ifndef USHER_WAIT_H
#define USHER_WAIT_H

#include <stdbool.h>

#include "flags.h"

/*
 * Asks for the startup lock until it is granted, no lock has answered for --connect-wait, or --max-wait is over, and
 * says what happens meanwhile, and how it has ended. Its caller exits with 0 in each case: a pod never fails for want
 * of a lock. Returns false where the pod is not to start, as its own author wants it (--may-fail).
 */
bool wait_for_lock(const struct settings *settings);

#endif
