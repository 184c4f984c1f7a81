"""The Debian package: installed, used, replaced while it serves, removed.

BELFRY_DEB is the package; without it scripts/package builds one.
"""

import functools
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock
import urllib.parse

from machine import REPOSITORY, Machine, base

import belfry  # machine has put Tests/browser into the path.
import webdriver
from page import ChatPage
from webdriver import until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@functools.cache
def built():
    """The package's file."""
    if os.environ.get("BELFRY_DEB"):
        return pathlib.Path(os.environ["BELFRY_DEB"])
    made = subprocess.check_output([REPOSITORY / "scripts/package"], text=True)
    return pathlib.Path(made.splitlines()[0])


class Stream:
    """A listener: the events of a stream, one at a time."""

    def __init__(self, machine, last="", path="/stream"):
        self.connection = http.client.HTTPConnection("127.0.0.1", 5000)
        self.connection.sock = machine.connect(5000)
        headers = {"Accept": "text/event-stream"}
        self.connection.request("GET", path, headers={**headers, **({"Last-Event-ID": last} if last else {})})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise AssertionError(f"no stream: {self.answer.status}")
        self.id = last

    def next(self):
        """The fields of the next block that is more than a comment; None when the stream has ended."""
        fields = {}
        limit = time.monotonic() + 20
        for line in iter(self.answer.readline, b""):
            # Comments keep a stream alive on which nothing comes.
            if time.monotonic() > limit:
                raise AssertionError("no event within 20 s")
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                if name and not line.startswith(":"):
                    fields[name] = value
            elif fields:
                self.id = fields.get("id", self.id)
                return fields
        return None

    def rest(self):
        """The blocks until its end."""
        return list(iter(self.next, None))

    def close(self):
        self.connection.close()


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        base()
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.package = built()
        cls.version = subprocess.check_output(
            ["dpkg-deb", "--field", cls.package, "Version"], text=True).strip()

    def machine(self, *first):
        machine = Machine(*first)
        self.addCleanup(machine.end)
        return machine

    def install(self, machine, package=None):
        """As an operator does, by apt, which finds what the package depends on."""
        shutil.copy(package or self.package, machine.path("/tmp/belfry.deb"))
        return machine.run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", "/tmp/belfry.deb")

    def newer(self, suffix, program=None):
        """The same package in a higher version; with `program` as its text, if given."""
        tree = self.folder / suffix
        subprocess.run(["dpkg-deb", "--raw-extract", self.package, tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(control.read_text().replace(
            f"Version: {self.version}\n", f"Version: {self.version}+{suffix}\n"))
        if program:
            (tree / "usr/bin/belfry").write_text(program)
        package = self.folder / f"{suffix}.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package],
            check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
        return package

    def post(self, machine, message):
        body = urllib.parse.urlencode({"message": message})
        status, _, _ = machine.ask("POST", "/post", body, FORM)
        self.assertEqual(status, 204)

    def process(self, machine, unit="belfry"):
        return machine.run("systemctl", "show", "--property=MainPID", "--value", unit)

    def program(self, machine, unit="belfry"):
        """What the unit's process runs, as the kernel has it."""
        return os.stat(machine.path(f"/proc/{self.process(machine, unit)}/exe"))

    def assert_messages(self, stream, *messages):
        """They come next, in this order and nothing between them."""
        found = []
        while len(found) < len(messages):
            fields = stream.next()
            self.assertIsNotNone(fields, f"the stream ended after {found}")
            self.assertNotIn("event", fields)
            if "data" in fields:
                found.append(re.sub(r"^\[.{8}\] anonymous: ", "", fields["data"]))
        self.assertEqual(found, list(messages))


    def assert_replayed(self, machine, message, path="/stream"):
        """The history has it."""
        stream = Stream(machine, "x-0", path)
        self.addCleanup(stream.close)
        # An id of another history's: first it hears of that.
        while True:
            fields = stream.next()
            self.assertIsNotNone(fields, f"the stream ended before {message}")
            if fields.get("data", "").endswith(f" {message}"):
                return


class Files(Package):
    def test_lintian_finds_nothing(self):
        command = ["lintian", "--fail-on", "error,warning"]
        if os.getuid() == 0:
            command.append("--allow-root")
        found = subprocess.run(command + [self.package], capture_output=True, text=True)
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)

    def test_the_manual_is_well_formed_and_has_every_option(self):
        subprocess.run(["dpkg-deb", "--extract", self.package, self.folder / "files"], check=True)
        files = self.folder / "files"
        page = self.folder / "belfry.1"
        with page.open("wb") as output:
            subprocess.run(
                ["gzip", "-dc", files / "usr/share/man/man1/belfry.1.gz"], stdout=output, check=True)
        lint = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        self.assertEqual((lint.returncode, lint.stdout), (0, ""))
        shown = subprocess.check_output(["mandoc", "-T", "ascii", page], text=True)
        shown = re.sub(".\b", "", shown)
        settings = (files / "etc/default/belfry").read_text()
        program = files / "usr/bin/belfry"
        help_text = subprocess.check_output([program, "--help"], text=True)
        commands = re.findall(r"^  ([a-z]+) ", help_text.split("SUBCOMMANDS:")[1], re.M)
        self.assertIn("serve", commands)
        for command in commands:
            if command == "help":
                continue
            text = subprocess.check_output([program, "help", command], text=True)
            options = set(re.findall(r"^  (--[a-z-]+)", text, re.M)) - {"--version"}
            self.assertGreater(len(options), 0)
            for option in options:
                self.assertRegex(shown, rf"\s{option}\b")
                if command == "serve":
                    name = option[2:].upper().replace("-", "_")
                    # The only one that the package sets.
                    mark = "" if option == "--new-names-rate" else "#"
                    self.assertRegex(settings, rf"(?m)^{mark}BELFRY_{name}=")
        self.assertEqual(re.findall(r"(?m)^[^#\n].*", settings), ["BELFRY_NEW_NAMES_RATE=600/m"])


class WithoutSystemd(Package):
    def test_the_chat_runs_from_a_bare_root(self):
        machine = self.machine("/bin/sleep", "infinity")
        self.install(machine)
        fixed = machine.run("dpkg-query", "-W", "-f", "${Version}", "libevent-core-2.1-7")
        subprocess.run(["dpkg", "--compare-versions", fixed, "ge", "2.1.12-stable-8+deb12u1"], check=True)
        self.assertEqual(machine.run("belfry", "--version"), self.version.split("+")[0])
        driver = webdriver.Driver()
        self.addCleanup(driver.close)
        # A process of ours, for which the root's /proc must be ours: Swift finds its arguments there.
        wrapper = machine.see + ["/bin/sh", "-ec", 'mount -t proc proc /proc; exec "$@"', "sh"]
        with unittest.mock.patch.dict(os.environ, BELFRY_BIN="/usr/bin/belfry"):
            server = belfry.Belfry(wrapper=wrapper)
        self.addCleanup(server.kill)
        page = ChatPage(driver.open("en-US,en"), server).sign_in("Ann")
        page.say("from the page")
        page.wait_line("Ann: from the page")
        server.post("from a shell")
        page.wait_line("anonymous: from a shell")
        self.assertEqual(page.violations(), [])
        # Nothing of it is systemd's to stop.
        machine.run("apt-get", "purge", "-qq", "--yes", "belfry")
        self.assertFalse(machine.path("/usr/bin/belfry").exists())


class WithSystemd(Package):
    def test_it_serves_once_it_is_installed(self):
        machine = self.machine()
        self.install(machine)
        self.assertEqual(machine.run("systemctl", "is-enabled", "belfry"), "enabled")
        self.assertEqual(machine.run("systemctl", "is-active", "belfry"), "active")
        self.assertEqual(machine.ask("GET", "/healthz")[0], 200)
        status, _, text = machine.ask("GET", "/login")
        self.assertEqual(status, 200)
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            self.assertEqual(machine.ask("GET", path)[0], 200, path)
        facts = machine.path(f"/proc/{self.process(machine)}/status").read_text()
        for fact in (r"Uid:\t(?!0\t)", "CapEff:\t0+$", "CapBnd:\t0+$", "NoNewPrivs:\t1$", "Seccomp:\t2$"):
            self.assertRegex(facts, f"(?m)^{fact}")
        self.post(machine, "kept")
        # Options are root's to read, and count after a restart, which loses nothing.
        settings = machine.path("/etc/default/belfry")
        self.assertEqual(settings.stat().st_mode & 0o777, 0o640)
        settings.write_text("BELFRY_BASE_PATH=/chat\nBELFRY_LISTEN=127.0.0.1:5000,unix:/run/belfry/belfry.sock\n")
        machine.run("systemctl", "restart", "belfry")
        self.assertEqual(machine.ask("GET", "/chat/healthz")[0], 200)
        self.assertTrue(machine.path("/run/belfry/belfry.sock").is_socket())
        self.assert_replayed(machine, "kept", path="/chat/stream")
        machine.run("systemctl", "reload", "belfry")
        until(lambda: "settings reloaded" in self.journal(machine), "the reload")

    def journal(self, machine):
        return machine.run("journalctl", "--unit=belfry", "--output=cat", "--no-pager")

    def test_an_upgrade_loses_nothing_and_refuses_nobody(self):
        machine = self.machine()
        self.install(machine)
        before, old = self.process(machine), self.program(machine)
        _, head, _ = machine.ask("POST", "/login", "user=Ann", FORM)
        cookie = {"Cookie": head["Set-Cookie"].partition(";")[0]}
        stream = Stream(machine)
        self.addCleanup(stream.close)
        self.post(machine, "before")
        self.assert_messages(stream, "before")

        statuses, done = [], threading.Event()

        def ask():
            while not done.is_set():
                statuses.append(machine.ask("GET", "/healthz")[0])

        client = threading.Thread(target=ask)
        client.start()
        try:
            said = self.install(machine, self.newer("next"))
        finally:
            done.set()
            client.join()
        self.assertNotIn("still runs", said)
        self.assertGreater(len(statuses), 10)
        self.assertEqual(set(statuses), {200})

        self.assertNotEqual(self.process(machine), before)
        new = self.program(machine)
        self.assertNotEqual(new.st_ino, old.st_ino)
        self.assertEqual(new.st_ino, machine.path("/usr/bin/belfry").stat().st_ino)
        self.post(machine, "after")
        # The old one has told its listener to come back, which misses nothing.
        self.assertRegex(stream.rest()[-1]["retry"], "^[0-9]+$")
        again = Stream(machine, stream.id)
        self.addCleanup(again.close)
        self.assert_messages(again, "after")
        everything = Stream(machine, f"{stream.id.partition('-')[0]}-0")
        self.addCleanup(everything.close)
        self.assert_messages(everything, "before", "after")
        # The key that signs sessions went along.
        self.assertEqual(machine.ask("GET", "/", headers=cookie)[0], 200)

        # systemd did not start the successor, and still lets it drain.
        machine.run("systemctl", "stop", "belfry")
        self.assertRegex(again.rest()[-1]["retry"], "^[0-9]+$")
        self.assertNotIn("SIGKILL", self.journal(machine))
        # It stays as it was left.
        self.install(machine, self.newer("next2"))
        self.assertEqual(machine.try_run("systemctl", "is-active", "belfry"), "inactive")
        self.assertEqual(machine.run("systemctl", "is-enabled", "belfry"), "enabled")

    def test_a_successor_that_crashes_is_started_again(self):
        machine = self.machine()
        self.install(machine)
        before = self.process(machine)
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=USR2", "belfry")
        until(lambda: self.process(machine) not in (before, "0"), "the successor")
        successor = self.process(machine)
        until(lambda: not machine.path(f"/proc/{before}").exists(), "the old one's end")
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "belfry")
        until(lambda: self.process(machine) not in (successor, "0"), "the next")
        until(lambda: machine.try_run("systemctl", "is-active", "belfry") == "active", "its start")
        self.assertEqual(machine.ask("GET", "/healthz")[0], 200)

    def test_a_program_that_cannot_take_over_leaves_the_old_one(self):
        machine = self.machine()
        self.install(machine)
        before = self.process(machine)
        stream = Stream(machine)
        self.addCleanup(stream.close)
        said = self.install(machine, self.newer("broken", "#!/bin/sh\nexit 1\n"))
        self.assertIn("belfry.service still runs the old program", said)
        self.assertEqual(self.process(machine), before)
        self.post(machine, "still here")
        self.assert_messages(stream, "still here")

    def test_nodes_on_systemds_sockets_are_taken_over_too(self):
        machine = self.machine()
        self.install(machine)
        machine.run("systemctl", "disable", "--now", "belfry")
        machine.run("systemctl", "enable", "--now", "belfry.socket", "belfry@1")
        before = self.process(machine, "belfry@1")
        self.post(machine, "before")
        self.install(machine, self.newer("node"))
        self.assertNotEqual(self.process(machine, "belfry@1"), before)
        self.assertEqual(
            self.program(machine, "belfry@1").st_ino, machine.path("/usr/bin/belfry").stat().st_ino)
        self.assertEqual(machine.run("systemctl", "is-enabled", "belfry.socket"), "enabled")
        self.assertEqual(machine.try_run("systemctl", "is-active", "belfry"), "inactive")
        self.assert_replayed(machine, "before")

    def test_nothing_is_left_when_it_is_purged(self):
        machine = self.machine()
        machine.run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", *self.needs())
        shutil.copy(self.package, machine.path("/tmp/belfry.deb"))
        files = self.files(machine)
        machine.run("dpkg", "--install", "/tmp/belfry.deb")
        self.assertIn("/usr/bin/belfry", self.files(machine) - files)
        machine.run("systemctl", "disable", "--now", "belfry")
        machine.run("systemctl", "enable", "--now", "belfry.socket", "belfry@1")
        process = self.process(machine, "belfry@1")
        self.assertEqual(machine.path("/var/log/private/belfry").stat().st_uid, self.user(machine, process))
        settings = machine.path("/etc/default/belfry")
        settings.write_text("BELFRY_BASE_PATH=/chat\n")
        machine.run("dpkg", "--remove", "belfry")
        self.assertFalse(machine.path(f"/proc/{process}").exists())
        self.assertEqual(machine.try_run("systemctl", "is-active", "belfry.socket"), "inactive")
        self.assertEqual(settings.read_text(), "BELFRY_BASE_PATH=/chat\n")
        machine.run("dpkg", "--purge", "belfry")
        self.assertEqual(self.files(machine), files)
        self.assertEqual(list(machine.path("/var/log").glob("**/belfry*")), [])
        self.assertEqual(machine.run("systemctl", "list-units", "--all", "--no-legend", "belfry*"), "")

    def user(self, machine, process):
        return machine.path(f"/proc/{process}").stat().st_uid

    def needs(self):
        depends = subprocess.check_output(["dpkg-deb", "--field", self.package, "Depends"], text=True)
        return re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends)

    def files(self, machine):
        """All paths of the machine's disk, but for logs and what dpkg writes about itself."""
        found = machine.run(
            "find", "/", "-xdev", "-path", "/var/log", "-prune", "-o", "-path", "/var/cache", "-prune",
            "-o", "-path", "/var/lib/dpkg/*-old", "-prune", "-o", "-print")
        return set(found.splitlines())


del Package

if __name__ == "__main__":
    unittest.main()
