#include "quota.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/xalloc.h"
#include "rate.h"

/* Addresses without a connection that are remembered for their sessions. */
#define REMEMBERED_MAX 65536

struct quota_entry {
	UT_hash_handle hh;
	TAILQ_ENTRY(quota_entry) remembered;	/* without connections only */
	uint8_t	 key[QUOTA_KEY_BYTES];
	size_t	 connections;
	struct rate sessions;
};

struct quota {
	struct quota_config config;
	struct rate_limit session_limit;
	struct quota_entry *entries;
	TAILQ_HEAD(, quota_entry) remembered;	/* longest without one first */
	size_t	 remembered_count;
};

struct quota *
quota_new(const struct quota_config *config)
{
	struct quota *quota = xcalloc(1, sizeof(*quota));

	quota->config.hash_key = config->hash_key;
	quota_configure(quota, config);
	TAILQ_INIT(&quota->remembered);
	return quota;
}

void
quota_configure(struct quota *quota, const struct quota_config *config)
{
	quota->config.max_connections = config->max_connections;
	quota->session_limit = rate_limit(config->sessions_per_minute, 60,
	    config->sessions_per_minute);
}

static void
forget(struct quota *quota, struct quota_entry *entry)
{
	HASH_DELETE(hh, quota->entries, entry);
	free(entry);
}

static struct quota_entry *
pop_remembered(struct quota *quota)
{
	struct quota_entry *entry = TAILQ_FIRST(&quota->remembered);

	TAILQ_REMOVE(&quota->remembered, entry, remembered);
	quota->remembered_count--;
	return entry;
}

void
quota_free(struct quota *quota)
{
	struct quota_entry *entry, *next;

	HASH_ITER(hh, quota->entries, entry, next)
		forget(quota, entry);
	free(quota);
}

static struct quota_entry *
find(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES], unsigned *hash)
{
	struct quota_entry *entry;

	*hash = id_hash(&quota->config.hash_key, key, QUOTA_KEY_BYTES);
	HASH_FIND_BYHASHVALUE(hh, quota->entries, key, QUOTA_KEY_BYTES, *hash,
	    entry);
	return entry;
}

int
quota_connect(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES])
{
	unsigned hash;
	struct quota_entry *entry = find(quota, key, &hash);
	size_t max = quota->config.max_connections;

	if (entry != NULL && max != 0 && entry->connections >= max)
		return -1;
	if (entry == NULL) {
		entry = xcalloc(1, sizeof(*entry));
		memcpy(entry->key, key, QUOTA_KEY_BYTES);
		HASH_ADD_BYHASHVALUE(hh, quota->entries, key, QUOTA_KEY_BYTES,
		    hash, entry);
	} else if (entry->connections == 0) {
		TAILQ_REMOVE(&quota->remembered, entry, remembered);
		quota->remembered_count--;
	}
	entry->connections++;
	return 0;
}

void
quota_disconnect(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find(quota, key, &hash);

	if (--entry->connections > 0)
		return;
	if (rate_is_full(&entry->sessions, now_ms)) {
		forget(quota, entry);
		return;
	}
	TAILQ_INSERT_TAIL(&quota->remembered, entry, remembered);
	quota->remembered_count++;
	if (quota->remembered_count > REMEMBERED_MAX)
		forget(quota, pop_remembered(quota));
	while ((entry = TAILQ_FIRST(&quota->remembered)) != NULL &&
	    rate_is_full(&entry->sessions, now_ms))
		forget(quota, pop_remembered(quota));
}

unsigned
quota_start_session(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
    uint64_t now_ms)
{
	unsigned hash;
	struct quota_entry *entry = find(quota, key, &hash);

	return rate_take(&entry->sessions, &quota->session_limit, now_ms);
}
