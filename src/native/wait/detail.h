#ifndef USHER_DETAIL_H
#define USHER_DETAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* What is printed of a detail, at most. */
#define DETAIL_MOST 200

/*
 * Finds the string `detail` in the object of an RFC 9457 problem document, and adds it to the text, unescaped, safe
 * to print and of at most DETAIL_MOST bytes. Reads the document strictly as RFC 8259 has it, to its end, but not
 * deeper than 16 levels.
 *
 * Returns false, and adds nothing, where there is no such member, or it is empty, or the document is not JSON.
 */
bool detail_read(struct text *text, const char *json, size_t length);

#endif
