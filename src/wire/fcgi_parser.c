#include "fcgi_parser.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* What a record means, given its type, its id and what came before. */
enum fcgi_record {
	FCGI_RECORD_IGNORED,
	FCGI_RECORD_BEGIN,
	FCGI_RECORD_ABORT,
	FCGI_RECORD_PARAMS,
	FCGI_RECORD_STDIN,
	FCGI_RECORD_GET_VALUES,
	FCGI_RECORD_UNKNOWN
};

enum request_state {
	STATE_PARAMS,
	STATE_STDIN,
	STATE_ANSWER,		/* all input is there */
	STATE_ABORTED
};

/* Section 4.1. */
enum value {
	MAX_CONNS,
	MAX_REQS,
	MPXS_CONNS
};

static const char *const value_names[] = {
	[MAX_CONNS] = "FCGI_MAX_CONNS",
	[MAX_REQS] = "FCGI_MAX_REQS",
	[MPXS_CONNS] = "FCGI_MPXS_CONNS",
	NULL
};

static uint16_t
read_16(const uint8_t *in)
{
	return (uint16_t)(in[0] << 8 | in[1]);
}

void
fcgi_parser_init(struct fcgi_parser *parser,
    const struct fcgi_parser_config *config)
{
	*parser = (struct fcgi_parser){ .config = config };
	LIST_INIT(&parser->requests);
}

void
fcgi_parser_clear(struct fcgi_parser *parser)
{
	struct fcgi_request *request;

	while ((request = fcgi_parser_request(parser)) != NULL)
		fcgi_request_end(parser, request);
}

static struct fcgi_request *
new_request(struct fcgi_parser *parser, uint16_t id)
{
	struct fcgi_request *request = &parser->first;

	if (request->id != FCGI_NULL_REQUEST_ID)
		request = xcalloc(1, sizeof(*request));
	*request = (struct fcgi_request){
		.id = id,
		.head = FCGI_HEAD,
		.params_left = FCGI_PARAMS_MAX_BYTES,
		.keep_conn = (parser->begin[2] & FCGI_KEEP_CONN) != 0,
	};
	buf_init(&request->params, FCGI_PARAMS_MAX_BYTES);
	LIST_INSERT_HEAD(&parser->requests, request, entry);
	parser->active++;
	return request;
}

void
fcgi_request_end(struct fcgi_parser *parser, struct fcgi_request *request)
{
	if (!request->keep_conn)
		parser->closing = true;
	if (parser->request == request) {
		parser->request = NULL;
		parser->record = FCGI_RECORD_IGNORED;
	}
	LIST_REMOVE(request, entry);
	parser->active--;
	buf_clear(&request->params);
	request->id = FCGI_NULL_REQUEST_ID;
	if (request != &parser->first)
		free(request);
}

bool
fcgi_parser_is_done(const struct fcgi_parser *parser)
{
	return parser->closing && LIST_EMPTY(&parser->requests);
}

struct fcgi_request *
fcgi_parser_request(const struct fcgi_parser *parser)
{
	return LIST_FIRST(&parser->requests);
}

static struct fcgi_request *
find_request(const struct fcgi_parser *parser, uint16_t id)
{
	struct fcgi_request *request;

	LIST_FOREACH(request, &parser->requests, entry)
		if (request->id == id)
			return request;
	return NULL;
}

/* A param's place in the table, counted from 1. */
static uint8_t
param_number(const struct fcgi_parser *parser, const char *name)
{
	uint8_t i;

	for (i = 0; strcmp(parser->config->params[i], name) != 0; i++)
		assert(parser->config->params[i + 1] != NULL);
	return (uint8_t)(i + 1);
}

const char *
fcgi_request_param(const struct fcgi_parser *parser,
    const struct fcgi_request *request, const char *name)
{
	uint8_t number = param_number(parser, name);
	size_t at = 0;

	while (at < request->params.len) {
		const char *param = buf_data(&request->params) + at;

		if ((uint8_t)param[0] == number)
			return param + 1;
		at += strlen(param) + 1;
	}
	return NULL;
}

static enum fcgi_status
fail_fcgi(struct fcgi_parser *parser, const char *fault)
{
	parser->failed = fault;
	return FCGI_FAILED;
}

static size_t
content_len(const struct fcgi_parser *parser)
{
	return read_16(parser->header + 4);
}

static void
refuse_head(struct fcgi_request *request, enum fcgi_status head)
{
	request->head = (uint8_t)head;
	buf_clear(&request->params);
}

static enum fcgi_status
judge_management(struct fcgi_parser *parser)
{
	parser->record = FCGI_RECORD_UNKNOWN;
	if (parser->header[1] == FCGI_GET_VALUES) {
		parser->record = FCGI_RECORD_GET_VALUES;
		parser->asked = 0;
	}
	return FCGI_MORE;
}

static enum fcgi_status
judge_begin(struct fcgi_parser *parser)
{
	if (parser->request != NULL)
		return fail_fcgi(parser, "BEGIN_REQUEST for an active request");
	if (content_len(parser) != FCGI_BODY_BYTES)
		return fail_fcgi(parser, "BEGIN_REQUEST of a wrong length");
	parser->record = FCGI_RECORD_BEGIN;
	return FCGI_MORE;
}

static enum fcgi_status
judge_params(struct fcgi_parser *parser)
{
	struct fcgi_request *request = parser->request;

	if (request->state != STATE_PARAMS)
		return fail_fcgi(parser, "PARAMS after their end");
	parser->record = FCGI_RECORD_PARAMS;
	if (content_len(parser) <= request->params_left)
		request->params_left -= (uint32_t)content_len(parser);
	else if (request->head == FCGI_HEAD)
		refuse_head(request, FCGI_BIG_HEAD);
	return FCGI_MORE;
}

/* A record of an active request. */
static enum fcgi_status
judge_input(struct fcgi_parser *parser)
{
	if (parser->request->state == STATE_ABORTED)
		return FCGI_MORE;
	switch (parser->header[1]) {
	case FCGI_PARAMS:
		return judge_params(parser);
	case FCGI_STDIN:
		if (parser->request->state != STATE_STDIN)
			return fail_fcgi(parser, "STDIN out of order");
		parser->record = FCGI_RECORD_STDIN;
		return FCGI_MORE;
	case FCGI_ABORT_REQUEST:
		parser->record = FCGI_RECORD_ABORT;
		return FCGI_MORE;
	default:
		return fail_fcgi(parser, "a record that no responder gets");
	}
}

static enum fcgi_status
judge_fcgi_header(struct fcgi_parser *parser)
{
	uint16_t id = read_16(parser->header + 2);

	if (parser->header[0] != FCGI_VERSION_1)
		return fail_fcgi(parser, "another version of the protocol");
	parser->content_left = (uint16_t)content_len(parser);
	parser->padding_left = parser->header[6];
	parser->record = FCGI_RECORD_IGNORED;
	parser->request = find_request(parser, id);
	if (id == FCGI_NULL_REQUEST_ID)
		return judge_management(parser);
	if (parser->header[1] == FCGI_BEGIN_REQUEST)
		return judge_begin(parser);
	if (parser->request == NULL)
		return FCGI_MORE;
	return judge_input(parser);
}

/* The name of a pair is whole: keep the value if it is in the table. */
static void
begin_param(struct fcgi_request *request)
{
	uint16_t match = request->pairs.matches;
	uint8_t number = 0;

	if (match == 0)
		return;
	if ((request->kept & match) != 0) {
		refuse_head(request, FCGI_BAD_HEAD);
		return;
	}
	request->kept |= match;
	while (match >> number != 0)
		number++;
	if (buf_append(&request->params, &number, 1) == -1)
		refuse_head(request, FCGI_BIG_HEAD);
}

static void
keep_param(struct fcgi_request *request, const struct fcgi_span *piece)
{
	bool last = request->pairs.phase == FCGI_PAIRS_LENGTHS;

	if (request->pairs.matches == 0)
		return;
	if (memchr(piece->data, '\0', piece->len) != NULL)
		refuse_head(request, FCGI_BAD_HEAD);
	else if (buf_append(&request->params, piece->data, piece->len) == -1 ||
	    (last && buf_append(&request->params, "", 1) == -1))
		refuse_head(request, FCGI_BIG_HEAD);
}

static void
take_params(struct fcgi_parser *parser, struct fcgi_span in)
{
	struct fcgi_request *request = parser->request;
	struct fcgi_span piece;

	while (request->head == FCGI_HEAD)
		switch (fcgi_pairs_next(&request->pairs, parser->config->params,
		    &in, &piece)) {
		case FCGI_PAIRS_MORE:
			return;
		case FCGI_PAIRS_NAMED:
			begin_param(request);
			break;
		case FCGI_PAIRS_VALUED:
			keep_param(request, &piece);
			break;
		}
}

static void
take_values(struct fcgi_parser *parser, struct fcgi_span in)
{
	enum fcgi_pairs_step step;
	struct fcgi_span value;

	while ((step = fcgi_pairs_next(&parser->pairs, value_names, &in,
		    &value)) != FCGI_PAIRS_MORE)
		if (step == FCGI_PAIRS_NAMED)
			parser->asked |= (uint8_t)parser->pairs.matches;
}

static void
take_begin(struct fcgi_parser *parser, struct fcgi_span piece)
{
	size_t left = parser->content_left + piece.len;

	memcpy(parser->begin + FCGI_BODY_BYTES - left, piece.data, piece.len);
}

static enum fcgi_status
reply_end_request(struct fcgi_event *event, uint16_t id,
    enum fcgi_protocol_status status)
{
	fcgi_encode_end(event->reply, id, 0, status);
	event->data = event->reply;
	event->len = FCGI_END_BYTES;
	return FCGI_REPLY;
}

static enum fcgi_status
begin_fcgi_request(struct fcgi_parser *parser, struct fcgi_event *event)
{
	uint16_t id = read_16(parser->header + 2);
	enum fcgi_protocol_status refusal;

	if (read_16(parser->begin) == FCGI_RESPONDER &&
	    parser->active < parser->config->max_requests) {
		(void)new_request(parser, id);
		return FCGI_MORE;
	}
	if ((parser->begin[2] & FCGI_KEEP_CONN) == 0)
		parser->closing = true;
	refusal = FCGI_OVERLOADED;
	if (read_16(parser->begin) != FCGI_RESPONDER)
		refusal = FCGI_UNKNOWN_ROLE;
	else if (parser->config->max_requests == 1)
		refusal = FCGI_CANT_MPX_CONN;
	return reply_end_request(event, id, refusal);
}

static enum fcgi_status
end_params(struct fcgi_parser *parser, struct fcgi_event *event)
{
	struct fcgi_request *request = parser->request;

	if (content_len(parser) > 0)
		return FCGI_MORE;
	if (request->head == FCGI_HEAD && !fcgi_pairs_is_whole(&request->pairs))
		refuse_head(request, FCGI_BAD_HEAD);
	request->state = STATE_STDIN;
	event->request = request;
	return request->head;
}

static enum fcgi_status
end_stdin(struct fcgi_parser *parser, struct fcgi_event *event)
{
	parser->request->state = STATE_ANSWER;
	event->request = parser->request;
	return FCGI_INPUT_END;
}

/* A request that nobody has heard of is answered here. */
static enum fcgi_status
abort_request(struct fcgi_parser *parser, struct fcgi_event *event)
{
	struct fcgi_request *request = parser->request;

	if (request->state == STATE_PARAMS) {
		fcgi_request_end(parser, request);
		return reply_end_request(event, read_16(parser->header + 2),
		    FCGI_REQUEST_COMPLETE);
	}
	request->state = STATE_ABORTED;
	event->request = request;
	return FCGI_ABORTED;
}

/* A number that is not limited is left out, as an unknown one is. */
static enum fcgi_status
reply_values(struct fcgi_parser *parser, struct fcgi_event *event)
{
	const struct fcgi_parser_config *config = parser->config;
	const uint64_t connections = config->max_connections;
	const uint64_t values[] = {
		[MAX_CONNS] = connections,
		[MAX_REQS] = connections * config->max_requests,
		[MPXS_CONNS] = config->max_requests > 1,
	};
	size_t i, n = FCGI_HEADER_BYTES;

	if (!fcgi_pairs_is_whole(&parser->pairs))
		return fail_fcgi(parser, "GET_VALUES with a pair cut off");
	for (i = 0; value_names[i] != NULL; i++)
		if ((parser->asked >> i & 1) != 0 &&
		    (connections > 0 || i == MPXS_CONNS))
			n += fcgi_encode_pair(event->reply + n, value_names[i],
			    values[i]);
	fcgi_encode_header(event->reply, FCGI_GET_VALUES_RESULT,
	    FCGI_NULL_REQUEST_ID, n - FCGI_HEADER_BYTES);
	memset(event->reply + n, 0, fcgi_padding(n));
	event->data = event->reply;
	event->len = n + fcgi_padding(n);
	return FCGI_REPLY;
}

static enum fcgi_status
reply_unknown_type(struct fcgi_parser *parser, struct fcgi_event *event)
{
	fcgi_encode_header(event->reply, FCGI_UNKNOWN_TYPE,
	    FCGI_NULL_REQUEST_ID, FCGI_BODY_BYTES);
	memset(event->reply + FCGI_HEADER_BYTES, 0, FCGI_BODY_BYTES);
	event->reply[FCGI_HEADER_BYTES] = parser->header[1];
	event->data = event->reply;
	event->len = FCGI_HEADER_BYTES + FCGI_BODY_BYTES;
	return FCGI_REPLY;
}

/* All content of a record is there.  STDIN with content has said so. */
static enum fcgi_status
end_fcgi_record(struct fcgi_parser *parser, struct fcgi_event *event)
{
	switch ((enum fcgi_record)parser->record) {
	case FCGI_RECORD_IGNORED:
		break;
	case FCGI_RECORD_BEGIN:
		return begin_fcgi_request(parser, event);
	case FCGI_RECORD_ABORT:
		return abort_request(parser, event);
	case FCGI_RECORD_PARAMS:
		return end_params(parser, event);
	case FCGI_RECORD_STDIN:
		return end_stdin(parser, event);
	case FCGI_RECORD_GET_VALUES:
		return reply_values(parser, event);
	case FCGI_RECORD_UNKNOWN:
		return reply_unknown_type(parser, event);
	}
	return FCGI_MORE;
}

static void
take_content(struct fcgi_parser *parser, struct fcgi_span piece)
{
	switch ((enum fcgi_record)parser->record) {
	case FCGI_RECORD_IGNORED:
	case FCGI_RECORD_ABORT:
	case FCGI_RECORD_STDIN:
	case FCGI_RECORD_UNKNOWN:
		break;
	case FCGI_RECORD_BEGIN:
		take_begin(parser, piece);
		break;
	case FCGI_RECORD_PARAMS:
		take_params(parser, piece);
		break;
	case FCGI_RECORD_GET_VALUES:
		take_values(parser, piece);
		break;
	}
}

static enum fcgi_status
read_content(struct fcgi_parser *parser, struct fcgi_span *in,
    struct fcgi_event *event)
{
	struct fcgi_span piece = fcgi_span_take(in, parser->content_left);

	parser->content_left = (uint16_t)(parser->content_left - piece.len);
	parser->in_content = parser->content_left > 0;
	take_content(parser, piece);
	if (parser->record == FCGI_RECORD_STDIN && piece.len > 0) {
		event->request = parser->request;
		event->data = piece.data;
		event->len = piece.len;
		return FCGI_BODY;
	}
	return parser->in_content ? FCGI_MORE : end_fcgi_record(parser, event);
}

/* Skip the padding of the last record and gather the header of the next. */
static void
read_fcgi_header(struct fcgi_parser *parser, struct fcgi_span *in)
{
	struct fcgi_span padding = fcgi_span_take(in, parser->padding_left);
	size_t need = (size_t)FCGI_HEADER_BYTES - parser->header_len;
	struct fcgi_span piece = fcgi_span_take(in, need);

	parser->padding_left = (uint8_t)(parser->padding_left - padding.len);
	memcpy(parser->header + parser->header_len, piece.data, piece.len);
	parser->header_len = (uint8_t)(parser->header_len + piece.len);
	parser->in_content = piece.len == need;
}

/* One record, or what there is of it; FCGI_MORE is then no end. */
static enum fcgi_status
read_fcgi_record(struct fcgi_parser *parser, struct fcgi_span *in,
    struct fcgi_event *event)
{
	if (!parser->in_content) {
		read_fcgi_header(parser, in);
		if (!parser->in_content)
			return FCGI_MORE;
		parser->header_len = 0;
		if (judge_fcgi_header(parser) == FCGI_FAILED)
			return FCGI_FAILED;
	}
	return read_content(parser, in, event);
}

enum fcgi_status
fcgi_parser_next(struct fcgi_parser *parser, const uint8_t **bytes,
    size_t *len, struct fcgi_event *event)
{
	struct fcgi_span in = { *bytes, *len };
	enum fcgi_status status = FCGI_MORE;

	event->request = NULL;
	while (parser->failed == NULL && in.len > 0 && status == FCGI_MORE)
		status = read_fcgi_record(parser, &in, event);
	if (parser->failed != NULL) {
		(void)fcgi_span_take(&in, in.len);
		event->fault = parser->failed;
		status = FCGI_FAILED;
	}
	*bytes = in.data;
	*len = in.len;
	return status;
}
