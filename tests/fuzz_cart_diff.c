/*
 * Differences of any two JSON texts: the input is both, a line each.  What is
 * found must be in them, the same back and forth, and nothing between a text
 * and itself.
 */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cart_diff.h"
#include "ctl/json_tree.h"

enum { ROOM = 200 };

/* What is counted of the changes. */
struct count {
	FILE	*out;
	size_t	 added;
	size_t	 removed;
	size_t	 changed;
};

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
count_change(void *ctx, const struct cart_change *change)
{
	struct count *count = ctx;

	assert(!json_node_is_same(change->before, change->after));
	if (change->before == NULL)
		count->added++;
	else if (change->after == NULL)
		count->removed++;
	else
		count->changed++;
	cart_change_write(count->out, change);
	fputc('\n', count->out);
}

static void
check_lines(const char *lines, size_t len)
{
	size_t i, run = 0;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)lines[i];

		assert(c == '\n' || (c >= 0x20 && c != 0x7f));
		run = c == '\n' ? 0 : run + 1;
		assert(run < 32 * 1024);
	}
}

static size_t
diff(const struct json_tree *before, const struct json_tree *after,
    struct count *count)
{
	struct cart_reader reader = { count_change, count, ROOM, 0 };
	char *lines;
	size_t len;

	*count = (struct count){ .out = open_memstream(&lines, &len) };
	assert(count->out != NULL);
	cart_diff(json_tree_root(before), json_tree_root(after), &reader);
	assert(fclose(count->out) == 0);
	assert(reader.left_out == 0 || reader.room == 0);
	check_lines(lines, len);
	free(lines);
	return count->added + count->removed + count->changed +
	    reader.left_out;
}

static void
compare(const struct json_tree *a, const struct json_tree *b)
{
	struct count forth, back, none;
	size_t n = diff(a, b, &forth);

	assert(diff(b, a, &back) == n);
	if (n <= ROOM) {
		assert(forth.added == back.removed);
		assert(forth.removed == back.added);
		assert(forth.changed == back.changed);
	}
	assert(diff(a, a, &none) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data, *end = text + len;
	const char *line = len > 0 ? memchr(text, '\n', len) : NULL;
	struct json_tree *before, *after;

	if (line == NULL)
		return 0;
	before = json_tree_new(text, (size_t)(line - text));
	after = json_tree_new(line + 1, (size_t)(end - line - 1));
	if (before != NULL && after != NULL)
		compare(before, after);
	json_tree_free(before);
	json_tree_free(after);
	return 0;
}
