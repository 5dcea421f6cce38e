"""Answered: what the server says of a conditional batch, where the driver is simulated."""

from typing import Any

from event_store_async.cassandra.driver.port import Page


class Answered(Page):
    """A page that can also be asked as a result of the driver, for its first row alone."""

    __slots__ = ()

    def first(self) -> "Answered":
        """Return its first row."""
        return self

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the values of the first row."""
        return self.rows[0]
