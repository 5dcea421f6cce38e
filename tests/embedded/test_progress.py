"""What a start shows."""

import io
import sys

import pytest

from event_store_async.embedded.start_progress import make_progress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(wanted: bool | None) -> None:
    with make_progress(wanted) as progress:
        for done in range(3):
            progress.step("Fetching", done, 2)
        progress.step("Starting", 0, 1)
        progress.step("Starting", 1, 1)


@pytest.mark.parametrize("wanted", [None, False])
def test_nothing_is_shown_by_default_without_a_terminal(
    capsys: pytest.CaptureFixture[str], wanted: bool | None
) -> None:
    run(wanted)

    assert capsys.readouterr() == ("", "")


def test_lines_for_each_phase_if_wanted_without_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(wanted=True)

    assert capsys.readouterr().err.splitlines() == [
        *("Fetching: 0 of 2", "Fetching: 1 of 2", "Fetching: 2 of 2"),
        *("Starting: 0 of 1", "Starting: 1 of 1"),
    ]


def test_a_line_for_each_tenth_of_a_long_phase(capsys: pytest.CaptureFixture[str]) -> None:
    with make_progress(wanted=True) as progress:
        for done in range(101):
            progress.step("Fetching", done, 100)

    assert capsys.readouterr().err.splitlines() == [
        f"Fetching: {done} of 100" for done in range(0, 101, 10)
    ]


@pytest.mark.parametrize("wanted", [None, True])
def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch, wanted: bool | None) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(wanted)

    assert "Fetching" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()


def test_silence_on_a_terminal_if_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(wanted=False)

    assert terminal.getvalue() == ""
