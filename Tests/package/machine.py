"""Debian machines in namespaces of their own, which leave nothing behind.

The base is a debootstrap root under .build, made once. A machine's own files are in memory on top of it. Its
first process is systemd, or none that matters; services it starts have a network of their own.
"""

import atexit
import concurrent.futures
import ctypes
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests/browser"))

from webdriver import until  # noqa: E402

BASE = REPOSITORY / ".build/bookworm"
MIRROR = "http://deb.debian.org/debian"
SOURCES = f"""\
deb {MIRROR} bookworm main
deb {MIRROR}-security bookworm-security main
"""
# What the package needs is only fetched here: to install it is the package's part.
NEEDS = "libevent-core-2.1-7 libevent-extra-2.1-7 libgcc-s1 libhiredis0.14 libjs-vue libssl3 libstdc++6".split()
CLONE_NEWNET = 0x40000000

# Leaves by way of `atexit`, which ends the machines.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

# The mounts are this process' and its children's alone, and end with them. /proc/sys is the whole machine's:
# what systemd would set there is not.
START = """
mount -t tmpfs tmpfs "$work"
cd "$work"
mkdir upper work root cgroup
mount -t cgroup2 cgroup2 cgroup
mkdir "cgroup/$name"
echo $$ >"cgroup/$name/cgroup.procs"
exec unshare --mount --propagation private --pid --fork --kill-child --cgroup --uts --ipc --net \\
  bash -euc '
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$PWD/upper,workdir=$PWD/work" root
    cd root
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs tmpfs run
    mount -t tmpfs tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    for device in null zero full random urandom tty; do
      touch "dev/$device"
      mount --bind "/dev/$device" "dev/$device"
    done
    ip link set lo up
    pivot_root . mnt
    umount -l /mnt
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' start "$@"
"""

# A cgroup can be removed when its processes are gone.
END = 'mount -t cgroup2 cgroup2 "$work" && find "$work/$name" -depth -type d -exec rmdir {} + 2>/dev/null'


def base():
    """The directory of the root that all machines share; made when there is none, which takes minutes."""
    if (BASE / "complete").exists():
        return BASE
    shutil.rmtree(BASE, ignore_errors=True)
    root = BASE / "root"
    print("\n  debootstrap …", flush=True)
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=systemd-sysv", "bookworm", root, MIRROR],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode != 0:
        raise AssertionError(made.stdout[-2000:])
    (root / "etc/apt/sources.list").write_text(SOURCES)
    for arguments in (["update"], ["install", "--download-only", "--yes", "-qq"] + NEEDS):
        subprocess.run(["chroot", root, "apt-get", "-qq"] + arguments, check=True)
    (BASE / "complete").touch()
    return BASE


class Machine:
    def __init__(self, *first):
        """Starts it; `first` is its first process, systemd by default."""
        self.name = f"belfry-test-{os.getpid()}-{id(self)}"
        self.work = tempfile.mkdtemp()
        atexit.register(self.end)
        self.environment = {
            **os.environ, "name": self.name, "work": self.work, "base": str(base() / "root")}
        command = first or ("/lib/systemd/systemd", "--unit=basic.target")
        self.process = self.script(START, *command)
        self.first = until(lambda: self.child(command), "the machine's first process")
        if not first:
            said = lambda: self.try_run("systemctl", "is-system-running")
            until(lambda: said() == "running", lambda: f"running; systemd is {said()}")

    def script(self, text, *arguments):
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "bash", "-euc", text, "start"]
            + list(arguments), env=self.environment, stdin=subprocess.DEVNULL)

    def child(self, command):
        """The number of our process' child, once it runs this."""
        if self.process.poll() is not None:
            raise AssertionError("the machine has ended")
        number = self.process.pid
        for child in pathlib.Path(f"/proc/{number}/task/{number}/children").read_text().split():
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if tuple(words[:-1]) == command:
                return child
        return None

    @property
    def enter(self):
        """What a command begins with that runs in the machine, though with our own network."""
        return self.see + ["-p", "-u", "-i", "-C"]

    @property
    def see(self):
        """The same, for one of our own processes that only sees the machine's files."""
        return ["nsenter", "-t", self.first, "-m", "-r", "-w"]

    def try_run(self, *command):
        """What a command says on standard output."""
        return subprocess.run(
            self.enter + list(command), capture_output=True, text=True).stdout.strip()

    def run(self, *command):
        """The same, with what it says on standard error; it must succeed."""
        ran = subprocess.run(
            self.enter + ["env", "DEBIAN_FRONTEND=noninteractive", *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        if ran.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {ran.returncode}\n{ran.stdout}")
        return ran.stdout.strip()

    def path(self, path):
        """Where a file of the machine's is seen from here."""
        return pathlib.Path(f"/proc/{self.first}/root{path}")

    def connect(self, port):
        """A connection to what listens in the machine's own network."""
        def enter():
            with open(f"/proc/{self.first}/ns/net") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.create_connection(("127.0.0.1", port), 20)

        # Only this thread enters, and ends.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(enter).result()

    def ask(self, method, path, body=None, headers=(), port=5000):
        """The status, the head and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = self.connect(port)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def end(self):
        """Ends it and all that runs in it."""
        atexit.unregister(self.end)
        if hasattr(self, "process"):
            self.process.kill()
            self.process.wait()
            until(lambda: self.script(END).wait() == 0, "the machine's processes to be gone")
        os.rmdir(self.work)
