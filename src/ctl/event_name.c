#include "event_name.h"

#include "session/refusal.h"
#include "wire/message.h"

static const char unknown[] = "unknown";

const char *
event_name(enum record_event event)
{
	switch (event) {
	case RECORD_START:
		return "start";
	case RECORD_JOIN:
		return "join";
	case RECORD_CART:
		return "cart";
	case RECORD_READY:
		return "ready";
	case RECORD_LEAVE:
		return "leave";
	case RECORD_EXPIRE:
		return "expire";
	case RECORD_RETURN:
		return "return";
	case RECORD_END:
		return "end";
	case RECORD_REFUSED:
		return "refused";
	case RECORD_ERASE:
		return "erase";
	case RECORD_RETAIN:
		return "retain";
	case RECORD_PURGE:
		return "purge";
	case RECORD_CALL:
		return "call";
	case RECORD_LOCK:
		return "lock";
	case RECORD_UNLOCK:
		return "unlock";
	}
	return unknown;
}

const char *
event_transport_name(enum transport transport)
{
	switch (transport) {
	case TRANSPORT_NONE:
		return "none";
	case TRANSPORT_WEBSOCKET:
		return "websocket";
	case TRANSPORT_HTTP:
		return "http";
	case TRANSPORT_FASTCGI:
		return "fastcgi";
	}
	return unknown;
}

const char *
event_refusal_name(const struct record *record)
{
	return record->refused >= REFUSALS ? unknown :
	    message_refusal_name(record->refused);
}

const char *
event_message_name(const struct record *record)
{
	if (record->refused_event >= MESSAGE_EVENTS)
		return unknown;
	return record->refused_event == MESSAGE_NONE ? "" :
	    message_event_name((enum message_event)record->refused_event);
}

const char *
event_call_name(const struct record *record)
{
	switch (record->call) {
	case RECORD_CALL_END:
		return "endSession";
	case RECORD_CALL_REMOVE:
		return "removeCustomer";
	case RECORD_CALL_LOCK:
		return "lockSession";
	case RECORD_CALL_UNLOCK:
		return "unlockSession";
	}
	return unknown;
}
