"""Callbacks of a job: plain functions, or async ones, which are awaited."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Callback: TypeAlias = Callable[[T], Awaitable[None] | None]
"""A callback, plain or async. Slow work must be async."""


async def notify(callback: Callback[T], value: T) -> None:
    """Call a callback; an async one is awaited, so that it sets the pace."""
    result = callback(value)
    if result is not None:
        await result
