#include "presence.h"

#include <stdlib.h>

#include "base/timeout.h"
#include "base/xalloc.h"
#include "core.h"
#include "here.h"
#include "room.h"
#include "session/record.h"
#include "shop.h"
#include "unjoined.h"

struct seat *
presence_seat(struct room *room, struct customer *customer)
{
	struct seat *seat = customer->seat;

	if (seat != NULL)
		return seat;
	seat = xcalloc(1, sizeof(*seat));
	seat->room = room;
	seat->id = customer->id;
	seat->has_token = customer->has_token;
	seat->customer = customer;
	seat->row = customer->row;
	customer->seat = seat;
	TAILQ_INIT(&seat->peers);
	TAILQ_INSERT_TAIL(&room->seats, seat, entry);
	return seat;
}

static void
free_seat_if_unused(struct hub *hub, struct seat *seat)
{
	if (!TAILQ_EMPTY(&seat->peers) || seat->moves > 0 ||
	    seat->is_present_by_request || seat->is_absence_timed)
		return;
	if (seat->customer != NULL)
		seat->customer->seat = NULL;
	here_forget(hub, seat);
	TAILQ_REMOVE(&seat->room->seats, seat, entry);
	free(seat);
}

static void
start_absence_window(struct hub *hub, struct seat *seat)
{
	seat->is_absence_timed = true;
	hub->counts.awaited++;
	seat->expires_ms = timeout_end_ms(hub->now.mono_ms,
	    hub->settings.absence_window_ms[seat->has_token]);
	TAILQ_INSERT_TAIL(&hub->absent[seat->has_token], seat, absence);
}

static void
stop_absence_window(struct hub *hub, struct seat *seat)
{
	if (!seat->is_absence_timed)
		return;
	seat->is_absence_timed = false;
	hub->counts.awaited--;
	TAILQ_REMOVE(&hub->absent[seat->has_token], seat, absence);
}

/* Somebody is here again: the windows of all others open now. */
static void
start_absence_windows(struct hub *hub, struct room *room)
{
	struct customer *customer;
	struct seat *seat;

	if (room->session == NULL)
		return;
	TAILQ_FOREACH(customer, &room->session->customers, entry) {
		if (customer->state != CUSTOMER_SEATED)
			continue;
		seat = presence_seat(room, customer);
		if (!seat->is_present && !seat->is_absence_timed)
			start_absence_window(hub, seat);
		free_seat_if_unused(hub, seat);
	}
}

/* Nobody is here: nobody is waited for. */
static void
stop_absence_windows(struct hub *hub, struct room *room, const struct seat *but)
{
	struct seat *seat, *next;

	for (seat = TAILQ_FIRST(&room->seats); seat != NULL; seat = next) {
		next = TAILQ_NEXT(seat, entry);
		stop_absence_window(hub, seat);
		if (seat != but)
			free_seat_if_unused(hub, seat);
	}
}

static void
seat_became_present(struct hub *hub, struct seat *seat)
{
	struct room *room = seat->room;

	seat->is_present = true;
	hub->counts.present++;
	stop_absence_window(hub, seat);
	if (room->present++ > 0)
		return;
	hub->used_sessions++;
	/* The room may have been there before its shop. */
	if (room->shop == NULL && hub->config.shops != NULL)
		room->shop = shops_of_session(hub->config.shops,
		    room->id->data);
	if (room->shop != NULL)
		room->shop->sessions++;
	room->was_used = true;
	room->touched_ms = hub->now.mono_ms;
	TAILQ_INSERT_TAIL(&hub->touched, room, by_touch);
	start_absence_windows(hub, room);
}

static void
seat_became_absent(struct hub *hub, struct seat *seat)
{
	struct room *room = seat->room;

	seat->is_present = false;
	hub->counts.present--;
	if (--room->present == 0) {
		hub->used_sessions--;
		if (room->shop != NULL)
			room->shop->sessions--;
		TAILQ_REMOVE(&hub->touched, room, by_touch);
		stop_absence_windows(hub, room, seat);
		return;
	}
	if (seat->customer != NULL &&
	    seat->customer->state == CUSTOMER_SEATED)
		start_absence_window(hub, seat);
}

void
presence_update(struct hub *hub, struct seat *seat)
{
	bool is_present = !TAILQ_EMPTY(&seat->peers) || seat->moves > 0 ||
	    seat->is_present_by_request;

	if (is_present && !seat->is_present)
		seat_became_present(hub, seat);
	else if (!is_present && seat->is_present)
		seat_became_absent(hub, seat);
	free_seat_if_unused(hub, seat);
}

static void
clear_request(struct hub *hub, struct seat *seat)
{
	if (!seat->is_present_by_request)
		return;
	seat->is_present_by_request = false;
	TAILQ_REMOVE(&hub->requested, seat, requests);
}

void
presence_by_request(struct hub *hub, struct seat *seat)
{
	clear_request(hub, seat);
	seat->is_present_by_request = true;
	seat->request_ends_ms = timeout_end_ms(hub->now.mono_ms,
	    hub->settings.poll_presence_ms);
	TAILQ_INSERT_TAIL(&hub->requested, seat, requests);
	here_changed(hub, seat);
	presence_update(hub, seat);
}

void
presence_end_request(struct hub *hub, struct seat *seat)
{
	clear_request(hub, seat);
	presence_update(hub, seat);
}

void
presence_end_request_in(struct hub *hub, struct seat *seat, uint64_t ms)
{
	uint64_t end_ms = hub->now.mono_ms + ms;
	struct seat *after;

	if (ms == 0 || !seat->is_present_by_request) {
		presence_end_request(hub, seat);
		return;
	}
	if (seat->request_ends_ms <= end_ms)
		return;
	seat->request_ends_ms = end_ms;
	TAILQ_REMOVE(&hub->requested, seat, requests);
	TAILQ_FOREACH(after, &hub->requested, requests)
		if (after->request_ends_ms > end_ms)
			break;
	if (after == NULL)
		TAILQ_INSERT_TAIL(&hub->requested, seat, requests);
	else
		TAILQ_INSERT_BEFORE(after, seat, requests);
}

void
presence_bind(struct hub *hub, struct peer *peer, struct seat *seat)
{
	unjoined_remove(hub, peer);
	peer->seat = seat;
	TAILQ_INSERT_TAIL(&seat->peers, peer, entry);
	here_changed(hub, seat);
	presence_update(hub, seat);
}

void
presence_unbind(struct hub *hub, struct peer *peer)
{
	struct seat *seat = peer->seat;

	TAILQ_REMOVE(&seat->peers, peer, entry);
	peer->seat = NULL;
	peer->due = PEER_NOT_DUE;
	unjoined_add(hub, peer);
	outbox_drop_multicart(&peer->outbox);
	here_changed(hub, seat);
	presence_update(hub, seat);
}

struct peer *
presence_oldest_beyond(const struct seat *seat, size_t max,
    bool (*counts)(const struct peer *peer))
{
	struct peer *peer, *oldest = NULL;
	size_t count = 0;

	TAILQ_FOREACH_REVERSE(peer, &seat->peers, peer_list, entry) {
		if (!counts(peer))
			continue;
		count++;
		oldest = peer;
	}
	return max != 0 && count > max ? oldest : NULL;
}

void
presence_unlink(struct hub *hub, struct room *room)
{
	struct seat *seat, *next;

	for (seat = TAILQ_FIRST(&room->seats); seat != NULL; seat = next) {
		next = TAILQ_NEXT(seat, entry);
		stop_absence_window(hub, seat);
		if (seat->customer != NULL)
			seat->customer->seat = NULL;
		seat->customer = NULL;
		free_seat_if_unused(hub, seat);
	}
}

static void
unbind_all_peers(struct hub *hub, struct seat *seat)
{
	seat->moves++;	/* keeps it until all are gone */
	clear_request(hub, seat);
	while (!TAILQ_EMPTY(&seat->peers))
		presence_unbind(hub, TAILQ_FIRST(&seat->peers));
	seat->moves--;
	presence_update(hub, seat);
}

void
presence_relink(struct hub *hub, struct room *room)
{
	struct seat *seat, *next;

	for (seat = TAILQ_FIRST(&room->seats); seat != NULL; seat = next) {
		struct customer *customer;

		next = TAILQ_NEXT(seat, entry);
		customer = session_customer(room->session, &seat->id);
		if (customer == NULL || customer->state == CUSTOMER_GONE) {
			unbind_all_peers(hub, seat);
			continue;
		}
		seat->customer = customer;
		customer->seat = seat;
	}
	if (room->present > 0)
		start_absence_windows(hub, room);
}

void
presence_end_absence(struct hub *hub, struct seat *seat)
{
	stop_absence_window(hub, seat);
	free_seat_if_unused(hub, seat);
}

static void
change_windows(struct hub *hub, bool has_token, uint64_t before_ms)
{
	uint64_t after_ms = hub->settings.absence_window_ms[has_token];
	struct seat *seat;

	TAILQ_FOREACH(seat, &hub->absent[has_token], absence)
		seat->expires_ms = timeout_changed_end_ms(seat->expires_ms,
		    before_ms, after_ms, hub->now.mono_ms);
}

void
presence_configure(struct hub *hub, const struct hub_settings *before)
{
	struct seat *seat;

	change_windows(hub, false, before->absence_window_ms[false]);
	change_windows(hub, true, before->absence_window_ms[true]);
	TAILQ_FOREACH(seat, &hub->requested, requests)
		seat->request_ends_ms =
		    timeout_changed_end_ms(seat->request_ends_ms,
			before->poll_presence_ms,
			hub->settings.poll_presence_ms, hub->now.mono_ms);
}

static void
expire_absent(struct hub *hub, struct seat_list *absent)
{
	struct seat *seat;

	while ((seat = TAILQ_FIRST(absent)) != NULL &&
	    seat->expires_ms <= hub->now.mono_ms) {
		/* Who is seated and absent can always be expired. */
		(void)core_apply_record(hub, seat->room,
		    core_new_record(hub, seat->room, RECORD_EXPIRE,
		    seat->customer, NULL));
		presence_end_absence(hub, seat);
	}
}

static void
end_requests(struct hub *hub)
{
	struct seat *seat;

	while ((seat = TAILQ_FIRST(&hub->requested)) != NULL &&
	    seat->request_ends_ms <= hub->now.mono_ms) {
		struct room *room = seat->room;

		presence_end_request(hub, seat);
		room_release(hub, room);
	}
}

void
presence_tick(struct hub *hub)
{
	end_requests(hub);
	expire_absent(hub, &hub->absent[false]);
	expire_absent(hub, &hub->absent[true]);
}

uint64_t
presence_next_ms(const struct hub *hub)
{
	const struct seat *request = TAILQ_FIRST(&hub->requested);
	uint64_t next_ms = request != NULL ? request->request_ends_ms :
	    UINT64_MAX;
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct seat *seat = TAILQ_FIRST(&hub->absent[i]);

		if (seat != NULL && seat->expires_ms < next_ms)
			next_ms = seat->expires_ms;
	}
	return next_ms;
}
