"""A network of the test's own: addresses that look public, private and special, and no way out."""

import contextlib
import ctypes
import os
import shutil
import subprocess

import pytest

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def network(addresses):
    """Until the end of the block, this thread and all that it starts are in a network namespace that has only a loopback
    interface, with these addresses. There are no routes: what goes elsewhere fails at once."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("needs root and `ip` to make a network namespace")
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            ip("link", "set", "lo", "up")
            for address in addresses:
                ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
            yield
        finally:
            assert libc.setns(home, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(home)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def looking_up_at(server, folder):
    """For `Bridge.starts(under=...)`: the program asks this name server only."""
    configuration = folder / "resolv.conf"
    configuration.write_text(f"nameserver {server}\noptions attempts:1 timeout:2\n")
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(configuration)]
