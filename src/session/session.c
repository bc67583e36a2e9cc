#include "session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/record.h"

/* RFC 3986, section 2.3: characters that need no escape in a URL. */
#define ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "abcdefghijklmnopqrstuvwxyz" \
	"0123456789" "._~-"

bool
session_id_is_valid(const char *id, size_t len)
{
	return len > 0 && len <= SESSION_ID_MAX &&
	    strspn(id, ID_CHARS) >= len &&
	    !(id[0] == '.' && (len == 1 || (len == 2 && id[1] == '.')));
}

struct session *
session_new(struct payload *id, int64_t row)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->id = payload_ref(id);
	session->row = row;
	TAILQ_INIT(&session->customers);
	return session;
}

/* Whether customer is one of session->ready. */
static bool
counts_as_ready(const struct customer *customer)
{
	return customer->state == CUSTOMER_SEATED && customer->is_ready;
}

static void
customer_free(struct session *session, struct customer *customer)
{
	TAILQ_REMOVE(&session->customers, customer, entry);
	session->counts[customer->state]--;
	session->ready -= counts_as_ready(customer);
	if (customer->cart != NULL)
		session->cart_bytes -= customer->cart->len;
	payload_unref(customer->name);
	payload_unref(customer->cart);
	payload_unref(customer->owner_json);
	free(customer);
}

void
session_free(struct session *session)
{
	struct customer *customer;

	if (session == NULL)
		return;
	while ((customer = TAILQ_FIRST(&session->customers)) != NULL)
		customer_free(session, customer);
	payload_unref(session->id);
	free(session);
}

struct customer *
session_restore_customer(struct session *session, const struct customer *stored)
{
	struct customer *customer = xcalloc(1, sizeof(*customer));

	*customer = *stored;
	TAILQ_INSERT_TAIL(&session->customers, customer, entry);
	session->counts[customer->state]++;
	session->ready += counts_as_ready(customer);
	if (customer->cart != NULL)
		session->cart_bytes += customer->cart->len;
	return customer;
}

struct customer *
session_customer(const struct session *session, const struct customer_id *id)
{
	struct customer *customer;

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer_id_equal(&customer->id, id))
			return customer;
	return NULL;
}

struct customer *
session_customer_by_request(const struct session *session,
    const uint8_t request[ID_PROOF_BYTES])
{
	struct customer *customer;

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->has_request &&
		    memcmp(customer->request, request, ID_PROOF_BYTES) == 0)
			return customer;
	return NULL;
}

struct customer *
session_host(const struct session *session)
{
	struct customer *customer;

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->is_host && customer->state != CUSTOMER_GONE)
			return customer;
	return NULL;
}

bool
session_is_ready(const struct session *session)
{
	const size_t seated = session->counts[CUSTOMER_SEATED];

	return seated > 0 && session->ready == seated;
}

static bool
exceeds(size_t value, size_t limit)
{
	return limit != 0 && value > limit;
}

static enum refusal
judge_start(const struct session *session, const struct record *record,
    const struct session_limits *limits)
{
	const struct customer *host = session_host(session);
	size_t seated = session->counts[CUSTOMER_SEATED] + 1;

	if (!session->is_running)
		return REFUSAL_NONE;
	if (host != NULL) {
		if (!record->has_displaced ||
		    !customer_id_equal(&host->id, &record->displaced))
			return REFUSAL_SESSION_EXISTS;
		if (host->state == CUSTOMER_SEATED)
			seated--;
	}
	if (session->is_locked)
		return REFUSAL_SESSION_LOCKED;
	return exceeds(seated, limits->max_customers) ?
	    REFUSAL_SESSION_FULL : REFUSAL_NONE;
}

static enum refusal
judge_cart_size(const struct session *session, const struct customer *customer,
    const struct record *record, const struct session_limits *limits)
{
	size_t old = customer->cart != NULL ? customer->cart->len : 0;
	size_t total = session->cart_bytes - old + record->cart->len;

	/* A smaller cart is welcome even where the limit was lowered. */
	if (record->cart->len > old && exceeds(total, limits->max_cart_bytes))
		return REFUSAL_MESSAGE_TOO_LARGE;
	return REFUSAL_NONE;
}

static enum refusal
judge_ready(const struct session *session, const struct customer *customer,
    const struct record *record, const struct session_limits *limits)
{
	const struct customer *other;

	if (!limits->checkout_barrier || !customer->is_host ||
	    !record->is_ready)
		return REFUSAL_NONE;
	TAILQ_FOREACH(other, &session->customers, entry)
		if (other->state == CUSTOMER_SEATED && !other->is_host &&
		    !other->is_ready)
			return REFUSAL_GUESTS_NOT_READY;
	return REFUSAL_NONE;
}

static bool
is_about_nobody(enum record_event event)
{
	return event == RECORD_END || event == RECORD_LOCK ||
	    event == RECORD_UNLOCK;
}

/* Whoever leaves, expires or is back does so whatever is locked. */
static bool
changes_what_is_locked(enum record_event event)
{
	return event == RECORD_JOIN || event == RECORD_CART ||
	    event == RECORD_READY;
}

enum refusal
session_judge(const struct session *session, const struct record *record,
    const struct session_limits *limits)
{
	const struct customer *customer;
	bool has_room = !exceeds(session->counts[CUSTOMER_SEATED] + 1,
	    limits->max_customers);

	if (record->event == RECORD_START)
		return judge_start(session, record, limits);
	customer = session_customer(session, &record->customer);
	if (record->has_customer && customer != NULL &&
	    customer->state == CUSTOMER_GONE)
		return REFUSAL_LEFT_SESSION;
	if (!session->is_running)
		return REFUSAL_SESSION_NOT_FOUND;
	if (is_about_nobody(record->event))
		return REFUSAL_NONE;
	if (record->event != RECORD_JOIN && customer == NULL)
		return REFUSAL_UNKNOWN_CUSTOMER;
	if (session->is_locked && changes_what_is_locked(record->event))
		return REFUSAL_SESSION_LOCKED;
	if (record->event == RECORD_JOIN || record->event == RECORD_RETURN)
		return has_room ? REFUSAL_NONE : REFUSAL_SESSION_FULL;
	if (record->event == RECORD_CART)
		return judge_cart_size(session, customer, record, limits);
	if (record->event == RECORD_READY)
		return judge_ready(session, customer, record, limits);
	return REFUSAL_NONE;
}

void
session_number(const struct session *session, struct record *record)
{
	bool starts = record->event == RECORD_START && !session->is_running;

	record->incarnation = session->incarnation + (starts ? 1 : 0);
	record->revision = starts ? 1 : session->revision + 1;
}

static void
set_cart(struct session *session, struct customer *customer,
    struct payload *cart)
{
	if (customer->cart != NULL)
		session->cart_bytes -= customer->cart->len;
	payload_unref(customer->cart);
	customer->cart = payload_ref(cart);
	if (cart != NULL)
		session->cart_bytes += cart->len;
}

static void
set_customer_state(struct session *session, struct customer *customer,
    enum customer_state state)
{
	session->counts[customer->state]--;
	session->ready -= counts_as_ready(customer);
	session->counts[state]++;
	customer->state = state;
	session->ready += counts_as_ready(customer);
	customer->left_revision =
	    state == CUSTOMER_SEATED ? 0 : session->revision;
	if (state != CUSTOMER_GONE)
		return;
	set_cart(session, customer, NULL);
	payload_unref(customer->name);
	payload_unref(customer->owner_json);
	customer->name = NULL;
	customer->owner_json = NULL;
}

static void
set_ready(struct session *session, struct customer *customer, bool is_ready)
{
	session->ready -= counts_as_ready(customer);
	customer->is_ready = is_ready;
	session->ready += counts_as_ready(customer);
}

static void
add_customer(struct session *session, const struct record *record)
{
	struct customer newcomer = {
		.id = record->customer,
		.row = record->customer_row,
		.state = CUSTOMER_SEATED,
		.is_host = record->event == RECORD_START,
		.has_token = record->has_token,
		.has_request = record->has_request,
		.incarnation = record->incarnation,
		.name = payload_ref(record->name),
	};

	memcpy(newcomer.request, record->request, sizeof(newcomer.request));
	(void)session_restore_customer(session,
	    &newcomer); /* found by its id later */
}

static void
set_lock(struct session *session, bool is_locked, uint64_t since_ms)
{
	session->is_locked = is_locked;
	session->locked_ms = is_locked ? since_ms : 0;
}

static void
apply_start(struct session *session, const struct record *record,
    struct customer *displaced)
{
	if (!session->is_running)
		set_lock(session, false, 0);
	session->is_running = true;
	if (displaced != NULL)
		set_customer_state(session, displaced, CUSTOMER_GONE);
	add_customer(session, record);
}

static void
apply_end(struct session *session)
{
	struct customer *customer;

	session->is_running = false;
	set_lock(session, false, 0);
	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state != CUSTOMER_GONE)
			set_customer_state(session, customer, CUSTOMER_GONE);
}

/* Whether record is the next one of this session and its customers exist. */
static bool
record_comes_next(const struct session *session, const struct record *record,
    const struct customer *customer, const struct customer *displaced)
{
	struct record next = { .event = record->event };

	if (record_is_note(record->event))
		return false;
	session_number(session, &next);
	if (record->incarnation != next.incarnation ||
	    record->revision != next.revision)
		return false;
	if (record->event == RECORD_START)
		return customer == NULL && record->name != NULL &&
		    (!record->has_displaced || displaced != NULL);
	if (!session->is_running)
		return false;
	if (record->event == RECORD_JOIN)
		return customer == NULL && record->name != NULL;
	if (is_about_nobody(record->event))
		return true;
	return customer != NULL && customer->state != CUSTOMER_GONE;
}

static enum record_readiness
readiness_since(const struct session *session, bool was_ready)
{
	const bool is_ready = session_is_ready(session);

	if (is_ready == was_ready)
		return READINESS_KEPT;
	return is_ready ? READINESS_REACHED : READINESS_LOST;
}

int
session_apply(struct session *session, const struct record *record)
{
	struct customer *customer = !record->has_customer ? NULL :
	    session_customer(session, &record->customer);
	struct customer *displaced = !record->has_displaced ? NULL :
	    session_customer(session, &record->displaced);
	const bool was_ready = session_is_ready(session);

	if (!record_comes_next(session, record, customer, displaced))
		return -1;
	session->incarnation = record->incarnation;
	session->revision = record->revision;
	session->active_ms = record->time_ms;
	switch (record->event) {
	case RECORD_START:
		apply_start(session, record, displaced);
		break;
	case RECORD_JOIN:
		add_customer(session, record);
		break;
	case RECORD_CART:
		set_cart(session, customer, record->cart);
		if (record->client_seq != 0)
			customer->seq[SEQUENCE_CART] = record->client_seq;
		break;
	case RECORD_READY:
		set_ready(session, customer, record->is_ready);
		if (record->client_seq != 0)
			customer->seq[SEQUENCE_READY] = record->client_seq;
		break;
	case RECORD_LEAVE:
		set_customer_state(session, customer, CUSTOMER_GONE);
		break;
	case RECORD_EXPIRE:
		set_customer_state(session, customer, customer->has_token ?
		    CUSTOMER_AWAY : CUSTOMER_GONE);
		break;
	case RECORD_RETURN:
		set_customer_state(session, customer, CUSTOMER_SEATED);
		break;
	case RECORD_END:
		apply_end(session);
		break;
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		set_lock(session, record->event == RECORD_LOCK,
		    record->time_ms);
		break;
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		break;
	}
	session->readiness = record->event == RECORD_END ? READINESS_KEPT :
	    readiness_since(session, was_ready);
	return 0;
}

void
session_forget_customer(struct session *session, struct customer *customer)
{
	assert(customer->state == CUSTOMER_GONE);
	customer_free(session, customer);
}

/* An AWAY customer, who left long ago, is GONE; it left no later for that. */
static void
make_gone(struct session *session, struct customer *customer)
{
	uint64_t left_revision = customer->left_revision;

	set_customer_state(session, customer, CUSTOMER_GONE);
	customer->left_revision = left_revision;
}

/*
 * The one in state who left first and has nothing to do with a connection any
 * more, or NULL.  Those of earlier incarnations left before all others.  A host
 * that may come back holds its seat and is not forgotten.
 */
static struct customer *
longest_absent(const struct session *session, enum customer_state state)
{
	struct customer *customer, *oldest = NULL;

	TAILQ_FOREACH(customer, &session->customers, entry) {
		if (customer->state != state || customer->seat != NULL ||
		    (customer->is_host && state == CUSTOMER_AWAY))
			continue;
		if (oldest == NULL ||
		    customer->incarnation < oldest->incarnation ||
		    (customer->incarnation == oldest->incarnation &&
		    customer->left_revision < oldest->left_revision))
			oldest = customer;
	}
	return oldest;
}

void
session_trim(struct session *session, const struct session_limits *limits)
{
	struct customer *customer;

	while (
	    exceeds(session->counts[CUSTOMER_AWAY], limits->max_remembered)) {
		customer = longest_absent(session, CUSTOMER_AWAY);
		if (customer == NULL)
			break;
		make_gone(session, customer);
	}
	while (
	    exceeds(session->counts[CUSTOMER_GONE], limits->max_remembered)) {
		customer = longest_absent(session, CUSTOMER_GONE);
		if (customer == NULL)
			break;
		customer_free(session, customer);
	}
}

struct customer *
session_recall(struct session *session, const struct customer_id *id,
    int64_t row)
{
	const struct customer away = {
		.id = *id,
		.row = row,
		.incarnation = session->incarnation,
		.has_token = true,
		.state = CUSTOMER_AWAY,
	};
	struct customer *customer = session_customer(session, id);

	if (customer != NULL)
		session_forget_customer(session, customer);
	return session_restore_customer(session, &away);
}
