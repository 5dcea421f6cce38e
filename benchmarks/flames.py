"""Flame graphs of profiles, as SVG that is readable on light and dark pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from .profiles import COLLECTOR, DRIVER
from .results import Results

WIDTH: Final = 1200
_ROW: Final = 17
_LETTER: Final = 6.3
_NARROWEST: Final = 0.6
_GREY: Final = "#808080"
_COLOURS: Final = (
    ("benchmarks", "#c0a8e0"),
    ("event_store_async", "#7db7e8"),
    ("acsylla", "#f0b060"),
    (DRIVER, "#e89030"),
    (COLLECTOR, "#e88080"),
    ("asyncio", "#b8c8b0"),
)
_OTHERS: Final = "#c8c8c0"


@dataclass(slots=True)
class _Node:
    weight: float = 0.0
    below: dict[str, "_Node"] = field(default_factory=dict)


def flame_graph(profiles: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """
    Return one picture of several profiles, one above another, at the same scale.

    Args:
        profiles: For each title, the weights of its stacks.
        unit: The unit of the weights.
    """
    scale = WIDTH / max(sum(stacks.values()) for stacks in profiles.values())
    top, parts = 0.0, []
    for title, stacks in profiles.items():
        root = _tree(stacks)
        text = escape(f"{title}: {root.weight:.3g} {unit}")
        parts.append(f'<text x="2" y="{top + 16:.0f}" fill="{_GREY}" font-size="14">{text}</text>')
        top += 22
        parts += _boxes(root, 0.0, top, scale, unit)
        top += _depth(root) * _ROW + 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" '
        f'width="{WIDTH}" font-family="monospace" font-size="10.5">'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def write_flame_graphs(results: Results, directory: Path) -> list[str]:
    """Write a picture of all peers for each kind of profile; return the pictures' names."""
    names = []
    directory.mkdir(parents=True, exist_ok=True)
    for what in dict.fromkeys(key.split("/")[0] for key in results.profiles):
        found = {
            key.split("/")[1]: stacks
            for key, stacks in results.profiles.items()
            if key.split("/")[0] == what
        }
        picture = flame_graph(found, "µs of client CPU per event")
        (directory / f"flame_{what}.svg").write_text(picture, encoding="utf-8")
        names.append(f"flame_{what}")
    return names


def _tree(stacks: Mapping[str, float]) -> _Node:
    root = _Node()
    for stack, weight in stacks.items():
        root.weight += weight
        node = root
        for frame in stack.split(";"):
            node = node.below.setdefault(frame, _Node())
            node.weight += weight
    return root


def _depth(node: _Node) -> int:
    return max((1 + _depth(below) for below in node.below.values()), default=0)


def _boxes(node: _Node, left: float, top: float, scale: float, unit: str) -> list[str]:
    parts = []
    for name, below in sorted(node.below.items()):
        width = below.weight * scale
        if width >= _NARROWEST:
            parts.append(_box(name, left, top, width, f"{name}: {below.weight:.3g} {unit}"))
            parts += _boxes(below, left, top + _ROW, scale, unit)
        left += width
    return parts


def _box(name: str, left: float, top: float, width: float, tip: str) -> str:
    letters = int((width - 4) / _LETTER)
    short = name.rsplit(": ", 1)[-1]
    shown = name if len(name) <= letters else short
    shown = shown if len(shown) <= letters else f"{shown[: letters - 1]}…" if letters > 3 else ""
    colour = next((it for word, it in _COLOURS if word in name), _OTHERS)
    text = f'<text x="{left + 2:.1f}" y="{top + 12:.0f}" fill="#101010">{escape(shown)}</text>'
    return (
        f"<g><title>{escape(tip)}</title>"
        f'<rect x="{left:.1f}" y="{top:.0f}" width="{max(width - 0.4, 0.3):.1f}" '
        f'height="{_ROW - 1}" fill="{colour}"/>{text if shown else ""}</g>'
    )
