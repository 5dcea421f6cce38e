"""The model of one stream: its terms, what it predicts, and how both are shown."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.goals import goals
from benchmarks.hot_costs import (
    BEFORE,
    BY_SIZE,
    EVERY_COLUMN,
    HOT_COSTS,
    SHARED,
    SIZES,
)
from benchmarks.hot_model import (
    CLIENT,
    SERVER,
    STORING,
    WAIT,
    WHOLE,
    per_batch,
    predictions,
    term,
)
from benchmarks.hot_table import cost_table, model_tables
from benchmarks.peers import BATCHES
from benchmarks.report import RECORDED, markdown
from benchmarks.results import Key, Results
from benchmarks.server_clock import ServerClock

BATCH_BY_HAND, EVENT_BY_HAND = 200.0, 4.0
BATCH_BY_LIBRARY, EVENT_BY_LIBRARY = 300.0, 20.0
BATCH_WAIT, EVENT_WAIT = 400.0, 16.0
SERVER_TO_WAIT = 1.5  # its threads work at the same time
"""Microseconds, in the results of `made`."""


def add(results: Results, key: Key, members: int, client: float) -> None:
    wait = BATCH_WAIT + members * EVENT_WAIT
    numbers = {
        "rate": members / (client + wait) * 1e6,
        "cpu_us": client / members,
        "server_us": SERVER_TO_WAIT * wait / members,
        "storing_us": 3.0,
    }
    for _ in range(2):
        results.add(key, dict(numbers))


def made() -> Results:
    """Return results as if the model were true."""
    about: dict[str, Any] = {"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 2}}
    results = Results({**about, "moment": ""})
    for x in SIZES:
        hand, ours = BATCH_BY_HAND + x * EVENT_BY_HAND, BATCH_BY_LIBRARY + x * EVENT_BY_LIBRARY
        add(results, Key(HOT_COSTS, BATCHES, BY_SIZE, x), x, hand)
        add(results, Key(HOT_COSTS, OURS, BY_SIZE, x), x, ours)
    add(results, Key(HOT_COSTS, BATCHES, BEFORE, 64), 64, 300.0)
    add(results, Key(HOT_COSTS, BATCHES, SHARED, 64), 64, 700.0)
    add(results, Key(HOT_COSTS, BATCHES, EVERY_COLUMN, 64), 64, 800.0)
    add(results, Key(HOT_COSTS, RAW, BY_SIZE, 64), 1, BATCH_BY_HAND + EVENT_BY_HAND)
    return results


def test_what_a_batch_takes_is_the_cpu_time_of_the_client_and_its_wait() -> None:
    key = Key(HOT_COSTS, BATCHES, BY_SIZE, 8)
    whats = (CLIENT, WAIT, SERVER, STORING, WHOLE)

    parts = {what: per_batch(made(), key, what, 8) for what in whats}

    assert parts[CLIENT] == pytest.approx([232.0] * 2)
    assert parts[WAIT] == pytest.approx([528.0] * 2)
    assert parts[SERVER] == pytest.approx([792.0] * 2)
    assert parts[STORING] == pytest.approx([24.0] * 2)
    assert parts[WHOLE] == pytest.approx([760.0] * 2)


def test_a_term_has_a_part_for_the_batch_and_one_for_each_event() -> None:
    found = term(made(), OURS, CLIENT)

    assert found is not None
    assert found.batch == pytest.approx([BATCH_BY_LIBRARY] * 2)
    assert found.event == pytest.approx([EVENT_BY_LIBRARY] * 2)
    assert found.of(10) == pytest.approx([BATCH_BY_LIBRARY + 10 * EVENT_BY_LIBRARY] * 2)
    assert term(Results({}), OURS, CLIENT) is None


def test_the_model_predicts_what_it_was_made_from() -> None:
    found = predictions(made())

    raw, ours, shared, hand, before, free = found
    for it in found[:-1]:
        assert it.measured is not None
        assert it.measured_to_raw is not None
        assert it.rate.median == pytest.approx(it.measured.median)
        assert it.to_raw.median == pytest.approx(it.measured_to_raw.median)
    assert raw.to_raw.median == 1
    assert (free.measured, free.measured_to_raw) == (None, None)
    assert free.rate.median == pytest.approx(64 / (BATCH_WAIT + 64 * EVENT_WAIT) * 1e6)
    ordered = [it.rate.median for it in (ours, shared, hand, before, free)]
    assert ordered == sorted(ordered)


def test_the_model_holds_in_the_recorded_run() -> None:
    *measured, free = predictions(Results.read(RECORDED))

    for it in measured:
        assert it.measured is not None
        assert it.measured.median == pytest.approx(it.rate.median, rel=0.15), it.text
        assert it.measured.median < free.rate.median


@pytest.mark.parametrize(
    "missing",
    [
        Key(HOT_COSTS, OURS, BY_SIZE, 16),
        Key(HOT_COSTS, BATCHES, BEFORE, 64),
        Key(HOT_COSTS, BATCHES, SHARED, 64),
        Key(HOT_COSTS, RAW, BY_SIZE, 64),
    ],
)
def test_the_model_needs_each_of_its_terms(missing: Key) -> None:
    results = made()
    del results.series[missing]

    assert predictions(results) == []
    assert model_tables(results) == ""
    assert cost_table(results)


def test_the_goals_compare_the_library_with_batches_by_hand_as_large() -> None:
    found = {goal.name: goal for goal in goals(made())}

    wait = BATCH_WAIT + 64 * EVENT_WAIT
    hand = BATCH_BY_HAND + 64 * EVENT_BY_HAND + wait
    ours = BATCH_BY_LIBRARY + 64 * EVENT_BY_LIBRARY + wait
    goal, shared = found["batching_by_hand"], found["batching_shared_by_hand"]
    assert goal.limit is None
    assert goal.measured.median == pytest.approx(hand / ours)
    assert (shared.limit, shared.met) == (0.95, False)
    assert shared.measured.median == pytest.approx((700.0 + wait) / ours)


def test_the_page_shows_what_a_batch_costs_and_the_limit() -> None:
    page = markdown(made(), plots=False)

    assert "## One stream: what a batch costs" in page
    assert f"| {BATCHES} | 8 | 760 | 232 | 528 | 792 | 24 |" in page
    assert f"| {BATCHES}: {EVERY_COLUMN} | 64 |" in page
    assert f"| {RAW} | 1 | 620 | 204 | 416 | 624 | 3 |" in page
    assert "| CPU time of the client, ours | 300 | 20 |" in page
    assert "| wait for the server | 400 | 16 |" in page
    assert "| the same, with a client that costs nothing | 44,944 |  | 27.9 |  |" in page


def test_the_clock_of_the_server_counts_its_cpu_time() -> None:
    clock = ServerClock(os.getpid())
    begin = time.process_time()
    while time.process_time() - begin < 0.1:
        pass

    lap = clock.lap()
    assert lap.serving >= 0.1
    assert lap.passed >= 0.1
    assert (lap.storing, lap.compiling) == (0, 0)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("C2 CompilerThre", "compiling"),
        ("CompactionExecu", "storing"),
        ("PerDiskMemtable", "storing"),
        ("Native-Transpor", "serving"),
    ],
)
def test_threads_are_told_apart_by_their_names(name: str, counted: str, tmp_path: Path) -> None:
    thread = tmp_path / "7" / "task" / "8"
    thread.mkdir(parents=True)
    (thread / "comm").write_text(f"{name}\n")
    (thread / "schedstat").write_text("1000000000 5 6\n")
    clock = ServerClock(7, tmp_path)
    (thread / "schedstat").write_text("3500000000 5 6\n")

    lap = clock.lap()

    assert {"serving": lap.serving, "storing": lap.storing, "compiling": lap.compiling} == {
        **dict.fromkeys(("serving", "storing", "compiling"), 0.0),
        counted: 2.5,
    }
