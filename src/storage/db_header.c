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

const char header_mark[] =
    "A restore of this database was interrupted: do it again.\n";

static uint32_t
number(const uint8_t *header, enum offset offset)
{
	const uint8_t *at = header + offset;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static bool
has_magic(const uint8_t header[HEADER_BYTES], size_t len)
{
	static const char magic[16] = "SQLite format 3";

	return len >= HEADER_BYTES &&
	    memcmp(header, magic, sizeof(magic)) == 0;
}

bool
header_is_mark(const uint8_t header[HEADER_BYTES], size_t len)
{
	return len == strlen(header_mark) &&
	    memcmp(header, header_mark, len) == 0;
}

const char *
header_fault(const uint8_t header[HEADER_BYTES], size_t len, int newest)
{
	if (len == 0)
		return "is an empty file, not a database";
	if (header_is_mark(header, len))
		return "is half restored: restore it again";
	if (!has_magic(header, len))
		return "is not a database";
	if (number(header, OFFSET_APPLICATION_ID) != HEADER_APPLICATION_ID)
		return "is another program's database";
	if (number(header, OFFSET_USER_VERSION) > (uint32_t)newest)
		return "is of a newer version";
	return NULL;
}

bool
header_is_torn(const uint8_t header[HEADER_BYTES], size_t len)
{
	return len > 0 && !has_magic(header, len) &&
	    !header_is_mark(header, len);
}

bool
header_is_truncated(const uint8_t header[HEADER_BYTES], uint64_t size)
{
	uint64_t page_size = (uint64_t)header[OFFSET_PAGE_SIZE] << 8 |
	    header[OFFSET_PAGE_SIZE + 1];

	if (page_size == 1)
		page_size = 65536;
	return number(header, OFFSET_CHANGES) ==
	    number(header, OFFSET_VALID_FOR) &&
	    size < page_size * number(header, OFFSET_PAGES);
}

uint32_t
header_version(const uint8_t header[HEADER_BYTES])
{
	return number(header, OFFSET_USER_VERSION);
}

bool
header_has_log(const uint8_t header[HEADER_BYTES])
{
	return header[OFFSET_READ_VERSION] == 2;
}
