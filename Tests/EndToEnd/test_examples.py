"""The manifests in examples/ are right, and deliver what their comments say."""

import hashlib
import hmac
import json
import re
import ssl

import pytest
import yaml

from harness.fixtures import ROOT
from harness.raw_servers import Certificates

EXAMPLES = sorted(path.stem for path in (ROOT / "examples/topics").glob("*.yaml"))


class Example:
    """One of them in a world of its own: the same text, with endpoints and files of this machine."""

    def __init__(self, world, protected, name):
        self.world = world
        self.text = (ROOT / f"examples/topics/{name}.yaml").read_text()
        manifest = yaml.safe_load(self.text)
        self.topic = manifest["topic"]
        self.subscriptions = manifest["subscriptions"]
        self.protected = protected
        self.certificates = Certificates(world.folder / "certificates")

    def has_at(self, url, subscription, file=None, **behaviour):
        """What stands at the URL is the endpoint; where that is signed, `file` has the secret. Returns the endpoint."""
        endpoint = self.world.endpoint(subscription, keep=True, **behaviour)
        if file:
            self.has_file(file, endpoint.secret)
        else:
            endpoint.behaves(secrets=[])
        self.replaces(url, endpoint.url)
        return endpoint

    def has_file(self, name, text):
        """`name` below /etc/fanfare."""
        path = self.world.folder / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        self.replaces(f"/etc/fanfare/{name}", str(path))

    def replaces(self, there, here):
        assert there in self.text, f"the example has no {there}"
        self.text = re.sub(rf"{re.escape(there)}(?![\w/.-])", here, self.text)

    def starts(self):
        settings = "\n".join(line.partition("#")[0] for line in self.text.splitlines())
        assert "example.com" not in settings and "/etc/fanfare" not in settings, settings
        world = self.world
        (world.manifests / "example.yaml").write_text(self.text)
        world.configure(limits={"shards": 1})
        repartitioned = [name for name, policies in self.subscriptions.items() if policies.get("window", {}).get("scope") == "topic"]
        world.extra_topics = {self.topic: 1, f"{self.topic}.dead-letter": 1, **{f"fanfare.{name}.repartition": 1 for name in repartitioned}}
        checked = world.fanfare("check").text
        assert "0 warnings" in checked, checked
        world.fanfare("check", "--config", ROOT / "examples/fanfare.yaml", "--topics", world.manifests, config=False)
        self.bridge = world.bridge().starts()
        # Those that begin at the end have to know where that is before anything comes.
        for name in self.subscriptions:
            cursor = f"fanfare.{name}._repartition" if name in repartitioned else f"fanfare.{name}"
            world.wait_until(lambda: None not in world.kafka.committed(cursor, self.topic).values(), f"{name} to commit where it begins")

    def publishes(self, *values, keys=None, headers=None):
        self.world.kafka.publish(self.topic, [
            (0, keys[n] if keys else None, value if isinstance(value, str) else json.dumps(value), headers) for n, value in enumerate(values)])

    def gave_nothing_up(self):
        dead = self.world.kafka.consume_all(f"{self.topic}.dead-letter")
        assert not dead, dead


def orders(example):
    billing = example.has_at("https://billing.example.com/hooks/orders", "billing", "secrets/billing")
    search = example.has_at("https://search.example.com/orders/bulk", "search", "secrets/search")
    fraud = example.has_at("https://fraud.example.com/check", "fraud", "secrets/fraud")
    example.starts()
    customer = {"email": "ann@example.com", "name": "Ann"}
    example.publishes(*(
        {"id": f"o-{n}", "type": kind, "total": total, "customer": customer}
        for n, (kind, total) in enumerate([("order.created", 42), ("order.payment.received", 42), ("order.cancelled", 42), ("order.created", 1000)])))
    billing.has_taken(3)
    search.has_taken(4)
    fraud.has_taken(1)
    assert set(billing.delivered()) == {"o-0", "o-1", "o-3"} and set(fraud.delivered()) == {"o-3"}
    assert all(arrival.verified for endpoint in (billing, search, fraud) for arrival in endpoint.arrivals())
    batched = [event for arrival in search.arrivals() for event in arrival.json]
    assert [event["data"]["customer"] for event in batched] == [{"name": "Ann"}] * 4
    assert len(search.arrivals()) < 4 and batched[0]["source"] == "/shop/orders"


def payments(example):
    # Each is refused once for a moment, and comes again.
    ledger = example.has_at("https://ledger.example.com/entries", "ledger", "secrets/ledger", fail_first=1)
    example.starts()
    example.publishes(
        '{"id": "p-1", "type": "payment.settled", "amount": 10.00}', '{"id": "p-2", "type": "payment.settled", "amount": 20.00}', '{"id": "p-3", "type": "payment.settled", "amount": 30.00}',
        '{"id": "p-1", "type": "payment.settled", "amount": 10.00}', '{"id": "p-4", "type": "payment.refunded", "amount": 1.10}',
        keys=["a", "a", "b", "a", "a"])
    ledger.has_taken(4)
    example.world.wait_until(lambda: example.world.kafka.lag("fanfare.ledger", example.topic) == 0, "the ledger to settle all")
    taken = [arrival for arrival in ledger.arrivals() if arrival.accepted]
    assert [arrival.id for arrival in taken if arrival.id != "p-3"] == ["p-1", "p-2", "p-4"], "in their order, and p-1 once"
    assert taken[-1].verified and b'"amount": 1.10}' in {arrival.id: arrival.body for arrival in taken}["p-4"]
    assert {arrival.headers["ce-type"] for arrival in taken} == {"payment.settled", "payment.refunded"}


def clickstream(example):
    pages = example.has_at("https://dashboard.example.com/pages", "pages-per-minute", "secrets/dashboard")
    visits = example.has_at("https://dashboard.example.com/visits", "visits")
    visits.behaves(secrets=[pages.secret])
    example.starts()
    clicks = [("v1", "08:00:05", "/home", 100), ("v1", "08:00:30", "/cart", 300), ("v2", "08:00:50", "/home", 200),
              ("v3", "08:05:00", "/home", 50), ("v4", "09:30:00", "/end", 1)]
    example.publishes(
        *({"at": f"2026-05-01T{at}Z", "page": page, "ms": ms} for _, at, page, ms in clicks), keys=[visitor for visitor, *_ in clicks])
    pages.has_taken(3)
    visits.has_taken(3)
    found = {(event["data"]["group"]["/data/page"], event["data"]["window"]["start"][11:16]): event["data"] for event in
             (arrival.json for arrival in pages.arrivals())}
    assert {window: data["count"] for window, data in found.items()} == {("/home", "08:00"): 2, ("/cart", "08:00"): 1, ("/home", "08:05"): 1}
    assert found["/home", "08:00"]["aggregates"] == {"slowest": 200, "mean": 150}
    ended = {event["data"]["group"]["key"]: event for arrival in visits.arrivals() for event in arrival.json}
    assert {key: event["data"]["count"] for key, event in ended.items()} == {"v1": 2, "v2": 1, "v3": 1}
    assert ended["v1"]["type"] == "visit.ended" and ended["v1"]["data"]["aggregates"] == {"first": "/home", "pages": 2}
    assert all(arrival.verified for endpoint in (pages, visits) for arrival in endpoint.arrivals())


def slack(example):
    channel = example.world.endpoint("slack-urgent", keep=True).behaves(secrets=[])
    example.has_file("secrets/slack-url", channel.url)
    example.replaces("https://hooks.slack.com/services/T000/B000/XXXX", channel.url)
    example.starts()
    ticket = {"type": "ticket.opened", "number": 7, "priority": "urgent", "title": 'The "new" printer', "customer": {"name": "Ann"}}
    example.publishes(ticket, {**ticket, "priority": "low"}, {**ticket, "type": "ticket.closed"}, {**ticket, "number": 8, "priority": "p1b", "customer": None})
    channel.has_taken(2)
    texts = {arrival.json["text"] for arrival in channel.arrivals()}
    assert texts == {'*#7* The "new" printer\nfrom Ann', '*#8* The "new" printer'}


def partner(example):
    certificates = example.certificates
    carrier = example.protected(oauth2=True, tls=certificates.server("carrier"))
    context = certificates.server("customs")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority)
    customs = example.protected(tls=context)
    example.replaces("https://api.carrier.example.com/v2/shipments", carrier.endpoint("carrier").url)
    example.replaces("https://login.carrier.example.com/oauth2/token", carrier.token_url)
    example.replaces("https://eu.customs.example.com/declarations", customs.endpoint("customs").url)
    example.has_file("secrets/carrier-oauth", carrier.client[1])
    example.has_file("secrets/carrier", example.world.endpoint("unused").secret)
    for name in ("carrier", "customs"):
        example.replaces(f"/etc/fanfare/tls/{name}-ca.pem", certificates.authority)
    shown = certificates.client("fanfare", ends=certificates.LATE)
    example.replaces("/etc/fanfare/tls/fanfare.pem", shown["certificate"])
    example.replaces("/etc/fanfare/tls/fanfare.key", shown["key"])
    example.starts()
    event = {"specversion": "1.0", "id": "s-1", "source": "/logistics", "type": "shipment.ready", "destination": "US",
             "data": {"id": "s-1", "weight": 2.50, "address": "1 Main St", "margin": 0.4}}
    example.publishes(event, {**event, "id": "s-2", "destination": "FR"}, {**event, "id": "s-3", "type": "shipment.lost"},
                      headers=[("content-type", b"application/cloudevents+json")])
    example.world.wait_until(lambda: len(carrier.arrivals) == 2 and len(customs.arrivals) == 1, "two shipments and one declaration")
    assert carrier.questions == [{"grant_type": "client_credentials", "scope": "shipments.write"}]
    assert {headers["authorization"] for headers in carrier.endpoint("carrier").arrivals} == {"Bearer t0ken-1"}
    assert [json.loads(body)["data"] for body in carrier.endpoint("carrier").bodies] == [{"id": "s-1", "weight": 2.5, "address": "1 Main St"}] * 2
    assert [json.loads(body)["id"] for body in customs.endpoint("customs").bodies] == ["s-1"]


def legacy(example):
    deployer = example.has_at("http://deployer.internal.example.com:8080/github-webhook", "deployer")
    example.has_file("secrets/deployer", "a secret that GitHub had")
    example.starts()
    example.publishes({"ref": "refs/heads/main"}, headers=[("event", b"push")])
    example.publishes({"zen": "Keep it logically awesome."}, headers=[("event", b"ping")])
    example.publishes({"release": {"tag_name": "v1"}}, headers=[("event", b"release")])
    deployer.has_taken(2)
    push, release = deployer.arrivals()
    assert push.json == {"ref": "refs/heads/main"} and release.json == {"release": {"tag_name": "v1"}}
    assert [arrival.headers["x-github-event"] for arrival in (push, release)] == ["push", "release"]
    assert push.headers["x-github-delivery"] == "build.events-0-0"
    digest = hmac.new(b"a secret that GitHub had", push.body, hashlib.sha256).hexdigest()
    assert push.headers["x-hub-signature-256"] == f"sha256={digest}"


CASES = {case.__name__: case for case in (orders, payments, clickstream, slack, partner, legacy)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_delivers_what_it_says(name, world, protected):
    example = Example(world, protected, name)
    CASES[name](example)
    example.gave_nothing_up()
