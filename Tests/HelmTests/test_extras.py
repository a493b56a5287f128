"""What the chart can add to the bridge: scaling, fences, scrapes, dashboards, hooks."""

import http.server
import ipaddress
import json
import re
import subprocess
import threading

import pytest

from chart import CHART, REQUIRED, ROOT, program, with_required
from test_chart import SETS

FENCED = SETS["scaled, watched and fenced"]


def test_a_scaler_decides_how_many_replicas_there_are(helm):
    for name, kind in ("scaled, watched and fenced", "HorizontalPodAutoscaler"), ("scaled by lag", "ScaledObject"):
        rendered = helm.renders(SETS[name])
        workload = rendered.workload
        target = rendered.the(kind)["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == (workload["kind"], workload["metadata"]["name"])
        assert "replicas" not in workload["spec"]
    assert helm.renders(REQUIRED).workload["spec"]["replicas"] == 2


def test_keda_watches_the_cursors_of_each_subscription(helm):
    triggers = helm.renders(SETS["scaled by lag"]).the("ScaledObject")["spec"]["triggers"]
    asked = {(t["metadata"]["consumerGroup"], t["metadata"]["topic"], t["metadata"]["lagThreshold"]) for t in triggers}
    assert asked == {("fanfare.billing", "shop.orders", "1000"), ("fanfare.search", "shop.customers", "50")}
    for trigger in triggers:
        assert trigger["authenticationRef"] == {"name": "kafka"}
        assert trigger["metadata"].items() >= {"allowIdleConsumers": "false", "excludePersistentLag": "true", "sasl": "scram_sha512"}.items()
    # Names that YAML would take for numbers stay texts.
    numbers = with_required(config={"group": "7"}, keda={"enabled": True}, topics={"n": {"topic": "2026", "subscriptions": {"5": {}}}})
    (only,) = helm.renders(numbers).the("ScaledObject")["spec"]["triggers"]
    assert (only["metadata"]["consumerGroup"], only["metadata"]["topic"]) == ("7.5", "2026")
    disabled = with_required(config={"group": "events"}, keda={"enabled": True}, topics={
        "orders": {"topic": "shop.orders", "subscriptions": {"a": {"enabled": False}, "b": {}}}})
    (only,) = helm.renders(disabled).the("ScaledObject")["spec"]["triggers"]
    assert only["metadata"]["consumerGroup"] == "events.b"


def test_static_members_are_named_after_their_pods(helm):
    rendered = helm.renders(FENCED)
    assert rendered.configuration["kafka"]["properties"]["group.instance.id"] == "${POD_NAME}"
    assert rendered.container["env"][0] == {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    assert "properties" not in helm.renders(REQUIRED).configuration["kafka"] or "group.instance.id" not in str(helm.renders(REQUIRED).configuration)


def reaches(policy, address, port):
    """Whether a NetworkPolicy lets a pod connect; rules that name pods are left out."""
    address = ipaddress.ip_address(address)

    def has(block):
        return address in ipaddress.ip_network(block["cidr"]) and not any(address in ipaddress.ip_network(e) for e in block.get("except", []))

    for rule in policy["spec"]["egress"]:
        if "ports" in rule and not any(p["port"] == port and p.get("protocol", "TCP") == "TCP" for p in rule["ports"]):
            continue
        if "to" not in rule or any(has(peer["ipBlock"]) for peer in rule["to"] if "ipBlock" in peer):
            return True
    return False


METADATA = ["169.254.169.254", "fd00:ec2::254"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1"]


def test_the_fence_lets_through_what_deliveries_need_and_never_a_metadata_service(helm):
    plain = helm.renders(with_required(networkPolicy={"enabled": True}, config={"kafka": {"bootstrapServers": "a:9092, b:9093"}})).the("NetworkPolicy")
    assert reaches(plain, "203.0.113.1", 443) and reaches(plain, "2001:db8::1", 443)
    assert not any(reaches(plain, address, 443) for address in METADATA + PRIVATE)
    assert not reaches(plain, "203.0.113.1", 80)
    assert reaches(plain, "10.1.2.3", 9092) and reaches(plain, "10.1.2.3", 9093)
    assert "from" not in plain["spec"]["ingress"][0]

    private = helm.renders(with_required(networkPolicy={"enabled": True}, config={"egress": {"allowPrivate": True}})).the("NetworkPolicy")
    assert all(reaches(private, address, 443) for address in PRIVATE)
    assert not any(reaches(private, address, 443) for address in METADATA)

    named = helm.renders(with_required(networkPolicy={"enabled": True}, config={"egress": {"allow": ["10.30.0.7", "fd12::7"]}})).the("NetworkPolicy")
    assert reaches(named, "10.30.0.7", 443) and reaches(named, "fd12::7", 443)
    assert not reaches(named, "10.30.0.8", 443) and not reaches(named, "fd12::8", 443)

    fenced = helm.renders(FENCED).the("NetworkPolicy")
    assert all(reaches(fenced, "203.0.113.1", port) for port in (80, 443, 465))
    assert reaches(fenced, "10.20.1.1", 8443) is False and reaches(fenced, "10.20.1.1", 443)
    assert reaches(fenced, "10.1.2.3", 9092) and not reaches(fenced, "10.2.0.1", 9092)
    *others, test = fenced["spec"]["ingress"][0]["from"]
    assert others == FENCED["networkPolicy"]["ingressFrom"]
    assert test["podSelector"]["matchLabels"].items() <= helm.renders(FENCED).the("Pod")["metadata"]["labels"].items()
    assert fenced["spec"]["egress"][-1] == FENCED["networkPolicy"]["extraEgress"][0]
    assert fenced["spec"]["podSelector"]["matchLabels"].items() <= helm.renders(FENCED).pod["metadata"]["labels"].items()


def test_a_monitor_finds_the_ops_port_and_shows_the_token(helm):
    rendered = helm.renders(FENCED)
    (endpoint,) = rendered.the("ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in rendered.the("Service")["spec"]["ports"]]
    assert endpoint["authorization"] == {"type": "Bearer", "credentials": {"name": "viewer", "key": "token"}}
    by_lag = helm.renders(SETS["scaled by lag"])
    (endpoint,) = by_lag.the("PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "ops", "path": "/metrics", "interval": "30s"}
    assert by_lag.container["ports"][0]["name"] == "ops"
    assert by_lag.the("PodMonitor")["spec"]["selector"]["matchLabels"].items() <= by_lag.pod["metadata"]["labels"].items()


def test_topics_are_made_before_the_bridge_comes(helm):
    rendered = helm.renders(FENCED)
    job = rendered.the("Job")
    pod = job["spec"]["template"]["spec"]
    made = {(o["kind"], o["metadata"]["name"]): int(o["metadata"]["annotations"]["helm.sh/hook-weight"])
            for o in rendered.made_by_hooks() if o["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"}
    needed = [("ServiceAccount", pod["serviceAccountName"]), *(("ConfigMap", v["configMap"]["name"]) for v in pod["volumes"] if "configMap" in v)]
    assert len(needed) == 3 and all(made[one] < made[("Job", job["metadata"]["name"])] for one in needed)

    # The same files, secrets and variables as the bridge has; where both name one, the hook's own stands alone.
    (container,) = pod["containers"]
    assert container["args"] == ["apply", "--config", "/etc/fanfare/fanfare.yaml"]
    assert container["volumeMounts"] == rendered.container["volumeMounts"]
    assert container["env"] == [{"name": "POD_NAME", "value": "apply"}, {"name": "REGION", "value": "eu"}, *FENCED["apply"]["env"]]
    name = job["metadata"]["name"]
    assert rendered.the("ConfigMap", name)["data"] == rendered.the("ConfigMap", "events-fanfare")["data"]
    assert rendered.the("ConfigMap", f"{name}-topics")["data"] == rendered.the("ConfigMap", "events-fanfare-topics")["data"]
    # No Service sends anything to it.
    assert not rendered.the("Service")["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items()
    elsewhere = helm.renders(with_required(apply={"enabled": True}, existingTopicsConfigMap="topics", serviceAccount={"create": False, "name": "mine"}))
    pod = elsewhere.the("Job")["spec"]["template"]["spec"]
    assert {"name": "topics", "configMap": {"name": "topics"}} in pod["volumes"] and pod["serviceAccountName"] == "mine"


@pytest.mark.parametrize("status, expected", [(200, 0), (503, 1)])
def test_helm_test_tells_ready_from_not_ready(helm, status, expected):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(status if self.path == "/readyz" else 404)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"ready\n")

        def log_message(self, *_):
            pass

    def asks(port):
        """The test's container, run here: the program is the image's entry point."""
        (container,) = helm.renders(REQUIRED).the("Pod")["spec"]["containers"]
        assert "command" not in container and container["image"] == helm.renders(REQUIRED).container["image"]
        *words, url = container["args"]
        assert url == "http://events-fanfare:8080"
        words = ["0" if word == "45s" else word for word in words]
        return subprocess.run([program(), *words, f"http://127.0.0.1:{port}"], capture_output=True, text=True, timeout=30)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = asks(server.server_port)
    server.shutdown()
    assert done.returncode == expected, done.stdout + done.stderr
    assert asks(1).returncode == 1


def test_pods_are_spread_unless_somebody_knows_better(helm):
    spread = helm.renders(REQUIRED).pod["spec"]["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(one["whenUnsatisfiable"] == "ScheduleAnyway" for one in spread)
    assert "topologySpreadConstraints" not in helm.renders(with_required(spread=False)).pod["spec"]
    assert helm.renders(SETS["one of everything"]).pod["spec"]["topologySpreadConstraints"] == SETS["one of everything"]["topologySpreadConstraints"]


def test_the_dashboards_reach_grafana_as_their_script_makes_them(helm):
    done = subprocess.run([ROOT / "scripts/dashboards", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = {path.name: json.loads(path.read_text()) for path in (CHART / "dashboards").glob("*.json")}
    assert len({dashboard["uid"] for dashboard in files.values()}) == len(files) == 3
    found = {}
    for one in helm.renders(FENCED).objects:
        if one["kind"] == "ConfigMap" and "grafana_dashboard" in one["metadata"]["labels"]:
            assert one["metadata"]["namespace"] == "grafana" and one["metadata"]["annotations"] == {"grafana_folder": "Fanfare"}
            found |= {name: json.loads(text) for name, text in one["data"].items()}
    assert found == files
    assert not any("dashboard" in one["metadata"]["name"] for one in helm.renders(REQUIRED).objects)


@pytest.mark.parametrize("path", sorted((CHART / "dashboards").glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_has_a_place_for_each_panel_and_words_for_each_query(path):
    dashboard = json.loads(path.read_text())
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used <= known and "job" in used, target["expr"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
