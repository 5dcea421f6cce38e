"""What a codec refuses: the part of a value that it has no form for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

_DEEPEST: Final = 50
"""A value in which something is deeper than this probably contains itself."""


def refused_part(value: Any, encode: Callable[[Any], object]) -> str:
    """
    Return the path to the part of a value that cannot be encoded, as in ``.lines[2].price``.

    It is empty if the value as a whole is refused.

    Args:
        value: What was refused.
        encode: Refuses it with an exception.
    """
    path = ""
    for _ in range(_DEEPEST):
        for step, part in _parts(value):
            try:
                encode(part)
            except Exception:  # noqa: BLE001 - a codec may raise anything
                path, value = path + step, part
                break
        else:
            return path
    return ""


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            plain = isinstance(key, str) and key.isidentifier()
            yield (f".{key}" if plain else f"[{key!r:.60}]"), part
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield f"[{index}]", part
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield f".{field.name}", getattr(value, field.name)
