"""Metrics that the documentation names exist, and every metric is documented in docs/OPERATIONS.md."""

import re
import urllib.request

import pytest

from harness.process import Process, stop_all
from harness.waiting import accepts, free_port, wait_until
from pages import BY_NAME, PAGES


@pytest.fixture(scope="module")
def exported(program, tmp_path_factory):
    """Name to type, from a bridge that waits for its cluster: what it measures it says from the first moment."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "topics").mkdir()
    (folder / "topics" / "orders.yaml").write_text(
        "topic: shop.orders\nsubscriptions: { billing: { endpoint: 'https://billing.example.com/', signing: none } }\n")
    port = free_port()
    serve = Process("the bridge", [program, "serve", "--topics", folder / "topics", "--bootstrap-servers", f"127.0.0.1:{free_port()}",
                                   "--set", f"ops.listen=127.0.0.1:{port}"], folder / "serve.log")
    try:
        wait_until(lambda: accepts(port), "the ops server to listen", details=serve.tail, meanwhile=serve.check_running)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        stop_all([serve])
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert len(types) > 20, text
    return types


def test_metrics_named_in_the_docs_exist(exported):
    for page in PAGES:
        for number, line in enumerate(page.text.splitlines(), 1):
            for name in re.findall(r"\bfanfare_[a-z_]+[a-z]\b", line):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                assert name in exported or exported.get(base) == "histogram", f"{page.name}:{number}: there is no metric {name}"


def test_every_metric_is_documented_with_its_type(exported):
    documented = {}
    for _, cells in BY_NAME["OPERATIONS.md"].table("Metrics"):
        documented[cells[0].strip("`").partition("{")[0]] = cells[1]
    assert set(documented) == set(exported), (
        f"missing: {sorted(set(exported) - set(documented))}; too many: {sorted(set(documented) - set(exported))}")
    wrong = {name: kind for name, kind in documented.items() if kind != exported[name]}
    assert not wrong, f"the types differ: {wrong}"
