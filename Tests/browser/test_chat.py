"""Two real browsers chat through a real server."""

import signal
import sys
import unittest

import belfry
import webdriver
from page import ChatPage
from webdriver import until

# Leaves by way of `atexit`, which ends the browsers and the server.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}


class BrowserTests(unittest.TestCase):
    """Two browsers for all tests, and a server for each."""

    @classmethod
    def setUpClass(cls):
        cls.driver = webdriver.Driver()
        cls.addClassCleanup(cls.driver.close)
        cls.chinese = cls.driver.open("zh-TW,zh")
        cls.english = cls.driver.open("en-US,en")

    def setUp(self):
        for session in (self.chinese, self.english):
            session.go("about:blank")

    def serve(self, *options, base_path=""):
        server = belfry.Belfry(*options, base_path=base_path)
        self.addCleanup(server.kill)
        for session in (self.chinese, self.english):
            # The browsers are shared; the cookies of a former test, of this host, are not.
            session.go(f"{server.url}/login")
            session.forget_cookies()
            session.console()
        return server

    def two_pages(self, server):
        ming = ChatPage(self.chinese, server).sign_in("小明")
        ann = ChatPage(self.english, server).sign_in("Ann")
        return ming, ann

    def assert_clean(self, *pages):
        for page in pages:
            self.assertEqual(page.violations(), [])


class ChatTests(BrowserTests):
    def test_each_line_is_once_in_both_pages(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        said = []
        for number in range(3):
            for page, name in ((ming, "小明"), (ann, "Ann")):
                page.say(f"第 {number} line")
                said.append(f"{name}: 第 {number} line")
                ming.wait_line(said[-1])
                ann.wait_line(said[-1])
        self.assertEqual(ming.lines, said)
        self.assertEqual(ann.lines, said)
        own = "return [...document.querySelectorAll('.own .name')].map((e) => e.textContent);"
        self.assertEqual(self.chinese.run(own), ["小明"] * 3)
        self.assertEqual(self.english.run(own), ["Ann"] * 3)
        self.assert_clean(ming, ann)

    def test_a_reload_finds_every_line_once(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        for text in ("one", "two"):
            ming.say(text)
            ann.wait_line(f"小明: {text}")
        self.english.reload()
        ann.wait_live()
        ming.say("three")
        ann.wait_line("小明: three")
        self.assertEqual(ann.lines, ["小明: one", "小明: two", "小明: three"])
        self.assertEqual(ming.lines, ann.lines)
        self.assert_clean(ming, ann)

    def test_pages_come_back_after_the_server_was_killed(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        ann.say("before")
        ming.wait_line("Ann: before")
        ann.wait_line("Ann: before")
        server.kill()
        for page in (ming, ann):
            page.wait_state("reconnecting")
        server.start()
        for page in (ming, ann):
            page.wait_live()
        ming.wait_line("有些訊息已不再保留")
        ann.wait_line("Some messages are no longer kept")
        ming.say("after")
        ming.wait_line("小明: after")
        ann.wait_line("小明: after")
        self.assertEqual(ming.lines, ["Ann: before", "有些訊息已不再保留", "小明: after"])
        self.assertEqual(
            ann.lines, ["Ann: before", "Some messages are no longer kept", "小明: after"]
        )
        self.assert_clean(ming, ann)

    def test_text_is_text(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        text = "<script>document.title = 'x'</script> <b>&amp; \"q\" 'q' @{ }} {{x}}"
        ming.say(text)
        ann.wait_line(f"小明: {text}")
        ming.wait_line(f"小明: {text}")
        self.assertEqual(self.english.run("return document.title;"), "Ann · Belfry")
        self.assertEqual(self.english.run("return document.querySelector('.log b');"), None)
        self.assert_clean(ming, ann)

    def test_a_name_is_text(self):
        server = self.serve()
        name = "<i>\"x\" 'y' & z: w"
        page = ChatPage(self.english, server).sign_in(name)
        self.assertEqual(page.text("h1"), f"Hi! {name} is chatting...")
        page.say("hello")
        page.wait_line(f"{name}: hello")
        self.assertEqual(page.text(".own .name"), name)
        self.assertEqual(page.text(".own .text"), "hello")
        self.assert_clean(page)

    def test_a_line_may_have_several_rows(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        newline = webdriver.SHIFT + webdriver.ENTER + webdriver.NO_MODIFIER
        ming.write(f"上{newline}下")
        self.assertEqual(ming.draft, "上\n下")
        ming.say("")
        ann.wait_line("小明: 上\n下")
        rows = "return document.querySelector('.text').getClientRects().length;"
        self.assertGreaterEqual(self.english.run(rows), 2)

    def test_pages_work_under_a_base_path(self):
        server = self.serve(base_path="/chat")
        ming, ann = self.two_pages(server)
        ming.say("below")
        ann.wait_line("小明: below")
        self.assertEqual(ann.lines, ["小明: below"])
        self.assert_clean(ming, ann)
        self.english.click(".logout")
        until(lambda: self.english.url == f"{server.url}/login", "the login page")


class WordsTests(BrowserTests):
    def test_words_follow_the_browsers_language(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        self.assertEqual(ming.text("h1"), "Hi! 小明 正在聊天中...")
        self.assertEqual(ann.text("h1"), "Hi! Ann is chatting...")
        self.assertEqual(ming.text(".state"), "已連線")
        self.assertEqual(ann.text(".state"), "Live")
        lang = "return document.documentElement.lang;"
        self.assertEqual((self.chinese.run(lang), self.english.run(lang)), ("zh-Hant", "en"))

    def test_the_flash_is_shown_once(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        self.assertEqual(ann.text(".flash"), "您已經成功登錄!")
        self.english.reload()
        ann.wait_live()
        self.assertEqual(ann.text(".flash"), "")

    def test_a_name_that_is_not_taken_comes_back_with_the_reason(self):
        server = self.serve()
        self.english.go(f"{server.url}/login")
        self.english.type("#user", "   " + webdriver.ENTER)
        page = ChatPage(self.english, server)
        until(lambda: page.text("#reason"), "a reason")
        self.assertEqual(page.text("#reason"), "Please enter a name.")
        self.assert_clean(page)


class WritingTests(BrowserTests):
    def test_enter_does_not_send_while_composing(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        ming.write("ㄋㄧˇ")
        press = (
            "const init = { key: 'Enter', bubbles: true, cancelable: true, ...arguments[0] };"
            "return document.querySelector('#message')"
            ".dispatchEvent(new KeyboardEvent('keydown', init));"
        )
        # Chromium's and Firefox's order, then Safari's: the composition has ended before the key.
        self.assertTrue(self.chinese.run(press, {"isComposing": True}))
        self.assertTrue(self.chinese.run(press, {"keyCode": 229}))
        self.assertEqual(ming.draft, "ㄋㄧˇ")
        ann.say("meanwhile")
        ming.wait_line("Ann: meanwhile")
        self.assertEqual(ming.lines, ["Ann: meanwhile"])
        self.assertFalse(self.chinese.run(press, {}), "a plain Enter sends")
        ann.wait_line("小明: ㄋㄧˇ")
        until(lambda: ming.draft == "", lambda: f"an empty draft, not {ming.draft!r}")

    def test_an_unsent_message_is_kept_and_said(self):
        server = self.serve()
        _, ann = self.two_pages(server)
        server.kill()
        ann.wait_state("reconnecting")
        ann.say("keep me")
        until(lambda: "can't be reached" in ann.note, lambda: ann.note)
        self.assertEqual(ann.draft, "keep me")
        for status, headers, words in (
            (503, {"Retry-After": "7"}, "Try again in 7 s."),
            (429, {}, "Try again in a moment."),
            (429, {"Retry-After": "3"}, "too fast. Try again in 3 s."),
            (403, {}, "Log in again"),
            (413, {}, "too long"),
            (500, {}, "(500)"),
        ):
            with belfry.StandIn(server.port, status, headers):
                ann.say("")
                until(lambda: words in ann.note, lambda: f"{words!r} in {ann.note!r}")
                self.assertEqual(ann.draft, "keep me")
        server.start()
        ann.wait_live()
        ann.say("")
        ann.wait_line("Ann: keep me")
        until(lambda: (ann.draft, ann.note) == ("", ""), lambda: f"{ann.draft!r} {ann.note!r}")
        self.assertEqual(ann.lines.count("Ann: keep me"), 1)

    def test_a_message_that_came_too_fast_is_kept_and_said(self):
        # Longer than a busy machine needs between the two.
        server = self.serve("--post-rate", "1/60s")
        ann = ChatPage(self.english, server).sign_in("Ann")
        ann.say("first")
        ann.wait_line("Ann: first")
        ann.say("second")
        until(lambda: "too fast" in ann.note, lambda: ann.note)
        self.assertRegex(ann.note, r"Try again in ([1-5]?\d|60) s\.")
        self.assertEqual(ann.draft, "second")

    def test_a_message_that_is_too_long_is_said_by_the_server(self):
        server = self.serve("--max-message", "1KiB")
        ann = ChatPage(self.english, server).sign_in("Ann")
        long = "x" * 1025
        self.english.run(
            "const e = document.querySelector('#message'); e.value = arguments[0];"
            "e.dispatchEvent(new Event('input'));",
            long,
        )
        ann.say("")
        until(lambda: "too long" in ann.note, lambda: ann.note)
        self.assertEqual(ann.draft, long)

    def test_a_draft_goes_when_its_line_comes_after_all(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        # The answer to a post that was taken is lost.
        self.english.run(
            "const real = window.fetch; window.fetch = (...of) => {"
            "  window.fetch = real;"
            "  return real(...of).then(() => { throw new TypeError('lost'); });"
            "};"
        )
        ann.say("once")
        ann.wait_line("Ann: once")
        until(lambda: (ann.draft, ann.note) == ("", ""), lambda: f"{ann.draft!r} {ann.note!r}")
        self.assertEqual(ann.lines, ["Ann: once"])


class ScrollTests(BrowserTests):
    def test_the_log_stays_where_its_reader_scrolled(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        server.post(*(f"line {number}" for number in range(80)))
        ann.wait_line("anonymous: line 79")
        until(lambda: ann.at_end, "the log at its end")
        ann.scroll_to(100)
        server.post("news", "more news")
        until(lambda: ann.text(".more") == "2 new messages", lambda: ann.text(".more"))
        self.assertEqual(ann.scroll, 100)
        self.english.click(".more")
        until(lambda: ann.at_end, "the log at its end")
        self.assertEqual(ann.text(".more"), "")
        server.post("last")
        ann.wait_line("anonymous: last")
        until(lambda: ann.at_end, "the log at its end")

    def test_a_thousand_lines_are_kept(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        server.post(*(f"line {number}" for number in range(1000)))
        ann.wait_line("anonymous: line 999")
        ann.scroll_to(2000)
        in_sight = (
            "const log = document.querySelector('[role=log]');"
            "const top = log.getBoundingClientRect().top;"
            "for (const e of log.children) {"
            "  const at = Math.round(e.getBoundingClientRect().top - top);"
            "  if (at >= 0) return [e.textContent, at];"
            "}"
        )
        before = self.english.run(in_sight)
        server.post(*(f"line {number}" for number in range(1000, 1010)))
        ann.wait_line("anonymous: line 1009")
        lines = ann.lines
        self.assertEqual((len(lines), lines[0]), (1000, "anonymous: line 10"))
        self.assertEqual(self.english.run(in_sight), before)
        self.english.reload()
        ann.wait_line("anonymous: line 1009")
        self.assertEqual(ann.lines, lines)

    def test_the_page_fits_a_narrow_phone(self):
        server = self.serve()
        self.english.screen(360, 640, mobile=True)
        self.addCleanup(self.english.own_screen)
        ann = ChatPage(self.english, server).sign_in("Ann")
        ann.say("W" * 200)
        ann.wait_line("Ann: " + "W" * 200)
        width = "return document.scrollingElement.scrollWidth;"
        self.assertEqual(self.english.run(width), 360)
        rest = "const e = document.querySelector('.log'); return e.scrollWidth - e.clientWidth;"
        self.assertEqual(self.english.run(rest), 0)
        size = "return getComputedStyle(document.querySelector('#message')).fontSize;"
        self.assertEqual(self.english.run(size), "16px")


class StreamTests(BrowserTests):
    """A stand-in answers in the server's place, as a proxy or a strange server might."""

    def test_a_stream_that_the_browser_gave_up_is_opened_anew(self):
        server = self.serve()
        ming, ann = self.two_pages(server)
        ann.say("before")
        ming.wait_line("Ann: before")
        ann.wait_line("Ann: before")
        server.kill()
        with belfry.StandIn(server.port, 502) as proxy:
            # The browsers try once, with the header; what comes without it is a page's own
            # attempt. The session in the cookie tells the two pages apart.
            def attempts(of_browser):
                return [
                    (query, head)
                    for query, head in proxy.asked("/stream")
                    if ("Last-Event-ID" in head) == of_browser
                ]

            until(
                lambda: len({head["Cookie"] for _, head in attempts(False)}) == 2,
                lambda: f"an attempt by each page; there are {proxy.asked('/stream')}",
            )
            ids = {head["Last-Event-ID"] for _, head in attempts(True)}
            self.assertEqual(len(ids), 1)
            for query, _ in attempts(False):
                self.assertEqual(query, {"room": ["chat"], "last_event_id": list(ids)})
            for page in (ming, ann):
                self.assertEqual(page.state, "reconnecting")
        server.start()
        for page in (ming, ann):
            page.wait_live()
        ming.say("after")
        ann.wait_line("小明: after")
        said = [line for line in ann.lines if ":" in line]
        self.assertEqual(said, ["Ann: before", "小明: after"])
        self.assert_clean(ming, ann)

    def test_no_line_is_shown_twice(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        server.kill()
        data = [f"data: [12:00:0{number}] Bo: {number}\n\n" for number in range(6)]
        lines = [f"id: z-{number}\n{line}" for number, line in enumerate(data)]
        facts = '{"room":"chat","after":"z-0","oldest":"z-1","reason":"expired"}'
        gap = f"event: gap\ndata: {facts}\n\n"
        bare = "data: [12:00:00] Bo: no id\n\n"
        start = "retry: 100\nid: z-0\n\n"
        answers = [
            (200, STREAM, start + gap + gap + lines[1] + lines[2] + data[2] + bare),
            (200, STREAM, start + lines[1] + lines[2] + lines[3]),
            # The same id as the last line's, but another text: a line without an id of its own.
            (200, STREAM, "retry: 100\nid: z-3\n\n" + bare + lines[4]),
            (200, STREAM, "retry: 100\nid: z-4\n\n" + lines[4] + lines[5]),
            (200, STREAM, "retry: 100\nid: z-5\n\n"),
        ]
        with belfry.StandIn(server.port, answers={"/stream": answers}) as proxy:
            until(lambda: len(proxy.asked("/stream")) >= 6, "six requests for the stream")
            self.assertEqual(proxy.asked("/stream")[-1][1]["Last-Event-ID"], "z-5")
        self.assertEqual(
            ann.lines,
            ["Some messages are no longer kept", "Bo: 1", "Bo: 2", "Bo: 2", "Bo: no id"]
            + ["Bo: 3", "Bo: no id", "Bo: 4", "Bo: 5"],
        )

    def test_a_server_over_its_limits_is_said(self):
        server = self.serve()
        ann = ChatPage(self.english, server).sign_in("Ann")
        server.kill()
        busy = (200, STREAM, "retry: 100\n\nevent: busy\ndata: {}\n\n")
        with belfry.StandIn(server.port, answers={"/stream": [busy]}) as proxy:
            ann.wait_state("busy")
            self.assertEqual(ann.text(".state"), "The chat is full just now, trying again soon…")
            # The words stay while the browser tries again and again.
            count = len(proxy.asked("/stream"))
            until(lambda: len(proxy.asked("/stream")) > count + 3, "more attempts")
            self.assertEqual(ann.state, "busy")
        server.start()
        ann.wait_live()


if __name__ == "__main__":
    unittest.main()
