"""Answer: what the server says of a conditional batch."""

from dataclasses import dataclass
from typing import Any, Final

from .port import Page


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The server's answer to a conditional batch.

    Attributes:
        applied: Whether the batch was applied, as a whole.
        rows: What the conditions found, as dicts by column name. If it was applied, Cassandra
            sends no values. Cassandra sends one row, ScyllaDB one for each statement.
    """

    applied: bool
    rows: list[dict[str, Any]]

    def cell(self, column: str) -> Any:
        """Return the value of a static column; None if it has none, or is in no condition."""
        return next((row[column] for row in self.rows if row.get(column)), None)


_APPLIED: Final = "[applied]"


def applied(result: Any) -> bool:
    """
    Return whether a driver's result says that a conditional batch was applied.

    That is its first column, as Cassandra documents it, and no other column holds a bool. Asking
    the driver for a column by its name takes twice as long.
    """
    return result.first().as_tuple()[0] is True


def answer_of(page: Page) -> Answer:
    """Return the answer that a page holds; its first row has the verdict, also on ScyllaDB."""
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    return Answer(bool(rows[0][_APPLIED]), rows)
