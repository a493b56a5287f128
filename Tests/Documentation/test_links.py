"""Links between pages, and to files of the repository, lead somewhere."""

import re

import pytest

from pages import BY_NAME, BY_PATH, PAGES, ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def links():
    for page in PAGES:
        for number, line in page.prose:
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"[a-z]+:", target):
                    yield page, number, target


@pytest.mark.parametrize("page, line, target", [pytest.param(*link, id=f"{link[0].name}:{link[1]} {link[2]}") for link in links()])
def test_a_link_leads_somewhere(page, line, target):
    path, _, anchor = target.partition("#")
    file = (page.path.parent / path).resolve() if path else page.path
    assert file.is_relative_to(ROOT) and file.exists(), f"{page.name}:{line}: there is no {path}"
    if anchor:
        other = BY_PATH[file]
        assert anchor in other.anchors, f"{page.name}:{line}: {other.name} has no heading #{anchor}"


def test_every_page_can_be_found_from_the_readme():
    reached = {target.partition("#")[0] for page, _, target in links() if page.name == "README.md"}
    missing = [page.name for page in PAGES if page.path.name != "README.md" and page.name not in reached]
    assert not missing, f"README.md does not mention {missing}"


def test_every_example_is_in_their_list():
    listed = {target for page, _, target in links() if page.name == "examples/README.md"}
    for path in (ROOT / "examples/topics").iterdir():
        assert f"topics/{path.name}" in listed, f"examples/README.md does not mention {path.name}"


def test_paths_of_the_repository_exist():
    """A path in backticks that begins with a folder of the repository is a file or a folder, or written by a command into one that git ignores."""
    written = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    for page in PAGES:
        for number, line in page.prose:
            for path in re.findall(r"`((?:Sources|Tests|scripts|bench|helm|topics|examples|docs|\.ci|\.github)/[\w./+-]*)`", line):
                assert path.strip("/") in written or (ROOT / path).exists(), f"{page.name}:{number}: there is no {path}"


def test_source_files_named_alone_exist():
    names = {path.name for path in [*(ROOT / "Sources").rglob("*.swift"), ROOT / "Package.swift"]}
    for page in PAGES:
        for number, line in enumerate(page.text.splitlines(), 1):
            for name in re.findall(r"(?<![\w/])([A-Z]\w*(?:\+\w+)?\.swift)\b", line):
                assert name in names, f"{page.name}:{number}: no source file is called {name}"


def test_what_the_glossary_says_appears_somewhere_does():
    """The last column names identifiers, keys, metrics and headers; each is in the sources."""
    sources = "\n".join(path.read_text() for path in (ROOT / "Sources").rglob("*.swift"))
    for number, (term, _, places) in BY_NAME["GLOSSARY.md"].table("Glossary"):
        for name in re.findall(r"`([^`]+)`", places):
            # fanfare_lag_records is made of a prefix and a name; delivery.timeout of a section and a key.
            last = re.split(r"[.:/> ]", name.rstrip(":").removesuffix(".yaml"))[-1].strip("*").removeprefix("fanfare_").removesuffix("_total")
            assert not last or re.search(rf"\b{re.escape(last)}\b", sources), f"docs/GLOSSARY.md:{number}: {term}: {name} is nowhere in the sources"


def test_the_glossary_is_in_order():
    terms = [cells[0].strip("*") for _, cells in BY_NAME["GLOSSARY.md"].table("Glossary")]
    assert terms == sorted(terms, key=str.lower) and len(set(terms)) == len(terms)
