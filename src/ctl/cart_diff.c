#include "cart_diff.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cart_item.h"
#include "json_tree.h"
#include "printable.h"

enum {
	KEY_COLUMNS = 40,	/* of one key in a path */
	VALUE_COLUMNS = 200	/* of a value in a line */
};

/* How the values of two containers find one another. */
enum pairing {
	PAIR_BY_KEY,
	PAIR_BY_ID,
	PAIR_BY_PRODUCT,
	PAIR_BY_POSITION
};

/* A value of a container, and the one in the other that it is matched with. */
struct entry {
	const struct json_node *node;
	const char *name;	/* what it is matched by */
	size_t	 name_len;
	char	*own;		/* name, where it is ours to free */
	struct entry *twin;
};

/* All values of a container. */
struct entries {
	size_t	 count;
	struct entry *list;	/* in their order */
	struct entry **sorted;	/* by name, the same ones in their order */
};

/* One level of the path to what is compared. */
struct step {
	const struct json_node *key;	/* a member; or NULL */
	const struct json_node *id;	/* an element by that; or NULL */
	size_t	 position;		/* an element by this */
};

struct diff {
	struct cart_reader *reader;
	const struct json_node *item;	/* that the path begins in, or NULL */
	size_t	 depth;
	struct step path[JSON_TREE_DEPTH];
};

static void compare_values(struct diff *diff, const struct json_node *before,
    const struct json_node *after);
static void compare_containers(struct diff *diff, enum pairing pairing,
    const struct json_node *before, const struct json_node *after);

/* Whether a key can stand in a path without brackets. */
static bool
is_plain_key(const struct json_node *member)
{
	size_t i;

	for (i = 0; i < member->key_len; i++) {
		char c = member->key[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return i > 0;
}

static void
write_step(FILE *out, const struct step *step, bool is_first)
{
	if (step->key != NULL && is_plain_key(step->key)) {
		if (!is_first)
			fputc('.', out);
		printable_write(out, step->key->key, step->key->key_len,
		    KEY_COLUMNS);
	} else if (step->key != NULL) {
		fputs("[\"", out);
		printable_write(out, step->key->key, step->key->key_len,
		    KEY_COLUMNS);
		fputs("\"]", out);
	} else if (step->id != NULL) {
		fputs("[id=", out);
		printable_write(out, step->id->text, step->id->len,
		    KEY_COLUMNS);
		fputc(']', out);
	} else {
		fprintf(out, "[%zu]", step->position);
	}
}

/* free() it. */
static char *
format_path(const struct diff *diff)
{
	char *path;
	size_t i, len;
	FILE *out = open_memstream(&path, &len);

	if (out == NULL)
		fatal("out of memory (a path in a cart)");
	for (i = 0; i < diff->depth; i++)
		write_step(out, &diff->path[i], i == 0);
	if (fclose(out) != 0)
		fatal("out of memory (a path in a cart)");
	return path;
}

static void
report_change(const struct diff *diff, const struct json_node *before,
    const struct json_node *after)
{
	struct cart_reader *reader = diff->reader;
	struct cart_change change = { diff->item, NULL, before, after };
	char *path;

	if (reader->room == 0) {
		reader->left_out++;
		return;
	}
	reader->room--;
	path = format_path(diff);
	change.path = path;
	reader->found(reader->ctx, &change);
	free(path);
}

/* The member that tells an element from others, or NULL. */
static const struct json_node *
element_id(const struct json_node *element)
{
	const struct json_node *id = json_node_member(element, "id");

	return id == NULL || json_node_is_object(id) || json_node_is_array(id) ?
	    NULL : id;
}

static void
name_entry(struct entry *entry, enum pairing pairing)
{
	const struct json_node *id;

	switch (pairing) {
	case PAIR_BY_KEY:
		entry->name = entry->node->key;
		entry->name_len = entry->node->key_len;
		break;
	case PAIR_BY_ID:
		id = element_id(entry->node);
		entry->name = id->text;
		entry->name_len = id->len;
		break;
	case PAIR_BY_PRODUCT:
		entry->own = cart_item_identity(entry->node, &entry->name_len);
		entry->name = entry->own;
		break;
	case PAIR_BY_POSITION:
		entry->name = "";
		break;
	}
}

static int
compare_names(const struct entry *a, const struct entry *b)
{
	size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, n);

	if (order != 0 || a->name_len == b->name_len)
		return order;
	return a->name_len < b->name_len ? -1 : 1;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left;
	const struct entry *b = *(struct entry *const *)right;
	int order = compare_names(a, b);

	return order != 0 ? order : (a > b) - (a < b);
}

static void
read_entries(struct entries *entries, const struct json_node *parent,
    enum pairing pairing)
{
	size_t i, count = json_node_count(parent);
	const struct json_node *node = json_node_first(parent);

	*entries = (struct entries){
		.count = count,
		.list = xcalloc(count + 1, sizeof(*entries->list)),
		.sorted = xcalloc(count + 1, sizeof(*entries->sorted)),
	};
	for (i = 0; i < count; i++, node = json_node_next(parent, node)) {
		entries->list[i].node = node;
		name_entry(&entries->list[i], pairing);
		entries->sorted[i] = &entries->list[i];
	}
	qsort(entries->sorted, count, sizeof(*entries->sorted),
	    compare_entries);
}

static void
clear_entries(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->count; i++)
		free(entries->list[i].own);
	free(entries->list);
	free(entries->sorted);
}

/* Of a name that is there several times the first with the first, and so on. */
static void
pair_entries(const struct entries *before, const struct entries *after)
{
	size_t i = 0, j = 0;

	while (i < before->count && j < after->count) {
		struct entry *a = before->sorted[i], *b = after->sorted[j];
		int order = compare_names(a, b);

		if (order == 0) {
			a->twin = b;
			b->twin = a;
		}
		i += order <= 0;
		j += order >= 0;
	}
}

/* Compare what is in before or after, of which one may be NULL. */
static void
compare_at(struct diff *diff, struct step step, const struct json_node *before,
    const struct json_node *after)
{
	assert(diff->depth < JSON_TREE_DEPTH);
	diff->path[diff->depth++] = step;
	compare_values(diff, before, after);
	diff->depth--;
}

/* The same for an item: what is found in it is told of it. */
static void
compare_items(const struct diff *diff, const struct json_node *before,
    const struct json_node *after)
{
	struct diff inner = {
		.reader = diff->reader,
		.item = after != NULL ? after : before,
	};

	compare_values(&inner, before, after);
}

static bool
is_cart_items(const struct diff *diff, const struct json_node *member)
{
	static const char key[] = "items";

	return diff->item == NULL && diff->depth == 0 &&
	    member->key_len == sizeof(key) - 1 &&
	    memcmp(member->key, key, member->key_len) == 0;
}

/*
 * A cart's items product by product, without any being the same as with none.
 * -1: they are not of this kind.
 */
static int
compare_cart_items(struct diff *diff, const struct json_node *before,
    const struct json_node *after)
{
	static const struct json_node none = {
		.text = "[]",
		.len = 2,
		.span = 1,
	};

	if (before == NULL)
		before = &none;
	if (after == NULL)
		after = &none;
	if (!cart_items_have_products(before) ||
	    !cart_items_have_products(after))
		return -1;
	compare_containers(diff, PAIR_BY_PRODUCT, before, after);
	return 0;
}

static void
compare_entry(struct diff *diff, enum pairing pairing, size_t position,
    const struct json_node *before, const struct json_node *after)
{
	const struct json_node *either = after != NULL ? after : before;
	struct step step = { .position = position };

	switch (pairing) {
	case PAIR_BY_PRODUCT:
		compare_items(diff, before, after);
		return;
	case PAIR_BY_KEY:
		if (is_cart_items(diff, either) &&
		    compare_cart_items(diff, before, after) == 0)
			return;
		step.key = either;
		break;
	case PAIR_BY_ID:
		step.id = element_id(either);
		break;
	case PAIR_BY_POSITION:
		break;
	}
	compare_at(diff, step, before, after);
}

static void
compare_containers(struct diff *diff, enum pairing pairing,
    const struct json_node *before, const struct json_node *after)
{
	struct entries was, is;
	size_t i;

	read_entries(&was, before, pairing);
	read_entries(&is, after, pairing);
	pair_entries(&was, &is);
	for (i = 0; i < was.count; i++)
		if (was.list[i].twin == NULL)
			compare_entry(diff, pairing, i, was.list[i].node, NULL);
	for (i = 0; i < is.count; i++)
		compare_entry(diff, pairing, i, is.list[i].twin == NULL ? NULL :
		    is.list[i].twin->node, is.list[i].node);
	clear_entries(&was);
	clear_entries(&is);
}

static bool
has_ids(const struct json_node *array)
{
	const struct json_node *element;

	for (element = json_node_first(array); element != NULL;
	    element = json_node_next(array, element))
		if (element_id(element) == NULL)
			return false;
	return true;
}

static void
compare_values(struct diff *diff, const struct json_node *before,
    const struct json_node *after)
{
	if (before == NULL || after == NULL)
		report_change(diff, before, after);
	else if (json_node_is_same(before, after))
		return;
	else if (json_node_is_object(before) && json_node_is_object(after))
		compare_containers(diff, PAIR_BY_KEY, before, after);
	else if (!json_node_is_array(before) || !json_node_is_array(after))
		report_change(diff, before, after);
	else if (has_ids(before) && has_ids(after))
		compare_containers(diff, PAIR_BY_ID, before, after);
	else
		compare_containers(diff, PAIR_BY_POSITION, before, after);
}

void
cart_diff(const struct json_node *before, const struct json_node *after,
    struct cart_reader *reader)
{
	struct diff diff = { .reader = reader };

	compare_values(&diff, before, after);
}

static struct json_tree *
tree_of(const struct payload *cart)
{
	return cart == NULL ? json_tree_new("{}", 2) :
	    json_tree_new(cart->data, cart->len);
}

int
cart_diff_texts(const struct payload *before, const struct payload *after,
    struct cart_reader *reader)
{
	struct json_tree *was = tree_of(before), *is = tree_of(after);
	bool are_json = was != NULL && is != NULL;

	if (are_json)
		cart_diff(json_tree_root(was), json_tree_root(is), reader);
	json_tree_free(was);
	json_tree_free(is);
	return are_json ? 0 : -1;
}

const char *
cart_change_verb(const struct cart_change *change)
{
	if (change->before == NULL)
		return "added";
	return change->after == NULL ? "removed" : "changed";
}

static void
write_value(FILE *out, const struct json_node *value)
{
	if (value == NULL)
		fputs("(none)", out);
	else
		printable_write(out, value->text, value->len, VALUE_COLUMNS);
}

static void
write_values(FILE *out, const struct cart_change *change)
{
	if (change->before != NULL && change->after != NULL) {
		write_value(out, change->before);
		fputs(" -> ", out);
		write_value(out, change->after);
		return;
	}
	write_value(out, change->after != NULL ? change->after :
	    change->before);
}

static void
write_item_change(FILE *out, const struct cart_change *change)
{
	if (*change->path == '\0') {
		fprintf(out, "%s ", cart_change_verb(change));
		cart_item_write_priced(out, change->item);
		return;
	}
	fputs("changed ", out);
	cart_item_write(out, change->item);
	fprintf(out, ": %s ", change->path);
	write_value(out, change->before);
	fputs(" -> ", out);
	write_value(out, change->after);
}

void
cart_change_write(FILE *out, const struct cart_change *change)
{
	if (change->item != NULL) {
		write_item_change(out, change);
		return;
	}
	fprintf(out, "%s ", cart_change_verb(change));
	if (*change->path != '\0')
		fprintf(out, "%s: ", change->path);
	write_values(out, change);
}
