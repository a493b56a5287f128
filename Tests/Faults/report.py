"""What the rounds came to: a line for each, a table at the end, and JSON for docs/figures."""

import collections
import dataclasses
import datetime
import json
import os
import pathlib

from ledger import Allowance


@dataclasses.dataclass
class RoundResult:
    seed: int
    kills: list              # the way of each
    system_calls: list       # of those that strace did
    broker_delay: int        # milliseconds
    events: int = 0          # produced
    pairs: int = 0           # of event and subscription
    deliveries: int = 0
    dead_letters: int = 0
    filtered: int = 0
    lost: int = 0
    duplicates: int = 0
    allowances: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    judged: bool = True      # whether its duplicates count: see Round.stood_still
    passed: bool = False

    @classmethod
    def of(cls, fields):
        return cls(**{**fields, "allowances": [Allowance(**allowance) for allowance in fields["allowances"]]})

    @property
    def allowed(self):
        return len(self.allowances)

    @property
    def line(self):
        calls = f" ({', '.join(self.system_calls)})" if self.system_calls else ""
        delay = f"; broker {self.broker_delay} ms away" if self.broker_delay else ""
        repeated = f"repeated {self.duplicates} of {self.allowed} allowed" if self.judged else "the machine stood still, duplicates not judged"
        return (f"seed {self.seed}: killed {', '.join(self.kills)}{calls}{delay}; {self.events} events, {self.deliveries} deliveries, "
                f"{self.dead_letters} dead letters, lost {self.lost}, {repeated}; {self.seconds:.0f} s{'' if self.passed else '; FAILED'}")


class Report:
    def __init__(self):
        self.rounds = []

    def add(self, result):
        self.rounds.append(result)

    def figures(self):
        def total(field):
            return sum(getattr(result, field) for result in self.rounds)

        worst = max(self.rounds, key=lambda r: (not r.passed, r.duplicates, r.allowed))
        kills = collections.Counter(way for r in self.rounds for way in r.kills)
        allowances = [a for r in self.rounds for a in r.allowances]
        return {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "machine": f"{os.cpu_count()} cores",
            "loadAverage": round(os.getloadavg()[2], 1),
            "rounds": len(self.rounds),
            "failed": sum(not r.passed for r in self.rounds),
            "duplicatesNotJudged": sum(not r.judged for r in self.rounds),
            "events": total("events"),
            "pairs": total("pairs"),
            "deliveries": total("deliveries"),
            "deadLetters": total("dead_letters"),
            "filtered": total("filtered"),
            "lost": total("lost"),
            "duplicates": total("duplicates"),
            "allowed": len(allowances),
            "allowedInFlight": sum(a.in_flight for a in allowances),
            "worstRound": {"seed": worst.seed, "kills": worst.kills, "duplicates": worst.duplicates, "allowed": worst.allowed},
            "kills": kills.total(),
            "ways": {way: {"kills": count, **of_a_way([a for a in allowances if a.way == way])} for way, count in sorted(kills.items())},
            "seconds": round(total("seconds")),
        }

    def table(self):
        figures = self.figures()
        ways = figures.pop("ways")
        worst = figures.pop("worstRound")
        for name, value in figures.items():
            yield f"{name:<32}{value}"
        yield f"{'worst round':<32}seed {worst['seed']}: {worst['duplicates']} of {worst['allowed']}"
        yield ""
        yield f"{'killed':<32}{'times':>8}{'allowed':>10}{'oldest answer that no commit held':>36}"
        for way, row in ways.items():
            yield f"{way:<32}{row['kills']:>8}{row['allowed']:>10}{row['oldestUnconfirmedMilliseconds']:>33} ms"

    def write(self, path):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.figures(), indent=2) + "\n")


def of_a_way(allowances):
    """The oldest: how long before the kill it was answered, and yet no acknowledged commit held it."""
    ages = [a.age for a in allowances if a.age is not None]
    return {"allowed": len(allowances), "oldestUnconfirmedMilliseconds": round(max(ages, default=0) * 1000)}
