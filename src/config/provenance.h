#ifndef PROVENANCE_H
#define PROVENANCE_H

#include <stddef.h>

/* Where each of a table's settings has its value from, and as which text. */
struct provenance;

enum provenance_origin {
	PROVENANCE_DEFAULT,
	PROVENANCE_FILE,
	PROVENANCE_ENVIRONMENT,
	PROVENANCE_COMMAND_LINE
};

struct provenance *provenance_new(size_t count);
/* NULL is allowed. */
void	 provenance_free(struct provenance *provenance);

/* Setting i has a value of origin, "" until provenance_add(). */
void	 provenance_begin(struct provenance *provenance, size_t i,
	    enum provenance_origin origin);
/* More of that value; of a list, one value behind the other. */
void	 provenance_add(struct provenance *provenance, size_t i,
	    const char *text);

/* Lists with commas. */
const char *provenance_text(const struct provenance *provenance, size_t i);
enum provenance_origin provenance_origin(const struct provenance *provenance,
	    size_t i);
/* "default", "file", "environment" or "command line". */
const char *provenance_origin_name(const struct provenance *provenance,
	    size_t i);

/* Exchange what two of them have of setting i. */
void	 provenance_swap(struct provenance *provenance,
	    struct provenance *other, size_t i);

#endif
