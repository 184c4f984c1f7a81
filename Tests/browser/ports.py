"""Ports for programs that must be told one."""

import contextlib
import socket


class ReservedPort:
    """A port of 127.0.0.1 and ::1 that nobody else gets while this object is there.

    Sockets are bound to it and don't listen, so connections are refused. They set SO_REUSEADDR: a program
    that does so too may listen there, end, and listen again.
    """

    def __init__(self):
        self.sockets = contextlib.ExitStack()
        for _ in range(100):
            with contextlib.ExitStack() as stack:
                four = self.bind(stack, socket.AF_INET, "127.0.0.1", 0)
                self.number = four.getsockname()[1]
                try:
                    self.bind(stack, socket.AF_INET6, "::1", self.number)
                except OSError:
                    continue  # There somebody else has it.
                self.sockets = stack.pop_all()
                return
        raise AssertionError("no port is free on both addresses")

    def bind(self, stack, family, address, port):
        one = stack.enter_context(socket.socket(family))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((address, port))
        return one

    def close(self):
        self.sockets.close()

    def __del__(self):
        self.close()
