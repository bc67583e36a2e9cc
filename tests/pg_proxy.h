#ifndef PG_PROXY_H
#define PG_PROXY_H

/*
 * Stands between a client and a PostgreSQL server, on sockets of files, and
 * cuts connections in chosen moments.  It is a thread of the test's.
 */

enum {
	PG_PROXY_URL_BYTES = 256
};

enum pg_proxy_cut {
	PG_PROXY_CUT_NOTHING,
	/* All but the COMMIT reaches the server, which sees the end then. */
	PG_PROXY_CUT_BEFORE_COMMIT,
	/* The same, but the server believes that the client is still there. */
	PG_PROXY_HANG_BEFORE_COMMIT,
	/* The COMMIT reaches it, and the end behind that. */
	PG_PROXY_CUT_BEHIND_COMMIT,
	PG_PROXY_HANG_BEHIND_COMMIT,
	/* The server has said that it was committed, and nobody hears it. */
	PG_PROXY_CUT_REPLY,
	/* Only some bytes reach the server. */
	PG_PROXY_CUT_ANYWHERE,
	PG_PROXY_CUTS
};

struct pg_proxy;

/* folder is the server's. */
struct pg_proxy *pg_proxy_new(const char *folder);
void	 pg_proxy_free(struct pg_proxy *proxy);

/* The URL by which it is reached, of the server's own. */
void	 pg_proxy_url(const struct pg_proxy *proxy, const char *url,
	    char out[PG_PROXY_URL_BYTES]);
/* Do that once, with what comes next; bytes is for _CUT_ANYWHERE. */
void	 pg_proxy_cut(struct pg_proxy *proxy, enum pg_proxy_cut cut,
	    unsigned bytes);
/* Whether it was done. */
int	 pg_proxy_has_cut(struct pg_proxy *proxy);

#endif
