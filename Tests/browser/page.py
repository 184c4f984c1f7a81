"""What a person sees and does on the chat page."""

import webdriver
from webdriver import until


class Page:
    """Any page, in a browser's session."""

    def __init__(self, session, server):
        self.session = session
        self.server = server

    def text(self, selector):
        """The text of the first such element; empty where there is none."""
        return self.session.run(
            "const e = document.querySelector(arguments[0]); return e ? e.textContent : '';",
            selector,
        )


class ChatPage(Page):
    def sign_in(self, name):
        self.session.go(f"{self.server.url}/login")
        self.session.type("#user", name + webdriver.ENTER)
        until(lambda: self.session.url == f"{self.server.url}/", lambda: self.session.url)
        self.wait_live()
        return self

    @property
    def state(self):
        return self.session.run(
            "const e = document.querySelector('[role=status].state');"
            "return e ? [...e.classList].filter((c) => c != 'state')[0] : '';"
        )

    @property
    def lines(self):
        """The texts of the log's lines, gaps included, without their times."""
        return self.session.run(
            "return [...document.querySelectorAll('[role=log] > :not(.empty)')]"
            ".map((e) => e.textContent.replace(/^\\[\\d\\d:\\d\\d:\\d\\d\\] /, ''));"
        )

    @property
    def draft(self):
        return self.session.run("return document.querySelector('#message').value;")

    @property
    def note(self):
        return self.text("[role=alert]")

    @property
    def scroll(self):
        return self.session.run("return document.querySelector('[role=log]').scrollTop;")

    @property
    def at_end(self):
        return self.session.run(
            "const e = document.querySelector('[role=log]');"
            "return e.scrollHeight - e.scrollTop - e.clientHeight < 2;"
        )

    def scroll_to(self, top):
        """Scrolls, and waits for the page to have noticed."""
        self.session.command(
            "POST",
            "/execute/async",
            {
                "script": "const e = document.querySelector('[role=log]');"
                "e.scrollTop = arguments[0];"
                "requestAnimationFrame(() => requestAnimationFrame(() => arguments[1]()));",
                "args": [top],
            },
        )

    def write(self, text):
        self.session.type("#message", text)

    def say(self, text):
        self.write(text + webdriver.ENTER)

    def wait_live(self):
        until(lambda: self.state == "live", lambda: f"live; it is {self.state}")

    def wait_state(self, *states):
        until(lambda: self.state in states, lambda: f"{states}; it is {self.state}")

    def wait_line(self, line):
        until(lambda: line in self.lines, lambda: f"{line!r}; there are {self.lines[-5:]}")

    def violations(self):
        """What the browser's console says against the page itself, not against its network."""
        return [
            entry
            for entry in self.session.console()
            if entry["source"] in ("security", "javascript", "console-api")
            or "Content Security Policy" in entry["message"]
        ]
