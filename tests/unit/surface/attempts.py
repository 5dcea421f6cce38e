"""Attempts: one call with a wrong argument, and what may come of it."""

import asyncio
import contextlib
import inspect
import re
import signal
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Final

from event_store_async import (
    ConcurrentModification,
    ConnectionFailed,
    InvalidArgument,
    InvalidKey,
    MasterKeyMissing,
    NotPublished,
    StoreUnavailable,
    UndecodableEvent,
)
from event_store_async.cassandra import Opening

from .hints import fits, is_caller_code
from .junk import Own
from .targets import Sent, Target, World

_SECONDS: Final = 2.0
_WAIT: Final = 0.02
_ANSWERS: Final = (
    Sent, ConnectionFailed, StoreUnavailable, ConcurrentModification, NotPublished, TimeoutError,
)  # fmt: skip
"""What a call with right arguments may end with: there is no server, and no event."""

ACCEPTING: Final = {"JsonCodec.decode", "JsonCodec.encode", "EventTypes.event"}
"""
What takes more than its hints say: orjson takes str and memoryview, and what makes an event of a
plain value is the class of the event.
"""

ALSO: Final[Mapping[str, tuple[type[Exception], ...]]] = {
    "EventTypes.event": (Exception,),
    "EventTypes.stored": (Exception,),
    "Reducer.reduce": (Exception,),
    "MasterKeys.unwrap": (InvalidKey, MasterKeyMissing),
    "Storage.decode": (UndecodableEvent,),
    "PrometheusHook": (ValueError,),
    "JsonCodec.encode": (TypeError, ValueError),
    "JsonCodec.decode": (ValueError,),
    "RawCodec.encode": (TypeError,),
}
"""
Errors besides that a docstring promises: of codecs and types of event, which may be anybody's.
"""


class Endless(BaseException):
    """A call has computed for too long."""


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Bound the processor time of a block: a call that never ends is no call that waits."""

    def end(*_: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


async def attempt(target: Target, parameter: str, junk: Any, *, nested: bool = False) -> str | None:
    """
    Call a target with one argument that may be wrong.

    Args:
        target: What is called.
        parameter: The name of the argument.
        junk: The argument.
        nested: Whether only a part of it may be wrong, one that the target may not look at.

    Returns:
        What is wrong with its answer; None if nothing is.
    """
    world = World()
    right = nested or fits(target.hints.get(parameter, Any), junk)
    mine = right or is_caller_code(target.hints.get(parameter, Any))
    try:
        async with asyncio.timeout(_WAIT):
            with _bounded():
                result = target.call(world, {parameter: junk})
                await _finish(result)
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        refused = isinstance(error, (InvalidArgument, TypeError, Own, *ALSO.get(target.name, ())))
        wrong = _judged(error, target, right=right, mine=mine)
    else:
        refused, wrong = False, None
    if wrong is None and not right and not refused and target.name not in ACCEPTING:
        wrong = "it was accepted"
    if wrong is None and refused and (world.session.sent or world.stored):
        wrong = "something was sent before it was refused"
    return wrong


def _judged(error: BaseException, target: Target, *, right: bool, mine: bool) -> str | None:
    """
    Return what is wrong with an error; None if nothing is.

    Args:
        error: The error.
        target: What was called.
        right: Whether the argument is of the right kind. Then it may have been sent.
        mine: Whether the library may have run code of the caller's.
    """
    if isinstance(error, InvalidArgument):
        return _unfit(str(error))
    if isinstance(error, ALSO.get(target.name, ())):
        return None
    if isinstance(error, Own):
        return None if mine else "code of the caller was run"
    if isinstance(error, TypeError) and _is_pythons(error):
        return None
    if right and isinstance(error, _ANSWERS):
        return None
    return f"{type(error).__name__}: {str(error)[:200]!a}"


async def _finish(result: Any) -> None:
    """Do the first step of what a call gave, and close it."""
    if isinstance(result, AsyncGenerator):
        async with contextlib.aclosing(result):
            with contextlib.suppress(StopAsyncIteration):
                async with asyncio.timeout(0.005):
                    await anext(result)
    elif inspect.isawaitable(result) and not isinstance(result, Opening):  # it would connect
        await result
    elif isinstance(result, contextlib.AbstractContextManager):
        with result:
            pass


def _unfit(message: str) -> str | None:
    if len(message) > 1000:
        return f"its message has {len(message):,} characters"
    found = [letter for letter in message if not (letter.isprintable() or letter == "\n")]
    return f"its message holds {found[0]!a}" if found else None


def _is_pythons(error: TypeError) -> bool:
    """Return whether Python itself refused a call, for its arguments' names or number."""
    return re.search(r"\) (got an unexpected|got multiple|missing|takes) ", str(error)) is not None
