#include "refusal_notes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core.h"
#include "quota.h"
#include "session/record.h"
#include "write_quota.h"

enum {
	REFUSERS_MAX = 16384	/* beyond these, seconds are cut short */
};

#define COUNT_MS 1000

/* A customer by the row of its session and its id. */
struct refused_key {
	uint8_t	 bytes[sizeof(int64_t) + sizeof(struct customer_id)];
};

struct refused {
	UT_hash_handle hh;		/* hub->refused, by key */
	TAILQ_ENTRY(refused) entry;	/* hub->refusals, soonest end first */
	struct refused_key key;
	uint64_t until_ms;		/* what comes before that is counted */
	/* Of what was counted: how many, and the note on the first of them. */
	uint64_t count;
	struct record record;
	bool	 is_limited;		/* who sent it pays for the note: */
	uint8_t	 quota_key[QUOTA_KEY_BYTES];
};

static struct refused_key
key_of(int64_t row, const struct customer_id *id)
{
	struct refused_key key;

	memcpy(key.bytes, &row, sizeof(row));
	memcpy(key.bytes + sizeof(row), id, sizeof(*id));
	return key;
}

static struct refused *
find_refused(struct hub *hub, const struct refused_key *key, unsigned hash)
{
	struct refused *refused;

	HASH_FIND_BYHASHVALUE(hh, hub->refused, key->bytes,
	    sizeof(key->bytes), hash, refused);
	return refused;
}

static void
forget_refused(struct hub *hub, struct refused *refused)
{
	HASH_DELETE(hh, hub->refused, refused);
	TAILQ_REMOVE(&hub->refusals, refused, entry);
	record_clear(&refused->record);
	free(refused);
}

static void
fill_note(struct refused *refused, struct room *room,
    const struct customer *customer, const struct peer *peer,
    const struct message_error *error)
{
	struct record *record = &refused->record;

	refused->is_limited = peer->is_limited;
	memcpy(refused->quota_key, peer->quota_key,
	    sizeof(refused->quota_key));
	record->event = RECORD_REFUSED;
	record->session = payload_ref(room->id);
	record->session_row = room->session->row;
	record->incarnation = room->session->incarnation;
	record->has_customer = true;
	record->customer = customer->id;
	record->refused = error->code;
	record->refused_event = error->event;
	core_set_origin(record, peer);
}

/* A note on the counted ones. */
static struct job *
note_on(struct hub *hub, const struct refused *refused)
{
	struct job *job = job_new(JOB_NOTE);

	job->record = refused->record;
	payload_ref(job->record.session);
	job->record.refused_count = refused->count;
	job->record.time_ms = hub->now.wall_ms;
	id_source_bytes(&hub->random, job->record.salt,
	    sizeof(job->record.salt));
	return job;
}

/*
 * The counted ones become a note and counting begins anew; it goes on if the
 * note cannot be paid for.
 */
static void
write_note(struct hub *hub, struct refused *refused)
{
	struct job *job = note_on(hub, refused);

	if (write_quota_submit_note(hub, job, refused->is_limited ?
	    refused->quota_key : NULL)) {
		record_clear(&refused->record);
		refused->count = 0;
	} else {
		job_free(job);
	}
	refused->until_ms = hub->now.mono_ms + COUNT_MS;
	TAILQ_REMOVE(&hub->refusals, refused, entry);
	TAILQ_INSERT_TAIL(&hub->refusals, refused, entry);
}

static void
end_first_second(struct hub *hub)
{
	struct refused *refused = TAILQ_FIRST(&hub->refusals);

	if (refused->count > 0)
		write_note(hub, refused);
	else
		forget_refused(hub, refused);
}

/* What was counted longest is written down, if it can be paid for. */
static void
evict_oldest(struct hub *hub)
{
	struct refused *refused = TAILQ_FIRST(&hub->refusals);

	if (refused->count > 0)
		write_note(hub, refused);
	forget_refused(hub, refused);
}

static struct refused *
refused_new(struct hub *hub, const struct refused_key *key, unsigned hash)
{
	struct refused *refused = xcalloc(1, sizeof(*refused));

	if (HASH_COUNT(hub->refused) >= REFUSERS_MAX)
		evict_oldest(hub);
	refused->key = *key;
	HASH_ADD_BYHASHVALUE(hh, hub->refused, key.bytes,
	    sizeof(refused->key.bytes), hash, refused);
	TAILQ_INSERT_TAIL(&hub->refusals, refused, entry);
	return refused;
}

void
refusal_notes_add(struct hub *hub, struct room *room,
    const struct customer *customer, const struct peer *peer,
    const struct message_error *error)
{
	struct refused_key key = key_of(room->session->row, &customer->id);
	unsigned hash = id_hash(&hub->hash_key, key.bytes, sizeof(key.bytes));
	struct refused *refused = find_refused(hub, &key, hash);
	bool is_first = refused == NULL;

	if (is_first)
		refused = refused_new(hub, &key, hash);
	if (refused->count++ == 0)
		fill_note(refused, room, customer, peer, error);
	if (is_first)
		write_note(hub, refused);
}

void
refusal_notes_tick(struct hub *hub)
{
	const struct refused *refused;

	while ((refused = TAILQ_FIRST(&hub->refusals)) != NULL &&
	    refused->until_ms <= hub->now.mono_ms)
		end_first_second(hub);
}

uint64_t
refusal_notes_next_ms(const struct hub *hub)
{
	const struct refused *refused = TAILQ_FIRST(&hub->refusals);

	return refused != NULL ? refused->until_ms : UINT64_MAX;
}

void
refusal_notes_flush(struct hub *hub)
{
	struct refused *refused;

	while ((refused = TAILQ_FIRST(&hub->refusals)) != NULL) {
		if (refused->count > 0)
			core_submit_job(hub, NULL, note_on(hub, refused));
		forget_refused(hub, refused);
	}
}

void
refusal_notes_clear(struct hub *hub)
{
	while (!TAILQ_EMPTY(&hub->refusals))
		forget_refused(hub, TAILQ_FIRST(&hub->refusals));
}
