"""What a shop's server needs of buddyshopping: tickets, sessions, webhooks.

Needs nothing but Python (3.9 or later): copy this file.  A ticket lets a
customer of yours start or join a session (buddyshopping-protocol(7)); Api asks
the daemon what is in the sessions and changes them, and check_webhook() reads
what the daemon tells (buddyshopping-api(7)).  A checkout: lock the session, so
that no cart changes any more, make the order of the carts if everybody is ready,
once for a session and incarnation however often it comes to that, and end the
session, that one alone:

    import os
    from buddyshopping import Api, ApiError

    api = Api('http://127.0.0.1:9090', os.environ['BUDDYSHOPPING_KEY'])
    try:
        locked = api.lock_session('picnic')
        carts = locked['multicartContent']
        if carts and all(cart['owner']['isReadyToCheckout']
                         for cart in carts):
            for cart in carts:
                print(cart['owner']['name'], 'orders', cart['content'])
            api.end_session('picnic', incarnation=locked['incarnation'])
        else:
            api.unlock_session('picnic', incarnation=locked['incarnation'])
    except ApiError as error:
        print(error.code, error, 'again in', error.retry_after)
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import socket
import time
import urllib.parse

__all__ = ['Api', 'ApiError', 'WebhookError', 'check_webhook', 'make_ticket']

# What tells where a value ends: strings, with their escapes, and brackets.
_TOKEN = re.compile(r'"multicartContent":|\\.|["\[\]{}]')
# Python refuses whole numbers of more digits than some thousands.
_DIGITS_MAX = 1000
# Versions and signatures; what proxies make of two fields is no such list.
_SIGNATURES = re.compile(r'v\w+,[A-Za-z0-9+/=]+(?: v\w+,[A-Za-z0-9+/=]+)*',
                         re.ASCII)
_SECRET_BYTES_MIN = 24


class ApiError(Exception):
    """What was asked was refused, or got no answer.

    code: that of buddyshopping-api(7), or "noAnswer", where it is not known
        whether it was done, or "invalidAnswer" of what is no buddyshopping.
    status: that of HTTP; 0 where there was no answer.
    retry_after: in how many seconds to try again, or None.
    """

    def __init__(self, code, status, message, retry_after=None):
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after = retry_after


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=')


def make_ticket(key, kid, *, name=None, session=None, role=None, account=None,
                audience=None, lifetime=300):
    """A ticket (a string) for a customer, signed with HS256.

    key: what is in the daemon's file KID.hs256, as bytes or text; kid: its
        name.
    name, session, role ("host" or "guest"): the only ones that the ticket is
        good for; for any without them.
    account: whom of your customers you gave it to, for the daemon's journal.
    audience: the daemon's ticket-audience, if it has one.
    lifetime: how many seconds it is good for, as often as wanted.
    """
    secret = key.encode() if isinstance(key, str) else bytes(key)
    # The daemon takes one newline from the file's end, too.
    if secret.endswith(b'\n'):
        secret = secret[:-1]
    if len(secret) < 32:
        raise ValueError('the key of tickets has less than 32 bytes')
    claims = {'exp': int(time.time() + lifetime), 'name': name,
              'session': session, 'role': role, 'sub': account,
              'aud': audience}
    parts = ({'alg': 'HS256', 'kid': kid},
             {claim: value for claim, value in claims.items()
              if value is not None})
    text = b'.'.join(_encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret, text, hashlib.sha256).digest()
    return (text + b'.' + _encode(signature)).decode()


class WebhookError(Exception):
    """A request is no webhook of the daemon's, or not one of now."""


def check_webhook(body, headers, secrets, *, tolerance=300):
    """The event (a dict) that a webhook tells; WebhookError if it is none.

    body: that of the request, the bytes as they came.
    headers: those of the request, as a mapping or as pairs, in any case.
    secrets: the daemon's webhook-secret, "whsec_..."; while it is changed both,
        with white space between.
    tolerance: how many seconds the sender's clock may be off, and the request
        have been on its way.

    The same event may come more than once: know it by its id.  Answer with a
    status of 200 to 299 once it is kept, and with 401 where this raises.
    """
    number, stamp, signatures = (_field(headers, name) for name in (
        'webhook-id', 'webhook-timestamp', 'webhook-signature'))
    if not re.fullmatch('[0-9]{1,15}', stamp) or \
            abs(time.time() - int(stamp)) > tolerance:
        raise WebhookError('the timestamp is not that of now')
    if not _SIGNATURES.fullmatch(signatures):
        raise WebhookError('there is no list of signatures')
    text = f'{number}.{stamp}.'.encode(errors='replace') + bytes(body)
    known = ['v1,' + base64.b64encode(hmac.digest(key, text, 'sha256')).decode()
             for key in _webhook_keys(secrets)]
    if not any(hmac.compare_digest(one, other)
               for one in known for other in signatures.split(' ')):
        raise WebhookError('no signature is of the secret')
    try:
        return json.loads(body)
    except ValueError as error:
        raise WebhookError('the body is no JSON') from error


def _field(headers, name):
    """What a field has that has to be there once."""
    pairs = headers.items() if hasattr(headers, 'items') else headers
    values = [value for key, value in pairs if key.lower() == name]
    if len(values) != 1:
        raise WebhookError(f'there is not one {name}')
    return values[0]


def _webhook_keys(secrets):
    keys = []
    for secret in secrets.split():
        prefix, _, text = secret.partition('_')
        key = base64.b64decode(text, validate=True)
        if prefix != 'whsec' or len(key) < _SECRET_BYTES_MIN:
            raise ValueError('no secret of webhooks, "whsec_..."')
        keys.append(key)
    if not keys:
        raise ValueError('there is no secret of webhooks')
    return keys


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _number(digits):
    return int(digits) if len(digits) <= _DIGITS_MAX else float(digits)


def _multicart_text(text):
    """The text of the multicart in that of a session."""
    depth = 0
    start = None
    in_string = False
    for token in _TOKEN.finditer(text):
        if token[0] == '"':
            in_string = not in_string
        elif in_string:
            continue
        elif token[0] in '[{':
            depth += 1
        elif token[0] in ']}':
            depth -= 1
            if depth == 1 and start is not None:
                return text[start:token.end()]
        elif depth == 1:
            start = token.end()
    raise ValueError('there is no multicart')


class Api:
    """The daemon's interface for the shop's server.

    url: where its api-listen is: "http://...", "https://..." or "unix:PATH".
    key: as "buddyshoppingctl api-key new" printed it.
    timeout: for how many seconds the daemon may say nothing.

    Each call has a connection of its own, so that threads may share this.
    """

    def __init__(self, url, key, *, timeout=15):
        self._url = urllib.parse.urlsplit(url)
        self._socket = url[len('unix:'):]
        self._key = key.strip()
        self._timeout = timeout
        if self._url.scheme not in ('http', 'https', 'unix'):
            raise ValueError(f'no URL of http, https or unix: {url}')

    def sessions(self, state='running', page_size=100):
        """Yield the sessions that run, or those that are "empty" or "ready".

        They are asked for a page at a time, and have no carts.
        """
        query = {'state': state, 'limit': page_size}
        while True:
            page = self._call('GET', [], query)
            yield from page['sessions']
            if page['next'] is None:
                return
            query['after'] = page['next']

    def session(self, session):
        """A session that runs, with the carts in multicartContent.

        multicartText has the carts as customers get them, byte for byte, for
        numbers that have to stay as they were written.
        """
        return self._call('GET', [session])

    def lock_session(self, session, incarnation=None):
        """Let no cart change and nobody join, until it is unlocked or ended.

        Only this incarnation of it if one is given.  Returns the revision and
        the carts as they are now, as session() does.  It ends by itself after
        the daemon's lock-time.
        """
        return self._change(session, 'lock', incarnation)

    def unlock_session(self, session, incarnation=None):
        """Let carts change again, only of this incarnation if one is given.

        Returns the id, incarnation and revision.
        """
        return self._change(session, 'unlock', incarnation)

    def end_session(self, session, incarnation=None):
        """End a session, only this incarnation of it if one is given.

        Returns the id and the incarnation, also if it has ended before.
        """
        return self._change(session, 'end', incarnation)

    def remove_customer(self, session, customer):
        """Let a customer leave; returns the ids and the incarnation."""
        return self._call('DELETE', [session, 'customers', customer])

    def events(self, after=None, wait=10, limit=100):
        """What happened behind the cursor after, waited for up to wait seconds.

        Returns the events and the cursor to go on with; without one, no events
        and the cursor for those to come.  wait is less than the timeout.
        """
        query = {} if after is None else {'after': after}
        return self._call('GET', [], {**query, 'wait': wait, 'limit': limit},
                          '/v1/events')

    def _change(self, session, change, incarnation):
        query = {} if incarnation is None else {'incarnation': incarnation}
        return self._call('POST', [session, change], query)

    def _call(self, method, names, query=None, begin='/v1/sessions'):
        path = '' if self._url.scheme == 'unix' else self._url.path.rstrip('/')
        path += begin + ''.join(
            '/' + urllib.parse.quote(name, safe='') for name in names)
        if query:
            path += '?' + urllib.parse.urlencode(query)
        connection = self._connection()
        try:
            connection.request(method, path, headers={
                'Authorization': f'Bearer {self._key}'})
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError('noAnswer', 0, f'no answer: {error!r}') from error
        finally:
            connection.close()
        return _answer(response, data)

    def _connection(self):
        if self._url.scheme == 'unix':
            return _UnixConnection(self._socket, self._timeout)
        kind = (http.client.HTTPSConnection if self._url.scheme == 'https'
                else http.client.HTTPConnection)
        return kind(self._url.hostname, self._url.port, timeout=self._timeout)


def _answer(response, data):
    """The value of an answer; raises the error that it is."""
    retry_after = response.getheader('Retry-After', '')
    retry_after = int(retry_after) if retry_after.isdecimal() else None
    try:
        text = data.decode()
        value = json.loads(text, parse_int=_number)
        if response.status == 200:
            if 'multicartContent' in value:
                value['multicartText'] = _multicart_text(text)
            return value
        code, message = value['error']['code'], value['error']['message']
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError('invalidAnswer', response.status,
                       f'no answer of buddyshopping: {response.status}',
                       retry_after) from error
    raise ApiError(code, response.status, message, retry_after)
