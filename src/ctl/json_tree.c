#include "json_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "wire/json_scan.h"

/* Nodes for which there is room at first. */
#define NODES_STEP 64

/* Nodes in the order in which their values begin. */
struct json_tree {
	struct json_node *nodes;
	size_t	 count;
	size_t	 room;
};

/* A text known to be JSON, while it is taken apart. */
struct parser {
	struct json_tree *tree;
	const char *at;
	const char *end;
	size_t	 open[JSON_TREE_DEPTH];	/* indexes of those not closed yet */
	size_t	 depth;
};

static bool
is_valid(const char *text, size_t len)
{
	struct json_members members, inner;

	return len <= JSON_TREE_BYTES && json_scan_object(text, len,
	    JSON_TREE_DEPTH, &members, "", &inner) != JSON_INVALID;
}

static struct json_node *
add_node(struct json_tree *tree)
{
	if (tree->count == tree->room) {
		tree->room = tree->room == 0 ? NODES_STEP : 2 * tree->room;
		tree->nodes = xrealloc(tree->nodes,
		    tree->room * sizeof(*tree->nodes));
	}
	return &tree->nodes[tree->count++];
}

/* Behind the string whose opening quote is at p. */
static const char *
pass_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

static const char *
pass_scalar(const char *p, const char *end)
{
	if (*p == '"')
		return pass_string(p);
	while (p < end && strchr(",]} \t\r\n", *p) == NULL)
		p++;
	return p;
}

static bool
is_in_object(const struct parser *parser)
{
	return parser->depth > 0 && json_node_is_object(
	    &parser->tree->nodes[parser->open[parser->depth - 1]]);
}

/* To the value behind a key, which is noted. */
static void
read_key(struct parser *parser, struct json_node *node)
{
	node->key = parser->at + 1;
	parser->at = pass_string(parser->at);
	node->key_len = (size_t)(parser->at - 1 - node->key);
	while (strchr(": \t\r\n", *parser->at) != NULL)
		parser->at++;
}

static void
open_value(struct parser *parser)
{
	struct json_node *node = add_node(parser->tree);

	*node = (struct json_node){ .span = 1 };
	if (is_in_object(parser))
		read_key(parser, node);
	node->text = parser->at;
	if (*parser->at == '{' || *parser->at == '[') {
		parser->open[parser->depth++] = parser->tree->count - 1;
		parser->at++;
		return;
	}
	parser->at = pass_scalar(parser->at, parser->end);
	node->len = (size_t)(parser->at - node->text);
}

static void
close_value(struct parser *parser)
{
	size_t i = parser->open[--parser->depth];
	struct json_node *node = &parser->tree->nodes[i];

	parser->at++;
	node->len = (size_t)(parser->at - node->text);
	node->span = parser->tree->count - i;
}

struct json_tree *
json_tree_new(const char *text, size_t len)
{
	struct parser parser = { .at = text, .end = text + len };

	if (!is_valid(text, len))
		return NULL;
	parser.tree = xcalloc(1, sizeof(*parser.tree));
	while (parser.at < parser.end) {
		switch (*parser.at) {
		case ' ': case '\t': case '\r': case '\n': case ',':
			parser.at++;
			break;
		case '}': case ']':
			close_value(&parser);
			break;
		default:
			open_value(&parser);
		}
	}
	return parser.tree;
}

void
json_tree_free(struct json_tree *tree)
{
	if (tree == NULL)
		return;
	free(tree->nodes);
	free(tree);
}

const struct json_node *
json_tree_root(const struct json_tree *tree)
{
	return tree->nodes;
}

bool
json_node_is_object(const struct json_node *node)
{
	return *node->text == '{';
}

bool
json_node_is_array(const struct json_node *node)
{
	return *node->text == '[';
}

bool
json_node_is_string(const struct json_node *node)
{
	return *node->text == '"';
}

bool
json_node_is_same(const struct json_node *a, const struct json_node *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

const struct json_node *
json_node_first(const struct json_node *parent)
{
	return parent->span > 1 ? parent + 1 : NULL;
}

const struct json_node *
json_node_next(const struct json_node *parent, const struct json_node *child)
{
	const struct json_node *next = child + child->span;

	return next < parent + parent->span ? next : NULL;
}

size_t
json_node_count(const struct json_node *parent)
{
	const struct json_node *child;
	size_t n = 0;

	for (child = json_node_first(parent); child != NULL;
	    child = json_node_next(parent, child))
		n++;
	return n;
}

const struct json_node *
json_node_member(const struct json_node *node, const char *key)
{
	const struct json_node *child, *found = NULL;
	size_t len = strlen(key);

	if (!json_node_is_object(node))
		return NULL;
	for (child = json_node_first(node); child != NULL;
	    child = json_node_next(node, child))
		if (child->key_len == len &&
		    memcmp(child->key, key, len) == 0)
			found = child;
	return found;
}
