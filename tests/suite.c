#include "suite.h"

#include <stdlib.h>

/* Seconds for one test: generous, as sanitizers and busy machines are slow. */
#define TEST_TIMEOUT_S 300

int
main(void)
{
	Suite *suite = suite_create(suite_name);
	TCase *tc = tcase_create(suite_name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, TEST_TIMEOUT_S);
	suite_add(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
