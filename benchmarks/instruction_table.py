"""The table of the instructions that the client executes, from recorded counts."""

import json
from pathlib import Path
from typing import Final

from .tables import table

INSTRUCTIONS: Final = Path(__file__).parent / "instructions.json"
_KINDS: Final = {
    "append": "an append, one caller",
    "append64": "an append, 64 callers, a stream each",
    "least64": "the same by hand, with only the library's checks and its result",
    "hot": "an append, 64 callers, one stream",
    "read": "reading an event",
    "feed64": "an append with a feed, 64 callers, a stream each",
    "sequence": "publishing an append in a feed",
}
"""What is counted, and how it is shown."""


def instruction_table(path: Path = INSTRUCTIONS) -> str:
    """Return the counts, and the command that prints each."""
    counts = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        [
            text,
            f"{first:,}" if (first := counts[kind].get("at first")) else "",
            f"{counts[kind]['ours']:,}",
            f"{counts[kind]['limit']:,}",
            f"{counts[kind]['ours'] / counts[kind]['limit']:.2f}",
            f"`python -m benchmarks.instructions {kind}`",
        ]
        for kind, text in _KINDS.items()
    ]
    head = ["instructions", "at first", "now", "compared with", "now relative to that", "command"]
    return table(head, rows)
