#include "quota.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/hash_table.h"
#include "base/xalloc.h"
#include "rate.h"

enum {
	/* Keys without a connection that are remembered. */
	REMEMBERED_MAX = 65536,
	/* They are sorted by how many bits the time has, in ms, until nothing
	 * of them counts any more. */
	RANKS = 32
};

#define MINUTE_S 60
#define DAY_S 86400

struct quota_entry {
	UT_hash_handle hh;
	TAILQ_ENTRY(quota_entry) remembered;	/* without connections only */
	unsigned rank;				/* likewise: in which list */
	uint8_t	 key[QUOTA_KEY_BYTES];
	size_t	 connections;
	struct rate sessions;
	struct rate attempts;
	struct rate writes[QUOTA_WINDOWS];
};

TAILQ_HEAD(quota_list, quota_entry);

struct quota {
	struct id_key hash_key;
	size_t	 max_connections;
	struct rate_limit session_limit;
	struct rate_limit attempt_limit;
	struct rate_limit write_limits[QUOTA_WINDOWS];
	struct quota_entry *entries;
	struct quota_list remembered[RANKS];	/* longest unused first */
	size_t	 remembered_count;
};

struct quota *
quota_new(const struct id_key *hash_key,
    const struct quota_settings *settings)
{
	struct quota *quota = xcalloc(1, sizeof(*quota));
	size_t i;

	quota->hash_key = *hash_key;
	quota_configure(quota, settings);
	for (i = 0; i < RANKS; i++)
		TAILQ_INIT(&quota->remembered[i]);
	return quota;
}

void
quota_configure(struct quota *quota, const struct quota_settings *settings)
{
	const struct quota_writes *writes = &settings->writes;

	quota->max_connections = settings->max_connections;
	quota->session_limit = rate_limit(settings->sessions_per_minute,
	    MINUTE_S, settings->sessions_per_minute);
	quota->attempt_limit = rate_limit(settings->attempts_per_minute,
	    MINUTE_S, settings->attempts_per_minute);
	quota->write_limits[QUOTA_SECOND] = rate_limit(writes->per_s, 1,
	    writes->burst);
	quota->write_limits[QUOTA_DAY] = rate_limit(writes->per_day, DAY_S,
	    writes->per_day);
}

void
quota_free(struct quota *quota)
{
	struct quota_entry *entry, *next;

	HASH_ITER(hh, quota->entries, entry, next) {
		HASH_DELETE(hh, quota->entries, entry);
		free(entry);
	}
	free(quota);
}

void
quota_row_key(int64_t row, uint8_t key[QUOTA_KEY_BYTES])
{
	memset(key, 0, QUOTA_KEY_BYTES);
	memcpy(key, &row, sizeof(row));
}

static struct quota_entry *
find_entry(const struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    unsigned *hash)
{
	struct quota_entry *entry;

	*hash = id_hash(&quota->hash_key, key, QUOTA_KEY_BYTES);
	HASH_FIND_BYHASHVALUE(hh, quota->entries, key, QUOTA_KEY_BYTES, *hash,
	    entry);
	return entry;
}

static struct quota_entry *
add_entry(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    unsigned hash)
{
	struct quota_entry *entry = xcalloc(1, sizeof(*entry));

	memcpy(entry->key, key, QUOTA_KEY_BYTES);
	HASH_ADD_BYHASHVALUE(hh, quota->entries, key, QUOTA_KEY_BYTES, hash,
	    entry);
	return entry;
}

static uint64_t
max_ms(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* How long it is until nothing of entry counts any more. */
static uint64_t
entry_rest_ms(const struct quota_entry *entry, uint64_t now_ms)
{
	uint64_t ms = rate_rest_ms(&entry->sessions, now_ms);
	size_t i;

	ms = max_ms(ms, rate_rest_ms(&entry->attempts, now_ms));
	for (i = 0; i < QUOTA_WINDOWS; i++)
		ms = max_ms(ms, rate_rest_ms(&entry->writes[i], now_ms));
	return ms;
}

static void
unlist_entry(struct quota *quota, struct quota_entry *entry)
{
	TAILQ_REMOVE(&quota->remembered[entry->rank], entry, remembered);
	quota->remembered_count--;
}

static void
list_entry(struct quota *quota, struct quota_entry *entry, uint64_t rest_ms)
{
	for (entry->rank = 0; entry->rank < RANKS - 1 && rest_ms > 1;
	    entry->rank++)
		rest_ms /= 2;
	TAILQ_INSERT_TAIL(&quota->remembered[entry->rank], entry, remembered);
	quota->remembered_count++;
}

static void
forget_entry(struct quota *quota, struct quota_entry *entry)
{
	unlist_entry(quota, entry);
	HASH_DELETE(hh, quota->entries, entry);
	free(entry);
}

/* Forget what does not count any more, and what is too much. */
static void
forget_spent_entries(struct quota *quota, uint64_t now_ms)
{
	struct quota_entry *entry;
	size_t i;

	for (i = 0; i < RANKS; i++)
		while ((entry = TAILQ_FIRST(&quota->remembered[i])) != NULL &&
		    (quota->remembered_count > REMEMBERED_MAX ||
		    entry_rest_ms(entry, now_ms) == 0))
			forget_entry(quota, entry);
}

int
quota_connect(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES])
{
	unsigned hash;
	struct quota_entry *entry = find_entry(quota, key, &hash);
	size_t max = quota->max_connections;

	if (entry != NULL && max != 0 && entry->connections >= max)
		return -1;
	if (entry == NULL)
		entry = add_entry(quota, key, hash);
	else if (entry->connections == 0)
		unlist_entry(quota, entry);
	entry->connections++;
	return 0;
}

void
quota_disconnect(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find_entry(quota, key, &hash);

	if (--entry->connections > 0)
		return;
	list_entry(quota, entry, entry_rest_ms(entry, now_ms));
	forget_spent_entries(quota, now_ms);
}

unsigned
quota_start_session(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find_entry(quota, key, &hash);

	return rate_take(&entry->sessions, &quota->session_limit, now_ms);
}

unsigned
quota_attempt(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find_entry(quota, key, &hash);
	bool is_new = entry == NULL;
	unsigned wait_s;

	if (is_new)
		entry = add_entry(quota, key, hash);
	else if (entry->connections == 0)
		unlist_entry(quota, entry);
	wait_s = rate_take(&entry->attempts, &quota->attempt_limit, now_ms);
	if (entry->connections == 0)
		list_entry(quota, entry, entry_rest_ms(entry, now_ms));
	if (is_new)
		forget_spent_entries(quota, now_ms);
	return wait_s;
}

unsigned
quota_write_wait(const struct quota *quota,
    const uint8_t key[QUOTA_KEY_BYTES], uint64_t bytes, uint64_t now_ms,
    enum quota_window *window)
{
	unsigned hash, longest_s = 0;
	const struct quota_entry *entry = find_entry(quota, key, &hash);
	size_t i;

	for (i = 0; entry != NULL && i < QUOTA_WINDOWS; i++) {
		unsigned wait_s = rate_wait_n(&entry->writes[i],
		    &quota->write_limits[i], bytes, now_ms);

		if (wait_s <= longest_s)
			continue;
		longest_s = wait_s;
		*window = (enum quota_window)i;
	}
	return longest_s;
}

void
quota_write(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t bytes, uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find_entry(quota, key, &hash);
	bool is_new = entry == NULL;
	size_t i;

	if (quota->write_limits[QUOTA_SECOND].interval == 0 &&
	    quota->write_limits[QUOTA_DAY].interval == 0)
		return;
	if (is_new)
		entry = add_entry(quota, key, hash);
	else if (entry->connections == 0)
		unlist_entry(quota, entry);
	for (i = 0; i < QUOTA_WINDOWS; i++)
		rate_charge_n(&entry->writes[i], &quota->write_limits[i],
		    bytes, now_ms);
	if (entry->connections == 0)
		list_entry(quota, entry, entry_rest_ms(entry, now_ms));
	if (is_new)
		forget_spent_entries(quota, now_ms);
}
