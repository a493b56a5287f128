"""The code for verifying signatures in docs/RECEIVERS.md does what it says, in every language that is installed here."""

import base64
import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook

from pages import BY_NAME, blocks

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = '{"order": "ünï", "n": 1.10}'.encode()
NOW = datetime.now(timezone.utc)


def signature(secret=SECRET, id="shop%2Eorders-0-42", at=NOW, body=BODY):
    return Webhook(secret).sign(id, at, body.decode())


CASES = {
    "right": (True, {}),
    "the second of two secrets": (True, {"signature": f"{signature(OTHER)} {signature()}"}),
    "beside an unknown scheme": (True, {"signature": f"v9,AAAA {signature()}"}),
    "another secret": (False, {"signature": signature(OTHER)}),
    "another body": (False, {"body": BODY.replace(b"1.10", b"1.1")}),
    "another id": (False, {"id": "shop%2Eorders-0-43"}),
    "another scheme's name": (False, {"signature": signature().replace("v1,", "v2,")}),
    "an old timestamp": (False, {"at": NOW - timedelta(minutes=6), "signature": signature(at=NOW - timedelta(minutes=6))}),
    "a timestamp from the future": (False, {"at": NOW + timedelta(minutes=6), "signature": signature(at=NOW + timedelta(minutes=6))}),
    "a timestamp that is no number": (False, {"timestamp": "now"}),
}

# How each language's function is called: the file of the snippet, further files, and the command. The programs read one
# JSON object and print true or false.
HEADERS = '{"webhook-id": c["id"], "webhook-timestamp": c["timestamp"], "webhook-signature": c["signature"]}'
DRIVERS = {
    "python": ("python3", "snippet.py", {"main.py": f"""
import base64, json, sys
from snippet import verify
c = json.load(sys.stdin)
print(str(verify(c["secret"], {HEADERS}, base64.b64decode(c["body"]))).lower())
"""}, ["python3", "main.py"]),
    "javascript": ("node", "snippet.mjs", {"main.mjs": f"""
import {{ readFileSync }} from "node:fs";
import {{ verify }} from "./snippet.mjs";
const c = JSON.parse(readFileSync(0));
console.log(verify(c.secret, {HEADERS}, Buffer.from(c.body, "base64")));
"""}, ["node", "main.mjs"]),
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
"""}, ["go", "run", "."]),
    "java": ("javac", "Webhook.java", {"Main.java": """
import java.util.Base64;

class Main {
    public static void main(String[] a) throws Exception {
        System.out.println(Webhook.verify(a[0], a[1], a[2], a[3], Base64.getDecoder().decode(a[4])));
    }
}
"""}, ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ".", "Main"]),
    "ruby": ("ruby", "snippet.rb", {"main.rb": """
require "json"
require_relative "snippet"
c = JSON.parse($stdin.read)
puts verify(c["secret"], c["id"], c["timestamp"], c["signature"], Base64.decode64(c["body"]))
"""}, ["ruby", "main.rb"]),
    "php": ("php", "snippet.php", {"main.php": """<?php
require "snippet.php";
$c = json_decode(file_get_contents("php://stdin"), true);
echo json_encode(verify($c["secret"], $c["id"], $c["timestamp"], $c["signature"], base64_decode($c["body"])));
"""}, ["php", "main.php"]),
}


@pytest.mark.parametrize("block", blocks("verify"), ids=lambda block: block.language)
def test_the_code_tells_good_signatures_from_bad_ones(block, tmp_path):
    tool, file, others, command = DRIVERS[block.language]
    if shutil.which(tool) is None:
        pytest.skip(f"skipped: no {tool} here")
    for name, text in {file: block.text, **others}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if block.language == "java":
        subprocess.run(["javac", "-J-XX:TieredStopAtLevel=1", "Main.java", "Webhook.java"], cwd=tmp_path, check=True)
    if block.language == "go":
        # Built once; `go run` would link for every case.
        subprocess.run(["go", "build", "-o", "main", "."], cwd=tmp_path, check=True, env={**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "on"})
        command = ["./main"]
    for name, (expected, changes) in CASES.items():
        at = changes.get("at", NOW)
        case = {"secret": SECRET, "id": "shop%2Eorders-0-42", "timestamp": str(int(at.timestamp())), "signature": signature(), "body": BODY, **changes}
        case.pop("at", None)
        case["body"] = base64.b64encode(case["body"]).decode()
        arguments = [case[key] for key in ("secret", "id", "timestamp", "signature", "body")] if block.language == "java" else []
        done = subprocess.run([*command, *arguments], cwd=tmp_path, input=json.dumps(case), capture_output=True, text=True)
        assert done.stdout.strip() == str(expected).lower(), f"{block.language}, {name}: {done.stdout}{done.stderr}"


def test_there_is_code_for_the_languages_that_are_promised():
    shown = {block.language for block in BY_NAME["RECEIVERS.md"].blocks if block.kind == "verify"}
    assert shown == set(DRIVERS)
