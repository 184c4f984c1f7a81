"""What an operator sees on the status page."""

from page import Page
from webdriver import until


class StatusPage(Page):
    def open(self):
        self.session.go(f"{self.server.admin_url}/status")
        self.wait_state("live")
        until(lambda: self.figure("listeners") != "–", "the first figures")
        return self

    @property
    def state(self):
        return self.session.run(
            "return document.querySelector('#state').className.replace('state ', '');"
        )

    @property
    def alarms(self):
        return self.session.run(
            "return [...document.querySelectorAll('#alarms li')].map((e) => e.textContent);"
        )

    def figure(self, tile):
        return self.text(f"#{tile} .figure")

    def more(self, tile):
        return self.text(f"#{tile} .more")

    def reason(self, ledger, reason):
        """How often it occurred: in the last second, in five minutes, in all."""
        return self.session.run(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent);",
            f"#ledger-{ledger} [data-reason={reason}] td",
        )

    def plot(self, tile):
        """The numbers of points in each unbroken part of a plot's line."""
        path = self.session.run(
            "return document.querySelector(arguments[0]).getAttribute('d');",
            f"#{tile} path.first",
        )
        return [part.count("L") + 1 for part in path.split("M")[1:]]

    def wait_state(self, state):
        until(lambda: self.state == state, lambda: f"{state}; it is {self.state}")

    def wait_figure(self, tile, figure):
        until(
            lambda: self.figure(tile) == figure,
            lambda: f"{figure} {tile}; there are {self.figure(tile)}",
        )

    def violations(self):
        """What the browser's console says against the page itself, not against its network."""
        return [
            entry
            for entry in self.session.console()
            if entry["source"] in ("security", "javascript", "console-api")
            or "Content Security Policy" in entry["message"]
        ]

    def addresses(self):
        """All that the page has asked for."""
        return self.session.run(
            "return performance.getEntriesByType('resource').map((entry) => entry.name);"
        )
