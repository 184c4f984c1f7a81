"""Publishers and listeners that come back until their work is done."""

import collections
import contextlib
import http.client
import itertools
import select
import socket
import threading
import time
import urllib.parse

from support.events import EventReader
from support.judge import text_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Seconds for one answer, and for a stream's next bytes: heartbeats come each 15 s.
ANSWER = 20
# Seconds between two tries. A server may ask for more (`Retry-After`), but the more tries, the more of
# them fall into the moment in which it comes or goes.
PAUSE = 0.1
# Seconds after which a publisher gives its message up, and a listener its wait for the last one.
PATIENCE = 60
LAST = "the-end"


class Publisher(threading.Thread):
    """Publishes one message after the other, each under a key, and each again until it is answered 204."""

    def __init__(self, name, ports, pace, keeps):
        """`ports` are asked in turn when one does not take a message; `pace`: seconds between two messages;
        `keeps`: whether a connection serves for more than one."""
        super().__init__(daemon=True)
        self.name = name
        self.ports = itertools.cycle(ports)
        self.port = next(self.ports)
        self.pace = pace
        self.keeps = keeps
        self.connection = None
        # Its messages that were answered 204, in its order.
        self.said = []
        # How often each answer came.
        self.answers = collections.Counter()
        self.is_over = False
        # Why it gave up.
        self.failure = None

    def run(self):
        for number in itertools.count(1):
            if self.is_over or not self.insist(f"{self.name}-{number}"):
                break
            time.sleep(self.pace)
        self.leave()

    def insist(self, text):
        """Publishes until it is taken; whether it was within PATIENCE."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.post(text)
            self.answers[answer] += 1
            if answer == "204":
                self.said.append(text)
                return True
            if time.monotonic() > end:
                self.failure = f"{self.name} could not publish {text} within {PATIENCE} s: {answer}"
                return False
            self.port = next(self.ports)
            self.leave()
            time.sleep(PAUSE)

    def post(self, text):
        """Publishes once; what was answered, in a word."""
        if self.connection and self.was_closed():
            self.leave()
        is_kept = self.connection is not None
        body = urllib.parse.urlencode({"message": text, "key": text})
        try:
            if not is_kept:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER)
                self.connection.connect()
            self.connection.request("POST", "/post", body, FORM)
            answer = self.connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            self.leave()
            return "refused"
        except (OSError, http.client.HTTPException):
            self.leave()
            # A server may end an idle connection at the moment in which a request is sent (RFC 9112, 9.3.1).
            return "kept connection ended" if is_kept else "cut"
        if not self.keeps or answer.will_close:
            self.leave()
        return str(answer.status)

    def was_closed(self):
        """Whether the server has ended the connection since the last answer."""
        return self.connection.sock is None or select.select([self.connection.sock], [], [], 0)[0]

    def leave(self):
        if self.connection:
            self.connection.close()
            self.connection = None


class Listener(threading.Thread):
    """Follows a stream, and comes back with its last id whenever that ends."""

    def __init__(self, name, ports):
        """`ports` are asked in turn, the next one each time it comes back."""
        super().__init__(daemon=True)
        self.name = name
        self.ports = itertools.cycle(ports)
        self.reader = EventReader()
        self.socket = None
        # Every event, in order.
        self.heard = []
        # Streams that it has had.
        self.streams = 0
        # Why it could not have one, and why one ended before its end.
        self.refusals = collections.Counter()
        self.cuts = 0
        self.is_over = False
        self.has_id = threading.Event()
        self.has_last = threading.Event()

    def run(self):
        while not self.is_over:
            self.follow(next(self.ports))
            if not self.is_over:
                time.sleep(PAUSE if self.reader.retry is None else self.reader.retry)

    def follow(self, port):
        """One stream, until it ends."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER)
        try:
            head = {"Accept": "text/event-stream"}
            if self.reader.last_id:
                head["Last-Event-ID"] = self.reader.last_id
            try:
                connection.connect()
                self.socket = connection.sock
                connection.request("GET", "/stream", headers=head)
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self.refusals[type(error).__name__] += 1
                return
            if answer.status != 200:
                self.refusals[str(answer.status)] += 1
                return
            self.streams += 1
            self.reader = EventReader(self.reader.last_id)
            try:
                while data := answer.read1(65536):
                    self.take(data)
            except (OSError, http.client.HTTPException):
                self.cuts += not self.is_over
        finally:
            connection.close()

    def take(self, data):
        for event in self.reader.feed(data):
            self.heard.append(event)
            if event.type == "message" and text_of(event) == LAST:
                self.has_last.set()
        if self.reader.last_id:
            self.has_id.set()

    def close(self):
        self.is_over = True
        if self.socket:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class Crowd:
    """Publishers and listeners; a context manager in which they work."""

    def __init__(self, publishers, listeners):
        self.publishers = publishers
        self.listeners = listeners

    def __enter__(self):
        for listener in self.listeners:
            listener.start()
        # Who has an id hears everything from then on.
        for listener in self.listeners:
            if not listener.has_id.wait(PATIENCE):
                raise AssertionError(f"{listener.name} has no stream")
        for publisher in self.publishers:
            publisher.start()
        return self

    def __exit__(self, *_):
        for publisher in self.publishers:
            publisher.is_over = True
        for listener in self.listeners:
            listener.close()

    @property
    def taken(self):
        """How many messages were answered 204 so far."""
        return sum(len(publisher.said) for publisher in self.publishers)

    def finish(self):
        """Lets publishers end their message, says a last one, and waits until all listeners have that.

        Returns what was said and what was heard, for the judge; what is missing is for it to say.
        """
        for publisher in self.publishers:
            publisher.is_over = True
        for publisher in self.publishers:
            publisher.join()
        said = {publisher.name: list(publisher.said) for publisher in self.publishers}
        last = self.publishers[0]
        if last.insist(LAST):
            said["last"] = [LAST]
            end = time.monotonic() + PATIENCE
            for listener in self.listeners:
                listener.has_last.wait(max(0, end - time.monotonic()))
            # Time for what comes twice to come.
            time.sleep(0.3)
        for listener in self.listeners:
            listener.close()
        for listener in self.listeners:
            listener.join(ANSWER)
        return said, {listener.name: list(listener.heard) for listener in self.listeners}

    @property
    def failures(self):
        return [publisher.failure for publisher in self.publishers if publisher.failure]

    def answers(self):
        """How often each answer came, of all publishers."""
        return sum((publisher.answers for publisher in self.publishers), collections.Counter())
