"""The code for verifying signatures in docs/RECEIVERS.md does what it says, in every language: it takes a real delivery, and nothing
that was made of it."""

import base64
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from harness.endpoints import new_secret
from harness.world import World
from pages import ROOT, blocks

FAR = timedelta(hours=1)    # far enough from the five minutes for the slowest machine


class SharedSecret:
    """The snippets with `whsec_` for HMACs."""

    flags, scheme = set(), "v1"

    def __init__(self):
        self.text = self.shown = new_secret()

    def sign(self, msg_id, at, body):
        return Webhook(self.text).sign(msg_id, at, body.decode())


class KeyPair:
    """Those with `whpk_` for ed25519 signatures."""

    flags, scheme = {"public-key"}, "v1a"

    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes_raw()
        self.text = "whsk_" + base64.b64encode(self.private.private_bytes_raw() + public).decode()
        self.shown = "whpk_" + base64.b64encode(public).decode()

    def sign(self, msg_id, at, body):
        return "v1a," + base64.b64encode(self.private.sign(f"{msg_id}.{int(at.timestamp())}.".encode() + body)).decode()


KINDS = {"secret": SharedSecret, "public-key": KeyPair}


class Deliveries:
    """A bridge that delivers to one endpoint for each kind of key."""

    def __init__(self, world):
        self.topic = world.topic("shop.orders")
        # The other one signs too, first: the keys are being rotated. The stranger does not.
        self.keys = {name: {who: kind() for who in ("ours", "other", "stranger")} for name, kind in KINDS.items()}
        self.endpoints = {name: world.endpoint(name, keep=True).behaves(secrets=[]) for name in KINDS}
        for name, place in {"secret": "secrets", "public-key": "keys"}.items():
            signing = {place: [self.keys[name][who].text for who in ("other", "ours")]}
            self.topic.subscribe(name, self.endpoints[name], signing=signing)
        world.bridge().starts()

    def next(self, kind):
        """What has just come, as the programs below read it."""
        count = len(self.topic.published) + 1
        self.topic.publish_record('{"order": "ünï", "n": 1.10}'.encode())
        self.endpoints[kind].has_taken(count)
        arrival = self.endpoints[kind].arrivals()[-1]
        case = {part: arrival.headers[f"webhook-{part}"] for part in ("id", "timestamp", "signature")}
        return {"secret": self.keys[kind]["ours"].shown, "body": arrival.body, **case}


@pytest.fixture(scope="module")
def deliveries(program, tmp_path_factory):
    world = World(program, tmp_path_factory.mktemp("world"))
    try:
        yield Deliveries(world)
    finally:
        world.end()


def cases(real, keys):
    """What is expected, and what of the real delivery is changed."""
    def signed(at):
        return {"timestamp": str(int(at.timestamp())), "signature": keys["ours"].sign(real["id"], at, real["body"])}

    now = datetime.now(timezone.utc)
    _, ours = real["signature"].split(" ")
    scheme = keys["ours"].scheme + ","
    assert ours.startswith(scheme)
    return {
        "as it came": (True, {}),
        "with the other key of two": (True, {"secret": keys["other"].shown}),
        "with one signature": (True, {"signature": ours}),
        "beside an unknown scheme": (True, {"signature": f"v9,AAAA {ours}"}),
        "beside something else": (True, {"signature": f"{scheme}%%% {scheme}AAAA {ours}"}),
        "another key": (False, {"secret": keys["stranger"].shown}),
        "another body": (False, {"body": real["body"].replace(b"1.10", b"1.1")}),
        "another id": (False, {"id": real["id"] + "3"}),
        "another time": (False, {"timestamp": str(int(real["timestamp"]) + 1)}),
        "another scheme's name": (False, {"signature": ours.replace(scheme, "v2,")}),
        "part of a signature": (False, {"signature": ours[:-8]}),
        "no signature": (False, {"signature": ""}),
        "an old timestamp": (False, signed(now - FAR)),
        "a timestamp from the future": (False, signed(now + FAR)),
        "a timestamp that is no number": (False, {"timestamp": "now"}),
    }


# How each language's function is called: the file of the snippet, further files, what is built before, and the command. The programs
# read one JSON object, or take its members as arguments, and print true or false.
HEADERS = '{"webhook-id": c["id"], "webhook-timestamp": c["timestamp"], "webhook-signature": c["signature"]}'
OPENSSL = ["-I", str(ROOT / "Sources/COpenSSL")]
DRIVERS = {
    "python": ("python3", "snippet.py", {"main.py": f"""
import base64, json, sys
from snippet import verify
c = json.load(sys.stdin)
print(str(verify(c["secret"], {HEADERS}, base64.b64decode(c["body"]))).lower())
"""}, [], [sys.executable, "main.py"]),
    "javascript": ("node", "snippet.mjs", {"main.mjs": f"""
import {{ readFileSync }} from "node:fs";
import {{ verify }} from "./snippet.mjs";
const c = JSON.parse(readFileSync(0));
console.log(verify(c.secret, {HEADERS}, Buffer.from(c.body, "base64")));
"""}, [], ["node", "main.mjs"]),
    "go": ("go", "webhook/webhook.go", {"go.mod": "module receiver\n\ngo 1.19\n", "main.go": """
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"receiver/webhook"
)

func main() {
	var c struct{ Secret, Id, Timestamp, Signature string; Body []byte }
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		panic(err)
	}
	header := http.Header{}
	header.Set("webhook-id", c.Id)
	header.Set("webhook-timestamp", c.Timestamp)
	header.Set("webhook-signature", c.Signature)
	fmt.Println(webhook.Verify(c.Secret, header, c.Body))
}
"""}, [["go", "build", "-o", "main", "."]], ["./main"]),
    "java": ("javac", "Webhook.java", {"Main.java": """
import java.util.Base64;

class Main {
    public static void main(String[] a) throws Exception {
        System.out.println(Webhook.verify(a[0], a[1], a[2], a[3], Base64.getDecoder().decode(a[4])));
    }
}
"""}, [["javac", "-J-XX:TieredStopAtLevel=1", "Main.java", "Webhook.java"]],
             ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ".", "Main"]),
    "ruby": ("ruby", "snippet.rb", {"main.rb": """
require "json"
require_relative "snippet"
c = JSON.parse($stdin.read)
puts verify(c["secret"], c["id"], c["timestamp"], c["signature"], Base64.decode64(c["body"]))
"""}, [], ["ruby", "main.rb"]),
    "php": ("php", "snippet.php", {"main.php": """<?php
require "snippet.php";
$c = json_decode(file_get_contents("php://stdin"), true);
echo json_encode(verify($c["secret"], $c["id"], $c["timestamp"], $c["signature"], base64_decode($c["body"])));
"""}, [], ["php", "main.php"]),
    "swift": ("swiftc", "snippet.swift", {"main.swift": """
import Foundation

struct Case: Decodable { var secret, id, timestamp, signature: String; var body: Data }
let c = try JSONDecoder().decode(Case.self, from: FileHandle.standardInput.readDataToEndOfFile())
print(verify(secret: c.secret, id: c.id, timestamp: c.timestamp, signatures: c.signature, body: c.body))
"""}, [["swiftc", "-parse-as-library", "-emit-library", "-static", "-emit-module", "-module-name", "Crypto", "-o", "libCrypto.a",
        str(ROOT / "Tests/Documentation/crypto_stand_in.swift"), *OPENSSL],
       ["swiftc", "-o", "main", "main.swift", "snippet.swift", "-I.", "-L.", *OPENSSL, "-lCrypto", "-lcrypto"]], ["./main"]),
    "sh": ("openssl", "snippet.sh", {"main.sh": """
set -eu
. ./snippet.sh
printf %s "$5" | openssl base64 -d -A > body
if verify "$1" "$2" "$3" "$4" body; then echo true; else echo false; fi
"""}, [], ["sh", "main.sh"]),
}
TAKE_ARGUMENTS = {"java", "sh"}
SWIFT_LABELS = {"secret": "secret:", "public-key": "publicKey:"}


def snippets(kind):
    return [block for block in blocks("verify") if block.flags == KINDS[kind].flags]


@pytest.mark.parametrize("kind, block", [(kind, block) for kind in KINDS for block in snippets(kind)],
                         ids=lambda value: getattr(value, "language", value))
def test_the_code_takes_a_real_delivery_and_nothing_else(kind, block, tmp_path, deliveries):
    tool, file, others, builds, command = DRIVERS[block.language]
    assert shutil.which(tool), f"there is no {tool} here; `scripts/install test` installs what is missing"
    for name, text in {file: block.text, **others}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("secret:", SWIFT_LABELS[kind]) if name == "main.swift" else text)
    for build in builds:
        subprocess.run(build, cwd=tmp_path, check=True, env={**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "on"})
    real = deliveries.next(kind)
    for name, (expected, changes) in cases(real, deliveries.keys[kind]).items():
        case = {**real, **changes}
        case["body"] = base64.b64encode(case["body"]).decode()
        arguments = [case[key] for key in ("secret", "id", "timestamp", "signature", "body")] if block.language in TAKE_ARGUMENTS else []
        done = subprocess.run([*command, *arguments], cwd=tmp_path, input=json.dumps(case), capture_output=True, text=True)
        assert done.stdout.strip() == str(expected).lower(), f"{block.language}, {name}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_code_for_the_languages_that_are_promised(kind):
    assert {block.language for block in snippets(kind)} == set(DRIVERS)
