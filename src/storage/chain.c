#include "chain.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/hex.h"
#include "base/number.h"
#include "session/record.h"

enum {
	FLAG_READY = 1,			/* journal.flags */
	FLAG_TOKEN = 2,
	FLAG_EXACT = 4,
	FLAG_ACCOUNT = 8,
	FLAG_TIMED_OUT = 16,
	FLAG_READINESS_REACHED = 32,
	FLAG_READINESS_LOST = 64,
	FLAGS_MESSAGE = 256		/* of a REFUSED, times the message */
};

_Static_assert(CHAIN_HASH_BYTES == SHA256_DIGEST_SIZE,
    "the chain is made of SHA-256");

static void
hash_number(struct sha256_ctx *ctx, uint64_t value, size_t bytes)
{
	uint8_t out[8];
	size_t i;

	for (i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * i));
	sha256_update(ctx, bytes, out);
}

/* bytes with their length in front; NULL is absent. */
static void
hash_field(struct sha256_ctx *ctx, const void *bytes, size_t len)
{
	hash_number(ctx, bytes == NULL ? UINT32_MAX : len, 4);
	if (bytes != NULL)
		sha256_update(ctx, len, bytes);
}

static void
hash_payload(struct sha256_ctx *ctx, const struct payload *payload)
{
	if (payload == NULL)
		hash_field(ctx, NULL, 0);
	else
		hash_field(ctx, payload->data, payload->len);
}

static void
hash_customer(struct sha256_ctx *ctx, bool has_customer,
    const struct customer_id *id)
{
	static const struct customer_id none;

	sha256_update(ctx, sizeof(none.bytes),
	    has_customer ? id->bytes : none.bytes);
}

void
chain_hash_body(const struct record *record, uint8_t digest[CHAIN_HASH_BYTES])
{
	const char *address = record->address[0] != '\0' ?
	    record->address : NULL;
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, sizeof(record->salt), record->salt);
	hash_payload(&ctx, record->name);
	hash_field(&ctx, address, strlen(record->address));
	hash_payload(&ctx, record->cart);
	hash_field(&ctx, record->has_request ? record->request : NULL,
	    sizeof(record->request));
	/* Bodies of before are as they were. */
	if (record->account != NULL)
		hash_payload(&ctx, record->account);
	sha256_digest(&ctx, CHAIN_HASH_BYTES, digest);
}

void
chain_head_format(const struct chain_head *head,
    char out[CHAIN_HEAD_CHARS + 1])
{
	int n = snprintf(out, CHAIN_HEAD_CHARS + 1, "%" PRId64 ":",
	    head->seq);

	hex_format(head->hash, sizeof(head->hash), out + n);
}

int
chain_head_parse(const char *text, struct chain_head *head)
{
	const size_t digits = strcspn(text, ":");
	uint64_t seq;

	if (digits == 0 || number_scan(text, digits, INT64_MAX, &seq) !=
	    digits || seq == 0 || strlen(text) != digits + 1 + CHAIN_HASH_HEX)
		return -1;
	head->seq = (int64_t)seq;
	return hex_parse(text + digits + 1, sizeof(head->hash), head->hash);
}

static uint64_t
readiness_flag(enum record_readiness readiness)
{
	switch (readiness) {
	case READINESS_KEPT:
		break;
	case READINESS_REACHED:
		return FLAG_READINESS_REACHED;
	case READINESS_LOST:
		return FLAG_READINESS_LOST;
	}
	return 0;
}

static enum record_readiness
read_readiness(enum record_event event, uint64_t flags)
{
	if (!record_changes_readiness(event))
		return READINESS_KEPT;
	if ((flags & FLAG_READINESS_REACHED) != 0)
		return READINESS_REACHED;
	return (flags & FLAG_READINESS_LOST) != 0 ? READINESS_LOST :
	    READINESS_KEPT;
}

uint64_t
chain_flags(const struct record *record)
{
	if (record->event == RECORD_REFUSED)
		return (uint64_t)record->refused +
		    FLAGS_MESSAGE * (uint64_t)record->refused_event;
	if (record->event == RECORD_CALL)
		return (uint64_t)record->call;
	return (record->is_ready ? FLAG_READY : 0) |
	    (record->has_token ? FLAG_TOKEN : 0) |
	    (record->is_exact ? FLAG_EXACT : 0) |
	    (record->has_account ? FLAG_ACCOUNT : 0) |
	    (record->is_timed_out ? FLAG_TIMED_OUT : 0) |
	    readiness_flag(record->readiness);
}

void
chain_read_flags(struct record *record, uint64_t flags)
{
	if (record->event == RECORD_REFUSED) {
		record->refused = (enum refusal)(flags % FLAGS_MESSAGE);
		record->refused_event = (unsigned)(flags / FLAGS_MESSAGE);
		return;
	}
	if (record->event == RECORD_CALL) {
		record->call = (enum record_call)flags;
		return;
	}
	record->is_ready = (flags & FLAG_READY) != 0;
	record->has_token = (flags & FLAG_TOKEN) != 0;
	record->is_exact = record->event == RECORD_RETAIN &&
	    (flags & FLAG_EXACT) != 0;
	record->has_account = (record->event == RECORD_START ||
	    record->event == RECORD_JOIN) && (flags & FLAG_ACCOUNT) != 0;
	record->is_timed_out = record->event == RECORD_UNLOCK &&
	    (flags & FLAG_TIMED_OUT) != 0;
	record->readiness = read_readiness(record->event, flags);
}

void
chain_hash_row(struct chain_head *head, const struct record *record,
    const uint8_t digest[CHAIN_HASH_BYTES])
{
	struct sha256_ctx ctx;

	head->seq++;
	sha256_init(&ctx);
	sha256_update(&ctx, sizeof(head->hash), head->hash);
	hash_number(&ctx, (uint64_t)head->seq, 8);
	hash_number(&ctx, (uint64_t)record->session_row, 8);
	hash_number(&ctx, record->incarnation, 8);
	hash_number(&ctx, record->revision, 8);
	hash_number(&ctx, record->event, 8);
	hash_number(&ctx, record->time_ms, 8);
	hash_number(&ctx, record->transport, 8);
	hash_number(&ctx, chain_flags(record), 8);
	hash_number(&ctx, record->number, 8);
	hash_payload(&ctx, record->session);
	hash_customer(&ctx, record->has_customer, &record->customer);
	hash_customer(&ctx, record->has_displaced, &record->displaced);
	sha256_update(&ctx, CHAIN_HASH_BYTES, digest);
	sha256_digest(&ctx, sizeof(head->hash), head->hash);
}
