"""Payload: where personal values and envelopes stand in plain data, and how they are replaced."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..marked_objects import fields_of, has_marks
from ..personal import FORGOTTEN, RESERVED, Encrypted, PersonalValue
from .envelope import is_envelope, pointer

Path: TypeAlias = tuple[Any, ...]
"""Keys of dicts and indexes of lists, from the payload inwards."""

DEEPEST: Final = 300
"""How deep a payload may be. `JsonCodec` encodes no deeper one either."""


class Unsealable(ValueError):
    """
    A payload cannot be stored as it is.

    Attributes:
        hint: What to do about it, or None.
    """

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


def personal_parts(payload: Any) -> dict[Path, Any]:
    """
    Return each `PersonalValue` and each `FORGOTTEN` in a payload, by its path.

    Raises:
        Unsealable: it has the reserved key, an object with personal fields, or a value that was
            read without its key, or is too deep.
    """
    found: dict[Path, Any] = {}
    _collect(payload, (), found, plain=True)
    return found


def _collect(value: Any, path: Path, found: dict[Path, Any], *, plain: bool) -> None:
    if isinstance(value, PersonalValue) or value is FORGOTTEN:
        if not plain:
            raise Unsealable(f"{_place(path)} is personal, but inside an object", _OBJECT_HINT)
        found[path] = value
        return
    if isinstance(value, Encrypted):
        raise Unsealable(f"{_place(path)} was read without its key, so it cannot be stored again")
    if not isinstance(value, dict | list | tuple) and has_marks(type(value)):
        raise Unsealable(
            f"{_place(path)}: {type(value).__name__} has personal fields, which would not be "
            "encrypted",
            _OBJECT_HINT,
        )
    if isinstance(value, dict) and RESERVED in value:
        raise Unsealable(
            f"{_place(path)} has the key {RESERVED!r}, which is reserved for encrypted values"
        )
    if len(path) > DEEPEST:
        raise Unsealable(f"it is nested more than {DEEPEST} levels deep, or contains itself")
    for step, part in _steps(value):
        if type(part) not in _SIMPLE:
            inside = plain and isinstance(value, dict | list | tuple)
            _collect(part, (*path, step), found, plain=inside)


def _steps(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list | tuple):
        return enumerate(value)
    return fields_of(value) or ()  # a codec may make a dict of it


_OBJECT_HINT: Final = (
    "give plain data, or register the type and mark its field: "
    "TypedEventStore(PrivateEventStore(store, keys), types)"
)
_SIMPLE: Final = frozenset({str, int, float, bool, bytes, type(None)})


def _place(path: Path) -> str:
    return f"payload{pointer(path)}" if path else "the payload"


@dataclass(frozen=True, slots=True)
class FoundEnvelopes:
    """
    The envelopes in a payload.

    Attributes:
        at: Each of them as it was read, by its path.
        size: How many characters the payload has, roughly.
    """

    at: Mapping[Path, Any]
    size: int


def envelopes(payload: Any) -> FoundEnvelopes:
    """Return the envelopes in a payload as a codec decoded it: of dicts and lists."""
    found: dict[Path, Any] = {}
    size = 0
    # Not by recursion: what other programs have stored may be deeper than Python's stack.
    waiting: list[tuple[Any, Path]] = [(payload, ())]
    while waiting:
        value, path = waiting.pop()
        if is_envelope(value):
            found[path] = value
            continue
        steps: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            steps = value.items()
        elif isinstance(value, list):
            steps = enumerate(value)
        elif isinstance(value, str | bytes):
            size += len(value)
        for step, part in steps:
            kind = type(part)
            size += len(part) if kind is str else 8
            if kind is dict or kind is list:
                waiting.append((part, (*path, step)))
    return FoundEnvelopes(found, size)


def replaced(value: Any, parts: Mapping[Path, Any]) -> Any:
    """Return plain data with other parts at these paths. What was given is not changed."""
    if not parts:
        return value
    if () in parts:
        return parts[()]
    tree: dict[Any, dict[Path, Any]] = {}
    for (step, *rest), part in parts.items():
        tree.setdefault(step, {})[tuple(rest)] = part
    steps = {step: replaced(value[step], below) for step, below in tree.items()}
    if isinstance(value, dict):
        return {**value, **steps}
    return [steps.get(index, part) for index, part in enumerate(value)]
