#include "pause.h"

#include <time.h>

enum {
	FIRST_MS = 20,
	LAST_MS = 500
};

void
pause_longer(struct pause *pause)
{
	struct timespec time = { .tv_sec = 0 };

	pause->ms = pause->ms == 0 ? FIRST_MS : pause->ms * 2;
	if (pause->ms > LAST_MS)
		pause->ms = LAST_MS;
	time.tv_nsec = (long)pause->ms * 1000000;
	(void)nanosleep(&time, NULL); /* too early is early enough */
}
