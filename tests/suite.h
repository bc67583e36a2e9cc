#ifndef SUITE_H
#define SUITE_H

#ifndef HAVE_CHECK
#error make check needs the library check: install it (Debian: the package \
check) and run configure again
#endif

#include <check.h>

/*
 * Every check_MODULE.c defines these two; suite.c has the main() that runs
 * them under check's usual environment variables (CK_FORK, ...).
 */
extern const char suite_name[];
void	 suite_add(TCase *tc);

/*
 * For suite_add(): a case for a test that does little but wait.  It runs in a
 * process of its own beside all other tests, unless CK_FORK is no.
 */
TCase	*suite_waiting_case(void);

#endif
