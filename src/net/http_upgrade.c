#include "http_upgrade.h"

#include <fcntl.h>
#include <stdint.h>

#include "http_answer.h"
#include "http_connection.h"

enum {
	RETRY_AFTER_S = 1,	/* where descriptors have run out */
	RELEASE_MS = 20		/* for which one waits for others, at most */
};

static void
tell_upgraded(const struct http_connection *connection, int fd,
    const void *extra, size_t extra_len)
{
	connection->http->config.owner->upgraded(connection->answer.upgrade,
	    fd, extra, extra_len);
}

/* The socket is the owner's from here on. */
static void
on_mhd_upgrade(void *cls, struct MHD_Connection *mhd, void *con_cls,
    const char *extra, size_t extra_len, MHD_socket fd,
    struct MHD_UpgradeResponseHandle *handle)
{
	struct http_connection *connection = cls;
	struct http *http = connection->http;

	(void)mhd;	/* is connection's */
	(void)con_cls;	/* is connection */
	(void)fd;	/* is what connection->fd is a duplicate of */
	http_connection_stop_waiting(connection);
	connection->phase = HTTP_PHASE_UPGRADED;
	http->counts.open--;
	http->counts.closed[HTTP_END_UPGRADED]++;
	connection->handle = handle;
	if (http->release_count++ == 0)
		http->release_ms = uv_now(http->config.loop) + RELEASE_MS;
	STAILQ_INSERT_TAIL(&http->releases, connection, release_entry);
	tell_upgraded(connection, connection->fd, extra, extra_len);
}

void
http_upgrade_give_up(struct http_connection *connection)
{
	tell_upgraded(connection, -1, NULL, 0);
}

enum MHD_Result
http_upgrade_respond(struct http_connection *connection)
{
	static const struct exchange_answer no_descriptor = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
		.retry_after_s = RETRY_AFTER_S,
	};

	connection->fd = fcntl(http_connection_fd(connection),
	    F_DUPFD_CLOEXEC, 0);
	if (connection->fd == -1) {
		http_upgrade_give_up(connection);
		return http_connection_answer(connection, &no_descriptor);
	}
	connection->phase = HTTP_PHASE_UPGRADING;
	return http_connection_respond(connection, MHD_HTTP_SWITCHING_PROTOCOLS,
	    http_answer_upgrade(connection->answer.handshake, on_mhd_upgrade,
	    connection));
}

void
http_upgrade_release_all(struct http *http)
{
	struct http_connection *connection;

	while ((connection = STAILQ_FIRST(&http->releases)) != NULL) {
		STAILQ_REMOVE_HEAD(&http->releases, release_entry);
		(void)MHD_upgrade_action(connection->handle,
		    MHD_UPGRADE_ACTION_CLOSE); /* cannot fail the first time */
		http->is_dirty = true;
	}
	http->release_count = 0;
}

void
http_upgrade_release_due(struct http *http, uint64_t now_ms)
{
	if (http->release_count >= HTTP_RELEASES ||
	    (http->release_count > 0 && http->release_ms <= now_ms))
		http_upgrade_release_all(http);
}
