#ifndef ROW_CSV_H
#define ROW_CSV_H

#include "row_json.h"

struct audit_row;
struct csv;

/*
 * The members of row_json.h as cells, those that do not apply empty, and the
 * row's digest and hash.  Carts are JSON in which what is not visible is
 * escaped.
 */
void	 row_csv_head(struct csv *csv);
void	 row_csv_write(struct csv *csv, const struct audit_row *row,
	    enum row_bodies bodies);

#endif
