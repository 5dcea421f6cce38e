"""Configuration: the TOML file that says where the store is, so that nobody has to type it."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .exit_codes import ExitCode
from .failures import CommandFailed

_TEXTS: Final = ("keyspace", "table", "datacenter", "consistency", "username")
_FILES: Final = ("password_file", "ca_file", "certificate_file", "private_key_file")
KEYS: Final = frozenset({*_TEXTS, *_FILES, "contact_points", "port"})
"""What a configuration, and each of its profiles, may say."""

HERE: Final = "event-store.toml"
"""The file's name in the current folder."""


def find(given: Path | None) -> Path | None:
    """
    Return the file to read, or None: the one that was given, else the first that is there.

    Args:
        given: The file of ``--config`` or EVENT_STORE_CONFIG.
    """
    if given is not None:
        return given
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    places = (Path(HERE), Path(base) / "event-store" / "config.toml")
    return next((place for place in places if place.is_file()), None)


def load(path: Path | None, profile: str | None) -> dict[str, Any]:
    """
    Return what a file says, by the names of the options.

    Args:
        path: The file, or None where there is none.
        profile: Whose values come before those at the top of the file.

    Raises:
        CommandFailed: the file cannot be read, says what it must not, or has no such profile.
    """
    if path is None:
        if profile is not None:
            raise _refusal(f"there is no configuration file to find the profile {profile!r} in")
        return {}
    try:
        whole = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _refusal(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refusal(f"{path} is not TOML: {error}") from error
    profiles = whole.pop("profiles", {})
    if not isinstance(profiles, dict):
        raise _refusal(f"{path}: profiles must be tables: [profiles.NAME]")
    for name, said in profiles.items():
        if not isinstance(said, dict):
            raise _refusal(f"{path}: profiles.{name} must be a table: [profiles.{name}]")
    if profile is not None and profile not in profiles:
        raise _refusal(
            f"{path} has no profile {profile!r}", f"it has: {', '.join(profiles) or 'none'}"
        )
    values = {**whole, **profiles.get(profile, {})}
    # All of it is looked at, so that a password in another profile does not go unseen.
    _check(path, "", whole)
    for name, said in profiles.items():
        _check(path, f"profiles.{name}", said)
    return {name: _value(path, name, value) for name, value in values.items()}


def read_password(path: Path) -> str:
    """
    Return the password that stands in a file, without the line's end.

    Raises:
        CommandFailed: the file cannot be read.
    """
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(f"the password file {path} cannot be read: {error}") from error


def _check(path: Path, place: str, said: Mapping[str, Any]) -> None:
    where = f"{path}, [{place}]" if place else f"{path}"
    for name in said:
        if name == "password":
            raise _refusal(
                f"{where} has a password, and a file like this one is copied and committed",
                'put it into a file of its own, and say password_file = "PATH"; or set '
                "EVENT_STORE_PASSWORD",
            )
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, 1)
            hint = f"is {near[0]} meant?" if near else f"known are {', '.join(sorted(KEYS))}"
            raise _refusal(f"{where}: nothing is called {name!r}", hint)


def _value(path: Path, name: str, value: Any) -> Any:
    if name == "port":
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refusal(f"{path}: port must be a whole number, not {value!r}")
        return value
    if name == "contact_points" and isinstance(value, list):
        value = ",".join(str(point) for point in value)
    if not isinstance(value, str) or not value:
        raise _refusal(f"{path}: {name} must be a text, not {value!r}")
    if name in _FILES:
        # From where the file is, not from where the command happens to be run.
        return path.parent / Path(value).expanduser()
    return value


def _refusal(message: str, hint: str | None = None) -> CommandFailed:
    return CommandFailed(message, hint=hint, code=ExitCode.USAGE)
