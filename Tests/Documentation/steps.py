"""Pages that are gone through step by step, as they stand there: one for each of their blocks.

A block is a file (`file=NAME`), a command that stays until the end (`stays=NAME`), or commands that have to succeed. Its options:

    says=TEXT           the commands print it (`␣` is a space); with the flag `again` they are run until they do
    arrives=TEXT:COUNT  after it, the receiver that was started last, or the one that this block starts, prints TEXT so often
    ends=NAME           that one is stopped before
    reloads             the bridge takes the file
    embedded-cannot     fails without an admin API
"""

import os
import re
import subprocess

from harness.process import Process, environment
from harness.waiting import accepts, free_port, wait_until


class Steps:
    """A newcomer's folder and terminals. `ports` are those of the page; here each is another one."""

    def __init__(self, program, processes, folder, ports, **variables):
        self.program, self.processes, self.folder = program, processes, folder
        (folder / "bin").mkdir()
        (folder / "bin" / "fanfare").symlink_to(program)
        self.home = folder / "home"
        self.home.mkdir()
        self.ports = {port: free_port() for port in [*ports, "8080"]}
        self.variables = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "FANFARE_OPS_LISTEN": f"127.0.0.1:{self.ports['8080']}", **variables}
        self.running = {}
        self.receiver = None

    def here(self, text):
        """The same with ports of our own."""
        for usual, port in self.ports.items():
            text = re.sub(rf"\b{usual}\b", str(port), text)
        return text

    def starts(self, name, command):
        process = Process(name, command, self.folder / f"{name}-{len(self.processes)}.log")
        self.processes.append(process)
        return process

    def logs(self):
        return "\n".join(f"--- {name}\n{process.tail()}" for name, process in self.running.items())

    def goes_through(self, blocks):
        for block in blocks:
            try:
                self.does(block)
            except AssertionError as error:
                raise AssertionError(f"{block}: {error}\n{self.logs()}") from error

    def does(self, block):
        options = block.options
        if "ends" in options:
            self.running.pop(options["ends"]).stop()
        if "file" in options:
            (self.home / options["file"]).write_text(self.here(block.text))
            if "reloads" in block.flags:
                wait_until(lambda: self.running["serve"].says("topic manifests reloaded"), "the bridge to take the file")
        elif "stays" in options:
            self.stays(options["stays"], block.text)
        else:
            self.runs(block)
        if "arrives" in options:
            text, _, count = options["arrives"].partition(":")
            log = self.receiver.log
            wait_until(lambda: log.read_text().count(text) >= int(count), f"{count} times {text} to arrive", timeout=60)

    def stays(self, name, text):
        settings = "".join(f"export {key}='{value}'\n" for key, value in self.variables.items())
        process = self.running[name] = self.starts(name, ["bash", "-c", f"cd '{self.home}'\n{settings}exec {self.here(text)}"])
        if name == "serve":
            port = self.ports["8080"]
        else:
            self.receiver = process
            port = int(re.search(r"--port (\d+)", self.here(text))[1])
        wait_until(lambda: accepts(port), f"{name} to listen", details=process.tail, meanwhile=process.check_running)

    def runs(self, block):
        wanted = block.options.get("says", "").replace("␣", " ")
        said = []

        def run():
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.here(block.text)], cwd=self.home, capture_output=True, text=True,
                                  timeout=90, env={**environment(), **self.variables})
            said[:] = [done.stdout, done.stderr]
            if "embedded-cannot" in block.flags and done.returncode == 1:
                assert "admin API" in done.stderr, done.stderr
                return True
            assert done.returncode == 0, f"ended with {done.returncode}\n{done.stdout}{done.stderr}"
            return wanted in done.stdout + done.stderr

        if "again" in block.flags:
            wait_until(run, f"the commands to say '{wanted}'", timeout=60, every=0.5, details=lambda: "".join(said))
        else:
            assert run(), f"does not say '{wanted}':\n" + "".join(said)
