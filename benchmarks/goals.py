"""Goals: the speed that the library aims for, each as a ratio within one run."""

from dataclasses import dataclass

from .bench import OURS, RAW
from .feeds import (
    APPEND,
    CATCH_UP,
    DELIVERY,
    MEMORY,
    SEQUENCING,
    STREAMS,
    delivery_budget,
)
from .flat_cost import VERSIONS, at_version
from .hot_costs import BY_SIZE, HOT_COSTS, MANY, SHARED
from .peers import (
    ANNOUNCING,
    BATCHES,
    BATCHES_WITH_WRITE,
    FEED,
    SEQUENCER,
    SINGLY,
    WITH_RESULT,
    WITH_WRITE,
)
from .privacy import APPENDING, ENCRYPTED, EVENTS, PRIVACY, READING
from .privacy import PLAIN as UNENCRYPTED
from .processes import EXACT, HOT, PROCESSES
from .replicas import CALLERS, HANGS, ONE, ONE_STREAM, OWN, REPLICAS
from .results import Key, Results
from .snapshots import EVERY, LONG, SHORT, STORED, WHOLE, WITHOUT
from .spread import Spread, ratios, spread
from .subscriptions import BY_HAND, PROJECTED, PROJECTION
from .truncation import AGAIN, GONE, KEPT, PLAIN


@dataclass(frozen=True, slots=True)
class Goal:
    """
    A goal and its measurement.

    Attributes:
        name: Its name, the same in every run.
        text: What is compared.
        limit: The ratio to reach; None if the ratio is only shown.
        at_most: Whether the limit is a maximum, so that less is better; otherwise a minimum.
        measured: The ratios of the rounds.
    """

    name: str
    text: str
    limit: float | None
    at_most: bool
    measured: Spread

    @property
    def met(self) -> bool:
        """Whether the median ratio meets the limit."""
        if self.limit is None:
            return True
        if self.at_most:
            return self.measured.median <= self.limit
        return self.measured.median >= self.limit


def goals(results: Results) -> list[Goal]:
    """Return the goals that the results have numbers for, in order."""
    found = [
        *_hot_path(results),
        *_hot_stream(results),
        *_sharing(results),
        *_reading(results),
        _flat(results),
        *_feed_appends(results),
        *_deliveries(results),
        *_sequencing(results),
        *_catch_up(results),
        _projection(results),
        *_snapshots(results),
        _truncation(results),
        *_privacy(results),
        *_replicas(results),
    ]
    return [goal for goal in found if goal is not None]


def _hot_path(results: Results) -> list[Goal | None]:
    one, many = (
        (Key("beside", OURS, "own streams", x), Key("beside", RAW, "own streams", x))
        for x in (1, 64)
    )
    latency = "one append in flight: latency (p50) relative to raw"
    rate = "64 streams in flight: throughput relative to raw"
    cpu = "client CPU per append relative to raw"
    least = Key("beside", WITH_RESULT, "own streams", 64), many[1]
    by_hand = "64 streams in flight, by hand, with only the library's checks and its result: "
    return [
        _goal(results, one, "p50_ms", "latency", latency, 1.06),
        _goal(results, many, "rate", "throughput", rate, 0.97),
        _goal(results, one, "cpu_us", "append_cpu_alone", f"one append in flight: {cpu}", 1.15),
        _goal(results, many, "cpu_us", "append_cpu", f"64 streams in flight: {cpu}", 1.10),
        # What no append of the library can take less than: only shown.
        _goal(results, least, "rate", "least_throughput", f"{by_hand}throughput relative to raw"),
        _goal(results, least, "cpu_us", "least_cpu", f"{by_hand}{cpu}"),
    ]


def _hot_stream(results: Results) -> list[Goal | None]:
    ours, raw, singly = (Key("beside", it, "one stream", 64) for it in (OURS, RAW, SINGLY))
    text = "one stream, 64 callers: throughput relative to one batch per append, "
    by_hand, by_library = text + "by raw", text + "by the library with one event per batch"
    library, alone, shared = (
        Key(HOT_COSTS, subject, case, MANY)
        for subject, case in ((OURS, BY_SIZE), (BATCHES, BY_SIZE), (BATCHES, SHARED))
    )
    relative = "one stream, 64 callers: throughput relative to "
    by_hand_as_large = f"{relative}batches of {MANY} by hand, one after another"
    by_hand_and_shared = f"{relative}the same callers who share batches by hand"
    return [
        _goal(results, (ours, raw), "rate", "batching", by_hand, 20),
        _goal(results, (ours, singly), "rate", "batching_alone", by_library),
        # The limit: each of the callers must get an answer, and append again, also by hand.
        _goal(
            results, (library, shared), "rate", "batching_shared_by_hand", by_hand_and_shared, 0.95
        ),
        _goal(results, (library, alone), "rate", "batching_by_hand", by_hand_as_large),
    ]


def _sharing(results: Results) -> list[Goal | None]:
    """Compare four processes on one stream with one process."""
    one, four = (Key(PROCESSES, OURS, HOT, x) for x in (1, 4))
    text = "four processes on one stream: "
    found = [
        _goal(results, (four, one), "rate", "sharing", text + "throughput relative to one", 0.8)
    ]
    if fairness := results.values(four, "fairness"):  # older runs did not count these conflicts
        conflicts = spread(results.values(four, "conflicts"))
        found.append(Goal("sharing_conflicts", text + "conflicts per append", 0.2, True, conflicts))
        alike = text + "time of the first to finish relative to the last"
        found.append(Goal("sharing_fairness", alike, None, False, spread(fairness)))
    beside, alone = (Key(PROCESSES, OURS, EXACT, x) for x in (4, 1))
    text = "one attempt at an exact version beside three processes that append at any: latency "
    text += "(p99) relative to alone"
    # Only shown: `exact_attempts` compares it with the code from before the turns.
    found.append(_goal(results, (beside, alone), "p99_ms", "sharing_exact", text))
    return found


def _reading(results: Results) -> list[Goal | None]:
    """Compare with raw at its fastest page size."""
    found: list[Goal | None] = []
    if raw := results.along("replay", RAW, "page size"):
        best = max(raw, key=lambda key: spread(results.values(key, "rate")).median)
        pair = Key("replay", OURS, "own choice", 0), best
        text = f"relative to raw at its fastest (pages of {best.x:,})"
        rate, cpu = f"reading: throughput {text}", f"reading: client CPU per event {text}"
        found = [
            _goal(results, pair, "rate", "replay", rate, 0.85),
            _goal(results, pair, "cpu_us", "read_cpu", cpu, 1.8),
        ]
    resident = [key for key in results.along("memory", OURS, "resident set") if key.x]
    if len(resident) > 1:
        first, last = resident[0], resident[-1]
        text = f"reading: memory at event {last.x:,} relative to event {first.x:,}"
        found.append(_goal(results, (last, first), "resident_mib", "memory", text, 1.05))
    return found


def _flat(results: Results) -> Goal | None:
    low, high = (Key("flat_cost", OURS, at_version(it), 0) for it in (VERSIONS[0], VERSIONS[-1]))
    text = f"append at version {VERSIONS[-1]:,}: latency (p50) relative to version 1"
    return _goal(results, (high, low), "p50_ms", "flat_cost", text, 1.15)


def _feed_appends(results: Results) -> list[Goal | None]:
    found: list[Goal | None] = []
    for subject, name, who, limits in (
        (FEED, "feed", "with a feed", (1.15, 0.80, 0.95)),
        (ANNOUNCING, "announcing", "with a feed of another process", (None, None, None)),
    ):
        one, own, hot = (
            (Key(APPEND, subject, case, x), Key(APPEND, limit, case, x))
            for case, x, limit in (
                ("own streams", 1, WITH_WRITE),
                ("own streams", 64, OURS),
                ("one stream", 64, OURS),
            )
        )
        latency = f"{who}, one append in flight: latency (p50) relative to a plain write and "
        latency += "raw's batch"
        rate = f"{who}, 64 streams in flight: throughput relative to without"
        shared = f"{who}, one stream, 64 callers: throughput relative to without"
        found += [
            _goal(results, one, "p50_ms", f"{name}_latency", latency, limits[0]),
            _goal(results, own, "rate", f"{name}_throughput", rate, limits[1]),
            _goal(results, hot, "rate", f"{name}_batching", shared, limits[2]),
        ]
    for case, name, who, by_hand in (
        ("own streams", "feed_throughput_by_hand", "64 streams in flight", (WITH_WRITE, RAW)),
        (
            "one stream",
            "feed_batching_by_hand",
            "one stream, 64 callers",
            (BATCHES_WITH_WRITE, BATCHES),
        ),
    ):
        found.append(_left_of_feed(results, name, who, case, by_hand))
    return found


def _left_of_feed(
    results: Results, name: str, who: str, case: str, by_hand: tuple[str, str]
) -> Goal | None:
    """Compare what a feed leaves of a rate with what an announcement by hand leaves of it."""
    rates = [
        results.values(Key(APPEND, subject, case, 64), "rate") for subject in (FEED, OURS, *by_hand)
    ]
    if not rates[0] or len({len(each) for each in rates}) > 1:
        return None
    text = f"with a feed, {who}: the share of the throughput that is left, relative to the share "
    text += "that is left by hand, with a plain write before a batch"
    measured = spread(ratios(ratios(*rates[:2]), ratios(*rates[2:])))
    return Goal(name, text, 0.95, False, measured)


def _deliveries(results: Results) -> list[Goal | None]:
    """Compare with a budget: the time of eight batches by hand, and 10 ms for two polls."""
    batches = results.values(Key(DELIVERY, RAW, "one batch", 1), "p50_ms")
    budgets = [delivery_budget(batch) for batch in batches]
    found: list[Goal | None] = []
    for number, limit in (("p50", 1), ("p99", 10)):
        taken = results.values(Key(DELIVERY, FEED, "delivery", 0), f"{number}_ms")
        if budgets and len(taken) == len(budgets):
            text = f"from an append to a handler in another process ({number}) relative to "
            text += "the time of 8 batches by raw and 10 ms"
            measured = spread(ratios(taken, budgets))
            found.append(Goal(f"feed_delivery_{number}", text, limit, True, measured))
    return found


def _sequencing(results: Results) -> list[Goal | None]:
    key = Key(SEQUENCING, SEQUENCER, "own streams", 64)
    raw = Key(SEQUENCING, RAW, "own streams", 64)
    text = "sequencing: CPU per append relative to raw's client CPU per append"
    found = [_goal(results, (key, raw), "cpu_us", "feed_sequencer_cpu", text, 1)]
    if growth := results.values(key, "growth"):
        text = "64 callers: growth of the feed's lag per event appended"
        found.append(Goal("feed_lag", text, 0.01, True, spread(growth)))
    return found


def _catch_up(results: Results) -> list[Goal | None]:
    feed = results.along(CATCH_UP, FEED, STREAMS)
    raw = results.along(CATCH_UP, RAW, STREAMS)
    resident = results.along(CATCH_UP, FEED, MEMORY)
    if not feed or not raw or not resident:
        return []
    first, last = resident[0], resident[-1]
    text = "reading a feed: throughput relative to reading its streams by hand, as many at once"
    flat = f"reading a feed: memory at event {last.x:,} relative to event {first.x:,}"
    return [
        _goal(results, (feed[0], raw[0]), "rate", "feed_catch_up", text, 0.8),
        _goal(results, (last, first), "resident_mib", "feed_memory", flat, 1.05),
    ]


def _projection(results: Results) -> Goal | None:
    ours, by_hand = (Key(PROJECTION, FEED, case, 1) for case in (PROJECTED, BY_HAND))
    text = (
        "a projection in PostgreSQL: throughput relative to the same pages and statements by hand"
    )
    return _goal(results, (ours, by_hand), "rate", "projection", text, 0.7)


def _snapshots(results: Results) -> list[Goal | None]:
    long, short = Key("snapshots", OURS, STORED, LONG), Key("snapshots", OURS, WHOLE, SHORT)
    load = f"loading an aggregate of {LONG:,} events from a stored snapshot: latency (p50) "
    load += f"relative to {SHORT} events without one"
    with_, without = (Key("snapshots", OURS, case, 0) for case in (EVERY, WITHOUT))
    save = "a command that saves a snapshot every 100 events: latency (p50) relative to one that "
    save += "saves none"
    return [
        _goal(results, (long, short), "p50_ms", "snapshot_load", load, 1.5),
        _goal(results, (with_, without), "p50_ms", "snapshot_save", save, 1.05),
    ]


def _truncation(results: Results) -> Goal | None:
    truncated, plain = (Key("truncation", OURS, case, x) for case, x in ((AGAIN, GONE), (PLAIN, 0)))
    text = f"reading {KEPT} events after {GONE:,} that were truncated: latency (p50) relative to "
    text += f"a stream of {KEPT}"
    return _goal(results, (truncated, plain), "p50_ms", "truncated_read", text, 1.1)


def _privacy(results: Results) -> list[Goal | None]:
    """Only shown: encryption costs what it costs."""
    found = []
    for name, what, events in (("append", APPENDING, 0), ("read", READING, EVENTS)):
        pair = (
            Key(PRIVACY, OURS, f"{what}: {ENCRYPTED}", events),
            Key(PRIVACY, OURS, f"{what}: {UNENCRYPTED}", events),
        )
        text = f"{what} with an encrypted field: latency (p50) relative to one without"
        found.append(_goal(results, pair, "p50_ms", f"private_{name}", text))
    return found


def _replicas(results: Results) -> list[Goal | None]:
    """
    Compare on three nodes that share this machine.

    The ratios are only shown: for each append, three nodes take the CPU that the client needs, too,
    so they say nothing about three machines. What a node that hangs costs has a limit.
    """
    found: list[Goal | None] = []
    for name, case, x, number, text in (
        ("latency", ONE, 1, "p50_ms", "one append in flight: latency (p50)"),
        ("throughput", OWN, 64, "rate", "64 streams in flight: throughput"),
        ("batching", ONE_STREAM, 64, "rate", "one stream, 64 callers: throughput"),
    ):
        raw, ours, feed = (Key(REPLICAS, it, case, x) for it in (RAW, OURS, FEED))
        to_raw, to_ours = f"three replicas, {text} relative to raw", f"with a feed, {text} relative"
        found.append(_goal(results, (ours, raw), number, f"replicas_{name}", to_raw))
        found.append(
            _goal(
                results,
                (feed, ours),
                number,
                f"replicas_feed_{name}",
                f"three replicas, {to_ours} to without",
            )
        )
    for subject, name, who in ((OURS, "", ""), (FEED, "feed_", ", with a feed")):
        if longest := results.values(Key(REPLICAS, subject, HANGS, CALLERS), "of_silence"):
            text = f"one of three nodes hangs{who}: the longest append relative to the 5 s until "
            text += "it is left out"
            found.append(Goal(f"replicas_{name}hanging", text, 1.5, True, spread(longest)))
    return found


def _goal(
    results: Results,
    keys: tuple[Key, Key],
    number: str,
    name: str,
    text: str,
    limit: float | None = None,
) -> Goal | None:
    above, below = (results.values(key, number) for key in keys)
    if not above or len(above) != len(below):
        return None
    return Goal(name, text, limit, number != "rate", spread(ratios(above, below)))
