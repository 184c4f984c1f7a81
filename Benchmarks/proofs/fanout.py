"""A delivery costs no more than what is promised, beside a bare `send` loop and nchan.

Runs `Benchmarks/fanout/run`, whose every delivery is checked. Small, it is a trial with a fiftieth of the
listeners, and only the counts are asserted; with --full no row may be missed.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from support.command import Outcome
from support.programs import REPOSITORY

PROGRAMS = ["belfry"]
SMALL = {
    "parts": ["single", "burst", "memory", "own-room", "scale", "latency", "connect", "idle", "login"],
    "divide": 50, "rounds": 1, "near-one": 1, "messages": 10, "seconds": 0.3,
}
# Not own-room: its limits are for a change that is still to come.
FULL = {
    "parts": ["single", "syscalls", "burst", "memory", "recorded", "scale", "latency", "connect", "idle", "login"],
    "divide": 1, "rounds": 3, "near-one": 10, "messages": 60, "seconds": 6,
}
NOT_MEASURED = "not measured"


def prove(counts, seed, is_full):
    options = [f"--{name}={value}" for name, value in counts.items() if name != "parts"]
    with tempfile.TemporaryDirectory(prefix="belfry-fanout-") as folder:
        file = pathlib.Path(folder, "report.json")
        done = subprocess.run(
            [REPOSITORY / "Benchmarks/fanout/run", *counts["parts"], *options, "--json", file],
            stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
        report = json.loads(file.read_text()) if file.exists() else {}
    found = faults(report, done.returncode, counts["parts"], is_full)
    loads = list(loads_in(report))
    unmeasured = sum(NOT_MEASURED in row[3] for row in report.get("table", []))
    summary = (f"{len(report.get('table', []))} rows, {unmeasured} of them not measured;"
               f" {sum(load['delivered'] for load in loads):,} deliveries checked in {len(loads)} loads")
    # The last line says again what every proof says.
    return Outcome(found, summary, re.sub(r"\n\ndate .*\n$", "", done.stdout))


def loads_in(part):
    """Every load's result in a part of the report, however deep."""
    if isinstance(part, dict):
        if "delivered" in part:
            yield part
        else:
            for inner in part.values():
                yield from loads_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from loads_in(inner)


def faults(report, status, parts, is_full):
    """What a report says against the claim."""
    if status or not report:
        return [f"Benchmarks/fanout/run ended with {status}: see above"]
    found = [f"{part} was not measured" for part in parts if not report.get(part)]
    for part in parts:
        for load in loads_in(report.get(part)):
            wanted = load["published"] * load["opened"]
            wrong = [name for name in ("missing", "duplicated", "reordered", "order_differs", "corrupted", "lost")
                     if load[name]]
            if load["delivered"] != wanted or not load["opened"] or wrong:
                found.append(f"{part}: {load['delivered']} of {wanted} deliveries, {', '.join(wrong) or 'none wrong'}")
    if not any(load["delivered"] for load in loads_in(report)):
        found.append("nothing was delivered")
    if not report["table"]:
        found.append("no row was measured")
    for what, least, _, measured, verdict in report["table"] if is_full else []:
        if "**" in verdict:
            found.append(f"{what}: {measured}, where {least} is promised")
        elif measured.startswith(NOT_MEASURED) and "nchan" not in what:
            found.append(f"{what}: {NOT_MEASURED}")
    return found
