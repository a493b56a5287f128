"""How evenly deliveries came: the longest time without one, and the longest wait of one event."""


class Gaps:
    def __init__(self, arrivals, made):
        """`made` says when each event was acknowledged by Kafka, by its id."""
        self.deliveries = sorted((arrival.at, event) for arrival in arrivals if arrival.accepted for event in arrival.ids)
        self.made = made

    def between(self, start, end):
        """Milliseconds, of what happened between two moments."""
        inside = [(at, event) for at, event in self.deliveries if start <= at < end]
        partitions = {}
        for at, event in inside:
            partitions.setdefault(event.rsplit("-", 1)[0], []).append(at)
        return {
            "seconds": round(end - start, 1),
            "deliveries": len(inside),
            "longestGapMs": _longest([at for at, _ in inside], start, end),
            "longestGapOfAPartitionMs": max(_longest(moments, start, end) for moments in partitions.values()),
            "longestDelayMs": _milliseconds(max((at - self.made[event] for at, event in inside if event in self.made), default=0)),
        }


def _longest(moments, start, end):
    edges = [start, *moments, end]
    return _milliseconds(max(after - before for before, after in zip(edges, edges[1:])))


def _milliseconds(seconds):
    return round(seconds * 1000)
