"""The shop's server of the demonstration: a checkout for the host.

usage: checkout.py API PORT

When everybody is ready, the host's page opens the page of this server.  It
locks the session, so that no cart changes any more, and shows the order of all;
then the host places it, which ends the session, or cancels, which unlocks it.

Only the host may: its page has written the SHA-256 of a secret into its own
cart, which nobody else can, and gives us the secret.  A real shop does without:
it has logged its customers in, made a ticket for each, and was told by the
event session.started whose account is the host's.

Listens to this machine alone, on the first free port from PORT on, and prints
it.  Standard input has the key for the daemon's interface, which is at API; this
ends where that does.
"""

import base64
import contextlib
import errno
import hashlib
import hmac
import html
import http.server
import os
import pathlib
import re
import signal
import socket
import socketserver
import sys
import threading
import urllib.parse

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / 'server'))
sys.dont_write_bytecode = True

from buddyshopping import Api, ApiError  # noqa: E402

PORTS = 100
BODY_MAX = 2048
QUANTITY_MAX = 99
TIMEOUT_S = 10
THREADS = 16

# What is sold, with prices in cents: carts are written by customers, and what
# they say of names and prices is nothing to go by.
PRODUCTS = {
    product: (name, int(price)) for product, name, price in re.findall(
        r"\{ id: '(\w+)', name: '([^']+)',.*?price: (\d+)",
        (here / 'catalogue.js').read_text(encoding='utf-8'), re.DOTALL)}

STYLE = '''
body { font: 17px/1.5 system-ui, sans-serif; color-scheme: light dark;
max-width: 32em; margin: 3em auto; padding: 0 1em; }
table { width: 100%; border-collapse: collapse; margin: 1em 0; }
th, td { text-align: left; padding: .3em 0; overflow-wrap: anywhere; }
th { border-bottom: 1px solid; padding-top: 1em; }
td:last-child, th:last-child { text-align: right; white-space: nowrap; }
form { display: inline; }
button { font: inherit; padding: .5em 1.2em; margin-right: .5em; }
'''

# What the host's page says comes in the fragment, which is in no log.
SCRIPT = '''
const [form] = document.forms;
const said = new URLSearchParams(location.hash.slice(1));
if (said.has('secret')) {
	history.replaceState(null, '', location.pathname);
	form.session.value = said.get('session');
	form.secret.value = said.get('secret');
	form.submit();
}
'''


def hash_of(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


POLICY = (f"default-src 'none'; style-src {hash_of(STYLE)}; "
          f"script-src {hash_of(SCRIPT)}; form-action 'self'; "
          "base-uri 'none'; frame-ancestors 'none'")


class Refusal(Exception):
    """What the host is told why there is no checkout."""


def money(cents):
    return f'€{cents // 100}.{cents % 100:02}'


def is_quantity(value):
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and 0 < value <= QUANTITY_MAX and value == int(value))


def lines_of(content):
    """(name, quantity, price of all) of what a cart has that is sold here."""
    items = content.get('items')
    quantities = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            quantities[str(item.get('id'))] = item.get('quantity')
    return [(name, int(quantities[product]), price * int(quantities[product]))
            for product, (name, price) in PRODUCTS.items()
            if is_quantity(quantities.get(product))]


def total_of(carts):
    return sum(price for cart in carts
               for _, _, price in lines_of(cart['content']))


def require_host(carts, secret):
    digest = hashlib.sha256(secret.encode()).hexdigest()
    for cart in carts:
        told = str(cart['content'].get('checkout'))
        if cart['owner']['isHost'] and \
                hmac.compare_digest(told.encode(errors='replace'),
                                    digest.encode()):
            return
    raise Refusal('Only the host of a picnic can check out.')


def require_ready(carts):
    if not all(cart['owner']['isReadyToCheckout'] for cart in carts):
        raise Refusal('Not everybody is ready.')


class Checkout:
    """What the host's pages ask for; returns pages, in HTML."""

    def __init__(self, api):
        self._api = api

    def lock(self, session, secret, revision):
        """Lock the session of this host, and show what is to be paid."""
        # Who is not the host must not even lock it for a moment.
        found = self._api.session(session)
        require_host(found['multicartContent'], secret)
        require_ready(found['multicartContent'])
        incarnation = found['incarnation']
        locked = self._api.lock_session(session, incarnation)
        try:
            require_host(locked['multicartContent'], secret)
            require_ready(locked['multicartContent'])
        except Refusal:
            self._api.unlock_session(session, incarnation)
            raise
        return order_page(session, secret, locked)

    def order(self, session, secret, revision):
        """Place the order that was shown, and end the session."""
        found = self._api.session(session)
        carts = found['multicartContent']
        require_host(carts, secret)
        if not found['isLocked'] or str(found['revision']) != revision:
            # The lock was over, or somebody left with a cart.
            return self.lock(session, secret, revision)
        # Here a real shop takes the money, once for each session and
        # incarnation however often it is asked.
        self._api.end_session(session, found['incarnation'])
        total = money(total_of(carts))
        say(f'ordered: {len(carts)} carts, {total}')
        return page('Ordered. Enjoy your picnic!', f'<p>You paid {total}.</p>')

    def cancel(self, session, secret, revision):
        """Let carts change again."""
        found = self._api.session(session)
        require_host(found['multicartContent'], secret)
        self._api.unlock_session(session, found['incarnation'])
        return page('Nothing was ordered.', '<p>The carts are open again: '
                    'close this window and go on shopping.</p>')


def say(text):
    # Nobody may be there to read it.
    with contextlib.suppress(OSError):
        print(f"shop's server: {text}", file=sys.stderr, flush=True)


def page(title, body):
    return (f'<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f'<title>{title}</title><style>{STYLE}</style>'
            f'<h1>{title}</h1>{body}')


def form(action, label, **fields):
    hidden = ''.join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items())
    button = f'<button>{label}</button>' if label else ''
    return f'<form method="post" action="/{action}">{hidden}{button}</form>'


def order_page(session, secret, locked):
    carts = locked['multicartContent']
    rows = []
    for cart in carts:
        lines = lines_of(cart['content'])
        rows.append((cart['owner']['name'], sum(line[2] for line in lines),
                     'th'))
        rows += [(f'{quantity} × {name}', price, 'td')
                 for name, quantity, price in lines]
    rows.append(('Together', total_of(carts), 'th'))
    table = ''.join(
        f'<tr><{tag}><bdi>{html.escape(text)}</bdi></{tag}>'
        f'<{tag}>{money(price)}</{tag}></tr>' for text, price, tag in rows)
    fields = {'session': session, 'secret': secret,
              'revision': str(locked['revision'])}
    return page('Your order', f'<table>{table}</table>' +
                form('order', 'Place the order', **fields) +
                form('cancel', 'Back to the carts', **fields))


BEGIN = page('Checkout', '<p>The host of a picnic comes here when everybody '
             'is ready.</p>' + form('lock', '', session='', secret='') +
             f'<script>{SCRIPT}</script>')


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = TIMEOUT_S
    checkout = None

    def do_GET(self):
        if self.path == '/':
            self._answer(200, BEGIN)
        else:
            self._answer(404, page('There is nothing here.', ''))

    def do_POST(self):
        act = {'/lock': self.checkout.lock, '/order': self.checkout.order,
               '/cancel': self.checkout.cancel}.get(self.path)
        length = self.headers.get('Content-Length', '')
        if act is None or not length.isdecimal() or int(length) > BODY_MAX:
            self._answer(400, page('There is nothing here.', ''))
            return
        said = urllib.parse.parse_qs(self.rfile.read(int(length)).decode(
            errors='replace'))
        fields = [said.get(name, [''])[0]
                  for name in ('session', 'secret', 'revision')]
        try:
            self._answer(200, act(*fields))
        except Refusal as refusal:
            self._answer(403, page(str(refusal), ''))
        except ApiError as error:
            self._refuse(error)

    def _refuse(self, error):
        if error.code == 'sessionNotFound':
            self._answer(404, page('This picnic is over.', ''))
            return
        say(f'{error.code}: {error}')
        self._answer(503, page('The checkout does not work at the moment.',
                               '<p>Reload this page to try again.</p>'))

    def _answer(self, status, text):
        data = text.encode(errors='replace')
        self.send_response(status)
        for name, value in (('Content-Type', 'text/html; charset=utf-8'),
                            ('Content-Length', str(len(data))),
                            ('Content-Security-Policy', POLICY),
                            ('Referrer-Policy', 'no-referrer'),
                            ('Cache-Control', 'no-store')):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Whom it loses is no news."""

    # All threads have one, and who finds none waits to be accepted.
    places = threading.BoundedSemaphore(THREADS)

    def __init__(self, address, port):
        self.address_family = \
            socket.AF_INET6 if ':' in address else socket.AF_INET
        super().__init__((address, port), Handler)

    def server_bind(self):
        # That of HTTPServer asks for the name of this machine.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address):
        self.places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.places.release()
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request, client_address):
        pass


def listen_at(port):
    """One server at 127.0.0.1, and one at ::1 if there is such an address."""
    servers = [Server('127.0.0.1', port)]
    try:
        servers.append(Server('::1', servers[0].server_port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            servers[0].server_close()
            raise
    return servers


def listen(first):
    for port in range(first, first + PORTS):
        try:
            return listen_at(port)
        except OSError as error:
            reason = error
    raise SystemExit(f"shop's server: port {first} and on: {reason}")


def main():
    # Who stops the daemon stops this.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    url, port = sys.argv[1:]
    Handler.checkout = Checkout(Api(url, sys.stdin.readline()))
    servers = listen(int(port))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(servers[0].server_port, flush=True)
    sys.stdin.read()
    # A thread that waits for the daemon, which is gone, keeps nobody.
    os._exit(0)


main()
