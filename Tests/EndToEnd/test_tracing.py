"""Traces: W3C context from the record to the request and into retries; spans over OTLP to a real collector."""

import json

from harness.collector import Collector
from harness.waiting import free_port

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "b7ad6b7169203331"
CONSUMER, CLIENT, PRODUCER = 5, 3, 4


def traceparent(trace=TRACE, sampled=True):
    return [("traceparent", f"00-{trace}-{PARENT}-0{int(sampled)}".encode()), ("tracestate", b"vendor=opaque")]


def test_an_event_has_a_trace_from_its_producer_to_what_settled_it(world):
    collector = Collector(world)
    world.configure(tracing={"otlp": collector.url})
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    # Delivered by way of the retry topic, and given up.
    patient = world.endpoint("patient", fail_first=2, fail_status=503, keep=True)
    strict = world.endpoint("strict", refuse=["bad"], keep=True)
    orders.subscribe("patient", patient, retry={"schedule": ["200ms", "3s"], "jitter": 0}, diversion={"burst": 100})
    orders.subscribe("strict", strict, headers={"Authorization": "Bearer in-a-header"})
    orders.subscriptions["strict"]["endpoint"] += "?token=in-the-url"
    world.bridge().starts()
    orders.publish_records([
        (0, None, json.dumps({"id": "good", "secret": "in-the-payload"}), traceparent()),
        (0, None, json.dumps({"id": "bad"}), None),
        (0, None, json.dumps({"id": "quiet"}), traceparent(OTHER, sampled=False)),
    ])
    patient.has_taken(3)
    strict.has_taken(2)
    for name in ("patient", "strict"):
        world.is_settled(name)
    # Of the two events that are recorded: three attempts each, the last by way of the retry topic, and one each.
    attempts = collector.has_spans(8, "attempt")
    collector.has_spans(6, "consume")
    collector.has_spans(6, "route")
    collector.has_spans(6, "settle")
    spans = collector.spans()
    assert len({span.id for span in spans}) == len(spans)
    by_id = {span.id: span for span in spans}
    assert {span["service.name"] for span in spans} == {"fanfare"} and {span["fanfare.group"] for span in spans} == {"fanfare"}
    assert OTHER not in {span.trace for span in spans}
    assert all(span.start <= span.end for span in spans)

    # What receivers see is the span of the very attempt; the trace is one, over the retry topic too.
    def seen(endpoint, event):
        return [a.headers["traceparent"] for a in endpoint.arrivals() if a.id == event]

    good = sorted((s for s in attempts if s.trace == TRACE and s["fanfare.subscription"] == "patient"), key=lambda s: s["fanfare.attempt"])
    assert [f"00-{TRACE}-{s.id}-01" for s in good] == seen(patient, "good")
    assert [(s["fanfare.attempt"], s["http.response.status_code"], s["fanfare.result"], s["fanfare.next"], s.failed) for s in good] == [
        (1, 503, "retry", "wait", True), (2, 503, "retry", "retry", True), (3, 204, "success", "delivered", False)]
    assert {a.headers["tracestate"] for a in patient.arrivals() if a.id == "good"} == {"vendor=opaque"}
    first, second, last = good
    assert (first["server.address"], first["server.port"], first["url.scheme"]) == ("127.0.0.1", patient.port, "http")
    assert (first["http.request.method"], first["messaging.message.id"], first["error.type"], first.kind) == ("POST", "good", "503", CLIENT)
    assert second.parent == first.parent != last.parent and last["http.request.resend_count"] == 2
    route = by_id[first.parent]
    consumed = by_id[route.parent]
    assert (consumed.name, consumed.parent, consumed.kind, consumed["messaging.kafka.offset"]) == ("consume shop.orders", PARENT, CONSUMER, 0)
    assert consumed.end == route.start <= route.end <= first.start
    again = by_id[by_id[last.parent].parent]
    assert (again.name, again.parent, again["messaging.destination.name"]) == ("consume fanfare.retry", consumed.id, "fanfare.retry")
    settled = {s.parent: s for s in spans if s.name == "settle patient" and s.trace == TRACE}
    assert {p: s["fanfare.outcome"] for p, s in settled.items()} == {second.id: "retry", last.id: "delivered"}

    # A trace that begins here is one for all subscriptions; whoever reads the record elsewhere comes to the same.
    bad = [s for s in attempts if s["messaging.message.id"] == "bad"]
    (trace,) = {s.trace for s in bad}
    assert {header.split("-")[1] for header in seen(patient, "bad") + seen(strict, "bad")} == {trace}
    assert {s.parent for s in spans if s.trace == trace and s.name == "consume shop.orders"} == {""}
    (refused,) = [s for s in bad if s["fanfare.subscription"] == "strict"]
    (letter,) = [s for s in spans if s["fanfare.outcome"] == "dead-letter"]
    assert (letter.parent, letter.trace, letter.kind, letter.failed, letter["error.type"]) == (refused.id, trace, PRODUCER, True, "http")
    assert letter["messaging.destination.name"] == "shop.orders.dead-letter"

    # The producer wants no spans of it: passed on as it came, also after attempts that failed.
    assert set(seen(patient, "quiet") + seen(strict, "quiet")) == {f"00-{OTHER}-{PARENT}-00"}
    written = b"".join(collector.requests)
    for secret in (b"in-the-url", b"in-a-header", b"in-the-payload", strict.secret.encode(), b"/strict"):
        assert secret not in written


def test_a_batch_is_a_trace_of_its_own_with_links_to_those_of_its_events(world):
    collector = Collector(world)
    world.configure(tracing={"otlp": collector.url + "/v1/traces", "sample": 0})
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, batch={"maxEvents": 3, "maxWait": "10s"})
    bridge = world.bridge().starts()
    orders.publish_records([(0, None, "{}", traceparent(TRACE)), (0, None, "{}", None), (0, None, "{}", traceparent(OTHER))])

    billing.has_taken(3)
    (attempt,) = collector.has_spans(1, "attempt")
    (arrival,) = billing.arrivals()
    assert arrival.headers["traceparent"] == f"00-{attempt.trace}-{attempt.id}-01"
    assert attempt.trace not in (TRACE, OTHER) and attempt["messaging.batch.message_count"] == 3
    routes = {s.trace: s for s in collector.has_spans(2, "route")}
    assert attempt.links == [(trace, routes[trace].id) for trace in (TRACE, OTHER)], "not to what is not recorded"
    assert all(s.links == [(attempt.trace, attempt.id)] for s in routes.values())
    assert {s.trace: s.parent for s in collector.has_spans(2, "settle")} == {trace: route.id for trace, route in routes.items()}
    bridge.shows("fanfare_spans_exported_total", len(collector.spans()))
    assert bridge.metric("fanfare_spans_dropped_total") == 0


def test_deliveries_do_not_wait_for_a_collector_that_is_away(world):
    world.configure(tracing={"otlp": f"http://127.0.0.1:{free_port()}", "headers": {"X-Key": "secret-key"}})
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(300)
    billing.has_taken(300)
    world.is_settled("billing")
    # Each event's four.
    bridge.shows("fanfare_spans_dropped_total", 1200)
    assert bridge.metric("fanfare_spans_exported_total") == 0
    bridge.stops()
    assert bridge.process.says("spans are dropped") and not bridge.process.says("secret-key")
