"""The lines of docs/nginx.md that go into a server block that is there already."""

import re
import sys
import unittest

from pages import REPOSITORY, Page

sys.path.insert(0, str(REPOSITORY / "Tests/nginx"))

from case import ProxyTests  # noqa: E402
from client import Client  # noqa: E402
from proxy import Nginx  # noqa: E402
from ports import ReservedPort  # proxy has put Tests/browser into the path.  # noqa: E402


class Snippet(ProxyTests):
    def test_a_stream_and_a_post_go_through_it(self):
        [snippet] = re.findall(r"^```nginx\n(.*?)^```$", Page("docs/nginx.md").text, re.M | re.S)
        socket = "unix:/run/belfry/belfry.sock"
        self.assertIn(socket, snippet)
        reserved = ReservedPort()
        self.addCleanup(reserved.close)
        port = reserved.number
        nginx = Nginx(self.directory, f"""
            server {{
                listen 127.0.0.1:{port};
                location / {{ return 200 other; }}
                {snippet.replace(socket, self.socket)}
            }}""")
        checked = nginx.check()
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warn]", checked.stderr)
        self.belfry_on_socket(base_path="/chat")
        self.addCleanup(nginx.stop)
        nginx.start(port)
        client = Client(port)
        stream = client.listen("/chat/stream")
        self.addCleanup(stream.close)
        self.assertEqual(client.post("through nginx", "/chat/post"), 204)
        self.assertTrue(stream.next()["data"].endswith(" anonymous: through nginx"))
        self.assertEqual(client.get("/").text, "other")
        moved = client.get("/chat")
        self.assertEqual(moved.status, 301)
        # A page's links lead back through the same path; a name's %2F arrives as it was sent.
        page = client.get("/chat/A%2FB").text
        self.assertIn('data-user="A/B"', page)
        self.assertIn('data-base="/chat"', page)


if __name__ == "__main__":
    unittest.main()
