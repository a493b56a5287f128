"""Endpoints that are asked before anything is sent to them, and test events."""

import json

from harness.protected import subscribe

ORIGIN = "events.example.com"


def test_nothing_is_sent_to_an_endpoint_that_has_not_consented_and_nobody_else_waits_for_it(world, protected):
    server = protected()
    orders = world.topic("shop.orders")
    billing = server.endpoint("billing")
    subscribe(orders, "billing", billing, handshake=True, auth={"bearer": {"token": "t0p-secret"}}, rateLimit={"perSecond": 50, "burst": 7},
              diversion={"burst": 2})
    other = world.endpoint("other")
    orders.subscribe("other", other)
    world.configure(origin=ORIGIN, limits={"shards": 1})
    bridge = world.bridge().starts()
    orders.publish(20)
    other.has_taken(20)
    bridge.takes_for_down("billing")
    bridge.logs("the endpoint answered OPTIONS with 405 and no WebHook-Allowed-Origin")
    question = billing.asked[0]
    assert question["webhook-request-origin"] == ORIGIN and question["webhook-request-rate"] == "3000"
    assert question["authorization"] == "Bearer t0p-secret" and question["content-length"] == "0"

    # What is no consent: somebody else's, and a rate that is none.
    for answer, message in [({"origin": "other.example.com"}, "allows another origin"), ({"rate": "0"}, "neither * nor a positive whole number"),
                            ({"rate": "many"}, "neither * nor a positive whole number")]:
        billing.consents(**answer)
        bridge.logs(message)
    assert not billing.arrivals and not world.dead_letters(orders) and not world.retries()

    billing.consents(origin=ORIGIN.upper())
    world.wait_until(lambda: len(billing.arrivals) == 20, "20 deliveries")
    asked = len(billing.asked)
    orders.publish(20)
    world.wait_until(lambda: len(billing.arrivals) == 40, "40 deliveries")
    assert {arrival["webhook-request-origin"] for arrival in billing.arrivals} == {ORIGIN}
    assert {arrival["fanfare-attempt"] for arrival in billing.arrivals} == {"1"}, "nothing was tried before"
    assert len(billing.asked) == asked, "a consent lasts"
    bridge.shows("fanfare_consent_requests_total", 1, subscription="billing", result="given")
    assert bridge.metric("fanfare_consent_requests_total", subscription="billing", result="refused") == asked - 1
    world.is_settled("billing")
    assert not world.dead_letters(orders) and not world.retries() and not bridge.process.says("t0p-secret")


def test_the_rate_that_an_endpoint_allows_is_kept_to_until_it_allows_another(world, protected):
    server = protected()
    orders = world.topic("shop.orders")
    billing = server.endpoint("billing")
    billing.consents(rate="1")
    subscribe(orders, "billing", billing, handshake=True)
    other = world.endpoint("other")
    orders.subscribe("other", other)
    world.configure(origin=ORIGIN, limits={"shards": 1})
    world.bridge().starts()
    orders.publish(5)
    world.wait_until(lambda: len(billing.arrivals) == 1, "a delivery")
    # A minute has one request, however many others take meanwhile.
    orders.publish(5)
    other.has_taken(10)
    assert len(billing.arrivals) == 1
    billing.consents(rate="*")
    orders.subscriptions["billing"]["headers"] = {"X-Edition": "2"}
    orders.write()
    world.wait_until(lambda: len(billing.arrivals) == 10, "the others, after an edit of the manifest")
    assert len(billing.asked) == 2


def test_who_asks_for_consent_needs_a_name_and_an_address_to_ask(world, protected):
    server = protected()
    orders = world.topic("shop.orders")
    subscribe(orders, "nameless", server.endpoint("a"), handshake=True)
    world.starts_broker()
    world.write_config()
    refused = world.fanfare("check", expect=78).text
    assert "subscriptions.nameless.handshake: an endpoint consents to somebody; give this bridge a name: origin: events.example.com" in refused
    orders.subscriptions["nameless"]["endpoint"] += "/{{data.id}}"
    world.configure(origin=ORIGIN)
    world.write_config()
    refused = world.fanfare("check", expect=78).text
    assert "subscriptions.nameless.handshake: an endpoint that is a template has no one address to ask" in refused
    world.configure(origin="https://events.example.com")
    world.write_config()
    assert "origin: must be a DNS name such as events.example.com" in world.fanfare("check", expect=78).text


def test_a_test_event_is_sent_as_a_delivery_would_be_and_marked(world, protected):
    server = protected(oauth2=True)
    catalog = world.manifests / "examples"
    catalog.mkdir(parents=True)
    (catalog / "paid.json").write_text('{"id": "o-1", "total": 12}')
    orders = world.topic("shop.orders", events={"order.created": {}, "order.paid": {"example": "examples/paid.json"}})
    signed = world.endpoint("signed", keep=True)
    orders.subscribe("signed", signed, headers={"X-Tenant": "acme"}, filters=[{"exact": {"type": "never"}}], batch={"maxWait": "1h"})
    picky = world.endpoint("picky", status=418, keep=True)
    orders.subscribe("picky", picky, payload={"template": '{"text": "{{data.id}} costs {{data.total}}"}', "contentType": "application/json"})
    guarded = server.endpoint("guarded")
    secret = world.folder / "client-secret"
    secret.write_text(server.client[1] + "\n")
    subscribe(orders, "guarded", guarded, handshake=True, payload={"format": "binary"}, auth={
        "oauth2": {"tokenURL": server.token_url, "clientID": server.client[0], "clientSecret": f"${{file:{secret}}}"}})
    orders.subscribe("gone", world.endpoint_where_nothing_listens("gone"))
    world.configure(origin=ORIGIN)
    world.starts_broker()
    world.write_config()

    shown = world.fanfare("subscriptions", "test", "signed").output
    assert shown.startswith("signed accepted the test event: 204 after ") and "\n  fanfare-test: true\n" in shown
    signed.has_taken(1)
    arrival = signed.arrivals()[0]
    assert arrival.verified and arrival.headers["fanfare-test"] == "true" and arrival.headers["x-tenant"] == "acme"
    event = arrival.json[0]
    assert event["type"] == "order.paid" and event["data"] == {"id": "o-1", "total": 12} and event["id"].startswith("fanfare-test-")

    refused = world.fanfare("subscriptions", "test", "picky", "--output", "json", expect=1).json
    assert (refused["accepted"], refused["status"], refused["errorKind"]) == (False, 418, "http")
    assert json.loads(refused["request"]["body"])["data"] == {"text": "o-1 costs 12"}

    # What deliveries need first, this needs, too.
    refused = world.fanfare("subscriptions", "test", "guarded", expect=1)
    assert "no consent: the endpoint answered OPTIONS with 405" in refused.output and not guarded.arrivals
    guarded.consents()
    own = b'{"specversion": "1.0", "id": "7", "source": "/s", "type": "order.lost", "data": 1}'
    accepted = world.fanfare("subscriptions", "test", "guarded", "-", stdin=own)
    assert guarded.arrivals[0]["ce-type"] == "order.lost" and guarded.arrivals[0]["authorization"].startswith("Bearer t0ken-")
    assert "authorization: ***" in accepted.output and "t0ken-" not in accepted.text and server.client[1] not in accepted.text

    assert world.fanfare("subscriptions", "test", "gone", "--output", "json", expect=1).json["errorKind"] == "network"
    assert "there is no subscription nobody; there are: gone, guarded, picky, signed" in world.fanfare("subscriptions", "test", "nobody", expect=1).text
    assert "leave --type out" in world.fanfare("subscriptions", "test", "signed", "-", "--type", "x", stdin=own, expect=64).text
