"""One started process: its output in a file, its end awaited, its processor time."""

import os
import signal
import subprocess

from .waiting import wait_until


def environment():
    """The tester's environment without settings of Fanfare: only what a test says counts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FANFARE_")}


class Process:
    def __init__(self, name, command, log, stdin=subprocess.DEVNULL, stdout=None, variables=None):
        """`log` is the file that takes standard error, and standard output unless `stdout` says otherwise."""
        self.name = name
        self.log = log
        self.expected_to_run = True
        self.was_asked_to_stop = False
        with open(log, "ab") as sink:
            self.popen = subprocess.Popen(
                [str(word) for word in command], stdin=stdin, stdout=stdout or sink, stderr=sink,
                env={**environment(), **(variables or {})}, start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def tail(self, lines=60):
        try:
            text = self.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return "(no output)"
        kept = text[-lines:]
        left_out = len(text) - len(kept)
        return "\n".join(([f"... {left_out} lines before"] if left_out else []) + kept) or "(no output)"

    def says(self, text):
        return text in self.log.read_text(errors="replace")

    def check_running(self):
        status = self.popen.poll()
        if self.expected_to_run and status is not None:
            raise AssertionError(f"{self.name} ended by itself with status {status}; its last words:\n{self.tail()}")

    def processor_seconds(self):
        """User and system time so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def peak_memory(self):
        """The most that was ever resident, in bytes."""
        with open(f"/proc/{self.pid}/status") as status:
            (line,) = [line for line in status if line.startswith("VmHWM:")]
        return int(line.split()[1]) << 10

    def forget_peak_memory(self):
        """The peak counts from now on."""
        with open(f"/proc/{self.pid}/clear_refs", "w") as clear:
            clear.write("5")

    def freeze(self):
        """SIGSTOP: as a debugger or a suspended virtual machine holds a process."""
        self.popen.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.popen.send_signal(signal.SIGCONT)

    def ask_to_stop(self):
        self.expected_to_run = False
        if self.popen.poll() is None and not self.was_asked_to_stop:
            # A second signal would end it at once, with what it is about to finish.
            self.was_asked_to_stop = True
            self.popen.send_signal(signal.SIGTERM)
            self.thaw()

    def stop(self, timeout=30):
        """SIGTERM; returns the exit status."""
        self.ask_to_stop()
        wait_until(lambda: self.popen.poll() is not None, f"{self.name} to end after SIGTERM", timeout)
        return self.popen.returncode

    def kill(self):
        """kill -9."""
        self.expected_to_run = False
        self.popen.kill()
        self.popen.wait()


def stop_all(processes, timeout=30):
    """One after the other. Those that do not end in time are killed, and named once all are gone: none is left behind."""
    late = []
    for process in processes:
        try:
            process.stop(timeout)
        except AssertionError as error:
            process.kill()
            late.append(str(error))
    assert not late, "\n".join(late)
