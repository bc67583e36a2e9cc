#include <stdlib.h>

#include "storage/postgres/array_text.h"
#include "storage/postgres/placeholders.h"

#include "suite.h"

const char suite_name[] = "array_text";

/* Of a text as modules write it; free() it. */
static char *
make(const char *written)
{
	int count;
	char *text = placeholders_number(written, &count);
	char *made = array_text_make(text, count);

	free(text);
	return made;
}

START_TEST(insert_selects_its_rows)
{
	static const struct {
		const char *written, *made;
	} rows[] = {
		{ "INSERT INTO t (a, b) VALUES (?, ?)",
		    "INSERT INTO t (a, b) SELECT p.p1, p.p2"
		    " FROM unnest($1, $2) AS p (p1, p2)" },
		{ "INSERT INTO t (a) VALUES (?1)",
		    "INSERT INTO t (a) SELECT p.p1"
		    " FROM unnest($1) AS p (p1)" },
		{ "INSERT INTO t (a, b, c) VALUES (?1, 1, "
		    "(SELECT m FROM s WHERE id = ?2 AND x <> ?1))",
		    "INSERT INTO t (a, b, c) SELECT p.p1, 1, "
		    "(SELECT m FROM s WHERE id = p.p2 AND x <> p.p1)"
		    " FROM unnest($1, $2) AS p (p1, p2)" },
		{ "INSERT INTO t (a) VALUES (coalesce(?, ')$1'))",
		    "INSERT INTO t (a) SELECT coalesce(p.p1, ')$1')"
		    " FROM unnest($1) AS p (p1)" },
		{ "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING",
		    "INSERT INTO t (a) SELECT p.p1"
		    " FROM unnest($1) AS p (p1) ON CONFLICT (a) DO NOTHING" },
		{ "INSERT INTO t (a, b, c, d, e, f, g, h, i, j, k)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "INSERT INTO t (a, b, c, d, e, f, g, h, i, j, k)"
		    " SELECT p.p1, p.p2, p.p3, p.p4, p.p5, p.p6, p.p7, p.p8,"
		    " p.p9, p.p10, p.p11 FROM unnest($1, $2, $3, $4, $5, $6,"
		    " $7, $8, $9, $10, $11) AS p (p1, p2, p3, p4, p5, p6, p7,"
		    " p8, p9, p10, p11)" },
	};
	char *made = make(rows[_i].written);

	ck_assert_str_eq(made, rows[_i].made);
	free(made);
}
END_TEST

START_TEST(update_finds_its_rows)
{
	static const struct {
		const char *written, *made;
	} rows[] = {
		{ "UPDATE t SET a = ?2 WHERE id = ?1",
		    "UPDATE t SET a = p.p2 FROM unnest($1, $2) AS p (p1, p2)"
		    " WHERE id = p.p1" },
		{ "UPDATE t SET a = NULL, b = 2 WHERE id = ?",
		    "UPDATE t SET a = NULL, b = 2 FROM unnest($1) AS p (p1)"
		    " WHERE id = p.p1" },
		{ "UPDATE t SET a = (SELECT m FROM s WHERE s.id = ?2)"
		    " WHERE id = ?1 AND b IN (SELECT c FROM s WHERE d = ?1)",
		    "UPDATE t SET a = (SELECT m FROM s WHERE s.id = p.p2)"
		    " FROM unnest($1, $2) AS p (p1, p2)"
		    " WHERE id = p.p1 AND b IN"
		    " (SELECT c FROM s WHERE d = p.p1)" },
		{ "UPDATE t SET a = ' WHERE ' WHERE id = ?",
		    "UPDATE t SET a = ' WHERE ' FROM unnest($1) AS p (p1)"
		    " WHERE id = p.p1" },
	};
	char *made = make(rows[_i].written);

	ck_assert_str_eq(made, rows[_i].made);
	free(made);
}
END_TEST

START_TEST(others_have_none)
{
	static const char *const texts[] = {
		"SELECT a FROM t WHERE id = ?",
		"DELETE FROM t WHERE id = ?",
		"INSERT INTO t (a) VALUES (1)",
		"INSERT INTO t (a) SELECT ?",
		"INSERT INTO t (a) VALUES (?), (?)",
		"INSERT INTO t (a) VALUES (?) RETURNING a",
		"INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE"
		" SET b = ?1",
		"INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO NOTHING"
		" RETURNING a",
		"INSERT INTO t (a) VALUES (?",
		"UPDATE t SET a = ?",
		"UPDATE t SET a = ? FROM s WHERE s.id = t.id",
		"UPDATE t SET a = 1 WHERE id = ? RETURNING a",
		"UPDATE t SET a = 1 WHERE id = 1",
	};

	ck_assert_ptr_null(make(texts[_i]));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, insert_selects_its_rows, 0, 6);
	tcase_add_loop_test(tc, update_finds_its_rows, 0, 4);
	tcase_add_loop_test(tc, others_have_none, 0, 13);
}
