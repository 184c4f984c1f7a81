"""The modules that docs/architecture.md draws, against those of Package.swift. Needs Swift, and no server."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from pages import REPOSITORY, Page

PAGE = "docs/architecture.md"


def manifest():
    """What each module of the product imports, tests and their support left out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELFRY_")}
    with tempfile.TemporaryDirectory() as scratch:
        # A scratch folder of its own: a build may hold the usual one.
        said = subprocess.check_output(
            ["swift", "package", "--package-path", REPOSITORY, "--scratch-path", scratch, "dump-package"],
            env=environment, stderr=subprocess.PIPE)
    targets = [
        target for target in json.loads(said)["targets"]
        if target["type"] != "test" and not (target.get("path") or "").startswith("Tests/")]
    names = {target["name"] for target in targets}
    return {
        target["name"]: {
            dependency["byName"][0] for dependency in target["dependencies"] if "byName" in dependency
        } & names
        for target in targets}


def reached(graph, start):
    """All modules that `start` stands on, itself left out."""
    found, ahead = set(), list(graph[start])
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += graph[module]
    return found


def drawn(graph):
    """The arrows that a picture needs: an import that follows from others is left out."""
    return {
        (module, other) for module, imports in graph.items() for other in imports
        if not any(other in reached(graph, between) for between in imports - {other})}


def arrows(text):
    """The arrows of the page's picture: `A --> B & C` is two."""
    [picture] = re.findall(r"^```mermaid\nflowchart (.*?)^```$", text, re.M | re.S)
    return {
        (module, other)
        for module, others in re.findall(r"^ *([\w-]+) --> (.*)$", picture, re.M)
        for other in others.split(" & ")}


def rows(text):
    """What the page's table says that each module imports."""
    [table] = re.findall(r"^\| module \| imports \|.*\n\| --- .*\n((?:\|.*\n)+)", text, re.M)
    cells = [line.split(" | ") for line in table.splitlines()]
    return {row[0].strip("| `"): set(re.findall(r"`([\w-]+)`", row[1])) for row in cells}


class Modules(unittest.TestCase):
    def test_the_picture_is_the_manifest(self):
        self.assertEqual(arrows(Page(PAGE).text), drawn(manifest()))

    def test_the_table_is_the_manifest(self):
        self.assertEqual(rows(Page(PAGE).text), manifest())


class TheChecksThemselves(unittest.TestCase):
    """That each of them can fail."""

    GRAPH = {"a": {"b", "c", "d"}, "b": {"c"}, "c": set(), "d": set()}

    def test_an_import_that_follows_from_others_is_not_drawn(self):
        self.assertEqual(drawn(self.GRAPH), {("a", "b"), ("a", "d"), ("b", "c")})

    def test_the_picture_is_read(self):
        text = "x\n```mermaid\nflowchart TD\n  a --> b & d\n  b --> c\n```\n"
        self.assertEqual(arrows(text), drawn(self.GRAPH))
        self.assertNotEqual(arrows(text.replace(" & d", "")), drawn(self.GRAPH))
        self.assertNotEqual(arrows(text.replace("b --> c", "c --> b")), drawn(self.GRAPH))

    def test_the_table_is_read(self):
        text = "| module | imports | what |\n| --- | --- | --- |\n"
        text += "| `a` | `b`, `c`, `d` | x |\n| `b` | `c` | |\n| `c` | – | y |\n| `d` | – | z |\n"
        self.assertEqual(rows(text), self.GRAPH)
        self.assertNotEqual(rows(text.replace("`c`, ", "")), self.GRAPH)


if __name__ == "__main__":
    unittest.main()
