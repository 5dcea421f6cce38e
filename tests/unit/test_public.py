"""What is public: these packages, what they export, and whatever their signatures use."""

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import event_store_async

PUBLIC = [
    "event_store_async",
    "event_store_async.aggregates",
    "event_store_async.archive",
    "event_store_async.cassandra",
    "event_store_async.console",
    "event_store_async.embedded",
    "event_store_async.feeds",
    "event_store_async.hooks",
    "event_store_async.maintenance",
    "event_store_async.privacy",
    "event_store_async.subscriptions",
    "event_store_async.telemetry",
    "event_store_async.testing",
    "event_store_async.testing.contract",
    "event_store_async.typed",
]
"""The packages that users import from. Everything else may change in any release."""

PUBLIC_MODULES = [
    "event_store_async.errors",
    "event_store_async.sql.asyncpg",
    "event_store_async.sql.psycopg",
    "event_store_async.sql.sqlalchemy",
    "event_store_async.telemetry.logs",
    "event_store_async.telemetry.opentelemetry",
    "event_store_async.telemetry.prometheus",
    "event_store_async.testing.servers",
]
"""
Modules that users import from besides. The adapters of telemetry need an extra each, so their
package cannot import them; and the tree of errors can be imported from where it is drawn.
"""

MADE_BY_THE_LIBRARY = {
    "Storage",
    "Operations",
    "Node",
    "Connection",
    "Opening",
    "SubscriptionRunner",
    "CorrelationBlock",
}
"""Public classes that users get and never make: what their constructors take is private."""


def packages() -> Iterator[ModuleType]:
    """Give every folder of the package, with what it exports."""
    yield event_store_async
    for found in pkgutil.walk_packages(event_store_async.__path__, "event_store_async."):
        if found.ispkg:
            yield importlib.import_module(found.name)


def exported() -> Iterator[tuple[str, Any]]:
    for name in [*PUBLIC, *PUBLIC_MODULES]:
        module = importlib.import_module(name)
        for each in getattr(module, "__all__", ()):
            yield f"{name}.{each}", getattr(module, each)


def used_classes(hint: Any) -> Iterator[type]:
    """Give the classes of the library that a type hint is made of."""
    if inspect.isclass(hint) and hint.__module__.startswith("event_store_async"):
        yield hint
    if type(hint).__module__.startswith("event_store_async"):  # a member of an enum in a Literal
        yield type(hint)
    arguments = hint if isinstance(hint, list | tuple) else typing.get_args(hint)
    for part in (*arguments, typing.get_origin(hint)):
        if part is not None:
            yield from used_classes(part)


def signatures(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """Give what has type hints of a public thing: itself, its fields and its public methods."""
    if inspect.isfunction(thing):
        yield name, thing
    elif inspect.isclass(thing) and thing.__module__.startswith("event_store_async"):
        yield name, thing
        for key, value in vars(thing).items():
            made = key == "__init__" and thing.__name__ not in MADE_BY_THE_LIBRARY
            if made or not key.startswith("_"):
                method = getattr(value, "__func__", getattr(value, "fget", value))
                if inspect.isfunction(method):
                    yield f"{name}.{key}", method


def test_the_public_packages_are_these() -> None:
    public = [
        package.__name__
        for package in packages()
        if not (package.__doc__ or "").lstrip().startswith("Private.")
    ]

    assert sorted(public) == sorted([*PUBLIC, "event_store_async.errors"])


@pytest.mark.parametrize("name", [*PUBLIC, *PUBLIC_MODULES])
def test_a_public_package_lists_what_it_exports(name: str) -> None:
    module = importlib.import_module(name)
    listed = module.__all__

    assert [each for each in listed if not hasattr(module, each)] == []
    assert len(set(listed)) == len(listed)


def test_what_public_signatures_use_is_exported() -> None:
    known = {id(thing) for _, thing in exported()}
    hidden: dict[str, set[str]] = {}
    for name, thing in exported():
        for place, hinted in signatures(name, thing):
            hints = typing.get_type_hints(hinted)
            for key, hint in hints.items():
                for cls in used_classes(hint):
                    if id(cls) not in known and not key.startswith("_"):
                        hidden.setdefault(f"{cls.__module__}.{cls.__qualname__}", set()).add(place)

    assert hidden == {}


def named_rooms(package: ModuleType) -> set[str]:
    """Return the names in a folder's list of rooms: the first column of its indented lines."""
    lines = (package.__doc__ or "").splitlines()
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines if line.startswith("    ")]
    return {word for row in rows if len(row) > 1 for word in row[0].split() if word.isidentifier()}


def test_every_folder_names_its_rooms_and_no_others() -> None:
    wrong = {}
    for package in packages():
        rooms = {each.name for each in pkgutil.iter_modules(package.__path__)} - {"__main__"}
        named = named_rooms(package)
        if package.__name__ == "event_store_async.errors":
            named &= rooms  # its tree of errors is indented, too
        if rooms != named:
            wrong[package.__name__] = (rooms - named, named - rooms)

    assert wrong == {}
