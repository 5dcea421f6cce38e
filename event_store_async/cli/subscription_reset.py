"""``event-store subscription reset``: start a subscription anew."""

import sys
from typing import Annotated, Any

import typer

from ..cassandra import EventStore
from ..errors import InvalidArgument
from ..feeds import Position
from ..subscriptions import Start
from .erase import Yes, confirm
from .failures import wrong_usage
from .options import FLAG, SubscriptionName
from .output import note
from .target import Target, run_with_store, with_target


def start_option(text: str) -> Start:
    """Parse where a subscription is to start; raises `typer.BadParameter` if it is nowhere."""
    if text == "now":
        return "now"
    if text == "beginning":
        return "beginning"
    try:
        return Position.parse(text)
    except InvalidArgument:
        raise typer.BadParameter(
            f"{text[:80]!r} is neither beginning, now, nor a position in a feed"
        ) from None


@with_target
def reset(
    target: Target,
    name: SubscriptionName,
    *,
    to: Annotated[
        Any,
        typer.Option(
            parser=start_option,
            metavar="beginning|now|POSITION",
            help="Where it is to start.",
        ),
    ],
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            metavar=FLAG,
            help="Confirm that handlers will see events again; needed but for --to now.",
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """
    Start a subscription anew, while its members run.

    What is after the new start is delivered again: whatever a handler does, it does again. What is
    parked is forgotten. Skips are, too: an event that was skipped is tried again.

    A projection clears its view first, wherever the new start is. With any other start than the
    beginning, its view lacks all events before it, and the command asks: give that to subscriptions
    without a view.

    Examples:
    - `event-store subscription reset --keyspace bank mails --to beginning --again`
    - `event-store subscription reset --keyspace bank mails --to now --yes`
    """
    if to != "now" and not again:
        raise wrong_usage("events will be delivered again", hint="confirm it with --again")
    if to != "beginning":
        _confirm_partial(name, yes)

    async def run(store: EventStore) -> None:
        found = await store.subscriptions.reset(name, to)
        note(f"subscription {name} begins generation {found.generation}")

    run_with_store(target, run)


def _confirm_partial(name: str, yes: bool) -> None:
    """Ask before a reset that a view does not survive; nothing stored tells who keeps one."""
    if not yes and not sys.stdin.isatty():
        raise wrong_usage(
            "a projection clears its view, which then lacks all events before the new start",
            hint="rebuild a view with --to beginning --again; "
            f"if {name} keeps no view, confirm it with --yes",
        )
    confirm(
        f"If {name} keeps a view, it is cleared, and lacks all events before the new start. Reset?",
        yes,
        otherwise="nothing is reset",
    )
