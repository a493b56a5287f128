"""`fanfare demo` and `fanfare listen`: what a newcomer tries first."""

import json
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from harness.demo import interrupted_demo
from harness.process import environment
from harness.waiting import PATIENCE, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]


def runs(program, *words, timeout=90):
    result = subprocess.run(
        [program, *map(str, words)], cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=timeout * PATIENCE)
    return result.returncode, result.stdout, result.stderr


def books(output):
    """The closing balance: a row of figures per subscription."""
    rows = {}
    for line in output.partition("SUBSCRIPTION")[2].splitlines()[1:]:
        words = line.split()
        if len(words) < 8:
            break
        rows[words[0]] = dict(zip(
            ["produced", "filtered", "delivered", "dead", "waiting", "retries", "twice"], (int(w.replace(",", "")) for w in words[1:])))
    return rows


def test_the_demo_shows_deliveries_retries_a_dead_letter_and_books_that_balance(program):
    status, output, errors = runs(program, "demo", "--duration", f"{15 * max(1, PATIENCE / 3):g}s")
    assert status == 0, output + errors
    assert "\x1b" not in output, "no control sequences in a pipe"
    rows = books(output)
    assert set(rows) == {"billing", "search-index", "flaky-partner", "audit", "ledger", "legacy-down"}
    for name, row in rows.items():
        assert row["produced"] == row["filtered"] + row["delivered"] + row["dead"] + row["waiting"], name
        assert row["delivered"] > 0, name
        assert row["twice"] == 0, name
    assert rows["flaky-partner"]["retries"] > 0
    assert rows["flaky-partner"]["dead"] > 0
    assert "flaky-partner" in output and "422" in output, "a dead letter with its reason"
    assert rows["audit"]["filtered"] == 0 and rows["billing"]["filtered"] > 0
    assert re.search(r"legacy-down +circuit open \(", output), "the outage shows"
    assert "The books balance" in output
    assert errors == "", "nothing goes wrong but what is meant to"


def test_an_interrupted_demo_closes_its_books(program):
    status, output, errors = interrupted_demo(program, ROOT)
    assert status == 0, output + errors
    assert "The books balance" in output


def test_the_demo_says_where_manifests_could_be(program, tmp_path):
    result = subprocess.run([program, "demo"], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30 * PATIENCE)
    assert result.returncode == 1
    assert "topics" in result.stderr and "--topics" in result.stderr


def test_the_demo_sends_nothing_to_endpoints_that_are_not_its_own(program, tmp_path):
    (tmp_path / "real.yaml").write_text(
        "topic: shop.orders\nsubscriptions:\n  real:\n    endpoint: https://shop.example.com/hooks\n    signing: none\n")
    status, output, errors = runs(program, "demo", "--topics", tmp_path)
    assert status == 1 and "DEMO_RECEIVER" in errors


def post(url, headers={}):
    """The status of the answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=b"{}", headers=headers, method="POST"), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class Listening:
    def __init__(self, program, *words):
        self.popen = subprocess.Popen(
            [program, "listen", "--output", "json", *map(str, words)], env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.line()["listening"]

    def line(self):
        text = self.popen.stdout.readline()
        assert text, self.popen.stderr.read()
        return json.loads(text)

    def ends(self):
        self.popen.send_signal(signal.SIGINT)
        output, _ = self.popen.communicate(timeout=30 * PATIENCE)
        return self.popen.returncode, json.loads(output.splitlines()[-1])


@pytest.fixture
def listening(program):
    started = []

    def start(*words):
        started.append(Listening(program, *words))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.popen.kill()
            one.popen.wait()


def test_listen_tells_each_delivery_and_a_summary(listening):
    listen = listening("--port", 0)
    assert post(f"{listen.url}/hooks", {"webhook-id": "a-1", "fanfare-attempt": "2"}) == 200
    line = listen.line()
    assert (line["path"], line["id"], line["attempt"], line["status"], line["signature"]) == ("/hooks", "a-1", 2, 200, "none")
    status, last = listen.ends()
    assert status == 0
    assert last["summary"][0]["path"] == "/hooks" and last["summary"][0]["requests"] == 1


def test_listen_misbehaves_on_demand(listening):
    listen = listening("--port", 0, "--fail", "100%")
    assert post(listen.url) == 503
    listen = listening("--port", 0, "--status", 418, "--delay", "50ms")
    assert post(listen.url) == 418


def test_listen_says_that_its_port_is_taken(program, listening):
    port = free_port()
    listening("--port", port)
    status, _, errors = runs(program, "listen", "--port", port)
    assert status == 1
    assert f"127.0.0.1:{port}" in errors and "already" in errors


@pytest.mark.parametrize("words", [["--fail", "2"], ["--delay", "5"], ["--status", "999"], ["--secret", "whsec_short"]])
def test_listen_refuses_what_makes_no_sense(program, words):
    status, _, errors = runs(program, "listen", *words)
    assert status == 64
    assert (words[1] if words[0] != "--secret" else "secret") in errors and "whsec_short" not in errors
