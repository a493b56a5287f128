"""What each way to answer, or not to answer, means for an event: one bridge, one event, one subscription for each way."""

import dataclasses
import email.utils
import json
import os
import pathlib
import re
import time

import pytest

from harness.raw_servers import Certificates, FullPort, RawServer

QUICKLY = {"schedule": ["100ms"], "jitter": 0}

# Of INTERFACE.md's `retry.on`: 404, 408, 409, 425, 429, 5xx.
RETRIED = [404, 408, 409, 425, 429, 500, 501, 502, 503, 504, 507, 511, 599]
REFUSED = [300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 405, 406, 407, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
           423, 424, 426, 428, 431, 451, 499]


@dataclasses.dataclass
class Case:
    name: str
    attempts: int
    kind: str = "http"
    status: int | None = None
    message: str = ""                                      # a pattern
    behaviour: dict = dataclasses.field(default_factory=dict)
    server: object = None                                  # instead of an endpoint that behaves so
    scheme: str = "http"
    url: str = ""                                          # instead of the server's
    policies: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def answered(cls, status, attempts, name=None, headers=None, on=None, kind="http"):
        retry = QUICKLY if on is None else {**QUICKLY, "on": on}
        return cls(name or f"status-{status}", attempts, kind, status, f"the endpoint answered {status}",
                   behaviour={"status": status, "headers": headers or {}}, policies={"retry": retry})


def statuses_of_others():
    """What other projects retry of the statuses that an answer can end with; only tables that are like ours by default."""
    folder = pathlib.Path(os.environ.get("FANFARE_VECTORS") or pathlib.Path(__file__).parents[3] / "shared/vectors")
    file = folder / "retry-tables/retry_tables.json"
    if not file.exists():
        return {}
    rows = [row for table in json.loads(file.read_text()) if "knative" in table["source"] for row in table["rows"]]
    # Successes are not retried either, but that is another test's.
    return {int(status): again for status, again in rows if re.fullmatch(r"[345]\d\d", str(status))}


def test_our_table_is_not_another_one_than_that_of_others():
    others = statuses_of_others()
    if not others:
        pytest.skip("no vectors")
    assert {status for status, again in others.items() if again} <= set(RETRIED)
    assert {status for status, again in others.items() if not again} <= set(REFUSED)


@pytest.fixture
def servers():
    opened = []

    def open_one(server):
        opened.append(server)
        return server

    yield open_one
    for server in opened:
        server.close()


def answers():
    cases = [Case.answered(status, 2) for status in RETRIED] + [Case.answered(status, 1) for status in REFUSED]
    return cases + [
        Case.answered(500, 1, "nothing-is-retried", on=[]),
        Case.answered(400, 2, "a-class-is-retried", on=["4xx"]),
        Case.answered(503, 1, "another-class-is-retried", on=["4xx", "network"]),
        Case.answered(418, 2, "one-status-is-retried", on=[418]),
        Case.answered(429, 1, "the-usual-one-is-not", on=[418]),
        Case.answered(301, 2, "even-a-redirect", on=[301]),
        Case.answered(500, 1, "abort", headers={"webhook-delivery": "abort-message"}, kind="aborted"),
        Case.answered(503, 1, "abort-in-capitals", headers={"Webhook-Delivery": "Abort-Message"}, kind="aborted"),
        Case.answered(500, 2, "unknown-directive", headers={"webhook-delivery": "dance"}),
        Case.answered(503, 2, "retry-after-is-nonsense", headers={"Retry-After": "soon"}),
        Case.answered(503, 2, "retry-after-is-negative", headers={"Retry-After": "-60"}),
        Case.answered(503, 2, "retry-after-is-over", headers={"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}),
        Case.answered(503, 2, "retry-after-is-no-date", headers={"Retry-After": "Sun, 31 Feb 2094 08:49:37 GMT"}),
    ]


def connections(servers):
    """Below HTTP. Unless it is said otherwise, all of them are `network`, and tried again."""
    def raw(name, message, kind="network", attempts=2, on=None, delivery=None, **behaviour):
        policies = {"retry": QUICKLY if on is None else {**QUICKLY, "on": on}, "delivery": delivery or {}}
        return Case(name, attempts, kind, message=message, server=servers(RawServer(**behaviour)), policies=policies)

    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
    quick = {"timeout": "1s"}
    return [
        raw("truncated-body", r"the answer of 127\.0\.0\.1:\d+ ended early", answer=short),
        raw("truncated-chunk", r"127\.0\.0\.1", answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nshort"),
        raw("truncated-head", r"127\.0\.0\.1", answer=b"HTTP/1.1 200 OK\r\nContent-Le"),
        raw("malformed", r"the answer of 127\.0\.0\.1:\d+ is not HTTP", answer=b"\x00\xffthis is not HTTP\r\n\r\n"),
        raw("another-protocol", r"the answer of 127\.0\.0\.1:\d+ is not HTTP", answer=b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw("no-answer", r"127\.0\.0\.1:\d+ closed the connection without an answer"),
        raw("reset", r"127\.0\.0\.1:\d+ failed: .*reset", resets=True),
        raw("endless-head", r"too large: its headers exceed", answer=b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200_000),
        raw("mute", r"no complete answer from 127\.0\.0\.1:\d+ within 1000 ms", "timeout", holds=True, delivery=quick),
        raw("half-an-answer", r"no complete answer from 127\.0\.0\.1:\d+ within 1000 ms", "timeout", holds=True, answer=short,
            delivery=quick),
        raw("network-is-not-retried", "without an answer", attempts=1, on=["timeout", "5xx"]),
        raw("timeout-is-not-retried", "no complete answer", "timeout", attempts=1, holds=True, on=["network", "5xx"], delivery=quick),
        Case("no-connection", 2, "timeout", message=r"no connection to 127\.0\.0\.1:\d+ within 500 ms", server=servers(FullPort()),
             policies={"retry": QUICKLY, "delivery": {"connectTimeout": "500ms"}}),
        Case("no-such-name", 2, "network", message="the name of no-such-host.invalid:80 does not resolve",
             url="http://no-such-host.invalid/hook?token=hush-hush", policies={"retry": QUICKLY}),
    ]


def encrypted(servers, folder):
    certificates = Certificates(folder)
    good = b"HTTP/1.1 204 No Content\r\n\r\n"

    def tls(name, message, context, ca=certificates.authority, attempts=2, on=None, hasty=False):
        policies = {"retry": QUICKLY if on is None else {**QUICKLY, "on": on}}
        if ca:
            policies["tls"] = {"ca": ca}
        return Case(name, attempts, "tls", message=rf"TLS with 127\.0\.0\.1:\d+ failed: .*{message}", scheme="https",
                    server=servers(RawServer(answer=good, tls=context, hasty=hasty)), policies=policies)

    valid = certificates.server("valid")
    return [
        tls("untrusted", "certificate", valid, ca=None),
        tls("expired", "expired", certificates.server("expired", days=-1)),
        tls("wrong-host", "127.0.0.1", certificates.server("other", "DNS:other.example")),
        tls("no-tls-at-all", "", None, hasty=True),
        tls("tls-is-not-retried", "expired", certificates.server("expired-too", days=-1), attempts=1, on=["5xx"]),
    ]


def test_every_way_to_fail_is_judged_and_named(world, servers):
    orders = world.topic("shop.orders")
    cases = {case.name: case for case in answers() + connections(servers) + encrypted(servers, world.folder / "certificates")}
    for name, case in cases.items():
        orders.subscribe(name, world.endpoint(name, **case.behaviour), **case.policies)
        if case.server:
            orders.subscriptions[name]["endpoint"] = f"{case.scheme}://127.0.0.1:{case.server.port}/{name}?token=hush-hush"
        if case.url:
            orders.subscriptions[name]["endpoint"] = case.url
    bridge = world.bridge().starts()
    orders.publish_record(b"{}")

    def letters():
        return {letter.subscription: letter for letter in world.dead_letters(orders)}

    world.wait_until(lambda: len(letters()) == len(cases), "a dead letter for each way", timeout=60, every=0.5,
                     details=lambda: f"missing: {sorted(set(cases) - set(letters()))}")
    wrong = []
    for name, letter in letters().items():
        case = cases[name]
        status = letter.headers.get("fanfare-error-status")
        found = (letter.kind, int(letter.text("fanfare-attempt")), int(status) if status else None)
        message = letter.text("fanfare-error-message")
        if found != (case.kind, case.attempts, case.status) or not re.search(case.message, message):
            wrong.append(f"{name}: {found} {message!r}, expected {(case.kind, case.attempts, case.status)} {case.message!r}")
        assert "hush-hush" not in message and "\n" not in message
    assert not wrong, "\n".join(wrong)
    seen = {path.removeprefix("/"): summary["attempts"] for path, summary in world.receiver.ask("summaries").items()}
    assert {case.name: seen[case.name] for case in answers()} == {case.name: case.attempts for case in answers()}
    assert "hush-hush" not in bridge.process.log.read_text()


def test_a_refused_connection_is_an_outage_and_gives_up_nothing_before_its_time(world):
    orders = world.topic("shop.orders")
    patient = world.endpoint_where_nothing_listens("patient")
    hasty = world.endpoint_where_nothing_listens("hasty")
    orders.subscribe("patient", patient, retry=QUICKLY)
    orders.subscribe("hasty", hasty, retry={**QUICKLY, "giveUpAfter": "2s"})
    bridge = world.bridge().starts()
    orders.publish_record(b"{}")

    world.wait_until(lambda: world.dead_letters(orders), "the dead letter")
    (letter,) = world.dead_letters(orders)
    assert (letter.subscription, letter.kind) == ("hasty", "expired")
    assert re.search(rf"cannot connect to 127\.0\.0\.1:{hasty.port}: Connection refused", letter.text("fanfare-error-message"))
    bridge.takes_for_down("patient")
    patient.comes_up()
    patient.has_taken(1)


def test_an_endpoint_that_says_stop_is_suspended(world, servers):
    """Whatever the status; with a success the event counts as delivered."""
    orders = world.topic("shop.orders")
    disable = {"webhook-delivery": "disable"}
    stops = {
        "gone": {"status": 410},
        "gone-although-retried": {"status": 410},
        "disable-500": {"status": 500, "headers": disable},
        "disable-400": {"status": 400, "headers": disable},
    }
    endpoints = {name: world.endpoint(name, **behaviour) for name, behaviour in stops.items()}
    for name, endpoint in endpoints.items():
        orders.subscribe(name, endpoint, retry={**QUICKLY, "on": ["4xx", "5xx"]})
    accepting = servers(RawServer(b"HTTP/1.1 200 OK\r\nwebhook-delivery: disable\r\nContent-Length: 0\r\n\r\n"))
    orders.subscribe("accepting", world.endpoint("accepting"))
    orders.subscriptions["accepting"]["endpoint"] = f"http://127.0.0.1:{accepting.port}/"
    bridge = world.bridge().starts()
    orders.publish_record(b"{}")

    for name in [*stops, "accepting"]:
        bridge.shows("fanfare_suspended", 1, subscription=name)
    orders.publish_record(b"{}")
    healthy = world.endpoint("healthy")
    orders.subscribe("healthy", healthy)
    orders.write()
    healthy.has_taken(2)
    for name, endpoint in endpoints.items():
        assert (endpoint.summary()["attempts"], world.lag(name, orders)) == (1, 2), name
    world.wait_until(lambda: world.lag("accepting", orders) == 1, "the accepted event to be settled")
    assert accepting.requests == 1
    assert not world.dead_letters(orders)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_holds_for_the_event_and_the_whole_endpoint(world, status):
    orders = world.topic("shop.orders")
    pause = 4
    until = int(time.time()) + 30
    by_seconds = world.endpoint("by-seconds", status=status, headers={"Retry-After": str(pause)})
    by_date = world.endpoint("by-date", status=status, headers={"Retry-After": email.utils.formatdate(until, usegmt=True)})
    for_ever = world.endpoint("for-ever", status=status, headers={"Retry-After": "9" * 30})
    far_date = world.endpoint("far-date", status=status, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"})
    all_of_them = (by_seconds, by_date, for_ever, far_date)
    for endpoint in all_of_them:
        orders.subscribe(endpoint.name, endpoint, retry={"schedule": ["3s"], "jitter": 0})
    world.bridge().starts()
    first = orders.publish_record(b"{}")
    for endpoint in all_of_them:
        endpoint.has_seen(1)
    for endpoint in (by_seconds, by_date):
        endpoint.behaves(status=204)
    orders.publish(10)

    by_seconds.has_taken(11)
    answered = by_seconds.arrivals()[0].answered
    assert all(arrival.at >= answered + pause for arrival in by_seconds.arrivals()[1:]), "the others wait with it"
    by_date.has_taken(11)
    assert all(arrival.at >= until for arrival in by_date.arrivals()[1:])
    for endpoint in (for_ever, far_date):
        (retry,) = world.retries(endpoint.name)
        delay = int(retry.text("fanfare-due")) / 1000 - endpoint.arrivals()[0].at
        assert retry.source_id == first and 3600 <= delay < 3660, "an hour at most"
        assert endpoint.summary()["attempts"] == 1
