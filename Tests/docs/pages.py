"""The pages of this repository: their text, headings, anchors, links and inline code."""

import pathlib
import re
import subprocess
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def tracked():
    """Every file that git has or would take, relative to the repository."""
    said = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, text=True)
    return [path for path in said.splitlines() if (REPOSITORY / path).exists()]


class Page:
    """One Markdown file. `text` may be handed in by a test of the checks themselves."""

    def __init__(self, path, text=None):
        self.path = path
        self.text = (REPOSITORY / path).read_text() if text is None else text

    @property
    def length(self):
        return len(self.text.splitlines())

    @property
    def prose(self):
        """The text without code blocks, fenced or indented."""
        text = re.sub(r"^( *)(```|~~~).*?^\1\2 *$", "", self.text, flags=re.M | re.S)
        lines, in_code, before = [], False, ""
        for line in text.splitlines():
            # A list's further paragraphs are indented too; ours are by two or three blanks.
            in_code = line.startswith("    ") and (in_code or not before.strip())
            if line.strip() or not in_code:
                lines.append("" if in_code else line)
            before = "" if in_code else line
        return "\n".join(lines)

    @property
    def anchors(self):
        """What `#…` may name, as GitHub makes it from headings."""
        found = set()
        counts = {}
        for heading in re.findall(r"^#{1,6} +(.*?)(?: +#+)? *$", self.prose, re.M):
            # Of a link its words stand there; of code and emphasis what is inside.
            words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
            anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            number = counts.get(anchor, 0)
            counts[anchor] = number + 1
            found.add(f"{anchor}-{number}" if number else anchor)
        return found

    @property
    def links(self):
        """The targets of links and pictures."""
        prose = re.sub(r"`[^`\n]*`(?!\])", "", self.prose)
        return re.findall(r"\]\(([^)\s]+)\)", prose)

    @property
    def code(self):
        """The inline code: what stands between backticks."""
        return [
            each.replace("\\|", "|") for each in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", self.prose)]


def pages():
    return [Page(path) for path in tracked() if path.endswith(".md")]


def broken(page, all_files, anchors_of):
    """The page's relative links that lead nowhere.

    `all_files`: the paths that exist; `anchors_of(path)`: the anchors of a page.
    """
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = page.path
        if target:
            joined = (pathlib.PurePosixPath(page.path).parent / urllib.parse.unquote(target)).parts
            parts = []
            for part in joined:
                if part == ".." and parts:
                    parts.pop()
                else:
                    parts.append(part)
            path = "/".join(parts)
        is_folder = any(each.startswith(path.rstrip("/") + "/") for each in all_files)
        if path not in all_files and not is_folder:
            yield f"{page.path}: {link}: there is no such file"
        elif anchor and anchor not in anchors_of(path):
            yield f"{page.path}: {link}: there is no such heading"
