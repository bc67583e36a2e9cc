#include "metric_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
	NAME_BYTES = 128,
	LABEL_BYTES = 64
};

/* A line that is a sample. */
struct sample {
	const char *labels;	/* what is between the braces */
	size_t	 labels_len;
	double	 value;
};

/* The line behind *line, or NULL. */
static const char *
next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* Read a line, false if it is no sample of that name. */
static bool
read_sample(const char *line, const char *name, struct sample *sample)
{
	size_t name_len = strlen(name), len = strcspn(line, "\n");
	const char *value = memrchr(line, ' ', len), *end;
	char *rest;

	if (strncmp(line, name, name_len) != 0 || value == NULL ||
	    (line[name_len] != ' ' && line[name_len] != '{'))
		return false;
	*sample = (struct sample){ .labels = "" };
	end = memrchr(line, '}', len);
	if (line[name_len] == '{' && end != NULL) {
		sample->labels = line + name_len + 1;
		sample->labels_len = (size_t)(end - sample->labels);
	}
	sample->value = strtod(value + 1, &rest);
	return rest == line + len && rest > value + 1;
}

/* The next sample of that name at *line, which is moved on; false: no more. */
static bool
next_sample(const char **line, const char *name, struct sample *sample)
{
	bool is_found = false;

	while (*line != NULL && !is_found) {
		is_found = read_sample(*line, name, sample);
		*line = next_line(*line);
	}
	return is_found;
}

double
metric_text_sum(const char *text, const char *name, const char *labels)
{
	struct sample sample;
	double sum = -1;

	while (next_sample(&text, name, &sample)) {
		if (labels != NULL && memmem(sample.labels, sample.labels_len,
		    labels, strlen(labels)) == NULL)
			continue;
		sum = (sum == -1 ? 0 : sum) + sample.value;
	}
	return sum;
}

void
metric_text_label(const char *text, const char *name, char *value, size_t size)
{
	struct sample sample;
	const char *begin, *end;
	size_t len;

	value[0] = '\0';
	if (!next_sample(&text, name, &sample))
		return;
	begin = memchr(sample.labels, '"', sample.labels_len);
	if (begin == NULL)
		return;
	begin++;
	end = memchr(begin, '"',
	    sample.labels_len - (size_t)(begin - sample.labels));
	len = end == NULL ? 0 : (size_t)(end - begin);
	if (len > size - 1)
		len = size - 1;
	memcpy(value, begin, len);
	value[len] = '\0';
}

/* The label that says a bucket's bound, as it is spelt; false without one. */
static bool
find_bound(const struct sample *sample, char label[LABEL_BYTES], double *bound)
{
	static const char key[] = "le=\"";
	const char *begin = memmem(sample->labels, sample->labels_len, key,
	    sizeof(key) - 1);
	size_t len;

	if (begin == NULL)
		return false;
	len = strcspn(begin + sizeof(key) - 1, "\"") + sizeof(key);
	if (len >= LABEL_BYTES)
		return false;
	memcpy(label, begin, len);
	label[len] = '\0';
	*bound = strtod(label + sizeof(key) - 1, NULL);
	return true;
}

/* How much came between the texts. */
static double
growth(const char *before, const char *after, const char *name,
    const char *labels)
{
	return metric_text_sum(after, name, labels) -
	    metric_text_sum(before, name, labels);
}

double
metric_text_bound(const char *before, const char *after, const char *name,
    double share)
{
	char bucket[NAME_BYTES], count[NAME_BYTES], label[LABEL_BYTES];
	const char *line = after;
	struct sample sample;
	double all, bound = 0;

	xsnprintf(bucket, sizeof(bucket), "%s_bucket", name);
	xsnprintf(count, sizeof(count), "%s_count", name);
	all = growth(before, after, count, NULL);
	if (!(all > 0))
		return 0;
	while (next_sample(&line, bucket, &sample))
		if (find_bound(&sample, label, &bound) &&
		    growth(before, after, bucket, label) >= all * share)
			break;
	return bound;
}
