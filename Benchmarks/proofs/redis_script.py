"""The publish script costs Redis no more than that of 0.1.0, and with a prefix at most 0.67 of it.

A real Redis takes messages one at a time, and hands each to two subscribers, as it does for two nodes. By turns
they are published with the script of 0.1.0, without a prefix, and with `--redis-prefix`. What nodes publish is
what a node has sent, recorded with `MONITOR`. Redis' CPU is that of all its threads. The history is full, so
that each message pushes out another one.
"""

import os
import pathlib
import re
import socket
import statistics
import subprocess

from support.command import Outcome
from support.programs import REPOSITORY
from support.servers import Redis, start_belfry, wait

PROGRAMS = ["belfry"]
SMALL = {"rounds": 6, "publishes": 100}
FULL = {"rounds": 150, "publishes": 400}

# Messages kept in history.
HISTORY = 1000
# What the script may keep more than that, RedisScripts.tidyEvery less one.
SURPLUS = 15
NODES = 2
DATABASE = 3  # Of `Redis.url`.
TEXT = "x" * 73  # With time and name in front: a line of 100 bytes.
LINE = f"[12:00:00] anonymous: {TEXT}"
EARLIER = REPOSITORY / "Benchmarks/redis/publish-0.1.0.lua"
# Of the cost of 0.1.0's script, at most.
BOUNDS = {"without a prefix": 1.0, "with a prefix": 0.67}


class Connection:
    """Speaks RESP2."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def ask(self, *arguments):
        self.socket.sendall(spell(arguments))
        return self.reply()

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise AssertionError(f"Redis says {rest.decode()}")
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        return [self.reply() for _ in range(int(rest))] if kind == b"*" else rest

    def close(self):
        self.file.close()
        self.socket.close()


def spell(arguments):
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in arguments]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Way:
    """One way to publish: a command, and the channels on which it is heard."""

    def __init__(self, name, port, command, channels):
        self.name = name
        self.spelled = spell(command)
        self.channels = len(channels)
        self.publisher = Connection(port)
        self.publisher.ask("SELECT", DATABASE)
        self.subscribers = [Connection(port) for _ in range(NODES)]
        for subscriber in self.subscribers:
            for channel in channels:
                subscriber.ask("SUBSCRIBE", channel)
        self.number = 0
        self.heard = 0
        self.costs = []

    def publish(self, count):
        for _ in range(count):
            self.publisher.socket.sendall(self.spelled)
            answer = self.publisher.reply()
            number = int(answer.split(b"-")[1]) if isinstance(answer, bytes) and b"-" in answer else None
            if number is None or self.number and number != self.number + 1:
                raise AssertionError(f"{self.name}: {answer} after number {self.number}")
            self.number = number
            for subscriber in self.subscribers:
                for _ in range(self.channels):
                    self.heard += TEXT.encode() in subscriber.reply()[2]

    def close(self):
        for connection in [self.publisher, *self.subscribers]:
            connection.close()


def recorded(redis, *options):
    """The command with which a node publishes."""
    spy = Connection(redis.port)
    node = start_belfry("--redis", redis.url, *options, history=HISTORY)
    try:
        # With the first one it may not know the history yet.
        wait(lambda: b"204" in post(node.port), "a message is taken")
        spy.ask("MONITOR")
        wait(lambda: b"204" in post(node.port), "another one is")
        # The node's command: nobody else names the text in an EVALSHA.
        while True:
            arguments = unquote(spy.file.readline())
            if arguments[:1] == [b"EVALSHA"] and any(TEXT.encode() in part for part in arguments):
                return arguments
    finally:
        node.kill()
        spy.close()


def post(port):
    body = f"message={TEXT}"
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(
            b"POST /post HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return client.recv(4096).split(b"\r\n")[0]


def unquote(line):
    """The arguments of a command as MONITOR prints them: "a\\x00b\\n"."""
    names = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}

    def byte(match):
        escape = match[1]
        return bytes([int(escape[1:], 16)]) if len(escape) == 3 else names.get(escape, escape)

    quoted = re.findall(rb'"((?:[^"\\]|\\.)*)"', line)
    return [re.sub(rb"\\(x[0-9a-f]{2}|.)", byte, text) for text in quoted]


def earlier(redis):
    """The command with which a node of 0.1.0 publishes, in a room that nobody else uses."""
    connection = Connection(redis.port)
    connection.ask("SELECT", DATABASE)
    digest = connection.ask("SCRIPT", "LOAD", EARLIER.read_text())
    prefix = "belfry/3/"
    run = "0" * 40
    settings = ["seed", run, prefix, HISTORY, 3_600_000, 10_000]
    command = ["EVALSHA", digest, 2, prefix + "history", prefix + "rooms", *settings]
    first = connection.ask(*command, "", 0, "room-0", LINE, "")
    connection.close()
    epoch, number = first.split(b"-")
    return [*command, epoch, number, "room-0", LINE, ""], [prefix + "room-0", "room-0"]


def cpu(redis):
    """Seconds on a core, of all threads."""
    tasks = pathlib.Path(f"/proc/{redis.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def prove(counts, seed, is_full):
    redis = Redis("--appendonly", "no")
    ways = []
    try:
        subprocess.run(
            ["taskset", "-a", "-p", "-c", str(sorted(os.sched_getaffinity(0))[-1]), str(redis.process.pid)],
            check=True, capture_output=True)
        plain = recorded(redis)
        prefixed = recorded(redis, "--redis-prefix", "team")
        command, channels = earlier(redis)
        ways += [
            Way("0.1.0", redis.port, command, channels),
            Way("without a prefix", redis.port, plain, ["belfry/v2/3/chat", "chat"]),
            Way("with a prefix", redis.port, prefixed, ["team/belfry/v2/3/chat"]),
        ]
        for way in ways:
            way.publish(HISTORY + 100)
        for number in range(counts["rounds"]):
            # Who begins changes.
            for place in range(len(ways)):
                way = ways[(number + place) % len(ways)]
                before = cpu(redis)
                way.publish(counts["publishes"])
                way.costs.append((cpu(redis) - before) / counts["publishes"] * 1e6)
        kept = lengths(redis)
    finally:
        for way in ways:
            way.close()
        redis.close()
    each = HISTORY + 100 + counts["rounds"] * counts["publishes"]
    measured = {
        "costs": {way.name: way.costs for way in ways},
        "heard": {way.name: (way.heard, each * NODES * way.channels) for way in ways},
        "kept": kept,
    }
    ratios = {name: ratio(measured["costs"], name) for name in BOUNDS}
    summary = (f"{len(ways) * counts['rounds']} turns of {counts['publishes']} messages; "
               + ", ".join(f"{name} {value:.2f} of 0.1.0" for name, value in ratios.items()))
    return Outcome(faults(measured, is_full), summary, figures(measured))


def lengths(redis):
    """How many messages each stream has."""
    connection = Connection(redis.port)
    connection.ask("SELECT", DATABASE)
    found = {key.decode(): connection.ask("XLEN", key)
             for key in connection.ask("KEYS", "*") if connection.ask("TYPE", key) == b"stream"}
    connection.close()
    return {key: int(length) for key, length in found.items()}


def ratio(costs, name):
    """Of the same rounds, the median."""
    return statistics.median(one / other for one, other in zip(costs[name], costs["0.1.0"]))


def faults(measured, is_full):
    found = [f"{name}: {heard} of {expected} messages were heard"
             for name, (heard, expected) in measured["heard"].items() if heard != expected]
    found += [f"{key} has {length} messages" for key, length in measured["kept"].items()
              if not HISTORY <= length <= HISTORY + SURPLUS]
    if len(measured["kept"]) != len(measured["costs"]):
        found.append(f"there are {len(measured['kept'])} streams")
    if is_full:
        for name, bound in BOUNDS.items():
            value = ratio(measured["costs"], name)
            if value > bound:
                found.append(f"{name}: {value:.3f} of the cost of 0.1.0, where {bound:.2f} is promised")
    return found


def figures(measured):
    rows = ["| | Redis' CPU per message, µs: median (min..max) | ÷ 0.1.0, median of the rounds | promised |",
            "| --- | --- | --- | --- |"]
    for name, costs in measured["costs"].items():
        bound = f"≤ {BOUNDS[name]:.2f}" if name in BOUNDS else ""
        value = f"{ratio(measured['costs'], name):.3f}" if name in BOUNDS else "1"
        cost = f"{statistics.median(costs):.1f} ({min(costs):.1f}..{max(costs):.1f})"
        rows.append(f"| {name} | {cost} | {value} | {bound} |")
    return "\n".join(rows)
