#include "session_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/*
 * The normal form of a target's path, which is the caller's to free; it is no
 * longer than some heads.
 */
static char *
normal_path(const struct http_target *target, bool *has_dots)
{
	char *path = xcalloc(HTTP_PATH_GROWTH, target->path_len + 1);

	*has_dots = http_path_normalize(target->path, target->path_len, path);
	return path;
}

static enum refusal
copy_session(const char *id, char session[SESSION_ID_MAX + 1])
{
	size_t len = strlen(id);

	if (len > 0 && id[len - 1] == '/')
		len--;
	if (!session_id_is_valid(id, len))
		return REFUSAL_INVALID_SESSION;
	memcpy(session, id, len);
	session[len] = '\0';
	return REFUSAL_NONE;
}

char *
session_path_normalize(const struct http_target *target)
{
	bool has_dots;

	return normal_path(target, &has_dots);
}

enum refusal
session_path_parse(const char *base_path, const struct http_target *target,
    char session[SESSION_ID_MAX + 1])
{
	bool has_dots;
	char *path = normal_path(target, &has_dots);
	size_t base_len = strlen(base_path);
	enum refusal code = REFUSAL_NOT_FOUND;

	if (strncmp(path, base_path, base_len) == 0 &&
	    path[base_len] != '\0')
		code = copy_session(path + base_len, session);
	else if (has_dots)
		code = REFUSAL_INVALID_SESSION;	/* . and .. alone, too */
	free(path);
	return code;
}

bool
session_path_is_file(const char *base_path, const char *file,
    const struct http_target *target)
{
	size_t base_len = strlen(base_path);
	char *path = session_path_normalize(target);
	bool is_file = strncmp(path, base_path, base_len) == 0 &&
	    strcmp(path + base_len, file) == 0;

	free(path);
	return is_file;
}
