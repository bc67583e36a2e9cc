#include "webhook_sender.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/address.h"
#include "config/address_scope.h"
#include "webhook_settings.h"
#include "webhook_signature.h"

enum {
	TIMESTAMP_CHARS = 20,
	HEADER_BYTES = 256,
	STATUS_OK_MIN = 200,
	STATUS_OK_MAX = 299
};

/* A request, whose handle is used again for the next. */
struct transfer {
	CURL	*easy;
	struct webhook_sender *sender;
	struct curl_slist *headers;
	size_t	 read;			/* of the answer's body */
	bool	 is_forbidden;		/* an address was refused */
	bool	 is_under_way;
	void	*ctx;
	char	 error[CURL_ERROR_SIZE];
};

struct webhook_sender {
	pthread_mutex_t lock;		/* whoever wakes it has it, and ... */
	CURLM	*multi;			/* ... who replaces this */
	const struct webhook_settings *settings;	/* or NULL */
	struct transfer transfers[WEBHOOK_TRANSFERS_MAX];
	size_t	 busy;
};

static void
check_easy(CURLcode code)
{
	if (code != CURLE_OK)
		fatalx("webhook: libcurl: %s", curl_easy_strerror(code));
}

static void
check_multi(CURLMcode code)
{
	if (code != CURLM_OK)
		fatalx("webhook: libcurl: %s", curl_multi_strerror(code));
}

/* What is read is only counted; too much of it ends the connection. */
static size_t
on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *transfer = ctx;

	(void)bytes;
	transfer->read += size * count;
	return transfer->read > WEBHOOK_ANSWER_MAX ? CURL_WRITEFUNC_ERROR :
	    size * count;
}

/* A socket for an address that the URL's host has, unless that is refused. */
static curl_socket_t
on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *peer)
{
	struct transfer *transfer = ctx;
	struct address address = address_from_sockaddr(&peer->addr);

	(void)purpose;	/* there is one */
	if (!transfer->sender->settings->allow_private &&
	    !address_is_public(&address)) {
		transfer->is_forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(peer->family, peer->socktype | SOCK_CLOEXEC,
	    peer->protocol);
}

/* What is the same in all requests. */
static void
prepare(struct webhook_sender *sender, struct transfer *transfer)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		fatalx("webhook: libcurl: out of memory");
	transfer->easy = easy;
	transfer->sender = sender;
	check_easy(curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer));
	check_easy(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER,
	    transfer->error));
	check_easy(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
	check_easy(curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer));
	check_easy(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
	    on_open_socket));
	check_easy(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer));
	check_easy(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
	    "http,https"));
	check_easy(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1));
	check_easy(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
	/* Also none that the environment names. */
	check_easy(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
	check_easy(curl_easy_setopt(easy, CURLOPT_NETRC,
	    (long)CURL_NETRC_IGNORED));
	check_easy(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	check_easy(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	    (long)WEBHOOK_CONNECT_S));
	check_easy(curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
	    (long)WEBHOOK_CONNECTION_S));
	check_easy(curl_easy_setopt(easy, CURLOPT_USERAGENT,
	    PACKAGE_NAME "/" PACKAGE_VERSION));
	/* Whoever ends does not wait for a resolver. */
	check_easy(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
	check_easy(curl_easy_setopt(easy, CURLOPT_POST, 1L));
}

static CURLM *
new_multi(void)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL)
		fatalx("webhook: libcurl: out of memory");
	check_multi(curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)WEBHOOK_TRANSFERS_MAX));
	check_multi(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
	    (long)WEBHOOK_TRANSFERS_MAX));
	return multi;
}

struct webhook_sender *
webhook_sender_new(void)
{
	struct webhook_sender *sender = xcalloc(1, sizeof(*sender));

	check_easy(curl_global_init(CURL_GLOBAL_DEFAULT));
	if (pthread_mutex_init(&sender->lock, NULL) != 0)
		fatalx("webhook: no lock");
	sender->multi = new_multi();
	return sender;
}

/* It is over, one way or the other. */
static void
end_transfer(struct webhook_sender *sender, struct transfer *transfer)
{
	check_multi(curl_multi_remove_handle(sender->multi, transfer->easy));
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	transfer->is_under_way = false;
	sender->busy--;
}

void
webhook_sender_free(struct webhook_sender *sender)
{
	size_t i;

	if (sender == NULL)
		return;
	while (webhook_sender_cancel(sender) != NULL)
		;
	for (i = 0; i < WEBHOOK_TRANSFERS_MAX; i++)
		curl_easy_cleanup(sender->transfers[i].easy);
	check_multi(curl_multi_cleanup(sender->multi));
	(void)pthread_mutex_destroy(&sender->lock); /* nobody holds it */
	curl_global_cleanup();
	free(sender);
}

/* These authorities alone. */
static void
trust(CURL *easy, const char *ca_file)
{
	check_easy(curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file));
	check_easy(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
}

/* Who woke the old one finds the new one awake. */
void
webhook_sender_disconnect(struct webhook_sender *sender)
{
	CURLM *old = sender->multi, *multi = new_multi();

	mutex_lock(&sender->lock);
	sender->multi = multi;
	mutex_unlock(&sender->lock);
	check_multi(curl_multi_cleanup(old));
	webhook_sender_wake(sender);
}

void
webhook_sender_configure(struct webhook_sender *sender,
    const struct webhook_settings *settings)
{
	unsigned timeout_s = settings->timeout_s == 0 ? WEBHOOK_TIMEOUT_S :
	    settings->timeout_s;
	size_t i;

	sender->settings = settings;
	for (i = 0; i < WEBHOOK_TRANSFERS_MAX; i++) {
		struct transfer *transfer = &sender->transfers[i];

		/* A new one knows the system's certificates again. */
		curl_easy_cleanup(transfer->easy);
		prepare(sender, transfer);
		check_easy(curl_easy_setopt(transfer->easy, CURLOPT_URL,
		    settings->url));
		check_easy(curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT,
		    (long)timeout_s));
		if (*settings->ca_file != '\0')
			trust(transfer->easy, settings->ca_file);
	}
}

size_t
webhook_sender_busy(const struct webhook_sender *sender)
{
	return sender->busy;
}

static struct transfer *
find_free(struct webhook_sender *sender)
{
	struct transfer *transfer = sender->transfers;

	while (transfer->is_under_way)
		transfer++;
	return transfer;
}

static void
add_header(struct transfer *transfer, const char *name, const char *value)
{
	char line[HEADER_BYTES];
	struct curl_slist *list;

	xsnprintf(line, sizeof(line), "%s: %s", name, value);
	list = curl_slist_append(transfer->headers, line);
	if (list == NULL)
		fatalx("webhook: libcurl: out of memory");
	transfer->headers = list;
}

static void
add_headers(struct transfer *transfer, const struct payload *id,
    const struct payload *body, uint64_t wall_s)
{
	char signature[WEBHOOK_SIGNATURE_CHARS + 1];
	char timestamp[TIMESTAMP_CHARS + 1];

	xsnprintf(timestamp, sizeof(timestamp), "%" PRIu64, wall_s);
	webhook_signature_format(transfer->sender->settings->secrets,
	    id->data, timestamp, body->data, body->len, signature);
	add_header(transfer, "Content-Type", "application/json");
	/* No wait for 100 (Continue). */
	add_header(transfer, "Expect", "");
	add_header(transfer, "webhook-id", id->data);
	add_header(transfer, "webhook-timestamp", timestamp);
	add_header(transfer, "webhook-signature", signature);
}

void
webhook_sender_send(struct webhook_sender *sender, struct payload *id,
    struct payload *body, uint64_t wall_s, void *ctx)
{
	struct transfer *transfer = find_free(sender);
	CURL *easy = transfer->easy;

	transfer->ctx = ctx;
	transfer->read = 0;
	transfer->is_forbidden = false;
	transfer->is_under_way = true;
	transfer->error[0] = '\0';
	add_headers(transfer, id, body, wall_s);
	check_easy(curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
	    transfer->headers));
	check_easy(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
	    (long)body->len));
	check_easy(curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
	    &body->data[0]));
	check_multi(curl_multi_add_handle(sender->multi, easy));
	sender->busy++;
}

static enum webhook_result
judge(const struct transfer *transfer, CURLcode code, unsigned status)
{
	if (status >= STATUS_OK_MIN && status <= STATUS_OK_MAX)
		return WEBHOOK_DELIVERED;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return WEBHOOK_TIMED_OUT;
	if (status != 0)
		return WEBHOOK_REFUSED;
	return transfer->is_forbidden ? WEBHOOK_FORBIDDEN :
	    WEBHOOK_UNREACHABLE;
}

static void
describe(const struct transfer *transfer, CURLcode code,
    struct webhook_outcome *outcome)
{
	const char *what = transfer->error[0] != '\0' ? transfer->error :
	    curl_easy_strerror(code);

	switch (outcome->result) {
	case WEBHOOK_DELIVERED:
	case WEBHOOK_RESULTS:
		return;
	case WEBHOOK_REFUSED:
		(void)snprintf(outcome->error, sizeof(outcome->error),
		    "the answer is %u", outcome->status);
		return;
	case WEBHOOK_FORBIDDEN:
		(void)snprintf(outcome->error, sizeof(outcome->error),
		    "the address is not public: see webhook-allow-private");
		return;
	case WEBHOOK_TIMED_OUT:
	case WEBHOOK_UNREACHABLE:
		/* Cut is good enough. */
		(void)snprintf(outcome->error, sizeof(outcome->error), "%.*s",
		    WEBHOOK_ERROR_BYTES - 1, what);
		return;
	}
}

static void
fill_outcome(const struct transfer *transfer, CURLcode code,
    struct webhook_outcome *outcome)
{
	curl_off_t retry_after = 0, took_us = 0;
	long status = 0;

	check_easy(curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
	    &status));
	check_easy(curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER,
	    &retry_after));
	check_easy(curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T,
	    &took_us));
	*outcome = (struct webhook_outcome){
		.status = status > 0 && status < 1000 ? (unsigned)status : 0,
		.retry_after_s = retry_after > 0 ? (uint64_t)retry_after : 0,
		.took_us = took_us > 0 ? (uint64_t)took_us : 0,
		.ctx = transfer->ctx,
	};
	outcome->result = judge(transfer, code, outcome->status);
	describe(transfer, code, outcome);
}

int
webhook_sender_next(struct webhook_sender *sender,
    struct webhook_outcome *outcome)
{
	struct transfer *transfer;
	CURLcode code;
	CURLMsg *message;
	int left;

	message = curl_multi_info_read(sender->multi, &left);
	if (message == NULL)
		return -1;
	/* It is gone with the handle. */
	code = message->data.result;
	check_easy(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
	    &transfer));
	fill_outcome(transfer, code, outcome);
	end_transfer(sender, transfer);
	return 0;
}

void *
webhook_sender_cancel(struct webhook_sender *sender)
{
	size_t i;

	for (i = 0; i < WEBHOOK_TRANSFERS_MAX; i++)
		if (sender->transfers[i].is_under_way) {
			end_transfer(sender, &sender->transfers[i]);
			return sender->transfers[i].ctx;
		}
	return NULL;
}

void
webhook_sender_cancel_of(struct webhook_sender *sender, const void *ctx)
{
	size_t i;

	for (i = 0; i < WEBHOOK_TRANSFERS_MAX; i++)
		if (sender->transfers[i].is_under_way &&
		    sender->transfers[i].ctx == ctx)
			end_transfer(sender, &sender->transfers[i]);
}

void
webhook_sender_wait(struct webhook_sender *sender, uint64_t ms)
{
	int running;

	check_multi(curl_multi_perform(sender->multi, &running));
	/* Some are over. */
	if ((size_t)running < sender->busy)
		return;
	check_multi(curl_multi_poll(sender->multi, NULL, 0,
	    ms > INT_MAX ? INT_MAX : (int)ms, NULL));
	check_multi(curl_multi_perform(sender->multi, &running));
}

void
webhook_sender_wake(struct webhook_sender *sender)
{
	mutex_lock(&sender->lock);
	check_multi(curl_multi_wakeup(sender->multi));
	mutex_unlock(&sender->lock);
}
