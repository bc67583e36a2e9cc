#ifndef TIMEOUT_H
#define TIMEOUT_H

#include <stdint.h>

/*
 * Ends of waits, in ms of any clock.  A wait of 0 is one without an end, which
 * is UINT64_MAX.
 */
uint64_t timeout_end_ms(uint64_t now_ms, uint64_t wait_ms);

/*
 * The end of a wait that began as one of before_ms and is now one of after_ms,
 * from the same beginning; from now_ms, if before_ms is 0.  Ends that were in
 * order still are.
 */
uint64_t timeout_changed_end_ms(uint64_t end_ms, uint64_t before_ms,
	    uint64_t after_ms, uint64_t now_ms);

#endif
