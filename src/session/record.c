#include "record.h"

bool
record_is_note(enum record_event event)
{
	switch (event) {
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		return true;
	case RECORD_START:
	case RECORD_JOIN:
	case RECORD_CART:
	case RECORD_READY:
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
	case RECORD_RETURN:
	case RECORD_END:
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		break;
	}
	return false;
}

bool
record_changes_readiness(enum record_event event)
{
	switch (event) {
	case RECORD_START:
	case RECORD_JOIN:
	case RECORD_READY:
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
	case RECORD_RETURN:
		return true;
	case RECORD_CART:
	case RECORD_END:
	case RECORD_LOCK:
	case RECORD_UNLOCK:
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		break;
	}
	return false;
}

void
record_clear(struct record *record)
{
	payload_unref(record->session);
	payload_unref(record->name);
	payload_unref(record->cart);
	payload_unref(record->account);
	*record = (struct record){ .session = NULL };
}
