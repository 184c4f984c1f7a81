"""Servers that are killed and started again on the same port."""

import pathlib
import socket
import subprocess
import sys
import tempfile

from support.programs import REPOSITORY

sys.path += [str(REPOSITORY / "Tests/browser"), str(REPOSITORY / "Tests/system")]

from belfry import Belfry  # noqa: E402
from ports import ReservedPort  # noqa: E402
from waiting import wait  # noqa: E402

__all__ = ["Redis", "start_belfry", "wait"]

# A server that this script leaves behind, because it is killed itself, is ended by the kernel.
ENDED_WITH_US = ("setpriv", "--pdeathsig", "KILL")


def start_belfry(*options, history=100_000):
    """A server that keeps its port; by default with far more history than is said in any outage."""
    return Belfry("--history-count", str(history), *options, wrapper=ENDED_WITH_US)


class Redis:
    """A Redis that has on disk whatever it has answered."""

    def __init__(self, *options):
        self.directory = tempfile.TemporaryDirectory(prefix="belfry-redis-")
        # Kept while Redis is away.
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.url = f"redis://127.0.0.1:{self.port}/3"
        self.options = options or ("--appendonly", "yes", "--appendfsync", "always")
        self.start()
        wait(self.answers, "Redis answers")

    def start(self):
        self.process = subprocess.Popen(
            [*ENDED_WITH_US, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--dir", self.directory.name, *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers(self):
        """Whether it has loaded its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100) == b"+PONG\r\n"
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.directory.cleanup()
