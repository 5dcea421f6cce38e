"""The lowest versions that pyproject.toml declares."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.version import Version

ROOT: Final = Path(__file__).parents[2]

EXTRAS: Final = (
    "asyncpg",
    "cli",
    "console",
    "embedded",
    "opentelemetry",
    "privacy",
    "prometheus",
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "testing",
    "typed",
    "zstd",
)
"""The extras for applications. The other extras are for work on the library itself."""

OLDEST_PYTEST: Final = "7.4"
"""The oldest pytest in whose runs the plugin may be loaded. Its fixtures need the extra."""


def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def declared(project: Mapping[str, Any], extras: Iterable[str] = EXTRAS) -> list[str]:
    """Return the requirements of the package, of *extras*, and of the build."""
    listed = project["project"]["optional-dependencies"]
    return [
        *project["project"]["dependencies"],
        *(requirement for extra in extras for requirement in listed[extra]),
        *project["build-system"]["requires"],
    ]


def lowest(requirements: Iterable[str], python: str) -> dict[str, str]:
    """
    Return the lowest version of each required package; of several bounds, the highest.

    Args:
        requirements: The requirements.
        python: The version of Python, such as ``3.11``; requirements of others are left out.

    Raises:
        ValueError: a requirement has no lowest version.
    """
    found: dict[str, str] = {}
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        bounds = [it.version for it in requirement.specifier if it.operator in {">=", "=="}]
        if len(bounds) != 1:
            raise ValueError(f"{text} has no lowest version")
        name = requirement.name
        found[name] = max(bounds[0], found.get(name, "0"), key=Version)
    return found
