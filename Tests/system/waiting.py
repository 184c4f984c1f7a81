"""Waiting for what another process does."""

import time


def wait(condition, seconds, what):
    """Polls until `condition` gives something true, for at most `seconds`, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
