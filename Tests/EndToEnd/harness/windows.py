"""Windows as their documentation says they are, computed with no thought for speed: what the bridge's are compared with.

An event is (offset, time in milliseconds, group, value); a partition's events come in the order of their offsets.
"""

import collections
import datetime
import decimal

Event = collections.namedtuple("Event", "offset time group value")
Windows = collections.namedtuple("Windows", "complete late")  # {(group, start, end): [event]}, [event]


def fixed(events, size, hop=None, grace=0):
    """Tumbling windows, or hopping ones."""
    hop = hop or size
    windows, late = collections.defaultdict(list), []
    watermark = None
    for event in events:
        starts = range((event.time - size) // hop * hop + hop, event.time + 1, hop)
        in_time = [start for start in starts if watermark is None or start + size + grace > watermark]
        for start in in_time:
            windows[event.group, start, start + size].append(event)
        if not in_time:
            late.append(event)
        watermark = event.time if watermark is None else max(watermark, event.time)
    return Windows(dict(windows), late)


def sessions(events, gap, longest, grace=0):
    """A session is the times of its events; it ends a gap after the last, or where no session goes on."""
    def end(times):
        return min(max(times) + gap, (min(times) // longest + 1) * longest)

    open_ones, complete, late = [], {}, []
    watermark = None
    for event in events:
        if watermark is not None and end([event.time]) + grace <= watermark:
            late.append(event)
        else:
            mine = [event]
            for session in [s for s in open_ones if s[0].group == event.group]:
                times = [e.time for e in session]
                together = min(times) < event.time + gap and event.time < max(times) + gap
                if together and min(times) // longest == event.time // longest:
                    open_ones.remove(session)
                    mine += session
            open_ones.append(mine)
        watermark = event.time if watermark is None else max(watermark, event.time)
        for session in [s for s in open_ones if end([e.time for e in s]) + grace <= watermark]:
            open_ones.remove(session)
            _close(session, end, complete)
    for session in open_ones:
        _close(session, end, complete)
    return Windows(complete, late)


def _close(session, end, complete):
    times = [event.time for event in session]
    complete[session[0].group, min(times), end(times)] = sorted(session)


def milliseconds(text):
    """Of an RFC 3339 time."""
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def delivered(endpoint, of=lambda arrival: [arrival.json]):
    """The windows that an endpoint accepted: {(group, start, end): data}, and how often each id came.

    The same id must have the same data each time, and the same window the same id.
    """
    found, ids, times = {}, {}, collections.Counter()
    for arrival in endpoint.arrivals():
        if not arrival.accepted:
            continue
        for event in of(arrival):
            data = event["data"]
            window = (data["group"].get("key"), milliseconds(data["window"]["start"]), milliseconds(data["window"]["end"]))
            assert ids.setdefault(event["id"], window) == window, f"{event['id']} is {ids[event['id']]} and {window}"
            assert found.setdefault(window, data) == data, f"{window} came as {found[window]} and as {data}"
            times[event["id"]] += 1
    assert len(ids) == len(found), "a window came under several ids"
    return found, times


def exact(number):
    """A number as it stood in the text, so that 0.1 is 0.1."""
    return decimal.Decimal(str(number))
