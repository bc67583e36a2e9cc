/*
 * Makes a database as a daemon would have after a long life, by the daemon's
 * own store: what an auditor reads and a backup copies.
 *
 * usage: fill DATABASE RECORDS [CART-BYTES [SESSIONS]]
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cart.h"
#include "session/record.h"
#include "storage/store.h"

enum {
	RECORDS_PER_COMMIT = 1000,
	CART_BYTES = 1700,
	SESSIONS = 1000,
	NAME_BYTES = 32,
	STEP_MS = 1			/* between two records */
};

#define BEGIN_MS UINT64_C(1700000000000)

struct filling {
	struct store *store;
	struct cart_kind kind;
	uint64_t records;
	uint64_t sessions;
};

static uint64_t
read_number(const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno == 0 && *end == '\0' && number > 0)
		return number;
	(void)fprintf(stderr, "fill: %s: not a number\n", text);
	exit(EX_USAGE);
}

/* The n-th record: of each session in turn, first its start. */
static struct record
make_record(const struct filling *filling, uint64_t n, char *cart)
{
	uint64_t session = n % filling->sessions;
	uint64_t revision = n / filling->sessions + 1;
	const struct cart_marker marker = { .counter = (uint32_t)revision };
	char name[NAME_BYTES];
	struct record record = {
		.session_row = (int64_t)session + 1,
		.incarnation = 1,
		.revision = revision,
		.time_ms = BEGIN_MS + n * STEP_MS,
		.event = revision == 1 ? RECORD_START : RECORD_CART,
		.transport = TRANSPORT_WEBSOCKET,
		.has_customer = true,
		.customer_row = (int64_t)session + 1,
		.client_seq = revision == 1 ? 0 : revision,
		.address = "192.0.2.1",
	};

	(void)snprintf(name, sizeof(name), "session-%llu",
	    (unsigned long long)session); /* fits */
	record.session = payload_new(name, strlen(name));
	memcpy(record.customer.bytes, &session, sizeof(session));
	memcpy(record.salt, &n, sizeof(n));
	if (revision == 1) {
		record.name = payload_new("Ann", 3);
		return record;
	}
	cart_write(&filling->kind, &marker, cart);
	record.cart = payload_new(cart, filling->kind.len);
	return record;
}

static enum store_status
append(const struct filling *filling, uint64_t n, char *cart)
{
	struct record record = make_record(filling, n, cart);
	enum store_status status = store_append(filling->store, &record);

	record_clear(&record);
	return status;
}

static enum store_status
fill(const struct filling *filling)
{
	char *cart = xcalloc(1, filling->kind.len);
	enum store_status status = store_begin(filling->store);
	uint64_t n;

	for (n = 0; n < filling->records && status == STORE_OK; n++) {
		status = append(filling, n, cart);
		if (status != STORE_OK || (n + 1) % RECORDS_PER_COMMIT != 0)
			continue;
		status = store_commit(filling->store);
		if (status == STORE_OK)
			status = store_checkpoint(filling->store);
		if (status == STORE_OK)
			status = store_begin(filling->store);
	}
	if (status == STORE_OK)
		status = store_commit(filling->store);
	free(cart);
	return status;
}

int
main(int argc, char *argv[])
{
	struct filling filling = { .sessions = SESSIONS };
	enum store_status status;

	if (argc < 3 || argc > 5) {
		(void)fprintf(stderr, "usage: fill DATABASE RECORDS "
		    "[CART-BYTES [SESSIONS]]\n");
		return EX_USAGE;
	}
	filling.records = read_number(argv[2]);
	if (argc > 4)
		filling.sessions = read_number(argv[4]);
	cart_kind_init(&filling.kind, argc > 3 ? read_number(argv[3]) :
	    CART_BYTES);
	if (store_open(argv[1], NULL, &filling.store) != STORE_OPENED)
		return EX_IOERR;
	status = fill(&filling);
	store_close(filling.store);
	cart_kind_clear(&filling.kind);
	return status == STORE_OK ? EX_OK : EX_IOERR;
}
