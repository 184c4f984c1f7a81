"""The shipped units under systemd itself: starts, restarts and successors."""

import contextlib
import os
import pathlib
import re
import signal
import sys
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "browser"), str(TESTS / "nginx")]

import belfry  # noqa: E402
from client import Client  # noqa: E402
from ports import ReservedPort  # noqa: E402
from systemd import Manager  # noqa: E402
from waiting import wait  # noqa: E402

UNITS = belfry.REPOSITORY / "deploy/systemd"
# What a user's manager can't do for its services, or this machine's namespaces can't.
BEYOND_IT = ("DynamicUser=", "User=", "LogsDirectory=", "Restrict", "Protect", "Private", "SystemCall", "NoNew",
             "Capability", "Ambient", "Memory", "Lock", "Remove", "UMask", "KeyringMode", "Proc")


class Knocking:
    """Connects and asks, over and over, and keeps what was not answered."""

    def __init__(self, client):
        self.client = client
        self.answered = 0
        self.failures = []
        self.slowest = 0
        self.is_over = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_over:
            began = time.monotonic()
            try:
                self.client.get("/healthz")
                self.answered += 1
            except OSError as error:
                self.failures.append(error)
            self.slowest = max(self.slowest, time.monotonic() - began)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


class Systemd(unittest.TestCase):
    def start(self, watchdog="30s"):
        """The socket and a node on it; returns a client."""
        reserved = ReservedPort()
        self.addCleanup(reserved.close)
        port = reserved.number
        units = {}
        for unit in UNITS.iterdir():
            lines = unit.read_text().replace("/usr/bin/belfry", belfry.program()).splitlines()
            units[unit.name] = "\n".join(
                line for line in lines if not line.startswith(BEYOND_IT))
        socket_unit = units["belfry.socket"].replace("127.0.0.1:5000", f"127.0.0.1:{port}")
        units["belfry.socket"] = re.sub("ListenStream=/run.*", "", socket_unit)
        units["belfry@.service.d/test.conf"] = (
            "[Service]\nLimitNOFILE=\nTimeoutAbortSec=1s\nEnvironmentFile=\n"
            f"WatchdogSec={watchdog}\n"
            "StandardError=append:%E/log\n")
        self.manager = Manager(units)
        self.addCleanup(self.manager.close)
        self.manager.do("start", "belfry.socket", "belfry@1")
        return Client(port)

    def test_a_restart_loses_nothing_and_refuses_nobody(self):
        client = self.start()
        process = self.manager.process_of("belfry@1")
        cookie = client.sign_in("Ada").headers["Set-Cookie"].partition(";")[0]
        self.assertEqual(client.post("before", key="k1"), 204)
        stream = client.listen()
        self.addCleanup(stream.close)
        client.post("heard")
        self.assertEqual(stream.text(), "heard")
        with Knocking(client) as knocking:
            client.post("missed")
            self.manager.do("restart", "belfry@1")
        self.assertEqual(knocking.failures, [])
        self.assertGreater(knocking.answered, 0)
        print(f"\n  who connected during a restart waited {knocking.slowest:.2f} s at most")
        self.assertNotEqual(self.manager.process_of("belfry@1"), process)
        client.post("after")
        again = client.listen(headers={"Last-Event-ID": stream.id})
        self.addCleanup(again.close)
        self.assertEqual([again.text(), again.text()], ["missed", "after"])
        # The same key in five minutes publishes once.
        self.assertEqual(client.post("before", key="k1"), 204)
        client.post("last")
        self.assertEqual(again.text(), "last")
        page = client.get("/", {"Cookie": cookie})
        self.assertEqual(page.status, 200)
        self.assertIn("Ada", page.text)

    def test_a_history_serves_once(self):
        client = self.start()
        client.post("one")
        self.manager.do("restart", "belfry@1")
        stream = client.listen("/stream?last_event_id=x-0")
        self.addCleanup(stream.close)
        self.assertEqual(stream.next()["event"], "gap")
        self.assertEqual(stream.text(), "one")
        client.post("two")
        self.assertEqual(stream.text(), "two")
        os.kill(self.manager.process_of("belfry@1"), signal.SIGKILL)
        # That one had no time to leave anything, and what the one before left is of the past.
        self.assertIsNone(stream.next())
        again = client.listen(headers={"Last-Event-ID": stream.id})
        self.addCleanup(again.close)
        self.assertEqual(again.next()["event"], "gap")

    def test_a_successor_is_the_service_and_leaves_its_history_too(self):
        client = self.start()
        client.post("one")
        process = self.manager.process_of("belfry@1")
        self.manager.do("kill", "--kill-whom=main", "--signal=USR2", "belfry@1")
        successor = wait(
            lambda: (self.manager.process_of("belfry@1") or process) != process
            and self.manager.process_of("belfry@1"), "a successor is the service")
        client.post("two")
        self.assertEqual(self.manager.do("is-active", "belfry@1"), "active")
        self.manager.do("restart", "belfry@1")
        self.assertNotEqual(self.manager.process_of("belfry@1"), successor)
        stream = client.listen("/stream?last_event_id=x-0")
        self.addCleanup(stream.close)
        self.assertEqual(stream.next()["event"], "gap")
        self.assertEqual([stream.text(), stream.text()], ["one", "two"])

    def test_a_mistake_in_the_options_costs_no_history_and_refuses_nobody(self):
        client = self.start()
        client.post("one")
        mistake = self.manager.folder / "systemd/user/belfry@.service.d/mistake.conf"
        mistake.write_text("[Service]\nEnvironment=BELFRY_HISTORY_AGE=soon\n")
        self.manager.do("daemon-reload")
        self.assertNotEqual(self.manager.ask("restart", "belfry@1").returncode, 0)
        # As many as would make systemd give up by itself, and two more.
        wait(lambda: int(self.manager.do("show", "--property=NRestarts", "--value", "belfry@1")) > 6,
             "tried again and again")
        with contextlib.closing(client.connect()) as waiting:
            mistake.unlink()
            self.manager.do("daemon-reload")
            self.assertEqual(client.ask("GET", "/healthz", connection=waiting).status, 200)
        stream = client.listen("/stream?last_event_id=x-0")
        self.addCleanup(stream.close)
        self.assertEqual([stream.next()["event"], stream.text()], ["gap", "one"])

    def test_a_service_that_is_stopped_begins_anew(self):
        client = self.start()
        stream = client.listen()
        self.addCleanup(stream.close)
        client.post("one")
        stream.text()
        self.manager.do("stop", "belfry@1")
        self.manager.do("start", "belfry@1")
        again = client.listen(headers={"Last-Event-ID": stream.id})
        self.addCleanup(again.close)
        self.assertIn("restarted", again.next()["data"])

    def test_a_loop_that_hangs_is_ended_and_started_anew(self):
        client = self.start(watchdog="3s")
        process = self.manager.process_of("belfry@1")
        os.kill(process, signal.SIGSTOP)
        wait(lambda: self.manager.process_of("belfry@1") not in (0, process), "another process")
        self.assertEqual(client.get("/healthz").status, 200)
        self.assertEqual(self.manager.do("show", "--property=NRestarts", "--value", "belfry@1"), "1")


if __name__ == "__main__":
    unittest.main()
