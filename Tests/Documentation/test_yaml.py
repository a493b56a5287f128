"""Every YAML block of the documentation is something that `fanfare check` takes."""

import re
import secrets
import subprocess
import textwrap

import pytest
import yaml

from harness.process import environment
from pages import PAGES, ROOT

# What a block is, and how it becomes a whole file.
KINDS = {"config", "manifest", "subscription", "topic", "first-delivery", "tutorial", "values", "not-fanfare"}
SUBSCRIPTION = {"endpoint": "https://billing.example.com/hooks/orders", "signing": "none"}
SECRET = "whsec_" + "A" * 43 + "="

yaml_blocks = [block for page in PAGES for block in page.blocks if block.language in ("yaml", "yml")]


def check(program, folder, expect=0, variables={}):
    done = subprocess.run([program, "check"], cwd=folder, capture_output=True, text=True, env={**environment(), **variables})
    assert done.returncode == expect, f"fanfare check ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def indented(text, width):
    return textwrap.indent(text, " " * width)


def whole(block):
    """(fanfare.yaml, manifest) as texts. Put together as text: YAML libraries differ about words such as `on`."""
    config = block.text if block.kind == "config" else "{}\n"
    if block.kind == "manifest":
        return config, block.text
    manifest = "topic: shop.orders\n" + (block.text if block.kind == "topic" else "") + "subscriptions:\n  billing:\n"
    own = block.text if block.kind == "subscription" else ""
    for key, value in SUBSCRIPTION.items():
        if not re.search(rf"^{key}:", own, re.MULTILINE):
            manifest += f"    {key}: {value}\n"
    return config, manifest + indented(own, 4)


@pytest.mark.parametrize("block", yaml_blocks, ids=repr)
def test_a_yaml_block_says_what_it_is(block):
    assert block.kind in KINDS, f"{block}: give the block a comment <!-- test: KIND -->, with one of {sorted(KINDS)}"
    yaml.safe_load(block.text)


@pytest.mark.parametrize("block", [b for b in yaml_blocks if b.kind in ("config", "manifest", "subscription", "topic")], ids=repr)
def test_check_takes_a_yaml_block(program, tmp_path, block):
    config, manifest = whole(block)
    (tmp_path / "topics").mkdir()
    # Files that the block names, made up where they have to exist.
    made = tmp_path / "made"
    made.mkdir()

    def stand_in(match):
        file = made / re.sub(r"\W", "-", match[0])
        if match[0].endswith(".key"):
            subprocess.run([program, "keys", "new", "--kind", "ed25519", "--out", file], check=True, capture_output=True, env=environment())
        else:
            # Tokens of the ops API must differ.
            file.write_text((secrets.token_hex(32) if match[0].endswith("-token") else SECRET) + "\n")
            file.chmod(0o755)       # some are programs
        return str(file)

    place = r"/etc/fanfare/[\w./-]+"
    variables = {name: "value" for name in re.findall(r"\$\{([A-Z_]+)\}", config + manifest)}
    config, text = (re.sub(place, stand_in, text) for text in (config, manifest))
    (tmp_path / "fanfare.yaml").write_text(config)
    for name in re.findall(r"(?:schema|example): ([\w./-]+\.json)", text):
        (tmp_path / "topics" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "topics" / name).write_text("{}")
    (tmp_path / "topics" / "orders.yaml").write_text(text)
    printed = check(program, tmp_path, variables=variables)
    # A page that shows how to do it shows how to do it without warnings.
    assert "warning:" not in printed or "warns" in block.flags, printed


def test_make_check_finds_nothing_wrong_with_the_manifests_of_the_demo(program):
    done = subprocess.run(["make", "--old-file=build", "check", f"FANFARE={program}"], cwd=ROOT, capture_output=True, text=True, env=environment())
    assert done.stdout.startswith("ok: 2 topics") and "0 warnings" in done.stdout, done.stdout + done.stderr
