#include "participant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

/* Of a message besides the cart: more than the longest there is. */
#define ENVELOPE_BYTES 256

void
crowd_init(struct crowd *crowd, const struct crowd_config *config)
{
	size_t room = config->cart_bytes;

	*crowd = (struct crowd){
		.transport = config->transport,
		.session_size = config->session_size,
		.watchers = config->watchers,
		.message_bytes = config->message_bytes,
	};
	cart_kind_init(&crowd->kind, config->cart_bytes);
	if (room < config->message_bytes)
		room = config->message_bytes;
	crowd->message = xcalloc(1, ENVELOPE_BYTES + room);
}

void
crowd_clear(struct crowd *crowd)
{
	cart_kind_clear(&crowd->kind);
	free(crowd->message);
	crowd->message = NULL;
}

void
participant_init(struct participant *participant, struct participant *members,
    uint32_t i, const struct crowd *crowd)
{
	participant->members = members;
	participant->number = i % crowd->session_size;
	participant->is_watcher = i >= crowd->session_size;
	participant->seen = xcalloc(crowd->session_size,
	    sizeof(*participant->seen));
}

void
participant_clear(struct participant *participant)
{
	link_close(&participant->link);
	free(participant->seen);
	free(participant->due_ns);
}

int
participant_join(struct participant *participant, struct crowd *crowd)
{
	const char *event, *role;
	int n;

	if (crowd->transport == TRANSPORT_NCHAN) {
		(void)snprintf(participant->id, sizeof(participant->id),
		    "%" PRIu32, participant->number);
		return 0;
	}
	event = participant->number == 0 ? "startSession" : "joinSession";
	role = participant->number == 0 ? "Host" : "Guest";
	n = snprintf(crowd->message, ENVELOPE_BYTES, "{\"event\":\"%s\","
	    "\"payload\":{\"customerName\":\"%s %" PRIu32 "\"}}", event, role,
	    participant->number);
	return link_send(&participant->link,
	    (struct span){ crowd->message, (size_t)n });
}

static void
note_due(struct participant *participant, uint64_t due_ns)
{
	if (participant->sent == participant->due_cap) {
		participant->due_cap += participant->due_cap / 2 + 16;
		participant->due_ns = xrealloc(participant->due_ns,
		    participant->due_cap * sizeof(*participant->due_ns));
	}
	participant->due_ns[participant->sent++] = due_ns;
}

static void
write_cart(const struct crowd *crowd, const struct participant *participant,
    char *out)
{
	struct cart_marker marker = { participant->number, participant->sent };

	cart_write(&crowd->kind, &marker, out);
}

static size_t
compose_update(const struct participant *participant,
    const struct crowd *crowd)
{
	static const char tail[] = "}}";
	char *to = crowd->message;
	size_t n;

	n = (size_t)snprintf(to, ENVELOPE_BYTES, "{\"event\":\"updateCart\","
	    "\"payload\":{\"customerId\":\"%s\",\"cartContent\":",
	    participant->id);
	write_cart(crowd, participant, to + n);
	n += crowd->kind.len;
	memcpy(to + n, tail, sizeof(tail) - 1);
	return n + sizeof(tail) - 1;
}

/* What a server that knew the session would make of an update. */
static size_t
compose_multicart(const struct participant *participant,
    const struct crowd *crowd)
{
	static const char middle[] = "}]},\"padding\":\"", tail[] = "\"}";
	const size_t ends_len = sizeof(middle) + sizeof(tail) - 2;
	char *to = crowd->message;
	size_t n, padding = 0;

	n = (size_t)snprintf(to, ENVELOPE_BYTES, "{\"event\":"
	    "\"multicartUpdate\",\"payload\":{\"multicartContent\":["
	    "{\"owner\":{\"id\":\"%s\"},\"content\":", participant->id);
	write_cart(crowd, participant, to + n);
	n += crowd->kind.len;
	memcpy(to + n, middle, sizeof(middle) - 1);
	if (n + ends_len < crowd->message_bytes)
		padding = crowd->message_bytes - n - ends_len;
	n += sizeof(middle) - 1;
	memset(to + n, '.', padding);
	memcpy(to + n + padding, tail, sizeof(tail) - 1);
	return n + padding + sizeof(tail) - 1;
}

int
participant_update(struct participant *participant, struct crowd *crowd,
    uint64_t due_ns)
{
	struct span text = { crowd->message, 0 };

	note_due(participant, due_ns);
	crowd->outstanding += crowd->session_size + crowd->watchers;
	text.len = crowd->transport == TRANSPORT_NCHAN ?
	    compose_multicart(participant, crowd) :
	    compose_update(participant, crowd);
	if (link_send(&participant->link, text) == -1)
		return -1;
	return link_follow(&participant->link);
}

int
participant_watch(struct participant *watcher)
{
	link_share(&watcher->link, &watcher->members[watcher->number].link);
	return link_follow(&watcher->link);
}

/* A member's updates behind the last one seen, up to counter, are here. */
static void
cover(struct participant *participant, struct crowd *crowd,
    const struct cart_marker *marker, uint64_t now_ns)
{
	const struct participant *from = &participant->members[marker->member];
	struct tally *tally = &crowd->tally;
	uint32_t seen = participant->seen[marker->member];
	uint32_t covered = marker->counter - seen;

	participant->seen[marker->member] = marker->counter;
	crowd->outstanding -= covered;
	if (!tally->counts)
		return;
	tally->deliveries += covered;
	if (from == participant)
		tally->updates += covered;
	for (; seen < marker->counter; seen++)
		histogram_add(from == participant ? &tally->sender_ns :
		    &tally->others_ns, now_ns - from->due_ns[seen]);
}

static enum participant_news
take_multicart(struct participant *participant, struct crowd *crowd,
    struct span text, uint64_t now_ns)
{
	struct cart_marker marker;
	struct span rest = text;

	if (crowd->tally.counts) {
		crowd->tally.messages++;
		crowd->tally.bytes += text.len;
	}
	for (;;) {
		rest = cart_find(&crowd->kind, rest, &marker);
		if (rest.at == NULL)
			return PARTICIPANT_MULTICART;
		if (marker.member >= crowd->session_size ||
		    marker.counter > participant->members[marker.member].sent) {
			log_warnx("a cart arrived that nobody sent");
			return PARTICIPANT_CONFUSED;
		}
		if (marker.counter < participant->seen[marker.member]) {
			log_warnx("an older cart followed a newer one");
			return PARTICIPANT_CONFUSED;
		}
		if (marker.counter > participant->seen[marker.member])
			cover(participant, crowd, &marker, now_ns);
	}
}

static enum participant_news
take_reply(struct participant *participant, struct span text)
{
	struct span event = span_string(span_member(text, "event"));
	struct span id = span_string(span_member(span_member(text, "payload"),
	    "customerId"));

	if (participant->id[0] != '\0' || id.len == 0 ||
	    id.len > PARTICIPANT_ID_MAX || span_equals(event, "error")) {
		log_warnx("the server said: %.*s",
		    (int)(text.len < 200 ? text.len : 200), text.at);
		return PARTICIPANT_CONFUSED;
	}
	memcpy(participant->id, id.at, id.len);
	return PARTICIPANT_JOINED;
}

enum participant_news
participant_receive(struct participant *participant, struct crowd *crowd,
    struct span message, uint64_t now_ns)
{
	static const char usual[] = "{\"event\":\"multicartUpdate\"";

	if (message.len > sizeof(usual) &&
	    memcmp(message.at, usual, sizeof(usual) - 1) == 0)
		return take_multicart(participant, crowd, message, now_ns);
	if (span_equals(span_string(span_member(message, "event")),
	    "multicartUpdate"))
		return take_multicart(participant, crowd, message, now_ns);
	return take_reply(participant, message);
}

static struct participant *
find_member(const struct participant *participant, const struct crowd *crowd,
    struct span id)
{
	uint32_t i;

	for (i = 0; i < crowd->session_size; i++)
		if (span_equals(id, participant->members[i].id))
			return &participant->members[i];
	return NULL;
}

/* Whether an element of multicartContent is right and its owner's first. */
static bool
check_element(const struct participant *participant, struct crowd *crowd,
    struct span element)
{
	struct span content = span_member(element, "content");
	struct participant *owner;

	owner = find_member(participant, crowd,
	    span_string(span_member(span_member(element, "owner"), "id")));
	if (owner == NULL || owner->sent == 0 ||
	    owner->checked == crowd->checks || content.len != crowd->kind.len)
		return false;
	owner->checked = crowd->checks;
	write_cart(crowd, owner, crowd->message);
	return memcmp(content.at, crowd->message, content.len) == 0;
}

bool
participant_check(const struct participant *participant, struct crowd *crowd,
    struct span multicart)
{
	struct span items, element;
	const uint32_t shown = crowd->transport == TRANSPORT_NCHAN ? 1 :
	    crowd->session_size;
	uint32_t i, n = 0;

	for (i = 0; i < crowd->session_size; i++)
		if (participant->seen[i] == 0 ||
		    participant->seen[i] != participant->members[i].sent)
			return false;
	crowd->checks++;
	items = span_items(span_member(span_member(multicart, "payload"),
	    "multicartContent"));
	while ((element = span_next(&items)).at != NULL) {
		if (!check_element(participant, crowd, element))
			return false;
		n++;
	}
	return n == shown;
}
