"""The command, and that docs/explanation/feed-check.md and the table say what it finds."""

import io
import re
from pathlib import Path

import pytest

from tools.feedcheck import report
from tools.feedcheck.__main__ import main
from tools.feedcheck.report import Progress
from tools.feedcheck.rules import Rules
from tools.feedcheck.run import Run
from tools.feedcheck.search import search
from tools.feedcheck.suite import runs

from ..docs.blocks import blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "feed-check.md"
TABLE = ROOT / "tools" / "feedcheck" / "README.md"
CELLS = re.compile(r"^\|[^|]*\| (`(?:v2|mut)-[^|]*) \| ([^|]*) \|", re.MULTILINE)
SECONDS = re.compile(r"^\d+ s$")


def test_the_command_of_the_page_prints_what_the_page_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The page: feed-check.md."""
    (block,) = [block for block in blocks(PAGE) if block.language == "sh"]

    assert main(block.text.split()[3:]) == 0

    printed = capsys.readouterr()
    assert printed.out.rstrip() == (block.output or "").rstrip()
    assert SECONDS.match(printed.err)


def test_the_page_says_of_every_broken_rule_what_its_run_finds() -> None:
    found: dict[str, list[str]] = {}
    for names, violations in CELLS.findall(PAGE.read_text("utf-8")):
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", names), violations.split(", "))
    for run in runs():
        if run.name.startswith(("v2-", "mut-")):
            for promise, length in run.breaks.items():
                assert f"{promise.name} {length}" in found[run.name], run.name


def test_the_table_has_a_line_for_every_run() -> None:
    lines = re.findall(r"^\| `([^`]+)` \| ([\d,]+)", TABLE.read_text("utf-8"), re.MULTILINE)

    assert [name for name, _ in lines] == [run.name for run in runs()]
    counted = dict(lines)
    for run in runs():
        if run.states is not None:
            assert counted[run.name] == f"{run.states:,}", run.name


def test_runs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0

    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [run.name for run in runs()]


def test_several_names_may_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "mut-legacy", "--only", "mut-unread"]) == 0

    printed = capsys.readouterr().out
    assert "mut-unread" in printed
    assert "SKIP in 3 steps" in printed
    assert printed.endswith("2 as expected, 0 not\n")


def test_a_bound_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "ok-decide-32", "--max-states", "5000"]) == 0

    line = capsys.readouterr().out.splitlines()[1]
    assert "not all states searched" in line
    assert 5_000 <= int(line.split()[1].replace(",", "")) < 50_000


def test_an_unknown_name_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "nonsense"]) == 2

    assert capsys.readouterr().err == "no run has nonsense in its name; see --list\n"


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_bound_must_be_a_number_above_zero(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--max-states", count])

    assert stopped.value.code == 2
    assert "--max-states" in capsys.readouterr().err


def test_a_run_that_is_not_as_expected_is_shown_with_its_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = next(run.rules for run in runs() if run.name == "mut-legacy")
    monkeypatch.setattr("tools.feedcheck.__main__.runs", lambda: [Run("wrong", "", rules)])

    assert main([]) == 1

    printed = capsys.readouterr().out
    assert "[UNEXPECTED: SKIP was found]" in printed
    assert "2 the append W2.1 (A, e=0, n=1) applies" in printed
    assert printed.endswith("0 as expected, 1 not\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (io.StringIO(), r"name: \d[\d,]* states, depth \d+, \d+ s\n"),
        (Terminal(), r"\rname: \d[\d,]* states, depth \d+, \d+ s +\r +\r"),
    ],
)
def test_progress_is_told_to_a_pipe_in_lines_and_to_a_terminal_in_place(
    stream: io.StringIO, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "QUIET", 0.0)
    progress = Progress(Run("name", "", Rules()), stream)
    found = search(Rules(appends=(1, 0)))

    progress.told(found)
    progress.told(found)
    progress.end()

    assert re.fullmatch(expected, stream.getvalue())


def test_a_short_run_tells_nothing() -> None:
    stream = Terminal()
    progress = Progress(Run("name", "", Rules()), stream)

    progress.told(search(Rules(appends=(1, 0))))
    progress.end()

    assert stream.getvalue() == ""
