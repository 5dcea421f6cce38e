"""The benchmark's arithmetic, its report and its guard. Nothing is measured here."""

from pathlib import Path

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.goals import goals
from benchmarks.guard import compare
from benchmarks.report import PAGE, RECORDED, markdown, publish
from benchmarks.results import Key, Results, round_of
from benchmarks.spread import Spread, percentile, ratios, spread


def results(ours: list[float], raw: list[float]) -> Results:
    made = Results({"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 3}, "moment": ""})
    for subject, values in ((OURS, ours), (RAW, raw)):
        for value in values:
            made.add(Key("hot_path", subject, "own streams", 64), {"rate": value, "p50_ms": 1.0})
    return made


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
    (goal,) = goals(results([95, 50, 99], [100, 100, 100]))

    assert (goal.limit, goal.at_most, goal.met) == (0.95, False, True)
    assert goal.measured == Spread(0.5, 0.95, 0.99)
    assert not goals(results([94, 50, 99], [100, 100, 100]))[0].met
    assert goals(results([1, 2], [1])) == [], "a round is missing: no ratio"


@pytest.mark.parametrize(
    ("now", "word"),
    [([97, 98, 99], "better"), ([80, 85, 95], "same"), ([10, 20, 30], "worse")],
)
def test_the_guard_compares_ratios_and_minds_the_spread(now: list[float], word: str) -> None:
    recorded = goals(results([85, 90, 95], [100, 100, 100]))

    (verdict,) = compare(goals(results(now, [100, 100, 100])), recorded)

    assert verdict.text.split()[0] == word
    assert verdict.worse == (word == "worse")
    assert compare(goals(results(now, [100, 100, 100])), []) == []


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = results([1, 2, 3], [4, 5, 6])
    made.notes.append("one did not take part")
    made.write(tmp_path / "results.json")

    assert Results.read(tmp_path / "results.json") == made


def test_the_page_shows_a_missed_goal_as_missed() -> None:
    page = markdown(results([50, 50, 50], [100, 100, 100]), plots=False)

    assert "| at least 0.95 | 0.50 (0.50 to 0.50) | **missed** |" in page


def test_the_published_page_is_made_of_the_recorded_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.report.PAGE", tmp_path / "performance.md")

    publish(Results.read(RECORDED))

    assert (tmp_path / "performance.md").read_text("utf-8") == PAGE.read_text("utf-8")
    for plot in (PAGE.parent / "performance").iterdir():
        assert (tmp_path / "performance" / plot.name).stat().st_size > 1000
