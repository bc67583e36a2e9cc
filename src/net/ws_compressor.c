#include "ws_compressor.h"

#include <string.h>
#include <sys/uio.h>

#include "base/buf.h"

enum {
	/* Less fits into a packet anyway. */
	PACK_MIN_BYTES = 256,
	/* More would hold up the loop.  This much, which is also what may be
	 * compressed at once, takes 3 milliseconds, and 10 at the worst. */
	PACK_MAX_BYTES = 524288,
	/* A client has to inflate it: not for less than an eighth. */
	PACK_GAIN_SHARE = 8
};

void
ws_compressor_init(struct ws_compressor *packer, struct ws_codec *codec,
    uint64_t bytes_per_s)
{
	*packer = (struct ws_compressor){ .codec = codec };
	ws_compressor_configure(packer, bytes_per_s);
}

void
ws_compressor_configure(struct ws_compressor *packer, uint64_t bytes_per_s)
{
	packer->limit = rate_limit(bytes_per_s, 1, PACK_MAX_BYTES);
}

static size_t
tail_len(const struct ws_outgoing *message)
{
	return message->tail == NULL ? 0 : strlen(message->tail);
}

/* Make the compressed form, which is none if it is hardly smaller. */
static void
try_compressing(struct ws_compressor *packer, enum ws_window window,
    const struct ws_outgoing *message, struct ws_compressed *packed,
    uint64_t now_ms)
{
	size_t len = message->len + tail_len(message);
	const struct iovec pieces[] = {
		ws_send_iovec(message->body->data, message->len),
		ws_send_iovec(message->tail, tail_len(message)),
	};
	struct buf form;

	if (rate_take_n(&packer->rate, &packer->limit, len, now_ms) != 0)
		return;
	packer->bytes += len;
	packed->is_tried[window] = true;
	buf_init(&form, len - len / PACK_GAIN_SHARE);
	if (ws_codec_compress(packer->codec, window, pieces, 2, &form) == 0)
		packed->bytes[window] = buf_freeze(&form);
	else
		buf_clear(&form);
}

static void
replace(struct ws_outgoing *message, struct payload *form)
{
	if (form == NULL)
		return;
	payload_unref(message->body);
	message->body = payload_ref(form);
	message->len = form->len;
	message->tail = NULL;
	message->is_compressed = true;
}

void
ws_compressor_compress(struct ws_compressor *packer, enum ws_window window,
    struct ws_outgoing *message, struct ws_compressed *shared, uint64_t now_ms)
{
	size_t len = message->len + tail_len(message);
	struct ws_compressed own = { .is_tried = { false } };
	struct ws_compressed *packed = shared == NULL ? &own : shared;

	if (len < PACK_MIN_BYTES || len > PACK_MAX_BYTES)
		return;
	if (!packed->is_tried[window])
		try_compressing(packer, window, message, packed, now_ms);
	replace(message, packed->bytes[window]);
	ws_compressed_clear(&own);
}
