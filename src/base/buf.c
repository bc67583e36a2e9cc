#include "buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

/* The smallest growth: most messages fit into it. */
#define BUF_STEP_BYTES 256

void
buf_init(struct buf *buf, size_t max)
{
	assert(max <= UINT32_MAX);
	*buf = (struct buf){ .max = max };
}

void
buf_clear(struct buf *buf)
{
	free(buf->storage);
	buf_init(buf, buf->max);
}

char *
buf_data(const struct buf *buf)
{
	return buf->storage == NULL ? NULL : buf->storage->data;
}

static int
buf_grow(struct buf *buf, size_t need)
{
	struct payload *storage;
	size_t cap = buf->cap + buf->cap / 2;

	if (cap < need)
		cap = need;
	if (cap < BUF_STEP_BYTES)
		cap = BUF_STEP_BYTES;
	if (cap > buf->max)
		cap = buf->max;
	storage = realloc(buf->storage, sizeof(*storage) + cap + 1);
	if (storage == NULL)
		return -1;
	buf->storage = storage;
	buf->cap = cap;
	return 0;
}

char *
buf_reserve(struct buf *buf, size_t n)
{
	if (n > buf->max - buf->len)
		return NULL;
	if ((buf->storage == NULL || n > buf->cap - buf->len) &&
	    buf_grow(buf, buf->len + n) == -1)
		return NULL;
	return buf->storage->data + buf->len;
}

void
buf_added(struct buf *buf, size_t n)
{
	assert(n <= buf->cap - buf->len);
	buf->len += n;
}

int
buf_append(struct buf *buf, const void *data, size_t n)
{
	char *place = buf_reserve(buf, n);

	if (place == NULL)
		return -1;
	if (n > 0)
		memcpy(place, data, n);
	buf->len += n;
	return 0;
}

void
buf_consume(struct buf *buf, size_t n)
{
	assert(n <= buf->len);
	if (n == 0)
		return;
	buf->len -= n;
	memmove(buf->storage->data, buf->storage->data + n, buf->len);
}

struct payload *
buf_freeze(struct buf *buf)
{
	struct payload *payload;

	payload = xrealloc(buf->storage, sizeof(*payload) + buf->len + 1);
	payload->refs = 1;
	payload->senders = 0;
	payload->len = (uint32_t)buf->len;
	payload->data[payload->len] = '\0';
	buf->storage = NULL;
	buf_clear(buf);
	return payload;
}

struct payload *
payload_new(const void *data, size_t len)
{
	struct payload *payload;

	assert(len <= UINT32_MAX);
	payload = xrealloc(NULL, sizeof(*payload) + len + 1);
	payload->refs = 1;
	payload->senders = 0;
	payload->len = (uint32_t)len;
	if (len > 0)
		memcpy(payload->data, data, len);
	payload->data[len] = '\0';
	return payload;
}

struct payload *
payload_ref(struct payload *payload)
{
	if (payload != NULL)
		payload->refs++;
	return payload;
}

void
payload_unref(struct payload *payload)
{
	if (payload != NULL && --payload->refs == 0)
		free(payload);
}
