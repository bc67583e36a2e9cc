#ifndef WEBHOOK_SECRETS_H
#define WEBHOOK_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The secrets that webhooks are signed with, as the Standard Webhooks
 * specification (1.0.0) writes them: "whsec_" and base64.  While one is changed
 * for another there are two, and all is signed with both.
 */

enum {
	WEBHOOK_SECRETS_MAX = 2,
	WEBHOOK_SECRET_MIN = 24,	/* bytes */
	WEBHOOK_SECRET_MAX = 64,
	WEBHOOK_SECRETS_FAULT_BYTES = 96
};

struct webhook_secret {
	uint8_t	 bytes[WEBHOOK_SECRET_MAX];
	size_t	 len;
};

struct webhook_secrets {
	size_t	 count;		/* 1 or more, once read */
	struct webhook_secret list[WEBHOOK_SECRETS_MAX];
};

/*
 * Read a secret of len characters; -1 if it is none.
 */
int	 webhook_secret_parse(const char *text, size_t len,
	    struct webhook_secret *secret)
	    __attribute__((warn_unused_result));

/*
 * Read the file at path: a secret a line, between empty ones and comments that
 * begin with '#'.  -1 and what is wrong, in which *line it is, 0 for none in
 * particular.  Never waits for what is no file.
 */
int	 webhook_secrets_read(const char *path,
	    struct webhook_secrets *secrets, unsigned *line,
	    char fault[WEBHOOK_SECRETS_FAULT_BYTES])
	    __attribute__((warn_unused_result));

/* Whether both have the same ones, in the same order; NULL has none. */
bool	 webhook_secrets_are_equal(const struct webhook_secrets *a,
	    const struct webhook_secrets *b);
/* Leave nothing of them in memory.  NULL is allowed. */
void	 webhook_secrets_free(struct webhook_secrets *secrets);

#endif
