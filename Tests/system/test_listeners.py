"""Listeners against the built server and the real kernel: those that vanish, and those that come and
go a hundred thousand times. Needs root, for a network namespace of its own."""

import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "browser"))

from belfry import Belfry  # noqa: E402
from waiting import wait  # noqa: E402

REQUEST = b"GET /stream HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n"

# Opens a stream in the namespace, says from which port, and holds it.
HOLDER = f"""
import socket, sys
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream.sendall({REQUEST!r})
stream.recv(4096)
print(stream.getsockname()[1], flush=True)
sys.stdin.read()
"""


class Vanished(unittest.TestCase):
    """A peer whose packets are dropped, as when a phone leaves its network."""

    HEARTBEAT = 2

    def setUp(self):
        self.space = f"belfry-{os.getpid()}"
        self.run_("ip", "netns", "add", self.space)
        self.addCleanup(self.run_, "ip", "netns", "delete", self.space)
        self.inside("ip", "link", "set", "lo", "up")

    def run_(self, *command):
        subprocess.run(command, check=True, capture_output=True)

    def inside(self, *command):
        self.run_("ip", "netns", "exec", self.space, *command)

    def test_a_listener_whose_network_is_gone_is_removed_in_time(self):
        wrapper = ("ip", "netns", "exec", self.space)
        options = ("--heartbeat", f"{self.HEARTBEAT}s", "--stats-interval", "200ms")
        server = Belfry(*options, wrapper=wrapper)
        self.addCleanup(server.kill)
        holder = subprocess.Popen(
            [*wrapper, sys.executable, "-c", HOLDER, str(server.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        port = int(holder.stdout.readline())
        wait(lambda: re.search(r"listeners=1\b", "".join(server.log)), "the listener is counted")

        self.inside("nft", "add table inet cut")
        self.inside("nft", "add chain inet cut in { type filter hook input priority 0; }")
        for side in ("dport", "sport"):
            self.inside("nft", f"add rule inet cut in tcp {side} {port} drop")
        # By itself the kernel would try for a quarter of an hour.
        wait(lambda: re.search(r"closed-dead=1\b", "".join(server.log)), "it is removed",
             beyond=self.HEARTBEAT + 20)
        wait(lambda: re.search(r"listeners=0\b", "".join(server.log[-2:])), "the count is right")


class Cycles(unittest.TestCase):
    """Streams that are opened and left, a hundred thousand times."""

    ROUNDS = 100_000

    def test_coming_and_going_leaves_nothing_behind(self):
        server = Belfry()
        self.addCleanup(server.kill)
        process = server.process.pid
        for number in range(self.ROUNDS // 10):
            self.cycle(server.port, number)
        before = self.memory(process)
        for number in range(self.ROUNDS // 10, self.ROUNDS):
            self.cycle(server.port, number)
        descriptors = lambda: len(os.listdir(f"/proc/{process}/fd"))
        wait(lambda: descriptors() < 30, "the last descriptors are closed")
        # Were a cycle to leave 16 bytes, this would be 1.4 MB.
        self.assertLess(self.memory(process) - before, 1 << 20)

    def cycle(self, port, number):
        # Left by FIN, the client's port stays taken for a minute; several addresses have enough.
        source = (f"127.0.0.{2 + number % 8}", 0)
        with socket.create_connection(("127.0.0.1", port), 20, source) as stream:
            stream.sendall(REQUEST)
            if number % 3:
                self.assertTrue(stream.recv(4096).startswith(b"HTTP/1.1 200"))
            if number % 5:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def memory(self, process):
        """Bytes of anonymous memory."""
        with open(f"/proc/{process}/status") as status:
            return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) * 1024


if __name__ == "__main__":
    unittest.main()
