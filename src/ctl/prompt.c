#include "prompt.h"

#include <stdio.h>
#include <string.h>

bool
prompt_is_yes(void)
{
	char answer[16] = "";

	return fgets(answer, sizeof(answer), stdin) != NULL &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}
