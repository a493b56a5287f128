"""The librdkafka that the program runs with: the system's, or the newer one that the Python client brings.

The program is the same; the loader finds the other library first.
"""

import os
import pathlib
import re

import confluent_kafka

SYSTEM, NEW = "system", "new"


def environment_of(library, folder):
    """Environment variables; the folder is for a link with Debian's name."""
    if library == SYSTEM:
        return {}
    assert library == NEW, f"LIBRDKAFKA is {SYSTEM} or {NEW}, not {library}"
    link = folder / "librdkafka.so.1"
    if not link.exists():
        link.symlink_to(_newer())
    return {"LD_LIBRARY_PATH": str(folder)}


def newer_version():
    """As the Python client says it: three numbers."""
    return re.match(r"[\d.]+", confluent_kafka.libversion()[0])[0]


def _newer():
    (library,) = pathlib.Path(confluent_kafka.__file__).parent.parent.glob("confluent_kafka.libs/librdkafka-*.so.1")
    return library


def loaded_by(pid):
    """The file of the librdkafka that a process runs with."""
    with open(f"/proc/{pid}/maps") as maps:
        (path,) = {line.split()[-1] for line in maps if "librdkafka" in line}
    return os.path.realpath(path)


def is_the_newer(path):
    return path == os.path.realpath(_newer())
