#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "feed.h"
#include "net/unsent.h"
#include "net/ws.h"
#include "net/ws_keepalive.h"
#include "wire/ws_deflate.h"

const char suite_name[] = "ws";

/*
 * A connection on one end of a socketpair, its peer on the other, and a clock
 * that stands still unless a test moves it.
 */

enum {
	PING_INTERVAL_S = 25,
	PONG_TIMEOUT_S = 20,
	STALL_TIMEOUT_S = 30,
	SEND_TIMEOUT_S = 300,
	MESSAGE_TIMEOUT_S = 30,
	CLOSE_TIMEOUT_S = 5,
	REST_TIMEOUT_S = 30,
	MAX_MESSAGE = 2000,
	QUEUE = 8,
	TURNS = 8, /* enough for everything that is not blocked */
	HEARD_BYTES = 8 * 1024 * 1024
};

static uint64_t clock_ns = 1000000000;

/* Instead of the C library's: what libuv takes the time from. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;	/* there is only one time */
	ts->tv_sec = (time_t)(clock_ns / 1000000000);
	ts->tv_nsec = (long)(clock_ns % 1000000000);
	return 0;
}

struct world {
	uv_loop_t loop;
	struct unsent *unsent;
	struct ws_service *service;
	struct ws ws;
	int	 peer;
	struct buf said;	/* the messages, each with a '|' behind it */
	struct buf heard;	/* what the peer received */
	struct ws_outgoing queue[QUEUE];
	size_t	 queued;
	struct ws_compressed *shared;	/* of what is sent */
	size_t patience; /* messages until the owner is not ready */
	unsigned pongs;
	unsigned pings;
	unsigned frames;	/* as frames() says */
	bool	 is_throttled;
	unsigned sent;
	unsigned closed;
	bool	 has_ended;	/* the peer read an end of file */
	void	(*in_message)(struct world *world);
	void	(*in_next)(struct world *world);
};

static struct world *
world_of(const struct ws *ws)
{
	return (struct world *)((uintptr_t)ws - offsetof(struct world, ws));
}

static void
on_message(struct ws *ws, enum ws_opcode opcode, const char *data, size_t len)
{
	struct world *world = world_of(ws);

	ck_assert(opcode == WS_TEXT || opcode == WS_BINARY);
	ck_assert_uint_gt(world->patience, 0);
	world->patience--;
	ck_assert_int_eq(buf_append(&world->said, data, len), 0);
	ck_assert_int_eq(buf_append(&world->said, "|", 1), 0);
	if (world->in_message != NULL)
		world->in_message(world);
}

static bool
is_throttled(const struct ws *ws)
{
	return world_of(ws)->is_throttled;
}

static bool
is_ready(const struct ws *ws)
{
	return world_of(ws)->patience > 0;
}

static size_t
on_next_bytes(const struct ws *ws)
{
	const struct world *world = world_of(ws);

	return world->queued == 0 ? 0 : world->queue[0].len;
}

static bool
on_next(struct ws *ws, struct ws_outgoing *out)
{
	struct world *world = world_of(ws);

	if (world->in_next != NULL)
		world->in_next(world);
	if (world->queued == 0)
		return false;
	*out = world->queue[0];
	world->queued--;
	memmove(world->queue, world->queue + 1,
	    world->queued * sizeof(world->queue[0]));
	ws_compress(ws, out, world->shared);
	return true;
}

static void
on_sent(struct ws *ws)
{
	world_of(ws)->sent++;
}

static void
on_pong(struct ws *ws)
{
	world_of(ws)->pongs++;
}

static void
on_frames(struct ws *ws, unsigned n)
{
	world_of(ws)->frames += n;
}

static void
on_ping(struct ws *ws)
{
	world_of(ws)->pings++;
}

static void
on_closed(struct ws *ws)
{
	world_of(ws)->closed++;
}

static void
on_too_big(struct ws *ws)
{
	(void)ws;	/* its close frame says so */
}

static const struct ws_owner owner = {
	.message = on_message,
	.is_ready = is_ready,
	.is_throttled = is_throttled,
	.next_bytes = on_next_bytes,
	.next = on_next,
	.sent = on_sent,
	.pong = on_pong,
	.ping = on_ping,
	.frames = on_frames,
	.too_big = on_too_big,
	.closed = on_closed,
};

static void
turn(struct world *world)
{
	int i;

	for (i = 0; i < TURNS; i++) {
		if (world->service != NULL)
			ws_service_turn(world->service);
		uv_run(&world->loop, UV_RUN_NOWAIT);
	}
}

static void
pass_s(struct world *world, unsigned seconds)
{
	clock_ns += (uint64_t)seconds * 1000000000;
	turn(world);
}

static struct world *
world_new(const struct ws_deflate_params *deflate, const char *extra)
{
	struct world *world = xcalloc(1, sizeof(*world));
	int fds[2];
	const struct unsent_settings unsent = {
		.timeout_s = SEND_TIMEOUT_S,
	};
	struct ws_config config = { .loop = &world->loop };
	const struct ws_settings settings = {
		.max_message = MAX_MESSAGE,
		.ping_interval_s = PING_INTERVAL_S,
		.pong_timeout_s = PONG_TIMEOUT_S,
		.stall_timeout_s = STALL_TIMEOUT_S,
		.message_timeout_s = MESSAGE_TIMEOUT_S,
	};

	uv_loop_init(&world->loop);
	buf_init(&world->said, HEARD_BYTES);
	buf_init(&world->heard, HEARD_BYTES);
	world->patience = SIZE_MAX;
	world->unsent = unsent_new(&world->loop, &unsent);
	config.unsent = world->unsent;
	world->service = ws_service_new(&config, &settings);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	world->peer = fds[0];
	ws_open(world->service, &world->ws, &owner, fds[1], deflate, extra,
	    strlen(extra));
	return world;
}

static struct world *
world_plain(void)
{
	struct world *world = world_new(NULL, "");

	turn(world);
	return world;
}

/* Ends the connection if it is still there; closed() has to come once. */
static void
world_free(struct world *world)
{
	ws_abort(&world->ws);
	turn(world);
	ck_assert_uint_eq(world->closed, 1);
	while (world->queued > 0)
		payload_unref(world->queue[--world->queued].body);
	ws_service_free(world->service);
	unsent_free(world->unsent);
	world->service = NULL;
	turn(world);
	ck_assert_int_eq(uv_loop_close(&world->loop), 0);
	close(world->peer);
	buf_clear(&world->said);
	buf_clear(&world->heard);
	free(world);
}

static void
push(struct world *world, const char *body, const char *tail)
{
	ck_assert_uint_lt(world->queued, QUEUE);
	world->queue[world->queued++] = (struct ws_outgoing){
		.opcode = WS_TEXT,
		.body = payload_new(body, strlen(body)),
		.len = strlen(body),
		.tail = tail,
	};
}

enum { LARGE = 3 * 1024 * 1024 };

/* A message of so many bytes 'a'. */
static void
push_bytes(struct world *world, size_t len)
{
	char *text = xcalloc(1, len + 1);

	memset(text, 'a', len);
	push(world, text, NULL);
	free(text);
}

static void
push_large(struct world *world)
{
	push_bytes(world, LARGE);
}

/* Send bytes to the connection, which has to have room for them. */
static void
say_bytes(struct world *world, const void *bytes, size_t n)
{
	ck_assert_int_eq(send(world->peer, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* A literal of frames, and a turn. */
#define say(world, frames) do {						\
	say_bytes((world), (frames), sizeof(frames) - 1);		\
	turn(world);							\
} while (0)

static void
say_end(struct world *world)
{
	shutdown(world->peer, SHUT_WR);
	turn(world);
}

/* Receive what there is. */
static void
hear(struct world *world)
{
	char *place;
	ssize_t n;

	for (;;) {
		place = buf_reserve(&world->heard, 65536);
		ck_assert_ptr_nonnull(place);
		n = recv(world->peer, place, 65536, 0);
		if (n <= 0)
			break;
		buf_added(&world->heard, (size_t)n);
		turn(world);
	}
	world->has_ended = n == 0;
}

static void
expect_bytes(struct world *world, const void *bytes, size_t n)
{
	hear(world);
	ck_assert_uint_eq(world->heard.len, n);
	if (n > 0)
		ck_assert_mem_eq(buf_data(&world->heard), bytes, n);
	buf_clear(&world->heard);
}

/* The peer received exactly this literal since it was last asked. */
#define expect_heard(world, frames)					\
	expect_bytes((world), (frames), sizeof(frames) - 1)

static void
expect_said(const struct world *world, const char *messages)
{
	ck_assert_uint_eq(world->said.len, strlen(messages));
	if (world->said.len > 0)
		ck_assert_mem_eq(buf_data(&world->said), messages,
		    world->said.len);
}

enum { FRAME_MAX = 65536 };

/* One frame of what the peer received. */
struct frame {
	uint8_t	 first;		/* its first byte */
	const char *bytes;	/* all of it */
	size_t	 len;
	const char *payload;
	size_t	 payload_len;
};

/* Decode the frame at *at, which moves behind it; false at the end. */
static bool
next_frame(const struct world *world, size_t *at, struct frame *frame)
{
	const uint8_t *bytes = (const uint8_t *)buf_data(&world->heard) + *at;
	size_t header = 2, i;

	if (*at == world->heard.len)
		return false;
	frame->first = bytes[0];
	frame->bytes = (const char *)bytes;
	frame->payload_len = bytes[1];
	if (bytes[1] >= 126) {
		header = bytes[1] == 126 ? 4 : 10;
		frame->payload_len = 0;
		for (i = 2; i < header; i++)
			frame->payload_len = frame->payload_len << 8 |
			    bytes[i];
	}
	frame->payload = (const char *)bytes + header;
	frame->len = header + frame->payload_len;
	*at += frame->len;
	ck_assert_uint_le(*at, world->heard.len);
	return true;
}

static bool
is_control(const struct frame *frame)
{
	return (frame->first & 0x08) != 0;
}

static void
expect_all_a(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] != 'a')
			ck_abort_msg("byte %zu is 0x%02x", i, text[i]);
}

/* Masked with zeros, so that texts stay legible. */
#define MASK "\0\0\0\0"
#define TEXT_ONE "\x81\x83" MASK "one"
#define TEXT_TWO "\x81\x83" MASK "two"
#define TEXT_SIX "\x81\x83" MASK "six"
#define PING_A "\x89\x81" MASK "a"
#define PING_B "\x89\x81" MASK "b"
#define PONG "\x8a\x80" MASK
#define CLOSE_1001 "\x88\x82" MASK "\x03\xe9"
#define UNMASKED "\x81\x01x"

#define SERVER_ONE "\x81\x03one"
#define SERVER_PING "\x89\0"
#define SERVER_PONG_A "\x8a\x01" "a"
#define SERVER_PONG_B "\x8a\x01" "b"
#define SERVER_CLOSE_1001 "\x88\x02\x03\xe9"
#define SERVER_CLOSE_1002 "\x88\x02\x03\xea"
#define SERVER_CLOSE_1008 "\x88\x02\x03\xf0"
#define SERVER_CLOSE_1012 "\x88\x02\x03\xf4"

static void
feed_start(void *ctx)
{
	*(struct world **)ctx = world_plain();
}

static void
feed_piece(void *ctx, uint8_t *bytes, size_t n)
{
	struct world *world = *(struct world **)ctx;

	say_bytes(world, bytes, n);
	turn(world);
}

static void
feed_check(void *ctx)
{
	struct world *world = *(struct world **)ctx;

	expect_said(world, "one|two|");
	expect_heard(world, SERVER_PONG_A SERVER_CLOSE_1001);
	ck_assert(world->has_ended);
	world_free(world);
}

START_TEST(bytes_mean_the_same_however_they_are_cut)
{
	static const char bytes[] = TEXT_ONE PING_A TEXT_TWO CLOSE_1001;
	struct world *world;
	struct feed feed = { feed_start, feed_piece, feed_check, &world };

	feed_all(&feed, bytes, sizeof(bytes) - 1);
}
END_TEST

START_TEST(bytes_behind_the_handshake_come_first_and_from_the_loop)
{
	struct world *world = world_new(NULL, "\x81\x83zzzzO");

	expect_said(world, "");
	turn(world);
	say(world, "\x14\x1f");

	expect_said(world, "5ne|");
	world_free(world);
}
END_TEST

START_TEST(messages_are_sent_with_their_tails)
{
	struct world *world = world_plain();

	push(world, "{\"a\":1", "}");
	push(world, "plain", NULL);
	push(world, "", NULL);
	ws_wake(&world->ws);

	expect_heard(world, "\x81\x07{\"a\":1}" "\x81\x05plain" "\x81\0");
	ck_assert_uint_eq(world->sent, 3);
	world_free(world);
}
END_TEST

START_TEST(only_the_first_len_bytes_of_a_body_are_sent)
{
	struct world *world = world_plain();

	push(world, "body,cursor", "}");
	world->queue[0].len = 4;
	ws_wake(&world->ws);

	expect_heard(world, "\x81\x05" "body}");
	world_free(world);
}
END_TEST

/* A body that ends so many bytes before, or behind, its first frame does. */
START_TEST(tails_go_out_wherever_a_fragment_ends)
{
	struct world *world = world_plain();
	size_t len = (size_t)(FRAME_MAX - 2 + _i);
	char *text = xcalloc(1, len + 1);
	struct buf whole;
	struct frame frame;
	size_t at = 0;

	memset(text, 'b', len);
	push(world, text, ",}}");
	ws_wake(&world->ws);
	hear(world);
	buf_init(&whole, LARGE);
	while (next_frame(world, &at, &frame))
		ck_assert_int_eq(buf_append(&whole, frame.payload,
		    frame.payload_len), 0);

	ck_assert_uint_eq(whole.len, len + 3);
	ck_assert_mem_eq(buf_data(&whole), text, len);
	ck_assert_mem_eq(buf_data(&whole) + len, ",}}", 3);
	buf_clear(&whole);
	free(text);
	world_free(world);
}
END_TEST

START_TEST(pings_are_answered_in_order)
{
	struct world *world = world_plain();

	say(world, PING_A PING_B TEXT_ONE PING_A);

	expect_heard(world, SERVER_PONG_A SERVER_PONG_B SERVER_PONG_A);
	expect_said(world, "one|");
	ck_assert_uint_eq(world->sent, 0);
	world_free(world);
}
END_TEST

START_TEST(close_of_the_peer_is_echoed_and_the_stream_ends)
{
	struct world *world = world_plain();

	say(world, CLOSE_1001 TEXT_ONE);
	expect_heard(world, SERVER_CLOSE_1001);
	expect_said(world, "");
	ck_assert(world->has_ended);
	ck_assert_uint_eq(world->closed, 0);

	say_end(world);
	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_PEER);
	world_free(world);
}
END_TEST

START_TEST(close_without_code_is_answered_without_code)
{
	struct world *world = world_plain();

	say(world, "\x88\x80" MASK);

	expect_heard(world, "\x88\0");
	world_free(world);
}
END_TEST

START_TEST(peer_that_does_not_hang_up_is_cut)
{
	struct world *world = world_plain();

	say(world, CLOSE_1001);
	pass_s(world, CLOSE_TIMEOUT_S - 1);
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, 1);

	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

START_TEST(fault_of_the_peer_closes_with_its_code)
{
	struct world *world = world_plain();

	say(world, TEXT_ONE UNMASKED TEXT_TWO);

	expect_said(world, "one|");
	expect_heard(world, SERVER_CLOSE_1002);
	ck_assert(world->has_ended);
	ck_assert_int_eq(world->ws.end, WS_END_FAULT);
	world_free(world);
}
END_TEST

START_TEST(our_close_waits_for_the_answer)
{
	struct world *world = world_plain();

	push(world, "never", NULL);
	ws_close(&world->ws, WS_CLOSE_SERVICE_RESTART);
	ws_close(&world->ws, WS_CLOSE_NORMAL);
	ws_wake(&world->ws);
	say(world, TEXT_ONE PING_A PONG);
	expect_heard(world, SERVER_CLOSE_1012);
	expect_said(world, "");
	ck_assert(!world->has_ended);

	say(world, CLOSE_1001);
	hear(world);
	ck_assert(world->has_ended);
	ck_assert_int_eq(world->ws.end, WS_END_OWNER);
	world_free(world);
}
END_TEST

START_TEST(our_close_without_an_answer_ends_after_a_while)
{
	struct world *world = world_plain();

	ws_close(&world->ws, WS_CLOSE_NORMAL);
	pass_s(world, CLOSE_TIMEOUT_S - 1);
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, 1);

	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

START_TEST(answer_to_our_close_gives_time_to_hang_up)
{
	struct world *world = world_plain();

	ws_close(&world->ws, WS_CLOSE_NORMAL);
	pass_s(world, CLOSE_TIMEOUT_S - 1);
	say(world, CLOSE_1001);
	pass_s(world, CLOSE_TIMEOUT_S - 1);
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, 1);

	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

START_TEST(end_of_the_stream_ends_the_connection)
{
	struct world *world = world_plain();

	say_bytes(world, TEXT_ONE, sizeof(TEXT_ONE) - 1);
	say_end(world);

	expect_said(world, "one|");
	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_LOST);
	world_free(world);
}
END_TEST

static void
abort_now(struct world *world)
{
	ws_abort(&world->ws);
	ck_assert_uint_eq(world->closed, 0);
}

static void
close_now(struct world *world)
{
	ws_close(&world->ws, WS_CLOSE_POLICY_VIOLATION);
}

START_TEST(owner_may_abort_within_message)
{
	struct world *world = world_plain();

	world->in_message = abort_now;
	say(world, TEXT_ONE PING_A TEXT_TWO);

	expect_said(world, "one|");
	expect_heard(world, "");
	world_free(world);
}
END_TEST

START_TEST(owner_may_close_within_message)
{
	struct world *world = world_plain();

	world->in_message = close_now;
	say(world, TEXT_ONE TEXT_TWO CLOSE_1001);

	expect_said(world, "one|");
	expect_heard(world, SERVER_CLOSE_1008);
	ck_assert(world->has_ended);
	world_free(world);
}
END_TEST

START_TEST(owner_may_abort_within_next)
{
	struct world *world = world_plain();

	push(world, "one", NULL);
	world->in_next = abort_now;
	ws_wake(&world->ws);

	expect_heard(world, "");
	world_free(world);
}
END_TEST

START_TEST(message_that_next_gives_while_it_closes_is_sent_before)
{
	struct world *world = world_plain();

	push(world, "one", NULL);
	push(world, "two", NULL);
	world->in_next = close_now;
	ws_wake(&world->ws);

	expect_heard(world, SERVER_ONE SERVER_CLOSE_1008);
	world_free(world);
}
END_TEST

START_TEST(reading_stops_while_the_owner_is_not_ready)
{
	struct world *world = world_plain();

	world->patience = 1;
	say(world, TEXT_ONE TEXT_TWO "\x81\x83" MASK);
	say(world, "six" TEXT_ONE);
	expect_said(world, "one|");

	world->patience = 2;
	ws_wake(&world->ws);
	expect_said(world, "one|"); /* from the loop, not from ws_wake() */
	turn(world);
	expect_said(world, "one|two|six|");

	world->patience = 1;
	ws_wake(&world->ws);
	turn(world);
	expect_said(world, "one|two|six|one|");
	world_free(world);
}
END_TEST

static void
take_one_more(struct world *world)
{
	world->patience = 1;
}

START_TEST(reading_goes_on_once_in_a_turn)
{
	struct world *world = world_plain();

	world->patience = 0;
	say(world, TEXT_ONE TEXT_TWO TEXT_SIX);
	world->in_next = take_one_more;
	ws_wake(&world->ws);

	uv_run(&world->loop, UV_RUN_NOWAIT);
	expect_said(world, "one|");
	uv_run(&world->loop, UV_RUN_NOWAIT);
	expect_said(world, "one|two|");
	world_free(world);
}
END_TEST

START_TEST(waiting_input_is_no_silence)
{
	struct world *world = world_plain();

	world->patience = 0;
	say(world, TEXT_ONE);
	pass_s(world, 10 * PING_INTERVAL_S);
	expect_heard(world, "");
	world->patience = 1;
	ws_wake(&world->ws);
	turn(world);

	expect_said(world, "one|");
	ck_assert_uint_eq(world->closed, 0);
	world_free(world);
}
END_TEST

START_TEST(what_was_said_before_the_end_is_read_when_the_owner_is_ready)
{
	struct world *world = world_plain();

	world->patience = 1;
	say(world, TEXT_ONE TEXT_TWO);
	say(world, TEXT_SIX);
	say_end(world);
	pass_s(world, 10 * PING_INTERVAL_S);
	ck_assert_uint_eq(world->closed, 0);
	world->patience = SIZE_MAX;
	ws_wake(&world->ws);
	turn(world);

	expect_said(world, "one|two|six|");
	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

START_TEST(who_left_is_not_read_bit_by_bit_for_ever)
{
	struct world *world = world_plain();

	world->patience = 1;
	say(world, TEXT_ONE TEXT_TWO TEXT_SIX TEXT_ONE);
	say_end(world);
	pass_s(world, REST_TIMEOUT_S - 1);
	world->patience = 1;
	ws_wake(&world->ws);
	turn(world);
	expect_said(world, "one|two|");
	ck_assert_uint_eq(world->closed, 0);

	pass_s(world, 1);
	world->patience = 1;
	ws_wake(&world->ws);
	turn(world);
	expect_said(world, "one|two|six|");
	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

START_TEST(close_answers_even_if_the_owner_is_not_ready)
{
	struct world *world = world_plain();

	world->patience = 0;
	say(world, TEXT_ONE CLOSE_1001);
	expect_heard(world, "");
	ws_close(&world->ws, WS_CLOSE_SERVICE_RESTART);
	turn(world);

	expect_heard(world, SERVER_CLOSE_1012);
	expect_said(world, "");
	ck_assert(world->has_ended);
	world_free(world);
}
END_TEST

START_TEST(pings_of_one_who_does_not_read_are_bounded)
{
	struct world *world = world_plain();
	size_t sent = 0, i;

	while (send(world->peer, PING_A, sizeof(PING_A) - 1,
	    MSG_NOSIGNAL) == sizeof(PING_A) - 1) {
		sent++;
		turn(world);
		ck_assert_uint_lt(world->ws.out.control.len, 8192);
	}
	ck_assert_int_eq(errno, EAGAIN);
	hear(world);

	ck_assert_uint_eq(world->heard.len,
	    sent * (sizeof(SERVER_PONG_A) - 1));
	for (i = 0; i < world->heard.len; i += sizeof(SERVER_PONG_A) - 1)
		ck_assert_mem_eq(buf_data(&world->heard) + i, SERVER_PONG_A,
		    sizeof(SERVER_PONG_A) - 1);
	world_free(world);
}
END_TEST

/*
 * The peer received fragments of LARGE times 'a' and other frames.  Returns
 * how many bytes of the message came, and puts the other frames into others.
 */
static size_t
hear_large(struct world *world, struct buf *others)
{
	struct frame frame;
	size_t at = 0, len = 0;

	hear(world);
	while (next_frame(world, &at, &frame)) {
		if (is_control(&frame) || len == LARGE) {
			ck_assert_int_eq(buf_append(others, frame.bytes,
			    frame.len), 0);
			continue;
		}
		ck_assert_uint_le(frame.payload_len, FRAME_MAX);
		expect_all_a(frame.payload, frame.payload_len);
		len += frame.payload_len;
		ck_assert_uint_eq(frame.first, (len == LARGE ? 0x80 : 0) |
		    (len == frame.payload_len ? WS_TEXT : WS_CONTINUATION));
	}
	buf_clear(&world->heard);
	return len;
}

static size_t
expect_others(struct world *world, const void *bytes, size_t n)
{
	struct buf others;
	size_t len;

	buf_init(&others, HEARD_BYTES);
	len = hear_large(world, &others);
	ck_assert_uint_eq(others.len, n);
	ck_assert_mem_eq(buf_data(&others), bytes, n);
	buf_clear(&others);
	return len;
}

/* The peer received LARGE times 'a', and between or behind it this literal. */
#define expect_large(world, frames)					\
	ck_assert_uint_eq(expect_others((world), (frames),		\
	    sizeof(frames) - 1), LARGE)
/* It received only a part of that, and this. */
#define expect_part(world, frames)					\
	ck_assert_uint_lt(expect_others((world), (frames),		\
	    sizeof(frames) - 1), LARGE)

START_TEST(large_message_goes_out_as_the_socket_takes_it)
{
	struct world *world = world_plain();

	push_large(world);
	push(world, "one", NULL);
	ws_wake(&world->ws);
	ck_assert_uint_eq(world->queued, 1);
	ck_assert_uint_eq(world->sent, 0);
	say(world, PING_A);

	expect_large(world, SERVER_PONG_A SERVER_ONE);
	ck_assert_uint_eq(world->sent, 2);
	world_free(world);
}
END_TEST

/* How many bytes the peer received before the first control frame. */
static size_t
hear_before_control(struct world *world)
{
	struct frame frame;
	size_t at = 0, before = 0;

	hear(world);
	while (next_frame(world, &at, &frame) && !is_control(&frame))
		before = at;
	ck_assert(is_control(&frame));
	return before;
}

START_TEST(control_frames_go_out_between_fragments)
{
	struct world *world = world_plain();
	int at_once;

	push_large(world);
	ws_wake(&world->ws);
	ck_assert_int_eq(ioctl(world->peer, FIONREAD, &at_once), 0);
	say(world, PING_A);

	/* What the socket had already, and the rest of one fragment. */
	ck_assert_uint_le(hear_before_control(world),
	    (size_t)at_once + FRAME_MAX);
	expect_large(world, SERVER_PONG_A);
	world_free(world);
}
END_TEST

START_TEST(half_a_message_is_completed_before_the_close)
{
	struct world *world = world_plain();

	push_large(world);
	push(world, "one", NULL);
	ws_wake(&world->ws);
	say(world, CLOSE_1001);

	hear(world);
	ck_assert_mem_eq(buf_data(&world->heard) + world->heard.len - 4,
	    SERVER_CLOSE_1001, 4);
	expect_large(world, SERVER_CLOSE_1001);
	ck_assert(world->has_ended);
	world_free(world);
}
END_TEST

START_TEST(silent_peer_is_pinged_and_cut)
{
	struct world *world = world_plain();

	pass_s(world, PING_INTERVAL_S - 1);
	expect_heard(world, "");
	pass_s(world, 1);
	expect_heard(world, SERVER_PING);

	pass_s(world, PONG_TIMEOUT_S - 1);
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, 1);
	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_SILENCE);
	world_free(world);
}
END_TEST

START_TEST(peer_that_answers_stays)
{
	struct world *world = world_plain();
	unsigned i;

	for (i = 1; i <= 3; i++) {
		pass_s(world, PING_INTERVAL_S);
		expect_heard(world, SERVER_PING);
		pass_s(world, PONG_TIMEOUT_S - 1);
		say(world, PONG);
		ck_assert_uint_eq(world->pongs, i);
	}

	ck_assert_uint_eq(world->closed, 0);
	world_free(world);
}
END_TEST

START_TEST(any_byte_breaks_the_silence)
{
	struct world *world = world_plain();

	pass_s(world, PING_INTERVAL_S - 1);
	say(world, "\x81");
	pass_s(world, PING_INTERVAL_S - 1);
	expect_heard(world, "");
	pass_s(world, 1);

	expect_heard(world, SERVER_PING);
	world_free(world);
}
END_TEST

START_TEST(ping_can_be_asked_for)
{
	struct world *world = world_plain();

	ws_keepalive_ping(&world->ws);
	ws_keepalive_ping(&world->ws);
	expect_heard(world, SERVER_PING);
	say(world, PONG);

	ck_assert_uint_eq(world->pongs, 1);
	world_free(world);
}
END_TEST

START_TEST(reader_that_takes_nothing_is_closed)
{
	struct world *world = world_plain();

	push_large(world);
	ws_wake(&world->ws);
	pass_s(world, STALL_TIMEOUT_S - 1);
	say(world, TEXT_ONE);	/* speaking is not reading */
	pass_s(world, 1);
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, CLOSE_TIMEOUT_S);

	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_STALL);
	world_free(world);
}
END_TEST

START_TEST(reader_that_comes_back_in_time_is_told_why_it_is_closed)
{
	struct world *world = world_plain();

	push_large(world);
	ws_wake(&world->ws);
	pass_s(world, STALL_TIMEOUT_S);

	expect_part(world, SERVER_PING SERVER_CLOSE_1008);
	world_free(world);
}
END_TEST

START_TEST(slow_reader_that_takes_something_stays)
{
	struct world *world = world_plain();
	static char some[256 * 1024];
	int i;

	push_large(world);
	ws_wake(&world->ws);
	for (i = 0; i < 10; i++) {
		pass_s(world, STALL_TIMEOUT_S - 1);
		ck_assert_int_gt(recv(world->peer, some, sizeof(some), 0), 0);
		turn(world);
	}

	ck_assert_uint_eq(world->closed, 0);
	hear(world);
	ck_assert_uint_eq(world->ws.state, 0);
	world_free(world);
}
END_TEST

/* Take at most len bytes, of which there are some. */
static void
take_some(struct world *world, size_t len)
{
	static char some[256 * 1024];

	ck_assert_int_gt(recv(world->peer, some, len, 0), 0);
	turn(world);
}

START_TEST(who_takes_less_than_makes_room_is_not_stalled)
{
	struct world *world = world_plain();
	uint64_t handed;
	int i;

	push_large(world);
	ws_wake(&world->ws);
	handed = world->ws.handed;
	for (i = 0; i < 3; i++) {
		pass_s(world, STALL_TIMEOUT_S - 1);
		take_some(world, 40 * 1024);
		pass_s(world, 1);
		ck_assert_uint_eq(world->ws.state, 0);
	}
	/* It had no room all the time. */
	ck_assert_uint_eq(world->ws.handed, handed);

	pass_s(world, STALL_TIMEOUT_S);
	pass_s(world, CLOSE_TIMEOUT_S);
	ck_assert_int_eq(world->ws.end, WS_END_STALL);
	world_free(world);
}
END_TEST

/* Everything is in the kernel's hands, the ping behind it. */
static struct world *
world_with_ping_behind(size_t messages)
{
	struct world *world = world_plain();
	char *text = xcalloc(1, 20 * 1024 + 1);

	memset(text, 'a', 20 * 1024);
	for (; messages > 0; messages--)
		push(world, text, NULL);
	free(text);
	ws_wake(&world->ws);
	ck_assert_uint_eq(world->queued, 0);
	ck_assert(!world->ws.is_blocked);
	pass_s(world, PING_INTERVAL_S);
	return world;
}

START_TEST(who_takes_what_is_before_a_ping_is_not_silent)
{
	struct world *world = world_with_ping_behind(4);
	int i;

	for (i = 0; i < 3; i++) {
		pass_s(world, PONG_TIMEOUT_S - 1);
		take_some(world, 20 * 1024 + 4);
		ck_assert(ws_keepalive_is_excused(&world->ws));
		pass_s(world, 1);
		ck_assert_uint_eq(world->closed, 0);
		ck_assert(!ws_keepalive_is_excused(&world->ws));
	}
	pass_s(world, PONG_TIMEOUT_S);
	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_SILENCE);
	world_free(world);
}
END_TEST

START_TEST(who_takes_only_the_ping_is_silent)
{
	struct world *world = world_with_ping_behind(0);

	expect_heard(world, SERVER_PING);
	ck_assert(!ws_keepalive_is_excused(&world->ws));
	pass_s(world, PONG_TIMEOUT_S);

	ck_assert_uint_eq(world->closed, 1);
	ck_assert(!ws_keepalive_is_excused(&world->ws));
	world_free(world);
}
END_TEST

START_TEST(who_is_not_listened_to_is_excused)
{
	struct world *world = world_plain();

	world->patience = 0;
	say(world, TEXT_ONE);
	ws_keepalive_ping(&world->ws);
	ck_assert(ws_keepalive_is_excused(&world->ws));
	world->patience = 1;
	ws_wake(&world->ws);
	turn(world);

	ck_assert(!ws_keepalive_is_excused(&world->ws));
	world_free(world);
}
END_TEST

/* What is half there, and how it may go on for ever. */
static const struct {
	const char *begun;
	size_t	 begun_len;
	const char *more;
	size_t	 more_len;
} trickles[] = {
#define TRICKLE(begun, more)						\
	{ begun, sizeof(begun) - 1, more, sizeof(more) - 1 }
	TRICKLE("\x81", ""),
	TRICKLE("\x81\xfe\x03", ""),
	TRICKLE("\x81\xfe\x03\xe8" MASK, "a"),
	TRICKLE("\x01\x81" MASK "a", "\0\x80" MASK),
	TRICKLE("\x01\x81" MASK "a", PONG),
	TRICKLE("\x01\x80" MASK, "\0\x81" MASK "b" "\x8a"
	    "\x80" MASK),
	TRICKLE("\x8a\xfd" MASK, "a"),
	TRICKLE(TEXT_ONE PONG "\x8a\xfd" MASK, "a"),
};

START_TEST(what_trickles_has_to_end)
{
	struct world *world = world_plain();
	int i;

	say_bytes(world, trickles[_i].begun, trickles[_i].begun_len);
	turn(world);
	for (i = 1; i < MESSAGE_TIMEOUT_S; i++) {
		pass_s(world, 1);
		say_bytes(world, trickles[_i].more, trickles[_i].more_len);
		turn(world);
		ck_assert_uint_eq(world->ws.state, 0);
	}
	buf_clear(&world->heard);
	pass_s(world, 1);
	ck_assert_int_eq(world->ws.end, WS_END_LATE);
	pass_s(world, CLOSE_TIMEOUT_S);

	ck_assert_uint_eq(world->closed, 1);
	hear(world);
	ck_assert_mem_eq(buf_data(&world->heard) + world->heard.len - 4,
	    SERVER_CLOSE_1008, 4);
	world_free(world);
}
END_TEST

START_TEST(each_message_has_its_time)
{
	struct world *world = world_plain();
	int i;

	say(world, "\x01\x81" MASK "a");
	for (i = 0; i < 5; i++) {
		pass_s(world, MESSAGE_TIMEOUT_S - 1);
		/* The end of one, something between, the start of another. */
		say(world, "\x80\x80" MASK TEXT_ONE PONG
		    "\x01\x81" MASK "a");
	}
	say(world, "\x80\x80" MASK);
	pass_s(world, MESSAGE_TIMEOUT_S);

	expect_said(world, "a|one|a|one|a|one|a|one|a|one|a|");
	ck_assert_uint_eq(world->closed, 0);
	world_free(world);
}
END_TEST

/* Let the owner keep it from being read for a while. */
static void
pause_for(struct world *world, unsigned seconds)
{
	world->patience = 0;
	say(world, "\0\x80" MASK);
	ck_assert(world->ws.is_paused);
	pass_s(world, seconds);
	world->patience = SIZE_MAX;
	ws_wake(&world->ws);
	turn(world);
}

START_TEST(a_message_is_not_late_while_nothing_is_read)
{
	struct world *world = world_plain();

	say(world, "\x01\x81" MASK "a");
	pass_s(world, MESSAGE_TIMEOUT_S / 2);
	pause_for(world, 10 * MESSAGE_TIMEOUT_S);
	pass_s(world, MESSAGE_TIMEOUT_S / 2 - 1);
	say(world, "\x80\x80" MASK);

	expect_said(world, "a|");
	ck_assert_uint_eq(world->ws.state, 0);
	world_free(world);
}
END_TEST

START_TEST(pauses_do_not_keep_a_message_from_being_late)
{
	struct world *world = world_plain();
	int i;

	say(world, "\x01\x81" MASK "a");
	for (i = 0; i < MESSAGE_TIMEOUT_S; i++) {
		ck_assert_uint_eq(world->ws.state, 0);
		pass_s(world, 1);
		pause_for(world, 1);
	}

	ck_assert_uint_ne(world->ws.state, 0);
	ck_assert_int_eq(world->ws.end, WS_END_LATE);
	world_free(world);
}
END_TEST

START_TEST(fragments_without_end_are_told_of)
{
	struct world *world = world_plain();
	int i;

	say(world, "\x01\x80" MASK);
	for (i = 1; i < WS_FRAMES - 1; i++)
		say(world, "\0\x80" MASK);
	ck_assert_uint_eq(world->frames, 0);
	say(world, "\0\x80" MASK);
	ck_assert_uint_eq(world->frames, 1);
	for (i = 0; i < 3 * WS_FRAMES; i++)
		say_bytes(world, "\0\x80" MASK, 6);
	turn(world);
	ck_assert_uint_eq(world->frames, 4);
	world_free(world);
}
END_TEST

/* Whoever makes us pause has no longer for that. */
START_TEST(a_message_is_late_while_its_sender_is_paced)
{
	struct world *world = world_plain();

	say(world, "\x01\x81" MASK "a");
	world->is_throttled = true;
	pause_for(world, MESSAGE_TIMEOUT_S);

	ck_assert_uint_ne(world->ws.state, 0);
	ck_assert_int_eq(world->ws.end, WS_END_LATE);
	world_free(world);
}
END_TEST

START_TEST(reader_that_never_gets_to_the_end_is_cut_off)
{
	struct world *world = world_plain();
	static char some[256 * 1024];
	unsigned left_s = SEND_TIMEOUT_S;

	push_large(world);
	ws_wake(&world->ws);
	for (; left_s > STALL_TIMEOUT_S; left_s -= STALL_TIMEOUT_S - 1) {
		pass_s(world, STALL_TIMEOUT_S - 1);
		ck_assert_int_gt(recv(world->peer, some, sizeof(some), 0), 0);
		turn(world);
	}
	ck_assert_uint_eq(world->closed, 0);
	pass_s(world, left_s);

	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_STALL);
	world_free(world);
}
END_TEST

START_TEST(what_is_sent_at_once_is_not_unsent)
{
	struct world *world = world_plain();
	struct unsent_counts counts;

	push(world, "one", NULL);
	ws_wake(&world->ws);
	unsent_copy_counts(world->unsent, &counts);
	ck_assert_uint_eq(counts.bytes, 0);
	push_large(world);
	ws_wake(&world->ws);
	unsent_copy_counts(world->unsent, &counts);
	ck_assert_uint_eq(counts.bytes, LARGE);
	while (counts.bytes > 0) {
		hear(world);
		turn(world);
		unsent_copy_counts(world->unsent, &counts);
	}
	pass_s(world, 1);
	ck_assert_uint_eq(world->sent, 2);
	world_free(world);
}
END_TEST

/* Whether nothing is kept but what every connection has. */
static bool
is_bare(const struct world *world)
{
	const struct ws *ws = &world->ws;

	return ws->backlog == NULL && ws->timer == NULL && ws->unread == NULL;
}

static void
see_bare(struct world *world)
{
	ck_assert(is_bare(world));
}

START_TEST(what_comes_and_goes_at_once_needs_nothing_more)
{
	struct world *world = world_plain();

	world->in_message = see_bare;
	world->in_next = see_bare;
	say(world, TEXT_ONE TEXT_ONE PONG);
	push(world, "one", NULL);
	ws_wake(&world->ws);

	expect_said(world, "one|one|");
	expect_heard(world, SERVER_ONE);
	ck_assert(is_bare(world));
	world_free(world);
}
END_TEST

START_TEST(what_a_busy_time_needed_goes_with_it)
{
	struct world *world = world_plain();

	push_large(world);
	ws_wake(&world->ws);
	ck_assert_ptr_nonnull(world->ws.backlog);
	say(world, "\x01\x81" MASK "a");
	ck_assert_ptr_nonnull(world->ws.timer);
	world->patience = 1;
	say(world, "\x80\x80" MASK TEXT_ONE);
	ck_assert_ptr_nonnull(world->ws.unread);
	world->patience = 1;
	while (world->sent == 0) {
		hear(world);
		turn(world);
	}

	expect_said(world, "a|one|");
	ck_assert(is_bare(world));
	world_free(world);
}
END_TEST

START_TEST(over_the_budget_a_connection_is_cut_off)
{
	struct world *world = world_plain();
	const struct unsent_settings settings = { .max_bytes = LARGE - 1 };

	unsent_configure(world->unsent, &settings);
	push_large(world);
	ws_wake(&world->ws);
	turn(world);

	ck_assert_uint_eq(world->closed, 1);
	ck_assert_int_eq(world->ws.end, WS_END_STALL);
	world_free(world);
}
END_TEST

enum {
	TURN_BYTES = 4 * 1024 * 1024,
	CALL_BYTES = 8 * (FRAME_MAX + 10)
};

/* Another connection of the same service. */
static struct world *
world_beside(struct world *world)
{
	struct world *other = xcalloc(1, sizeof(*other));
	int fds[2];

	buf_init(&other->said, HEARD_BYTES);
	buf_init(&other->heard, HEARD_BYTES);
	other->patience = SIZE_MAX;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	other->peer = fds[0];
	ws_open(world->service, &other->ws, &owner, fds[1], NULL, "", 0);
	turn(world);
	return other;
}

static void
free_beside(struct world *world, struct world *other)
{
	ws_abort(&other->ws);
	turn(world);
	close(other->peer);
	free(other);
}

/* Take what the connection sends in one turn that does not end. */
static size_t
take_in_one_turn(struct world *world)
{
	static char some[256 * 1024];
	size_t taken = 0;
	ssize_t n;

	do {
		uv_run(&world->loop, UV_RUN_NOWAIT);
		n = recv(world->peer, some, sizeof(some), 0);
		taken += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return taken;
}

START_TEST(large_messages_leave_room_for_small_ones_in_each_turn)
{
	struct world *world = world_plain();
	struct world *other = world_beside(world);
	size_t taken;

	push_large(world);
	push_large(world);
	ws_service_turn(world->service);
	ws_wake(&world->ws);
	taken = take_in_one_turn(world);
	ck_assert_uint_ge(taken, TURN_BYTES);
	ck_assert_uint_lt(taken, TURN_BYTES + CALL_BYTES);

	push(other, "one", NULL);
	push_large(other);
	ws_wake(&other->ws);
	ck_assert_uint_eq(other->ws.handed, sizeof(SERVER_ONE) - 1);
	ws_keepalive_ping(&other->ws);
	(void)take_in_one_turn(world);
	ck_assert_uint_eq(other->ws.handed,
	    sizeof(SERVER_ONE SERVER_PING) - 1);

	ws_service_turn(world->service);
	ck_assert_uint_gt(take_in_one_turn(world), 0);
	ck_assert_uint_gt(other->ws.handed, FRAME_MAX);
	ck_assert_uint_eq(world->ws.state, 0);
	free_beside(world, other);
	world_free(world);
}
END_TEST

/* Ahead of the one message that there is. */
static void
push_before(struct world *world, const char *body)
{
	struct ws_outgoing large = world->queue[0];

	ck_assert_uint_eq(world->queued, 1);
	world->queued = 0;
	push(world, body, NULL);
	world->queue[world->queued++] = large;
}

/* Two large messages of world are more than a turn has room for. */
static void
spend_the_turn(struct world *world)
{
	push_large(world);
	push_large(world);
	ws_service_turn(world->service);
	ws_wake(&world->ws);
	(void)take_in_one_turn(world);
}

START_TEST(what_waits_for_its_turn_is_not_asked_for_before)
{
	struct world *world = world_plain();
	struct world *other = world_beside(world);

	spend_the_turn(world);
	push_large(other);
	ws_wake(&other->ws);
	ck_assert_uint_eq(other->queued, 1);
	ck_assert(ws_service_is_behind(world->service));
	/* What has come meanwhile goes first. */
	push_before(other, "one");
	ws_wake(&other->ws);
	ck_assert_uint_eq(other->queued, 1);
	ck_assert_uint_eq(other->ws.handed, sizeof(SERVER_ONE) - 1);

	ws_service_turn(world->service);
	ck_assert_uint_eq(other->queued, 0);
	ck_assert_uint_gt(other->ws.handed, FRAME_MAX);
	free_beside(world, other);
	world_free(world);
}
END_TEST

static void
push_one_more(struct world *world)
{
	push(world, "one", NULL);
}

START_TEST(who_always_has_more_lets_others_begin)
{
	enum { SHARE_BYTES = 256 * 1024 };
	struct world *world = world_plain();

	world->in_next = push_one_more;
	push_one_more(world);
	ws_wake(&world->ws);
	ck_assert_uint_lt(world->ws.handed, SHARE_BYTES);
	ck_assert(ws_service_is_behind(world->service));
	world->in_next = NULL;
	world_free(world);
}
END_TEST

/* Of a connection amid a message, and what it had sent of it. */
static const struct ws *begun;
static uint64_t begun_handed;

static void
see_begun_went_on(struct world *world)
{
	(void)world;	/* its message is asked for */
	ck_assert_uint_gt(begun->handed, begun_handed);
}

/* The socket has room again: the connection would go on, if it may. */
static void
make_room(struct world *world, struct world *other)
{
	static char some[256 * 1024];

	while (recv(other->peer, some, sizeof(some), 0) > 0)
		continue;
	uv_run(&world->loop, UV_RUN_NOWAIT);
	ck_assert(!other->ws.is_blocked);
}

START_TEST(who_is_amid_a_message_goes_on_before_others_begin)
{
	struct world *world = world_plain();
	struct world *first = world_beside(world);
	struct world *second = world_beside(world);

	push_large(first);
	ws_wake(&first->ws);
	ck_assert(first->ws.is_blocked);
	spend_the_turn(world);
	push_large(second);
	ws_wake(&second->ws);
	make_room(world, first);

	begun = &first->ws;
	begun_handed = first->ws.handed;
	second->in_next = see_begun_went_on;
	ws_service_turn(world->service);
	ck_assert_uint_eq(second->queued, 0);
	second->in_next = NULL;
	free_beside(world, second);
	free_beside(world, first);
	world_free(world);
}
END_TEST

static struct world *ending;

static void
see_ending_asked_for_nothing(struct world *world)
{
	(void)world;	/* its message is asked for */
	ck_assert(!ws_send_has_any(&ending->ws.out));
	ck_assert_uint_eq(ending->queued, 1);
}

START_TEST(who_comes_to_an_end_lets_those_begin_who_wait)
{
	enum { REST_BYTES = 100 * 1024 };
	struct world *world = world_plain();
	struct world *probe = world_beside(world);
	struct world *second = world_beside(world);

	push_large(probe);
	ws_wake(&probe->ws);
	ending = world_beside(world);
	push_bytes(ending, probe->ws.handed + REST_BYTES);
	push_large(ending);
	ws_wake(&ending->ws);
	spend_the_turn(world);
	push_large(second);
	ws_wake(&second->ws);
	make_room(world, ending);
	/* Who is called begins, whatever small it has to say before. */
	push_before(second, "one");

	second->in_next = see_ending_asked_for_nothing;
	ws_service_turn(world->service);
	ck_assert_uint_eq(second->queued, 0);
	ck_assert_uint_eq(ending->queued, 0);
	second->in_next = NULL;
	free_beside(world, ending);
	free_beside(world, second);
	free_beside(world, probe);
	world_free(world);
}
END_TEST

START_TEST(events_of_one_peer_are_bounded_in_each_turn)
{
	enum { PINGS = 200, PER_TURN = 64 };
	struct world *world = world_plain();
	size_t left = PINGS, n;
	int i;

	for (i = 0; i < PINGS; i++)
		say_bytes(world, PING_A, sizeof(PING_A) - 1);
	while (left > 0) {
		n = left < PER_TURN ? left : PER_TURN;
		uv_run(&world->loop, UV_RUN_NOWAIT);
		ck_assert_int_eq(recv(world->peer, buf_reserve(&world->heard,
		    1024), 1024, 0), (int)(n * (sizeof(SERVER_PONG_A) - 1)));
		left -= n;
	}

	ck_assert_uint_eq(world->ws.state, 0);
	world_free(world);
}
END_TEST

static const struct ws_deflate_params params = {
	.server_max_window_bits = 15,
	.client_max_window_bits = 15,
};

/* What the peer heard is one compressed frame of a short length: inflate it. */
static void
expect_compressed(struct world *world, const char *text)
{
	struct ws_codec *codec = ws_codec_new();
	size_t len = strlen(text);
	const uint8_t *heard;
	struct buf out;

	hear(world);
	heard = (const uint8_t *)buf_data(&world->heard);
	buf_init(&out, len);
	ck_assert_uint_eq(heard[0], 0xc1);
	ck_assert_uint_eq(heard[1], world->heard.len - 2);
	ck_assert_int_eq(ws_codec_inflate(codec, heard + 2,
	    world->heard.len - 2, &out, len), WS_INFLATE_OK);
	ck_assert_uint_eq(out.len, len);
	ck_assert_mem_eq(buf_data(&out), text, len);
	buf_clear(&out);
	buf_clear(&world->heard);
	ws_codec_free(codec);
}

enum { LONG = 1000 };

/* So many bytes 'a', and then '}'. */
static const char *
long_text(void)
{
	static char text[LONG + 2];

	memset(text, 'a', LONG);
	text[LONG] = '}';
	return text;
}

static void
push_long(struct world *world)
{
	push(world, long_text(), "}");
	world->queue[world->queued - 1].len = LONG;
}

static uint64_t
compressed_bytes(const struct world *world)
{
	struct ws_service_counts counts;

	ws_service_copy_counts(world->service, &counts);
	return counts.compressed_bytes;
}

START_TEST(agreed_compression_is_used_both_ways)
{
	struct world *world = world_new(&params, "");

	push_long(world);
	ws_wake(&world->ws);
	/* "Hello": RFC 7692, section 7.2.3.1 */
	say(world, "\xc1\x87" MASK "\xf2\x48\xcd\xc9\xc9\x07\0");

	expect_said(world, "Hello|");
	expect_compressed(world, long_text());
	ck_assert_uint_eq(compressed_bytes(world), LONG + 1);
	world_free(world);
}
END_TEST

START_TEST(what_others_get_too_is_compressed_once)
{
	struct world *world = world_new(&params, "");
	struct ws_compressed shared = { .is_tried = { false } };
	int i;

	world->shared = &shared;
	for (i = 0; i < 3; i++) {
		push_long(world);
		ws_wake(&world->ws);
		expect_compressed(world, long_text());
	}

	ck_assert_uint_eq(compressed_bytes(world), LONG + 1);
	ws_compressed_clear(&shared);
	world_free(world);
}
END_TEST

START_TEST(what_is_compressed_in_a_second_can_be_changed)
{
	struct ws_settings settings = { .max_message = LONG,
	    .compression_rate = 1 };
	struct world *world = world_new(&params, "");
	uint64_t before;
	int i;

	ws_service_configure(world->service, &settings);
	for (i = 0; i < 600; i++) {
		push_long(world);
		ws_wake(&world->ws);
		hear(world);
	}
	before = compressed_bytes(world);
	ck_assert_uint_lt(before, 600 * (LONG + 1));
	settings.compression_rate = 0;
	ws_service_configure(world->service, &settings);
	push_long(world);
	ws_wake(&world->ws);

	ck_assert_uint_gt(compressed_bytes(world), before);
	world_free(world);
}
END_TEST

START_TEST(nothing_is_compressed_for_who_did_not_agree)
{
	struct world *world = world_plain();
	struct ws_compressed shared = { .is_tried = { false } };

	world->shared = &shared;
	push_long(world);
	ws_wake(&world->ws);
	hear(world);

	ck_assert_uint_eq(world->heard.len, 4 + LONG + 1);
	ck_assert_mem_eq(buf_data(&world->heard), "\x81\x7e\x03\xe9", 4);
	ck_assert_uint_eq(compressed_bytes(world), 0);
	world_free(world);
}
END_TEST

/* Bytes that no compressor makes much smaller. */
static void
push_noise(struct world *world, size_t len)
{
	char *text = xcalloc(1, len + 1);
	uint32_t state = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		state = state * 1103515245 + 12345;
		text[i] = (char)(' ' + (state >> 16) % 95);
	}
	push(world, text, "}");
	free(text);
}

START_TEST(only_the_first_fragment_says_that_a_message_is_compressed)
{
	struct world *world = world_new(&params, "");
	struct ws_codec *codec = ws_codec_new();
	struct frame frame;
	struct buf packed, text;
	size_t at = 0, n = 0;

	buf_init(&packed, LARGE);
	buf_init(&text, LARGE);
	push_noise(world, 3 * FRAME_MAX);
	ws_wake(&world->ws);
	hear(world);
	while (next_frame(world, &at, &frame)) {
		ck_assert_uint_eq(frame.first,
		    (at == world->heard.len ? 0x80 : 0) |
		    (n++ == 0 ? 0x41 : 0));
		ck_assert_int_eq(buf_append(&packed, frame.payload,
		    frame.payload_len), 0);
	}

	ck_assert_uint_gt(n, 2);
	ck_assert_int_eq(ws_codec_inflate(codec,
	    (const uint8_t *)buf_data(&packed), packed.len, &text, LARGE),
	    WS_INFLATE_OK);
	ck_assert_uint_eq(text.len, 3 * FRAME_MAX + 1);
	ck_assert_mem_eq(buf_data(&text) + 3 * FRAME_MAX, "}", 1);
	ws_codec_free(codec);
	buf_clear(&packed);
	buf_clear(&text);
	world_free(world);
}
END_TEST

/* A compressed message of zeros, of the largest size. */
static size_t
make_bomb(uint8_t frame[100])
{
	static char zeros[MAX_MESSAGE];
	const struct iovec piece = { zeros, sizeof(zeros) };
	struct ws_codec *codec = ws_codec_new();
	struct buf bomb;
	size_t n;

	buf_init(&bomb, 90);
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, &piece, 1,
	    &bomb), 0);
	memcpy(frame, "\xc1\x80" MASK, 6);
	frame[1] |= (uint8_t)bomb.len;
	memcpy(frame + 6, buf_data(&bomb), bomb.len);
	n = 6 + bomb.len;
	buf_clear(&bomb);
	ws_codec_free(codec);
	return n;
}

/* Send so many of those. */
static void
say_bombs(struct world *world, size_t count)
{
	uint8_t frame[100];
	size_t i, n = make_bomb(frame);

	for (i = 0; i < count; i++)
		say_bytes(world, frame, n);
}

START_TEST(a_turn_inflates_hardly_more_than_it_reads)
{
	enum { BOMBS = 200, A_TURN = 33 };
	struct world *world = world_new(&params, "");
	size_t turns;

	turn(world);
	say_bombs(world, BOMBS);
	for (turns = 0; world->said.len < BOMBS * (MAX_MESSAGE + 1); turns++) {
		size_t before = world->said.len;

		uv_run(&world->loop, UV_RUN_NOWAIT);
		ck_assert_uint_le(world->said.len - before,
		    A_TURN * (MAX_MESSAGE + 1));
		ck_assert_uint_le(turns, BOMBS);
	}
	say(world, PING_A);

	expect_heard(world, SERVER_PONG_A);
	world_free(world);
}
END_TEST

START_TEST(who_sends_bombs_is_read_at_a_rate)
{
	/* Two of them at once, and then two a second. */
	const struct ws_settings settings = {
		.max_message = MAX_MESSAGE,
		.ping_interval_s = PING_INTERVAL_S,
		.inflation_rate = 2 * MAX_MESSAGE,
	};
	struct world *world = world_new(&params, "");

	ws_service_configure(world->service, &settings);
	turn(world);
	say_bombs(world, 5);
	turn(world);
	ck_assert_uint_eq(world->said.len, 2 * (MAX_MESSAGE + 1));
	/* The loop does not turn for the rest of them. */
	ck_assert_int_gt(uv_backend_timeout(&world->loop), 0);
	pass_s(world, 1);
	ck_assert_uint_eq(world->said.len, 4 * (MAX_MESSAGE + 1));
	pass_s(world, 1);
	ck_assert_uint_eq(world->said.len, 5 * (MAX_MESSAGE + 1));
	say(world, PING_A);

	expect_heard(world, SERVER_PONG_A);
	world_free(world);
}
END_TEST

START_TEST(nothing_is_inflated_for_long_once_we_close)
{
	struct world *world = world_new(&params, "");

	turn(world);
	ws_close(&world->ws, WS_CLOSE_NORMAL);
	say_bombs(world, 3);
	turn(world);

	expect_heard(world, "\x88\x02\x03\xe8");
	ck_assert(world->has_ended);
	expect_said(world, "");
	world_free(world);
}
END_TEST

START_TEST(descriptor_that_cannot_be_watched_is_closed_from_the_loop)
{
	struct world *world = world_plain();

	ws_abort(&world->ws);
	turn(world);
	world->closed = 0;
	ws_open(world->service, &world->ws, &owner,
	    open("/", O_RDONLY | O_CLOEXEC), NULL, "", 0);
	ck_assert_uint_eq(world->closed, 0);
	turn(world);

	ck_assert_uint_eq(world->closed, 1);
	world_free(world);
}
END_TEST

void
suite_add(TCase *tc)
{
	const TTest *const tests[] = {
		bytes_mean_the_same_however_they_are_cut,
		bytes_behind_the_handshake_come_first_and_from_the_loop,
		messages_are_sent_with_their_tails,
		only_the_first_len_bytes_of_a_body_are_sent,
		pings_are_answered_in_order,
		close_of_the_peer_is_echoed_and_the_stream_ends,
		close_without_code_is_answered_without_code,
		peer_that_does_not_hang_up_is_cut,
		fault_of_the_peer_closes_with_its_code,
		our_close_waits_for_the_answer,
		our_close_without_an_answer_ends_after_a_while,
		answer_to_our_close_gives_time_to_hang_up,
		end_of_the_stream_ends_the_connection,
		owner_may_abort_within_message,
		owner_may_close_within_message,
		owner_may_abort_within_next,
		message_that_next_gives_while_it_closes_is_sent_before,
		reading_stops_while_the_owner_is_not_ready,
		reading_goes_on_once_in_a_turn,
		waiting_input_is_no_silence,
		what_was_said_before_the_end_is_read_when_the_owner_is_ready,
		who_left_is_not_read_bit_by_bit_for_ever,
		close_answers_even_if_the_owner_is_not_ready,
		pings_of_one_who_does_not_read_are_bounded,
		large_message_goes_out_as_the_socket_takes_it,
		control_frames_go_out_between_fragments,
		half_a_message_is_completed_before_the_close,
		silent_peer_is_pinged_and_cut,
		peer_that_answers_stays,
		any_byte_breaks_the_silence,
		ping_can_be_asked_for,
		reader_that_takes_nothing_is_closed,
		reader_that_comes_back_in_time_is_told_why_it_is_closed,
		slow_reader_that_takes_something_stays,
		reader_that_never_gets_to_the_end_is_cut_off,
		what_is_sent_at_once_is_not_unsent,
		what_comes_and_goes_at_once_needs_nothing_more,
		what_a_busy_time_needed_goes_with_it,
		over_the_budget_a_connection_is_cut_off,
		who_takes_less_than_makes_room_is_not_stalled,
		who_takes_what_is_before_a_ping_is_not_silent,
		who_takes_only_the_ping_is_silent,
		who_is_not_listened_to_is_excused,
		large_messages_leave_room_for_small_ones_in_each_turn,
		what_waits_for_its_turn_is_not_asked_for_before,
		who_always_has_more_lets_others_begin,
		who_is_amid_a_message_goes_on_before_others_begin,
		who_comes_to_an_end_lets_those_begin_who_wait,
		events_of_one_peer_are_bounded_in_each_turn,
		each_message_has_its_time,
		a_message_is_not_late_while_nothing_is_read,
		a_message_is_late_while_its_sender_is_paced,
		fragments_without_end_are_told_of,
		pauses_do_not_keep_a_message_from_being_late,
		agreed_compression_is_used_both_ways,
		only_the_first_fragment_says_that_a_message_is_compressed,
		what_others_get_too_is_compressed_once,
		what_is_compressed_in_a_second_can_be_changed,
		nothing_is_compressed_for_who_did_not_agree,
		a_turn_inflates_hardly_more_than_it_reads,
		who_sends_bombs_is_read_at_a_rate,
		nothing_is_inflated_for_long_once_we_close,
		descriptor_that_cannot_be_watched_is_closed_from_the_loop,
	};
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, what_trickles_has_to_end, 0,
	    sizeof(trickles) / sizeof(trickles[0]));
	tcase_add_loop_test(tc, tails_go_out_wherever_a_fragment_ends, 0, 4);
}
