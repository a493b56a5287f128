"""How requests are signed: schemes, several secrets and keys, rotation while events come. Verified by code that is not Fanfare's."""

import base64
import hashlib
import hmac
import json
import os
import stat
import subprocess
import urllib.error
import urllib.request

from standardwebhooks.webhooks import Webhook

from harness.endpoints import new_secret
from harness.process import Process
from harness.waiting import accepts, free_port

EVENTS = 20


def hmac_hex(secret, *parts):
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).hexdigest()


def is_signed_by(public_key, signature, message, folder):
    """By the openssl command, which wants its key as PEM: the fixed beginning of an Ed25519 key's DER, and its 32 bytes."""
    raw = base64.b64decode(public_key.removeprefix("whpk_"))
    der = bytes.fromhex("302a300506032b6570032100") + raw
    key, text, sign = folder / "key.pem", folder / "message", folder / "signature"
    key.write_text(f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n")
    text.write_bytes(message)
    sign.write_bytes(base64.b64decode(signature.removeprefix("v1a,")))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", text, "-sigfile", sign]
    return subprocess.run(command, capture_output=True).returncode == 0


def standard_message(arrival):
    return f"{arrival.id}.{arrival.headers['webhook-timestamp']}.".encode() + arrival.body


def new_key(world, name, kind="ed25519"):
    """A file with a new key or secret; its text, and of a key the public one."""
    file = world.folder / name
    made = world.fanfare("keys", "new", "--kind", kind, "--out", file, "--output", "json", config=False).json
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert "secret" not in made
    return file, file.read_text().strip(), made.get("publicKey")


def reloads(bridge):
    return bridge.process.log.read_text().count("topic manifests reloaded")


def test_every_scheme_signs_with_all_that_it_has(world):
    orders = world.topic("shop.orders")
    hooks = {name: world.endpoint(name, keep=True) for name in ("standard", "keys", "github", "stripe", "none")}
    for name in ("keys", "github", "stripe", "none"):
        hooks[name].behaves(secrets=[])
    (one, _, one_public), (two, _, two_public) = new_key(world, "one.key"), new_key(world, "two.key")
    older, texts = new_secret(), ["a first secret text", "a second secret text"]
    (world.folder / "texts").write_text("# two of them\n" + "\n".join(texts) + "\n")
    secret = hooks["standard"].secret
    orders.subscribe("standard", hooks["standard"], signing={"secrets": [older, secret], "keys": [f"${{file:{one}}}", f"${{file:{two}}}"]})
    orders.subscribe("keys", hooks["keys"], signing={"keys": [f"${{file:{two}}}"]}, batch={"maxEvents": 1})
    orders.subscribe("github", hooks["github"], signing={"scheme": "github", "secrets": [f"${{file:{world.folder}/texts}}"]})
    orders.subscribe("stripe", hooks["stripe"], signing={"scheme": "stripe", "secrets": [f"${{file:{world.folder}/texts}}"]})
    orders.subscribe("none", hooks["none"], signing="none")
    world.bridge().starts()
    orders.publish(1)

    sent = {}
    for name, hook in hooks.items():
        hook.has_taken(1)
        (sent[name],) = hook.arrivals()
    assert sent["standard"].verified
    parts = sent["standard"].headers["webhook-signature"].split(" ")
    assert [part.split(",")[0] for part in parts] == ["v1", "v1", "v1a", "v1a"]
    message = standard_message(sent["standard"])
    for given, part in zip([older, secret], parts):
        key = base64.b64decode(given.removeprefix("whsec_"))
        assert part == "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    for public, part in zip([one_public, two_public], parts[2:]):
        assert is_signed_by(public, part, message, world.folder)
    assert not is_signed_by(one_public, parts[3], message, world.folder)
    assert is_signed_by(two_public, sent["keys"].headers["webhook-signature"], standard_message(sent["keys"]), world.folder)

    assert sent["github"].headers["x-hub-signature-256"] == "sha256=" + hmac_hex(texts[0], sent["github"].body)
    stamp = sent["stripe"].headers["webhook-timestamp"]
    signed = [hmac_hex(text, f"{stamp}.".encode(), sent["stripe"].body) for text in texts]
    assert sent["stripe"].headers["stripe-signature"] == f"t={stamp},v1={signed[0]},v1={signed[1]}"
    signatures = {"webhook-signature", "x-hub-signature-256", "stripe-signature"}
    assert {name: signatures & arrival.headers.keys() for name, arrival in sent.items()} == {
        "standard": {"webhook-signature"}, "keys": {"webhook-signature"}, "github": {"x-hub-signature-256"},
        "stripe": {"stripe-signature"}, "none": set()}

    # What arrived, `verify` finds right; and `explain` shows a request that it finds right too.
    (world.folder / "body").write_bytes(sent["standard"].body)
    verify = ["verify", "--id", sent["standard"].id, "--timestamp", sent["standard"].headers["webhook-timestamp"], "--signature"]
    for keys in (["--secret", older], ["--public-key", two_public], ["--secret", new_secret(), "--public-key", one_public]):
        world.fanfare(*verify, " ".join(parts), *keys, world.folder / "body", config=False)
    world.fanfare(*verify, " ".join(parts), "--public-key", new_key(world, "other.key")[2], world.folder / "body", config=False, expect=1)
    (world.folder / "event").write_text('{"n": 1}')
    shown = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", world.folder / "event").json
    requests = {found["name"]: found["request"] for found in shown["subscriptions"]}
    for name, scheme in [("github", "github"), ("stripe", "stripe")]:
        (world.folder / "body").write_bytes(sent[name].body)
        header = "x-hub-signature-256" if name == "github" else "stripe-signature"
        words = ["verify", "--scheme", scheme, "--secret-file", world.folder / "texts", world.folder / "body", "--signature"]
        world.fanfare(*words, sent[name].headers[header], config=False)
        world.fanfare(*words, sent[name].headers[header].replace("v1=", "v2=").replace("sha256=", "sha1="), config=False, expect=1)
        shown_headers = {header.lower(): value for header, value in requests[name]["headers"].items()}
        (world.folder / "body").write_text(requests[name]["body"])
        world.fanfare(*words, shown_headers[header], config=False)


def test_a_rotation_misses_no_event(world):
    """Receivers with the old secret and with the new one are served throughout, however the file is exchanged."""
    orders = world.topic("shop.orders")
    file = world.folder / "secret"
    world.fanfare("keys", "new", "--out", file, config=False)
    old = file.read_text().strip()
    behind, ahead = world.endpoint("behind"), world.endpoint("ahead", keep=True)
    for hook in (behind, ahead):
        hook.behaves(secrets=[old])
    for name, hook in [("behind", behind), ("ahead", ahead)]:
        orders.subscribe(name, hook, signing={"secrets": [f"${{file:{file}}}"]})
    bridge = world.bridge().starts()
    orders.publish(EVENTS)

    # By the command: the file has both.
    done = world.fanfare("keys", "rotate", file, "--output", "json", config=False).json
    new = file.read_text().splitlines()[0]
    assert done["count"] == 2 and file.read_text().splitlines() == [new, old] and stat.S_IMODE(os.stat(file).st_mode) == 0o600
    world.wait_until(lambda: reloads(bridge) == 1, "the rotated file to be read")
    ahead.behaves(secrets=[new])
    orders.publish(EVENTS)
    for hook in (behind, ahead):
        hook.has_taken(2 * EVENTS)
    behind.behaves(secrets=[new])
    world.fanfare("keys", "rotate", "--finish", file, config=False)
    assert file.read_text().splitlines() == [new]
    # A file without a successor: the old one was withdrawn, and nothing of it is left.
    world.wait_until(lambda: reloads(bridge) == 2, "the file to be read")
    orders.publish(EVENTS)
    for hook in (behind, ahead):
        hook.has_taken(3 * EVENTS)

    # By whoever owns the file, who puts a single new one there: through a link, as Kubernetes does it.
    link, newest = world.folder / "link", new_secret()
    (world.folder / "newest").write_text(newest + "\n")
    link.symlink_to("newest")
    os.replace(link, file)
    bridge.logs("a signing secret was replaced")
    ahead.behaves(secrets=[newest])
    orders.publish(EVENTS)
    for hook in (behind, ahead):
        hook.has_taken(4 * EVENTS)
    assert all(arrival.verified for hook in (behind, ahead) for arrival in hook.arrivals()), "each knew the signature that it got"
    (last,) = ahead.arrivals()[-1:]
    signatures = last.headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for secret, signature in zip([newest, new], signatures):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert signature == "v1," + base64.b64encode(hmac.new(key, standard_message(last), hashlib.sha256).digest()).decode()

    # One that is broken is refused with its place, and what was good signs on.
    (world.folder / "newest").write_text("whsec_dG9vIHNob3J0\n")
    bridge.logs("the old ones stay in force")
    assert bridge.process.says("signing.secrets[0]: the secret has only 9 bytes") and not bridge.process.says("dG9vIHNob3J0")
    orders.publish(EVENTS)
    for hook in (behind, ahead):
        hook.has_taken(5 * EVENTS)
    assert all(arrival.verified for hook in (behind, ahead) for arrival in hook.arrivals())


def test_an_overlap_ends(world):
    orders = world.topic("shop.orders")
    file = world.folder / "secret"
    file.write_text(new_secret())
    hook = world.endpoint("hook", keep=True).behaves(secrets=[])
    orders.subscribe("hook", hook, signing={"secrets": [f"${{file:{file}}}"], "rotationOverlap": "2s"})
    bridge = world.bridge().starts()
    file.write_text(new_secret())
    bridge.logs("a signing secret was replaced")
    bridge.logs("a signing secret that was replaced signs no more")
    orders.publish(1)
    hook.has_taken(1)
    (arrival,) = hook.arrivals()
    assert Webhook(file.read_text()).verify(arrival.body, {"webhook-signature": arrival.headers["webhook-signature"],
                                                           "webhook-id": arrival.id, "webhook-timestamp": arrival.headers["webhook-timestamp"]})
    assert " " not in arrival.headers["webhook-signature"]


def test_a_receiver_for_trying_out_verifies_every_scheme(world):
    """`fanfare listen`, as the README starts it."""
    _, _, public = new_key(world, "hook.key")
    text = world.folder / "text"
    text.write_text("some secret text of ours\n")
    orders = world.topic("shop.orders")
    words = {
        "key": (["--public-key", public], {"keys": [f"${{file:{world.folder}/hook.key}}"]}),
        "github": (["--scheme", "github", "--secret-file", text], {"scheme": "github", "secrets": [f"${{file:{text}}}"]}),
        "stripe": (["--scheme", "stripe", "--secret-file", text], {"scheme": "stripe", "secrets": [f"${{file:{text}}}"]}),
    }
    logs = {}
    for name, (flags, signing) in words.items():
        hook = world.endpoint_where_nothing_listens(name)
        listening = world.started(Process(
            name, [world.program, "listen", "--port", hook.port, "--output", "json", *flags], world.folder / f"{name}.log"))
        world.wait_until(lambda port=hook.port: accepts(port), f"{name} to listen")
        logs[name] = listening
        orders.subscribe(name, hook, signing=signing)
    world.bridge().starts()
    orders.publish(1)
    for name, process in logs.items():
        world.wait_until(lambda process=process: process.says('"verified"'), f"{name} to verify", details=process.tail)


def test_public_keys_have_a_listener_of_their_own(world):
    port = free_port()
    orders = world.topic("shop.orders")
    file, old, old_public = new_key(world, "one.key")
    signing = {"keys": [f"${{file:{file}}}"]}
    for name, policy in [("one", signing), ("same", signing), ("none", "none")]:
        orders.subscribe(name, world.endpoint_where_nothing_listens(name), signing=policy)
    world.bridge().starts(FANFARE_OPS_PUBLICKEYS_LISTEN=f"127.0.0.1:{port}")
    world.wait_until(lambda: accepts(port), "the public keys to be served")

    def get(path, method="GET"):
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    status, text = get("/.well-known/jwks.json")
    (key,) = json.loads(text)["keys"]
    assert status == 200 and (key["kty"], key["crv"], key["whpk"]) == ("OKP", "Ed25519", old_public)
    assert base64.urlsafe_b64decode(key["x"] + "=") == base64.b64decode(old_public.removeprefix("whpk_"))
    assert get("/.well-known/jwks/one.json") == get("/.well-known/jwks/same.json") == (200, text)
    for path in ("/.well-known/jwks/none.json", "/.well-known/jwks/absent.json", "/.well-known/jwks/.json", "/", "/metrics", "/livez", "/api/v1/subscriptions"):
        assert get(path)[0] == 404, path
    assert get("/.well-known/jwks.json", "POST")[0] == 405

    # What signs is what is published, old and new.
    world.fanfare("keys", "rotate", file, config=False)
    publics = world.fanfare("keys", "public", file, config=False).output.split()
    world.wait_until(lambda: [k["whpk"] for k in json.loads(get("/.well-known/jwks/one.json")[1])["keys"]] == publics, "both keys to be published")
    assert len(publics) == 2 and publics[1] == old_public and old not in get("/.well-known/jwks.json")[1]


def test_keys_are_made_and_shown(world):
    file, private, public = new_key(world, "billing.key")
    assert private.startswith("whsk_") and public.startswith("whpk_")
    assert world.fanfare("keys", "public", file, config=False).output == public + "\n"
    assert world.fanfare("keys", "public", "-", "--output", "json", stdin=private.encode(), config=False).json == {"publicKeys": [public]}
    refused = world.fanfare("keys", "new", "--out", file, config=False, expect=1)
    assert "is there already" in refused.errors and file.read_text().strip() == private

    printed = world.fanfare("keys", "new", config=False)
    assert Webhook(printed.output.strip()) and not printed.errors
    both = world.fanfare("keys", "new", "--kind", "ed25519", "--output", "json", config=False).json
    assert both["secret"].startswith("whsk_") and both["publicKey"].startswith("whpk_") and both["kind"] == "ed25519"

    rotated = world.fanfare("keys", "rotate", file, "--output", "json", config=False).json
    assert rotated["kind"] == "ed25519" and rotated["count"] == 2 and rotated["publicKeys"][1] == public
    secret = world.folder / "secret"
    secret.write_text("whsec_dG9vIHNob3J0\n")
    secret.chmod(0o640)
    refused = world.fanfare("keys", "rotate", secret, config=False, expect=1)
    assert "only 9 bytes" in refused.errors and "dG9v" not in refused.errors
    refused = world.fanfare("keys", "public", secret, config=False, expect=1)
    assert "symmetric secret" in refused.errors and "dG9v" not in refused.errors
    secret.write_text("a text for another scheme\n")
    world.fanfare("keys", "rotate", secret, config=False)
    assert secret.read_text().splitlines()[1:] == ["a text for another scheme"]
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o640, "who could read it still can"
    for _ in range(8):
        world.fanfare("keys", "rotate", secret, config=False)
    assert "--finish" in world.fanfare("keys", "rotate", secret, config=False, expect=1).errors
    world.fanfare("keys", "new", "--kind", "rsa", config=False, expect=64)


def test_check_warns_of_what_is_not_signed(world):
    orders = world.topic("shop.orders")
    for name, signing in [("left-out", None), ("on-purpose", "none")]:
        orders.subscribe(name, world.endpoint_where_nothing_listens(name))
        if signing is None:
            del orders.subscriptions[name]["signing"]
        else:
            orders.subscriptions[name]["signing"] = signing
    problems = world.fanfare("check", "--output", "json").json["problems"]
    assert [(p["severity"], p["path"]) for p in problems] == [("warning", "subscriptions.left-out")]
    assert "not signed" in problems[0]["message"] and json.dumps(problems)
