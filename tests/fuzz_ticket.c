#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "session/record.h"
#include "ticket_maker.h"
#include "wire/ticket.h"
#include "wire/ticket_key.h"

/*
 * Any bytes as a ticket, and as a public key; and as header and claims, with a
 * newline between them, of a ticket whose signature is right, so that what lies
 * behind that is reached.
 */

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static enum ticket_fault
judge(const struct ticket_keys *keys, const struct payload *ticket,
    const struct ticket_use *use)
{
	struct payload *account;
	enum ticket_fault fault = ticket_judge(keys, ticket, use, &account);

	require(account == NULL || (fault == TICKET_GOOD && account->len > 0 &&
	    account->len <= RECORD_ACCOUNT_BYTES));
	payload_unref(account);
	return fault;
}

/* What is good to start with a longer time to go is good to join. */
static void
check_uses(const struct ticket_keys *keys, const struct payload *ticket,
    struct ticket_use *use)
{
	enum ticket_fault starts, joins, early;

	use->starts = true;
	starts = judge(keys, ticket, use);
	use->starts = false;
	joins = judge(keys, ticket, use);
	require(starts != TICKET_GOOD || joins == TICKET_GOOD);
	require(starts == joins || starts == TICKET_WRONG_ROLE);
	use->now_s -= TICKET_LEEWAY_S;
	early = judge(keys, ticket, use);
	use->now_s += TICKET_LEEWAY_S;
	require(early != TICKET_EXPIRED || joins == TICKET_EXPIRED);
	require(ticket_fault_name(joins) != NULL);
}

static void
check_ticket(const struct ticket_keys *keys, const struct payload *ticket)
{
	struct payload *name = payload_new("Ann", 3);
	struct ticket_use use = {
		.session = "picnic",
		.name = name,
		.audience = "",
		.now_s = 1800000000,
	};

	check_uses(keys, ticket, &use);
	use.audience = "shop";
	check_uses(keys, ticket, &use);
	payload_unref(name);
}

/* No signature is right for two texts, and none in two spellings. */
static void
check_tampered(const struct ticket_keys *keys, const struct payload *ticket)
{
	struct payload *name = payload_new("Ann", 3), *other;
	struct ticket_use use = {
		.session = "picnic",
		.name = name,
		.audience = "",
		.now_s = 1800000000,
	};
	size_t at[] = { 0, ticket->len / 2, ticket->len - 1 }, i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		other = payload_new(ticket->data, ticket->len);
		other->data[at[i]] ^= 1;
		require(judge(keys, other, &use) != TICKET_GOOD);
		payload_unref(other);
	}
	payload_unref(name);
}

static void
check_signed(const struct ticket_keys *keys, const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);
	size_t header_len = newline == NULL ? 0 : (size_t)(newline - text);
	struct payload *made, *ticket;

	if (newline == NULL || len > TICKET_BYTES_MAX)
		return;
	made = ticket_maker_text(text, header_len, newline + 1,
	    len - header_len - 1);
	ticket = ticket_maker_sign(TICKET_HS256, made);
	check_ticket(keys, ticket);
	check_tampered(keys, ticket);
	payload_unref(ticket);
	payload_unref(made);
}

static void
check_pem(const char *text, size_t len)
{
	struct ticket_keys *keys = ticket_keys_new();
	const char *fault = ticket_keys_add_pem(keys, "a", text, len);

	require(ticket_keys_count(keys) == (fault == NULL ? 1 : 0));
	ticket_keys_free(keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ticket_keys *keys = ticket_maker_keys();
	struct payload *raw = payload_new(data, size);

	check_ticket(keys, raw);
	check_signed(keys, raw->data, size);
	check_pem(raw->data, size);
	payload_unref(raw);
	ticket_keys_free(keys);
	return 0;
}
