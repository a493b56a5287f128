"""What the rounds came to: a line for each, a table at the end, and JSON for docs/figures."""

import collections
import dataclasses
import datetime
import json
import os
import pathlib


@dataclasses.dataclass
class RoundResult:
    seed: int
    kills: list              # the ways, one for each kill
    system_calls: list       # of those kills that strace did
    events: int = 0
    deliveries: int = 0
    dead_letters: int = 0
    filtered: int = 0
    lost: int = 0
    duplicates: int = 0
    allowed: int = 0
    in_flight: int = 0       # of those allowed: not answered yet at the kill
    oldest_unconfirmed: float = 0.0   # seconds before the kill that the oldest answer was given that no commit held
    seconds: float = 0.0
    passed: bool = False

    @property
    def line(self):
        ways = ", ".join(way.replace("_", " ") for way in self.kills)
        calls = f" ({', '.join(self.system_calls)})" if self.system_calls else ""
        return (f"seed {self.seed}: killed {ways}{calls}; {self.events} events, {self.deliveries} deliveries, {self.dead_letters} dead letters, "
                f"lost {self.lost}, repeated {self.duplicates} of {self.allowed} allowed; {self.seconds:.0f} s"
                f"{'' if self.passed else '; FAILED'}")


class Report:
    def __init__(self):
        self.rounds = []

    def add(self, result):
        self.rounds.append(result)

    def figures(self):
        total = lambda field: sum(getattr(r, field) for r in self.rounds)  # noqa: E731
        worst = max(self.rounds, key=lambda r: (not r.passed, r.duplicates, r.allowed))
        return {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "machine": f"{os.cpu_count()} cores",
            "rounds": len(self.rounds),
            "failed": sum(not r.passed for r in self.rounds),
            "kills": dict(sorted(collections.Counter(way.replace("_", " ") for r in self.rounds for way in r.kills).items())),
            "events": total("events"),
            "deliveries": total("deliveries"),
            "deadLetters": total("dead_letters"),
            "filtered": total("filtered"),
            "lost": total("lost"),
            "duplicates": total("duplicates"),
            "allowed": total("allowed"),
            "allowedInFlight": total("in_flight"),
            "oldestUnconfirmedMilliseconds": round(max(r.oldest_unconfirmed for r in self.rounds) * 1000),
            "worstRound": {"seed": worst.seed, "kills": worst.kills, "duplicates": worst.duplicates, "allowed": worst.allowed},
            "seconds": round(total("seconds")),
        }

    def table(self):
        figures = self.figures()
        kills = figures.pop("kills")
        worst = figures.pop("worstRound")
        rows = [*figures.items(), ("kills", sum(kills.values())), *((f"  {way}", count) for way, count in kills.items()),
                ("worst round", f"seed {worst['seed']}: {worst['duplicates']} of {worst['allowed']}")]
        return [f"{name:<32}{value}" for name, value in rows]

    def write(self, path):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.figures(), indent=2) + "\n")
