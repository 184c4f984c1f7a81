"""Chromium talks with Belfry through nginx, over HTTP/2, while one or the other is restarted.

A browser's own EventSource has to come through all of it: the page could make a new one, and would
hide that the browser had given up.
"""

import unittest

from case import ProxyTests
from client import Client
from page import ChatPage
from webdriver import Driver, until

# Remembers every EventSource that the page makes.
WATCH = """
window.sources = [];
window.EventSource = class extends EventSource {
  constructor(...of) { super(...of); window.sources.push(this); }
};
"""


class Tab(ChatPage):
    """One tab of a browser. Each of its words is about the tab that is in front."""

    def __init__(self, session, server, first=False):
        super().__init__(session, server)
        self.handle = session.tab if first else session.new_tab()
        session.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def __enter__(self):
        self.session.switch(self.handle)
        return self

    def __exit__(self, *_):
        pass

    @property
    def sources(self):
        """The states of all the page's EventSources: 0 connecting, 1 open, 2 given up."""
        return self.session.run("return window.sources.map((source) => source.readyState);")


class BrowserTests(ProxyTests):
    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()
        cls.addClassCleanup(cls.driver.close)

    def tabs(self, site, count=1):
        """A browser of its own with as many tabs, all live."""
        arguments = ("--ignore-certificate-errors", f"--host-resolver-rules=MAP {site.name} 127.0.0.1")
        session = self.driver.open("en-US,en", arguments)
        self.addCleanup(session.close)
        tabs = [Tab(session, site, first=True)]
        tabs[0].sign_in("Ann")
        for _ in range(1, count):
            tabs.append(Tab(session, site))
            session.go(f"{site.url}/")
            tabs[-1].wait_live()
        return tabs

    def assert_same_source(self, tab):
        self.assertEqual(tab.sources, [1])

    def chat_in_seven_tabs(self, site):
        """Seven tabs that are live at once, and have one line of each."""
        tabs = self.tabs(site, 7)
        for number, tab in enumerate(tabs):
            with tab:
                tab.say(f"from {number}")
                tab.wait_line(f"Ann: from {number}")
        for tab in tabs:
            with tab:
                tab.wait_line("Ann: from 6")
                self.assertEqual(tab.lines, [f"Ann: from {number}" for number in range(7)])
                self.assert_same_source(tab)
                self.assertEqual(tab.violations(), [])
        return tabs

    def leave(self, tabs, site):
        """Closes the pages, and holds nginx' log against one connection for all their streams."""
        for tab in tabs:
            with tab:
                tab.session.go("about:blank")
        streams = lambda: site.nginx.answered(f"{site.base_path}/stream")
        until(lambda: len(streams()) == 7, lambda: f"the end of seven streams: {streams()}")
        (connection,) = set(streams())
        self.assertTrue(connection.endswith(" HTTP/2.0"), connection)

    def test_seven_tabs_are_live_at_once_over_one_connection(self):
        self.belfry_on_socket()
        site = self.site()
        self.leave(self.chat_in_seven_tabs(site), site)

    def test_seven_tabs_are_live_beside_another_app(self):
        self.belfry_on_socket(base_path="/chat")
        site, other = self.subpath()
        self.leave(self.chat_in_seven_tabs(site), site)
        # The chat asks for nothing outside its path; the browser itself may, for an icon.
        self.assertLessEqual({path for path, _, _ in other.requests}, {"/favicon.ico"})

    def test_seven_tabs_lose_nothing_when_one_of_two_nodes_dies(self):
        site, nodes = self.cluster()
        tabs = self.chat_in_seven_tabs(site)
        until(lambda: "listeners=4 " in nodes[0].log[-1] + nodes[1].log[-1], "four at one node")
        nodes[0].kill()
        nodes[1].post("at the other node")
        for tab in tabs:
            with tab:
                tab.wait_line("anonymous: at the other node")
                said = [f"Ann: from {number}" for number in range(7)]
                self.assertEqual(tab.lines, said + ["anonymous: at the other node"])
                self.assert_same_source(tab)

    def test_a_restart_of_Belfry_ends_no_EventSource(self):
        server = self.belfry_on_socket()
        site = self.site()
        tabs = self.tabs(site, 2)
        server.post("before")
        for tab in tabs:
            with tab:
                tab.wait_line("anonymous: before")
        server.kill()
        for tab in tabs:
            with tab:
                # By nginx, which can't reach Belfry.
                tab.wait_state("busy")
        server.start()
        for tab in tabs:
            with tab:
                tab.wait_live()
                tab.wait_line("Some messages are no longer kept")
        server.post("after")
        for tab in tabs:
            with tab:
                tab.wait_line("anonymous: after")
                # History ended with the process, and the page says so.
                self.assertEqual(
                    tab.lines,
                    ["anonymous: before", "Some messages are no longer kept", "anonymous: after"],
                )
                self.assert_same_source(tab)

    def test_nothing_is_lost_by_a_restart_where_Redis_keeps_history(self):
        redis = self.redis()
        server = self.belfry_on_socket("--redis", redis.option)
        other = self.belfry("--redis", redis.option)
        for node in (server, other):
            self.until_up(node)
        site = self.site()
        (tab,) = self.tabs(site)
        server.post("before")
        tab.wait_line("anonymous: before")
        server.kill()
        tab.wait_state("busy")
        other.post("while it was away")
        server.start()
        self.until_up(server)
        tab.wait_live()
        tab.wait_line("anonymous: while it was away")
        server.post("after")
        tab.wait_line("anonymous: after")
        self.assertEqual(
            tab.lines,
            [f"anonymous: {text}" for text in ("before", "while it was away", "after")],
        )
        self.assert_same_source(tab)

    def test_a_restart_of_nginx_ends_no_EventSource(self):
        server = self.belfry_on_socket()
        site = self.site()
        (tab,) = self.tabs(site)
        site.nginx.stop()
        tab.wait_state("reconnecting")
        server.post("meanwhile")
        site.start()
        tab.wait_live()
        tab.wait_line("anonymous: meanwhile")
        self.assertEqual(tab.lines, ["anonymous: meanwhile"])
        self.assert_same_source(tab)

    def test_who_is_refused_comes_back_when_there_is_room(self):
        # With 32 descriptors there is room for 8 streams.
        server = self.belfry_on_socket(wrapper=("prlimit", "--nofile=32:32"))
        site = self.site()
        (tab,) = self.tabs(site)
        site.nginx.stop()
        tab.wait_state("reconnecting")
        streams = [Client(server.port).listen() for _ in range(8)]
        site.start()
        tab.wait_state("busy")
        server.post("unheard")
        for stream in streams:
            stream.close()
        tab.wait_live()
        tab.wait_line("anonymous: unheard")
        self.assert_same_source(tab)


if __name__ == "__main__":
    unittest.main()
