"""The bridge gets by with the system calls that container runtimes allow, and with the few of helm/fanfare/seccomp.json."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from harness import container
from harness.process import environment
from harness.protected import ProtectedServer
from harness.raw_servers import Certificates

pytestmark = [pytest.mark.system_calls, pytest.mark.skipif(os.getuid() != 0, reason="only root can make containers")]

PUBLISHED = json.loads((pathlib.Path(__file__).parents[2] / "helm/fanfare/seccomp.json").read_text())
LAUNCHER = pathlib.Path(container.__file__)

# What the default profiles of Docker and containerd deny to a process without capabilities: Docker's table of significant calls
# (https://docs.docker.com/engine/security/seccomp/), and what has come since then. They are lists of what is allowed; the calls that
# stand in neither list are not used by anything.
DENIED = """
acct add_key bpf chroot clock_adjtime clock_settime create_module delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick
get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl
lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree
perf_event_open personality pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace query_module quotactl
quotactl_fd reboot request_key set_mempolicy set_mempolicy_home_node setdomainname sethostname setns settimeofday stime swapoff swapon sysfs
syslog _sysctl umount umount2 unshare uselib userfaultfd ustat vhangup vm86 vm86old
""".split()
# Runtimes that are some years old do not know these, and refuse them as anything else.
RECENT = """
close_range epoll_pwait2 faccessat2 futex_waitv landlock_create_ruleset membarrier memfd_secret openat2 process_mrelease rseq statx
""".split()
NAMESPACES = [1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)]     # CLONE_NEW...
AF_ALG, AF_VSOCK = 38, 40
EPERM, ENOSYS = 1, 38


def denying(names):
    """All but these, as the default profiles do."""
    def rule(names, number=EPERM, **condition):
        args = {"args": [{"index": 0, **condition}]} if condition else {}
        return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": number, **args}

    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        rule(names),
        rule(["clone3"], ENOSYS),
        *(rule(["clone"], value=flag, valueTwo=flag, op="SCMP_CMP_MASKED_EQ") for flag in NAMESPACES),
        *(rule(["socket"], value=family, op="SCMP_CMP_EQ") for family in (AF_ALG, AF_VSOCK))]}


def published_without(*names):
    first, *others = PUBLISHED["syscalls"]
    return {**PUBLISHED, "syscalls": [{**first, "names": [name for name in first["names"] if name not in names]}, *others]}


PROFILES = {"the default": denying(DENIED), "an old default": denying(DENIED + RECENT), "the published": PUBLISHED}


@pytest.fixture
def contained(tmp_path):
    """Words that run a program under a profile."""
    folder = tmp_path / "container"

    def under(profile):
        remove()
        file = tmp_path / "profile.json"
        file.write_text(json.dumps(profile))
        return [sys.executable, LAUNCHER, folder, file]

    def remove():
        if folder.exists():
            container.remove(folder)
            shutil.rmtree(folder)

    yield under
    remove()


@pytest.mark.both_libraries
@pytest.mark.parametrize("profile", PROFILES)
def test_the_bridge_works_under_a_profile(profile, world, contained, tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    server = ProtectedServer(tls=certificates.server("server", "DNS:localhost"))
    secure = server.endpoint("secure")
    orders = world.topic("shop.orders", partitions=2)
    orders.subscriptions["secure"] = {
        "endpoint": secure.url.replace("127.0.0.1", "localhost"), "start": "earliest", "signing": "none",
        "tls": {"ca": certificates.authority}}
    flaky = world.endpoint("flaky", fail_first=2)
    orders.subscribe("flaky", flaky, retry={"schedule": ["1s", "3s"]})
    refusing = world.endpoint("refusing", status=400)
    orders.subscribe("refusing", refusing)
    world.configure(limits={"shards": 2}, receipts={"index": {"enabled": True, "path": str(tmp_path / "receipts.sqlite")}})

    bridge = world.bridge().starts(under=contained(PROFILES[profile]))
    pid = (tmp_path / "container/pid").read_text()
    assert re.search(r"^Seccomp:\t2$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    orders.publish(20)
    world.wait_until(lambda: len(secure.arrivals) == 20, "all to arrive over TLS", details=lambda: f"{len(secure.arrivals)} have")
    flaky.has_taken(20)
    world.wait_until(lambda: len(world.dead_letters(orders, "refusing")) == 20, "the dead letters")
    assert bridge.metric("process_open_fds") > 0 and bridge.get("/api/v1/subscriptions/flaky")[0] == 200

    late = world.endpoint("late")
    orders.subscribe("late", late)
    orders.write()
    late.has_taken(20)
    world.wait_until(lambda: bridge.get("/api/v1/deliveries?subscription=late")[1].count('"success"') == 20, "the index of receipts to have them")
    world.is_settled("flaky")
    bridge.stops()
    server.close()


def test_what_the_bridge_needs_is_missed(world, contained):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"))
    bridge = world.bridge().starts(ready=False, under=contained(published_without("epoll_wait", "epoll_pwait", "epoll_pwait2")))
    bridge.process.expected_to_run = False
    world.wait_until(lambda: bridge.process.popen.poll() is not None, "the bridge to give up")
    assert bridge.process.popen.poll() != 0 and bridge.process.says("epoll")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_command_for_kafka_s_tokens_needs_to_start_a_process(profile, world, contained):
    """Its token is had before any broker is asked, and nothing listens there."""
    claims = "eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjo0MDAwMDAwMDAwfQ"     # until 2096
    world.topic("shop.orders").subscribe("billing", world.endpoint_where_nothing_listens("billing"))
    world.configure(kafka={
        "bootstrapServers": world.kafka.properties["bootstrap.servers"],
        "properties": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "OAUTHBEARER"},
        "oauth": {"command": ["/bin/sh", "-c", f"echo eyJhbGciOiJIUzI1NiJ9.{claims}.x"]}})
    command = [world.program, "dlq", "list", "--topic", "shop.orders", "--config", world.write_config()]
    done = subprocess.run([*contained(PROFILES[profile]), *command], capture_output=True, text=True, env=environment())
    assert done.returncode == 1
    if profile == "the published":
        assert "no token for Kafka: the command /bin/sh cannot be run: " in done.stderr
    else:
        assert "the Kafka cluster does not answer" in done.stderr


def test_under_the_published_profile_no_program_can_be_started(contained):
    """By the container's own program: a shell starts what is in parentheses as a process."""
    def says(profile):
        done = subprocess.run([*contained(profile), "/bin/sh", "-c", "echo before; (echo after)"], capture_output=True, text=True)
        return done.stdout.split(), done.stderr

    assert says(PROFILES["the default"]) == (["before", "after"], "")
    said, complaint = says(PUBLISHED)
    assert said == ["before"] and "fork" in complaint


def test_the_published_profile_allows_only_calls_that_exist_and_that_the_defaults_allow():
    """A name that a runtime does not know is passed over without a word."""
    library = ctypes.CDLL("libseccomp.so.2")
    names = [name for rule in PUBLISHED["syscalls"] for name in rule["names"]]
    assert [name for name in names if library.seccomp_syscall_resolve_name(name.encode()) == -1] == []
    assert not set(names) & set(DENIED)
