#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/id.h"

struct customer;
struct hub;
struct payload;
struct room;

/*
 * Who is here, for an administrator: the sessions in memory, which are those
 * that somebody takes part in or that are locked, and their customers.
 */

struct roster_session {
	uint64_t number;	/* grows in the order in which they came */
	const char *id;		/* lent until the hub goes on */
	uint64_t incarnation;	/* 0, as all that follows, while it is read */
	uint64_t revision;
	size_t	 members;	/* in the multicart */
	size_t	 present;
	size_t	 away;
	size_t	 connections;
	size_t	 polls;		/* requests that are held */
	size_t	 cart_bytes;
	bool	 is_locked;
};

struct roster_customer {
	struct customer_id id;
	const struct payload *name;	/* lent likewise; NULL if unknown */
	bool	 is_host;
	bool	 is_ready;
	bool	 has_token;
	bool	 is_member;	/* else away */
	bool	 is_present;
	size_t	 connections;
	size_t	 polls;
	size_t	 cart_bytes;
};

/*
 * Fill in at most max sessions, those with a number above after; returns how
 * many.
 */
size_t	 roster_sessions(const struct hub *hub, uint64_t after,
	    struct roster_session *sessions, size_t max);
/* The one with that id; -1 if it is not in memory. */
int	 roster_session(const struct hub *hub, const char *id,
	    struct roster_session *session)
	    __attribute__((warn_unused_result));
/*
 * Fill in at most max of its customers, in joining order, without those who
 * are gone; returns how many.
 */
size_t	 roster_customers(const struct hub *hub, const char *id,
	    struct roster_customer *customers, size_t max);

enum roster_kick {
	ROSTER_KICKED,
	ROSTER_NO_SESSION,	/* not in memory */
	ROSTER_NO_CUSTOMER	/* that takes part */
};

/*
 * Let a customer leave whether it wants to or not, as by leaveSession, and
 * close its connections.  It may come back as somebody else.
 */
enum roster_kick roster_kick(struct hub *hub, const char *id,
	    const struct customer_id *customer, const struct now *now);

/* The rest is for the hub's own modules. */

/* Let a customer leave as by roster_kick(), who has not gone. */
void	 roster_remove(struct hub *hub, struct room *room,
	    struct customer *customer);
/* Let a customer leave that has not gone. */
void	 roster_make_leave(struct hub *hub, struct room *room,
	    struct customer *customer);

#endif
