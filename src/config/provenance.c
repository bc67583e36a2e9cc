#include "provenance.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct entry {
	enum provenance_origin origin;
	char	*text;		/* NULL for "" */
};

struct provenance {
	size_t	 count;
	struct entry entries[];
};

struct provenance *
provenance_new(size_t count)
{
	struct provenance *provenance = xcalloc(1, sizeof(*provenance) +
	    count * sizeof(provenance->entries[0]));

	provenance->count = count;
	return provenance;
}

void
provenance_free(struct provenance *provenance)
{
	size_t i;

	if (provenance == NULL)
		return;
	for (i = 0; i < provenance->count; i++)
		free(provenance->entries[i].text);
	free(provenance);
}

void
provenance_begin(struct provenance *provenance, size_t i,
    enum provenance_origin origin)
{
	free(provenance->entries[i].text);
	provenance->entries[i] = (struct entry){ .origin = origin };
}

void
provenance_add(struct provenance *provenance, size_t i, const char *text)
{
	struct entry *entry = &provenance->entries[i];
	size_t len = entry->text == NULL ? 0 : strlen(entry->text);
	size_t more = strlen(text);

	entry->text = xrealloc(entry->text, len + 1 + more + 1);
	if (len > 0)
		entry->text[len++] = ',';
	memcpy(entry->text + len, text, more + 1);
}

const char *
provenance_text(const struct provenance *provenance, size_t i)
{
	const char *text = provenance->entries[i].text;

	return text == NULL ? "" : text;
}

enum provenance_origin
provenance_origin(const struct provenance *provenance, size_t i)
{
	return provenance->entries[i].origin;
}

const char *
provenance_origin_name(const struct provenance *provenance, size_t i)
{
	switch (provenance->entries[i].origin) {
	case PROVENANCE_DEFAULT:
		return "default";
	case PROVENANCE_FILE:
		return "file";
	case PROVENANCE_ENVIRONMENT:
		return "environment";
	case PROVENANCE_COMMAND_LINE:
		return "command line";
	}
	return NULL;
}

void
provenance_swap(struct provenance *provenance, struct provenance *other,
    size_t i)
{
	struct entry entry = provenance->entries[i];

	provenance->entries[i] = other->entries[i];
	other->entries[i] = entry;
}
