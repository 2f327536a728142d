#ifndef USHER_INSTALL_H
#define USHER_INSTALL_H

/*
 * Copies a program that stands beside this one (`nap`, `usher-probe`) to `path`, mode 0555. It appears there whole or not
 * at all, and replaces what an earlier start has left there.
 *
 * Returns NULL, or what went wrong, for people.
 */
const char *install_program(const char *name, const char *path);

#endif
