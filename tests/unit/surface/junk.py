"""Junk: values of the wrong kind, made anew for each call, since some can be used only once."""

import enum
import itertools
from collections import UserDict, UserString
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from hypothesis import strategies as st

from event_store_async import ANY, JsonCodec, MemoryEventStore, Settings


class Own(Exception):
    """What the caller's own code raises."""


def _fail(*_: object, **__: object) -> NoReturn:
    raise Own("own")


class Raising:
    """An object with nothing that works but its identity."""

    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __hash__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __getitem__ = __call__ = _fail
    __int__ = __index__ = __float__ = __bytes__ = __fspath__ = __format__ = __await__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __enter__ = __exit__ = _fail

    def __getattr__(self, name: str) -> Any:
        _fail(name)


class RaisingList(list[Any]):
    __eq__ = __repr__ = __len__ = __iter__ = __bool__ = __contains__ = _fail


class RaisingMapping(dict[str, Any]):
    __eq__ = __repr__ = __len__ = __iter__ = items = keys = get = __getitem__ = _fail


class RaisingStr(str):
    __slots__ = ()
    __eq__ = __hash__ = __repr__ = __str__ = __len__ = __format__ = _fail


class RaisingInt(int):
    __eq__ = __hash__ = __repr__ = __str__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __index__ = __int__ = __add__ = __sub__ = __bool__ = __format__ = _fail


class RaisingUuid(UUID):
    __eq__ = __hash__ = __repr__ = __str__ = __lt__ = _fail


class Shifting(Mapping[str, int]):
    """A mapping that has another key whenever it is looked at."""

    def __init__(self) -> None:
        self._turn = itertools.count()

    def __getitem__(self, key: str) -> int:
        return next(self._turn)

    def __iter__(self) -> Iterator[str]:
        yield f"k{next(self._turn)}"

    def __len__(self) -> int:
        return next(self._turn)


class Growing(dict[str, int]):
    """A dict that grows while it is iterated."""

    def __iter__(self) -> Iterator[str]:
        for key in super().__iter__():
            self[f"{key}+"] = 1
            yield key


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Identity(UUID):
    pass


class Moment(datetime):
    pass


class Names(str, enum.Enum):  # noqa: UP042 - the older form is met, too
    ONE = "one"


class Numbers(enum.IntEnum):
    ONE = 1


class Loud:
    """An object whose repr is long, has several lines and commands for a terminal."""

    def __repr__(self) -> str:
        return "\x1b[2J\r\n" * 2_000


class NotText:
    """An object whose repr is no str."""

    def __repr__(self) -> str:
        return 1  # type: ignore[return-value]


def _generator() -> Iterator[int]:
    yield 1


def _endless(value: object = 1) -> Iterator[object]:
    # Not one of itertools: a call that exhausts it could not be interrupted.
    while True:
        yield value


async def _asynchronous() -> AsyncGenerator[int, None]:
    yield 1


class Waiting:
    """An awaitable that, unlike a coroutine, does not mind if nobody waits for it."""

    def __await__(self) -> Iterator[None]:
        yield


def _cyclic() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def _cyclic_mapping() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["self"] = found
    return found


def _deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(3_000):
        found = [found]
    return found


JUNK: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1.5": lambda: 1.5,
    "-0.0": lambda: -0.0,
    "5e-324": lambda: 5e-324,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "-infinity": lambda: float("-inf"),
    "2**31": lambda: 2**31,
    "2**53 + 1": lambda: 2**53 + 1,
    "2**63": lambda: 2**63,
    "-2**63 - 1": lambda: -(2**63) - 1,
    "2**70": lambda: 2**70,
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "-10**5000": lambda: -(10**5000),
    "Decimal": lambda: Decimal("NaN"),
    "Fraction": lambda: Fraction(1, 3),
    "complex": lambda: 1j,
    "empty str": lambda: "",
    "escape": lambda: "x\x1b[31m",
    "NUL": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "override": lambda: "\u202e",
    "long str": lambda: "x" * 100_000,
    "bytes": lambda: b"bytes",
    "bytearray": lambda: bytearray(b"x"),
    "memoryview": lambda: memoryview(b"x"),
    "list": list,
    "[1]": lambda: [1],
    "[None]": lambda: [None],
    "['']": lambda: [""],
    "[surrogate]": lambda: ["\ud800"],
    "[[]]": lambda: [[]],
    "tuple": lambda: ("a", 1),
    "set": set,
    "dict": dict,
    "{'a': 1}": lambda: {"a": 1},
    "{1: 2}": lambda: {1: 2},
    "{'a': None}": lambda: {"a": None},
    "object": object,
    "[object]": lambda: [object()],
    "class": lambda: Loud,
    "JsonCodec class": lambda: JsonCodec,
    "JsonCodec": JsonCodec,
    "Settings": Settings,
    "store": MemoryEventStore,
    "ANY": lambda: ANY,
    "UUID": lambda: UUID(int=1),
    "text of a UUID": lambda: str(UUID(int=1)),
    "lambda": lambda: lambda: None,
    "lambda of one": lambda: lambda _: None,
    "failing callable": lambda: _fail,
    "Ellipsis": lambda: Ellipsis,
    "NotImplemented": lambda: NotImplemented,
    "datetime": lambda: datetime(2026, 1, 1),  # noqa: DTZ001 - a naive one is wrong, too
    "aware datetime": lambda: datetime(1, 1, 1, tzinfo=UTC),
    "timedelta": lambda: timedelta(1),
    "date": lambda: date(2026, 1, 1),
    "Path": lambda: Path("nowhere/at/all"),
    "Path with NUL": lambda: Path("a\0b"),
    "range": lambda: range(10**18),
    "endless": _endless,
    "endless None": lambda: _endless(None),
    "endless codecs": lambda: _endless(JsonCodec()),
    "generator": _generator,
    "async generator": _asynchronous,
    "awaitable": Waiting,
    "cyclic list": _cyclic,
    "cyclic dict": _cyclic_mapping,
    "deep list": _deep,
    "UserString": lambda: UserString("name"),
    "UserDict": lambda: UserDict({"a": 1}),
    "str subclass": lambda: Text("name"),
    "int subclass": lambda: Number(1),
    "UUID subclass": lambda: Identity(int=1),
    "datetime subclass": lambda: Moment(2026, 1, 1, tzinfo=UTC),
    "str enum": lambda: Names.ONE,
    "int enum": lambda: Numbers.ONE,
    "raising": Raising,
    "[raising]": lambda: [Raising()],
    "{'a': raising}": lambda: {"a": Raising()},
    "raising list": lambda: RaisingList([1]),
    "raising mapping": lambda: RaisingMapping(a=1),
    "raising str": lambda: RaisingStr("name"),
    "raising int": lambda: RaisingInt(1),
    "raising UUID": lambda: RaisingUuid(int=1),
    "shifting mapping": Shifting,
    "growing dict": lambda: Growing(a=1),
    "loud": Loud,
    "no text": NotText,
    "exception": lambda: ValueError("x"),
    "module": lambda: itertools,
}
"""By name, for the message of a failed test."""

_SUBCLASSES: list[tuple[type, type]] = [
    (str, Text),
    (str, RaisingStr),
    (int, Number),
    (int, RaisingInt),
]


def _of_a_subclass(value: object) -> st.SearchStrategy[Any]:
    made = [value, *[cls(value) for base, cls in _SUBCLASSES if type(value) is base]]
    # By index: Hypothesis looks at what it samples from, and these values cannot be looked at.
    return st.sampled_from(range(len(made))).map(made.__getitem__)


_PLAIN: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=20)
    | st.text(st.characters(), max_size=20)  # surrogates, too
    | st.integers(min_value=2).map(lambda power: -(10 ** (power % 6000)))
    | st.integers(min_value=2).map(lambda power: 10 ** (power % 6000))
    | st.uuids() | st.datetimes() | st.timedeltas() | st.decimals() | st.complex_numbers()
)  # fmt: skip

DRAWN: st.SearchStrategy[Any] = st.recursive(
    _PLAIN.flatmap(_of_a_subclass) | st.sampled_from(sorted(JUNK)).map(lambda name: JUNK[name]()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
        | st.lists(inner, max_size=3).map(iter)
    ),
    max_leaves=6,
)
"""Values of any kind, in containers of any kind."""
