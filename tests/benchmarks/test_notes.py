"""The notes on the goals, and the counts of instructions, on the page about performance."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.bench import OURS, RAW
from benchmarks.instruction_table import INSTRUCTIONS, instruction_table
from benchmarks.instructions import KINDS, Count, write
from benchmarks.report import PAGE, markdown
from benchmarks.results import Key, Results


def test_notes_lead_to_those_on_other_goals_if_the_page_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n## throughput\n\nSee [here](goal:throughput), and [there](goal:memory).\n"
    (tmp_path / "tried.md").write_text(text)
    monkeypatch.setattr("benchmarks.report.TRIED", tmp_path / "tried.md")

    about = {"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 2}, "moment": ""}
    made = Results(about)
    for subject, rate in ((OURS, 50), (RAW, 100)):
        made.add(Key("beside", subject, "own streams", 64), {"rate": rate})

    page = markdown(made, plots=True)

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
