"""Tokens for Kafka's OAUTHBEARER: signed ones that end, and a command that prints them."""

import base64
import json
import os
import sys
import time


class Tokens:
    """What the command prints is decided by the files of its folder, so it can change while a bridge runs."""

    def __init__(self, folder, lifetime=3600):
        self.folder = folder
        folder.mkdir()
        self.program = folder / "token"
        self.program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
        self.program.chmod(0o755)
        self.refuses = set()
        self.prints(lifetime=lifetime)

    def prints(self, **how):
        """`lifetime` of a token in seconds, `answer` as JSON; or `text`, `status`, `hangs`, `signal`, `endless`."""
        (self.folder / "how.new").write_text(json.dumps(how))
        os.replace(self.folder / "how.new", self.folder / "how")

    @property
    def given(self):
        """All tokens that were ever printed."""
        return sorted(path.read_text() for path in self.folder.glob("given-*"))

    @property
    def runs(self):
        """The arguments of each time that the command was run."""
        return [json.loads(line) for line in (self.folder / "runs").read_text().splitlines()] if (self.folder / "runs").exists() else []

    @property
    def ran_side_by_side(self):
        return (self.folder / "side-by-side").exists()

    def seconds_left(self, token):
        """As the gate asks; nothing for a token that was never given, was refused before, or has ended.

        Clocks may differ by a little, as brokers have it (`sasl.oauthbearer.clock.skew.seconds`).
        """
        if token not in self.given or token in self.refuses:
            return None
        claims = token.split(".")[1]
        left = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"] - time.time()
        return max(left, 0.1) if left > -5 else None


_PROGRAM = """#!{python} -IS
import base64, json, os, signal, sys, time

folder = {folder!r}
how = json.load(open(folder + "/how"))
with open(folder + "/runs", "a") as runs:
    runs.write(json.dumps(sys.argv[1:]) + "\\n")
try:
    os.mkdir(folder + "/running")
except FileExistsError:
    open(folder + "/side-by-side", "w")
print("a secret on standard error: s3cret-on-stderr", file=sys.stderr)
if "hangs" in how:
    child = os.fork()
    with open(folder + "/hanging", "a") as pids:
        pids.write(str(os.getpid()) + "\\n")
    time.sleep(600)
if "signal" in how:
    os.rmdir(folder + "/running")
    os.kill(os.getpid(), how["signal"])
if "endless" in how:
    try:
        while True:
            print("x" * 1000)
    finally:
        os.rmdir(folder + "/running")

def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

text = how.get("text")
if text is None:
    end = int(time.time() + how["lifetime"])
    text = ".".join([part({{"alg": "HS256"}}), part({{"sub": "fanfare-test", "exp": end}}), part(os.urandom(16).hex())])
    with open(folder + "/given-" + os.urandom(8).hex(), "w") as given:
        given.write(text)
    if how.get("answer"):
        text = json.dumps({{"access_token": text, "token_type": "Bearer", "expires_in": how["lifetime"]}})
print(text)
os.rmdir(folder + "/running")
sys.exit(how.get("status", 0))
"""
