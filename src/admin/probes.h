#ifndef PROBES_H
#define PROBES_H

#include <stdbool.h>
#include <stddef.h>

struct exchange_answer;
struct metrics;

/*
 * What monitoring systems and load balancers ask: /metrics, /healthz (the loop
 * turns) and /readyz (send clients here).  Never for the public.
 */
struct probes {
	/* Fill in all of metrics. */
	void	(*collect)(void *ctx, struct metrics *metrics);
	void	*ctx;
};

/* Whether a path, of a GET, is one of the three; then answer is filled in. */
bool	 probes_answer(const struct probes *probes, const char *path,
	    size_t len, struct exchange_answer *answer);

#endif
