"""The packages for hooks, telemetry and tests export every type that their signatures use."""

import pkgutil
import types
import typing
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

PACKAGES = [
    "event_store_async.hooks",
    "event_store_async.telemetry",
    "event_store_async.telemetry.logs",
    "event_store_async.telemetry.opentelemetry",
    "event_store_async.telemetry.prometheus",
    "event_store_async.testing",
    "event_store_async.testing.contract",
    "event_store_async.testing.servers",
]
OTHERS = [
    "event_store_async",
    "event_store_async.aggregates",
    "event_store_async.cassandra",
]
"""Further packages that may export a type in such a signature."""


def exported(packages: list[str]) -> set[str]:
    """Return the classes that packages export, by module and name."""
    found = set()
    for package in map(import_module, packages):
        for name in package.__all__:
            value = getattr(package, name)
            found.add(f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', name)}")
    return found


def callables(value: Any) -> Iterator[Any]:
    """Yield what has a signature: a function, or a class with its public methods."""
    if isinstance(value, types.FunctionType):
        yield value
    if not isinstance(value, type):
        return
    yield value
    for name, member in vars(value).items():
        if name in {"__init__", "__call__"} or not name.startswith("_"):
            plain = member.fget if isinstance(member, property) else member
            if isinstance(plain, types.FunctionType):
                yield plain


def types_in(hint: Any) -> Iterator[type]:
    """Yield the classes of the library in a type hint."""
    if isinstance(hint, type) and hint.__module__.startswith("event_store_async"):
        yield hint
    for argument in typing.get_args(hint):
        yield from types_in(argument)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_type_in_a_signature_is_exported(package: str) -> None:
    module = import_module(package)
    public = exported([*PACKAGES, *OTHERS])

    used = {
        f"{used.__module__}.{used.__qualname__}"
        for name in module.__all__
        for each in callables(getattr(module, name))
        for hint in typing.get_type_hints(each).values()
        for used in types_in(hint)
    }

    assert used - public == set()


@pytest.mark.parametrize(
    "package",
    [
        "event_store_async.errors",
        "event_store_async.hooks",
        "event_store_async.telemetry",
        "event_store_async.testing",
        "event_store_async.testing.contract",
    ],
)
def test_a_package_names_its_rooms(package: str) -> None:
    module = import_module(package)

    rooms = {room.name for room in pkgutil.iter_modules(module.__path__)}

    assert rooms - set((module.__doc__ or "").split()) == set()
