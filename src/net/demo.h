#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>

struct exchange_answer;
struct exchange_request;

/*
 * The demonstration shop, one page that is compiled in.  Whether the request
 * is for it, at base_path itself; then answer is filled in.
 */
bool	 demo_answer(const char *base_path,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);

#endif
