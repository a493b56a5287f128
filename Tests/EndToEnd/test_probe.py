"""`fanfare probe`: a receiver that does everything right passes, and what another does wrong is found and named."""

import json
import re
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from harness.endpoints import new_secret
from harness.process import Process
from harness.waiting import accepts, free_port

LIMIT = 1 << 20
PAGE = Path(__file__).parents[2] / "docs" / "RECEIVERS.md"
FORGED = {"tampered-body", "wrong-secret", "no-signature", "garbled-signature", "tampered-id", "no-id", "no-timestamp"}


class Receiver:
    """Verifies with the reference library, as a receiver should; each of its mistakes is a class below."""

    def __init__(self, secret):
        self.secret = secret
        self.seen = []
        self.ends = threading.Event()

    def answer(self, headers, length, read):
        if length > LIMIT:
            return self.too_large(read)
        return self.delivered(headers, read())

    def too_large(self, read):
        return 413

    def delivered(self, headers, body):
        try:
            self.verify(headers, body)
        except json.JSONDecodeError:
            return 400
        except (WebhookVerificationError, ValueError):
            # The library fails on a signature without a comma.
            return 401
        status = self.status(headers.get("webhook-id"), json.loads(body))
        self.seen.append(headers.get("webhook-id"))
        return status

    def verify(self, headers, body):
        Webhook(self.secret).verify(body, headers)

    def status(self, webhook_id, event):
        return 204


class VerifiesNothing(Receiver):
    def verify(self, headers, body):
        json.loads(body)


class TakesAnyTime(Receiver):
    def verify(self, headers, body):
        webhook = Webhook(self.secret)
        webhook._Webhook__verify_timestamp = lambda stamp: datetime.fromtimestamp(int(stamp), tz=timezone.utc)
        webhook.verify(body, headers)


class ParsesFirst(Receiver):
    def verify(self, headers, body):
        super().verify(headers, json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False))


class KnowsOneSignature(Receiver):
    def verify(self, headers, body):
        super().verify({**headers, "webhook-signature": headers.get("webhook-signature", "").split(" ")[0]}, body)


class FailsOnMissingHeaders(Receiver):
    def verify(self, headers, body):
        if not {"webhook-id", "webhook-timestamp", "webhook-signature"} <= headers.keys():
            raise RuntimeError("500")
        super().verify(headers, body)


class RefusesRepeats(Receiver):
    def status(self, webhook_id, event):
        return 409 if webhook_id in self.seen else 204


class FailsOnWhatIsLarge(Receiver):
    def too_large(self, read):
        read()
        return 500


class HangsOnWhatIsLarge(Receiver):
    def too_large(self, read):
        self.ends.wait()


class TakesWhatIsLarge(Receiver):
    def too_large(self, read):
        read()
        return 204


class FailsOnUnknownTypes(Receiver):
    def status(self, webhook_id, event):
        return 500 if "unheard-of" in event["type"] else 204


class Redirects(Receiver):
    def status(self, webhook_id, event):
        return 302


#  what it does wrong -> what fails, what is warned of
MISTAKES = {
    Receiver: (set(), set()),
    VerifiesNothing: (FORGED | {"old", "refreshed"}, {"future"}),
    TakesAnyTime: ({"old"}, {"future"}),
    ParsesFirst: ({"spaces", "tampered-body"}, set()),
    KnowsOneSignature: ({"rotation"}, set()),
    FailsOnMissingHeaders: (set(), {"no-signature", "no-id", "no-timestamp"}),
    RefusesRepeats: ({"repeated"}, set()),
    FailsOnWhatIsLarge: ({"oversized"}, set()),
    HangsOnWhatIsLarge: ({"oversized"}, set()),
    TakesWhatIsLarge: (set(), {"oversized"}),
    FailsOnUnknownTypes: (set(), {"unknown-type"}),
    Redirects: ({"good", "repeated", "rotation", "both-kinds", "spaces"}, {"unknown-type"}),
}


@pytest.fixture
def served():
    servers = []

    def serve(receiver):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                try:
                    status = receiver.answer(headers, length, lambda: self.rfile.read(length))
                except Exception:
                    status = 500
                self.close_connection = length > LIMIT
                if status is None:
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append((server, receiver))
        return f"http://127.0.0.1:{server.server_port}/hook"

    yield serve
    for server, receiver in servers:
        receiver.ends.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("receiver", MISTAKES, ids=lambda kind: kind.__name__)
def test_every_mistake_is_found_and_nothing_else(world, served, receiver):
    failed, warned = MISTAKES[receiver]
    secret = new_secret()
    words = ["probe", served(receiver(secret)), "--secret", secret, "--oversized", 2 * LIMIT, "--timeout", "3s", "--output", "json"]
    found = world.fanfare(*words, config=False, expect=1 if failed else 0).json
    verdicts = {trial["trial"]: trial["verdict"] for trial in found["trials"]}
    # A connection that is cut while a large body is sent may take the answer with it.
    verdicts = {name: verdict for name, verdict in verdicts.items() if name != "oversized" or "oversized" in failed | warned}
    assert {name for name, verdict in verdicts.items() if verdict == "failed"} == failed, found
    assert {name for name, verdict in verdicts.items() if verdict == "warning"} == warned, found
    assert all((trial["help"] is not None) == (trial["verdict"] != "ok") for trial in found["trials"])


def documented():
    table = PAGE.read_text().partition("## Try your receiver")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])]


def test_our_own_receiver_passes_in_every_format_and_scheme(world):
    key = world.folder / "key"
    made = world.fanfare("keys", "new", "--kind", "ed25519", "--out", key, "--output", "json", config=False).json
    secret, text = new_secret(), "a secret that is any text"
    # What the receiver knows, what the probe is given, its formats, how many trials there are.
    runs = [
        (["--secret", secret], ["--secret", secret], ["structured", "binary", "batch"], 18),
        (["--public-key", made["publicKey"]], ["--secret-file", key], ["raw"], 17),
        (["--scheme", "github", "--secret", text], ["--scheme", "github", "--secret", text], ["structured"], 10),
        (["--scheme", "stripe", "--secret", text], ["--scheme", "stripe", "--secret", text], ["structured"], 14),
    ]
    for number, (known, given, formats, count) in enumerate(runs):
        port = free_port()
        listen = world.started(Process("listen", [world.program, "listen", "--port", port, *known], world.folder / f"listen-{number}.log"))
        world.wait_until(lambda: accepts(port), "the receiver")
        for form in formats:
            words = ["probe", f"http://127.0.0.1:{port}/{form}", *given, "--format", form]
            found = world.fanfare(*words, "--output", "json", config=False).json
            assert [trial["verdict"] for trial in found["trials"]] == ["ok"] * count, found
            if number == 0:
                assert [trial["trial"] for trial in found["trials"]] == documented(), "the table of docs/RECEIVERS.md"
        assert " duplicate" in listen.log.read_text(), "the same event came twice"


def test_what_a_probe_says_to_people(world, served):
    secret, other = new_secret(), new_secret()
    url = served(VerifiesNothing(secret))
    text = world.fanfare("probe", url, "--secret", secret, config=False, expect=1).output
    assert "-> check the signature" in text and "was processed once" in text and text.endswith(" failed, 1 warning\n")
    text = world.fanfare("probe", served(Receiver(secret)), "--secret", other, config=False, expect=1).output
    assert "failed: good: answered 401" in text and "proves nothing" in text
    silent = world.fanfare("probe", f"http://127.0.0.1:{free_port()}/", "--secret", secret, config=False, expect=1).output
    assert "refused" in silent and "nothing else was sent" in silent and "1 tried" in silent
    refused = world.fanfare("probe", url, "--secret", "whsec_short", config=False, expect=64)
    assert "--secret" in refused.errors and "short" not in refused.errors
    assert "--secret is missing" in world.fanfare("probe", url, config=False, expect=64).errors
    assert "no-such-scheme" in world.fanfare("probe", "no-such-scheme://a", "--secret", secret, config=False, expect=64).errors
