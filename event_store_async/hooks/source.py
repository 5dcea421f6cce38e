"""The source of a record: the store that it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """
    The store that a record comes from.

    Attributes:
        system: ``"cassandra"`` or ``"memory"``.
        keyspace: The keyspace of the table; "" in memory.
        table: The name of the table; "" in memory.
    """

    system: str
    keyspace: str = ""
    table: str = ""
