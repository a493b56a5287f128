"""The README's way to a first delivery, step by step as it stands there, against an embedded cluster."""

import os
import re
import subprocess

import pytest

from harness.process import Process, environment
from harness.waiting import accepts, free_port, wait_until
from pages import blocks

STEPS = blocks("first-delivery")


def needed_commands():
    return {word for block in STEPS for word in re.findall(r"\bfanfare ([a-z]+)", block.text)}


def test_the_readme_leads_to_a_first_delivery(program, commands, processes, tmp_path):
    missing = needed_commands() - commands
    if missing:
        pytest.skip(f"this program has no {', '.join(sorted(missing))} yet")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "fanfare").symlink_to(program)
    home = tmp_path / "home"
    home.mkdir()
    ports = {"9092": free_port(), "9080": free_port()}
    ops = free_port()
    variables = {**environment(), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "FANFARE_OPS_LISTEN": f"127.0.0.1:{ops}"}

    def here(text):
        """The same with ports of our own."""
        for usual, port in ports.items():
            text = re.sub(rf"\b{usual}\b", str(port), text)
        return text

    def start(name, command):
        process = Process(name, command, tmp_path / f"{name}.log")
        processes.append(process)
        return process

    start("broker", [program, "broker", "--port", ports["9092"], "--topic", "shop.orders:3", "--topic", "fanfare.retry:7"])
    wait_until(lambda: accepts(ports["9092"]), "the broker to listen", meanwhile=processes[0].check_running)
    said = {}
    for block in STEPS:
        if "file" in block.options:
            (home / block.options["file"]).write_text(here(block.text))
        elif "stays" in block.options:
            name = block.options["stays"]
            script = f"cd '{home}'; export PATH='{variables['PATH']}' FANFARE_OPS_LISTEN={variables['FANFARE_OPS_LISTEN']}\nexec {here(block.text)}"
            said[name] = start(name, ["bash", "-c", script])
            port = ports["9080"] if name == "listen" else ops
            wait_until(lambda: accepts(port), f"{name} to listen", details=said[name].tail, meanwhile=said[name].check_running)
        else:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", here(block.text)], cwd=home, env=variables, capture_output=True, text=True, timeout=90)
            if "embedded-cannot" in block.flags and done.returncode == 1:
                assert "admin API" in done.stderr, done.stderr
                continue
            assert done.returncode == 0, f"{block}: ended with {done.returncode}\n{done.stdout}{done.stderr}"

    def logs():
        return "\n".join(f"--- {name}\n{process.tail()}" for name, process in said.items())

    # The listener's line: status, a mark for the signature, path, type, webhook-id.
    wait_until(lambda: said["listen"].says("order.created"), "the delivery", timeout=60, details=logs)
    (line,) = [line for line in said["listen"].log.read_text().splitlines() if "order.created" in line]
    assert re.search(r"\b200\b", line) and "/hello" in line and re.search(r"✓|\bok\b", line), line
