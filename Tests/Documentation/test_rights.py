"""The examples of users for Kafka have the rights that OPERATIONS.md says are needed, and each that it names."""

import re

import pytest
import yaml

from pages import BY_NAME

# As Kafka has it: who may read or write may describe.
IMPLIED = {"Describe": {"Read", "Write", "Delete", "Alter"}, "DescribeConfigs": {"AlterConfigs"}}
WORDS = {"read": "Read", "write": "Write", "describe": "Describe", "describe configs": "DescribeConfigs", "delete": "Delete"}
# What the rows of the table are in the examples.
PLACES = {"your source topics": "shop.orders", "<topic>": "shop.orders", "<group>": "fanfare", "<subscription>": "billing"}


def users():
    found = [yaml.safe_load(block.text) for block in BY_NAME["KUBERNETES.md"].blocks if "kind: KafkaUser" in block.text]
    return [(user["metadata"]["name"], user["spec"]["authorization"]["acls"]) for user in found]


def may(acls, kind, name, operation):
    for acl in acls:
        resource = acl["resource"]
        same = name.startswith(resource["name"]) if resource.get("patternType") == "prefix" else name == resource["name"]
        if resource["type"] == kind and same and ({operation} | IMPLIED.get(operation, set())) & set(acl["operations"]):
            return True
    return False


def needed():
    """Kind, name and operation of whatever `serve` needs."""
    for _, (resource, serve, *_) in BY_NAME["OPERATIONS.md"].table("Rights on the cluster"):
        if resource.startswith(("cluster", "transactional")):
            continue
        kind = "group" if resource.startswith("group") else "topic"
        name = resource if resource in PLACES else re.search(r"`([^`]+)`", resource)[1]
        if resource.startswith("groups"):
            name = "<group>.<subscription>"
        for place, meaning in PLACES.items():
            name = name.replace(place, meaning)
        # The longer words first. What holds under a condition has to be possible too.
        for word in sorted(WORDS, key=len, reverse=True):
            serve, found = re.subn(rf"\b{word}\b", "", serve)
            if found:
                yield kind, name, WORDS[word]


@pytest.mark.parametrize("name, acls", [pytest.param(*user, id=f"{n}: {user[0]}") for n, user in enumerate(users()) if user[0] == "fanfare"])
def test_the_user_of_an_example_may_do_what_the_bridge_does(name, acls):
    rights = set(needed())
    assert {("topic", "shop.orders.dead-letter", "Read"), ("topic", "fanfare.events", "Read"), ("topic", "fanfare.receipts", "Read"),
            ("topic", "fanfare.control", "Write"), ("group", "fanfare", "Read"), ("group", "fanfare.billing", "Read"),
            ("topic", "shop.orders", "DescribeConfigs")} <= rights
    for right in rights:
        assert may(acls, *right), f"{name} may not {right}"
    for group in ("fanfare._retry", "fanfare._redrive.1", "fanfare._replay.1"):
        assert may(acls, "group", group, "Read")


def test_the_least_user_may_not_change_what_is_yours():
    (_, wide), (_, least), (apply, making) = users()
    assert apply == "fanfare-apply"
    for operation in ("Write", "Create", "Alter", "AlterConfigs", "Delete"):
        assert not may(least, "topic", "shop.orders", operation)
        assert may(wide, "topic", "shop.orders", operation) or operation == "Delete"
    for operation in ("Create", "Alter", "AlterConfigs", "Describe", "DescribeConfigs"):
        for topic in ("shop.orders", "shop.orders.dead-letter", "fanfare.retry", "fanfare.control"):
            assert may(making, "topic", topic, operation)
    assert not may(making, "topic", "shop.orders", "Read") and not may(making, "group", "fanfare", "Read")
