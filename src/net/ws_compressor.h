#ifndef WS_COMPRESSOR_H
#define WS_COMPRESSOR_H

#include <stdint.h>

#include "hub/rate.h"
#include "wire/ws_deflate.h"
#include "ws_send.h"

/*
 * Compression of what goes out on WebSockets, where it pays.  A message that
 * has several readers is compressed once for them all, or not at all.  What is
 * compressed in a second has a limit: what is over it is sent as it is, so that
 * nobody makes the loop compress all the time.
 */

/* Embedded by its owner; the fields are its own. */
struct ws_compressor {
	struct ws_codec *codec;
	struct rate rate;
	struct rate_limit limit;
	uint64_t bytes; /* of messages, that were compressed or tried */
};

/* codec is lent until the end. */
void	 ws_compressor_init(struct ws_compressor *packer,
	    struct ws_codec *codec, uint64_t bytes_per_s);
/* Change the limit; 0 for none. */
void
ws_compressor_configure(struct ws_compressor *packer, uint64_t bytes_per_s);

/*
 * Replace message by its compressed form for a reader with this window, unless
 * that gains too little.  shared are the forms of a message that goes to others
 * too, NULL of one that does not.
 */
void	 ws_compressor_compress(struct ws_compressor *packer,
	    enum ws_window window, struct ws_outgoing *message,
	    struct ws_compressed *shared, uint64_t now_ms);

#endif
