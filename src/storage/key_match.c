#include "key_match.h"

#include <stddef.h>
#include <stdint.h>

#include "sql.h"

/* Where NULL is nobody's key, which is equal to nothing. */
static const struct sql_text match_sql = { .text =
    "UPDATE about SET key = coalesce(key, ?1)"
    " WHERE id = 1 AND (key IS NULL OR key = ?1) RETURNING id" };

enum key_match
key_match(struct sql_connection *connection, const struct id_key *key)
{
	uint8_t digest[ID_KEY_DIGEST_BYTES];
	struct sql_statement *statement = NULL;
	struct sql_binding rows;

	if (connection->engine->has_files)
		return KEY_MATCHES;
	if (sql_prepare_all(connection, &match_sql, &statement, 1) == -1)
		return KEY_MATCH_FAILED;
	if (key != NULL)
		id_key_digest(key, digest);
	rows = sql_run_of(statement);
	sql_bind_blob(&rows, key == NULL ? NULL : digest, sizeof(digest));
	(void)sql_next(&rows);
	sql_reset(&rows);
	sql_finalize(&statement, 1);
	switch (rows.result) {
	case SQL_ROW:
		return KEY_MATCHES;
	case SQL_DONE:
		return KEY_IS_ANOTHER;
	case SQL_OK:
	case SQL_FAILED:
		break;
	}
	return KEY_MATCH_FAILED;
}
