#include "timeout.h"

uint64_t
timeout_end_ms(uint64_t now_ms, uint64_t wait_ms)
{
	return wait_ms == 0 ? UINT64_MAX : now_ms + wait_ms;
}

uint64_t
timeout_changed_end_ms(uint64_t end_ms, uint64_t before_ms, uint64_t after_ms,
    uint64_t now_ms)
{
	return timeout_end_ms(before_ms == 0 ? now_ms : end_ms - before_ms,
	    after_ms);
}
