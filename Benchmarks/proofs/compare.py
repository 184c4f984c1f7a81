"""Belfry delivers every message, and for less processor time than each rival: nchan, Pushpin, Flask.

Runs `Benchmarks/compare-all`, also against the floor, a bare `send` loop. Small, it compares with the floor
alone and asserts only that every delivery was right; with --full Belfry must be the cheapest of those that
are installed, at 1,000, 5,000 and 19,000 listeners.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from support.command import Outcome
from support.programs import REPOSITORY

PROGRAMS = ["belfry", "belfry-bench"]
# Three rounds are the fewest that the tool compares by.
SMALL = {"sizes": ["50:20"], "rounds": 3, "against": ""}
FULL = {"sizes": ["1000:200", "5000:60", "19000:20"], "rounds": 3, "against": "nchan,pushpin,flask"}


def prove(counts, seed, is_full):
    environment = os.environ | {
        "SIZES": " ".join(counts["sizes"]), "ROUNDS": str(counts["rounds"]), "AGAINST": counts["against"]}
    with tempfile.TemporaryDirectory(prefix="belfry-compare-") as folder:
        done = subprocess.run(
            [REPOSITORY / "Benchmarks/compare-all", folder], env=environment, stdout=subprocess.PIPE,
            stderr=sys.stderr, text=True)
        files = {size: pathlib.Path(folder, size.partition(":")[0] + ".json") for size in counts["sizes"]}
        comparisons = {size: json.loads(file.read_text()) for size, file in files.items() if file.exists()}
    found = []
    for size in counts["sizes"]:
        listeners, messages = map(int, size.split(":"))
        found += faults(comparisons.get(size), listeners, messages, counts["rounds"], is_full)
    rivals = sorted({one["peer"] for comparison in comparisons.values() for one in comparison["rounds"]} - {"belfry"})
    summary = f"{', '.join(size.partition(':')[0] for size in counts['sizes'])} listeners, against {', '.join(rivals)}"
    # What was run stands below every proof's result; here it would be with this machine's paths.
    return Outcome(found, summary, re.sub(r"^- command: .*\n?", "", done.stdout, flags=re.M).strip())


def faults(comparison, listeners, messages, rounds, is_full):
    """What one comparison says against the claim. A rival may fail: that is no fault of Belfry's."""
    where = f"{listeners} listeners"
    if not comparison:
        return [f"{where}: nothing was measured, see above"]
    found = [f"{where}: {comparison['failure']}"] if comparison.get("failure") else []
    ours = [one for one in comparison["rounds"] if one["peer"] == "belfry"]
    if len(ours) != rounds:
        found.append(f"{where}: {len(ours)} rounds of Belfry instead of {rounds}")
    for one in ours:
        report = one.get("report") or {}
        wrong = {name: report[name] for name in ("missing", "duplicated", "reordered", "corrupted", "foreign", "lost")
                 if report.get(name)}
        reason = one.get("problem") or report.get("failure")
        if reason or wrong or report.get("delivered") != listeners * messages:
            found.append(f"{where}, round {one['round'] + 1}: {reason or wrong or report.get('delivered')}")
    if "floor" not in {one["peer"] for one in comparison["rounds"] if one.get("report")}:
        found.append(f"{where}: the floor was not measured")
    if is_full and not found:
        cost = costs(comparison)
        rivals = set(cost) - {"belfry", "floor"}
        if "belfry" not in cost or not rivals:
            return [f"{where}: processor time was measured of {', '.join(sorted(cost))} only"]
        found += [f"{where}: a delivery costs {cost['belfry']:.2f} µs, one of {rival} {cost[rival]:.2f} µs"
                  for rival in sorted(rivals) if cost["belfry"] >= cost[rival]]
    return found


def costs(comparison):
    """By server, the median of the processor time of a delivery; of those that have one."""
    values = {}
    for one in comparison["rounds"]:
        cost = ((one.get("report") or {}).get("server") or {}).get("cpu_us_per_delivery")
        if cost:
            values.setdefault(one["peer"], []).append(cost)
    return {peer: statistics.median(costs) for peer, costs in values.items()}
