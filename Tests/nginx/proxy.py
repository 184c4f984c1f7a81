"""Starts Debian's nginx with the recipes of deploy/nginx, and talks to what is behind it."""

import atexit
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
RECIPES = REPOSITORY / "deploy/nginx"
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

sys.path.insert(0, str(REPOSITORY / "Tests/browser"))

from webdriver import until  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = {"Accept": "text/event-stream"}


def free_ports(count):
    """Ports of 127.0.0.1 that nobody has, in the moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


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

    def __init__(self, directory, recipe, name, changes=None):
        self.name = name
        self.secure_port, self.plain_port = free_ports(2)
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
    def url(self):
        return f"https://{self.name}:{self.secure_port}"

    @property
    def client(self):
        return Client(self.secure_port, f"{self.name}:{self.secure_port}", self.certificate)

    @property
    def plain_client(self):
        return Client(self.plain_port, self.name)


class Client:
    """Asks a port of 127.0.0.1 by HTTP/1.1, over TLS when there is a certificate to believe in."""

    def __init__(self, port, host=None, certificate=None):
        self.port = port
        self.host = host or f"127.0.0.1:{port}"
        self.certificate = certificate

    def connect(self, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.sock = socket.create_connection(("127.0.0.1", self.port), timeout)
        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            connection.sock = context.wrap_socket(
                connection.sock, server_hostname=self.host.partition(":")[0]
            )
        return connection

    def ask(self, method, path, headers=None, body=None, connection=None):
        """The answer, whose body is `text`."""
        own = connection or self.connect()
        try:
            own.request(method, path, body, {"Host": self.host, **(headers or {})})
            answer = own.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            if not connection:
                own.close()

    def get(self, path, headers=None):
        return self.ask("GET", path, headers)

    def post(self, message, path="/post", **more):
        """Posts, and returns the status."""
        form = urllib.parse.urlencode({"message": message, **more})
        return self.ask("POST", path, FORM, form).status

    def sign_in(self, name, path="/login"):
        return self.ask("POST", path, FORM, urllib.parse.urlencode({"user": name}))

    def listen(self, path="/stream", headers=None):
        return Stream(self, path, headers)


class Stream:
    """An open stream, read event by event."""

    def __init__(self, client, path="/stream", headers=None):
        self.connection = client.connect()
        self.connection.request("GET", path, None, {"Host": client.host, **BROWSER, **(headers or {})})
        self.answer = self.connection.getresponse()
        coding = self.answer.headers["Content-Encoding"] or "identity"
        if coding != "identity":
            raise AssertionError(f"the stream is coded: {coding}")
        self.id = ""
        self.comments = 0

    def next(self):
        """The next event that has data, as a dictionary of its fields; None at the end."""
        event = {}
        end = time.monotonic() + 20
        while True:
            # Heartbeats would keep it waiting for ever.
            if time.monotonic() > end:
                raise AssertionError("no event within 20 s")
            line = self.answer.readline().decode()
            if not line:
                return None
            line = line.rstrip("\n")
            if not line:
                if "data" in event:
                    return event
                event = {}
                continue
            name, _, value = line.partition(":")
            self.comments += name == ""
            if name == "id":
                self.id = value.strip()
            event[name] = value.removeprefix(" ")

    def heartbeats(self, count):
        """Reads on until so many comments have come."""
        while self.comments < count:
            if not (line := self.answer.readline()):
                raise AssertionError("the stream has ended")
            self.comments += line.startswith(b":")

    def text(self):
        """The next message, without its time and name."""
        event = self.next()
        if event is None:
            raise AssertionError("the stream has ended")
        return re.sub(r"^\[\d\d:\d\d:\d\d\] [^:]*: ", "", event["data"])

    def close(self):
        self.answer.close()
        self.connection.close()


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


def is_up(client):
    """Whether a node's backplane is up."""
    return json.loads(client.get("/healthz").text)["up"]
