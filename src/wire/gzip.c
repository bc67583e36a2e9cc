#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"

enum {
	WINDOW_BITS = 15 + 16,	/* zlib's way to say gzip */
	MEMORY_LEVEL = 9
};

struct payload *
gzip_compress(const char *bytes, size_t len)
{
	z_stream stream = { .zalloc = NULL };
	struct payload *packed;
	uLong room;
	char *out;

	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS,
	    MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		fatalx("out of memory (gzip)");
	room = deflateBound(&stream, (uLong)len);
	out = xcalloc(1, room);
	/* zlib writes through no pointer to its input. */
	stream.next_in = (Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)len;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)room;
	(void)deflate(&stream, Z_FINISH);	/* all fits */
	packed = payload_new(out, stream.total_out);
	(void)deflateEnd(&stream);
	free(out);
	return packed;
}
