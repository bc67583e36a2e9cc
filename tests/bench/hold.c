#include "hold.h"

#include "participant.h"

#include "base/log.h"

/* Until those who were answered hold a poll again. */
#define ROUND_PAUSE_NS 100000000ULL
/* Probes are to find the server as it is, not to be its load. */
#define PROBE_PAUSE_NS 1000000ULL

void
hold_init(struct hold *hold, struct participant *changer,
    struct hold_figures *figures, int epoll_fd)
{
	*hold = (struct hold){ .changer = changer, .figures = figures };
	link_init(&hold->prober, changer->link.transport, epoll_fd, NULL);
}

void
hold_clear(struct hold *hold)
{
	link_close(&hold->prober);
}

void
hold_begin(struct hold *hold, uint32_t rounds, uint64_t now_ns)
{
	link_share(&hold->prober, &hold->changer->link);
	hold->rounds = rounds;
	hold->probes = HOLD_PROBES;
	hold->next_round_ns = now_ns;
	hold->next_probe_ns = now_ns;
}

static int
begin_round(struct hold *hold, struct crowd *crowd, uint64_t now_ns)
{
	hold->is_changing = true;
	hold->probed_in_round = hold->is_probing;
	hold->changed_ns = now_ns;
	hold->first_ns = 0;
	if (participant_update(hold->changer, crowd, now_ns) == 0)
		return 0;
	log_warnx("%s", link_reason(&hold->changer->link));
	return -1;
}

static void
end_round(struct hold *hold)
{
	struct hold_figures *figures = hold->figures;

	hold->is_changing = false;
	hold->rounds--;
	hold->next_round_ns = hold->last_ns + ROUND_PAUSE_NS;
	histogram_add(&figures->round_ns, hold->last_ns - hold->changed_ns);
	histogram_add(&figures->spread_ns, hold->last_ns - hold->first_ns);
}

static int
begin_probe(struct hold *hold, uint64_t now_ns)
{
	hold->is_probing = true;
	hold->probed_in_round = hold->is_changing;
	hold->asked_ns = now_ns;
	if (link_ask(&hold->prober) == 0)
		return 0;
	log_warnx("%s", link_reason(&hold->prober));
	return -1;
}

int
hold_step(struct hold *hold, struct crowd *crowd, uint64_t now_ns)
{
	if (hold->is_changing && crowd->outstanding == 0)
		end_round(hold);
	if (!hold->is_changing && hold->rounds > 0 &&
	    hold->next_round_ns <= now_ns &&
	    begin_round(hold, crowd, now_ns) == -1)
		return -1;
	if (!hold->is_probing && !hold_is_over(hold) &&
	    hold->next_probe_ns <= now_ns)
		return begin_probe(hold, now_ns);
	return 0;
}

uint64_t
hold_due_ns(const struct hold *hold)
{
	uint64_t due_ns = UINT64_MAX;

	if (!hold->is_changing && hold->rounds > 0)
		due_ns = hold->next_round_ns;
	if (!hold->is_probing && hold->next_probe_ns < due_ns)
		due_ns = hold->next_probe_ns;
	return due_ns;
}

bool
hold_only_probes(const struct hold *hold)
{
	return hold->rounds == 0;
}

bool
hold_is_over(const struct hold *hold)
{
	return hold->rounds == 0 && hold->probes == 0;
}

void
hold_take_multicart(struct hold *hold, uint64_t now_ns)
{
	if (hold->first_ns == 0)
		hold->first_ns = now_ns;
	hold->last_ns = now_ns;
}

void
hold_take_probe(struct hold *hold, uint64_t now_ns)
{
	struct hold_figures *figures = hold->figures;
	uint64_t trip_ns = now_ns - hold->asked_ns;

	hold->is_probing = false;
	hold->next_probe_ns = now_ns + PROBE_PAUSE_NS;
	if (hold->probed_in_round) {
		histogram_add(&figures->trip_in_round_ns, trip_ns);
		return;
	}
	histogram_add(&figures->trip_ns, trip_ns);
	if (hold->rounds == 0 && hold->probes > 0)
		hold->probes--;
}
