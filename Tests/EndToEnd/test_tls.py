"""Whom Fanfare trusts, what it shows, and what it says when a handshake fails."""

import ssl
import time

import pytest

from harness.protected import ProtectedServer
from harness.raw_servers import Certificates
from harness.waiting import PATIENCE


@pytest.fixture
def servers():
    started = []

    def start(context):
        started.append(ProtectedServer(tls=context))
        return started[-1].endpoint("hook")

    yield start
    for endpoint in started:
        endpoint.close()


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path / "certificates")


def speaking_only(context, oldest, newest):
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = oldest, newest
    return context


def asking_for_certificates(context, authority, newest):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    context.maximum_version = newest
    return context


# By libcurl, and by our own sender.
@pytest.mark.parametrize("http", ["auto", "1.1"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_check_of_a_handshake_has_its_message_and_a_command_that_shows_it(world, servers, certificates, http):
    orders = world.topic("shop.orders")
    expected, taken = {}, {}

    def subscribe(name, context, reason=None, **policies):
        endpoint = servers(context)
        orders.endpoints[name] = endpoint
        orders.subscriptions[name] = {
            "endpoint": endpoint.url, "start": "earliest", "signing": "none", "retry": {"on": ["5xx"]}, "tls": {"ca": certificates.authority},
            "delivery": {"http": http}, **policies}
        if reason:
            expected[name] = (reason, f"to see it: openssl s_client -connect 127.0.0.1:{endpoint.server.port}")
        else:
            taken[name] = endpoint

    v1, v11, v12, v13 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    good = certificates.server("good")
    pin, other_pin = certificates.pin("good"), "sha256//" + "A" * 43 + "="
    client, stranger = certificates.client("client"), Certificates(world.folder / "strangers").client("stranger")

    subscribe("good", good)
    subscribe("tls-1.2", speaking_only(certificates.context("good"), v12, v12))
    subscribe("tls-1.0", speaking_only(certificates.context("good"), v1, v1), "it does not speak TLS 1.2 or newer")
    subscribe("tls-1.1", speaking_only(certificates.context("good"), v11, v11), "it does not speak TLS 1.2 or newer")
    subscribe("expired", certificates.server("expired", days=-1), "its certificate has expired")
    subscribe("early", certificates.server("early", begins="20990101000000Z"), "its certificate is not yet valid")
    subscribe("wrong-host", certificates.server("wrong", "DNS:other.example"), "its certificate is for another host")
    subscribe("wrong-address", certificates.server("address", "IP:127.0.0.2"), "its certificate is for another host")
    subscribe("self-signed", certificates.self_signed_server("self"), "its certificate is self-signed")
    subscribe("unknown", good, "its certificate's authority is not trusted", tls={})
    subscribe("pinned", good, tls={"ca": certificates.authority, "pins": [other_pin, pin]})
    subscribe("not-pinned", good, "its public key is none of tls.pins", tls={"ca": certificates.authority, "pins": [other_pin]})
    subscribe("pinned-untrusted", good, "its certificate's authority is not trusted", tls={"pins": [pin]})
    for version, newest in {"1.2": v12, "1.3": v13}.items():
        asking = asking_for_certificates(certificates.context("good"), certificates.authority, newest)
        subscribe(f"known-{version}", asking, auth={"mtls": client})
        subscribe(f"anonymous-{version}", asking, "client certificate")
        subscribe(f"stranger-{version}", asking, "client certificate", auth={"mtls": stranger})

    bridge = world.bridge().starts()
    orders.publish(1)
    world.wait_until(lambda: len(world.dead_letters(orders)) == len(expected), "a dead letter of each handshake that fails", timeout=60,
                     details=lambda: f"there are {world.dead_letters(orders)}")
    for letter in world.dead_letters(orders):
        reason, command = expected[letter.subscription]
        message = letter.text("fanfare-error-message")
        assert letter.kind == "tls" and reason in message and message.endswith(command), f"{letter.subscription}: {message}"
    world.wait_until(lambda: all(len(endpoint.arrivals) == 1 for endpoint in taken.values()), "the others to be delivered",
                     details=lambda: f"{ {name: len(e.arrivals) for name, e in taken.items()} }")
    assert sum(len(e.arrivals) for e in orders.endpoints.values()) == len(taken)
    assert "BEGIN" not in bridge.process.tail(10_000)


def test_a_replaced_client_certificate_is_shown_from_the_next_request_on(world, servers, certificates):
    orders = world.topic("shop.orders")
    shown = certificates.client("shown", days=-1)
    endpoint = servers(asking_for_certificates(certificates.server("server"), certificates.authority, ssl.TLSVersion.TLSv1_3))
    orders.endpoints["billing"] = endpoint
    orders.subscriptions["billing"] = {
        "endpoint": endpoint.url, "start": "earliest", "signing": "none", "tls": {"ca": certificates.authority}, "auth": {"mtls": shown},
        "diversion": {"burst": 1}, "retry": {"schedule": ["3s"] * 90}}
    checked = world.fanfare("check").text
    assert "shop.orders.yaml:" in checked and "auth.mtls.certificate: the certificate in" in checked and "expired on" in checked
    bridge = world.bridge().starts()
    orders.publish(5)
    bridge.takes_for_down("billing")
    bridge.shows("fanfare_certificate_expiry_timestamp_seconds", certificates.end("shown"), subscription="billing")
    # The key is replaced first: what does not fit together is not taken over.
    new = certificates.client("new")
    for part in ["key", "certificate"]:
        with open(shown[part], "wb") as target, open(new[part], "rb") as source:
            target.write(source.read())
    bridge.logs("topic manifests reloaded")
    world.wait_until(lambda: len({a["webhook-id"] for a in endpoint.arrivals}) == 5, "all to be delivered")
    bridge.shows("fanfare_certificate_expiry_timestamp_seconds", certificates.end("new"), subscription="billing")
    assert not world.dead_letters(orders)


def test_who_runs_on_is_told_of_a_client_certificate_that_ends(world, certificates):
    """What a start says of one is not said again; both are good when this one starts, as far as a start looks."""
    orders = world.topic("shop.orders")
    # After the start, however slow it is.
    soon = int(time.time() + 15 * PATIENCE)
    for name, ends in {"ending": soon + 14 * 24 * 3600, "ended": soon, "lasting": certificates.LATE}.items():
        orders.subscriptions[name] = {
            "endpoint": "https://127.0.0.1/", "signing": "none", "auth": {"mtls": certificates.client(name, ends=ends)}}
    orders.subscriptions["without"] = {"endpoint": "https://127.0.0.1/", "signing": "none"}
    bridge = world.bridge().starts()
    bridge.logs("warning a client certificate ends soon")
    bridge.logs("error a client certificate has ended")
    lines = [line for line in bridge.process.log.read_text().splitlines() if "a client certificate" in line]
    assert len(lines) == 2 and all(any(f"subscription={name}" in line for line in lines) for name in ("ending", "ended")), lines
    assert all(f"{certificates.folder}/" in line and "replace the file, it is read again" in line for line in lines), lines
    ends = {name: bridge.metric("fanfare_certificate_expiry_timestamp_seconds", subscription=name) for name in orders.subscriptions}
    assert ends == {"ending": soon + 14 * 24 * 3600, "ended": soon, "lasting": certificates.LATE, "without": None}
