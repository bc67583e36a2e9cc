#include "shop_filter.h"

#include <string.h>

#include "ctl.h"
#include "session/session_name.h"

bool
shop_filter_is_valid(const char *command, const char *shop)
{
	if (shop == NULL || shop[0] == '\0' ||
	    session_name_is_shop(shop, strlen(shop)))
		return true;
	(void)ctl_usage_error("%s: %s: not the name of a shop", command, shop);
	return false;
}

bool
shop_filter_passes(const char *shop, const char *name, size_t len)
{
	const char *slash = memchr(name, '/', len);
	size_t shop_len = slash == NULL ? 0 : (size_t)(slash - name);

	return shop == NULL || (strlen(shop) == shop_len &&
	    memcmp(shop, name, shop_len) == 0);
}
