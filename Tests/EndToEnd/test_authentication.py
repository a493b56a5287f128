"""How Fanfare says who it is."""

import base64

from harness.protected import subscribe


def oauth2(world, server, **more):
    secret = world.folder / "client-secret"
    secret.write_text(server.client[1] + "\n")
    return {"oauth2": {"tokenURL": server.token_url, "clientID": server.client[0], "clientSecret": f"${{file:{secret}}}", **more}}


def test_constant_credentials_are_sent_shown_to_nobody_and_replaced_with_their_files(world, protected):
    server = protected()
    orders = world.topic("shop.orders")
    secret = world.folder / "secret"
    secret.write_text("pa:ss-w0rd\n")
    kinds = {
        "by-name": {"basic": {"username": "fanfare", "password": f"${{file:{secret}}}"}},
        "by-token": {"bearer": {"token": f"${{file:{secret}}}"}},
        "by-key": {"apiKey": {"header": "X-Tenant", "value": f"${{file:{secret}}}"}},
    }
    for name, auth in kinds.items():
        subscribe(orders, name, server.endpoint(name), auth=auth, headers={"X-Other": "seen"})
    bridge = world.bridge().starts()
    orders.publish(1)
    world.wait_until(lambda: len(server.arrivals) == 3, "a delivery to each")

    def sent(name, at):
        return server.endpoint(name).arrivals[at]

    basic = base64.b64encode(b"fanfare:pa:ss-w0rd").decode()
    assert sent("by-name", 0)["authorization"] == f"Basic {basic}"
    assert sent("by-token", 0)["authorization"] == "Bearer pa:ss-w0rd"
    assert sent("by-key", 0)["x-tenant"] == "pa:ss-w0rd" and "authorization" not in sent("by-key", 0)

    shown = world.fanfare("explain", "--topic", "shop.orders", stdin=b"{}").text
    shown += world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=b"{}").text + world.fanfare("check").text
    for line in ["authorization: ***", "X-Tenant: ***", "X-Other: seen"]:
        assert line in shown

    secret.write_text("the-next-one\n")
    bridge.logs("topic manifests reloaded")
    orders.publish(1)
    world.wait_until(lambda: len(server.arrivals) == 6, "a delivery to each")
    assert sent("by-token", 1)["authorization"] == "Bearer the-next-one" and sent("by-key", 1)["x-tenant"] == "the-next-one"
    bridge.stops()
    for secret in ["pa:ss-w0rd", basic, "the-next-one"]:
        assert secret not in shown and not bridge.process.says(secret)


def test_a_token_serves_until_it_is_refused_and_a_failing_token_endpoint_is_an_outage_of_its_subscription_alone(world, protected):
    server = protected(oauth2=True)
    orders = world.topic("shop.orders")
    other = world.endpoint("other")
    subscribe(orders, "billing", server.endpoint("billing"), auth=oauth2(world, server, scopes=["a", "b:c"], audience="https://x/"),
              diversion={"burst": 2})
    orders.subscribe("other", other)
    world.configure(limits={"shards": 1})
    # Nobody has a token yet, and whoever gives them out takes his time: the others do not wait for that.
    server.may_answer.clear()
    bridge = world.bridge().starts()
    orders.publish(20)
    other.has_taken(20)
    server.may_answer.set()
    billing = server.endpoint("billing")
    world.wait_until(lambda: len(billing.arrivals) == 20, "20 deliveries")
    assert server.questions == [{"grant_type": "client_credentials", "scope": "a b:c", "audience": "https://x/"}], "one token serves all"
    assert {arrival["authorization"] for arrival in billing.arrivals} == {"Bearer t0ken-1"}

    # Refused, it is replaced once, and the request is sent again at once: no attempt of the event is spent.
    server.revokes()
    orders.publish(20)
    world.wait_until(lambda: len(billing.arrivals) == 40, "20 more deliveries")
    assert len(server.questions) == 2 and server.refused > 0
    assert {arrival["fanfare-attempt"] for arrival in billing.arrivals} == {"1"}
    bridge.shows("fanfare_attempts_total", 40, subscription="billing")
    bridge.shows("fanfare_token_requests_total", 2, subscription="billing", result="success")

    # No tokens: nothing is diverted, the circuit opens.
    server.token_status, server.token_answer = 503, b"overloaded"
    server.revokes()
    orders.publish(20)
    other.has_taken(60)
    bridge.takes_for_down("billing")
    bridge.logs("no access token: the token endpoint answered 503")
    assert len(billing.arrivals) == 40 and not world.dead_letters(orders) and not world.retries()
    server.token_status, server.token_answer = 200, None
    world.wait_until(lambda: len(billing.arrivals) == 60, "the rest after the outage")
    world.is_settled("billing")
    assert not world.dead_letters(orders) and not world.retries()
    assert bridge.metric("fanfare_token_requests_total", subscription="billing", result="failed") > 0
    assert not bridge.process.says("t0ken-") and not bridge.process.says("s3cret")


def test_clients_are_known_by_the_form_where_the_header_is_refused_and_bad_answers_of_token_endpoints_are_named(world, protected):
    by_form = protected(oauth2=True, by_form=True)
    by_form.lifetime = 2
    orders = world.topic("shop.orders")
    subscribe(orders, "by-form", by_form.endpoint("by-form"), auth=oauth2(world, by_form))
    wrong = {
        "not-json": (b"<html>", "is not a JSON object"), "no-token": (b"{}", "has no access_token"),
        "other-type": (b'{"access_token": "x", "token_type": "mac"}', "token_type other than Bearer"),
        "header-break": (b'{"access_token": "x\\r\\nX-Y: z"}', "no header can hold"),
        "endless": (b" " * 5_000_000, "is not a JSON object"), "expired": (b'{"access_token": "x", "expires_in": 0}', "has expired already"),
    }
    for name, (answer, _) in wrong.items():
        server = protected(oauth2=True)
        server.token_answer = answer
        subscribe(orders, name, server.endpoint(name), auth=oauth2(world, server))
    denied = protected(oauth2=True)
    subscribe(orders, "denied", denied.endpoint("denied"), auth=oauth2(world, denied))
    orders.subscriptions["denied"]["auth"]["oauth2"]["tokenURL"] = "https://169.254.169.254/token"
    bridge = world.bridge().starts()
    orders.publish(3)
    world.wait_until(lambda: len(by_form.endpoint("by-form").arrivals) == 3, "3 deliveries")
    for _, message in wrong.values():
        bridge.logs(message)
    bridge.logs("169.254.169.254 is the address of a cloud's metadata service")
    assert not world.dead_letters(orders) and not world.retries()

    # Which way it was is remembered; a token that ends is followed by another one before anybody refuses it.
    def has_asked_again():
        orders.publish(1)
        return len(by_form.questions) >= 5

    world.wait_until(has_asked_again, "two more tokens", every=0.2)
    assert all("client_secret" in form for form in by_form.questions[1:]) and by_form.refused == 0
    assert "auth.oauth2.tokenURL: nothing will be sent there (egress-denied)" in world.fanfare("check").text
