#include "participants.h"

#include <stdint.h>
#include <stdlib.h>

#include "audit/row.h"
#include "base/hash_table.h"
#include "base/xalloc.h"

struct entry {
	struct participant participant;
	UT_hash_handle hh;
};

struct participants {
	struct entry *table;
	uint64_t incarnation;	/* 0 before the first row */
};

struct participants *
participants_new(void)
{
	return xcalloc(1, sizeof(struct participants));
}

static void
replace_payload(struct payload **place, struct payload *payload)
{
	payload_ref(payload);
	payload_unref(*place);
	*place = payload;
}

static void
clear_participants(struct participants *participants)
{
	struct entry *entry, *next;

	HASH_ITER(hh, participants->table, entry, next) {
		HASH_DEL(participants->table, entry);
		replace_payload(&entry->participant.name, NULL);
		replace_payload(&entry->participant.cart, NULL);
		free(entry);
	}
}

void
participants_free(struct participants *participants)
{
	if (participants == NULL)
		return;
	clear_participants(participants);
	free(participants);
}

static struct entry *
find_entry(const struct participants *participants,
    const struct customer_id *id)
{
	struct entry *entry;

	HASH_FIND(hh, participants->table, id, sizeof(*id), entry);
	return entry;
}

const struct participant *
participants_find(const struct participants *participants,
    const struct customer_id *id)
{
	struct entry *entry = find_entry(participants, id);

	return entry == NULL ? NULL : &entry->participant;
}

static struct participant *
find_or_add_participant(struct participants *participants,
    const struct customer_id *id)
{
	struct entry *entry = find_entry(participants, id);

	if (entry == NULL) {
		entry = xcalloc(1, sizeof(*entry));
		entry->participant.id = *id;
		HASH_ADD(hh, participants->table, participant.id, sizeof(*id),
		    entry);
	}
	return &entry->participant;
}

bool
participants_starts_incarnation(const struct participants *participants,
    const struct audit_row *row)
{
	const struct record *record = &row->record;

	return !record_is_note(record->event) &&
	    record->incarnation != participants->incarnation;
}

static void
apply_to_participant(struct participants *participants,
    const struct audit_row *row)
{
	const struct record *record = &row->record;
	struct participant *who;

	who = find_or_add_participant(participants, &record->customer);
	switch (record->event) {
	case RECORD_START:
	case RECORD_JOIN:
		replace_payload(&who->name, record->name);
		replace_payload(&who->cart, NULL);
		who->is_cart_known = true;
		break;
	case RECORD_CART:
		replace_payload(&who->cart, record->cart);
		who->is_cart_known = !row->is_erased;
		break;
	case RECORD_LEAVE:
		replace_payload(&who->cart, NULL);
		break;
	case RECORD_READY:
	case RECORD_EXPIRE:
	case RECORD_RETURN:
	case RECORD_END:
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		break;
	}
}

void
participants_apply(struct participants *participants,
    const struct audit_row *row)
{
	const struct record *record = &row->record;

	if (record_is_note(record->event))
		return;
	if (participants_starts_incarnation(participants, row)) {
		clear_participants(participants);
		participants->incarnation = record->incarnation;
	}
	if (record->has_customer)
		apply_to_participant(participants, row);
}
