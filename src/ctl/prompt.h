#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>

/* Whether a person who was asked on standard error types y, or yes. */
bool	 prompt_is_yes(void);

#endif
