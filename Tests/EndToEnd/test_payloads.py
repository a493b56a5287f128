"""What subscriptions make of events: selected, dropped, templated payloads, headers and URLs of events, payload versions."""

import email.utils
import json

import pytest

ORDER = {"id": "o-7", "total": 12.50, "taxes": [2.5], "customer": {"name": 'Ann "A"', "email": "ann@example.com"},
         "items": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]}
# As a producer writes it: no library would give back these very bytes.
TEXT = json.dumps(ORDER).replace("12.5", "12.50")


@pytest.fixture
def orders(world):
    return world.topic("shop.orders", event={"id": {"pointer": "/id"}})


def the_only(endpoint, count=1):
    endpoint.has_taken(count)
    arrivals = endpoint.arrivals()
    assert len(arrivals) == count and all(arrival.verified for arrival in arrivals), "the signature is over what was sent"
    return arrivals[-1]


def test_parts_are_selected_and_dropped_and_the_rest_keeps_its_bytes(world, orders):
    whole, less, other = (world.endpoint(name, keep=True) for name in ("whole", "less", "other"))
    orders.subscribe("whole", whole, payload={"format": "raw"})
    orders.subscribe("less", less, payload={
        "format": "structured", "select": ["/data/id", "/data/total", "/data/customer"], "drop": ["/data/customer/email", "/subject"]})
    orders.subscribe("other", other, payload={"format": "raw", "drop": ["/data/items/0", "/data/customer"]}, batch={"maxEvents": 1})
    world.bridge().starts()
    orders.publish_record(TEXT, key="order-7")

    assert the_only(whole).body.decode() == TEXT
    sent = the_only(less)
    assert sent.body.endswith(b'"data":{"id":"o-7","total":12.50,"customer":{"name":"Ann \\"A\\""}}}')
    assert sent.json["id"] == sent.id == "o-7" and "subject" not in sent.json
    assert the_only(other).json == [{"id": "o-7", "total": 12.5, "taxes": [2.5], "items": [{"sku": "b", "count": 2}]}]


def test_a_template_makes_the_body_and_each_content_type_escapes_its_own_way(world, orders):
    templates = {
        "chat": ("application/json", '{"text": "{{data.customer.name}}: {{data.total}}", "lines": [{{#data.items}}"{{sku}}"{{^-last}},{{/-last}}{{/data.items}}]}'),
        "mail": ("text/html", "<p>{{data.customer.name}}</p>"),
        "form": ("application/x-www-form-urlencoded", "name={{data.customer.name}}&id={{id}}"),
        "text": ("text/plain; charset=utf-8", "{{data.customer.name}}"),
    }
    hooks = {name: world.endpoint(name, keep=True) for name in templates}
    for name, (kind, template) in templates.items():
        orders.subscribe(name, hooks[name], payload={"format": "raw", "contentType": kind, "template": template})
    world.bridge().starts()
    orders.publish_record(TEXT)

    sent = {name: the_only(hook) for name, hook in hooks.items()}
    assert {name: arrival.headers["content-type"] for name, arrival in sent.items()} == {name: kind for name, (kind, _) in templates.items()}
    assert sent["chat"].body.decode() == '{"text": "Ann \\"A\\": 12.50", "lines": ["a","b"]}'
    assert sent["mail"].body == b"<p>Ann &quot;A&quot;</p>"
    assert sent["form"].body == b"name=Ann%20%22A%22&id=o-7"
    assert sent["text"].body == b'Ann "A"'


def test_headers_and_urls_are_made_of_the_event_and_no_event_breaks_out(world, orders):
    acme, globex = world.endpoint("hooks/acme", keep=True), world.endpoint("hooks/globex", keep=True)
    globex.behaves(secrets=[acme.secret])
    url = acme.url.replace("127.0.0.1", "{{data.zone}}.localhost").replace("/acme", "/{{data.tenant}}?type={{type}}")
    orders.subscribe("tenants", acme, headers={"X-Note": "n: {{data.note}}", "X-Fixed": "1"})
    orders.subscriptions["tenants"]["endpoint"] = url
    bridge = world.bridge().starts()
    for n, (tenant, zone, note) in enumerate([
        ("acme", "eu", "plain"), ("globex", "us-2", "a\r\nX-Evil: 1 ü"), ("../admin", "eu", ""), ("..", "eu", "x"), ("acme", "evil.com#", "x"), (None, "eu", "x"),
    ]):
        orders.publish_record(json.dumps({"id": f"e-{n}", "tenant": tenant, "zone": zone, "note": note}))
    world.is_settled("tenants")

    first, second = the_only(acme), the_only(globex)
    assert (first.id, first.headers["host"].split(":")[0], first.headers["x-note"]) == ("e-0", "eu.localhost", "n: plain")
    assert (second.id, second.headers["host"].split(":")[0], second.headers["x-note"]) == ("e-1", "us-2.localhost", "n: a%0D%0AX-Evil: 1 %C3%BC")
    assert "x-evil" not in second.headers and second.headers["x-fixed"] == "1"
    letters = {letter.source_id.rsplit("-", 1)[1]: (letter.kind, letter.text("fanfare-error-message")) for letter in world.dead_letters(orders)}
    # "../admin" is one segment, which nobody serves: 404, and so not a dead letter yet.
    assert {offset: kind for offset, (kind, _) in letters.items()} == {"3": "poison", "4": "poison", "5": "poison"}
    assert "{{data.zone}}" in letters["4"][1] and "{{data.tenant}} is empty or missing" in letters["5"][1]
    assert all("evil" not in message for _, message in letters.values()), "no content in messages"
    bridge.stops()


def test_an_url_of_an_event_meets_the_egress_rules(world, orders):
    world.configure(egress={"allowHTTP": True, "allowPrivate": True, "deny": ["secret.localhost"]})
    hook = world.endpoint("hook", keep=True)
    orders.subscribe("hook", hook, retry={"schedule": ["1s"], "giveUpAfter": "1h"})
    orders.subscriptions["hook"]["endpoint"] = hook.url.replace("127.0.0.1", "{{data.zone}}.localhost")
    world.bridge().starts()
    orders.publish_record(json.dumps({"id": "a", "zone": "secret"}))
    orders.publish_record(json.dumps({"id": "b", "zone": "public"}))
    assert the_only(hook).id == "b"
    world.wait_until(lambda: [letter.kind for letter in world.dead_letters(orders)] == ["egress-denied"], "the other to be denied")


def test_poison_becomes_a_dead_letter_of_the_original_and_is_sent_when_the_template_is_corrected(world, orders):
    hook = world.endpoint("hook", keep=True)
    payload = {"format": "raw", "template": '{"amount": {{data.amount}}}'}
    orders.subscribe("hook", hook, payload=payload)
    bridge = world.bridge().starts()
    orders.publish_record(TEXT)
    world.is_settled("hook")
    (letter,) = world.dead_letters(orders)
    assert (letter.kind, letter.value.decode()) == ("poison", TEXT)
    assert letter.text("fanfare-error-message") == "payload.template: the text is not JSON: a value is expected (byte 11)"

    payload["template"] = '{"amount": {{data.total}}}'
    bridge.stops()
    bridge = world.bridge_without_broker("corrected").starts()
    world.fanfare("dlq", "redrive", "--topic", "shop.orders")
    sent = the_only(hook)
    assert (sent.id, sent.body) == ("o-7", b'{"amount": 12.50}')


def test_older_versions_are_made_of_the_newest_and_say_that_they_go(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}}, versions={
        "3": {}, "2": {"deprecated": "2001-01-01", "sunset": "2002-01-01", "rename": {"/data/total": "/data/amount"}, "drop": ["/data/taxes"]},
        "1": {"deprecated": "2000-01-01", "rename": {"/data/amount": "/data/price/value"}}})
    hooks = {version: world.endpoint(f"v{version}", keep=True) for version in "123"}
    for version, hook in hooks.items():
        orders.subscribe(f"v{version}", hook, payload={"format": "raw", "version": version, "select": ["/data/total", "/data/amount", "/data/price", "/data/taxes"]})
    bridge = world.bridge().starts()
    orders.publish_record(TEXT)

    sent = {version: the_only(hook) for version, hook in hooks.items()}
    assert {version: arrival.body.decode() for version, arrival in sent.items()} == {
        "3": '{"total":12.50,"taxes":[2.5]}', "2": '{"amount":12.50}', "1": '{"price":{"value":12.50}}'}
    assert (sent["2"].headers["deprecation"], sent["1"].headers["deprecation"]) == ("@978307200", "@946684800")
    assert email.utils.parsedate_to_datetime(sent["2"].headers["sunset"]).isoformat() == "2002-01-01T00:00:00+00:00"
    assert "sunset" not in sent["1"].headers and "deprecation" not in sent["3"].headers
    bridge.shows("fanfare_deprecated_deliveries_total", 1, subscription="v2")
    bridge.shows("fanfare_deprecated_deliveries_total", 0, subscription="v3")
    checked = world.fanfare("check").text
    assert "VERSION 2 HAS BEEN PAST ITS SUNSET SINCE 2002-01-01" in checked and "version 1 is deprecated since 2000-01-01" in checked


def test_a_window_s_event_is_templated_too(world, orders):
    hook = world.endpoint("hook", keep=True)
    orders.subscribe("hook", hook, window={"type": "tumbling", "size": "1s", "idle": "1s", "groupBy": [], "aggregates": {"sum": {"sum": "/data/total"}}},
                     payload={"format": "raw", "contentType": "text/plain", "template": "{{data.count}} orders, {{data.aggregates.sum}} in all"})
    world.bridge().starts()
    orders.publish_record(TEXT)
    assert the_only(hook).body.decode().startswith("1 orders, 12.5")


def test_explain_shows_the_request_as_it_would_be(world, orders):
    hook = world.endpoint_where_nothing_listens("hook")
    orders.subscribe("hook", hook, headers={"Authorization": "key {{data.id}}", "X-Name": "{{data.customer.name}}"},
                     payload={"format": "raw", "template": "{{{data.total}}}"})
    orders.subscriptions["hook"]["endpoint"] = hook.url + "/{{data.id}}"
    explained = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=TEXT.encode()).json
    request = explained["subscriptions"][0]["request"]
    assert request["url"] == hook.url + "/o-7"
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert (headers["authorization"], headers["x-name"]) == ("***", 'Ann "A"'), "what may be a credential is not shown"
    assert "12.50" in json.dumps(request["body"])
    orders.subscriptions["hook"]["endpoint"] = hook.url + "/{{data.other}}"
    explained = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=TEXT.encode()).json
    assert any("endpoint: {{data.other}} is empty or missing" in reason for reason in explained["subscriptions"][0]["reasons"])


def test_check_finds_what_would_be_poison_before_it_is(world, orders):
    (world.manifests / "order.json").write_text(json.dumps({"id": "o-1"}))
    orders.manifest["events"] = {"shop.orders": {"example": "order.json"}}
    hook = world.endpoint_where_nothing_listens("hook")
    orders.subscribe("broken", hook, payload={"template": "{{#data.x}}"})
    orders.subscribe("batched", hook, batch={}, headers={"X-A": "{{id}}"})
    refused = world.fanfare("check", expect=78).text
    assert "subscriptions.broken.payload.template: character 1: the section {{#data.x}} has no end; write {{/data.x}}" in refused
    assert "subscriptions.batched.headers.X-A: a template cannot be told for several events at once" in refused
    orders.unsubscribe("batched")
    orders.subscribe("broken", hook, payload={"template": '{"total": {{data.total}}}'})
    refused = world.fanfare("check", expect=78).text
    assert "subscriptions.broken.payload.template: cannot be made of the example of shop.orders" in refused
