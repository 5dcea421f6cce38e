"""The hints that name an extra: one text, for extras that there are."""

import re
import tomllib
from pathlib import Path

from event_store_async.embedded.errors import ExtraMissing
from event_store_async.extras import install_hint

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def test_the_hint_works_for_an_installed_library_and_in_a_clone() -> None:
    assert install_hint("zstd") == (
        "install the extra: pip install 'event_store_async[zstd]', "
        "or pip install '.[zstd]' in a clone"
    )


def test_the_embedded_cassandra_says_the_same_without_the_library() -> None:
    assert ExtraMissing("jgo").hint == install_hint("embedded")


def test_every_extra_that_is_named_exists() -> None:
    named = {
        name
        for path in (ROOT / "event_store_async").rglob("*.py")
        for name in re.findall(r"install_hint\(['\"](\w+)['\"]\)", path.read_text("utf-8"))
    }

    assert {"cli", "opentelemetry", "prometheus", "zstd"} <= named <= set(EXTRAS)


def test_nothing_spells_the_command_itself() -> None:
    spelled = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "event_store_async").rglob("*.py")
        if "pip install" in path.read_text("utf-8")
    }

    assert spelled == {"event_store_async/extras.py", "event_store_async/embedded/errors.py"}
