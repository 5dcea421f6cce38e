"""The goals of runs that are not published stand beside those of the recorded one."""

from pathlib import Path

from benchmarks.bench import OURS, RAW
from benchmarks.other_runs import add, kept, other_table
from benchmarks.results import Key, Results


def run(moment: str, ours: float) -> Results:
    results = Results({"moment": moment, "seconds": {"beside": 600, "replay": 300}})
    for name, rate in ((RAW, 100.0), (OURS, ours)):
        for _ in range(2):
            key = Key("beside", name, "own streams", 64)
            results.add(key, {"rate": rate, "cpu_us": 10.0, "p50_ms": 1.0})
    return results


def test_a_run_is_added_once_and_shown_beside_the_recorded_one(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    recorded = run("2026-11-30T15:46+00:00", ours=99.0)
    add(run("2026-12-01T00:44+00:00", ours=80.0), path)
    add(run("2026-11-30T19:38+00:00", ours=98.0), path)
    add(run("2026-11-30T19:38+00:00", ours=97.0), path)

    head, _, by_hand, minutes, throughput, *_ = other_table(recorded, kept(path)).splitlines()

    assert "| 2026-11-30 15:46, recorded | 2026-11-30 19:38 | 2026-12-01 00:44 |" in head
    assert by_hand.endswith("| 100 | 100 | 100 |")
    assert minutes.endswith("| 15 | 15 | 15 |")
    assert "| at least 0.97 |" in throughput
    assert throughput.endswith(
        "| 0.99 (0.99 to 0.99) | 0.97 (0.97 to 0.97) | **0.80 (0.80 to 0.80)** |"
    )


def test_the_recorded_run_is_not_shown_twice(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    recorded = run("2026-11-30T15:46+00:00", ours=99.0)
    assert kept(path) == []
    assert other_table(recorded, kept(path)) == ""

    add(recorded, path)

    assert other_table(recorded, kept(path)) == ""


def test_a_goal_that_one_run_did_not_measure_has_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    recorded = run("2026-11-30T15:46+00:00", ours=99.0)
    newer = run("2026-12-01T00:44+00:00", ours=98.0)
    newer.add(Key("replicas", OURS, "while a node hangs", 16), {"of_silence": 0.9})
    add(newer, path)

    row = other_table(recorded, kept(path)).splitlines()[-1]

    assert row.startswith("| one of three nodes hangs")
    assert row.endswith("|  | 0.90 (0.90 to 0.90) |")
