"""Every count on /metrics against what was done: ten thousand listeners that come and go in every way."""

import http.client
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "browser"))

from belfry import Belfry  # noqa: E402
from waiting import PATIENCE, wait  # noqa: E402

LAST_CHUNK = b"0\r\n\r\n"
MAXIMUM = 9000
PER_ADDRESS = 2000


class Crowd:
    """Open streams, and what came over each; counts every connection it makes."""

    def __init__(self, port):
        self.port = port
        self.connections = 0
        self.poll = select.epoll()
        self.streams = {}
        self.bytes = {}

    def open(self, count, query="", source=2, extra="", buffer=None):
        """Opens streams from one address, and returns them when each has its head and opening."""
        opened = []
        for _ in range(count):
            stream = socket.socket()
            if buffer:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            stream.settimeout(PATIENCE)
            stream.bind((f"127.0.0.{source}", 0))
            stream.connect(("127.0.0.1", self.port))
            stream.sendall(f"GET /stream{query} HTTP/1.1\r\nHost: test\r\n{extra}\r\n".encode())
            self.connections += 1
            opened.append(stream)
        for stream in opened:
            head = b""
            while b"\r\n\r\n" not in head or (b" 200 " in head and b"\nid: " not in head):
                part = stream.recv(4096)
                if not part:
                    break
                head += part
            self.streams[stream.fileno()] = stream
            self.bytes[stream.fileno()] = head
        return opened

    def read(self, streams, until):
        """Reads from each until `until(bytes)`, or its end; returns those that have ended."""
        waiting = {stream.fileno(): stream for stream in streams}
        ended = []
        for descriptor, stream in list(waiting.items()):
            if until(self.bytes[descriptor]):
                del waiting[descriptor]
            else:
                stream.setblocking(False)
                self.poll.register(descriptor, select.EPOLLIN)
        limit = time.monotonic() + PATIENCE
        while waiting:
            if time.monotonic() > limit:
                raise AssertionError(f"{len(waiting)} streams still wait after {PATIENCE} s")
            for descriptor, _ in self.poll.poll(0.1):
                try:
                    data = waiting[descriptor].recv(1 << 20)
                except ConnectionResetError:
                    data = b""
                self.bytes[descriptor] += data
                if not data or until(self.bytes[descriptor]):
                    if not data:
                        ended.append(waiting[descriptor])
                    self.poll.unregister(descriptor)
                    del waiting[descriptor]
        return ended

    def fin(self, streams):
        for stream in streams:
            self.streams.pop(stream.fileno())
            stream.close()

    def reset(self, streams):
        for stream in streams:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.fin(streams)

    def close(self):
        self.fin(list(self.streams.values()))
        self.poll.close()


class Counts(unittest.TestCase):
    def setUp(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        self.server = Belfry(
            "--admin-listen", "127.0.0.1:0", "--max-listeners", str(MAXIMUM),
            "--max-listeners-per-ip", str(PER_ADDRESS), "--max-rooms", "12", "--heartbeat", "1h",
            "--listener-lag", "2s", "--listener-lag-bytes", "1MiB", "--drain-time", "8s",
            "--request-timeout", "1h", "--idle-timeout", "1h")
        self.addCleanup(self.server.kill)
        line = wait(lambda: [line for line in self.server.log if "admin listening" in line],
                    "the log names the admin address")[0]
        self.admin = http.client.HTTPConnection("127.0.0.1", int(line.rsplit(":", 1)[1]), timeout=PATIENCE)
        self.addCleanup(self.admin.close)
        self.crowd = Crowd(self.server.port)
        self.addCleanup(self.crowd.close)
        self.publisher = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(self.publisher.close)
        # What was done: streams opened, messages published, and streams that ended, by their reasons.
        self.opened = self.published = 0
        self.left = {}

    def page(self):
        self.admin.request("GET", "/metrics")
        answer = self.admin.getresponse()
        text = answer.read().decode()
        self.assertEqual(answer.status, 200)
        page = {name: float(value) for name, value in re.findall(r"^([a-z][^ ]*) (\S+)$", text, re.M)}
        closed = sum(value for name, value in page.items()
                     if name.startswith("belfry_streams_closed_total"))
        self.assertEqual(page["belfry_streams_opened_total"], page["belfry_listeners"] + closed)
        return page

    def closed(self, page):
        found = {}
        for name, value in page.items():
            match = re.fullmatch(r'belfry_streams_closed_total{reason="(.*)"}', name)
            if match and value:
                found[match[1]] = value
        return found

    def settle(self, listeners):
        """The page as soon as so many listeners are left on it."""
        return wait(
            lambda: (page := self.page())["belfry_listeners"] == listeners and page,
            f"{listeners} listeners")

    def publish(self, message, room="chat", status=204):
        form = urllib.parse.urlencode({"message": message, "room": room})
        self.publisher.request(
            "POST", "/post", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self.publisher.getresponse()
        answer.read()
        self.assertEqual(answer.status, status)
        self.published += status == 204

    def test_every_count_is_exact(self):
        readers = self.everybody_reads()
        self.some_come_back(readers)
        self.all_leave()
        self.some_are_too_slow()
        everybody = self.as_many_as_may_be()
        self.one_room_more(everybody[:100])
        rest = self.half_hear_and_go(everybody[100:])
        self.the_rest_is_sent_away(rest)

    # The parts of the test, in their order: each expects what the last one has left.

    def everybody_reads(self):
        """Everybody reads everything, so that bytes can be told as well; returns who did."""
        crowd = self.crowd
        self.publish("before")  # and so that its connection is there
        readers = [stream for source in (2, 3) for stream in crowd.open(500, source=source)]
        for number in range(3):
            self.publish(f"hello {number}")
        crowd.read(readers, lambda data: b"hello 2" in data and data.endswith(b"\n\n\r\n"))
        self.opened += 1000
        page = self.page()
        sent = sum(len(crowd.bytes[stream.fileno()]) for stream in readers)
        self.assertEqual(page["belfry_sent_bytes_total"], sent)
        self.assertEqual(page["belfry_publish_to_last_write_seconds_count"], 3)
        self.assertEqual(page["belfry_messages_delivered_total"], 3 * 1000)
        return readers

    def some_come_back(self, readers):
        """Replays: all of history, and ids that lead nowhere."""
        crowd = self.crowd
        identity = re.search(rb"\nid: (\S+)-\d+\n", crowd.bytes[readers[0].fileno()])[1].decode()
        back = crowd.open(100, source=4, extra=f"Last-Event-ID: {identity}-0\r\n")
        crowd.read(back, lambda data: b"hello 2" in data)
        crowd.open(70, source=4, extra="Last-Event-ID: other-7\r\n")
        crowd.open(30, source=4, extra="Last-Event-ID: what?\r\n")
        self.opened += 200
        crowd.read(list(crowd.streams.values()), lambda data: b"hello 2" in data)
        page = self.page()
        # A gap of either kind gives all of history too.
        self.assertEqual(page["belfry_messages_replayed_total"], 200 * self.published)
        self.assertEqual(page['belfry_gaps_total{reason="restarted"}'], 70)
        self.assertEqual(page['belfry_gaps_total{reason="unknown"}'], 30)
        self.assertEqual(page['belfry_gaps_total{reason="expired"}'], 0)

    def all_leave(self):
        """One half each way, and some of those say before that they send nothing more."""
        everybody = list(self.crowd.streams.values())
        for stream in everybody[::3]:
            stream.shutdown(socket.SHUT_WR)
        self.crowd.fin(everybody[::2])
        self.crowd.reset(everybody[1::2])
        self.left["client"] = len(everybody)
        self.assertEqual(self.closed(self.settle(0)), self.left)

    def some_are_too_slow(self):
        """Too slow, or too far behind."""
        lagging = self.crowd.open(40, "?room=lag", source=2, buffer=4096)
        stalled = self.crowd.open(60, "?room=slow", source=3, buffer=4096)
        self.opened += 100
        for number in range(8):
            self.publish(f"{number}" + "x" * 60_000, "slow")
        for number in range(60):
            self.publish(f"{number}" + "x" * 60_000, "lag")
        self.left |= {"lag": 40, "slow": 60}
        self.assertEqual(self.closed(self.settle(0)), self.left)
        self.crowd.fin(lagging + stalled)

    def as_many_as_may_be(self):
        """As many as may be of one address, then as many as may be; returns those that got in."""
        crowd = self.crowd
        for source in range(2, 6):
            crowd.open(PER_ADDRESS, source=source)
        crowd.open(25, source=2)
        crowd.open(MAXIMUM - 4 * PER_ADDRESS, source=6)
        crowd.open(33, source=6)
        self.opened += MAXIMUM
        page = self.settle(MAXIMUM)
        self.assertEqual(page["belfry_max_listeners"], MAXIMUM)
        self.assertEqual(page["belfry_ready"], 0)
        everybody = [s for s in crowd.streams.values() if b" 200 " in crowd.bytes[s.fileno()][:20]]
        self.assertEqual(len(everybody), MAXIMUM)
        refused = [s for s in crowd.streams.values() if s not in set(everybody)]
        self.assertEqual(len(refused), 58)
        crowd.fin(refused)
        return everybody

    def one_room_more(self, leaving):
        """One room more than may be held: chat, lag, slow and nine others are there."""
        self.crowd.reset(leaving)
        self.left["client"] += len(leaving)
        self.settle(MAXIMUM - len(leaving))
        for number in range(9):
            self.publish("x", f"room-{number}")
        self.publish("x", "one-more", status=503)
        self.crowd.fin(self.crowd.open(7, "?room=another", source=7))
        refusals = {name: value for name, value in self.page().items()
                    if name.startswith("belfry_refused_total") and value}
        self.assertEqual(refusals, {
            'belfry_refused_total{reason="listeners-address"}': 25,
            'belfry_refused_total{reason="listeners"}': 33,
            'belfry_refused_total{reason="rooms"}': 7,
            'belfry_refused_total{reason="publish"}': 1})

    def half_hear_and_go(self, rest):
        """One message to all, then 5,000 of them go; returns those that stay."""
        before = self.page()["belfry_messages_delivered_total"]
        self.publish("to all")
        self.crowd.read(rest, lambda data: b"to all" in data)
        self.assertEqual(self.page()["belfry_messages_delivered_total"], before + len(rest))
        self.crowd.fin(rest[:5000:2])
        self.crowd.reset(rest[1:5000:2])
        self.left["client"] += 5000
        self.assertEqual(self.closed(self.settle(len(rest) - 5000)), self.left)
        return rest[5000:]

    def the_rest_is_sent_away(self, rest):
        """The rest is sent away; who leaves by itself meanwhile is the quicker of the two or not."""
        # A request that never ends keeps the server here until the counts were read.
        unfinished = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
        self.addCleanup(unfinished.close)
        unfinished.sendall(b"POST /post HTTP/1.1\r\nHost: a\r\n")
        connections = self.crowd.connections + 2
        page = wait(
            lambda: (page := self.page())["belfry_connections_accepted_total"] == connections and page,
            f"{connections} connections accepted")
        self.assertEqual(page["belfry_connections"], 2)
        self.server.process.send_signal(signal.SIGTERM)
        for stream in rest[::2]:
            stream.shutdown(socket.SHUT_WR)
        self.assertEqual(len(self.crowd.read(rest, lambda data: False)), len(rest))
        drained = sum(self.crowd.bytes[stream.fileno()].endswith(LAST_CHUNK) for stream in rest)
        self.assertGreaterEqual(drained, len(rest) // 2)
        self.left["client"] += len(rest) - drained
        self.left["drain"] = drained
        self.check_the_end(self.settle(0))
        print(f"\n  {self.opened} listeners came and went, {drained} of them sent away; every count is exact")
        unfinished.close()
        self.assertEqual(self.server.process.wait(PATIENCE), 0)

    def check_the_end(self, page):
        self.assertEqual(self.closed(page), self.left)
        self.assertEqual(page["belfry_streams_opened_total"], self.opened)
        self.assertEqual(page["belfry_messages_published_total"], self.published)
        self.assertEqual(page["belfry_heartbeats_total"], 0)
        self.assertEqual(page["belfry_listeners_behind"], 0)
        self.assertEqual(
            {name for name, value in page.items() if "connections_ended" in name and value}, set())


if __name__ == "__main__":
    unittest.main()
