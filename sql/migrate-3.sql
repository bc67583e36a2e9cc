-- Version 2 to 3: a database knows which log is its own.

CREATE TABLE log_mark (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	base BLOB NOT NULL CHECK (length(base) = 16),
	mark BLOB NOT NULL CHECK (length(mark) = 16)
) STRICT;

INSERT INTO log_mark VALUES (1, randomblob(16), randomblob(16));

PRAGMA user_version = 3;
