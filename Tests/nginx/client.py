"""Asks and listens through nginx, by HTTP/1.1."""

import http.client
import json
import re
import socket
import ssl
import time
import urllib.parse

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = {"Accept": "text/event-stream"}


class Client:
    """Asks a port of 127.0.0.1 by HTTP/1.1, over TLS when there is a certificate to believe in."""

    def __init__(self, port, host=None, certificate=None, source="127.0.0.1"):
        self.port = port
        self.source = source
        self.host = host or f"127.0.0.1:{port}"
        self.certificate = certificate

    def connect(self, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.sock = socket.create_connection(
            ("127.0.0.1", self.port), timeout, (self.source, 0)
        )
        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            connection.sock = context.wrap_socket(
                connection.sock, server_hostname=self.host.partition(":")[0]
            )
        return connection

    def at(self, source):
        """The same from another address of 127.0.0.0/8."""
        return Client(self.port, self.host, self.certificate, source)

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


def is_up(client):
    """Whether a node's backplane is up."""
    return json.loads(client.get("/healthz").text)["up"]
