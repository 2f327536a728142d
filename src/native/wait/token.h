#ifndef USHER_TOKEN_H
#define USHER_TOKEN_H

#include <stddef.h>

/*
 * Reads the token in a file, without the space around it, into a buffer; service account tokens are renewed in place,
 * so it is read anew for each connection. Returns NULL, or what is wrong, for people; the buffer is then empty.
 */
const char *token_read(const char *path, char *token, size_t size);

#endif
