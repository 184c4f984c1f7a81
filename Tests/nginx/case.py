"""What the tests of Belfry behind nginx have in common."""

import atexit
import signal
import socket
import subprocess
import sys
import unittest

from client import Client, is_up
from proxy import Directory, Site

from belfry import Belfry, StandIn  # proxy has put Tests/browser into the path.
from webdriver import until

# Leaves by way of `atexit`, which ends the servers.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

# What stands in the recipes.
NAME = "chat.example.org"
SUBPATH_NAME = "example.org"
SOCKET = "unix:/run/belfry/belfry.sock"
NODES = ("10.0.0.11:5000", "10.0.0.12:5000")
OTHER_APP = "127.0.0.1:8000"


class Redis:
    """A Redis of its own, on a Unix socket."""

    def __init__(self, directory):
        self.socket = directory.path / "redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", ""]
            + ["--dir", directory.path],
            stdout=subprocess.DEVNULL,
        )
        atexit.register(self.stop)
        until(self.answers, "Redis answers")

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(self.socket)) != 0:
                return False
            probe.sendall(b"PING\r\n")
            return probe.recv(16) == b"+PONG\r\n"

    @property
    def option(self):
        return f"unix:{self.socket}?db=3"

    def stop(self):
        atexit.unregister(self.stop)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class ProxyTests(unittest.TestCase):
    """A directory for each test, with Belfry's socket in it."""

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.socket = f"unix:{self.directory.path}/belfry.sock"

    def belfry(self, *options, **more):
        server = Belfry(*options, **more)
        self.addCleanup(server.kill)
        return server

    def belfry_on_socket(self, *options, **more):
        """As the recipes have it run."""
        return self.belfry("--listen", self.socket, "--trusted-proxy", "unix", *options, **more)

    def start(self, site):
        self.addCleanup(site.nginx.stop)
        return site.start()

    def site(self, changes=None):
        """belfry.conf."""
        changes = {SOCKET: self.socket, **(changes or {})}
        return self.start(Site(self.directory, "belfry.conf", NAME, changes))

    def subpath(self):
        """belfry-subpath.conf, and the other app, which answers everything alike."""
        other = StandIn(0, 200)
        self.addCleanup(other.close)
        changes = {SOCKET: self.socket, OTHER_APP: f"127.0.0.1:{other.server.server_port}"}
        site = Site(self.directory, "belfry-subpath.conf", SUBPATH_NAME, changes, "/chat")
        return self.start(site), other

    def redis(self):
        redis = Redis(self.directory)
        self.addCleanup(redis.stop)
        return redis

    def cluster(self):
        """belfry-cluster.conf, and its nodes, which log their counters all the time."""
        redis = self.redis()
        options = ["--trusted-proxy", "127.0.0.1", "--redis", redis.option]
        nodes = [self.belfry(*options, "--stats-interval", "100ms") for _ in NODES]
        for node in nodes:
            self.until_up(node)
        changes = dict(zip(NODES, (f"127.0.0.1:{node.port}" for node in nodes)))
        return self.start(Site(self.directory, "belfry-cluster.conf", NAME, changes)), nodes

    def until_up(self, node):
        until(lambda: is_up(Client(node.port)), "the node has its Redis")
