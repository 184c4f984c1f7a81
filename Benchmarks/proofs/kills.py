"""Nothing that was answered 204 is lost, doubled or swapped while two nodes and their Redis are killed.

Two nodes share a Redis with `appendonly yes` and `appendfsync always`. At random moments one of the three is
ended with `kill -9` and started again. Publishers give each message a key and repeat it, at either node,
until it is answered 204. Listeners come back with their last id, half of them to the node where they were,
half to the other one. Every listener must hear every message that was answered 204 exactly once, all
listeners the same ids in one order, each publisher's messages in its order, and nobody is told `gap`.
"""

import random
import time
import typing

from support.command import Outcome
from support.judge import faults
from support.load import Crowd, Listener, Publisher
from support.servers import Redis, start_belfry, wait

PROGRAMS = ["belfry"]
SMALL = {"kills": 3, "publishers": 4, "listeners": 4}
FULL = {"kills": 100, "publishers": 6, "listeners": 12}

# Seconds between two messages of a publisher.
PACE = 0.01
# Messages that must get through before a kill that waits for it.
WORKING = 10
VICTIMS = ("node 1", "node 2", "Redis")


class Kill(typing.NamedTuple):
    victim: str
    # Whether messages must get through again before it; else it comes while others still recover.
    waits: bool
    # Seconds before it, and until the victim is started again.
    after: float
    away: float


def plan(count, seed):
    """Each three kills meet all three, in a random order."""
    dice = random.Random(seed)
    victims = [victim for _ in range(count // 3 + 1) for victim in dice.sample(VICTIMS, 3)]
    return [
        Kill(victim, number == 0 or dice.random() < 0.7, dice.uniform(0, 0.5), dice.uniform(0.1, 0.6))
        for number, victim in enumerate(victims[:count])
    ]


def prove(counts, seed, is_full):
    redis = Redis()
    nodes = []
    try:
        nodes += [start_belfry("--redis", redis.url, "--retry", "300ms") for _ in range(2)]
        return disturb(counts, seed, redis, nodes)
    finally:
        for node in nodes:
            node.kill()
        redis.close()


def disturb(counts, seed, redis, nodes):
    ports = [node.port for node in nodes]
    crowd = Crowd(
        [Publisher(f"p{number}", ports[number % 2:] + ports[:number % 2], PACE, keeps=number % 4 < 2)
         for number in range(counts["publishers"])],
        [Listener(f"listener {number}", ports if number // 2 % 2 else [ports[number % 2]])
         for number in range(counts["listeners"])])
    victims = dict(zip(VICTIMS, [*nodes, redis]))
    kills = plan(counts["kills"], seed)
    with crowd:
        for number, kill in enumerate(kills, 1):
            if kill.waits:
                taken = crowd.taken
                wait(lambda: crowd.failures or crowd.taken >= taken + WORKING,
                     f"{WORKING} more messages are taken before kill {number}")
            time.sleep(kill.after)
            victims[kill.victim].kill()
            time.sleep(kill.away)
            victims[kill.victim].start()
        said, heard = crowd.finish()
    # Who comes while Redis is away is asked to come again.
    found = crowd.failures + faults(said, heard, ignored=["busy"])
    answers = crowd.answers()
    if not answers.total() - answers["204"]:
        found.append("no kill met a publisher: nothing was proved")
    if sum(listener.streams for listener in crowd.listeners) == len(crowd.listeners):
        found.append("no kill met a listener: nothing was proved")
    return Outcome(found, summary(kills, crowd, said), figures(kills, crowd, said))


def summary(kills, crowd, said):
    return (f"{len(kills)} kills, {sum(map(len, said.values())):,} messages of {len(crowd.publishers)} publishers,"
            f" {len(crowd.listeners)} listeners")


def figures(kills, crowd, said):
    """A table of what happened."""
    streams = sum(listener.streams for listener in crowd.listeners)
    busy = sum(event.type == "busy" for listener in crowd.listeners for event in listener.heard)
    answers = ", ".join(f"{answer} {count:,}" for answer, count in sorted(crowd.answers().items()))
    rows = [
        ("`kill -9`", ", ".join(
            f"{victim} {sum(kill.victim == victim for kill in kills)}" for victim in VICTIMS)),
        ("messages answered 204", f"{sum(map(len, said.values())):,}"),
        ("what publishers were answered", answers),
        ("streams of the listeners", f"{streams}, of which {sum(listener.cuts for listener in crowd.listeners)}"
                                     f" were cut and {busy} asked to come again"),
        ("messages heard", f"{sum(len(listener.heard) for listener in crowd.listeners) - busy:,}"),
    ]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])
