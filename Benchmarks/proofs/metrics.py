"""The histograms of /metrics say what is measured from outside.

Runs `Benchmarks/metrics/run`. Small, it asserts only that every message and every delivery was counted
once; with --full every quantile that can be judged must be within 20 %.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from support.command import Outcome
from support.programs import REPOSITORY

PROGRAMS = ["belfry", "belfry-bench"]
SMALL = {"listeners": 50, "rate": 20, "seconds": 3, "tolerance": 0}
FULL = {"listeners": 5000, "rate": 15, "seconds": 20, "tolerance": 0.2}


def prove(counts, seed, is_full):
    options = [f"--{name}={value}" for name, value in counts.items()]
    with tempfile.TemporaryDirectory(prefix="belfry-metrics-") as folder:
        file = pathlib.Path(folder, "report.json")
        done = subprocess.run(
            [REPOSITORY / "Benchmarks/metrics/run", *options, "--json", file],
            stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
        report = json.loads(file.read_text()) if file.exists() else {}
    found = faults(report, done.returncode, counts)
    if not report:
        return Outcome(found, "no report")
    summary = (f"{counts['listeners']} listeners, {counts['rate']} messages a second,"
               f" {report['counts']['published']} messages counted")
    if is_full:
        summary += f", {len(report['judged'])} of {len(report['rows'])} quantiles judged"
    return Outcome(found, summary, done.stdout.strip())


def faults(report, status, counts):
    """What a report says against the claim."""
    if not report:
        return [f"Benchmarks/metrics/run ended with {status}: see above"]
    found = []
    counted = report["counts"]
    # belfry-bench publishes one message, to one stream, before its load: to see whether the target is right.
    wanted = {
        "published": counts["rate"] * counts["seconds"],
        "delivered": counts["rate"] * counts["seconds"] * counts["listeners"],
        "histogram published": counted["published"] + 1,
        "counter delivered": counted["delivered"] + 1,
    }
    found += [f"{name}: {counted[name]} instead of {number}" for name, number in wanted.items()
              if counted[name] != number]
    # Each millisecond counts once, and the load lasts as long as it is asked to.
    if counted["loop lags"] < 500 * counts["seconds"]:
        found.append(f"only {counted['loop lags']} loop lags in {counts['seconds']} s")
    if not report["rows"]:
        found.append("no quantile was measured")
    if counts["tolerance"]:
        found += [f"{name} at {share:.0%}: {inside:.2f} ms in the histogram, {outside:.2f} ms from outside"
                  for name, share, outside, inside in report["wrong"]]
        if not report["judged"]:
            found.append("no quantile was long enough to be judged")
        if status and not report["wrong"]:
            found.append(f"Benchmarks/metrics/run ended with {status}")
    elif status:
        found.append(f"Benchmarks/metrics/run ended with {status}")
    return found
