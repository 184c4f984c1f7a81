"""The judge: it finds nothing where nothing is, and each fault that it is there for."""

import unittest

import here  # noqa: F401
from support.events import Event
from support.judge import faults

SAID = {"p0": ["p0-1", "p0-2", "p0-3"], "p1": ["p1-1", "p1-2"]}
ORDER = ["p0-1", "p1-1", "p0-2", "p1-2", "p0-3"]


def events(texts=ORDER):
    return [Event(f"e-{number}", "message", f"[10:00:00] anonymous: {text}")
            for number, text in enumerate(texts, 1)]


class Judging(unittest.TestCase):
    def check(self, heard, *wanted, said=SAID, ignored=()):
        """Each of `wanted` is in one of the faults, and there are none when there is none wanted."""
        found = list(faults(said, heard, ignored))
        for text in wanted:
            self.assertTrue(any(text in fault for fault in found), f"{text!r} is not in {found}")
        self.assertEqual(bool(found), bool(wanted), found)

    def test_all_once_and_in_one_order_is_right(self):
        self.check({"a": events(), "b": events()})

    def test_a_message_that_one_listener_did_not_hear(self):
        for place in range(len(ORDER)):
            short = events()
            del short[place]
            self.check({"a": events(), "b": short}, f"b did not hear {ORDER[place]}")

    def test_a_message_that_nobody_heard(self):
        texts = ORDER[:-1]
        self.check({"a": events(texts), "b": events(texts)}, "a did not hear p0-3", "b did not hear p0-3")

    def test_a_message_twice(self):
        texts = ORDER + ["p1-1"]
        self.check({"a": events(texts), "b": events(texts)}, "a heard twice p1-1", "b heard twice p1-1")

    def test_one_event_twice(self):
        again = events()
        again.insert(1, again[0])
        self.check({"a": again}, "a heard twice p0-1", "a got an id twice: e-1")

    def test_a_publishers_messages_swapped(self):
        texts = ["p0-2", "p1-1", "p0-1", "p1-2", "p0-3"]
        self.check({"a": events(texts), "b": events(texts)}, "a heard p0 in another order: p0-1")

    def test_two_publishers_in_another_order_for_one_listener(self):
        texts = ["p1-1", "p0-1", "p0-2", "p1-2", "p0-3"]
        self.check({"a": events(), "b": events(texts)}, "b and a heard different streams, from event 1 on")

    def test_the_same_message_under_two_ids(self):
        other = events()
        other[2] = other[2]._replace(id="f-3")
        self.check({"a": events(), "b": other}, "different streams, from event 3 on")

    def test_two_messages_under_one_id(self):
        same = events()
        same[3] = same[3]._replace(id="e-3")
        self.check({"a": same, "b": same}, "a got an id twice: e-3")

    def test_a_message_that_nobody_said(self):
        self.check({"a": events(ORDER + ["p9-9"])}, "a heard what nobody said: p9-9")

    def test_a_gap(self):
        gap = Event("e-9", "gap", '{"reason":"restarted"}')
        self.check({"a": events() + [gap]}, 'a was told gap {"reason":"restarted"}')

    def test_busy_is_a_fault_unless_it_is_ignored(self):
        busy = Event("", "busy", "")
        self.check({"a": [busy] + events()}, "a was told busy")
        self.check({"a": [busy] + events()}, ignored=["busy"])

    def test_nothing_proves_nothing(self):
        self.check({"a": events()}, "no message was taken", said={"p0": []})
        self.check({}, "nobody listened")
        self.check({"a": []}, "a did not hear")
        self.check({"a": events()}, "the same text", said=SAID | {"p2": ["p0-1"]})


if __name__ == "__main__":
    unittest.main()
