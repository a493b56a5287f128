"""Manifests: every mistake named at once, changes taken while running, the old state kept when the new one is wrong."""

import re

FIVE_MISTAKES = """\
topic: shop.orders
subscriptions:
  billing:
    endpoint: https://billing.example.com/hooks
    signing: none
    retries: { schedule: [5s] }
  Shipping:
    endpoint: https://shipping.example.com/hooks
    signing: none
  crm:
    endpoint: not a URL
    signing: none
    start: yesterday
  search:
    endpoint: https://search.example.com/hooks
    signing: none
    delivery: { timeout: 15 }
"""
PROBLEM = re.compile(r"^(\S*\.yaml):(\d+):(\d+): error: (.+)$", re.MULTILINE)


def test_five_mistakes_give_five_messages_with_their_places(world):
    (world.manifests / "orders.yaml").write_text(FIVE_MISTAKES)

    for command in ("check", "serve"):
        problems = PROBLEM.findall(world.fanfare(command, expect=78).text)
        assert all(file.endswith("topics/orders.yaml") for file, *_ in problems)
        assert sorted(int(line) for _, line, *_ in problems) == [6, 7, 11, 13, 17], problems
    messages = {int(line): message for _, line, _, message in problems}
    assert "retry" in messages[6], "the nearest known key is named"
    assert "subscriptions.search.delivery.timeout" in messages[17]


def test_a_wrong_configuration_names_the_nearest_key(world):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"))
    world.configure(commitIntervall="100ms")

    result = world.fanfare("check", expect=78)
    assert "fanfare.yaml:" in result.text and "commitInterval" in result.text


def test_good_manifests_pass(world):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"))
    assert not PROBLEM.findall(world.fanfare("check").text)


def test_an_unset_variable_is_an_error_and_a_file_is_read(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    secret = world.folder / "secret"
    secret.write_text(billing.secret + "\n")
    orders.subscribe("billing", billing, headers={"X-Token": "${FANFARE_TEST_UNSET}"})
    assert "FANFARE_TEST_UNSET" in world.fanfare("check", expect=78).text

    orders.subscribe("billing", billing, headers={"X-Token": "${FANFARE_TEST_UNSET:-none}"}, signing={"secrets": ["${file:%s}" % secret]})
    world.fanfare("check")
    world.bridge().starts()
    orders.publish(10)
    billing.has_taken(10)
    world.books("billing").signatures_verify()


def test_a_running_bridge_takes_new_changed_and_removed_subscriptions(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    shipping = world.endpoint("shipping")
    moved = world.endpoint("moved")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(20)
    billing.has_taken(20)

    orders.subscribe("shipping", shipping)
    orders.write()
    shipping.has_taken(20)

    orders.subscribe("shipping", moved)
    orders.write()
    orders.publish(1)  # while it is still on its way, either address may get one
    world.wait_until(lambda: orders.publish(1) and moved.summary()["delivered"], "the new address to be used", every=0.2)
    stood_at = shipping.summary()["attempts"]

    orders.unsubscribe("shipping")
    orders.write()
    bridge.shows("fanfare_lag_records", None, subscription="shipping")
    went_to = moved.summary()["attempts"]
    orders.publish(20)
    billing.has_taken(len(orders.published))
    world.is_settled("billing")
    assert (shipping.summary()["attempts"], moved.summary()["attempts"]) == (stood_at, went_to)
    world.books("billing").balance()


def test_a_bad_edit_keeps_the_old_state_and_says_so(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    good = orders.file.read_text()

    orders.file.write_text(good + "  broken:\n    endpoint: not a URL\n")
    line = len(good.splitlines()) + 2
    bridge.logs(f"shop.orders.yaml:{line}:")
    orders.publish(10)
    billing.has_taken(10)

    orders.file.write_text("subscriptions: [")
    orders.publish(10)
    billing.has_taken(20)
    assert bridge.get("/readyz")[0] == 200

    orders.file.write_text(good)
    shipping = world.endpoint("shipping")
    orders.subscribe("shipping", shipping)
    orders.write()
    shipping.has_taken(20)
    world.books("billing").balance()


def test_a_subscription_starts_where_its_manifest_says(world):
    orders = world.topic("shop.orders", partitions=3)
    everything = world.endpoint("everything")
    news = world.endpoint("news")
    orders.subscribe("everything", everything, start="earliest")
    orders.subscribe("news", news, start="latest")
    world.starts_broker()
    before = orders.publish(30)
    bridge = world.bridge().starts()
    # The first position is committed at once: from here on it belongs to the subscription.
    world.wait_until(lambda: all(offset is not None for offset in world.committed("news", orders).values()), "the first position")
    assert sum(world.committed("news", orders).values()) == 30
    bridge.stops()
    after = orders.publish(30)
    bridge.starts()

    everything.has_taken(60)
    news.has_taken(30)
    world.is_settled("news")
    assert set(everything.delivered()) == set(before + after)
    assert set(news.delivered()) == set(after)
