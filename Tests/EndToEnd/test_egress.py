"""Deliveries go only where the configuration allows."""


def test_plain_http_is_refused_before_the_start_unless_allowed(world):
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint("billing"))
    world.configure(egress={"allowPrivate": True})

    result = world.fanfare("check", expect=78)
    assert "shop.orders.yaml:" in result.text and "allowHTTP" in result.text


def test_a_private_address_is_refused_when_connecting_unless_allowed(world):
    orders = world.topic("shop.orders")
    by_address = world.endpoint("by-address")
    by_name = world.endpoint("by-name")
    orders.subscribe("by-address", by_address)
    orders.subscribe("by-name", by_name)
    orders.subscriptions["by-name"]["endpoint"] = by_name.url.replace("127.0.0.1", "localhost")
    world.configure(egress={"allowHTTP": True, "allowPrivate": False})
    world.bridge().starts()
    orders.publish_record(b"{}")

    world.wait_until(lambda: len(world.dead_letters(orders)) == 2, "two dead letters")
    assert {letter.kind for letter in world.dead_letters(orders)} == {"egress-denied"}
    assert by_address.summary()["attempts"] == by_name.summary()["attempts"] == 0
