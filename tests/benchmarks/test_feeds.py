"""The feed in the benchmark: its goals, its sections of the page and its plots."""

from pathlib import Path

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.feed_requests import ANNOUNCEMENT, KINDS, REQUESTS
from benchmarks.feeds import (
    APPEND,
    CATCH_UP,
    DELIVERY,
    MEMORY,
    SEQUENCING,
    STREAMS,
    delivery_budget,
    lowest,
    slope,
)
from benchmarks.goals import Goal, goals
from benchmarks.peers import (
    ANNOUNCING,
    BATCHES,
    BATCHES_WITH_WRITE,
    DELIVERED,
    FEED,
    SEQUENCER,
    WITH_WRITE,
)
from benchmarks.plots import plot, plotted
from benchmarks.report import markdown
from benchmarks.results import Key, Results, round_of


def measured() -> Results:
    about = {"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 1}, "moment": ""}
    made = Results(about)
    for subject, p50 in ((WITH_WRITE, 2.0), (FEED, 2.2), (ANNOUNCING, 2.1)):
        made.add(Key(APPEND, subject, "own streams", 1), {"rate": 1.0, "p50_ms": p50})
    for case in ("own streams", "one stream"):
        for subject, rate in ((OURS, 100.0), (FEED, 90.0), (ANNOUNCING, 99.0)):
            made.add(Key(APPEND, subject, case, 64), {"rate": rate, "cpu_us": 1.0})
    for subject, rate in ((RAW, 200.0), (WITH_WRITE, 144.0)):
        made.add(Key(APPEND, subject, "own streams", 64), {"rate": rate, "cpu_us": 1.0})
    for subject, rate in ((BATCHES, 200.0), (BATCHES_WITH_WRITE, 160.0)):
        made.add(Key(APPEND, subject, "one stream", 64), {"rate": rate, "cpu_us": 1.0})
    made.add(Key(DELIVERY, RAW, "one batch", 1), {"rate": 1.0, "p50_ms": 1.25})
    made.add(Key(DELIVERY, FEED, "delivery", 0), {"p50_ms": 15.0, "p99_ms": 300.0})
    made.add(Key(DELIVERY, "umadb", "delivery", 0), {"p50_ms": 2.0, "p99_ms": 3.0})
    made.add(Key(SEQUENCING, RAW, "own streams", 64), {"rate": 1.0, "cpu_us": 50.0})
    lagging = {"rate": 1.0, "cpu_us": 40.0, "lag": 30.0, "growth": 0.5}
    made.add(Key(SEQUENCING, SEQUENCER, "own streams", 64), lagging)
    made.add(Key(CATCH_UP, RAW, STREAMS, 1000), {"rate": 100.0, "cpu_us": 1.0})
    made.add(Key(CATCH_UP, FEED, STREAMS, 1000), {"rate": 85.0, "cpu_us": 1.0})
    for events, resident in ((200, 50.0), (1000, 55.0)):
        made.add(Key(CATCH_UP, FEED, MEMORY, events), {"resident_mib": resident})
    made.add(Key(REQUESTS, FEED, ANNOUNCEMENT, 0), dict.fromkeys(KINDS, 1.5))
    return made


def goal(name: str) -> Goal:
    return next(each for each in goals(measured()) if each.name == name)


@pytest.mark.parametrize(
    ("name", "ratio", "met"),
    [
        ("feed_latency", 1.1, True),
        ("feed_throughput", 0.9, True),
        ("feed_batching", 0.9, False),
        ("feed_throughput_by_hand", 1.25, True),
        ("feed_batching_by_hand", 1.125, True),
        ("feed_delivery_p50", 0.75, True),
        ("feed_delivery_p99", 15.0, False),
        ("feed_sequencer_cpu", 0.8, True),
        ("feed_lag", 0.5, False),
        ("feed_catch_up", 0.85, True),
        ("feed_memory", 1.1, False),
    ],
)
def test_a_goal_of_the_feed_is_a_ratio_within_a_round(name: str, ratio: float, met: bool) -> None:
    found = goal(name)

    assert found.measured.median == pytest.approx(ratio)
    assert found.met is met


def test_a_delivery_may_take_eight_batches_and_two_polls() -> None:
    assert delivery_budget(1.5) == 22.0


def test_the_slope_of_a_lag_is_its_growth_per_event() -> None:
    assert slope([10.0, 10.0, 10.0], 100) == 0
    assert slope([0.0, 50.0, 100.0, 150.0], 100) == pytest.approx(0.5)
    assert slope([7.0], 100) == 0


def test_a_lag_that_rises_and_falls_does_not_grow() -> None:
    for phase in range(7):
        lags = [float((at + phase) % 7 * 100) for at in range(70)]
        assert slope(lowest(lags, 7), 700) == 0


def test_a_lag_that_grows_while_it_rises_and_falls_is_seen() -> None:
    lags = [at * 5 + float(at % 7 * 100) for at in range(70)]
    assert slope(lowest(lags, 7), 700) == pytest.approx(0.05)


def test_a_delivery_has_no_rate() -> None:
    answer = {"count": 2, "latencies_us": [3000, 1000]}

    assert round_of(answer) == {"p50_ms": 1.0, "p90_ms": 3.0, "p99_ms": 3.0, "p99.9_ms": 3.0}


def test_the_page_has_the_sections_of_the_feed_once_a_run_has_measured_it() -> None:
    made = measured()
    page = markdown(made, plots=True)

    assert "## Appends with a feed: one caller" in page
    assert "| raw_with_write | 1 | 2 |" in page
    assert "| one batch by raw, for comparison |" in page
    for name in (FEED, "umadb"):
        assert f"| {' | '.join(DELIVERED[name])} |" in page
    assert "| ours_sequencer | 1 | 40 | 30 | 0.5 |" in page
    assert "| 1,000 events | 55 |" in page
    assert f"| {ANNOUNCEMENT} | 1.5 | 1.5 | 1.5 |" in page
    for name in ("feed_appends", "feed_delivery"):
        assert name in plotted(made)
        assert page.count(f"(performance/{name}.svg)") == 1
    without = markdown(Results(made.about), plots=True)
    # The table of instructions speaks of feeds, too. It is not of a run, so it is always there.
    assert "feed" not in "".join(line for line in without.splitlines() if line.startswith("#"))
    assert "performance/feed" not in without


def test_the_plots_of_the_feed_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    plot(measured(), tmp_path)
    assert (tmp_path / "feed_delivery.svg").stat().st_size > 1000

    (empty := tmp_path / "empty").mkdir()
    plot(Results({}), empty)
    assert not (empty / "feed_delivery.svg").exists()
