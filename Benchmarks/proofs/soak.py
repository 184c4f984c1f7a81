"""A server under load for an hour delivers everything, and its memory and its descriptors don't grow.

`belfry-bench --scenario soak` publishes a message a second and checks every delivery. With --full the
slope of the server's own memory must be within MAXIMUM_SLOPE.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from support import programs
from support.command import Outcome
from support.servers import start_belfry, wait

PROGRAMS = ["belfry", "belfry-bench"]
SMALL = {"listeners": 200, "seconds": 10}
FULL = {"listeners": 5000, "seconds": 3600}

# Bytes an hour. One byte left behind by each delivery would be 18 MB an hour, 300 B by each message 1 MB.
MAXIMUM_SLOPE = 1 << 20
# Full within a small share of the hour, so that history is no growth.
HISTORY = 100


def prove(counts, seed, is_full):
    server = start_belfry(history=HISTORY)
    try:
        before = descriptors(server)
        with tempfile.TemporaryDirectory(prefix="belfry-soak-") as folder:
            file = pathlib.Path(folder, "report.json")
            status = subprocess.run(
                [programs.path("belfry-bench"), "--url", server.url, "--scenario", "soak",
                 "--listeners", str(counts["listeners"]), "--duration", f"{counts['seconds']}s",
                 "--patience", "30s", "--pid", str(server.process.pid), "--json", file],
                stdout=sys.stderr).returncode
            report = json.loads(file.read_text()) if file.exists() else {}
        wait(lambda: descriptors(server) <= before, f"descriptors are {before} again")
    finally:
        server.kill()
    found = faults(report, status, counts, MAXIMUM_SLOPE if is_full else None)
    if not report:
        return Outcome(found, "no report")
    summary = (f"{counts['seconds']} s, {report['published']:,} messages to {report['listeners']:,} listeners,"
               f" {report['delivered']:,} deliveries")
    memory = report["server"]
    return Outcome(found, summary, (
        "| | |\n| --- | --- |\n"
        f"| deliveries | {report['delivered']:,}, each checked |\n"
        f"| own memory with all streams open, and after | {memory['rss_holding_bytes']:,} B,"
        f" {memory['rss_after_bytes']:,} B |\n"
        f"| its slope | {memory['rss_slope_bytes_per_hour']:+,.0f} B an hour (at most {MAXIMUM_SLOPE:,}) |\n"
        f"| descriptors before and after | {before}, no more |"))


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def faults(report, status, counts, maximum_slope):
    """What a report says against the claim; `maximum_slope` is None where memory is not judged."""
    if status or not report:
        reasons = [report.get("failure"), *report.get("offenders", [])[:3]]
        return [f"belfry-bench ended with {status}: " + "; ".join(filter(None, reasons))]
    found = []
    wanted = report["published"] * counts["listeners"]
    if not 0 < wanted == report["delivered"]:
        found.append(f"{report['delivered']} deliveries instead of {wanted}")
    # A message a second; the first one is due at once.
    if report["published"] < counts["seconds"]:
        found.append(f"only {report['published']} messages in {counts['seconds']} s")
    slope = report["server"]["rss_slope_bytes_per_hour"]
    if maximum_slope is not None and slope > maximum_slope:
        found.append(f"memory grows by {slope:,.0f} B an hour, more than {maximum_slope:,}")
    return found
