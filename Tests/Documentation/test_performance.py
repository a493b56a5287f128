"""The page about performance lists what the benchmark measures, and a tiny run of it works, floors in C included."""

import dataclasses
import json
import subprocess
import sys

import pytest

from pages import BY_NAME, ROOT

sys.path.append(str(ROOT / "bench"))

from cases import SECTIONS, Aim  # noqa: E402
from columns import COLUMNS, bound  # noqa: E402
from suite import judged  # noqa: E402

PAGE = BY_NAME["PERFORMANCE.md"]


def cells(heading, column=0):
    return [row[column].strip("`") for _, row in PAGE.table(heading)]


def test_the_page_lists_every_section():
    assert cells("What it measures") == [section.name for section in SECTIONS]


def test_the_page_lists_every_aim_with_its_bound():
    aims = [aim for section in SECTIONS for aim in section.aims]
    assert dict(zip(cells("Aims"), cells("Aims", 1))) == {aim.what: bound(dataclasses.asdict(aim)) for aim in aims}


def test_the_page_explains_every_column():
    assert cells("Columns") == [heading for _, heading, _ in COLUMNS]


class Unbuilt:
    """Stands for broker, topics and endpoints, so that the cases of a section can be listed without any."""

    def __getattr__(self, _):
        return self

    __call__ = __getitem__ = lambda self, *_, **__: self
    options = type("Options", (), {"events": 1000, "rounds": 1, "seconds": 1})
    events = lambda self, _: 1000  # noqa: E731


def test_an_aim_compares_cases_of_its_own_section():
    """Or it would never be measured."""
    for section in SECTIONS:
        section.topics(Unbuilt.options)
        names = [case.name for case in section.build(Unbuilt())]
        assert len(names) == len(set(names)), f"{section.name}: two cases of one name"
        for aim in section.aims:
            assert {aim.case, aim.beside} <= {*names, None}, f"{section.name}: {aim.what}"
            assert aim.figure in {figure for figure, _, _ in COLUMNS}, f"{section.name}: {aim.what} is about no column"


def test_a_ratio_is_that_of_the_same_round():
    aim = Aim("twice as fast", "a", "b", at_least=2)

    class Section:
        aims = [aim]

    rounds = [{"a": {"per_second": 30}, "b": {"per_second": 10}}, {"a": {"per_second": 10}, "b": {"per_second": 10}}, {"a": {"per_second": 10}}]
    (result,) = judged(Section, rounds)
    assert (result["lowest"], result["value"], result["highest"], result["reached"]) == (1, 2, 3, True)
    assert judged(Section, rounds[1:])[0]["reached"] is False
    assert judged(Section, rounds[2:])[0]["reached"] is None


def page(*words):
    return subprocess.run([sys.executable, ROOT / "scripts/performance-page", *words], capture_output=True, text=True)


def test_the_page_shows_the_figures_that_were_published():
    run = page("--check")
    assert run.returncode == 0, run.stderr


@pytest.mark.timeout(120)
def test_a_tiny_run_delivers_every_event_through_fanfare_and_the_floors(program, tmp_path):
    floors = ["C, hand-written, 1 KiB", "C, libcurl, 1 KiB"]
    mine = "fanfare, binary, 1 KiB"
    found = tmp_path / "suite.json"
    run = subprocess.run(
        [sys.executable, ROOT / "bench/suite.py", "--program", program, "--only", "delivery", "--cases", *floors, mine,
         "--events", "2000", "--rounds", "1", "--seconds", "30", "--save", found], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    section = json.loads(found.read_text())["sections"]["delivery"]
    rows = {row["case"]: row for row in section["rows"]}
    assert {name: row["delivered"] for name, row in rows.items()} == dict.fromkeys([*floors, mine], 2000)
    measured = {aim["beside"]: aim["value"] for aim in section["aims"] if aim["value"] is not None}
    assert measured == {floor: rows[mine]["per_second"] / rows[floor]["per_second"] for floor in floors}
    assert mine in run.stdout and "aims reached" in run.stdout
    shown = page("--show", found).stdout
    assert f"| {mine} | {rows[mine]['per_second']:,.0f} |" in shown and shown.count("| C, libcurl, 1 KiB |") == 1, shown
