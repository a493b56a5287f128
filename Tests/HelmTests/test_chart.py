"""The Helm chart: what it renders is valid Kubernetes and a configuration that the bridge takes."""

import copy
import subprocess

import kubernetes_validate
import pytest
import yaml

from chart import CHART, REQUIRED, program, with_required
from custom_resources import CUSTOM, understood

MANIFEST = """\
topic: shop.orders
kafka: { config: { retention.ms: 604800000 } }
subscriptions:
  billing:
    endpoint: https://billing.example.com/hooks/orders
    signing: none
    payload: { template: '{"text": "Order {{data.id}}"}' }
"""

SETS = {
    "the least": REQUIRED,
    "one of everything": with_required(
        image={"repository": "registry.example.com/fanfare", "digest": "sha256:" + "0" * 64, "pullPolicy": "Always"},
        imagePullSecrets=[{"name": "registry"}],
        replicas=5,
        config={
            "group": "events", "commitInterval": "200ms", "shutdown": {"grace": "2m"},
            "kafka": {"bootstrapServers": "a:9092,b:9092", "properties": {"security.protocol": "sasl_ssl", "session.timeout.ms": 45000}},
            "ops": {"tokens": {"viewer": ["${VIEWER_TOKEN}"]}, "publicKeys": {"listen": "0.0.0.0:8081"}}, "logging": {"format": "json"}},
        topics={"orders": MANIFEST, "customers": {"topic": "shop.customers", "kafka": {"config": {"retention.ms": 604800000}}}},
        secrets=[{"secretName": "webhooks", "mountPath": "/etc/fanfare/secrets"},
                 {"secretName": "tls", "mountPath": "/etc/fanfare/tls", "items": [{"key": "tls.crt", "path": "client.pem"}]}],
        env=[{"name": "KAFKA_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "kafka", "key": "password"}}}],
        envFrom=[{"secretRef": {"name": "more"}}],
        commonLabels={"cost-centre": "events"},
        extraVolumes=[{"name": "authorities", "configMap": {"name": "authorities"}}],
        extraVolumeMounts=[{"name": "authorities", "mountPath": "/etc/authorities", "readOnly": True}],
        initContainers=[{"name": "waits", "image": "wait:1"}], extraContainers=[{"name": "proxy", "image": "proxy:1"}],
        service={"annotations": {"a": "b"}, "labels": {"c": "d"}, "port": 80, "type": "NodePort"},
        serviceAccount={"name": "bridge", "annotations": {"a": "b"}},
        podDisruptionBudget={"maxUnavailable": "25%"},
        podAnnotations={"prometheus.io/scrape": "true"}, podLabels={"team": "events"},
        nodeSelector={"disk": "fast"}, tolerations=[{"key": "dedicated", "operator": "Exists"}],
        affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}]}},
        topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        annotations={"reloader.stakater.com/auto": "true"}, minReadySeconds=5, revisionHistoryLimit=3,
        hostAliases=[{"ip": "10.0.0.1", "hostnames": ["broker"]}], dnsPolicy="ClusterFirst",
        dnsConfig={"options": [{"name": "ndots", "value": "1"}]},
        podSecurityContext={"runAsUser": None, "runAsGroup": None, "fsGroup": None, "supplementalGroups": [2000]},
        probes={"startup": {"failureThreshold": 90}, "readiness": {"successThreshold": 2}},
        ingress={"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "hosts": ["fanfare.example.com", "*.events.example.com"],
                 "tls": [{"secretName": "fanfare-tls", "hosts": ["fanfare.example.com"]}]},
        extraObjects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": '{{ include "fanfare.fullname" . }}-extra', "labels": {"cost-centre": "events"}}},
                      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }}-text, labels: { cost-centre: events } }\n"],
        priorityClassName="high", seccompProfile={"type": "Localhost", "localhostProfile": "fanfare.json"}),
    "as little as possible beside the bridge": with_required(
        existingTopicsConfigMap="topics", serviceAccount={"create": False}, service={"enabled": False},
        podDisruptionBudget={"enabled": False}, strategy={"type": "Recreate"}, spread=False),
    "scaled, watched and fenced": with_required(
        kind="StatefulSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, topics={"orders": MANIFEST},
        config={"egress": {"allowHTTP": True, "allowPorts": [465], "allow": ["10.20.0.0/16", "*.hooks.internal"]},
                "ops": {"tokens": {"viewer": ["${file:/etc/fanfare/secrets/viewer}"]}}},
        secrets=[{"secretName": "webhooks", "mountPath": "/etc/fanfare/secrets"}],
        env=[{"name": "KAFKA_PASSWORD", "value": "secret"}, {"name": "REGION", "value": "eu"}],
        apply={"enabled": True, "env": [{"name": "KAFKA_PASSWORD", "value": "another"}], "envFrom": [{"secretRef": {"name": "admin"}}]},
        monitor={"enabled": True, "kind": "ServiceMonitor", "labels": {"release": "prometheus"}, "interval": "15s", "scrapeTimeout": "10s",
                 "tokenSecret": {"name": "viewer"}, "relabelings": [{"targetLabel": "cluster", "replacement": "one"}],
                 "metricRelabelings": [{"action": "labeldrop", "regex": "owner"}]},
        prometheusRule={"enabled": True}, dashboards={"enabled": True, "annotations": {"grafana_folder": "Fanfare"}, "namespace": "grafana"},
        networkPolicy={"enabled": True, "ingressFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
                       "kafka": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]},
                       "extraEgress": [{"ports": [{"port": 8081}], "to": [{"podSelector": {"matchLabels": {"app": "registry"}}}]}]},
        autoscaling={"enabled": True, "maxReplicas": 4,
                     "metrics": [{"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "500Mi"}}}],
                     "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}}),
    "scaled by lag": with_required(
        topics={"orders": MANIFEST.replace("retention.ms: 604800000 }", "retention.ms: 604800000 }, partitions: 6")},
        monitor={"enabled": True},
        keda={"enabled": True, "maxReplicas": 6, "subscriptions": [{"subscription": "search", "topic": "shop.customers", "lagThreshold": 50}],
              "authenticationRef": {"name": "kafka"}, "metadata": {"sasl": "scram_sha512", "tls": "enable"}}),
    **{name: with_required(**yaml.safe_load((CHART / f"values-{name}.yaml").read_text())) for name in ("small", "large")},
}

TYPOS = {
    "a value": with_required(replica=3),
    "a nested value": with_required(image={"repositry": "x"}),
    "a key of fanfare.yaml": with_required(config={"comitInterval": "100ms"}),
    "a type": with_required(replicas="3"),
    "a duration": with_required(config={"shutdown": {"grace": "25"}}),
    "a relative mount path": with_required(secrets=[{"secretName": "a", "mountPath": "secrets"}]),
    "a manifest without its topic": with_required(topics={"orders": {"subscriptions": {}}}),
    "the pod's own listening address": with_required(config={"ops": {"listen": "127.0.0.1:9999"}}),
    "the pod's own topics folder": with_required(config={"topics": "./topics"}),
    "a profile without its file": with_required(seccompProfile={"type": "Localhost"}),
    "root": with_required(podSecurityContext={"runAsUser": 0}),
    "a user that may be root": with_required(podSecurityContext={"runAsNonRoot": False}),
    "a probe of another path": with_required(probes={"readiness": {"httpGet": {"path": "/"}}}),
    "an ingress for an address": with_required(ingress={"hosts": ["https://fanfare.example.com"]}),
    "an object of no kind": with_required(extraObjects=[{"metadata": {"name": "a"}}]),
    "no profile at all": with_required(seccompProfile={"type": "Unconfined"}),
    "a replica of none": with_required(keda={"minReplicas": 0}),
    "a port that is none": with_required(networkPolicy={"kafka": {"ports": [0]}}),
    "a monitor of another kind": with_required(monitor={"kind": "Probe"}),
    "a workload of another kind": with_required(kind="DaemonSet"),
    "a subscription to watch without its topic": with_required(keda={"subscriptions": [{"subscription": "billing"}]}),
    "an embedded broker": with_required(config={"kafka": {"bootstrapServers": "embedded"}}),
}


# What no schema can say: in words, before anything is installed.
REFUSALS = {
    "only one of them may scale": with_required(autoscaling={"enabled": True}, keda={"enabled": True}),
    "the token of a viewer": with_required(monitor={"enabled": True}, config={"ops": {"tokens": {"operator": ["x"]}}}),
    "needs service.enabled": with_required(monitor={"enabled": True, "kind": "ServiceMonitor"}, service={"enabled": False}),
    "ingress.enabled needs config.ops.tokens": with_required(ingress={"enabled": True, "hosts": ["fanfare.example.com"]}),
    "ingress.hosts is required": with_required(ingress={"enabled": True}, config={"ops": {"tokens": {"viewer": ["${TOKEN}"]}}}),
    "keda.maxReplicas is below": with_required(keda={"enabled": True, "minReplicas": 9}),
    "6 partitions: more replicas than partitions": with_required(
        autoscaling={"enabled": True, "maxReplicas": 7}, topics={"orders": {"topic": "shop.orders", "kafka": {"partitions": 6}}}),
    "keda has nothing to watch": with_required(keda={"enabled": True}),
    "topics.orders is no YAML": with_required(keda={"enabled": True}, topics={"orders": "topic: [shop"}),
    "does not say which port": with_required(networkPolicy={"enabled": True}, config={"kafka": {"bootstrapServers": "${BROKERS}"}}),
}


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_lint_finds_nothing(helm, values):
    done = helm.run("lint", "--strict", CHART, values=values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kubernetes", ["1.25", "1.31", "1.37"])
@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_every_object_is_valid_kubernetes(helm, values, kubernetes):
    rendered = helm.renders(values, "--kube-version", kubernetes)
    for document in rendered.objects:
        if document["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(document, kubernetes, strict=True)


def switches(values=yaml.safe_load((CHART / "values.yaml").read_text()), path=()):
    """Whatever can be on or off, by its path."""
    for key, value in values.items():
        if isinstance(value, bool):
            yield (*path, key), value
        elif isinstance(value, dict) and key != "config":
            yield from switches(value, (*path, key))


@pytest.mark.parametrize("path, default", [pytest.param(*one, id=".".join(one[0])) for one in switches() if one[0] != ("podSecurityContext", "runAsNonRoot")])
def test_each_switch_alone_does_something_valid(helm, path, default):
    """Beside what some need to be switched on."""
    needs = {"ingress": {"hosts": ["fanfare.example.com"]}, "keda": {"subscriptions": [{"subscription": "billing", "topic": "shop.orders"}]},
             "monitor": {"tokenSecret": {"name": "viewer"}}, "config": {"ops": {"tokens": {"viewer": ["${TOKEN}"]}}}}
    values, plain = (copy.deepcopy(with_required(**needs)) for _ in range(2))
    *parents, last = path
    section = values
    for name in parents:
        section = section.setdefault(name, {})
    section[last] = not default
    rendered = helm.renders(values)
    assert rendered.objects != helm.renders(plain).objects
    for document in rendered.objects:
        if document["apiVersion"] in CUSTOM:
            assert understood(document) == document
        else:
            kubernetes_validate.validate(document, "1.31", strict=True)


@pytest.mark.parametrize("values", [SETS["scaled, watched and fenced"], SETS["scaled by lag"]], ids=["fenced", "by lag"])
def test_every_custom_resource_is_one_that_its_operator_knows(helm, values):
    kinds = set()
    for document in helm.renders(values).objects:
        if document["apiVersion"] in CUSTOM:
            kinds.add(document["kind"])
            assert understood(document) == document
    assert len(kinds) == 2


def test_the_models_of_custom_resources_notice_what_they_do_not_know(helm):
    document = helm.renders(SETS["scaled by lag"]).the("ScaledObject")
    document["spec"]["minReplicas"] = 1
    assert understood(document) != document


@pytest.mark.parametrize("words", REFUSALS)
def test_what_does_not_go_together_is_refused_in_words(helm, words):
    assert words in helm.refuses(REFUSALS[words])


@pytest.mark.parametrize("values", TYPOS.values(), ids=TYPOS)
def test_a_mistake_in_the_values_is_refused(helm, values):
    assert "schema" in helm.refuses(values)


def test_the_bootstrap_servers_are_required(helm):
    assert "config.kafka.bootstrapServers is required" in helm.refuses({})


def test_the_default_image_is_of_the_version_that_the_program_names():
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == said.split()[0]


def test_what_is_rendered(helm):
    rendered = helm.renders(SETS["the least"])
    assert rendered.kinds() == ["ConfigMap", "ConfigMap", "Deployment", "Pod", "PodDisruptionBudget", "Service", "ServiceAccount"]
    assert helm.renders(SETS["as little as possible beside the bridge"]).kinds() == ["ConfigMap", "Deployment"]


def test_the_configuration_goes_through_and_the_chart_adds_where_to_listen(helm):
    wish = SETS["one of everything"]["config"]
    rendered = helm.renders(SETS["one of everything"])
    assert rendered.configuration == {
        **wish, "topics": "/etc/fanfare/topics", "ops": {**wish["ops"], "listen": "0.0.0.0:8080"}}


def test_manifests_go_through_untouched(helm):
    manifests = helm.renders(SETS["one of everything"]).manifests
    assert manifests["orders.yaml"] == MANIFEST
    assert yaml.safe_load(manifests["customers.yaml"])["kafka"]["config"]["retention.ms"] == 604800000

    file = helm.folder / "orders.yaml"
    file.write_text(MANIFEST)
    rendered = helm.renders(REQUIRED, "--set-file", f"topics.orders={file}")
    assert rendered.manifests == {"orders.yaml": MANIFEST}


def test_the_pods_can_do_as_little_as_possible(helm):
    rendered = helm.renders(SETS["one of everything"])
    pod = rendered.pod["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert rendered.the("ServiceAccount")["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    # Where the cluster gives out users itself.
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "supplementalGroups": [2000], "seccompProfile": {"type": "Localhost", "localhostProfile": "fanfare.json"}}
    least = helm.renders(SETS["the least"]).pod["spec"]
    assert least["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert "lifecycle" not in rendered.container
    assert all(mount["readOnly"] for mount in rendered.container["volumeMounts"])


def test_every_mount_has_its_volume_and_every_secret_its_mount(helm):
    rendered = helm.renders(SETS["one of everything"])
    volumes = {volume["name"]: volume for volume in rendered.pod["spec"]["volumes"]}
    mounts = {mount["mountPath"]: volumes.pop(mount["name"]) for mount in rendered.container["volumeMounts"]}
    assert not volumes
    assert mounts["/etc/fanfare/secrets"]["secret"]["secretName"] == "webhooks"
    assert mounts["/etc/fanfare/tls"]["secret"]["items"] == [{"key": "tls.crt", "path": "client.pem"}]
    assert mounts["/etc/fanfare/topics"]["configMap"]["name"] == "events-fanfare-topics"
    existing = helm.renders(SETS["as little as possible beside the bridge"])
    assert {"name": "topics", "configMap": {"name": "topics"}} in existing.pod["spec"]["volumes"]


def test_an_index_of_receipts_has_a_place_that_can_be_written(helm):
    def places(**index):
        rendered = helm.renders(with_required(config={"kafka": {"bootstrapServers": "a:9092"}, "receipts": {"index": index}}))
        mounts = {mount["name"]: mount for mount in rendered.container["volumeMounts"]}
        assert ({"name": "receipt-index", "emptyDir": {}} in rendered.pod["spec"]["volumes"]) == ("receipt-index" in mounts)
        return mounts.get("receipt-index")

    assert places(enabled=True) == {"name": "receipt-index", "mountPath": "/var/lib/fanfare"}
    assert places(enabled=False) is None and places(enabled=True, path="/data/receipts.sqlite") is None


def test_what_users_add_stands_beside_what_the_chart_makes(helm):
    rendered = helm.renders(SETS["one of everything"])
    assert all(one["metadata"]["labels"]["cost-centre"] == "events" for one in [*rendered.objects, rendered.pod])
    assert [container["name"] for container in rendered.pod["spec"]["containers"]] == ["fanfare", "proxy"]
    assert [container["name"] for container in rendered.pod["spec"]["initContainers"]] == ["waits"]


def test_what_users_say_of_the_workload_arrives(helm):
    rendered = helm.renders(SETS["one of everything"])
    workload, wish = rendered.workload, SETS["one of everything"]
    assert workload["metadata"]["annotations"] == wish["annotations"]
    assert (workload["spec"]["minReadySeconds"], workload["spec"]["revisionHistoryLimit"]) == (5, 3)
    for pod in (rendered.pod["spec"], rendered.the("Pod")["spec"]):
        assert {key: pod[key] for key in ("hostAliases", "dnsPolicy", "dnsConfig")} == {
            key: wish[key] for key in ("hostAliases", "dnsPolicy", "dnsConfig")}
    assert rendered.container["startupProbe"] == {"httpGet": {"path": "/livez", "port": "ops"}, "periodSeconds": 1, "failureThreshold": 90}
    assert rendered.container["readinessProbe"]["successThreshold"] == 2
    service = rendered.the("Service")
    assert service["spec"]["type"] == "NodePort" and service["metadata"]["labels"]["c"] == "d"
    for name in ("events-fanfare-extra", "events-text"):
        assert rendered.the("ConfigMap", name)
    assert helm.renders(SETS["scaled, watched and fenced"]).workload["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 2}


def test_an_ingress_leads_to_the_service(helm):
    rendered = helm.renders(SETS["one of everything"])
    ingress = rendered.the("Ingress")["spec"]
    assert (ingress["ingressClassName"], ingress["tls"]) == ("nginx", SETS["one of everything"]["ingress"]["tls"])
    assert [rule["host"] for rule in ingress["rules"]] == ["fanfare.example.com", "*.events.example.com"]
    for rule in ingress["rules"]:
        (path,) = rule["http"]["paths"]
        service = rendered.the("Service")
        assert path["backend"]["service"]["name"] == service["metadata"]["name"]
        assert path["backend"]["service"]["port"]["name"] in [port["name"] for port in service["spec"]["ports"]]


def test_a_node_can_be_drained_while_kafka_is_away(helm):
    """Pods that are not ready then would use up the budget."""
    assert helm.renders(REQUIRED, "--kube-version", "1.27").the("PodDisruptionBudget")["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert "unhealthyPodEvictionPolicy" not in helm.renders(REQUIRED, "--kube-version", "1.26").the("PodDisruptionBudget")["spec"]


def test_the_probes_ask_the_ops_port(helm):
    rendered = helm.renders(SETS["one of everything"])
    container = rendered.container
    assert container["ports"] == [{"name": "ops", "containerPort": 8080, "protocol": "TCP"},
                                  {"name": "public-keys", "containerPort": 8081, "protocol": "TCP"}]
    assert len(helm.renders(SETS["the least"]).container["ports"]) == 1
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "ops"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "ops"}
    ports = rendered.the("Service")["spec"]["ports"]
    assert [(port["port"], port["targetPort"]) for port in ports] == [(80, "ops"), (8081, "public-keys")]
    labels = rendered.pod["metadata"]["labels"]
    for selector in (rendered.the("Service")["spec"]["selector"], rendered.the("Deployment")["spec"]["selector"]["matchLabels"],
                     rendered.the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= labels.items()


@pytest.mark.parametrize("grace, seconds", [(None, 35), ("25s", 35), ("2m", 130), ("1500ms", 12), ("1h", 3610)])
def test_kubernetes_waits_longer_than_the_drain(helm, grace, seconds):
    values = with_required(config={"shutdown": {"grace": grace}}) if grace else REQUIRED
    assert helm.renders(values).pod["spec"]["terminationGracePeriodSeconds"] == seconds


def test_a_new_configuration_rolls_the_pods_and_new_topics_do_not(helm):
    def annotations(values):
        return helm.renders(values).pod["metadata"]["annotations"]

    plain = annotations(REQUIRED)
    assert annotations(with_required(config={"group": "other"})) != plain
    assert annotations(with_required(topics={"orders": MANIFEST})) == plain


@pytest.mark.parametrize("values", ["the least", "scaled, watched and fenced", "small", "large"])
def test_the_bridge_takes_what_the_chart_renders(helm, values):
    rendered = helm.renders({**SETS[values], "topics": {"orders": MANIFEST.replace("    payload", "    # payload")}})
    folder = helm.folder / "topics"
    folder.mkdir()
    for name, text in rendered.manifests.items():
        (folder / name).write_text(text)
    configuration = rendered.configuration
    configuration.get("ops", {}).pop("tokens", None)  # They stand in files that are not here.
    (helm.folder / "fanfare.yaml").write_text(yaml.safe_dump(configuration))
    done = subprocess.run([program(), "check", "--config", helm.folder / "fanfare.yaml"], capture_output=True, text=True,
                          env={"FANFARE_TOPICS": str(folder), "POD_NAME": "events-fanfare-0"})
    assert done.returncode == 0, done.stdout + done.stderr
