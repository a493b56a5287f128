"""A real browser without a screen: Debian's Chromium, told what to do through its DevTools protocol.

The protocol runs over two pipes (`--remote-debugging-pipe`), so there is neither a port nor another package between.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time

from .process import environment
from .waiting import PATIENCE, wait_until

# As root it needs the first; the others keep it to itself, and off /dev/shm, which is small in containers.
SWITCHES = [
    "--no-sandbox", "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--mute-audio",
]


class Browser:
    def __init__(self, folder):
        program = shutil.which("chromium")
        assert program, "chromium is not installed: scripts/install test"
        hears, self._writes = os.pipe()
        self._reads, speaks = os.pipe()
        # It takes commands from descriptor 3 and answers on 4.
        shell = f'exec "$@" 3<&{hears} 4>&{speaks}'
        with open(folder / "chromium.log", "ab") as log:
            self._process = subprocess.Popen(
                ["/bin/bash", "-c", shell, "bash", program, *SWITCHES, f"--user-data-dir={folder / 'profile'}", "about:blank"],
                pass_fds=[hears, speaks], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment() | {"HOME": str(folder)})
        os.close(hears)
        os.close(speaks)
        self._rest = b""
        self._next = 0
        self.errors = []  # what its console said that is an error

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._writes)
        os.close(self._reads)

    def call(self, method, session=None, **parameters):
        """The result of a command; what happened meanwhile is taken note of."""
        self._next += 1
        command = {"id": self._next, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._writes, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + 60 * PATIENCE
        while True:
            message = self._read(deadline)
            if message.get("id") == self._next:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message.get("method"), message.get("params"))

    def _read(self, deadline):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reads], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._reads, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event, about):
        if event == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif event == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.errors.append(str(about["args"]))
        elif event == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")

    def opens(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, url)


class Page:
    def __init__(self, browser, session, url):
        self.browser = browser
        self.session = session
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.looks_like(1280, 800)
        self.call("Page.navigate", url=url)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def says(self, expression):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, selector="body"):
        return self.says(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def shows(self, text, selector="body", timeout=30):
        """Waits until a text can be read."""
        wait_until(lambda: text in self.text(selector), f"{selector} to show '{text}'", timeout, details=lambda: f"it shows: {self.text(selector)}\n{self.browser.errors}")

    def waits_for(self, expression, what, timeout=30):
        return wait_until(lambda: self.says(expression), what, timeout, details=lambda: f"the page shows: {self.text()}\n{self.browser.errors}")

    def clicks(self, text, selector="a, button, summary"):
        """With the pointer, on what can be clicked and says so."""
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find(e => e.textContent.trim() === {json.dumps(text)} && e.checkVisibility())"
        self.waits_for(f"Boolean({find})", f"'{text}' to be there")
        x, y = self.says(f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})({find})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def writes(self, text):
        """Where the cursor is."""
        self.call("Input.insertText", text=text)

    def presses(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Enter": 13, "Tab": 9, " ": 32}[key], text={"Enter": "\r", "Tab": ""}.get(key, key))

    def looks_like(self, width, height, dark=False, still=True):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def pictures(self, folder, name):
        """The whole page as people with different screens see it. It must not be wider than any of them."""
        folder.mkdir(exist_ok=True)
        for width, height in ((1280, 800), (375, 740)):
            for dark in (False, True):
                self.looks_like(width, height, dark)
                # Two frames: one for the observers of sizes, one for what they draw.
                self.says("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
                assert self.says("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than {width} pixels"
                shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
                (folder / f"{name}-{width}-{'dark' if dark else 'light'}.png").write_bytes(base64.b64decode(shot))
        self.looks_like(1280, 800)
