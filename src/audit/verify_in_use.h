#ifndef VERIFY_IN_USE_H
#define VERIFY_IN_USE_H

#include "audit/audit.h"

struct audit_erasures;
struct audit_replayed;
struct audit_report;
struct customer;
struct payload;
struct record;
struct session;

/*
 * Bodies that are gone, by a RETAIN as it seemed, though they were the name or
 * the newest cart of somebody in a session that ran: retention leaves such ones
 * alone until they are let go of.
 */
struct verify_in_use;

/* All are lent until verify_in_use_free. */
struct verify_in_use *verify_in_use_new(struct audit *audit,
	    struct audit_report *report, struct audit_erasures *erasures);
/* NULL is allowed. */
void	 verify_in_use_free(struct verify_in_use *use);

/*
 * What those have that a record is about, the customer and a displaced one,
 * before it happens.  To be let go of afterwards.
 */
struct audit_bodies_before {
	struct audit_customer_before {
		struct customer *customer;	/* NULL: there is none */
		struct payload *name;
		struct payload *cart;
	} holdings[2];
};
void	 verify_in_use_remember(struct audit_bodies_before *held,
	    const struct session *session, const struct record *record);
void	 verify_in_use_forget(struct audit_bodies_before *held);

/*
 * The record has happened, and is replayed's last row: of what nobody has any
 * more a later row must say why it is gone.  The second one goes before an END,
 * which is the last row already, and is about all that there is.
 */
enum audit_status verify_in_use_released(struct verify_in_use *use,
	    const struct audit_replayed *replayed,
	    const struct audit_bodies_before *held);
enum audit_status verify_in_use_all_released(struct verify_in_use *use,
	    const struct audit_replayed *replayed);

/* The last row has happened: what is in use now must be there. */
enum audit_status verify_in_use_check(struct verify_in_use *use,
	    const struct audit_replayed *replayed);

#endif
