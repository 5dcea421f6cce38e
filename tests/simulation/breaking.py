"""Breaking: how mutants break the library, and how it is shown that they are caught."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

Broken = Callable[[], AbstractContextManager[None]]
"""Breaks the library for as long as it is entered."""


def patch(target: Any, name: str, value: Any) -> Broken:
    @contextmanager
    def broken() -> Iterator[None]:
        with mock.patch.object(target, name, value):
            yield

    return broken


def both(one: Broken, other: Broken) -> Broken:
    @contextmanager
    def broken() -> Iterator[None]:
        with one(), other():
            yield

    return broken


def check_caught(
    name: str,
    shows: Sequence[str],
    broken: Broken,
    simulate: Callable[[int], Sequence[str]],
    tries: int,
) -> None:
    """
    Run broken worlds until the checker finds one of the things that must show.

    Args:
        name: What is done wrong.
        shows: What must be found; any of them.
        broken: Breaks the library.
        simulate: Runs the world of a seed, and returns what is wrong.
        tries: How many seeds are tried.
    """
    found: Counter[str] = Counter()
    for seed in range(tries):
        with broken():
            wrong = simulate(seed)
        kinds = {each.partition(":")[0] for each in wrong}
        if kinds & set(shows):
            return
        found.update(kinds)

    raise AssertionError(f"{name} was not caught in {tries} runs; they showed {found}")
