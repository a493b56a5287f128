"""The alerts: each fires on its case and is silent beside it; the documentation and the chart have the same ones."""

import re
import subprocess

import pytest
import yaml

from chart import CHART, REQUIRED, ROOT, with_required

PROMTOOL = ROOT / ".tools/prometheus/usr/bin/promtool"
FILE = CHART / "rules/fanfare.yaml"
RULES = {rule["alert"]: rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]}
READY = {'fanfare_ready{job="bridge",instance="a"}': "1x150"}
HURT = {"job": "bridge", "subscription": "hurt"}


def of_two(metric, hurt, healthy, **labels):
    """A metric of two subscriptions, one of which is in trouble; promtool's notation, a sample each minute."""
    more = "".join(f',{name}="{value}"' for name, value in labels.items())
    return {f'{metric}{{job="bridge",instance="a",subscription="{name}"{more}}}': values
            for name, values in {"hurt": hurt, "healthy": healthy}.items()}


# The series; the minute by which the alert fires; the only labels that it fires for. At the minute before `after` it is silent.
CASES = {
    # A probe under way shows 1: the alert does not begin anew. Ten minutes of it are an outage, nine are none.
    "FanfareEndpointDown": (of_two("fanfare_circuit_state", "0x4 2 2 1 2 2 1 2x60", "0x4 2x9 0x60"), 15, 14, HURT),
    "FanfareEndpointSuspended": (of_two("fanfare_suspended", "0x4 1x60", "0x60"), 7, 5, HURT),
    # One replica is enough: a file is missing there. Four minutes are a file that is replaced.
    "FanfareSubscriptionsRefused": ({'fanfare_subscriptions_refused{job="bridge",instance="a"}': "0x4 1x60",
                                     'fanfare_subscriptions_refused{job="bridge",instance="b"}': "0x60",
                                     'fanfare_subscriptions_refused{job="other",instance="c"}': "0x4 1x3 0x60"}, 11, 9, {"job": "bridge"}),
    # Healthy: it is behind for an hour, and gains.
    "FanfareLagGrowing": (of_two("fanfare_lag_records", "1000+10x120", "5000-10x120", topic="orders", partition="0"), 70, 50, HURT),
    "FanfareRetentionEnding": (of_two("fanfare_retention_remaining_ratio", "0.21x4 0.19x60", "0.21x60"), 7, 5, HURT),
    "FanfareRetentionNearlyOver": (of_two("fanfare_retention_remaining_ratio", "0.06x4 0.04x60", "0.06x60"), 6, 4, HURT),
    # A counter that begins anew with its process is no loss.
    "FanfareRecordsLost": (of_two("fanfare_records_lost_total", "0x4 3x60", "7x4 0x60"), 6, 4, HURT),
    "FanfareRetriesLost": ({'fanfare_retries_lost_total{job="bridge"}': "0x4 3x60", 'fanfare_retries_lost_total{job="other"}': "3x60"}, 6, 4,
                           {"job": "bridge"}),
    "FanfareDeadLetters": (of_two("fanfare_dead_letters_total", "0x4 3x60", "7x60", kind="http"), 6, 4, {**HURT, "kind": "http"}),
    # Healthy: commits that are acknowledged, and one that failed once.
    "FanfareCommitsFailing": ({'fanfare_commits_total{job="bridge",result="failed"}': "0x4 0+1x60",
                               'fanfare_commits_total{job="bridge",result="acknowledged"}': "0+9x60",
                               'fanfare_commits_total{job="other",result="failed"}': "0x8 1x60",
                               'fanfare_commits_total{job="other",result="acknowledged"}': "0+9x60"}, 12, 8, {"job": "bridge"}),
    "FanfareDiversionsRefused": (of_two("fanfare_diversions_refused_total", "0x4 0+2x60", "0x4 1x60"), 13, 9, HURT),
    "FanfareNotReady": ({'fanfare_ready{job="bridge",instance="a"}': "1x4 0x60", 'fanfare_ready{job="bridge",instance="b"}': "1x4 0x4 1x60"}, 11, 9,
                        {"job": "bridge", "instance": "a"}),
    "FanfareAbsent": ({'fanfare_ready{job="bridge",instance="a"}': "1x4 stale _x60", 'fanfare_ready{job="bridge",instance="b"}': "1x8 stale"}, 20, 18, {}),
    # Seconds since 1970, which is when promtool's time begins.
    "FanfareCertificateEnding": (of_two("fanfare_certificate_expiry_timestamp_seconds", f"{14 * 86400 + 300}x60", f"{15 * 86400}x60"), 8, 5, HURT),
    "FanfareDuplicatesPossible": (of_two("fanfare_duplicates_possible_total", "0x4 3x60", "3x60"), 6, 4, HURT),
}


def promtool(*words):
    return subprocess.run([str(word) for word in (PROMTOOL, *words)], capture_output=True, text=True)


def alert(name, labels):
    """How promtool wants a firing alert: every label, every annotation."""
    rule = RULES[name]
    annotations = {key: re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels[match[1]], text) for key, text in rule["annotations"].items()}
    return {"exp_labels": {**labels, **rule["labels"]}, "exp_annotations": annotations}


def case(name):
    series, fires, silent, labels = CASES[name]
    # None but this alert: a bridge that hurts one way would not wake people for another.
    series = series if name in ("FanfareNotReady", "FanfareAbsent") else {**series, **READY}
    at = [{"eval_time": f"{fires}m", "alertname": name, "exp_alerts": [alert(name, labels)]},
          {"eval_time": f"{silent}m", "alertname": name, "exp_alerts": []}]
    others = [{"eval_time": f"{fires}m", "alertname": other, "exp_alerts": []}
              for other in RULES if other != name and {name, other} != {"FanfareRetentionEnding", "FanfareRetentionNearlyOver"}]
    return {"interval": "1m", "input_series": [{"series": s, "values": v} for s, v in series.items()], "alert_rule_test": at + others}


def judged(tmp_path, tests, rules=FILE):
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
    return promtool("test", "rules", file)


def test_the_rules_are_valid():
    done = promtool("check", "rules", FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_on_its_case_and_on_nothing_beside_it(tmp_path):
    assert CASES.keys() == RULES.keys()
    done = judged(tmp_path, [case(name) for name in RULES])
    assert done.returncode == 0, (done.stdout + done.stderr)[:4000]


@pytest.mark.parametrize("name", RULES)
def test_the_cases_notice_a_rule_that_never_fires(tmp_path, name):
    broken = tmp_path / "broken.yaml"
    broken.write_text(FILE.read_text().replace(f"alert: {name}\n", "alert: Other\n"))
    assert judged(tmp_path, [case(name)], broken).returncode != 0


def test_the_documentation_lists_the_rules():
    page = (ROOT / "docs/OPERATIONS.md").read_text().partition("## What to alert on")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    documented = {row[0].strip("`"): (row[1].strip("`"), row[2], row[3], re.search(r"\((RUNBOOKS\.md#[\w-]+)\)", row[4])[1]) for row in rows}
    assert documented == {
        name: (" ".join(rule["expr"].split()), rule["for"], rule["labels"]["severity"], rule["annotations"]["runbook_url"].removeprefix("docs/"))
        for name, rule in RULES.items()}
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/RUNBOOKS.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert {row[3].partition("#")[2] for row in documented.values()} <= anchors


def test_the_operator_gets_the_same_rules(helm, tmp_path):
    assert "PrometheusRule" not in helm.renders(REQUIRED).kinds()
    spec = helm.renders(with_required(prometheusRule={"enabled": True})).the("PrometheusRule")["spec"]
    assert spec == yaml.safe_load(FILE.read_text())


def test_the_values_change_rules_one_by_one(helm, tmp_path):
    rendered = helm.renders(with_required(prometheusRule={
        "enabled": True, "labels": {"release": "prometheus"}, "alertLabels": {"team": "events"}, "runbookBase": "https://git.example.com/fanfare/",
        "rules": {"FanfareLagGrowing": {"enabled": False}, "FanfareEndpointDown": {"for": "1h", "severity": "info", "labels": {"team": "web"}},
                  "FanfareNotReady": {"expr": "fanfare_ready < 1"}}}))
    rule = rendered.the("PrometheusRule")
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    rules = {one["alert"]: one for group in rule["spec"]["groups"] for one in group["rules"]}
    assert RULES.keys() - rules.keys() == {"FanfareLagGrowing"}
    down = rules["FanfareEndpointDown"]
    assert (down["for"], down["labels"]) == ("1h", {"severity": "info", "team": "web"})
    assert down["expr"] == RULES["FanfareEndpointDown"]["expr"]
    assert rules["FanfareAbsent"]["labels"] == {"severity": "critical", "team": "events"}
    assert rules["FanfareNotReady"]["expr"] == "fanfare_ready < 1"
    assert down["annotations"]["runbook_url"] == "https://git.example.com/fanfare/docs/RUNBOOKS.md#an-endpoint-is-down"
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rule["spec"]))
    assert promtool("check", "rules", file).returncode == 0


def test_an_alert_that_does_not_exist_is_refused(helm):
    assert "FanfareEndpointsDown" in helm.refuses(with_required(prometheusRule={"rules": {"FanfareEndpointsDown": {"enabled": False}}}))
