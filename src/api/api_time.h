#ifndef API_TIME_H
#define API_TIME_H

#include <stdint.h>

struct json_write;

/*
 * A wall time as the shop's server reads it: RFC 3339, in UTC; null if it is
 * after the year 9999.
 */
void	 api_time_write(struct json_write *json, const char *key, uint64_t ms);

#endif
