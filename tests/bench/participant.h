#ifndef PARTICIPANT_H
#define PARTICIPANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cart.h"
#include "histogram.h"
#include "link.h"
#include "span.h"

/*
 * One customer: what it sent, and what it was shown of everybody in its
 * session.  An update is delivered to a member by the first multicart that
 * shows its counter or a higher one, since the server may leave out states
 * which are not the newest.  nchan knows nothing of sessions: each update is a
 * message that carries its one cart, and padding up to the size of a multicart.
 * A watcher holds one more poll for a member.
 */

enum { PARTICIPANT_ID_MAX = 63 };

struct participant {
	struct link link;
	struct participant *members;	/* of the session, this one included */
	uint32_t number;		/* its own among them; or the watched */
	bool	 is_watcher;
	uint32_t sent;			/* counter of its last update */
	uint32_t *seen;			/* by member: the newest it was shown */
	uint64_t *due_ns;		/* by counter - 1: when it was sent */
	uint32_t due_cap;
	bool	 holds;			/* its last multicart was final */
	uint32_t checked;		/* by which check_multicart() last */
	char	 id[PARTICIPANT_ID_MAX + 1];	/* empty: not joined */
};

/* What was counted over all participants, while counts is true. */
struct tally {
	bool	 counts;
	uint64_t updates;	/* own updates that their senders were shown */
	uint64_t deliveries;	/* updates that members were shown */
	uint64_t messages;	/* multicarts received */
	uint64_t bytes;		/* of them */
	struct histogram sender_ns;
	struct histogram others_ns;
};

/* What all participants have in common. */
struct crowd {
	enum transport transport;
	struct cart_kind kind;
	uint32_t session_size;
	uint32_t watchers;	/* of each session */
	size_t	 message_bytes;	/* TRANSPORT_NCHAN: of an update */
	char	*message;	/* room to compose the longest one */
	uint64_t outstanding;	/* deliveries that are still to come */
	uint32_t checks;	/* how many multicarts were checked in full */
	struct tally tally;
};

struct crowd_config {
	enum transport transport;
	uint32_t session_size;
	uint32_t watchers;
	size_t	 cart_bytes;
	size_t	 message_bytes;
};

void	 crowd_init(struct crowd *crowd, const struct crowd_config *config);
void	 crowd_clear(struct crowd *crowd);

/*
 * The i-th of a session, whose members stand in a row with the watchers behind
 * them.  link_init() first.
 */
void	 participant_init(struct participant *participant,
	    struct participant *members, uint32_t i,
	    const struct crowd *crowd);
void	 participant_clear(struct participant *participant);

/*
 * Each returns -1 if the connection is lost; see link_reason().  A participant
 * who has an id after participant_join() need not wait for a reply.
 */
int	 participant_join(struct participant *participant,
	    struct crowd *crowd) __attribute__((warn_unused_result));
/* Send the next cart; due_ns is the time that its latency counts from. */
int	 participant_update(struct participant *participant,
	    struct crowd *crowd, uint64_t due_ns)
	    __attribute__((warn_unused_result));
/* Begin to watch what the member is shown, who has joined. */
int	 participant_watch(struct participant *watcher)
	    __attribute__((warn_unused_result));

enum participant_news {
	PARTICIPANT_JOINED,
	PARTICIPANT_MULTICART,
	PARTICIPANT_CONFUSED	/* logged: the server broke the protocol */
};

/* Take a message that arrived at now_ns. */
enum participant_news participant_receive(struct participant *participant,
	    struct crowd *crowd, struct span message, uint64_t now_ns);
/*
 * Whether this multicart holds the last cart that each member has sent, byte
 * for byte, and nothing else.
 */
bool	 participant_check(const struct participant *participant,
	    struct crowd *crowd, struct span multicart);

#endif
