#include "multicart_members.h"

#include <stdlib.h>

#include "base/buf.h"

struct multicart_members *
multicart_members_ref(struct multicart_members *members)
{
	members->refs++;
	return members;
}

void
multicart_members_unref(struct multicart_members *members)
{
	size_t i;

	if (members == NULL || --members->refs > 0)
		return;
	for (i = 0; i < members->count; i++) {
		payload_unref(members->members[i].owner_json);
		payload_unref(members->members[i].cart);
	}
	free(members);
}
