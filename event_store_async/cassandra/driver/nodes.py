"""The nodes of a cluster, as it describes itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ...cql_files import load_statement
from .port import Row

_QUESTIONS: Final = 6


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """
    A node of the cluster.

    Attributes:
        address: Where clients reach it.
        datacenter: Its datacenter.
        release: The server's release, for example ``5.0.8``.
        schema_version: The version of all schemas that it knows.
    """

    address: str
    datacenter: str
    release: str
    schema_version: str


async def cluster_nodes(ask: Callable[[str], Awaitable[Sequence[Row]]]) -> tuple[ClusterNode, ...]:
    """
    Return the cluster's nodes.

    A node does not list itself among its peers, and the driver sends each question to the next
    node. So the peers are asked for until every node has been listed, by itself or by another.

    Args:
        ask: Runs a statement without parameters and returns its rows.

    Raises what *ask* raises.
    """
    nodes: dict[str, ClusterNode] = {}

    async def listed(path: str) -> int:
        found = [ClusterNode(*row) for row in await ask(load_statement(path).text)]
        found = [node for node in found if node.datacenter]  # one that is joining has none yet
        nodes.update({node.address: node for node in found})
        return len(found)

    await listed("statements/describe_local")
    for _ in range(_QUESTIONS):
        # Nodes that share an address are never all listed, hence the limit.
        if len(nodes) > await listed("statements/describe_peers"):
            break
    return tuple(nodes.values())
