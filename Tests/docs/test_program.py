"""The pages against the built program (BELFRY_BIN): generated tables, the sample file, names."""

import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import tempfile
import unittest

from pages import REPOSITORY, pages


def script():
    """scripts/docs as a module; it has no suffix."""
    loader = importlib.machinery.SourceFileLoader("docs", str(REPOSITORY / "scripts/docs"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("docs", loader))
    loader.exec_module(module)
    return module


docs = script()

# Options of other programs, and words, that pages have in backticks.
OTHERS = {
    "--help", "--version", "--sanitize", "--check", "--full", "--update", "--times", "--near-one",
    "--rounds", "--seccomp-bpf", "--delay", "--json", "--html", "--example",
}
# No metrics: the cookie, and a location of nginx.
NO_METRICS = {"belfry_session", "belfry_busy"}


def options_of_belfry():
    names = {option["name"] for option in docs.options()}
    for command in ("listen", "publish"):
        names |= set(docs.options_of(command))
    return {f"--{name}" for name in names}


def options_of_bench():
    """From the source: the load tester need not be built."""
    text = "".join(path.read_text() for path in (REPOSITORY / "Benchmarks/belfry-bench").glob("*.swift"))
    named = re.findall(r'customLong\("([^"]+)"\)', text)
    declared = re.findall(r"@(?:Option|Flag)\b.*?\bvar (\w+)", text, re.S)
    plain = [re.sub(r"([A-Z])", lambda found: "-" + found[1].lower(), each) for each in declared]
    return {f"--{each}" for each in named + plain}


def unknown_options(page, known):
    """Options that the page has in backticks, at the beginning, and that no program has."""
    for code in page.code:
        found = re.match(r"--[a-z][a-z-]*", code)
        if found and found[0] not in known:
            yield f"{page.path}: {code}"


def unknown_metrics(text, metrics):
    """Names of metrics in `text` that a server doesn't have."""
    for name in re.findall(r"\b(?:belfry|process)_[a-z_]*[a-z]", text):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        is_known = name in metrics or (base in metrics and metrics[base]["kind"] == "histogram")
        if not is_known and name not in NO_METRICS:
            yield name


class Generated(unittest.TestCase):
    def test_tables_and_sample_are_as_the_program_has_them(self):
        check = subprocess.run([REPOSITORY / "scripts/docs", "--check"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_the_check_finds_a_stale_table(self):
        page = "a\n<!-- t: written by scripts/docs -->\n\n| old |\n\n<!-- /t -->\nb\n"
        self.assertEqual(docs.with_part(page, "t", ["| old |"]), page)
        self.assertIn("| new |", docs.with_part(page, "t", ["| new |"]))
        with self.assertRaises(SystemExit):
            docs.with_part("no markers", "t", [])

    def test_the_sample_with_every_default_written_out_changes_nothing(self):
        """Without its # each line that has a value is taken, and is the default."""
        sample = (REPOSITORY / docs.SAMPLE).read_text()
        lines = re.findall(r"^#([a-z-]+ = .*)$", sample, re.M)
        names = re.findall(r"^#([a-z-]+) =", sample, re.M)
        self.assertEqual(sorted(names), sorted(
            option["name"] for option in docs.options() if option["name"] != "config"))
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "belfry.conf"
            config.write_text("\n".join(lines) + "\n")
            self.assertEqual(
                self.values("--config", config), {**self.values(), "config": str(config)})

    def test_what_check_prints_is_a_config_file(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "belfry.conf"
            config.write_text(subprocess.run(
                [docs.program(), "check", "--origin", "https://a.example", "--retry", "9s"],
                capture_output=True, check=True, text=True, env={"PATH": "/usr/bin:/bin"}).stdout)
            values = self.values("--config", config)
            self.assertEqual(values["retry"], "9s")
            self.assertEqual(values["origin"], "https://a.example")
            self.assertEqual(
                {**values, "retry": "2s", "origin": ""}, {**self.values(), "config": str(config)})

    def values(self, *arguments):
        said = subprocess.run(
            [docs.program(), "check", *arguments], capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(said.returncode, 0, said.stderr)
        return dict(re.findall(r"^#?([a-z-]+) = *(.*)$", said.stdout, re.M))


class ConfigFile(unittest.TestCase):
    """What docs/options.md says of the file."""

    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "belfry.conf"
            config.write_bytes(text.encode())
            return subprocess.run(
                [docs.program(), "check", "--config", config], capture_output=True, text=True,
                env={"PATH": "/usr/bin:/bin"})

    def test_what_it_takes(self):
        for text, shown in {
            "post-rate = 20/10s": "post-rate = 20/10s",
            "\t post-rate\t=  20/10s \t": "post-rate = 20/10s",
            "# a comment\r\n  # another\r\n\r\npost-rate=20/10s\r\n": "post-rate = 20/10s",
            "origin = https://a.example,https://b.example": "origin = https://a.example,https://b.example",
            "origin =": "#origin =",
            "origin = https://a.example , https://b.example:443,":
                "origin = https://a.example,https://b.example",
            "\ufeffpost-rate = 5/s": "post-rate = 5/s",
            "reuse-port = true": "reuse-port = true",
        }.items():
            said = self.check(text)
            self.assertEqual(said.returncode, 0, (text, said.stderr))
            found = re.search(rf"^# (.*)\n{re.escape(shown)}\n", said.stdout, re.M)
            self.assertIsNotNone(found, (text, said.stdout))
            self.assertRegex(found[1], r"/belfry\.conf:\d+$", text)

    def test_what_it_refuses(self):
        for text in (
            "post-rate = 5/s # a comment behind it", 'post-rate = "20/10s"', "post-rate =",
            "BELFRY_POST_RATE = 5/s", "--post-rate = 5/s", "post-rate 5/s", "config = other",
            "post-rate = 5/s\npost-rate = 5/s", "reuse-port = yes", "reuse-port", "[section]",
            "base-path =", "post-rate = 5/s\n\ufeffretry = 5s",
        ):
            said = self.check(text)
            self.assertEqual(said.returncode, 64, text)
            self.assertRegex(said.stderr, r"belfry\.conf:\d+\)?: ", text)

    def test_rates(self):
        for rate in ("5/s", "20/m", "20/10s", "100/10m", "1/1.5s", "1000000/h", "1/1ms", "0"):
            self.assertEqual(self.check(f"post-rate = {rate}").returncode, 0, rate)
        for rate in ("5", "5/", "/s", "0/s", "5.5/s", "1/2h", "1000001/h", "1/0.5ms", "5 / s", "1/d"):
            self.assertEqual(self.check(f"post-rate = {rate}").returncode, 64, rate)


class Names(unittest.TestCase):
    def test_each_option_is_one(self):
        belfry, bench = options_of_belfry(), options_of_bench()
        wrong = []
        for page in pages():
            is_about_bench = "enchmarks" in page.path
            known = belfry | OTHERS | (bench if is_about_bench else set())
            wrong += unknown_options(page, known)
        self.assertEqual(wrong, [])

    def test_each_variable_is_one(self):
        known = {
            option["variable"] for option in docs.options()}
        known |= {"BELFRY_SECRET", "BELFRY_BIN", "BELFRY_MICRO"}
        found = {
            (page.path, name) for page in pages() for name in re.findall(r"\bBELFRY_[A-Z_]*[A-Z]", page.text)}
        self.assertEqual({each for each in found if each[1] not in known}, set())

    def test_each_metric_is_one(self):
        metrics = docs.metrics()
        wrong = [
            f"{page.path}: {name}" for page in pages() for name in unknown_metrics(page.text, metrics)]
        self.assertEqual(wrong, [])

    def test_each_reason_is_explained(self):
        """The tables beside the generated one have every reason, and no other."""
        text = "".join(page.text for page in pages())
        for metric, row in docs.metrics().items():
            if not row["reasons"]:
                continue
            tables = re.findall(
                r"(?:^\| `reason` \||^\| reason \|).*\n\| --- .*\n((?:\|.*\n)+)", text, re.M)
            rows = [set(re.findall(r"`([a-z-]+)`", " ".join(
                row.split("|")[1] for row in table.splitlines()))) for table in tables]
            self.assertIn(set(row["reasons"]), rows, metric)

    def test_a_name_that_is_none_is_found(self):
        class Said:
            path = "a.md"
            code = ["--listen", "--lisen", "belfry"]

        self.assertEqual(list(unknown_options(Said, {"--listen"})), ["a.md: --lisen"])
        metrics = {"belfry_a_seconds": {"kind": "histogram"}, "belfry_b": {"kind": "gauge"}}
        self.assertEqual(
            list(unknown_metrics("belfry_a_seconds_bucket belfry_b_sum belfry_c", metrics)),
            ["belfry_b_sum", "belfry_c"])


if __name__ == "__main__":
    unittest.main()
