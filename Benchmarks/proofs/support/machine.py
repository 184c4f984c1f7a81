"""Where, and of what, a result is."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from support.programs import REPOSITORY


def machine():
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    kib = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return (f"{processor[1] if processor else platform.machine()}, {os.cpu_count()} cores, "
            f"{int(kib[1]) / 2**20:.1f} GiB; Linux {platform.release()}")


def commit():
    def git(*arguments):
        return subprocess.run(
            ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changes = " and uncommitted changes" if git("status", "--porcelain") else ""
        return git("rev-parse", "--short", "HEAD") + changes
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def today():
    day = datetime.date.today()
    return f"{day.day} {day:%B %Y}"
