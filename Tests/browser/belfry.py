"""Starts and stops the server, and what stands in for it while it is away."""

import atexit
import http.client
import http.server
import os
import pathlib
import re
import subprocess
import threading
import urllib.parse

from ports import ReservedPort

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def program():
    """The built server: BELFRY_BIN, or the release build of this checkout."""
    return os.environ.get("BELFRY_BIN") or str(REPOSITORY / ".build/release/belfry")


class Belfry:
    """One server process on 127.0.0.1. It can be killed and started again on the same port."""

    def __init__(self, *options, base_path="", wrapper=(), admin=False):
        """`wrapper` is a command that starts the server in its place, such as `ip netns exec`;
        `admin`: whether there is an operators' side."""
        self.wrapper = list(wrapper)
        self.options = list(options)
        # Kept while the server is away.
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.reserved_admin = ReservedPort() if admin else None
        self.admin_port = self.reserved_admin.number if admin else None
        if base_path:
            self.options += ["--base-path", base_path]
        self.base_path = base_path
        self.process = None
        self.reader = None
        atexit.register(self.kill)
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.base_path}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def start(self):
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BELFRY_")
        }
        # A key of its own, so that sessions outlive the process.
        environment["BELFRY_SECRET"] = "only-for-the-browser-tests-0123456789abcdef"
        self.log = []
        listen = ["--listen", f"127.0.0.1:{self.port}"]
        if self.admin_port is not None:
            listen += ["--admin-listen", f"127.0.0.1:{self.admin_port}"]
        self.process = subprocess.Popen(
            self.wrapper + [program(), "serve"] + listen + self.options,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"url=http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                if self.admin_port is None:
                    break
            found = re.search(r"admin listening address=127\.0\.0\.1:(\d+)", line)
            if found:
                self.admin_port = int(found[1])
                break
        else:
            self.kill()
            raise AssertionError("the server ended before it listened:\n" + "".join(self.log))
        stream = self.process.stderr
        self.reader = threading.Thread(target=lambda: self.log.extend(stream), daemon=True)
        self.reader.start()

    def kill(self):
        """Ends the process without a word (SIGKILL); does nothing when it has ended."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.reader:
            self.reader.join()
        self.process.stderr.close()
        self.process = None

    def post(self, *messages):
        """Posts as somebody who is not signed in."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            for message in messages:
                connection.request(
                    "POST",
                    f"{self.base_path}/post",
                    urllib.parse.urlencode({"message": message}),
                    {"Content-Type": "application/x-www-form-urlencoded"},
                )
                answer = connection.getresponse()
                answer.read()
                if answer.status != 204:
                    raise AssertionError(f"posting was answered with {answer.status}")
        finally:
            connection.close()


class StandIn:
    """Answers on the server's port while that is away, always the same or by a list.

    `answers` maps a path to a list of (status, headers, body); the last one is repeated. What has
    no entry is answered with `status` and `headers`.
    """

    def __init__(self, port, status=502, headers=None, answers=None):
        stand_in = self
        self.requests = []
        answers = {path: list(of) for path, of in (answers or {}).items()}
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urllib.parse.urlsplit(self.path)
                with lock:
                    known = answers.get(path.path)
                    code, fields, body = (status, headers or {}, "stand-in\n")
                    if known:
                        code, fields, body = known.pop(0) if len(known) > 1 else known[0]
                    query = urllib.parse.parse_qs(path.query)
                    stand_in.requests.append((path.path, query, self.headers))
                self.send_response(code)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def asked(self, path):
        """The queries and heads of the requests for `path`."""
        return [(query, head) for asked, query, head in self.requests if asked == path]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
