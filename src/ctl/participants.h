#ifndef PARTICIPANTS_H
#define PARTICIPANTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"

struct audit_row;

/*
 * Who takes part in a session, and what cart each of them had last, as far as
 * the rows say that were followed in order: a name that was erased and a cart
 * whose row was erased or deleted are not known.
 */
struct participants;

struct participant {
	struct customer_id id;
	struct payload *name;	/* NULL: not known */
	struct payload *cart;	/* NULL: {}, or not known */
	bool	 is_cart_known;
};

struct participants *participants_new(void);
/* NULL is allowed. */
void	 participants_free(struct participants *participants);

/* NULL for somebody never heard of. */
const struct participant *participants_find(
	    const struct participants *participants,
	    const struct customer_id *id);

/* Whether row begins an incarnation: nobody of the one before takes part. */
bool	 participants_starts_incarnation(
	    const struct participants *participants,
	    const struct audit_row *row);
/* Let row happen. */
void	 participants_apply(struct participants *participants,
	    const struct audit_row *row);

#endif
