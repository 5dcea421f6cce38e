"""The benchmark's arithmetic, its report and its guard. Nothing is measured here."""

import re
from pathlib import Path

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.completeness import missing
from benchmarks.flat_cost import at_version
from benchmarks.goals import Goal, goals
from benchmarks.guard import compare
from benchmarks.peers import BATCHES, FEED, SINGLY, WITH_RESULT
from benchmarks.plots import PLOTS, _factors, plotted
from benchmarks.privacy import ENCRYPTED, EVENTS, PRIVACY, READING
from benchmarks.privacy import PLAIN as UNENCRYPTED
from benchmarks.processes import EXACT, HOT, PROCESSES
from benchmarks.replicas import HANGS, ONE_STREAM, REPLICAS
from benchmarks.report import FIRST, PAGE, PLOTTED, RECORDED, TRIED, markdown, publish, tried
from benchmarks.results import Key, Results, round_of
from benchmarks.snapshots import EVERY, LONG, SHORT, STORED, WHOLE, WITHOUT
from benchmarks.spread import Spread, percentile, ratios, spread
from benchmarks.tables import compared, headline, machine_table
from benchmarks.truncation import AGAIN, GONE, PLAIN


def results(ours: list[float], raw: list[float]) -> Results:
    made = Results({"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 3}, "moment": ""})
    for subject, values in ((OURS, ours), (RAW, raw)):
        for value in values:
            made.add(Key("beside", subject, "own streams", 64), {"rate": value, "p50_ms": 1.0})
    return made


def markdown_of(made: Results) -> str:
    about = {"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 1}, "moment": ""}
    made.about.update(about)
    return markdown(made, plots=False)


def test_spread_and_percentiles() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert percentile(range(1, 1001), 50) == 500
    assert percentile(range(1, 1001), 99.9) == 999
    assert percentile([7], 99.9) == 7
    assert ratios([2.0, 9.0], [1.0, 3.0]) == [2.0, 3.0]
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_numbers_of_an_answer() -> None:
    answer = {"count": 4, "seconds": 2.0, "cpu_seconds": 0.001, "conflicts": 1}

    assert round_of(answer | {"latencies_us": [4000, 1000, 2000, 3000]}) == {
        "rate": 2.0,
        "cpu_us": 250.0,
        "conflicts": 1,
        "p50_ms": 2.0,
        "p90_ms": 4.0,
        "p99_ms": 4.0,
        "p99.9_ms": 4.0,
    }


def test_a_goal_is_the_median_of_the_rounds_ratios() -> None:
    (goal,) = goals(results([97, 50, 99], [100, 100, 100]))

    assert (goal.limit, goal.at_most, goal.met) == (0.97, False, True)
    assert goal.measured == Spread(0.5, 0.97, 0.99)
    assert not goals(results([96, 50, 99], [100, 100, 100]))[0].met
    assert goals(results([1, 2], [1])) == [], "a round is missing: no ratio"


@pytest.mark.parametrize(
    ("now", "word"),
    [([97, 98, 99], "better"), ([80, 85, 95], "same"), ([10, 20, 30], "worse")],
)
def test_the_guard_compares_ratios_and_allows_for_the_spread(now: list[float], word: str) -> None:
    recorded = goals(results([85, 90, 95], [100, 100, 100]))

    (verdict,) = compare(goals(results(now, [100, 100, 100])), recorded)

    assert verdict.text.split()[0] == word
    assert verdict.worse == (word == "worse")
    assert compare(goals(results(now, [100, 100, 100])), []) == []


def test_the_guard_ignores_very_small_differences() -> None:
    recorded = goals(results([100, 100, 100], [100, 100, 100]))

    (near,) = compare(goals(results([99, 99, 99], [100, 100, 100])), recorded)
    (far,) = compare(goals(results([97, 97, 97], [100, 100, 100])), recorded)

    assert (near.worse, far.worse) == (False, True)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = results([1, 2, 3], [4, 5, 6])
    made.notes.append("one did not take part")
    made.profiles["append/ours"] = {"a;b": 1.5}
    made.write(tmp_path / "results.json")

    assert Results.read(tmp_path / "results.json") == made


def test_the_page_shows_a_missed_goal_as_missed() -> None:
    page = markdown(results([50, 50, 50], [100, 100, 100]), plots=False)

    assert "| at least 0.97 | 0.50 (0.50 to 0.50) | **missed** |" in page


def test_a_goal_that_is_just_missed_is_not_shown_as_its_limit() -> None:
    page = markdown(results([966, 966, 966], [1000, 1000, 1000]), plots=False)

    assert "| at least 0.97 | 0.966 (0.966 to 0.966) | **missed** |" in page


def test_the_page_begins_with_plots_and_ends_with_what_was_tried() -> None:
    page = markdown(Results.read(RECORDED), plots=True)

    pictures = [f"performance/{name}.svg" for name in ("peers", "goals", "throughput")]
    places = [page.index(each) for each in (*pictures, "## How to read", "## Goals", "## Measured")]
    assert places == sorted(places)
    assert page.index("## Missed goals") > page.index("## How an event is represented")


def test_goals_are_drawn_as_factors_and_more_is_better() -> None:
    at_least = Goal("a", "a", 0.8, False, Spread(0.4, 0.8, 1.6))
    at_most = Goal("b", "b", 2, True, Spread(1.0, 2.0, 4.0))
    negative = Goal("c", "c", 0.01, True, Spread(-1.0, 0.005, 0.02))

    assert _factors(at_least) == (1, 0.5, 2)
    assert _factors(at_most) == (1, 2, 0.5)
    assert _factors(negative) == (2, 8, 0.5)


def test_both_ways_of_one_batch_per_append_are_shown_and_one_has_the_goal() -> None:
    made = Results({})
    for subject, rate in ((OURS, 3000), (RAW, 160), (SINGLY, 120)):
        made.add(Key("beside", subject, "one stream", 64), {"rate": rate})

    by_hand, alone = goals(made)

    assert (by_hand.limit, by_hand.measured.median, by_hand.met) == (20, 18.75, False)
    assert (alone.limit, alone.measured.median, alone.met) == (None, 25, True)


def test_memory_and_cost_are_relative_to_the_first_events() -> None:
    made = Results({})
    for events, resident in ((0, 30), (100_000, 50), (1_000_000, 51)):
        made.add(Key("memory", OURS, "resident set", events), {"resident_mib": resident})
    for version, latency in ((1, 2.0), (100_000, 3.0)):
        made.add(Key("flat_cost", OURS, at_version(version), 0), {"p50_ms": latency, "files": 1})

    memory, cost = goals(made)

    assert (memory.measured.median, memory.met) == (1.02, True)
    assert (cost.measured.median, cost.met) == (1.5, False)
    page = markdown_of(made)
    assert "| at version 100,000 | 3 | 1.5 | 1 |" in page


def test_snapshots_are_relative_to_none() -> None:
    made = Results({})
    for case, events, latency in (
        (WHOLE, SHORT, 4.0),
        (STORED, LONG, 5.0),
        (WITHOUT, 0, 2.0),
        (EVERY, 0, 2.2),
    ):
        made.add(Key("snapshots", OURS, case, events), {"p50_ms": latency})

    load, save = goals(made)

    assert (load.name, load.measured.median, load.met) == ("snapshot_load", 1.25, True)
    assert (save.name, round(save.measured.median, 2), save.met) == ("snapshot_save", 1.1, False)
    assert f"| {STORED} | 50,000 | 5 |" in markdown_of(made)


def test_a_truncated_stream_is_relative_to_a_short_one() -> None:
    made = Results({})
    made.add(Key("truncation", OURS, PLAIN, 0), {"p50_ms": 2.0})
    made.add(Key("truncation", OURS, AGAIN, GONE), {"p50_ms": 2.1})

    (read,) = goals(made)

    assert (read.name, read.measured.median, read.met) == ("truncated_read", 1.05, True)
    assert f"| {AGAIN} | 100,000 | 2.1 |" in markdown_of(made)


def test_what_encryption_costs_is_shown_and_has_no_limit() -> None:
    made = Results({})
    made.add(Key(PRIVACY, OURS, f"{READING}: {UNENCRYPTED}", EVENTS), {"p50_ms": 50.0})
    made.add(Key(PRIVACY, OURS, f"{READING}: {ENCRYPTED}", EVENTS), {"p50_ms": 150.0})

    (read,) = goals(made)

    assert (read.name, read.measured.median, read.limit) == ("private_read", 3.0, None)
    assert f"| {READING}: {ENCRYPTED} | 5,000 | 150 |" in markdown_of(made)


def test_every_section_of_what_was_tried_is_named_after_a_goal() -> None:
    names = {goal.name for goal in goals(Results.read(RECORDED))}
    headings = re.findall(r"^## (.*)$", TRIED.read_text("utf-8"), re.MULTILINE)

    others = {"memory", "flat_cost", "latency", "throughput", "replay", "peers"}
    assert set(headings) <= names | others


def test_every_goal_that_the_recorded_run_missed_is_explained() -> None:
    missed = {goal.name for goal in goals(Results.read(RECORDED)) if not goal.met}

    assert {name for name in missed if not tried(TRIED.read_text("utf-8"), name)} == set()


def test_peers_are_compared_with_ours() -> None:
    made = results([], [])
    for subject, rates in ((OURS, [30.0, 20.0, 50.0]), (RAW, [10.0, 10.0, 20.0])):
        for rate in rates:
            made.add(Key("peers", subject, "reading", 0), {"rate": rate, "cpu_us": 1.0})

    table = compared(made, "peers", "peer")["reading"]

    assert "| ours relative to it |" in table
    assert "| 2.50 |" in next(line for line in table.splitlines() if RAW in line)


def test_the_published_page_is_made_from_the_recorded_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.report.PAGE", tmp_path / "performance.md")

    publish(Results.read(RECORDED))

    assert (tmp_path / "performance.md").read_text("utf-8") == PAGE.read_text("utf-8")
    for plot in (PAGE.parent / "performance").iterdir():
        assert (tmp_path / "performance" / plot.name).stat().st_size > 1000


def test_the_headline_is_ours_of_the_comparison_and_stands_above_all_else() -> None:
    recorded = Results.read(RECORDED)
    page = PAGE.read_text("utf-8")
    above, _, rest = page.partition("\n## ")
    peers = compared(recorded, "peers", "peer")

    for case in ("one caller", "64 callers, a stream each", "64 callers, one stream", "reading"):
        ours = next(line for line in peers[case].splitlines() if line.startswith(f"| {OURS} |"))
        rate = ours.split("|")[2].split()[0]
        assert f"| {rate} |" in above
        assert ours in rest
    assert above.index("events/s") < 300


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        ({}, ""),
        ({"opening": 1}, "; the scenarios took 1 second"),
        ({"replay": 46, "peers": 40}, "; the scenarios took 86 seconds"),
        ({"replay": 46, "peers": 1274}, "; the scenarios took 22 minutes"),
    ],
)
def test_the_page_says_how_long_the_scenarios_took(seconds: dict[str, int], shown: str) -> None:
    made = results([1.0], [1.0])
    made.about |= {"moment": "2026-11-30T15:46+00:00"} | ({"seconds": seconds} if seconds else {})

    assert machine_table(made).startswith(f"Started at 2026-11-30T15:46+00:00{shown}.\n\n|")


def test_a_run_without_peers_has_no_headline() -> None:
    assert headline(results([1.0], [1.0])) == ""


def test_every_plot_stands_in_the_section_of_its_table() -> None:
    page = PAGE.read_text("utf-8")

    shown = plotted(Results.read(RECORDED))
    assert shown <= set(PLOTS)
    for name in shown - set(FIRST):
        before, _, after = page.partition(f"](performance/{name}.svg)")
        assert after, name
        section = before.rpartition("\n## ")[2]
        assert name in PLOTTED[section.partition("\n")[0]]
        rows = after.partition("\n## ")[0].splitlines()
        assert any(row.startswith("| --- |") for row in rows), "its table follows"


def test_links_within_the_page_lead_to_its_sections() -> None:
    page = PAGE.read_text("utf-8")
    headings = re.findall(r"^##+ (.*)$", page, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", page)) - slugs == set()
    assert " above)" not in page
    assert " below)" not in page


def test_a_run_that_lacks_something_is_not_complete() -> None:
    made = results([1, 2], [1, 2, 3])

    lines = missing(made)

    assert "no goal throughput" in lines
    assert "no peer umadb" in lines
    assert f"no peer {BATCHES}" in lines
    assert "no goal batching_by_hand" in lines
    assert "no deliveries by pekko" in lines
    assert "no profile hot/ours" in lines
    assert "beside: ours, own streams 64: 2 of 3 rounds" in lines


def test_four_processes_on_one_stream_are_compared_with_one() -> None:
    made = Results({})
    for x, rate in ((1, 10_000.0), (4, 9_000.0)):
        for conflicts, fairness in ((0.01, 0.9), (0.03, 0.7)):
            numbers = {"rate": rate, "conflicts": conflicts, "fairness": fairness}
            made.add(Key(PROCESSES, OURS, HOT, x), numbers)

    found = {goal.name: goal for goal in goals(made)}

    assert found["sharing"].measured.median == 0.9
    assert found["sharing"].met
    assert found["sharing_conflicts"].measured == Spread(0.01, 0.02, 0.03)
    assert found["sharing_conflicts"].met
    assert found["sharing_fairness"].limit is None


def test_an_attempt_at_an_exact_version_beside_rivals_is_compared_with_one_alone() -> None:
    made = Results({})
    for x, latency in ((1, 2.0), (4, 4.2)):
        made.add(Key(PROCESSES, OURS, EXACT, x), {"p99_ms": latency})

    (goal,) = goals(made)

    assert (goal.name, goal.measured.median, goal.at_most) == ("sharing_exact", 2.1, True)
    assert goal.limit is None


def test_what_only_the_checks_and_the_result_take_is_shown_beside_raw() -> None:
    made = results([90], [100])
    made.add(Key("beside", WITH_RESULT, "own streams", 64), {"rate": 95, "cpu_us": 1})

    found = {goal.name: goal for goal in goals(made)}

    assert found["least_throughput"].measured.median == 0.95
    assert found["least_throughput"].limit is None


def test_conflicts_that_an_old_run_did_not_count_are_no_goal() -> None:
    made = Results({})
    for x in (1, 4):
        made.add(Key(PROCESSES, OURS, HOT, x), {"rate": 1.0, "conflicts": 0.0})

    assert [goal.name for goal in goals(made)] == ["sharing"]


def test_three_replicas_are_compared_with_raw_and_a_node_that_hangs_with_its_silence() -> None:
    made = Results({})
    for subject, rate in ((RAW, 100.0), (OURS, 2500.0), (FEED, 2000.0)):
        made.add(Key(REPLICAS, subject, ONE_STREAM, 64), {"rate": rate, "p50_ms": 1.0})
    for subject, longest in ((OURS, 5100.0), (FEED, 9000.0)):
        made.add(
            Key(REPLICAS, subject, HANGS, 16),
            {"longest_ms": longest, "of_silence": longest / 5000, "rate": 3.0},
        )

    found = {goal.name: goal for goal in goals(made)}

    assert found["replicas_batching"].measured.median == 25
    assert found["replicas_feed_batching"].measured.median == 0.8
    assert found["replicas_feed_batching"].limit is None
    assert found["replicas_hanging"].met
    assert not found["replicas_feed_hanging"].met
    page = markdown_of(made)
    assert "## Three replicas" in page
    assert "| 16 callers, while a node hangs | 3 | 5,100 |" in page
    assert "| 16 callers with a feed, while a node hangs | 3 | 9,000 |" in page
