#include "db_header.h"

#include <string.h>

enum offset {
	OFFSET_PAGE_SIZE = 16,
	OFFSET_READ_VERSION = 19,	/* 2 with a write-ahead log */
	OFFSET_CHANGES = 24,
	OFFSET_PAGES = 28,
	OFFSET_USER_VERSION = 60,
	OFFSET_APPLICATION_ID = 68,
	OFFSET_VALID_FOR = 92
};

const char db_header_placeholder[] =
    "A restore of this database was interrupted: do it again.\n";

const char db_header_partial[] =
    "is a copy that was not finished: run copy again";

static uint32_t
read_be32(const uint8_t *header, enum offset offset)
{
	const uint8_t *at = header + offset;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static bool
has_sqlite_magic(const uint8_t header[DB_HEADER_BYTES], size_t len)
{
	static const char magic[16] = "SQLite format 3";

	return len >= DB_HEADER_BYTES &&
	    memcmp(header, magic, sizeof(magic)) == 0;
}

bool
db_header_is_placeholder(const uint8_t header[DB_HEADER_BYTES], size_t len)
{
	return len == strlen(db_header_placeholder) &&
	    memcmp(header, db_header_placeholder, len) == 0;
}

bool
db_header_is_partial(const uint8_t header[DB_HEADER_BYTES])
{
	return read_be32(header, OFFSET_APPLICATION_ID) == DB_PARTIAL_ID;
}

const char *
db_header_fault(const uint8_t header[DB_HEADER_BYTES], size_t len)
{
	if (len == 0)
		return "is an empty file, not a database";
	if (db_header_is_placeholder(header, len))
		return "is half restored: restore it again";
	if (!has_sqlite_magic(header, len))
		return "is not a database";
	if (read_be32(header, OFFSET_APPLICATION_ID) != DB_APPLICATION_ID &&
	    !db_header_is_partial(header))
		return "is another program's database";
	return NULL;
}

bool
db_header_is_torn(const uint8_t header[DB_HEADER_BYTES], size_t len)
{
	return len > 0 && !has_sqlite_magic(header, len) &&
	    !db_header_is_placeholder(header, len);
}

bool
db_header_is_truncated(const uint8_t header[DB_HEADER_BYTES], uint64_t size)
{
	uint64_t page_size = (uint64_t)header[OFFSET_PAGE_SIZE] << 8 |
	    header[OFFSET_PAGE_SIZE + 1];

	if (page_size == 1)
		page_size = 65536;
	return read_be32(header, OFFSET_CHANGES) ==
	    read_be32(header, OFFSET_VALID_FOR) &&
	    size < page_size * read_be32(header, OFFSET_PAGES);
}

uint32_t
db_header_version(const uint8_t header[DB_HEADER_BYTES])
{
	return read_be32(header, OFFSET_USER_VERSION);
}

bool
db_header_has_wal(const uint8_t header[DB_HEADER_BYTES])
{
	return header[OFFSET_READ_VERSION] == 2;
}
