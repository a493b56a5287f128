"""The ways to kill. Which, whom, when and at what is drawn from the round's seed.

Each takes the round and returns the deaths, and leaves nothing started since: cursors are looked at before that. What
the seed does not decide is how far the program has come in that moment.
"""

import time

from harness.process import Process

# What the program does all the time: requests and answers of endpoints (sendto, recvfrom) and of Kafka (sendmsg,
# recvmsg), the turns of its loop (epoll_pwait2), librdkafka's threads that wake it (write, read) and wait (poll). With
# each, how far away the kill may be; strace counts for each thread.
WHILE_RUNNING = {
    "sendto": 100, "recvfrom": 100, "sendmsg": 15, "recvmsg": 40, "epoll_pwait2": 50, "write": 8, "read": 12, "poll": 30}
# The same from the start of the process; recvmsg and sendmsg are group, cursors, records and the first commits.
WHILE_STARTING = {"connect": 6, "sendmsg": 40, "recvmsg": 90, "epoll_pwait2": 150, "sendto": 80, "recvfrom": 80, "write": 60}


def while_delivering(round):
    round.first.is_up()
    round.flows()
    return [round.first.is_killed()]


def at_a_system_call(round):
    """Dead before the call is made, so at whatever the one before it has done."""
    round.first.is_up()
    round.flows()
    strace = _strace(round, WHILE_RUNNING)
    tracer = round.world.started(Process("strace", [*strace, "-p", round.first.pid], round.world.folder / "strace.log"))
    tracer.expected_to_run = False
    return [round.first.dies(timeout=5) or round.first.is_killed()]


def while_starting(round):
    deaths = _down(round)
    round.publishes()
    round.first.starts(ready=False)
    if round.rng.random() < 0.5:
        # Joining the group takes the most of it: the moments after that need to be aimed at.
        round.sees_another_attempt()
        time.sleep(round.rng.uniform(0, 0.3))
    else:
        time.sleep(round.rng.uniform(0, 6))
    return [*deaths, round.first.is_killed()]


def at_a_system_call_of_the_start(round):
    deaths = _down(round)
    round.publishes()
    # -D: the tracer is the child, and the process that was started is the bridge. --seccomp-bpf stops it at this call only.
    round.first.starts(ready=False, under=[*_strace(round, WHILE_STARTING), "-D", "--seccomp-bpf"])
    return [*deaths, round.first.dies(timeout=12) or round.first.is_killed()]


def while_draining(round):
    """Killed between SIGTERM and its end, which a slow endpoint delays."""
    round.first.is_up()
    slow = round.traffic.subscriptions["slow"]
    slow.behaves(delay=0.4)
    round.flows()
    round.first.is_asked_to_stop()
    time.sleep(round.rng.uniform(0, 0.6))
    death = round.first.is_killed()
    slow.behaves(delay=0.05)
    return [death]


def while_another_joins(round):
    """The group moves partitions; the one that gives or the one that takes is killed."""
    round.first.is_up()
    deaths = [round.second.stops()] if round.second.runs else []
    round.second.starts(ready=False)
    round.flows()
    time.sleep(round.rng.uniform(0, 4))
    return [*deaths, round.one_of_both().is_killed()]


def beside_another(round):
    """The other goes on, and takes over."""
    round.first.is_up()
    round.second.is_up()
    round.flows()
    return [round.one_of_both().is_killed()]


def both_at_once(round):
    round.first.is_up()
    round.second.is_up()
    round.flows()
    return [round.first.is_killed(), round.second.is_killed()]


WAYS = [
    while_delivering, at_a_system_call, while_draining, beside_another, at_a_system_call_of_the_start, while_another_joins,
    while_starting, both_at_once]


def _down(round):
    return [round.first.stops()] if round.first.runs else []


def _strace(round, calls):
    call = round.rng.choice(sorted(calls))
    which = round.rng.randint(1, calls[call])
    round.system_calls.append(f"{call} {which}")
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={which}"]
