#ifndef PAUSE_H
#define PAUSE_H

/* Pauses between one question to the daemon and the next, longer and longer. */
struct pause {
	unsigned ms;		/* of the last one; 0 before the first */
};

void	 pause_longer(struct pause *pause);

#endif
