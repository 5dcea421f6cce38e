"""Telling: callbacks may be plain functions, or async ones, which are waited for."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Callback: TypeAlias = Callable[[T], Awaitable[None] | None]
"""Is told something: a function, or an async one. What takes its time must be an async one."""


async def notify(listener: Callback[T], what: T) -> None:
    """Tell a listener; an async one is waited for, so that it sets the pace."""
    told = listener(what)
    if told is not None:
        await told
