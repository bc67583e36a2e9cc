#ifndef GZIP_H
#define GZIP_H

#include <stddef.h>

struct payload;

/*
 * Compress len bytes as well as zlib can, as a file of gzip (RFC 1952).  The
 * reference is the caller's; without memory the process ends.
 */
struct payload *gzip_compress(const char *bytes, size_t len);

#endif
