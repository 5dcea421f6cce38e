"""A run shows its progress and the time that is left. Nothing is measured here."""

import io
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from benchmarks import __main__ as command
from benchmarks.pace import Pace
from benchmarks.run import _SPARE, _STARTING, FULL_LIMIT, QUICK_LIMIT, SCENARIOS, Display


def display(progress: Progress) -> Display:
    pace = Pace(115.0)
    pace.begin("starting", 15.0)
    return Display(progress, progress.add_task("", total=1.0, left=""), pace)


def test_the_progress_never_goes_back_and_ends_with_no_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(console=Console(file=io.StringIO()))
    shown = display(progress)
    reached: list[float] = []
    left: list[Any] = []
    for name in ("one", "two"):
        shown.begin(name, 50.0)
        for share in (0.0, 0.5, 1.0, 7.0):
            shown.say(f"{name}: at work", share)
            reached.append(progress.tasks[0].completed)
            left.append(progress.tasks[0].fields["left"])

    assert reached == sorted(reached)
    assert reached[-1] == 1.0
    assert left[0].startswith("about ")
    assert left[-1] == "about 0 s left"
    assert "two (about 50 s)" in capsys.readouterr().err, "a line each, without a terminal"


def test_the_scenarios_take_no_longer_than_promised() -> None:
    assert (FULL_LIMIT, QUICK_LIMIT) == (25 * 60, 3 * 60)
    full, quick = (
        _STARTING + sum(getattr(it, size) for it in SCENARIOS.values())
        for size in ("full", "quick")
    )
    assert full <= FULL_LIMIT * (1 - _SPARE), "or a run would always be late"
    assert quick <= QUICK_LIMIT * (1 - _SPARE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "hot_path,nonsense"], "no scenario nonsense"),
        (["--record", "--quick"], "only a full run can be recorded"),
        (["--record", "--only", "replay"], "only a full run can be recorded"),
    ],
)
def test_an_impossible_run_is_refused(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *arguments])

    with pytest.raises(SystemExit) as refused:
        command.main()

    assert refused.value.code == 2
    assert message in capsys.readouterr().err
