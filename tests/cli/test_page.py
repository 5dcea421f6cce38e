"""docs/command-line.md agrees with the command."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from event_store_async import moments
from event_store_async.cli import configuration
from event_store_async.cli.exit_codes import ExitCode

from .test_help import COMMANDS, options_of

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    """The block in command-line.md."""
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "event-store.toml"
    path.write_text(text)

    values = configuration.load(path, "production")

    assert values["contact_points"] == "10.0.0.1,10.0.0.2"
    assert values["password_file"] == tmp_path / "password"


def test_every_key_and_exit_code_is_listed() -> None:
    for key in configuration.KEYS:
        assert f"`{key}`" in PAGE, key
    for code in ExitCode:
        assert f"\n| {code.value} | " in PAGE, code


def test_every_command_is_listed() -> None:
    for name in COMMANDS:
        *_, last = name.split()
        assert re.search(rf"`(\w+ )?{last}[` ]", PAGE), name


def test_every_command_that_prints_json_is_listed() -> None:
    (sentence,) = re.findall(r"With `--json`, (.*?) print JSON\.", PAGE, re.DOTALL)

    assert sorted(re.findall(r"`([a-z ]+)`", sentence)) == sorted(
        name for name in COMMANDS if "--json" in options_of(name)
    )


def test_one_function_gives_a_time_its_form() -> None:
    forms = re.compile(r"\.(isoformat|strftime|ctime)\(")
    package = Path(moments.__file__).parent
    shown = [*(package / "cli").glob("*.py"), *(package / "console").glob("*.py")]

    assert [path.name for path in shown if forms.search(path.read_text("utf-8"))] == []
    zone = timezone(timedelta(hours=-5, minutes=-30))
    for moment, text in (
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=zone), "2026-01-02T08:34:05.678Z"),
    ):
        assert moments.moment_text(moment) == text
