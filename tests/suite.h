#ifndef SUITE_H
#define SUITE_H

#ifndef HAVE_CHECK
#error make check needs the library check: install it (Debian: the package \
check) and run configure again
#endif

#include <check.h>

/*
 * Every check_MODULE.c defines these two; suite.c has the main() that runs
 * them under check's usual environment variables (CK_FORK, CK_RUN_CASE, ...).
 */
extern const char suite_name[];
void	 suite_add(TCase *tc);

#endif
