#include "write_quota.h"

#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "disk_space.h"
#include "quota.h"
#include "session/record.h"

/* What somebody has to wait for. */
struct shortage {
	unsigned wait_s;		/* 0: for nothing */
	bool	 is_session;		/* not the address */
	enum quota_window window;
};

static const uint8_t *
address_key(const struct peer *peer)
{
	return peer->is_limited ? peer->quota_key : NULL;
}

/* Whether the session and the address key (or NULL) can pay for job. */
static struct shortage
shortage_of(const struct hub *hub, const struct job *job, const uint8_t *key)
{
	struct shortage shortage = { .is_session = true };
	uint64_t bytes = job_bytes(job), now_ms = hub->now.mono_ms;
	uint8_t session[QUOTA_KEY_BYTES];

	quota_row_key(job->record.session_row, session);
	shortage.wait_s = quota_write_wait(hub->session_quota, session, bytes,
	    now_ms, &shortage.window);
	if (shortage.wait_s > 0 || key == NULL)
		return shortage;
	shortage.is_session = false;
	shortage.wait_s = quota_write_wait(hub->config.quota, key, bytes,
	    now_ms, &shortage.window);
	return shortage;
}

/* The session pays when job is submitted. */
static void
charge_address(struct hub *hub, uint64_t bytes, const uint8_t *key)
{
	if (key != NULL)
		quota_write(hub->config.quota, key, bytes, hub->now.mono_ms);
}

enum refusal
write_quota_apply_record(struct hub *hub, struct room *room, struct job *job,
    const struct peer *peer, unsigned *retry_after_s)
{
	struct shortage shortage = { .wait_s = 0 };
	uint64_t bytes = job_bytes(job);
	enum refusal code;

	if (disk_space_refuses(hub, job)) {
		hub->counts.limited_space++;
		job_free(job);
		return REFUSAL_STORAGE_UNAVAILABLE;
	}
	if (job->record.event != RECORD_LEAVE)
		shortage = shortage_of(hub, job, address_key(peer));
	if (shortage.wait_s > 0) {
		if (shortage.is_session)
			hub->counts.limited_session_writes[shortage.window]++;
		else
			hub->counts.limited_address_writes[shortage.window]++;
		*retry_after_s = shortage.wait_s;
		job_free(job);
		return REFUSAL_RATE_LIMITED;
	}
	code = core_apply_record(hub, room, job);
	if (code == REFUSAL_NONE)
		charge_address(hub, bytes, address_key(peer));
	return code;
}

bool
write_quota_submit_note(struct hub *hub, struct job *job, const uint8_t *key)
{
	uint64_t bytes = job_bytes(job);

	if (disk_space_refuses(hub, job) ||
	    shortage_of(hub, job, key).wait_s > 0)
		return false;
	core_submit_job(hub, NULL, job);
	charge_address(hub, bytes, key);
	return true;
}
