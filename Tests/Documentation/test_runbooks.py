"""What the runbooks show is what comes: each is played through, with its commands as they stand there."""

import pytest
import yaml

import stories
import transcripts
from harness.fixtures import world  # noqa: F401
from pages import BY_NAME, PAGES, blocks

STORIES = {name.replace("_", "-"): story for name, story in vars(stories).items() if getattr(story, "is_story", False)}


@pytest.mark.parametrize("name", STORIES)
def test_a_runbook_is_true(name, world, program):  # noqa: F811
    def run(command):
        config = yaml.safe_load((world.folder / "fanfare.yaml").read_text())
        return transcripts.run(command, world.folder, program, config["ops"]["listen"])

    story = STORIES[name](world)
    for block in blocks(name):
        next(story)
        transcripts.check(block, run)
    assert next(story, "the end") == "the end", f"{name}: the story goes on behind the last block"


def test_every_alert_leads_to_a_runbook():
    for number, cells in BY_NAME["OPERATIONS.md"].table("What to alert on"):
        assert "](RUNBOOKS.md#" in cells[-1], f"docs/OPERATIONS.md:{number}: {cells[0]} leads nowhere"


def test_every_transcript_has_a_story():
    console = [block for page in PAGES for block in page.blocks if block.language == "console" and block.kind != "explained"]
    assert console and all(block.kind in STORIES for block in console), [block for block in console if block.kind not in STORIES]
