#include "probes.h"

#include <stddef.h>
#include <string.h>

#include "exposition.h"
#include "health.h"
#include "metrics.h"
#include "net/exchange.h"

static void
answer_metrics(const struct metrics *metrics, struct exchange_answer *answer)
{
	answer->status = 200;
	answer->content_type = EXPOSITION_TYPE;
	answer->body = metrics_format(metrics);
}

static void
answer_alive(const struct metrics *metrics, struct exchange_answer *answer)
{
	static const char alive[] = "{\"alive\":true}\n";

	(void)metrics;	/* who answers is alive */
	answer->status = 200;
	answer->body = payload_new(alive, sizeof(alive) - 1);
}

static void
answer_ready(const struct metrics *metrics, struct exchange_answer *answer)
{
	answer->status = metrics->health == HEALTH_READY ? 200 : 503;
	answer->body = health_format(metrics->health);
}

static const struct {
	const char *path;
	void	(*answer)(const struct metrics *metrics,
		    struct exchange_answer *answer);
} paths[] = {
	{ "/metrics", answer_metrics },
	{ "/healthz", answer_alive },
	{ "/readyz", answer_ready },
};

bool
probes_answer(const struct probes *probes, const char *path, size_t len,
    struct exchange_answer *answer)
{
	struct metrics metrics;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strlen(paths[i].path) != len ||
		    strncmp(path, paths[i].path, len) != 0)
			continue;
		probes->collect(probes->ctx, &metrics);
		paths[i].answer(&metrics, answer);
		return true;
	}
	return false;
}
