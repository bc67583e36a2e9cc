#ifndef STORAGE_ENGINE_H
#define STORAGE_ENGINE_H

#include <stdbool.h>

#include "storage.h"

/* What storage.h takes of an engine. */

enum storage_guards {
	STORAGE_GUARDED,
	STORAGE_UNGUARDED
};

enum storage_result {
	STORAGE_DONE,
	STORAGE_REFUSED,	/* by a constraint, or by a trigger */
	STORAGE_FAILED
};

struct storage_answer {
	enum storage_result result;
	char	*text;		/* the first column of the last row, or NULL; */
				/* or why it failed */
};

struct storage_engine {
	const char *name;	/* as STORAGE has it */
	void	(*need)(void);
	void	(*make)(const char *path, char name[STORAGE_NAME_BYTES]);
	void	(*remove)(const char *name);
	/* text is the caller's. */
	struct storage_answer (*run)(const char *name,
	    enum storage_guards guards, const char *sql);
	/* NULL: there are other means. */
	void	(*arm)(const char *name);
	bool	(*disarm)(const char *name);
	void	(*disconnect)(const char *name);
};

extern const struct storage_engine storage_sqlite;
extern const struct storage_engine storage_postgres;

#endif
