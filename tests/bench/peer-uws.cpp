/*
 * The seed protocol on uWebSockets, in memory and without durability: what the
 * daemon is compared with.  README.md in this folder says how to build it.
 * usage: peer-uws [--once-a-turn] [PORT]
 *
 * A session is a topic, to which its members subscribe.  Each update is encoded
 * and published; with --once-a-turn, each session that changed in a turn of the
 * loop is at its end.
 */
#include <App.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>

extern "C" {
#include "peer_session.h"
}

namespace {

enum {
	REPLY_MAX = 8 * 1024,
	MESSAGE_MAX = 16 * 1024 * 1024,
	OUTPUT_MAX = 1024 * 1024 * 1024
};

/* Handed over as the WebSocket opens. */
struct Guest {
	std::string topic;
	struct peer_member *member;
};

using Socket = uWS::WebSocket<false, true, Guest>;

bool once_a_turn;
uWS::App *app;
std::unordered_set<struct peer_session *> changed;

std::string_view
view(const struct buf &buf)
{
	return { buf_data(&buf), buf.len };
}

void
publish(struct peer_session *session)
{
	static struct buf text;
	const struct peer_member *first =
	    TAILQ_FIRST(peer_session_members(session));

	if (first == nullptr)
		return;
	text.max = OUTPUT_MAX;
	text.len = 0;
	peer_session_encode(session, &text);
	app->publish(static_cast<Socket *>(first->socket)->getUserData()->topic,
	    view(text), uWS::OpCode::TEXT);
}

void
show(struct peer_session *session)
{
	if (once_a_turn)
		changed.insert(session);
	else
		publish(session);
}

void
publish_changed()
{
	for (struct peer_session *session : changed)
		publish(session);
	changed.clear();
}

void
on_message(Socket *socket, std::string_view message, uWS::OpCode)
{
	struct peer_member *member = socket->getUserData()->member;
	struct buf reply;

	buf_init(&reply, REPLY_MAX);
	bool is_changed = peer_receive(member, message.data(), message.size(),
	    &reply);
	if (reply.len > 0)
		socket->send(view(reply), uWS::OpCode::TEXT);
	buf_clear(&reply);
	if (is_changed)
		show(member->session);
}

void
on_open(Socket *socket)
{
	Guest *guest = socket->getUserData();

	guest->member = peer_member_new(guest->topic.data(),
	    guest->topic.size(), socket);
	socket->subscribe(guest->topic);
}

void
on_close(Socket *socket, int, std::string_view)
{
	struct peer_session *session = socket->getUserData()->member->session;

	if (peer_member_free(socket->getUserData()->member) == nullptr)
		changed.erase(session);
	else
		show(session);
}

void
on_upgrade(uWS::HttpResponse<false> *response, uWS::HttpRequest *request,
    struct us_socket_context_t *context)
{
	response->template upgrade<Guest>({ std::string(request->getUrl()),
	    nullptr }, request->getHeader("sec-websocket-key"),
	    request->getHeader("sec-websocket-protocol"),
	    request->getHeader("sec-websocket-extensions"), context);
}

void
start_listening(int port)
{
	app->listen("127.0.0.1", port, [port](us_listen_socket_t *socket) {
		if (socket == nullptr) {
			std::fprintf(stderr, "port %d: cannot listen\n", port);
			std::exit(EXIT_FAILURE);
		}
		std::printf("listening on 127.0.0.1:%d\n", us_socket_local_port(
		    0, reinterpret_cast<struct us_socket_t *>(socket)));
		std::fflush(stdout);
	});
}

}

int
main(int argc, char *argv[])
{
	uWS::App server;

	app = &server;
	if (argc > 1 && std::strcmp(argv[1], "--once-a-turn") == 0) {
		once_a_turn = true;
		argc--;
		argv++;
	}
	server.ws<Guest>("/*", {
		.compression = uWS::DISABLED,
		.maxPayloadLength = MESSAGE_MAX,
		.idleTimeout = 0,
		.maxBackpressure = OUTPUT_MAX,
		.upgrade = on_upgrade,
		.open = on_open,
		.message = on_message,
		.close = on_close,
	});
	/* Handlers run in the order of their keys: before the topics' own. */
	uWS::Loop::get()->addPostHandler(nullptr,
	    [](uWS::Loop *) { publish_changed(); });
	start_listening(argc > 1 ? std::atoi(argv[1]) : 0);
	server.run();
	return EXIT_SUCCESS;
}
