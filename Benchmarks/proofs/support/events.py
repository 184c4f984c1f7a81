"""Reads a stream of Server-Sent Events: WHATWG HTML, section 9.2.6."""

import typing


class Event(typing.NamedTuple):
    """An event that has data."""

    id: str
    type: str
    data: str


class EventReader:
    """Turns the bytes of one stream into events."""

    def __init__(self, last_id=""):
        # The id to come back with. An event that was cut changes nothing.
        self.last_id = last_id
        # Seconds to wait before coming back, when the server has said so.
        self.retry = None
        self._rest = b""
        self._id = last_id
        self._type = ""
        self._data = []

    def feed(self, data):
        """The events that these bytes complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := self._take(line.decode()))]

    def _take(self, line):
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self._id = value
            elif name == "event":
                self._type = value
            elif name == "data":
                self._data.append(value)
            elif name == "retry":
                self.retry = int(value) / 1000
            return None
        self.last_id = self._id
        event = Event(self._id, self._type or "message", "\n".join(self._data)) if self._data else None
        self._type, self._data = "", []
        return event
