#ifndef SUITE_H
#define SUITE_H

#ifndef HAVE_CHECK
#error make check needs the library check: install it (Debian: the package \
check) and run configure again
#endif

#include <check.h>

/* Whether a sanitizer is in: gcc defines a macro, clang has a feature. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#else
#define HAS_ADDRESS_SANITIZER 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#else
#define HAS_THREAD_SANITIZER 0
#endif

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
