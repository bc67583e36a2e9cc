#include "session_name.h"

#include <string.h>

#include "base/text.h"

#define SHOP_CHARS "abcdefghijklmnopqrstuvwxyz" "0123456789-"

bool
session_name_is_shop(const char *shop, size_t len)
{
	return len > 0 && len <= SESSION_NAME_SHOP_MAX &&
	    strspn(shop, SHOP_CHARS) >= len;
}

bool
session_name_is_valid(const char *name, size_t len)
{
	const char *slash = memchr(name, '/', len);
	size_t shop_len;

	if (slash == NULL)
		return session_id_is_valid(name, len);
	shop_len = (size_t)(slash - name);
	return session_name_is_shop(name, shop_len) &&
	    session_id_is_valid(slash + 1, len - shop_len - 1);
}

void
session_name_make(const char *shop, const char *id,
    char name[SESSION_NAME_MAX + 1])
{
	xsnprintf(name, SESSION_NAME_MAX + 1, "%s%s%s", shop,
	    shop[0] == '\0' ? "" : "/", id);
}

size_t
session_name_shop_len(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash == NULL ? 0 : (size_t)(slash - name);
}

const char *
session_name_id(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash == NULL ? name : slash + 1;
}
