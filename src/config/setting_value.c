#include "setting_value.h"

#include <stddef.h>
#include <string.h>
#include <sys/types.h>

#include "address.h"
#include "base/log.h"
#include "endpoint.h"
#include "setting.h"
#include "socket_access.h"

/* Bytes of the field; of a list, of its pointer. */
static size_t
field_size(enum setting_type type)
{
	switch (type) {
	case SETTING_SIZE:
		return sizeof(size_t);
	case SETTING_NUMBER:
		return sizeof(unsigned);
	case SETTING_BOOLEAN:
		return sizeof(bool);
	case SETTING_LOG_LEVEL:
		return sizeof(enum log_level);
	case SETTING_ADDRESS_DETAIL:
		return sizeof(enum address_detail);
	case SETTING_MODE:
		return sizeof(mode_t);
	case SETTING_OWNER:
		return sizeof(struct socket_access);
	case SETTING_TOKEN:
	case SETTING_BASE_PATH:
	case SETTING_FILE:
	case SETTING_ADMIN:
	case SETTING_ORIGINS:
	case SETTING_PREFIXES:
	case SETTING_ENDPOINTS:
		break;
	}
	return sizeof(void *);
}

static void *
pointer(const struct setting *setting, const void *base)
{
	void *value;

	memcpy(&value, (const char *)base + setting->offset, sizeof(value));
	return value;
}

static size_t
list_count(const struct setting *setting, const void *base)
{
	size_t count;

	memcpy(&count, (const char *)base + setting->count_offset,
	    sizeof(count));
	return count;
}

static bool
origins_are_equal(char *const *a, char *const *b, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool
prefixes_are_equal(const struct address_prefix *a,
    const struct address_prefix *b, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (a[i].address.is_known != b[i].address.is_known ||
		    a[i].bits != b[i].bits ||
		    memcmp(a[i].address.bytes, b[i].address.bytes,
		    sizeof(a[i].address.bytes)) != 0)
			return false;
	return true;
}

static bool
endpoints_are_equal(const struct endpoint *a, const struct endpoint *b,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (a[i].len != b[i].len ||
		    memcmp(&a[i].address, &b[i].address, a[i].len) != 0)
			return false;
	return true;
}

static bool
lists_are_equal(const struct setting *setting, const void *base,
    const void *other)
{
	size_t count = list_count(setting, base);
	const void *a = pointer(setting, base), *b = pointer(setting, other);

	if (list_count(setting, other) != count)
		return false;
	if (setting->type == SETTING_ORIGINS || setting->type == SETTING_ADMIN)
		return origins_are_equal(a, b, count);
	if (setting->type == SETTING_PREFIXES)
		return prefixes_are_equal(a, b, count);
	return endpoints_are_equal(a, b, count);
}

bool
setting_value_is_equal(const struct setting *setting,
    const struct setting_value *value, const struct setting_value *other)
{
	switch (setting->type) {
	case SETTING_SIZE:
	case SETTING_NUMBER:
	case SETTING_BOOLEAN:
	case SETTING_LOG_LEVEL:
	case SETTING_ADDRESS_DETAIL:
	case SETTING_MODE:
		break;
	case SETTING_OWNER:
		return strcmp(value->text, other->text) == 0;
	case SETTING_TOKEN:
	case SETTING_BASE_PATH:
	case SETTING_FILE:
		return strcmp(pointer(setting, value->base),
		    pointer(setting, other->base)) == 0;
	case SETTING_ADMIN:
	case SETTING_ORIGINS:
	case SETTING_PREFIXES:
	case SETTING_ENDPOINTS:
		return lists_are_equal(setting, value->base, other->base);
	}
	return memcmp((const char *)value->base + setting->offset,
	    (const char *)other->base + setting->offset,
	    field_size(setting->type)) == 0;
}

static void
swap_bytes(char *a, char *b, size_t size)
{
	char byte;

	for (; size > 0; size--, a++, b++) {
		byte = *a;
		*a = *b;
		*b = byte;
	}
}

void
setting_value_swap(const struct setting *setting, void *base, void *other)
{
	swap_bytes((char *)base + setting->offset,
	    (char *)other + setting->offset, field_size(setting->type));
	if (setting_is_list(setting))
		swap_bytes((char *)base + setting->count_offset,
		    (char *)other + setting->count_offset, sizeof(size_t));
}
