#include "suite.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/hash_table.h"

/* What becomes of a table that finds no memory. */

const char suite_name[] = "hash_table";

/* Sanitizers do not live with a limit of memory. */
#if HAS_ADDRESS_SANITIZER

static void
add_all(TCase *tc)
{
	(void)tc;
}

#else

enum { ENTRIES = 200000 };

struct entry {
	unsigned key;
	UT_hash_handle hh;
};

/* Add entries, which are there, until the table needs more memory. */
static void
grow(struct entry *entries)
{
	struct entry *table = NULL;
	struct rlimit limit;
	unsigned i;

	if (getrlimit(RLIMIT_AS, &limit) == -1)
		_exit(EX_OSERR);
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_AS, &limit) == -1)
		_exit(EX_OSERR);
	for (i = 0; i < ENTRIES; i++) {
		entries[i].key = i;
		HASH_ADD_INT(table, key, &entries[i]);
	}
	_exit(EX_OK);
}

START_TEST(table_without_memory_ends_the_process_with_a_line)
{
	static char line[256];
	struct entry *entries = xcalloc(ENTRIES, sizeof(*entries));
	int output[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(output), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(output[1], STDERR_FILENO);
		grow(entries);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(output[1]);
	ck_assert_int_gt(read(output[0], line, sizeof(line) - 1), 0);

	ck_assert_ptr_eq(strstr(line, "<3>out of memory ("), line);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_SOFTWARE);
	close(output[0]);
	free(entries);
}
END_TEST

static void
add_all(TCase *tc)
{
	tcase_add_test(tc, table_without_memory_ends_the_process_with_a_line);
}

#endif

void
suite_add(TCase *tc)
{
	add_all(tc);
}
