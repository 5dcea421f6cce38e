"""`Step`: one step of one actor, and the words for it."""

import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .memory import Memory
from .world import MOST_APPENDS, World


class Step(NamedTuple):
    """What one actor may do next."""

    label: tuple[Any, ...]  # a template for `words`, and what it is filled with
    world: World
    memory: Memory | None = None  # of the sequencer that takes the step
    broken: int = 0  # bits: the promises that the step itself breaks


def stream_name(number: int) -> str:
    """Return the name of a stream."""
    return "AB"[number]


def append_name(number: int) -> str:
    """Return the name of an append: its writer and its number in the lane."""
    return f"W{number // MOST_APPENDS + 1}.{number % MOST_APPENDS + 1}"


class _Words(string.Formatter):
    """A template's fields say what kind of number they are: `{0:writer}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "writer":
                return f"W{value + 1}"
            case "stream":
                return stream_name(value)
            case "append":
                return append_name(value)
            case "plan":
                return f"({stream_name(value.stream)}, e={value.expected}, n={value.size})"
            case "events":
                return " ".join(f"{stream_name(stream)}{version}" for stream, version in value)
        return str(value)

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs["by"] if key == "by" else super().get_value(key, args, kwargs)


_WORDS = _Words()


def words(label: tuple[Any, ...], by: str) -> str:
    """Say in words what a step does; `by` is the sequencer that takes it."""
    return _WORDS.format(label[0], *label[1:], by=by)
