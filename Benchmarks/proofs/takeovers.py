"""Nothing is lost, doubled or swapped, and nobody is refused, while a server is replaced again and again.

One server without Redis has publishers and listeners, and is sent SIGUSR2 at random moments; so is its
successor, and so on. Half of the publishers keep their connection, half make one for each message. Every
listener must hear every message exactly once, all listeners the same ids in one order, each publisher's
messages in its order. No connection may be refused or cut, no answer may be another than 204 or a
stream, and every stream must end with its last chunk.
"""

import os
import random
import re
import select
import signal
import time

from support.command import Outcome
from support.judge import faults
from support.load import Crowd, Listener, Publisher
from support.servers import start_belfry, wait

PROGRAMS = ["belfry"]
SMALL = {"takeovers": 2, "publishers": 4, "listeners": 4}
FULL = {"takeovers": 50, "publishers": 6, "listeners": 12}

# Seconds between two messages of a publisher.
PACE = 0.01
# Seconds for a takeover, and for the one that was replaced to end.
PATIENCE = 60


class ReplaceableServer:
    """A server and those that take over from it, one after the other."""

    def __init__(self):
        self.first = start_belfry("--takeover-time", "500ms", "--drain-time", "1s")
        self.process = self.first.process.pid

    def replace(self):
        """Returns when the successor serves alone."""
        seen = len(self.first.log)
        handle = os.pidfd_open(self.process)
        try:
            os.kill(self.process, signal.SIGUSR2)
            outcome = r"taken over by=(\d+)|takeover (?:failed|not started).*"
            took = wait(lambda: re.search(outcome, self.log(seen)), "a takeover")
            if not took[1]:
                raise AssertionError(took[0])
            # A pidfd can be read when its process has ended.
            if not select.select([handle], [], [], PATIENCE)[0]:
                raise AssertionError(f"the replaced server did not end within {PATIENCE} s")
            self.process = int(took[1])
        finally:
            os.close(handle)

    def log(self, first=0):
        return "".join(self.first.log[first:])

    def close(self):
        # Successors are nobody's children here, and hold the log's pipe.
        for process in re.findall(r"successor started .*process=(\d+)", self.log()):
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.first.kill()


def prove(counts, seed, is_full):
    dice = random.Random(seed)
    server = ReplaceableServer()
    port = [server.first.port]
    crowd = Crowd(
        [Publisher(f"p{number}", port, PACE, keeps=number % 2 == 0) for number in range(counts["publishers"])],
        [Listener(f"listener {number}", port) for number in range(counts["listeners"])])
    try:
        with crowd:
            for _ in range(counts["takeovers"]):
                time.sleep(dice.uniform(0.1, 1.1))
                server.replace()
            said, heard = crowd.finish()
    finally:
        server.close()
    found = crowd.failures + faults(said, heard) + refusals(crowd.answers(), crowd.listeners)
    stayed = [listener.name for listener in crowd.listeners if listener.streams < 2]
    if stayed:
        found.append(f"no takeover met {', '.join(stayed)}: nothing was proved")
    streams = sum(listener.streams for listener in crowd.listeners)
    messages = sum(map(len, said.values()))
    summary = (f"{counts['takeovers']} takeovers, {messages:,} messages of {len(crowd.publishers)} publishers,"
               f" {len(crowd.listeners)} listeners")
    answers = ", ".join(f"{answer} {count:,}" for answer, count in sorted(crowd.answers().items()))
    return Outcome(found, summary, (
        "| | |\n| --- | --- |\n"
        f"| takeovers | {counts['takeovers']} |\n| messages answered 204 | {messages:,} |\n"
        f"| what publishers were answered | {answers} |\n| streams of the listeners | {streams:,} |\n"
        f"| messages heard | {sum(map(len, heard.values())):,} |"))


def refusals(answers, listeners):
    """Who was refused, or cut, in words.

    A kept connection that ends at the moment in which a request is sent on it refuses nobody: HTTP has the
    client ask again (RFC 9112, 9.3.1).
    """
    found = [f"{count} posts were answered: {answer}" for answer, count in sorted(answers.items())
             if answer not in ("204", "kept connection ended")]
    for listener in listeners:
        found += [f"{listener.name} was refused a stream {count} times: {reason}"
                  for reason, count in sorted(listener.refusals.items())]
        if listener.cuts:
            found.append(f"{listener.name} had {listener.cuts} streams cut")
    return found
