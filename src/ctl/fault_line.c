#include "fault_line.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "audit/report.h"
#include "base/buf.h"
#include "event_name.h"
#include "printable.h"
#include "timestamp.h"

/* A text of the database, which may be anything. */
static void
print_database_text(const char *text, size_t len)
{
	(void)printable_write(stdout, text, len, SIZE_MAX);
}

void
fault_line_print(const struct audit_fault *fault)
{
	char text[TIMESTAMP_CHARS + 1];
	const char *separator = "";

	(void)printf("fault: ");
	if (fault->seq != 0) {
		(void)printf("row %" PRId64, fault->seq);
		separator = ", ";
	}
	if (fault->session != NULL) {
		(void)printf("%s", separator);
		(void)printf("session ");
		print_database_text(fault->session->data,
		    fault->session->len);
		separator = ", ";
	}
	if (fault->has_event) {
		(void)printf("%s%s", separator, event_name(fault->event));
		separator = ", ";
	}
	if (fault->has_time) {
		timestamp_format(fault->time_ms, text);
		(void)printf("%s%s", separator, text);
		separator = ", ";
	}
	(void)printf("%s", *separator != '\0' ? ": " : "");
	print_database_text(fault->what, strlen(fault->what));
	(void)printf("\n");
}
