#ifndef WS_PEER_H
#define WS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "config/address.h"
#include "latency.h"
#include "wire/ws_deflate.h"
#include "wire/ws_frame.h"
#include "ws.h"

struct hub;
struct quota;
struct shop;
struct client_origin;

/*
 * Peers of the hub that are WebSocket connections: what one says goes to the
 * hub, and what the hub puts into its outbox is sent when the socket takes it.
 */
struct ws_peer;
struct ws_peers;

struct ws_peers_counts {
	size_t	 open;
	uint64_t opened;
	uint64_t closed[WS_ENDS];
	uint64_t limited;	/* not opened: too many of an address, or shop */
	uint64_t made_room;	/* ended by ws_peers_make_room() and _in() */
	struct latency_counts deliveries;
};

struct ws_peers_config {
	struct hub *hub;
	struct quota *quota;
	struct ws_service *service;
	struct id_key log_key;		/* of the tags in log lines */
	void	(*gone)(void *ctx);	/* a connection ended */
	void	*ctx;
};

/* What may change: ws_peers_configure(). */
struct ws_peers_settings {
	enum address_detail log_addresses; /* in the journal */
};

struct ws_peers *ws_peers_new(const struct ws_peers_config *config,
	    const struct ws_peers_settings *settings);
/* Take over the settings, for connections that come from now on. */
void	 ws_peers_configure(struct ws_peers *peers,
	    const struct ws_peers_settings *settings);
/* After the last one has gone. */
void	 ws_peers_free(struct ws_peers *peers);
size_t	 ws_peers_count(const struct ws_peers *peers);
void	 ws_peers_copy_counts(const struct ws_peers *peers,
	    struct ws_peers_counts *counts);
/* Start the closing handshake with the n that are connected longest. */
void	 ws_peers_close(struct ws_peers *peers, size_t n,
	    enum ws_close_code code);
/*
 * End the connection that has spoken for nobody for longest, since since_ms at
 * the latest (hub_take_unjoined()); false if there is none.
 */
bool	 ws_peers_make_room(struct ws_peers *peers, uint64_t since_ms)
	    __attribute__((warn_unused_result));
/*
 * Likewise one of a shop that has too many, but none that has just come: there
 * is room some time later, if any may go.
 */
void	 ws_peers_make_room_in(struct ws_peers *peers,
	    const struct shop *shop);
/* End all connections at once. */
void	 ws_peers_abort(struct ws_peers *peers);

/*
 * A peer for a session, for a client whose handshake is still being answered;
 * NULL if the address or the shop has too many connections.
 */
struct ws_peer *ws_peer_new(struct ws_peers *peers,
    const struct client_origin *client) __attribute__((warn_unused_result));
/*
 * Its connection is there, as for ws_open(); fd -1 if there is none after all:
 * the peer is gone then.
 */
void	 ws_peer_open(struct ws_peer *peer, int fd,
	    const struct ws_deflate_params *deflate, const void *extra,
	    size_t extra_len);

#endif
