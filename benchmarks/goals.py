"""Goals: what the library promises itself of its speed, each a ratio within one run."""

from collections.abc import Sequence
from dataclasses import dataclass

from .bench import OURS, RAW
from .results import Key, Results
from .spread import Spread, ratios, spread


@dataclass(frozen=True, slots=True)
class Goal:
    """
    A goal, and what was measured.

    Attributes:
        text: What is compared.
        limit: The ratio to reach.
        at_most: The ratio may not be above the limit; else not below it.
        measured: The ratios of the rounds.
    """

    text: str
    limit: float
    at_most: bool
    measured: Spread

    @property
    def met(self) -> bool:
        """Whether the median of the ratios meets the limit."""
        if self.at_most:
            return self.measured.median <= self.limit
        return self.measured.median >= self.limit


def goals(results: Results) -> list[Goal]:
    """Return the goals that the results say something about."""
    own = "own streams"
    one, many = Key("hot_path", OURS, own, 1), Key("hot_path", OURS, own, 64)
    raw_one, raw_many = Key("hot_path", RAW, own, 1), Key("hot_path", RAW, own, 64)
    hot = Key("hot_stream", OURS, "one stream", 64)
    single = Key("hot_stream", RAW, "one stream", 1)
    replay = Key("replay", OURS, "own choice", 0)
    low = Key("flat_cost", "ours", "append at version", 0)
    high = Key("flat_cost", "ours", "append at version", 100_000)
    found = [
        _goal(results, "one append in flight: latency beside raw", 1.10, one, raw_one, "p50_ms"),
        _goal(results, "64 streams in flight: rate beside raw", 0.95, many, raw_many, "rate"),
        _goal(
            results,
            "one stream, 64 callers: rate beside one batch for each append",
            20,
            hot,
            single,
            "rate",
        ),
        _replay(results, replay),
        _goal(
            results, "append at version 100,000 beside a fresh stream", 1.15, high, low, "p50_ms"
        ),
    ]
    return [goal for goal in found if goal is not None]


def _goal(
    results: Results, text: str, limit: float, above: Key, below: Key, name: str
) -> Goal | None:
    ours, theirs = results.values(above, name), results.values(below, name)
    if not ours or len(ours) != len(theirs):
        return None
    return Goal(text, limit, name == "p50_ms", spread(ratios(ours, theirs)))


def _replay(results: Results, ours: Key) -> Goal | None:
    """Compare with the page size at which raw is the fastest."""
    raw = results.along("replay", RAW, "page size")
    if not raw:
        return None
    best = max(raw, key=lambda key: _median(results.values(key, "rate")))
    text = f"reading: rate beside the fastest raw page loop (pages of {best.x:,})"
    return _goal(results, text, 0.85, ours, best, "rate")


def _median(values: Sequence[float]) -> float:
    return spread(values).median
