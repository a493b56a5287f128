"""The documentation as a reader sees it: pages, their headings, tables and fenced blocks.

A block that a test uses has a comment in the line before it, which readers do not see:

    <!-- test: manifest -->
    ```yaml
    topic: shop.orders
    ```

The first word names what the block is; `key=value` words that may follow it are the block's options.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- test: (.+?) -->")


class Block:
    def __init__(self, page, line, language, mark, text):
        self.page, self.line, self.language, self.text = page, line, language, text
        words = mark.split() if mark else []
        self.kind = words[0] if words else None
        self.flags = {word for word in words[1:] if "=" not in word}
        self.options = dict(word.split("=", 1) for word in words[1:] if "=" in word)

    def __repr__(self):
        return f"{self.page.name}:{self.line}"


class Page:
    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.text = path.read_text()
        self.blocks, prose = [], []
        mark, block = None, None
        for number, line in enumerate(self.text.splitlines(), 1):
            if block is not None:
                if line.strip() == "```":
                    self.blocks.append(Block(self, *block[:3], "\n".join(block[3]) + "\n"))
                    block = mark = None
                else:
                    block[3].append(line)
            elif line.startswith("```"):
                block = (number, line[3:].strip(), mark, [])
            else:
                found = MARK.fullmatch(line.strip())
                mark = found[1] if found else None
                prose.append((number, line))
        assert block is None, f"{self.name}:{block[0]}: this block has no end"
        self.prose = prose

    @property
    def anchors(self):
        """As GitHub makes them from headings."""
        seen = set()
        for _, line in self.prose:
            if line.startswith("#"):
                text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
                seen.add(text)
        return seen

    def section(self, heading):
        """The prose between a heading and the next one."""
        lines, found = [], False
        for number, line in self.prose:
            if line.startswith("#"):
                if found:
                    break
                found = line.lstrip("#").strip() == heading
            elif found:
                lines.append((number, line))
        assert found, f"{self.name} has no heading '{heading}'"
        return lines

    def table(self, heading):
        """The rows of all tables between a heading and the next one, as lists of cells; without the heads."""
        rows = []
        lines = self.section(heading)
        for i, (number, line) in enumerate(lines):
            if not line.startswith("|") or re.fullmatch(r"[|\- :]+", line):
                continue
            following = lines[i + 1][1] if i + 1 < len(lines) else ""
            if re.fullmatch(r"\|[|\- :]+", following):
                continue
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            rows.append((number, cells))
        return rows


PAGES = [Page(path) for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md", ROOT / "topics/README.md"]]
BY_PATH = {page.path: page for page in PAGES}
# Those that tests are about: the README, and what is in docs/.
BY_NAME = {page.path.name: page for page in PAGES if page.name == "README.md" or page.path.parent.name == "docs"}


def blocks(kind):
    return [block for page in PAGES for block in page.blocks if block.kind == kind]
