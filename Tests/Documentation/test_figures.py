"""The figures that GUARANTEES.md shows are those that were measured."""

import subprocess
import sys

from pages import ROOT


def test_the_page_shows_what_the_files_of_figures_say():
    run = subprocess.run([sys.executable, ROOT / "scripts/figures", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
