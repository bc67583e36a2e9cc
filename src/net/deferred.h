#ifndef DEFERRED_H
#define DEFERRED_H

#include <stdbool.h>
#include <stddef.h>

struct exchange_answer;

/*
 * An answer that is not known from the head of its request: who decides about
 * it gets the body, is told when the request is complete, and says the answer
 * some time later.  Which library or server brought the request is its owner's
 * business: the owner hands over what it read, waits for answered(), and says
 * so if its client goes away meanwhile.
 */
struct deferred;

struct deferred_ops {
	int	(*add_body)(struct deferred *deferred, const void *data,
		    size_t len);
	/* answered and ctx are set. */
	void	(*start)(struct deferred *deferred);
	void	(*refuse_body)(struct deferred *deferred);
	bool	(*is_held)(const struct deferred *deferred);
	void	(*cancel)(struct deferred *deferred);
};

/* Whose it is embeds it, and sets ops. */
struct deferred {
	const struct deferred_ops *ops;
	/* The owner's; NULL until the request is complete. */
	void	(*answered)(void *ctx, const struct exchange_answer *answer);
	void	*ctx;
};

/* More of the body; -1 if it gets too large. */
int	 deferred_add_body(struct deferred *deferred, const void *data,
	    size_t len) __attribute__((warn_unused_result));
/*
 * The request is complete.  answered(ctx, ...) tells the answer, exactly once,
 * unless it is cancelled; it may be called from within, and deferred is gone
 * when it is.
 */
void	 deferred_start(struct deferred *deferred,
	    void (*answered)(void *ctx, const struct exchange_answer *answer),
	    void *ctx);
/* Answer that the body is too large, instead. */
void	 deferred_refuse_body(struct deferred *deferred,
	    void (*answered)(void *ctx, const struct exchange_answer *answer),
	    void *ctx);
/* Whether it waits until its time is up, or something changes. */
bool	 deferred_is_held(const struct deferred *deferred);
/* Its answer is told in another way from now on. */
void	 deferred_redirect(struct deferred *deferred,
	    void (*answered)(void *ctx, const struct exchange_answer *answer),
	    void *ctx);
/* The client is gone, or was answered otherwise: deferred is freed. */
void	 deferred_cancel(struct deferred *deferred);

#endif
