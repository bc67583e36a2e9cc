"""What README.md and the manuals print for an administrator, as printed.

blocks.json has it (lib/print-blocks.mjs).  A command begins at the margin of
its block, perhaps with a prompt, and goes on in the lines that are indented.
Each is run on a terminal by a shell, as root, in a folder that has what it asks
for.
"""

import contextlib
import glob
import json
import os
import re
import select
import shutil
import signal
import subprocess

CONFIG = "/etc/buddyshopping/buddyshopping.conf"
WORK = "/test/work"
STATE = "/var/lib/buddyshopping"
PARTY = "http://127.0.0.1:8080/party"
PATIENCE_S = 60
END_OF_INPUT = b"\x04"

# Commands that go on, and what they show when they have begun.
ENDLESS = {
    r"buddyshopping (?!-t)": r"listening on .*\n",
    r"buddyshoppingctl .*--follow": r"tea.*\n|coffee.*\n",
    r"buddyshoppingctl top": r"since the start.*\n",
}

# Of somebody that the manual does not know.
PRINTED_CUSTOMER = "0123456789abcdef01234567"

# Other machines are this one.
REMOTE = {
    "ssh": 'shift\nexec sh -c "$*"',
    "scp": 'exec cp ${1#*:} "$2"',
}


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, command, folder=WORK):
        self.command = command
        self.shown = ""
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            ["bash", "-c", command], cwd=folder, stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True,
            env={**os.environ, "PAGER": "cat", "TERM": "dumb",
                 "PATH": f"{WORK}/bin:{os.environ['PATH']}"})
        os.close(slave)

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def read(self):
        """Whether it goes on."""
        ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
        assert ready, f"{self.command}: nothing comes after {self.shown}"
        with contextlib.suppress(OSError):
            data = os.read(self.master, 65536)
            self.shown += data.decode().replace("\r", "")
            return data != b""
        return False

    def wait(self, pattern):
        while not re.search(pattern, self.shown):
            assert self.read(), f"{self.command}: no {pattern}: {self.shown}"
        return re.search(pattern, self.shown)

    def end(self):
        while self.read():
            pass
        status = self.process.wait()
        os.close(self.master)
        assert status == 0, f"{self.command}: {status}: {self.shown}"
        return self.shown

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()


def commands_of(text):
    commands = []
    for line in text.splitlines():
        if line.startswith(" "):
            commands[-1] += "\n" + line
        elif line:
            commands.append(line)
    prompts = all(re.match("[$#] ", command) for command in commands)
    return [command[2:] for command in commands] if prompts else commands


def execute(command, folder=WORK):
    terminal = Terminal(command, folder)
    for beginning, pattern in ENDLESS.items():
        if re.match(beginning, command):
            terminal.wait(pattern)
            return terminal.interrupt()
    if re.match("buddyshoppingctl .*(erase|restore) ", command):
        terminal.wait(r"\[y/N\]")
        terminal.type("y")
    if command.startswith("sqlite3 "):
        terminal.type(".quit")
    return terminal.end()


def converse(terminal, message):
    """Say a message; the customer that it made."""
    terminal.type(message)
    return terminal.wait(r'< .*"customerId":"(\w+)"')[1]


def hang_up(*terminals):
    for terminal in terminals:
        os.write(terminal.master, END_OF_INPUT)
        terminal.end()


def talks_on_two_terminals(command, start, join, update):
    ada, bob = Terminal(command), Terminal(command)
    converse(ada, start)
    bob_id = converse(bob, join)
    ada.wait("< .*Bob")
    bob.type(update.replace("...", bob_id))
    ada.wait('< .*"tea":2')
    hang_up(ada, bob)


def shop(post, product):
    """A session that the documents talk about; its guest."""
    post(PARTY, "startSession", customerName="Ada")
    guest = post(PARTY, "joinSession", customerName="Bob")[0]["payload"]
    post(PARTY, "updateCart", cartContent={product: 2}, **guest)
    return guest


def is_the_daemon(block):
    return re.match("[$ ]*buddyshopping (?!-t)", block["text"])


def runs_the_daemon(blocks, systemctl):
    """By hand, in the place of the service."""
    systemctl("stop", "buddyshopping")
    for block in blocks:
        for command in commands_of(block["text"]):
            execute(command)
    systemctl("start", "buddyshopping")


def runs_the_readme(blocks, post, systemctl):
    """The package, of now and of before, is the one that is installed."""
    os.makedirs(f"{WORK}/build")
    for copy in "before.deb", "build/buddyshopping_1.deb":
        shutil.copy("/test/package.deb", f"{WORK}/{copy}")
    guest = shop(post, "tea")
    for block in blocks:
        for command in commands_of(block["text"]):
            execute(command)
        if "restore --key" in block["text"]:
            assert post(PARTY, "resumeSession", **guest)
    systemctl("enable", "buddyshopping")
    for path in glob.glob("/var/backups/*.db*"):
        os.unlink(path)


def runs_the_protocol(blocks):
    talks_on_two_terminals(*[block["text"].rstrip() for block in blocks])


def runs_the_manuals(blocks):
    """Those of the daemon, where nobody is in the session yet."""
    for block in blocks:
        for command in commands_of(block["text"]):
            shown = execute(command)
            assert '"event":"error"' not in shown, shown


def runs_the_tools_manual(blocks, post, configure, systemctl):
    """It is in the folder of a database that is called shop.db."""
    configure(database=f'"{STATE}/shop.db"')
    systemctl("restart", "buddyshopping")
    guest = shop(post, "coffee")
    shutil.copy("/usr/share/buddyshopping/audit.sql", STATE)
    execute("buddyshoppingctl audit head >yesterday", STATE)
    for block in blocks:
        for command in commands_of(block["text"]):
            execute(command.replace(PRINTED_CUSTOMER, guest["customerId"]),
                    STATE)
        if "restore --key" in block["text"]:
            assert post(PARTY, "resumeSession", **guest)


def block_for(place, beginning):
    with open(f"/test/{place}.json") as file:
        found = [block["text"] for block in json.load(file)
                 if block["text"].startswith(beginning)]
    assert len(found) == 1, (beginning, found)
    return found[0]


def grow_up_to_postgresql():
    """The settings that are to be made then."""
    commands = commands_of(block_for("copy", "sudo -u postgres"))
    stop = block_for("copy", "sudo systemctl stop")
    for command in [*commands, stop, commands[-1]]:
        execute(command)
    return block_for("copy", "database = ")


def service_of_postgresql(host):
    """The manual's, of which a host that has that name is the server."""
    return re.sub("(?m)^host=.*$", f"host={host}",
                  block_for("postgres", "[shop]"))


def run_all(post, configure, systemctl):
    with open("/test/blocks.json") as file:
        blocks = json.load(file)
    os.makedirs(f"{WORK}/bin")
    shutil.copy(CONFIG, WORK)
    for name, line in REMOTE.items():
        with open(f"{WORK}/bin/{name}", "w") as file:
            file.write(f"#!/bin/sh\n{line}\n")
        os.chmod(file.name, 0o755)
    # As every installed system has it; this one was only unpacked.
    with open("/etc/hosts", "a") as file:
        file.write("127.0.0.1 localhost\n")

    by_hand = [block for block in blocks if is_the_daemon(block)]
    rest = {}
    for block in blocks:
        if block not in by_hand:
            rest.setdefault(block["name"], []).append(block)
    tools = rest.pop("man/buddyshoppingctl.8")
    runs_the_daemon(by_hand, systemctl)
    runs_the_readme(rest.pop("README.md"), post, systemctl)
    runs_the_protocol(rest.pop("man/buddyshopping-protocol.7"))
    for manual in rest.values():
        runs_the_manuals(manual)
    systemctl("disable", "--now", "buddyshopping.socket",
              "buddyshopping-fastcgi.socket")
    runs_the_tools_manual(tools, post, configure, systemctl)
    shutil.copy(f"{WORK}/buddyshopping.conf", CONFIG)
    systemctl("restart", "buddyshopping")
    # So many starts would make the next one be refused.
    systemctl("reset-failed", "buddyshopping")
