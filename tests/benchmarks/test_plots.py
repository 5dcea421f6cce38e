"""What was measured of projections, snapshots and three nodes is drawn, too."""

from pathlib import Path

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.peers import FEED
from benchmarks.plots import plot, plotted
from benchmarks.replicas import HANGS, ONE, REPLICAS
from benchmarks.report import markdown
from benchmarks.results import Key, Results
from benchmarks.snapshots import LONG, STORED, WITHOUT
from benchmarks.subscriptions import PROJECTED, PROJECTION

SERIES = {
    "projection": {
        Key(PROJECTION, FEED, PROJECTED, 16): {"rate": 24_000.0, "cpu_us": 32.0},
        Key(PROJECTION, "eventsourcing_projection", PROJECTED, 1): {"rate": 840.0, "cpu_us": 440.0},
    },
    "snapshots": {
        Key("snapshots", OURS, STORED, LONG): {"p50_ms": 2.0},
        Key("snapshots", OURS, WITHOUT, 0): {"p50_ms": 1.5},
    },
    "replicas": {
        Key(REPLICAS, RAW, ONE, 1): {"rate": 85.0},
        Key(REPLICAS, OURS, HANGS, 16): {"rate": 16.0, "longest_ms": 3918.0},
    },
}


def measured(name: str) -> Results:
    about: dict[str, object] = {part: {} for part in ("machine", "versions", "node", "size")}
    results = Results({**about, "moment": "2026-11-30"})
    for key, numbers in SERIES[name].items():
        results.add(key, numbers)
    return results


@pytest.mark.parametrize("name", SERIES)
def test_a_measured_scenario_has_its_plot(name: str, tmp_path: Path) -> None:
    results = measured(name)
    plot(results, tmp_path)

    assert (tmp_path / f"{name}.svg").stat().st_size > 1000
    assert name in plotted(results)
    assert markdown(results, plots=True).count(f"(performance/{name}.svg)") == 1
    assert f"(performance/{name}.svg)" not in markdown(results, plots=False)


@pytest.mark.parametrize("name", SERIES)
def test_what_was_not_measured_is_not_drawn(name: str, tmp_path: Path) -> None:
    others = [each for each in SERIES if each != name]
    results = measured(others[0])
    plot(results, tmp_path)

    assert not (tmp_path / f"{name}.svg").exists()
    assert name not in plotted(results)
