"""Filters in CloudEvents SQL, from the manifest to what an endpoint gets."""

import json

EVENT = {"specversion": "1.0", "source": "/shop/eu", "type": "order.created"}
HEADERS = [("content-type", b"application/cloudevents+json")]


def test_an_sql_filter_decides_and_its_errors_are_counted(world):
    orders = world.topic("shop.orders")
    taker, other = world.endpoint("taker", keep=True), world.endpoint("other")
    orders.subscribe("taker", taker, filters=[{"sql": "source LIKE '/shop/%' AND hop < 5"}])
    orders.subscribe("other", other, filters=[{"sql": "EXISTS hop AND INT(hop) % 2 = 1"}])
    bridge = world.bridge().starts()

    hops = ["1", 3, 7, "many", None]
    for n, hop in enumerate(hops):
        event = {**EVENT, "id": f"e-{n}"} if hop is None else {**EVENT, "id": f"e-{n}", "hop": hop}
        orders.publish_record(json.dumps(event).encode(), headers=HEADERS)

    taker.has_taken(2)
    other.has_taken(3)
    world.is_settled("taker")
    world.is_settled("other")
    assert {arrival.json["id"] for arrival in taker.arrivals()} == {"e-0", "e-1"}
    # "many" is no number; the last event has no hop at all, which only EXISTS may find out.
    bridge.shows("fanfare_filter_errors_total", 2, subscription="taker")
    bridge.shows("fanfare_filter_errors_total", 1, subscription="other")
    bridge.shows("fanfare_events_routed_total", 2, subscription="taker")


def test_check_says_where_in_an_expression_it_is_wrong(world):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"), filters=[{"sql": "type = 'a' AND (source LIKE type"}])
    refused = world.fanfare("check", expect=78)
    text = refused.output + refused.errors
    assert "shop.orders.yaml:" in text and "filters[0].sql: at character 29 of the expression: LIKE needs a pattern in quotes" in text


def test_explain_says_which_condition_does_not_hold(world):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"), filters=[{"sql": "EXISTS id AND source LIKE '/x/%' AND hop = 1"}])
    explained = world.fanfare(
        "explain", "--topic", "shop.orders", "--output", "json", stdin=json.dumps({**EVENT, "id": "e", "data": 1}).encode()).json
    (billing,) = explained["subscriptions"]
    assert billing["reasons"] == ["`source LIKE '/x/%'` is false: source is '/shop/eu'"]
