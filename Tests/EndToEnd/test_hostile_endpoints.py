"""Endpoints that mean harm, or are badly broken, cost a bounded share of time, memory and descriptors, and nobody else anything."""

import re

import pytest

from harness.hostile import HostileEndpoints

IN_FLIGHT = 4           # requests to each of them at once
BURST = 5               # dead letters before it counts as an outage
EVENTS = 40
# Of a request in flight: 64 KiB of an answer's head, as much of its body where it is looked at, libcurl's and TLS's buffers.
LARGEST_REQUEST = 256 << 10

TOO_LARGE = ("network", "its headers exceed 200 lines or 64 KiB")
EARLY = ("network", "ended early|closed the connection without an answer")
NOT_HTTP = ("network", "is not HTTP")
CHUNKED = ("network", "chunked-encoding")
RESET = ("network", "reset by peer")
# It stops at some time: our own sender before the connection, libcurl with its end or its reset, whichever comes first.
ENDED = ("network", f"{CHUNKED[1]}|{EARLY[1]}|{RESET[1]}")
HTTP2 = ("network", "HTTP2 framing layer|HTTP/2 stream|closed the connection without an answer|ended early|failed")
TIMEOUT = ("timeout", "within 1000 ms")
DELIVERED = None

VERDICTS = {
    "mute": TIMEOUT, "early-mute": TIMEOUT, "slow-head": TIMEOUT, "slow-headers": TIMEOUT, "slow-body": TIMEOUT,
    "slow-chunks": TIMEOUT, "slow-interim": TIMEOUT,
    # Of a body no more is read than is needed, and the status has been said.
    "endless-body": DELIVERED, "endless-chunks": DELIVERED, "endless-503": ("http", "answered 503"),
    "endless-headers": TOO_LARGE, "endless-header": TOO_LARGE, "endless-status-line": TOO_LARGE, "endless-interim": TOO_LARGE,
    "endless-trailers": TOO_LARGE, "endless-chunk-extension": ENDED, "huge-header": TOO_LARGE,
    # Nothing is unpacked.
    "gzip-bomb": DELIVERED, "gzip-twice-bomb": DELIVERED, "transfer-bomb": DELIVERED, "nested-json": DELIVERED,
    "truncated-head": EARLY, "truncated-body": EARLY, "truncated-chunk": EARLY, "no-answer": EARLY,
    "garbage": NOT_HTTP, "another-protocol": NOT_HTTP, "status-of-letters": NOT_HTTP, "status-of-five-digits": NOT_HTTP,
    "version-9": NOT_HTTP, "two-lengths": EARLY, "length-of-letters": NOT_HTTP, "negative-length": NOT_HTTP,
    # The endpoint has said its verdict, however its body is to be read.
    "length-beyond-numbers": DELIVERED, "length-and-chunks": DELIVERED,
    "chunk-of-letters": CHUNKED, "chunk-beyond-numbers": CHUNKED, "nul-in-header": NOT_HTTP, "header-without-colon": NOT_HTTP,
    "folded-header": DELIVERED, "another-protocol-than-asked-for": EARLY,
    "redirect-to-itself": ("http", "answered 307"), "redirect-to-a-file": ("http", "answered 302"),
    "early-close": ("network", "reset by peer|closed the connection without an answer"), "early-reset": RESET, "reset": RESET, "reset-in-head": RESET, "reset-in-body": RESET,
    "churn": DELIVERED, "silent-churn": DELIVERED,
    "early-tls-close": EARLY, "tls-reset": RESET, "tls-truncated": EARLY,
    "h2-well": DELIVERED, "h2-mute": TIMEOUT, "h2-refused-stream": HTTP2, "h2-refused-once": DELIVERED, "h2-internal-error": HTTP2,
    "h2-enhance-your-calm": HTTP2, "h2-goaway-unprocessed": HTTP2, "h2-goaway-processed": HTTP2, "h2-goaway-after-answer": DELIVERED,
    "h2-goaway-error": HTTP2, "h2-close": HTTP2, "h2-endless-body": DELIVERED, "h2-slow-body": TIMEOUT, "h2-header-bomb": HTTP2,
    "h2-endless-continuation": HTTP2, "h2-ping-flood": TIMEOUT, "h2-settings-flood": TIMEOUT, "h2-no-window": TIMEOUT,
    "h2-push": HTTP2, "h2-garbage": HTTP2, "h2-not-at-all": HTTP2,
}
# Deliver some of their events only at a later attempt.
CAPRICIOUS = {"h2-refused-once", "h2-goaway-after-answer"}
# Of those that deliver one event, these end badly for others of the same connection: an endless answer has all of its window.
ALONE = {"h2-endless-body"}


@pytest.mark.parametrize("sender", ["auto", "curl"])
def test_whatever_an_endpoint_does_it_has_its_verdict_and_nobody_else_is_disturbed(world, sender):
    orders = world.topic("shop.orders")
    hostile = HostileEndpoints(world)
    assert set(hostile.names) == set(VERDICTS)
    healthy = world.endpoint("healthy")
    orders.subscribe("healthy", healthy)
    # Whatever the bridge opens for a dead letter is open before anything is measured.
    orders.subscribe("refusing", world.endpoint("refusing", status=400), start="earliest")
    bridge = world.bridge().starts()
    orders.publish(1)
    healthy.has_taken(1)
    world.wait_until(lambda: world.dead_letters(orders, "refusing"), "the first dead letter")
    orders.unsubscribe("refusing")
    descriptors = bridge.process.descriptors()
    bridge.process.forget_peak_memory()
    memory = bridge.process.peak_memory()

    for name in hostile.names:
        schedule = ["100ms"] * (40 if name in CAPRICIOUS else 1)
        orders.subscribe(name, hostile.endpoint(name), retry={"schedule": schedule, "jitter": 0}, diversion={"burst": BURST},
                         delivery={"timeout": "1s" if VERDICTS[name] == TIMEOUT else "60s", "maxInFlight": IN_FLIGHT, "http": sender},
                         **hostile.policies(name))
    orders.write()
    accepted = {name for name, verdict in VERDICTS.items() if verdict is DELIVERED}

    def deliveries(name):
        return bridge.metric("fanfare_deliveries_total", subscription=name)

    def letters():
        return {letter.subscription: letter for letter in world.dead_letters(orders)}

    def judged():
        return set(letters()) | {name for name in VERDICTS if deliveries(name) == 1}

    world.wait_until(lambda: set(VERDICTS) <= judged(), "a verdict on each", timeout=90, every=0.5,
                     details=lambda: f"missing: {set(VERDICTS) - judged()}")
    wrong = []
    for name, letter in letters().items():
        kind, message = VERDICTS.get(name) or ("none", "") if name != "refusing" else ("http", "400")
        if letter.kind != kind or not re.search(message, letter.text("fanfare-error-message")):
            wrong.append(f"{name}: {letter}")
    assert not wrong, "\n".join(wrong)

    orders.publish(EVENTS)
    healthy.has_taken(EVENTS + 1)
    for name in accepted - ALONE:
        world.wait_until(lambda: deliveries(name) == EVENTS + 1, f"{name} to take all", timeout=90, details=lambda: f"{deliveries(name)}")
    for name in set(VERDICTS) - accepted:
        world.wait_until(lambda: bridge.metric("fanfare_circuit_state", subscription=name), f"{name} to be taken for down", timeout=90)
        # The first event's, the burst, and what was in flight.
        assert len(world.dead_letters(orders, name)) <= 1 + BURST + IN_FLIGHT, name
    assert healthy.summary()["deliveries"] == EVENTS + 1, "once each"
    assert bridge.process.peak_memory() - memory <= len(VERDICTS) * IN_FLIGHT * LARGEST_REQUEST

    for name in hostile.names:
        orders.unsubscribe(name)
    orders.write()
    bridge.shows("fanfare_subscription_info", 1)
    # What stays are connections of HTTP/2 that nobody ended, one of each shard's, idle until they are in somebody's way.
    idle = {name for name in VERDICTS if name.startswith("h2")}
    world.wait_until(lambda: set(hostile.connections()) <= idle, "connections to end", details=lambda: f"{hostile.connections()}")
    kept = hostile.connections()
    assert all(count <= 2 for count in kept.values()), kept
    # Those of the healthy one, which has had more to do since.
    world.wait_until(lambda: bridge.process.descriptors() - descriptors - sum(hostile.connections().values()) <= 64,
                     "descriptors to come back", details=lambda: f"{bridge.process.descriptors()}, before: {descriptors}")
    orders.publish(10)
    healthy.has_taken(EVENTS + 11)
    bridge.stops()
