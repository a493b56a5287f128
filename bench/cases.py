"""What the suite measures: sections of cases that share a broker, events and endpoints, and the aims that their figures are held to.

A case's `round(stage)` runs once a round, the cases of a section in turn. An aim compares two cases of the same round.
"""

import array
import dataclasses
import time
from typing import Callable

import senders
from programs import compiled
from senders import Failed, Fanfare, Target, drain, floor, h2load, mq_bridge, other, unused_url, wrk

SIZES = {200: "200 B", 1024: "1 KiB", 10240: "10 KiB"}
SIZE = 1024
BATCHES = [10, 100]
WRK = "wrk: 1 thread, 64 connections, the same request again and again"
H2LOAD = "h2load: 1 thread, 64 clients; by HTTP/2 one client with 64 streams"
MANY = 10_000
# Of events, for that many subscriptions: not a multiple of the partitions, so that each type comes in all of them.
TYPES = MANY - 1


@dataclasses.dataclass
class Case:
    name: str
    round: Callable
    settings: str = ""
    needs: str = None  # a program that may be missing; the case is left out, and the output says so


@dataclasses.dataclass
class Aim:
    """The figure of one case beside another's, in the same round, or by itself; `at_least` or `at_most` is what it should come to."""

    what: str
    case: str
    beside: str
    figure: str = "per_second"
    at_least: float = None
    at_most: float = None

    def value(self, figures):
        """Of one round, a dictionary of figures by case; None when one of the two did not run."""
        mine = figures.get(self.case, {}).get(self.figure)
        theirs = figures.get(self.beside, {}).get(self.figure) if self.beside else 1
        if mine is None or theirs is None:
            return None
        return mine / theirs

    def reached(self, value):
        return value >= self.at_least if self.at_least is not None else value <= self.at_most


@dataclasses.dataclass
class Section:
    name: str
    title: str
    topics: Callable  # (options) -> the topics: a list of dictionaries, see stage
    build: Callable  # (stage) -> the cases, once broker, events and endpoints are there
    aims: list = dataclasses.field(default_factory=list)
    scaling: bool = False  # for curves only
    anew: bool = False  # a broker of its own for each round: the embedded one looks a group's offset up in a list of all groups


def topic(name, events, size=SIZE, partitions=24, types=1, codec="none", run=100):
    return {"name": name, "events": events, "size": size, "partitions": partitions, "types": types, "codec": codec, "run": run}


def policies(format="binary", signed=False, **more):
    """Of a subscription, as the suite measures it."""
    return {
        "payload": {"format": format}, "delivery": {"maxInFlight": senders.IN_FLIGHT, **more.pop("delivery", {})},
        **({} if signed else {"signing": "none"}), **more}


def one(url, name="hook", **how):
    """Subscribes one endpoint."""
    return lambda topic: topic.subscribe(name, Target(url), **policies(**how))


def several(count, url, **how):
    """So many subscriptions, each with a path of its own."""
    def subscribe(topic):
        for n in range(count):
            topic.subscribe(f"hook-{n}", Target(url(f"/hook-{n}")), **policies(**how))
    return subscribe


def drained(name, sender, stage, topic_name, sink, events=None, **more):
    topic = stage.topics[topic_name]
    return Case(name, lambda s: drain(s, sender, topic, sink, events or stage.events(topic_name), **more), sender.settings)


# One by one


def delivery_topics(options):
    return [topic(f"bench.s{size}", options.events, size, codec="lz4" if size > 2000 else "none") for size in SIZES]


def delivery(stage):
    nginx, cases = stage.nginx(), []
    for size, said in SIZES.items():
        name = f"bench.s{size}"
        request = stage.request(size)
        cases += [
            Case(f"wrk, {said}", lambda s, r=request: wrk(s.world.folder, nginx, r, s.load_seconds), WRK, needs="wrk"),
            Case(f"h2load --h1, {said}", lambda s, r=request: h2load(s.world.folder, nginx, r, s.load_seconds), H2LOAD, needs="h2load"),
            drained(f"C, hand-written, {said}", floor("floor_epoll", nginx), stage, name, nginx),
            drained(f"C, libcurl, {said}", floor("floor_libcurl", nginx, connections=256), stage, name, nginx),
            drained(f"fanfare, binary, {said}", Fanfare(one(nginx.url("/hook"))), stage, name, nginx),
        ]
    name, said = f"bench.s{SIZE}", SIZES[SIZE]
    for what, how in {
        "binary, signed": {"signed": True}, "structured": {"format": "structured"}, "structured, signed": {"format": "structured", "signed": True},
    }.items():
        cases.append(drained(f"fanfare, {what}, {said}", Fanfare(one(nginx.url("/hook"), **how)), stage, name, nginx))
    silent = Fanfare(one(nginx.url("/hook")), receipts={"enabled": False})
    silent.settings = Fanfare.settings.replace("receipts on", "receipts off")
    cases.append(drained(f"fanfare, binary, no receipts, {said}", silent, stage, name, nginx))
    for what, sender in {
        "mq-bridge": mq_bridge(nginx),
        "aiokafka + aiohttp": other("aiokafka_aiohttp.py", nginx, "aiokafka + aiohttp: 64 requests at once, commit after 1,000 events"),
        "confluent-kafka + requests": other("confluent_requests.py", nginx, "confluent-kafka + requests: 16 threads, a session each, commit after 1,000 events"),
    }.items():
        cases.append(dataclasses.replace(drained(f"{what}, {said}", sender, stage, name, nginx), needs="others"))
    return cases


def delivery_aims():
    aims = []
    for said in SIZES.values():
        mine = f"fanfare, binary, {said}"
        aims += [
            Aim(f"beside C with a sender written by hand, {said}", mine, f"C, hand-written, {said}", at_least=0.8),
            Aim(f"beside C with libcurl, {said}", mine, f"C, libcurl, {said}", at_least=0.9),
        ]
    said = SIZES[SIZE]
    mine = f"fanfare, binary, {said}"
    return aims + [
        Aim("beside mq-bridge", mine, f"mq-bridge, {said}", at_least=1.5),
        Aim("without receipts beside mq-bridge", f"fanfare, binary, no receipts, {said}", f"mq-bridge, {said}", at_least=1.5),
        Aim("beside aiokafka + aiohttp", mine, f"aiokafka + aiohttp, {said}", at_least=5),
        Aim("signed beside unsigned", f"fanfare, binary, signed, {said}", mine, at_least=0.75),
        Aim("structured beside binary", f"fanfare, structured, {said}", mine, at_least=0.75),
        Aim("structured and signed beside binary", f"fanfare, structured, signed, {said}", mine, at_least=0.75),
    ]


# In batches


def batches(stage):
    endpoint, name, cases = stage.endpoint(), "bench.batches", []
    for batch in BATCHES:
        how = {"batch": {"maxEvents": batch, "maxWait": "100ms"}}
        cases += [
            drained(f"C, libcurl, batches of {batch}", floor("floor_libcurl", endpoint, batch=batch), stage, name, endpoint),
            drained(f"fanfare, raw, batches of {batch}", Fanfare(one(endpoint.url("/hook"), format="raw", **how)), stage, name, endpoint),
            drained(f"fanfare, structured, batches of {batch}", Fanfare(one(endpoint.url("/hook"), format="structured", **how)), stage, name, endpoint),
            dataclasses.replace(drained(f"mq-bridge, packs of {batch}", mq_bridge(endpoint, batch), stage, name, endpoint), needs="others"),
        ]
    return cases


# TLS


def tls(stage):
    nginx, name = stage.nginx(secure=True), f"bench.s{SIZE}"
    request, cases = stage.request(SIZE), []
    for protocol in ("TLS 1.1", "TLS 2"):
        version = protocol.split()[1]
        hook = one(nginx.url("/hook", protocol), tls={"ca": str(nginx.ca)}, delivery={"http": version})
        cases += [
            Case(f"h2load, TLS, HTTP/{version}", lambda s, p=protocol: h2load(s.world.folder, nginx, request, s.load_seconds, p), H2LOAD, needs="h2load"),
            drained(f"C, libcurl, TLS, HTTP/{version}", floor("floor_libcurl", nginx, protocol=protocol, connections=256), stage, name, nginx),
            drained(f"fanfare, TLS, HTTP/{version}", Fanfare(hook), stage, name, nginx),
        ]
    return cases


# Several subscriptions on one topic


def shares(options):
    """Events before so many subscriptions: more deliveries for more of them, but not as many times more."""
    return {1: options.events, 10: options.events // 5, 100: options.events // 25}


def subscriptions(stage):
    nginx = stage.nginx()
    cases = [
        drained(named(count), Fanfare(several(count, nginx.url)), stage, f"bench.shared{count}", nginx, events * count)
        for count, events in shares(stage.options).items()]
    return cases + [read_once(stage, nginx, count) for count in (1, 100)]


def read_once(stage, nginx, count):
    """What comes from the broker, with events that are large beside all else that comes from there: every one is delivered to all."""
    sender, topic = Fanfare(several(count, nginx.url)), stage.topics["bench.large"]

    def round(s):
        figures = drain(s, sender, topic, nginx, topic.events * count, seconds=60)
        return {**figures, "bytes_per_event": figures["received_bytes"] / topic.events}
    return Case(f"{named(count)}, 10 KiB", round, sender.settings)


def named(count):
    return "1 subscription" if count == 1 else f"{count} subscriptions"


def subscription_topics(options):
    return [topic(f"bench.shared{count}", events) for count, events in shares(options).items()] + [
        topic("bench.large", min(500, options.events // 20), 10240, run=1)]


# One of ten fails


def isolation(stage):
    nginx, slow, name = stage.nginx(), stage.slow_endpoint(), "bench.ten"
    healthy = several(9, nginx.url)
    beside = {
        "9 healthy, nothing else": None, "9 healthy, 1 dead": unused_url("/dead"),
        "9 healthy, 1 after 2 s": f"http://127.0.0.1:{slow.port}/slow/2000/hook"}

    def subscribe(url):
        def both(topic):
            healthy(topic)
            if url:
                topic.subscribe("failing", Target(url), **policies())
        return both
    return [drained(what, Fanfare(subscribe(url)), stage, name, nginx, 9 * stage.events(name)) for what, url in beside.items()]


# Latency


LOADS = [50, 80]
# Events in a row for one partition, at a steady rate.
LATENCY_RUN = 32


def latency(stage):
    endpoint, name = stage.endpoint(), f"bench.s{SIZE}"
    hook = one(endpoint.url("/hook"))
    speed = drained("most, fanfare", Fanfare(hook), stage, name, endpoint)

    def most(s):
        figures = speed.round(s)
        stage.notes["most"] = figures["per_second"]
        return figures

    cases = [Case("most, fanfare", most, speed.settings)]
    for percent in LOADS:
        for what, sender in {
            "C, hand-written": floor("floor_epoll", endpoint),
            "fanfare": Fanfare(hook, kafka=stage.kafka(**{"fetch.wait.max.ms": 2})),
        }.items():
            cases.append(Case(
                f"{what}, {percent} % load", lambda s, sender=sender, percent=percent: at_rate(s, sender, endpoint, stage.notes["most"] * percent / 100),
                "latency: fetch.wait.max.ms 2 for all, the producer's linger.ms 1"))
    return cases


def at_rate(stage, sender, endpoint, rate):
    """Latencies while events come at a steady rate; the first half second is warming up."""
    topic, noted = stage.next_empty_topic(), stage.world.folder / "inside"
    process = sender.starts(stage, topic, ready=True, LD_PRELOAD=str(compiled("inside.so")), INSIDE=str(noted))
    time.sleep(0.5)
    endpoint.latencies()
    before, used, began = endpoint.count(), process.processor_seconds(), time.monotonic()
    count = max(100, round(rate * stage.options.seconds))
    # In runs, as the embedded broker looks for each batch from the first on: batches of one would measure that.
    behind = stage.produce(topic, count, SIZE, rate, run=LATENCY_RUN)
    stage.world.wait_until(lambda: endpoint.count() - before >= count, "all events to arrive")
    seconds = time.monotonic() - began
    used = process.processor_seconds() - used
    sender.ends(process)
    inside = inside_times(noted)
    pairs = endpoint.latencies()
    start = pairs[0][0] + 500_000_000
    taken = sorted(late for produced, late in pairs if produced >= start) or sorted(late for _, late in pairs)
    return {
        "events": count, "seconds": seconds, "rate": rate, "cpu_us": used / count * 1e6, "producer_behind_ms": behind / 1000,
        **{f"p{name}_ms": percentile(taken, share) / 1e6 for name, share in (("50", 0.5), ("99", 0.99), ("99.9", 0.999))},
        **{f"inside_p{name}_ms": percentile(inside, share) / 1e6 for name, share in (("50", 0.5), ("99", 0.99))}}


def inside_times(file):
    """What c/inside.c noted, in nanoseconds, sorted; without the first tenth, which is warming up."""
    with file.open("rb") as noted:
        (count,) = array.array("q", noted.read(8))
        times = array.array("q", noted.read(8 * count))[count // 10:]
    if not times:
        raise Failed("no event was seen inside of the sender")
    return sorted(times)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency_topics(options):
    runs = options.rounds * len(LOADS) * 2
    return [topic(f"bench.s{SIZE}", options.events)] + [topic(f"bench.empty{n}", 0) for n in range(runs)]


# A backlog


def backlog(stage):
    endpoint = stage.endpoint()
    hook = one(endpoint.url("/hook"))

    def behind(s):
        """Catches up with a backlog while new events come at 10,000 a second."""
        topic = stage.next_empty_topic()
        waiting = stage.options.events
        stage.produce(topic, waiting, SIZE, 0)
        coming = []

        def produces(done):
            if done and not coming:
                coming.append(stage.starts_producing(topic, 10_000, SIZE, 10_000))
        return drain(s, Fanfare(hook), topic, endpoint, waiting + 10_000, meanwhile=produces)

    return [Case("catches up, 10,000 events/s coming in", behind, Fanfare.settings)] + [
        hanging(stage, f"memory, nobody answers, {events:,} events wait", events) for events in backlogs(stage.options)]


def hanging(stage, name, events):
    """Resident memory of a bridge whose only endpoint takes requests and does not answer."""
    endpoint = stage.slow_endpoint()

    def round(s):
        sender = Fanfare(one(f"http://127.0.0.1:{endpoint.port}/hang/hook"))
        process = sender.starts(s, s.topics[f"bench.backlog{events}"], ready=True)
        time.sleep(s.options.seconds)
        peak = process.peak_memory()
        process.kill()
        return {"events": events, "peak_rss_mib": peak / (1 << 20)}
    return Case(name, round, Fanfare.settings)


def backlogs(options):
    return [options.events // 10, options.events, 4 * options.events]


def backlog_topics(options):
    return [topic(f"bench.empty{n}", 0) for n in range(options.rounds)] + [
        topic(f"bench.backlog{events}", events, codec="lz4") for events in backlogs(options)]


# Ten thousand subscriptions


def by_type(count, url, *more, prefix="t"):
    """Subscriptions that take one type of event each. What they have in common stands in `defaults`: a manifest is bounded in its values."""
    def subscribe(topic):
        for n in range(count):
            topic.subscriptions[f"hook-{n}"] = {"endpoint": url(f"/hook-{n % 100}"), "filters": [{"exact": {"type": f"{prefix}{n}"}}]}
        for name in more:
            topic.subscriptions[name] = {"endpoint": url(f"/{name}")}
    return Fanfare(subscribe, defaults={"start": "earliest", **policies()})


def start(stage):
    nginx = stage.nginx()

    def first_delivery(count):
        def round(s):
            topic, before = stage.topics["bench.first"], nginx.count()
            sender = by_type(count, nginx.url)
            process = sender.starts(s, topic)
            s.world.wait_until(lambda: nginx.count() > before, "the first delivery", timeout=90, every=0.01)
            figures = {"events": 1, "first_seconds": time.monotonic() - sender.started}
            sender.bridge.is_ready(timeout=90)
            figures |= {"ready_seconds": time.monotonic() - sender.started, "peak_rss_mib": process.peak_memory() / (1 << 20)}
            process.kill()
            return figures
        return round
    return [Case(f"start with {count:,} subscriptions", first_delivery(count)) for count in (1, 100, MANY)]


def many(stage):
    nginx, name = stage.nginx(), "bench.many"
    topic = stage.topics[name]

    def passes(s):
        """Hardly anything matches: the few deliveries say how far it is, as each stands for all the events that were passed over."""
        def rarely(topic):
            topic.subscribe("rarely", Target(nginx.url("/hook")), filters=[{"exact": {"type": "t0"}}], **policies())
        figures = drain(s, Fanfare(rarely), topic, nginx, -(-topic.events // TYPES))
        return {**figures, "events": figures["events"] * TYPES, "per_second": figures["per_second"] * TYPES, "cpu_us": figures["cpu_us"] / TYPES}

    return [
        Case(f"1 subscription, 1 event in {MANY:,}", passes, Fanfare.settings),
        drained("1 subscription, every event", Fanfare(one(nginx.url("/hook"))), stage, name, nginx),
        drained(f"{MANY:,} subscriptions, 1 event in {MANY:,} each", by_type(MANY, nginx.url), stage, name, nginx),
    ]


# Curves: a case is called "curve: WHAT NUMBER", which bench/plots.py reads.


SHARING = [1, 3, 10, 30, 100]
# As many as `any` takes.
FILTERS = [1, 10, 100, 1_000]
OTHERS = [1, 10, 100, 1_000, MANY]
PARTITIONS = [1, 2, 4, 12, 24, 96]
SHARDS = [1, 2, 4]


def curve_events(options, count):
    return max(200, options.events // count)


def curves(stage):
    nginx = stage.nginx()

    def curve(what, number, sender, topic_name, deliveries=None):
        return drained(f"curve: {what} {number}", sender, stage, topic_name, nginx, deliveries)

    hook = one(nginx.url("/hook"))
    cases = [
        curve("subscriptions", n, Fanfare(several(n, nginx.url)), f"bench.curve{n}", curve_events(stage.options, n) * n) for n in SHARING]
    cases += [curve("filters", n, Fanfare(several_filters(n, nginx.url)), "bench.none") for n in FILTERS]
    # One takes every event; the others cost what a filter that does not match costs.
    cases += [curve("others", n, by_type(n, nginx.url, "all", prefix="none"), "bench.none") for n in OTHERS]
    cases += [curve("partitions", n, Fanfare(hook), f"bench.wide{n}") for n in PARTITIONS]
    cases += [curve("shards", n, Fanfare(hook, limits={"shards": n}), "bench.wide24") for n in SHARDS]
    return cases + [hanging(stage, f"curve: backlog {n}", n) for n in backlogs(stage.options)]


def several_filters(count, url):
    """One subscription with so many filters, any of which may match; the last one does."""
    prefixes = [{"prefix": {"type": name}} for name in [*(f"none{n}" for n in range(count - 1)), "t"]]
    return lambda topic: topic.subscribe("hook", Target(url("/hook")), filters=[{"any": prefixes}], **policies())


def curve_topics(options):
    return [topic(f"bench.curve{n}", curve_events(options, n)) for n in SHARING] + [
        topic("bench.none", options.events, partitions=4, codec="lz4")] + [
        topic(f"bench.wide{n}", options.events, partitions=n, codec="lz4") for n in PARTITIONS] + [
        topic(f"bench.backlog{n}", n, codec="lz4") for n in backlogs(options)]


SECTIONS = [
    Section("delivery", "One by one", delivery_topics, delivery, delivery_aims()),
    Section("batches", "In batches", lambda o: [topic("bench.batches", o.events * 4, 500, codec="lz4")], batches, [
        Aim("batches of 100 beside C with libcurl", "fanfare, raw, batches of 100", "C, libcurl, batches of 100", at_least=0.5),
        Aim("batches of 100 beside mq-bridge's packs", "fanfare, raw, batches of 100", "mq-bridge, packs of 100", at_least=3)]),
    Section("tls", "Over TLS", lambda o: [topic(f"bench.s{SIZE}", o.events)], tls, [
        Aim("beside h2load --h1", "fanfare, TLS, HTTP/1.1", "h2load, TLS, HTTP/1.1", at_least=0.7)]),
    Section("subscriptions", "Several subscriptions on one topic", subscription_topics, subscriptions, [
        Aim("100 subscriptions beside one", "100 subscriptions", "1 subscription", at_least=0.9),
        Aim("bytes from the broker for each event", "100 subscriptions, 10 KiB", "1 subscription, 10 KiB", "bytes_per_event", at_most=1.1)]),
    Section("isolation", "Nine healthy endpoints beside one that fails", lambda o: [topic("bench.ten", o.events // 8)], isolation, [
        Aim("beside a dead endpoint", "9 healthy, 1 dead", "9 healthy, nothing else", at_least=0.97),
        Aim("beside one that answers after 2 s", "9 healthy, 1 after 2 s", "9 healthy, nothing else", at_least=0.97)]),
    Section("latency", "From a record's time to the endpoint", latency_topics, latency, [
        Aim("p99 inside of the process, 50 % load, ms", "fanfare, 50 % load", None, "inside_p99_ms", at_most=2)]),
    Section("backlog", "A backlog", backlog_topics, backlog),
    Section("start", "From the start to the first delivery", lambda o: [topic("bench.first", 1, partitions=4)], start, [
        Aim(f"{MANY:,} subscriptions, s", f"start with {MANY:,} subscriptions", None, "first_seconds", at_most=5)]),
    Section("many", "Ten thousand subscriptions with filters", lambda o: [topic("bench.many", o.events * 5, types=TYPES, partitions=4, codec="lz4")], many, anew=True, aims=[
        Aim("beside one that hardly matches", f"{MANY:,} subscriptions, 1 event in {MANY:,} each", f"1 subscription, 1 event in {MANY:,}", at_least=0.7),
        Aim("beside one that takes every event", f"{MANY:,} subscriptions, 1 event in {MANY:,} each", "1 subscription, every event", at_least=0.7),
        Aim("resident memory, MiB", f"{MANY:,} subscriptions, 1 event in {MANY:,} each", None, "peak_rss_mib", at_most=300)]),
    Section("curves", "Curves", curve_topics, curves, scaling=True, anew=True),
]
