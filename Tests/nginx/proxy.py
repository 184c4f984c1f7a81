"""Starts Debian's nginx with the recipes of deploy/nginx."""

import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from client import Client

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
RECIPES = REPOSITORY / "deploy/nginx"
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

sys.path.insert(0, str(REPOSITORY / "Tests/browser"))

from ports import ReservedPort  # noqa: E402
from webdriver import until  # noqa: E402


class Directory:
    """A temporary directory that nginx' workers, who are others, may read."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="belfry-"))
        self.path.chmod(0o755)

    def certificate(self, name):
        """The files of a certificate for `name`, valid for a day."""
        key, certificate = self.path / "key.pem", self.path / "certificate.pem"
        if not certificate.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
                + ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
                + ["-keyout", key, "-out", certificate, "-subj", f"/CN={name}"]
                + ["-addext", f"subjectAltName=DNS:{name}"],
                check=True,
                capture_output=True,
            )
        return certificate, key

    def remove(self):
        shutil.rmtree(self.path)


# Debian's nginx.conf but for its paths; the tests' nginx stays in the foreground.
MAIN = """
{user}
daemon off;
worker_processes 2;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format tests "$connection $server_protocol $uri";
    access_log {directory}/access.log tests;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    gzip on;
    include {directory}/site.conf;
}}
"""


class Nginx:
    """nginx with one file of sites. It can be stopped and started again."""

    def __init__(self, directory, site):
        self.path = directory.path
        user = "user www-data;" if os.geteuid() == 0 else ""
        (self.path / "site.conf").write_text(site)
        (self.path / "nginx.conf").write_text(MAIN.format(user=user, directory=self.path))
        self.command = [PROGRAM, "-p", self.path, "-c", self.path / "nginx.conf", "-e"]
        self.command.append(self.path / "error.log")
        self.process = None

    def check(self):
        """What `nginx -t` says."""
        return subprocess.run(
            self.command[:-2] + ["-e", "stderr", "-t"], capture_output=True, text=True
        )

    def start(self, port):
        """Starts it, and waits for it to listen on `port`."""
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        atexit.register(self.stop)

        def listens():
            if self.process.poll() is not None:
                raise AssertionError("nginx ended:\n" + self.process.stderr.read())
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(listens, "nginx listens")

    def reload(self):
        """Has new workers take over; returns when the old ones accept no more."""
        old = self.workers()
        self.process.send_signal(signal.SIGHUP)
        until(lambda: len(set(self.workers()) - set(old)) == 2, "two new workers")
        # They say so in their title.
        until(lambda: all("shutting down" in self.title(one) for one in old), "old ones end")

    def workers(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return pathlib.Path(path).read_text().split()

    def title(self, process):
        try:
            return pathlib.Path(f"/proc/{process}/cmdline").read_text()
        except OSError:
            return "shutting down"

    def stop(self):
        """Ends it at once, its streams too; does nothing when it has ended."""
        atexit.unregister(self.stop)
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        self.process = None

    def answered(self, uri):
        """For each answer to a request for `uri` that has ended: its connection and protocol."""
        lines = (self.path / "access.log").read_text().splitlines()
        return [line.rsplit(" ", 1)[0] for line in lines if line.endswith(f" {uri}")]


class Site:
    """A recipe, used as it stands but for ports, files and addresses.

    `changes` are further texts of the recipe and what stands in for them.
    """

    def __init__(self, directory, recipe, name, changes=None, base_path=""):
        self.name = name
        self.base_path = base_path
        self.reserved = [ReservedPort(), ReservedPort()]
        self.secure_port, self.plain_port = (port.number for port in self.reserved)
        self.certificate, key = directory.certificate(name)
        text = (RECIPES / recipe).read_text()
        for old, new in {
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": f"listen [::1]:{self.plain_port};",
            "listen 443 ssl": f"listen 127.0.0.1:{self.secure_port} ssl",
            "listen [::]:443 ssl": f"listen [::1]:{self.secure_port} ssl",
            f"/etc/ssl/{name}.pem": self.certificate,
            f"/etc/ssl/private/{name}.key": key,
            **(changes or {}),
        }.items():
            if old not in text:
                raise AssertionError(f"{recipe} has no {old!r}")
            text = text.replace(old, str(new))
        self.nginx = Nginx(directory, text)

    def start(self):
        self.nginx.start(self.secure_port)
        return self

    @property
    def origin(self):
        return f"https://{self.name}:{self.secure_port}"

    @property
    def url(self):
        """Where the chat is."""
        return self.origin + self.base_path

    @property
    def client(self):
        return Client(self.secure_port, f"{self.name}:{self.secure_port}", self.certificate)

    @property
    def plain_client(self):
        return Client(self.plain_port, self.name)
