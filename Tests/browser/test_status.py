"""An operator watches a real server in a real browser."""

import signal
import socket
import sys
import unittest

import belfry
import webdriver
from status import StatusPage
from webdriver import until

# Leaves by way of `atexit`, which ends the browser and the server.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class StatusTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = webdriver.Driver()
        cls.addClassCleanup(cls.driver.close)
        cls.session = cls.driver.open("en-US,en")

    def serve(self, *options):
        server = belfry.Belfry(*options, admin=True)
        self.addCleanup(server.kill)
        self.session.go("about:blank")
        self.session.console()
        return server

    def listen(self, port, path="/stream"):
        """An open stream that nobody reads."""
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.addCleanup(client.close)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        head = client.recv(4096)
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK"), head)
        return client

    def test_figures_follow_what_happens(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        self.assertEqual(page.figure("listeners"), "0")
        self.assertEqual(page.text("#facts li"), "Serving")
        listeners = [self.listen(server.port) for _ in range(3)]
        page.wait_figure("listeners", "3")
        server.post("one", "two")
        until(lambda: page.more("published") == "2 total", lambda: page.more("published"))
        until(lambda: page.figure("memory") not in ("–", "0"), lambda: page.figure("memory"))
        self.assertGreater(int(page.figure("descriptors")), 5)
        # On a busy machine the loop may be late for a while, which is an alarm.
        title = lambda: self.session.run("return document.title;")
        until(lambda: title() == "3 listeners · Belfry", title)
        for listener in listeners:
            listener.close()
        page.wait_figure("listeners", "0")
        self.assertEqual(page.reason("closed", "client")[1:], ["3", "3"])
        self.assertEqual(page.reason("closed", "slow"), ["0", "0", "0"])
        until(lambda: page.alarms == [], lambda: page.alarms)
        self.assertEqual(page.violations(), [])

    def test_lines_of_other_programs_are_published_too(self):
        page = StatusPage(self.session, self.serve()).open()
        # They come over Redis, which this server hasn't: the tile is given its figures.
        figures = {"now": {"published": 1200, "withoutId": 34}, "per": {"published": 5, "withoutId": 20}}
        self.session.run(
            """
            import('./status/figures.js').then(({ tiles }) => {
              const tile = tiles.find(({ id }) => id === 'published');
              window.shown = [tile.lines[0].of(arguments[0]), tile.more(arguments[0])];
            });
            """, figures)
        until(lambda: self.session.run("return window.shown;"), "the tile's texts")
        self.assertEqual(self.session.run("return window.shown;"), [25, "1,234 total"])
        self.assertEqual(page.violations(), [])

    def test_the_page_asks_nobody_else_and_is_no_listener(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        addresses = page.addresses()
        for name in ("status.css", "status.js", "favicon.svg"):
            self.assertIn(f"{server.admin_url}/status/{name}", addresses)
        for address in addresses:
            self.assertTrue(address.startswith(f"{server.admin_url}/status/"), address)
        self.assertEqual(page.figure("listeners"), "0")
        self.assertEqual(page.violations(), [])

    def test_a_page_that_opens_has_its_plots_at_once(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        until(lambda: page.plot("listeners")[0] >= 4, "some points")
        points = page.plot("listeners")[0]
        self.session.reload()
        until(lambda: page.figure("listeners") == "0", lambda: page.figure("listeners"))
        first = page.plot("listeners")
        self.assertEqual(len(first), 1)
        self.assertGreaterEqual(first[0], points)

    def test_the_page_goes_on_with_a_new_server(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        self.listen(server.port)
        page.wait_figure("listeners", "1")
        until(lambda: page.plot("listeners")[0] >= 3, "some points")
        server.kill()
        page.wait_state("reconnecting")
        self.assertEqual(self.session.run("return document.body.className;"), "old")
        self.assertEqual(page.figure("listeners"), "1")
        # A hole is seen where the server was away for long enough.
        self.wait_hole(page)
        server.start()
        page.wait_state("live")
        page.wait_figure("listeners", "0")
        self.assertEqual(self.session.run("return document.body.className;"), "")
        self.assertEqual(page.reason("closed", "client"), ["0", "0", "0"])
        until(lambda: len(page.plot("listeners")) == 2, lambda: page.plot("listeners"))
        self.assertEqual(page.violations(), [])

    def wait_hole(self, page):
        """Waits until the page's newest figures are older than what its plots join."""
        self.session.run("window.since = performance.now();")
        until(lambda: self.session.run("return performance.now() - window.since > 3000;"), "3 s")

    def test_a_silent_server_is_said(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        server.process.send_signal(signal.SIGSTOP)
        try:
            page.wait_state("silent")
            self.assertEqual(page.text("#state"), "No data, figures are old")
        finally:
            server.process.send_signal(signal.SIGCONT)
        page.wait_state("live")
        # The loop has slept for seconds, and the page says so.
        until(lambda: "The event loop is slow: all clients are delayed." in page.alarms, "the alarm")

    def test_a_backplane_that_is_away_is_said(self):
        # Nobody listens on port 1.
        server = self.serve("--redis", "redis://127.0.0.1:1")
        page = StatusPage(self.session, server).open()
        until(lambda: "Redis is down" in page.text("#facts"), lambda: page.text("#facts"))
        self.assertTrue(page.alarms[0].startswith("Messages are not delivered"), page.alarms)
        self.assertTrue(self.session.run("return document.title;").startswith("! "))

    def test_one_watcher_too_many_is_told_to_wait(self):
        server = self.serve()
        watchers = [self.listen(server.admin_port, "/status/stream") for _ in range(20)]
        self.session.go(f"{server.admin_url}/status")
        page = StatusPage(self.session, server)
        page.wait_state("busy")
        watchers[0].close()
        page.wait_state("live")
        self.assertEqual(page.figure("listeners"), "0")

    def test_a_stopping_server_says_so_to_the_end(self):
        server = self.serve("--drain-time", "30s")
        page = StatusPage(self.session, server).open()
        for _ in range(2):
            self.listen(server.port)
        page.wait_figure("listeners", "2")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: page.text("#facts li") == "Stopping", lambda: page.text("#facts li"))
        self.assertIn("The server is stopping and is closing its streams.", page.alarms)
        server.process.send_signal(signal.SIGTERM)
        page.wait_state("reconnecting")

    def test_a_moment_can_be_read(self):
        server = self.serve()
        page = StatusPage(self.session, server).open()
        until(lambda: page.plot("listeners")[0] >= 2, "some points")
        self.listen(server.port)
        page.wait_figure("listeners", "1")
        self.session.type("body", webdriver.LEFT * 300)
        page.wait_figure("listeners", "0")
        until(lambda: page.text("#state").endswith(" ago"), lambda: page.text("#state"))
        self.session.type("body", webdriver.ESCAPE)
        page.wait_figure("listeners", "1")
        self.assertEqual(page.text("#state"), "Live")

    def test_the_page_fits_a_narrow_phone(self):
        server = self.serve()
        self.session.screen(360, 640, mobile=True)
        self.addCleanup(self.session.own_screen)
        page = StatusPage(self.session, server).open()
        until(lambda: page.reason("ended", "idle"), "the tables")
        width = "return document.scrollingElement.scrollWidth;"
        self.assertEqual(self.session.run(width), 360)


if __name__ == "__main__":
    unittest.main()
