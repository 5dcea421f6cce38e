"""Hotspots: a profile as tables, by area and by function."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from .profiles import COLLECTOR, DRIVER

_AREAS: Final = (
    ("benchmarks", "the benchmark's own code"),
    ("event_store_async", "the library"),
    ("acsylla", "acsylla: its Python, and its C on the loop's thread"),
    ("orjson", "orjson"),
    ("uuid", "uuid"),
    ("asyncio", "asyncio"),
    ("[libc]", "system calls and other C"),
)


def by_area(stacks: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of each area; plain C counts to the area that called it."""
    areas: defaultdict[str, float] = defaultdict(float)
    for stack, weight in stacks.items():
        areas[_area(stack.split(";"))] += weight
    return dict(areas)


def by_function(stacks: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return each function's own weight, and its weight including all that it calls."""
    own: defaultdict[str, float] = defaultdict(float)
    whole: defaultdict[str, float] = defaultdict(float)
    for stack, weight in stacks.items():
        frames = stack.split(";")
        own[frames[-1]] += weight
        for frame in set(frames):
            whole[frame] += weight
    return {name: (own[name], weight) for name, weight in whole.items()}


def _area(frames: list[str]) -> str:
    leaf = frames[-1]
    if leaf in {DRIVER, COLLECTOR}:
        return leaf
    return next((area for word, area in _AREAS if word in leaf), "other Python")
