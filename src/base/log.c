#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Longer lines are cut; an escaped byte takes four. */
#define LINE_BYTES 1024

static enum log_level log_max = LOG_LEVEL_INFO;
static const char *program;	/* NULL: lines begin with their priority */

void
log_set_level(enum log_level level)
{
	log_max = level;
}

enum log_level
log_level(void)
{
	return log_max;
}

void
log_set_program(const char *name)
{
	program = name;
}

/* Escape text into line from offset n on and return the new length. */
static size_t
append_escaped(char *line, size_t n, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text != '\0' && n + 5 < LINE_BYTES; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f) {
			line[n++] = (char)c;
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		line[n++] = hex[c >> 4];
		line[n++] = hex[c & 15];
	}
	return n;
}

static void LOG_FORMAT(3, 0)
emit(enum log_level level, int error, const char *format, va_list ap)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	size_t n;

	if (level > log_max)
		return;
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		return;
	if (program == NULL) {
		n = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	} else {
		n = append_escaped(line, 0, program);
		n = append_escaped(line, n, ": ");
	}
	n = append_escaped(line, n, text);
	if (error != 0) {
		n = append_escaped(line, n, ": ");
		n = append_escaped(line, n, strerror(error));
	}
	line[n++] = '\n';
	/* Nowhere is left to report a log that cannot be written. */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

#define EMIT(level, error) do {						\
	int saved = errno;						\
	va_list ap;							\
	va_start(ap, format);						\
	emit((level), (error), format, ap);				\
	va_end(ap);							\
	errno = saved;							\
} while (0)

void
log_warn(const char *format, ...)
{
	EMIT(LOG_LEVEL_WARNING, saved);
}

void
log_warnx(const char *format, ...)
{
	EMIT(LOG_LEVEL_WARNING, 0);
}

void
log_info(const char *format, ...)
{
	EMIT(LOG_LEVEL_INFO, 0);
}

void
log_debug(const char *format, ...)
{
	EMIT(LOG_LEVEL_DEBUG, 0);
}

void
log_error(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, saved);
}

void
log_errorx(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, 0);
}

void
fatal(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, saved);
	exit(EX_SOFTWARE);
}

void
fatalx(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, 0);
	exit(EX_SOFTWARE);
}
