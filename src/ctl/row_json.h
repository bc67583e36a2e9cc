#ifndef ROW_JSON_H
#define ROW_JSON_H

struct audit_row;
struct json_line;
struct payload;

enum row_bodies {
	ROW_WITH_BODIES,
	ROW_WITHOUT_BODIES	/* no name, address and cart */
};

/*
 * What a row of the journal says, as members of a line.  The manual page
 * documents them: seq, session, incarnation, revision, event, time, transport
 * and customer are always there, the others where they apply.  Neither tokens
 * nor what is kept of a requestId are among them.
 */
void	 row_json_write(struct json_line *line, const struct audit_row *row,
	    enum row_bodies bodies);

/*
 * A cart as a member: as it is spelt, or as a string where it is not JSON,
 * which no client could send.  NULL is null.
 */
void	 row_json_write_cart(struct json_line *line, const char *key,
	    const struct payload *cart);

#endif
