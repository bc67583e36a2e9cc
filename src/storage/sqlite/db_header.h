#ifndef DB_HEADER_H
#define DB_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The first bytes of a database file (https://sqlite.org/fileformat2.html),
 * by which it is judged before SQLite touches anything.
 */

enum {
	DB_HEADER_BYTES = 100,
	DB_APPLICATION_ID = 0x42534850,	/* "BSHP" */
	DB_PARTIAL_ID = 0x42534843	/* "BSHC": of a copy not yet whole */
};

/*
 * What a restore lets stand in the place of a database meanwhile: a file of
 * this text, which no program takes for a database.
 */
extern const char db_header_placeholder[];
bool
db_header_is_placeholder(const uint8_t header[DB_HEADER_BYTES], size_t len);

/* What is said of a copy that is not whole. */
extern const char db_header_partial[];

/*
 * Why a file that begins with these len bytes is no database of ours, of
 * whatever version: a text for the log; NULL if it is.
 */
const char *db_header_fault(const uint8_t header[DB_HEADER_BYTES], size_t len);

/*
 * Whether a file that begins with these len bytes, which are some, does not
 * begin as SQLite's do, and is no mark: a crash while that page was written can
 * have torn it, and a write-ahead log has it whole then.
 */
bool	 db_header_is_torn(const uint8_t header[DB_HEADER_BYTES], size_t len);

/*
 * Whether a file of size bytes ends before its last page.  With a write-ahead
 * log it may: a crash in a checkpoint leaves the rest of the pages there.
 */
bool	 db_header_is_truncated(const uint8_t header[DB_HEADER_BYTES],
	    uint64_t size);

/* Whether it is a copy that is not whole, unless a write-ahead log says else. */
bool	 db_header_is_partial(const uint8_t header[DB_HEADER_BYTES]);
/* The version of its schema. */
uint32_t db_header_version(const uint8_t header[DB_HEADER_BYTES]);
/* Whether it may have a write-ahead log. */
bool	 db_header_has_wal(const uint8_t header[DB_HEADER_BYTES]);

#endif
