"""The notes on the goals, and the counts of instructions, on the page about performance."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.instruction_table import INSTRUCTIONS, instruction_table
from benchmarks.instructions import KINDS, Count, write
from benchmarks.report import PAGE, markdown

from .test_report import results


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a function that replaces what was tried."""

    def replace(text: str) -> None:
        (tmp_path / "tried.md").write_text(text)
        monkeypatch.setattr("benchmarks.report.TRIED", tmp_path / "tried.md")

    return replace


def test_a_missed_goal_shows_what_was_tried_and_where_the_time_goes(
    notes: Callable[[str], None],
) -> None:
    notes("# What was tried\n\n## latency\n\nNothing.\n\n## throughput\n\nFewer tasks.\n")
    made = results([50, 50, 50], [100, 100, 100])
    made.profiles = {"append/ours": {"event_store_async.drafts: draft": 9.0}}

    page = markdown(made, plots=True)

    assert "[the profile](#profile-append)" in page
    missed, _, met = page.partition("## Goals that are met")
    assert "Fewer tasks." in missed.partition("## Missed goals")[2]
    assert "Nothing." not in page, "the goal was not measured"
    assert met == ""
    assert "performance/flame_append.svg" in page
    page = markdown(results([99, 99], [100, 100]), plots=True)
    assert "## Missed" not in page
    assert "Fewer tasks." in page.partition("## Goals that are met")[2]


def test_notes_lead_to_those_on_other_goals_if_the_page_has_them(
    notes: Callable[[str], None],
) -> None:
    notes("\n## throughput\n\nSee [here](goal:throughput), and [there](goal:memory).\n")

    page = markdown(results([50, 50], [100, 100]), plots=True)

    assert "See [here](#64-streams-in-flight-throughput-relative-to-raw), and there." in page


def test_every_kind_of_instructions_that_is_shown_was_counted_and_can_be_counted_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "instructions.json"
    path.write_text(INSTRUCTIONS.read_text("utf-8"))

    write("append64", Count(70_000.4, 5_000, {}), Count(140_000, 10_000.0, {}), path)

    counts = json.loads(path.read_text("utf-8"))
    assert set(counts) <= set(KINDS)
    assert counts["append64"] == {"at first": 230_684, "limit": 75_000, "ours": 150_000}
    assert "| 230,684 | 150,000 | 75,000 | 2.00 |" in instruction_table(path)
    assert all(each["limit"] and each["ours"] for each in counts.values())


def test_every_goal_that_the_recorded_run_missed_has_a_profile() -> None:
    """A flame graph, a table of what was counted, or a link to notes that have one."""
    page = PAGE.read_text("utf-8")
    missed = page.partition("\n## Missed goals\n")[2].partition("\n## ")[0]

    for section in missed.split("\n### ")[1:]:
        assert re.search(r"\(#profile-|^\| |\]\(#", section, re.MULTILINE), section
