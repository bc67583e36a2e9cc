#ifndef TCP_PROGRESS_H
#define TCP_PROGRESS_H

#include <stdint.h>

/*
 * How many bytes of what was sent on fd its other end has acknowledged (RFC
 * 4898, tcpEStatsAppHCThruOctetsAcked); 0 for what is not TCP.
 */
uint64_t tcp_progress(int fd);

/*
 * How many bytes have come on fd, read or not (RFC 4898,
 * tcpEStatsAppHCThruOctetsReceived), and one more for their end; 0 for what is
 * not TCP.
 */
uint64_t tcp_progress_received(int fd);

#endif
