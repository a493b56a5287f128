"""Waiting for a condition, with a deadline; free ports."""

import os
import random
import socket
import time

# Every deadline is multiplied by it: for a program that is slower than usual, because a sanitizer watches it.
PATIENCE = float(os.environ.get("FANFARE_PATIENCE", 1))


def wait_until(condition, what, timeout=30.0, every=0.02, details=lambda: "", meanwhile=lambda: None):
    """Returns the first true value of `condition()`.

    `what` completes the sentence "waited 30 s for ...". `meanwhile` is called between looks and may raise when waiting
    has become pointless, because a process died.
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        meanwhile()
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}\n{details()}".rstrip())
        time.sleep(every)


# Ports below the range from which the kernel takes those of outgoing connections; of several processes that run tests
# beside each other (pytest-xdist), each has its own share.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_share = (32768 - 10240) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
_ports = range(10240 + _worker * _share, 10240 + (_worker + 1) * _share)
_taken = set()


def free_port(in_a_row=1):
    """A port that nothing listens on; the first of several where a cluster takes those that follow, too."""
    while True:
        first = random.randrange(_ports.start, _ports.stop - in_a_row)
        ports = range(first, first + in_a_row)
        if _taken.isdisjoint(ports) and all(_is_free(port) for port in ports):
            _taken.update(ports)
            return first


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
