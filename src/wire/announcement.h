#ifndef ANNOUNCEMENT_H
#define ANNOUNCEMENT_H

#include <stddef.h>
#include <stdint.h>

struct customer_id;
struct message;
struct payload;

/*
 * What those are told who asked for it, besides the multicart.  Each returns a
 * message with one reference, complete but for its last brace, in front of
 * which a cursor may stand.
 */

/* presenceUpdate: these customers, in the multicart's order. */
struct payload *announcement_present(const struct customer_id *ids,
	    size_t count) __attribute__((warn_unused_result));
/* from said what stands in message. */
struct payload *announcement_said(const struct customer_id *from,
	    const struct message *message) __attribute__((warn_unused_result));
/* So many things were said that are not there any more. */
struct payload *announcement_missed(uint64_t count)
	    __attribute__((warn_unused_result));

#endif
