#ifndef PROMPT_H
#define PROMPT_H

#include <signal.h>
#include <stdbool.h>

/*
 * Whether a person who was asked on standard error types y, or yes.  signals
 * are blocked, and one of them means no; NULL: there are none.
 */
bool	 prompt_is_yes(const sigset_t *signals);

#endif
