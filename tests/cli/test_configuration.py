"""Where to connect to: options, the environment, and configuration files."""

import os
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import pytest
import typer
from typer.testing import CliRunner

from event_store_async.cli import configuration
from event_store_async.cli.failures import CommandFailed
from event_store_async.cli.target import Target, with_target

from .running import Shell

FILE = """
keyspace = "bank"
port = 9100
contact_points = ["10.0.0.1", "10.0.0.2"]

[profiles.production]
keyspace = "live"
username = "ops"
password_file = "secret"
consistency = "global"

[profiles.local]
contact_points = "127.0.0.1"
"""


SERVICE_LINK = "tcp://10.96.14.7:9042"
"""What Kubernetes puts into EVENT_STORE_PORT, if there is a Service named event-store."""


def led_to(*arguments: str, **environment: str) -> Target:
    """Return the target of options, environment and files."""
    found: list[Target] = []
    app = typer.Typer()

    @app.command()
    @with_target
    def look(target: Target, word: Annotated[str, typer.Option()] = "") -> None:
        found.append(target)

    result = CliRunner().invoke(app, list(arguments), env=environment)
    assert result.exit_code == 0, result.stderr
    return found[0]


@pytest.fixture(autouse=True)
def folder(nowhere: Shell) -> Path:
    """Give the current folder, without a configuration file."""
    return nowhere.folder


def test_options_override_the_environment_which_overrides_the_file(folder: Path) -> None:
    (folder / "event-store.toml").write_text(FILE)

    assert led_to().port == 9100
    assert led_to(EVENT_STORE_PORT="9200").port == 9200
    assert led_to("--port", "9300", EVENT_STORE_PORT="9200").port == 9300
    assert led_to(EVENT_STORE_PORT="9200").contact_points == "10.0.0.1,10.0.0.2"


def refused(*arguments: str, **environment: str) -> str:
    """Return what the command says; it refuses to start."""
    ended = CliRunner().invoke(_app(), ["head", str(UUID(int=1)), *arguments], env=environment)
    assert ended.exit_code == 2, ended.output
    return ended.stderr


@pytest.mark.parametrize("value", ["none", "0", "65536", "9" * 5000, SERVICE_LINK])
def test_a_variable_that_is_not_a_port_is_named(value: str) -> None:
    said = refused("--keyspace", "bank", EVENT_STORE_PORT=value)

    assert f"EVENT_STORE_PORT must be a number from 1 to 65535, not '{value[:9]}" in said
    assert "--port" not in said
    assert ("Kubernetes sets such variables" in said) == (value == SERVICE_LINK)


def test_a_variable_that_is_not_a_consistency_is_named() -> None:
    said = refused("--keyspace", "bank", EVENT_STORE_CONSISTENCY="all")

    assert "EVENT_STORE_CONSISTENCY must be local or global, not 'all'" in said


def test_a_variable_is_not_looked_at_if_its_option_is_given() -> None:
    assert led_to("--keyspace", "k", "--port", "9300", EVENT_STORE_PORT=SERVICE_LINK).port == 9300


def test_a_command_that_does_not_connect_heeds_no_port() -> None:
    shown = CliRunner().invoke(_app(), ["schema", "show"], env={"EVENT_STORE_PORT": SERVICE_LINK})

    assert shown.exit_code == 0


def test_every_connection_option_is_a_variable_and_an_empty_one_is_not_given() -> None:
    given = {
        "KEYSPACE": "bank",
        "TABLE": "facts",
        "CONTACT_POINTS": "10.0.0.1",
        "PORT": "9200",
        "DATACENTER": "east",
        "CONSISTENCY": "global",
        "USERNAME": "ops",
        "CA_FILE": "ca.pem",
        "CERTIFICATE_FILE": "own.pem",
        "PRIVATE_KEY_FILE": "own.key",
        "KEYS_KEYSPACE": "bank_keys",
        "KEYS_TABLE": "keys",
        "MASTER_KEYS_FILE": "master-keys",
    }
    every = {f"EVENT_STORE_{name}": value for name, value in given.items()}
    empty = {**dict.fromkeys([*every, "EVENT_STORE_CONFIG", "EVENT_STORE_PROFILE"], "")}

    assert led_to(**every) == Target(
        keyspace="bank",
        table="facts",
        contact_points="10.0.0.1",
        port=9200,
        datacenter="east",
        consistency="global",
        username="ops",
        ca_file=Path("ca.pem"),
        certificate_file=Path("own.pem"),
        private_key_file=Path("own.key"),
        keys_keyspace="bank_keys",
        keys_table="keys",
        master_keys_file=Path("master-keys"),
    )
    assert led_to("--keyspace", "bank", **empty) == Target(keyspace="bank")


def test_the_default_is_a_node_on_this_machine() -> None:
    assert led_to("--keyspace", "bank") == Target(keyspace="bank")
    assert Target(keyspace="bank").contact_points == "127.0.0.1"
    assert Target(keyspace="bank").port == 9042


def test_a_profile_overrides_the_top_of_its_file(folder: Path) -> None:
    (folder / "event-store.toml").write_text(FILE)

    production = led_to("--profile", "production")

    assert (production.keyspace, production.port) == ("live", 9100)
    assert production.consistency == "global"
    assert led_to(EVENT_STORE_PROFILE="local").contact_points == "127.0.0.1"


def test_the_first_existing_file_is_read(folder: Path) -> None:
    own = folder / "home" / "event-store" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('keyspace = "home"')
    given = folder / "given.toml"
    given.write_text('keyspace = "given"')

    assert led_to().keyspace == "home"
    (folder / "event-store.toml").write_text('keyspace = "here"')
    assert led_to().keyspace == "here"
    assert led_to(EVENT_STORE_CONFIG="given.toml").keyspace == "given"
    assert led_to("--config", "given.toml").keyspace == "given"


def test_paths_are_relative_to_their_file(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "config.toml").write_text('keyspace = "bank"\nca_file = "ca.pem"')

    assert led_to("--config", "elsewhere/config.toml").ca_file == Path("elsewhere/ca.pem")
    assert led_to("--config", "elsewhere/config.toml", "--ca-file", "x.pem").ca_file == Path(
        "x.pem"
    )


def test_the_password_comes_from_the_environment_or_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "event-store.toml").write_text(FILE)
    (folder / "secret").write_text("from the file\n")
    target = led_to("--profile", "production")

    assert target._password() == "from the file"
    monkeypatch.setenv("EVENT_STORE_PASSWORD", "from the environment")
    assert target._password() == "from the environment"
    monkeypatch.delenv("EVENT_STORE_PASSWORD")
    (folder / "other").write_text("from another file")
    monkeypatch.setenv("EVENT_STORE_PASSWORD_FILE", "other")
    assert target._password() == "from another file"
    monkeypatch.setenv("EVENT_STORE_PASSWORD", "")
    assert target._password() == "from another file"
    assert "file" not in repr(target).replace("password_file", "").replace("_file=None", "")


def test_a_user_needs_a_password() -> None:
    with pytest.raises(CommandFailed, match="the password of the user 'ops' is missing") as failed:
        Target(keyspace="bank", username="ops").connect()

    assert failed.value.code == 2
    assert "EVENT_STORE_PASSWORD" in (failed.value.hint or "")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ('password = "x"', "contains a password", "password_file"),
        (
            '[profiles.a]\npassword = "x"',
            "[profiles.a] contains a password",
            "EVENT_STORE_PASSWORD",
        ),
        ('keyspce = "x"', "'keyspce' is not a known key", "did you mean keyspace?"),
        ('[profiles.a]\ncolour = "x"', "[profiles.a]: 'colour' is not a known key", "the keys are"),
        ('port = "9042"', "port must be an integer", ""),
        ("port = true", "port must be an integer", ""),
        ("keyspace = 5", "keyspace must be a string", ""),
        ('profiles = "x"', "profiles must be tables", ""),
        ('profiles.a = "x"', "profiles.a must be a table", ""),
        ("port = ", "is not valid TOML", ""),
    ],
)
def test_a_wrong_file_is_rejected(folder: Path, text: str, says: str, hint: str) -> None:
    path = folder / "event-store.toml"
    path.write_text(text)

    with pytest.raises(CommandFailed) as failed:
        configuration.load(path, None)

    assert says in failed.value.message
    assert str(path) in failed.value.message
    assert hint in (failed.value.hint or "")
    assert failed.value.code == 2


def test_a_missing_file_or_profile_is_rejected(folder: Path) -> None:
    (folder / "event-store.toml").write_text(FILE)

    with pytest.raises(CommandFailed, match="no profile 'stage'") as profile:
        configuration.load(folder / "event-store.toml", "stage")
    with pytest.raises(CommandFailed, match="No such file"):
        configuration.load(folder / "missing.toml", None)
    with pytest.raises(CommandFailed, match="no configuration file"):
        configuration.load(None, "production")

    assert profile.value.hint == "it has: production, local"


async def test_the_command_reports_a_wrong_configuration(nowhere: Shell) -> None:
    (nowhere.folder / "event-store.toml").write_text('consistency = "none"\nkeyspace = "bank"')

    nothing = await nowhere("schema", "status", "--config", "missing.toml")
    wrong = await nowhere("schema", "status")
    (nowhere.folder / "event-store.toml").unlink()
    unnamed = await nowhere("schema", "status")
    half = await nowhere("schema", "status", "--keyspace=bank", "--certificate-file=x.pem")

    assert (nothing.code, "missing.toml: No such file" in nothing.err) == (2, True)
    assert (wrong.code, "consistency must be local or global" in wrong.err) == (2, True)
    assert (unnamed.code, "no keyspace is named" in unnamed.err) == (2, True)
    assert (half.code, "--ca-file" in half.err) == (2, True)


def test_no_option_takes_a_password() -> None:
    result = CliRunner().invoke(_app(), ["schema", "status", "--password", "x"])

    assert result.exit_code == 2
    assert "No such option" in result.stderr


def _app() -> typer.Typer:
    from event_store_async.cli.app import app

    return app


@pytest.mark.parametrize("reader", ["password_file", "variable"])
@pytest.mark.parametrize("content", [None, b"hunter\xff2"])
def test_a_password_given_as_the_password_file_is_not_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reader: str, content: bytes | None
) -> None:
    if content is not None:
        (folder / "hunter2").write_bytes(content)
    if reader == "variable":
        monkeypatch.setenv("EVENT_STORE_PASSWORD_FILE", "hunter2")
    target = Target(keyspace="bank", username="ops", password_file=Path("hunter2"))

    with pytest.raises(CommandFailed) as failed:
        target.connect()

    assert "hunter" not in f"{failed.value.message} {failed.value.hint} {target}"
    assert "the password file cannot be read: " in failed.value.message
    assert "not the password" in (failed.value.hint or "")


@pytest.mark.parametrize("value", ["4711", '["hunter4711"]', '""', '"hunter\\u00004711"'])
def test_a_password_of_another_kind_is_not_printed(folder: Path, value: str) -> None:
    (folder / "event-store.toml").write_text(f"password_file = {value}")

    with pytest.raises(CommandFailed, match="password_file must be a string") as failed:
        configuration.load(folder / "event-store.toml", None)

    assert "4711" not in failed.value.message


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o602, True)]
)
def test_a_password_file_of_others_is_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: int, warned: bool
) -> None:
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(mode)

    assert configuration.read_password(folder / "secret") == "x"
    assert ("warning: other users may read or change" in capsys.readouterr().err) is warned


@pytest.mark.parametrize(("mode", "warned"), [(0o644, False), (0o664, True), (0o602, True)])
def test_a_configuration_that_others_may_change_is_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str], mode: int, warned: bool
) -> None:
    (folder / "event-store.toml").write_text('keyspace = "bank"')
    (folder / "event-store.toml").chmod(mode)

    assert configuration.load(Path("event-store.toml"), None) == {"keyspace": "bank"}
    assert ("warning: other users may change event-store.toml" in capsys.readouterr().err) is warned


def test_a_byte_order_mark_is_not_part_of_a_file(folder: Path) -> None:
    (folder / "event-store.toml").write_bytes(b'\xef\xbb\xbfkeyspace = "bank"')
    (folder / "secret").write_bytes(b"\xef\xbb\xbfpassword\r\n")

    assert configuration.load(folder / "event-store.toml", None) == {"keyspace": "bank"}
    assert configuration.read_password(folder / "secret") == "password"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_utf_16_is_named(nowhere: Shell, encoding: str) -> None:
    file = nowhere.folder / "file"
    file.write_bytes('"a" = 1'.encode(encoding))

    with pytest.raises(CommandFailed, match="file cannot be read: it is in UTF-16"):
        configuration.load(file, None)
    with pytest.raises(CommandFailed, match="cannot be read: it is in UTF-16"):
        configuration.read_password(file)
    done = await nowhere("append", str(uuid4()), "--keyspace=bank", "--file", str(file))
    assert (done.code, "it is in UTF-16 or UTF-32: save it as UTF-8" in done.err) == (2, True)


def test_looking_for_a_file_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home folder, and if no folder may be read."""
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a user id without a name

    assert configuration.find(None) is None

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    assert configuration.find(None) is None


async def test_a_working_folder_that_is_gone(nowhere: Shell) -> None:
    """Each command looks for event-store.toml in it."""
    leave = "mkdir gone && cd gone && rmdir ../gone"
    for command, code in (
        ("--help", 0),
        ("schema show --keyspace bank", 0),
        ("node status --directory /nowhere", 1),
        (f"head {uuid4()} --keyspace bank --port 1", 1),
    ):
        done = await nowhere.sh(f"{leave} && event-store {command} || exit $?")
        assert (done.code, "Traceback" in done.err) == (code, False), command


async def test_a_command_without_home_and_working_folder(
    nowhere: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)

    shown = await nowhere("schema", "show", "--keyspace", "bank")
    status = await nowhere("node", "status")

    assert shown.code == 0
    assert (status.code, "error: the user has no home folder" in status.err) == (1, True)
    assert "hint: set HOME or XDG_DATA_HOME" in status.err


def test_a_configuration_without_an_end_is_refused(folder: Path) -> None:
    for path in ("/dev/zero", str(folder)):
        with pytest.raises(CommandFailed) as caught:
            configuration.load(Path(path), None)
        assert path in str(caught.value)
    with pytest.raises(CommandFailed, match="more than 1,048,576 bytes"):
        configuration.read_password(Path("/dev/zero"))
