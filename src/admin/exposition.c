#include "exposition.h"

#include <inttypes.h>
#include <string.h>

#include "base/histogram.h"
#include "base/log.h"
#include "base/text.h"

/* Room for a number with all its digits. */
#define NUMBER_BYTES 32

/* So many parts make one; and as many digits. */
static const struct {
	uint64_t parts;
	int	 digits;
} units[] = {
	[EXPOSITION_ONE] = { 1, 0 },
	[EXPOSITION_MICROSECONDS] = { 1000000, 6 },
	[EXPOSITION_MILLISECONDS] = { 1000, 3 },
};

static void
append_bytes(struct exposition *exposition, const char *bytes, size_t len)
{
	if (buf_append(&exposition->text, bytes, len) == -1)
		fatalx("out of memory (metrics)");
}

static void
append_text(struct exposition *exposition, const char *text)
{
	append_bytes(exposition, text, strlen(text));
}

/* Text with the characters of special escaped that the format cannot have. */
static void
append_escaped(struct exposition *exposition, const char *text,
    const char *special)
{
	size_t len;

	for (; *text != '\0'; text++) {
		len = strcspn(text, special);
		append_bytes(exposition, text, len);
		text += len;
		if (*text == '\0')
			return;
		append_text(exposition, *text == '\n' ? "\\n" :
		    *text == '"' ? "\\\"" : "\\\\");
	}
}

/* A decimal without zeros at the end of its fraction. */
static void
format_number(uint64_t value, enum exposition_unit unit,
    char text[NUMBER_BYTES])
{
	uint64_t whole = value / units[unit].parts;
	uint64_t rest = value % units[unit].parts;
	size_t len;

	if (rest == 0) {
		xsnprintf(text, NUMBER_BYTES, "%" PRIu64, whole);
		return;
	}
	len = xsnprintf(text, NUMBER_BYTES, "%" PRIu64 ".%0*" PRIu64, whole,
	    units[unit].digits, rest);
	while (text[len - 1] == '0')
		text[--len] = '\0';
}

/* One line, but for its value. */
struct sample {
	const char *suffix;	/* of the family's name */
	const struct exposition_label *labels;
	size_t	 count;
	const char *le;		/* the bound of a bucket; NULL: it is none */
};

static void
put_label(struct exposition *exposition, const char *before,
    const char *name, const char *value)
{
	append_text(exposition, before);
	append_text(exposition, name);
	append_text(exposition, "=\"");
	append_escaped(exposition, value, "\\\"\n");
	append_text(exposition, "\"");
}

static void
put_labels(struct exposition *exposition, const struct sample *sample)
{
	size_t i;

	for (i = 0; i < sample->count; i++)
		put_label(exposition, i == 0 ? "{" : ",",
		    sample->labels[i].name, sample->labels[i].value);
	if (sample->le != NULL)
		put_label(exposition, i++ == 0 ? "{" : ",", "le", sample->le);
	if (i > 0)
		append_text(exposition, "}");
}

static void
put_sample(struct exposition *exposition, const struct sample *sample,
    uint64_t value, enum exposition_unit unit)
{
	char number[NUMBER_BYTES];

	format_number(value, unit, number);
	append_text(exposition, exposition->family);
	append_text(exposition, sample->suffix);
	put_labels(exposition, sample);
	append_text(exposition, " ");
	append_text(exposition, number);
	append_text(exposition, "\n");
}

void
exposition_init(struct exposition *exposition)
{
	buf_init(&exposition->text, UINT32_MAX);
	exposition->family = NULL;
}

struct payload *
exposition_end(struct exposition *exposition)
{
	return buf_freeze(&exposition->text);
}

void
exposition_family(struct exposition *exposition, const char *name,
    enum exposition_kind kind, const char *help)
{
	static const char *const kinds[] = {
		[EXPOSITION_COUNTER] = "counter",
		[EXPOSITION_GAUGE] = "gauge",
		[EXPOSITION_HISTOGRAM] = "histogram",
	};

	exposition->family = name;
	append_text(exposition, "# HELP ");
	append_text(exposition, name);
	append_text(exposition, " ");
	append_escaped(exposition, help, "\\\n");
	append_text(exposition, "\n# TYPE ");
	append_text(exposition, name);
	append_text(exposition, " ");
	append_text(exposition, kinds[kind]);
	append_text(exposition, "\n");
}

void
exposition_sample(struct exposition *exposition,
    const struct exposition_label *labels, size_t count, uint64_t value,
    enum exposition_unit unit)
{
	const struct sample sample = { "", labels, count, NULL };

	put_sample(exposition, &sample, value, unit);
}

void
exposition_histogram(struct exposition *exposition,
    const struct exposition_label *labels, size_t count,
    const struct histogram *histogram, enum exposition_unit unit)
{
	char le[NUMBER_BYTES];
	const struct sample bucket = { "_bucket", labels, count, le };
	const struct sample last = { "_bucket", labels, count, "+Inf" };
	const struct sample sum = { "_sum", labels, count, NULL };
	const struct sample all = { "_count", labels, count, NULL };
	uint64_t so_far = 0;
	size_t i;

	for (i = 0; i < histogram->bounds_count; i++) {
		so_far += histogram->counts[i];
		format_number(histogram->bounds[i], unit, le);
		put_sample(exposition, &bucket, so_far, EXPOSITION_ONE);
	}
	so_far += histogram->counts[i];
	put_sample(exposition, &last, so_far, EXPOSITION_ONE);
	put_sample(exposition, &sum, histogram->sum, unit);
	put_sample(exposition, &all, so_far, EXPOSITION_ONE);
}
