#include "suite.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* For one test: generous, as sanitizers and busy machines are slow. */
	TEST_TIMEOUT_S = 300,
	WAITING_MAX = 16
};

static Suite *suite;
static char waiting_names[WAITING_MAX][16];
static size_t waiting;

static TCase *
add_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, TEST_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return tc;
}

TCase *
suite_waiting_case(void)
{
	char *name = waiting_names[waiting];

	assert(waiting < WAITING_MAX);
	snprintf(name, sizeof(waiting_names[0]), "waiting %zu", waiting++);
	return add_case(name);
}

static bool
run_case(SRunner *runner, const char *name)
{
	srunner_run(runner, suite_name, name, CK_ENV);
	return srunner_ntests_failed(runner) == 0;
}

/* Each waiting case in a child; true if all that was tested is well. */
static bool
run_beside(SRunner *runner)
{
	pid_t pids[WAITING_MAX];
	bool is_well;
	int status;
	size_t i;

	for (i = 0; i < waiting; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			is_well = run_case(runner, waiting_names[i]);
			srunner_free(runner);
			exit(is_well ? EXIT_SUCCESS : EXIT_FAILURE);
		}
		if (pids[i] == -1) {
			perror("fork");
			exit(EXIT_FAILURE);
		}
	}
	is_well = run_case(runner, suite_name);
	/* A server may be a child as well. */
	for (i = 0; i < waiting; i++)
		is_well = waitpid(pids[i], &status, 0) == pids[i] &&
		    status == 0 && is_well;
	return is_well;
}

int
main(void)
{
	SRunner *runner;
	bool is_well;

	suite = suite_create(suite_name);
	suite_add(add_case(suite_name));
	runner = srunner_create(suite);
	if (srunner_fork_status(runner) == CK_NOFORK) {
		srunner_run_all(runner, CK_ENV);
		is_well = srunner_ntests_failed(runner) == 0;
	} else {
		is_well = run_beside(runner);
	}
	srunner_free(runner);
	return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
