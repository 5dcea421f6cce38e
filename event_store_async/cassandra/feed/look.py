"""Look: what a look at the stream of an announcement shows."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a look at the stream of an announcement shows (S5).

    Attributes:
        outcome: ``"stored"``: the announced events stand there. ``"void"``: others stand at their
            place, so they never will. ``"open"``: nothing stands there yet.
        stranger: Whether what stands there was not announced.
        category: The category of the stream, if it is stored and has one.
    """

    outcome: Literal["stored", "void", "open"]
    stranger: bool = False
    category: str | None = None
