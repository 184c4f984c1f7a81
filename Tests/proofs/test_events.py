"""The reader of streams."""

import unittest

import here  # noqa: F401
from support.events import Event, EventReader

STREAM = (b":\n\nretry: 1500\n\nid: e-0\n\nid: e-1\ndata: one\n\n"
          b"event: gap\nid: e-5\ndata: {}\n\nid: e-6\ndata: a\ndata:b\n\n")


class Reading(unittest.TestCase):
    def test_events_are_what_was_written(self):
        reader = EventReader()
        self.assertEqual(reader.feed(STREAM), [
            Event("e-1", "message", "one"), Event("e-5", "gap", "{}"), Event("e-6", "message", "a\nb")])
        self.assertEqual((reader.last_id, reader.retry), ("e-6", 1.5))

    def test_it_does_not_matter_how_the_bytes_come(self):
        whole, split = EventReader().feed(STREAM), []
        reader = EventReader()
        for place in range(len(STREAM)):
            split += reader.feed(STREAM[place:place + 1])
        self.assertEqual(split, whole)

    def test_an_event_that_is_cut_is_not_heard_and_its_id_is_not_taken(self):
        for length in range(len(b"id: e-1\ndata: one\n") + 1):
            reader = EventReader("e-0")
            self.assertEqual(reader.feed(b"id: e-1\ndata: one\n"[:length]), [])
            self.assertEqual(reader.last_id, "e-0")

    def test_an_id_without_data_counts(self):
        reader = EventReader()
        self.assertEqual(reader.feed(b"id: e-7\n\n"), [])
        self.assertEqual(reader.last_id, "e-7")


if __name__ == "__main__":
    unittest.main()
