#ifndef CSV_H
#define CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Records of RFC 4180.  Spreadsheets run a cell that begins with = + - @ or
 * a tab as a formula: such a text gets an apostrophe in front, and so does one
 * that begins with an apostrophe, so that taking one away from those that have
 * it gives back what it was.
 */
struct csv {
	FILE	*out;
	const char *comma;	/* in front of the next cell */
	bool	 is_shown;	/* by a terminal: texts are made printable */
};

/* Records go to out from here on, whose cells come one by one. */
void	 csv_init(struct csv *csv, FILE *out);
/* Bytes as they are, but on a terminal; NULL is an empty cell. */
void	 csv_text(struct csv *csv, const char *text, size_t len);
void	 csv_string(struct csv *csv, const char *text);
/* The record is over. */
void	 csv_end(struct csv *csv);

#endif
