#include "change_lines.h"

#include "base/buf.h"
#include "colour.h"
#include "printable.h"

enum {
	INDENT_COLUMNS = 8,
	CART_COLUMNS = 1000	/* of a cart that is no JSON */
};

static enum colour
colour_of(const struct cart_change *change)
{
	if (change->before == NULL)
		return COLOUR_ADDED;
	return change->after == NULL ? COLOUR_REMOVED : COLOUR_CHANGED;
}

void
change_lines_add(const struct change_lines *lines,
    const struct cart_change *change)
{
	fprintf(lines->out, "%*s", INDENT_COLUMNS, "");
	colour_begin(lines->out, lines->is_coloured, colour_of(change));
	cart_change_write(lines->out, change);
	colour_end(lines->out, lines->is_coloured);
	fputc('\n', lines->out);
}

void
change_lines_remark(const struct change_lines *lines, const char *remark)
{
	fprintf(lines->out, "%*s", INDENT_COLUMNS, "");
	colour_begin(lines->out, lines->is_coloured, COLOUR_FAINT);
	fprintf(lines->out, "(%s)", remark);
	colour_end(lines->out, lines->is_coloured);
	fputc('\n', lines->out);
}

static void
add_found_change(void *ctx, const struct cart_change *change)
{
	change_lines_add(ctx, change);
}

static void
write_as_it_is(const struct change_lines *lines, const struct payload *cart)
{
	fprintf(lines->out, "%*s", INDENT_COLUMNS, "");
	if (cart == NULL)
		fputs("{}", lines->out);
	else
		printable_write(lines->out, cart->data, cart->len,
		    CART_COLUMNS);
	fputc('\n', lines->out);
}

void
change_lines_compare(const struct change_lines *lines,
    const struct payload *before, const struct payload *after)
{
	struct change_lines found = *lines;
	struct cart_reader reader = { add_found_change, &found,
	    CHANGE_LINES_MAX, 0 };

	if (cart_diff_texts(before, after, &reader) == -1) {
		change_lines_remark(lines, "not JSON, which no client can "
		    "have sent");
		write_as_it_is(lines, after);
		return;
	}
	if (reader.room == CHANGE_LINES_MAX)
		change_lines_remark(lines, "nothing is different in it");
	if (reader.left_out > 0)
		fprintf(lines->out, "%*s(and %zu more changes)\n",
		    INDENT_COLUMNS, "", reader.left_out);
}
