#include "fcgi_encode.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

enum {
	ALIGNMENT = 8
}; /* of records, recommended in section 3.3 */

static void
write_16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

size_t
fcgi_padding(size_t content_len)
{
	return -content_len % ALIGNMENT;
}

void
fcgi_encode_header(uint8_t out[FCGI_HEADER_BYTES], uint8_t type, uint16_t id,
    size_t content_len)
{
	out[0] = FCGI_VERSION_1;
	out[1] = type;
	write_16(out + 2, id);
	write_16(out + 4, content_len);
	out[6] = (uint8_t)fcgi_padding(content_len);
	out[7] = 0;
}

void
fcgi_encode_end(uint8_t out[FCGI_END_BYTES], uint16_t id, uint32_t app_status,
    enum fcgi_protocol_status status)
{
	uint8_t *body = out + FCGI_HEADER_BYTES;

	fcgi_encode_header(out, FCGI_END_REQUEST, id, FCGI_BODY_BYTES);
	memset(body, 0, FCGI_BODY_BYTES);
	write_16(body, app_status >> 16);
	write_16(body + 2, app_status);
	body[4] = (uint8_t)status;
}

size_t
fcgi_encode_pair(uint8_t *out, const char *name, uint64_t value)
{
	char digits[24];
	size_t n = xsnprintf(digits, sizeof(digits), "%" PRIu64, value);
	size_t name_len = strlen(name);

	out[0] = (uint8_t)name_len;
	out[1] = (uint8_t)n;
	memcpy(out + 2, name, name_len);
	memcpy(out + 2 + name_len, digits, n);
	return 2 + name_len + n;
}

size_t
fcgi_encode_stdout_header(uint8_t out[FCGI_HEADER_BYTES], uint16_t id,
    size_t len)
{
	size_t n = len < FCGI_CONTENT_MAX ? len : FCGI_CONTENT_MAX;

	fcgi_encode_header(out, FCGI_STDOUT, id, n);
	return n;
}

size_t
fcgi_encode_tail(uint8_t out[FCGI_TAIL_MAX], uint16_t id, size_t len,
    uint32_t app_status)
{
	size_t n = fcgi_padding(len);

	memset(out, 0, n);
	(void)fcgi_encode_stdout_header(out + n, id, 0);
	fcgi_encode_end(out + n + FCGI_HEADER_BYTES, id, app_status,
	    FCGI_REQUEST_COMPLETE);
	return n + FCGI_HEADER_BYTES + FCGI_END_BYTES;
}

int
fcgi_append_stdout(struct buf *out, uint16_t id, const void *data, size_t len)
{
	size_t headers = (len + FCGI_CONTENT_MAX - 1) / FCGI_CONTENT_MAX;
	size_t total = headers * FCGI_HEADER_BYTES + len + fcgi_padding(len);
	const uint8_t *from = data;
	size_t left = len;
	uint8_t *place = (uint8_t *)buf_reserve(out, total);

	if (place == NULL)
		return -1;
	while (left > 0) {
		size_t n = fcgi_encode_stdout_header(place, id, left);

		place += FCGI_HEADER_BYTES;
		memcpy(place, from, n);
		place += n;
		from += n;
		left -= n;
	}
	memset(place, 0, fcgi_padding(len));
	buf_added(out, total);
	return 0;
}
