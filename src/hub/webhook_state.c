#include "webhook_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

struct webhook_state *
webhook_state_new(void)
{
	struct webhook_state *state = xcalloc(1, sizeof(*state));

	state->seq = -1;
	return state;
}

void
webhook_state_free(struct webhook_state *state)
{
	if (state == NULL)
		return;
	while (state->parked_count > 0)
		free(state->parked[--state->parked_count].session);
	free(state->parked);
	free(state);
}

void
webhook_state_set_shop(struct webhook_state *state, const char *shop)
{
	xsnprintf(state->shop, sizeof(state->shop), "%s", shop);
}

struct webhook_state *
webhook_states_take(struct webhook_states *states, const char *shop)
{
	struct webhook_state *state;

	STAILQ_FOREACH(state, states, entry)
		if (strcmp(state->shop, shop) == 0) {
			STAILQ_REMOVE(states, state, webhook_state, entry);
			return state;
		}
	return NULL;
}

void
webhook_states_clear(struct webhook_states *states)
{
	struct webhook_state *state;

	while ((state = STAILQ_FIRST(states)) != NULL) {
		STAILQ_REMOVE_HEAD(states, entry);
		webhook_state_free(state);
	}
}

void
webhook_state_park(struct webhook_state *state,
    const struct webhook_parked *parked)
{
	struct webhook_parked *place;

	state->parked = xrealloc(state->parked,
	    (state->parked_count + 1) * sizeof(*state->parked));
	place = &state->parked[state->parked_count++];
	*place = *parked;
	place->session = xstrdup(parked->session);
}
