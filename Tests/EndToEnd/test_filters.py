"""Filters in CloudEvents SQL and content patterns, from the manifest to what an endpoint gets."""

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


# Patterns on orders, by subscription, and which of the orders below each takes.
PATTERNS = {
    "large": ({"data": {"amount": [{"numeric": [">=", 100]}], "currency": ["EUR", "USD"]}}, {"o-1", "o-5"}),
    "parcels": ({"data": {"path": [{"wildcard": "/shop/*/parcel-1/*"}]}}, {"o-2"}),
    "guests": ({"data": {"customer": {"id": [{"exists": False}]}}}, {"o-3", "o-4", "o-5"}),
    "not-test": ({"subject": [{"anything-but": {"prefix": "test-"}}]}, {"o-1", "o-2", "o-5"}),
    "anyone": ({"data": {"customer": {"email": [{"equals-ignore-case": "ANN@example.com"}]}}}, {"o-1"}),
    "network": ({"data": {"ip": [{"cidr": "10.1.0.0/16"}, None]}}, {"o-2", "o-3"}),
    "xl-shirts": ({"data": {"items": {"sku": [{"prefix": "shirt"}], "size": ["XL"]}}}, {"o-4"}),
    "either": ({"data": {"$or": [{"amount": [{"numeric": ["<", 0]}]}, {"customer": {"vip": [True]}}]}}, {"o-1", "o-3"}),
}
ORDERS = {
    "o-1": ("web-1", {"amount": 100, "currency": "EUR", "customer": {"id": "c-1", "email": "Ann@Example.com", "vip": True}}),
    "o-2": ("web-2", {"amount": "100", "currency": "EUR", "path": "/shop/eu/parcel-1/label", "ip": "10.1.200.3", "customer": {"id": "c-2"}}),
    "o-3": ("test-3", {"amount": -5.5, "currency": "EUR", "path": "/shop/eu/parcel-11/label", "ip": None}),
    "o-4": ("test-4", {"amount": 20, "items": [{"sku": "shirt-1", "size": "S"}, {"sku": "shirt-2", "size": "XL"}], "ip": "10.2.0.1"}),
    "o-5": ("web-5", {"amount": 1e3, "currency": "USD", "items": [{"sku": "shirt-1", "size": "S"}, {"sku": "hat", "size": "XL"}]}),
}


def order(name, day=""):
    subject, data = ORDERS[name]
    return json.dumps({**EVENT, "id": name + day, "subject": subject, "data": data}).encode()


def test_patterns_decide_who_gets_an_event(world):
    orders = world.topic("shop.orders")
    endpoints = {name: world.endpoint(name, keep=True) for name in PATTERNS}
    for name, (pattern, _) in PATTERNS.items():
        orders.subscribe(name, endpoints[name], filters=[{"pattern": pattern}])
    world.bridge().starts()

    for name in ORDERS:
        orders.publish_record(order(name), headers=HEADERS)

    for name, (_, expected) in PATTERNS.items():
        endpoints[name].has_taken(len(expected))
        world.is_settled(name)
        assert {arrival.json["id"] for arrival in endpoints[name].arrivals()} == expected, name


def test_a_reload_changes_the_filters_that_differ_and_no_others(world):
    orders = world.topic("shop.orders")
    endpoints = {name: world.endpoint(name, keep=True) for name in ("stays", "changes", "comes")}
    # So many that they are looked up, not run one by one.
    for n in range(20):
        orders.subscribe(f"other-{n}", world.endpoint_where_nothing_listens(f"other-{n}"), filters=[{"exact": {"type": f"other.{n}"}}])
    orders.subscribe("stays", endpoints["stays"], filters=[{"pattern": PATTERNS["large"][0]}])
    orders.subscribe("changes", endpoints["changes"], filters=[{"pattern": PATTERNS["parcels"][0]}])
    world.bridge().starts()

    def publish(day):
        for name in ORDERS:
            orders.publish_record(order(name, day), headers=HEADERS)

    publish("-monday")
    endpoints["stays"].has_taken(2)
    endpoints["changes"].has_taken(1)
    orders.subscribe("changes", endpoints["changes"], filters=[{"pattern": PATTERNS["guests"][0]}])
    orders.subscribe("comes", endpoints["comes"], filters=[{"sql": "subject LIKE 'test-%'"}])
    orders.write()
    # It begins with the earliest event: the new filters are in force.
    endpoints["comes"].has_taken(2)
    publish("-tuesday")
    endpoints["stays"].has_taken(4)
    endpoints["changes"].has_taken(4)
    endpoints["comes"].has_taken(4)
    taken = {name: {arrival.json["id"] for arrival in endpoint.arrivals()} for name, endpoint in endpoints.items()}
    large, parcels, guests = (PATTERNS[name][1] for name in ("large", "parcels", "guests"))
    assert taken["stays"] == {name + day for name in large for day in ("-monday", "-tuesday")}
    assert taken["changes"] == {name + "-monday" for name in parcels} | {name + "-tuesday" for name in guests}
    assert taken["comes"] == {name + day for name in ("o-3", "o-4") for day in ("-monday", "-tuesday")}


def test_explain_says_what_of_a_pattern_does_not_match(world):
    orders = world.topic("shop.orders")
    for name, (pattern, _) in PATTERNS.items():
        orders.subscribe(name, world.endpoint_where_nothing_listens(name), filters=[{"pattern": pattern}])
    reasons = {}
    for name in ("o-2", "o-5"):
        explained = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=order(name)).json
        reasons[name] = {subscription["name"]: subscription["reasons"] for subscription in explained["subscriptions"]}
        matching = {subscription["name"] for subscription in explained["subscriptions"] if subscription["matches"]}
        assert matching == {subscription for subscription, (_, expected) in PATTERNS.items() if name in expected}
    assert reasons["o-2"]["large"] == ['data.amount is "100", and not >= 100']
    assert reasons["o-2"]["guests"] == ['data.customer.id is "c-2", and not absent']
    assert reasons["o-5"]["parcels"] == ["data.path is absent"]
    assert reasons["o-5"]["xl-shirts"] == ["no single element of an array has data.items.size, data.items.sku together"]
    assert reasons["o-5"]["either"] == ["none of: data.amount is 1000.0, and not < 0; data.customer.vip is absent"]
