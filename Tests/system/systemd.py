"""A service manager of the test's own: systemd's, as a user has it, in a mount namespace, so that it needs
neither to be process 1 nor leaves anything. Needs root."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from waiting import PATIENCE, wait

RUNTIME = "/run/user/0"
# /run is the namespace's alone: there systemd looks whether the machine was started by it. So is the
# group, by which it knows which processes are whose.
START = f"""
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system {RUNTIME} && chmod 700 {RUNTIME} &&
mount -t cgroup2 cgroup2 /sys/fs/cgroup && mkdir "/sys/fs/cgroup/$1" &&
echo $$ >"/sys/fs/cgroup/$1/cgroup.procs" &&
umount /sys/fs/cgroup && exec unshare --cgroup sh -c '
  mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec /lib/systemd/systemd --user'
"""


class Manager:
    """Runs the units that it is given."""

    def __init__(self, units):
        """`units` are texts by file name."""
        self.folder = pathlib.Path(tempfile.mkdtemp())
        place = self.folder / "systemd/user"
        place.mkdir(parents=True)
        for name, text in units.items():
            path = place / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BELFRY_")
        } | {"XDG_RUNTIME_DIR": RUNTIME, "XDG_CONFIG_HOME": str(self.folder)}
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", START, "sh", f"belfry-{os.getpid()}"], env=self.environment)
        try:
            wait(lambda: self.ask("is-system-running").returncode == 0
                 or self.process.poll() is not None, "a service manager")
            if self.process.poll() is not None:
                raise AssertionError("the service manager has ended")
        except AssertionError:
            self.close()
            raise

    def ask(self, *command):
        return subprocess.run(
            ["nsenter", "--mount", f"--target={self.process.pid}", "systemctl", "--user", *command],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

    def do(self, *command):
        """Does what `command` says, and returns what systemctl prints."""
        done = self.ask(*command)
        if done.returncode != 0:
            raise AssertionError(f"systemctl {command}: {done.stderr}\n{self.text}")
        return done.stdout.strip()

    def process_of(self, unit):
        return int(self.do("show", "--property=MainPID", "--value", unit))

    @property
    def groups(self):
        """What is left of its control groups, wherever this machine has version 2 of them."""
        for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            for place, _, _ in os.walk(f"{top}/belfry-{os.getpid()}"):
                yield place

    @property
    def text(self):
        """What services have logged that write to `%E/log`."""
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def close(self):
        if self.process.poll() is None:
            # Stops the services, then itself.
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        # Innermost first; each is there when its process was.
        for group in sorted(self.groups, reverse=True):
            os.rmdir(group)
        shutil.rmtree(self.folder)
