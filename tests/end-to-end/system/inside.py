"""What an administrator does with the package, on a machine that is booted.

Run by system.sh inside the container; prints what it sees, and "all is well"
at the end.  Everything waits for events: systemctl returns when the daemon
has said that it is ready, journal lines are read from a cursor on.
"""

import asyncio
import ctypes
import glob
import json
import os
import pwd
import re
import signal
import subprocess
import time
import urllib.request

import documents
import websockets

UNIT = "buddyshopping"
CONFIG = "/etc/buddyshopping/buddyshopping.conf"
DROPINS = "/etc/systemd/system/buddyshopping.service.d"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WALL = 0x40000000  # of waitpid(2): threads too


def run(*command, status=0):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


def systemctl(*arguments, **options):
    return run("systemctl", *arguments, **options)


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


class Journal:
    """The unit's lines from now on."""

    def __init__(self):
        out = run("journalctl", "-n", "0", "--show-cursor", "-q")
        self.cursor = out.split("cursor: ")[1].strip()

    def wait(self, pattern, unit=UNIT, seconds=60):
        with subprocess.Popen(
                ["journalctl", "-u", unit, "-f", "-o", "cat", "-n", "all",
                 "--after-cursor", self.cursor],
                text=True, stdout=subprocess.PIPE) as follow:
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


def post(url, event, **payload):
    token = payload.pop("token", None)
    request = urllib.request.Request(
        url, json.dumps({"event": event, "payload": payload}).encode(),
        {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["messages"]


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


def survives_being_killed():
    host, _ = use(DIRECT, "killed")
    journal = Journal()
    os.kill(int(show("MainPID")), signal.SIGKILL)
    journal.wait("listening|ready")
    assert resume(DIRECT, "killed", host) == CARTS


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
    os.makedirs(DROPINS)
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
    run("systemd-sysusers")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    assert os.stat("/var/lib/buddyshopping/buddyshopping.db").st_uid == \
        pwd.getpwnam("buddyshopping").pw_uid
    assert resume(DIRECT, "moved", host) == CARTS
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


def leaves_nothing():
    run("dpkg", "--purge", "buddyshopping")
    os.unlink("/etc/nginx/sites-enabled/default")
    left = run("find", "/etc", "/var", "/usr", "/run", "-name",
               "*buddyshopping*", "-not", "-path", "/run/systemd/*")
    # dpkg's own notes and the journal of the past are not ours.
    left = [path for path in left.splitlines()
            if not path.startswith(("/var/log/", "/var/lib/systemd/"))]
    # An administrator's drop-ins are his.
    assert left in ([], [DROPINS]), left


STEPS = [
    installs,
    is_contained,
    answers_administrators,
    does_what_is_printed,
    reloads_what_is_good,
    refuses_what_is_bad,
    survives_being_killed,
    serves_through_a_proxy,
    is_activated_by_its_sockets,
    does_without_a_network,
    may_have_a_user_that_stays,
    is_restarted_when_a_thread_stands_still,
    drains,
    keeps_data_when_upgraded,
    leaves_nothing,
]

for step in STEPS:
    begin = time.monotonic()
    try:
        step()
    except BaseException:
        print(run("journalctl", "-u", UNIT, "-o", "cat", "-n", "40"))
        print(f"failed: {step.__name__}")
        raise
    print(f"{step.__name__}: {time.monotonic() - begin:.1f} s")
print("all is well")
