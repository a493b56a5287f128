"""The programs that run beside Fanfare: floors and tools in C, built here, and what others made, from a Python environment of its own."""

import functools
import pathlib
import shutil
import subprocess
import sys

from report import ROOT

FOLDER = pathlib.Path(__file__).resolve().parent
BUILT = ROOT / "bench" / "results" / "bin"
OTHERS = ROOT / ".venv-bench" / "bin" / "python"
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]
# Sources and libraries (of pkg-config) of each.
SOURCES = {
    "floor_epoll": (["floor_epoll.c", "source.c"], ["rdkafka"]),
    "floor_libcurl": (["floor_libcurl.c", "source.c"], ["rdkafka", "libcurl"]),
    "produce": (["produce.c"], ["rdkafka"]),
    "endpoint": (["endpoint.c"], []),
    "inside.so": (["inside.c"], []),
}


@functools.cache
def compiled(name):
    """The path of a program of bench/c, or of what is preloaded into others, built when its sources are newer."""
    sources, libraries = SOURCES[name]
    target = BUILT / name
    files = [FOLDER / "c" / source for source in sources]
    if target.exists() and target.stat().st_mtime > max(f.stat().st_mtime for f in [*files, FOLDER / "c" / "source.h"]):
        return target
    BUILT.mkdir(parents=True, exist_ok=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *libraries], capture_output=True, text=True, check=True).stdout.split() if libraries else []
    shared = ["-shared", "-fPIC"] if name.endswith(".so") else []
    built = subprocess.run(["cc", *FLAGS, *shared, "-o", target, *files, *flags], capture_output=True, text=True)
    if built.returncode or built.stderr:
        sys.exit(f"bench/c does not compile without warnings:\n{built.stderr}")
    return target


def missing(name):
    """Why a program that is not ours cannot run, or None."""
    if name in ("wrk", "h2load"):
        return None if shutil.which(name) else f"{name} is not installed; `scripts/install bench` installs it"
    return None if OTHERS.exists() else "there is no .venv-bench; `scripts/install bench` makes it"
