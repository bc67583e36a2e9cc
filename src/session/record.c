#include "record.h"

void
record_clear(struct record *record)
{
	payload_unref(record->session);
	payload_unref(record->name);
	payload_unref(record->cart);
	*record = (struct record){ .session = NULL };
}
