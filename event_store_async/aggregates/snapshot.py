"""Snapshot: an aggregate at a version of its stream."""

from datetime import datetime
from typing import Generic

from ..values import value
from .variables import A_co


@value
class Snapshot(Generic[A_co]):
    """
    An aggregate as it was at one version of its stream. It stays true for that version.

    Attributes:
        aggregate: What the events up to `version` amount to.
        version: The version of the last of them; 0 where there is none.
        timestamp: That event's timestamp: aware, UTC; None where there is none.
    """

    aggregate: A_co
    version: int
    timestamp: datetime | None
