"""The figures that pages show are those that were measured."""

import re
import subprocess
import sys

from pages import BY_NAME, ROOT


def test_the_page_shows_what_the_files_of_figures_say():
    run = subprocess.run([sys.executable, ROOT / "scripts/figures", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_readme_shows_no_other_figures():
    measured = "".join(line for name in ("GUARANTEES.md", "FILTERS.md") for _, line in BY_NAME[name].section("Last measured"))
    measured = set(re.findall(r"\d[\d,.]*\d|\d", measured))
    lines = [(number, line) for number, line in BY_NAME["README.md"].section("What is different") if not line.startswith("Measured here")]
    shown = [(number, figure) for number, line in lines for figure in re.findall(r"\d[\d,.]*\d|\d", re.sub(r"`[^`]*`|\(99th percentile\)", "", line))]
    assert len(shown) > 20
    for number, figure in shown:
        assert figure in measured, f"README.md:{number}: {figure} was not measured; docs/GUARANTEES.md and docs/FILTERS.md have what was"
