#ifndef ARRAY_TEXT_H
#define ARRAY_TEXT_H

/*
 * The text of a statement that does at once, for many, what another one does
 * for one: each of its parameters is an array, with what one run after the
 * other would have had bound.
 *
 *	INSERT INTO t (a, b) VALUES ($1, 2 * $2)
 *	INSERT INTO t (a, b) SELECT p.p1, 2 * p.p2
 *	    FROM unnest($1, $2) AS p (p1, p2)
 *
 *	UPDATE t SET a = $2 WHERE id = $1
 *	UPDATE t SET a = p.p2
 *	    FROM unnest($1, $2) AS p (p1, p2) WHERE id = p.p1
 *
 * It is the same as one run after the other where none of them sees what
 * another one has done, and each is about rows of its own.
 */

/*
 * Made of a text with parameters from $1 to $count; free() it.  NULL: it is
 * neither, has a FROM or RETURNING of its own, or parameters in an ON CONFLICT.
 */
char	*array_text_make(const char *text, int count)
	    __attribute__((warn_unused_result));

#endif
