"""
A model of one stream: how fast it can be, from what a batch costs. Arithmetic on results alone.

The batches of one stream come one after another. So a batch of m events takes the CPU time of the
client, and then the time that the client waits for the server::

    events/s = m / (client(m) + wait(m))

Each of the two is what any batch costs, and m times what an event adds. The wait is what the
batches by hand take beyond the CPU time of their client. The server's own CPU time is longer than
the wait: several of its threads work on a batch at the same time, and some of them go on after the
answer. So it is shown beside the others, and is not a term. Waking threads is part of both terms
here, since the node is on this machine; between two machines, the wait has a round trip of the
network as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Final

from .bench import OURS, RAW
from .hot_costs import BEFORE, BY_SIZE, HOT_COSTS, MANY, SHARED, SIZES
from .peers import BATCHES
from .results import Key, Results
from .spread import Spread, ratios, spread

CLIENT: Final = "client"
SERVER: Final = "server"
STORING: Final = "storing"
WHOLE: Final = "whole"
WAIT: Final = "wait"
_CPU: Final = {CLIENT: "cpu_us", SERVER: "server_us", STORING: "storing_us"}


@dataclass(frozen=True, slots=True)
class Term:
    """
    A cost in microseconds, as a line over the sizes of batches, one in each round.

    Attributes:
        batch: What a batch costs, whatever its size.
        event: What each of its events adds.
    """

    batch: Sequence[float]
    event: Sequence[float]

    def of(self, members: int) -> list[float]:
        """Return what a batch of this many events costs in each round, in microseconds."""
        return [
            batch + members * event for batch, event in zip(self.batch, self.event, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Prediction:
    """
    What the model says of a case, and what was measured.

    Attributes:
        text: The case.
        rate: Events per second by the model.
        to_raw: The same relative to raw's by the model.
        measured: Events per second as measured; None for a case that cannot be.
        measured_to_raw: The same relative to raw's as measured.
    """

    text: str
    rate: Spread
    to_raw: Spread
    measured: Spread | None
    measured_to_raw: Spread | None


def per_batch(results: Results, key: Key, what: str, members: int) -> list[float]:
    """
    Return what a batch took in each round, in microseconds.

    Args:
        results: A run.
        key: The case.
        what: `CLIENT` or `SERVER` for their CPU times, the server's without `STORING`, which is
            that of flushing and compacting; `WHOLE` for the time that passed; `WAIT` for what
            remains of that without the client's CPU time.
        members: The events in a batch.
    """
    if what == WHOLE:
        return [members / each * 1e6 for each in results.values(key, "rate")]
    if what == WAIT:
        parts = (per_batch(results, key, part, members) for part in (WHOLE, CLIENT))
        return [whole - client for whole, client in zip(*parts, strict=True)]
    return [members * each for each in results.values(key, _CPU[what])]


def term(results: Results, subject: str, what: str) -> Term | None:
    """Return a term of the model; None if it was not measured for each of `SIZES`."""
    measured = [per_batch(results, Key(HOT_COSTS, subject, BY_SIZE, x), what, x) for x in SIZES]
    lines = [linear_regression(SIZES, costs) for costs in zip(*measured, strict=False)]
    return Term([it.intercept for it in lines], [it.slope for it in lines]) if lines else None


def predictions(results: Results) -> list[Prediction]:
    """Return what the model predicts for 64 callers, raw first; empty without its terms."""
    raw, ours = (Key(HOT_COSTS, it, BY_SIZE, MANY) for it in (RAW, OURS))
    shared, hand, before = (Key(HOT_COSTS, BATCHES, it, MANY) for it in (SHARED, BY_SIZE, BEFORE))
    sharing, sending = (per_batch(results, it, CLIENT, MANY) for it in (shared, before))
    wait, by_hand, library = (
        term(results, subject, what)
        for subject, what in ((BATCHES, WAIT), (BATCHES, CLIENT), (OURS, CLIENT))
    )
    rates = results.values(raw, "rate")
    if wait is None or by_hand is None or library is None:
        return []
    if {len(rates), len(sharing), len(sending)} != {len(wait.of(1))}:
        return []
    base = _rates(1, by_hand.of(1), wait)
    found: list[Prediction] = []
    for text, members, client, key in (
        ("raw: a batch for each event", 1, by_hand.of(1), raw),
        (f"ours: {MANY} callers share a batch", MANY, library.of(MANY), ours),
        (f"by hand: {MANY} callers share a batch", MANY, sharing, shared),
        (f"by hand: one caller, {MANY} events in a batch", MANY, by_hand.of(MANY), hand),
        (f"the same, {BEFORE}", MANY, sending, before),
        ("the same, with a client that costs nothing", MANY, [0.0] * len(rates), None),
    ):
        modelled = _rates(members, client, wait)
        measured = results.values(key, "rate") if key is not None else []
        found.append(
            Prediction(
                text,
                spread(modelled),
                spread(ratios(modelled, base)),
                spread(measured) if measured else None,
                spread(ratios(measured, rates)) if measured else None,
            )
        )
    return found


def _rates(members: int, client: Sequence[float], wait: Term) -> list[float]:
    return [
        members / (own + rest) * 1e6 for own, rest in zip(client, wait.of(members), strict=True)
    ]
