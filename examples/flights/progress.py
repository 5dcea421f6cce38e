"""Shows progress: as a bar on a terminal, otherwise as a line every few seconds."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final, TypeAlias

import anyio
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_BAR_EVERY: Final = 0.2
_LINE_EVERY: Final = 5.0


State: TypeAlias = Callable[[], tuple[int, str]]
"""Returns how much is done, and a text with details."""


@asynccontextmanager
async def progress(console: Console, label: str, total: int, state: State) -> AsyncGenerator[None]:
    """Show progress while the body of the ``async with`` runs."""
    show = _bar if console.is_terminal else _lines
    async with anyio.create_task_group() as group:
        group.start_soon(show, console, label, total, state)
        yield
        group.cancel_scope.cancel()


async def _bar(console: Console, label: str, total: int, state: State) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        task = bar.add_task(label, total=total, detail="")

        def update() -> None:
            done, detail = state()
            bar.update(task, completed=done, detail=detail, refresh=True)

        try:
            while True:
                update()
                await anyio.sleep(_BAR_EVERY)
        finally:
            update()


async def _lines(console: Console, label: str, total: int, state: State) -> None:
    started = monotonic()
    try:
        while True:
            await anyio.sleep(_LINE_EVERY)
            done, detail = state()
            left = (monotonic() - started) * (total - done) / (done or 1)
            console.print(f"{label}: {done:,} of {total:,}, {detail}, {left:.0f} s left")
    finally:
        done, detail = state()
        console.print(f"{label}: {done:,} of {total:,}, {detail}")
