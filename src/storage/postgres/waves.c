#include "waves.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/xalloc.h"
#include "pipeline.h"

enum {
	ROWS_MAX = 1000,
	BYTES_MAX = 1 << 20,		/* of rows, or so many, with the last */
	ARRAY_ROWS = 3,			/* fewer are sent one by one */
	ARRAY_HEAD_BYTES = 20
};

struct wave_statement {
	const struct sql_text *text;
	int	 count;			/* of parameters, each has */
	unsigned *types;		/* those of the last row, ... */
	unsigned types_number;		/* ... which were others before */
	struct statement *one;
	struct statement *array;	/* NULL: it has no such form */
};

/* What is in front of the bytes of a parameter. */
struct head {
	unsigned type;
	int	 len;			/* -1 is NULL, as in an array */
};

/* In a list, as are places; both begin with 1, and 0 is none. */
struct row {
	size_t	 at;			/* in bytes: its next parameter */
	size_t	 next;			/* of the place */
};

/* A statement in a wave. */
struct place {
	struct wave_statement *statement;
	enum statement_form form;
	unsigned types_number;		/* the statement's, of all rows */
	unsigned number;		/* in the wave */
	size_t	 first, last;		/* rows, ... */
	size_t	 count;
	size_t	 size;			/* ... and their bytes */
	size_t	 next;			/* of the wave */
};

struct wave {
	size_t	 first, last;
};

/* How far a key is. */
struct turn {
	UT_hash_handle hh;
	int64_t	 key;
	size_t	 wave;
	unsigned number;		/* of the place in it; 0 at first */
};

struct waves {
	struct turn *turns;		/* by key */
	struct turn *turn_room;		/* for as many as rows */
	size_t	 turn_count;
	struct row *rows;
	size_t	 row_count;
	struct place *places;
	size_t	 place_count;
	struct wave *waves;
	size_t	 wave_count;
	char	*bytes;
	size_t	 len, room;
	char	*arrays;		/* of one that is sent */
	size_t	 arrays_room;
};

struct wave_statement *
wave_statement_new(const struct sql_text *text)
{
	struct wave_statement *s = xcalloc(1, sizeof(*s));

	s->text = text;
	s->one = statement_new(text);
	s->array = statement_new_array(text);
	s->count = statement_count(s->one);
	s->types = xcalloc((size_t)s->count + 1, sizeof(*s->types));
	return s;
}

void
wave_statement_free(struct wave_statement *s)
{
	if (s == NULL)
		return;
	statement_free(s->array);
	statement_free(s->one);
	free(s->types);
	free(s);
}

struct waves *
waves_new(void)
{
	return xcalloc(1, sizeof(struct waves));
}

void
waves_free(struct waves *w)
{
	if (w == NULL)
		return;
	waves_forget(w);
	free(w->turn_room);
	free(w->rows);
	free(w->places);
	free(w->waves);
	free(w->bytes);
	free(w->arrays);
	free(w);
}

void
waves_forget(struct waves *w)
{
	HASH_CLEAR(hh, w->turns);
	w->turn_count = 0;
	w->row_count = 0;
	w->place_count = 0;
	w->wave_count = 0;
	w->len = 0;
}

bool
waves_are_empty(const struct waves *w)
{
	return w->row_count == 0;
}

bool
waves_are_full(const struct waves *w)
{
	return w->row_count >= ROWS_MAX || w->len >= BYTES_MAX;
}

/* With the first row: there is a place, and a wave, for each at the most. */
static void
make_room(struct waves *w)
{
	if (w->rows != NULL)
		return;
	w->turn_room = xcalloc(ROWS_MAX, sizeof(*w->turn_room));
	w->rows = xcalloc(ROWS_MAX + 1, sizeof(*w->rows));
	w->places = xcalloc(ROWS_MAX + 1, sizeof(*w->places));
	w->waves = xcalloc(ROWS_MAX, sizeof(*w->waves));
}

static struct turn *
find_turn(struct waves *w, int64_t key)
{
	struct turn *turn;

	HASH_FIND(hh, w->turns, &key, sizeof(key), turn);
	if (turn != NULL)
		return turn;
	turn = &w->turn_room[w->turn_count++];
	*turn = (struct turn){ .key = key };
	HASH_ADD(hh, w->turns, key, sizeof(turn->key), turn);
	return turn;
}

static struct place *
find_place(struct waves *w, size_t wave, const struct wave_statement *s,
    enum statement_form form)
{
	struct place *place;
	size_t i;

	if (wave >= w->wave_count)
		return NULL;
	for (i = w->waves[wave].first; i != 0; i = place->next) {
		place = &w->places[i];
		if (place->statement == s && place->form == form &&
		    place->types_number == s->types_number)
			return place;
	}
	return NULL;
}

/* At the end of a wave, which may be a new one. */
static struct place *
add_place(struct waves *w, size_t number, struct wave_statement *s,
    enum statement_form form)
{
	struct wave *wave = &w->waves[number];
	size_t i = ++w->place_count;

	w->places[i] = (struct place){
		.statement = s,
		.form = form,
		.types_number = s->types_number,
		.number = 1,
	};
	if (number == w->wave_count) {
		w->wave_count++;
		wave->first = i;
	} else {
		w->places[wave->last].next = i;
		w->places[i].number = w->places[wave->last].number + 1;
	}
	wave->last = i;
	return &w->places[i];
}

/* Where the next of that key goes. */
static struct place *
take_place(struct waves *w, int64_t key, struct wave_statement *s,
    enum statement_form form)
{
	struct turn *turn = find_turn(w, key);
	struct place *place = find_place(w, turn->wave, s, form);

	if (place != NULL && place->number <= turn->number) {
		turn->wave++;
		place = find_place(w, turn->wave, s, form);
	}
	if (place == NULL)
		place = add_place(w, turn->wave, s, form);
	turn->number = place->number;
	return place;
}

static char *
reserve(char **bytes, size_t *room, size_t size)
{
	if (size > *room) {
		*room = 2 * size;
		*bytes = xrealloc(*bytes, *room);
	}
	return *bytes;
}

/* The types of what is bound are those of the last row, mostly. */
static void
note_types(struct wave_statement *s, const struct statement *bound)
{
	bool is_other = false;
	unsigned type;
	int i;

	for (i = 0; i < s->count; i++) {
		type = statement_parameter(bound, i + 1).type;
		is_other |= s->types[i] != type;
		s->types[i] = type;
	}
	if (is_other)
		s->types_number++;
}

static void
put_parameter(struct waves *w, const struct parameter *parameter)
{
	const struct head head = {
		.type = parameter->type,
		.len = parameter->bytes == NULL ? -1 : parameter->len,
	};
	size_t len = head.len < 0 ? 0 : (size_t)head.len;
	char *out = reserve(&w->bytes, &w->room,
	    w->len + sizeof(head) + len) + w->len;

	memcpy(out, &head, sizeof(head));
	if (len > 0)
		memcpy(out + sizeof(head), parameter->bytes, len);
	w->len += sizeof(head) + len;
}

static void
put_row(struct waves *w, struct place *place, const struct statement *bound)
{
	size_t i = ++w->row_count;
	struct parameter parameter;
	int at;

	w->rows[i] = (struct row){ .at = w->len };
	for (at = 1; at <= place->statement->count; at++) {
		parameter = statement_parameter(bound, at);
		put_parameter(w, &parameter);
	}
	if (place->first == 0)
		place->first = i;
	else
		w->rows[place->last].next = i;
	place->last = i;
	place->count++;
	place->size += w->len - w->rows[i].at;
}

void
waves_add(struct waves *w, int64_t key, struct wave_statement *statement,
    enum statement_form form, const struct statement *bound)
{
	make_room(w);
	note_types(statement, bound);
	put_row(w, take_place(w, key, statement, form), bound);
}

/* The next parameter of a row. */
static struct parameter
take_parameter(struct waves *w, struct row *row)
{
	struct parameter parameter = { .bytes = NULL };
	struct head head;

	memcpy(&head, w->bytes + row->at, sizeof(head));
	row->at += sizeof(head);
	parameter.type = head.type;
	if (head.len < 0)
		return parameter;
	parameter.bytes = w->bytes + row->at;
	parameter.len = head.len;
	row->at += (size_t)head.len;
	return parameter;
}

static int
send(struct pipeline *pipeline, struct statement *statement,
    enum statement_form form)
{
	if (pipeline_send(pipeline, statement, form) == -1)
		return -1;
	return pipeline_is_full(pipeline) ? pipeline_wait(pipeline, NULL) : 0;
}

static int
send_rows(struct waves *w, const struct place *place,
    struct pipeline *pipeline)
{
	struct statement *one = place->statement->one;
	struct parameter parameter;
	size_t i;
	int at;

	for (i = place->first; i != 0; i = w->rows[i].next) {
		for (at = 1; at <= place->statement->count; at++) {
			parameter = take_parameter(w, &w->rows[i]);
			statement_bind_parameter(one, at, &parameter);
		}
		if (send(pipeline, one, place->form) == -1)
			return -1;
	}
	return 0;
}

static char *
put_number(char *out, uint32_t number)
{
	number = htobe32(number);
	memcpy(out, &number, sizeof(number));
	return out + sizeof(number);
}

/* In front of the elements of an array, as array_recv() wants it. */
static char *
put_array_head(char *out, const struct parameter *element, size_t count)
{
	out = put_number(out, 1);	/* dimension */
	out = put_number(out, 1);	/* there may be NULLs */
	out = put_number(out, element->type);
	out = put_number(out, (uint32_t)count);
	return put_number(out, 1);	/* is the first one's index */
}

static char *
put_element(char *out, const struct parameter *element)
{
	if (element->bytes == NULL)
		return put_number(out, UINT32_MAX);
	out = put_number(out, (uint32_t)element->len);
	memcpy(out, element->bytes, (size_t)element->len);
	return out + element->len;
}

/* The next parameter of all rows; returns where it ends. */
static char *
put_array(struct waves *w, const struct place *place, char *out,
    struct parameter *array)
{
	struct parameter element;
	size_t i;

	array->bytes = out;
	for (i = place->first; i != 0; i = w->rows[i].next) {
		element = take_parameter(w, &w->rows[i]);
		if (i == place->first)
			out = put_array_head(out, &element, place->count);
		out = put_element(out, &element);
	}
	array->type = statement_array_type(element.type);
	array->len = (int)(out - array->bytes);
	return out;
}

/* An element has less in front of it than a parameter of a row. */
static int
send_array(struct waves *w, const struct place *place,
    struct pipeline *pipeline)
{
	const struct wave_statement *s = place->statement;
	struct parameter array;
	char *out;
	int at;

	out = reserve(&w->arrays, &w->arrays_room, place->size +
	    (size_t)s->count * ARRAY_HEAD_BYTES);
	for (at = 1; at <= s->count; at++) {
		out = put_array(w, place, out, &array);
		statement_bind_parameter(s->array, at, &array);
	}
	return send(pipeline, s->array, place->form);
}

static int
send_place(struct waves *w, const struct place *place,
    struct pipeline *pipeline)
{
	return place->count < ARRAY_ROWS || place->statement->array == NULL ?
	    send_rows(w, place, pipeline) : send_array(w, place, pipeline);
}

int
waves_send(struct waves *w, struct pipeline *pipeline)
{
	size_t wave, i;
	int sent = 0;

	for (wave = 0; wave < w->wave_count && sent == 0; wave++)
		for (i = w->waves[wave].first; i != 0 && sent == 0;
		    i = w->places[i].next)
			sent = send_place(w, &w->places[i], pipeline);
	waves_forget(w);
	return sent;
}
