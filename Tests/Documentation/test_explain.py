"""What `fanfare explain` shows of a file of events is what the page shows."""

import os
import subprocess

import transcripts
from pages import blocks


def test_the_windows_and_batches_of_a_file(program, tmp_path):
    (tmp_path / "topics").mkdir()

    def run(command):
        script = f'fanfare() {{ "{program}" "$@"; }}\n{command}'
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, timeout=90)
        return (done.stdout + done.stderr).strip()

    for block in [block for block in blocks("manifest") if "file" in block.options] + blocks("explained"):
        if "file" in block.options:
            (tmp_path / block.options["file"]).write_text(block.text)
        else:
            transcripts.check(block, run)
