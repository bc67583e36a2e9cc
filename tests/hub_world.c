#include "hub_world.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "hub/hub.h"
#include "hub/job.h"
#include "hub/outbox.h"
#include "hub/quota.h"
#include "session/session.h"
#include "wire/message.h"
#include "wire/multicart.h"
#include "world_store.h"

enum {
	IDLE_SLICE = 2,		/* sessions looked at by one FIND_IDLE */
	ERASE_SLICE = 2,	/* bodies erased by one ERASE */
	TURNS_MAX = 10000,	/* more without a rest are a loop */
	MONO_AT_START_MS = 1000000,
	BOOT_AHEAD_MS = 500000	/* it was suspended before */
};

#define WALL_AHEAD_MS UINT64_C(1700000000000)

struct world {
	struct world_config config;
	struct now now;
	struct quota *quota;
	struct shops *shops;
	struct hub *hub;
	struct client_list clients;
	unsigned starts;

	struct world_store *store;	/* the real one; or NULL */
	struct stored_list stored;	/* by row */
	struct job_list out;		/* with the storage */
	bool	 is_held;
	unsigned refusals;		/* lists still to be refused */
	unsigned write_refusals;
	unsigned read_refusals;		/* of LOADs */
	unsigned lists_done;
	unsigned loads_done;

	struct record *notes;		/* note_count of them, in order */
	size_t	 note_count;
	unsigned hindrances;		/* of SCRUBs by a reader */
	struct retention last_retention;
	unsigned retention_slices;
	unsigned heads_logged;
	uint64_t free_bytes;		/* of its disk */
	unsigned measured;
};

static const char *said_first = "";

void
world_say_first(const char *words)
{
	said_first = words;
}

/* As ck_assert, which costs a system call each time that all is well. */
static void
require(bool is_so, const char *what)
{
	if (!is_so)
		ck_abort_msg("%s%s", said_first, what);
}

void
world_defaults(struct world_config *config)
{
	*config = (struct world_config){
		.hub = {
			.limits = {
				.max_customers = 50,
				.max_remembered = 200,
				.max_cart_bytes = 2097152,
			},
			.absence_window_ms = { 5000, 60000 },
			.poll_presence_ms = 75000,
			.presence_grace_ms = 4000,
			.max_say = 4096,
			.max_said = 16777216,
			.max_held_polls = 4,
			.session_ttl_ms = 86400000,
			.lock_time_ms = 900000,
		},
		.shop = { .name = "", .ticket_audience = "" },
	};
	memset(&config->key, 7, sizeof(config->key));
}

/* The real storage numbers on where the world does. */
static void
check_rows(struct world *world, const struct hub_config *config)
{
	int64_t session_row, customer_row;

	world_store_rows(world->store, &session_row, &customer_row);
	require(session_row == config->session_row &&
	    customer_row == config->customer_row,
	    "the real storage knows the highest rows");
	require(world_store_has_locked(world->store) == config->has_locked,
	    "the real storage knows whether sessions are locked");
}

static void
world_boot(struct world *world)
{
	struct hub_config config = {
		.key = world->config.key,
		.quota = world->quota,
		.shops = world->shops,
	};
	struct stored *stored;
	size_t i;

	/* No two starts draw the same random bytes. */
	world->starts++;
	memcpy(&config.seed, &world->starts, sizeof(world->starts));
	TAILQ_FOREACH(stored, &world->stored, entry) {
		config.session_row = stored->session->row;
		config.has_locked |= stored->session->is_locked;
		for (i = 0; i < stored->count; i++)
			if (stored->records[i].customer_row >
			    config.customer_row)
				config.customer_row =
				    stored->records[i].customer_row;
	}
	if (world->store != NULL)
		check_rows(world, &config);
	world->hub = hub_new(&config, &world->config.hub, &world->now);
}

struct world *
world_new_with(const struct world_config *config)
{
	struct world *world = xcalloc(1, sizeof(*world));
	const struct id_key hash_key = { .bytes = { 0 } };
	const struct quota_settings quota = {
		.sessions_per_minute = config->sessions_per_minute,
		.attempts_per_minute = config->joins_per_minute,
		.writes = config->address_writes,
	};

	world->config = *config;
	world->free_bytes = UINT64_MAX;
	world->now = (struct now){
		.mono_ms = MONO_AT_START_MS,
		.mono_us = MONO_AT_START_MS * 1000,
		.boot_ms = MONO_AT_START_MS + BOOT_AHEAD_MS,
		.wall_ms = WALL_AHEAD_MS + MONO_AT_START_MS,
	};
	world->quota = quota_new(&hash_key, &quota);
	world->shops = shops_new(&hash_key, &world->config.shop, 1);
	TAILQ_INIT(&world->clients);
	TAILQ_INIT(&world->stored);
	STAILQ_INIT(&world->out);
	if (config->has_store)
		world->store = world_store_new();
	world_boot(world);
	return world;
}

void
world_configure(struct world *world)
{
	shops_configure(world->shops, &world->config.shop, 1);
	hub_configure(world->hub, &world->config.hub, &world->now);
}

struct world *
world_new(void)
{
	struct world_config config;

	world_defaults(&config);
	return world_new_with(&config);
}

struct shops *
world_shops(struct world *world)
{
	return world->shops;
}

struct hub *
world_hub(struct world *world)
{
	return world->hub;
}

const struct now *
world_now(const struct world *world)
{
	return &world->now;
}

struct world_config *
world_config(struct world *world)
{
	return &world->config;
}

struct client_list *
world_clients(struct world *world)
{
	return &world->clients;
}

struct stored_list *
world_all_stored(struct world *world)
{
	return &world->stored;
}

unsigned
world_lists_done(const struct world *world)
{
	return world->lists_done;
}

unsigned
world_loads_done(const struct world *world)
{
	return world->loads_done;
}

const struct stored *
world_stored(struct world *world, const char *session)
{
	struct stored *stored;

	TAILQ_FOREACH(stored, &world->stored, entry)
		if (strcmp(stored->session->id->data, session) == 0)
			return stored;
	return NULL;
}

const struct record *
world_record(struct world *world, const char *session)
{
	const struct stored *stored = world_stored(world, session);

	ck_assert_ptr_nonnull(stored);
	return &stored->records[stored->count - 1];
}

size_t
world_notes(const struct world *world, const struct record **notes)
{
	*notes = world->notes;
	return world->note_count;
}

void
world_hinder(struct world *world, unsigned n)
{
	world->hindrances = n;
}

unsigned
world_retention_slices(const struct world *world, struct retention *last)
{
	*last = world->last_retention;
	return world->retention_slices;
}

void
world_set_free(struct world *world, uint64_t bytes)
{
	world->free_bytes = bytes;
}

unsigned
world_measured(const struct world *world)
{
	return world->measured;
}

unsigned
world_heads_logged(const struct world *world)
{
	return world->heads_logged;
}

static void
stored_free(struct stored *stored)
{
	size_t i;

	for (i = 0; i < stored->count; i++) {
		record_clear(&stored->records[i]);
		multicart_unref(stored->shown[i]);
	}
	free(stored->records);
	free(stored->shown);
	session_free(stored->session);
	free(stored);
}

static struct stored *
stored_find(struct world *world, int64_t row)
{
	struct stored *stored;

	TAILQ_FOREACH(stored, &world->stored, entry)
		if (stored->session->row == row)
			return stored;
	return NULL;
}

static struct stored *
stored_new(struct world *world, const struct record *record)
{
	const struct stored *last = TAILQ_LAST(&world->stored, stored_list);
	struct stored *stored = xcalloc(1, sizeof(*stored));

	require(last == NULL || last->session->row < record->session_row,
	    "rows of sessions grow");
	require(world_stored(world, record->session->data) == NULL,
	    "a session has one row");
	stored->session = session_new(record->session, record->session_row);
	TAILQ_INSERT_TAIL(&world->stored, stored, entry);
	return stored;
}

static void
store_record(struct world *world, const struct record *record)
{
	struct stored *stored = stored_find(world, record->session_row);
	size_t n;

	if (stored == NULL)
		stored = stored_new(world, record);
	require(strcmp(stored->session->id->data, record->session->data) == 0,
	    "a row has one session");
	require(session_apply(stored->session, record) == 0,
	    "records come without a gap and know their customers");
	require(record->readiness == stored->session->readiness,
	    "records say whether they got everybody ready");
	n = stored->count++;
	stored->records = xrealloc(stored->records,
	    stored->count * sizeof(*stored->records));
	stored->records[n] = *record;
	payload_ref(record->session);
	payload_ref(record->name);
	payload_ref(record->cart);
	payload_ref(record->account);
	stored->shown = xrealloc(stored->shown,
	    stored->count * sizeof(struct multicart *));
	stored->shown[n] = multicart_encode(stored->session);
}

/* Who left first comes first. */
static int
by_leaving(const void *a, const void *b)
{
	const struct customer *one = *(struct customer *const *)a;
	const struct customer *other = *(struct customer *const *)b;

	if (one->incarnation != other->incarnation)
		return one->incarnation < other->incarnation ? -1 : 1;
	if (one->left_revision != other->left_revision)
		return one->left_revision < other->left_revision ? -1 : 1;
	return one->row < other->row ? -1 : 1;
}

/* The customers of state, but no absent host; the caller's. */
static struct customer **
list_leavers(const struct session *session, enum customer_state state,
    size_t *count)
{
	struct customer **list = xcalloc(session->counts[state] + 1,
	    sizeof(*list));
	struct customer *customer;

	*count = 0;
	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state == state &&
		    (state == CUSTOMER_GONE || !customer->is_host))
			list[(*count)++] = customer;
	qsort(list, *count, sizeof(struct customer *), by_leaving);
	return list;
}

/* The absent of whom the first are not remembered, but for the host. */
static void
forget_absent(struct session *session, size_t max_remembered)
{
	struct customer **list, *customer;
	size_t count, i;

	if (max_remembered == 0)
		return;
	list = list_leavers(session, CUSTOMER_AWAY, &count);
	for (i = 0; i < count &&
	    session->counts[CUSTOMER_AWAY] > max_remembered; i++) {
		customer = list[i];
		session->counts[CUSTOMER_AWAY]--;
		session->counts[CUSTOMER_GONE]++;
		customer->state = CUSTOMER_GONE;
		if (customer->cart != NULL)
			session->cart_bytes -= customer->cart->len;
		payload_unref(customer->cart);
		payload_unref(customer->name);
		customer->cart = customer->name = NULL;
	}
	free(list);
	list = list_leavers(session, CUSTOMER_GONE, &count);
	for (i = 0; i < count && count - i > max_remembered; i++)
		session_forget_customer(session, list[i]);
	free(list);
}

/* A session as its records make it, of whom the absent are forgotten. */
static struct session *
load(struct world *world, const struct payload *id)
{
	const struct stored *stored = world_stored(world, id->data);
	const struct customer *customer;
	struct session *session;

	if (stored == NULL)
		return NULL;
	session = session_new(stored->session->id, stored->session->row);
	session->is_running = stored->session->is_running;
	session->incarnation = stored->session->incarnation;
	session->revision = stored->session->revision;
	session->active_ms = stored->session->active_ms;
	session->is_locked = stored->session->is_locked;
	session->locked_ms = stored->session->locked_ms;
	TAILQ_FOREACH(customer, &stored->session->customers, entry) {
		struct customer copy = *customer;

		payload_ref(copy.name);
		payload_ref(copy.cart);
		copy.owner_json = NULL;
		(void)session_restore_customer(session, &copy);
	}
	forget_absent(session, world->config.hub.limits.max_remembered);
	return session;
}

static void
find_idle(struct world *world, struct job *job)
{
	const struct stored *stored;
	unsigned rows = 0;

	job->idle.ids = xcalloc(IDLE_SLICE, sizeof(struct payload *));
	job->idle.next_row = job->idle.after_row;
	TAILQ_FOREACH(stored, &world->stored, entry) {
		if (stored->session->row <= job->idle.next_row ||
		    !stored->session->is_running)
			continue;
		if (rows++ == IDLE_SLICE)
			return;
		job->idle.next_row = stored->session->row;
		if (stored->session->active_ms < job->idle.before_ms)
			job->idle.ids[job->idle.count++] =
			    payload_ref(stored->session->id);
	}
	job->idle.next_row = 0;
}

static void
find_locked(struct world *world, struct job *job)
{
	const struct stored *stored;

	job->idle.ids = xcalloc(IDLE_SLICE, sizeof(struct payload *));
	job->idle.next_row = job->idle.after_row;
	TAILQ_FOREACH(stored, &world->stored, entry) {
		if (stored->session->row <= job->idle.next_row ||
		    !stored->session->is_locked)
			continue;
		if (job->idle.count == IDLE_SLICE)
			return;
		job->idle.next_row = stored->session->row;
		job->idle.ids[job->idle.count++] =
		    payload_ref(stored->session->id);
	}
	job->idle.next_row = 0;
}

static bool
take_refusal(unsigned *refusals)
{
	if (*refusals == 0)
		return false;
	--*refusals;
	return true;
}

/* Keep a note, which is dropped if nobody knows its session. */
static void
note(struct world *world, const struct record *record)
{
	require(record_is_note(record->event) && record->revision == 0,
	    "a note is one");
	if (record->session_row != 0 &&
	    stored_find(world, record->session_row) == NULL)
		return;
	/* Twice the room whenever there are 1, 2, 4, ... */
	if ((world->note_count & (world->note_count - 1)) == 0)
		world->notes = xrealloc(world->notes, sizeof(*world->notes) *
		    (world->note_count == 0 ? 1 : 2 * world->note_count));
	world->notes[world->note_count] = *record;
	payload_ref(record->name);
	payload_ref(record->session);
	world->note_count++;
}

static bool
is_about(const struct record *note, const struct record *record)
{
	return !note->has_customer || (record->has_customer &&
	    customer_id_equal(&note->customer, &record->customer));
}

/* The row of the customer that the first slice finds away; 0 if it does not. */
static int64_t
away_row(const struct stored *stored, const struct job *job)
{
	const struct customer *customer;

	if (job->erase.upto_row != 0 || !job->record.has_customer)
		return 0;
	customer = session_customer(stored->session, &job->record.customer);
	return customer != NULL && customer->state == CUSTOMER_AWAY ?
	    customer->row : 0;
}

/* Rows are counted within the session; the note's is behind all of them. */
static void
erase(struct world *world, struct job *job)
{
	struct stored *stored = stored_find(world, job->record.session_row);
	size_t i, known = 0;

	require(stored != NULL, "what is erased was loaded");
	for (i = 0; i < stored->count; i++)
		known += is_about(&job->record, &stored->records[i]);
	job->erase.note_row = job->erase.upto_row;
	job->erase.away_row = away_row(stored, job);
	if (job->erase.away_row != 0)
		return;
	if (known > 0 && job->erase.upto_row == 0) {
		note(world, &job->record);
		job->erase.note_row = (int64_t)stored->count + 1;
	}
	for (i = (size_t)job->erase.after_row;
	     job->erase.note_row != 0 && i < (size_t)job->erase.note_row - 1 &&
	     job->erase.bodies < ERASE_SLICE;
	     i++)
		job->erase.bodies +=
		    is_about(&job->record, &stored->records[i]);
	job->erase.next_row =
	    (int64_t)i == job->erase.note_row - 1 ? 0 : (int64_t)i;
}

/* A slice for each step, and one more for what is old. */
static void
retain(struct world *world, struct job *job)
{
	struct retention *pass = &job->retain.next;

	*pass = job->retain.pass;
	require(pass->step != RETENTION_OVER, "a pass has something to do");
	world->last_retention = *pass;
	world->retention_slices++;
	pass->head_row = 1;
	if (pass->step == RETENTION_PURGE && pass->note_row == 0) {
		note(world, &job->record);
		pass->note_row = 1;
		return;
	}
	pass->step++;
}

static struct session_summary
summary_of(const struct session *session)
{
	struct session_summary summary = {
		.row = session->row,
		.id = session->id,
		.incarnation = session->incarnation,
		.revision = session->revision,
		.active_ms = session->active_ms,
		.customers = session->counts[CUSTOMER_SEATED],
	};
	const struct customer *customer;

	TAILQ_FOREACH(customer, &session->customers, entry)
		summary.ready += customer->state == CUSTOMER_SEATED &&
		    customer->is_ready;
	return summary;
}

static const struct shop *
shop_named(const struct world *world, const char *name)
{
	const struct shop *shop = shops_first(world->shops);

	while (strcmp(shop->name, name) != 0)
		shop = shops_next(shop);
	return shop;
}

/* They are stored in the order of their rows. */
static void
list_running(struct world *world, struct job *job)
{
	const struct stored *stored;

	job->list.sessions = xcalloc(job->list.max,
	    sizeof(*job->list.sessions));
	TAILQ_FOREACH(stored, &world->stored, entry) {
		const char *name = stored->session->id->data;

		if (!stored->session->is_running ||
		    stored->session->row <= job->list.after_row ||
		    shops_of_session(world->shops, name) !=
		    shop_named(world, job->list.shop))
			continue;
		if (job->list.count == job->list.max) {
			job->list.next_row =
			    job->list.sessions[job->list.max - 1].row;
			return;
		}
		job->list.sessions[job->list.count] =
		    summary_of(stored->session);
		payload_ref(job->list.sessions[job->list.count++].id);
	}
}

static void
store_job(struct world *world, struct job *job)
{
	struct stored *stored;

	job->result = JOB_DONE;
	switch (job->kind) {
	case JOB_APPEND:
		store_record(world, &job->record);
		return;
	case JOB_ANSWER:
		return;
	case JOB_LOAD:
		job->load.session = load(world, job->load.id);
		world->loads_done++;
		return;
	case JOB_TOUCH:
		stored = stored_find(world, job->touch.session_row);
		require(stored != NULL, "a session in use is stored");
		stored->session->active_ms = job->touch.used_ms;
		return;
	case JOB_FIND_IDLE:
		find_idle(world, job);
		return;
	case JOB_LIST:
		list_running(world, job);
		return;
	case JOB_FIND_LOCKED:
		find_locked(world, job);
		return;
	case JOB_NOTE:
	case JOB_CALL:
		note(world, &job->record);
		return;
	case JOB_ERASE:
		erase(world, job);
		return;
	case JOB_SCRUB:
		job->erase.is_hindered = take_refusal(&world->hindrances);
		return;
	case JOB_RETAIN:
		retain(world, job);
		return;
	case JOB_LOG_HEAD:
		world->heads_logged++;
		return;
	case JOB_WEBHOOK:
		return;
	case JOB_MEASURE_DISK:
		job->disk.is_measured = true;
		job->disk.free_bytes = world->free_bytes;
		world->measured++;
		return;
	}
}

static bool
reads_only(const struct job *job)
{
	return job->kind == JOB_LOAD || job->kind == JOB_FIND_IDLE ||
	    job->kind == JOB_LIST || job->kind == JOB_FIND_LOCKED ||
	    job->kind == JOB_LOG_HEAD || job->kind == JOB_MEASURE_DISK;
}

/* Whether the list that is out writes something. */
static bool
list_writes(const struct world *world)
{
	const struct job *job;

	STAILQ_FOREACH(job, &world->out, entry)
		if (!reads_only(job) && job->kind != JOB_ANSWER &&
		    job->kind != JOB_NOTE)
			return true;
	return false;
}

static bool
same_text(const struct payload *a, const struct payload *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Who is gone may have lost the proof of its request, with its body. */
static bool
same_customer(const struct customer *a, const struct customer *b)
{
	return customer_id_equal(&a->id, &b->id) && a->row == b->row &&
	    a->state == b->state && a->is_host == b->is_host &&
	    a->is_ready == b->is_ready && a->has_token == b->has_token &&
	    (a->state == CUSTOMER_GONE || (a->has_request == b->has_request &&
	    memcmp(a->request, b->request, sizeof(a->request)) == 0)) &&
	    a->incarnation == b->incarnation &&
	    a->left_revision == b->left_revision &&
	    memcmp(a->seq, b->seq, sizeof(a->seq)) == 0 &&
	    same_text(a->name, b->name) && same_text(a->cart, b->cart);
}

static void
check_loaded(const struct session *real, const struct session *own)
{
	const struct customer *a, *b;

	require((real == NULL) == (own == NULL), "the storages know a session");
	if (real == NULL)
		return;
	require(strcmp(real->id->data, own->id->data) == 0 &&
	    real->row == own->row && real->is_running == own->is_running &&
	    real->incarnation == own->incarnation &&
	    real->revision == own->revision &&
	    real->active_ms == own->active_ms &&
	    real->is_locked == own->is_locked &&
	    real->locked_ms == own->locked_ms,
	    "the storages have the same session");
	require(memcmp(real->counts, own->counts, sizeof(own->counts)) == 0 &&
	    real->cart_bytes == own->cart_bytes,
	    "the storages remember the same customers");
	b = TAILQ_FIRST(&own->customers);
	TAILQ_FOREACH(a, &real->customers, entry) {
		require(same_customer(a, b),
		    "the storages have the same of a customer");
		b = TAILQ_NEXT(b, entry);
	}
}

static void
check_load(struct world *world, const struct job *job)
{
	const struct stored *stored = world_stored(world,
	    job->load.id->data);
	struct session *own = load(world, job->load.id);

	if (stored == NULL || stored->erased_upto == 0)
		check_loaded(job->load.session, own);
	session_free(own);
	world->loads_done++;
}

/* The real storage finds all at once. */
static void
check_idle(struct world *world, const struct job *job)
{
	const struct stored *stored;
	size_t n = 0;

	require(job->idle.next_row == 0, "a few sessions are one slice");
	TAILQ_FOREACH(stored, &world->stored, entry) {
		if (stored->session->row <= job->idle.after_row ||
		    !stored->session->is_running ||
		    stored->session->active_ms >= job->idle.before_ms)
			continue;
		require(n < job->idle.count && same_text(job->idle.ids[n],
		    stored->session->id), "the storages find who is idle");
		n++;
	}
	require(n == job->idle.count, "the storages find as many idle");
}

/* Likewise. */
static void
check_locked(struct world *world, const struct job *job)
{
	const struct stored *stored;
	size_t n = 0;

	require(job->idle.next_row == 0, "a few locked ones are one slice");
	TAILQ_FOREACH(stored, &world->stored, entry) {
		if (stored->session->row <= job->idle.after_row ||
		    !stored->session->is_locked)
			continue;
		require(n < job->idle.count && same_text(job->idle.ids[n],
		    stored->session->id), "the storages find who is locked");
		n++;
	}
	require(n == job->idle.count, "the storages find as many locked");
}

/* The customer is nameless, should it take part again. */
static void
forget_customer(struct customer *customer)
{
	customer->has_request = false;
	memset(customer->request, 0, sizeof(customer->request));
	if (customer->state == CUSTOMER_GONE)
		return;
	payload_unref(customer->name);
	payload_unref(customer->cart);
	payload_unref(customer->owner_json);
	customer->name = payload_new("", 0);
	customer->cart = customer->owner_json = NULL;
}

static void
forget_body(struct record *record)
{
	record->has_request = false;
	memset(record->request, 0, sizeof(record->request));
	if (record->name != NULL) {
		payload_unref(record->name);
		record->name = payload_new("", 0);
	}
	payload_unref(record->cart);
	record->cart = NULL;
	payload_unref(record->account);
	record->account = NULL;
}

/* What note says is done for all of what was there before. */
static void
forget_bodies(struct stored *stored, const struct record *note)
{
	struct customer *customer;
	size_t i;

	for (i = 0; i < stored->erased_upto; i++) {
		struct record *record = &stored->records[i];

		if (!is_about(note, record))
			continue;
		forget_body(record);
		customer = session_customer(stored->session,
		    &record->customer);
		if (record->has_customer && customer != NULL)
			forget_customer(customer);
	}
	stored->erased_upto = 0;
}

/* A slice: the storages know whom to erase. */
static void
check_erase(struct world *world, const struct job *job)
{
	struct stored *stored = stored_find(world, job->record.session_row);
	size_t i, known = 0;

	require(stored != NULL, "what is erased was loaded");
	require(job->erase.away_row == away_row(stored, job),
	    "the storages know who is away");
	if (job->erase.away_row != 0)
		return;
	if (job->erase.upto_row == 0) {
		for (i = 0; i < stored->count; i++)
			known += is_about(&job->record, &stored->records[i]);
		require((job->erase.note_row != 0) == (known > 0),
		    "the storages know whom to erase");
		if (known > 0)
			note(world, &job->record);
		stored->erased_upto = stored->count;
	}
	if (job->erase.next_row == 0)
		forget_bodies(stored, &job->record);
}

static void
check_list(struct world *world, const struct job *job)
{
	struct job own = {
		.kind = JOB_LIST,
		.list = { .after_row = job->list.after_row,
		    .max = job->list.max },
	};
	size_t i;

	memcpy(own.list.shop, job->list.shop, sizeof(own.list.shop));
	list_running(world, &own);
	require(own.list.count == job->list.count,
	    "the storages list as many sessions");
	for (i = 0; i < own.list.count; i++) {
		const struct session_summary *a = &own.list.sessions[i];
		const struct session_summary *b = &job->list.sessions[i];

		require(a->row == b->row && a->revision == b->revision &&
		    a->incarnation == b->incarnation &&
		    a->active_ms == b->active_ms &&
		    a->customers == b->customers && a->ready == b->ready,
		    "the storages list the same sessions");
	}
	job_drop_result(&own);
}

/* The real storage has done the job: the world's does the same. */
static void
follow(struct world *world, struct job *job)
{
	switch (job->kind) {
	case JOB_APPEND:
	case JOB_TOUCH:
	case JOB_NOTE:
	case JOB_CALL:
		store_job(world, job);
		return;
	case JOB_LOAD:
		check_load(world, job);
		return;
	case JOB_FIND_IDLE:
		check_idle(world, job);
		return;
	case JOB_FIND_LOCKED:
		check_locked(world, job);
		return;
	case JOB_ERASE:
		check_erase(world, job);
		return;
	case JOB_LIST:
		check_list(world, job);
		return;
	case JOB_ANSWER:
	case JOB_SCRUB:
	case JOB_RETAIN:
	case JOB_WEBHOOK:
	case JOB_LOG_HEAD:
	case JOB_MEASURE_DISK:
		return;
	}
}

static void
check_stored(struct world *world)
{
	const struct stored *stored;

	TAILQ_FOREACH(stored, &world->stored, entry) {
		struct session *own = load(world, stored->session->id);
		struct session *real = world_store_load(world->store,
		    stored->session->id,
		    world->config.hub.limits.max_remembered);

		if (stored->erased_upto == 0)
			check_loaded(real, own);
		session_free(own);
		session_free(real);
	}
}

/* What fails the world's storage is trouble for the real one. */
static void
store_really(struct world *world)
{
	bool is_in_trouble = take_refusal(&world->refusals) ||
	    take_refusal(&world->write_refusals) ||
	    take_refusal(&world->read_refusals);
	bool drops_notes = world_store_do(world->store, &world->out,
	    world->config.hub.limits.max_remembered, is_in_trouble);
	struct job *job;

	STAILQ_FOREACH(job, &world->out, entry)
		if (job->result == JOB_DONE &&
		    (job->kind != JOB_NOTE || !drops_notes))
			follow(world, job);
	check_stored(world);
	world->lists_done++;
}

static void
store_list(struct world *world)
{
	bool fails = take_refusal(&world->refusals);
	bool fails_to_write = list_writes(world) &&
	    take_refusal(&world->write_refusals);
	struct job *job;

	STAILQ_FOREACH(job, &world->out, entry)
		if (fails_to_write && job->kind == JOB_NOTE)
			job->result = JOB_DONE;	/* it is dropped */
		else if (fails || (fails_to_write && !reads_only(job)) ||
		    (job->kind == JOB_LOAD &&
		    take_refusal(&world->read_refusals)))
			job->result = JOB_REFUSED;
		else
			store_job(world, job);
	world->lists_done++;
}

static void
client_hear(struct client *client, const struct outbox_item *item)
{
	size_t tail_len = strlen(item->tail);
	struct line *line = xcalloc(1,
	    sizeof(*line) + item->len + tail_len + 1);

	memcpy(line->text, item->body->data, item->len);
	memcpy(line->text + item->len, item->tail, tail_len);
	STAILQ_INSERT_TAIL(&client->heard, line, entry);
}

void
catch_up(struct client *client)
{
	struct outbox_item item;

	while (
	    hub_peer_next_message(client->world->hub, &client->peer, &item)) {
		client_hear(client, &item);
		payload_unref(item.body);
		multicart_unref(item.multicart);
	}
}

static void
client_part(struct client *client)
{
	struct peer *peer = &client->peer;
	struct world *world = client->world;

	client->is_connected = false;
	hub_detach(world->hub, peer, &world->now);
	if (peer->is_limited)
		quota_disconnect(world->quota, peer->quota_key,
		    world->now.mono_ms);
	payload_unref(peer->session_id);
	payload_unref(peer->address);
}

/*
 * All that the hub has for the request is its answer.  Its cursor is that of
 * the multicart in it, or of the poll without one.
 */
static void
request_answer(struct client *request)
{
	const struct multicart *state = request->peer.outbox.multicart;
	bool is_held = request->poll.is_held;
	uint64_t incarnation = state != NULL ? state->incarnation :
	    is_held ? request->poll.incarnation : 0;
	uint64_t revision = state != NULL ? state->revision :
	    is_held ? request->poll.revision : 0;
	const char *number;

	catch_up(request);
	number = hub_peer_number(&request->peer);
	if (incarnation > 0)
		(void)snprintf(request->cursor, sizeof(request->cursor),
		    "%" PRIu64 ".%" PRIu64 "%s%s", incarnation, revision,
		    number[0] != '\0' ? "." : "", number);
	request->is_answered = true;
	client_part(request);
}

static void
request_step(struct client *request)
{
	if (request->peer.wants_close || hub_peer_is_answered(&request->peer))
		request_answer(request);
	else if (request->poll.is_held && !request->is_held) {
		request->is_held = true;
		request->held_until_ms = request->world->now.mono_ms +
		    (uint64_t)request->poll.wait_s * 1000;
	}
}

static void
client_wake(struct peer *peer)
{
	struct client *client = (struct client *)peer;

	if (peer->request != NULL) {
		request_step(client);
		return;
	}
	if (!client->is_slow)
		catch_up(client);
	if (peer->wants_ping)
		client->pings++;
	peer->wants_ping = false;
}

void
hang_up(struct client *client)
{
	client_part(client);
	world_run(client->world);
}

void
world_forget(struct client *client)
{
	ck_assert(!client->is_connected);
	ignore(client);
	TAILQ_REMOVE(&client->world->clients, client, entry);
	free(client);
}

static void
close_unwanted(struct world *world)
{
	struct client *client;

	TAILQ_FOREACH(client, &world->clients, entry) {
		if (!client->is_connected || !client->peer.wants_close ||
		    client->peer.request != NULL)
			continue;
		client->was_closed = true;
		client_part(client);
	}
}

/* One turn; false if there is nothing left to do. */
static bool
turn(struct world *world)
{
	bool did = false;

	if (!hub_has_jobs_out(world->hub)) {
		hub_take_jobs(world->hub, &world->out);
		require(hub_has_jobs_out(world->hub) ==
		    !STAILQ_EMPTY(&world->out), "a list is out or is not");
	}
	if (!world->is_held && !STAILQ_EMPTY(&world->out)) {
		if (world->store != NULL)
			store_really(world);
		else
			store_list(world);
		hub_complete_jobs(world->hub, &world->out, &world->now);
		require(STAILQ_EMPTY(&world->out), "jobs are freed");
		did = true;
	}
	hub_wake_peers(world->hub);
	close_unwanted(world);
	return did || hub_has_woken(world->hub);
}

void
world_run(struct world *world)
{
	unsigned n = 0;

	while (turn(world))
		require(++n < TURNS_MAX, "the hub rests some time");
}

/* When the hub wants to be woken, or a request has been held long enough. */
static uint64_t
next_event_ms(const struct world *world)
{
	uint64_t next_ms = hub_next_tick_ms(world->hub);
	const struct client *client;

	TAILQ_FOREACH(client, &world->clients, entry)
		if (client->is_connected && client->is_held &&
		    client->held_until_ms < next_ms)
			next_ms = client->held_until_ms;
	return next_ms;
}

static void
move_clock(struct world *world, uint64_t mono_ms)
{
	struct client *client;

	if (mono_ms > world->now.mono_ms) {
		world->now.wall_ms += mono_ms - world->now.mono_ms;
		world->now.boot_ms += mono_ms - world->now.mono_ms;
		world->now.mono_ms = mono_ms;
		world->now.mono_us = mono_ms * 1000;
	}
	hub_tick(world->hub, &world->now);
	TAILQ_FOREACH(client, &world->clients, entry)
		if (client->is_connected && client->is_held &&
		    client->held_until_ms <= world->now.mono_ms)
			request_answer(client);
	world_run(world);
}

void
world_wait(struct world *world, uint64_t ms)
{
	uint64_t end_ms = world->now.mono_ms + ms;
	uint64_t next_ms;
	unsigned n = 0;

	world_run(world);
	while ((next_ms = next_event_ms(world)) <= end_ms) {
		require(++n < TURNS_MAX, "a tick brings time forward");
		move_clock(world, next_ms);
	}
	move_clock(world, end_ms);
}

void
world_set_clock(struct world *world, uint64_t wall_ms)
{
	world->now.wall_ms = wall_ms;
}

void
world_suspend(struct world *world, uint64_t ms)
{
	world->now.wall_ms += ms;
	world->now.boot_ms += ms;
}

void
world_hold(struct world *world)
{
	world->is_held = true;
}

void
world_go_on(struct world *world)
{
	world->is_held = false;
	world_run(world);
}

void
world_do_one(struct world *world)
{
	world->is_held = false;
	ck_assert(turn(world));
	world->is_held = true;
	world_run(world);
}

void
world_refuse(struct world *world, unsigned n)
{
	world->refusals = n;
}

void
world_refuse_writing(struct world *world, unsigned n)
{
	world->write_refusals = n;
}

void
world_refuse_reading(struct world *world, unsigned n)
{
	world->read_refusals = n;
}

static void
world_stop(struct world *world)
{
	struct client *client;
	struct job *job;

	TAILQ_FOREACH(client, &world->clients, entry)
		if (client->is_connected)
			client_part(client);
	hub_free(world->hub);
	while ((job = STAILQ_FIRST(&world->out)) != NULL) {
		STAILQ_REMOVE_HEAD(&world->out, entry);
		job_free(job);
	}
	world->is_held = false;
	world->refusals = 0;
	world->write_refusals = 0;
	world->read_refusals = 0;
}

void
world_crash(struct world *world)
{
	world_stop(world);
	if (world->store != NULL) {
		world_store_reopen(world->store);
		check_stored(world);
	}
	world_boot(world);
}

void
world_restart(struct world *world)
{
	world_run(world);
	ck_assert(hub_is_drained(world->hub));
	world_crash(world);
}

void
world_free(struct world *world)
{
	struct client *client;
	struct stored *stored;

	world_stop(world);
	while ((client = TAILQ_FIRST(&world->clients)) != NULL)
		world_forget(client);
	while ((stored = TAILQ_FIRST(&world->stored)) != NULL) {
		TAILQ_REMOVE(&world->stored, stored, entry);
		stored_free(stored);
	}
	while (world->note_count > 0)
		record_clear(&world->notes[--world->note_count]);
	free(world->notes);
	quota_free(world->quota);
	shops_free(world->shops);
	world_store_free(world->store);
	free(world);
}

static bool
client_is_excused(const struct peer *peer)
{
	return ((const struct client *)peer)->is_excused;
}

static const struct peer_ops client_ops = { client_wake, client_is_excused };

static struct client *
client_new(struct world *world, const char *session, enum transport transport)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->world = world;
	client->is_connected = true;
	client->peer.ops = &client_ops;
	client->peer.transport = transport;
	client->peer.session_id = payload_new(session, strlen(session));
	client->peer.shop = shops_of_session(world->shops, session);
	STAILQ_INIT(&client->heard);
	TAILQ_INSERT_TAIL(&world->clients, client, entry);
	return client;
}

struct client *
world_connect_by(struct world *world, const char *session,
    enum transport transport)
{
	struct client *client = client_new(world, session, transport);

	hub_attach(world->hub, &client->peer, &world->now);
	return client;
}

struct client *
world_connect(struct world *world, const char *session)
{
	return world_connect_by(world, session, TRANSPORT_WEBSOCKET);
}

struct client *
world_request(struct world *world, const char *session, const char *bearer)
{
	struct client *request = client_new(world, session, TRANSPORT_HTTP);

	require(strlen(bearer) < sizeof(request->bearer), "a bearer's token");
	memcpy(request->bearer, bearer, strlen(bearer));
	request->poll.bearer = request->bearer;
	request->peer.request = &request->poll;
	hub_attach(world->hub, &request->peer, &world->now);
	return request;
}

void
client_come_from(struct client *client, uint8_t address)
{
	struct peer *peer = &client->peer;
	char text[RECORD_ADDRESS_CHARS + 1];
	int n;

	n = snprintf(text, sizeof(text), "2001:db8::%x", address);
	peer->address = payload_new(text, (size_t)n);
	peer->is_limited = true;
	peer->quota_key[QUOTA_KEY_BYTES - 1] = address;
	ck_assert_int_eq(quota_connect(client->world->quota, peer->quota_key),
	    0);
}

struct client *
world_connect_from(struct world *world, const char *session, uint8_t address)
{
	struct client *client = world_connect(world, session);

	client_come_from(client, address);
	return client;
}

void
client_send_message(struct client *client, const char *text)
{
	struct world *world = client->world;
	size_t len = strlen(text);
	char *copy = xcalloc(1, len + 1);

	require(hub_peer_is_ready(world->hub, &client->peer),
	    "who speaks is ready to");
	/* Without a NUL, as from a frame. */
	memcpy(copy, text, len);
	copy = xrealloc(copy, len > 0 ? len : 1);
	hub_receive(world->hub, &client->peer, copy, len, &world->now);
	free(copy);
	if (client->peer.request != NULL)
		request_step(client);
}

struct line *
client_take(struct client *client)
{
	struct line *line = STAILQ_FIRST(&client->heard);

	if (line != NULL)
		STAILQ_REMOVE_HEAD(&client->heard, entry);
	return line;
}

void
ignore(struct client *client)
{
	struct line *line;

	while ((line = client_take(client)) != NULL)
		free(line);
}

void
world_ignore(struct world *world)
{
	struct client *client;

	TAILQ_FOREACH(client, &world->clients, entry)
		ignore(client);
}

void
pong(struct client *client)
{
	ck_assert_uint_gt(client->pings, 0);
	client->pings--;
	hub_receive_pong(client->world->hub, &client->peer,
	    &client->world->now);
	world_run(client->world);
}
