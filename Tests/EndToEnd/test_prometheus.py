"""A real Prometheus: its linter, its scrapes, the alerts and what the dashboards ask."""

import json
import math
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

from harness.fixtures import ROOT
from harness.process import Process
from harness.waiting import free_port

TOOLS = ROOT / ".tools/prometheus/usr/bin"
RULES = ROOT / "helm/fanfare/rules/fanfare.yaml"
DASHBOARDS = sorted((ROOT / "helm/fanfare/dashboards").glob("*.json"))

# Metrics without a sample here, and why. That there is none is checked too.
ABSENT = {
    "fanfare_retention_remaining_seconds": "the embedded cluster does not show its settings",
    "fanfare_retention_remaining_ratio": "the same",
    "fanfare_certificate_expiry_timestamp_seconds": "no subscription here has a client certificate",
}


class Prometheus:
    def __init__(self, world, targets):
        self.world = world
        self.port = free_port()
        folder = world.folder / "prometheus"
        folder.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "fanfare", "static_configs": [{"targets": targets}]}],
        }))
        self.process = world.started(Process(
            "prometheus",
            [TOOLS / "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}",
             "--web.console.libraries=/nowhere", "--web.console.templates=/nowhere"],
            world.folder / "prometheus.log"))

    def get(self, path, **query):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def has(self, expression):
        """Whether the answer holds a number; a quotient or a quantile of nothing is none."""
        return any(not math.isnan(float(one["value"][1])) for one in self.get("query", query=expression)["result"])

    def value(self, expression):
        """Of an expression with one result; None while there is none."""
        try:
            result = self.get("query", query=expression)["result"]
        except OSError:
            return None
        assert len(result) < 2, result
        return float(result[0]["value"][1]) if result else None


@pytest.fixture
def scraped(world):
    world.configure(kafka={
        "bootstrapServers": world.kafka.properties["bootstrap.servers"],
        "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "statistics.interval.ms": 500}})
    orders = world.topic("shop.orders", partitions=2)
    fast = world.endpoint("fast")
    orders.subscribe("fast", fast, owner='team "quotes" \\ and\nlines')
    orders.subscribe("refuses", world.endpoint("refuses", status=400))
    orders.subscribe("down", world.endpoint_where_nothing_listens("down"))
    bridge = world.bridge().starts()
    orders.publish(40)
    fast.has_taken(40)
    bridge.shows("fanfare_dead_letters_total", 40, subscription="refuses", kind="http")
    return bridge


def test_the_linter_has_nothing_to_say(scraped):
    page = scraped.get("/metrics")[1]
    linted = subprocess.run([TOOLS / "promtool", "check", "metrics"], input=page.encode(), capture_output=True)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, b"", b"")
    wrong = subprocess.run([TOOLS / "promtool", "check", "metrics"], input=b"fanfareWrong 1\n", capture_output=True)
    assert wrong.returncode != 0


def test_prometheus_scrapes_a_bridge_and_can_ask_what_the_documentation_says(world, scraped):
    prometheus = Prometheus(world, [scraped.ops.removeprefix("http://")])
    world.wait_until(lambda: prometheus.value('fanfare_deliveries_total{subscription="fast"}') == 40, "a scrape")
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert prometheus.value('sum(fanfare_dead_letters_total{subscription="refuses"})') == 40
    owned = prometheus.get("query", query="fanfare_deliveries_total * on(subscription) group_left(owner) fanfare_subscription_info")["result"]
    assert {one["metric"]["subscription"]: one["metric"].get("owner") for one in owned}["fast"] == 'team "quotes" \\ and\nlines'
    assert prometheus.value('sum(fanfare_attempt_duration_seconds_bucket{subscription="fast",le="+Inf"})') == 40

    # librdkafka's own figures.
    for client in ["consumer", "producer"]:
        world.wait_until(lambda: prometheus.value(f'sum(fanfare_kafka_requests_total{{client="{client}"}})') or 0, f"requests of a {client}")
        assert prometheus.value(f'sum(fanfare_kafka_connections{{client="{client}"}})') >= 1
    world.wait_until(lambda: prometheus.value('max(fanfare_kafka_round_trip_seconds{client="consumer"})'), "round trips")
    assert prometheus.value("sum(fanfare_kafka_request_failures_total)") == 0

    # Something has to change between two scrapes.
    world.topics["shop.orders"].publish(8)
    for query in [*asked_by_dashboards(), *seen_by_alerts()]:
        if any(name in query for name in ABSENT):
            assert not prometheus.has(query), f"this is no exception: {query}"
        else:
            world.wait_until(lambda: prometheus.has(query), f"data for {query}", every=0.2)
    assert not any(prometheus.has(name) for name in ABSENT)

    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == len(re.findall("alert: ", RULES.read_text())) and {rule["health"] for rule in rules} == {"ok"}
    (down,) = [rule for rule in rules if rule["name"] == "FanfareEndpointDown"]
    assert [(alert["labels"]["subscription"], alert["state"]) for alert in down["alerts"]] == [("down", "pending")]


def asked_by_dashboards():
    """Every query of every panel, as Grafana would fill it in. This Prometheus lives for seconds, so it looks by the second."""
    assert len(DASHBOARDS) == 3
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        assert dashboard["panels"]
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "1m").replace(":1m]", ":1s]")
                for variable in dashboard["templating"]["list"]:
                    query = query.replace("$" + variable["name"], variable.get("allValue", ""))
                assert "$" not in query, query
                yield query


def seen_by_alerts():
    """What the rules look at: whether they fire rightly, promtool tests (Tests/HelmTests/test_alerts.py)."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    return sorted({selector for rule in rules for selector in re.findall(r"fanfare_\w+(?:\{[^}]*\})?", rule["expr"])})
