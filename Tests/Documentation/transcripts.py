"""Blocks that show commands and what came of them:

    <!-- test: suspended -->
    ```console
    $ fanfare resume billing --as alice
    billing is running: 1 replica has taken it
    ```

They are run again in a world in which that is so (`stories.py`), and the same must come, but for times, fractions, ports and
names of machines. With FANFARE_RECORD=1 what comes is written into the page instead: `FANFARE_RECORD=1 make test-docs
ARGS='-k runbook'`.
"""

import os
import re
import subprocess
import time

from harness.process import environment
from pages import Page

LOOKS = 10
RECORD = bool(os.environ.get("FANFARE_RECORD"))

# The bridge's ops address, and its log, as the pages call them.
OPS = "localhost:8080"
MAY_DIFFER = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"(?<=fanfare@)[\w.-]+", "MACHINE"),
    (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
    (r"\d+\.\d+(e-?\d+)?(?!\.)", "FRACTION"),
    # Columns are as wide as what stands in them.
    (r"[ \t]+", " "),
]


def split(text):
    """(command, output) pairs."""
    pairs = []
    for line in text.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], []))
        else:
            pairs[-1][1].append(line)
    return [(command, "\n".join(output).strip()) for command, output in pairs]


def alike(text):
    for pattern, word in MAY_DIFFER:
        text = re.sub(pattern, word, text)
    return [line.strip() for line in text.strip().splitlines()]


def run(command, folder, program, ops):
    """In the folder with fanfare.yaml and fanfare.log; what would be seen on a terminal."""
    script = f'fanfare() {{ "{program}" "$@"; }}\n' + command.replace(OPS, ops)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90, env=environment())
    return done.stdout.replace(f"{folder}/", "").strip()


def check(block, run):
    """Runs the block's commands in turn. Whoever only looks may look again: a probe may be out at that moment."""
    if RECORD:
        return _write(block, [(command, run(command)) for command, _ in split(block.text)])
    for command, shown in split(block.text):
        for _ in range(LOOKS if command.startswith("curl -s ") else 1):
            output = run(command)
            if alike(output) == alike(shown):
                break
            time.sleep(0.5)
        else:
            raise AssertionError(f"{block}: `{command}` says:\n{output}")


def _write(block, came):
    text = "\n".join(f"$ {command}\n{output}".strip() for command, output in came)
    text = re.sub(r"(?<=fanfare@)[\w.-]+", "fanfare-0", text)
    text = re.sub(r"(?<=127\.0\.0\.1:)\d+", "9080", text)
    text = re.sub(r" +$", "", text, flags=re.MULTILINE)
    # Blocks that were written before have moved those behind them.
    path = block.page.path
    mine = [b for b in block.page.blocks if b.kind == block.kind].index(block)
    now = [b for b in Page(path).blocks if b.kind == block.kind][mine]
    lines = path.read_text().splitlines()
    lines[now.line:now.line + len(now.text.splitlines())] = text.splitlines()
    path.write_text("\n".join(lines) + "\n")
