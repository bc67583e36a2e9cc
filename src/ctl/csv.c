#include "csv.h"

#include <stdint.h>
#include <string.h>

#include "printable.h"

void
csv_init(struct csv *csv, FILE *out)
{
	*csv = (struct csv){
		.out = out,
		.comma = "",
		.is_shown = printable_is_for_terminal(out),
	};
}

/* What has no quotes in it. */
static void
put_plain(const struct csv *csv, const char *text, size_t len)
{
	if (csv->is_shown)
		(void)printable_write(csv->out, text, len, SIZE_MAX);
	else
		fwrite(text, 1, len, csv->out);
}

void
csv_text(struct csv *csv, const char *text, size_t len)
{
	const char *end, *quote;

	fputs(csv->comma, csv->out);
	csv->comma = ",";
	if (text == NULL)
		return;
	end = text + len;
	fputc('"', csv->out);
	if (len > 0 && memchr("=+-@\t\r\n'", *text, 8) != NULL)
		fputc('\'', csv->out);
	while ((quote = memchr(text, '"', (size_t)(end - text))) != NULL) {
		put_plain(csv, text, (size_t)(quote - text));
		fputs("\"\"", csv->out);
		text = quote + 1;
	}
	put_plain(csv, text, (size_t)(end - text));
	fputc('"', csv->out);
}

void
csv_string(struct csv *csv, const char *text)
{
	csv_text(csv, text, text == NULL ? 0 : strlen(text));
}

void
csv_end(struct csv *csv)
{
	fputs("\r\n", csv->out);
	csv->comma = "";
}
