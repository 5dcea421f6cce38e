"""Results: the measurements of a run, written to and read from JSON."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from .spread import Spread, percentile, spread


@dataclass(frozen=True, slots=True)
class Key:
    """
    What one series measures.

    Attributes:
        scenario: The scenario.
        subject: The peer, or the variant.
        case: What it does.
        x: The number of callers, events or processes, or the page size; 0 if there is none.
    """

    scenario: str
    subject: str
    case: str
    x: int


@dataclass(slots=True)
class Results:
    """
    A run of the benchmark.

    Attributes:
        about: Machine, versions, settings.
        peers: How each peer describes itself.
        series: For each key, the numbers of each round, in order.
        profiles: For each profile, the CPU microseconds per event of each stack, its frames
            joined by semicolons from the outermost to the innermost.
        notes: What could not be measured, and why.
        failed: Whether a scenario ended with an error; not in the JSON, only in `notes`.
    """

    about: dict[str, Any]
    peers: dict[str, dict[str, Any]] = field(default_factory=dict)
    series: dict[Key, list[dict[str, float]]] = field(default_factory=dict)
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: bool = False

    def add(self, key: Key, round_: dict[str, float]) -> None:
        """Add a round."""
        self.series.setdefault(key, []).append(round_)

    def values(self, key: Key, name: str) -> list[float]:
        """Return one number for each round; empty if it was not measured."""
        return [it[name] for it in self.series.get(key, []) if name in it]

    def spread(self, key: Key, name: str) -> Spread | None:
        """Return the spread of a number over the rounds; None if it was not measured."""
        values = self.values(key, name)
        return spread(values) if values else None

    def along(self, scenario: str, subject: str, case: str) -> list[Key]:
        """Return the keys of one curve, by rising x."""
        found = [
            key
            for key in self.series
            if (key.scenario, key.subject, key.case) == (scenario, subject, case)
        ]
        return sorted(found, key=lambda key: key.x)

    def write(self, path: Path) -> None:
        """Write JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        series = [{**asdict(key), "rounds": rounds} for key, rounds in self.series.items()]
        data = {
            "about": self.about,
            "peers": self.peers,
            "notes": self.notes,
            "series": series,
            "profiles": self.profiles,
        }
        path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read JSON."""
        data = orjson.loads(path.read_bytes())
        results = cls(data["about"], data["peers"], notes=data["notes"])
        results.profiles = data.get("profiles", {})
        for item in data["series"]:
            rounds = item.pop("rounds")
            results.series[Key(**item)] = rounds
        return results


def round_of(answer: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of a peer's answer: rate, client CPU per event, latencies, conflicts."""
    count = answer["count"]
    numbers = {}
    if "seconds" in answer:  # a delivery has pauses, so it has no rate
        numbers["rate"] = round(count / answer["seconds"], 1)
        numbers["cpu_us"] = round(answer["cpu_seconds"] / count * 1e6, 2)
    if loop_seconds := answer.get("loop_seconds"):
        numbers["loop_us"] = round(loop_seconds / count * 1e6, 2)
    if latencies := sorted(answer.get("latencies_us", [])):
        for percent in (50, 90, 99, 99.9):
            numbers[f"p{percent:g}_ms"] = round(percentile(latencies, percent) / 1000, 3)
        if "conflicts" in answer:
            numbers["conflicts"] = answer["conflicts"]
    return numbers
