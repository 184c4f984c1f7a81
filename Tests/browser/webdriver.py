"""Drives chromium over WebDriver, with the standard library only.

https://www.w3.org/TR/webdriver2/ says what each request means; `goog/` ones are chromedriver's.
"""

import atexit
import base64
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# Keys that are no characters (WebDriver, section 17.4.2).
ENTER = "\ue007"
SHIFT = "\ue008"
NO_MODIFIER = "\ue000"
TAB = "\ue004"
ESCAPE = "\ue00c"
LEFT = "\ue012"


class WebDriverError(Exception):
    pass


def until(check, what, seconds=20):
    """Waits for `check()` to be true and returns its value; `what` is said when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"waited {seconds} s in vain for {said}")
        time.sleep(0.05)


class Driver:
    """A chromedriver process on a port that it chooses itself."""

    def __init__(self):
        program = shutil.which("chromedriver")
        if not program:
            raise WebDriverError("no chromedriver; Debian's package is chromium-driver")
        self.sessions = []
        atexit.register(self.close)
        # A process group of its own: a chromium that outlives its driver ends with the group.
        self.process = subprocess.Popen(
            [program, "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                self.port = int(found[1])
                break
        else:
            self.close()
            raise WebDriverError("chromedriver ended before it listened")
        # What is not read would stop it one day.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise WebDriverError(f"{value['error']}: {value.get('message', '')}")
        return value

    def open(self, languages, arguments=()):
        """A new chromium, with a profile of its own, that asks for `languages`."""
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
            + ["--window-size=1000,760", "--hide-scrollbars", *arguments],
            "prefs": {"intl.accept_languages": languages},
        }
        program = os.environ.get("CHROMIUM")
        if program:
            options["binary"] = program
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        value = self.request(
            "POST", "/session", {"capabilities": {"alwaysMatch": capabilities}}
        )
        session = Session(self, value["sessionId"])
        self.sessions.append(session)
        return session

    def close(self):
        """Ends every browser and the driver; does nothing the second time."""
        atexit.unregister(self.close)
        if self.process.returncode is not None:
            return
        for session in self.sessions:
            try:
                session.command("DELETE", "")
            except (WebDriverError, OSError):
                pass  # The group below ends it.
        self.sessions = []
        self.signal_group(signal.SIGTERM)
        self.process.wait()
        deadline = time.monotonic() + 10
        while self.signal_group(0) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.signal_group(signal.SIGKILL)
        self.process.stdout.close()

    def signal_group(self, number):
        """Whether there still is somebody in the driver's process group, who gets the signal."""
        try:
            os.killpg(self.process.pid, number)
            return True
        except ProcessLookupError:
            return False


class Session:
    """One browser, with one tab at first."""

    def __init__(self, driver, identifier):
        self.driver = driver
        self.path = f"/session/{identifier}"

    def command(self, method, path, body=None):
        return self.driver.request(method, self.path + path, body)

    def go(self, url):
        self.command("POST", "/url", {"url": url})

    def reload(self):
        self.command("POST", "/refresh", {})

    @property
    def url(self):
        return self.command("GET", "/url")

    @property
    def source(self):
        return self.command("GET", "/source")

    def run(self, script, *arguments):
        """What the script returns in the page; `arguments[0]` and on are its arguments."""
        return self.command("POST", "/execute/sync", {"script": script, "args": arguments})

    def element(self, selector):
        value = self.command(
            "POST", "/element", {"using": "css selector", "value": selector}
        )
        return value[ELEMENT]

    def click(self, selector):
        self.command("POST", f"/element/{self.element(selector)}/click", {})

    def clear(self, selector):
        self.command("POST", f"/element/{self.element(selector)}/clear", {})

    def type(self, selector, text):
        self.command("POST", f"/element/{self.element(selector)}/value", {"text": text})

    @property
    def tab(self):
        """The tab that everything else is about."""
        return self.command("GET", "/window")

    def switch(self, tab):
        self.command("POST", "/window", {"handle": tab})

    def new_tab(self):
        """Opens a tab and turns to it."""
        self.switch(self.command("POST", "/window/new", {"type": "tab"})["handle"])
        return self.tab

    def close(self):
        """Ends the browser."""
        self.driver.sessions.remove(self)
        self.command("DELETE", "")

    def forget_cookies(self):
        self.command("DELETE", "/cookie")

    def devtools(self, command, **parameters):
        return self.command(
            "POST", "/goog/cdp/execute", {"cmd": command, "params": parameters}
        )

    def screen(self, width, height, scale=1, mobile=False):
        """Emulates a screen of that many CSS pixels."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=mobile)

    def own_screen(self):
        self.devtools("Emulation.clearDeviceMetricsOverride")
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=False)

    def picture(self):
        """What is in sight, as a PNG."""
        return base64.b64decode(self.command("GET", "/screenshot"))

    def console(self):
        """What the browser logged since the last call: its errors, and violations of policies."""
        return self.command("POST", "/se/log", {"type": "browser"})
