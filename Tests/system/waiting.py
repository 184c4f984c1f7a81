"""Waiting for what another process does."""

import threading
import time

# What has not happened within so many seconds does not happen: it bounds every wait of every test.
PATIENCE = 60


def wait(condition, what, beyond=0):
    """Polls until `condition` gives something true, and returns it.

    `beyond` is how many seconds it takes by nature.
    """
    end = time.monotonic() + beyond + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {beyond + PATIENCE} s: {what}")


class Stalls:
    """How long a busy machine kept a thread of this process from its turn, within a `with`."""

    def __enter__(self):
        self.longest = 0
        self.is_over = False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        interval = 0.01
        while not self.is_over:
            began = time.monotonic()
            time.sleep(interval)
            self.longest = max(self.longest, time.monotonic() - began - interval)

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
