#ifndef JSON_LINE_H
#define JSON_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * One JSON object a line, for programs and for terminals: whatever is no
 * visible character (control characters, those that turn their neighbours) is
 * escaped, in texts and in JSON that is passed on, which means the same then.
 */
struct json_line {
	FILE	*out;
	const char *comma;	/* in front of the next member */
};

/* Between begin and end come the members. */
void	 json_line_begin(struct json_line *line, FILE *out);
/* With the newline. */
void	 json_line_end(struct json_line *line);

/* Bytes that are not UTF-8 become U+FFFD.  A NULL text is null. */
void	 json_line_text(struct json_line *line, const char *key,
	    const char *text, size_t len);
void	 json_line_string(struct json_line *line, const char *key,
	    const char *text);
void	 json_line_number(struct json_line *line, const char *key,
	    uint64_t value);
/* A literal: "true", "null". */
void	 json_line_literal(struct json_line *line, const char *key,
	    const char *literal);
/* Text is valid JSON, which is passed on as it is spelt. */
void	 json_line_json(struct json_line *line, const char *key,
	    const char *text, size_t len);

/* An array of objects: each between item and item_end. */
void	 json_line_array(struct json_line *line, const char *key);
void	 json_line_array_end(struct json_line *line);
void	 json_line_item(struct json_line *line);
void	 json_line_item_end(struct json_line *line);

/*
 * JSON text alone, as json_line_json() has it; of what is none, too, nothing
 * gets out that cannot be seen.
 */
void	 json_line_write_json(FILE *out, const char *text, size_t len);

#endif
