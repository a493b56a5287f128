"""The README's way to a first delivery, step by step as it stands there, against an embedded cluster."""

import re

from harness.waiting import accepts, wait_until
from pages import blocks
from steps import Steps


def test_the_readme_leads_to_a_first_delivery(program, processes, tmp_path):
    steps = Steps(program, processes, tmp_path, ["9092", "9080"])
    port = steps.ports["9092"]
    broker = steps.starts("broker", [program, "broker", "--port", port, "--topic", "shop.orders:3", "--topic", "fanfare.retry:7"])
    wait_until(lambda: accepts(port), "the broker to listen", meanwhile=broker.check_running)
    steps.goes_through(blocks("first-delivery"))

    # The listener's line: status, a mark for the signature, path, type, webhook-id.
    listen = steps.running["listen"]
    wait_until(lambda: listen.says("order.created"), "the delivery", timeout=60, details=steps.logs)
    (line,) = [line for line in listen.log.read_text().splitlines() if "order.created" in line]
    assert re.search(r"\b200\b", line) and "/hello" in line and re.search(r"✓|\bok\b", line), line
