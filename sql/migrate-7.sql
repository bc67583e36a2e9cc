-- Version 6 to 7.

-- From here on rows say by flags that everybody is ready, or not any more.

-- How far webhooks have got.
CREATE TABLE webhook (
	shop TEXT PRIMARY KEY,
	seq INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_parked (
	session TEXT PRIMARY KEY,
	shop TEXT NOT NULL,
	seq INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	first_ms INTEGER NOT NULL,
	next_ms INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 7;
