#ifndef JOURNAL_ROW_H
#define JOURNAL_ROW_H

struct audit_row;
struct csv;
struct json_line;

/*
 * What a row of the journal says, for programs.  The manual page documents its
 * columns: seq, session, incarnation, revision, event, time, transport and
 * customer are always there, the others where they apply.  Neither tokens nor
 * what is kept of a requestId are among them.
 */

/* What may be left out. */
enum journal_row_parts {
	JOURNAL_ROW_BODY = 1,	/* name, address, cart and account */
	JOURNAL_ROW_HASHES = 2	/* digest and hash */
};

/*
 * As members of a line; parts are ORed.  A cart stands as it is spelt, or as a
 * string where it is not JSON, which no client could send.
 */
void	 journal_row_write_json(struct json_line *line,
	    const struct audit_row *row, unsigned parts);

/*
 * As a record of all columns, empty where they do not apply or are left out.
 * Carts are JSON in which what is not visible is escaped.
 */
void	 journal_row_write_csv(struct csv *csv, const struct audit_row *row,
	    unsigned parts);
/* The record in front, of their names. */
void	 journal_row_write_csv_head(struct csv *csv);

#endif
