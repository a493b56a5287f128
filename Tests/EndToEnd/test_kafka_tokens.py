"""Kafka with tokens: SASL OAUTHBEARER, from a command and from a token endpoint."""

import signal

import pytest

from harness import library
from harness.kafka_gate import KafkaGate
from harness.protected import ProtectedServer
from harness.raw_servers import Certificates
from harness.tokens import Tokens


@pytest.fixture
def certificates(world):
    return Certificates(world.folder / "certificates")


@pytest.fixture
def gate(world, certificates):
    gate = KafkaGate(world.broker_port, certificates.server("broker"), "nobody", "nothing")
    yield gate
    gate.close()


@pytest.fixture
def tokens(world):
    return Tokens(world.folder / "tokens")


@pytest.fixture
def provider(certificates):
    server = ProtectedServer(oauth2=True, tls=certificates.server("provider"))
    yield server
    server.close()


def through(gate, certificates, **oauth):
    return {
        "bootstrapServers": f"127.0.0.1:{gate.port}",
        "properties": {
            "session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20, "security.protocol": "SASL_SSL",
            "ssl.ca.location": certificates.authority, "sasl.mechanisms": "OAUTHBEARER"},
        "oauth": oauth}


def from_provider(world, provider, certificates, **more):
    secret = world.folder / "client-secret"
    secret.write_text(provider.client[1] + "\n")
    return {"tokenURL": provider.token_url, "clientID": provider.client[0], "clientSecret": f"${{file:{secret}}}", "ca": certificates.authority, **more}


@pytest.mark.both_libraries
def test_all_clients_share_the_command_s_token_and_go_on_with_the_next_one_before_it_ends(world, gate, certificates, tokens, librdkafka):
    orders = world.topic("shop.orders", partitions=2)
    billing, failing = world.endpoint("billing"), world.endpoint("failing", status=400)
    orders.subscribe("billing", billing)
    orders.subscribe("failing", failing, diversion={"burst": 10_000})
    gate.seconds_left = tokens.seconds_left
    # Clients ask for the next one after three quarters; on a busy machine the last quarter must do for the question and a handshake.
    tokens.prints(lifetime=20)
    # The argument is no place for a secret; a word that a shell would take apart shows that there is none.
    words = ["--audience", "kafka; exit 1 $HOME"]
    world.configure(kafka=through(gate, certificates, command=[str(tokens.program), *words], extensions={"logicalCluster": "lkc-1"}))
    bridge = world.bridge().starts()

    def has_asked_again():
        orders.publish(3)
        return len(tokens.given) >= 3

    world.wait_until(has_asked_again, "two more tokens", every=0.2, timeout=90)
    published = len(orders.published)
    billing.has_taken(published)
    world.is_settled("billing")
    world.wait_until(lambda: len(world.dead_letters(orders, "failing")) == published, "the dead letters")
    world.books("billing").balance()

    assert gate.refused == 0 and gate.passed > len(tokens.given), "each token serves several connections"
    assert all(run == words for run in tokens.runs) and not tokens.ran_side_by_side
    assert {fields["logicalCluster"] for fields in gate.shown} == {"lkc-1"}
    # Only the newer library authenticates again on a connection that it has (KIP-368). The other one's is closed, and it makes another.
    if librdkafka == library.NEW:
        assert gate.renewed > 0
    else:
        assert gate.renewed == 0 and gate.outlived > 0

    # Commands ask for one of their own.
    listed = world.fanfare("dlq", "list", "--topic", "shop.orders", "--output", "json")
    shown = world.fanfare("subscriptions").text + world.fanfare("publish", "--topic", "shop.orders", stdin=b'{"n": 1}').text
    assert "failing" in listed.output and "billing" in shown
    billing.has_taken(published + 1)
    shown += listed.text + world.fanfare("check", "--print").text + bridge.process.log.read_text() + bridge.get("/metrics")[1]
    bridge.stops()
    for secret in [*tokens.given, "s3cret-on-stderr", words[1]]:
        assert secret not in shown


def test_a_token_that_a_broker_refuses_is_replaced_and_that_is_said(world, gate, certificates, tokens):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    gate.seconds_left = tokens.seconds_left
    tokens.prints(lifetime=3600, answer=True)
    world.configure(kafka=through(gate, certificates, command=[str(tokens.program)]))
    bridge = world.bridge().starts()
    orders.publish(5)
    billing.has_taken(5)
    assert len(tokens.given) == 1

    # It would last for an hour; those who verify it have changed their minds.
    (old,) = tokens.given
    tokens.refuses.add(old)
    gate.ends_sessions()
    world.wait_until(lambda: len(tokens.given) == 2, "another token")
    bridge.logs("SASL authentication error: Authentication failed during authentication due to invalid credentials")
    bridge.logs("a broker refused the last one; another one is asked for")
    orders.publish(5)
    billing.has_taken(10)
    assert len(tokens.given) == 2, "one for all clients"

    # If none is taken, that is not asked for again and again.
    tokens.refuses.update(tokens.given)
    gate.ends_sessions()
    refused = gate.refused
    world.wait_until(lambda: gate.refused > refused + 20, "refusals", timeout=60)
    assert len(tokens.given) == 2
    assert not any(bridge.process.says(token) for token in tokens.given)


def test_a_token_endpoint_that_fails_is_waited_for_and_named(world, gate, certificates, provider):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    gate.seconds_left = lambda token: 3600 if token in provider.valid else None
    world.configure(kafka=through(gate, certificates, **from_provider(world, provider, certificates, scopes=["kafka"], audience="https://kafka/")))
    provider.token_status, provider.token_answer = 503, b'{"error": "temporarily_unavailable", "token": "t0ken-in-an-error"}'
    # The secret by a flag, this time: nobody sees it among the arguments.
    bridge = world.bridge().starts(ready=False, words=["--set", f"kafka.oauth.clientSecret={provider.client[1]}"])
    bridge.logs("the token endpoint (kafka.oauth.tokenURL) answered 503 (temporarily_unavailable)")
    bridge.is_not_ready()
    with open(f"/proc/{bridge.process.pid}/cmdline") as arguments:
        assert "kafka.oauth.clientSecret=***" in arguments.read()
    assert "kafka.oauth.tokenURL" in bridge.get("/readyz")[1] and not gate.shown

    # A command says so at once.
    listed = world.fanfare("dlq", "list", "--topic", "shop.orders", expect=1)
    assert listed.errors == "error: no token for Kafka: the token endpoint (kafka.oauth.tokenURL) answered 503 (temporarily_unavailable)\n"

    provider.token_status, provider.token_answer = 200, None
    bridge.is_ready()
    orders.publish(5)
    billing.has_taken(5)
    assert provider.questions[-1] == {"grant_type": "client_credentials", "scope": "kafka", "audience": "https://kafka/"}
    assert len(provider.valid) == 1, "all clients of a process share one token"

    world.fanfare("dlq", "list", "--topic", "shop.orders")
    secrets = ["t0ken-", provider.client[1], "client_secret"]
    provider.client = (provider.client[0], "an0ther-one")
    wrong = world.fanfare("dlq", "list", "--topic", "shop.orders", expect=1)
    assert "answered 401 (invalid_client): are tokenURL, clientID, clientSecret, scopes and audience right?" in wrong.errors
    log = bridge.process.log.read_text()
    bridge.stops()
    for secret in secrets:
        assert secret not in log + listed.text + wrong.text


def test_what_is_wrong_with_a_token_endpoint_or_a_command_is_said(world, gate, certificates, tokens, provider):
    world.topic("shop.orders").subscribe("billing", world.endpoint_where_nothing_listens("billing"))
    secrets = ["s3cret-on-stderr", "s3cret-word"]

    def says(**oauth):
        world.configure(kafka=through(gate, certificates, **oauth))
        done = world.fanfare("dlq", "list", "--topic", "shop.orders", expect=1)
        assert not any(secret in done.text for secret in secrets), done
        return done.errors.removeprefix("error: no token for Kafka: ")

    command = {"command": [str(tokens.program), "s3cret-word"], "timeout": "1500ms"}
    for how, what in [
        ({"lifetime": 60, "status": 3}, "failed with status 3"),
        ({"signal": signal.SIGTERM}, "was ended by signal 15"),
        ({"endless": True}, "prints more than 65536 bytes"),
        ({"text": "s3cret-word"}, "prints neither a JSON object with access_token nor a JWT"),
        ({"text": ""}, "prints nothing"),
        ({"text": '{"error": "s3cret-word"}'}, "prints what has no access_token"),
        ({"lifetime": -1}, None),
        ({"hangs": True}, "does not end within 1500ms"),
    ]:
        tokens.prints(**how)
        expected = f"the command {tokens.program} {what}; run it as this user to see what is wrong\n" if what else \
            f"the command {tokens.program} gives a token that has expired already: is the clock of this machine right?\n"
        assert says(**command) == expected
    # With all that it started.
    pids = [int(line) for line in (tokens.folder / "hanging").read_text().split()]
    assert len(pids) == 2
    world.wait_until(lambda: not any(is_running(pid) for pid in pids), "the command to be gone")

    provider.token_answer = b"<html>s3cret-word</html>"
    given = from_provider(world, provider, certificates)
    assert "answered is not a JSON object" in says(**given)
    del given["ca"]
    assert "does not answer: " in says(**given) and "certificate" in says(**given)
    given["tokenURL"] = f"http://127.0.0.1:{world.endpoint_where_nothing_listens('x').port}/?key=s3cret-word"
    assert says(**given).startswith("the token endpoint (kafka.oauth.tokenURL) does not answer: ")


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
