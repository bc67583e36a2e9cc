#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/hash_table.h"
#include "base/id.h"
#include "hub_config.h"
#include "hub_counts.h"
#include "job.h"
#include "peer.h"
#include "session/refusal.h"
#include "session/session.h"
#include "wall_clock.h"
#include "wire/message.h"

/*
 * The hub's insides, for the modules of this folder alone: the tables, the
 * jobs on their way, and how a record happens.  Of these modules, x_tick()
 * does what is due at hub->now; x_next_ms() says when that is next, on the
 * monotonic clock, and UINT64_MAX for never.
 *
 * Where a peer waits, from its connection to its answer.  While its message
 * does, or it moves, the next one is not read (hub_peer_is_ready()).
 *
 *	hub_attach
 *	    |	hub->unjoined	  speaks for nobody: until it joins, or it is
 *	    |			  too late for join-timeout
 *	hub_receive
 *	    |	hub->throttled	  sent too much: until message-rate allows more;
 *	    |			  the message itself goes on
 *	    |	room->waiting	  with its message: until the session is loaded
 *	    |	room->claiming	  with its start: until the host answers a ping,
 *	    |			  or has not
 *	judged: a record, or an answer behind others
 *	    |	hub->held_back	  too many jobs: until fewer are under way; or
 *	    |			  much was said in this turn: until the next
 *	    |	peer->jobs	  what it gets is with the storage
 *	    |	peer->is_moving	  likewise; then it has its seat, or lost it
 *	hub_complete_jobs
 *	    |	peer->due	  for a multicart: records are under way, or its
 *	    |			  room has shown too much (room->is_delayed)
 *	    |	request->is_held  a poll: until there is a newer multicart, or
 *	    |			  net/longpoll ends it
 *	    |	hub->woken	  with something in its outbox: until
 *	    v			  hub_wake_peers()
 *	sent
 *
 * What a customer's seat goes through.  Its window runs in hub->absent while
 * anybody else is present.  A host without a token is replaced at once if it
 * is absent; if it is present, once it has not answered a ping (claim.h).
 * Who is gone is told leftSession, until that is forgotten, too.
 *
 *	START, JOIN         last peer or request goes
 *	    |    +---------+ ------------------------> +--------+
 *	    +--> | present |                           | absent |
 *	    +--> +---------+ <------------------------ +--------+
 *	    |         |        peer or request comes     |    |
 *	  RETURN      |                                  |    | the window
 *	    |         | LEAVE (also kicked or erased),   |    | is over:
 *	    |         | END, replaced by another START   |    | EXPIRE
 *	    |         v                                  |    |
 *	    |    +------+ <------------------------------+    |
 *	    |    | gone | <---- without a token --------------+
 *	    |    +------+                                     |
 *	    |         ^ more than max-remembered              |
 *	    |    +------+                                     |
 *	    +--- | away | <---- with a token -----------------+
 *	         +------+
 */

/*
 * A customer with connections, with one on the way, or absent and waited for.
 * Seats outlive the session they are about when that is loaded again.
 */
struct seat {
	TAILQ_ENTRY(seat) entry;	/* room->seats */
	struct room *room;
	struct customer_id id;
	int64_t	 row;		/* grows in the order of joining */
	struct customer *customer;	/* NULL while the room is not ready */
	struct peer_list peers;
	unsigned moves;		/* jobs that bring a peer here, or away */
	bool	 is_present;
	bool	 is_present_by_request;	/* in hub->requested: its customer */
	uint64_t request_ends_ms;	/* made a request, until then */
	TAILQ_ENTRY(seat) requests;
	struct rate rate;		/* of these requests */
	uint64_t given_incarnation;	/* of the multicart that any of its */
	uint64_t given_revision;	/* peers took last; 0 for none */
	bool	 is_absence_timed;	/* in hub->absent[has_token] */
	bool	 has_token;
	uint64_t expires_ms;	/* if is_absence_timed */
	TAILQ_ENTRY(seat) absence;
	uint64_t here_ms;	/* when it had a peer last, or made a request */
	bool	 was_here;	/* when that was looked at last */
	bool	 is_lingering;	/* counts as here for that, ... */
	uint64_t lingers_ms;	/* ... until then */
	TAILQ_ENTRY(seat) lingering;	/* hub->lingering, likewise */
};

TAILQ_HEAD(seat_list, seat);

/* Something that was said: see said.h. */
struct said {
	TAILQ_ENTRY(said) entry;	/* live->said */
	TAILQ_ENTRY(said) by_age;	/* hub->said or, without body, ... */
					/* ... hub->forgotten */
	struct live *live;
	uint64_t number;
	uint64_t since_ms;		/* in that list */
	struct payload *body;		/* NULL: that it was said is known */
	struct customer_id from;
	struct customer_id to;
	bool	 has_to;		/* it is for nobody else */
	int64_t	 last_row;		/* of who had joined, anywhere */
};

TAILQ_HEAD(said_list, said);

enum { SPEAKER_SEQS = 128 };	/* many seconds' worth, at any sane rate */

/* Who said something in a room, which is remembered as long as that is. */
struct speaker {
	TAILQ_ENTRY(speaker) entry;	/* live->speakers */
	struct customer_id id;
	uint64_t seqs[SPEAKER_SEQS];	/* the latest, 0 for none: of each ... */
	size_t	 next_seq;		/* ... this takes the oldest's place */
	struct rate rate;
};

/*
 * What there is of a room besides its multicart, once somebody asked for it or
 * said something.  Nothing of it is ever stored.
 */
struct live {
	struct room *room;		/* NULL: it was dropped, ... */
	UT_hash_handle hh;		/* ... then it is in hub->left, by id */
	struct payload *id;		/* then of the session, else NULL */
	uint64_t epoch;			/* random: tells it from others of */
					/* the same session */
	struct said_list said;		/* oldest first, numbers grow */
	size_t	 count;			/* of these */
	size_t	 kept;			/* of these have a body */
	uint64_t last;			/* number given; 0 for none */
	uint64_t turn;			/* hub->turn when that was said, ... */
	unsigned turn_count;		/* ... and so much in that turn */
	uint64_t may_go;		/* to be told up to that: who said it */
					/* is shown */
	TAILQ_HEAD(, speaker) speakers;
	struct payload *present;	/* who is here, as it is told; or NULL */
	uint64_t version;		/* of that; 0 for none */
	bool	 is_gathering;		/* it may be another: to be looked ... */
	uint64_t gathered_ms;		/* ... at then */
	TAILQ_ENTRY(live) gathering;	/* hub->gathering, if is_gathering */
};

TAILQ_HEAD(live_list, live);

enum room_state {
	ROOM_UNLOADED,	/* nobody asked yet, or it could not be read */
	ROOM_LOADING,
	ROOM_READY
};

/*
 * A session in memory: while anybody is present, it is locked, or jobs for it
 * are under way.
 */
struct room {
	UT_hash_handle hh;		/* hub->rooms, by id */
	uint64_t number;		/* grows in the order of making */
	struct payload *id;
	struct shop *shop;		/* NULL: none was served of its name */
	enum room_state state;
	struct session *session;	/* as it will be, once durable */
	struct job *changed_by;		/* its last record of this turn */
	TAILQ_ENTRY(room) changed;	/* hub->changed, if changed_by */
	uint64_t unpublished_us;	/* when the first record was made */
					/* since it was encoded last, or 0 */
	struct multicart *pending_multicart; /* to be shown when all is done */
	TAILQ_ENTRY(room) publishing;	/* hub->publishing, if the former */
	struct multicart *encoding;	/* shown last; NULL once of no use */
	uint64_t encoding_ends_ms;	/* when it is not any more */
	TAILQ_ENTRY(room) by_encoding;	/* hub->encodings, if encoding */
	struct multicart_members *shown; /* what it showed last, or NULL: */
					/* see shown.h */
	unsigned features;		/* somebody has on, ... */
	uint64_t features_end_ms;	/* ... until then, there or not */
	struct live *live;		/* or NULL: see live.h */
	uint64_t encode_ms;		/* not to be encoded again before */
	struct rate output;		/* bytes that it has shown */
	bool	 is_delayed;		/* shows nothing until ... */
	uint64_t delayed_ms;		/* ... then */
	TAILQ_ENTRY(room) delaying;	/* hub->delayed, if is_delayed */
	size_t	 jobs;			/* in flight */
	size_t	 records;		/* APPENDs among them */
	struct seat_list seats;
	size_t	 present;		/* seats that are */
	struct peer_list waiting;	/* with messages, until it is loaded */
	struct peer_list claiming;	/* the seat of a silent host */
	uint64_t claim_ends_ms;
	TAILQ_ENTRY(room) claims;	/* hub->claims, if claiming */
	bool	 is_unread;		/* could not be read, has seats: */
	uint64_t retry_ms;		/* when it is tried again */
	TAILQ_ENTRY(room) unread;	/* hub->unread, if is_unread */
	bool	 was_used;		/* somebody was present since ... */
	uint64_t touched_ms;		/* ... this, known to the storage */
	TAILQ_ENTRY(room) by_touch;	/* hub->touched, if present */
	bool	 is_locked;		/* its session is, ... */
	uint64_t lock_ends_ms;		/* ... and not any more then */
	uint64_t stored_lock_ends_ms;	/* that of the lock which is found */
					/* by a load, if known, or 0 */
	TAILQ_ENTRY(room) locks;	/* hub->locks, if is_locked */
	bool	 is_sought;		/* it was, when the storage looked */
};

TAILQ_HEAD(room_list, room);

/* The room on the disk: see disk_space.h. */
enum disk_space_state {
	DISK_SPACE_ENOUGH,
	DISK_SPACE_LOW,	/* no new sessions, and no large carts */
	DISK_SPACE_RESERVED	/* nothing clients have written but leaving */
};

struct disk_space {
	enum disk_space_state state;
	bool	 is_known;		/* it was measured: */
	uint64_t free_bytes;
	bool	 is_measuring;		/* a job is out */
	uint64_t measured_ms;
	bool	 is_due;		/* something is written */
};

struct call;
struct erasing;
struct refused;

struct hub {
	struct hub_config config;
	struct hub_settings settings;
	struct rate_limit message_limit;
	struct quota *session_quota;	/* by row */
	struct disk_space disk_space;
	struct id_source random;
	struct id_key hash_key;
	struct message_parser *parser;
	struct now now;			/* core_set_now() */
	struct wall_clock wall_clock;
	struct hub_counts counts;	/* without those that are to be had */
					/* from here otherwise */
	bool	 is_draining;

	int64_t	 last_session_row;	/* given so far */
	int64_t	 last_customer_row;
	struct room *rooms;
	uint64_t last_room;
	struct peer *peers;
	uint64_t last_peer;

	struct job_list pending;	/* made since the last turn */
	size_t	 jobs;			/* pending or with the storage */
	size_t	 jobs_out;		/* with the storage */
	size_t	 cart_bytes;		/* of these jobs */
	bool	 is_waiting;		/* a list is with the storage */
	struct room_list changed;
	struct room_list publishing;
	struct room_list encodings;	/* first to be forgotten first */
	size_t	 encoding_bytes;		/* of the encodings of these */
	struct room_list delayed;		/* first to be shown first */
	struct rate_limit output_limit;	/* of a room, bytes */
	size_t	 encoded_bytes;		/* in this turn */
	uint64_t turn;			/* a number */
	STAILQ_HEAD(, peer) woken;
	size_t	 woken_count;
	struct peer_list held_back;	/* until fewer jobs are in flight, and */
					/* what was said is on its way */
	struct peer_list throttled;	/* soonest end first */
	struct peer_list unjoined;	/* longest first */

	struct rate_limit say_limit;	/* of a customer */
	struct said_list said;		/* with bodies, oldest first */
	struct said_list forgotten;	/* without, longest first */
	struct live *left;		/* of dropped rooms: see left.h */
	struct live_list gathering;	/* soonest end first */
	struct seat_list lingering;	/* likewise */

	struct seat_list absent[2];	/* by has_token; soonest expiry first */
	struct seat_list requested;	/* soonest end first */
	struct room_list claims;	/* soonest end first */
	struct room_list unread;	/* soonest retry first */
	struct room_list touched;	/* longest untouched first */
	size_t	 used_sessions;		/* that somebody takes part in */
	struct room_list locks;		/* soonest end first */
	bool	 is_seeking;		/* locked sessions: a job is out */
	uint64_t seek_ms;		/* when to go on */
	int64_t	 seek_row;		/* found up to here; 0: not begun */
	bool	 must_seek_again;	/* once that is at the end */
	bool	 is_searching;		/* for idle sessions: a job is out */
	uint64_t search_ms;		/* when to go on */
	int64_t	 search_row;

	struct refused *refused;	/* customers lately refused, ... */
	TAILQ_HEAD(, refused) refusals;	/* ... soonest end first */
	TAILQ_HEAD(, erasing) erasures;	/* oldest first */
	size_t	 erasure_count;
	uint64_t last_erasure;		/* number given */
	TAILQ_HEAD(, call) calls;	/* of the shop's server, under way */
	uint64_t last_call;
	struct retention retention;	/* the pass under way, or the last */
	bool	 is_retaining;		/* a job is out */
	uint64_t retention_ms;		/* when to go on, or to begin */
	uint64_t retention_due_ms;	/* when the pass under way was due */
	uint64_t log_head_ms;		/* when to log the chain's end */
};

/* Something happens now. */
void	 core_set_now(struct hub *hub, const struct now *now);

void	 core_wake_peer(struct hub *hub, struct peer *peer);
/* Let peer, if it does not wait anyway, wait in hub->held_back. */
void	 core_hold_back(struct hub *hub, struct peer *peer);
/* Let peer wait in list with message, whose contents it takes. */
void	 core_park_message(struct peer *peer, struct peer_list *list,
	    struct message *message);
/* Take peer out of the list it waits in; its message is the caller's. */
struct message *core_unpark_message(struct peer *peer);

/*
 * Take the first peer out of list and wake it; NULL if list is empty.  Its
 * message is the caller's.
 */
struct peer *core_unpark_first(struct hub *hub, struct peer_list *list,
	    struct message *message);

/* What comes of a message, put together by those who judge it. */
struct reply {
	struct message *message;	/* what it answers, or refuses */
	struct payload *body;	/* a reference, NULL for none */
	struct seat *seat;	/* to move the peer to, or from if it leaves */
	unsigned features;	/* that are on then */
	bool	 is_stale;	/* the message came behind a newer one */
	/* If it is refused, besides the code: */
	const char *field;	/* the one at fault; or NULL */
	unsigned retry_after_s;	/* REFUSAL_RATE_LIMITED */
};

/* Note in record by which transport and from where peer speaks. */
void	 core_set_origin(struct record *record, const struct peer *peer);
/*
 * A record of event in room, about customer (NULL: it is about none, or about a
 * new one), by peer or (NULL) by the daemon itself.
 */
struct job *core_new_record(struct hub *hub, struct room *room,
	    enum record_event event, const struct customer *customer,
	    const struct peer *peer);
/*
 * Judge the job's record and let it happen; it is on its way to the storage
 * then.  Otherwise the job is freed.
 */
enum refusal core_apply_record(struct hub *hub, struct room *room,
	    struct job *job);

/*
 * The room's session is locked, if it was known to be or not, until ends_ms; or
 * it is not, as far as is known.
 */
void	 core_set_lock(struct hub *hub, struct room *room, uint64_t ends_ms);
void	 core_clear_lock(struct hub *hub, struct room *room);

/* Put job behind the others. */
void	 core_submit_job(struct hub *hub, struct room *room, struct job *job);

#endif
