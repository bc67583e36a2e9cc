#include "pg_proxy.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"

#include "postgres.h"
#include "suite.h"

enum {
	PAIRS_MAX = 16,			/* those that hang, too */
	CHUNK = 1 << 20,
	/* Of a Parse of it: a type, a length and the name of none. */
	PARSE_HEAD = 1 + 4 + 1
};

static const char socket_name[] = ".s.PGSQL.5432";
static const char commit[] = "COMMIT";	/* a NUL stands behind it, too */

struct pair {
	int	 client;		/* -1: none, or it was cut off */
	int	 server;		/* -1: none */
	bool	 drops_reply;		/* until it says COMMIT */
};

struct pg_proxy {
	char	 folder[POSTGRES_FOLDER_BYTES];		/* the server's */
	char	 own[POSTGRES_FOLDER_BYTES];
	int	 listener;
	int	 end[2];		/* a pipe: closed at the end */
	struct pair pairs[PAIRS_MAX];
	pthread_t thread;
	char	*chunk;

	pthread_mutex_t lock;		/* over what follows */
	enum pg_proxy_cut cut;
	unsigned bytes;
	bool	 has_cut;
};

static struct sockaddr_un
address_of(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ck_assert_int_lt(snprintf(address.sun_path, sizeof(address.sun_path),
	    "%s/%s", folder, socket_name), sizeof(address.sun_path));
	return address;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
cut_off(struct pair *pair)
{
	shut(&pair->client);
	shut(&pair->server);
	pair->drops_reply = false;
}

static void
add_pair(struct pg_proxy *proxy)
{
	struct sockaddr_un address = address_of(proxy->folder);
	struct pair *pair = proxy->pairs;

	while (pair->client != -1 || pair->server != -1) {
		pair++;
		/* The oldest that hang have hung long enough. */
		if (pair == proxy->pairs + PAIRS_MAX) {
			pair = proxy->pairs;
			cut_off(pair);
		}
	}
	pair->client = accept(proxy->listener, NULL, NULL);
	pair->server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(pair->server, (struct sockaddr *)&address,
	    sizeof(address)) == -1)
		cut_off(pair);
}

/* All of it; what cannot be sent was for nobody. */
static void
forward(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0 && (n = send(fd, bytes, len, MSG_NOSIGNAL)) > 0) {
		bytes += n;
		len -= (size_t)n;
	}
}

/* What comes from a client, of whose transaction the end is to come. */
static void
forward_cut(struct pg_proxy *proxy, struct pair *pair, size_t len)
{
	const char *at = memmem(proxy->chunk, len, commit, sizeof(commit));
	size_t before = at == NULL ? len :
	    (size_t)(at - proxy->chunk) - PARSE_HEAD;
	enum pg_proxy_cut cut = proxy->cut;

	if (cut == PG_PROXY_CUT_ANYWHERE)
		before = proxy->bytes < len ? proxy->bytes : len;
	else if (cut != PG_PROXY_CUT_NOTHING && at == NULL)
		cut = PG_PROXY_CUT_NOTHING;	/* not yet */
	if (cut != PG_PROXY_CUT_NOTHING) {
		proxy->cut = PG_PROXY_CUT_NOTHING;
		proxy->has_cut = true;
	}
	switch (cut) {
	case PG_PROXY_CUT_NOTHING:
	case PG_PROXY_CUTS:
		forward(pair->server, proxy->chunk, len);
		break;
	case PG_PROXY_CUT_ANYWHERE:
	case PG_PROXY_CUT_BEFORE_COMMIT:
		forward(pair->server, proxy->chunk, before);
		cut_off(pair);
		break;
	case PG_PROXY_HANG_BEFORE_COMMIT:
		forward(pair->server, proxy->chunk, before);
		shut(&pair->client);
		break;
	case PG_PROXY_CUT_BEHIND_COMMIT:
		forward(pair->server, proxy->chunk, len);
		cut_off(pair);
		break;
	case PG_PROXY_HANG_BEHIND_COMMIT:
		forward(pair->server, proxy->chunk, len);
		shut(&pair->client);
		break;
	case PG_PROXY_CUT_REPLY:
		forward(pair->server, proxy->chunk, len);
		pair->drops_reply = true;
		break;
	}
}

static void
take_from_client(struct pg_proxy *proxy, struct pair *pair)
{
	ssize_t n = recv(pair->client, proxy->chunk, CHUNK, 0);

	if (n <= 0) {
		cut_off(pair);
		return;
	}
	(void)pthread_mutex_lock(&proxy->lock);
	forward_cut(proxy, pair, (size_t)n);
	(void)pthread_mutex_unlock(&proxy->lock);
}

static void
take_from_server(struct pg_proxy *proxy, struct pair *pair)
{
	ssize_t n = recv(pair->server, proxy->chunk, CHUNK, 0);

	if (n <= 0 || (pair->drops_reply && memmem(proxy->chunk, (size_t)n,
	    commit, sizeof(commit)) != NULL))
		cut_off(pair);
	else if (!pair->drops_reply && pair->client != -1)
		forward(pair->client, proxy->chunk, (size_t)n);
}

static void *
run(void *ctx)
{
	struct pg_proxy *proxy = ctx;
	struct pollfd at[2 * PAIRS_MAX + 2];
	size_t i;

	for (;;) {
		at[0] = (struct pollfd){ .fd = proxy->end[0],
			.events = POLLIN };
		at[1] = (struct pollfd){ .fd = proxy->listener,
			.events = POLLIN };
		for (i = 0; i < PAIRS_MAX; i++) {
			at[2 * i + 2] = (struct pollfd){
				.fd = proxy->pairs[i].client,
				.events = POLLIN,
			};
			at[2 * i + 3] = (struct pollfd){
				.fd = proxy->pairs[i].server,
				.events = POLLIN,
			};
		}
		if (poll(at, 2 * PAIRS_MAX + 2, -1) <= 0)
			continue;
		if (at[0].revents != 0)
			return NULL;
		for (i = 0; i < PAIRS_MAX; i++) {
			if (at[2 * i + 2].revents != 0)
				take_from_client(proxy, &proxy->pairs[i]);
			if (at[2 * i + 3].revents != 0 &&
			    proxy->pairs[i].server != -1)
				take_from_server(proxy, &proxy->pairs[i]);
		}
		if (at[1].revents != 0)
			add_pair(proxy);
	}
}

struct pg_proxy *
pg_proxy_new(const char *folder)
{
	struct pg_proxy *proxy = xcalloc(1, sizeof(*proxy));
	struct sockaddr_un address;
	size_t i;

	(void)snprintf(proxy->folder, sizeof(proxy->folder), "%s", folder);
	(void)snprintf(proxy->own, sizeof(proxy->own),
	    "/tmp/pg_proxy.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(proxy->own));
	proxy->chunk = xcalloc(1, CHUNK);
	for (i = 0; i < PAIRS_MAX; i++)
		proxy->pairs[i] = (struct pair){ .client = -1, .server = -1 };
	address = address_of(proxy->own);
	proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(proxy->listener, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	ck_assert_int_eq(listen(proxy->listener, PAIRS_MAX), 0);
	ck_assert_int_eq(pipe(proxy->end), 0);
	ck_assert_int_eq(pthread_mutex_init(&proxy->lock, NULL), 0);
	ck_assert_int_eq(pthread_create(&proxy->thread, NULL, run, proxy), 0);
	return proxy;
}

void
pg_proxy_free(struct pg_proxy *proxy)
{
	struct sockaddr_un address = address_of(proxy->own);
	size_t i;

	(void)close(proxy->end[1]);
	ck_assert_int_eq(pthread_join(proxy->thread, NULL), 0);
	(void)close(proxy->end[0]);
	(void)close(proxy->listener);
	for (i = 0; i < PAIRS_MAX; i++)
		cut_off(&proxy->pairs[i]);
	(void)unlink(address.sun_path);
	(void)rmdir(proxy->own);
	(void)pthread_mutex_destroy(&proxy->lock);
	free(proxy->chunk);
	free(proxy);
}

void
pg_proxy_url(const struct pg_proxy *proxy, const char *url,
    char out[PG_PROXY_URL_BYTES])
{
	const char *at = strstr(url, proxy->folder);

	ck_assert_ptr_nonnull(at);
	ck_assert_int_lt(snprintf(out, PG_PROXY_URL_BYTES, "%.*s%s%s",
	    (int)(at - url), url, proxy->own, at + strlen(proxy->folder)),
	    PG_PROXY_URL_BYTES);
}

void
pg_proxy_cut(struct pg_proxy *proxy, enum pg_proxy_cut cut, unsigned bytes)
{
	(void)pthread_mutex_lock(&proxy->lock);
	proxy->cut = cut;
	proxy->bytes = bytes;
	proxy->has_cut = false;
	(void)pthread_mutex_unlock(&proxy->lock);
}

int
pg_proxy_has_cut(struct pg_proxy *proxy)
{
	int has_cut;

	(void)pthread_mutex_lock(&proxy->lock);
	has_cut = proxy->has_cut;
	(void)pthread_mutex_unlock(&proxy->lock);
	return has_cut;
}
