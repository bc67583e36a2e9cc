#include "audit_page.h"

#include <string.h>
#include <sys/types.h>

#include "ctl/audit_page_text.h"
#include "base/log.h"

/*
 * In JSON "<" is in texts only, where it may be escaped; whatever has a meaning
 * within an element of HTML that has a script's content begins with it.
 */
static ssize_t
write_lines(void *cookie, const char *bytes, size_t len)
{
	FILE *out = cookie;
	size_t i, plain;

	for (i = 0; i < len; i += plain) {
		const char *found = memchr(bytes + i, '<', len - i);

		plain = found == NULL ? len - i :
		    (size_t)(found - bytes) - i;
		(void)fwrite(bytes + i, 1, plain, out);
		if (found == NULL)
			continue;
		(void)fputs("\\u003c", out);
		plain++;
	}
	return (ssize_t)len;
}

FILE *
audit_page_begin(FILE *out)
{
	const cookie_io_functions_t functions = { .write = write_lines };
	FILE *lines = fopencookie(out, "w", functions);

	if (lines == NULL)
		fatal("out of memory (a page)");
	(void)fputs(audit_page_head, out);
	return lines;
}

void
audit_page_end(FILE *out, FILE *lines)
{
	/* What failed is an error of out's. */
	(void)fclose(lines);
	(void)fputs(audit_page_foot, out);
}
