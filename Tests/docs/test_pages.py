"""Links, lengths and names in all pages. Needs no server."""

import re
import unittest

from pages import REPOSITORY, Page, broken, pages, tracked

LONGEST = 249
LONGEST_README = 150


class Links(unittest.TestCase):
    def test_each_link_and_anchor_leads_somewhere(self):
        files = set(tracked())
        wrong = [
            each for page in pages()
            for each in broken(page, files, lambda path: Page(path).anchors)]
        self.assertEqual(wrong, [])

    def test_every_page_is_reached_from_the_readme(self):
        reached, ahead = set(), ["README.md"]
        while ahead:
            path = ahead.pop()
            if path in reached:
                continue
            reached.add(path)
            folder = (REPOSITORY / path).parent
            for link in Page(path).links:
                target = link.partition("#")[0]
                if target.endswith(".md") and ":" not in target:
                    ahead.append(str((folder / target).resolve().relative_to(REPOSITORY)))
        self.assertEqual({page.path for page in pages()} - reached, set())

    def test_what_a_stranger_asks_is_two_clicks_away(self):
        """Each question's answer is on a page, and under a heading, that the README links to."""
        links = Page("README.md").links
        for answer, says in {
            "docs/nginx.md#into-a-site-you-already-have": "proxy_pass",
            "docs/restarts.md#what-survives": "a crash",
            "docs/operating.md#alerts": "belfry_ready == 0",
            "docs/limits.md#how-many-listeners": "ulimit -Hn",
            "CONTRIBUTING.md#add-an-option": "OptionTable.swift",
        }.items():
            self.assertIn(answer, links)
            path, _, anchor = answer.partition("#")
            title = anchor.replace("-", " ")
            section = re.search(
                rf"^## {title}$(.*?)(?=^## |\Z)", Page(path).text, re.M | re.S | re.I)
            self.assertIsNotNone(section, answer)
            self.assertIn(says, section[1])


class Lengths(unittest.TestCase):
    def test_no_page_is_too_long(self):
        long = [f"{page.path}: {page.length} lines" for page in pages() if page.length > LONGEST]
        self.assertEqual(long, [])

    def test_the_readme_is_short(self):
        self.assertLessEqual(Page("README.md").length, LONGEST_README)


class Paths(unittest.TestCase):
    def test_each_file_that_is_named_is_there(self):
        """Paths of the repository in backticks; those with a … or a * are patterns."""
        files = set(tracked())
        folders = {path[:end] for path in files for end in range(len(path)) if path[end] == "/"}
        wrong = []
        for page in pages():
            for code in page.code:
                found = re.match(
                    r"(?:Sources|Tests|Benchmarks|deploy|scripts|docs)/[\w+./-]*", code)
                if found and not re.search(r"[…*]", code.split()[0]):
                    path = found[0].rstrip("/")
                    if path not in files and path not in folders:
                        wrong.append(f"{page.path}: {path}")
        self.assertEqual(wrong, [])


class TheChecksThemselves(unittest.TestCase):
    """That each of them can fail."""

    def test_a_link_to_nowhere_is_found(self):
        page = Page("docs/a.md", "[x](b.md) [y](../c.md#d) [z](#e) [w](#f-1)\n\n# E\n\n## F\n\n## F\n")
        files = {"docs/a.md", "c.md"}
        anchors = {"docs/a.md": page.anchors, "c.md": {"other"}}
        self.assertEqual(list(broken(page, files, anchors.get)), [
            "docs/a.md: b.md: there is no such file",
            "docs/a.md: ../c.md#d: there is no such heading",
        ])

    def test_anchors_are_as_github_makes_them(self):
        page = Page("a.md", "# Is it `0`? A_b, C-d: é\n\n## nginx.conf & [more](x)\n\n```\n# no\n```\n")
        self.assertEqual(page.anchors, {"is-it-0-a_b-c-d-é", "nginxconf--more"})

    def test_what_stands_in_code_is_no_link(self):
        page = Page("a.md", "`[x](y)`\n\n    [x](y)\n\n```\n[x](y)\n```\n[z](w)\n")
        self.assertEqual(page.links, ["w"])

    def test_code_is_what_stands_in_backticks(self):
        page = Page("a.md", "a `--b` c ``d`` `e|f`\n\n    `no`\n")
        self.assertEqual(page.code, ["--b", "e|f"])


if __name__ == "__main__":
    unittest.main()
