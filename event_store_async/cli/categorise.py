"""``event-store streams categorise``: gives a category to streams that began without one."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Final
from uuid import UUID

import orjson
import typer

from ..cassandra import EventStore
from ..checks import check_category
from ..counts import counted
from ..errors import AlreadyPublished, ConcurrentModification, WrongCategory
from ..tasks import task_group
from .exit_codes import ExitCode
from .failures import wrong_usage
from .options import AsJson, uuid_argument
from .output import LineWriter, note, waiting
from .target import Target, run_with_store, with_target

_WORKERS: Final = 16


@with_target
def categorise(
    target: Target,
    streams: Annotated[
        list[UUID] | None,
        typer.Argument(
            parser=uuid_argument,
            metavar="STREAM",
            help="The streams' ids. Without any, they are read from standard input, one a line.",
        ),
    ] = None,
    *,
    category: Annotated[
        str, typer.Option(help="The category: 1 to 64 letters, digits, '-', '_' and '.'.")
    ],
    as_json: AsJson = False,
) -> None:
    """
    Give a category to streams that have events and no category; they keep it for ever.

    It is safe to repeat. Prints a line for each stream: its id, the outcome, and its category. The
    outcome is "set"; "unchanged", it has that category already; "refused", it has another one;
    "published", it is in the feed without a category, which never changes; or "no events".

    Exit codes: 3, not every stream has the category now; the others are categorised all the same.
    4, no quorum answered in time: repeat the command.

    Examples:
    - `event-store streams categorise $STREAM --category account`
    - `event-store streams --list | cut -f 1 | event-store streams categorise --category account`
    """
    name = check_category(category)
    ids = list(dict.fromkeys(streams or _read_ids()))
    run_with_store(target, lambda store: _categorise_all(store, ids, name, as_json=as_json))


async def _categorise_all(
    store: EventStore, streams: Sequence[UUID], category: str, *, as_json: bool
) -> None:
    lines, refused, published = LineWriter(), 0, 0
    left = iter(streams)

    async def work() -> None:
        nonlocal refused, published
        for stream in left:
            try:
                was_set = await store.storage.categorise(stream, category)
            except WrongCategory as error:
                refused += 1
                outcome, actual = "refused", error.actual
            except AlreadyPublished:
                published += 1
                outcome, actual = "published", None
            except ConcurrentModification:
                refused += 1
                outcome, actual = "no events", None
            else:
                outcome, actual = "set" if was_set else "unchanged", category
            await lines.write(_line(stream, outcome, actual, as_json=as_json))

    with waiting("categorising"):
        async with task_group() as group:
            for _ in range(min(_WORKERS, len(streams))):
                group.start_soon(work)
    if refused or published:
        of_all = counted(len(streams), "stream")
        note(f"not changed: {refused + published:,} of {of_all}")
        if published:
            note(
                f"in the feed without a category: {published:,}; the feed never changes, so the "
                "feed of the category would lack their events"
            )
        raise typer.Exit(ExitCode.CONFLICT)


def _line(stream: UUID, outcome: str, category: str | None, *, as_json: bool) -> str:
    if as_json:
        found = {"stream_id": stream, "outcome": outcome, "category": category}
        return orjson.dumps(found).decode()
    return f"{stream}\t{outcome}\t{category or '-'}"


def _read_ids() -> Iterator[UUID]:
    if sys.stdin.isatty():
        raise wrong_usage(
            "no streams are given", "give their ids as arguments, or one a line on standard input"
        )
    for number, line in enumerate(sys.stdin, 1):
        text = line.strip()
        try:
            if text:
                yield UUID(text)
        except ValueError:
            raise wrong_usage(
                f"standard input, line {number}: {text[:40]!r} is not a UUID"
            ) from None
