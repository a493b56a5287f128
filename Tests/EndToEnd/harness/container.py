"""Runs a program as container runtimes do, by runc: no capabilities, no_new_privs, and a seccomp profile.

    python container.py FOLDER PROFILE.json PROGRAM ARGUMENTS...

FOLDER is the container's own; the process's id is in FOLDER/pid. It has this user, files and network, and is sent the signals
that this process is sent.
"""

import json
import os
import pathlib
import subprocess
import sys


def run(folder, profile, arguments):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "ociVersion": "1.0.2",
        "root": {"path": "/"},
        "process": {
            "user": {"uid": os.getuid(), "gid": os.getgid()}, "cwd": "/", "args": arguments, "noNewPrivileges": True, "capabilities": {},
            "env": [f"{name}={value}" for name, value in os.environ.items()]},
        "linux": {"namespaces": [], "seccomp": json.loads(profile.read_text())},
    }))
    # Without a mount namespace of its own, what runc mounts would stay behind on the machine.
    os.execvp("unshare", ["unshare", "--mount", *runc(folder), "run", "--bundle", folder, "--pid-file", folder / "pid", name(folder)])


def remove(folder):
    """Ends it, however it was started; without a complaint where there is none."""
    subprocess.run([*runc(folder), "delete", "--force", name(folder)], check=True, capture_output=True)


def runc(folder):
    return ["runc", "--root", folder / "state"]


def name(folder):
    """The containers of a machine have one place for what the kernel keeps of them, so each needs a name of its own."""
    return f"fanfare-test-{folder.stat().st_ino}"


if __name__ == "__main__":
    run(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
