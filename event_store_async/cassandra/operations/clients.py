"""Clients: the processes with this library that are connected to a cluster."""

from collections.abc import Iterable

from ...values import value


@value
class ConnectedProcess:
    """
    A process with this library that is connected to the cluster.

    Attributes:
        address: Where it connects from, as the nodes see it.
        client: Its driver's own id: it tells two processes of one address apart.
        connections: How many connections it has to the nodes that answered.
    """

    address: str
    client: str
    connections: int


def processes_of(connections: Iterable[tuple[str, int, str]]) -> tuple[ConnectedProcess, ...]:
    """Return the processes of some connections, each an address, a port and a client's id."""
    counts: dict[tuple[str, str], int] = {}
    for address, _, client in connections:
        counts[address, client] = counts.get((address, client), 0) + 1
    return tuple([ConnectedProcess(*process, count) for process, count in sorted(counts.items())])
