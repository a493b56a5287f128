"""`fanfare explain --file`: the windows and batches that a list of events would make, and those that it does make."""

import json

import pytest

DAY = "2026-05-01T"
ORDERS = [
    # time, type, customer, total: the order of the log
    ("08:00:05", "order.created", "ann", 5),
    ("08:00:50", "order.created", "bob", 2.5),
    ("08:01:04", "order.created", "ann", 1),
    ("08:00:58", "order.created", "ann", 1.25),
    ("08:01:08", "cart.filled", "ann", 100),
    ("08:01:12", "order.created", "bob", 7),
    ("08:00:59", "order.created", "ann", 3),
    ("08:01:13", "order.created", "bob", "seven"),
]
MAPPING = {"type": {"pointer": "/type"}, "time": {"pointer": "/at"}}


def lines(orders):
    return [json.dumps({"type": kind, "at": f"{DAY}{time}Z", "customer": customer, "total": total}) for time, kind, customer, total in orders]


@pytest.fixture
def orders(world):
    topic = world.topic("shop.orders", event=MAPPING)
    topic.hook = world.endpoint_where_nothing_listens("hook")
    return topic


def explains(world, text, *words, output="json", expect=0):
    """A file's explanation; of JSON, the subscriptions by name."""
    file = world.folder / "events.jsonl"
    file.write_text("\n".join(text) + "\n")
    done = world.fanfare("explain", "--topic", "shop.orders", "--file", file, "--output", output, *words, expect=expect)
    return {s["name"]: s for s in done.json["subscriptions"]} if output == "json" else done.output


def short(window):
    """(start, end, group's values, offsets)"""
    times = [window[name].removeprefix(DAY).removesuffix(".000Z") for name in ("start", "end")]
    return (*times, *window["group"].values(), window["offsets"])


def test_tumbling_windows_with_late_poison_and_filtered_events(world, orders):
    orders.subscribe("summary", orders.hook, filters=[{"prefix": {"type": "order."}}], window={
        "type": "tumbling", "size": "1m", "grace": "10s", "groupBy": [], "eventType": "order.summary",
        "aggregates": {"revenue": {"sum": "/data/total"}, "buyers": {"distinct": "/data/customer"}}})

    summary = explains(world, lines(ORDERS), expect=1)["summary"]
    first, second = summary["windows"]
    assert [short(first), short(second)] == [("08:00:00", "08:01:00", [0, 1, 3]), ("08:01:00", "08:02:00", [2, 5])]
    assert (first["count"], first["aggregates"]) == (3, {"revenue": 8.75, "buyers": 2})
    assert (second["count"], second["aggregates"]) == (2, {"revenue": 8, "buyers": 2})
    assert (first["completedBy"]["line"], first["openAtEnd"]) == (6, False), "the watermark has to pass the end by the grace"
    assert (second["completedBy"], second["openAtEnd"]) == ("clock", True)
    assert second["completed"] == f"{DAY}08:02:40.000Z", "the window's end, its grace, and 30 s without events"
    assert [event["line"] for event in summary["late"]] == [7]
    ((event, reason),) = [(refused["event"]["line"], refused["reason"]) for refused in summary["poison"]]
    assert event == 8 and "/data/total is a string" in reason
    assert (summary["leftOut"], summary["suspended"]) == (1, None)
    assert (first["event"]["type"], first["event"]["id"], first["event"]["data"]["count"]) == ("order.summary", first["id"], 3)
    assert [request["webhookID"] for request in summary["requests"]] == [first["id"], second["id"]]

    text = explains(world, lines(ORDERS), output="text", expect=1)
    for word in ("tumbling windows of 1m", "8.75", "line 6", "clock, 08:02:40 *", "line 7: 2026-05-01T08:00:59", "window-late", "line 8: sum `revenue`", "left out"):
        assert word in text
    assert sum(line.endswith(("┤", "]")) for line in text.splitlines()) == 2, "a bar for each window"


def test_what_becomes_of_late_events(world, orders):
    for late in ("deadLetter", "drop", "deliver"):
        orders.subscribe(late.lower(), orders.hook, window={"type": "tumbling", "size": "1m", "groupBy": [], "late": late})
    explained = explains(world, lines(ORDERS))
    for late, requests in (("deadletter", 2), ("drop", 2), ("deliver", 4)):
        assert [event["line"] for event in explained[late]["late"]] == [4, 7]
        assert len(explained[late]["requests"]) == requests
    assert [event["line"] for request in explained["deliver"]["requests"] for event in request["events"]] == [4, 7]
    text = explains(world, lines(ORDERS), output="text")
    for fate in ("dead letter (window-late)", "each is dropped", "each is delivered by itself"):
        assert fate in text


def test_hopping_windows(world, orders):
    orders.subscribe("moving", orders.hook, window={"type": "hopping", "size": "1m", "hop": "20s", "groupBy": ["/data/customer"]})
    moving = explains(world, lines(ORDERS[:3]))["moving"]
    assert [short(window) for window in moving["windows"]] == [
        ("07:59:20", "08:00:20", "ann", [0]), ("07:59:40", "08:00:40", "ann", [0]), ("08:00:00", "08:01:00", "ann", [0]),
        ("08:00:00", "08:01:00", "bob", [1]), ("08:00:20", "08:01:20", "bob", [1]), ("08:00:20", "08:01:20", "ann", [2]),
        ("08:00:40", "08:01:40", "bob", [1]), ("08:00:40", "08:01:40", "ann", [2]), ("08:01:00", "08:02:00", "ann", [2])]


def test_sessions_that_one_event_joins(world, orders):
    orders.subscribe("visits", orders.hook, window={"type": "session", "gap": "10s", "grace": "1m", "groupBy": []})
    events = [(time, "visit", "ann", 1) for time in ("08:00:00", "08:00:15", "08:00:08", "08:00:40")]
    visits = explains(world, lines(events))["visits"]
    assert [short(window) for window in visits["windows"]] == [("08:00:00", "08:00:25", [0, 1, 2]), ("08:00:40", "08:00:50", [3])]


def test_a_quiet_partition_does_not_keep_windows_open(world):
    orders = world.topic("shop.orders", event=MAPPING, kafka={"partitions": 3})
    orders.subscribe("summary", world.endpoint_where_nothing_listens("hook"), window={"type": "tumbling", "size": "1m", "idle": "10s"})

    def record(time, **members):
        return json.dumps({"value": {"type": "t", "at": f"{DAY}{time}Z"}, **members})

    explained = explains(world, [
        record("08:00:05", key="a", partition=0), record("08:00:06", key="b", partition=1), record("08:00:50", key="a", partition=0),
        record("08:03:00", key="a", partition=0)], "--records")["summary"]
    # Nothing comes to either until 08:03: the clock closes both, 10 s after their end.
    assert [(window["group"], window["completed"][11:19], window["completedBy"], window["openAtEnd"]) for window in explained["windows"]] == [
        ({"key": "a"}, "08:01:10", "clock", False), ({"key": "b"}, "08:01:10", "clock", False), ({"key": "a"}, "08:04:10", "clock", True)]


def test_batches(world, orders):
    orders.subscribe("search", orders.hook, payload={"format": "raw"}, batch={"maxEvents": 3, "maxWait": "5s"})
    search = explains(world, lines(ORDERS))["search"]
    batches = [([event["line"] for event in request["events"]], request["at"][11:19]) for request in search["requests"]]
    # An event out of order comes with the one before it; a batch that is full does not wait.
    assert batches == [([1], "08:00:10"), ([2], "08:00:55"), ([3, 4, 5], "08:01:08"), ([6, 7, 8], "08:01:13")]
    body = "[" + ",".join(lines(ORDERS)[2:5]) + "]"
    assert search["requests"][2]["bytes"] == len(body)


def test_windows_in_batches(world, orders):
    orders.subscribe("summary", orders.hook, batch={"maxEvents": 10, "maxWait": "1m"}, window={
        "type": "tumbling", "size": "10s", "groupBy": ["/data/customer"]})
    summary = explains(world, lines(ORDERS[:3]))["summary"]
    assert [request["windows"] for request in summary["requests"]] == [[0, 1], [2]]
    assert "window 1" in explains(world, lines(ORDERS[:3]), output="text")


def test_events_without_a_time_come_with_those_before_them(world):
    world.topic("shop.orders").subscribe("search", world.endpoint_where_nothing_listens("hook"), batch={"maxEvents": 2})
    event = {"specversion": "1.0", "id": "e", "type": "t", "source": "/s", "time": f"{DAY}08:00:00Z"}
    explained = explains(world, ["1", json.dumps(event), "", '"three"'])["search"]
    assert [[event["line"] for event in request["events"]] for request in explained["requests"]] == [[1, 2], [4]]
    assert {request["at"][:19] for request in explained["requests"]} == {f"{DAY}08:00:00", f"{DAY}08:00:01"}


def test_keys_decide_on_partitions_as_kafka_has_it(world):
    orders = world.topic("shop.orders", partitions=4, kafka={"partitions": 4})
    orders.subscribe("hook", world.endpoint_where_nothing_listens("hook"))
    keys = [f"order-{n}" for n in range(20)]
    done = world.fanfare(
        "explain", "--topic", "shop.orders", "--file", "-", "--records", "--output", "json",
        stdin="\n".join(json.dumps({"key": key, "value": 1}) for key in keys).encode()).json
    chosen = {event["key"]: event["partition"] for event in done["events"]}
    world.starts_broker()
    landed = world.kafka.publish("shop.orders", [(None, key, "1", None) for key in keys])
    assert chosen == dict(zip(keys, (partition for partition, _ in landed)))


@pytest.mark.parametrize(("scope", "windows"), [("partition", 2), ("topic", 1)])
def test_a_window_over_the_whole_topic_has_the_events_of_all_partitions(world, scope, windows):
    orders = world.topic("shop.orders", partitions=2, kafka={"partitions": 2}, event=MAPPING)
    orders.subscribe("sum", world.endpoint_where_nothing_listens("hook"), window={
        "type": "tumbling", "size": "1h", "scope": scope, "groupBy": ["/data/customer"], "aggregates": {"n": {"list": "/data/n"}}})
    records = [{"partition": n % 2, "value": {"at": f"{DAY}08:00:0{n}Z", "type": "t", "customer": "ann", "n": n}} for n in range(4)]
    explained = world.fanfare(
        "explain", "--topic", "shop.orders", "--file", "-", "--records", "--output", "json",
        stdin="\n".join(map(json.dumps, records)).encode()).json
    (summary,) = explained["subscriptions"]
    assert len(summary["windows"]) == windows
    assert sorted(n for window in summary["windows"] for n in window["aggregates"]["n"]) == [0, 1, 2, 3]


def test_too_many_groups_suspend(world, orders):
    orders.subscribe("summary", orders.hook, window={"type": "tumbling", "size": "1h", "groupBy": ["/data/customer"], "maxGroups": 1})
    summary = explains(world, lines(ORDERS))["summary"]
    assert summary["suspended"]["event"]["line"] == 2 and "maxGroups" in summary["suspended"]["reason"]
    assert summary["windows"] == []
    assert "would be suspended at line 2" in explains(world, lines(ORDERS), output="text")


def test_lines_that_cannot_be_used_are_named(world, orders):
    orders.subscribe("hook", orders.hook)
    file = world.folder / "events.jsonl"

    def refused(text, *words):
        file.write_text(text)
        return world.fanfare("explain", "--topic", "shop.orders", "--file", file, *words, expect=1).errors

    assert f"{file}:2: error: not JSON" in refused("{}\n{nope\n{}")
    assert "no events" in refused("\n")
    assert f"{file}:2: error: its time" in refused("\n".join(json.dumps({"type": "t", "at": f"{year}-01-01T00:00:00Z"}) for year in (1990, 2190)))
    for line, word in (('{"val":1}', "unknown member val"), ("[1]", "not an object"), ('{"key":"k"}', "no value"), ('{"value":1,"key":2}', "key must be"),
                       ('{"value":1,"timestamp":"noon"}', "RFC 3339"), ('{"value":1,"partition":-1}', "partition")):
        assert f"{file}:1: error: " in refused(line, "--records") and word in refused(line, "--records")
    assert "; there are: hook" in world.fanfare("explain", "--topic", "shop.orders", "--subscription", "hok", "--file", file, expect=1).errors
    for words in (["--file", file, file], ["--records"], ["--file", file, "--offset", 3]):
        world.fanfare("explain", "--topic", "shop.orders", *words, expect=64)


def test_one_event_and_the_window_it_would_count_in(world, orders):
    orders.subscribe("moving", orders.hook, window={"type": "hopping", "size": "1m", "hop": "30s", "aggregates": {"revenue": {"sum": "/data/total"}}})
    orders.subscribe("plain", orders.hook)
    words = ["explain", "--topic", "shop.orders", "--key", "ann"]
    text = world.fanfare(*words, stdin=lines(ORDERS)[0].encode()).output
    assert "it counts in 2 windows of key \"ann\"" in text and f"{DAY}07:59:30.000Z to {DAY}08:00:30.000Z" in text
    explained = {s["name"]: s for s in world.fanfare(*words, "--output", "json", stdin=lines(ORDERS)[0].encode()).json["subscriptions"]}
    assert explained["plain"]["windows"] == []
    first, second = explained["moving"]["windows"]
    assert (first["start"], second["start"], first["group"]) == (f"{DAY}07:59:30.000Z", f"{DAY}08:00:00.000Z", {"key": "ann"})
    request = explained["moving"]["request"]
    assert request["headers"]["webhook-id"] == first["id"]
    assert json.loads(request["body"])["data"]["aggregates"] == {"revenue": 5}

    refused = world.fanfare(*words, "--subscription", "moving", stdin=lines(ORDERS)[7].encode(), expect=1).output
    assert "cannot be counted" in refused and "POST" not in refused


def test_what_is_explained_is_what_is_delivered(world):
    orders = world.topic("shop.orders", event=MAPPING)
    endpoints = {}
    for name, window in {
        "tumbling": {"type": "tumbling", "size": "1m", "grace": "10s", "aggregates": {"revenue": {"sum": "/data/total"}}},
        "hopping": {"type": "hopping", "size": "1m", "hop": "20s", "groupBy": ["/data/customer"]},
        "session": {"type": "session", "gap": "10s", "groupBy": ["/data/customer"], "late": "drop"},
    }.items():
        endpoints[name] = world.endpoint(name, keep=True)
        orders.subscribe(name, endpoints[name], filters=[{"prefix": {"type": "order."}}], window={**window, "idle": "1s"})
    explained = explains(world, lines(ORDERS), expect=1)

    world.bridge().starts()
    world.fanfare("publish", "--topic", "shop.orders", stdin="\n".join(lines(ORDERS)).encode())
    for name, endpoint in endpoints.items():
        windows = explained[name]["windows"]
        endpoint.has_taken(len(windows))
        arrived = {arrival.headers["webhook-id"]: json.loads(arrival.body) for arrival in endpoint.arrivals()}
        assert arrived == {window["id"]: window["event"] for window in windows}
