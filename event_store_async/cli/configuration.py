"""The configuration file: where the store is, in TOML."""

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..checks import is_int
from ..text_file import read_text
from .failures import wrong_usage
from .output import note

_TEXTS: Final = (
    "keyspace",
    "table",
    "datacenter",
    "consistency",
    "username",
    "keys_keyspace",
    "keys_table",
)
_FILES: Final = (
    "password_file",
    "ca_file",
    "certificate_file",
    "private_key_file",
    "master_keys_file",
)
KEYS: Final = frozenset({*_TEXTS, *_FILES, "contact_points", "port"})
"""The keys that a configuration and each of its profiles may have."""

HERE: Final = "event-store.toml"
"""The file's name in the current folder."""


def find(given: Path | None) -> Path | None:
    """
    Return the file to read: the given one, or else the first that exists, or None.

    Args:
        given: The file named by ``--config`` or EVENT_STORE_CONFIG.
    """
    if given is not None:
        return given
    places = [Path(HERE)]
    base = os.environ.get("XDG_CONFIG_HOME")
    try:
        home = Path(base) if base else Path.home() / ".config"
    except RuntimeError:
        pass  # there is no home folder
    else:
        places.append(home / "event-store" / "config.toml")
    # `os.path` returns False for a folder that may not be read, where `Path` raises.
    return next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113


def load(path: Path | None, profile: str | None) -> dict[str, Any]:
    """
    Return the values of a file, by the names of the options.

    Args:
        path: The file; None if there is none.
        profile: The profile whose values override those at the top of the file.

    Raises:
        CommandFailed: the file cannot be read, has a wrong key or value, or lacks the profile.
    """
    if path is None:
        if profile is not None:
            raise wrong_usage(f"there is no configuration file with a profile {profile!r}")
        return {}
    try:
        whole = tomllib.loads(read_text(path))
        _warn_of_others(path, str(path), stat.S_IWGRP | stat.S_IWOTH, "change", "chmod go-w")
    except OSError as error:
        raise wrong_usage(f"{path}: {error.strerror}") from error
    except ValueError as error:
        what = (
            "is not valid TOML" if isinstance(error, tomllib.TOMLDecodeError) else "cannot be read"
        )
        raise wrong_usage(f"{path} {what}: {error}") from error
    profiles = whole.pop("profiles", {})
    if not isinstance(profiles, dict):
        raise wrong_usage(f"{path}: profiles must be tables, as [profiles.NAME]")
    for name, found in profiles.items():
        if not isinstance(found, dict):
            raise wrong_usage(f"{path}: profiles.{name} must be a table, as [profiles.{name}]")
    if profile is not None and profile not in profiles:
        raise wrong_usage(
            f"{path} has no profile {profile!r}", f"it has: {', '.join(profiles) or 'none'}"
        )
    values = {**whole, **profiles.get(profile, {})}
    # Every profile is checked, so that a password in an unused one is found too.
    _check(path, "", whole)
    for name, found in profiles.items():
        _check(path, f"profiles.{name}", found)
    return {name: _value(path, name, value) for name, value in values.items()}


def read_password(path: Path, source: str = "EVENT_STORE_PASSWORD_FILE or password_file is") -> str:
    """
    Return the password in a file, without the line ending.

    Args:
        path: The file.
        source: Where its path comes from, for the hint, with a verb.

    Raises:
        CommandFailed: the file cannot be read.
    """
    try:
        password = read_text(path).rstrip("\r\n")
        warn_of_readers(path, "the password file")
    except (OSError, ValueError) as error:
        # The path is not in the message: it may be the password, given by mistake.
        reason = error.strerror if isinstance(error, OSError) else error
        raise wrong_usage(
            f"the password file cannot be read: {reason}",
            f"{source} the path of a file with the password, not the password",
        ) from None
    return password


def warn_of_readers(path: Path, name: str) -> None:
    """Warn if other users may read or change a file with a secret; raises `OSError`."""
    others = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
    _warn_of_others(path, name, others, "read or change", "chmod 600")


def _warn_of_others(path: Path, name: str, bits: int, verb: str, remedy: str) -> None:
    if os.name == "posix" and path.stat().st_mode & bits:
        note(f"warning: other users may {verb} {name}; use {remedy}")


def _check(path: Path, table: str, found: Mapping[str, Any]) -> None:
    where = f"{path}, [{table}]" if table else f"{path}"
    for name in found:
        if name == "password":
            raise wrong_usage(
                f"{where} contains a password, but such a file is often copied or committed",
                'put the password into a file of its own and set password_file = "PATH", or set '
                "EVENT_STORE_PASSWORD",
            )
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, 1)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(sorted(KEYS))}"
            raise wrong_usage(f"{where}: {name!r} is not a known key", hint)


def _value(path: Path, name: str, value: Any) -> Any:
    if name == "port":
        if not is_int(value):
            raise wrong_usage(f"{path}: port must be an integer, not {value!r}")
        return value
    if name == "contact_points" and isinstance(value, list):
        value = ",".join(str(point) for point in value)
    if not isinstance(value, str) or not value or "\0" in value:
        # A value given for one of these may be the secret itself.
        is_secret = name in {"password_file", "master_keys_file"}
        found = "" if is_secret else f", not {value!r}"
        raise wrong_usage(f"{path}: {name} must be a string that is not empty{found}")
    if name in _FILES:
        # Relative to the configuration file, not to the current folder.
        try:
            return path.parent / Path(value).expanduser()
        except RuntimeError:
            raise wrong_usage(f"{path}: the home folder in {name} cannot be found") from None
    return value
