"""FILTERS.md is what the program's catalog of filters says, every example run through `fanfare explain`."""

import subprocess
import sys

from pages import BY_NAME, ROOT


def test_the_page_is_what_the_program_says_of_its_filters(program):
    run = subprocess.run([sys.executable, ROOT / "scripts/filters-page", "--program", program, "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_kind_of_filter_has_examples_that_match_and_that_do_not(program):
    text = BY_NAME["FILTERS.md"].text
    for kind in ("exact", "prefix", "suffix", "all", "any", "not", "pattern", "sql"):
        section = text.partition(f"### `{kind}`\n")[2].partition("\n##")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        verdicts = [row.rsplit("|", 2)[1].strip() for row in rows]
        assert "matches" in verdicts and any(verdict != "matches" for verdict in verdicts), kind
