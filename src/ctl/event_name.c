#include "event_name.h"

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
	}
	return unknown;
}
