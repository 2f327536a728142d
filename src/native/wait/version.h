#ifndef USHER_VERSION_H
#define USHER_VERSION_H

/* The version of package.json; a test holds the two together. */
#define USHER_VERSION "0.1.0"

#endif
