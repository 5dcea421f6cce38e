"""The releases of Cassandra that can be started, and the Java that each needs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import InvalidArgument
from ..excerpt import excerpt
from .errors import VersionNotLocked
from .jars import locked_versions

DEFAULT: Final = "5.0"
"""The series to start if nothing else is asked for."""

VARIABLE: Final = "EVENT_STORE_CASSANDRA"
"""The environment variable that names another version."""

# The newest Java on which the Cassandra project runs its own tests of the series.
_JAVA: Final[Mapping[str, int]] = {"4.1": 11, "5.0": 17}


@dataclass(frozen=True, slots=True)
class Release:
    """
    A release of Cassandra.

    Attributes:
        version: Its full version: ``5.0.8``.
        java: The version of Java that runs it.
    """

    version: str
    java: int


def find_release(version: str | None) -> Release:
    """
    Return the release for a version.

    Args:
        version: A full version, or a series, such as ``4.1``, for its release; None for that of
            the environment variable, or the default.

    Raises:
        VersionNotLocked: There is none.
        InvalidArgument: It is not a str.
    """
    if version is not None and not isinstance(version, str):
        raise InvalidArgument(f"a version must be a str, such as '5.0', not {excerpt(version)}")
    wanted = version if version is not None else os.environ.get(VARIABLE) or DEFAULT
    for locked in locked_versions():
        series = locked.rpartition(".")[0]
        if wanted in {locked, series}:
            return Release(locked, _JAVA[series])
    raise VersionNotLocked(wanted, locked_versions(), None if version is not None else VARIABLE)
