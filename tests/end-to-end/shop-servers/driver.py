# Does with contrib/server/buddyshopping.py what shop-servers.mjs says, a line of
# JSON each, and prints what came of it in another.

import base64
import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(root / 'contrib/server'))

from buddyshopping import (  # noqa: E402
    Api, ApiError, WebhookError, check_webhook, make_ticket)


def names(given, **others):
    return {others.get(name, name): value for name, value in given.items()}


def ids(api, options):
    return [session['id'] for session in
            api.sessions(**names(options, pageSize='page_size'))]


def carts(value):
    return {'incarnation': value['incarnation'], 'revision': value['revision'],
            'text': value['multicartText'],
            'carts': [[cart['owner']['name'], cart['content'].get('tea')]
                      for cart in value['multicartContent']]}


def ask(url, key, timeout, call, args):
    api = Api(url, key, timeout=timeout)
    if call == 'sessions':
        return ids(api, *args)
    if call == 'session':
        return carts(api.session(*args))
    if call == 'lock':
        return carts(api.lock_session(*args))
    if call == 'unlock':
        return api.unlock_session(*args)
    if call == 'events':
        return api.events(*args)
    if call == 'end':
        return api.end_session(*args)
    return api.remove_customer(*args)


def webhook(body, headers, secrets, options=None):
    # A field that is there twice can be in pairs alone.
    if any(isinstance(value, list) for value in headers.values()):
        headers = [(name, value) for name, values in headers.items()
                   for value in (values if isinstance(values, list)
                                 else [values])]
    try:
        return {'value': check_webhook(base64.b64decode(body), headers,
                                       secrets, **(options or {}))}
    except (WebhookError, ValueError) as error:
        return {type(error).__name__: str(error)}


def outcome(task):
    try:
        if task['call'] == 'ticket':
            key, kid, options = task['args']
            value = make_ticket(key, kid, **options)
        elif task['call'] == 'webhooks':
            value = [webhook(*one) for one in task['args']]
        else:
            value = ask(**task)
        return {'value': value}
    except ApiError as error:
        return {'error': {'code': error.code, 'status': error.status,
                          'retryAfter': error.retry_after},
                'message': str(error)}
    except ValueError as error:
        return {'wrong': str(error)}


for line in sys.stdin:
    print(json.dumps(outcome(json.loads(line))), flush=True)
