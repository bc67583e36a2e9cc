#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/json_tree.h"

const char suite_name[] = "json_tree";

static struct json_tree *
tree_of(const char *text)
{
	return json_tree_new(text, strlen(text));
}

/* The texts of the scalars of a tree, each with a semicolon behind it. */
static char *
scalars_of(const struct json_node *node)
{
	char *list = xcalloc(1, 1024);
	size_t i;

	for (i = 0; i < node->span; i++)
		if (node[i].span == 1) {
			strncat(list, node[i].text, node[i].len);
			strcat(list, ";");
		}
	return list;
}

START_TEST(every_scalar_keeps_its_text)
{
	static const char *const texts[][2] = {
		{ "1", "1;" },
		{ "-0.0e+10", "-0.0e+10;" },
		{ "123456789012345678901234567890", "123456789012345678901234"
		    "567890;" },
		{ "\"a\\\"b\\\\\"", "\"a\\\"b\\\\\";" },
		{ "[true,false,null]", "true;false;null;" },
		{ "{\"a\":1.0,\"b\":[],\"c\":{}}", "1.0;[];{};" },
		{ "{\"a\":\",]}\",\"b\":[[1],{\"c\":\"{[\"}]}",
		    "\",]}\";1;\"{[\";" },
		{ " { \"a\" : [ 1 , 2 ] , \"b\" : 3 } ", "1;2;3;" },
		{ "{\"\\u0000\":\"\\ud800\"}", "\"\\ud800\";" },
	};
	struct json_tree *tree = tree_of(texts[_i][0]);
	char *list;

	ck_assert_ptr_nonnull(tree);
	list = scalars_of(json_tree_root(tree));
	ck_assert_str_eq(list, texts[_i][1]);
	free(list);
	json_tree_free(tree);
}
END_TEST

START_TEST(what_is_not_json_makes_no_tree)
{
	static const char *const texts[] = { "", "{", "{\"a\"}", "[1,]", "01",
	    "{} {}", "\"\x80\"", "[1]]", "nul", "'a'" };

	ck_assert_ptr_null(tree_of(texts[_i]));
}
END_TEST

START_TEST(nesting_is_bounded)
{
	char text[2 * (JSON_TREE_DEPTH + 1) + 1] = "";
	struct json_tree *tree;
	size_t depth = JSON_TREE_DEPTH;

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	tree = json_tree_new(text, 2 * depth);
	ck_assert_ptr_nonnull(tree);
	ck_assert_uint_eq(json_tree_root(tree)->span, depth);
	json_tree_free(tree);

	depth++;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	ck_assert_ptr_null(json_tree_new(text, 2 * depth));
}
END_TEST

START_TEST(children_are_reached_in_order)
{
	struct json_tree *tree = tree_of("[[1,[2]],{\"a\":[3]},4]");
	const struct json_node *root = json_tree_root(tree), *node;
	static const char *const texts[] = { "[1,[2]]", "{\"a\":[3]}", "4" };
	size_t n = 0;

	for (node = json_node_first(root); node != NULL;
	    node = json_node_next(root, node)) {
		ck_assert_uint_eq(node->len, strlen(texts[n]));
		ck_assert_mem_eq(node->text, texts[n], node->len);
		n++;
	}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(json_node_count(root), 3);
	ck_assert_uint_eq(json_node_count(root + 1), 2);
	json_tree_free(tree);
}
END_TEST

START_TEST(of_a_repeated_key_the_last_member_counts)
{
	struct json_tree *tree = tree_of("{\"a\":1,\"aa\":2,\"a\":3,"
	    "\"\\u0061\":4,\"b\":{\"c\":5}}");
	const struct json_node *root = json_tree_root(tree);

	ck_assert_int_eq(json_node_member(root, "a")->text[0], '3');
	ck_assert_int_eq(json_node_member(root, "aa")->text[0], '2');
	ck_assert_ptr_null(json_node_member(root, "c"));
	ck_assert_ptr_null(json_node_member(json_node_member(root, "a"), "a"));
	json_tree_free(tree);
}
END_TEST

START_TEST(the_same_is_what_has_the_same_text)
{
	static const struct {
		const char *text;
		bool	 same;
	} rows[] = {
		{ "[1,1]", true },
		{ "[1,1.0]", false },
		{ "[1,\"1\"]", false },
		{ "[\"a\",\"\\u0061\"]", false },
		{ "[1e400,1e401]", false },
		{ "[12345678901234567890123,12345678901234567890124]", false },
		{ "[{\"a\":1},{\"a\":1}]", true },
	};
	struct json_tree *tree = tree_of(rows[_i].text);
	const struct json_node *root = json_tree_root(tree);
	const struct json_node *first = json_node_first(root);

	ck_assert_int_eq(json_node_is_same(first,
	    json_node_next(root, first)), rows[_i].same);
	ck_assert(!json_node_is_same(first, NULL));
	ck_assert(json_node_is_same(NULL, NULL));
	json_tree_free(tree);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, every_scalar_keeps_its_text, 0, 9);
	tcase_add_loop_test(tc, what_is_not_json_makes_no_tree, 0, 10);
	tcase_add_test(tc, nesting_is_bounded);
	tcase_add_test(tc, children_are_reached_in_order);
	tcase_add_test(tc, of_a_repeated_key_the_last_member_counts);
	tcase_add_loop_test(tc, the_same_is_what_has_the_same_text, 0, 7);
}
