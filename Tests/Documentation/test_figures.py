"""The figures that pages show are those that were measured."""

import json
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


def test_the_sizes_for_kubernetes_are_those_that_were_measured():
    """The most of all cases that a row of the table stands for."""
    rows = json.loads((ROOT / "docs/figures/memory.json").read_text())["rows"]
    loaded = {row["case"]: row["peak_mib"] for row in rows if row["subscriptions"] == 1000 and row["events"] > 0}
    assert all(row["bound_mib"] == 64 for row in rows)
    answering, batches = [loaded.pop("answering"), loaded.pop("one topic, filters")], loaded.pop("batches of 100")
    large_answering = loaded.pop("64 KiB, answering")
    large = [loaded.pop(case) for case in list(loaded) if case.startswith("64 KiB")]
    wanted = [max(answering), max(loaded.values()), batches, large_answering, max(large)]
    shown = re.findall(r"^  \| .* \| (\d+) MiB \|$", BY_NAME["KUBERNETES.md"].text, re.MULTILINE)
    assert shown == [f"{size:.0f}" for size in wanted]
    chart = 256 - 64 + max(loaded.values())
    assert f"it makes {chart:.0f} MiB for the chart's 256 MiB" in BY_NAME["KUBERNETES.md"].text
