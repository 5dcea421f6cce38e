"""The environment variables ``EVENT_STORE_…``, and the numbers in them."""

import os
from typing import Final

from .errors import InvalidArgument

HIGHEST_PORT: Final = 65535

_SERVICE_LINK: Final = (
    "Kubernetes sets such variables for a Service named event-store: set the variable to the port "
    "in the pod's specification, or set enableServiceLinks: false there, or use the option"
)


def variable(name: str) -> str | None:
    """Return the value of an environment variable; None if it is not set, or empty."""
    return os.environ.get(name) or None


def number(name: str, text: str, *, at_most: int | None = None) -> int:
    """
    Return the number that a text is, 1 or more.

    Args:
        name: The variable or option that the text comes from, for the message.
        text: Its value.
        at_most: The highest number; None for no bound.

    Raises:
        InvalidArgument: the text is not such a number.
    """
    digits = text.strip()
    # int() refuses thousands of digits with an error of its own.
    value = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
    if value < 1 or (at_most is not None and value > at_most):
        wanted = "above 0" if at_most is None else f"from 1 to {at_most}"
        raise InvalidArgument(
            f"{name} must be a number {wanted}, not {text!r}",
            hint=_SERVICE_LINK if "://" in text else None,
        )
    return value
