"""From one set of values to another: what Kubernetes forbids to change does not change, and what is replaced has another name."""

import itertools

import pytest

from chart import with_required
from test_chart import MANIFEST, SETS

# Of objects that are updated in place. Jobs and pods of hooks are deleted before they are made anew.
IMMUTABLE = {
    "Deployment": ["selector"],
    "StatefulSet": ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"],
}
STEPS = {
    **SETS,
    "more replicas and topics": with_required(replicas=7, topics={"orders": MANIFEST, "more": {"topic": "shop.more"}}),
    "another image and configuration": with_required(image={"tag": "9.9.9"}, config={"group": "others", "receipts": {"index": {"enabled": True}}}),
    "other labels": with_required(commonLabels={"team": "a"}, podLabels={"tier": "b"}, annotations={"c": "d"}),
}


@pytest.mark.parametrize("kind", IMMUTABLE)
def test_no_values_change_what_cannot_be_changed(helm, kind):
    """Upgrade and rollback are the same here: any pair, in both directions."""
    found = {}
    for name, values in STEPS.items():
        workload = helm.renders({**values, "kind": kind}).workload
        found[name] = (workload["metadata"]["name"], {key: workload["spec"].get(key) for key in IMMUTABLE[kind]})
    for (one, before), (another, after) in itertools.combinations(found.items(), 2):
        assert before == after, f"from '{one}' to '{another}'"


def test_another_kind_leaves_nothing_of_the_old_one_behind_but_the_workload(helm):
    """What both kinds share stays as it is, so that Helm removes only the old workload, and pods of both are found by the same objects."""
    deployment, statefulset = (helm.renders(with_required(kind=kind)) for kind in IMMUTABLE)

    def others(rendered):
        return {(o["kind"], o["metadata"]["name"]) for o in rendered.objects if o["kind"] not in IMMUTABLE}

    assert others(deployment) == others(statefulset)
    selector = deployment.the("Service")["spec"]["selector"]
    for rendered in (deployment, statefulset):
        assert selector.items() <= rendered.pod["metadata"]["labels"].items()
        assert rendered.the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == rendered.workload["spec"]["selector"]["matchLabels"]


def test_labels_of_users_are_not_in_selectors(helm):
    rendered = helm.renders(STEPS["other labels"])
    assert set(rendered.workload["spec"]["selector"]["matchLabels"]) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
    assert rendered.pod["metadata"]["labels"]["team"] == "a"
