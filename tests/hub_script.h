#ifndef HUB_SCRIPT_H
#define HUB_SCRIPT_H

#include "hub_world.h"

/*
 * What clients say and what they expect, so that a test reads like a script.
 *
 * Messages are written with ' in place of ", and with printf's conversions.
 * In what is expected, <id> stands for the 24 hex digits of a customer and
 * <token> for the 43 characters of a token and <cursor> for a cursor, all of
 * which the client remembers, and <text> for the words of an error.
 */

/* Messages, to be completed as printf does. */
#define START "{'event':'startSession','payload':{'customerName':'%s'}}"
#define JOIN "{'event':'joinSession','payload':{'customerName':'%s'}}"
#define CART "{'event':'updateCart','payload':{'customerId':'%s',"	\
	"'cartContent':%s}}"
#define CART_SEQ "{'event':'updateCart','payload':{'customerId':'%s',"	\
	"'cartContent':%s,'seq':%d}}"
#define READY "{'event':'customerReadyToCheckout','payload':{"		\
	"'customerId':'%s','customerReadyToCheckout':%s}}"
#define READY_SEQ "{'event':'customerReadyToCheckout','payload':{"	\
	"'customerId':'%s','customerReadyToCheckout':%s,'seq':%d}}"
#define RESUME "{'event':'resumeSession','payload':{'customerId':'%s',"	\
	"'token':'%s'}}"
#define LEAVE "{'event':'leaveSession','payload':{'customerId':'%s'}}"
#define POLL "{'event':'poll','payload':{'customerId':'%s'}}"
#define POLL_AT "{'event':'poll','payload':{'customerId':'%s',"		\
	"'cursor':'%s'}}"

/* Replies, likewise. */
#define STARTED "{'event':'startSession','payload':{'customerId':'%s'}}"
#define JOINED "{'event':'joinSession','payload':{'customerId':'%s'}}"
#define STARTED_RESUMABLE "{'event':'startSession','payload':{"		\
	"'customerId':'%s','token':'%s'}}"
#define JOINED_RESUMABLE "{'event':'joinSession','payload':{"		\
	"'customerId':'%s','token':'%s'}}"
#define RESUMED "{'event':'resumeSession','payload':{"			\
	"'customerId':'%s','seq':%d}}"
#define LEFT "{'event':'leaveSession','payload':{'customerId':'%s'}}"

#define SCRIPT_FORMAT __attribute__((format(printf, 2, 3)))

/* client sends a message, which is read in this turn; tell() does not run. */
void	 say(struct client *client, const char *format, ...) SCRIPT_FORMAT;
void	 tell(struct client *client, const char *format, ...) SCRIPT_FORMAT;
/* Likewise of a request, made for it, that shows token ("" for none). */
struct client *request(struct world *world, const char *session,
	    const char *token, const char *format, ...)
	    __attribute__((format(printf, 4, 5)));
struct client *post(struct world *world, const char *session,
	    const char *token, const char *format, ...)
	    __attribute__((format(printf, 4, 5)));
/* The next message that client received is this one. */
void	 expect(struct client *client, const char *format, ...) SCRIPT_FORMAT;
/* It is an error of code; format is what follows its text, as in ",'seq':7". */
void	 expect_error(struct client *client, const char *code,
	    const char *format, ...) __attribute__((format(printf, 3, 4)));
/*
 * It is a multicartUpdate that shows these carts: "Ann* {}, Bob! {'a':1}",
 * * for the host, ! for who is ready, " locked" behind if it says so, and
 * " @1.4" for a cursor, and " @1.4.n" for one that goes on with what the client
 * was told besides; it remembers it.
 */
void	 expect_carts(struct client *client, const char *format, ...)
	    SCRIPT_FORMAT;
/* The request was answered, with this cursor ("" for none), no error. */
void	 expect_answer(const struct client *request, const char *cursor);
/* It was answered with an error alone; as expect_error(). */
void	 expect_refusal(struct client *request, const char *code,
	    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* It was not answered yet. */
void	 expect_waiting(const struct client *request);
/* Nothing more was received. */
void	 expect_nothing(const struct client *client);

/*
 * Start or join a session as customer name, with its reply and the multicart
 * that follows taken and, but for their form, ignored.
 */
struct client *world_start(struct world *world, const char *session,
	    const char *name);
struct client *world_join(struct world *world, const char *session,
	    const char *name);
/* Likewise with a token. */
struct client *world_start_resumable(struct world *world, const char *session,
	    const char *name);
struct client *world_join_resumable(struct world *world, const char *session,
	    const char *name);
/* Likewise by a request, which knows its customer then. */
struct client *world_start_by_request(struct world *world, const char *session,
	    const char *name);
struct client *world_join_by_request(struct world *world, const char *session,
	    const char *name);

#endif
