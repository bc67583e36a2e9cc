"""What an administrator does with the package, on a machine that is booted.

Run by system.sh inside the container; prints what it sees, and "all is well"
at the end.  Everything waits for events: systemctl returns when the daemon
has said that it is ready, journal lines are read from a cursor on.
"""

import asyncio
import ctypes
import glob
import http.server
import json
import os
import pwd
import queue
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

import documents
import websockets

UNIT = "buddyshopping"
CONFIG = "/etc/buddyshopping/buddyshopping.conf"
DROPINS = "/etc/systemd/system/buddyshopping.service.d"
STATE = "/var/lib/buddyshopping"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WALL = 0x40000000  # of waitpid(2): threads too


def run(*command, status=0, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


def systemctl(*arguments, **options):
    return run("systemctl", *arguments, **options)


def forget_starts():
    """Nobody starts the daemon as often as a test; systemd would stop us."""
    systemctl("reset-failed")


def show(what):
    return systemctl("show", "--value", "-p", what, UNIT).strip()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def configure(**settings):
    lines = [f"{key.replace('_', '-')} = {value}\n"
             for key, value in settings.items()]
    write(CONFIG, "".join(lines))


def await_line(pattern, *command, seconds=60):
    """The first line that matches of what a command prints without end."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as follow:
        timer = signal.signal(signal.SIGALRM, lambda *_: follow.kill())
        signal.alarm(seconds)
        try:
            seen = []
            for line in follow.stdout:
                seen.append(line)
                if re.search(pattern, line):
                    return line.strip()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, timer)
            follow.kill()
    raise AssertionError(f"no line {pattern} in\n{''.join(seen)}")


class Journal:
    """The unit's lines from now on."""

    def __init__(self):
        out = run("journalctl", "-n", "0", "--show-cursor", "-q")
        self.cursor = out.split("cursor: ")[1].strip()

    def wait(self, pattern):
        return await_line(pattern, "journalctl", "-u", UNIT, "-f", "-o", "cat",
                          "-n", "all", "--after-cursor", self.cursor)


def exchange(url, event, **payload):
    token = payload.pop("token", None)
    request = urllib.request.Request(
        url, json.dumps({"event": event, "payload": payload}).encode(),
        {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def post(url, event, **payload):
    return exchange(url, event, **payload)["messages"]


async def converse(url, *messages, count):
    """Send messages; the next count that come."""
    async with websockets.connect(url) as socket:
        for message in messages:
            await socket.send(json.dumps(message))
        return [json.loads(await socket.recv()) for _ in range(count)]


def start_by_websocket(base, session):
    reply, _ = asyncio.run(converse(
        base.replace("http:", "ws:") + session,
        {"event": "startSession",
         "payload": {"customerName": "Ada", "resumable": True}}, count=2))
    return reply["payload"]


def names_of(messages):
    content = messages[-1]["payload"]["multicartContent"]
    return [member["owner"]["name"] for member in content]


def use(base, session):
    """A host by WebSocket and a guest by polling, who see each other."""
    host = start_by_websocket(base, session)
    guest = post(base + session, "joinSession", customerName="Bob")
    assert names_of(guest) == ["Ada", "Bob"], guest
    ident = guest[0]["payload"]
    assert post(base + session, "updateCart", seq=1, cartContent={"tea": 2},
                customerId=ident["customerId"], token=ident["token"])
    return host, ident


def resume(base, session, ident):
    """Their carts, as one sees them who comes back."""
    messages = post(base + session, "resumeSession",
                    customerId=ident["customerId"], token=ident["token"])
    return {member["owner"]["name"]: member["content"]
            for member in messages[-1]["payload"]["multicartContent"]}


DIRECT = "http://127.0.0.1:8080/"
PROXIED = "http://127.0.0.1/shopping/"
CARTS = {"Ada": {}, "Bob": {"tea": 2}}


def installs():
    run("dpkg", "-i", "/test/package.deb")
    assert show("ActiveState") == "active"
    assert show("NotifyAccess") == "main"
    assert systemctl("is-enabled", UNIT).strip() == "enabled"
    use(DIRECT, "first")


def is_contained():
    pid = show("MainPID")
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    assert int(status["CapEff"], 16) == 0, status["CapEff"]
    assert status["Seccomp"].strip() == "2"
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["Uid"].split()[0]) != 0
    assert os.stat("/var/lib/private/buddyshopping").st_mode & 0o777 == 0o700


def answers_administrators():
    """Without being told where the daemon has its things."""
    run("buddyshoppingctl", "status")
    assert "first" in run("buddyshoppingctl", "audit", "sessions")
    run("buddyshoppingctl", "audit", "verify")
    metrics = run("curl", "-sSf", "--unix-socket",
                  "/var/lib/buddyshopping/buddyshopping.db.admin",
                  "http://localhost/metrics")
    assert "\nbuddyshopping_build_info{" in metrics, metrics
    # 503, if it is not, would be a failure.
    run("curl", "-sSf", "--unix-socket",
        "/var/lib/buddyshopping/buddyshopping.db.admin",
        "http://localhost/readyz")


def does_what_is_printed():
    documents.run_all(post, configure, systemctl)


def tells_others_whom_to_ask():
    """In one line, and without a database of theirs."""
    advice = "Permission denied: use sudo, or be the daemon's user\n"
    place = "/var/lib/buddyshopping/buddyshopping.db"
    for words, status, what in (
            (["status"], 69,
             f"no daemon can be reached at unix:{place}.admin"),
            (["audit", "sessions"], 66, place)):
        said = run("buddyshoppingctl", *words, status=status, user="nobody",
                   group="nogroup", extra_groups=[],
                   env={"HOME": "/nonexistent"})
        assert said == f"buddyshoppingctl: {what}: {advice}", said


def says_that_it_may_not_give_sockets_away():
    journal = Journal()
    configure(fastcgi_listen='"unix:/run/buddyshopping/fastcgi.sock"',
              fastcgi_owner='":www-data"')
    said = run("buddyshopping", "-t", "-c", CONFIG)
    assert said.startswith("warning: fastcgi-owner: ") and \
        "buddyshopping-fastcgi.socket" in said, said
    systemctl("restart", UNIT, status=1)
    journal.wait("^fastcgi-owner: .* use buddyshopping-fastcgi.socket$")
    assert show("ExecMainStatus") == "78"
    assert show("ActiveState") == "failed"
    assert show("NRestarts") == "0"
    configure()
    systemctl("start", UNIT)


def reloads_what_is_good():
    journal = Journal()
    configure(max_customers=1)
    systemctl("reload", UNIT)
    journal.wait("reload")
    start_by_websocket(DIRECT, "small")
    try:
        post(DIRECT + "small", "joinSession", customerName="Bob")
        raise AssertionError("max-customers is not in force")
    except urllib.error.HTTPError as refused:
        assert refused.code == 429, refused.code


def refuses_what_is_bad():
    journal = Journal()
    configure(max_customers=2, max_custommers=3)
    systemctl("reload", UNIT, status=1)
    journal.wait("max-customers")
    assert show("ActiveState") == "active"
    try:
        post(DIRECT + "small", "joinSession", customerName="Bob")
        raise AssertionError("half of a bad file is in force")
    except urllib.error.HTTPError as refused:
        assert refused.code == 429, refused.code
    configure()
    systemctl("reload", UNIT)


def leave_alone(state):
    pass


def give_to_root(state):
    """As a copy by hand does."""
    os.chown(f"{state}/buddyshopping.db", 0, 0)


def give_to_a_stranger(state):
    """As from another machine; systemd gives all to the daemon's user."""
    run("chown", "-R", "1234:1234", state)


def restores_a_copy():
    """As root, for a user that exists only while the daemon runs."""
    state = "/var/lib/private/buddyshopping"
    copy = "/var/backups/copy.db"
    host, _ = use(DIRECT, "copied")
    run("buddyshoppingctl", "backup", "--key", copy)
    run("buddyshoppingctl", "restore", "--yes", copy, status=75)
    for before in (leave_alone, give_to_root, give_to_a_stranger):
        later = before.__name__
        use(DIRECT, later)
        systemctl("stop", UNIT)
        before(state)
        run("buddyshoppingctl", "restore", "--key", "--yes", copy)
        systemctl("start", UNIT)
        assert resume(DIRECT, "copied", host) == CARTS
        assert later not in run("buddyshoppingctl", "audit", "sessions")
        owner = os.stat(state).st_uid
        assert owner not in (0, 1234), owner
        for name in ("buddyshopping.db", "buddyshopping.db.key"):
            assert os.stat(f"{state}/{name}").st_uid == owner, name
    for path in glob.glob(f"{copy}*"):
        os.unlink(path)


def survives_being_killed():
    host, _ = use(DIRECT, "killed")
    journal = Journal()
    os.kill(int(show("MainPID")), signal.SIGKILL)
    journal.wait("listening|ready")
    assert resume(DIRECT, "killed", host) == CARTS


class Webhooks(http.server.BaseHTTPRequestHandler):
    """The shop's server, which takes what it is told."""

    told = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.put(json.loads(body)["type"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def make_certificate(host, key, certificate):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
        certificate, "-subj", f"/CN={host}", "-days", "2", "-addext",
        f"subjectAltName=DNS:{host}")


def take_webhooks(host, port):
    """By TLS, with a certificate that the system believes."""
    key, certificate = "/root/hook.key", "/usr/local/share/ca-certificates"
    certificate += "/hook.crt"
    make_certificate(host, key, certificate)
    run("update-ca-certificates")
    write("/etc/hosts", f"127.0.0.1 localhost {host}\n")
    server = http.server.HTTPServer(("127.0.0.1", port), Webhooks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def sends_webhooks():
    """To a name, over TLS, signed with a secret that only root can read."""
    secret = "/etc/buddyshopping/webhook.secret"
    write(secret, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
    os.chmod(secret, 0o600)
    write(f"{DROPINS}/webhook.conf",
          f"[Service]\nLoadCredential=webhook-secret:{secret}\n")
    systemctl("daemon-reload")
    configure(webhook_url='"https://hook.example:8443/"',
              webhook_secret='"/run/credentials/buddyshopping.service/'
                             'webhook-secret"',
              webhook_allow_private="yes")
    server = take_webhooks("hook.example", 8443)
    systemctl("restart", UNIT)
    said = run("buddyshoppingctl", "webhook", "test")
    assert said.startswith("delivered: status 204 "), said
    use(DIRECT, "told")
    told = [Webhooks.told.get(timeout=60) for _ in range(4)]
    assert told == ["webhook.test", "session.started", "customer.joined",
                    "cart.changed"], told
    os.unlink(f"{DROPINS}/webhook.conf")
    os.unlink(secret)
    configure()
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    server.shutdown()


def run_sql(text):
    run("sudo", "-u", "postgres", "psql", "-X", "-q", "-c", text)


def grows_up_to_postgresql():
    """Of Debian, which asks the kernel who the daemon is."""
    systemctl("start", "postgresql")
    host, _ = use(DIRECT, "grown")
    write(CONFIG, documents.grow_up_to_postgresql())
    systemctl("start", UNIT)
    is_contained()
    assert resume(DIRECT, "grown", host) == CARTS
    use(DIRECT, "grown-up")
    assert "grown-up" in run("sudo", "-u", "buddyshopping",
                             "buddyshoppingctl", "audit", "sessions")
    run("sudo", "-u", "postgres", "buddyshoppingctl", "audit", "verify")


def is_left_by_postgresql():
    """For longer than the watchdog has patience, and nobody is told to end."""
    write(f"{DROPINS}/test.conf", "[Service]\nWatchdogSec=1\n")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    host, _ = use(DIRECT, "left")
    pid = show("MainPID")
    journal = Journal()
    systemctl("stop", "postgresql@*")
    journal.wait("connecting: ")
    assert "\nstorage     unreachable" in run("buddyshoppingctl", "status")
    try:
        post(DIRECT + "nowhere", "startSession", customerName="Ada")
        raise AssertionError("the storage is there")
    except urllib.error.HTTPError as refused:
        assert refused.code == 503, refused.code
        assert int(refused.headers["Retry-After"]) > 0
    systemctl("start", "postgresql")
    journal.wait("is reached again")
    assert resume(DIRECT, "left", host) == CARTS
    systemctl("restart", "postgresql")
    use(DIRECT, "left-again")
    assert show("MainPID") == pid
    os.unlink(f"{DROPINS}/test.conf")
    systemctl("daemon-reload")


def reaches_postgresql_by_tls():
    """As the manual says, with a password of its own, and a drop-in."""
    # Where a server of Debian's has its settings, and may read.
    [folder] = glob.glob("/etc/postgresql/*/main")
    key, certificate = f"{folder}/test.key", "/etc/buddyshopping/db-ca.pem"
    make_certificate("db.example", key, certificate)
    run("chown", "postgres:", key)
    write(f"{folder}/conf.d/test.conf",
          f"ssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n")
    write("/etc/hosts", "127.0.0.1 localhost db.example\n")
    systemctl("restart", "postgresql@*")
    run_sql("ALTER ROLE buddyshopping PASSWORD 'apples-and-pears'")
    write("/etc/buddyshopping/pg_service.conf",
          documents.service_of_postgresql("db.example"))
    state = "/var/lib/private/buddyshopping"
    write(f"{state}/pgpass", "*:*:*:*:apples-and-pears\n")
    os.chmod(f"{state}/pgpass", 0o600)
    run("chown", f"--reference={state}", f"{state}/pgpass")
    os.symlink("/usr/share/doc/buddyshopping/systemd/remote-postgresql.conf",
               f"{DROPINS}/remote-postgresql.conf")
    systemctl("daemon-reload")
    configure(database='"service=shop"',
              key_file=f"{STATE}/buddyshopping.db.key")
    systemctl("restart", UNIT)
    is_contained()
    use(DIRECT, "by-tls")
    for path in (f"{DROPINS}/remote-postgresql.conf",
                 f"{folder}/conf.d/test.conf", certificate,
                 "/etc/buddyshopping/pg_service.conf"):
        os.unlink(path)
    systemctl("daemon-reload")


def has_postgresql_without_a_network():
    os.symlink("/usr/share/doc/buddyshopping/systemd/local.conf",
               f"{DROPINS}/local.conf")
    systemctl("daemon-reload")
    configure(database='"postgresql:///buddyshopping"',
              key_file=f"{STATE}/buddyshopping.db.key")
    systemctl("stop", UNIT)
    systemctl("start", "buddyshopping-local.socket")
    run("curl", "-sSf", "--unix-socket", "/run/buddyshopping-http.sock",
        "http://localhost/client/buddyshopping.js", "-o", "/dev/null")
    assert "\nstorage     ok\n" in run("buddyshoppingctl", "status")
    systemctl("stop", "buddyshopping-local.socket", UNIT)
    os.unlink(f"{DROPINS}/local.conf")
    configure()
    systemctl("daemon-reload")
    systemctl("start", UNIT)
    systemctl("stop", "postgresql@*")


def serves_through_a_proxy():
    configure(base_path='"/shopping/"',
              trusted_proxies='{"127.0.0.1", "::1"}')
    systemctl("restart", UNIT)
    write("/etc/nginx/sites-enabled/default", """
        server {
            listen 80;
            location /shopping/ {
                proxy_pass http://127.0.0.1:8080;
                proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection upgrade;
                proxy_set_header X-Forwarded-For $remote_addr;
            }
        }""")
    systemctl("restart", "nginx")
    use(PROXIED, "proxied")


def is_activated_by_its_sockets():
    """FastCGI too; the daemon starts with the first connection."""
    systemctl("stop", UNIT)
    systemctl("start", "buddyshopping.socket", "buddyshopping-fastcgi.socket")
    assert show("ActiveState") == "inactive"
    write("/etc/nginx/sites-enabled/default", """
        server {
            listen 80;
            location /shopping/ {
                include fastcgi_params;
                fastcgi_pass unix:/run/buddyshopping-fastcgi.sock;
            }
        }""")
    systemctl("restart", "nginx")
    guest = post(PROXIED + "activated", "startSession", customerName="Ada")
    assert names_of(guest) == ["Ada"]
    assert show("ActiveState") == "active"
    use(DIRECT + "shopping/", "activated-too")
    systemctl("stop", "buddyshopping.socket", "buddyshopping-fastcgi.socket",
              UNIT)


def does_without_a_network():
    """The variant for a proxy on the same host."""
    os.makedirs(DROPINS, exist_ok=True)
    os.symlink("/usr/share/doc/buddyshopping/systemd/local.conf",
               f"{DROPINS}/local.conf")
    systemctl("daemon-reload")
    configure(base_path='"/shopping/"', trusted_proxies='{"unix"}')
    systemctl("start", "buddyshopping-local.socket")
    write("/etc/nginx/sites-enabled/default", """
        server {
            listen 80;
            location /shopping/ {
                proxy_pass http://unix:/run/buddyshopping-http.sock;
                proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection upgrade;
                proxy_set_header X-Forwarded-For $remote_addr;
            }
        }""")
    systemctl("restart", "nginx")
    use(PROXIED, "local")
    pid = show("MainPID")
    with open(f"/proc/{pid}/net/dev") as file:
        assert [line.split(":")[0].strip() for line in file
                if ":" in line] == ["lo"]
    assert os.readlink(f"/proc/{pid}/ns/net") != \
        os.readlink("/proc/self/ns/net")
    systemctl("stop", "buddyshopping-local.socket", UNIT)
    os.unlink(f"{DROPINS}/local.conf")
    configure()
    systemctl("daemon-reload")
    systemctl("start", UNIT)


SITE = "http://shop.example/shop-together/"
SAMPLES = {
    "nginx": "proxies/nginx/buddyshopping.conf",
    "lighttpd": "proxies/lighttpd/buddyshopping.conf",
    "apache2": "proxies/apache/buddyshopping.conf",
    "haproxy": "proxies/haproxy/buddyshopping.cfg",
    "caddy": "proxies/caddy/Caddyfile",
}
SOCKETS = ("buddyshopping.socket", "buddyshopping-fastcgi.socket")


def put_into_main(lines):
    """What the sample of nginx says for its main configuration."""
    path = "/etc/nginx/nginx.conf"
    with open(path) as file:
        text = file.read()
    assert re.search(r"^events \{[^}]*\}", text, re.M), text
    write(path, re.sub(r"^events \{[^}]*\}", "\n".join(lines), text,
                       flags=re.M))


def do_as_told(sample):
    """Copy the sample, set up the daemon, and run its comment's commands."""
    path = f"/usr/share/doc/buddyshopping/examples/{sample}"
    with open(path) as file:
        text = file.read()
    place = re.search(r"Copy this file to\s(?:# )?(/\S*[^\s,])", text)[1]
    if place.endswith("/"):
        place += os.path.basename(path)
    # Yours: the site.  Nobody certifies this one.
    write(place, text.replace("\nshop.example {", "\nhttp://shop.example {"))
    lines = re.findall(r"^#\t(.*)$", text, re.M)
    settings = [line for line in lines if re.match("[a-z-]+ = ", line)]
    commands = [line for line in lines if re.match("systemctl |a2", line)]
    write(CONFIG, "\n".join(settings))
    systemctl("restart", UNIT)
    for command in commands:
        run("sh", "-c", command)
    rest = [line for line in lines if line not in settings + commands]
    if rest:
        put_into_main(rest)


def start_server(server):
    if server != "lighttpd":
        systemctl("restart", server)
        return
    # systemd does not know when it listens.
    log = "/var/log/lighttpd/error.log"
    if os.path.exists(log):
        os.unlink(log)
    systemctl("restart", server)
    await_line("server started", "tail", "-n", "+1", "-F", log)


def poll(url, ident, cursor):
    request = urllib.request.Request(
        f"{url}?customerId={ident['customerId']}&cursor={cursor}")
    request.add_header("Authorization", f"Bearer {ident['token']}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["messages"]


def carts_of(message):
    return {member["owner"]["name"]: member["content"]
            for member in message["payload"]["multicartContent"]}


async def meet(url):
    """A host by WebSocket, and a guest whose poll shows the host's cart."""
    async with websockets.connect(url.replace("http:", "ws:")) as socket:
        async def send(event, **payload):
            await socket.send(json.dumps({"event": event,
                                          "payload": payload}))
            return json.loads(await socket.recv())["payload"]

        host = await send("startSession", customerName="Ada")
        await socket.recv()
        joined = await asyncio.to_thread(exchange, url, "joinSession",
                                         customerName="Bob")
        guest = joined["messages"]
        assert names_of(guest) == ["Ada", "Bob"], guest
        assert carts_of(json.loads(await socket.recv())) == \
            {"Ada": {}, "Bob": {}}
        answer = asyncio.create_task(asyncio.to_thread(
            poll, url, guest[0]["payload"], joined["cursor"]))
        await send("updateCart", customerId=host["customerId"],
                   cartContent={"tea": 1}, seq=1)
        shown = carts_of((await answer)[-1])
        assert shown == {"Ada": {"tea": 1}, "Bob": {}}, shown


def is_served_by_each_sample():
    write("/etc/hosts", "127.0.0.1 localhost shop.example\n")
    systemctl("stop", "nginx")
    for server, sample in SAMPLES.items():
        forget_starts()
        do_as_told(sample)
        start_server(server)
        asyncio.run(meet(SITE + server))
        systemctl("stop", server)
        systemctl("disable", "--now", *SOCKETS)
    configure()
    systemctl("restart", UNIT)


def thread_of(pid, name):
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        with open(path) as file:
            if file.read().strip() == name:
                return int(path.split("/")[4])
    raise AssertionError(f"no thread {name}")


def may_have_a_user_that_stays():
    host, _ = use(DIRECT, "moved")
    documents = "/usr/share/doc/buddyshopping/systemd/static-user"
    write("/etc/sysusers.d/buddyshopping.conf",
          open(f"{documents}.sysusers").read())
    os.symlink(f"{documents}.conf", f"{DROPINS}/static-user.conf")
    with open(f"{documents}.conf") as file:
        for command in re.findall("^#     (.*)$", file.read(), re.M):
            run("sh", "-c", command)
    owner = os.stat("/var/lib/buddyshopping/buddyshopping.db").st_uid
    user = pwd.getpwnam("buddyshopping").pw_uid
    assert owner == user, (owner, user)
    assert resume(DIRECT, "moved", host) == CARTS
    assert "moved" in run("buddyshoppingctl", "audit", "sessions",
                          user="buddyshopping", group="buddyshopping",
                          extra_groups=[])
    os.unlink(f"{DROPINS}/static-user.conf")
    os.unlink("/etc/sysusers.d/buddyshopping.conf")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    assert resume(DIRECT, "moved", host) == CARTS


def is_restarted_when_a_thread_stands_still():
    write(f"{DROPINS}/test.conf", "[Service]\nWatchdogSec=2\n")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    host, _ = use(DIRECT, "watched")
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("storage", "buddyshopping"):
        journal = Journal()
        thread = thread_of(show("MainPID"), name)
        # Of all threads only this one stops.
        assert libc.ptrace(PTRACE_ATTACH, thread, 0, 0) == 0
        journal.wait("[Ww]atchdog timeout")
        os.waitpid(thread, WALL)
        libc.ptrace(PTRACE_DETACH, thread, 0, signal.SIGABRT)
        journal.wait("listening|ready")
        assert resume(DIRECT, "watched", host) == CARTS
    os.unlink(f"{DROPINS}/test.conf")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)


async def sees_the_end(url):
    async with websockets.connect(url) as socket:
        await socket.send(json.dumps({
            "event": "startSession", "payload": {"customerName": "Ada"}}))
        await socket.recv()
        await socket.recv()
        stop = await asyncio.create_subprocess_exec("systemctl", "stop", UNIT)
        await socket.wait_closed()
        assert await stop.wait() == 0
        return socket.close_code


def drains():
    configure()
    systemctl("restart", UNIT)
    assert asyncio.run(sees_the_end("ws://127.0.0.1:8080/drained")) == 1012
    assert show("Result") == "success"
    assert show("ExecMainStatus") == "0"
    systemctl("start", UNIT)


def keeps_data_when_upgraded():
    host, _ = use(DIRECT, "upgraded")
    configure(max_customers=40)
    run("dpkg", "-i", "--force-confdef", "--force-confold",
        "/test/package.deb")
    assert show("ActiveState") == "active"
    with open(CONFIG) as file:
        assert file.read() == "max-customers = 40\n"
    assert resume(DIRECT, "upgraded", host) == CARTS


def takes_its_sockets_along():
    systemctl("stop", UNIT)
    systemctl("enable", "--now", *SOCKETS)
    use(DIRECT, "removed")
    run("dpkg", "--remove", "buddyshopping")
    for socket in SOCKETS:
        assert systemctl("is-active", socket, status=None) != "active\n"
    links = glob.glob("/etc/systemd/system/sockets.target.wants/*")
    assert not [link for link in links if UNIT in link], links
    assert not glob.glob("/run/buddyshopping*")
    run("dpkg", "-i", "/test/package.deb")
    assert show("ActiveState") == "active"
    use(DIRECT, "installed-again")
    for socket in SOCKETS:
        assert systemctl("is-enabled", socket, status=None) == "disabled\n"


def leaves_nothing():
    systemctl("stop", UNIT)
    systemctl("enable", "--now", *SOCKETS)
    run("dpkg", "--purge", "buddyshopping")
    os.unlink("/etc/nginx/sites-enabled/default")
    left = run("find", "/etc", "/var", "/usr", "/run", "-name",
               "*buddyshopping*", "-not", "-path", "/run/systemd/*")
    # dpkg's own notes and the journal of the past are not ours.
    left = [path for path in left.splitlines()
            if not path.startswith(("/var/log/", "/var/lib/systemd/"))]
    # An administrator's drop-ins and copies of samples are his.
    left = [path for path in left if path != DROPINS and
            not re.match("/(etc|var/lib)/(nginx|lighttpd|apache2)/", path)]
    assert not left, left


STEPS = [
    installs,
    is_contained,
    answers_administrators,
    does_what_is_printed,
    tells_others_whom_to_ask,
    says_that_it_may_not_give_sockets_away,
    reloads_what_is_good,
    refuses_what_is_bad,
    restores_a_copy,
    survives_being_killed,
    sends_webhooks,
    grows_up_to_postgresql,
    is_left_by_postgresql,
    reaches_postgresql_by_tls,
    has_postgresql_without_a_network,
    serves_through_a_proxy,
    is_activated_by_its_sockets,
    does_without_a_network,
    is_served_by_each_sample,
    may_have_a_user_that_stays,
    is_restarted_when_a_thread_stands_still,
    drains,
    keeps_data_when_upgraded,
    takes_its_sockets_along,
    leaves_nothing,
]

# Its time is over, which is told of the step that took it.
signal.signal(signal.SIGTERM, signal.default_int_handler)
for step in STEPS:
    begin = time.monotonic()
    try:
        forget_starts()
        step()
    except BaseException:
        print(run("journalctl", "-o", "cat", "-n", "40",
                  *(f"-u{unit}" for unit in (UNIT, *SAMPLES))))
        print(f"failed: {step.__name__}")
        raise
    print(f"{step.__name__}: {time.monotonic() - begin:.1f} s")
print("all is well")
