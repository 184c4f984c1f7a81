"""The command `scripts/prove`: finds the proofs, runs them, and says what came of it."""

import argparse
import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback
import typing

from support import machine, programs

FOLDER = pathlib.Path(__file__).resolve().parents[1]
SEED = 1
# Seconds after which a small proof among several is taken for stuck. Alone it takes at most 20.
STUCK = 300


class Outcome(typing.NamedTuple):
    """What a proof comes to."""

    # Why the claim does not hold, a sentence each; none when it holds.
    faults: list
    # What was done, in one line.
    summary: str
    # For --full: Markdown with the figures.
    figures: str = ""


def names():
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def load(name):
    """A proof is a module: its docstring begins with what it claims, PROGRAMS are the products it needs,
    SMALL and FULL its counts, and prove(counts, seed, is_full) gives its Outcome."""
    specification = importlib.util.spec_from_file_location(f"proof_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def claim(proof):
    return proof.__doc__.strip().split("\n\n")[0].replace("\n", " ")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(name, seed, is_full):
    """Runs one proof in this process; whether its claim held."""
    proof = load(name)
    given = programs.provide(proof.PROGRAMS, anew=is_full)
    load_average = os.getloadavg()[0]
    began = time.monotonic()
    try:
        outcome = proof.prove(proof.FULL if is_full else proof.SMALL, seed, is_full)
    except Exception:
        outcome = Outcome(["it broke off:\n" + traceback.format_exc()], "broken off")
    seconds = time.monotonic() - began
    if is_full:
        print(block(name, claim(proof), outcome, seed, seconds, given, load_average), flush=True)
    else:
        for fault in outcome.faults:
            say(f"{name}: {fault}")
        verdict = "failed" if outcome.faults else "passed"
        print(f"{name}: {verdict} in {seconds:.1f} s: {outcome.summary}", flush=True)
    return not outcome.faults


def block(name, text, outcome, seed, seconds, given, load_average):
    """A result for the documents."""
    lines = [f"**{name}**: {text}", ""]
    if outcome.faults:
        lines += ["**The claim did not hold:**", "", *(f"- {fault}" for fault in outcome.faults), ""]
    if outcome.figures:
        lines += [outcome.figures, ""]
    commit = machine.commit() + (f" (the programs are those of {', '.join(given)})" if given else "")
    lines += [
        f"- result: {outcome.summary}; {seconds:.0f} s",
        f"- command: `scripts/prove {name} --full --seed {seed}`",
        f"- date: {machine.today()}; commit: {commit}; seed: {seed}",
        f"- machine: {machine.machine()}; load average {load_average:.1f} before",
    ]
    return "\n".join(lines)


def run_each(chosen, seed, is_full):
    """Runs each proof in a process of its own; whether all claims held."""
    needed = {product for name in chosen for product in load(name).PROGRAMS}
    programs.provide(sorted(needed), anew=is_full)
    options = ["--seed", str(seed)] + ["--full"] * is_full
    failed = []
    for name in chosen:
        command = [sys.executable, "-B", programs.REPOSITORY / "scripts/prove", name, *options]
        # Ended with this script however that ends.
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command])
        try:
            status = process.wait(None if is_full else STUCK)
        except subprocess.TimeoutExpired:
            say(f"{name}: not done after {STUCK} s")
            process.terminate()
            status = process.wait() or 1
        if status:
            failed.append(name)
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed" + (": " + " ".join(failed) if failed else ""))
    return not failed


def listing():
    width = max(map(len, names()))
    return "\n".join(f"  {name:{width}}  {claim(load(name))}" for name in names())


def stop(number, _):
    """Whatever ends this script unwinds it, so that what it started is ended too."""
    raise SystemExit(f"stopped by {signal.Signals(number).name}")


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/prove", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Proves what takes long: exits 0 only if the claim held.\n\nproofs:\n" + listing())
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="every proof, one after the other")
    parser.add_argument(
        "--full", action="store_true",
        help="the large counts, what is promised of speed as well, and a result in Markdown")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of what is random (default {SEED})")
    options = parser.parse_args()
    for name in options.names:
        if name not in names():
            parser.error(f"no proof is called {name}; there are {', '.join(names())}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    chosen = names() if options.all else options.names
    if not chosen:
        print(listing())
    elif len(chosen) == 1 and not options.all:
        sys.exit(0 if run(chosen[0], options.seed, options.full) else 1)
    else:
        sys.exit(0 if run_each(chosen, options.seed, options.full) else 1)
