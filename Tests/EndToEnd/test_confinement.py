"""The bridge gets by with little: few descriptors, no privileges, nothing to write to."""

import os
import pathlib
import shutil

import pytest

from harness.hostile import connections_to

# What a container runtime gives at the least: another user, no capabilities, none to be had, and a file system that cannot be written.
CONFINED = """
set -eu
mount --make-rprivate /
mount -o remount,bind,ro /
for folder in /tmp /run /var "$1"; do mount --bind "$folder" "$folder"; mount -o remount,bind,ro "$folder"; done
shift
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take so much away")
def test_no_privileges_and_no_writable_file_system_are_needed(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    failing = world.endpoint("failing", status=400)
    orders.subscribe("failing", failing)
    for folder in [world.folder, *world.folder.parents][:-2]:
        folder.chmod(0o755)             # pytest's folders are their owner's alone
    bridge = world.bridge()
    program = pathlib.Path(shutil.copy(world.program, world.folder / "fanfare"))
    program.chmod(0o755)
    world.program = program
    bridge.starts(under=["unshare", "--mount", "sh", "-c", CONFINED, "confined", world.folder])
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{bridge.process.pid}/status").read_text().splitlines() if ":\t" in line)
    mounts = [line.split() for line in pathlib.Path(f"/proc/{bridge.process.pid}/mountinfo").read_text().splitlines()]
    for place in ("/", "/tmp", str(world.folder)):
        assert [options for _, _, _, _, point, options, *_ in mounts if point == place][-1].startswith("ro"), place
    assert status["Uid"].split() == ["65534"] * 4 and int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
    orders.publish(20)

    billing.has_taken(20)
    world.wait_until(lambda: len(world.dead_letters(orders, "failing")) == 20, "the dead letters")
    bridge.stops()


def test_with_few_descriptors_fewer_requests_are_in_flight_and_nothing_spins(world):
    """Beside an endpoint that takes as many connections as it gets, and holds them."""
    limit = 160
    orders = world.topic("shop.orders")
    slow = [world.endpoint(f"slow-{n}", delay=0.2) for n in range(4)]
    for endpoint in slow:
        orders.subscribe(endpoint.name, endpoint)
    mute = world.endpoint("mute", delay=3600)
    orders.subscribe("mute", mute, delivery={"timeout": "1h"})
    world.configure(limits={"shards": 1})
    bridge = world.bridge().starts(under=["prlimit", f"--nofile={limit}:{limit}"])
    bridge.logs("the process may have too few descriptors")
    orders.publish(100)

    for endpoint in slow:
        endpoint.has_taken(100)
    assert connections_to([world.receiver.port]) <= limit // 2
    assert bridge.process.descriptors() < limit
    assert not world.dead_letters(orders) and not world.retries()
    # Probes are answered, and what they cost is all that the process does meanwhile: a loop that spins would take the time of a core.
    before, answered = bridge.process.processor_seconds(), 0
    while bridge.process.processor_seconds() - before < 2 and answered < 400:
        assert bridge.get("/livez")[0] == 200
        answered += 1
    assert answered == 400
    bridge.stops()
