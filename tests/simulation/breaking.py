"""Breaking: how mutants break the library, and how it is shown that they are caught."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol
from unittest import mock

Broken = Callable[[], AbstractContextManager[None]]
"""Breaks the library for as long as it is entered."""


class BrokenRule(Protocol):
    """
    What all mutants have.

    Attributes:
        name: What is done wrong.
        shows: What the checker must find; any of them.
        broken: Breaks the library.
    """

    @property
    def name(self) -> str: ...

    @property
    def shows(self) -> Sequence[str]: ...

    @property
    def broken(self) -> Broken: ...


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


def check_caught(mutant: BrokenRule, simulate: Callable[[int], Sequence[str]], tries: int) -> None:
    """
    Run broken worlds until the checker finds one of the things that must show.

    Args:
        mutant: The rule that is broken.
        simulate: Runs the world of a seed, and returns what is wrong.
        tries: How many seeds are tried.
    """
    found: Counter[str] = Counter()
    for seed in range(tries):
        with mutant.broken():
            wrong = simulate(seed)
        kinds = {each.partition(":")[0] for each in wrong}
        if kinds & set(mutant.shows):
            return
        found.update(kinds)

    raise AssertionError(f"{mutant.name} was not caught in {tries} runs; they showed {found}")
