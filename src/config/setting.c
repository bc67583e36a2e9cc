#include "setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Copied, as the field's type is that of a pointer to its values. */
static char *
list_values(const struct setting *setting, const void *base)
{
	void *values;

	memcpy(&values, (const char *)base + setting->offset, sizeof(values));
	return values;
}

static void
set_list(const struct setting *setting, void *base, void *values, size_t count)
{
	memcpy((char *)base + setting->offset, &values, sizeof(values));
	memcpy((char *)base + setting->count_offset, &count, sizeof(count));
}

static size_t
list_count(const struct setting *setting, const void *base)
{
	size_t count;

	memcpy(&count, (const char *)base + setting->count_offset,
	    sizeof(count));
	return count;
}

static const struct setting_type_row *
type_of(const struct setting *setting)
{
	return &setting_types[setting->type];
}

bool
setting_is_list(const struct setting *setting)
{
	return type_of(setting)->is_list;
}

/* Add the value of text to the list. */
static int
add_value(const struct setting *setting, void *base,
    struct setting_text *text)
{
	size_t size = type_of(setting)->size;
	size_t count = list_count(setting, base);
	char *values = xrealloc(list_values(setting, base),
	    (count + 1) * size);
	int result;

	memset(values + count * size, 0, size);
	text->list = values;
	text->count = count;
	result = type_of(setting)->parse(text, values + count * size);
	set_list(setting, base, values, result == 0 ? count + 1 : count);
	return result;
}

static int
add_values(const struct setting *setting, void *base,
    struct setting_text *text)
{
	char *copy = xstrdup(text->text);
	char *rest = *copy == '\0' ? NULL : copy;
	int result = 0;

	while (result == 0 && (text->text = strsep(&rest, ",")) != NULL)
		result = add_value(setting, base, text);
	free(copy);
	return result;
}

int
setting_put(const struct setting *setting, void *base, const char *text,
    enum setting_names names, char problem[SETTING_PROBLEM_BYTES])
{
	struct setting_text value = {
		.text = text,
		.max = setting->max,
		.names = names,
		.problem = problem,
	};
	int result;

	problem[0] = '\0';
	result = setting_is_list(setting) ?
	    add_values(setting, base, &value) :
	    type_of(setting)->parse(&value, (char *)base + setting->offset);
	if (result == -1 && problem[0] == '\0')
		(void)snprintf(problem, SETTING_PROBLEM_BYTES, "%s",
		    type_of(setting)->problem);
	return result;
}

void
setting_clear(const struct setting *setting, void *base)
{
	const struct setting_type_row *type = type_of(setting);
	char *values;
	size_t i;

	if (!type->is_list) {
		if (type->clear != NULL)
			type->clear((char *)base + setting->offset);
		return;
	}
	values = list_values(setting, base);
	for (i = list_count(setting, base); type->clear != NULL && i > 0; i--)
		type->clear(values + (i - 1) * type->size);
	free(values);
	set_list(setting, base, NULL, 0);
}

static bool
values_are_equal(const struct setting_type_row *type, const char *a,
    const char *b)
{
	return type->is_equal != NULL ? type->is_equal(a, b) :
	    memcmp(a, b, type->size) == 0;
}

bool
setting_is_equal(const struct setting *setting, const void *base,
    const char *text, const void *other, const char *other_text)
{
	const struct setting_type_row *type = type_of(setting);
	const char *a = (const char *)base + setting->offset;
	const char *b = (const char *)other + setting->offset;
	size_t count, i;

	if (type->is_text)
		return strcmp(text, other_text) == 0;
	if (!type->is_list)
		return values_are_equal(type, a, b);
	a = list_values(setting, base);
	b = list_values(setting, other);
	count = list_count(setting, base);
	if (list_count(setting, other) != count)
		return false;
	for (i = 0; i < count; i++)
		if (!values_are_equal(type, a + i * type->size,
		    b + i * type->size))
			return false;
	return true;
}

static void
swap_bytes(char *a, char *b, size_t size)
{
	char byte;

	for (; size > 0; size--, a++, b++) {
		byte = *a;
		*a = *b;
		*b = byte;
	}
}

void
setting_swap(const struct setting *setting, void *base, void *other)
{
	bool is_list = setting_is_list(setting);

	swap_bytes((char *)base + setting->offset,
	    (char *)other + setting->offset,
	    is_list ? sizeof(void *) : type_of(setting)->size);
	if (is_list)
		swap_bytes((char *)base + setting->count_offset,
		    (char *)other + setting->count_offset, sizeof(size_t));
}
