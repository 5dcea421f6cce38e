"""The results of a run with a feed are put into the page, in place of those before."""

import json
from pathlib import Path

import pytest

from .record import BEGIN, END, PAGE, PLOT, record

SUMMARY = {
    "facts": {
        "cassandra": "5.0.8",
        "acsylla": "1.2.0",
        "python": "3.11.7",
        "machine": "Linux x86_64, 2 CPUs",
        "seed": "16",
        "seconds of faults": "3600.0",
    },
    "faults": {"kill sequencer": 1200, "drop": 3},
    "clock jumps": 7,
    "counts": {
        "appends": 90_000,
        "events": 123_456,
        "events in the feed": 123_456,
        "events delivered": 400_000,
        "deliveries": 300_000,
        "streams": 1_900,
        "unknown at first": 40,
        "unknown, then stored": 30,
        "delay, median, milliseconds": 366,
        "delay, 99 in 100, milliseconds": 12_061,
        "delay, longest, milliseconds": 13_564,
    },
    "found": {"lost": 0, "feed: skipped": 2, "feed: late": 1},
}


def results(directory: Path, summary: object) -> Path:
    """Return the folder of a run."""
    directory.mkdir()
    (directory / "summary.json").write_text(json.dumps(summary))
    (directory / "feed.svg").write_text("<svg/>")
    return directory


def test_the_page_shows_what_was_seen(tmp_path: Path) -> None:
    page, plot = tmp_path / "page.md", tmp_path / "plot.svg"
    page.write_text(f"before\n\n{BEGIN}\n\nof another run\n\n{END}\n\nafter\n")

    record(results(tmp_path / "run", SUMMARY), page, plot)

    text = page.read_text()
    assert text.startswith(f"before\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nafter\n")
    assert "another run" not in text
    assert "| duration | 60 minutes of faults," in text
    assert "1,203: 3 `drop`, 1,200 `kill sequencer`; also 7 jumps of clocks" in text
    assert "123,456 events; 400,000 delivered" in text
    assert "late | **3** |" in text
    assert "appends and reads | **0** |" in text
    assert "median 0.37 s, 99 in 100 within 12.06 s, longest 13.56 s" in text
    assert plot.read_text() == "<svg/>"

    record(tmp_path / "run", page, plot)
    assert page.read_text() == text


def test_a_run_without_a_feed_is_refused(tmp_path: Path) -> None:
    run = results(tmp_path / "run", SUMMARY | {"counts": {"appends": 1}})

    with pytest.raises(ValueError, match="without a feed"):
        record(run, tmp_path / "page.md", tmp_path / "plot.svg")


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")

    with pytest.raises(ValueError, match="no place"):
        record(results(tmp_path / "run", SUMMARY), page, tmp_path / "plot.svg")


def test_the_documentation_has_a_place_and_its_plot() -> None:
    text = PAGE.read_text()

    assert text.index(BEGIN) < text.index(END)
    assert (f"]({PLOT.name})" in text) == PLOT.exists()
