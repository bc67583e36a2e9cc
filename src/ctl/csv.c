#include "csv.h"

#include <string.h>

void
csv_begin(struct csv *csv, FILE *out)
{
	*csv = (struct csv){ .out = out, .comma = "" };
}

void
csv_text(struct csv *csv, const char *text, size_t len)
{
	const char *end = text + len, *quote;

	fputs(csv->comma, csv->out);
	csv->comma = ",";
	if (text == NULL)
		return;
	fputc('"', csv->out);
	if (len > 0 && memchr("=+-@\t\r\n'", *text, 8) != NULL)
		fputc('\'', csv->out);
	while ((quote = memchr(text, '"', (size_t)(end - text))) != NULL) {
		fwrite(text, 1, (size_t)(quote - text), csv->out);
		fputs("\"\"", csv->out);
		text = quote + 1;
	}
	fwrite(text, 1, (size_t)(end - text), csv->out);
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
}
