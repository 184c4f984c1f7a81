"""Belfry behind Debian's nginx, over HTTP/1.1: the recipes, and nginx' defaults."""

import http.server
import pathlib
import re
import socketserver
import threading
import unittest

from case import NAME, NODES, OTHER_APP, SOCKET, SUBPATH_NAME, ProxyTests
from client import BROWSER, Client
from proxy import RECIPES, Nginx, Site

from ports import ReservedPort  # proxy has put Tests/browser into the path.
from webdriver import until


class HTTPTests(ProxyTests):
    def listen(self, client, *arguments):
        stream = client.listen(*arguments)
        self.addCleanup(stream.close)
        return stream

    def assert_busy(self, answer, seconds):
        """A stream that says when to come back, and forgets no id."""
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/event-stream"))
        self.assertIn("no-store", answer.headers["Cache-Control"])
        found = re.fullmatch(r"(?:retry: (\d+)\n|event: busy\n|data: .+\n)+\n", answer.text)
        self.assertTrue(found, answer.text)
        self.assertIn("event: busy\n", answer.text)
        retry = int(re.search(r"retry: (\d+)", answer.text)[1])
        self.assertTrue(seconds[0] * 1000 <= retry <= seconds[1] * 1000, retry)
        return retry


class RecipeTests(HTTPTests):
    def test_nginx_takes_every_recipe(self):
        # Nobody needs to listen there.
        other, *nodes = (f"127.0.0.1:{port}" for port in range(1, 4))
        changes = {
            "belfry.conf": {SOCKET: self.socket},
            "belfry-subpath.conf": {SOCKET: self.socket, OTHER_APP: other},
            "belfry-cluster.conf": dict(zip(NODES, nodes)),
        }
        self.assertEqual(sorted(changes), sorted(path.name for path in RECIPES.iterdir()))
        for recipe, of_recipe in changes.items():
            name = SUBPATH_NAME if "subpath" in recipe else NAME
            checked = Site(self.directory, recipe, name, of_recipe).nginx.check()
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("test is successful", checked.stderr)
            self.assertNotIn("[warn]", checked.stderr)

    def test_recipes_say_the_same_of_clients_and_streams(self):
        """So that what one of them is tested for holds for all."""

        def directives(recipe, pattern):
            lines = (line.strip() for line in recipe.read_text().splitlines())
            return [line for line in lines if re.match(pattern, line)]

        def block(recipe, start, end="\n    }\n"):
            lines = recipe.read_text().partition(start)[2].partition(end)[0].splitlines()
            return [line for line in lines if line.strip() and not line.strip().startswith("#")]

        for part in (
            lambda recipe: directives(recipe, "proxy_(set_header|http_version)"),
            lambda recipe: directives(recipe, "limit_conn_zone|keepalive|client_max_body_size"),
            lambda recipe: block(recipe, "/stream {"),
            lambda recipe: block(recipe, "location @belfry_busy {"),
            lambda recipe: block(recipe, "map $http_accept", "\n}\n"),
        ):
            first, *others = (part(recipe) for recipe in RECIPES.iterdir())
            self.assertGreater(len(first), 2)
            for other in others:
                self.assertEqual(other, first)

    def test_people_chat_through_it(self):
        self.belfry_on_socket()
        site = self.site()
        ann = site.client.sign_in("Ann")
        self.assertEqual((ann.status, ann.headers["Location"]), (303, "/"))
        cookie = ann.headers["Set-Cookie"]
        self.assertIn("; Path=/; ", cookie)
        self.assertTrue(cookie.endswith("; Secure"), cookie)
        signed_in = {"Cookie": cookie.partition(";")[0]}
        page = site.client.get("/", signed_in)
        self.assertEqual(page.status, 200)
        self.assertIn("Ann", page.text)
        script = re.search(r'src="(/static/belfry\.js[^"]*)"', page.text)[1]
        self.assertEqual(site.client.get(script).status, 200)
        # A browser's Origin names the site's own port.
        origin = {"Origin": site.origin, "Content-Type": "application/x-www-form-urlencoded"}
        stream = self.listen(site.client)
        posted = site.client.ask("POST", "/post", {**signed_in, **origin}, "message=hello")
        self.assertEqual(posted.status, 204)
        self.assertIn("] Ann: hello", stream.next()["data"])
        foreign = {"Origin": "https://evil.example", **signed_in}
        self.assertEqual(site.client.ask("POST", "/post", foreign, "message=x").status, 403)

    def test_a_stream_opens_at_once_and_brings_each_message_at_once(self):
        # Without a heartbeat nothing pushes on what nginx would keep.
        self.belfry_on_socket("--heartbeat", "0")
        site = self.site()
        stream = self.listen(site.client)
        for number in range(5):
            site.client.post(f"m{number}")
            self.assertEqual(stream.text(), f"m{number}")

    def test_heartbeats_keep_a_silent_stream_open(self):
        server = self.belfry_on_socket("--heartbeat", "250ms")
        # Long enough for a busy machine to bring a heartbeat.
        site = self.site({"proxy_read_timeout 60s": "proxy_read_timeout 3s"})
        stream = self.listen(site.client)
        # Four seconds.
        stream.heartbeats(16)
        self.assertEqual(site.client.post("still here"), 204)
        self.assertEqual(stream.text(), "still here")
        server.kill()
        server.options[server.options.index("250ms")] = "0"
        server.start()
        self.assertIsNone(self.listen(site.client).next())

    def test_plain_http_is_sent_to_https(self):
        site = self.site()
        answer = site.plain_client.get("/Ann?x=1")
        self.assertEqual(answer.status, 301)
        self.assertEqual(answer.headers["Location"], "https://chat.example.org/Ann?x=1")

    def test_a_listener_that_leaves_is_gone_behind_nginx_too(self):
        server = self.belfry_on_socket("--stats-interval", "100ms")
        site = self.site()
        stream = self.listen(site.client)
        until(lambda: "listeners=1 " in "".join(server.log), "the listener is counted")
        stream.close()
        until(lambda: "listeners=0 " in "".join(server.log[-2:]), "the listener is gone")

    def test_a_message_as_long_as_Belfry_takes_passes(self):
        self.belfry_on_socket()
        site = self.site()
        stream = self.listen(site.client)
        # Three bytes of a form for each of the message's.
        self.assertEqual(site.client.post("é" * (32 << 10)), 204)
        self.assertEqual(len(stream.text()), 32 << 10)
        self.assertEqual(site.client.post("é" * (32 << 10) + "x"), 413)

    def test_what_a_client_says_of_itself_is_not_passed_on(self):
        heads, connections = [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                self.client_address = ("unix", 0)
                connections.append(self)
                super().setup()

            def do_GET(self):
                heads.append((self.request_version, self.headers))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

        server = Server(self.socket.removeprefix("unix:"), Handler)
        self.addCleanup(server.server_close)
        pathlib.Path(self.socket.removeprefix("unix:")).chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        site = self.site()
        lies = {
            "X-Forwarded-For": "192.0.2.66",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Prefix": "/evil",
            "Forwarded": "for=192.0.2.66",
            "Connection": "keep-alive, X-Forwarded-For",
        }
        connection = site.client.connect()
        for _ in range(20):
            site.client.ask("GET", "/login", lies, connection=connection)
        connection.close()
        site.client.get("/stream", lies)
        self.assertEqual(len(heads), 21)
        for version, head in heads:
            self.assertEqual(version, "HTTP/1.1")
            self.assertEqual(head["Host"], site.client.host)
            self.assertEqual(head.get_all("X-Forwarded-For"), ["127.0.0.1"])
            self.assertEqual(head.get_all("X-Forwarded-Proto"), ["https"])
            for name in ("X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded", "Connection"):
                self.assertNotIn(name, head)
        # A connection in the pool belongs to one of nginx' two workers.
        self.assertLessEqual(len(connections), 2)


class RefusalTests(HTTPTests):
    def test_while_Belfry_is_away_browsers_are_told_to_come_back(self):
        server = self.belfry_on_socket()
        site = self.site()
        stream = self.listen(site.client)
        server.kill()
        self.assertIsNone(stream.next())
        retries = {self.assert_busy(site.client.get("/stream", BROWSER), (2, 6)) for _ in range(40)}
        # Of ten.
        self.assertGreater(len(retries), 3)
        program = site.client.get("/stream", {"Accept": "*/*"})
        self.assertEqual((program.status, program.headers["Retry-After"]), (503, "3"))
        self.assertEqual(site.client.get("/").status, 502)
        server.start()
        stream = self.listen(site.client)
        self.assertEqual(site.client.post("back"), 204)
        self.assertEqual(stream.text(), "back")

    def test_an_address_has_so_many_streams_and_no_more(self):
        self.belfry_on_socket()
        site = self.site()
        streams = [self.listen(site.client) for _ in range(20)]
        self.assert_busy(site.client.get("/stream", BROWSER), (2, 6))
        program = site.client.get("/stream", {"Accept": "*/*"})
        self.assertEqual((program.status, program.headers["Retry-After"]), (503, "3"))
        # The others are not disturbed, and one that leaves makes room.
        self.assertEqual(site.client.post("all"), 204)
        for stream in streams:
            self.assertEqual(stream.text(), "all")
        streams[0].close()

        def admitted():
            stream = self.listen(site.client)
            site.client.post("one more")
            return stream.next().get("event") != "busy"

        until(admitted, "room for one more")

    def test_what_Belfry_itself_refuses_passes_as_it_is(self):
        # With 32 descriptors there is room for 8 streams.
        self.belfry_on_socket(wrapper=("prlimit", "--nofile=32:32"))
        site = self.site()
        streams = [self.listen(site.client) for _ in range(8)]
        self.assert_busy(site.client.get("/stream", BROWSER), (2.5, 7.5))
        program = site.client.get("/stream", {"Accept": "*/*"})
        self.assertEqual((program.status, program.headers["Retry-After"]), (503, "5"))
        self.assertIn("listener limit reached", program.text)
        self.assertEqual(site.client.post("all"), 204)
        for stream in streams:
            self.assertEqual(stream.text(), "all")

    def test_limits_count_the_client_whom_nginx_names(self):
        self.belfry_on_socket("--max-listeners-per-ip", "2", "--post-rate", "3/h")
        site = self.site()
        for source in ("127.0.0.2", "127.0.0.3"):
            client = site.client.at(source)
            streams = [self.listen(client) for _ in range(2)]
            self.assert_busy(client.get("/stream", BROWSER), (2.5, 7.5))
            program = client.get("/stream", {"Accept": "*/*"})
            self.assertEqual((program.status, program.headers["Retry-After"]), (429, "5"))
            self.assertEqual([client.post("x") for _ in range(4)], [204, 204, 204, 429])
            for stream in streams:
                self.assertEqual(stream.text(), "x")

    def test_a_reload_of_nginx_disturbs_no_stream(self):
        self.belfry_on_socket()
        site = self.site()
        before = self.listen(site.client)
        site.nginx.reload()
        after = self.listen(site.client)
        self.assertEqual(site.client.post("both"), 204)
        self.assertEqual((before.text(), after.text()), ("both", "both"))


class SubpathTests(HTTPTests):
    def test_the_chat_stands_beside_another_app(self):
        self.belfry_on_socket(base_path="/chat")
        site, other = self.subpath()
        for path in ("/", "/login", "/stream", "/chatter"):
            self.assertEqual(site.client.get(path).text, "stand-in\n")
            self.assertEqual(len(other.asked(path)), 1)
        self.assertTrue(site.client.get("/chat").headers["Location"].endswith("/chat/"))
        self.assertEqual(site.client.get("/chat/").headers["Location"], "/chat/login")
        ann = site.client.sign_in("Ann", "/chat/login")
        self.assertEqual(ann.headers["Location"], "/chat/")
        self.assertIn("; Path=/chat; ", ann.headers["Set-Cookie"])
        stream = self.listen(site.client, "/chat/stream")
        self.assertEqual(site.client.post("hello", "/chat/post"), 204)
        self.assertEqual(stream.text(), "hello")
        # A slash in a name is no end of it.
        foreign = {"Sec-Fetch-Site": "cross-site"}
        self.assertIn('value="a/b"', site.client.get("/chat/a%2Fb", foreign).text)

    def test_a_prefix_that_nginx_takes_off_stands_in_links_again(self):
        self.belfry_on_socket()
        reserved = ReservedPort()
        self.addCleanup(reserved.close)
        port = reserved.number
        nginx = Nginx(
            self.directory,
            f"""
            server {{
                listen 127.0.0.1:{port};
                location /talk/ {{
                    proxy_pass http://{self.socket}:/;
                    proxy_set_header X-Forwarded-Prefix /talk;
                }}
            }}
            """,
        )
        self.addCleanup(nginx.stop)
        nginx.start(port)
        client = Client(port)
        self.assertEqual(client.get("/talk/").headers["Location"], "/talk/login")
        ann = client.sign_in("Ann", "/talk/login")
        self.assertEqual(ann.headers["Location"], "/talk/")
        self.assertIn("; Path=/talk; ", ann.headers["Set-Cookie"])
        page = client.get("/talk/Ann").text
        self.assertIn('data-base="/talk"', page)
        script = re.search(r'src="(/talk/static/belfry\.js[^"]*)"', page)[1]
        self.assertEqual(client.get(script).status, 200)


class ClusterTests(HTTPTests):
    def setUp(self):
        super().setUp()
        self.site, self.nodes = self.cluster()

    def test_nodes_share_the_streams_and_are_one_room(self):
        client = self.site.client
        streams = [self.listen(client) for _ in range(10)]
        for node in self.nodes:
            self.assertEqual(Client(node.port).post("from a node"), 204)
        for stream in streams:
            self.assertEqual([stream.text() for _ in range(2)], ["from a node"] * 2)
        # Half of them went away with their node, and no more.
        self.nodes[0].kill()
        self.assertEqual(client.post("who is there"), 204)
        ends = [stream.next() for stream in streams]
        self.assertEqual(ends.count(None), 5)
        self.assertTrue(client.sign_in("Ann").headers["Set-Cookie"].endswith("; Secure"))

    def test_nothing_is_lost_when_a_node_dies(self):
        client = self.site.client
        streams = [self.listen(client) for _ in range(4)]
        self.assertEqual(client.post("first"), 204)
        for stream in streams:
            self.assertEqual(stream.text(), "first")
        for number, node in enumerate(self.nodes):
            node.kill()
            # nginx finds out by the first request that fails, and sends it to the other node.
            self.assertEqual(client.post(f"without {number}"), 204)
            for index, stream in enumerate(streams):
                event = stream.next()
                if event is None:
                    stream = self.listen(client, "/stream", {"Last-Event-ID": stream.id})
                    streams[index] = stream
                    event = stream.next()
                self.assertTrue(event["data"].endswith(f": without {number}"), event)
            node.start()
            self.until_up(node)
            # Whom nginx has found dead it leaves alone for a while.
            until(lambda: self.is_used(client, node), "nginx knows the node again")

    def is_used(self, client, node):
        """Whether `node`, which has no stream, gets a new one."""
        stream = client.listen()
        try:
            known = len(node.log)
            until(lambda: len(node.log) > known + 1, "two lines of counters")
            return "listeners=1 " in node.log[-1]
        finally:
            stream.close()

    def test_while_all_nodes_are_away_browsers_are_told_to_come_back(self):
        client = self.site.client
        for node in self.nodes:
            node.kill()
        for _ in range(5):
            self.assert_busy(client.get("/stream", BROWSER), (2, 6))
        for node in self.nodes:
            node.start()
        until(lambda: client.get("/login").status == 200, "nginx knows the nodes again")
        stream = self.listen(client)
        self.assertEqual(client.post("back"), 204)
        self.assertEqual(stream.text(), "back")


class DefaultsTests(HTTPTests):
    """nginx as it is without a word about streams: HTTP/1.0, buffers, and whatever gzip takes."""

    def setUp(self):
        super().setUp()
        # Without a heartbeat nothing pushes on what nginx would keep.
        self.server = self.belfry("--heartbeat", "0")
        reserved = ReservedPort()
        self.addCleanup(reserved.close)
        port = reserved.number
        nginx = Nginx(
            self.directory,
            f"""
            gzip_types *;
            gzip_proxied any;
            gzip_min_length 0;
            server {{
                listen 127.0.0.1:{port};
                location / {{ proxy_pass http://127.0.0.1:{self.server.port}; }}
            }}
            """,
        )
        self.addCleanup(nginx.stop)
        nginx.start(port)
        self.client = Client(port)

    def test_messages_arrive_at_once(self):
        stream = self.listen(self.client, "/stream", {"Accept-Encoding": "gzip, deflate, br"})
        for number in range(5):
            self.assertEqual(self.client.post(f"m{number}"), 204)
            self.assertEqual(stream.text(), f"m{number}")

    def test_gzip_takes_pages_and_leaves_streams(self):
        coded = {"Accept-Encoding": "gzip"}
        connection = self.client.connect()
        connection.request("GET", "/login", headers=coded)
        page = connection.getresponse()
        self.assertEqual(page.headers["Content-Encoding"], "gzip")
        page.close()
        connection.close()
        stream = self.listen(self.client, "/stream", coded)
        self.assertEqual(stream.answer.headers["Content-Encoding"], "identity")
        self.assertEqual(self.client.post("plain"), 204)
        self.assertEqual(stream.text(), "plain")


if __name__ == "__main__":
    unittest.main()
