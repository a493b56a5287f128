"""Deliveries go only where the configuration allows."""

import pytest

from harness.name_server import NameServer
from harness.namespace import looking_up_at, network
from harness.protected import ProtectedServer
from harness.proxies import Proxy
from harness.raw_servers import Certificates


def test_plain_http_is_refused_before_the_start_unless_allowed(world):
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint("billing"))
    world.configure(egress={"allowPrivate": True})

    result = world.fanfare("check", expect=78)
    assert "shop.orders.yaml:" in result.text and "allowHTTP" in result.text


def test_a_private_address_is_refused_when_connecting_unless_allowed(world):
    orders = world.topic("shop.orders")
    by_address = world.endpoint("by-address")
    by_name = world.endpoint("by-name")
    orders.subscribe("by-address", by_address)
    orders.subscribe("by-name", by_name)
    orders.subscriptions["by-name"]["endpoint"] = by_name.url.replace("127.0.0.1", "localhost")
    world.configure(egress={"allowHTTP": True, "allowPrivate": False})
    world.bridge().starts()
    orders.publish_record(b"{}")

    world.wait_until(lambda: len(world.dead_letters(orders)) == 2, "two dead letters")
    assert {letter.kind for letter in world.dead_letters(orders)} == {"egress-denied"}
    assert by_address.summary()["attempts"] == by_name.summary()["attempts"] == 0


PUBLIC, PRIVATE, METADATA, ALLOWED = "198.41.0.4", "10.0.0.5", "169.254.169.254", "10.0.0.6"


@pytest.fixture
def isolated():
    """A network in which addresses of every kind would answer, and from which nothing gets out."""
    with network([f"{PUBLIC}/32", f"{PRIVATE}/32", f"{METADATA}/32", f"{ALLOWED}/32", "2606:4700::1/128"]):
        yield


def test_the_address_of_the_connection_decides_whatever_a_name_resolves_to(isolated, world):
    server = ProtectedServer(address="0.0.0.0")
    names = {  # answers in their order; whether an event gets there at the first connection
        "public.test": ([[PUBLIC]], True),
        "private.test": ([[PRIVATE]], False),
        "metadata.test": ([[METADATA]], False),
        "loopback.test": ([["127.0.0.2"]], False),
        "unspecified.test": ([["0.0.0.0"]], False),
        "broadcast.test": ([["255.255.255.255"]], False),
        "multicast.test": ([["224.0.0.1"]], False),
        "six.test": ([["::1"]], False),
        "mapped.test": ([["::ffff:127.0.0.2"]], False),
        "nat64.test": ([["64:ff9b::7f00:2"]], False),
        "6to4.test": ([["2002:7f00:2::1"]], False),
        "both.test": ([[PRIVATE, PUBLIC]], True),
        "allowed-address.test": ([[ALLOWED]], True),
        "allowed-name.test": ([[PRIVATE]], True),
        "denied-name.test": ([[PUBLIC]], False),
        # Who looks a name up to judge it, and again to connect, is deceived by these.
        "rebinding.test": ([[PUBLIC], ["127.0.0.2"]], True),
        "rebinding-at-once.test": ([["127.0.0.2"], [PUBLIC]], False),
    }
    name_server = NameServer({name: answers for name, (answers, _) in names.items()})
    orders = world.topic("shop.orders")

    def subscribe(name, url):
        orders.subscriptions[name] = {"endpoint": url, "start": "earliest", "signing": "none"}

    for name in names:
        subscribe(name, f"http://{name}:{server.port}/{name}")
    for number, host in enumerate([PRIVATE, METADATA, "127.0.0.2", "0.0.0.0", "[::1]", "[::ffff:10.0.0.5]", "[64:ff9b::a00:5]"]):
        subscribe(f"literal-{number}", f"http://{host}:{server.port}/literal")
    subscribe("low-port", f"http://{PUBLIC}:22/")
    world.configure(egress={
        "allowHTTP": True, "allow": ["127.0.0.1", f"{ALLOWED}/32", "allowed-name.test"], "deny": ["denied-name.test"]})
    bridge = world.bridge()
    subscribe("own-listener", f"{bridge.ops}/api/v1/subscriptions")
    world.write_manifests()

    checked = world.fanfare("check", "--config", bridge.config, config=False).text
    for name in orders.subscriptions:
        is_known = name.startswith("literal") or name in ["low-port", "denied-name.test", "own-listener"]
        assert (f"subscriptions.{name}.endpoint: nothing will be sent there (egress-denied)" in checked) == is_known, name

    bridge.starts(under=looking_up_at("127.0.0.1", world.folder))
    orders.publish(1)
    delivered = {name for name, (_, gets_there) in names.items() if gets_there}
    denied = set(orders.subscriptions) - delivered
    world.wait_until(lambda: len(world.dead_letters(orders)) >= len(denied), "the dead letters",
                     details=lambda: f"{denied ^ {letter.subscription for letter in world.dead_letters(orders)}}")
    world.wait_until(lambda: {path[1:] for path, _ in server.arrivals} == delivered, "the others' deliveries",
                     details=lambda: f"{delivered ^ {path[1:] for path, _ in server.arrivals}}")
    assert {letter.subscription for letter in world.dead_letters(orders)} == denied
    for letter in world.dead_letters(orders):
        assert letter.kind == "egress-denied" and letter.text("fanfare-attempt") == "1", letter
    assert not world.retries()

    # The name's next answer: nothing remembers the one before that was good.
    bridge.stops()
    bridge.starts(under=looking_up_at("127.0.0.1", world.folder))
    orders.publish(1)
    world.wait_until(lambda: len(world.dead_letters(orders, "rebinding.test")) == 1, "the dead letter of the name that changed")
    assert server.reached == {PUBLIC, ALLOWED, PRIVATE}, "the private one is allowed by name"
    assert {path for path, _ in server.arrivals if path == "/literal"} == set()
    name_server.close()
    server.close()


@pytest.mark.parametrize("kind", ["http", "socks"])
def test_a_proxy_gets_names_and_no_secrets_and_addresses_are_judged_before(world, tmp_path, kind):
    proxy = Proxy(kind)
    certificates = Certificates(tmp_path / "certificates")
    secure, plain = ProtectedServer(tls=certificates.server("hooks", "DNS:hooks.test")), ProtectedServer()
    orders = world.topic("shop.orders")
    policies = {"start": "earliest", "signing": "none", "tls": {"ca": certificates.authority}, "headers": {"X-Tenant": "for-the-endpoint"}}
    targets = {
        "secure": f"https://hooks.test:{secure.port}/hook", "plain": f"http://plain.test:{plain.port}/hook",
        "address": f"https://10.0.0.1:{secure.port}/", "localhost": f"https://localhost:{secure.port}/", "low-port": "https://hooks.test:25/",
    }
    for name, url in targets.items():
        orders.subscriptions[name] = {**policies, "endpoint": url}
    world.configure(egress={"allowHTTP": True, "proxy": proxy.url})
    bridge = world.bridge().starts()
    orders.publish(3)
    world.wait_until(lambda: len(secure.arrivals) == len(plain.arrivals) == 3, "the deliveries")
    world.wait_until(lambda: len(world.dead_letters(orders)) == 9, "the dead letters")
    assert {(letter.subscription, letter.kind) for letter in world.dead_letters(orders)} == {
        (name, "egress-denied") for name in ["address", "localhost", "low-port"]}
    assert set(proxy.asked) == {f"hooks.test:{secure.port}", f"plain.test:{plain.port}"}
    assert all("for-the-endpoint" not in head for head in proxy.heads if head.startswith("CONNECT"))
    checked = world.fanfare("check").text
    assert checked.count("nothing will be sent there (egress-denied)") == 3
    assert not bridge.process.says("pa%40ss") and not bridge.process.says("pa@ss") and "pa%40ss" not in checked
    for each in [proxy, secure, plain]:
        each.close()
