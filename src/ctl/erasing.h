#ifndef ERASING_H
#define ERASING_H

#include "ctl.h"

struct customer_id;
struct payload;

/*
 * Have the bodies of a customer of session erased, or with NULL of everybody
 * in it, and wait until nothing is left of them in the database's files: by the
 * daemon, or in its place if none runs.  What was erased is printed.
 */
enum ctl_status erasing_run(const struct ctl *ctl, struct payload *session,
	    const struct customer_id *customer);

#endif
