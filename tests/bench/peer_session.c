#include "peer_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash_table.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "wire/json_scan.h"

enum { NESTING = 32 };

struct peer_session {
	UT_hash_handle hh;
	struct payload *id;
	size_t	 refs;		/* members, those not let in as well */
	bool	 is_started;
	struct peer_members members;
};

static struct peer_session *sessions;

static void
append(struct buf *buf, const void *data, size_t len)
{
	if (buf_append(buf, data, len) == -1)
		fatalx("a message is too long");
}

static void
append_text(struct buf *buf, const char *text)
{
	append(buf, text, strlen(text));
}

struct peer_member *
peer_member_new(const char *session_id, size_t len, void *socket)
{
	struct peer_member *member = xcalloc(1, sizeof(*member));
	struct peer_session *session;

	HASH_FIND(hh, sessions, session_id, len, session);
	if (session == NULL) {
		session = xcalloc(1, sizeof(*session));
		session->id = payload_new(session_id, len);
		TAILQ_INIT(&session->members);
		HASH_ADD_KEYPTR(hh, sessions, session->id->data, len, session);
	}
	session->refs++;
	member->session = session;
	member->socket = socket;
	return member;
}

struct peer_session *
peer_member_free(struct peer_member *member)
{
	struct peer_session *session = member->session;

	if (member->id[0] != '\0')
		TAILQ_REMOVE(&session->members, member, entry);
	payload_unref(member->owner);
	payload_unref(member->cart);
	free(member);
	if (--session->refs > 0)
		return session;
	HASH_DEL(sessions, session);
	payload_unref(session->id);
	free(session);
	return NULL;
}

static bool
refuse(struct buf *reply, const char *code)
{
	append_text(reply, "{\"event\":\"error\",\"payload\":{\"code\":\"");
	append_text(reply, code);
	append_text(reply, "\"}}");
	return false;
}

static bool
let_in(struct peer_member *member, const char *event,
    const struct json_member *name, struct buf *reply)
{
	const bool is_host = !member->session->is_started;
	uint8_t id[PEER_ID_CHARS / 2];
	char text[128];
	struct buf owner;

	if (name == NULL || member->id[0] != '\0')
		return refuse(reply, "invalidPayload");
	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		fatal("getrandom");
	hex_format(id, sizeof(id), member->id);
	buf_init(&owner, 4096);
	xsnprintf(text, sizeof(text), "{\"owner\":{\"id\":\"%s\",\"name\":",
	    member->id);
	append_text(&owner, text);
	append(&owner, name->value, name->value_len);
	xsnprintf(text, sizeof(text), ",\"isHost\":%s,"
	    "\"isReadyToCheckout\":false},\"content\":",
	    is_host ? "true" : "false");
	append_text(&owner, text);
	member->owner = buf_freeze(&owner);
	member->session->is_started = true;
	TAILQ_INSERT_TAIL(&member->session->members, member, entry);
	xsnprintf(text, sizeof(text), "{\"event\":\"%s\",\"payload\":"
	    "{\"customerId\":\"%s\"}}", event, member->id);
	append_text(reply, text);
	return true;
}

static bool
update_cart(struct peer_member *member, const struct json_members *payload,
    struct buf *reply)
{
	const struct json_member *id = json_find(payload, "customerId");
	const struct json_member *cart = json_find(payload, "cartContent");

	if (id == NULL || cart == NULL)
		return refuse(reply, "invalidPayload");
	if (member->id[0] == '\0' || id->value_len != PEER_ID_CHARS + 2 ||
	    memcmp(id->value + 1, member->id, PEER_ID_CHARS) != 0)
		return refuse(reply, "unknownCustomer");
	payload_unref(member->cart);
	member->cart = payload_new(cart->value, cart->value_len);
	return true;
}

static bool
is_event(const struct json_member *event, const char *name)
{
	return event != NULL && event->value_len == strlen(name) + 2 &&
	    memcmp(event->value + 1, name, strlen(name)) == 0;
}

bool
peer_receive(struct peer_member *member, const char *text, size_t len,
    struct buf *reply)
{
	static struct json_members members, payload;
	const struct json_member *event, *name;

	if (json_scan_object(text, len, NESTING, &members, "payload",
	    &payload) != JSON_OK || payload.status != JSON_OK)
		return refuse(reply, "invalidJson");
	event = json_find(&members, "event");
	name = json_find(&payload, "customerName");
	if (is_event(event, "updateCart"))
		return update_cart(member, &payload, reply);
	if (is_event(event, "startSession") && !member->session->is_started)
		return let_in(member, "startSession", name, reply);
	if (is_event(event, "joinSession") && member->session->is_started)
		return let_in(member, "joinSession", name, reply);
	return refuse(reply, "unknownEvent");
}

struct peer_members *
peer_session_members(struct peer_session *session)
{
	return &session->members;
}

void
peer_session_encode(struct peer_session *session, struct buf *out)
{
	const struct peer_member *member;

	append_text(out, "{\"event\":\"multicartUpdate\",\"payload\":"
	    "{\"multicartContent\":[");
	TAILQ_FOREACH(member, &session->members, entry) {
		append(out, member->owner->data, member->owner->len);
		if (member->cart == NULL)
			append_text(out, "{}");
		else
			append(out, member->cart->data, member->cart->len);
		append_text(out,
		    TAILQ_NEXT(member, entry) == NULL ? "}" : "},");
	}
	append_text(out, "]}}");
}
