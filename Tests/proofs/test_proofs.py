"""Each proof's judge finds what it is there to find, and the command says so."""

import copy
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import here
from support import command, programs
from support.command import load
from support.load import Listener


class Judges(unittest.TestCase):
    def check(self, found, text):
        self.assertTrue(any(text in fault for fault in found), f"{text!r} is not in {found}")


class Kills(Judges):
    def test_a_seed_always_gives_the_same_plan(self):
        plan = load("kills").plan
        self.assertEqual(plan(100, 7), plan(100, 7))
        self.assertNotEqual(plan(100, 7), plan(100, 8))
        self.assertEqual(len(plan(100, 7)), 100)

    def test_three_kills_meet_all_three_and_begin_while_messages_get_through(self):
        proof = load("kills")
        for seed in range(20):
            kills = proof.plan(3, seed)
            self.assertEqual({kill.victim for kill in kills}, set(proof.VICTIMS))
            self.assertTrue(kills[0].waits)


class Takeovers(Judges):
    def test_who_is_refused_or_cut_is_found(self):
        refusals = load("takeovers").refusals
        right = Listener("a", [1])
        self.assertEqual(refusals({"204": 5, "kept connection ended": 1}, [right]), [])
        for answer in ("503", "504", "refused", "cut"):
            self.check(refusals({"204": 5, answer: 1}, [right]), f"1 posts were answered: {answer}")
        right.refusals["ConnectionRefusedError"] += 1
        self.check(refusals({"204": 5}, [right]), "a was refused a stream 1 times")
        cut = Listener("b", [1])
        cut.cuts = 1
        self.check(refusals({"204": 5}, [cut]), "b had 1 streams cut")


class Soak(Judges):
    COUNTS = {"listeners": 5, "seconds": 10}
    REPORT = {"published": 10, "delivered": 50, "server": {"rss_slope_bytes_per_hour": 100.0}}

    def test_each_fault_is_found(self):
        faults = load("soak").faults
        self.assertEqual(faults(self.REPORT, 0, self.COUNTS, 100), [])
        self.check(faults(self.REPORT, 0, self.COUNTS, 99), "memory grows by 100 B an hour")
        self.assertEqual(faults(self.REPORT, 0, self.COUNTS, None), [])
        self.check(faults(self.REPORT | {"delivered": 49}, 0, self.COUNTS, None), "49 deliveries instead of 50")
        few = self.REPORT | {"published": 9, "delivered": 45}
        self.check(faults(few, 0, self.COUNTS, None), "only 9 messages")
        self.check(faults(self.REPORT | {"offenders": ["listener 1"]}, 1, self.COUNTS, None), "with 1: listener 1")
        self.check(faults({}, 2, self.COUNTS, None), "ended with 2")


class Fanout(Judges):
    LOAD = {"opened": 3, "published": 2, "delivered": 6, "missing": 0, "duplicated": 0, "reordered": 0,
            "order_differs": 0, "corrupted": 0, "lost": 0}
    ROW = ["CPU ÷ floor", "≤ 1.10", "≤ 1.03", "1.04", "at least"]

    def faults(self, load_=LOAD, row=ROW, status=0, is_full=True):
        report = {"single": {"belfry": [load_], "floor": [{"few": self.LOAD}]}, "table": [row]}
        return load("fanout").faults(report, status, ["single"], is_full)

    def test_each_fault_is_found(self):
        self.assertEqual(self.faults(), [])
        for name in ("missing", "duplicated", "reordered", "order_differs", "corrupted", "lost"):
            self.check(self.faults(self.LOAD | {name: 1}), name)
        self.check(self.faults(self.LOAD | {"delivered": 5}), "5 of 6 deliveries")
        missed = [*self.ROW[:3], "1.20", "**missed**"]
        self.check(self.faults(row=missed), "1.20, where ≤ 1.10 is promised")
        self.assertEqual(self.faults(row=missed, is_full=False), [])
        self.check(self.faults(row=[*self.ROW[:3], "not measured", ""]), "not measured")
        self.assertEqual(self.faults(row=["the same ÷ nchan", "", "", "not measured", ""]), [])
        self.check(self.faults(status=1), "ended with 1")
        faults = load("fanout").faults
        self.check(faults({"table": []}, 0, ["single"], False), "single was not measured")
        self.check(faults({"table": []}, 0, [], False), "nothing was delivered")


class RedisScript(Judges):
    MEASURED = {
        "costs": {"0.1.0": [40.0, 50.0, 60.0], "without a prefix": [40.0, 45.0, 50.0],
                  "with a prefix": [26.0, 30.0, 90.0]},
        "heard": {"0.1.0": (8, 8), "with a prefix": (4, 4)}, "kept": {"a": 1000, "b": 1015, "c": 1007}}

    def test_each_fault_is_found(self):
        faults = load("redis_script").faults
        self.assertEqual(faults(self.MEASURED, True), [])
        for name, costs, text in [("with a prefix", [28.0, 35.0, 41.0], "0.700 of the cost of 0.1.0, where 0.67"),
                                  ("without a prefix", [41.0, 51.0, 59.0], "1.020 of the cost of 0.1.0, where 1.00")]:
            dear = self.MEASURED | {"costs": self.MEASURED["costs"] | {name: costs}}
            self.check(faults(dear, True), f"{name}: {text} is promised")
            self.assertEqual(faults(dear, False), [])
        self.check(faults(self.MEASURED | {"heard": {"0.1.0": (7, 8)}}, False), "0.1.0: 7 of 8 messages")
        for length in (999, 1016):
            kept = self.MEASURED["kept"] | {"c": length}
            self.check(faults(self.MEASURED | {"kept": kept}, False), f"c has {length} messages")
        self.check(faults(self.MEASURED | {"kept": {"a": 1000}}, False), "there are 1 streams")

    def test_a_command_is_read_as_monitor_prints_it(self):
        line = rb'+1.5 [3 127.0.0.1:7] "EVALSHA" "a\\b\"c" "\x00\x7f\n\r\t" ""' + b"\r\n"
        self.assertEqual(load("redis_script").unquote(line), [b"EVALSHA", b'a\\b"c', b"\0\x7f\n\r\t", b""])


class Metrics(Judges):
    COUNTS = {"listeners": 5, "rate": 2, "seconds": 10, "tolerance": 0.2}
    ROW = ["loop lag", 0.99, 1.0, 1.1]
    REPORT = {"rows": [ROW], "judged": [ROW], "wrong": [], "counts": {
        "published": 20, "delivered": 100, "histogram published": 21, "counter delivered": 101, "loop lags": 10_000}}

    def test_each_fault_is_found(self):
        faults = load("metrics").faults
        self.assertEqual(faults(self.REPORT, 0, self.COUNTS), [])
        for name in self.REPORT["counts"]:
            report = copy.deepcopy(self.REPORT)
            report["counts"][name] = 19
            self.check(faults(report, 0, self.COUNTS), name)
        wrong = self.REPORT | {"wrong": [self.ROW]}
        self.check(faults(wrong, 1, self.COUNTS), "loop lag at 99%: 1.10 ms in the histogram")
        self.check(faults(self.REPORT | {"judged": []}, 0, self.COUNTS), "long enough to be judged")
        self.assertEqual(faults(self.REPORT | {"judged": []}, 0, self.COUNTS | {"tolerance": 0}), [])
        self.check(faults(self.REPORT, 1, self.COUNTS), "ended with 1")
        self.check(faults({}, 1, self.COUNTS), "ended with 1")


class Compare(Judges):
    def comparison(self, cost=10.0, rival=15.0, **changes):
        def one(peer, number, cost, delivered=100):
            report = {"delivered": delivered, "missing": 0, "server": {"cpu_us_per_delivery": cost}}
            return {"peer": peer, "round": number, "report": report}

        rounds = [one(*pair) for number in range(3) for pair in (
            ("belfry", number, cost), ("floor", number, 9.0), ("nchan", number, rival, 99))]
        rounds[0]["report"] |= changes
        return {"rounds": rounds}

    def faults(self, comparison, is_full=True):
        return load("compare").faults(comparison, 10, 10, 3, is_full)

    def test_each_fault_is_found(self):
        self.assertEqual(self.faults(self.comparison()), [])
        self.check(self.faults(self.comparison(rival=10.0)), "10.00 µs, one of nchan 10.00 µs")
        self.assertEqual(self.faults(self.comparison(rival=9.0), is_full=False), [])
        self.check(self.faults(self.comparison(delivered=99)), "round 1: 99")
        self.check(self.faults(self.comparison(missing=1)), "'missing': 1")
        self.check(self.faults(self.comparison(failure="the server died")), "the server died")
        alone = {"rounds": [one for one in self.comparison()["rounds"] if one["peer"] != "nchan"]}
        self.check(self.faults(alone), "of belfry, floor only")
        self.assertEqual(self.faults(alone, is_full=False), [])
        few = {"rounds": self.comparison()["rounds"][3:]}
        self.check(self.faults(few), "2 rounds of Belfry instead of 3")
        self.check(self.faults(None), "nothing was measured")


PROOF = '''"""It holds.

More of it.
"""
from support.command import Outcome
PROGRAMS, SMALL, FULL = [], {"count": 1}, {"count": 2}
def prove(counts, seed, is_full):
    if seed == 9:
        raise OSError("a disk")
    return Outcome(["it was false"] * (seed - 1), f"{counts['count']} counted", "| | |")
'''


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name, "claim.py").write_text(PROOF)
        patch = mock.patch.object(command, "FOLDER", pathlib.Path(folder.name))
        patch.start()
        self.addCleanup(patch.stop)

    def run_(self, seed, is_full=False):
        with mock.patch("builtins.print") as printed:
            held = command.run("claim", seed, is_full)
        return held, "\n".join(str(call.args[0]) for call in printed.call_args_list)

    def test_a_claim_that_holds_and_one_that_does_not(self):
        held, text = self.run_(1)
        self.assertTrue(held)
        self.assertRegex(text, r"^claim: passed in 0\.\d s: 1 counted$")
        held, text = self.run_(2)
        self.assertFalse(held)
        self.assertRegex(text, r"(?s)claim: it was false.*claim: failed in")

    def test_a_proof_that_breaks_off_has_failed(self):
        held, text = self.run_(9)
        self.assertFalse(held)
        self.assertIn("OSError: a disk", text)

    def test_a_full_result_says_where_and_of_what_it_is(self):
        held, text = self.run_(1, is_full=True)
        self.assertTrue(held)
        for part in ("**claim**: It holds.\n", "2 counted", "`scripts/prove claim --full --seed 1`", "cores",
                     "GiB", "Linux", "commit: ", "date: ", "| | |"):
            self.assertIn(part, text)
        self.assertNotIn("did not hold", text)
        held, text = self.run_(2, is_full=True)
        self.assertFalse(held)
        self.assertIn("**The claim did not hold:**\n\n- it was false", text)

    def test_the_list_has_what_each_proof_claims(self):
        self.assertEqual(command.listing(), "  claim  It holds.")


class Program(unittest.TestCase):
    def prove(self, *arguments):
        return subprocess.run(
            [sys.executable, "-B", here.REPOSITORY / "scripts/prove", *arguments], capture_output=True, text=True)

    def test_every_file_is_a_proof(self):
        listed = self.prove().stdout
        for name in command.names():
            proof = load(name)
            self.assertIn(f"{name} ", listed)
            self.assertIn(command.claim(proof), listed)
            self.assertEqual(set(proof.SMALL), set(proof.FULL))
            self.assertLessEqual(set(proof.PROGRAMS), set(programs.VARIABLES))

    def test_a_proof_that_there_is_not_is_a_mistake(self):
        done = self.prove("nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no proof is called nothing", done.stderr)

    def test_one_that_fails_among_several_fails_all(self):
        with mock.patch.object(command, "load") as load_, mock.patch.object(
                programs, "REPOSITORY", pathlib.Path("/nowhere")), mock.patch("builtins.print") as printed:
            load_.return_value.PROGRAMS = []
            self.assertFalse(command.run_each(["a", "b"], 1, False))
        self.assertEqual(printed.call_args.args[0], "0 passed, 2 failed: a b")


if __name__ == "__main__":
    unittest.main()
